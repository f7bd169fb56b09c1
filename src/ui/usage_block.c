// SPDX-License-Identifier: MIT
/* usage_block: windows of five hours, as a table, JSON and CSV. */
#include "base/money.h"
#include "base/utf8.h"
#include "ui/usage_inside.h"
#include "usage/zone.h"

enum { MINUTE_MS = 60'000, WARN_PERCENT = 80 };

bool usage_block_is_shown(const struct usage_block *block, const struct usage_block_look *wish)
{
	if (block->start_ms < wish->since_ms || block->start_ms >= wish->until_ms)
		return false;
	return block->is_active || (!wish->is_only_active && block->start_ms >= wish->recent_ms);
}

static double percent(int64_t part, int64_t whole)
{
	return whole > 0 ? (double)part * 100 / (double)whole : 0;
}

static const char *status(double percent_used)
{
	return percent_used > 100 ? "exceeds" : percent_used > WARN_PERCENT ? "warning" : "ok";
}

static void put_model_name(
	struct buf *out, const struct usage_look *look, const struct usage_part *model)
{
	buf_clear(out);
	usage_put_model(out, look->view, model);
}

/* ---- JSON ---- */

/* As ccusage writes numbers that need not be whole. */
static void member_double(struct json_writer *w, const char *name, double value)
{
	json_key(w, name);
	json_put_double(w, value, 6);
}

static void put_rate(
	struct json_writer *w, const struct usage_look *look, const struct usage_block *block)
{
	json_key(w, "burnRate");
	if (!block->has_rate || !block->is_active) {
		json_put_null(w);
		return;
	}
	json_open(w, '{');
	member_double(w, "tokensPerMinute", block->tokens_per_minute);
	member_double(w, "tokensPerMinuteForIndicator", block->seen_per_minute);
	if (!look->hides_cost)
		member_double(w, "costPerHour", block->usd_per_hour);
	json_close(w, '}');
}

static int64_t whole_cents(int64_t nanousd)
{
	const int64_t cent = NANO_PER_USD / 100;

	return nanousd > INT64_MAX - cent ? nanousd : (nanousd + cent / 2) / cent * cent;
}

static void put_projection(
	struct json_writer *w, const struct usage_look *look, const struct usage_block *block)
{
	json_key(w, "projection");
	if (!block->has_projection) {
		json_put_null(w);
		return;
	}
	json_open(w, '{');
	json_member_int(w, "totalTokens", block->projected_tokens);
	if (!look->hides_cost)
		usage_member_usd(w, "totalCost", whole_cents(block->projected_nanousd));
	json_member_int(w, "remainingMinutes", block->left_minutes);
	json_close(w, '}');
}

static void put_limit(struct json_writer *w, const struct usage_block *block, int64_t limit)
{
	if (limit <= 0 || !block->has_projection)
		return;
	double used = percent(block->projected_tokens, limit);
	json_key(w, "tokenLimitStatus");
	json_open(w, '{');
	json_member_int(w, "limit", limit);
	json_member_int(w, "projectedUsage", block->projected_tokens);
	member_double(w, "percentUsed", used);
	json_member_text(w, "status", status(used));
	json_close(w, '}');
}

static void put_counts(struct json_writer *w, const struct usage_tokens *t)
{
	json_key(w, "tokenCounts");
	json_open(w, '{');
	json_member_int(w, "inputTokens", t->input);
	json_member_int(w, "outputTokens", t->output);
	json_member_int(w, "cacheCreationInputTokens", t->cache_write_5m);
	json_member_int(w, "cacheReadInputTokens", t->cache_read);
	json_close(w, '}');
}

static void put_block(struct json_writer *w, const struct usage_look *look,
	const struct usage_block_look *wish, const struct usage_block *block)
{
	AUTO(buf) text = {0};

	buf_put_text(&text, block->is_gap ? "gap-" : "");
	usage_put_instant(&text, block->start_ms);
	json_open(w, '{');
	json_member_str(w, "id", buf_str(&text));
	usage_member_instant(w, "startTime", block->start_ms);
	usage_member_instant(w, "endTime", block->end_ms);
	json_key(w, "actualEndTime");
	buf_clear(&text);
	usage_put_instant(&text, block->last_ms);
	if (block->is_gap)
		json_put_null(w);
	else
		json_put_str(w, buf_str(&text));
	json_member_bool(w, "isActive", block->is_active);
	json_member_bool(w, "isGap", block->is_gap);
	json_member_int(w, "entries", block->answers);
	put_counts(w, &block->tokens);
	json_member_int(w, "totalTokens", usage_tokens_total(&block->tokens));
	if (!look->hides_cost)
		usage_member_usd(w, "costUSD", block->cost_nanousd);
	if (block->unpriced)
		json_member_int(w, "unpricedAnswers", block->unpriced);
	json_key(w, "models");
	json_open(w, '[');
	for (size_t i = 0; i < block->model_count; i++) {
		put_model_name(&text, look, &block->models[i]);
		json_put_str(w, buf_str(&text));
	}
	json_close(w, ']');
	put_rate(w, look, block);
	put_projection(w, look, block);
	put_limit(w, block, wish->token_limit);
	if (block->limit_resets_ms)
		usage_member_instant(w, "usageLimitResetTime", block->limit_resets_ms);
	json_close(w, '}');
}

/* ---- a table ---- */

void usage_put_span(struct buf *out, int64_t ms)
{
	int64_t minutes = (ms + MINUTE_MS / 2) / MINUTE_MS;

	if (minutes >= 24 * 60)
		buf_printf(out, "%lldd ", (long long)(minutes / (24 * 60)));
	if (minutes >= 60)
		buf_printf(out, "%lldh ", (long long)(minutes / 60 % 24));
	buf_printf(out, "%lldm", (long long)(minutes % 60));
}

void usage_put_block_state(
	struct buf *out, const struct usage_block_look *wish, const struct usage_block *block)
{
	if (block->is_gap) {
		usage_put_span(out, block->end_ms - block->start_ms);
		buf_put_text(out, " nothing");
	} else if (block->is_active) {
		buf_put_text(out, "active, ");
		usage_put_span(out, block->end_ms - wish->now_ms);
		buf_put_text(out, " left");
	} else {
		usage_put_span(out, block->last_ms - block->first_ms);
	}
}

void usage_put_block_reset(
	struct buf *out, const struct usage_look *look, const struct usage_block *block)
{
	const struct usage_zone *zone = look->view->zone;
	int64_t time_ms = block->limit_resets_ms;
	bool is_other_day = usage_zone_day(zone, time_ms) != usage_zone_day(zone, block->start_ms);

