// SPDX-License-Identifier: MIT
/* ollama_request: the body of a request to /api/chat, written and read. */
#include "llm/inside.h"

/* ---- writing ---- */

/* The words the server knows. */
static const char *const efforts[] = {"low", "medium", "high", "max"};

/* Not said: left to the model, as those that cannot think refuse to be told. */
static void put_think(struct json_writer *w, struct str effort)
{
	if (!effort.n)
		return;
	if (str_is(effort, "none")) {
		json_member_bool(w, "think", false);
		return;
	}
	for (size_t i = 0; i < sizeof efforts / sizeof efforts[0]; i++)
		if (str_is(effort, efforts[i])) {
			json_member_str(w, "think", effort);
			return;
		}
	json_member_bool(w, "think", true);
}

/*
 * The server's own window is small, and it would drop the oldest messages without a word when they
 * do not fit: both is switched off, so that too long a prompt is an error.
 */
static void put_options(struct json_writer *w, const struct prompt *p)
{
	json_member_bool(w, "truncate", false);
	json_member_bool(w, "shift", false);
	json_key(w, "options");
	json_open(w, '{');
	json_member_int(
		w, "num_ctx", p->context_tokens > 0 ? p->context_tokens : CONTEXT_TOKENS_DEFAULT);
	json_member_int(w, "num_predict", p->max_output_tokens);
	json_close(w, '}');
}

/* A bare number is seconds; everything else is a duration with its unit. */
static void put_keep_alive(struct json_writer *w, struct str keep_alive)
{
	int64_t seconds;

	if (!keep_alive.n)
		return;
	json_key(w, "keep_alive");
	if (str_int(keep_alive, &seconds))
		json_put_int(w, seconds);
	else
		json_put_str(w, keep_alive);
}

static void put_plain(struct json_writer *w, const char *role, struct str text)
{
	json_open(w, '{');
	json_member_text(w, "role", role);
	json_member_str(w, "content", text);
	json_close(w, '}');
}

/* What the result says, or what its call is named. */
static struct str tool_name(const struct prompt *p, const struct block *result)
{
	if (result->name.n)
		return result->name;
	for (size_t i = p->message_count; i-- > 0;)
		for (size_t k = 0; k < p->messages[i].block_count; k++) {
			const struct block *b = &p->messages[i].blocks[k];
			if (b->kind == BLOCK_TOOL_USE && str_eq(b->id, result->id))
				return b->name;
		}
	return STR("");
}

static void put_result(struct json_writer *w, const struct prompt *p, const struct block *b)
{
	json_open(w, '{');
	json_member_text(w, "role", "tool");
	json_member_str(w, "tool_name", tool_name(p, b));
	json_member_str(w, "tool_call_id", b->id);
	json_member_str(w, "content", b->text);
	json_close(w, '}');
}

static void put_call(struct json_writer *w, const struct block *b)
{
	json_open(w, '{');
	json_member_str(w, "id", b->id);
	json_key(w, "function");
	json_open(w, '{');
	json_member_str(w, "name", b->name);
	json_key(w, "arguments");
	put_input_object(w->buf, b->input);
	w->comma = true;
	json_close(w, '}');
	json_close(w, '}');
}

/* All texts of a kind in the run, as they are one field; thoughts only of this wire. */
static void gather(const struct run *run, enum block_kind kind, struct buf *out)
{
	for (const struct message *m = run->first; m < run->end; m++)
		for (size_t i = 0; i < m->block_count; i++) {
			const struct block *b = &m->blocks[i];
			if (b->kind != kind || !b->text.n ||
				(kind == BLOCK_THINKING && !str_is(b->signature, "thinking")))
				continue;
			if (out->n)
				buf_put_text(out, "\n\n");
			buf_put_str(out, b->text);
		}
}

static size_t count_calls(const struct run *run)
{
	size_t n = 0;

	for (const struct message *m = run->first; m < run->end; m++)
		for (size_t i = 0; i < m->block_count; i++)
			n += m->blocks[i].kind == BLOCK_TOOL_USE;
	return n;
}

