// SPDX-License-Identifier: MIT
/* responses_request: the body of a Responses request, written and read. */
#include "llm/inside.h"

/* ---- writing ---- */

static void open_item(struct json_writer *w, const char *type)
{
	json_open(w, '{');
	json_member_text(w, "type", type);
}

/* Texts in a row are the parts of one message. */
struct texts {
	struct json_writer *w;
	enum role role;
	bool is_open;
};

static void close_texts(struct texts *t)
{
	if (!t->is_open)
		return;
	t->is_open = false;
	json_close(t->w, ']');
	json_close(t->w, '}');
}

static void open_texts(struct texts *t)
{
	if (t->is_open)
		return;
	t->is_open = true;
	open_item(t->w, "message");
	json_member_text(t->w, "role", t->role == ROLE_USER ? "user" : "assistant");
	json_key(t->w, "content");
	json_open(t->w, '[');
}

static void put_text(struct texts *t, struct str text)
{
	open_texts(t);
	json_open(t->w, '{');
	json_member_text(t->w, "type", t->role == ROLE_USER ? "input_text" : "output_text");
	json_member_str(t->w, "text", text);
	json_close(t->w, '}');
}

static void put_image(struct texts *t, const struct block *b)
{
	open_texts(t);
	json_open(t->w, '{');
	json_member_text(t->w, "type", "input_image");
	json_member_text(t->w, "detail", "auto");
	json_key(t->w, "image_url");
	image_put_url(t->w, b);
	json_close(t->w, '}');
}

static void put_call(struct json_writer *w, const struct block *b)
{
	AUTO(buf) input = {0};

	put_input_object(&input, b->input);
	open_item(w, "function_call");
	json_member_str(w, "call_id", b->id);
	json_member_str(w, "name", b->name);
	json_member_str(w, "arguments", buf_str(&input));
	json_close(w, '}');
}

static void put_result(struct json_writer *w, const struct block *b)
{
	open_item(w, "function_call_output");
	json_member_str(w, "call_id", b->id);
	json_member_str(w, "output", b->text);
	json_close(w, '}');
}

static bool is_reasoning(struct str item)
{
	return json_type(item) == JSON_OBJECT && json_text_is(json_get(item, "type"), "reasoning");
}

static void put_block(struct texts *t, const struct block *b)
{
	if (b->kind == BLOCK_TEXT) {
		if (b->text.n)
			put_text(t, b->text);
		return;
	}
	if (b->kind == BLOCK_IMAGE) {
		put_image(t, b);
		return;
	}
	/* Thoughts of another wire mean nothing here. */
	if (b->kind == BLOCK_THINKING && !is_reasoning(b->extra))
		return;
	close_texts(t);
	if (b->kind == BLOCK_THINKING)
		json_put_raw(t->w, b->extra);
	else if (b->kind == BLOCK_TOOL_USE)
		put_call(t->w, b);
	else
		put_result(t->w, b);
}

static void put_input(struct json_writer *w, const struct prompt *p)
{
	struct run run = {0};

	json_key(w, "input");
	json_open(w, '[');
	while (run_next(p, &run)) {
		struct texts texts = {w, run.first->role, false};
		for (const struct message *m = run.first; m < run.end; m++)
			for (size_t i = 0; i < m->block_count; i++)
				put_block(&texts, &m->blocks[i]);
		close_texts(&texts);
	}
	json_close(w, ']');
}

