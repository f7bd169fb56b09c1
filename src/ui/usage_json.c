// SPDX-License-Identifier: MIT
/*
 * usage_json: where ccusage has the same report, what it has is called the same and stands at the
 * same place; docs/usage.md lists what there is besides.
 */
#include <stdlib.h>

#include "ui/usage_inside.h"
#include "usage/zone.h"

void usage_member_usd(struct json_writer *w, const char *name, int64_t nanousd)
{
	AUTO(buf) number = {0};

	usage_put_usd(&number, nanousd);
	json_key(w, name);
	json_put_raw(w, buf_str(&number));
}

void usage_member_instant(struct json_writer *w, const char *name, int64_t time_ms)
{
	AUTO(buf) text = {0};

	usage_put_instant(&text, time_ms);
	json_member_str(w, name, buf_str(&text));
}

void usage_put_document(const struct usage_look *look, const struct buf *json)
{
	AUTO(buf) visible = {0};

	json_put_visible(&visible, buf_str(json));
	json_put_pretty(look->out, buf_str(&visible));
	buf_put_char(look->out, '\n');
}

void usage_put_token_members(struct json_writer *w, const struct usage_tokens *t)
{
	json_member_int(w, "inputTokens", t->input);
	json_member_int(w, "outputTokens", t->output);
	json_member_int(w, "cacheCreationTokens", usage_writes(t));
	json_member_int(w, "cacheReadTokens", t->cache_read);
}

static void put_extra_tokens(struct json_writer *w, const struct usage_tokens *t)
{
	if (t->cache_write_1h)
		json_member_int(w, "cacheCreation1hTokens", t->cache_write_1h);
	if (t->reasoning)
		json_member_int(w, "reasoningTokens", t->reasoning);
	if (t->other)
		json_member_int(w, "otherTokens", t->other);
	if (t->web_searches)
		json_member_int(w, "webSearches", t->web_searches);
}

void usage_put_sum_members(
	struct json_writer *w, const struct usage_look *look, const struct usage_sum *sum)
{
	usage_put_token_members(w, &sum->tokens);
	json_member_int(w, "totalTokens", usage_tokens_total(&sum->tokens));
	if (!look->hides_cost)
		usage_member_usd(w, "totalCost", sum->cost_nanousd[look->mode]);
	json_member_int(w, "answers", sum->answers);
	put_extra_tokens(w, &sum->tokens);
	if (sum->unpriced[look->mode])
		json_member_int(w, "unpricedAnswers", sum->unpriced[look->mode]);
}

static void put_part(
	struct json_writer *w, const struct usage_look *look, const struct usage_part *part)
{
	AUTO(buf) name = {0};

	usage_put_model(&name, look->view, part);
	json_open(w, '{');
	json_member_str(w, "modelName", buf_str(&name));
	usage_put_token_members(w, &part->sum.tokens);
	put_extra_tokens(w, &part->sum.tokens);
	if (!look->hides_cost)
		usage_member_usd(w, "cost", part->sum.cost_nanousd[look->mode]);
	if (part->sum.unpriced[look->mode])
		json_member_bool(w, "missingPricing", true);
	json_close(w, '}');
}

struct named {
	struct str name;
};

