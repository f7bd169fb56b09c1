// SPDX-License-Identifier: MIT
/* openai_answer: a Chat Completions stream and its errors, as a server writes them. */
#include "llm/inside.h"

/* "created" is 0: a wire has no clock. */
static void chunk_open(const struct wire_writer *w, struct json_writer *j)
{
	buf_put_text(j->buf, "data: ");
	json_open(j, '{');
	json_member_str(j, "id", w->id);
	json_member_text(j, "object", "chat.completion.chunk");
	json_member_int(j, "created", 0);
	json_member_str(j, "model", w->model);
	json_key(j, "choices");
	json_open(j, '[');
}

static void chunk_close(struct json_writer *j)
{
	json_close(j, ']');
	json_close(j, '}');
	buf_put_text(j->buf, "\n\n");
}

static void choice_open(const struct wire_writer *w, struct json_writer *j)
{
	chunk_open(w, j);
	json_open(j, '{');
	json_member_int(j, "index", 0);
	json_key(j, "delta");
	json_open(j, '{');
}

static void choice_close(struct json_writer *j, const char *finish_reason)
{
	json_close(j, '}');
	json_key(j, "finish_reason");
	if (finish_reason)
		json_put_text(j, finish_reason);
	else
		json_put_null(j);
	json_close(j, '}');
	chunk_close(j);
}

static void start(struct wire_writer *w, const struct delta *delta, struct buf *out)
{
	struct json_writer j = {.buf = out};

	if (w->has_started)
		return;
	w->has_started = true;
	w->usage = USAGE_UNKNOWN;
	w->id = delta && delta->id.p ? delta->id : STR("chatcmpl-0");
	w->model = delta && delta->model.p ? delta->model : STR("");
	choice_open(w, &j);
	json_member_text(&j, "role", "assistant");
	json_member_text(&j, "content", "");
	choice_close(&j, NULL);
}

static void put_text(
	const struct wire_writer *w, const char *member, struct str text, struct buf *out)
{
	struct json_writer j = {.buf = out};

	choice_open(w, &j);
	json_member_str(&j, member, text);
	choice_close(&j, NULL);
}

/* With id and name the first piece of a call, without a later one. */
static void put_call(const struct wire_writer *w, const struct delta *delta, struct buf *out)
{
	struct json_writer j = {.buf = out};
	bool is_first = delta->kind == DELTA_TOOL_USE;

	choice_open(w, &j);
	json_key(&j, "tool_calls");
	json_open(&j, '[');
	json_open(&j, '{');
	json_member_int(&j, "index", w->block_count - 1);
	if (is_first) {
		json_member_str(&j, "id", delta->id);
		json_member_text(&j, "type", "function");
	}
	json_key(&j, "function");
	json_open(&j, '{');
	if (is_first)
		json_member_str(&j, "name", delta->name);
	json_member_str(&j, "arguments", is_first ? STR("") : delta->text);
	json_close(&j, '}');
	json_close(&j, '}');
	json_close(&j, ']');
	choice_close(&j, NULL);
}

/* An object belongs to the newest call, an array to the thoughts. */
static void put_extra(const struct wire_writer *w, struct str extra, struct buf *out)
{
	struct json_writer j = {.buf = out};
	bool is_call = json_type(extra) == JSON_OBJECT && w->block_count > 0;

	if (!is_call && json_type(extra) != JSON_ARRAY)
		return;
	choice_open(w, &j);
	json_key(&j, is_call ? "tool_calls" : "reasoning_details");
	if (is_call) {
		json_open(&j, '[');
		json_open(&j, '{');
		json_member_int(&j, "index", w->block_count - 1);
		json_key(&j, "extra_content");
	}
	json_put_raw(&j, extra);
	if (is_call) {
		json_close(&j, '}');
		json_close(&j, ']');
	}
	choice_close(&j, NULL);
}

static const char *finish_word(enum stop_reason reason)
{
	static const char *const words[] = {
		[STOP_NONE] = "stop",
		[STOP_END] = "stop",
		[STOP_TOOL_USE] = "tool_calls",
		[STOP_MAX] = "length",
		[STOP_REFUSAL] = "content_filter",
		[STOP_CONTEXT] = "model_length",
		[STOP_OTHER] = "other",
	};

	return words[reason];
}

static void stop(struct wire_writer *w, enum stop_reason reason, struct buf *out)
{
	struct json_writer j = {.buf = out};

	if (w->has_stopped)
		return;
	w->has_stopped = true;
	choice_open(w, &j);
	choice_close(&j, finish_word(reason));
}

static void put_details(struct json_writer *j, const struct usage *u)
{
	if (u->cache_read >= 0 || u->cache_write >= 0) {
		json_key(j, "prompt_tokens_details");
		json_open(j, '{');
		if (u->cache_read >= 0)
			json_member_int(j, "cached_tokens", u->cache_read);
		if (u->cache_write >= 0)
			json_member_int(j, "cache_write_tokens", u->cache_write);
		json_close(j, '}');
	}
	if (u->reasoning >= 0) {
		json_key(j, "completion_tokens_details");
		json_open(j, '{');
		json_member_int(j, "reasoning_tokens", u->reasoning);
		json_close(j, '}');
	}
}

/* The member "usage". */
static void put_counts(struct json_writer *j, const struct usage *u)
{
	int64_t prompt =
		usage_known(u->input) + usage_known(u->cache_read) + usage_known(u->cache_write);

	json_key(j, "usage");
	json_open(j, '{');
	json_member_int(j, "prompt_tokens", prompt);
	json_member_int(j, "completion_tokens", usage_known(u->output));
	json_member_int(j, "total_tokens", prompt + usage_known(u->output));
	put_details(j, u);
	if (u->reported_cost_nanousd >= 0) {
		json_key(j, "cost");
		json_put_double(j, (double)u->reported_cost_nanousd / 1e9, 9);
	}
	json_close(j, '}');
}

