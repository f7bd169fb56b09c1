// SPDX-License-Identifier: MIT
/* usage_table: rows of usage for people, and as CSV. */
#include "base/money.h"
#include "ui/usage_inside.h"
#include "usage/zone.h"

/* What has a higher rank is left out of compact tables. */
enum { RANK_COMPACT = 3 };

struct grid_look usage_grid_look(const struct usage_look *look)
{
	return (struct grid_look){.width = look->columns,
		.rank_max = look->is_compact ? RANK_COMPACT : 0,
		.has_style = look->has_style,
		.has_colour = look->has_colour,
		.is_ascii = look->is_ascii};
}

/* ---- columns ---- */

struct table {
	const struct usage_look *look;
	const struct usage_query *query;
	bool shows_credits;
	const struct usage_sum
		*mixed; /* of several assistants that tell credits; NULL: there is none */
	struct grid grid;
	struct grid_column columns[GRID_COLUMNS_MAX];
};

static void column(struct table *t, const char *title, bool is_number, unsigned char rank)
{
	t->columns[t->grid.column_count++] = (struct grid_column){title, is_number, rank, false};
}

static bool shows_models(const struct table *t)
{
	return t->query->by != USAGE_BY_MODEL;
}

static bool shows_project(const struct table *t)
{
	return t->query->by == USAGE_BY_SESSION;
}

static bool shows_last(const struct table *t)
{
	return !usage_by_is_period(t->query->by);
}

/* The total says more than when it last was, but a compact table is for few numbers. */
static void choose_columns(struct table *t)
{
	enum usage_by by = t->query->by;
	bool is_compact = t->look->is_compact;
	unsigned char total = is_compact ? RANK_COMPACT + 1 : 3, last = is_compact ? 3 : 4;

	t->grid.columns = t->columns;
	column(t, usage_words[by].title, false, 0);
	/* Names of models may differ at their ends alone. */
	t->columns[0].is_whole = usage_by_is_period(by) || by == USAGE_BY_MODEL;
	t->columns[0].keeps_end = by == USAGE_BY_PROJECT;
	if (shows_project(t)) {
		column(t, "Project", false, 3);
		t->columns[1].keeps_end = true;
	}
	if (shows_models(t))
		column(t, "Models", false, 2);
	column(t, "Input", true, 1);
	column(t, "Output", true, 1);
	column(t, "Cache write", true, 6);
	column(t, "Cache read", true, 5);
	column(t, "Total", true, t->look->hides_cost ? 0 : total);
	if (t->shows_credits)
		column(t, "Credits", true, 1);
	if (!t->look->hides_cost)
		column(t, "Cost", true, 0);
	if (shows_last(t))
		t->columns[t->grid.column_count++] =
			(struct grid_column){"Last", false, last, true};
}

/* ---- cells ---- */

static void put_models(struct table *t, const struct usage_row *row, uint8_t style)
{
	AUTO(buf) names = {0};
	AUTO(buf) name = {0};

	for (size_t i = 0; i < row->part_count; i++) {
		if (!usage_part_counts(t->look, &row->parts[i]))
			continue;
		buf_clear(&name);
		usage_put_model(&name, t->look->view, &row->parts[i]);
		buf_put_text(&names, names.n ? ", " : "");
		buf_put_str(&names, usage_short_model(buf_str(&name)));
	}
	grid_put(&t->grid, buf_str(&names), style);
}

static void put_sum(struct table *t, const struct usage_sum *sum, uint8_t style)
{
	const struct usage_tokens *tokens = &sum->tokens;
	int64_t unpriced = sum->unpriced[t->look->mode];
	AUTO(buf) cost = {0};

	grid_put_count(&t->grid, tokens->input, style);
	grid_put_count(&t->grid, money_add(tokens->output, tokens->other), style);
	grid_put_count(&t->grid, usage_writes(tokens), style);
	grid_put_count(&t->grid, tokens->cache_read, style);
	grid_put_count(&t->grid, usage_tokens_total(tokens), style);
	if (t->shows_credits) {
		/* Those of two assistants are two units. */
		if (sum != t->mixed && (tokens->nanocredits || t->query->by != USAGE_BY_SOURCE))
			usage_put_credits(&cost, tokens->nanocredits);
		grid_put_own(&t->grid, buf_str(&cost), style);
		buf_clear(&cost);
	}
	if (t->look->hides_cost)
		return;
	usage_put_cost(t->look, &cost, sum->cost_nanousd[t->look->mode], unpriced);
	grid_put_own(&t->grid, buf_str(&cost),
		unpriced && t->look->has_colour ? style | COLOUR_YELLOW : style);
}

