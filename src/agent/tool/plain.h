// SPDX-License-Identifier: MIT
/* plain: bytes from files and programs, made fit to stand between a tool's own lines. */
#ifndef AGENT_TOOL_PLAIN_H
#define AGENT_TOOL_PLAIN_H

#include "base/buf.h"

/*
 * Appends one line: invalid UTF-8 becomes U+FFFD, and so does what hides words from people, or
 * shows them in another order, while models read them: control characters (C0 other than tab, DEL,
 * C1), bidirectional controls (U+202A to U+202E, U+2066 to U+2069) and tags (U+E0000 to U+E007F).
 * All else stays as it is.
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
/* The next such character, taken off s with all before it; PLAIN_NONE: there is none. */
enum { PLAIN_NONE = 0x110000 };
uint32_t plain_find_hidden(struct str *s);
/* How often '\n' comes in bytes. */
size_t plain_newlines(struct str bytes);

/* Git's rule: a NUL in the first 8,000 bytes makes a file binary; here 8 KiB. */
enum { PLAIN_BINARY_BYTES = 8 << 10 };
bool plain_is_binary(struct str head);

#endif
