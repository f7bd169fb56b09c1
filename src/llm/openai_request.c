// SPDX-License-Identifier: MIT
/* openai_request: the body of a Chat Completions request, written and read. */
#include "llm/inside.h"

static void open_message(struct json_writer *w, const char *role)
{
	json_open(w, '{');
	json_member_text(w, "role", role);
}

static void put_plain(struct json_writer *w, const char *role, struct str text)
{
	open_message(w, role);
	json_member_str(w, "content", text);
	json_close(w, '}');
}

static size_t count_kind(const struct run *run, enum block_kind kind)
{
	size_t n = 0;

	for (const struct message *m = run->first; m < run->end; m++)
		for (size_t i = 0; i < m->block_count; i++)
			n += m->blocks[i].kind == kind &&
			     (kind != BLOCK_TEXT || m->blocks[i].text.n > 0);
	return n;
}

static bool is_part(const struct block *b)
{
	return b->kind == BLOCK_IMAGE || (b->kind == BLOCK_TEXT && b->text.n);
}

static void put_part(struct json_writer *w, const struct block *b)
{
	json_open(w, '{');
	if (b->kind == BLOCK_TEXT) {
		json_member_text(w, "type", "text");
		json_member_str(w, "text", b->text);
	} else {
		json_member_text(w, "type", "image_url");
		json_key(w, "image_url");
		json_open(w, '{');
		json_key(w, "url");
		image_put_url(w, b);
		json_close(w, '}');
	}
	json_close(w, '}');
}

/* One text as a string, which every server takes; several, and images, as parts. */
static void put_content(struct json_writer *w, const struct run *run)
{
	size_t texts = count_kind(run, BLOCK_TEXT), images = count_kind(run, BLOCK_IMAGE);
	bool is_plain = texts == 1 && images == 0;

	json_key(w, "content");
	if (texts + images == 0) {
		json_put_null(w);
		return;
	}
	if (!is_plain)
		json_open(w, '[');
	for (const struct message *m = run->first; m < run->end; m++)
		for (size_t i = 0; i < m->block_count; i++) {
			const struct block *b = &m->blocks[i];
			if (is_part(b) && is_plain)
				json_put_str(w, b->text);
			else if (is_part(b))
				put_part(w, b);
		}
	if (!is_plain)
		json_close(w, ']');
}

static void put_results(struct json_writer *w, const struct run *run)
{
	for (const struct message *m = run->first; m < run->end; m++)
		for (size_t i = 0; i < m->block_count; i++) {
			const struct block *b = &m->blocks[i];
			if (b->kind != BLOCK_TOOL_RESULT)
				continue;
			open_message(w, "tool");
			json_member_str(w, "tool_call_id", b->id);
			json_member_str(w, "content", b->text);
			json_close(w, '}');
		}
}

static void put_user(struct json_writer *w, const struct run *run)
{
	put_results(w, run);
	if (!count_kind(run, BLOCK_TEXT) && !count_kind(run, BLOCK_IMAGE))
		return;
	open_message(w, "user");
	put_content(w, run);
	json_close(w, '}');
}

static void put_call(struct json_writer *w, const struct prompt *p, const struct block *b)
{
	AUTO(buf) input = {0};

	put_input_object(&input, b->input);
	json_open(w, '{');
	json_member_str(w, "id", b->id);
	json_member_text(w, "type", "function");
	json_key(w, "function");
	json_open(w, '{');
	json_member_str(w, "name", b->name);
	json_member_str(w, "arguments", buf_str(&input));
	json_close(w, '}');
	if (p->dialect && p->dialect->keeps_extra_content && json_type(b->extra) == JSON_OBJECT) {
		json_key(w, "extra_content");
		json_put_raw(w, b->extra);
	}
	json_close(w, '}');
}

static void put_calls(struct json_writer *w, const struct prompt *p, const struct run *run)
{
	json_key(w, "tool_calls");
	json_open(w, '[');
	for (const struct message *m = run->first; m < run->end; m++)
		for (size_t i = 0; i < m->block_count; i++)
			if (m->blocks[i].kind == BLOCK_TOOL_USE)
				put_call(w, p, &m->blocks[i]);
	json_close(w, ']');
}

/* Names of the field a thought came in, kept as its signature (openai.c). */
static const char *const thinking_names[] = {"reasoning_content", "reasoning", "reasoning_text"};

/*
 * Some servers demand the thoughts that led to a call back, others refuse the field; so only beside
 * calls, and only what came from such a server under that name.
 */
