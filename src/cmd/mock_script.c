// SPDX-License-Identifier: MIT
/* Scripts of the scripted provider: reading replies and laying out their answers as pieces. */
#include "cmd/mock_script.h"

#include "base/utf8.h"
#include "cmd/mock_batch.h"
#include "cmd/mock_read.h"
#include "cmd/mock_side.h"

enum {
	WAIT_MAX_MS = 600'000,
	REPEAT_MAX = 10'000'000,
	BYTES_MAX = 1 << 30,
	TOKENS_MAX = 1'000'000'000,
	TIMES_MAX = 1'000'000,
	DIMENSIONS = 8, /* of vectors: enough to tell them apart */
	DIMENSIONS_MAX = 4'096,
	INDEX_THINKING = 0,
	INDEX_TEXT = 1,
	INDEX_CALLS = 2, /* and up */
};

/* A reply while its keys are read, before its answer becomes pieces. */
struct draft {
	struct mock_reply reply;
	VEC(struct str) text, thinking;
	VEC(struct mock_piece) calls;
	struct str repeat_text, bad_event;
	int64_t repeat_count;
	enum stop_reason stop;
	struct usage usage;
	bool has_answer, has_error;
};

static void draft_release(struct draft *d)
{
	vec_release(&d->text);
	vec_release(&d->thinking);
	vec_release(&d->calls);
}

static void reply_release(struct mock_reply *reply)
{
	mock_match_release(&reply->match);
	vec_release(&reply->pieces);
	vec_release(&reply->headers);
}

static bool read_chunks(struct reading *r, struct str value, void *target, struct err *e)
{
	typeof(&((struct draft *)NULL)->text) chunks = target;
	struct str key, item, text;
	size_t index = 0;

	if (json_type(value) != JSON_ARRAY) {
		if (!reading_text(r, value, &text, e))
			return false;
		vec_push(chunks, text);
		return true;
	}
	json_each (value, key, item) {
		size_t before = reading_enter_index(r, index++);

		if (!reading_text(r, item, &text, e))
			return false;
		vec_push(chunks, text);
		reading_leave(r, before);
	}
	return true;
}

/* Text: the body. A list: its pieces, and in ms the waits between them. */
static bool read_raw(struct reading *r, struct str value, void *target, struct err *e)
{
	struct draft *d = target;
	struct str key, item, text;
	size_t index = 0;

	if (json_type(value) != JSON_ARRAY)
		return reading_text(r, value, &d->reply.raw, e);
	d->reply.is_raw = true;
	json_each (value, key, item) {
		size_t before = reading_enter_index(r, index++);
		int64_t wait_ms = 0;

		text = STR("");
		if (json_type(item) == JSON_NUMBER) {
			if (!json_int(item, &wait_ms) || wait_ms < 0 || wait_ms > WAIT_MAX_MS)
				return reading_wrong(r, e,
					"a wait must be an integer from 0 to %d (ms)", WAIT_MAX_MS);
		} else if (!reading_text(r, item, &text, e)) {
			return false;
		}
		vec_push(&d->reply.pieces,
			(struct mock_piece){.raw = text, .repeat = 1, .wait_ms = wait_ms});
		reading_leave(r, before);
	}
	return true;
}

struct call_draft {
	struct str id, name, input, input_raw, extra;
};

/* The input goes out in two deltas, so that readers have to put it together. */
static void lay_out_call(struct draft *d, int index, const struct call_draft *call)
{
	struct str input = call->input_raw.p ? call->input_raw : call->input;
	struct str first = utf8_head(input, (input.n + 1) / 2), rest = str_skip(input, first.n);

	vec_push(&d->calls, (struct mock_piece){.delta = {DELTA_TOOL_USE, .index = index,
							.id = call->id, .name = call->name},
				    .repeat = 1,
				    .is_content = true});
	if (call->extra.n)
		vec_push(&d->calls, (struct mock_piece){.delta = {DELTA_EXTRA, .index = index,
								.text = call->extra},
					    .repeat = 1});
	if (first.n)
		vec_push(&d->calls, (struct mock_piece){.delta = {DELTA_TOOL_INPUT, .index = index,
								.text = first},
					    .repeat = 1,
					    .is_content = true});
	if (rest.n)
		vec_push(&d->calls, (struct mock_piece){.delta = {DELTA_TOOL_INPUT, .index = index,
								.text = rest},
					    .repeat = 1,
					    .is_content = true});
	vec_push(&d->calls,
		(struct mock_piece){.delta = {DELTA_BLOCK_STOP, .index = index}, .repeat = 1});
}