	buf_put_text(out, "resets ");
	usage_zone_put(zone, time_ms, is_other_day ? "%Y-%m-%d %H:%M" : "%H:%M", out);
}

static void put_percent(
	struct grid *g, int64_t tokens, int64_t limit, const struct usage_look *look)
{
	double used = percent(tokens, limit);
	AUTO(buf) text = {0};

	buf_printf(&text, "%.1f%%", used);
	grid_put_own(g, buf_str(&text),
		!look->has_colour     ? 0
		: used > 100          ? COLOUR_RED
		: used > WARN_PERCENT ? COLOUR_YELLOW
				      : 0);
}

static void put_cost(
	struct grid *g, const struct usage_look *look, int64_t nanousd, int64_t unpriced)
{
	AUTO(buf) text = {0};

	if (look->hides_cost)
		return;
	usage_put_cost(look, &text, nanousd, unpriced);
	grid_put_own(g, buf_str(&text), 0);
}

static void put_line(struct grid *g, const struct usage_look *look,
	const struct usage_block_look *wish, const struct usage_block *block)
{
	uint8_t style = block->is_gap ? STYLE_DIM : block->is_active ? STYLE_BOLD : 0;
	int64_t tokens = usage_tokens_total(&block->tokens);
	AUTO(buf) text = {0};
	AUTO(buf) name = {0};

	usage_zone_put(look->view->zone, block->start_ms,
		usage_is_narrow(look) ? "%m-%d %H:%M" : "%Y-%m-%d %H:%M", &text);
	grid_put_own(g, buf_str(&text), style);
	buf_clear(&text);
	usage_put_block_state(&text, wish, block);
	grid_put_own(g, buf_str(&text), style);
	buf_clear(&text);
	for (size_t i = 0; i < block->model_count; i++) {
		put_model_name(&name, look, &block->models[i]);
		buf_put_text(&text, i ? ", " : "");
		buf_put_str(&text, usage_short_model(buf_str(&name)));
	}
	grid_put(g, buf_str(&text), STYLE_DIM);
	if (block->is_gap) {
		for (size_t i = 3; i < g->column_count; i++)
			grid_put_own(g, STR("-"), style);
		return;
	}
	grid_put_count(g, tokens, style);
	if (wish->token_limit > 0)
		put_percent(g, tokens, wish->token_limit, look);
	put_cost(g, look, block->cost_nanousd, block->unpriced);
}

/* That the provider said so, and until when. */
static void put_reached(
	struct grid *g, const struct usage_look *look, const struct usage_block *block)
{
	AUTO(buf) text = {0};

