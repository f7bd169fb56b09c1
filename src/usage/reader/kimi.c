// SPDX-License-Identifier: MIT
/*
 * kimi: Kimi CLI, and Kimi Code that came after it. sessions/DIRECTORY/SESSION/wire.jsonl of the
 * one has, for each step, a StatusUpdate with payload.token_usage, wrapped in a SubagentEvent where
 * it is an agent's, and names no model. sessions/DIRECTORY/SESSION/agents/AGENT/wire.jsonl of the
 * other has a usage.record for each call; its scope "session" is that of calls outside of turns.
 */
#include <stdio.h>

#include "base/json.h"
#include "usage/reader/parts.h"

extern const struct usage_reader usage_reader_kimi;

enum { ID_BYTES = 320, ID_TEXT_BYTES = 80, AGENTS_MAX = 8 };

struct kimi_call {
	struct str usage, time, id, model;
	bool is_agent;
};

static bool read_usage(struct usage_file *file, struct str usage, struct usage_tokens *t)
{
	static const struct str names[] = {STR("input_other"), STR("inputOther"), STR("output"),
		STR("input_cache_creation"), STR("inputCacheCreation"), STR("input_cache_read"),
		STR("inputCacheRead"), STR("total")};
	struct str v[8];
	bool is_known = false;

	json_pick(usage, names, 8, v);
	for (int i = 0; i < 8; i++)
		is_known = is_known || usage_json_is_count(v[i]);
	t->input = usage_json_count(v[0].p ? v[0] : v[1]);
	t->output = usage_json_count(v[2]);
	t->cache_write_5m = usage_json_count(v[3].p ? v[3] : v[4]);
	t->cache_read = usage_json_count(v[5].p ? v[5] : v[6]);
	parts_fill_total(file, t, usage_json_count(v[7]));
	return is_known;
}

/* The StatusUpdate's payload that the message is, or wraps; absent for other kinds. */
static struct str status_payload(struct usage_file *file, struct str message, bool *is_agent)
{
	for (int depth = 0; depth < AGENTS_MAX; depth++) {
		struct str payload = json_get(message, "payload");
		struct str type = json_get(message, "type");
		if (json_text_is(type, "StatusUpdate"))
			return payload;
		if (!json_text_is(type, "SubagentEvent") || file->is_compat)
			break;
		*is_agent = true;
		message = json_get(payload, "event");
	}
	return (struct str){0};
}

static struct kimi_call read_status(struct usage_file *file, struct str whole)
{
	struct kimi_call call = {.time = json_get(whole, "timestamp")};
	struct str payload = status_payload(file, json_get(whole, "message"), &call.is_agent);

	call.usage = json_get(payload, "token_usage");
	call.id = json_text(json_get(payload, "message_id"), file->arena);
	return call;
}

static struct kimi_call read_record(struct usage_file *file, struct str whole)
{
	struct kimi_call call = {.time = json_get(whole, "time"),
		.model = json_text(json_get(whole, "model"), file->arena)};

	if (file->is_compat && !json_text_is(json_get(whole, "usageScope"), "turn"))
		return call;
	call.usage = json_get(whole, "usage");
	if (str_starts(call.model, STR("kimi-code/")))
		call.model = str_skip(call.model, STR("kimi-code/").n);
	return call;
}

static void set_agent(struct usage_record *r, struct str agent)
{
	r->flags |= USAGE_SIDECHAIN;
	r->agent = agent;
}

/* DIRECTORY/SESSION/wire.jsonl, .../subagents/AGENT/wire.jsonl, .../agents/AGENT/wire.jsonl */
static void set_session(struct usage_file *file, struct usage_record *r)
{
	struct str rest = file->below, part;

	if (str_starts(rest, STR("sessions/")))
		rest = str_skip(rest, STR("sessions/").n);
	if (str_split(&rest, '/', &part) && rest.p)
		r->project = part;
	if (rest.p && str_split(&rest, '/', &part) && rest.p)
		r->session = part;
	if (str_starts(rest, STR("subagents/")))
		set_agent(r, STR("agent"));
	else if (str_starts(rest, STR("agents/")) && !str_starts(rest, STR("agents/main/"))) {
		rest = str_skip(rest, STR("agents/").n);
		if (str_split(&rest, '/', &part) && part.n > 0)
			set_agent(r, part);
	}
}

/*
 * A message is told once; a call without a name is known by its time, also in a copied session.
 * ccusage counts a message for each time it is told at.
 */
static struct str make_id(struct usage_file *file, char id[ID_BYTES], struct str message,
	const struct usage_record *r)
{
	const struct usage_tokens *t = &r->tokens;
	struct str where = file->is_compat ? r->session : r->agent;

	if (message.n > 0 && !file->is_compat)
		return message;
	int n = snprintf(id, ID_BYTES, "%.*s:%lld:%lld/%lld/%lld/%lld:%.*s",
		STR_ARG(str_head(where, ID_TEXT_BYTES)), (long long)r->time_ms, (long long)t->input,
		(long long)t->output, (long long)t->cache_write_5m, (long long)t->cache_read,
		STR_ARG(str_head(message, ID_TEXT_BYTES)));
	return (struct str){id, (size_t)n};
}

static void take(struct usage_file *file, const struct kimi_call *call)
{
	struct usage_record r = USAGE_RECORD_NONE;
	char id[ID_BYTES];

	if (!read_usage(file, call->usage, &r.tokens)) {
		usage_complain(file, "usage without a number");
		return;
	}
	if (!usage_json_time(call->time, &r.time_ms)) {
		usage_complain(file, "usage without a time");
		return;
	}
	if (usage_tokens_total(&r.tokens) == 0)
		return;
	r.model = call->model;
	if (r.model.n == 0) {
		r.model = STR("kimi-for-coding");
		r.flags = USAGE_GUESSED_MODEL;
	}
	if (call->is_agent)
		set_agent(&r, STR("agent"));
	set_session(file, &r);
	r.id = make_id(file, id, call->id, &r);
	usage_take(file, &r);
}

static void line(struct usage_file *file, struct str whole)
{
	if (!usage_line_is_whole(file, whole))
		return;
	bool is_record = json_text_is(json_get(whole, "type"), "usage.record");
	struct kimi_call call = is_record ? read_record(file, whole) : read_status(file, whole);
	if (json_type(call.usage) == JSON_OBJECT)
		take(file, &call);
}

static void places(struct usage_places *places)
{
	if (usage_places_variable(places, "KIMI_DATA_DIR", "", 0))
		return;
	if (!usage_places_variable(places, "KIMI_SHARE_DIR", "", 0))
		usage_places_add(places, "~/.kimi", 0);
	if (!usage_places_variable(places, "KIMI_CODE_HOME", "", 0))
		usage_places_add(places, "~/.kimi-code", 0);
}

static bool wants(struct str below, unsigned)
{
	return str_starts(below, STR("sessions/")) && str_ends(below, STR("/wire.jsonl"));
}

const struct usage_reader usage_reader_kimi = {
	.name = "kimi",
	.title = "Kimi",
	.provider = "moonshotai",
	.places = places,
	.wants = wants,
	.line = line,
	.needles = {STR("\"token_usage\""), STR("\"usage.record\"")},
};
