// SPDX-License-Identifier: MIT
/* usage_glance: what a person wants to know first: now, and how it came to it. */
#include "base/json.h"
#include "ui/usage_inside.h"
#include "ui/view.h"
#include "usage/zone.h"

enum { BAR_CELLS = 24 };

/* ---- a line of bars ---- */

static const struct usage_row *row_of(const struct usage_rows *days, int32_t day)
{
	for (size_t i = 0; i < days->count; i++)
		if (days->list[i].day == day)
			return &days->list[i];
	return NULL;
}

/* A cell a day; what is not nothing has a height. */
static void put_sparkline(const struct usage_look *look, const struct usage_glance *glance)
{
	bool by_cost = usage_is_by_cost(look, &glance->days.total.sum);
	int64_t most = 0;

	for (size_t i = 0; i < glance->days.count; i++) {
		int64_t height = usage_size_of(look, &glance->days.list[i].sum, by_cost);
		most = height > most ? height : most;
	}
	for (int32_t day = glance->first_day; day <= glance->today; day++) {
		const struct usage_row *row = row_of(&glance->days, day);
		int64_t height = row ? usage_size_of(look, &row->sum, by_cost) : 0;
		usage_put_spark(look->out, usage_part_of(height, most), look->is_ascii);
	}
}

static void put_days(const struct usage_look *look, const struct usage_glance *glance)
{
	bool by_cost = usage_is_by_cost(look, &glance->days.total.sum);
	int days = glance->today - glance->first_day + 1;
	AUTO(buf) words = {0};

	if (glance->days.count == 0)
		return;
	day_put(glance->first_day, &words);
	buf_put_text(&words, " to ");
	day_put(glance->today, &words);
	buf_put_text(&words, by_cost ? ", by cost" : ", by tokens");
	if (!look->columns || view_cells(buf_str(&words)) + 14 + (size_t)days <= look->columns) {
		buf_printf(look->out, "\n%d days  ", days);
		put_sparkline(look, glance);
		buf_printf(look->out, "  %s\n", buf_text(&words));
		return;
	}
	buf_put_char(look->out, '\n');
	put_sparkline(look, glance);
	buf_put_char(look->out, '\n');
	usage_put_prose(look, buf_str(&words), 0);
}

/* ---- tables ---- */

static void put_sum(
	struct grid *g, const struct usage_look *look, const struct usage_sum *sum, uint8_t style)
{
	AUTO(buf) cost = {0};

	grid_put_count(g, sum->answers, style);
	grid_put_count(g, sum->tokens.input, style);
	grid_put_count(g, sum->tokens.output, style);
	grid_put_count(g, sum->tokens.cache_read, style);
	grid_put_count(g, usage_tokens_total(&sum->tokens), style);
	if (look->hides_cost)
		return;
	usage_put_cost(look, &cost, sum->cost_nanousd[look->mode], sum->unpriced[look->mode]);
	grid_put_own(g, buf_str(&cost), style);
}

static void put_periods(const struct usage_look *look, const struct usage_glance *glance)
{
	const struct grid_column columns[] = {{"", false, 0}, {"Answers", true, 5},
		{"Input", true, 2}, {"Output", true, 2}, {"Cache read", true, 4},
		{"Total", true, !look->hides_cost}, {"Cost", true, 0}};
	static const char *const names[] = {"Today", "This week", "This month"};
	struct grid g = {.columns = columns,
		.column_count = sizeof columns / sizeof *columns - look->hides_cost};

	for (size_t i = 0; i < USAGE_GLANCE_PERIODS; i++) {
		grid_put_own(&g, str_from(names[i]), STYLE_BOLD);
		put_sum(&g, look, &glance->periods[i].total.sum, 0);
	}
	struct grid_look shape = usage_grid_look(look);
	grid_write(&g, &shape, look->out);
	grid_release(&g);
}

static void put_bar(struct grid *g, const struct usage_look *look, int64_t value, int64_t most)
{
	AUTO(buf) bar = {0};

	usage_put_bar(&bar, usage_part_of(value, most), BAR_CELLS, look->is_ascii);
	grid_put_own(g, buf_str(&bar), look->has_colour ? COLOUR_CYAN : 0);
}

