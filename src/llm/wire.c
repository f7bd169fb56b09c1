// SPDX-License-Identifier: MIT
/* wire: what all wires have in common: the list, and the reading of a stream event by event. */
#include "llm/inside.h"

const struct wire *const wires[] = {
	&wire_anthropic, &wire_openai, &wire_responses, &wire_ollama, NULL};

const struct wire *wire_find(struct str name)
{
	for (const struct wire *const *wire = wires; *wire; wire++)
		if (str_is(name, (*wire)->name))
			return *wire;
	return NULL;
}

const char *stop_reason_name(enum stop_reason reason)
{
	static const char *const names[] = {
		[STOP_NONE] = "none",
		[STOP_END] = "end_turn",
		[STOP_TOOL_USE] = "tool_use",
		[STOP_MAX] = "max_tokens",
		[STOP_REFUSAL] = "refusal",
		[STOP_CONTEXT] = "context_window",
		[STOP_OTHER] = "other",
	};

	return names[reason];
}

int64_t usage_count(struct str value)
{
	int64_t count = json_int_or(value, -1);

	/* Nobody has used a quadrillion tokens: sums must not overflow. */
	return count < 0 || count > 1'000'000'000'000'000 ? -1 : count;
}

bool outlet_put(const struct outlet *o, const struct delta *delta)
{
	struct wire_reader *r = o->r;

	switch (delta->kind) {
	case DELTA_START:
		if (r->has_started)
			return true;
		r->has_started = true;
		break;
	case DELTA_USAGE: usage_merge(&r->usage, &delta->usage); break;
	case DELTA_STOP: r->has_stopped = true; break;
	case DELTA_ERROR: r->has_failed = true; break;
	case DELTA_END: r->has_ended = true; break;
	default: break;
	}
	if (!r->has_started && delta->kind != DELTA_ERROR &&
		!outlet_put(
			o, &(struct delta){.kind = DELTA_START, .id = STR(""), .model = STR("")}))
		return false;
	return o->sink(o->self, delta);
}

bool outlet_text(const struct outlet *o, enum delta_kind kind, int block, struct str text)
{
	if (text.n == 0)
		return true;
	return outlet_put(o, &(struct delta){.kind = kind, .index = block, .text = text});
}

bool outlet_json(const struct outlet *o, enum delta_kind kind, int block, struct str value)
{
	return outlet_text(o, kind, block, json_text(value, &o->r->arena));
}

bool outlet_usage(const struct outlet *o, const struct usage *usage)
{
	if (usage->input < 0 && usage->output < 0 && usage->cache_read < 0 &&
		usage->cache_write < 0 && usage->cache_write_1h < 0 && usage->reasoning < 0 &&
		usage->reported_cost_nanousd < 0)
		return true;
	return outlet_put(o, &(struct delta){.kind = DELTA_USAGE, .usage = *usage});
}

bool outlet_error(const struct outlet *o, const struct llm_error *error)
{
	return outlet_put(o, &(struct delta){.kind = DELTA_ERROR, .error = *error});
}

bool outlet_damaged(const struct outlet *o, const char *why)
{
	struct llm_error error = {
		.type = STR("damaged_stream"),
		.message =
			arena_printf(&o->r->arena, "the provider's stream makes no sense: %s", why),
		.is_retryable = true,
	};

	return outlet_error(o, &error);
}

bool reader_has_calls(const struct wire_reader *r)
{
	vec_each (&r->calls, call)
		if (call->is_announced)
			return true;
	vec_each (&r->items, item)
		if (item->kind == BLOCK_TOOL_USE)
			return true;
	return false;
}

/* A call is one, whatever the server says why it stopped; but a cut answer stays cut. */
static enum stop_reason final_reason(const struct wire_reader *r)
{
	enum stop_reason reason = r->reason == STOP_NONE ? STOP_END : r->reason;
	bool has_calls = reader_has_calls(r);

	if (r->has_refused && reason == STOP_END)
		return STOP_REFUSAL;
	if (reason == STOP_END && has_calls)
		return STOP_TOOL_USE;
	return reason == STOP_TOOL_USE && !has_calls ? STOP_END : reason;
}

bool outlet_end(const struct outlet *o)
{
	if (!o->r->has_stopped &&
		!outlet_put(o, &(struct delta){.kind = DELTA_STOP, .reason = final_reason(o->r)}))
		return false;
	return outlet_put(o, &(struct delta){.kind = DELTA_END});
}

static bool is_of_type(struct str type, struct str name, const char *wanted)
{
	return type.p ? json_text_is(type, wanted) : str_is(name, wanted);
}

