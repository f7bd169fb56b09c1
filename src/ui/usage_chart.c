// SPDX-License-Identifier: MIT
/* usage_chart: rows as bars, fitted to the width. */
#include <stdlib.h>

#include "base/utf8.h"
#include "ui/usage_inside.h"
#include "ui/view.h"
#include "usage/zone.h"

enum {
	WIDTH_DEFAULT = 100,
	WIDTH_MAX = 140,
	BAR_MIN_CELLS = 4,
	LABEL_WHOLE_CELLS = 12, /* dates, hours of blocks */
	GAP_CELLS = 2,
	LABEL_MAX_CELLS = 60,
	EMPTY_ROWS_MAX = 6, /* more periods without answers become one line */
};

struct bar {
	size_t label_at, label_end, value_at, value_end; /* in the chart's text */
	double part; /* of the largest */
	int64_t size;
	bool has_bar, is_open; /* it may be longer: not all of it is known */
	uint8_t style;
};

struct chart {
	const struct usage_look *look;
	const char *unit; /* "Cost", "Tokens", "Calls" */
	bool by_cost;
	struct buf text;
	VEC(struct bar) bars;
	size_t label_cells, value_cells;
};

bool usage_is_by_cost(const struct usage_look *look, const struct usage_sum *total)
{
	return !look->hides_cost && total->cost_nanousd[look->mode] > 0;
}

int64_t usage_size_of(const struct usage_look *look, const struct usage_sum *sum, bool by_cost)
{
	return by_cost ? sum->cost_nanousd[look->mode] : usage_tokens_total(&sum->tokens);
}

/* ---- bars ---- */

static void by_size(struct chart *c, const struct usage_sum *total)
{
	c->by_cost = usage_is_by_cost(c->look, total);
	c->unit = c->by_cost ? "Cost" : "Tokens";
}

/* The value is put behind the label by who adds the bar. */
static struct bar begin_bar(struct chart *c, struct str label, uint8_t style)
{
	struct bar bar = {.label_at = c->text.n, .style = style};

	utf8_put_line(&c->text, label, LABEL_MAX_CELLS);
	bar.label_end = bar.value_at = c->text.n;
	return bar;
}

static struct bar *end_bar(struct chart *c, struct bar bar)
{
	bar.value_end = c->text.n;
	vec_push(&c->bars, bar);
	return &c->bars.p[c->bars.n - 1];
}

static void add_label(struct chart *c, struct str label, uint8_t style)
{
	end_bar(c, begin_bar(c, label, style));
}

static struct bar *add_count(struct chart *c, struct str label, int64_t count, uint8_t style)
{
	struct bar bar = begin_bar(c, label, style);

	bar.has_bar = true;
	bar.size = count;
	buf_put_count(&c->text, count);
	return end_bar(c, bar);
}

static struct bar *add(
	struct chart *c, struct str label, const struct usage_sum *sum, uint8_t style)
{
	int64_t unpriced = sum->unpriced[c->look->mode], cost = sum->cost_nanousd[c->look->mode];

	if (!c->by_cost)
		return add_count(c, label, usage_tokens_total(&sum->tokens), style);
	struct bar bar = begin_bar(c, label, style);
	bar.has_bar = true;
	bar.size = cost;
	bar.is_open = unpriced > 0;
	usage_put_cost(c->look, &c->text, cost, unpriced);
	return end_bar(c, bar);
}

static struct str part_of(const struct chart *c, size_t from, size_t end)
{
	return str_range(c->text.p + from, c->text.p + end);
}

static void measure(struct chart *c, const char *title)
{
	int64_t most = 0;

	c->label_cells = view_cells(str_from(title));
	c->value_cells = view_cells(str_from(c->unit));

	vec_each (&c->bars, bar) {
		size_t label = view_cells(part_of(c, bar->label_at, bar->label_end));
		size_t value = view_cells(part_of(c, bar->value_at, bar->value_end));
		if (!bar->has_bar)
			continue;
		c->label_cells = label > c->label_cells ? label : c->label_cells;
		c->value_cells = value > c->value_cells ? value : c->value_cells;
		most = bar->size > most ? bar->size : most;
	}
	vec_each (&c->bars, bar)
		bar->part = usage_part_of(bar->size, most);
}

/* What the label and the value leave; a long label is cut first. 0: there is no room for bars. */
static size_t fit(struct chart *c)
{
	size_t width = c->look->columns ? c->look->columns : WIDTH_DEFAULT;

	width = width < WIDTH_MAX ? width : WIDTH_MAX;
	size_t other = c->value_cells + 2 * GAP_CELLS + 1;
	size_t room = width > other ? width - other : 0;
	size_t most = room * 2 / 5;
	size_t least = c->label_cells < LABEL_WHOLE_CELLS ? c->label_cells : LABEL_WHOLE_CELLS;
	if (room < least + BAR_MIN_CELLS) {
		if (c->value_cells + GAP_CELLS >= width)
			c->value_cells = width - GAP_CELLS - 1;
		room = width - c->value_cells - GAP_CELLS;
		c->label_cells = c->label_cells < room ? c->label_cells : room;
		return 0;
	}
	if (c->label_cells > most && c->label_cells + BAR_MIN_CELLS * 3 > room)
		c->label_cells = most > least ? most : least;
	return room - c->label_cells;
}

