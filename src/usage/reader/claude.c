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
#include "usage/limit.h"
#include "usage/reader/claude_line.h"

extern const struct usage_reader usage_reader_claude;

enum { TEXT_PROJECT, TEXT_AGENT }; /* of usage_memory */
enum { NUMBER_AGENT_MS }; /* when the transcript was written for which no kind was found */
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

/* The text of a string; what is none is absent. Only one with escapes is copied. */
static struct str text_of(struct str value, struct usage_file *file)
{
	if (value.n < 2 || value.p[0] != '"')
		return (struct str){0};
	struct str inside = {value.p + 1, value.n - 2};
	return memchr(inside.p, '\\', inside.n) ? json_text(value, file->arena) : inside;
}

static unsigned flags_of(const struct claude_line *line)
{
	return (str_is(line->setting.sidechain, "true") ? USAGE_SIDECHAIN : 0) |
	       (str_is(line->setting.speed, "\"fast\"") ? USAGE_FAST : 0) |
	       (str_is(line->setting.geo, "\"us\"") ? USAGE_US : 0) |
	       (str_is(line->setting.tier, "\"batch\"") ? USAGE_BATCH : 0);
}

/* The split by time to live replaces the flat number, unless it is empty and that is not. */
static bool take_usage(const struct claude_usage *u, struct usage_tokens *t)
{
	t->input = usage_json_count(u->input);
	t->output = usage_json_count(u->output);
	t->cache_read = usage_json_count(u->cache_read);
	t->cache_write_5m = usage_json_count(u->cache_5m);
	t->cache_write_1h = usage_json_count(u->cache_1h);
	if (t->cache_write_5m == 0 && t->cache_write_1h == 0)
		t->cache_write_5m = usage_json_count(u->cache_write);
	t->reasoning = usage_json_count(u->thinking);
	t->web_searches = usage_json_count(u->searches);
	return usage_tokens_total(t) > 0 || usage_json_is_count(u->input) ||
	       usage_json_is_count(u->output) || usage_json_is_count(u->cache_read) ||
	       usage_json_is_count(u->cache_write);
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

static void take_tools(struct claude_line *line, struct usage_file *file, struct usage_record *r)
{
	for (size_t i = 0; i < line->tool_count; i++)
		line->tools[i] = text_of(line->tools[i], file);
	r->tools = line->tools;
	r->tool_count = line->tool_count;
}

/* What stands in for an answer then: "Claude AI usage limit reached|1760000000", Unix seconds. */
static void note_limit(struct usage_file *file, const struct claude_line *line)
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

static void take(struct usage_file *file, struct claude_line *line)
{
	struct usage_record r = USAGE_RECORD_NONE;

	r.model = text_of(line->setting.model, file);
	r.flags = flags_of(line);
	if (!take_usage(&line->usage, &r.tokens)) {
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
	r.session = text_of(line->setting.session_id, file);
	if (r.session.n == 0)
		r.session = usage_file_stem(file);
	struct str cwd = text_of(line->setting.cwd, file);
	if (!file->memory.texts[TEXT_PROJECT].p && cwd.n > 0)
		usage_remember(file, TEXT_PROJECT, cwd);
	r.project = file->memory.texts[TEXT_PROJECT];
	r.branch = text_of(line->setting.branch, file);
	if (r.flags & USAGE_SIDECHAIN)
		r.agent = agent(file);
	r.cost_reported_nanousd = usage_json_cost(line->cost);
	take_tools(line, file, &r);
	usage_take(file, &r);
}

static void line(struct usage_file *file, struct str text)
{
	struct claude_line line;

	if (!claude_line_read(text, file->tracks, &line))
		usage_complain(file, "a damaged line");
	else if (line.has_usage)
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