bool event_take(
	const struct event_table *table, const struct outlet *o, struct str name, struct str data)
{
	struct str m[EVENT_FIELDS_MAX];
	struct err e;

	must(table->field_count <= EVENT_FIELDS_MAX);
	if (!data.n || str_is(data, "[DONE]"))
		return true;
	if (!json_check(data, &e))
		return outlet_damaged(o, e.text);
	json_pick(data, table->fields, table->field_count, m);
	for (const struct event *event = table->events; event->type; event++)
		if (is_of_type(m[0], name, event->type))
			return event->take(o, m);
	return table->take_other(o, m, data, is_of_type(m[0], name, "error"));
}

void wire_reader_release(struct wire_reader *r)
{
	sse_release(&r->sse);
	arena_release(&r->arena);
	arena_release(&r->kept);
	vec_release(&r->calls);
	vec_release(&r->items);
	details_release(r);
	buf_release(&r->line);
	*r = (struct wire_reader){.wire = r->wire};
}

void wire_writer_release(struct wire_writer *w)
{
	arena_release(&w->arena);
	buf_release(&w->text);
	buf_release(&w->extra);
	buf_release(&w->output);
	*w = (struct wire_writer){.wire = w->wire};
}

static void make_ready(struct wire_reader *r)
{
	if (r->is_ready)
		return;
	r->is_ready = true;
	r->usage = USAGE_UNKNOWN;
	r->open_block = r->details_block = -1;
	r->line.max = SSE_EVENT_MAX_BYTES;
}

static bool take_event(void *self, struct str name, struct str data)
{
	const struct outlet *o = self;
	struct wire_reader *r = o->r;

	if (r->has_ended || r->has_failed)
		return true;
	arena_clear(&r->arena);
	return r->wire->get_event(r, name, str_trim(data), o->sink, o->self);
}

/* What the end of the stream cut off is no event; what is only unterminated is one. */
static bool take_last_event(void *self, struct str name, struct str data)
{
	struct err e;

	if (!str_is(str_trim(data), "[DONE]") && !json_check(data, &e))
		return true;
	return take_event(self, name, data);
}

/* A line that is whole in the bytes is read there; a cut one waits in r->line for its rest. */
static bool feed_lines(struct wire_reader *r, struct str bytes, struct outlet *o, struct err *e)
{
	while (bytes.n) {
		size_t n = str_find_char(bytes, '\n', 0);
		struct str line = str_head(bytes, n);

		if (n == SIZE_MAX || r->line.n)
			buf_put_str(&r->line, line);
		if (r->line.overflow || line.n > SSE_EVENT_MAX_BYTES)
			return err_set(e, ERR_LIMIT, "a stream line of more than %d bytes",
				SSE_EVENT_MAX_BYTES);
		if (n == SIZE_MAX)
			return true;
		if (!take_event(o, (struct str){0}, r->line.n ? buf_str(&r->line) : line))
			return false;
		buf_clear(&r->line);
		bytes = str_skip(bytes, n + 1);
	}
	return true;
}

static bool end_bytes(struct wire_reader *r, struct outlet *o)
{
	if (r->wire->framing == FRAMING_SSE)
		return sse_end(&r->sse, take_last_event, o);
	return take_last_event(o, (struct str){0}, buf_str(&r->line));
}

bool wire_feed(struct wire_reader *r, struct str bytes, delta_fn *sink, void *self, struct err *e)
{
	struct outlet o = {r, sink, self};

	make_ready(r);
	if (r->wire->framing == FRAMING_LINES)
		return feed_lines(r, bytes, &o, e);
	return sse_feed(&r->sse, bytes, take_event, &o, e);
}

bool wire_feed_whole(
	struct wire_reader *r, struct str body, delta_fn *sink, void *self, struct err *e)
{
	make_ready(r);
	body = str_trim(body);
	if (!json_check(body, e))
		return false;
	arena_clear(&r->arena);
	bool goes_on = r->wire->get_whole ? r->wire->get_whole(r, body, sink, self)
					  : r->wire->get_event(r, STR(""), body, sink, self);
	if (!goes_on)
		return false;
	if (!r->has_started && !r->has_failed)
		return err_set(e, ERR_PARSE, "JSON that is no answer");
	return true;
}

bool wire_end(struct wire_reader *r, delta_fn *sink, void *self, struct err *e)
{
	struct outlet o = {r, sink, self};

	make_ready(r);
	if (!end_bytes(r, &o))
		return false;
	if (!r->has_ended && !r->has_failed && r->wire->get_end) {
		arena_clear(&r->arena);
		if (!r->wire->get_end(r, sink, self))
			return false;
	}
	if (r->has_failed)
		return err_set(e, ERR_PROVIDER, "the provider broke the answer off");
	if (!r->has_ended)
		return err_set(e, ERR_NETWORK, "stream ended early");
	return true;
}
