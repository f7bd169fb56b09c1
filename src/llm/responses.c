// SPDX-License-Identifier: MIT
/*
 * responses: the Responses API of OpenAI. Here the reading of its streams. An answer is a list of
 * items, told apart by output_index; each is a block of the same number. Servers may leave out the
 * pieces, or everything but the ends: what is told later and was not told before still counts.
 */
#include "llm/inside.h"

enum field {
	TYPE,
	RESPONSE,
	ITEM,
	ITEM_ID,
	OUTPUT_INDEX,
	SUMMARY_INDEX,
	DELTA,
	ARGUMENTS,
	ERROR,
	FIELDS
};

static const struct str field_names[FIELDS] = {
	[TYPE] = STR("type"),
	[RESPONSE] = STR("response"),
	[ITEM] = STR("item"),
	[ITEM_ID] = STR("item_id"),
	[OUTPUT_INDEX] = STR("output_index"),
	[SUMMARY_INDEX] = STR("summary_index"),
	[DELTA] = STR("delta"),
	[ARGUMENTS] = STR("arguments"),
	[ERROR] = STR("error"),
};

/* input_tokens includes what was read from and written to the cache; ours does not. */
static bool put_usage(const struct outlet *o, struct str usage)
{
	struct str input = json_get(usage, "input_tokens_details");
	struct str output = json_get(usage, "output_tokens_details");
	int64_t all = usage_count(json_get(usage, "input_tokens"));
	struct usage u = USAGE_UNKNOWN;

	u.output = usage_count(json_get(usage, "output_tokens"));
	u.reasoning = usage_count(json_get(output, "reasoning_tokens"));
	u.cache_read = usage_count(json_get(input, "cached_tokens"));
	u.cache_write = usage_count(json_get(input, "cache_write_tokens"));
	int64_t read = usage_known(u.cache_read), written = usage_known(u.cache_write);
	if (all >= 0)
		u.input = all < read ? 0 : usage_known(all - read - written);
	return outlet_usage(o, &u);
}

static bool start(const struct outlet *o, struct str response)
{
	struct arena *a = &o->r->arena;

	if (o->r->has_started)
		return true;
	return outlet_put(o, &(struct delta){.kind = DELTA_START,
				     .id = text_or_empty(response, "id", a),
				     .model = text_or_empty(response, "model", a)});
}

/* ---- items ---- */

static struct known_item *find_item(struct wire_reader *r, int64_t index, struct str id)
{
	vec_each (&r->items, item)
		if (index >= 0 ? item->index == index : id.n && str_eq(item->id, id))
			return item;
	return NULL;
}

static struct known_item *newest(struct wire_reader *r)
{
	return r->items.n ? &r->items.p[r->items.n - 1] : NULL;
}

/* NULL: too many, or the sink stopped; false in *goes_on. */
static struct known_item *add_item(
	const struct outlet *o, int64_t index, struct str id, enum block_kind kind, bool *goes_on)
{
	struct wire_reader *r = o->r;

	if (r->items.n == ANSWER_CALLS_MAX) {
		*goes_on = outlet_damaged(o, "too many items in one answer");
		return NULL;
	}
	struct known_item item = {
		.index = index >= 0 ? index : (int64_t)r->items.n,
		.id = id.n ? arena_copy(&r->kept, id) : STR(""),
		.block = (int)r->items.n,
		.kind = kind,
	};
	vec_push(&r->items, item);
	return newest(r);
}

/* False when the item is none of ours: a tool on the server's side, or unknown. */
static bool kind_of(struct str item, enum block_kind *kind)
{
	static const struct {
		const char *type;
		enum block_kind kind;
	} kinds[] = {
		{"message", BLOCK_TEXT},
		{"function_call", BLOCK_TOOL_USE},
		{"custom_tool_call", BLOCK_TOOL_USE},
		{"reasoning", BLOCK_THINKING},
	};
	struct str type = json_get(item, "type");

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (json_text_is(type, kinds[i].type)) {
			*kind = kinds[i].kind;
			return true;
		}
	return false;
}

static bool announce(const struct outlet *o, const struct known_item *known, struct str item)
{
	struct arena *a = &o->r->arena;
	struct str id = text_or_empty(item, "call_id", a);

	if (known->kind != BLOCK_TOOL_USE)
		return true;
	if (!id.n)
		id = text_or_empty(item, "id", a);
	return outlet_put(o, &(struct delta){.kind = DELTA_TOOL_USE,
				     .index = known->block,
				     .id = id.n ? id : arena_printf(a, "call_%d", known->block),
				     .name = text_or_empty(item, "name", a)});
}

/* The item that begins or ends here, announced. NULL when it is none of ours. */
static struct known_item *open_item(
	const struct outlet *o, struct str item, int64_t index, bool *goes_on)
{
	struct str id = text_or_empty(item, "id", &o->r->arena);
	struct known_item *known = find_item(o->r, index, id);
	enum block_kind kind;

	if (known || !kind_of(item, &kind))
		return known;
	known = add_item(o, index, id, kind, goes_on);
	if (known)
		*goes_on = announce(o, known, item);
	return known;
}