/* strict is the default here and would refuse schemas with optional members. */
static void put_tools(struct json_writer *w, const struct prompt *p)
{
	json_key(w, "tools");
	json_open(w, '[');
	for (size_t i = 0; i < p->tool_count; i++) {
		open_item(w, "function");
		tool_put(w, &p->tools[i], "parameters");
		json_member_bool(w, "strict", false);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_form(struct json_writer *w, const struct prompt *p)
{
	json_key(w, "text");
	json_open(w, '{');
	json_key(w, "format");
	json_open(w, '{');
	json_member_text(w, "type", "json_schema");
	form_put(w, p);
	json_close(w, '}');
	json_close(w, '}');
}

/* Nothing is kept by the provider, so the thoughts come along, readable for it alone. */
void responses_put_request(const struct prompt *p, struct buf *body)
{
	struct json_writer w = {.buf = body};

	json_open(&w, '{');
	json_member_str(&w, "model", p->model);
	json_member_int(&w, "max_output_tokens", p->max_output_tokens);
	json_member_bool(&w, "store", false);
	json_key(&w, "include");
	json_put_raw(&w, STR("[\"reasoning.encrypted_content\"]"));
	if (p->effort.n) {
		json_key(&w, "reasoning");
		json_open(&w, '{');
		json_member_str(&w, "effort", p->effort);
		json_close(&w, '}');
	}
	if (p->schema.n && form_is_object(p->schema))
		put_form(&w, p);
	if (p->stream)
		json_member_bool(&w, "stream", true);
	if (p->system.n)
		json_member_str(&w, "instructions", p->system);
	if (p->tool_count)
		put_tools(&w, p);
	put_input(&w, p);
	json_close(&w, '}');
}

/* ---- reading ---- */

struct str reasoning_text(struct str item, struct arena *a)
{
	struct str key, part, summary = json_get(item, "summary");
	AUTO(buf) all = {0};

	if (json_type(summary) != JSON_ARRAY)
		return STR("");
	json_each (summary, key, part) {
		struct str text = text_or_empty(part, "text", a);
		if (all.n && text.n)
			buf_put_text(&all, "\n\n");
		buf_put_str(&all, text);
	}
	return arena_copy(a, buf_str(&all));
}

static void get_message(struct prompt_builder *b, struct str item)
{
	struct str role = json_get(item, "role"), content = json_get(item, "content");

	if (json_text_is(role, "system") || json_text_is(role, "developer"))
		builder_system(b, content_text(content, b->a));
	else
		builder_content(
			b, json_text_is(role, "assistant") ? ROLE_ASSISTANT : ROLE_USER, content);
}

static void get_reasoning(struct prompt_builder *b, struct str item)
{
	builder_put(b, ROLE_ASSISTANT,
		(struct block){
			.kind = BLOCK_THINKING, .text = reasoning_text(item, b->a), .extra = item});
}

static void get_call(struct prompt_builder *b, struct str item)
{
	builder_put(b, ROLE_ASSISTANT,
		(struct block){
			.kind = BLOCK_TOOL_USE,
			.id = text_or_empty(item, "call_id", b->a),
			.name = text_or_empty(item, "name", b->a),
			.input = input_object(text_or_empty(item, "arguments", b->a), b->a),
		});
}

/* Text, not JSON: as the member "input" of an object. */
static void get_custom_call(struct prompt_builder *b, struct str item)
{
	AUTO(buf) input = {0};
	struct json_writer w = {.buf = &input};

	json_open(&w, '{');
	json_member_str(&w, "input", text_or_empty(item, "input", b->a));
	json_close(&w, '}');
	builder_put(b, ROLE_ASSISTANT,
		(struct block){
			.kind = BLOCK_TOOL_USE,
			.id = text_or_empty(item, "call_id", b->a),
			.name = text_or_empty(item, "name", b->a),
			.input = arena_copy(b->a, buf_str(&input)),
		});
}

static void get_result(struct prompt_builder *b, struct str item)
{
	builder_put(b, ROLE_USER,
		(struct block){
			.kind = BLOCK_TOOL_RESULT,
			.id = text_or_empty(item, "call_id", b->a),
			.text = content_text(json_get(item, "output"), b->a),
		});
}

static const struct {
	const char *type;
	void (*get)(struct prompt_builder *b, struct str item);
} items[] = {
	{"message", get_message},
	{"reasoning", get_reasoning},
	{"function_call", get_call},
	{"custom_tool_call", get_custom_call},
	{"function_call_output", get_result},
	{"custom_tool_call_output", get_result},
};

/* Items of tools on the server's side and references to what it has kept are skipped. */
static void get_item(struct prompt_builder *b, struct str item)
{
	struct str type = json_get(item, "type");

	if (!type.p)
		get_message(b, item);
	for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
		if (json_text_is(type, items[i].type))
			items[i].get(b, item);
}

static void get_input(struct prompt_builder *b, struct str instructions, struct str input)
{
	struct str key, item;
	size_t blocks = 1;

	json_each (input, key, item)
		blocks += 1 + 2 * json_count(json_get(item, "content"));
	builder_start(b, 1 + json_count(input), blocks);
	builder_system(b, instructions);
	if (json_type(input) == JSON_STRING)
		builder_content(b, ROLE_USER, input);
	json_each (input, key, item)
		get_item(b, item);
}

bool responses_get_request(struct str body, struct arena *a, struct prompt *out, struct err *e)
{
	struct str input;
	struct prompt prompt;
	struct prompt_builder b = {.a = a, .prompt = &prompt};

	if (!request_open(body, "input", true, a, &prompt, &input, e))
		return false;
	body = str_trim(body);
	get_input(&b, text_or_empty(body, "instructions", a), input);
	request_tools(json_get(body, "tools"), NULL, "parameters", a, &prompt);
	prompt.effort = text_or_empty(json_get(body, "reasoning"), "effort", a);
	struct str format = json_get(json_get(body, "text"), "format");
	form_get(format, format, a, &prompt);
	*out = prompt;
	return true;
}
