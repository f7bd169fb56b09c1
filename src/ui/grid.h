// SPDX-License-Identifier: MIT
/*
 * grid: rows of cells below titles, fitted to a width. Where it is too small, columns go, the
 * dispensable ones first, and then text is cut. A number is never cut: where there is no room for
 * all of it, its cell is filled with #.
 */
#ifndef UI_GRID_H
#define UI_GRID_H

#include "ui/styled.h"

enum { GRID_COLUMNS_MAX = 16 };

struct grid_column {
	const char *title;
	bool is_number; /* stands to the right and is whole */
	unsigned char rank; /* the highest goes first; 0 stays */
	bool is_whole; /* not cut before there is nothing else to do */
	bool keeps_end; /* where it is cut, its beginning goes: of paths */
};

struct grid_cell {
	size_t from, end; /* of the text */
	size_t cells;
	uint8_t style;
	bool is_line; /* the row has this text alone */
};

/* {.columns, .column_count} is a valid start. */
struct grid {
	const struct grid_column *columns;
	size_t column_count; /* GRID_COLUMNS_MAX at most */
	struct buf text;
	VEC(struct grid_cell) cells; /* row by row */
	VEC(size_t) rules; /* stand before the row of that number */
};

void grid_release(struct grid *g);
/* The next cell; text from outside may be anything. */
void grid_put(struct grid *g, struct str text, uint8_t style);
/* The same for text that is ours: nothing of it is left out. */
void grid_put_own(struct grid *g, struct str text, uint8_t style);
void grid_put_count(struct grid *g, int64_t count, uint8_t style);
/* A row of one text, which may be wider than its columns; it is from outside. */
void grid_put_line(struct grid *g, struct str text, uint8_t style);
void grid_rule(struct grid *g); /* below the rows so far */
struct grid_look {
	size_t width; /* terminal cells; 0: as wide as it gets */
	unsigned char rank_max; /* columns above go whatever the width is; 0: none */
	bool has_style; /* SGR sequences are understood */
	bool has_colour;
	bool is_ascii; /* rules are */
};
void grid_write(const struct grid *g, const struct grid_look *look, struct buf *out);

#endif
