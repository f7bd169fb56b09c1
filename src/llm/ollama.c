// SPDX-License-Identifier: MIT
/*
 * ollama: the native chat of Ollama, one JSON object a line. Here its streams, read and written.
 * Calls come whole, their input is an object and not its text; the last line has "done": true.
 */
#include "llm/inside.h"

/* ---- reading ---- */

enum field { MODEL, MESSAGE, DONE, DONE_REASON, PROMPT_COUNT, COUNT, ERROR, FIELDS };

static const struct str field_names[FIELDS] = {
	[MODEL] = STR("model"),
	[MESSAGE] = STR("message"),
	[DONE] = STR("done"),
	[DONE_REASON] = STR("done_reason"),
	[PROMPT_COUNT] = STR("prompt_eval_count"),
	[COUNT] = STR("eval_count"),
	[ERROR] = STR("error"),
};

/* The block that text of this kind goes to: the open one, or the next number. */
static int block_for(struct wire_reader *r, enum block_kind kind)
{
	if (r->open_block < 0 || r->open_kind != kind) {
		r->open_block = r->block_count++;
		r->open_kind = kind;
	}
	return r->open_block;
}

/* The field's name is the thought's signature: it goes back under the name it had. */
static bool take_thinking(const struct outlet *o, struct str value)
{
	struct str text = json_text(value, &o->r->arena);

	if (!text.n)
		return true;
	int blocks = o->r->block_count, block = block_for(o->r, BLOCK_THINKING);
	return outlet_text(o, DELTA_THINKING, block, text) &&
	       (blocks == o->r->block_count ||
		       outlet_text(o, DELTA_SIGNATURE, block, STR("thinking")));
}

static bool take_text(const struct outlet *o, struct str value)
{
	struct str text = json_text(value, &o->r->arena);

	return !text.n || outlet_text(o, DELTA_TEXT, block_for(o->r, BLOCK_TEXT), text);
}

/* Results find their call by id alone: no two have the same. */
static struct str new_id(struct wire_reader *r, struct str id)
{
	bool is_taken = !id.n;

	vec_each (&r->calls, call)
		is_taken |= str_eq(call->id, id);
	return is_taken ? arena_printf(&r->kept, "call_%zu", r->calls.n) : arena_copy(&r->kept, id);
}

static bool take_call(const struct outlet *o, struct str value)
{
	struct wire_reader *r = o->r;
	struct str function = json_get(value, "function");
	struct str input = json_get(function, "arguments");
	struct str name = text_or_empty(function, "name", &r->arena);

	if (json_type(input) != JSON_OBJECT)
		input = json_text(input, &r->arena);
	if (!name.n && !input.n)
		return true;
	if (r->calls.n == ANSWER_CALLS_MAX)
		return outlet_damaged(o, "too many calls in one answer");
	struct known_call call = {.block = r->block_count++, .is_announced = true};
	call.id = new_id(r, text_or_empty(value, "id", &r->arena));
	vec_push(&r->calls, call);
	r->open_block = call.block;
	r->open_kind = BLOCK_TOOL_USE;
	return outlet_put(o, &(struct delta){.kind = DELTA_TOOL_USE,
				     .index = call.block,
				     .id = call.id,
				     .name = name}) &&
	       outlet_text(o, DELTA_TOOL_INPUT, call.block, input) &&
	       outlet_put(o, &(struct delta){.kind = DELTA_BLOCK_STOP, .index = call.block});
}

static bool take_message(const struct outlet *o, struct str message)
{
	struct str key, call, calls = json_get(message, "tool_calls");

	if (!take_thinking(o, json_get(message, "thinking")) ||
		!take_text(o, json_get(message, "content")))
		return false;
	json_each (calls, key, call)
		if (!o->r->has_failed && json_type(call) == JSON_OBJECT && !take_call(o, call))
			return false;
	return true;
}

static enum stop_reason stop_of(struct str word)
{
	if (json_text_is(word, "length"))
		return STOP_MAX;
	return json_type(word) != JSON_STRING || json_text_is(word, "stop") ? STOP_END : STOP_OTHER;
}