static void put_assistant(struct json_writer *w, const struct run *run)
{
	AUTO(buf) text = {0};
	AUTO(buf) thinking = {0};
	size_t calls = count_calls(run);

	gather(run, BLOCK_TEXT, &text);
	gather(run, BLOCK_THINKING, &thinking);
	if (!text.n && !calls)
		return;
	json_open(w, '{');
	json_member_text(w, "role", "assistant");
	json_member_str(w, "content", buf_str(&text));
	if (thinking.n)
		json_member_str(w, "thinking", buf_str(&thinking));
	if (calls) {
		json_key(w, "tool_calls");
		json_open(w, '[');
		for (const struct message *m = run->first; m < run->end; m++)
			for (size_t i = 0; i < m->block_count; i++)
				if (m->blocks[i].kind == BLOCK_TOOL_USE)
					put_call(w, &m->blocks[i]);
		json_close(w, ']');
	}
	json_close(w, '}');
}

/* Images that wait for the text behind them, whose message they go with. */
struct words {
	struct json_writer *w;
	bool has_images;
};

static void put_image(struct words *words, const struct block *b)
{
	struct json_writer *w = words->w;

	if (!words->has_images) {
		json_open(w, '{');
		json_member_text(w, "role", "user");
		json_key(w, "images");
		json_open(w, '[');
		words->has_images = true;
	}
	json_put_str(w, b->data);
}

static void put_words(struct words *words, struct str text)
{
	struct json_writer *w = words->w;

	if (!words->has_images) {
		put_plain(w, "user", text);
		return;
	}
	words->has_images = false;
	json_close(w, ']');
	json_member_str(w, "content", text);
	json_close(w, '}');
}

/* Results before the user's words: they belong to the answer above. */
static void put_user_run(struct json_writer *w, const struct prompt *p, const struct run *run)
{
	struct words words = {.w = w};

	for (int pass = 0; pass < 2; pass++)
		for (const struct message *m = run->first; m < run->end; m++)
			for (size_t i = 0; i < m->block_count; i++) {
				const struct block *b = &m->blocks[i];
				if (pass == 0 && b->kind == BLOCK_TOOL_RESULT)
					put_result(w, p, b);
				if (pass == 1 && b->kind == BLOCK_IMAGE)
					put_image(&words, b);
				if (pass == 1 && b->kind == BLOCK_TEXT && b->text.n)
					put_words(&words, b->text);
			}
	if (words.has_images)
		put_words(&words, STR(""));
}

static void put_messages(struct json_writer *w, const struct prompt *p)
{
	struct run run = {0};

	json_key(w, "messages");
	json_open(w, '[');
	if (p->system.n)
		put_plain(w, "system", p->system);
	while (run_next(p, &run))
		if (run.first->role == ROLE_USER)
			put_user_run(w, p, &run);
		else
			put_assistant(w, &run);
	json_close(w, ']');
}

/* The format is a grammar for all the model says: it could not call tools beside it. */
void ollama_put_request(const struct prompt *p, struct buf *body)
{
	struct json_writer w = {.buf = body};
	bool has_format = p->schema.n && (p->wants_answer || !p->tool_count);

	json_open(&w, '{');
	json_member_str(&w, "model", p->model);
	json_member_bool(&w, "stream", p->stream);
	put_think(&w, p->effort);
	put_options(&w, p);
	put_keep_alive(&w, p->keep_alive);
	if (has_format) {
		json_key(&w, "format");
		json_put_raw(&w, p->schema);
	}
	if (p->tool_count && !has_format)
		openai_put_tools(&w, p);
	put_messages(&w, p);
	json_close(&w, '}');
}

/* ---- reading ---- */

/* The call a result without an id answers: the first of that name that has none yet. */
static struct str id_of_result(const struct prompt_builder *b, struct str name)
{
	const struct prompt *p = b->prompt;
	size_t n = p->message_count;
	const struct message *results = NULL, *calls = NULL;

	if (n && p->messages[n - 1].role == ROLE_USER)
		results = &p->messages[--n];
	if (n)
		calls = &p->messages[n - 1];
	for (size_t i = 0; calls && i < calls->block_count; i++) {
		const struct block *call = &calls->blocks[i];
		bool is_free = call->kind == BLOCK_TOOL_USE && str_eq(call->name, name);
		for (size_t k = 0; is_free && results && k < results->block_count; k++)
			is_free = !str_eq(results->blocks[k].id, call->id);
		if (is_free)
			return call->id;
	}
	return STR("");
}

