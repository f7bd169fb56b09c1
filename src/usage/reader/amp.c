// SPDX-License-Identifier: MIT
/*
 * amp: Amp keeps a thread in a document. Its messages have the usage; older ones have it in a
 * ledger, and only how the input parts into caches in the messages.
 */
#include "base/json.h"
#include "base/money.h"
#include "usage/reader/parts.h"

extern const struct usage_reader usage_reader_amp;

static void places(struct usage_places *places)
{
	if (!usage_places_variable(places, "AMP_DATA_DIR", "/threads", 0))
		usage_places_xdg(places, "XDG_DATA_HOME", ".local/share", "/amp/threads", 0);
}

static bool wants(struct str below, unsigned)
{
	return str_ends(below, STR(".json"));
}

struct thread {
	struct str id, created, project, branch;
	struct str *messages;
	struct parts_entry *by_id; /* places in messages */
	size_t count;
};

/* The items of an array, and where each "name" is. */
static size_t index_items(struct usage_file *file, struct str array, const char *name,
	struct str **items, struct parts_entry **by_name)
{
	struct str key, item;
	size_t n = 0, count = json_type(array) == JSON_ARRAY ? json_count(array) : 0;

	*items = arena_alloc(file->arena, count + 1, sizeof **items);
	*by_name = arena_alloc(file->arena, count + 1, sizeof **by_name);
	if (count > 0)
		json_each (array, key, item) {
			(*items)[n] = item;
			(*by_name)[n] = (struct parts_entry){json_get(item, name), n};
			n++;
		}
	parts_sort(*by_name, n);
	return n;
}

static struct thread read_thread(struct usage_file *file, struct str json)
{
	struct str name = parts_name(file->path);
	struct str tree = json_pointer(json, STR("/env/initial/trees/0"));
	struct str uri = parts_text(file, tree, "uri");
	struct str ref = parts_text(file, json_get(tree, "repository"), "ref");

	if (str_starts(uri, STR("file://")))
		uri = str_skip(uri, STR("file://").n);
	if (str_starts(ref, STR("refs/heads/")))
		ref = str_skip(ref, STR("refs/heads/").n);
	struct thread thread = {
		.id = parts_first(
			parts_text(file, json, "id"), str_head(name, name.n - STR(".json").n)),
		.created = json_get(json, "created"),
		.project = uri,
		.branch = ref,
	};
	thread.count = index_items(
		file, json_get(json, "messages"), "messageId", &thread.messages, &thread.by_id);
	return thread;
}

static struct usage_record begin(const struct thread *thread)
{
	struct usage_record r = USAGE_RECORD_NONE;

	r.session = thread->id;
	r.project = thread->project;
	r.branch = thread->branch;
	return r;
}

/* ccusage counts what stands twice twice. */
static struct str answer_id(struct usage_file *file, const struct thread *thread, struct str id)
{
	return file->is_compat ? (struct str){0} : parts_id(file, thread->id, id);
}

static bool take_time(struct usage_file *file, const struct thread *thread, struct str timestamp,
	int64_t *time_ms)
{
	if (usage_json_time(timestamp, time_ms))
		return true;
	if (file->is_compat)
		return false;
	if (!usage_json_time(thread->created, time_ms))
		*time_ms = file->modified_ms;
	return true;
}

static void finish(struct usage_file *file, struct usage_record *r, struct str total)
{
	parts_fill_total(file, &r->tokens, usage_json_count(total));
	if (parts_has_tokens(&r->tokens) && (!file->is_compat || r->model.n > 0))
		usage_take(file, r);
}

static void take_message(struct usage_file *file, const struct thread *thread, struct str message)
{
	struct usage_record r = begin(thread);
	struct str usage = json_get(message, "usage");

	if (json_type(usage) != JSON_OBJECT ||
		!take_time(file, thread, json_get(usage, "timestamp"), &r.time_ms))
		return;
	r.id = answer_id(file, thread, json_get(message, "messageId"));
	r.model = parts_text(file, usage, "model");
	r.tokens.input = parts_count(usage, "inputTokens");
	r.tokens.output = parts_count(usage, "outputTokens");
	r.tokens.cache_write_5m = parts_count(usage, "cacheCreationInputTokens");
	r.tokens.cache_read = parts_count(usage, "cacheReadInputTokens");
	r.tokens.nanocredits = parts_credits(usage);
	parts_tools(file, json_get(message, "content"), "tool_use", &r);
	finish(file, &r, json_get(usage, "totalTokens"));
}

static struct str find_message(const struct thread *thread, struct str id)
{
	size_t at = parts_find(thread->by_id, thread->count, id);

	return at == SIZE_MAX ? (struct str){0} : thread->messages[at];
}

/* The ledger's input may have the caches within it, which its message tells. */
static void part_input(struct usage_file *file, struct str usage, struct usage_tokens *tokens)
{
	tokens->cache_write_5m = parts_count(usage, "cacheCreationInputTokens");
	tokens->cache_read = parts_count(usage, "cacheReadInputTokens");
	int64_t cached = money_add(tokens->cache_write_5m, tokens->cache_read);
	if (!file->is_compat && cached > 0 &&
		tokens->input == money_add(parts_count(usage, "inputTokens"), cached))
		tokens->input -= cached;
}

static void take_event(struct usage_file *file, const struct thread *thread, struct str event)
{
	struct usage_record r = begin(thread);
	struct str tokens = json_get(event, "tokens");
	struct str message = find_message(thread, json_get(event, "toMessageId"));

	if (json_type(tokens) != JSON_OBJECT ||
		!take_time(file, thread, json_get(event, "timestamp"), &r.time_ms))
		return;
	r.id = answer_id(file, thread,
		parts_first(parts_text(file, event, "id"), json_get(event, "toMessageId")));
	r.model = parts_text(file, event, "model");
	r.tokens.input = parts_count(tokens, "input");
	r.tokens.output = parts_count(tokens, "output");
	r.tokens.nanocredits = parts_credits(event);
	part_input(file, json_get(message, "usage"), &r.tokens);
	parts_tools(file, json_get(message, "content"), "tool_use", &r);
	finish(file, &r, json_get(tokens, "total"));
}

/*
 * Messages that no event is about are answers of their own where each event names its message;
 * ccusage has none of them.
 */
static void take_rest(struct usage_file *file, const struct thread *thread,
	const struct parts_entry *in_ledger, size_t count)
{
	if (count > 0 && (file->is_compat || in_ledger[0].key.n == 0))
		return;
	for (size_t i = 0; i < thread->count; i++) {
		struct str id = json_get(thread->messages[i], "messageId");
		if (parts_find(in_ledger, count, id) == SIZE_MAX)
			take_message(file, thread, thread->messages[i]);
	}
}

static void document(struct usage_file *file, struct str text)
{
	struct str whole = parts_document(file, text), *events;
	struct parts_entry *in_ledger;

	if (json_type(whole) != JSON_OBJECT)
		return;
	struct thread thread = read_thread(file, whole);
	size_t count = index_items(file, json_get(json_get(whole, "usageLedger"), "events"),
		"toMessageId", &events, &in_ledger);
	for (size_t i = 0; i < count; i++)
		take_event(file, &thread, events[i]);
	take_rest(file, &thread, in_ledger, count);
}

const struct usage_reader usage_reader_amp = {
	.name = "amp",
	.title = "Amp",
	.tells_credits = true,
	.places = places,
	.wants = wants,
	.document = document,
};