static bool read_call(
	struct reading *r, struct str value, struct draft *d, size_t number, struct err *e)
{
	static const struct key keys[] = {
		{"id", KEY_TEXT, offsetof(struct call_draft, id)},
		{"name", KEY_TEXT, offsetof(struct call_draft, name)},
		{"input", KEY_VALUE, offsetof(struct call_draft, input)},
		{"input_raw", KEY_TEXT, offsetof(struct call_draft, input_raw)},
		{"extra_content", KEY_VALUE, offsetof(struct call_draft, extra)},
		{0},
	};
	struct call_draft call = {0};

	if (!reading_object(r, value, keys, &call, e))
		return false;
	if (!call.name.p)
		return reading_wrong(r, e, "needs a \"name\"");
	if (call.input.p && call.input_raw.p)
		return reading_wrong(r, e, "has both \"input\" and \"input_raw\"");
	if (!call.id.p)
		call.id = arena_printf(r->arena, "call_%zu", number + 1);
	if (!call.input.p)
		call.input = STR("{}");
	lay_out_call(d, INDEX_CALLS + (int)number, &call);
	return true;
}

static bool read_calls(struct reading *r, struct str value, void *target, struct err *e)
{
	struct str key, item;
	size_t number = 0;

	if (!reading_type(r, value, JSON_ARRAY, e))
		return false;
	json_each (value, key, item) {
		size_t before = reading_enter_index(r, number);

		if (!read_call(r, item, target, number++, e))
			return false;
		reading_leave(r, before);
	}
	return true;
}

static bool read_stop(struct reading *r, struct str value, void *target, struct err *e)
{
	struct str name;

	if (!reading_text(r, value, &name, e))
		return false;
	for (enum stop_reason reason = STOP_END; reason <= STOP_OTHER; reason++) {
		if (str_is(name, stop_reason_name(reason))) {
			*(enum stop_reason *)target = reason;
			return true;
		}
	}
	return reading_wrong(r, e,
		"must be one of end_turn, tool_use, max_tokens, refusal, "
		"context_window, other");
}

static bool read_usage(struct reading *r, struct str value, void *target, struct err *e)
{
	static const struct key keys[] = {
		{"input", KEY_INT, offsetof(struct usage, input), 0, TOKENS_MAX},
		{"output", KEY_INT, offsetof(struct usage, output), 0, TOKENS_MAX},
		{"cache_read", KEY_INT, offsetof(struct usage, cache_read), 0, TOKENS_MAX},
		{"cache_write", KEY_INT, offsetof(struct usage, cache_write), 0, TOKENS_MAX},
		{"cost_nanousd", KEY_INT, offsetof(struct usage, reported_cost_nanousd), 0,
			INT64_MAX},
		{0},
	};

	*(struct usage *)target = USAGE_UNKNOWN;
	return json_type(value) == JSON_NULL || reading_object(r, value, keys, target, e);
}

static bool read_repeat(struct reading *r, struct str value, void *target, struct err *e)
{
	static const struct key keys[] = {
		{"text", KEY_TEXT, offsetof(struct draft, repeat_text)},
		{"count", KEY_INT, offsetof(struct draft, repeat_count), 0, REPEAT_MAX},
		{0},
	};

	if (!reading_object(r, value, keys, target, e))
		return false;
	return ((struct draft *)target)->repeat_text.n > 0 ||
	       reading_wrong(r, e, "needs a \"text\" that is not empty");
}

static bool read_error(struct reading *r, struct str value, void *target, struct err *e)
{
	static const struct key keys[] = {
		{"type", KEY_TEXT, offsetof(struct llm_error, type)},
		{"message", KEY_TEXT, offsetof(struct llm_error, message)},
		{0},
	};
	struct draft *d = target;

	d->has_error = true;
	return reading_object(r, value, keys, &d->reply.error, e);
}

static bool has_line_end(struct str s)
{
	return str_find_char(s, '\n', 0) != SIZE_MAX || str_find_char(s, '\r', 0) != SIZE_MAX ||
	       str_find_char(s, '\0', 0) != SIZE_MAX;
}

static bool read_headers(struct reading *r, struct str value, void *target, struct err *e)
{
	struct draft *d = target;
	struct str key, member, text;

	if (!reading_type(r, value, JSON_OBJECT, e))
		return false;
	json_each (value, key, member) {
		struct str name = json_text(key, r->arena);
		size_t before = reading_enter(r, name);

		if (!reading_text(r, member, &text, e))
			return false;
		if (name.n == 0 || has_line_end(name) || has_line_end(text))
			return reading_wrong(r, e, "cannot be sent as a header");
		vec_push(&d->reply.headers,
			(struct header){arena_text(r->arena, name), arena_copy(r->arena, text)});
		reading_leave(r, before);
	}
	return true;
}

