// SPDX-License-Identifier: MIT
/*
 * claude: Claude Code. A line counts by its own message.usage, whatever else in it looks like
 * usage. An answer stands in several lines, one for each block of its content, and again in
 * sessions that were resumed or forked from it: message.id tells that they are one.
 */
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/json_walk.h"
#include "usage/limit.h"

extern const struct usage_reader usage_reader_claude;

enum { TEXT_PROJECT, TEXT_AGENT }; /* of usage_memory */
enum { NUMBER_AGENT_MS }; /* when the transcript was written for which no kind was found */
enum { TOOLS_MAX = 64 }; /* of one line; a line has one block in all versions but the oldest */
enum { META_MAX_BYTES = 64 << 10 };

/* A place may be the directory of the settings, or its projects. */
static void add_root(struct usage_places *places, struct str path)
{
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	bool is_projects = str_ends(path, STR("/projects"));
	struct str whole = arena_printf(
		places->arena, "%.*s%s", STR_ARG(path), is_projects ? "" : "/projects");
	usage_places_add(places, whole.p, 0);
}

static void places(struct usage_places *places)
{
	struct str rest = str_from(usage_places_get(places, "CLAUDE_CONFIG_DIR")), path;

	if (str_trim(rest).n > 0) {
		while (str_split(&rest, ',', &path))
			add_root(places, str_trim(path));
		return;
	}
	usage_places_xdg(places, "XDG_CONFIG_HOME", ".config", "/claude/projects", 0);
	usage_places_add(places, "~/.claude/projects", 0);
}

static bool wants(struct str below, unsigned)
{
	return str_ends(below, STR(".jsonl"));
}

struct usage_line {
	struct str whole;
	struct str timestamp, message_id, session_id, cwd, branch, uuid, model, cost;
	/* Of usage, as written. */
	struct str input, output, cache_read, cache_write, cache_5m, cache_1h, thinking, searches;
	unsigned flags; /* enum usage_flag */
	bool has_message, has_usage;
	size_t tool_count;
	struct str tools[TOOLS_MAX];
};

static void walk_block(struct json_walk *w, struct usage_line *line)
{
	struct str key, type = {0}, name = {0};

	while (json_walk_member(w, &key)) {
		if (str_is(key, "type"))
			type = json_walk_value(w);
		else if (str_is(key, "name"))
			name = json_walk_value(w);
		else
			json_walk_skip(w);
	}
	if (name.n > 2 && name.p[0] == '"' && str_ends(type, STR("tool_use\"")) &&
		line->tool_count < TOOLS_MAX)
		line->tools[line->tool_count++] = name;
}

static void walk_content(struct json_walk *w, struct usage_line *line)
{
	if (!json_walk_enter(w, '[')) {
		json_walk_skip(w);
		return;
	}
	while (json_walk_item(w)) {
		if (json_walk_enter(w, '{'))
			walk_block(w, line);
		else
			json_walk_skip(w);
	}
}

/* One member of an object that is within usage. */
static void walk_one(struct json_walk *w, const char *name, struct str *value)
{
	struct str key;

	if (!json_walk_enter(w, '{')) {
		json_walk_skip(w);
		return;
	}
	while (json_walk_member(w, &key)) {
		if (str_is(key, name))
			*value = json_walk_value(w);
		else
			json_walk_skip(w);
	}
}

static void walk_split(struct json_walk *w, struct usage_line *line)
{
	struct str key;

	if (!json_walk_enter(w, '{')) {
		json_walk_skip(w);
		return;
	}
	while (json_walk_member(w, &key)) {
		if (str_is(key, "ephemeral_5m_input_tokens"))
			line->cache_5m = json_walk_value(w);
		else if (str_is(key, "ephemeral_1h_input_tokens"))
			line->cache_1h = json_walk_value(w);
		else
			json_walk_skip(w);
	}
}

static void walk_flag(
	struct json_walk *w, struct usage_line *line, const char *value, unsigned flag)
{
	if (str_is(json_walk_value(w), value))
		line->flags |= flag;
	else
		line->flags &= ~flag;
}

static void walk_usage_member(struct json_walk *w, struct usage_line *line, struct str key)
{
	if (str_is(key, "input_tokens"))
		line->input = json_walk_value(w);
	else if (str_is(key, "output_tokens"))
		line->output = json_walk_value(w);
	else if (str_is(key, "cache_read_input_tokens"))
		line->cache_read = json_walk_value(w);
	else if (str_is(key, "cache_creation_input_tokens"))
		line->cache_write = json_walk_value(w);
	else if (str_is(key, "cache_creation"))
		walk_split(w, line);
	else if (str_is(key, "server_tool_use"))
		walk_one(w, "web_search_requests", &line->searches);
	else if (str_is(key, "output_tokens_details"))
		walk_one(w, "thinking_tokens", &line->thinking);
	else if (str_is(key, "speed"))
		walk_flag(w, line, "\"fast\"", USAGE_FAST);
	else if (str_is(key, "inference_geo"))
		walk_flag(w, line, "\"us\"", USAGE_US);
	else if (str_is(key, "service_tier"))
		walk_flag(w, line, "\"batch\"", USAGE_BATCH);
	else
		json_walk_skip(w);
}

