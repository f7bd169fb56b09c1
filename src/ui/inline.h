// SPDX-License-Identifier: MIT
/*
 * inline: what stands within a line of Markdown: emphasis, code, links, escapes (CommonMark 0.31,
 * chapter 6, and GFM's strikethrough, in what models write). A line may come in pieces: what later
 * pieces can still change is told apart.
 *
 * A construct of more than SPAN_MAX_BYTES is none, so that what is open is bounded.
 */
#ifndef UI_INLINE_H
#define UI_INLINE_H

#include "ui/styled.h"

enum { SPAN_MAX_BYTES = 600 };

/* What is the same however the line goes on. */
struct inline_certain {
	size_t source, shown; /* bytes of the source, and of what was put */
};

/*
 * Appends what is shown of source, in style and what the source adds to it. before is the byte in
 * front of it, ' ' at a line's beginning; is_whole: the line ends behind it.
 */
struct inline_certain inline_put(
	struct styled *out, struct str source, char before, bool is_whole, uint8_t style);

#endif
