// SPDX-License-Identifier: MIT
/* usage_watch: what is going on, on one screen. */
#include "base/utf8.h"
#include "ui/usage_inside.h"
#include "ui/view.h"
#include "usage/zone.h"

enum { BAR_CELLS = 24, MODELS_MAX = 8, SESSION_CELLS = 8 };
enum { BLOCK_CELLS = 19 }; /* of "Block  10:00  15:00", without the bar */

static const struct usage_block *active_of(const struct usage_now *now)
{
	for (size_t i = 0; i < now->blocks.count; i++)
		if (now->blocks.list[i].is_active)
			return &now->blocks.list[i];
	return NULL;
}

static void put_cost(struct grid *g, const struct usage_look *look, int64_t nanousd,
	int64_t unpriced, uint8_t style)
{
	AUTO(buf) text = {0};

	if (look->hides_cost)
		return;
	usage_put_cost(look, &text, nanousd, unpriced);
	grid_put_own(g, buf_str(&text), style);
}

/* ---- sums ---- */

static void put_tokens(struct grid *g, const struct usage_tokens *t)
{
	grid_put_count(g, t->input, 0);
	grid_put_count(g, t->output, 0);
	grid_put_count(g, usage_writes(t), 0);
	grid_put_count(g, t->cache_read, 0);
	grid_put_count(g, usage_tokens_total(t), 0);
}

static void put_sums(const struct usage_look *look, const struct usage_now *now, struct buf *out)
{
	const struct grid_column columns[] = {{"", false, 0}, {"Answers", true, 4},
		{"Input", true, 3}, {"Output", true, 2}, {"Cache write", true, 6},
		{"Cache read", true, 5}, {"Total", true, !look->hides_cost}, {"Cost", true, 0}};
	const struct usage_block *block = active_of(now);
	const struct usage_sum *today = &now->today.total.sum;
	struct grid g = {.columns = columns,
		.column_count = sizeof columns / sizeof *columns - look->hides_cost};

	grid_put_own(&g, STR("Today"), STYLE_BOLD);
	grid_put_count(&g, today->answers, 0);
	put_tokens(&g, &today->tokens);
	put_cost(&g, look, today->cost_nanousd[look->mode], today->unpriced[look->mode], 0);
	if (block) {
		grid_put_own(&g, STR("This block"), STYLE_BOLD);
		grid_put_count(&g, block->answers, 0);
		put_tokens(&g, &block->tokens);
		put_cost(&g, look, block->cost_nanousd, block->unpriced, 0);
	}
	if (block && block->has_projection) {
		grid_put_own(&g, STR("  by its end"), STYLE_DIM);
		for (int i = 0; i < 5; i++)
			grid_put_own(&g, STR(""), 0);
		grid_put_count(&g, block->projected_tokens, STYLE_DIM);
		put_cost(&g, look, block->projected_nanousd, block->unpriced, STYLE_DIM);
	}
	struct grid_look shape = usage_grid_look(look);
	grid_write(&g, &shape, out);
	grid_release(&g);
}

/* "2h 5m left, 1,234 tokens a minute, $1.20 an hour" */
static void put_pace(const struct usage_look *look, const struct usage_block *block, int64_t now_ms,
	struct buf *out)
{
	usage_put_span(out, block->end_ms - now_ms);
	buf_put_text(out, " left");
	if (!block->has_rate)
		return;
	buf_put_text(out, ", ");
	buf_put_count(out, (int64_t)block->tokens_per_minute);
	buf_put_text(out, " tokens a minute");
	if (!look->hides_cost)
		buf_printf(out, ", $%.2f an hour", block->usd_per_hour);
}

static size_t bar_cells(const struct usage_look *look)
{
	if (!look->columns || look->columns >= BLOCK_CELLS + BAR_CELLS)
		return BAR_CELLS;
	return look->columns > BLOCK_CELLS ? look->columns - BLOCK_CELLS : 0;
}