static void put_thinking(struct json_writer *w, const struct run *run)
{
	AUTO(buf) text = {0};

	for (size_t name = 0; name < sizeof thinking_names / sizeof thinking_names[0]; name++) {
		bool is_found = false;
		buf_clear(&text);
		for (const struct message *m = run->first; m < run->end; m++)
			for (size_t i = 0; i < m->block_count; i++)
				if (m->blocks[i].kind == BLOCK_THINKING &&
					str_is(m->blocks[i].signature, thinking_names[name])) {
					is_found = true;
					buf_put_str(&text, m->blocks[i].text);
				}
		if (is_found)
			json_member_str(w, thinking_names[name], buf_str(&text));
	}
}

static bool has_details(const struct block *b)
{
	return b->kind == BLOCK_THINKING && json_type(b->extra) == JSON_ARRAY;
}

/* False when there are none. */
static bool put_details(struct json_writer *w, const struct run *run)
{
	struct str key, item;
	bool is_open = false;

	for (const struct message *m = run->first; m < run->end; m++)
		for (size_t i = 0; i < m->block_count; i++) {
			if (!has_details(&m->blocks[i]))
				continue;
			if (!is_open) {
				json_key(w, "reasoning_details");
				json_open(w, '[');
			}
			is_open = true;
			json_each (m->blocks[i].extra, key, item)
				json_put_raw(w, item);
		}
	if (is_open)
		json_close(w, ']');
	return is_open;
}

static void put_assistant(struct json_writer *w, const struct prompt *p, const struct run *run)
{
	bool has_calls = count_kind(run, BLOCK_TOOL_USE) > 0;
	bool keeps_details = p->dialect && p->dialect->keeps_details;

	if (!has_calls && !count_kind(run, BLOCK_TEXT))
		return;
	open_message(w, "assistant");
	if (!(keeps_details && put_details(w, run)) && has_calls)
		put_thinking(w, run);
	put_content(w, run);
	if (has_calls)
		put_calls(w, p, run);
	json_close(w, '}');
}

static void put_messages(struct json_writer *w, const struct prompt *p)
{
	struct run run = {0};
	bool has_developer = p->dialect && p->dialect->has_developer_role;

	json_key(w, "messages");
	json_open(w, '[');
	if (p->system.n)
		put_plain(w, has_developer ? "developer" : "system", p->system);
	while (run_next(p, &run))
		if (run.first->role == ROLE_USER)
			put_user(w, &run);
		else
			put_assistant(w, p, &run);
	json_close(w, ']');
}

void openai_put_tools(struct json_writer *w, const struct prompt *p)
{
	json_key(w, "tools");
	json_open(w, '[');
	for (size_t i = 0; i < p->tool_count; i++) {
		json_open(w, '{');
		json_member_text(w, "type", "function");
		json_key(w, "function");
		json_open(w, '{');
		tool_put(w, &p->tools[i], "parameters");
		json_close(w, '}');
		json_close(w, '}');
	}
	json_close(w, ']');
}

/* Who of a router's providers may be asked, and in which order. */
static void put_routing(struct json_writer *w, const struct prompt *p)
{
	struct str routing = str_trim(p->routing);
	struct err e;

	if (!p->dialect || !p->dialect->routing_name || json_type(routing) != JSON_OBJECT ||
		!json_check(routing, &e))
		return;
	json_key(w, p->dialect->routing_name);
	json_put_raw(w, routing);
}

static enum answer_form form_of(const struct prompt *p)
{
	enum answer_form form = p->dialect ? p->dialect->answer_form : FORM_TOLD;
	bool is_alone = p->wants_answer || !p->tool_count;

	if (!p->schema.n || !form_is_object(p->schema) || (form != FORM_SCHEMA && !is_alone))
		return FORM_TOLD;
	return form;
}

static void put_form(struct json_writer *w, const struct prompt *p, enum answer_form form)
{
	json_key(w, "response_format");
	json_open(w, '{');
	json_member_text(w, "type", form == FORM_OBJECT_ALONE ? "json_object" : "json_schema");
	if (form != FORM_OBJECT_ALONE) {
		json_key(w, "json_schema");
		json_open(w, '{');
		form_put(w, p);
		json_close(w, '}');
	}
	json_close(w, '}');
}

