// SPDX-License-Identifier: MIT
/* usage: reports whose rows are sums of cells, and of blocks and tools. */
#include <string.h>

#include "base/json.h"
#include "cmd/usage.h"
#include "usage/block.h"
#include "usage/tool.h"

int usage_run_rows(struct usage_run *u, struct err *)
{
	struct usage_rows rows;

	usage_group(u->view, &u->query, &rows);
	usage_show_rows(&u->look, &u->query, &rows);
	usage_run_tell_unpriced(u, &rows.total);
	usage_rows_release(&rows);
	return EXIT_DONE;
}

int usage_run_tools(struct usage_run *u, struct err *e)
{
	struct usage_tools counted;

	if (!usage_tools_count(u->view, &u->query, &counted, e))
		return EXIT_TASK_FAILED;
	usage_show_tools(&u->look, &counted);
	usage_tools_release(&counted);
	return EXIT_DONE;
}

/* ---- blocks ---- */

enum { HOURS_MAX = 1000, HOUR_MS = 3'600'000, RECENT_HOURS = 72 };

struct gathering {
	struct usage_run *run;
	struct usage_sieve sieve;
	VEC(struct usage_moment) moments;
};

static bool gather(void *self, const struct usage_entry *entry)
{
	struct gathering *g = self;

	if (usage_sieve_passes(&g->sieve, entry->project, entry->model, entry->provider))
		vec_push(&g->moments, usage_moment_of(entry, g->run->query.mode));
	return true;
}

static bool read_length(const struct usage_run *u, int64_t *length_ms, struct err *e)
{
	const char *word = options_value(u->given, "length");
	double hours = USAGE_BLOCK_HOURS;

	if (word && (!json_double(str_from(word), &hours) || !(hours > 0) || hours > HOURS_MAX))
		return err_set(e, ERR_USAGE,
			"option --length: %s is no number of hours above 0, up to %d", word,
			HOURS_MAX);
	*length_ms = (int64_t)(hours * HOUR_MS);
	return *length_ms > 0 || err_set(e, ERR_USAGE, "option --length: too short");
}

bool usage_run_make_blocks(struct usage_run *u, struct usage_blocks *out, struct err *e)
{
	struct gathering g = {.run = u};
	struct usage_block_rules rules = {
		.now_ms = u->now_ms, .span_ms = u->wish.is_compat ? 0 : USAGE_BLOCK_SPAN_MS};
	AUTO(arena) arena = {0};
	int64_t since, until;

	if (!read_length(u, &rules.length_ms, e))
		return false;
	usage_run_span(u, &since, &until);
	usage_sieve_begin(&g.sieve, u->view, &u->query.filter, &arena);
	bool is_whole = usage_each(u->view, since, until, gather, &g, e);
	if (is_whole)
		usage_blocks_make(g.moments.p, g.moments.n, &rules, out);
	vec_release(&g.moments);
	return is_whole;
}

static bool read_limit(
	const struct usage_run *u, const struct usage_blocks *blocks, int64_t *limit, struct err *e)
{
	const char *word = options_value(u->given, "token-limit");

	*limit = 0;
	if (word && strcmp(word, "max") == 0)
		*limit = blocks->largest;
	else
		return options_int(u->given, "token-limit", 1, 0, limit, e);
	return true;
}

int usage_run_blocks(struct usage_run *u, struct err *e)
{
	struct usage_blocks blocks;
	struct usage_block_look look = {.now_ms = u->now_ms,
		.since_ms = INT64_MIN,
		.is_only_active = options_has(u->given, "active"),
		.is_down = u->query.order == USAGE_ORDER_DOWN};

	if (!usage_run_make_blocks(u, &blocks, e))
		return e->code == ERR_USAGE ? EXIT_USAGE : EXIT_TASK_FAILED;
	if (options_has(u->given, "recent"))
		look.since_ms = u->now_ms - (int64_t)RECENT_HOURS * HOUR_MS;
	bool is_right = read_limit(u, &blocks, &look.token_limit, e);
	if (is_right)
		usage_show_blocks(&u->look, &look, &blocks);
	usage_blocks_release(&blocks);
	return is_right ? EXIT_DONE : EXIT_USAGE;
}