/* prompt_eval_count may be left out, when nothing had to be evaluated. */
static bool take_end(const struct outlet *o, const struct str *m)
{
	struct usage u = USAGE_UNKNOWN;

	u.input = usage_count(m[PROMPT_COUNT]);
	u.output = usage_count(m[COUNT]);
	o->r->reason = stop_of(m[DONE_REASON]);
	return outlet_usage(o, &u) && outlet_end(o);
}

static bool take_line(const struct outlet *o, const struct str *m)
{
	struct delta start = {.kind = DELTA_START, .id = STR("")};

	start.model = json_text(m[MODEL], &o->r->arena);
	if (!start.model.p)
		start.model = STR("");
	if (!outlet_put(o, &start) || !take_message(o, m[MESSAGE]))
		return false;
	return o->r->has_failed || !json_bool_or(m[DONE], false) || take_end(o, m);
}

static bool get_event(
	struct wire_reader *r, struct str, struct str data, delta_fn *sink, void *self)
{
	struct outlet o = {r, sink, self};
	struct str m[FIELDS];
	struct llm_error error;
	struct err e;

	if (!data.n)
		return true;
	if (!json_check(data, &e))
		return outlet_damaged(&o, e.text);
	json_pick(data, field_names, FIELDS, m);
	if (json_type(m[ERROR]) == JSON_STRING || json_type(m[ERROR]) == JSON_OBJECT) {
		error_read(m[ERROR], 0, &r->arena, &error);
		return outlet_error(&o, &error);
	}
	return json_type(data) != JSON_OBJECT || take_line(&o, m);
}

/* ---- writing ---- */

/* "created_at" is the beginning of time: a wire has no clock. */
static void line_open(struct str model, struct json_writer *j, struct buf *out)
{
	*j = (struct json_writer){.buf = out};
	json_open(j, '{');
	json_member_str(j, "model", model);
	json_member_text(j, "created_at", "1970-01-01T00:00:00Z");
	json_key(j, "message");
	json_open(j, '{');
	json_member_text(j, "role", "assistant");
}

static void line_close(struct json_writer *j)
{
	json_member_bool(j, "done", false);
	json_close(j, '}');
	buf_put_char(j->buf, '\n');
}

static void put_text(
	const struct wire_writer *w, struct str text, struct str thinking, struct buf *out)
{
	struct json_writer j;

	line_open(w->model, &j, out);
	json_member_str(&j, "content", text);
	if (thinking.n)
		json_member_str(&j, "thinking", thinking);
	json_close(&j, '}');
	line_close(&j);
}

static void put_call(
	struct json_writer *j, int index, struct str id, struct str name, struct str input)
{
	json_open(j, '{');
	json_member_str(j, "id", id);
	json_key(j, "function");
	json_open(j, '{');
	json_member_int(j, "index", index);
	json_member_str(j, "name", name);
	json_key(j, "arguments");
	put_input_object(j->buf, input);
	json_close(j, '}');
	json_close(j, '}');
}

static void close_call(struct wire_writer *w, struct buf *out)
{
	struct json_writer j;

	if (!w->is_open)
		return;
	w->is_open = false;
	line_open(w->model, &j, out);
	json_member_text(&j, "content", "");
	json_key(&j, "tool_calls");
	json_open(&j, '[');
	put_call(&j, w->block_count++, w->call_id, w->call_name, buf_str(&w->text));
	json_close(&j, ']');
	json_close(&j, '}');
	line_close(&j);
	buf_clear(&w->text);
}

static void open_call(struct wire_writer *w, const struct delta *delta)
{
	w->is_open = true;
	w->open_index = delta->index;
	arena_clear(&w->arena);
	w->call_id = arena_copy(&w->arena, delta->id);
	w->call_name = arena_copy(&w->arena, delta->name);
}

static void put_done(struct json_writer *j, enum stop_reason reason, const struct usage *u)
{
	bool is_cut = reason == STOP_MAX || reason == STOP_CONTEXT;

	json_member_bool(j, "done", true);
	json_member_text(j, "done_reason", is_cut ? "length" : "stop");
	if (u->input >= 0)
		json_member_int(j, "prompt_eval_count",
			u->input + usage_known(u->cache_read) + usage_known(u->cache_write));
	if (u->output >= 0)
		json_member_int(j, "eval_count", u->output);
	json_close(j, '}');
}