static const struct key reply_keys[] = {
	{"text", KEY_READ, offsetof(struct draft, text), .read = read_chunks},
	{"thinking", KEY_READ, offsetof(struct draft, thinking), .read = read_chunks},
	{"tool_calls", KEY_READ, .read = read_calls},
	{"repeat", KEY_READ, .read = read_repeat},
	{"stop", KEY_READ, offsetof(struct draft, stop), .read = read_stop},
	{"usage", KEY_READ, offsetof(struct draft, usage), .read = read_usage},
	{"bad_event", KEY_TEXT, offsetof(struct draft, bad_event)},
	{"no_end", KEY_BOOL, offsetof(struct draft, reply.no_end)},
	{"status", KEY_INT, offsetof(struct draft, reply.status), 200, 599},
	{"error", KEY_READ, .read = read_error},
	{"headers", KEY_READ, .read = read_headers},
	{"raw", KEY_READ, .read = read_raw},
	{"content_type", KEY_TEXT, offsetof(struct draft, reply.content_type)},
	{"delay_ms", KEY_INT, offsetof(struct draft, reply.delay_ms), 0, WAIT_MAX_MS},
	{"chunk_delay_ms", KEY_INT, offsetof(struct draft, reply.chunk_delay_ms), 0, WAIT_MAX_MS},
	{"cut_after_bytes", KEY_INT, offsetof(struct draft, reply.cut_after_bytes), 0, BYTES_MAX},
	{"cut_after_deltas", KEY_INT, offsetof(struct draft, reply.cut_after_deltas), 0,
		REPEAT_MAX},
	{"stall_after_bytes", KEY_INT, offsetof(struct draft, reply.stall_after_bytes), 0,
		BYTES_MAX},
	{"byte_by_byte", KEY_BOOL, offsetof(struct draft, reply.byte_by_byte)},
	{"close_before_head", KEY_BOOL, offsetof(struct draft, reply.close_before_head)},
	{"expired", KEY_BOOL, offsetof(struct draft, reply.is_expired)},
	{"keep_alive", KEY_BOOL, offsetof(struct draft, reply.keep_alive)},
	{0},
};

/* ---- laying out ---- */

static void push(struct draft *d, struct delta delta, int64_t repeat, bool is_content)
{
	vec_push(&d->reply.pieces,
		(struct mock_piece){.delta = delta, .repeat = repeat, .is_content = is_content});
}

static void push_content(struct draft *d)
{
	vec_each (&d->thinking, chunk)
		push(d, (struct delta){DELTA_THINKING, INDEX_THINKING, *chunk}, 1, true);
	if (d->thinking.n)
		push(d, (struct delta){DELTA_SIGNATURE, INDEX_THINKING, STR("bW9jaw==")}, 1, false);
	vec_each (&d->text, chunk)
		push(d, (struct delta){DELTA_TEXT, INDEX_TEXT, *chunk}, 1, true);
	if (d->repeat_count)
		push(d, (struct delta){DELTA_TEXT, INDEX_TEXT, d->repeat_text}, d->repeat_count,
			true);
	vec_each (&d->calls, piece)
		vec_push(&d->reply.pieces, *piece);
}

/* Behind the first content, or behind the start where there is none. */
static void insert_bad_event(struct draft *d)
{
	size_t at = 1;

	vec_push(&d->reply.pieces, (struct mock_piece){.raw = d->bad_event, .repeat = 1});
	while (at + 1 < d->reply.pieces.n && !d->reply.pieces.p[at - 1].is_content)
		at++;
	for (size_t i = d->reply.pieces.n - 1; i > at; i--) {
		struct mock_piece swapped = d->reply.pieces.p[i];
		d->reply.pieces.p[i] = d->reply.pieces.p[i - 1];
		d->reply.pieces.p[i - 1] = swapped;
	}
}

static void lay_out(struct draft *d)
{
	if (d->stop == STOP_NONE)
		d->stop = d->calls.n ? STOP_TOOL_USE : STOP_END;
	push(d, (struct delta){DELTA_START}, 1, false);
	push_content(d);
	if (d->bad_event.p)
		insert_bad_event(d);
	if (d->has_error) {
		d->reply.breaks_off = true;
		push(d, (struct delta){DELTA_ERROR, .error = d->reply.error}, 1, false);
		return;
	}
	push(d, (struct delta){DELTA_USAGE, .usage = d->usage}, 1, false);
	push(d, (struct delta){DELTA_STOP, .reason = d->stop}, 1, false);
	if (!d->reply.no_end)
		push(d, (struct delta){DELTA_END}, 1, false);
}

