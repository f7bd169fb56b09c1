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
#include "usage/reader.h"

extern const struct usage_reader usage_reader_claude;

enum { TEXT_PROJECT, TEXT_AGENT }; /* of usage_memory */
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
	struct str rest = str_from(places->environment("CLAUDE_CONFIG_DIR")), path;

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
	struct str timestamp, message_id, session_id, cwd, branch, uuid, model, cost;
	struct str usage; /* raw */
	struct str tools[TOOLS_MAX];
	size_t tool_count;
	bool is_sidechain;
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
	if (name.n > 2 && str_ends(type, STR("tool_use\"")) && line->tool_count < TOOLS_MAX)
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
			line->usage = json_walk_value(w);
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

static bool walk_line(struct str text, struct usage_line *line)
{
	struct json_walk w = {text.p, text.p + text.n};
	struct str key;

	if (!json_walk_enter(&w, '{'))
		return false;
	while (json_walk_member(&w, &key)) {
		struct str *value = member(line, key);
		if (value)
			*value = json_walk_value(&w);
		else if (str_is(key, "message"))
			walk_message(&w, line);
		else if (str_is(key, "isSidechain"))
			line->is_sidechain = str_is(json_walk_value(&w), "true");
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
static void take_cache_writes(struct usage_tokens *tokens, struct str split, int64_t flat)
{
	struct json_walk w = {split.p, split.p ? split.p + split.n : NULL};
	struct str key;

	if (split.p && json_walk_enter(&w, '{')) {
		while (json_walk_member(&w, &key)) {
			struct str value = json_walk_value(&w);
			if (str_is(key, "ephemeral_5m_input_tokens"))
				tokens->cache_write_5m = usage_json_count(value);
			else if (str_is(key, "ephemeral_1h_input_tokens"))
				tokens->cache_write_1h = usage_json_count(value);
		}
	}
	if (tokens->cache_write_5m == 0 && tokens->cache_write_1h == 0)
		tokens->cache_write_5m = flat;
}

static bool take_usage(struct str usage, struct usage_record *r)
{
	struct json_walk w = {usage.p, usage.p + usage.n};
	struct str key, split = {0}, input = {0}, output = {0}, read = {0}, write = {0};

	if (!json_walk_enter(&w, '{'))
		return false;
	while (json_walk_member(&w, &key)) {
		struct str value = json_walk_value(&w);
		if (str_is(key, "input_tokens"))
			input = value;
		else if (str_is(key, "output_tokens"))
			output = value;
		else if (str_is(key, "cache_read_input_tokens"))
			read = value;
		else if (str_is(key, "cache_creation_input_tokens"))
			write = value;
		else if (str_is(key, "cache_creation"))
			split = value;
		else if (str_is(key, "server_tool_use"))
			r->tokens.web_searches =
				usage_json_count(json_get(value, "web_search_requests"));
		else if (str_is(key, "output_tokens_details"))
			r->tokens.reasoning = usage_json_count(json_get(value, "thinking_tokens"));
		else if (str_is(key, "speed") && str_is(value, "\"fast\""))
			r->flags |= USAGE_FAST;
		else if (str_is(key, "inference_geo") && str_is(value, "\"us\""))
			r->flags |= USAGE_US;
		else if (str_is(key, "service_tier") && str_is(value, "\"batch\""))
			r->flags |= USAGE_BATCH;
	}
	r->tokens.input = usage_json_count(input);
	r->tokens.output = usage_json_count(output);
	r->tokens.cache_read = usage_json_count(read);
	take_cache_writes(&r->tokens, split, usage_json_count(write));
	return input.p || output.p || read.p || write.p;
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
		return STR("agent");
	struct str kind = json_text(json_get(buf_str(&text), "agentType"), file->arena);
	return kind.n > 0 ? kind : STR("agent");
}

static struct str agent(struct usage_file *file)
{
	if (!file->memory.texts[TEXT_AGENT].p)
		usage_remember(file, TEXT_AGENT, read_agent(file));
	return file->memory.texts[TEXT_AGENT];
}

static struct str file_stem(struct usage_file *file)
{
	const char *end = file->path.p + file->path.n - STR(".jsonl").n;
	const char *slash = memrchr(file->path.p, '/', (size_t)(end - file->path.p));

	return str_range(slash ? slash + 1 : file->path.p, end);
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

static void take(struct usage_file *file, struct usage_line *line)
{
	struct usage_record r = USAGE_RECORD_NONE;

	r.model = text_of(line->model, file);
	if (!take_usage(line->usage, &r)) {
		usage_complain(file, "usage without a number");
		return;
	}
	if (str_is(r.model, "<synthetic>") && usage_tokens_total(&r.tokens) == 0)
		return;
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
		r.session = file_stem(file);
	struct str cwd = text_of(line->cwd, file);
	if (!file->memory.texts[TEXT_PROJECT].p && cwd.n > 0)
		usage_remember(file, TEXT_PROJECT, cwd);
	r.project = file->memory.texts[TEXT_PROJECT];
	r.branch = text_of(line->branch, file);
	if (line->is_sidechain) {
		r.flags |= USAGE_SIDECHAIN;
		r.agent = agent(file);
	}
	r.cost_reported_nanousd = usage_json_cost(line->cost);
	take_tools(line, file, &r);
	usage_take(file, &r);
}

static void line(struct usage_file *file, struct str text)
{
	struct usage_line line;

	memset(&line, 0, offsetof(struct usage_line, tools));
	line.tool_count = 0;
	line.is_sidechain = false;
	if (!walk_line(text, &line)) {
		usage_complain(file, "a damaged line");
		return;
	}
	if (line.usage.p && line.usage.p[0] == '{')
		take(file, &line);
}

const struct usage_reader usage_reader_claude = {
	.name = "claude",
	.title = "Claude Code",
	.places = places,
	.wants = wants,
	.line = line,
	.needles = {STR("\"usage\"")},
};
