// SPDX-License-Identifier: MIT
/*
 * fettle: our own ledger, a line for each model call; the door of it has the format. Lines are of
 * calls that are not told twice, so they have no id.
 */
#include "base/json.h"
#include "base/xdg.h"
#include "usage/reader.h"

extern const struct usage_reader usage_reader_fettle;

enum {
	TIME,
	RUN,
	SESSION,
	KIND,
	PROVIDER,
	MODEL,
	INPUT,
	OUTPUT,
	CACHE_READ,
	CACHE_WRITE,
	CACHE_WRITE_1H,
	REASONING,
	COST,
	ESTIMATE,
	PROJECT,
	BRANCH,
	MEMBERS
};

static const struct str members[MEMBERS] = {[TIME] = STR("time_ms"),
	[RUN] = STR("run_id"),
	[SESSION] = STR("session_id"),
	[KIND] = STR("kind"),
	[PROVIDER] = STR("provider"),
	[MODEL] = STR("model"),
	[INPUT] = STR("input"),
	[OUTPUT] = STR("output"),
	[CACHE_READ] = STR("cache_read"),
	[CACHE_WRITE] = STR("cache_write"),
	[CACHE_WRITE_1H] = STR("cache_write_1h"),
	[REASONING] = STR("reasoning"),
	[COST] = STR("cost_nanousd"),
	[ESTIMATE] = STR("estimated_nanousd"),
	[PROJECT] = STR("project"),
	[BRANCH] = STR("branch")};

static struct usage_tokens read_tokens(const struct str *v)
{
	int64_t written = usage_json_count(v[CACHE_WRITE]);
	int64_t written_1h = usage_json_count(v[CACHE_WRITE_1H]);
	int64_t output = usage_json_count(v[OUTPUT]), reasoning = usage_json_count(v[REASONING]);

	written_1h = written_1h < written ? written_1h : written;
	return (struct usage_tokens){.input = usage_json_count(v[INPUT]),
		.output = output,
		.cache_write_5m = written - written_1h,
		.cache_write_1h = written_1h,
		.cache_read = usage_json_count(v[CACHE_READ]),
		.reasoning = reasoning < output ? reasoning : output};
}

/* What is estimated was counted by budgets, so it is here. -1: nothing is told. */
static int64_t read_cost(const struct str *v)
{
	int64_t cost = json_int_or(v[COST], -1);

	if (cost < 0)
		cost = json_int_or(v[ESTIMATE], -1);
	return cost >= 0 ? cost : -1;
}

static void line(struct usage_file *file, struct str whole)
{
	struct usage_record r = USAGE_RECORD_NONE;
	struct str v[MEMBERS];

	if (!usage_line_is_whole(file, whole))
		return;
	json_pick(whole, members, MEMBERS, v);
	r.time_ms = json_int_or(v[TIME], -1);
	if (r.time_ms < 0) {
		usage_complain(file, "a call without a time");
		return;
	}
	r.tokens = read_tokens(v);
	r.cost_reported_nanousd = read_cost(v);
	/* A call that failed, or was answered by a cache. */
	if (usage_tokens_total(&r.tokens) == 0 && r.cost_reported_nanousd <= 0)
		return;
	r.session = json_text(v[SESSION].p ? v[SESSION] : v[RUN], file->arena);
	r.project = json_text(v[PROJECT], file->arena);
	r.branch = json_text(v[BRANCH], file->arena);
	r.provider = json_text(v[PROVIDER], file->arena);
	r.model = json_text(v[MODEL], file->arena);
	if (json_text_is(v[KIND], "batch"))
		r.flags |= USAGE_BATCH;
	usage_take(file, &r);
}

static void places(struct usage_places *places)
{
	const char *path = xdg_directory(XDG_STATE, "ledger", places->environment, places->arena);

	if (path)
		usage_places_add(places, path, 0);
}

/* "2026-11.jsonl" */
static bool wants(struct str below, unsigned)
{
	return str_ends(below, STR(".jsonl")) && !str_contains(below, STR("/"));
}

const struct usage_reader usage_reader_fettle = {
	.name = "fettle",
	.title = "fettle",
	.places = places,
	.wants = wants,
	.line = line,
	.needles = {STR("\"time_ms\"")},
};