/* Of a name that comes twice the last value counts. */
static void forget_usage(struct usage_line *line)
{
	line->has_usage = false;
	line->flags &= USAGE_SIDECHAIN;
	line->input = line->output = line->thinking = line->searches = (struct str){0};
	line->cache_read = line->cache_write = line->cache_5m = line->cache_1h = (struct str){0};
}

static void forget_message(struct usage_line *line)
{
	forget_usage(line);
	line->message_id = line->model = (struct str){0};
	line->tool_count = 0;
}

/* usage that is no object counts as little as none. */
static void walk_usage(struct json_walk *w, struct usage_line *line)
{
	struct str key;

	if (line->has_usage)
		forget_usage(line);
	line->has_usage = json_walk_enter(w, '{');
	if (!line->has_usage) {
		json_walk_skip(w);
		return;
	}
	while (json_walk_member(w, &key))
		walk_usage_member(w, line, key);
}

static void walk_message(struct json_walk *w, struct usage_line *line)
{
	struct str key;

	if (!json_walk_enter(w, '{')) {
		json_walk_skip(w);
		return;
	}
	while (json_walk_member(w, &key)) {
		if (str_is(key, "content")) {
			line->tool_count = 0;
			walk_content(w, line);
		} else if (str_is(key, "usage"))
			walk_usage(w, line);
		else if (str_is(key, "id"))
			line->message_id = json_walk_value(w);
		else if (str_is(key, "model"))
			line->model = json_walk_value(w);
		else
			json_walk_skip(w);
	}
}

/* Where a member's value goes; NULL: nobody wants it. */
static struct str *member(struct usage_line *line, struct str key)
{
	switch (key.n) {
	case 3: return str_is(key, "cwd") ? &line->cwd : NULL;
	case 4: return str_is(key, "uuid") ? &line->uuid : NULL;
	case 7: return str_is(key, "costUSD") ? &line->cost : NULL;
	case 9:
		if (str_is(key, "timestamp"))
			return &line->timestamp;
		if (str_is(key, "sessionId"))
			return &line->session_id;
		return str_is(key, "gitBranch") ? &line->branch : NULL;
	default: return NULL;
	}
}

/* One function, so that the walk stays in registers. */
static __attribute__((flatten)) bool walk_line(struct str text, struct usage_line *line)
{
	struct json_walk w = json_walk_begin(text);
	struct str key;

	if (!json_walk_enter(&w, '{'))
		return false;
	while (json_walk_member(&w, &key)) {
		struct str *value = member(line, key);
		if (value)
			*value = json_walk_value(&w);
		else if (str_is(key, "message")) {
			if (line->has_message)
				forget_message(line);
			line->has_message = true;
			walk_message(&w, line);
		} else if (str_is(key, "isSidechain"))
			walk_flag(&w, line, "true", USAGE_SIDECHAIN);
		else
			json_walk_skip(&w);
	}
	return json_walk_ends(&w);
}

/* The text of a string; what is none is absent. Only one with escapes is copied. */
static struct str text_of(struct str value, struct usage_file *file)
{
	if (value.n < 2 || value.p[0] != '"')
		return (struct str){0};
	struct str inside = {value.p + 1, value.n - 2};
	return memchr(inside.p, '\\', inside.n) ? json_text(value, file->arena) : inside;
}

/* The split by time to live replaces the flat number, unless it is empty and that is not. */
static bool take_usage(const struct usage_line *line, struct usage_record *r)
{
	struct usage_tokens *t = &r->tokens;

	t->input = usage_json_count(line->input);
	t->output = usage_json_count(line->output);
	t->cache_read = usage_json_count(line->cache_read);
	t->cache_write_5m = usage_json_count(line->cache_5m);
	t->cache_write_1h = usage_json_count(line->cache_1h);
	if (t->cache_write_5m == 0 && t->cache_write_1h == 0)
		t->cache_write_5m = usage_json_count(line->cache_write);
	t->reasoning = usage_json_count(line->thinking);
	t->web_searches = usage_json_count(line->searches);
	r->flags = line->flags;
	return usage_tokens_total(t) > 0 || usage_json_is_count(line->input) ||
	       usage_json_is_count(line->output) || usage_json_is_count(line->cache_read) ||
	       usage_json_is_count(line->cache_write);
}

