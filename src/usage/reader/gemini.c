// SPDX-License-Identifier: MIT
/*
 * gemini: Gemini CLI. A conversation is a document, or lines of which a later one replaces an
 * earlier one with its id; sums of runs without a terminal ("stats") may lie beside them.
 */
#include <fcntl.h>

#include "base/file.h"
#include "base/json.h"
#include "base/money.h"
#include "usage/reader/parts.h"

extern const struct usage_reader usage_reader_gemini;

enum { TEXT_SESSION, TEXT_START, TEXT_MODEL, TEXT_PROJECT, TEXT_KIND }; /* of usage_memory */
enum { PROJECT_MAX_BYTES = 8 << 10 };

static void places(struct usage_places *places)
{
	if (!usage_places_variable(places, "GEMINI_DATA_DIR", "", 0))
		usage_places_add(places, "~/.gemini/tmp", 0);
}

static bool wants(struct str below, unsigned)
{
	return str_ends(below, STR(".json")) || str_ends(below, STR(".jsonl"));
}

/* The directory below the place has the project's path in a file, or is named after it. */
static struct str read_project(struct usage_file *file)
{
	AUTO(buf) text = {0};
	struct err ignored;
	size_t slash = str_find_char(file->below, '/', 0);

	if (slash == SIZE_MAX || file->path.n < file->below.n)
		return STR("");
	size_t n = file->path.n - file->below.n + slash;
	struct str path =
		arena_printf(file->arena, "%.*s/.project_root", STR_ARG(str_head(file->path, n)));
	if (file_read(AT_FDCWD, path.p, PROJECT_MAX_BYTES, &text, &ignored)) {
		struct str root = str_trim(buf_str(&text));
		if (root.n > 0 && root.p[0] == '/')
			return arena_copy(file->arena, root);
	}
	return str_head(file->below, slash);
}

static struct str project(struct usage_file *file)
{
	if (!file->memory.texts[TEXT_PROJECT].p)
		usage_remember(file, TEXT_PROJECT, read_project(file));
	return file->memory.texts[TEXT_PROJECT];
}

/* ---- counts ---- */

struct counts {
	int64_t input, output, cached, thoughts, tool, total;
	int64_t uncached; /* what ccusage takes for the input: newer sums have both */
};

static struct counts read_counts(struct str json)
{
	return (struct counts){
		.input = PARTS_COUNT(json, "prompt", "input_tokens", "prompt_tokens", "input"),
		.output = PARTS_COUNT(
			json, "candidates", "output_tokens", "candidates_tokens", "output"),
		.cached = PARTS_COUNT(json, "cached", "cached_tokens"),
		.thoughts = PARTS_COUNT(json, "thoughts", "thoughts_tokens"),
		.tool = PARTS_COUNT(json, "tool", "tool_tokens"),
		.total = PARTS_COUNT(json, "total", "total_tokens"),
		.uncached = PARTS_COUNT(json, "input", "prompt", "input_tokens", "prompt_tokens"),
	};
}

/*
 * Google counts what is cached within the input. A total that is larger than the parts by just
 * that much says otherwise; ccusage believes it only where the total is the sum of the parts.
 */
static bool is_cached_within(const struct counts *c, bool is_compat)
{
	int64_t sum = money_add(money_add(c->input, c->output), money_add(c->thoughts, c->tool));

	if (is_compat)
		return c->total == sum && c->cached > 0;
	return c->cached <= c->input && c->total != money_add(sum, c->cached);
}

static void take_counts(struct usage_file *file, struct counts c, struct usage_tokens *tokens)
{
	bool is_within = is_cached_within(&c, file->is_compat);

	if (file->is_compat) {
		c.input = c.uncached;
		c.thoughts = c.total > 0 ? 0 : c.thoughts; /* the total has them */
	}
	if (is_within)
		c.input = c.input > c.cached ? c.input - c.cached : 0;
	tokens->input = money_add(c.input, c.tool);
	tokens->output = c.output;
	tokens->cache_read = c.cached;
	parts_add_thoughts(file, tokens, c.thoughts);
	parts_fill_total(file, tokens, c.total);
}

/* ---- what counts ---- */

struct conversation {
	struct str session, start, kind;
	bool is_lines;
};

static struct str message_id(struct usage_file *file, struct str id, bool is_lines)
{
	if (!file->is_compat)
		return id;
	return is_lines ? parts_id(file, file->path, id) : (struct str){0};
}

static int64_t first_time(struct usage_file *file, struct str a, struct str b)
{
	int64_t time_ms;

	if (usage_json_time(a, &time_ms) || usage_json_time(b, &time_ms))
		return time_ms;
	return file->modified_ms;
}

