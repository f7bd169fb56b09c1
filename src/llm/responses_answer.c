// SPDX-License-Identifier: MIT
/*
 * responses_answer: a Responses stream as a server writes it: every event that the API knows for
 * texts, thoughts and calls. The ends of items and of the answer repeat everything said before.
 */
#include "llm/inside.h"

static void event_open(
	struct wire_writer *w, const char *type, struct buf *out, struct json_writer *j)
{
	buf_printf(out, "event: %s\ndata: ", type);
	*j = (struct json_writer){.buf = out};
	json_open(j, '{');
	json_member_text(j, "type", type);
	json_member_int(j, "sequence_number", w->sequence++);
}

static void event_close(struct json_writer *j)
{
	json_close(j, '}');
	buf_put_text(j->buf, "\n\n");
}

/* ---- the answer as a whole ---- */

static void put_usage(struct json_writer *j, const struct usage *u)
{
	int64_t input =
		usage_known(u->input) + usage_known(u->cache_read) + usage_known(u->cache_write);

	json_key(j, "usage");
	if (u->input < 0 && u->output < 0) {
		json_put_null(j);
		return;
	}
	json_open(j, '{');
	json_member_int(j, "input_tokens", input);
	json_key(j, "input_tokens_details");
	json_open(j, '{');
	if (u->cache_read >= 0)
		json_member_int(j, "cached_tokens", u->cache_read);
	if (u->cache_write >= 0)
		json_member_int(j, "cache_write_tokens", u->cache_write);
	json_close(j, '}');
	json_member_int(j, "output_tokens", usage_known(u->output));
	json_key(j, "output_tokens_details");
	json_open(j, '{');
	if (u->reasoning >= 0)
		json_member_int(j, "reasoning_tokens", u->reasoning);
	json_close(j, '}');
	json_member_int(j, "total_tokens", input + usage_known(u->output));
	json_close(j, '}');
}

static void put_error(struct json_writer *j, const struct llm_error *error)
{
	json_key(j, "error");
	if (!error) {
		json_put_null(j);
		return;
	}
	json_open(j, '{');
	json_member_str(j, "code", error->type.n ? error->type : STR("server_error"));
	json_member_str(j, "message", error->message);
	json_close(j, '}');
}

static void put_incomplete(struct json_writer *j, const char *reason)
{
	json_key(j, "incomplete_details");
	if (!reason) {
		json_put_null(j);
		return;
	}
	json_open(j, '{');
	json_member_text(j, "reason", reason);
	json_close(j, '}');
}

/* "created_at" is 0: a wire has no clock. */
static void put_whole(const struct wire_writer *w, struct json_writer *j, const char *status,
	const char *incomplete, const struct llm_error *error)
{
	json_open(j, '{');
	json_member_str(j, "id", w->id);
	json_member_text(j, "object", "response");
	json_member_int(j, "created_at", 0);
	json_member_text(j, "status", status);
	json_member_str(j, "model", w->model);
	json_key(j, "output");
	json_open(j, '[');
	buf_put_str(j->buf, buf_str(&w->output));
	json_close(j, ']');
	put_error(j, error);
	put_incomplete(j, incomplete);
	put_usage(j, &w->usage);
	json_close(j, '}');
}

static void put_response(const struct wire_writer *w, struct json_writer *j, const char *status,
	const char *incomplete, const struct llm_error *error)
{
	json_key(j, "response");
	put_whole(w, j, status, incomplete, error);
}

static void start(struct wire_writer *w, const struct delta *delta, struct buf *out)
{
	static const char *const types[] = {"response.created", "response.in_progress"};
	struct json_writer j;

	if (w->has_started)
		return;
	w->has_started = true;
	w->usage = USAGE_UNKNOWN;
	w->id = delta && delta->id.p ? delta->id : STR("resp_0");
	w->model = delta && delta->model.p ? delta->model : STR("");
	for (size_t i = 0; i < 2; i++) {
		event_open(w, types[i], out, &j);
		put_response(w, &j, "in_progress", NULL, NULL);
		event_close(&j);
	}
}