static void put_usage(const struct wire_writer *w, struct buf *out)
{
	struct json_writer j = {.buf = out};

	if (w->usage.input < 0 && w->usage.output < 0)
		return;
	chunk_open(w, &j);
	json_close(&j, ']');
	put_counts(&j, &w->usage);
	json_close(&j, '}');
	buf_put_text(out, "\n\n");
}

void openai_put_error(const struct llm_error *error, struct buf *out)
{
	struct json_writer w = {.buf = out};

	json_open(&w, '{');
	json_key(&w, "error");
	json_open(&w, '{');
	json_member_str(&w, "message", error->message);
	json_member_str(&w, "type", error->type.n ? error->type : STR("server_error"));
	json_key(&w, "param");
	json_put_null(&w);
	json_key(&w, "code");
	if (error->type.n)
		json_put_str(&w, error->type);
	else
		json_put_null(&w);
	json_close(&w, '}');
	json_close(&w, '}');
}

/* Signatures, redacted thoughts and block ends do not exist here and are left out. */
void openai_put_delta(struct wire_writer *w, const struct delta *delta, struct buf *out)
{
	if (delta->kind != DELTA_ERROR)
		start(w, delta->kind == DELTA_START ? delta : NULL, out);
	switch (delta->kind) {
	case DELTA_TEXT: put_text(w, "content", delta->text, out); break;
	case DELTA_THINKING: put_text(w, "reasoning_content", delta->text, out); break;
	case DELTA_TOOL_USE: w->block_count++; [[fallthrough]];
	case DELTA_TOOL_INPUT:
		if (w->block_count)
			put_call(w, delta, out);
		break;
	case DELTA_EXTRA: put_extra(w, delta->text, out); break;
	case DELTA_USAGE: usage_merge(&w->usage, &delta->usage); break;
	case DELTA_STOP: stop(w, delta->reason, out); break;
	case DELTA_ERROR:
		buf_put_text(out, "data: ");
		openai_put_error(&delta->error, out);
		buf_put_text(out, "\n\n");
		break;
	case DELTA_END:
		stop(w, STOP_NONE, out);
		put_usage(w, out);
		buf_put_text(out, "data: [DONE]\n\n");
		break;
	default: break;
	}
}

static void put_whole_call(struct json_writer *j, const struct answer_block *b)
{
	json_open(j, '{');
	json_member_str(j, "id", b->id);
	json_member_text(j, "type", "function");
	json_key(j, "function");
	json_open(j, '{');
	json_member_str(j, "name", b->name);
	json_member_str(j, "arguments", buf_str(&b->text));
	json_close(j, '}');
	if (json_type(buf_str(&b->extra)) == JSON_OBJECT) {
		json_key(j, "extra_content");
		json_put_raw(j, buf_str(&b->extra));
	}
	json_close(j, '}');
}

/* The texts of all blocks of a kind as one; nothing where there is none. */
static void put_joined(struct json_writer *j, const char *member, const struct whole_answer *answer,
	enum block_kind kind)
{
	AUTO(buf) all = {0};
	bool has_text = false;

	vec_each (&answer->blocks, block) {
		if (block->kind != kind || block->redacted)
			continue;
		has_text = true;
		buf_put_str(&all, buf_str(&block->text));
	}
	if (!has_text && kind == BLOCK_THINKING)
		return;
	json_key(j, member);
	if (has_text)
		json_put_str(j, buf_str(&all));
	else
		json_put_null(j);
}

static void put_message(struct json_writer *j, const struct whole_answer *answer)
{
	bool has_calls = false;

	json_key(j, "message");
	json_open(j, '{');
	json_member_text(j, "role", "assistant");
	put_joined(j, "content", answer, BLOCK_TEXT);
	json_key(j, "refusal");
	json_put_null(j);
	put_joined(j, "reasoning_content", answer, BLOCK_THINKING);
	vec_each (&answer->blocks, block) {
		if (block->kind == BLOCK_THINKING &&
			json_type(buf_str(&block->extra)) == JSON_ARRAY) {
			json_key(j, "reasoning_details");
			json_put_raw(j, buf_str(&block->extra));
		}
		has_calls |= block->kind == BLOCK_TOOL_USE;
	}
	if (has_calls) {
		json_key(j, "tool_calls");
		json_open(j, '[');
		vec_each (&answer->blocks, block)
			if (block->kind == BLOCK_TOOL_USE)
				put_whole_call(j, block);
		json_close(j, ']');
	}
	json_close(j, '}');
}

void openai_put_answer(const struct whole_answer *answer, struct buf *out)
{
	struct json_writer j = {.buf = out};

	json_open(&j, '{');
	json_member_str(&j, "id", answer->id);
	json_member_text(&j, "object", "chat.completion");
	json_member_int(&j, "created", 0);
	json_member_str(&j, "model", answer->model);
	json_key(&j, "choices");
	json_open(&j, '[');
	json_open(&j, '{');
	json_member_int(&j, "index", 0);
	put_message(&j, answer);
	json_key(&j, "logprobs");
	json_put_null(&j);
	json_member_text(&j, "finish_reason", finish_word(answer->reason));
	json_close(&j, '}');
	json_close(&j, ']');
	if (answer->usage.input >= 0 || answer->usage.output >= 0)
		put_counts(&j, &answer->usage);
	json_close(&j, '}');
}