static void take_message(
	struct usage_file *file, struct str json, const struct conversation *conversation)
{
	struct usage_record r = USAGE_RECORD_NONE;
	struct str tokens = json_get(json, "tokens");

	if (!json_text_is(json_get(json, "type"), "gemini") || json_type(tokens) != JSON_OBJECT)
		return;
	r.model = parts_text(file, json, "model");
	if (file->is_compat && r.model.n == 0)
		return;
	take_counts(file, read_counts(tokens), &r.tokens);
	if (!parts_has_tokens(&r.tokens))
		return;
	r.id = message_id(file, parts_text(file, json, "id"), conversation->is_lines);
	r.session = conversation->session;
	r.time_ms = first_time(file, json_get(json, "timestamp"), conversation->start);
	r.project = project(file);
	if (str_is(conversation->kind, "subagent")) {
		r.flags = USAGE_SIDECHAIN;
		r.agent = conversation->kind;
	}
	r.is_replacing = conversation->is_lines;
	parts_tools(file, json_get(json, "toolCalls"), NULL, &r);
	usage_take(file, &r);
}

static void take_model(struct usage_file *file, struct str json, struct str model,
	struct str session, int64_t time_ms)
{
	struct usage_record r = USAGE_RECORD_NONE;
	struct str tokens = json_get(json, "tokens");

	if (file->is_compat && model.n == 0)
		return;
	take_counts(file, read_counts(json_type(tokens) == JSON_OBJECT ? tokens : json), &r.tokens);
	r.model = model;
	r.session = session;
	r.time_ms = time_ms;
	r.project = project(file);
	if (parts_has_tokens(&r.tokens))
		usage_take(file, &r);
}

/* Sums of a run, by model where it says so. */
static void take_stats(struct usage_file *file, struct str json, struct str session)
{
	struct str stats = json_get(json, "stats"), models = json_get(stats, "models"), key, value;
	int64_t time_ms = first_time(file, json_get(json, "timestamp"), (struct str){0});

	if (json_type(models) != JSON_OBJECT || json_count(models) == 0) {
		take_model(file, stats, file->memory.texts[TEXT_MODEL], session, time_ms);
		return;
	}
	json_each (models, key, value)
		take_model(file, value, json_text(key, file->arena), session, time_ms);
}

static struct str session_of(struct usage_file *file, struct str json)
{
	return parts_first(
		parts_text(file, json, "sessionId"), parts_text(file, json, "session_id"));
}

static struct str file_stem(struct usage_file *file)
{
	struct str name = parts_name(file->path);
	size_t end = str_find(name, STR(".json"), 0);

	return str_head(name, end);
}

static void document(struct usage_file *file, struct str text)
{
	struct str whole = parts_document(file, text), key, message;
	struct conversation conversation = {
		.session = parts_first(session_of(file, whole), file_stem(file)),
		.start = json_get(whole, "startTime"),
		.kind = parts_text(file, whole, "kind"),
	};

	if (json_type(whole) != JSON_OBJECT)
		return;
	if (json_type(json_get(whole, "stats")) == JSON_OBJECT)
		take_stats(file, whole, conversation.session);
	if (json_type(json_get(whole, "messages")) == JSON_ARRAY)
		json_each (json_get(whole, "messages"), key, message)
			take_message(file, message, &conversation);
}

static void remember(struct usage_file *file, int text, struct str value)
{
	if (value.n > 0)
		usage_remember(file, text, value);
}

static void line(struct usage_file *file, struct str text)
{
	struct str json = parts_line(file, text);

	if (json_type(json) != JSON_OBJECT)
		return;
	remember(file, TEXT_SESSION, session_of(file, json));
	remember(file, TEXT_START, json_get(json, "startTime"));
	remember(file, TEXT_KIND, parts_text(file, json, "kind"));
	if (json_text_is(json_get(json, "type"), "init"))
		remember(file, TEXT_MODEL, parts_text(file, json, "model"));
	struct str *texts = file->memory.texts;
	struct conversation conversation = {
		.session = parts_first(texts[TEXT_SESSION], file_stem(file)),
		.start = texts[TEXT_START],
		.kind = texts[TEXT_KIND],
		.is_lines = true,
	};
	if (json_type(json_get(json, "stats")) == JSON_OBJECT)
		take_stats(file, json, conversation.session);
	take_message(file, json, &conversation);
}

const struct usage_reader usage_reader_gemini = {
	.name = "gemini",
	.title = "Gemini CLI",
	.provider = "google",
	.places = places,
	.wants = wants,
	.line = line,
	.needles = {STR("\"tokens\""), STR("\"stats\""), STR("\"sessionId\""),
		STR("\"session_id\"")},
	.document = document,
};
