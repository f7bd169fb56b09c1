// SPDX-License-Identifier: MIT
/*
 * The walk of a call. Steps stand in one table and are run in its order by call_walk; a step that
 * has to wait is run again when what it waited for has come. The places of the steps that answer
 * without the provider, or hold a call back, are marked.
 *
 *   route > (admit > memo > flight > pace) > send > stream > done
 *                                             ^        |
 *                                             +--retry-+  only before the first delta
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "call/walk.h"

/* Shorter ones are no keys, and hiding them would make sentences unreadable. */
enum { KEY_MIN_BYTES = 8 };

/* What must be known before any work: is there a price, does the prompt make sense at all? */
static enum walk step_route(struct call *call)
{
	must(call->prompt->message_count > 0 && call->prompt->max_output_tokens > 0);
	log_debug("call to %.*s at %s", STR_ARG(call->route->name),
		call->route->url ? call->route->url : "this program");
	return NEXT;
}

/* A provider may repeat the key in what it says is wrong with it. */
static void hide_key(struct err *e, struct str key)
{
	size_t at = 0;

	if (key.n < KEY_MIN_BYTES)
		return;
	while ((at = str_find(str_from(e->text), key, at)) != SIZE_MAX)
		memset(e->text + at, '*', key.n);
}

static enum walk step_done(struct call *call)
{
	struct call_result *result = &call->result;

	hide_key(&call->error, call->route->key);
	result->error = call->error.code ? &call->error : NULL;
	result->times.ended = clock_ns();
	result->cost_nanousd = -1;
	if (!call->route->wire)
		result->cost_nanousd = 0;
	else if (call->route->is_in_catalog)
		result->cost_nanousd = catalog_cost_nanousd(&call->route->model, &result->usage);
	call->sink.end(call->sink.self, result);
	return END;
}

static const struct step steps[] = {
	{"route", step_route},
	/* admit: budget and client key, before any work is done for them */
	/* memo: an answer that is already known costs no provider tokens */
	/* flight: the same question in the air is joined, not asked again */
	/* pace: the provider's buckets; waits with a deadline */
	{"send", step_send},
	{"stream", step_stream},
	{"done", step_done},
};

static const struct step *const last_step = &steps[sizeof steps / sizeof *steps - 1];

static void free_call(struct call *call)
{
	http_cancel(call->http);
	timer_cancel(call->timer);
	wire_reader_release(&call->reader);
	buf_release(&call->request);
	buf_release(&call->error_body);
	arena_release(&call->arena);
	free(call);
}

void call_walk(struct call *call)
{
	for (;;) {
		if (call->error.code && call->step < last_step)
			call->step = last_step;
		switch (call->step->run(call)) {
		case NEXT: call->step++; break;
		case WAIT: return;
		case END: free_call(call); return;
		}
	}
}

static void next_turn(void *self)
{
	struct call *call = self;

	call->timer = NULL;
	call_walk(call);
}

void call_walk_soon(struct call *call)
{
	if (!call->timer)
		call->timer = loop_after(call->world.loop, 0, next_turn, call);
}

struct call *call_start(const struct call_world *world, const struct route *route,
	const struct prompt *prompt, const struct call_sink *sink)
{
	struct call *call = must_alloc(1, sizeof *call);

	*call = (struct call){.step = steps,
		.world = *world,
		.route = route,
		.prompt = prompt,
		.sink = *sink,
		.result = {.usage = USAGE_UNKNOWN, .times.started = clock_ns()}};
	call_walk_soon(call);
	return call;
}

void call_cancel(struct call *call)
{
	if (!call || call->is_cancelled)
		return;
	call->is_cancelled = true;
	err_set(&call->error, ERR_CANCELLED, "interrupted");
	http_cancel(call->http);
	call->http = NULL;
	call_walk_soon(call);
}

static void note_error(struct call *call, const struct llm_error *error)
{
	if (error->type.n && error->message.n)
		err_set(&call->error, ERR_PROVIDER, "%.*s: %.*s: %.*s", STR_ARG(call->route->name),
			STR_ARG(error->type), STR_ARG(error->message));
	else
		err_set(&call->error, ERR_PROVIDER, "%.*s: %.*s", STR_ARG(call->route->name),
			STR_ARG(error->message.n ? error->message : error->type));
}

bool call_take_delta(void *self, const struct delta *delta)
{
	struct call *call = self;

	if (call->is_cancelled)
		return false;
	if (!call->result.times.first_token &&
		(delta->kind == DELTA_TEXT || delta->kind == DELTA_THINKING ||
			delta->kind == DELTA_TOOL_USE))
		call->result.times.first_token = clock_ns();
	if (delta->kind == DELTA_USAGE)
		usage_merge(&call->result.usage, &delta->usage);
	else if (delta->kind == DELTA_STOP)
		call->result.stop = delta->reason;
	else if (delta->kind == DELTA_ERROR)
		note_error(call, &delta->error);
	call->sink.delta(call->sink.self, delta);
	return !call->is_cancelled && !call->error.code;
}
