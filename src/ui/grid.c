// SPDX-License-Identifier: MIT
#include "ui/grid.h"

#include <limits.h>
#include <string.h>

#include "base/utf8.h"
#include "ui/view.h"

enum {
	GAP_CELLS = 2,
	TEXT_FAIR_CELLS = 12,
	TEXT_HALF_MAX_CELLS = 24,
	TEXT_MIN_CELLS = 6,
	TEXT_MAX_CELLS = 400
};
enum { DOTS_CELLS = 3 };

void grid_release(struct grid *g)
{
	buf_release(&g->text);
	vec_release(&g->cells);
	vec_release(&g->rules);
}

static void end_cell(struct grid *g, size_t from, uint8_t style)
{
	struct str text = str_skip(buf_str(&g->text), from);

	vec_push(&g->cells, (struct grid_cell){from, g->text.n, view_cells(text), style});
}

void grid_put(struct grid *g, struct str text, uint8_t style)
{
	size_t from = g->text.n;

	utf8_put_line(&g->text, text, TEXT_MAX_CELLS);
	end_cell(g, from, style);
}

void grid_put_own(struct grid *g, struct str text, uint8_t style)
{
	size_t from = g->text.n;

	buf_put_str(&g->text, text);
	end_cell(g, from, style);
}

void grid_put_count(struct grid *g, int64_t count, uint8_t style)
{
	size_t from = g->text.n;

	buf_put_count(&g->text, count);
	end_cell(g, from, style);
}

void grid_put_line(struct grid *g, struct str text, uint8_t style)
{
	size_t first = g->cells.n;

	grid_put(g, text, style);
	for (size_t i = 1; i < g->column_count; i++)
		grid_put_own(g, STR(""), 0);
	g->cells.p[first].is_line = true;
}

void grid_rule(struct grid *g)
{
	vec_push(&g->rules, g->cells.n / g->column_count);
}

/* ---- widths ---- */

struct layout {
	size_t width[GRID_COLUMNS_MAX]; /* 0: it is not shown */
	size_t whole; /* the gaps, too */
};

static void measure(struct layout *l, size_t columns)
{
	size_t shown = 0;

	l->whole = 0;
	for (size_t i = 0; i < columns; i++) {
		l->whole += l->width[i];
		shown += l->width[i] > 0;
	}
	l->whole += shown > 1 ? (shown - 1) * GAP_CELLS : 0;
}

/* How narrow columns may become: before one goes for it; where none can go; below what is fair. */
enum stage { FAIR, TIGHT, TEXT_TO_NOTHING, ALL_TO_NOTHING, STAGES };

static size_t least(const struct grid_column *column, size_t natural, enum stage stage)
{
	size_t most = stage == FAIR ? TEXT_FAIR_CELLS : TEXT_MIN_CELLS, half = natural / 2;

	if (natural == 0 || stage == ALL_TO_NOTHING)
		return natural > 0;
	if (column->is_number || (column->is_whole && stage == FAIR))
		return natural;
	if (stage == TEXT_TO_NOTHING)
		return 1;
	if (stage == FAIR && half > most)
		return half < TEXT_HALF_MAX_CELLS ? half : TEXT_HALF_MAX_CELLS;
	return natural < most ? natural : most;
}

static void cut(const struct grid *g, const struct layout *natural, struct layout *l, size_t width,
	enum stage stage)
{
	while (l->whole > width) {
		size_t widest = SIZE_MAX;
		for (size_t i = 0; i < g->column_count; i++)
			if (l->width[i] > least(&g->columns[i], natural->width[i], stage) &&
				(widest == SIZE_MAX || l->width[i] > l->width[widest]))
				widest = i;
		if (widest == SIZE_MAX)
			return;
		l->width[widest]--;
		l->whole--;
	}
}

/* The last of those with the highest rank; SIZE_MAX: all that are left have to stay. */
static size_t most_dispensable(const struct grid *g, const struct layout *l)
{
	size_t found = SIZE_MAX;

	for (size_t i = 0; i < g->column_count; i++)
		if (l->width[i] && g->columns[i].rank &&
			(found == SIZE_MAX || g->columns[i].rank >= g->columns[found].rank))
			found = i;
	return found;
}

static struct layout natural_layout(const struct grid *g, const struct grid_look *look)
{
	struct layout l = {0};

	for (size_t i = 0; i < g->column_count; i++)
		l.width[i] = view_cells(str_from(g->columns[i].title));
	for (size_t i = 0; i < g->cells.n; i++) {
		size_t *width = &l.width[i % g->column_count];
		if (g->cells.p[i].is_line)
			continue;
		*width = g->cells.p[i].cells > *width ? g->cells.p[i].cells : *width;
	}
	for (size_t i = 0; i < g->column_count; i++)
		if (look->rank_max && g->columns[i].rank > look->rank_max)
			l.width[i] = 0;
	measure(&l, g->column_count);
	return l;
}

static struct layout fair_layout(const struct grid *g, const struct layout *natural, size_t width)
{
	struct layout l = *natural;

	cut(g, natural, &l, width, FAIR);
	return l;
}

/* Of those that went the ones that matter most, where what went last has made room for them: what
   says which row it is does not become narrower for that, and nothing comes back where two
   that matter more cannot. */
