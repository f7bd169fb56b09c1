// SPDX-License-Identifier: MIT
/*
 * kimi: Kimi CLI. sessions/HASH/SESSION/wire.jsonl has, for each step, a StatusUpdate with the
 * step's payload.token_usage; one of an agent is wrapped in a SubagentEvent. The model is named
 * nowhere, the directory only by a hash.
 */
#include <stdio.h>

#include "base/json.h"
#include "usage/reader.h"

extern const struct usage_reader usage_reader_kimi;

enum { ID_BYTES = 320, ID_TEXT_BYTES = 80, AGENTS_MAX = 8 };

static bool read_usage(struct str usage, struct usage_tokens *t)
{
	static const struct str names[] = {STR("input_other"), STR("output"),
		STR("input_cache_creation"), STR("input_cache_read"), STR("total")};
	struct str v[5];
	bool is_known = false;

	json_pick(usage, names, 5, v);
	for (int i = 0; i < 5; i++)
		is_known = is_known || usage_json_is_count(v[i]);
	t->input = usage_json_count(v[0]);
	t->output = usage_json_count(v[1]);
	t->cache_write_5m = usage_json_count(v[2]);
	t->cache_read = usage_json_count(v[3]);
	usage_fill_total(t, usage_json_count(v[4]));
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

/* HASH/SESSION/wire.jsonl, HASH/SESSION/subagents/AGENT/wire.jsonl */
static void set_session(struct usage_file *file, struct usage_record *r)
{
	struct str rest = file->below, part;

	if (str_starts(rest, STR("sessions/")))
		rest = str_skip(rest, STR("sessions/").n);
	if (str_split(&rest, '/', &part) && rest.p)
		r->project = part;
	if (rest.p && str_split(&rest, '/', &part) && rest.p)
		r->session = part;
	if (str_starts(rest, STR("subagents/"))) {
		r->flags |= USAGE_SIDECHAIN;
		r->agent = STR("agent");
	}
}

/* ccusage counts one message once for each time that is told. */
static struct str make_id(struct usage_file *file, char id[ID_BYTES], struct str message,
	const struct usage_record *r)
{
	const struct usage_tokens *t = &r->tokens;

	if (message.n > 0 && !file->is_compat)
		return message;
	int n = snprintf(id, ID_BYTES, "%.*s:%lld:%lld/%lld/%lld/%lld:%.*s",
		STR_ARG(str_head(r->session, ID_TEXT_BYTES)), (long long)r->time_ms,
		(long long)t->input, (long long)t->output, (long long)t->cache_write_5m,
		(long long)t->cache_read, STR_ARG(str_head(message, ID_TEXT_BYTES)));
	return (struct str){id, (size_t)n};
}

static void line(struct usage_file *file, struct str whole)
{
	struct usage_record r = USAGE_RECORD_NONE;
	bool is_agent = false;
	char id[ID_BYTES];

	if (!usage_line_is_whole(file, whole))
		return;
	struct str payload = status_payload(file, json_get(whole, "message"), &is_agent);
	struct str usage = json_get(payload, "token_usage");
	if (json_type(usage) != JSON_OBJECT)
		return;
	if (!read_usage(usage, &r.tokens)) {
		usage_complain(file, "usage without a number");
		return;
	}
	if (!usage_json_time(json_get(whole, "timestamp"), &r.time_ms)) {
		usage_complain(file, "usage without a time");
		return;
	}
	if (usage_tokens_total(&r.tokens) == 0)
		return;
	r.model = STR("kimi-for-coding");
	r.flags = USAGE_GUESSED_MODEL | (is_agent ? USAGE_SIDECHAIN : 0);
	r.agent = is_agent ? STR("agent") : STR("");
	set_session(file, &r);
	r.id = make_id(file, id, json_text(json_get(payload, "message_id"), file->arena), &r);
	usage_take(file, &r);
}

static void places(struct usage_places *places)
{
	if (!usage_places_variable(places, "KIMI_DATA_DIR", "", 0))
		usage_places_add(places, "~/.kimi", 0);
}

static bool wants(struct str below, unsigned)
{
	return str_starts(below, STR("sessions/")) && str_ends(below, STR("/wire.jsonl"));
}

const struct usage_reader usage_reader_kimi = {
	.name = "kimi",
	.title = "Kimi",
	.places = places,
	.wants = wants,
	.line = line,
	.needles = {STR("\"token_usage\"")},
};