static void put_models(const struct usage_look *look, const struct usage_glance *glance)
{
	const struct usage_row *month = &glance->periods[USAGE_GLANCE_PERIODS - 1].total;
	struct grid_column columns[] = {{"This month by model", false, 0},
		{"Total", true, !look->hides_cost}, {"Cost", true, 0}, {"", false, 2}};
	size_t count = sizeof columns / sizeof *columns;
	bool by_cost = usage_is_by_cost(look, &month->sum);
	int64_t most = 0;
	AUTO(buf) text = {0};

	if (month->part_count == 0)
		return;
	if (look->hides_cost)
		columns[--count - 1] = (struct grid_column){"", false, 2};
	struct grid g = {.columns = columns, .column_count = count};
	for (size_t i = 0; i < month->part_count; i++) {
		int64_t height = usage_size_of(look, &month->parts[i].sum, by_cost);
		most = height > most ? height : most;
	}
	for (size_t i = 0; i < month->part_count; i++) {
		const struct usage_part *part = &month->parts[i];
		if (!usage_part_counts(look, part))
			continue;
		buf_clear(&text);
		usage_put_model(&text, look->view, part);
		grid_put(&g, buf_str(&text), 0);
		grid_put_count(&g, usage_tokens_total(&part->sum.tokens), 0);
		buf_clear(&text);
		usage_put_cost(look, &text, part->sum.cost_nanousd[look->mode],
			part->sum.unpriced[look->mode]);
		if (!look->hides_cost)
			grid_put_own(&g, buf_str(&text), 0);
		put_bar(&g, look, usage_size_of(look, &part->sum, by_cost), most);
	}
	struct grid_look shape = usage_grid_look(look);
	buf_put_char(look->out, '\n');
	grid_write(&g, &shape, look->out);
	grid_release(&g);
}

/* ---- JSON and CSV ---- */

static const char *const keys[USAGE_GLANCE_PERIODS] = {"today", "week", "month"};

static void put_period(struct json_writer *w, const struct usage_look *look, const char *key,
	int32_t since, const struct usage_row *total)
{
	AUTO(buf) day = {0};

	day_put(since, &day);
	json_key(w, key);
	json_open(w, '{');
	json_member_str(w, "since", buf_str(&day));
	usage_put_sum_members(w, look, &total->sum);
	usage_put_part_members(w, look, total);
	json_close(w, '}');
}

static void show_json(const struct usage_look *look, const struct usage_glance *glance)
{
	AUTO(buf) json = {0};
	struct json_writer w = {.buf = &json};

	json_open(&w, '{');
	for (size_t i = 0; i < USAGE_GLANCE_PERIODS; i++)
		put_period(&w, look, keys[i], glance->since[i], &glance->periods[i].total);
	usage_member_limits(&w, look, glance->now_ms);
	usage_member_days(&w, look, &glance->all);
	json_close(&w, '}');
	usage_put_document(look, &json);
}

static void show_csv(const struct usage_look *look, const struct usage_glance *glance)
{
	buf_printf(look->out, "period,since,answers,total%s\r\n",
		look->hides_cost ? "" : ",cost_usd,unpriced_answers");
	for (size_t i = 0; i < USAGE_GLANCE_PERIODS; i++) {
		const struct usage_sum *sum = &glance->periods[i].total.sum;
		buf_printf(look->out, "%s,", keys[i]);
		day_put(glance->since[i], look->out);
		buf_printf(look->out, ",%lld,%lld", (long long)sum->answers,
			(long long)usage_tokens_total(&sum->tokens));
		usage_put_csv_cost(look, sum);
		buf_put_text(look->out, "\r\n");
	}
}

void usage_show_glance(const struct usage_look *look, const struct usage_glance *glance)
{
	if (look->form == USAGE_JSON) {
		show_json(look, glance);
	} else if (look->form == USAGE_CSV) {
		show_csv(look, glance);
	} else {
		put_periods(look, glance);
		put_models(look, glance);
		put_days(look, glance);
		usage_put_limits(look, glance->now_ms, "Reported limits");
	}
}