static void bring_back(
	const struct grid *g, const struct layout *all, struct layout *natural, size_t width)
{
	size_t first = fair_layout(g, natural, width).width[0];
	int missed = 0;

	for (unsigned rank = 1; rank <= UCHAR_MAX; rank++)
		for (size_t i = 0; i < g->column_count; i++) {
			struct layout more = *natural, l;
			if (g->columns[i].rank != rank || natural->width[i] || missed > 1)
				continue;
			more.width[i] = all->width[i];
			measure(&more, g->column_count);
			l = fair_layout(g, &more, width);
			if (l.whole <= width && l.width[0] >= first)
				*natural = more;
			else
				missed++;
		}
}

static struct layout lay_out(const struct grid *g, const struct grid_look *look)
{
	struct layout all = natural_layout(g, look), natural = all;

	if (!look->width)
		return all;
	while (fair_layout(g, &natural, look->width).whole > look->width) {
		size_t gone = most_dispensable(g, &natural);
		if (gone == SIZE_MAX)
			break;
		natural.width[gone] = 0;
		measure(&natural, g->column_count);
	}
	bring_back(g, &all, &natural, look->width);
	struct layout l = natural;
	for (int stage = FAIR; stage < STAGES; stage++)
		cut(g, &natural, &l, look->width, (enum stage)stage);
	return l;
}

/* ---- writing ---- */

struct writing {
	const struct grid *g;
	const struct layout *layout;
	const struct grid_look *look;
	struct pen pen;
	struct buf line;
};

static void put_styled(struct writing *w, struct str text, uint8_t style)
{
	if (w->look->has_style && style)
		pen_write(&w->pen, text, style);
	else
		buf_put_str(w->pen.out, text);
}

static void put_end(struct writing *w, struct str text, size_t width)
{
	size_t cells = view_cells(text), length;

	while (text.n && cells + DOTS_CELLS > width) {
		cells -= (size_t)utf8_cells(utf8_get(text, &length));
		text = str_skip(text, length);
	}
	/* What belongs to a character that is gone. */
	while (text.n && utf8_cells(utf8_get(text, &length)) == 0)
		text = str_skip(text, length);
	buf_put_text(&w->line, "...");
	buf_put_str(&w->line, text);
}

/* Without a few of its digits a number would be another one. */
static void put_cut(struct writing *w, const struct grid_column *column, struct str text,
	size_t width, bool is_number)
{
	if (!is_number && column->keeps_end && width > DOTS_CELLS)
		put_end(w, text, width);
	else if (!is_number)
		utf8_put_line(&w->line, text, width);
	for (size_t i = 0; i < width && is_number; i++)
		buf_put_char(&w->line, '#');
}

static void put_cell(struct writing *w, size_t column, struct str text, size_t cells, uint8_t style,
	bool is_title)
{
	size_t width = w->layout->width[column];
	bool is_number = w->g->columns[column].is_number, is_last = true;

	for (size_t i = column + 1; i < w->g->column_count; i++)
		is_last &= w->layout->width[i] == 0;
	size_t space = cells < width ? width - cells : 0;
	buf_clear(&w->line);
	if (cells > width)
		put_cut(w, &w->g->columns[column], text, width, is_number && !is_title);
	else
		buf_put_str(&w->line, text);
	if (cells > width)
		space = width - view_cells(buf_str(&w->line));
	if (is_number)
		buf_put_spaces(w->pen.out, space);
	put_styled(w, buf_str(&w->line), style);
	if (!is_last)
		buf_put_spaces(w->pen.out, (is_number ? 0 : space) + GAP_CELLS);
}

static void end_line(struct buf *out)
{
	while (out->n && out->p[out->n - 1] == ' ')
		buf_cut(out, out->n - 1);
	buf_put_char(out, '\n');
}

static void write_titles(struct writing *w)
{
	for (size_t i = 0; i < w->g->column_count; i++) {
		struct str title = str_from(w->g->columns[i].title);
		if (w->layout->width[i])
			put_cell(w, i, title, view_cells(title), STYLE_BOLD, true);
	}
	end_line(w->pen.out);
}

static void write_rule(struct writing *w)
{
	buf_clear(&w->line);
	for (size_t i = 0; i < w->layout->whole; i++)
		buf_put_text(&w->line, w->look->is_ascii ? "-" : "─");
	put_styled(w, buf_str(&w->line), STYLE_DIM);
	buf_put_char(w->pen.out, '\n');
}

static void write_row(struct writing *w, const struct grid_cell *cells)
{
	const char *text = buf_text(&w->g->text);

	if (cells->is_line) {
		buf_clear(&w->line);
		utf8_put_line(&w->line, str_range(text + cells->from, text + cells->end),
			w->look->width ? w->look->width : SIZE_MAX);
		put_styled(w, buf_str(&w->line), cells->style);
	}
	for (size_t i = 0; i < w->g->column_count; i++) {
		const struct grid_cell *c = &cells[i];
		if (w->layout->width[i] && !cells->is_line)
			put_cell(w, i, str_range(text + c->from, text + c->end), c->cells, c->style,
				false);
	}
	end_line(w->pen.out);
}

void grid_write(const struct grid *g, const struct grid_look *look, struct buf *out)
{
	struct layout layout = lay_out(g, look);
	struct writing w = {.g = g,
		.layout = &layout,
		.look = look,
		.pen = {.out = out, .has_colour = look->has_colour}};
	size_t rule = 0;

	write_titles(&w);
	write_rule(&w);
	for (size_t row = 0; row * g->column_count < g->cells.n; row++) {
		if (rule < g->rules.n && g->rules.p[rule] == row) {
			write_rule(&w);
			rule++;
		}
		write_row(&w, &g->cells.p[row * g->column_count]);
	}
	buf_release(&w.line);
}
