// SPDX-License-Identifier: MIT
/* anthropic_request: the body of a Messages request, written and read. */
#include "llm/inside.h"

/*
 * Cache marks: one on the system text, one at the end of the last message and one at the end of the
 * user's message before it, where the previous request had its last. The provider looks back only
 * some 20 blocks from a mark, and one turn of parallel calls can be longer than that.
 */
static void put_cache_mark(struct json_writer *w)
{
	json_key(w, "cache_control");
	json_put_raw(w, STR("{\"type\":\"ephemeral\"}"));
}

static void put_text(struct json_writer *w, const struct block *b)
{
	json_member_text(w, "type", "text");
	json_member_str(w, "text", b->text);
}

static void put_thinking(struct json_writer *w, const struct block *b)
{
	if (b->redacted) {
		json_member_text(w, "type", "redacted_thinking");
		json_member_str(w, "data", b->signature);
		return;
	}
	json_member_text(w, "type", "thinking");
	json_member_str(w, "thinking", b->text);
	json_member_str(w, "signature", b->signature);
}

static void put_tool_use(struct json_writer *w, const struct block *b)
{
	json_member_text(w, "type", "tool_use");
	json_member_str(w, "id", b->id);
	json_member_str(w, "name", b->name);
	json_key(w, "input");
	put_input_object(w->buf, b->input);
	w->comma = true;
}

static void put_tool_result(struct json_writer *w, const struct block *b)
{
	json_member_text(w, "type", "tool_result");
	json_member_str(w, "tool_use_id", b->id);
	if (b->text.n)
		json_member_str(w, "content", b->text);
	if (b->is_error)
		json_member_bool(w, "is_error", true);
}

static void put_image(struct json_writer *w, const struct block *b)
{
	json_member_text(w, "type", "image");
	json_key(w, "source");
	json_open(w, '{');
	json_member_text(w, "type", "base64");
	json_member_str(w, "media_type", b->media_type);
	json_member_str(w, "data", b->data);
	json_close(w, '}');
}

static void put_block(struct json_writer *w, const struct block *b, bool is_marked)
{
	static void (*const put[])(struct json_writer *, const struct block *) = {
		[BLOCK_TEXT] = put_text,
		[BLOCK_THINKING] = put_thinking,
		[BLOCK_TOOL_USE] = put_tool_use,
		[BLOCK_TOOL_RESULT] = put_tool_result,
		[BLOCK_IMAGE] = put_image,
	};

	json_open(w, '{');
	put[b->kind](w, b);
	if (is_marked)
		put_cache_mark(w);
	json_close(w, '}');
}

/* Empty text and empty thinking are refused by the provider, and so are other wires' thoughts. */
static bool is_sent(const struct block *b)
{
	switch (b->kind) {
	case BLOCK_TEXT: return b->text.n > 0;
	case BLOCK_THINKING:
		return !b->extra.n && (b->signature.n > 0 || (b->text.n > 0 && !b->redacted));
	default: return true;
	}
}

/* Results go before everything else of the message: pass 0 is theirs, pass 1 the others'. */
static bool is_in_pass(const struct block *b, int pass)
{
	return is_sent(b) && (b->kind == BLOCK_TOOL_RESULT) == (pass == 0);
}

/* The last block that may carry a mark; NULL when nothing of the run is sent or none may. */
static const struct block *last_markable(const struct run *run)
{
	const struct block *last = NULL;

	for (int pass = 0; pass < 2; pass++)
		for (const struct message *m = run->first; m < run->end; m++)
			for (size_t i = 0; i < m->block_count; i++)
				if (is_in_pass(&m->blocks[i], pass) &&
					m->blocks[i].kind != BLOCK_THINKING)
					last = &m->blocks[i];
	return last;
}

static bool is_empty(const struct run *run)
{
	for (const struct message *m = run->first; m < run->end; m++)
		for (size_t i = 0; i < m->block_count; i++)
			if (is_sent(&m->blocks[i]))
				return false;
	return true;
}

static void put_run(struct json_writer *w, const struct run *run, const struct block *marked)
{
	json_open(w, '{');
	json_member_text(w, "role", run->first->role == ROLE_USER ? "user" : "assistant");
	json_key(w, "content");
	json_open(w, '[');
	for (int pass = 0; pass < 2; pass++)
		for (const struct message *m = run->first; m < run->end; m++)
			for (size_t i = 0; i < m->block_count; i++)
				if (is_in_pass(&m->blocks[i], pass))
					put_block(w, &m->blocks[i], &m->blocks[i] == marked);
	json_close(w, ']');
	json_close(w, '}');
}

struct marks {
	const struct block *last, *before;
};

static struct marks find_marks(const struct prompt *p)
{
	const struct block *user = NULL; /* the newest user run that is not the last run */
	struct marks marks = {0};
	struct run run = {0};
	bool was_user = false;

	while (run_next(p, &run)) {
		const struct block *block = last_markable(&run);
		if (!block)
			continue;
		if (was_user)
			user = marks.last;
		was_user = run.first->role == ROLE_USER;
		marks.last = block;
	}
	marks.before = user;
	return marks;
}

static void put_messages(struct json_writer *w, const struct prompt *p)
{
	struct marks marks = find_marks(p);
	struct run run = {0};

	json_key(w, "messages");
	json_open(w, '[');
	while (run_next(p, &run)) {
		if (is_empty(&run))
			continue;
		const struct block *block = last_markable(&run);
		put_run(w, &run, block == marks.last || block == marks.before ? block : NULL);
	}
	json_close(w, ']');
}