/* Below the home directory as "~/...". */
void usage_put_path(struct buf *out, const struct usage_look *look, struct str path)
{
	struct str home = str_from(look->home);

	if (home.n > 1 && str_starts(path, home) && (path.n == home.n || path.p[home.n] == '/')) {
		buf_put_char(out, '~');
		path = str_skip(path, home.n);
	}
	buf_put_str(out, path);
}

static void put_name(struct table *t, const struct usage_row *row, uint8_t style)
{
	AUTO(buf) name = {0};

	if (t->query->by == USAGE_BY_PROJECT)
		usage_put_path(&name, t->look, usage_name(t->look->view, row->name));
	else
		usage_put_key(&name, t->look, t->query, row);
	if (name.n == 0)
		buf_put_text(&name, t->query->by == USAGE_BY_AGENT ? "(main)" : "(none)");
	grid_put(&t->grid, buf_str(&name), style);
	if (!shows_project(t))
		return;
	buf_clear(&name);
	usage_put_path(&name, t->look, usage_name(t->look->view, row->project));
	grid_put(&t->grid, buf_str(&name), style);
}

static void put_last(struct table *t, const struct usage_row *row, uint8_t style)
{
	AUTO(buf) text = {0};

	if (!shows_last(t))
		return;
	if (row)
		usage_zone_put(t->look->view->zone, row->last_ms, "%Y-%m-%d %H:%M", &text);
	grid_put_own(&t->grid, buf_str(&text), style);
}

static void put_row(struct table *t, const struct usage_row *row)
{
	put_name(t, row, 0);
	if (shows_models(t))
		put_models(t, row, STYLE_DIM);
	put_sum(t, &row->sum, 0);
	put_last(t, row, 0);
}

static void put_part(struct table *t, const struct usage_part *part)
{
	AUTO(buf) name = {0};

	buf_put_text(&name, "  ");
	usage_put_model(&name, t->look->view, part);
	grid_put(&t->grid, buf_str(&name), STYLE_DIM);
	if (shows_project(t))
		grid_put_own(&t->grid, STR(""), 0);
	if (shows_models(t))
		grid_put_own(&t->grid, STR(""), 0);
	put_sum(t, &part->sum, STYLE_DIM);
	put_last(t, NULL, 0);
}

static void put_total(struct table *t, const struct usage_rows *rows)
{
	grid_rule(&t->grid);
	grid_put_own(&t->grid, STR("Total"), STYLE_BOLD);
	if (shows_project(t))
		grid_put_own(&t->grid, STR(""), 0);
	if (shows_models(t))
		grid_put_own(&t->grid, STR(""), 0);
	put_sum(t, &rows->total.sum, STYLE_BOLD);
	put_last(t, NULL, 0);
}

/* A line above the rows of a project. */
static void put_project(struct table *t, uint32_t project)
{
	AUTO(buf) name = {0};

	usage_put_path(&name, t->look, usage_name(t->look->view, project));
	if (name.n == 0)
		buf_put_text(&name, "(none)");
	if (t->grid.cells.n)
		grid_rule(&t->grid);
	grid_put_line(&t->grid, buf_str(&name), STYLE_BOLD);
}

/* Where they are of several assistants, credits of one of them are no column. */
static bool has_credits(const struct usage_query *query, const struct usage_rows *rows)
{
	const struct usage_row *total = &rows->total;

	return total->sum.tokens.nanocredits > 0 &&
	       (query->by == USAGE_BY_SOURCE || total->source_count == 1);
}

