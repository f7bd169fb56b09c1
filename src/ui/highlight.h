// SPDX-License-Identifier: MIT
/*
 * highlight: light colours for code: comments, strings, numbers and keywords, by one table of
 * families of languages. Works from left to right on lines that may come in pieces, and holds back
 * no more than a word; every byte comes out as it went in.
 */
#ifndef UI_HIGHLIGHT_H
#define UI_HIGHLIGHT_H

#include "ui/styled.h"

struct family;

/* {0} is a valid start: no language. */
struct highlight {
	const struct family *family;
	struct buf held; /* a word or a mark that may go on */
	const char *until; /* what ends the string or the comment that is open; NULL: none is */
	uint8_t style; /* of that */
	bool is_line_only; /* it ends with the line at the latest */
	bool is_mid_word; /* of a long word the beginning is out */
	bool is_line_begun;
	char before; /* the last byte that is out in this line */
};

void highlight_release(struct highlight *h);
/* By the first word behind a fence: a language's name or a file's ending; others have no colours.
 */
void highlight_begin(struct highlight *h, struct str language);
/* A piece of a line, without its end. */
void highlight_put(struct highlight *h, struct str text, const struct pen *pen);
void highlight_end_line(struct highlight *h, const struct pen *pen);

#endif
