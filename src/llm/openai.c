// SPDX-License-Identifier: MIT
/*
 * openai: Chat Completions, as OpenAI and the many compatible servers speak it. Here the reading of
 * their streams, which is lenient: what a chunk lacks or says elsewhere is found or made up.
 */
#include "llm/inside.h"

enum { ID, MODEL, CHOICES, USAGE, ERROR, OBJECT, TYPE, CHUNK_FIELDS };

static const struct str chunk_names[CHUNK_FIELDS] = {
	[ID] = STR("id"),
	[MODEL] = STR("model"),
	[CHOICES] = STR("choices"),
	[USAGE] = STR("usage"),
	[ERROR] = STR("error"),
	[OBJECT] = STR("object"),
	[TYPE] = STR("type"),
};

/* The names servers give to the text of a thought. The first with text counts; some send two. */
enum {
	CONTENT,
	REFUSAL,
	REASONING_CONTENT,
	REASONING,
	REASONING_TEXT,
	DETAILS,
	TOOL_CALLS,
	FUNCTION_CALL,
	DELTA_FIELDS
};

static const struct str delta_names[DELTA_FIELDS] = {
	[CONTENT] = STR("content"),
	[REFUSAL] = STR("refusal"),
	[REASONING_CONTENT] = STR("reasoning_content"),
	[REASONING] = STR("reasoning"),
	[REASONING_TEXT] = STR("reasoning_text"),
	[DETAILS] = STR("reasoning_details"),
	[TOOL_CALLS] = STR("tool_calls"),
	[FUNCTION_CALL] = STR("function_call"),
};

static int64_t first_count(int64_t a, int64_t b, int64_t c)
{
	return a >= 0 ? a : b >= 0 ? b : c;
}

int64_t usage_cost(struct str value)
{
	double dollars;

	if (json_type(value) != JSON_NUMBER || !json_double(value, &dollars) || !(dollars >= 0) ||
		dollars > 1e9)
		return -1;
	return (int64_t)(dollars * 1e9 + 0.5);
}

/* prompt_tokens includes what was read from and written to the cache; ours does not. */
static bool put_usage(const struct outlet *o, struct str usage)
{
	struct str input = json_get(usage, "prompt_tokens_details");
	struct str output = json_get(usage, "completion_tokens_details");
	int64_t prompt = usage_count(json_get(usage, "prompt_tokens"));
	struct usage u = USAGE_UNKNOWN;

	u.output = usage_count(json_get(usage, "completion_tokens"));
	u.reasoning = usage_count(json_get(output, "reasoning_tokens"));
	u.cache_write = usage_count(json_get(input, "cache_write_tokens"));
	u.cache_read = first_count(usage_count(json_get(input, "cached_tokens")),
		usage_count(json_get(usage, "prompt_cache_hit_tokens")), /* DeepSeek */
		usage_count(json_get(usage, "cached_tokens"))); /* Kimi */
	int64_t read = usage_known(u.cache_read), written = usage_known(u.cache_write);
	if (o->r->wire->dialect && o->r->wire->dialect->cost_name)
		u.reported_cost_nanousd =
			usage_cost(json_get(usage, o->r->wire->dialect->cost_name));
	if (prompt >= 0)
		u.input = prompt < read ? 0 : usage_known(prompt - read - written);
	return outlet_usage(o, &u);
}

/* The block that text of this kind goes to: the open one, or the next number. */
static int block_for(struct wire_reader *r, enum block_kind kind)
{
	if (r->open_block < 0 || r->open_kind != kind) {
		r->open_block = r->block_count++;
		r->open_kind = kind;
	}
	return r->open_block;
}

static bool take_text(const struct outlet *o, enum block_kind kind, struct str value)
{
	struct str text = json_text(value, &o->r->arena);

	if (!text.n)
		return true;
	return outlet_text(
		o, kind == BLOCK_TEXT ? DELTA_TEXT : DELTA_THINKING, block_for(o->r, kind), text);
}

/* The field's name is kept as the thought's signature: it goes back under the name it had. */
static bool put_thinking(const struct outlet *o, struct str text, struct str field)
{
	int blocks = o->r->block_count, block = block_for(o->r, BLOCK_THINKING);

	return outlet_text(o, DELTA_THINKING, block, text) &&
	       (blocks == o->r->block_count || outlet_text(o, DELTA_SIGNATURE, block, field));
}

