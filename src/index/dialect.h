// SPDX-License-Identifier: MIT
/*
 * dialect: what a pattern means beyond ASCII. PCRE2's \w, \b and POSIX classes differ from those of
 * UTS #18 annex C (which ripgrep follows): there a word character is Alphabetic, a mark, a decimal
 * number, a connector or a join control, and [:alpha:] and its kin stay in ASCII.
 */
#ifndef INDEX_DIALECT_H
#define INDEX_DIALECT_H

#include "base/buf.h"
#include "base/str.h"

/* Appends the pattern with these parts spelled out. */
void dialect_put(struct buf *out, struct str pattern);
/* Appends a pattern that matches the text and nothing else. */
void dialect_quote(struct buf *out, struct str text);

#endif
