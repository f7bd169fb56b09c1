// SPDX-License-Identifier: MIT
/*
 * codebuff: Codebuff, once Manicode, keeps a conversation's messages in a document. Usage is in a
 * message's metadata, or within the state of its run in the options of the last answer.
 */
#include "base/json.h"
#include "base/money.h"
#include "usage/reader/parts.h"

extern const struct usage_reader usage_reader_codebuff;

/* A place may be the directory of the settings, or its projects. */
static void add_root(struct usage_places *places, struct str path)
{
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	const char *tail = str_is(parts_name(path), "projects") ? "" : "/projects";

	if (path.n > 0)
		usage_places_add(
			places, arena_printf(places->arena, "%.*s%s", STR_ARG(path), tail).p, 0);
}

static void places(struct usage_places *places)
{
	struct str rest = str_from(usage_places_get(places, "CODEBUFF_DATA_DIR")), path;

	if (str_trim(rest).n > 0) {
		while (str_split(&rest, ',', &path))
			add_root(places, str_trim(path));
		return;
	}
	usage_places_xdg(places, "XDG_CONFIG_HOME", ".config", "/manicode/projects", 0);
	usage_places_xdg(places, "XDG_CONFIG_HOME", ".config", "/manicode-dev/projects", 0);
	usage_places_xdg(places, "XDG_CONFIG_HOME", ".config", "/manicode-staging/projects", 0);
}

static bool wants(struct str below, unsigned)
{
	return str_is(parts_name(below), "chat-messages.json");
}

/* ---- a conversation ---- */

struct chat {
	struct str name; /* its directory: the time it was begun */
	struct str session; /* channel, project and chat */
	struct str project;
};

/* <channel>/projects/<project>/chats/<chat>/chat-messages.json */
static struct chat read_chat(struct usage_file *file)
{
	struct str directory = parts_parent(file->path);
	struct str chats = parts_parent(directory), project = parts_parent(chats);
	struct chat chat = {.name = parts_name(directory)};

	if (!str_is(parts_name(chats), "chats")) {
		chat.session = chat.project = chat.name;
		return chat;
	}
	chat.project = parts_name(project);
	chat.session = arena_printf(file->arena, "%.*s/%.*s/%.*s",
		STR_ARG(parts_name(parts_parent(parts_parent(project)))), STR_ARG(chat.project),
		STR_ARG(chat.name));
	return chat;
}

/* "2026-01-01T09-00-00.000Z" is a time whose colons no file may have. */
static bool chat_time(struct usage_file *file, struct str name, int64_t *time_ms)
{
	struct str text = arena_copy(file->arena, name);
	char *p = (char *)text.p;
	size_t t = str_find_char(text, 'T', 0);

	for (size_t i = t; t != SIZE_MAX && i < text.n; i++)
		if (p[i] == '-' && i < t + STR("T09-00-").n)
			p[i] = ':';
	return usage_time(text, time_ms);
}

static int64_t take_time(struct usage_file *file, const struct chat *chat, struct str message)
{
	int64_t time_ms;

	if (usage_json_time(json_get(message, "timestamp"), &time_ms) ||
		chat_time(file, chat->name, &time_ms))
		return time_ms;
	return file->modified_ms;
}

/* ---- usage ---- */

struct found {
	struct str usage, model;
};

static bool is_usage(struct str value)
{
	return json_type(value) == JSON_OBJECT && json_count(value) > 0;
}

static bool look_in(struct usage_file *file, struct str holder, struct found *found)
{
	struct str own = json_get(holder, "codebuff");
	struct str usage = json_get(holder, "usage");

	if (!is_usage(usage))
		usage = json_get(own, "usage");
	if (!is_usage(usage))
		return false;
	found->usage = usage;
	found->model = parts_first(parts_text(file, holder, "model"),
		parts_first(parts_text(file, own, "model"), found->model));
	return true;
}