/* ---- items ---- */

static const struct {
	const char *prefix; /* of its id */
	const char *part_added, *part_done; /* NULL: it has no parts */
	const char *piece, *whole;
	const char *index, *member; /* of the part; of the whole's event */
} shapes[] = {
	[BLOCK_TEXT] = {"msg", "response.content_part.added", "response.content_part.done",
		"response.output_text.delta", "response.output_text.done", "content_index", "text"},
	[BLOCK_THINKING] = {"rs", "response.reasoning_summary_part.added",
		"response.reasoning_summary_part.done", "response.reasoning_summary_text.delta",
		"response.reasoning_summary_text.done", "summary_index", "text"},
	[BLOCK_TOOL_USE] = {"fc", NULL, NULL, "response.function_call_arguments.delta",
		"response.function_call_arguments.done", NULL, "arguments"},
};

static int output_index(const struct wire_writer *w)
{
	return w->block_count - 1;
}

static void put_id(const struct wire_writer *w, struct json_writer *j, const char *name)
{
	char id[32];

	snprintf(id, sizeof id, "%s_%d", shapes[w->open_kind].prefix, output_index(w));
	json_member_text(j, name, id);
}

static void put_part(const struct wire_writer *w, struct json_writer *j)
{
	bool is_text = w->open_kind == BLOCK_TEXT;

	json_open(j, '{');
	json_member_text(j, "type", is_text ? "output_text" : "summary_text");
	json_member_str(j, "text", buf_str(&w->text));
	if (is_text) {
		json_key(j, "annotations");
		json_put_raw(j, STR("[]"));
	}
	json_close(j, '}');
}

static void put_parts(
	const struct wire_writer *w, struct json_writer *j, const char *name, bool is_done)
{
	json_key(j, name);
	json_open(j, '[');
	if (is_done && w->text.n)
		put_part(w, j);
	json_close(j, ']');
}

/* extra: the item as it has to be, or else what only the provider can read. */
static void put_reasoning(const struct wire_writer *w, struct json_writer *j, bool is_done)
{
	put_parts(w, j, "summary", is_done);
	if (is_done && w->extra.n)
		json_member_str(j, "encrypted_content", buf_str(&w->extra));
}

static void put_item(const struct wire_writer *w, struct json_writer *j, bool is_done)
{
	static const char *const types[] = {
		[BLOCK_TEXT] = "message",
		[BLOCK_THINKING] = "reasoning",
		[BLOCK_TOOL_USE] = "function_call",
	};
	struct str extra = buf_str(&w->extra);

	if (is_done && w->open_kind == BLOCK_THINKING && json_type(extra) == JSON_OBJECT) {
		json_put_raw(j, extra);
		return;
	}
	json_open(j, '{');
	put_id(w, j, "id");
	json_member_text(j, "type", types[w->open_kind]);
	if (w->open_kind == BLOCK_THINKING) {
		put_reasoning(w, j, is_done);
		json_close(j, '}');
		return;
	}
	json_member_text(j, "status", is_done ? "completed" : "in_progress");
	if (w->open_kind == BLOCK_TEXT) {
		json_member_text(j, "role", "assistant");
		put_parts(w, j, "content", is_done);
	} else {
		json_member_str(j, "call_id", w->call_id);
		json_member_str(j, "name", w->call_name);
		json_member_str(j, "arguments", is_done ? buf_str(&w->text) : STR(""));
	}
	json_close(j, '}');
}

/* An event about the open item's only part, or about its arguments. */
static void open_part_event(
	struct wire_writer *w, const char *type, struct buf *out, struct json_writer *j)
{
	event_open(w, type, out, j);
	put_id(w, j, "item_id");
	json_member_int(j, "output_index", output_index(w));
	if (shapes[w->open_kind].index)
		json_member_int(j, shapes[w->open_kind].index, 0);
}

