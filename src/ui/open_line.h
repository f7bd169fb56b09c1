// SPDX-License-Identifier: MIT
/*
 * open_line: a line of text on a terminal while it grows. Rows that can still change are kept, and
 * written over when they do; never more of them than the screen has.
 */
#ifndef UI_OPEN_LINE_H
#define UI_OPEN_LINE_H

#include "ui/styled.h"

/* {0} is a valid start. */
struct open_line {
	struct styled first, rest; /* what stands in front of the first row, and of the others */
	uint8_t style; /* of all of it */
	struct styled flow; /* what is shown and not in rows that are final */
	size_t certain; /* so much of flow stays as it is */
	char before; /* the last byte of the source that is in flow for certain */
	bool is_begun; /* its first row is final */
	struct styled shown; /* rows on the screen that may change */
	struct styled next; /* what comes in their place */
	struct rows rows;
};

void open_line_release(struct open_line *o);
/* A new line; what stands in front of its rows is put by the caller then. */
void open_line_begin(struct open_line *o, uint8_t style);
/*
 * Takes from source what is certain, and shows all of it; is_whole: the line ends there. The
 * terminal has columns and rows.
 */
void open_line_show(struct open_line *o, struct buf *source, bool is_whole, size_t columns,
	size_t rows, const struct pen *pen);

#endif