/* The last answer in the history of the run that this message ended. */
static void look_in_run(struct usage_file *file, struct str metadata, struct found *found)
{
	struct str history =
		json_pointer(metadata, STR("/runState/sessionState/mainAgentState/messageHistory"));
	struct str key, message;

	if (json_type(history) == JSON_ARRAY)
		json_each (history, key, message)
			if (json_text_is(json_get(message, "role"), "assistant"))
				(void)look_in(file, json_get(message, "providerOptions"), found);
}

/* What a cache has to do with stands beside the input, or in details: then it is within it. */
static void take_cache(struct usage_file *file, struct str usage, struct usage_tokens *tokens)
{
	struct str details = json_get(usage, "promptTokensDetails");

	tokens->cache_read = PARTS_COUNT(usage, "cacheReadInputTokens", "cache_read_input_tokens");
	tokens->cache_write_5m = PARTS_COUNT(usage, "cacheCreationInputTokens",
		"cache_creation_input_tokens", "cache_creation_tokens");
	if (!details.p)
		details = json_get(usage, "prompt_tokens_details");
	if (tokens->cache_read + tokens->cache_write_5m > 0 || json_type(details) != JSON_OBJECT)
		return;
	tokens->cache_read = PARTS_COUNT(details, "cachedTokens", "cached_tokens");
	tokens->cache_write_5m =
		PARTS_COUNT(details, "cachedTokensCreated", "cached_tokens_created");
	int64_t cached = money_add(tokens->cache_read, tokens->cache_write_5m);
	if (!file->is_compat && cached <= tokens->input)
		tokens->input -= cached;
}

static void take_tokens(struct usage_file *file, struct str usage, struct usage_tokens *tokens)
{
	tokens->input =
		PARTS_COUNT(usage, "inputTokens", "promptTokens", "prompt_tokens", "input_tokens");
	tokens->output = PARTS_COUNT(
		usage, "outputTokens", "completionTokens", "completion_tokens", "output_tokens");
	take_cache(file, usage, tokens);
	parts_fill_total(file, tokens, PARTS_COUNT(usage, "totalTokens", "total_tokens"));
}

static bool is_answer(struct str message)
{
	struct str variant = json_get(message, "variant");

	return json_text_is(variant, "ai") || json_text_is(variant, "agent") ||
	       json_text_is(json_get(message, "role"), "assistant");
}

static void take_message(struct usage_file *file, const struct chat *chat, struct str message)
{
	struct usage_record r = USAGE_RECORD_NONE;
	struct str metadata = json_get(message, "metadata");
	struct found found = {.model = parts_text(file, metadata, "model")};

	if (!is_answer(message))
		return;
	if (!look_in(file, metadata, &found))
		look_in_run(file, metadata, &found);
	take_tokens(file, found.usage, &r.tokens);
	if (!parts_has_tokens(&r.tokens))
		return;
	r.tokens.nanocredits = parts_credits(message);
	r.id = parts_id(file, chat->session, parts_text(file, message, "id"));
	r.session = chat->session;
	r.model = found.model;
	r.time_ms = take_time(file, chat, message);
	struct str context = json_pointer(metadata, STR("/runState/sessionState/fileContext"));
	r.project = parts_first(parts_first(parts_text(file, context, "cwd"),
					parts_text(file, context, "projectRoot")),
		chat->project);
	if (file->is_compat && r.model.n == 0)
		r.model = STR("codebuff-unknown");
	usage_take(file, &r);
}

static void document(struct usage_file *file, struct str text)
{
	struct str whole = parts_document(file, text), key, message;
	struct chat chat = read_chat(file);

	if (json_type(whole) == JSON_ARRAY)
		json_each (whole, key, message)
			take_message(file, &chat, message);
}

const struct usage_reader usage_reader_codebuff = {
	.name = "codebuff",
	.title = "Codebuff",
	.tells_credits = true,
	.places = places,
	.wants = wants,
	.document = document,
};