void usage_table_rows(const struct usage_look *look, const struct usage_query *query,
	const struct usage_rows *rows)
{
	struct table t = {.look = look, .query = query, .shows_credits = has_credits(query, rows)};

	if (query->by == USAGE_BY_SOURCE && rows->total.source_count > 1)
		t.mixed = &rows->total.sum;
	choose_columns(&t);
	for (size_t i = 0; i < rows->count; i++) {
		const struct usage_row *row = &rows->list[i];
		if (query->is_by_project && (i == 0 || row[-1].project != row->project))
			put_project(&t, row->project);
		put_row(&t, row);
		for (size_t k = 0; look->has_breakdown && k < row->part_count; k++)
			if (usage_part_counts(look, &row->parts[k]))
				put_part(&t, &row->parts[k]);
	}
	put_total(&t, rows);
	struct grid_look shape = usage_grid_look(look);
	grid_write(&t.grid, &shape, look->out);
	grid_release(&t.grid);
}

/* ---- CSV ---- */

/* By what was asked for: what there is does not change the columns. */
static bool has_csv_credits(const struct usage_look *look, const struct usage_query *query)
{
	const struct usage_reader *only =
		look->only ? usage_reader_find(str_from(look->only)) : NULL;

	return only ? only->tells_credits : query->by == USAGE_BY_SOURCE;
}

static void put_csv_sum(
	const struct usage_look *look, const struct usage_query *query, const struct usage_sum *sum)
{
	const struct usage_tokens *t = &sum->tokens;
	struct buf *out = look->out;
	const int64_t numbers[] = {sum->answers, t->input, t->output, t->cache_write_5m,
		t->cache_write_1h, t->cache_read, t->other, usage_tokens_total(t)};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		buf_printf(out, ",%lld", (long long)numbers[i]);
	usage_put_csv_cost(look, sum);
	if (has_csv_credits(look, query)) {
		buf_put_char(out, ',');
		if (t->nanocredits || query->by != USAGE_BY_SOURCE)
			usage_put_usd(out, t->nanocredits);
	}
	buf_put_text(out, "\r\n");
}

static void put_csv_row(const struct usage_look *look, const struct usage_query *query,
	const struct usage_row *row, const struct usage_part *part)
{
	AUTO(buf) text = {0};
	struct buf *out = look->out;

	usage_put_key(&text, look, query, row);
	usage_put_field(out, buf_str(&text));
	if (query->is_by_project || query->by == USAGE_BY_SESSION) {
		buf_put_char(out, ',');
		usage_put_field(out, usage_name(look->view, row->project));
	}
	if (part) {
		buf_clear(&text);
		usage_put_model(&text, look->view, part);
		buf_put_char(out, ',');
		usage_put_field(out, buf_str(&text));
	}
	buf_put_char(out, ',');
	usage_put_instant(out, part ? part->first_ms : row->first_ms);
	buf_put_char(out, ',');
	usage_put_instant(out, part ? part->last_ms : row->last_ms);
	put_csv_sum(look, query, part ? &part->sum : &row->sum);
}

void usage_csv_rows(const struct usage_look *look, const struct usage_query *query,
	const struct usage_rows *rows)
{
	bool has_project = query->is_by_project || query->by == USAGE_BY_SESSION;

	buf_printf(look->out,
		"%s%s%s,first,last,answers,input,output,cache_write_5m,"
		"cache_write_1h,cache_read,other,total%s%s\r\n",
		usage_words[query->by].field, has_project ? ",project" : "",
		look->has_breakdown ? ",model" : "",
		look->hides_cost ? "" : ",cost_usd,unpriced_answers",
		has_csv_credits(look, query) ? ",credits" : "");
	for (size_t i = 0; i < rows->count; i++) {
		const struct usage_row *row = &rows->list[i];
		if (!look->has_breakdown)
			put_csv_row(look, query, row, NULL);
		for (size_t k = 0; look->has_breakdown && k < row->part_count; k++)
			put_csv_row(look, query, row, &row->parts[k]);
	}
}
