// SPDX-License-Identifier: MIT
/* usage check: for scripts and hooks: whether more was used in a period than may be. */
#include <string.h>

#include "base/json.h"
#include "base/money.h"
#include "cmd/usage.h"

enum period { PER_DAY, PER_WEEK, PER_MONTH, PER_BLOCK, PER_CHOICE };

static const struct {
	const char *word, *shown;
	enum usage_by by;
} periods[] = {
	[PER_DAY] = {"day", "today", USAGE_BY_DAY},
	[PER_WEEK] = {"week", "this week", USAGE_BY_WEEK},
	[PER_MONTH] = {"month", "this month", USAGE_BY_MONTH},
	[PER_BLOCK] = {"block", "this block", USAGE_BY_DAY},
	[PER_CHOICE] = {"days", NULL, USAGE_BY_DAY}, /* of --since, --until, --last */
};

struct budget {
	enum period period;
	int64_t max_nanousd, max_tokens; /* -1 none */
	int64_t nanousd, unpriced, tokens; /* there are */
	const struct usage_filter *days; /* of PER_CHOICE */
};

static bool read_period(const struct usage_run *u, struct budget *b, struct err *e)
{
	const char *word = options_value(u->given, "per");
	const struct usage_filter *f = &u->query.filter;

	b->days = f;
	if (f->since != INT32_MIN || f->until != INT32_MAX) {
		b->period = PER_CHOICE;
		return !word ||
		       err_set(e, ERR_USAGE, "--per goes with none of --since, --until and --last");
	}
	for (size_t i = 0; i < PER_CHOICE; i++)
		if (strcmp(word ? word : "day", periods[i].word) == 0) {
			b->period = (enum period)i;
			return true;
		}
	return err_set(e, ERR_USAGE, "option --per: %s is none of day, week, month, block", word);
}

static bool read_budget(const struct usage_run *u, struct budget *b, struct err *e)
{
	const char *cost = options_value(u->given, "max-cost");

	*b = (struct budget){.max_nanousd = -1, .max_tokens = -1};
	if (cost && !money_parse(str_from(cost), &b->max_nanousd, e))
		return err_context(e, "option --max-cost");
	if (!options_int(u->given, "max-tokens", 0, -1, &b->max_tokens, e) || !read_period(u, b, e))
		return false;
	if (b->max_nanousd < 0 && b->max_tokens < 0)
		return err_set(e, ERR_USAGE, "usage check needs --max-cost USD or --max-tokens N");
	return true;
}

static bool count_block(struct usage_run *u, struct budget *b, struct err *e)
{
	struct usage_blocks blocks;

	if (!usage_run_make_blocks(u, usage_run_active_from(u), &blocks, e))
		return false;
	for (size_t i = 0; i < blocks.count; i++) {
		const struct usage_block *block = &blocks.list[i];
		if (!block->is_active)
			continue;
		b->nanousd = block->cost_nanousd;
		b->unpriced = block->unpriced;
		b->tokens = usage_tokens_total(&block->tokens);
	}
	usage_blocks_release(&blocks);
	return true;
}

static void count_period(struct usage_run *u, struct budget *b)
{
	struct usage_query query = u->query;
	struct usage_rows rows;

	query.by = periods[b->period].by;
	if (b->period != PER_CHOICE) {
		query.filter.since = usage_period_start(query.by, u->today, query.first_weekday);
		query.filter.until = u->today;
	}
	usage_group(u->view, &query, &rows);
	b->nanousd = rows.total.sum.cost_nanousd[query.mode];
	b->unpriced = rows.total.sum.unpriced[query.mode];
	b->tokens = usage_tokens_total(&rows.total.sum.tokens);
	usage_rows_release(&rows);
}

static bool is_over(const struct budget *b)
{
	return (b->max_nanousd >= 0 && b->nanousd > b->max_nanousd) ||
	       (b->max_tokens >= 0 && b->tokens > b->max_tokens);
}

