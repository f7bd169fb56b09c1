// SPDX-License-Identifier: MIT
/*
 * screen: a terminal of endless rows that obeys what the program writes: lines, SGR, cursor up and
 * right, erasing. Anything else, and going up beyond the rows that are still to be seen, is a
 * mistake.
 */
#ifndef TEST_SCREEN_H
#define TEST_SCREEN_H

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/utf8.h"
#include "base/vec.h"

struct screen_cell {
	uint32_t character; /* 0: the second half of a wide one */
	uint32_t mark; /* a combining one on it */
	char style[16];
};

struct screen_row {
	VEC(struct screen_cell) cells;
};

struct screen {
	size_t columns, height;
	VEC(struct screen_row) rows;
	size_t row, column;
	char style[16];
	bool is_synchronized;
	size_t redraws, wraps;
	const char *mistake;
};

static inline void screen_release(struct screen *s)
{
	vec_each (&s->rows, r)
		vec_release(&r->cells);
	vec_release(&s->rows);
}

static inline struct screen_row *screen_row(struct screen *s)
{
	while (s->rows.n <= s->row)
		vec_push(&s->rows, (struct screen_row){0});
	return &s->rows.p[s->row];
}

static inline void screen_put(struct screen *s, uint32_t c)
{
	size_t cells = (size_t)utf8_cells(c);
	struct screen_row *r = screen_row(s);

	if (cells == 0 && s->column) {
		r->cells.p[s->column - 1].mark = c;
		return;
	}
	if (s->column + cells > s->columns) {
		s->wraps++;
		s->row++;
		s->column = 0;
		r = screen_row(s);
	}
	for (size_t i = 0; i < cells; i++, s->column++) {
		struct screen_cell cell = {.character = i ? 0 : c};
		memcpy(cell.style, s->style, sizeof cell.style);
		while (r->cells.n <= s->column)
			vec_push(&r->cells, (struct screen_cell){.character = ' '});
		r->cells.p[s->column] = cell;
	}
}

static inline void screen_cut(struct screen *s, bool also_below)
{
	struct screen_row *r = screen_row(s);

	r->cells.n = r->cells.n < s->column ? r->cells.n : s->column;
	for (size_t i = s->row + 1; also_below && i < s->rows.n; i++)
		s->rows.p[i].cells.n = 0;
}

static inline void screen_go_up(struct screen *s, size_t count)
{
	if (count == 0 || count > s->row || count >= s->height)
		s->mistake = "the cursor goes up too far";
	else
		s->row -= count;
}

/* words: between "\x1b[" and the letter. */
static inline void screen_obey(struct screen *s, struct str words, char letter)
{
	int64_t number = 1;

	if (letter == 'm') {
		size_t n = words.n < sizeof s->style ? words.n : sizeof s->style - 1;
		memset(s->style, 0, sizeof s->style);
		if (!str_is(words, "0"))
			memcpy(s->style, words.p, n);
	} else if (letter == 'A' && (!words.n || str_int(words, &number))) {
		screen_go_up(s, (size_t)number);
	} else if (letter == 'C' && str_int(words, &number) && number > 0) {
		s->column += (size_t)number;
		if (s->column >= s->columns)
			s->mistake = "the cursor goes too far to the right";
	} else if ((letter == 'K' || letter == 'J') && !words.n) {
		screen_cut(s, letter == 'J');
	} else if (str_is(words, "?2026") && (letter == 'h') != s->is_synchronized) {
		s->is_synchronized = letter == 'h';
		s->redraws += s->is_synchronized;
	} else {
		s->mistake = "a sequence that nobody knows";
	}
}

static inline size_t screen_sequence(struct screen *s, struct str rest)
{
	size_t i = 2;

	while (i < rest.n && (rest.p[i] < '@' || rest.p[i] > '~'))
		i++;
	if (i >= rest.n || rest.p[1] != '[') {
		s->mistake = "half a sequence";
		return rest.n;
	}
	screen_obey(s, str_range(rest.p + 2, rest.p + i), rest.p[i]);
	return i + 1;
}

static inline void screen_write(struct screen *s, struct str bytes)
{
	size_t n;

	for (; bytes.n; bytes = str_skip(bytes, n)) {
		uint32_t c = utf8_get(bytes, &n);
		if (c == '\x1b') {
			n = screen_sequence(s, bytes);
		} else if (c == '\n') {
			if (*s->style)
				s->mistake = "a style goes on behind the line";
			screen_row(s);
			s->row++;
			s->column = 0;
			screen_row(s);
		} else if (c == '\r') {
			s->column = 0;
		} else if (c < ' ' && c != '\t') {
			s->mistake = "a control character";
		} else {
			screen_put(s, c == '\t' ? ' ' : c);
		}
	}
}

/* All rows to the cursor as text, without spaces at their ends; with styles as "{1;31}". */
static inline void screen_text(const struct screen *s, bool has_styles, struct buf *out)
{
	for (size_t i = 0; i < s->rows.n && i <= s->row; i++) {
		const char *style = "";
		for (size_t k = 0; k < s->rows.p[i].cells.n; k++) {
			const struct screen_cell *c = &s->rows.p[i].cells.p[k];
			if (has_styles && strcmp(style, c->style) != 0)
				buf_printf(out, "{%s}", *c->style ? c->style + 2 : "");
			style = c->style;
			if (c->character)
				utf8_put(out, c->character);
			if (c->mark)
				utf8_put(out, c->mark);
		}
		if (has_styles && *style)
			buf_put_text(out, "{}");
		while (out->n && out->p[out->n - 1] == ' ')
			buf_cut(out, out->n - 1);
		if (i < s->row)
			buf_put_char(out, '\n');
	}
}

#endif
