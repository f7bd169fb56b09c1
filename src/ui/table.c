// SPDX-License-Identifier: MIT
#include "ui/table.h"

#include <stdlib.h>
#include <string.h>

#include "ui/inline.h"

enum {
	COLUMNS_MAX = 64,
	HELD_MAX_BYTES = 64 << 10,
	HELD_MAX_CELLS = 4096,
	NARROWEST = 3,
	BAR_CELLS = 3
};

struct cell {
	size_t from, end; /* in the table's text */
};

struct table {
	struct styled prefix;
	struct styled text; /* of all cells that are held */
	VEC(struct cell) cells; /* a row after the other, the head first */
	size_t columns;
	char align[COLUMNS_MAX]; /* l, c, r */
	size_t width[COLUMNS_MAX];
	bool has_widths; /* the head is written */
};

/* ---- reading ---- */

/* The next cell of a row; false at its end. The row is behind its first bar. */
static bool next_cell(struct str *rest, bool is_last, struct buf *cell)
{
	size_t i = 0;

	if (!rest->p)
		return false;
	for (; i < rest->n && (is_last || rest->p[i] != '|'); i++) {
		bool is_escaped = rest->p[i] == '\\' && i + 1 < rest->n && rest->p[i + 1] == '|';
		i += is_escaped;
		buf_put_char(cell, rest->p[i]);
	}
	*rest = i < rest->n ? str_skip(*rest, i + 1) : (struct str){0};
	return true;
}

/* Without the bars at both ends. */
static struct str inside(struct str line)
{
	line = str_trim(line);
	if (str_ends(line, STR("|")) && !str_ends(line, STR("\\|")) && line.n > 1)
		line.n--;
	return str_skip(line, 1);
}

bool table_is_rule(struct str line)
{
	bool has_dash = false;

	for (size_t i = 0; i < line.n; i++) {
		if (!strchr("|-: \t", line.p[i]) || !line.p[i])
			return false;
		has_dash |= line.p[i] == '-';
	}
	return has_dash;
}

static void read_alignment(struct table *t, struct str rule)
{
	struct str rest = inside(rule);
	AUTO(buf) cell = {0};

	for (size_t i = 0; i < t->columns && next_cell(&rest, false, &cell); i++) {
		struct str dashes = str_trim(buf_str(&cell));
		bool is_left = str_starts(dashes, STR(":")), is_right = str_ends(dashes, STR(":"));
		t->align[i] = is_right ? is_left ? 'c' : 'r' : 'l';
		buf_clear(&cell);
	}
}

static void add_cell(struct table *t, struct str source, uint8_t style)
{
	struct cell cell = {.from = t->text.text.n};

	(void)inline_put(&t->text, str_trim(source), ' ', true, style);
	cell.end = t->text.text.n;
	vec_push(&t->cells, cell);
}

/* What is too much stays in the last cell. */
static void add_row(struct table *t, struct str line, uint8_t style)
{
	struct str rest = inside(line);
	AUTO(buf) cell = {0};

	for (size_t i = 0; i < t->columns; i++) {
		buf_clear(&cell);
		(void)next_cell(&rest, i + 1 == t->columns, &cell);
		add_cell(t, buf_str(&cell), style);
	}
}

struct table *table_new(struct str head, struct str rule, const struct styled *prefix)
{
	struct table *t = must_alloc(1, sizeof *t);
	struct str rest = inside(head);
	AUTO(buf) cell = {0};

	styled_copy(&t->prefix, prefix, 0, prefix->text.n);
	while (t->columns < COLUMNS_MAX && next_cell(&rest, false, &cell))
		t->columns++;
	t->columns += !t->columns;
	memset(t->align, 'l', sizeof t->align);
	read_alignment(t, rule);
	add_row(t, head, STYLE_BOLD);
	return t;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	styled_release(&t->prefix);
	styled_release(&t->text);
	vec_release(&t->cells);
	free(t);
}

/* ---- widths ---- */

static size_t sum_below(const struct table *t, size_t limit)
{
	size_t sum = 0;

	for (size_t i = 0; i < t->columns; i++)
		sum += t->width[i] < limit ? t->width[i] : limit;
	return sum;
}