static void put_period(const struct budget *b, struct buf *out)
{
	const struct usage_filter *days = b->days;

	if (b->period != PER_CHOICE) {
		buf_put_text(out, periods[b->period].shown);
		return;
	}
	if (days->since != INT32_MIN) {
		buf_put_text(out, days->until == INT32_MAX ? "since " : "");
		day_put(days->since, out);
	}
	if (days->until != INT32_MAX) {
		buf_put_text(out, days->since == INT32_MIN ? "until " : " to ");
		day_put(days->until, out);
	}
}

static void put_words(const struct usage_run *u, const struct budget *b, struct buf *out)
{
	buf_printf(out, "%s: ", is_over(b) ? "over" : "ok");
	put_period(b, out);
	if (b->max_nanousd >= 0) {
		buf_put_char(out, ' ');
		usage_put_cost(&u->look, out, b->nanousd, b->unpriced);
		buf_put_text(out, " of ");
		usage_put_cost(&u->look, out, b->max_nanousd, 0);
	}
	if (b->max_tokens >= 0) {
		buf_put_text(out, b->max_nanousd >= 0 ? ", " : " ");
		buf_put_count(out, b->tokens);
		buf_put_text(out, " of ");
		buf_put_count(out, b->max_tokens);
		buf_put_text(out, " tokens");
	}
	if (b->max_nanousd >= 0 && b->unpriced) {
		buf_put_text(out, "; the cost of ");
		buf_put_count(out, b->unpriced);
		buf_put_text(out, b->unpriced == 1 ? " answer is unknown" : " answers is unknown");
	}
}

static void put_line(const struct usage_run *u, const struct budget *b)
{
	AUTO(buf) words = {0};

	put_words(u, b, &words);
	usage_put_prose(&u->look, buf_str(&words), 2);
}

static void member_usd(struct json_writer *w, const char *name, int64_t nanousd)
{
	AUTO(buf) number = {0};

	usage_put_usd(&number, nanousd);
	json_key(w, name);
	json_put_raw(w, buf_str(&number));
}

static void member_day(struct json_writer *w, const char *name, int32_t day)
{
	AUTO(buf) text = {0};

	day_put(day, &text);
	json_member_str(w, name, buf_str(&text));
}

static void put_json(const struct budget *b, struct buf *out)
{
	struct json_writer w = {.buf = out};

	json_open(&w, '{');
	json_member_text(&w, "period", periods[b->period].word);
	if (b->days->since != INT32_MIN)
		member_day(&w, "since", b->days->since);
	if (b->days->until != INT32_MAX)
		member_day(&w, "until", b->days->until);
	json_member_bool(&w, "isOver", is_over(b));
	member_usd(&w, "totalCost", b->nanousd);
	json_member_int(&w, "unpricedAnswers", b->unpriced);
	json_member_int(&w, "totalTokens", b->tokens);
	if (b->max_nanousd >= 0)
		member_usd(&w, "maxCost", b->max_nanousd);
	if (b->max_tokens >= 0)
		json_member_int(&w, "maxTokens", b->max_tokens);
	json_close(&w, '}');
	buf_put_char(out, '\n');
}

int usage_run_check(struct usage_run *u, struct err *e)
{
	struct budget b;

	if (!read_budget(u, &b, e))
		return EXIT_USAGE;
	if (b.period == PER_BLOCK && u->wish.sources.n == 0)
		u->wish.sources = STR("claude");
	if (!usage_run_open(u, e))
		return EXIT_TASK_FAILED;
	if (b.period != PER_BLOCK)
		count_period(u, &b);
	else if (!count_block(u, &b, e))
		return e->code == ERR_USAGE ? EXIT_USAGE : EXIT_TASK_FAILED;
	if (u->look.form == USAGE_JSON)
		put_json(&b, &u->out);
	else
		put_line(u, &b);
	return is_over(&b) ? EXIT_LIMIT : EXIT_DONE;
}
