// SPDX-License-Identifier: MIT
/*
 * qwen: Qwen Code. Lines of type "assistant" have usageMetadata with Gemini's names, also where
 * the answer came by another API: what was thought is then a part of the candidates.
 */
#include <stdio.h>

#include "base/json.h"
#include "base/money.h"
#include "usage/reader/parts.h"

extern const struct usage_reader usage_reader_qwen;

enum { TEXT_PROJECT }; /* of usage_memory */
enum { TOOLS_MAX = 64, ID_BYTES = 320, ID_TEXT_BYTES = 80 };
enum { SESSION, TIMESTAMP, CWD, BRANCH, MODEL, MESSAGE, USAGE, UUID, TYPE, MEMBERS };

static const struct str members[MEMBERS] = {[SESSION] = STR("sessionId"),
	[TIMESTAMP] = STR("timestamp"),
	[CWD] = STR("cwd"),
	[BRANCH] = STR("gitBranch"),
	[MODEL] = STR("model"),
	[MESSAGE] = STR("message"),
	[USAGE] = STR("usageMetadata"),
	[UUID] = STR("uuid"),
	[TYPE] = STR("type")};

static struct str text(struct usage_file *file, struct str value)
{
	return json_text(value, file->arena);
}

/* The prompt includes what was cached. ccusage adds that, and all that was thought. */
static bool read_usage(struct usage_file *file, struct str usage, struct usage_tokens *t)
{
	static const struct str names[] = {STR("promptTokenCount"), STR("candidatesTokenCount"),
		STR("thoughtsTokenCount"), STR("cachedContentTokenCount"), STR("totalTokenCount")};
	int64_t n[5];
	struct str v[5];
	bool is_known = false;

	json_pick(usage, names, 5, v);
	for (int i = 0; i < 5; i++) {
		is_known = is_known || usage_json_is_count(v[i]);
		n[i] = usage_json_count(v[i]);
	}
	int64_t prompt = n[0], candidates = n[1], thoughts = n[2], cached = n[3], total = n[4];
	if (file->is_compat) {
		*t = (struct usage_tokens){.input = prompt,
			.output = candidates,
			.cache_read = cached,
			.other = thoughts};
	} else {
		cached = cached < prompt ? cached : prompt;
		bool is_inside = money_add(prompt, candidates) == total && thoughts <= candidates;
		*t = (struct usage_tokens){.input = prompt - cached,
			.cache_read = cached,
			.output = is_inside ? candidates : money_add(candidates, thoughts),
			.reasoning = thoughts};
	}
	parts_fill_total(file, t, total);
	return is_known;
}

static size_t read_tools(struct usage_file *file, struct str message, struct str *tools)
{
	struct str parts = json_get(message, "parts"), key, part;
	size_t count = 0;

	if (json_type(parts) != JSON_ARRAY)
		return 0;
	json_each (parts, key, part) {
		if (count == TOOLS_MAX)
			break;
		struct str name = text(file, json_get(json_get(part, "functionCall"), "name"));
		if (name.n > 0)
			tools[count++] = name;
	}
	return count;
}

static void set_session(struct usage_file *file, const struct str *v, struct usage_record *r)
{
	struct str cwd = text(file, v[CWD]);

	r->session = text(file, v[SESSION]);
	if (r->session.n == 0)
		r->session = usage_file_stem(file);
	if (!file->memory.texts[TEXT_PROJECT].p && cwd.n > 0)
		usage_remember(file, TEXT_PROJECT, cwd);
	r->project = file->memory.texts[TEXT_PROJECT];
	if (file->is_compat)
		r->project = parts_parent(parts_parent(file->below));
	r->branch = text(file, v[BRANCH]);
}

/* A conversation that was branched has copies with their uuid. */
static struct str make_id(
	struct usage_file *file, char id[ID_BYTES], struct str uuid, const struct usage_record *r)
{
	const struct usage_tokens *t = &r->tokens;

	if (uuid.n > 0 && !file->is_compat)
		return uuid;
	int n = snprintf(id, ID_BYTES, "%.*s:%lld:%.*s:%lld/%lld/%lld/%lld",
		STR_ARG(str_head(r->session, ID_TEXT_BYTES)), (long long)r->time_ms,
		STR_ARG(str_head(r->model, ID_TEXT_BYTES)), (long long)t->input,
		(long long)t->output, (long long)t->cache_read, (long long)t->other);
	return (struct str){id, (size_t)n};
}

static void line(struct usage_file *file, struct str whole)
{
	struct usage_record r = USAGE_RECORD_NONE;
	struct str v[MEMBERS], tools[TOOLS_MAX];
	char id[ID_BYTES];

	if (!usage_line_is_whole(file, whole))
		return;
	json_pick(whole, members, MEMBERS, v);
	if (!json_text_is(v[TYPE], "assistant") || json_type(v[USAGE]) != JSON_OBJECT)
		return;
	if (!read_usage(file, v[USAGE], &r.tokens)) {
		usage_complain(file, "usage without a number");
		return;
	}
	if (!usage_json_time(v[TIMESTAMP], &r.time_ms)) {
		usage_complain(file, "usage without a time");
		return;
	}
	if (usage_tokens_total(&r.tokens) == 0)
		return;
	r.model = text(file, v[MODEL]);
	set_session(file, v, &r);
	r.id = make_id(file, id, text(file, v[UUID]), &r);
	r.tools = tools;
	r.tool_count = read_tools(file, v[MESSAGE], tools);
	usage_take(file, &r);
}

static void places(struct usage_places *places)
{
	if (!usage_places_variable(places, "QWEN_DATA_DIR", "/projects", 0) &&
		!usage_places_variable(places, "QWEN_RUNTIME_DIR", "/projects", 0) &&
		!usage_places_variable(places, "QWEN_HOME", "/projects", 0))
		usage_places_add(places, "~/.qwen/projects", 0);
}

/* PROJECT/chats/SESSION.jsonl */
static bool wants(struct str below, unsigned)
{
	struct str directory;

	return str_ends(below, STR(".jsonl")) && str_split(&below, '/', &directory) &&
	       str_starts(below, STR("chats/"));
}

const struct usage_reader usage_reader_qwen = {
	.name = "qwen",
	.title = "Qwen Code",
	.provider = "alibaba",
	.places = places,
	.wants = wants,
	.line = line,
	.needles = {STR("\"usageMetadata\"")},
};