/* An agent's kind stands beside its transcript: "agent-x.jsonl", "agent-x.meta.json". */
static struct str read_agent(struct usage_file *file)
{
	AUTO(buf) text = {0};
	struct err e;
	struct str stem = str_head(file->path, file->path.n - STR(".jsonl").n);
	struct str path = arena_printf(file->arena, "%.*s.meta.json", STR_ARG(stem));

	if (!file_read(AT_FDCWD, path.p, META_MAX_BYTES, &text, &e) ||
		!json_check(buf_str(&text), &e))
		return STR("");
	return arena_copy(
		file->arena, json_text(json_get(buf_str(&text), "agentType"), file->arena));
}

/* One that is not known is looked for again when there are more lines: it may come behind them. */
static struct str agent(struct usage_file *file)
{
	struct str kind = file->memory.texts[TEXT_AGENT];

	if (kind.n == 0 && file->memory.numbers[NUMBER_AGENT_MS] != file->modified_ms) {
		file->memory.numbers[NUMBER_AGENT_MS] = file->modified_ms;
		kind = read_agent(file);
		if (kind.n > 0)
			usage_remember(file, TEXT_AGENT, kind);
	}
	return kind.n > 0 ? kind : STR("agent");
}

static struct str provider(struct str id)
{
	if (str_starts(id, STR("msg_bdrk_")))
		return STR("bedrock");
	return str_starts(id, STR("msg_vrtx_")) ? STR("vertex") : STR("");
}

static void take_tools(struct usage_line *line, struct usage_file *file, struct usage_record *r)
{
	for (size_t i = 0; i < line->tool_count; i++)
		line->tools[i] = text_of(line->tools[i], file);
	r->tools = line->tools;
	r->tool_count = line->tool_count;
}

/* What stands in for an answer then: "Claude AI usage limit reached|1760000000", Unix seconds. */
static void note_limit(struct usage_file *file, const struct usage_line *line)
{
	static const struct str said = STR("Claude AI usage limit reached|");
	struct str content = json_pointer(line->whole, STR("/message/content"));
	bool is_list = json_type(content) == JSON_ARRAY;
	struct usage_limit limit = {.used_permyriad = 10'000};
	struct str text =
		json_text(is_list ? json_pointer(content, STR("/0/text")) : content, file->arena);

	if (str_starts(text, said) && usage_json_time(line->timestamp, &limit.told_ms) &&
		usage_json_time(str_skip(text, said.n), &limit.resets_ms))
		usage_limit_reached(file, 0, &limit);
}

static void take(struct usage_file *file, struct usage_line *line)
{
	struct usage_record r = USAGE_RECORD_NONE;

	r.model = text_of(line->model, file);
	if (!take_usage(line, &r)) {
		usage_complain(file, "usage without a number");
		return;
	}
	if (str_is(r.model, "<synthetic>") && usage_tokens_total(&r.tokens) == 0) {
		note_limit(file, line);
		return;
	}
	if (!usage_json_time(line->timestamp, &r.time_ms)) {
		usage_complain(file, "usage without a time");
		return;
	}
	r.id = text_of(line->message_id, file);
	r.provider = provider(r.id);
	if (r.id.n == 0)
		r.id = text_of(line->uuid, file);
	r.session = text_of(line->session_id, file);
	if (r.session.n == 0)
		r.session = usage_file_stem(file);
	struct str cwd = text_of(line->cwd, file);
	if (!file->memory.texts[TEXT_PROJECT].p && cwd.n > 0)
		usage_remember(file, TEXT_PROJECT, cwd);
	r.project = file->memory.texts[TEXT_PROJECT];
	r.branch = text_of(line->branch, file);
	if (r.flags & USAGE_SIDECHAIN)
		r.agent = agent(file);
	r.cost_reported_nanousd = usage_json_cost(line->cost);
	take_tools(line, file, &r);
	usage_take(file, &r);
}

static void line(struct usage_file *file, struct str text)
{
	struct usage_line line;

	memset(&line, 0, offsetof(struct usage_line, tools));
	if (!walk_line(text, &line)) {
		usage_complain(file, "a damaged line");
		return;
	}
	line.whole = text;
	if (line.has_usage)
		take(file, &line);
}

const struct usage_reader usage_reader_claude = {
	.name = "claude",
	.title = "Claude Code",
	.provider = "anthropic",
	.tells_limits = true,
	.places = places,
	.wants = wants,
	.line = line,
	.needles = {STR("\"usage\"")},
};
