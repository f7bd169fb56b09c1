// SPDX-License-Identifier: MIT
/* anthropic_answer: a Messages stream and its errors, as a server writes them. */
#include "llm/inside.h"

static void event_open(struct buf *out, const char *type, struct json_writer *w)
{
	buf_printf(out, "event: %s\ndata: ", type);
	*w = (struct json_writer){.buf = out};
	json_open(w, '{');
	json_member_text(w, "type", type);
}

static void event_close(struct json_writer *w)
{
	json_close(w, '}');
	buf_put_text(w->buf, "\n\n");
}

static void member_count(struct json_writer *w, const char *name, int64_t count)
{
	if (count >= 0)
		json_member_int(w, name, count);
}

static void put_usage(struct json_writer *w, const struct usage *u)
{
	json_key(w, "usage");
	json_open(w, '{');
	member_count(w, "input_tokens", u->input);
	member_count(w, "cache_creation_input_tokens", u->cache_write);
	member_count(w, "cache_read_input_tokens", u->cache_read);
	if (u->cache_write_1h >= 0) {
		json_key(w, "cache_creation");
		json_open(w, '{');
		if (u->cache_write >= u->cache_write_1h)
			json_member_int(
				w, "ephemeral_5m_input_tokens", u->cache_write - u->cache_write_1h);
		json_member_int(w, "ephemeral_1h_input_tokens", u->cache_write_1h);
		json_close(w, '}');
	}
	json_member_int(w, "output_tokens", u->output >= 0 ? u->output : 0);
	if (u->reasoning >= 0) {
		json_key(w, "output_tokens_details");
		json_open(w, '{');
		json_member_int(w, "thinking_tokens", u->reasoning);
		json_close(w, '}');
	}
	json_close(w, '}');
}

/* Up to the value of "content". */
static void message_open(struct json_writer *j, struct str id, struct str model)
{
	json_open(j, '{');
	json_member_str(j, "id", id);
	json_member_text(j, "type", "message");
	json_member_text(j, "role", "assistant");
	json_member_str(j, "model", model);
	json_key(j, "content");
}

static void start(struct wire_writer *w, const struct delta *delta, struct buf *out)
{
	struct json_writer j;

	if (w->has_started)
		return;
	w->has_started = true;
	w->usage = USAGE_UNKNOWN;
	w->id = delta && delta->id.p ? delta->id : STR("msg_0");
	w->model = delta && delta->model.p ? delta->model : STR("");
	event_open(out, "message_start", &j);
	json_key(&j, "message");
	message_open(&j, w->id, w->model);
	json_put_raw(&j, STR("[]"));
	json_key(&j, "stop_reason");
	json_put_null(&j);
	json_key(&j, "stop_sequence");
	json_put_null(&j);
	/* Clients want the counters there; the real ones follow in message_delta. */
	put_usage(&j, &(struct usage){0, 0, -1, -1, -1, -1, -1});
	json_close(&j, '}');
	event_close(&j);
}

static void close_block(struct wire_writer *w, struct buf *out)
{
	struct json_writer j;

	if (!w->is_open)
		return;
	w->is_open = false;
	event_open(out, "content_block_stop", &j);
	json_member_int(&j, "index", w->block_count - 1);
	event_close(&j);
}

static void put_new_block(struct json_writer *j, enum block_kind kind, const struct delta *delta)
{
	switch (kind) {
	case BLOCK_TOOL_USE:
		json_member_text(j, "type", "tool_use");
		json_member_str(j, "id", delta->id);
		json_member_str(j, "name", delta->name);
		json_key(j, "input");
		json_put_raw(j, STR("{}"));
		break;
	case BLOCK_THINKING:
		if (delta->kind == DELTA_REDACTED) {
			json_member_text(j, "type", "redacted_thinking");
			json_member_str(j, "data", delta->text);
			break;
		}
		json_member_text(j, "type", "thinking");
		json_member_text(j, "thinking", "");
		json_member_text(j, "signature", "");
		break;
	default: json_member_text(j, "type", "text"); json_member_text(j, "text", "");
	}
}

static void open_block(
	struct wire_writer *w, enum block_kind kind, const struct delta *delta, struct buf *out)
{
	struct json_writer j;

	close_block(w, out);
	w->is_open = true;
	w->open_kind = kind;
	w->open_index = delta->index;
	event_open(out, "content_block_start", &j);
	json_member_int(&j, "index", w->block_count++);
	json_key(&j, "content_block");
	json_open(&j, '{');
	put_new_block(&j, kind, delta);
	json_close(&j, '}');
	event_close(&j);
}

static void put_piece(struct wire_writer *w, const char *type, const char *member,
	const struct delta *delta, struct buf *out)
{
	struct json_writer j;

	event_open(out, "content_block_delta", &j);
	json_member_int(&j, "index", w->block_count - 1);
	json_key(&j, "delta");
	json_open(&j, '{');
	json_member_text(&j, "type", type);
	json_member_str(&j, member, delta->text);
	json_close(&j, '}');
	event_close(&j);
}