void openai_put_request(const struct prompt *p, struct buf *body)
{
	const struct dialect *d = p->dialect;
	enum answer_form form = form_of(p);
	struct json_writer w = {.buf = body};

	json_open(&w, '{');
	json_member_str(&w, "model", p->model);
	json_member_int(&w, d ? d->max_tokens_name : "max_completion_tokens", p->max_output_tokens);
	if (d && d->has_store)
		json_member_bool(&w, "store", false);
	if (d && d->has_effort && p->effort.n)
		json_member_str(&w, "reasoning_effort", p->effort);
	if (p->stream) {
		json_member_bool(&w, "stream", true);
		json_key(&w, "stream_options");
		json_put_raw(&w, STR("{\"include_usage\":true}"));
	}
	if (form != FORM_TOLD)
		put_form(&w, p, form);
	if (p->tool_count && (form == FORM_TOLD || form == FORM_SCHEMA))
		openai_put_tools(&w, p);
	put_routing(&w, p);
	put_messages(&w, p);
	json_close(&w, '}');
}

/* Reading. */

void openai_get_calls(struct prompt_builder *b, struct str calls)
{
	struct str key, call;

	if (json_type(calls) != JSON_ARRAY)
		return;
	json_each (calls, key, call) {
		struct str function = json_get(call, "function");
		struct str input = json_get(function, "arguments");
		struct str extra = json_get(call, "extra_content");
		struct block block = {
			.kind = BLOCK_TOOL_USE,
			.id = text_or_empty(call, "id", b->a),
			.name = text_or_empty(function, "name", b->a),
			.input = input_object(
				json_type(input) == JSON_OBJECT ? input : json_text(input, b->a),
				b->a),
			.extra = json_type(extra) == JSON_OBJECT ? extra : STR(""),
		};
		builder_put(b, ROLE_ASSISTANT, block);
	}
}

static void get_thinking(struct prompt_builder *b, struct str message)
{
	struct str details = json_get(message, "reasoning_details");
	struct block block = {.kind = BLOCK_THINKING};

	if (json_type(details) == JSON_ARRAY && json_count(details)) {
		block.text = details_text(details, b->a);
		block.signature = STR("reasoning_details");
		block.extra = details;
		builder_put(b, ROLE_ASSISTANT, block);
		return;
	}
	for (size_t i = 0; i < sizeof thinking_names / sizeof thinking_names[0]; i++) {
		block.text = text_or_empty(message, thinking_names[i], b->a);
		if (!block.text.n)
			continue;
		block.signature = str_from(thinking_names[i]);
		builder_put(b, ROLE_ASSISTANT, block);
		return;
	}
}

static void get_assistant(struct prompt_builder *b, struct str message)
{
	get_thinking(b, message);
	builder_content(b, ROLE_ASSISTANT, json_get(message, "content"));
	openai_get_calls(b, json_get(message, "tool_calls"));
}

static void get_message(struct prompt_builder *b, struct str message)
{
	struct str role = json_get(message, "role"), content = json_get(message, "content");

	if (json_text_is(role, "system") || json_text_is(role, "developer")) {
		builder_system(b, content_text(content, b->a));
	} else if (json_text_is(role, "assistant")) {
		get_assistant(b, message);
	} else if (json_text_is(role, "tool")) {
		struct block block = {
			.kind = BLOCK_TOOL_RESULT,
			.id = text_or_empty(message, "tool_call_id", b->a),
			.text = content_text(content, b->a),
		};
		builder_put(b, ROLE_USER, block);
	} else {
		builder_content(b, ROLE_USER, content);
	}
}

/* The schema may also stand directly beside the type: llama.cpp. */
static void get_form(struct str format, struct arena *a, struct prompt *out)
{
	struct str inner = json_get(format, "json_schema");

	form_get(format, json_type(inner) == JSON_OBJECT ? inner : format, a, out);
}

bool openai_get_request(struct str body, struct arena *a, struct prompt *out, struct err *e)
{
	struct str messages, key, value;
	struct prompt prompt;
	struct prompt_builder b = {.a = a, .prompt = &prompt};
	size_t blocks = 0;

	if (!request_open(body, "messages", false, a, &prompt, &messages, e))
		return false;
	json_each (messages, key, value)
		blocks += 2 + 2 * json_count(json_get(value, "content")) +
			  json_count(json_get(value, "tool_calls"));
	builder_start(&b, json_count(messages), blocks);
	json_each (messages, key, value)
		get_message(&b, value);
	request_tools(json_get(str_trim(body), "tools"), "function", "parameters", a, &prompt);
	prompt.effort = text_or_empty(str_trim(body), "reasoning_effort", a);
	struct str routing = json_get(str_trim(body), "provider");
	prompt.routing = json_type(routing) == JSON_OBJECT ? routing : STR("");
	get_form(json_get(str_trim(body), "response_format"), a, &prompt);
	*out = prompt;
	return true;
}