static bool take_thinking(const struct outlet *o, const struct str *m)
{
	for (int i = REASONING_CONTENT; i <= REASONING_TEXT; i++) {
		struct str text = json_text(m[i], &o->r->arena);
		if (text.n)
			return put_thinking(o, text, delta_names[i]);
	}
	struct str text = details_text(m[DETAILS], &o->r->arena);
	return !text.n || put_thinking(o, text, delta_names[DETAILS]);
}

/* Mistral: an array of parts; a thought is a part with parts of its own. */
static bool take_parts(const struct outlet *o, enum block_kind kind, struct str parts)
{
	struct str key, part;

	json_each (parts, key, part)
		if (!take_text(o, kind, json_get(part, "text")))
			return false;
	return true;
}

static bool take_content(const struct outlet *o, struct str content)
{
	struct str key, part;

	if (json_type(content) != JSON_ARRAY)
		return take_text(o, BLOCK_TEXT, content);
	json_each (content, key, part)
		if (!take_parts(o, BLOCK_THINKING, json_get(part, "thinking")) ||
			!take_text(o, BLOCK_TEXT, json_get(part, "text")))
			return false;
	return true;
}

static bool take_delta(const struct outlet *o, struct str delta)
{
	struct str m[DELTA_FIELDS];

	json_pick(delta, delta_names, DELTA_FIELDS, m);
	if (!take_thinking(o, m))
		return false;
	details_take(o->r, m[DETAILS]);
	if (!take_content(o, m[CONTENT]))
		return false;
	if (json_type(m[REFUSAL]) == JSON_STRING && m[REFUSAL].n > 2) {
		o->r->has_refused = true;
		if (!take_text(o, BLOCK_TEXT, m[REFUSAL]))
			return false;
	}
	if (json_type(m[FUNCTION_CALL]) == JSON_OBJECT && !openai_take_call(o, m[FUNCTION_CALL], 0))
		return false;
	return openai_take_calls(o, m[TOOL_CALLS]);
}

static enum stop_reason stop_of(struct str word)
{
	static const struct {
		const char *word;
		enum stop_reason reason;
	} words[] = {
		{"stop", STOP_END}, {"end", STOP_END}, {"eos", STOP_END}, {"end_turn", STOP_END},
		{"tool_calls", STOP_TOOL_USE}, {"function_call", STOP_TOOL_USE},
		{"length", STOP_MAX}, {"max_tokens", STOP_MAX},
		{"model_length", STOP_CONTEXT}, /* Mistral */
		{"content_filter", STOP_REFUSAL}, {"safety", STOP_REFUSAL}, /* Gemini */
	};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (str_eq_nocase(word, str_from(words[i].word)))
			return words[i].reason;
	return STOP_OTHER;
}

static bool fail(const struct outlet *o, struct str error)
{
	struct llm_error read;

	error_read(error, 0, &o->r->arena, &read);
	return outlet_error(o, &read);
}

static bool take_finish(const struct outlet *o, struct str value)
{
	struct str word = json_text(value, &o->r->arena);

	if (!word.n)
		return true;
	if (str_is(word, "error") || str_is(word, "network_error"))
		return fail(
			o, STR("{\"message\":\"the provider ended the answer with an error\"}"));
	o->r->reason = stop_of(word);
	return true;
}

static bool is_error(struct str value)
{
	return (json_type(value) == JSON_OBJECT && json_count(value)) ||
	       (json_type(value) == JSON_STRING && value.n > 2);
}

