// SPDX-License-Identifier: MIT
/*
 * pi: one "session" line, then "message" lines; an assistant's has message.usage {input, output,
 * cacheRead, cacheWrite, totalTokens, cost.total}. A session that was branched from another has
 * copies of its messages, times included.
 */
#include "usage/reader/pi.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "usage/reader/parts.h"

extern const struct usage_reader usage_reader_pi;

enum { TOOLS_MAX = 64, ID_BYTES = 320, ID_TEXT_BYTES = 80 };

struct pi_line {
	struct str timestamp, role, model, provider, usage, content, message_timestamp;
};

static struct str text(struct usage_file *file, struct str value)
{
	return json_text(value, file->arena);
}

void pi_session(struct usage_file *file, struct str line)
{
	static const struct str names[] = {STR("id"), STR("cwd")};
	struct str v[2];

	json_pick(line, names, 2, v);
	usage_remember(file, PI_TEXT_SESSION, text(file, v[0]));
	usage_remember(file, PI_TEXT_PROJECT, text(file, v[1]));
}

static void read_message(struct str whole, struct pi_line *line)
{
	static const struct str names[] = {STR("role"), STR("model"), STR("provider"), STR("usage"),
		STR("content"), STR("timestamp")};
	struct str message = json_get(whole, "message"), v[6];

	json_pick(message, names, 6, v);
	*line = (struct pi_line){json_get(whole, "timestamp"), v[0], v[1], v[2], v[3], v[4], v[5]};
}

/* False: there is no number in it. */
static bool read_usage(struct usage_file *file, struct str usage, struct usage_record *r)
{
	static const struct str names[] = {STR("input"), STR("output"), STR("cacheRead"),
		STR("cacheWrite"), STR("totalTokens"), STR("cost"), STR("reasoning")};
	struct str v[7];
	bool is_known = false;

	json_pick(usage, names, 7, v);
	for (int i = 0; i < 5; i++)
		is_known = is_known || usage_json_is_count(v[i]);
	r->tokens.input = usage_json_count(v[0]);
	r->tokens.output = usage_json_count(v[1]);
	r->tokens.cache_read = usage_json_count(v[2]);
	r->tokens.cache_write_5m = usage_json_count(v[3]);
	int64_t reasoning = usage_json_count(v[6]);
	r->tokens.reasoning = reasoning < r->tokens.output ? reasoning : r->tokens.output;
	parts_fill_total(file, &r->tokens, usage_json_count(v[4]));
	r->cost_reported_nanousd = usage_json_cost(json_get(v[5], "total"));
	return is_known;
}

static size_t read_tools(struct usage_file *file, struct str content, struct str *tools)
{
	struct str key, block;
	size_t count = 0;

	if (json_type(content) != JSON_ARRAY)
		return 0;
	json_each (content, key, block) {
		if (count == TOOLS_MAX)
			break;
		if (!json_text_is(json_get(block, "type"), "toolCall"))
			continue;
		struct str name = text(file, json_get(block, "name"));
		if (name.n > 0)
			tools[count++] = name;
	}
	return count;
}

/* "2026-03-01T10-00-00-000Z_ID.jsonl" below a directory named after the project. */
static void set_session(struct usage_file *file, struct usage_record *r)
{
	struct str below = file->below;
	const char *slash = below.n ? memrchr(below.p, '/', below.n) : NULL;
	struct str name = slash ? str_range(slash + 1, below.p + below.n) : below;
	size_t dot = str_find(name, STR(".jsonl"), 0);

	r->session = file->memory.texts[PI_TEXT_SESSION];
	if (r->session.n == 0 || file->is_compat)
		r->session = dot == SIZE_MAX ? name : str_head(name, dot);
	if (file->is_compat && str_contains(r->session, STR("_")))
		r->session = str_skip(r->session, str_find_char(r->session, '_', 0) + 1);
	r->project = file->memory.texts[PI_TEXT_PROJECT];
	if (slash && (r->project.n == 0 || file->is_compat))
		r->project = str_range(below.p, slash);
}

/* ids of messages are short and, in old versions, made anew at each start; times stay. */
static struct str make_id(
	struct usage_file *file, char id[ID_BYTES], struct str time, const struct usage_record *r)
{
	struct str where = file->is_compat ? file->path : STR("");
	const struct usage_tokens *t = &r->tokens;
	int n = snprintf(id, ID_BYTES, "%.*s:%.*s:%lld/%lld/%lld/%lld/%lld:%.*s",
		STR_ARG(str_head(time, ID_TEXT_BYTES)), STR_ARG(str_head(r->model, ID_TEXT_BYTES)),
		(long long)t->input, (long long)t->output, (long long)t->cache_read,
		(long long)t->cache_write_5m, (long long)t->other, STR_ARG(where));

	return (struct str){id, n < ID_BYTES ? (size_t)n : ID_BYTES - 1};
}

static bool set_time(struct usage_file *file, const struct pi_line *line, struct usage_record *r)
{
	if (usage_json_time(line->timestamp, &r->time_ms))
		return true;
	return !file->is_compat && usage_json_time(line->message_timestamp, &r->time_ms);
}

void pi_message(struct usage_file *file, struct str whole)
{
	struct usage_record r = USAGE_RECORD_NONE;
	struct str tools[TOOLS_MAX];
	struct pi_line line;
	char id[ID_BYTES];

	read_message(whole, &line);
	if (!json_text_is(line.role, "assistant") || json_type(line.usage) != JSON_OBJECT)
		return;
	if (!read_usage(file, line.usage, &r)) {
		usage_complain(file, "usage without a number");
		return;
	}
	if (!set_time(file, &line, &r)) {
		usage_complain(file, "usage without a time");
		return;
	}
	/* An answer that failed before it began. */
	if (usage_tokens_total(&r.tokens) == 0 && r.cost_reported_nanousd <= 0)
		return;
	r.model = text(file, line.model);
	r.provider = text(file, line.provider);
	if (r.model.n == 0) {
		r.model = file->memory.texts[PI_TEXT_MODEL];
		if (r.provider.n == 0)
			r.provider = file->memory.texts[PI_TEXT_PROVIDER];
	}
	if (file->is_compat && r.model.n == 0)
		r.model = STR("unknown");
	set_session(file, &r);
	r.id = make_id(file, id, line.timestamp.p ? line.timestamp : line.message_timestamp, &r);
	r.tools = tools;
	r.tool_count = read_tools(file, line.content, tools);
	usage_take(file, &r);
}

static void line(struct usage_file *file, struct str whole)
{
	if (!usage_line_is_whole(file, whole))
		return;
	struct str type = json_get(whole, "type");
	if (json_text_is(type, "session"))
		pi_session(file, whole);
	else if (!type.p || json_text_is(type, "message"))
		pi_message(file, whole);
}

static void places(struct usage_places *places)
{
	if (!usage_places_variable(places, "PI_AGENT_DIR", "", 0) &&
		!usage_places_variable(places, "PI_CODING_AGENT_DIR", "/sessions", 0))
		usage_places_add(places, "~/.pi/agent/sessions", 0);
}

static bool wants(struct str below, unsigned)
{
	return str_ends(below, STR(".jsonl"));
}

const struct usage_reader usage_reader_pi = {
	.name = "pi",
	.title = "pi",
	.places = places,
	.wants = wants,
	.line = line,
	.needles = {STR("\"usage\""), STR("\"session\"")},
};