static void put_in_block(struct wire_writer *w, enum block_kind kind, const char *type,
	const char *member, const struct delta *delta, struct buf *out)
{
	if (!w->is_open || w->open_kind != kind || w->open_index != delta->index)
		open_block(w, kind, delta, out);
	put_piece(w, type, member, delta, out);
}

static const char *stop_word(enum stop_reason reason)
{
	static const char *const words[] = {
		[STOP_NONE] = "end_turn",
		[STOP_END] = "end_turn",
		[STOP_TOOL_USE] = "tool_use",
		[STOP_MAX] = "max_tokens",
		[STOP_REFUSAL] = "refusal",
		[STOP_CONTEXT] = "model_context_window_exceeded",
		[STOP_OTHER] = "pause_turn",
	};

	return words[reason];
}

static void end(struct wire_writer *w, struct buf *out)
{
	struct json_writer j;

	close_block(w, out);
	event_open(out, "message_delta", &j);
	json_key(&j, "delta");
	json_open(&j, '{');
	json_member_text(&j, "stop_reason", stop_word(w->reason));
	json_key(&j, "stop_sequence");
	json_put_null(&j);
	json_close(&j, '}');
	put_usage(&j, &w->usage);
	event_close(&j);
	event_open(out, "message_stop", &j);
	event_close(&j);
}

void anthropic_put_error(const struct llm_error *error, struct buf *out)
{
	struct json_writer w = {.buf = out};

	json_open(&w, '{');
	json_member_text(&w, "type", "error");
	json_key(&w, "error");
	json_open(&w, '{');
	json_member_str(&w, "type", error->type.n ? error->type : STR("api_error"));
	json_member_str(&w, "message", error->message);
	json_close(&w, '}');
	json_close(&w, '}');
}

void anthropic_put_delta(struct wire_writer *w, const struct delta *delta, struct buf *out)
{
	if (delta->kind != DELTA_ERROR)
		start(w, delta->kind == DELTA_START ? delta : NULL, out);
	switch (delta->kind) {
	case DELTA_TEXT: put_in_block(w, BLOCK_TEXT, "text_delta", "text", delta, out); break;
	case DELTA_THINKING:
		put_in_block(w, BLOCK_THINKING, "thinking_delta", "thinking", delta, out);
		break;
	case DELTA_SIGNATURE:
		put_in_block(w, BLOCK_THINKING, "signature_delta", "signature", delta, out);
		break;
	case DELTA_REDACTED:
		open_block(w, BLOCK_THINKING, delta, out);
		close_block(w, out);
		break;
	case DELTA_TOOL_USE: open_block(w, BLOCK_TOOL_USE, delta, out); break;
	case DELTA_TOOL_INPUT:
		if (w->is_open && w->open_kind == BLOCK_TOOL_USE && w->open_index == delta->index)
			put_piece(w, "input_json_delta", "partial_json", delta, out);
		break;
	case DELTA_BLOCK_STOP: close_block(w, out); break;
	case DELTA_USAGE: usage_merge(&w->usage, &delta->usage); break;
	case DELTA_STOP: w->reason = delta->reason; break;
	case DELTA_ERROR:
		buf_put_text(out, "event: error\ndata: ");
		anthropic_put_error(&delta->error, out);
		buf_put_text(out, "\n\n");
		break;
	case DELTA_END: end(w, out); break;
	case DELTA_EXTRA: /* other wires' */
	case DELTA_START: break;
	}
}

static void put_whole_block(struct json_writer *j, const struct answer_block *b)
{
	json_open(j, '{');
	if (b->kind == BLOCK_TOOL_USE) {
		json_member_text(j, "type", "tool_use");
		json_member_str(j, "id", b->id);
		json_member_str(j, "name", b->name);
		json_key(j, "input");
		put_input_object(j->buf, buf_str(&b->text));
	} else if (b->redacted) {
		json_member_text(j, "type", "redacted_thinking");
		json_member_str(j, "data", buf_str(&b->signature));
	} else if (b->kind == BLOCK_THINKING) {
		json_member_text(j, "type", "thinking");
		json_member_str(j, "thinking", buf_str(&b->text));
		json_member_str(j, "signature", buf_str(&b->signature));
	} else {
		json_member_text(j, "type", "text");
		json_member_str(j, "text", buf_str(&b->text));
	}
	json_close(j, '}');
}

void anthropic_put_answer(const struct whole_answer *answer, struct buf *out)
{
	struct json_writer j = {.buf = out};
	struct usage usage = answer->usage;

	/* Clients take these two for given. */
	usage.input = usage.input > 0 ? usage.input : 0;
	usage.output = usage.output > 0 ? usage.output : 0;
	message_open(&j, answer->id, answer->model);
	json_open(&j, '[');
	vec_each (&answer->blocks, block)
		put_whole_block(&j, block);
	json_close(&j, ']');
	json_member_text(&j, "stop_reason", stop_word(answer->reason));
	json_key(&j, "stop_sequence");
	json_put_null(&j);
	put_usage(&j, &usage);
	json_close(&j, '}');
}