static void put_part_event(struct wire_writer *w, const char *type, struct buf *out)
{
	struct json_writer j;

	open_part_event(w, type, out, &j);
	json_key(&j, "part");
	put_part(w, &j);
	event_close(&j);
}

static void put_item_event(struct wire_writer *w, const char *type, bool is_done, struct buf *out)
{
	struct json_writer j;

	event_open(w, type, out, &j);
	json_member_int(&j, "output_index", output_index(w));
	json_key(&j, "item");
	put_item(w, &j, is_done);
	event_close(&j);
}

static void keep_item(struct wire_writer *w)
{
	struct json_writer j = {.buf = &w->output};

	if (w->output.n)
		buf_put_char(&w->output, ',');
	put_item(w, &j, true);
}

static void close_item(struct wire_writer *w, struct buf *out)
{
	struct json_writer j;

	if (!w->is_open)
		return;
	w->is_open = false;
	if (w->text.n || w->open_kind == BLOCK_TOOL_USE) {
		open_part_event(w, shapes[w->open_kind].whole, out, &j);
		json_member_str(&j, shapes[w->open_kind].member, buf_str(&w->text));
		event_close(&j);
		if (shapes[w->open_kind].part_done)
			put_part_event(w, shapes[w->open_kind].part_done, out);
	}
	put_item_event(w, "response.output_item.done", true, out);
	keep_item(w);
	buf_clear(&w->text);
	buf_clear(&w->extra);
}

static void open_item(
	struct wire_writer *w, enum block_kind kind, const struct delta *delta, struct buf *out)
{
	close_item(w, out);
	w->is_open = true;
	w->open_kind = kind;
	w->open_index = delta->index;
	w->block_count++;
	if (kind == BLOCK_TOOL_USE) {
		arena_clear(&w->arena);
		w->call_id = arena_copy(&w->arena, delta->id);
		w->call_name = arena_copy(&w->arena, delta->name);
	}
	put_item_event(w, "response.output_item.added", false, out);
}

static bool is_open(const struct wire_writer *w, enum block_kind kind, int index)
{
	return w->is_open && w->open_kind == kind && w->open_index == index;
}

static void put_piece(struct wire_writer *w, struct str text, struct buf *out)
{
	struct json_writer j;

	if (!text.n)
		return;
	if (!w->text.n && shapes[w->open_kind].part_added)
		put_part_event(w, shapes[w->open_kind].part_added, out);
	open_part_event(w, shapes[w->open_kind].piece, out, &j);
	json_member_str(&j, "delta", text);
	event_close(&j);
	buf_put_str(&w->text, text);
}

static void put_in_item(
	struct wire_writer *w, enum block_kind kind, const struct delta *delta, struct buf *out)
{
	if (!is_open(w, kind, delta->index))
		open_item(w, kind, delta, out);
	put_piece(w, delta->text, out);
}

/* Of a thought only: calls have nothing of the kind here. */
static void put_extra(struct wire_writer *w, const struct delta *delta, struct buf *out)
{
	bool is_item = json_text_is(json_get(delta->text, "type"), "reasoning");

	if (delta->kind == DELTA_EXTRA && !is_item)
		return;
	if (delta->kind == DELTA_REDACTED || !is_open(w, BLOCK_THINKING, delta->index))
		open_item(w, BLOCK_THINKING, delta, out);
	if (delta->kind == DELTA_EXTRA)
		buf_clear(&w->extra);
	buf_put_str(&w->extra, delta->text);
	if (delta->kind == DELTA_REDACTED)
		close_item(w, out);
}

/* NULL: it is complete. */
static const char *why_incomplete(enum stop_reason reason)
{
	static const char *const words[] = {
		[STOP_MAX] = "max_output_tokens",
		[STOP_CONTEXT] = "max_output_tokens",
		[STOP_REFUSAL] = "content_filter",
		[STOP_OTHER] = "steered",
	};

	return words[reason];
}

