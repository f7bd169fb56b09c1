// SPDX-License-Identifier: MIT
/* utf8: checking, repairing and showing text that came from outside. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* Length of the valid UTF-8 prefix (RFC 3629: no overlong forms, no surrogates). */
size_t utf8_valid_prefix(struct str s);
bool utf8_is_valid(struct str s);
/* Appends s with every maximal invalid part replaced by one U+FFFD. */
void utf8_put_repaired(struct buf *b, struct str s);
/* The longest prefix of at most n bytes that does not end inside a character. */
struct str utf8_head(struct str s, size_t n);
/* Without the byte order mark that some editors put at the start of a file. */
struct str utf8_without_mark(struct str s);
void utf8_put(struct buf *b, uint32_t code_point); /* U+FFFD for what is no scalar value */
size_t utf8_encode(uint32_t code_point, char out[4]); /* the same into out; the length */
/* First character and its length; U+FFFD and 1 for an invalid byte. s is not empty. */
uint32_t utf8_get(struct str s, size_t *length);
/*
 * Appends s for people's eyes on one line: control characters, ANSI escapes, bidirectional
 * controls, zero-width and tag characters become visible or vanish; tabs and newlines become one
 * space; at most columns terminal cells, "..." at the cut. Wide characters count two.
 */
void utf8_put_line(struct buf *b, struct str s, size_t columns);
/* Appends s keeping newlines and tabs, but with everything dropped that could steer a terminal. */
void utf8_put_shown(struct buf *b, struct str s);
/* The same, but what utf8_put_shown would drop stands there in words, as \x1b or \u{202e}. */
void utf8_put_exactly(struct buf *b, struct str s);
/* Longer terminal sequences are none: what is behind their first two bytes is text. */
enum { ESCAPE_MAX_BYTES = 4 << 10 };

/* Length of the terminal sequence that s begins with (ESC). *is_open: more of it may follow. */
size_t utf8_escape(struct str s, bool *is_open);
/* Whether it steers a terminal, or hides or turns around text: neither tab nor newline are such. */
bool utf8_is_hidden(uint32_t code_point);
int utf8_cells(uint32_t code_point); /* 0, 1 or 2 terminal cells */
/* Only characters from space to tilde: each is one cell. */
bool utf8_is_plain(struct str s);

#endif
