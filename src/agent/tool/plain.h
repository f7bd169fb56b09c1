// SPDX-License-Identifier: MIT
/* plain: bytes from files and programs, made fit to stand between a tool's own lines. */
#ifndef AGENT_TOOL_PLAIN_H
#define AGENT_TOOL_PLAIN_H

#include "base/buf.h"

/*
 * Appends one line: invalid UTF-8 and control characters (C0) other than tab become U+FFFD, all
 * else stays as it is.
 */
void plain_put_line(struct buf *b, struct str line);
/* The same for a path or another field between tabs: tabs are replaced, too. */
void plain_put_field(struct buf *b, struct str field);
/* Several lines: newlines stay, a CR before one is dropped. */
void plain_put_text(struct buf *b, struct str text);
/*
 * What a program has written for a terminal: without escape sequences (ECMA-48), of a line that was
 * written over (CR) only what was left, a character that was taken back (BS) left out. Each line
 * then as by plain_put_line.
 */
void plain_put_screen(struct buf *b, struct str bytes);
/* How often '\n' comes in bytes. */
size_t plain_newlines(struct str bytes);

/* Git's rule: a NUL in the first 8,000 bytes makes a file binary; here 8 KiB. */
enum { PLAIN_BINARY_BYTES = 8 << 10 };
bool plain_is_binary(struct str head);

#endif