static int compare_names(const void *a, const void *b)
{
	return str_cmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

static void put_models(struct json_writer *w, const struct usage_look *look, const char *key,
	const struct usage_row *row, bool is_unpriced)
{
	AUTO(arena) arena = {0};
	struct named *names = arena_alloc(&arena, row->part_count, sizeof *names);
	size_t count = 0;

	for (size_t i = 0; i < row->part_count; i++) {
		const struct usage_part *part = &row->parts[i];
		AUTO(buf) name = {0};
		if (!usage_part_counts(look, part) ||
			(is_unpriced && !part->sum.unpriced[look->mode]))
			continue;
		usage_put_model(&name, look->view, part);
		names[count++].name = arena_copy(&arena, buf_str(&name));
	}
	qsort(names, count, sizeof *names, compare_names);
	json_key(w, key);
	json_open(w, '[');
	for (size_t i = 0; i < count; i++)
		json_put_str(w, names[i].name);
	json_close(w, ']');
}

static void put_unpriced(
	struct json_writer *w, const struct usage_look *look, const struct usage_row *row)
{
	if (row->sum.unpriced[look->mode])
		put_models(w, look, "unpricedModels", row, true);
}

void usage_put_part_members(
	struct json_writer *w, const struct usage_look *look, const struct usage_row *row)
{
	put_models(w, look, "modelsUsed", row, false);
	json_key(w, "modelBreakdowns");
	json_open(w, '[');
	for (size_t i = 0; i < row->part_count; i++)
		if (usage_part_counts(look, &row->parts[i]))
			put_part(w, look, &row->parts[i]);
	json_close(w, ']');
	put_unpriced(w, look, row);
}

/* ---- what a row is of ---- */

static void put_sources(
	struct json_writer *w, const struct usage_look *look, const struct usage_row *row)
{
	json_member_text(w, "agent", "all");
	json_key(w, "metadata");
	json_open(w, '{');
	json_key(w, "agents");
	json_open(w, '[');
	for (size_t i = 0; i < row->source_count; i++)
		json_put_str(w, usage_name(look->view, row->sources[i]));
	json_close(w, ']');
	json_close(w, '}');
}

static const char *const own_keys[USAGE_BY_COUNT] = {
	[USAGE_BY_DAY] = "date",
	[USAGE_BY_WEEK] = "week",
	[USAGE_BY_MONTH] = "month",
};

struct writing {
	struct json_writer json;
	const struct usage_look *look;
	const struct usage_query *query;
	struct usage_rollouts rollouts;
	struct usage_rows by_agent; /* rows of each assistant by itself; none where nobody asks */
};

static bool is_part_of(
	const struct usage_query *query, const struct usage_row *part, const struct usage_row *row)
{
	return part->day == row->day && part->name == row->name && part->is_fast == row->is_fast &&
	       (!query->is_by_project || part->project == row->project);
}

static void put_agents(struct writing *writing, const struct usage_row *row)
{
	struct json_writer *w = &writing->json;
	const struct usage_look *look = writing->look;

	json_key(w, "agents");
	json_open(w, '[');
	for (size_t i = 0; i < writing->by_agent.count; i++) {
		const struct usage_row *part = &writing->by_agent.list[i];
		if (!is_part_of(writing->query, part, row))
			continue;
		json_open(w, '{');
		json_member_str(w, "agent", usage_name(look->view, part->source));
		usage_put_sum_members(w, look, &part->sum);
		usage_put_part_members(w, look, part);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_row(struct writing *writing, const struct usage_row *row)
{
	struct json_writer *w = &writing->json;
	const struct usage_look *look = writing->look;
	const struct usage_query *query = writing->query;
	AUTO(buf) key = {0};
	const char *own = look->only ? own_keys[query->by] : NULL;

	json_open(w, '{');
	if (query->by == USAGE_BY_SESSION) {
		usage_put_session_members(w, look, &writing->rollouts, row);
	} else {
		usage_put_key(&key, look, query, row);
		json_member_str(w, own ? own : "period", buf_str(&key));
		if (!look->only)
			put_sources(w, look, row);
		if (look->has_agents)
			put_agents(writing, row);
	}
	if (query->is_by_project)
		json_member_str(w, "project", usage_name(look->view, row->project));
	if (!usage_by_is_period(query->by) && query->by != USAGE_BY_SESSION) {
		usage_member_instant(w, "firstActivity", row->first_ms);
		usage_member_instant(w, "lastActivity", row->last_ms);
	}
	usage_put_sum_members(w, look, &row->sum);
	if (query->by == USAGE_BY_SOURCE && !look->only)
		usage_member_credits(w, &row->sum);
	usage_put_own_members(w, look, &row->sum, false);
	usage_put_part_members(w, look, row);
	usage_put_codex_models(w, look, row);
	json_close(w, '}');
}

/* Rows of a project lie side by side. */
static void put_projects(struct writing *writing, const struct usage_rows *rows)
{
	struct json_writer *w = &writing->json;
	const struct usage_look *look = writing->look;

	json_key(w, "projects");
	json_open(w, '{');
	for (size_t i = 0; i < rows->count; i++) {
		const struct usage_row *row = &rows->list[i];
		bool is_first = i == 0 || row[-1].project != row->project;
		bool is_last = i + 1 == rows->count || row[1].project != row->project;
		if (is_first) {
			json_key_str(w, usage_name(look->view, row->project));
			json_open(w, '[');
		}
		put_row(writing, row);
		if (is_last)
			json_close(w, ']');
	}
	json_close(w, '}');
}

static void put_list(struct writing *writing, const struct usage_rows *rows)
{
	const struct usage_look *look = writing->look;
	bool are_own_sessions = look->only && writing->query->by == USAGE_BY_SESSION;

	json_key(&writing->json, are_own_sessions ? "sessions" : look->report);
	json_open(&writing->json, '[');
	for (size_t i = 0; i < rows->count; i++)
		put_row(writing, &rows->list[i]);
	json_close(&writing->json, ']');
}

static void put_totals(struct writing *writing, const struct usage_rows *rows)
{
	struct json_writer *w = &writing->json;

	json_key(w, "totals");
	json_open(w, '{');
	usage_put_sum_members(w, writing->look, &rows->total.sum);
	usage_put_own_members(w, writing->look, &rows->total.sum, true);
	put_unpriced(w, writing->look, &rows->total);
	json_close(w, '}');
}

/* Of a session there is one assistant. */
static void find_parts(struct writing *w)
{
	struct usage_query query = *w->query;

	query.is_by_source = true;
	query.order = USAGE_ORDER_USUAL;
	query.limit = 0;
	if (w->look->has_agents && query.by != USAGE_BY_SESSION)
		usage_group(w->look->view, &query, &w->by_agent);
	if (query.by == USAGE_BY_SESSION)
		usage_rollouts_find(&w->rollouts, w->look);
}

static void put_section(struct writing *w, const struct usage_section *section)
{
	struct usage_look look = *w->look;
	struct writing own = {.json = w->json, .look = &look, .query = &section->query};

	look.report = section->report;
	look.view = section->view;
	find_parts(&own);
	if (section->query.is_by_project && section->rows.count)
		put_projects(&own, &section->rows);
	else
		put_list(&own, &section->rows);
	w->json = own.json;
	usage_rows_release(&own.by_agent);
	usage_rollouts_release(&own.rollouts);
}

void usage_member_days(
	struct json_writer *w, const struct usage_look *look, const struct usage_section *days)
{
	struct writing own = {.json = *w, .look = look, .query = &days->query};

	put_section(&own, days);
	put_totals(&own, &days->rows);
	*w = own.json;
}

void usage_json_sections(
	const struct usage_look *look, const struct usage_section *sections, size_t count)
{
	AUTO(buf) json = {0};
	struct writing w = {.json = {.buf = &json}, .look = look};

	json_open(&w.json, '{');
	for (size_t i = 0; i < count; i++)
		put_section(&w, &sections[i]);
	put_totals(&w, &sections[0].rows);
	json_close(&w.json, '}');
	usage_put_document(look, &json);
}

void usage_json_rows(const struct usage_look *look, const struct usage_query *query,
	const struct usage_rows *rows)
{
	struct usage_section section = {
		.report = look->report, .view = look->view, .query = *query, .rows = *rows};

	usage_json_sections(look, &section, 1);
}
