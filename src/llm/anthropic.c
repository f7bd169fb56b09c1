// SPDX-License-Identifier: MIT
/*
 * anthropic: the Messages API. Both of its versions are read: what 2026-10-21 took away is never
 * sent, and what it added to errors is looked at. The older one is asked for by default, as
 * compatible servers know no other. Here the reading of its streams.
 */
#include "llm/inside.h"

enum field { TYPE, INDEX, MESSAGE, BLOCK, DELTA, USAGE, ERROR, FIELDS };

static const struct str field_names[FIELDS] = {
	[TYPE] = STR("type"),
	[INDEX] = STR("index"),
	[MESSAGE] = STR("message"),
	[BLOCK] = STR("content_block"),
	[DELTA] = STR("delta"),
	[USAGE] = STR("usage"),
	[ERROR] = STR("error"),
};

static bool put_usage(const struct outlet *o, struct str usage)
{
	struct usage u = {
		.input = usage_count(json_get(usage, "input_tokens")),
		.output = usage_count(json_get(usage, "output_tokens")),
		.cache_read = usage_count(json_get(usage, "cache_read_input_tokens")),
		.cache_write = usage_count(json_get(usage, "cache_creation_input_tokens")),
		.cache_write_1h = usage_count(
			json_get(json_get(usage, "cache_creation"), "ephemeral_1h_input_tokens")),
		.reasoning = usage_count(
			json_get(json_get(usage, "output_tokens_details"), "thinking_tokens")),
		.reported_cost_nanousd = -1,
	};

	return outlet_usage(o, &u);
}

static int block_index(const struct outlet *o, const struct str *m)
{
	int64_t index = json_int_or(m[INDEX], -1);

	return index >= 0 && index <= 1'000'000 ? (int)index
	       : o->r->open_block < 0           ? 0
						: o->r->open_block;
}

static struct known_call *call_of(const struct outlet *o, int block)
{
	for (size_t i = o->r->calls.n; i > 0; i--)
		if (o->r->calls.p[i - 1].block == block)
			return &o->r->calls.p[i - 1];
	return NULL;
}

static bool take_message_start(const struct outlet *o, const struct str *m)
{
	struct arena *a = &o->r->arena;
	struct str id = json_text(json_get(m[MESSAGE], "id"), a);
	struct str model = json_text(json_get(m[MESSAGE], "model"), a);
	struct delta start = {
		.kind = DELTA_START,
		.id = id.p ? id : STR(""),
		.model = model.p ? model : STR(""),
	};

	return outlet_put(o, &start) && put_usage(o, json_get(m[MESSAGE], "usage"));
}

/* Compatible servers may give the whole input here; then its pieces are repeats, if any come. */
static bool start_call(const struct outlet *o, int block, struct str value)
{
	struct arena *a = &o->r->arena;
	struct str id = json_text(json_get(value, "id"), a);
	struct str name = json_text(json_get(value, "name"), a);
	struct str input = json_get(value, "input");
	bool is_whole = json_type(input) == JSON_OBJECT && json_count(input) > 0;
	struct delta delta = {
		.kind = DELTA_TOOL_USE,
		.index = block,
		.id = id.n ? id : arena_printf(a, "call_%zu", o->r->calls.n),
		.name = name.p ? name : STR(""),
	};

	if (o->r->calls.n == ANSWER_CALLS_MAX)
		return outlet_damaged(o, "too many calls in one answer");
	vec_push(&o->r->calls,
		(struct known_call){.block = block, .is_announced = true, .is_whole = is_whole});
	return outlet_put(o, &delta) &&
	       (!is_whole || outlet_text(o, DELTA_TOOL_INPUT, block, input));
}

static bool take_block_start(const struct outlet *o, const struct str *m)
{
	struct str block = m[BLOCK], type = json_get(block, "type");
	int index = o->r->open_block = block_index(o, m);

	if (json_text_is(type, "tool_use"))
		return start_call(o, index, block);
	if (json_text_is(type, "text"))
		return outlet_json(o, DELTA_TEXT, index, json_get(block, "text"));
	if (json_text_is(type, "thinking"))
		return outlet_json(o, DELTA_THINKING, index, json_get(block, "thinking")) &&
		       outlet_json(o, DELTA_SIGNATURE, index, json_get(block, "signature"));
	if (json_text_is(type, "redacted_thinking"))
		return outlet_json(o, DELTA_REDACTED, index, json_get(block, "data"));
	return true;
}

static bool take_input(const struct outlet *o, int index, struct str piece)
{
	const struct known_call *call = call_of(o, index);

	/* None: the input of a tool on the server's side. */
	if (!call || call->is_whole)
		return true;
	return outlet_json(o, DELTA_TOOL_INPUT, index, piece);
}