static bool take_choice(const struct outlet *o, struct str choice)
{
	enum { DELTA, MESSAGE, FINISH, INDEX, CHOICE_USAGE, CHOICE_ERROR, FIELDS };
	static const struct str names[FIELDS] = {
		[DELTA] = STR("delta"),
		[MESSAGE] = STR("message"),
		[FINISH] = STR("finish_reason"),
		[INDEX] = STR("index"),
		[CHOICE_USAGE] = STR("usage"),
		[CHOICE_ERROR] = STR("error"),
	};
	struct str m[FIELDS];

	json_pick(choice, names, FIELDS, m);
	if (json_int_or(m[INDEX], 0) != 0)
		return true;
	if (is_error(m[CHOICE_ERROR]))
		return fail(o, m[CHOICE_ERROR]);
	if (!take_delta(o, json_type(m[DELTA]) == JSON_OBJECT ? m[DELTA] : m[MESSAGE]))
		return false;
	if (!o->r->has_failed && m[FINISH].p && !take_finish(o, m[FINISH]))
		return false;
	return !m[CHOICE_USAGE].p || o->r->has_failed || put_usage(o, m[CHOICE_USAGE]);
}

static bool start(const struct outlet *o, const struct str *m)
{
	if (o->r->has_started)
		return true;
	struct str id = json_text(m[ID], &o->r->arena), model = json_text(m[MODEL], &o->r->arena);
	struct delta delta = {
		.kind = DELTA_START,
		.id = id.p ? id : STR(""),
		.model = model.p ? model : STR(""),
	};
	return outlet_put(o, &delta);
}

static bool take_chunk(const struct outlet *o, const struct str *m)
{
	struct str key, choice;

	if (!start(o, m))
		return false;
	if (json_type(m[CHOICES]) == JSON_ARRAY)
		json_each (m[CHOICES], key, choice) {
			if (!take_choice(o, choice))
				return false;
			if (o->r->has_failed)
				return true;
		}
	return json_type(m[USAGE]) != JSON_OBJECT || put_usage(o, m[USAGE]);
}

/* The answer is whole. The stop comes only now, as some servers send calls after its reason. */
static bool finish(struct wire_reader *r, delta_fn *sink, void *self)
{
	struct outlet o = {r, sink, self};

	if (!r->has_started)
		return outlet_damaged(&o, "it holds no answer");
	return details_put(&o) && outlet_end(&o);
}

/* Whole without [DONE] too, once a finish_reason was seen. */
static bool get_end(struct wire_reader *r, delta_fn *sink, void *self)
{
	return r->reason == STOP_NONE || finish(r, sink, self);
}

static bool get_event(
	struct wire_reader *r, struct str name, struct str data, delta_fn *sink, void *self)
{
	struct outlet o = {r, sink, self};
	struct str m[CHUNK_FIELDS];
	struct err e;

	if (!data.n)
		return true;
	if (str_is(data, "[DONE]"))
		return finish(r, sink, self);
	bool is_named_error = str_is(name, "error");
	if (!json_check(data, &e)) {
		if (!is_named_error)
			return outlet_damaged(&o, e.text);
		AUTO(buf) quoted = {0};
		json_quote(&quoted, data);
		return fail(&o, buf_str(&quoted));
	}
	json_pick(data, chunk_names, CHUNK_FIELDS, m);
	if (is_error(m[ERROR]))
		return fail(&o, m[ERROR]);
	if (is_named_error || json_text_is(m[OBJECT], "error") || json_text_is(m[TYPE], "error"))
		return fail(&o, data);
	return take_chunk(&o, m);
}

/* One chunk with all of it: choices hold "message" in place of "delta". */
static bool get_whole(struct wire_reader *r, struct str body, delta_fn *sink, void *self)
{
	if (json_type(json_get(body, "choices")) != JSON_ARRAY &&
		!is_error(json_get(body, "error")))
		return true;
	return get_event(r, STR(""), body, sink, self);
}

static const struct header headers[] = {{0}};

const struct wire wire_openai = {
	.name = "openai",
	.path = "/chat/completions",
	.base_url = "https://api.openai.com/v1",
	.key_header = "authorization",
	.key_prefix = "Bearer ",
	.headers = headers,
	.content_type = "text/event-stream",
	.list_path = "/models",
	.embed_path = "/embeddings",
	.batch = &batch_openai,
	.put_request = openai_put_request,
	.get_event = get_event,
	.get_whole = get_whole,
	.get_end = get_end,
	.get_error = error_get,
	.get_request = openai_get_request,
	.put_delta = openai_put_delta,
	.put_answer = openai_put_answer,
	.put_error = openai_put_error,
	.put_list = openai_put_list,
};