/* Where a piece of this kind goes. NULL: nowhere, it belongs to an item of another kind. */
static struct known_item *item_of_piece(
	const struct outlet *o, const struct str *m, enum block_kind kind, bool *goes_on)
{
	int64_t index = usage_count(m[OUTPUT_INDEX]);
	struct str id = json_text(m[ITEM_ID], &o->r->arena);
	struct known_item *known = find_item(o->r, index, id);

	if (!known && index < 0 && !id.n)
		known = newest(o->r);
	/* A call cannot begin without its name. */
	if (!known && kind != BLOCK_TOOL_USE)
		known = add_item(o, index, id, kind, goes_on);
	return known && known->kind == kind && !known->is_done ? known : NULL;
}

static bool take_piece(const struct outlet *o, const struct str *m, enum block_kind kind,
	enum delta_kind delta, struct str value)
{
	bool goes_on = true;
	struct known_item *known = item_of_piece(o, m, kind, &goes_on);

	if (!known || !goes_on)
		return goes_on;
	known->has_pieces |= json_type(value) == JSON_STRING && value.n > 2;
	return outlet_json(o, delta, known->block, value);
}

/* ---- events ---- */

static bool take_created(const struct outlet *o, const struct str *m)
{
	return start(o, m[RESPONSE]);
}

static bool take_added(const struct outlet *o, const struct str *m)
{
	bool goes_on = true;

	open_item(o, m[ITEM], usage_count(m[OUTPUT_INDEX]), &goes_on);
	return goes_on;
}

static bool take_text(const struct outlet *o, const struct str *m)
{
	return take_piece(o, m, BLOCK_TEXT, DELTA_TEXT, m[DELTA]);
}

static bool take_refusal(const struct outlet *o, const struct str *m)
{
	o->r->has_refused = true;
	return take_text(o, m);
}

static bool take_thought(const struct outlet *o, const struct str *m)
{
	return take_piece(o, m, BLOCK_THINKING, DELTA_THINKING, m[DELTA]);
}

/* Parts of a summary are paragraphs. */
static bool take_thought_part(const struct outlet *o, const struct str *m)
{
	bool goes_on = true;
	struct known_item *known = item_of_piece(o, m, BLOCK_THINKING, &goes_on);

	if (!known || !goes_on || !known->has_pieces)
		return goes_on;
	return outlet_text(o, DELTA_THINKING, known->block, STR("\n\n"));
}

static bool take_input(const struct outlet *o, const struct str *m)
{
	return take_piece(o, m, BLOCK_TOOL_USE, DELTA_TOOL_INPUT, m[DELTA]);
}

static bool take_whole_input(const struct outlet *o, const struct str *m)
{
	bool goes_on = true;
	struct known_item *known = item_of_piece(o, m, BLOCK_TOOL_USE, &goes_on);

	if (!known || known->has_pieces)
		return goes_on;
	return take_piece(o, m, BLOCK_TOOL_USE, DELTA_TOOL_INPUT, m[ARGUMENTS]);
}

static bool end_message(const struct outlet *o, const struct known_item *known, struct str item)
{
	struct str key, part, content = json_get(item, "content");

	json_each (content, key, part) {
		bool is_refusal = json_text_is(json_get(part, "type"), "refusal");
		o->r->has_refused |= is_refusal;
		if (!known->has_pieces && !outlet_json(o, DELTA_TEXT, known->block,
						  json_get(part, is_refusal ? "refusal" : "text")))
			return false;
	}
	return true;
}

/* The input of a custom tool is text, not JSON. */
static bool end_call(const struct outlet *o, const struct known_item *known, struct str item)
{
	AUTO(buf) quoted = {0};
	struct json_writer w = {.buf = &quoted};

	if (known->has_pieces)
		return true;
	if (!json_text_is(json_get(item, "type"), "custom_tool_call"))
		return outlet_json(o, DELTA_TOOL_INPUT, known->block, json_get(item, "arguments"));
	json_open(&w, '{');
	json_member_str(&w, "input", text_or_empty(item, "input", &o->r->arena));
	json_close(&w, '}');
	return outlet_text(o, DELTA_TOOL_INPUT, known->block, buf_str(&quoted));
}

static bool end_reasoning(const struct outlet *o, const struct known_item *known, struct str item)
{
	if (!known->has_pieces &&
		!outlet_text(o, DELTA_THINKING, known->block, reasoning_text(item, &o->r->arena)))
		return false;
	return outlet_text(o, DELTA_EXTRA, known->block, item);
}

