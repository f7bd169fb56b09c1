// SPDX-License-Identifier: MIT
/*
 * droid: Factory's Droid keeps sums of a session beside its transcript: x.settings.json, x.jsonl.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "usage/reader/parts.h"

extern const struct usage_reader usage_reader_droid;

enum { HEAD_BYTES = 256 << 10 }; /* of a transcript: its first lines say where, and with what */

#define ENDING STR(".settings.json")

static void places(struct usage_places *places)
{
	if (!usage_places_variable(places, "DROID_SESSIONS_DIR", "", 0))
		usage_places_add(places, "~/.factory/sessions", 0);
}

static bool wants(struct str below, unsigned)
{
	return str_ends(below, ENDING);
}

/* ---- models ---- */

/* "custom:Claude-Opus-4.5-[Maker]-0" is claude-opus-4-5: what stands in brackets is for people. */
static struct str plain_model(struct usage_file *file, struct str model)
{
	AUTO(buf) plain = {0};
	bool is_bracket = false;

	for (size_t i = 0; i < model.n; i++) {
		char c = model.p[i];
		if (c == '[' && !file->is_compat)
			break;
		if (c == '[' || c == ']') {
			is_bracket = c == '[';
			continue;
		}
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c == '.' || c == ' ')
			c = '-';
		if (!is_bracket && (c != '-' || (plain.n > 0 && plain.p[plain.n - 1] != '-')))
			buf_put_char(&plain, c);
	}
	while (plain.n > 0 && plain.p[plain.n - 1] == '-')
		buf_cut(&plain, plain.n - 1);
	return arena_copy(file->arena, buf_str(&plain));
}

static struct str unknown_model(struct usage_file *file, struct str provider)
{
	static const char *const names[][2] = {
		{"anthropic", "claude-unknown"},
		{"openai", "gpt-unknown"},
		{"google", "gemini-unknown"},
		{"vertex_ai", "gemini-unknown"},
		{"xai", "grok-unknown"},
	};

	if (!file->is_compat)
		return STR("");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_is(provider, names[i][0]))
			return str_from(names[i][1]);
	return STR("unknown");
}

/* The first lines of the transcript beside it; empty where there is none. */
static struct str read_transcript(struct usage_file *file)
{
	struct err ignored;
	struct str stem = str_head(file->path, file->path.n - ENDING.n);
	struct str path = arena_printf(file->arena, "%.*s.jsonl", STR_ARG(stem));
	AUTO_FD fd = file_open_regular(AT_FDCWD, path.p, &ignored);
	char *head = arena_alloc(file->arena, HEAD_BYTES, 1);
	ssize_t n = fd < 0 ? 0 : pread(fd, head, HEAD_BYTES, 0);

	return (struct str){head, n > 0 ? (size_t)n : 0};
}

/* "Model: Claude Opus 4.5" stands in what is told to the model about itself. */
static struct str told_model(struct usage_file *file, struct str transcript)
{
	size_t at = str_find(transcript, STR("Model: "), 0);

	if (at == SIZE_MAX)
		return (struct str){0};
	struct str rest = str_skip(transcript, at + STR("Model: ").n);
	size_t n = 0;
	while (n < rest.n && n < 100 && (unsigned char)rest.p[n] >= ' ' && rest.p[n] != '\\' &&
		rest.p[n] != '"' && rest.p[n] != '<')
		n++;
	return plain_model(file, str_trim(str_head(rest, n)));
}

static struct str model(
	struct usage_file *file, struct str json, struct str provider, struct str transcript)
{
	struct str name = parts_text(file, json, "model");
	bool is_custom = str_starts(name, STR("custom:"));

	if (is_custom)
		name = str_skip(name, STR("custom:").n);
	if (is_custom || file->is_compat)
		name = plain_model(file, name);
	if (name.n == 0)
		name = told_model(file, transcript);
	return name.n > 0 ? name : unknown_model(file, provider);
}

/* ---- a session ---- */

static struct str working_directory(struct usage_file *file, struct str transcript)
{
	struct err ignored;
	struct str rest = transcript, line;

	while (str_split(&rest, '\n', &line))
		if (str_contains(line, STR("session_start")) && json_check(line, &ignored))
			return parts_text(file, line, "cwd");
	return (struct str){0};
}

static void take_tokens(struct usage_file *file, struct str usage, struct usage_tokens *tokens)
{
	tokens->input = parts_count(usage, "inputTokens");
	tokens->output = parts_count(usage, "outputTokens");
	tokens->cache_write_5m = parts_count(usage, "cacheCreationTokens");
	tokens->cache_read = parts_count(usage, "cacheReadTokens");
	parts_add_thoughts(file, tokens, parts_count(usage, "thinkingTokens"));
	parts_fill_total(file, tokens, parts_count(usage, "totalTokens"));
}

static void document(struct usage_file *file, struct str text)
{
	struct usage_record r = USAGE_RECORD_NONE;
	struct str whole = parts_document(file, text), name = parts_name(file->path);
	struct str usage = json_get(whole, "tokenUsage");

	if (json_type(usage) != JSON_OBJECT)
		return;
	take_tokens(file, usage, &r.tokens);
	if (!parts_has_tokens(&r.tokens))
		return;
	struct str transcript = read_transcript(file);
	r.id = r.session = str_head(name, name.n - ENDING.n);
	r.provider = parts_text(file, whole, "providerLock");
	r.model = model(file, whole, r.provider, transcript);
	r.project = parts_first(
		working_directory(file, transcript), parts_name(parts_parent(file->below)));
	if (!usage_json_time(json_get(whole, "providerLockTimestamp"), &r.time_ms))
		r.time_ms = file->modified_ms;
	r.is_replacing = true;
	usage_take(file, &r);
}

const struct usage_reader usage_reader_droid = {
	.name = "droid",
	.title = "Droid",
	.places = places,
	.wants = wants,
	.document = document,
};
