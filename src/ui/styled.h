// SPDX-License-Identifier: MIT
/*
 * styled: text with a style for each of its bytes, broken into rows of a terminal by cells, and
 * written with SGR sequences. Text is valid UTF-8 without control characters but line feeds.
 */
#ifndef UI_STYLED_H
#define UI_STYLED_H

#include <stdint.h>

#include "base/buf.h"
#include "base/vec.h"

/* A style is a sum of these and one colour. */
enum {
	STYLE_BOLD = 1,
	STYLE_ITALIC = 2,
	STYLE_UNDERLINE = 4,
	STYLE_STRIKE = 8,
	STYLE_DIM = 16,
	STYLE_COLOUR = 32, /* a step between colours */
};

/* Those of code and of headings; two may be put together by |, which gives one of them or more. */
enum {
	COLOUR_BLUE = 1 * STYLE_COLOUR,
	COLOUR_CYAN = 3 * STYLE_COLOUR,
	COLOUR_GREEN = 2 * STYLE_COLOUR,
	COLOUR_MAGENTA = 4 * STYLE_COLOUR,
	COLOUR_RED = 5 * STYLE_COLOUR,
	COLOUR_YELLOW = 6 * STYLE_COLOUR,
	COLOUR_MASK = 7 * STYLE_COLOUR,
};

/* {0} is a valid start. */
struct styled {
	struct buf text;
	struct buf style; /* as many bytes */
};

void styled_release(struct styled *s);
void styled_clear(struct styled *s);
void styled_put(struct styled *s, struct str text, uint8_t style);
void styled_put_spaces(struct styled *s, size_t count, uint8_t style);
void styled_copy(struct styled *to, const struct styled *s, size_t from, size_t end);
void styled_cut(struct styled *s, size_t n);
void styled_drop_front(struct styled *s, size_t n);
size_t styled_cells(const struct styled *s, size_t from, size_t end);
/* How many bytes are the same at the beginning of both, in whole characters. */
size_t styled_common(const struct styled *a, const struct styled *b);

/* What a terminal takes. Without colours the attributes stay. */
struct pen {
	struct buf *out;
	bool has_colour;
	bool clears; /* what stood on the rows goes: for writing over them */
};

/* Ends without a style. */
void styled_write(const struct styled *s, size_t from, size_t end, const struct pen *pen);
void pen_write(const struct pen *pen, struct str text, uint8_t style);

struct row {
	size_t from, end; /* without the spaces around it */
};

struct rows {
	VEC(struct row) list;
	size_t final; /* so many of the first stay as they are whatever comes behind them */
};

void rows_release(struct rows *rows);
/*
 * Breaks at spaces and around wide characters, else where a row is full. The first certain bytes
 * are known to stay. There is always a last row, which may be empty.
 */
void styled_rows(const struct styled *s, size_t certain, size_t first_width, size_t rest_width,
	struct rows *out);

#endif