static bool end_item(const struct outlet *o, struct str item, int64_t index)
{
	static bool (*const end[])(
		const struct outlet *, const struct known_item *, struct str item) = {
		[BLOCK_TEXT] = end_message,
		[BLOCK_THINKING] = end_reasoning,
		[BLOCK_TOOL_USE] = end_call,
	};
	bool goes_on = true;
	enum block_kind kind;
	struct known_item *known = open_item(o, item, index, &goes_on);

	if (!known || !goes_on || known->is_done || !kind_of(item, &kind) || kind != known->kind)
		return goes_on;
	known->is_done = true;
	return end[known->kind](o, known, item) &&
	       outlet_put(o, &(struct delta){.kind = DELTA_BLOCK_STOP, .index = known->block});
}

static bool take_done(const struct outlet *o, const struct str *m)
{
	return end_item(o, m[ITEM], usage_count(m[OUTPUT_INDEX]));
}

/* The whole answer once more, which counts where no item of it was told before; and the counts. */
static bool take_whole(const struct outlet *o, struct str response)
{
	struct str key, item, output = json_get(response, "output");
	bool was_told = o->r->items.n > 0;
	int64_t index = 0;

	if (!start(o, response))
		return false;
	json_each (output, key, item)
		if (!was_told && !o->r->has_failed && !end_item(o, item, index++))
			return false;
	return o->r->has_failed || put_usage(o, json_get(response, "usage"));
}

static bool take_completed(const struct outlet *o, const struct str *m)
{
	if (!take_whole(o, m[RESPONSE]))
		return false;
	return o->r->has_failed || outlet_end(o);
}

static bool take_incomplete(const struct outlet *o, const struct str *m)
{
	struct str reason = json_get(json_get(m[RESPONSE], "incomplete_details"), "reason");

	o->r->reason = json_text_is(reason, "max_output_tokens") ? STOP_MAX
		       : json_text_is(reason, "content_filter")  ? STOP_REFUSAL
								 : STOP_OTHER;
	return take_completed(o, m);
}

static bool fail(const struct outlet *o, struct str value)
{
	struct llm_error error;

	error_read(value, 0, &o->r->arena, &error);
	if (!error.message.n && !error.type.n)
		error.message = STR("the provider ended the answer with an error");
	return outlet_error(o, &error);
}

static bool take_failed(const struct outlet *o, const struct str *m)
{
	return put_usage(o, json_get(m[RESPONSE], "usage")) &&
	       fail(o, json_get(m[RESPONSE], "error"));
}

static bool take_other(const struct outlet *o, const struct str *m, struct str data, bool is_error)
{
	if (json_type(m[ERROR]) == JSON_OBJECT)
		return fail(o, m[ERROR]);
	return !is_error || fail(o, data);
}

static const struct event events[] = {
	{"response.output_text.delta", take_text},
	{"response.function_call_arguments.delta", take_input},
	{"response.reasoning_summary_text.delta", take_thought},
	{"response.reasoning_text.delta", take_thought},
	{"response.reasoning_summary_part.added", take_thought_part},
	{"response.function_call_arguments.done", take_whole_input},
	{"response.output_item.added", take_added},
	{"response.output_item.done", take_done},
	{"response.refusal.delta", take_refusal},
	{"response.created", take_created},
	{"response.queued", take_created},
	{"response.in_progress", take_created},
	{"response.completed", take_completed},
	{"response.incomplete", take_incomplete},
	{"response.failed", take_failed},
	{0},
};

static const struct event_table table = {field_names, FIELDS, events, take_other};

static bool get_event(
	struct wire_reader *r, struct str name, struct str data, delta_fn *sink, void *self)
{
	return event_take(&table, &(struct outlet){r, sink, self}, name, data);
}

/* What the last event of a stream holds. */
static bool get_whole(struct wire_reader *r, struct str body, delta_fn *sink, void *self)
{
	struct outlet o = {r, sink, self};
	struct str m[FIELDS] = {[RESPONSE] = body}, status = json_get(body, "status");

	if (json_type(json_get(body, "output")) != JSON_ARRAY)
		return get_event(r, STR(""), body, sink, self);
	if (json_text_is(status, "failed"))
		return take_failed(&o, m);
	return json_text_is(status, "incomplete") ? take_incomplete(&o, m) : take_completed(&o, m);
}

static const struct header headers[] = {{0}};

const struct wire wire_responses = {
	.name = "responses",
	.path = "/responses",
	.base_url = "https://api.openai.com/v1",
	.key_header = "authorization",
	.key_prefix = "Bearer ",
	.headers = headers,
	.content_type = "text/event-stream",
	.list_path = "/models",
	.embed_path = "/embeddings",
	.batch = &batch_openai,
	.put_request = responses_put_request,
	.get_event = get_event,
	.get_whole = get_whole,
	.get_error = error_get,
	.get_request = responses_get_request,
	.put_delta = responses_put_delta,
	.put_answer = responses_put_answer,
	.put_error = openai_put_error,
	.put_list = openai_put_list,
};
