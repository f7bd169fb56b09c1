// SPDX-License-Identifier: MIT
/*
 * The walk of a call. Steps stand in one table and are run in its order by call_walk; a step that
 * has to wait is run again when what it waited for has come. The places of the steps that answer
 * without the provider are marked.
 *
 *   route > admit > (memo > flight) > pace > send > stream > retry > done
 *     ^       ^                                                |
 *     |       +----------------------------- after a wait------+  only before the first visible
 *     +------------------------------ with the next route -----+  delta
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "call/walk.h"

/* Shorter ones are no keys, and hiding them would make sentences unreadable. */
enum { KEY_MIN_BYTES = 8 };

/* The prompt as this route wants it. */
static void prepare_answer(struct call *call)
{
	const struct route *route = call->route;
	int64_t most = route->is_in_catalog ? route->model.max_output_tokens : 0;

	if (call->sink.fit) {
		call->asked = call->sink.fit(call->sink.self, route, &call->error);
		if (!call->asked) {
			call->trouble = (struct trouble){.code = ERR_LIMIT, .is_overflow = true};
			call->result.stop = STOP_CONTEXT;
			return;
		}
	}
	must(call->asked->message_count > 0 || (route->wire && route->wire->loads_models));
	must(call->asked->max_output_tokens > 0);
	call->prompt = *call->asked;
	route_address(route, &call->prompt);
	if (most > 0 && most < call->prompt.max_output_tokens)
		call->prompt.max_output_tokens = most;
}

static enum walk step_route(struct call *call)
{
	const struct route *route = call->route;

	call->errand->prepare(call);
	log_debug("call to %.*s at %s", STR_ARG(route->name),
		route->url ? route->url : "this program");
	return NEXT;
}

static enum walk step_retry(struct call *call);

static void hide(struct err *e, struct str secret)
{
	size_t at = 0;

	if (secret.n < KEY_MIN_BYTES)
		return;
	while ((at = str_find(str_from(e->text), secret, at)) != SIZE_MAX)
		memset(e->text + at, '*', secret.n);
}

/* A provider may repeat the key in what it says is wrong with it; headers may hold keys, too. */
static void hide_keys(struct err *e, const struct route *route)
{
	hide(e, route->key);
	for (const struct header *h = route->headers; h && h->name; h++)
		hide(e, h->value);
}

static enum walk step_done(struct call *call)
{
	struct call_result *result = &call->result;

	call_give_back(call);
	hide_keys(&call->error, call->route);
	result->error = call->error.code ? &call->error : NULL;
	/* What failed before the provider was asked, or because somebody wanted it, is no trouble.
	 */
	if (call->error.code && call->trouble.code && !call->is_cancelled)
		result->reason = retry_reason(&call->trouble);
	result->route = call->route;
	result->max_output_tokens = call->prompt.max_output_tokens;
	result->times.ended = clock_ns();
	if (!result->times.begun)
		result->times.begun = result->times.started;
	/* Nobody was asked, or nobody who bills it. */
	if (!call->route->wire || !result->attempts)
		result->cost_nanousd = 0;
	else
		result->cost_nanousd = catalog_cost_nanousd(&call->route->model, &result->usage);
	call_settle(call, true);
	call->errand->end(call);
	return END;
}

enum { STEP_ROUTE, STEP_ADMIT, STEP_PACE, STEP_SEND, STEP_STREAM, STEP_RETRY, STEP_DONE };

static const struct step steps[] = {
	[STEP_ROUTE] = {"route", step_route},
	[STEP_ADMIT] = {"admit", step_admit},
	/* memo: an answer that is already known costs no provider tokens */
	/* flight: the same question in the air is joined, not asked again */
	[STEP_PACE] = {"pace", step_pace},
	[STEP_SEND] = {"send", step_send},
	[STEP_STREAM] = {"stream", step_stream},
	[STEP_RETRY] = {"retry", step_retry},
	[STEP_DONE] = {"done", step_done},
};

static void free_call(struct call *call)
{
	http_cancel(call->http);
	timer_cancel(call->timer);
	timer_cancel(call->patience);
	wire_reader_release(&call->reader);
	buf_release(&call->request);
	buf_release(&call->error_body);
	buf_release(&call->body);
	buf_release(&call->earlier);
	arena_release(&call->arena);
	free(call);
}