/* As wide as what is in them; where that is too much, the widest give way, down to NARROWEST. */
static void choose_widths(struct table *t, size_t columns)
{
	size_t used = styled_cells(&t->prefix, 0, t->prefix.text.n) + (t->columns - 1) * BAR_CELLS;
	size_t room = columns > used + 1 ? columns - used - 1 : 0, limit = NARROWEST;

	for (size_t i = 0; i < t->cells.n; i++) {
		size_t cells = styled_cells(&t->text, t->cells.p[i].from, t->cells.p[i].end);
		size_t *width = &t->width[i % t->columns];
		*width = cells > *width ? cells : *width;
	}
	while (limit < room && sum_below(t, limit + 1) <= room)
		limit++;
	/* What a whole step would not leave for all is for the first of them. */
	size_t left = room > sum_below(t, limit) ? room - sum_below(t, limit) : 0;
	for (size_t i = 0; i < t->columns; i++) {
		bool is_cut = t->width[i] > limit;
		t->width[i] = is_cut ? limit + (left > 0) : t->width[i] + !t->width[i];
		left -= is_cut && left > 0;
	}
	t->has_widths = true;
}

/* ---- writing ---- */

struct cell_rows {
	struct styled text;
	struct rows rows;
};

/* The part of a cell on one line of its row, filled to the column's width. */
static void put_part(struct table *t, const struct cell_rows *cell, size_t line, size_t column,
	struct styled *out)
{
	bool is_last = column + 1 == t->columns;
	struct row part = line < cell->rows.list.n ? cell->rows.list.p[line] : (struct row){0};
	size_t cells = styled_cells(&cell->text, part.from, part.end);
	size_t space = cells < t->width[column] ? t->width[column] - cells : 0;
	size_t front = t->align[column] == 'r' ? space : t->align[column] == 'c' ? space / 2 : 0;

	styled_put_spaces(out, part.end > part.from ? front : 0, 0);
	styled_copy(out, &cell->text, part.from, part.end);
	if (!is_last)
		styled_put_spaces(out, part.end > part.from ? space - front : space, 0);
	if (!is_last)
		styled_put(out, STR(" │ "), STYLE_DIM);
}

static void write_row(struct table *t, const struct cell *cells, const struct pen *pen)
{
	struct cell_rows rows[COLUMNS_MAX] = {0};
	struct styled line = {0};
	size_t height = 1;

	for (size_t i = 0; i < t->columns; i++) {
		styled_copy(&rows[i].text, &t->text, cells[i].from, cells[i].end);
		styled_rows(&rows[i].text, 0, t->width[i], t->width[i], &rows[i].rows);
		height = rows[i].rows.list.n > height ? rows[i].rows.list.n : height;
	}
	for (size_t k = 0; k < height; k++) {
		styled_copy(&line, &t->prefix, 0, t->prefix.text.n);
		for (size_t i = 0; i < t->columns; i++)
			put_part(t, &rows[i], k, i, &line);
		styled_put(&line, STR("\n"), 0);
	}
	styled_write(&line, 0, line.text.n, pen);
	styled_release(&line);
	for (size_t i = 0; i < t->columns; i++) {
		styled_release(&rows[i].text);
		rows_release(&rows[i].rows);
	}
}

static void write_rule(struct table *t, const struct pen *pen)
{
	struct styled line = {0};

	styled_copy(&line, &t->prefix, 0, t->prefix.text.n);
	for (size_t i = 0; i < t->columns; i++) {
		for (size_t k = 0; k < t->width[i]; k++)
			styled_put(&line, STR("─"), STYLE_DIM);
		if (i + 1 < t->columns)
			styled_put(&line, STR("─┼─"), STYLE_DIM);
	}
	styled_put(&line, STR("\n"), 0);
	styled_write(&line, 0, line.text.n, pen);
	styled_release(&line);
}

/* All that is held. */
static void write_held(struct table *t, size_t columns, const struct pen *pen)
{
	bool has_head = !t->has_widths;

	if (has_head)
		choose_widths(t, columns);
	for (size_t i = 0; i < t->cells.n; i += t->columns) {
		write_row(t, &t->cells.p[i], pen);
		if (i == 0 && has_head)
			write_rule(t, pen);
	}
	t->cells.n = 0;
	styled_clear(&t->text);
}

void table_add(struct table *t, struct str line, size_t columns, const struct pen *pen)
{
	add_row(t, line, 0);
	if (t->has_widths || t->text.text.n > HELD_MAX_BYTES || t->cells.n > HELD_MAX_CELLS)
		write_held(t, columns, pen);
}

void table_end(struct table *t, size_t columns, const struct pen *pen)
{
	write_held(t, columns, pen);
}