static void end(struct wire_writer *w, struct buf *out)
{
	const char *reason = why_incomplete(w->reason);
	struct json_writer j;

	close_item(w, out);
	event_open(w, reason ? "response.incomplete" : "response.completed", out, &j);
	put_response(w, &j, reason ? "incomplete" : "completed", reason, NULL);
	event_close(&j);
}

static void fail(struct wire_writer *w, const struct llm_error *error, struct buf *out)
{
	struct json_writer j;

	event_open(w, w->has_started ? "response.failed" : "error", out, &j);
	if (w->has_started) {
		put_response(w, &j, "failed", NULL, error);
	} else {
		json_member_str(&j, "code", error->type.n ? error->type : STR("server_error"));
		json_member_str(&j, "message", error->message);
		json_key(&j, "param");
		json_put_null(&j);
	}
	event_close(&j);
}

void responses_put_delta(struct wire_writer *w, const struct delta *delta, struct buf *out)
{
	if (delta->kind != DELTA_ERROR)
		start(w, delta->kind == DELTA_START ? delta : NULL, out);
	switch (delta->kind) {
	case DELTA_TEXT: put_in_item(w, BLOCK_TEXT, delta, out); break;
	case DELTA_THINKING: put_in_item(w, BLOCK_THINKING, delta, out); break;
	case DELTA_SIGNATURE:
	case DELTA_EXTRA:
	case DELTA_REDACTED: put_extra(w, delta, out); break;
	case DELTA_TOOL_USE: open_item(w, BLOCK_TOOL_USE, delta, out); break;
	case DELTA_TOOL_INPUT:
		if (is_open(w, BLOCK_TOOL_USE, delta->index))
			put_piece(w, delta->text, out);
		break;
	case DELTA_BLOCK_STOP: close_item(w, out); break;
	case DELTA_USAGE: usage_merge(&w->usage, &delta->usage); break;
	case DELTA_STOP: w->reason = delta->reason; break;
	case DELTA_ERROR: fail(w, &delta->error, out); break;
	case DELTA_END: end(w, out); break;
	case DELTA_START: break;
	}
}

/* What a stream would have said of the block goes nowhere; the item it makes is kept. */
static void keep_block(struct wire_writer *w, const struct answer_block *b)
{
	const struct delta deltas[] = {
		{DELTA_TOOL_USE, .index = b->index, .id = b->id, .name = b->name},
		{b->kind == BLOCK_TOOL_USE      ? DELTA_TOOL_INPUT
			: b->kind == BLOCK_TEXT ? DELTA_TEXT
						: DELTA_THINKING,
			.index = b->index, .text = buf_str(&b->text)},
		{b->redacted ? DELTA_REDACTED : DELTA_SIGNATURE, .index = b->index,
			.text = buf_str(&b->signature)},
		{DELTA_EXTRA, .index = b->index, .text = buf_str(&b->extra)},
		{DELTA_BLOCK_STOP, .index = b->index},
	};
	AUTO(buf) events = {0};

	for (size_t i = 0; i < sizeof deltas / sizeof deltas[0]; i++) {
		bool is_call = deltas[i].kind == DELTA_TOOL_USE;

		if (is_call ? b->kind == BLOCK_TOOL_USE
			    : deltas[i].text.n || deltas[i].kind == DELTA_BLOCK_STOP)
			responses_put_delta(w, &deltas[i], &events);
	}
}

void responses_put_answer(const struct whole_answer *answer, struct buf *out)
{
	const char *reason = why_incomplete(answer->reason);
	struct wire_writer w = {.wire = &wire_responses};
	struct json_writer j = {.buf = out};
	AUTO(buf) events = {0};

	start(&w, &(struct delta){DELTA_START, .id = answer->id, .model = answer->model}, &events);
	vec_each (&answer->blocks, block)
		keep_block(&w, block);
	w.usage = answer->usage;
	put_whole(&w, &j, reason ? "incomplete" : "completed", reason, NULL);
	wire_writer_release(&w);
}