static void get_result(struct prompt_builder *b, struct str message)
{
	struct block block = {
		.kind = BLOCK_TOOL_RESULT,
		.id = text_or_empty(message, "tool_call_id", b->a),
		.name = text_or_empty(message, "tool_name", b->a),
		.text = content_text(json_get(message, "content"), b->a),
	};

	if (!block.id.n)
		block.id = id_of_result(b, block.name);
	builder_put(b, ROLE_USER, block);
}

static void name_calls(struct prompt_builder *b, size_t from)
{
	for (size_t i = from; i < b->block_count; i++)
		if (b->blocks[i].kind == BLOCK_TOOL_USE && !b->blocks[i].id.n)
			b->blocks[i].id = arena_printf(b->a, "call_%zu", i);
}

static void get_assistant(struct prompt_builder *b, struct str message)
{
	struct str thinking = text_or_empty(message, "thinking", b->a);
	size_t from = b->block_count;

	if (thinking.n)
		builder_put(b, ROLE_ASSISTANT,
			(struct block){.kind = BLOCK_THINKING,
				.text = thinking,
				.signature = STR("thinking")});
	builder_content(b, ROLE_ASSISTANT, json_get(message, "content"));
	openai_get_calls(b, json_get(message, "tool_calls"));
	name_calls(b, from);
}

static void get_user(struct prompt_builder *b, struct str message)
{
	struct str key, image, images = json_get(message, "images");

	if (json_type(images) == JSON_ARRAY)
		json_each (images, key, image)
			image_get_data(b, json_text(image, b->a));
	builder_content(b, ROLE_USER, json_get(message, "content"));
}

static void get_message(struct prompt_builder *b, struct str message)
{
	struct str role = json_get(message, "role"), content = json_get(message, "content");

	if (json_text_is(role, "system"))
		builder_system(b, content_text(content, b->a));
	else if (json_text_is(role, "assistant"))
		get_assistant(b, message);
	else if (json_text_is(role, "tool"))
		get_result(b, message);
	else
		get_user(b, message);
}

static struct str effort_of(struct str think, struct arena *a)
{
	if (json_type(think) == JSON_BOOL)
		return json_bool_or(think, false) ? STR("medium") : STR("none");
	struct str text = json_text(think, a);
	return text.p ? text : STR("");
}

static struct str keep_alive_of(struct str value, struct arena *a)
{
	if (json_type(value) == JSON_NUMBER)
		return value;
	struct str text = json_text(value, a);
	return text.p ? text : STR("");
}

static int64_t positive_or(struct str value, int64_t fallback)
{
	int64_t number = json_int_or(value, 0);

	return number > 0 ? number : fallback;
}

/* A request that does not say wants a stream. */
bool ollama_get_request(struct str body, struct arena *a, struct prompt *out, struct err *e)
{
	struct str messages, key, value, options;
	struct prompt prompt;
	struct prompt_builder b = {.a = a, .prompt = &prompt};
	size_t blocks = 0;

	if (!request_open(body, "messages", false, a, &prompt, &messages, e))
		return false;
	body = str_trim(body);
	options = json_get(body, "options");
	prompt.stream = json_bool_or(json_get(body, "stream"), true);
	prompt.max_output_tokens =
		positive_or(json_get(options, "num_predict"), OUTPUT_TOKENS_DEFAULT);
	prompt.context_tokens = positive_or(json_get(options, "num_ctx"), 0);
	prompt.effort = effort_of(json_get(body, "think"), a);
	prompt.keep_alive = keep_alive_of(json_get(body, "keep_alive"), a);
	json_each (messages, key, value)
		blocks += 2 + 2 * json_count(json_get(value, "content")) +
			  json_count(json_get(value, "tool_calls")) +
			  json_count(json_get(value, "images"));
	builder_start(&b, json_count(messages), blocks);
	json_each (messages, key, value)
		get_message(&b, value);
	request_tools(json_get(body, "tools"), "function", "parameters", a, &prompt);
	struct str format = json_get(body, "format");
	if (json_type(format) == JSON_OBJECT)
		prompt.schema = format;
	*out = prompt;
	return true;
}