static void put_block(const struct usage_look *look, const struct usage_now *now, struct buf *out)
{
	const struct usage_block *block = active_of(now);
	size_t cells = bar_cells(look);
	AUTO(buf) bar = {0};
	AUTO(buf) words = {0};

	buf_put_char(out, '\n');
	if (!block) {
		usage_put_prose(look, STR("No block of five hours is on."), 0);
		return;
	}
	usage_put_bar(&bar,
		usage_part_of(now->now_ms - block->start_ms, block->end_ms - block->start_ms),
		cells, look->is_ascii);
	put_pace(look, block, now->now_ms, &words);
	buf_put_text(out, "Block  ");
	usage_zone_put(look->view->zone, block->start_ms, "%H:%M ", out);
	buf_put_str(out, buf_str(&bar));
	for (size_t i = view_cells(buf_str(&bar)); i < cells; i++)
		buf_put_text(out, look->is_ascii ? "." : "·");
	usage_zone_put(look->view->zone, block->end_ms, " %H:%M", out);
	if (!look->columns ||
		BLOCK_CELLS + cells + 2 + view_cells(buf_str(&words)) <= look->columns)
		buf_printf(out, "  %s\n", buf_text(&words));
	else {
		buf_put_char(out, '\n');
		usage_put_prose(look, buf_str(&words), 2);
	}
}

/* ---- tables ---- */

static void put_models(
	const struct usage_look *look, const struct usage_now *now, size_t limit, struct buf *out)
{
	const struct grid_column columns[] = {{"Today by model", false, 0},
		{"Total", true, !look->hides_cost},
		{look->hides_cost ? "" : "Cost", !look->hides_cost, look->hides_cost},
		{"", false, 2}};
	const struct usage_row *day = &now->today.total;
	bool by_cost = usage_is_by_cost(look, &day->sum);
	struct grid g = {.columns = columns, .column_count = 4 - look->hides_cost};
	int64_t most = 0;
	size_t count = 0;
	AUTO(buf) text = {0};

	for (size_t i = 0; i < day->part_count; i++) {
		int64_t size = usage_size_of(look, &day->parts[i].sum, by_cost);
		most = size > most ? size : most;
	}
	for (size_t i = 0; i < day->part_count && count < limit; i++) {
		const struct usage_part *part = &day->parts[i];
		if (!usage_part_counts(look, part))
			continue;
		count++;
		buf_clear(&text);
		usage_put_model(&text, look->view, part);
		grid_put(&g, buf_str(&text), 0);
		grid_put_count(&g, usage_tokens_total(&part->sum.tokens), 0);
		put_cost(&g, look, part->sum.cost_nanousd[look->mode],
			part->sum.unpriced[look->mode], 0);
		buf_clear(&text);
		usage_put_bar(&text, usage_part_of(usage_size_of(look, &part->sum, by_cost), most),
			BAR_CELLS, look->is_ascii);
		grid_put_own(&g, buf_str(&text), look->has_colour ? COLOUR_CYAN : 0);
	}
	struct grid_look shape = usage_grid_look(look);
	if (count) {
		buf_put_char(out, '\n');
		grid_write(&g, &shape, out);
	}
	grid_release(&g);
}

static void put_age(struct buf *out, int64_t ms)
{
	int64_t minutes = ms > 0 ? ms / 60'000 : 0;

	if (minutes >= 2 * 24 * 60)
		buf_printf(out, "%lldd ago", (long long)(minutes / (24 * 60)));
	else if (minutes >= 60)
		buf_printf(out, "%lldh ago", (long long)(minutes / 60));
	else
		buf_printf(out, "%lldm ago", (long long)minutes);
}

static void put_session(struct grid *g, const struct usage_look *look, const struct usage_now *now,
	const struct usage_row *row)
{
	AUTO(buf) text = {0};

	grid_put(g, usage_name(look->view, row->source), 0);
	grid_put(g, utf8_head(usage_name(look->view, row->name), SESSION_CELLS), 0);
	usage_put_path(&text, look, usage_name(look->view, row->project));
	grid_put(g, buf_str(&text), 0);
	buf_clear(&text);
	if (row->part_count)
		usage_put_model(&text, look->view, &row->parts[0]);
	grid_put(g, buf_str(&text), STYLE_DIM);
	grid_put_count(g, usage_tokens_total(&row->sum.tokens), 0);
	put_cost(g, look, row->sum.cost_nanousd[look->mode], row->sum.unpriced[look->mode], 0);
	buf_clear(&text);
	put_age(&text, now->now_ms - row->last_ms);
	grid_put_own(g, buf_str(&text), STYLE_DIM);
}