void call_walk(struct call *call)
{
	for (;;) {
		if (call->error.code && call->step < &steps[STEP_RETRY])
			call->step = &steps[STEP_RETRY];
		switch (call->step->run(call)) {
		case NEXT: call->step++; break;
		case BACK: break;
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

void call_walk_later(struct call *call, int64_t delay_ms)
{
	if (!call->timer)
		call->timer = loop_after(call->world.loop, delay_ms, next_turn, call);
}

void call_walk_soon(struct call *call)
{
	call_walk_later(call, 0);
}

struct call *call_new(size_t size_bytes, const struct call_world *world, const struct route *route,
	const struct errand *errand)
{
	struct call *call = must_alloc(1, size_bytes);

	*call = (struct call){.step = steps,
		.errand = errand,
		.world = *world,
		.route = route,
		.body.max = WHOLE_BODY_MAX_BYTES,
		.result = {.usage = USAGE_UNKNOWN, .times.started = clock_ns()}};
	call_walk_soon(call);
	return call;
}

static const char *put_prompt(struct call *call)
{
	const struct wire *wire = call->route->wire;

	call->reader.wire = wire;
	wire->put_request(&call->prompt, &call->request);
	return wire->path;
}

static void answer_offline(struct call *call)
{
	offline_answer(&call->prompt, &call->arena, call_take_delta, call);
}

static void end_answer(struct call *call)
{
	call->sink.end(call->sink.self, &call->result);
}

static const struct errand answer_errand = {
	.kind = "answer",
	.accept = "text/event-stream",
	.is_paced = true,
	.subject = "the conversation",
	.prepare = prepare_answer,
	.put_request = put_prompt,
	.answer_offline = answer_offline,
	.take = stream_take,
	.finish = stream_finish,
	.end = end_answer,
};

struct call *call_start(const struct call_world *world, const struct route *route,
	const struct prompt *prompt, const struct call_sink *sink)
{
	struct call *call = call_new(sizeof *call, world, route, &answer_errand);

	call->asked = prompt;
	call->sink = *sink;
	return call;
}

void call_cancel(struct call *call)
{
	if (!call || call->is_cancelled)
		return;
	call->is_cancelled = true;
	err_set(&call->error, ERR_CANCELLED, "interrupted");
	call_hang_up(call);
	/* A wait before the next attempt ends at once. */
	timer_cancel(call->timer);
	call->timer = NULL;
	call_walk_soon(call);
}

void call_take_error(struct call *call, const struct llm_error *error)
{
	struct err *e = &call->error;
	struct str type = error->type, message = error->message;

	call->trouble = (struct trouble){.status = error->status,
		.type = arena_copy(&call->arena, type),
		.code = ERR_PROVIDER,
		.is_retryable = error->is_retryable,
		.is_overflow = error->is_overflow};
	err_set(e, ERR_PROVIDER, "%.*s", STR_ARG(message.n ? message : STR("no explanation")));
	/* Some messages of ours name the status already. */
	if (error->status && (type.n || !str_starts(message, STR("HTTP "))))
		err_context(e, "HTTP %d%s%.*s", error->status, type.n ? " " : "", STR_ARG(type));
	else if (type.n)
		err_context(e, "%.*s", STR_ARG(type));
	if (error->is_overflow) {
		err_context(
			e, "%s is longer than the model's context window", call->errand->subject);
		e->code = ERR_LIMIT;
		call->result.stop = STOP_CONTEXT;
		call->result.context_tokens = error->context_tokens;
	}
	err_context(e, "%.*s", STR_ARG(call->route->name));
	hide_keys(e, call->route);
}

bool call_is_unclear(const struct call *call)
{
	int status = call->result.http_status;

	if (!call->error.code)
		return false;
	if (status >= 300)
		return status >= 500 && status != 529;
	return call->result.times.connected != 0;
}

static bool is_visible(const struct delta *delta)
{
	return delta->kind == DELTA_TOOL_USE ||
	       ((delta->kind == DELTA_TEXT || delta->kind == DELTA_THINKING) && delta->text.n);
}

bool call_take_delta(void *self, const struct delta *delta)
{
	struct call *call = self;

	if (call->is_cancelled)
		return false;
	if (!call->result.times.first_token && is_visible(delta))
		call->result.times.first_token = clock_ns();
	if (delta->kind == DELTA_USAGE)
		usage_merge(&call->result.usage, &delta->usage);
	else if (delta->kind == DELTA_STOP)
		call->result.stop = delta->reason;
	else if (delta->kind == DELTA_ERROR)
		call_take_error(call, &delta->error);
	call->sink.delta(call->sink.self, delta);
	return !call->is_cancelled && !call->error.code;
}

/* ---- after an attempt ---- */

void call_say_more(struct call *call, const char *format, ...)
{
	struct err *e = &call->error;
	char more[sizeof e->text];
	size_t n = strlen(e->text), room = sizeof e->text - 1;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(more, sizeof more, format, arguments);
	va_end(arguments);
	size_t length = strlen(more), keep = length < room / 2 ? room - length : room / 2;
	/* In whole characters. */
	for (; n > keep || (n < strlen(e->text) && (e->text[n] & 0xc0) == 0x80); n--)
		;
	snprintf(e->text + n, sizeof e->text - n, "%s", more);
}

/* What is told of an attempt when the call itself knows nothing of it any more. */
struct failure {
	struct err error;
	struct call_result attempt;
};

/* As if nothing had been asked yet. */
static struct failure forget_attempt(struct call *call)
{
	struct call_result *r = &call->result;
	struct failure failure = {call->error, *r};
	int64_t begun = r->times.begun ? r->times.begun : r->times.started;

	call_give_back(call);
	call_settle(call, false);
	call->path = NULL;
	wire_reader_release(&call->reader);
	buf_clear(&call->request);
	buf_clear(&call->error_body);
	buf_clear(&call->body);
	call->error = (struct err){0};
	call->is_answered = false;
	*r = (struct call_result){.attempts = r->attempts,
		.usage = USAGE_UNKNOWN,
		.paced_all_ns = r->paced_all_ns,
		.times.begun = begun};
	failure.attempt.route = call->route;
	failure.attempt.times.ended = clock_ns();
	return failure;
}

static void tell_retry(struct call *call, struct call_retry retry, const struct failure *failure)
{
	retry.error = &failure->error;
	retry.failed = &failure->attempt;
	retry.reason = retry_reason(&call->trouble);
	retry.http_status = call->trouble.status;
	retry.next = call->route;
	log_debug("%s: again in %lld ms", failure->error.text, (long long)retry.delay_ms);
	if (call->sink.retry)
		call->sink.retry(call->sink.self, &retry);
}

static enum walk try_again(struct call *call, int64_t delay_ms)
{
	struct failure failure = forget_attempt(call);

	call->step = &steps[STEP_ADMIT];
	timer_cancel(call->timer);
	call->timer = loop_after(call->world.loop, delay_ms, next_turn, call);
	tell_retry(call,
		(struct call_retry){.route = call->route,
			.attempt = ++call->retries,
			.retries_max = call->world.retry.retries_max,
			.delay_ms = delay_ms},
		&failure);
	return WAIT;
}

static bool may_go_elsewhere(const struct call *call)
{
	const struct route *next = call->route->fallback;

	return next && (!call->errand->may_follow || call->errand->may_follow(call, next));
}

static enum walk go_elsewhere(struct call *call)
{
	const struct route *failed = call->route;
	struct failure failure = forget_attempt(call);

	buf_printf(&call->earlier, "%s%.160s", call->earlier.n ? "; " : "", failure.error.text);
	call->step = &steps[STEP_ROUTE];
	call->route = failed->fallback;
	call->retries = 0;
	tell_retry(call, (struct call_retry){.route = failed}, &failure);
	return BACK;
}

static enum walk step_retry(struct call *call)
{
	static const struct retry_hints nothing;
	/* The headers of an answer that began well say nothing of how it broke off. */
	struct attempt attempt = {.trouble = &call->trouble,
		.hints = call->trouble.status ? &call->hints : &nothing,
		.retries = call->retries,
		.is_shown = call->result.times.first_token};
	const struct retry_limits *limits = &call->world.retry;

	if (!call->error.code || call->is_cancelled)
		return NEXT;
	if (call->errand->is_once && call_is_unclear(call))
		return NEXT;
	struct retry_choice choice = retry_choose(&attempt, limits, clock_wall_s(), arc4random());
	if (choice.asked_ms)
		call_say_more(call, " (the provider asks to wait %lld s, the limit is %lld s)",
			(long long)(choice.asked_ms + 999) / 1'000,
			(long long)limits->wait_max_ms / 1'000);
	else if (call->retries && !attempt.is_shown && choice.verdict != RETRY_AGAIN)
		call_say_more(call, " (tried %d times)", call->retries + 1);
	if (choice.verdict == RETRY_AGAIN)
		return try_again(call, choice.delay_ms);
	if (choice.verdict == RETRY_ELSEWHERE && may_go_elsewhere(call))
		return go_elsewhere(call);
	if (call->earlier.n)
		call_say_more(call, "; before that: %s", buf_text(&call->earlier));
	return NEXT;
}