	usage_put_block_reset(&text, look, block);
	grid_put_own(g, usage_is_narrow(look) ? STR("  limit") : STR("  limit reached"), STYLE_DIM);
	grid_put_own(g, buf_str(&text), STYLE_DIM);
	for (size_t i = 2; i < g->column_count; i++)
		grid_put_own(g, STR(""), 0);
}

/* What comes of the active block by its end, and what there is up to the limit. */
static void put_outlook(struct grid *g, const struct usage_look *look,
	const struct usage_block_look *wish, const struct usage_block *block)
{
	int64_t limit = wish->token_limit, tokens = usage_tokens_total(&block->tokens);
	bool is_narrow = usage_is_narrow(look);
	AUTO(buf) rate = {0};

	if (block->has_projection) {
		buf_put_count(&rate, (int64_t)block->tokens_per_minute);
		buf_put_text(&rate, " tokens a minute");
		grid_put_own(g, is_narrow ? STR("  by its end") : STR("  at this rate"), STYLE_DIM);
		grid_put_own(g, buf_str(&rate), STYLE_DIM);
		grid_put_own(g, STR(""), 0);
		grid_put_count(g, block->projected_tokens, 0);
		if (limit > 0)
			put_percent(g, block->projected_tokens, limit, look);
		put_cost(g, look, block->projected_nanousd, block->unpriced);
	}
	if (limit > 0) {
		grid_put_own(
			g, is_narrow ? STR("  to limit") : STR("  up to the limit"), STYLE_DIM);
		grid_put_own(g, STR(""), 0);
		grid_put_own(g, STR(""), 0);
		grid_put_count(g, tokens < limit ? limit - tokens : 0, 0);
		put_percent(g, tokens < limit ? limit - tokens : 0, limit, look);
		if (!look->hides_cost)
			grid_put_own(g, STR(""), 0);
	}
}

/* ---- all forms ---- */

struct listing {
	const struct usage_look *look;
	const struct usage_block_look *wish;
	const struct usage_blocks *blocks;
	void (*put)(void *self, const struct usage_block *block);
	void *self;
};

static void each_block(const struct listing *l)
{
	const struct usage_blocks *b = l->blocks;

	for (size_t i = 0; i < b->count; i++) {
		const struct usage_block *block = &b->list[l->wish->is_down ? b->count - 1 - i : i];
		if (usage_block_is_shown(block, l->wish))
			l->put(l->self, block);
	}
}

struct writing {
	const struct listing *listing;
	struct json_writer json;
	struct grid grid;
};

static void put_json(void *self, const struct usage_block *block)
{
	struct writing *w = self;

	put_block(&w->json, w->listing->look, w->listing->wish, block);
}

static void put_table(void *self, const struct usage_block *block)
{
	struct writing *w = self;

	put_line(&w->grid, w->listing->look, w->listing->wish, block);
	if (block->limit_resets_ms)
		put_reached(&w->grid, w->listing->look, block);
	if (block->is_active)
		put_outlook(&w->grid, w->listing->look, w->listing->wish, block);
}

static void put_csv(void *self, const struct usage_block *block)
{
	struct writing *w = self;
	const struct usage_look *look = w->listing->look;
	const struct usage_tokens *t = &block->tokens;

	if (block->is_gap)
		return;
	usage_put_instant(look->out, block->start_ms);
	buf_put_char(look->out, ',');
	usage_put_instant(look->out, block->end_ms);
	buf_put_char(look->out, ',');
	usage_put_instant(look->out, block->last_ms);
	buf_printf(look->out, ",%d,%lld,%lld,%lld,%lld,%lld,%lld,%lld", block->is_active,
		(long long)block->answers, (long long)t->input, (long long)t->output,
		(long long)t->cache_write_5m, (long long)t->cache_read, (long long)t->other,
		(long long)usage_tokens_total(t));
	struct usage_sum sum = {0};
	sum.cost_nanousd[look->mode] = block->cost_nanousd;
	sum.unpriced[look->mode] = block->unpriced;
	usage_put_csv_cost(look, &sum);
	buf_put_text(look->out, "\r\n");
}

static void show_json(struct listing *l, struct writing *w)
{
	AUTO(buf) json = {0};

	w->json = (struct json_writer){.buf = &json};
	l->put = put_json;
	json_open(&w->json, '{');
	json_key(&w->json, "blocks");
	json_open(&w->json, '[');
	each_block(l);
	json_close(&w->json, ']');
	usage_member_limits(&w->json, l->look, l->wish->now_ms);
	json_close(&w->json, '}');
	usage_put_document(l->look, &json);
}

static bool tells_none(const struct listing *l)
{
	const struct usage_block_look *wish = l->wish;

	if (!wish->is_only_active && wish->recent_ms == INT64_MIN)
		return false;
	for (size_t i = 0; i < l->blocks->count; i++)
		if (usage_block_is_shown(&l->blocks->list[i], wish))
			return false;
	usage_put_prose(l->look,
		wish->is_only_active ? STR("No active block.")
				     : STR("No block of the last three days."),
		0);
	return true;
}

static void show_table(struct listing *l, struct writing *w)
{
	struct grid_column columns[] = {{"Block", false, 0, true}, {"Time", false, 2, true},
		{"Models", false, 4}, {"Tokens", true, !l->look->hides_cost}, {"", true, 0},
		{"", true, 0}};
	size_t count = 4;

	if (l->wish->token_limit > 0)
		columns[count++] = (struct grid_column){"%", true, 3};
	if (!l->look->hides_cost)
		columns[count++] = (struct grid_column){"Cost", true, 0};
	w->grid = (struct grid){.columns = columns, .column_count = count};
	l->put = put_table;
	each_block(l);
	struct grid_look shape = usage_grid_look(l->look);
	grid_write(&w->grid, &shape, l->look->out);
	grid_release(&w->grid);
}

void usage_show_blocks(const struct usage_look *look, const struct usage_block_look *wish,
	const struct usage_blocks *blocks)
{
	struct writing w = {0};
	struct listing l = {.look = look, .wish = wish, .blocks = blocks, .self = &w};

	w.listing = &l;
	if ((look->form == USAGE_CHART || look->form == USAGE_TABLE) && tells_none(&l)) {
		/* That is all there is to say of blocks. */
	} else if (look->form == USAGE_CHART) {
		usage_chart_blocks(look, wish, blocks);
	} else if (look->form == USAGE_JSON) {
		show_json(&l, &w);
	} else if (look->form == USAGE_TABLE) {
		show_table(&l, &w);
	} else {
		buf_printf(look->out,
			"start,end,last,is_active,answers,input,output,cache_write,"
			"cache_read,other,total%s\r\n",
			look->hides_cost ? "" : ",cost_usd,unpriced_answers");
		l.put = put_csv;
		each_block(&l);
	}
	if (look->form == USAGE_CHART || look->form == USAGE_TABLE)
		usage_put_limits(look, wish->now_ms, "Reported limits (blocks are estimates)");
}