static void end(const struct wire_writer *w, struct buf *out)
{
	struct json_writer j;

	line_open(w->model, &j, out);
	json_member_text(&j, "content", "");
	json_close(&j, '}');
	put_done(&j, w->reason, &w->usage);
	buf_put_char(out, '\n');
}

void ollama_put_error(const struct llm_error *error, struct buf *out)
{
	struct json_writer w = {.buf = out};

	json_open(&w, '{');
	json_member_str(&w, "error", error->message);
	json_close(&w, '}');
}

static void start(struct wire_writer *w, const struct delta *delta)
{
	if (w->has_started)
		return;
	w->has_started = true;
	w->usage = USAGE_UNKNOWN;
	w->model = delta->kind == DELTA_START && delta->model.p ? delta->model : STR("");
}

/* Signatures and redacted thoughts do not exist here and are left out. */
void ollama_put_delta(struct wire_writer *w, const struct delta *delta, struct buf *out)
{
	start(w, delta);
	if (delta->kind != DELTA_TOOL_INPUT && delta->kind != DELTA_USAGE)
		close_call(w, out);
	switch (delta->kind) {
	case DELTA_TEXT: put_text(w, delta->text, (struct str){0}, out); break;
	case DELTA_THINKING: put_text(w, STR(""), delta->text, out); break;
	case DELTA_TOOL_USE: open_call(w, delta); break;
	case DELTA_TOOL_INPUT:
		if (w->is_open && w->open_index == delta->index)
			buf_put_str(&w->text, delta->text);
		break;
	case DELTA_USAGE: usage_merge(&w->usage, &delta->usage); break;
	case DELTA_STOP: w->reason = delta->reason; break;
	case DELTA_ERROR:
		ollama_put_error(&delta->error, out);
		buf_put_char(out, '\n');
		break;
	case DELTA_END: end(w, out); break;
	default: break;
	}
}

static void put_joined(struct json_writer *j, const char *member, const struct whole_answer *answer,
	enum block_kind kind)
{
	AUTO(buf) all = {0};

	vec_each (&answer->blocks, block)
		if (block->kind == kind && !block->redacted)
			buf_put_str(&all, buf_str(&block->text));
	if (all.n || kind == BLOCK_TEXT)
		json_member_str(j, member, buf_str(&all));
}

void ollama_put_answer(const struct whole_answer *answer, struct buf *out)
{
	struct json_writer j;
	int count = 0;

	line_open(answer->model, &j, out);
	put_joined(&j, "content", answer, BLOCK_TEXT);
	put_joined(&j, "thinking", answer, BLOCK_THINKING);
	vec_each (&answer->blocks, block) {
		if (block->kind != BLOCK_TOOL_USE)
			continue;
		if (count == 0) {
			json_key(&j, "tool_calls");
			json_open(&j, '[');
		}
		put_call(&j, count++, block->id, block->name, buf_str(&block->text));
	}
	if (count)
		json_close(&j, ']');
	json_close(&j, '}');
	put_done(&j, answer->reason, &answer->usage);
}

static const struct header headers[] = {{0}};

const struct wire wire_ollama = {
	.name = "ollama",
	.path = "/api/chat",
	.base_url = "http://127.0.0.1:11434",
	.key_header = "authorization",
	.key_prefix = "Bearer ",
	.headers = headers,
	.framing = FRAMING_LINES,
	.content_type = "application/x-ndjson",
	.list_path = "/api/tags",
	.show_path = "/api/show",
	.embed_path = "/api/embed",
	.loads_models = true,
	.put_request = ollama_put_request,
	.get_event = get_event,
	.get_error = error_get,
	.get_request = ollama_get_request,
	.put_delta = ollama_put_delta,
	.put_answer = ollama_put_answer,
	.put_error = ollama_put_error,
	.put_list = ollama_put_list,
};