/* Without a few of its digits a number would be another one. */
static void put_fitted(struct buf *out, struct str value, size_t cells)
{
	size_t used = view_cells(value);

	buf_printf(out, "%*s", (int)(cells > used ? cells - used : 0), "");
	if (used <= cells)
		buf_put_str(out, value);
	for (size_t i = 0; i < cells && used > cells; i++)
		buf_put_char(out, '#');
}

static void write_bar(
	const struct chart *c, const struct bar *bar, size_t cells, const struct pen *pen)
{
	AUTO(buf) text = {0};

	view_put_cells(&text, part_of(c, bar->label_at, bar->label_end), c->label_cells);
	buf_printf(&text, "%*s", GAP_CELLS, "");
	put_fitted(&text, part_of(c, bar->value_at, bar->value_end), c->value_cells);
	pen_write(pen, buf_str(&text), c->look->has_style ? bar->style : 0);
	buf_clear(&text);
	usage_put_bar(&text, bar->part, cells, c->look->is_ascii);
	buf_put_text(&text, bar->is_open ? "?" : "");
	if (text.n && cells) {
		buf_printf(pen->out, "%*s", GAP_CELLS, "");
		pen_write(pen, buf_str(&text), c->look->has_colour ? COLOUR_CYAN : 0);
	}
	buf_put_char(pen->out, '\n');
}

/* total: the last bar, of which the value alone is shown. */
static void write_chart(struct chart *c, const char *title, struct bar *total)
{
	struct pen pen = {.out = c->look->out, .has_colour = c->look->has_colour};
	AUTO(buf) head = {0};

	total->size = 0;
	total->is_open = false;
	measure(c, title);
	size_t cells = fit(c);
	view_put_cells(&head, str_from(title), c->label_cells);
	buf_printf(&head, "%*s", GAP_CELLS, "");
	put_fitted(&head, str_from(c->unit), c->value_cells);
	pen_write(&pen, buf_str(&head), c->look->has_style ? STYLE_BOLD : 0);
	buf_put_char(pen.out, '\n');
	vec_each (&c->bars, bar) {
		if (bar->has_bar) {
			write_bar(c, bar, cells, &pen);
			continue;
		}
		buf_clear(&head);
		utf8_put_line(&head, part_of(c, bar->label_at, bar->label_end),
			c->look->columns ? c->look->columns : SIZE_MAX);
		pen_write(&pen, buf_str(&head), c->look->has_style ? bar->style : 0);
		buf_put_char(pen.out, '\n');
	}
	vec_release(&c->bars);
	buf_release(&c->text);
}

/* ---- rows ---- */

int32_t usage_period_beside(enum usage_by by, int32_t day, bool is_down)
{
	if (by == USAGE_BY_MONTH)
		return day_month_start(is_down ? day - 1 : day + 31);
	int32_t step = by == USAGE_BY_WEEK ? 7 : 1;
	return is_down ? day - step : day + step;
}

/* Periods between two rows in which nothing was used have a place, too. */
static void add_between(
	struct chart *c, const struct usage_query *query, int32_t from, int32_t until)
{
	static const struct usage_sum none = {0};
	bool is_down = until < from;
	struct usage_row row = {.day = from};
	int count = 0;
	AUTO(buf) label = {0};

	for (int32_t day = usage_period_beside(query->by, from, is_down);
		count <= EMPTY_ROWS_MAX && (is_down ? day > until : day < until);
		day = usage_period_beside(query->by, day, is_down))
		count++;
	if (count > EMPTY_ROWS_MAX) {
		int32_t low = is_down ? until : from, high = is_down ? from : until;
		buf_printf(&label, "... nothing for %d days ...",
			high - usage_period_beside(query->by, low, false));
		add_label(c, buf_str(&label), STYLE_DIM);
		return;
	}
	while (count-- > 0) {
		row.day = usage_period_beside(query->by, row.day, is_down);
		buf_clear(&label);
		usage_put_key(&label, c->look, query, &row);
		add(c, buf_str(&label), &none, STYLE_DIM);
	}
}

static void put_label(struct buf *out, const struct usage_look *look,
	const struct usage_query *query, const struct usage_row *row)
{
	size_t start = out->n;

	if (query->by == USAGE_BY_PROJECT)
		usage_put_path(out, look, usage_name(look->view, row->name));
	else
		usage_put_key(out, look, query, row);
	if (out->n == start)
		buf_put_text(out, query->by == USAGE_BY_AGENT ? "(main)" : "(none)");
	if (query->by == USAGE_BY_SESSION) {
		buf_put_text(out, "  ");
		usage_put_path(out, look, usage_name(look->view, row->project));
	}
}