static void put_sessions(
	const struct usage_look *look, const struct usage_now *now, size_t limit, struct buf *out)
{
	struct grid_column columns[] = {{"Source", false, 5}, {"Session", false, 0},
		{"Project", false, 3, .keeps_end = true}, {"Model", false, 4}, {"Total", true, 1},
		{"Cost", true, 0}, {"Last", false, 2}};
	size_t count = sizeof columns / sizeof *columns;

	if (look->hides_cost) {
		columns[count - 2] = columns[count - 1];
		count--;
	}
	struct grid g = {.columns = columns, .column_count = count};
	for (size_t i = 0; i < now->sessions.count && i < limit; i++)
		put_session(&g, look, now, &now->sessions.list[i]);
	struct grid_look shape = usage_grid_look(look);
	if (now->sessions.count && limit) {
		buf_put_char(out, '\n');
		grid_write(&g, &shape, out);
	}
	grid_release(&g);
}

/* ---- all of it ---- */

static size_t lines_of(const struct buf *out)
{
	size_t count = 0;

	for (size_t i = 0; i < out->n; i++)
		count += out->p[i] == '\n';
	return count;
}

enum { HEAD_ROWS = 3 }; /* of a table: the line above it, titles, the rule */

static size_t room(size_t rows, const struct buf *out)
{
	size_t used = lines_of(out) + HEAD_ROWS;

	return rows > used ? rows - used : 0;
}

void usage_show_now(const struct usage_look *look, const struct usage_now *now, size_t rows)
{
	struct buf *out = look->out;
	AUTO(buf) time = {0};
	struct pen pen = {.out = out, .has_colour = look->has_colour};

	usage_zone_put(look->view->zone, now->now_ms, "%Y-%m-%d %H:%M", &time);
	if (usage_is_narrow(look)) {
		pen_write(&pen, buf_str(&time), STYLE_BOLD);
	} else {
		pen_write(&pen, STR("fettle usage"), STYLE_BOLD);
		buf_printf(out, "  %s  ", buf_text(&time));
		pen_write(&pen, STR("q quits"), STYLE_DIM);
	}
	buf_put_text(out, "\n\n");
	put_sums(look, now, out);
	put_block(look, now, out);
	usage_put_limits(look, now->now_ms, "Reported limits");
	size_t left = room(rows, out);
	put_models(look, now, left < MODELS_MAX ? left : MODELS_MAX, out);
	put_sessions(look, now, room(rows, out), out);
}

void usage_put_now(const struct usage_look *look, const struct usage_now *now, struct buf *out)
{
	const struct usage_sum *today = &now->today.total.sum;
	const struct usage_block *block = active_of(now);
	AUTO(buf) line = {0};

	buf_put_text(out, "today ");
	buf_put_count(out, today->answers);
	buf_put_text(out, today->answers == 1 ? " answer, " : " answers, ");
	buf_put_count(out, usage_tokens_total(&today->tokens));
	buf_put_text(out, " tokens");
	if (!look->hides_cost) {
		buf_put_text(out, ", ");
		usage_put_cost(
			look, out, today->cost_nanousd[look->mode], today->unpriced[look->mode]);
	}
	if (block) {
		buf_put_text(out, "; block ");
		buf_put_count(out, usage_tokens_total(&block->tokens));
		buf_put_text(out, " tokens");
	}
	if (block && !look->hides_cost) {
		buf_put_text(out, ", ");
		usage_put_cost(look, out, block->cost_nanousd, block->unpriced);
	}
	for (size_t at = 0; usage_limit_line(look, now->now_ms, &at, &line); buf_clear(&line)) {
		buf_put_text(out, "; ");
		buf_put_str(out, buf_str(&line));
	}
}