static bool check_reply(struct reading *r, const struct draft *d, struct err *e)
{
	bool has_answer = d->text.n || d->thinking.n || d->calls.n || d->repeat_text.p ||
			  d->bad_event.p || d->stop != STOP_NONE;
	bool is_raw = d->reply.raw.p || d->reply.is_raw;

	if (d->reply.status == 204 || d->reply.status == 304)
		return reading_wrong(
			r, e, "\"status\" %lld has no body", (long long)d->reply.status);
	if (is_raw && (has_answer || d->has_error))
		return reading_wrong(
			r, e, "\"raw\" is the whole body; leave out the answer's keys");
	if (d->reply.status >= 300 && has_answer)
		return reading_wrong(r, e,
			"\"status\" %lld comes with an error, not with an answer",
			(long long)d->reply.status);
	if (d->reply.content_type.p && has_line_end(d->reply.content_type))
		return reading_wrong(r, e, "\"content_type\" cannot be sent");
	return true;
}

static bool read_answer(struct reading *r, struct str value, void *target, struct err *e)
{
	struct draft *d = target;

	d->has_answer = true;
	if (!reading_object(r, value, reply_keys, d, e) || !check_reply(r, d, e))
		return false;
	if (!d->reply.raw.p && !d->reply.is_raw && d->reply.status < 300)
		lay_out(d);
	return true;
}

static bool read_reply(struct reading *r, struct str value, struct draft *d, struct err *e)
{
	static const struct key keys[] = {
		{"match", KEY_READ, offsetof(struct draft, reply.match), .read = mock_match_read},
		{"times", KEY_INT, offsetof(struct draft, reply.times), 0, TIMES_MAX},
		{"reply", KEY_READ, .read = read_answer},
		{0},
	};

	*d = (struct draft){
		.reply = {.times = 1,
			.status = 200,
			.cut_after_bytes = -1,
			.cut_after_deltas = -1,
			.stall_after_bytes = -1,
			.keep_alive = true},
		.usage = {.input = 100,
			.output = 10,
			.cache_write_1h = -1,
			.reasoning = -1,
			.reported_cost_nanousd = -1},
	};
	d->reply.match.turn = d->reply.match.result_is_error = -1;
	if (!reading_object(r, value, keys, d, e))
		return false;
	return d->has_answer || reading_wrong(r, e, "needs a \"reply\"");
}

static bool read_replies(struct reading *r, struct str value, void *target, struct err *e)
{
	struct mock_script *script = target;
	struct str key, item;
	size_t index = 0;

	if (!reading_type(r, value, JSON_ARRAY, e))
		return false;
	json_each (value, key, item) {
		size_t before = reading_enter_index(r, index++);
		struct draft draft;
		bool is_good = read_reply(r, item, &draft, e);

		draft_release(&draft);
		/* A bad one too: the script owns what was read of it. */
		vec_push(&script->replies, draft.reply);
		if (!is_good)
			return false;
		reading_leave(r, before);
	}
	return true;
}

static int line_of(struct str text, size_t offset)
{
	int line = 1;

	for (size_t at = 0; (at = str_find_char(str_head(text, offset), '\n', at)) != SIZE_MAX;
		at++)
		line++;
	return line;
}

bool mock_script_read(struct mock_script *s, struct str text, const char *name, struct err *e)
{
	static const struct key keys[] = {
		{"replies", KEY_READ, .read = read_replies},
		{"models", KEY_READ, .read = mock_side_read_models},
		{"dimensions", KEY_INT, offsetof(struct mock_script, dimensions), 1,
			DIMENSIONS_MAX},
		{"limit", KEY_READ, offsetof(struct mock_script, limit), .read = mock_limit_read},
		{"batches", KEY_READ, .read = mock_batch_read},
		{0},
	};
	struct reading reading = {.arena = &s->arena, .name = name};
	struct err why;
	struct str kept = arena_copy(&s->arena, text);
	s->dimensions = DIMENSIONS;
	s->batch_polls = 1;
	size_t offset;
	bool is_good = json_check_at(kept, &offset, &why)
			       ? reading_object(&reading, kept, keys, s, e)
			       : err_set(e, ERR_USAGE, "%s: line %d: %s", name,
					 line_of(kept, offset), why.text);

	buf_release(&reading.pointer);
	if (!is_good)
		mock_script_release(s);
	return is_good;
}

void mock_script_release(struct mock_script *s)
{
	vec_each (&s->replies, reply)
		reply_release(reply);
	vec_release(&s->replies);
	vec_release(&s->models);
	mock_limit_release(&s->limit);
	mock_batches_release(s);
	arena_release(&s->arena);
}