static void put_tools(struct json_writer *w, const struct prompt *p)
{
	json_key(w, "tools");
	json_open(w, '[');
	for (size_t i = 0; i < p->tool_count; i++) {
		json_open(w, '{');
		tool_put(w, &p->tools[i], "input_schema");
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_system(struct json_writer *w, struct str system)
{
	json_key(w, "system");
	json_open(w, '[');
	json_open(w, '{');
	json_member_text(w, "type", "text");
	json_member_str(w, "text", system);
	put_cache_mark(w);
	json_close(w, '}');
	json_close(w, ']');
}

static void put_form(struct json_writer *w, const struct prompt *p)
{
	json_key(w, "output_config");
	json_open(w, '{');
	json_key(w, "format");
	json_open(w, '{');
	json_member_text(w, "type", "json_schema");
	json_key(w, "schema");
	json_put_raw(w, p->schema);
	json_close(w, '}');
	json_close(w, '}');
}

void anthropic_put_request(const struct prompt *p, struct buf *body)
{
	struct json_writer w = {.buf = body};

	json_open(&w, '{');
	json_member_str(&w, "model", p->model);
	json_member_int(&w, "max_tokens", p->max_output_tokens);
	if (p->stream)
		json_member_bool(&w, "stream", true);
	if (p->schema.n && form_is_closed(p->schema))
		put_form(&w, p);
	if (p->tool_count)
		put_tools(&w, p);
	if (p->system.n)
		put_system(&w, p->system);
	put_messages(&w, p);
	json_close(&w, '}');
}

/* Reading. */

static bool get_text(struct str value, struct arena *a, struct block *out)
{
	*out = (struct block){.kind = BLOCK_TEXT, .text = text_or_empty(value, "text", a)};
	return out->text.n > 0;
}

static bool get_thinking(struct str value, struct arena *a, struct block *out)
{
	*out = (struct block){
		.kind = BLOCK_THINKING,
		.text = text_or_empty(value, "thinking", a),
		.signature = text_or_empty(value, "signature", a),
	};
	return true;
}

static bool get_redacted(struct str value, struct arena *a, struct block *out)
{
	*out = (struct block){
		.kind = BLOCK_THINKING,
		.text = STR(""),
		.signature = text_or_empty(value, "data", a),
		.redacted = true,
	};
	return true;
}

static bool get_tool_use(struct str value, struct arena *a, struct block *out)
{
	struct str input = json_get(value, "input");

	*out = (struct block){
		.kind = BLOCK_TOOL_USE,
		.id = text_or_empty(value, "id", a),
		.name = text_or_empty(value, "name", a),
		.input = json_type(input) == JSON_OBJECT ? input : STR("{}"),
	};
	return true;
}

static bool get_tool_result(struct str value, struct arena *a, struct block *out)
{
	*out = (struct block){
		.kind = BLOCK_TOOL_RESULT,
		.id = text_or_empty(value, "tool_use_id", a),
		.text = content_text(json_get(value, "content"), a),
		.is_error = json_bool_or(json_get(value, "is_error"), false),
	};
	return true;
}

static const struct {
	const char *type;
	bool (*get)(struct str value, struct arena *a, struct block *out);
} kinds[] = {
	{"text", get_text},
	{"tool_use", get_tool_use},
	{"tool_result", get_tool_result},
	{"thinking", get_thinking},
	{"redacted_thinking", get_redacted},
};

/* What is unknown stays when it has text; documents are skipped. */
static bool get_block(struct str value, struct arena *a, struct block *out)
{
	struct str type = json_get(value, "type");

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (json_text_is(type, kinds[i].type))
			return kinds[i].get(value, a, out);
	return get_text(value, a, out);
}

static void get_message(struct prompt_builder *b, struct str value)
{
	struct str key, item, content = json_get(value, "content"), role = json_get(value, "role");
	enum role who = json_text_is(role, "assistant") ? ROLE_ASSISTANT : ROLE_USER;
	struct block block;

	if (json_text_is(role, "system")) {
		builder_system(b, content_text(content, b->a));
	} else if (json_type(content) == JSON_ARRAY) {
		json_each (content, key, item)
			if (who == ROLE_USER && json_text_is(json_get(item, "type"), "image"))
				image_get_source(b, json_get(item, "source"));
			else if (get_block(item, b->a, &block))
				builder_put(b, who, block);
	} else {
		struct str text = content_text(content, b->a);
		if (text.n)
			builder_put(b, who, (struct block){.kind = BLOCK_TEXT, .text = text});
	}
}

bool anthropic_get_request(struct str body, struct arena *a, struct prompt *out, struct err *e)
{
	struct str messages, key, value;
	struct prompt prompt;
	struct prompt_builder b = {.a = a, .prompt = &prompt};
	size_t blocks = 0;

	if (!request_open(body, "messages", false, a, &prompt, &messages, e))
		return false;
	json_each (messages, key, value)
		blocks += 1 + json_count(json_get(value, "content"));
	builder_start(&b, json_count(messages), blocks);
	builder_system(&b, content_text(json_get(str_trim(body), "system"), a));
	json_each (messages, key, value)
		get_message(&b, value);
	request_tools(json_get(str_trim(body), "tools"), NULL, "input_schema", a, &prompt);
	struct str format = json_get(json_get(str_trim(body), "output_config"), "format");
	form_get(format, format, a, &prompt);
	*out = prompt;
	return true;
}