static bool take_block_delta(const struct outlet *o, const struct str *m)
{
	enum { KIND, TEXT, JSON, THINKING, SIGNATURE, COUNT };
	static const struct str names[COUNT] = {
		[KIND] = STR("type"),
		[TEXT] = STR("text"),
		[JSON] = STR("partial_json"),
		[THINKING] = STR("thinking"),
		[SIGNATURE] = STR("signature"),
	};
	struct str d[COUNT];
	int index = block_index(o, m);

	json_pick(m[DELTA], names, COUNT, d);
	if (json_text_is(d[KIND], "text_delta"))
		return outlet_json(o, DELTA_TEXT, index, d[TEXT]);
	if (json_text_is(d[KIND], "input_json_delta"))
		return take_input(o, index, d[JSON]);
	if (json_text_is(d[KIND], "thinking_delta"))
		return outlet_json(o, DELTA_THINKING, index, d[THINKING]);
	if (json_text_is(d[KIND], "signature_delta"))
		return outlet_json(o, DELTA_SIGNATURE, index, d[SIGNATURE]);
	return true;
}

static bool take_block_stop(const struct outlet *o, const struct str *m)
{
	return outlet_put(o, &(struct delta){.kind = DELTA_BLOCK_STOP, .index = block_index(o, m)});
}

static enum stop_reason stop_of(struct str value)
{
	static const struct {
		const char *word;
		enum stop_reason reason;
	} words[] = {
		{"end_turn", STOP_END},
		{"stop_sequence", STOP_END},
		{"tool_use", STOP_TOOL_USE},
		{"max_tokens", STOP_MAX},
		{"refusal", STOP_REFUSAL},
		{"model_context_window_exceeded", STOP_CONTEXT},
	};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (json_text_is(value, words[i].word))
			return words[i].reason;
	return STOP_OTHER;
}

static bool take_message_delta(const struct outlet *o, const struct str *m)
{
	struct str value = json_get(m[DELTA], "stop_reason");
	struct str details = json_get(m[DELTA], "stop_details");

	if (!put_usage(o, m[USAGE]))
		return false;
	if (json_type(value) != JSON_STRING)
		return true;
	struct delta delta = {
		.kind = DELTA_STOP,
		.reason = stop_of(value),
		.text = json_text(json_get(details, "explanation"), &o->r->arena),
	};
	if (delta.reason == STOP_END && reader_has_calls(o->r))
		delta.reason = STOP_TOOL_USE;
	return outlet_put(o, &delta);
}

static bool take_message_stop(const struct outlet *o, const struct str *)
{
	return outlet_end(o);
}

static bool take_error(const struct outlet *o, const struct str *m)
{
	struct llm_error error;

	error_read(m[ERROR], 0, &o->r->arena, &error);
	return outlet_error(o, &error);
}

/* "ping" and what is unknown is skipped. */
static bool take_other(const struct outlet *o, const struct str *m, struct str, bool)
{
	return json_type(m[ERROR]) != JSON_OBJECT || take_error(o, m);
}

static const struct event events[] = {
	{"content_block_delta", take_block_delta},
	{"content_block_start", take_block_start},
	{"content_block_stop", take_block_stop},
	{"message_start", take_message_start},
	{"message_delta", take_message_delta},
	{"message_stop", take_message_stop},
	{"error", take_error},
	{0},
};

static const struct event_table table = {field_names, FIELDS, events, take_other};

static bool get_event(
	struct wire_reader *r, struct str name, struct str data, delta_fn *sink, void *self)
{
	return event_take(&table, &(struct outlet){r, sink, self}, name, data);
}

/* The message's own members are those that the events of a stream hold one by one. */
static bool get_whole(struct wire_reader *r, struct str body, delta_fn *sink, void *self)
{
	struct outlet o = {r, sink, self};
	struct str m[FIELDS] = {[MESSAGE] = body, [DELTA] = body}, key;
	char index[24];
	size_t n = 0;

	if (!json_text_is(json_get(body, "type"), "message"))
		return json_type(json_get(body, "error")) != JSON_OBJECT ||
		       get_event(r, STR(""), body, sink, self);
	m[USAGE] = json_get(body, "usage");
	if (!take_message_start(&o, m))
		return false;
	json_each (json_get(body, "content"), key, m[BLOCK]) {
		snprintf(index, sizeof index, "%zu", n++);
		m[INDEX] = str_from(index);
		if (!take_block_start(&o, m) || r->has_failed)
			return r->has_failed;
		if (!take_block_stop(&o, m))
			return false;
	}
	return take_message_delta(&o, m) && outlet_end(&o);
}

const struct wire wire_anthropic = {
	.name = "anthropic",
	.path = "/v1/messages",
	.base_url = "https://api.anthropic.com",
	.key_header = "x-api-key",
	.key_prefix = "",
	.version_header = "anthropic-version",
	.version = "2023-06-01",
	.bearer_since = "2026-10-21",
	.content_type = "text/event-stream",
	.list_path = "/v1/models",
	.list_has_pages = true,
	.batch = &batch_anthropic,
	.put_request = anthropic_put_request,
	.get_event = get_event,
	.get_whole = get_whole,
	.get_error = error_get,
	.get_request = anthropic_get_request,
	.put_delta = anthropic_put_delta,
	.put_answer = anthropic_put_answer,
	.put_error = anthropic_put_error,
	.put_list = anthropic_put_list,
};