static void add_row(struct chart *c, const struct usage_query *query, const struct usage_row *row)
{
	AUTO(buf) label = {0};

	put_label(&label, c->look, query, row);
	add(c, buf_str(&label), &row->sum, 0);
	for (size_t i = 0; c->look->has_breakdown && i < row->part_count; i++) {
		if (!usage_part_counts(c->look, &row->parts[i]))
			continue;
		buf_clear(&label);
		buf_put_text(&label, "  ");
		usage_put_model(&label, c->look->view, &row->parts[i]);
		add(c, buf_str(&label), &row->parts[i].sum, STYLE_DIM);
	}
}

void usage_chart_rows(const struct usage_look *look, const struct usage_query *query,
	const struct usage_rows *rows)
{
	struct chart c = {.look = look};
	AUTO(buf) label = {0};

	by_size(&c, &rows->total.sum);
	for (size_t i = 0; i < rows->count; i++) {
		const struct usage_row *row = &rows->list[i];
		bool is_first = i == 0 || (query->is_by_project && row[-1].project != row->project);
		if (is_first && query->is_by_project) {
			buf_clear(&label);
			usage_put_path(&label, look, usage_name(look->view, row->project));
			add_label(&c, label.n ? buf_str(&label) : STR("(none)"), STYLE_BOLD);
		}
		if (!is_first && usage_by_is_period(query->by))
			add_between(&c, query, row[-1].day, row->day);
		add_row(&c, query, row);
	}
	write_chart(&c, usage_words[query->by].title,
		add(&c, STR("Total"), &rows->total.sum, STYLE_BOLD));
}

/* ---- blocks ---- */

static struct usage_sum sum_of(const struct usage_look *look, const struct usage_block *block)
{
	struct usage_sum sum = {.tokens = block->tokens, .answers = block->answers};

	sum.cost_nanousd[look->mode] = block->cost_nanousd;
	sum.unpriced[look->mode] = block->unpriced;
	return sum;
}

void usage_chart_blocks(const struct usage_look *look, const struct usage_block_look *wish,
	const struct usage_blocks *blocks)
{
	struct usage_sum total = {0};
	struct chart c = {.look = look};
	AUTO(buf) label = {0};

	for (size_t i = 0; i < blocks->count; i++) {
		struct usage_sum sum = sum_of(look, &blocks->list[i]);
		if (!blocks->list[i].is_gap && usage_block_is_shown(&blocks->list[i], wish))
			usage_sum_add(&total, &sum);
	}
	by_size(&c, &total);
	for (size_t i = 0; i < blocks->count; i++) {
		const struct usage_block *block =
			&blocks->list[wish->is_down ? blocks->count - 1 - i : i];
		struct usage_sum sum = sum_of(look, block);
		if (block->is_gap || !usage_block_is_shown(block, wish))
			continue;
		buf_clear(&label);
		bool is_narrow = usage_is_narrow(look);
		usage_zone_put(look->view->zone, block->start_ms,
			is_narrow ? "%m-%d %H:%M" : "%Y-%m-%d %H:%M", &label);
		if (block->is_active)
			buf_put_text(&label, is_narrow ? "*" : " active");
		add(&c, buf_str(&label), &sum, block->is_active ? STYLE_BOLD : 0);
	}
	write_chart(&c, "Block", add(&c, STR("Total"), &total, STYLE_BOLD));
}

/* ---- tools ---- */

static int by_calls(const void *a, const void *b)
{
	const struct usage_tool_row *x = *(const struct usage_tool_row *const *)a,
				    *y = *(const struct usage_tool_row *const *)b;

	if (x->calls != y->calls)
		return x->calls > y->calls ? -1 : 1;
	int by_name = str_cmp(x->name, y->name);
	return by_name ? by_name : str_cmp(x->server, y->server);
}

void usage_chart_tools(const struct usage_look *look, const struct usage_tools *counted)
{
	struct chart c = {.look = look, .unit = "Calls"};
	VEC(const struct usage_tool_row *) rows = {0};
	AUTO(buf) label = {0};

	/* What called none has no bar. */
	for (size_t i = 0; i < counted->count; i++)
		if (counted->list[i].calls > 0)
			vec_push(&rows, &counted->list[i]);
	if (rows.n > 1)
		qsort(rows.p, rows.n, sizeof *rows.p, by_calls);
	for (size_t i = 0; i < rows.n; i++) {
		const struct usage_tool_row *row =
			rows.p[counted->order == USAGE_ORDER_UP ? rows.n - 1 - i : i];
		buf_clear(&label);
		buf_put_str(&label, row->name);
		if (row->server.n)
			buf_printf(&label, " (%.*s)", STR_ARG(row->server));
		add_count(&c, buf_str(&label), row->calls, 0);
	}
	write_chart(&c, "Tool", add_count(&c, STR("Total"), counted->calls, STYLE_BOLD));
	vec_release(&rows);
}
