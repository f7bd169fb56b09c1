// SPDX-License-Identifier: MIT
/* The step that waits for the provider's limits, and what is told of an attempt when it is over. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "call/walk.h"

/* Before it is known what an answer takes. */
enum { ANSWER_TOKENS = 1'000 };
/* Shorter waits are nobody's business. */
enum { TOLD_FROM_MS = 100 };
#define NS_PER_MS 1'000'000LL

static void tell_wait(void *self)
{
	struct call *call = self;
	struct pace_wait waits = pace_waits(call->ticket);
	int64_t left_ns = waits.at_ns - clock_ns();
	struct call_wait wait = {call->route, waits.reason, waits.why, -1};

	call->patience = NULL;
	/* Its turn has come in the meantime, and the walk goes on next. */
	if (pace_is_admitted(call->ticket))
		return;
	if (waits.at_ns)
		wait.wait_ms = left_ns > 0 ? (left_ns + NS_PER_MS - 1) / NS_PER_MS : 0;
	log_debug("%.*s: waits for its turn: %s", STR_ARG(call->route->name), waits.why);
	if (call->sink.wait)
		call->sink.wait(call->sink.self, &wait);
}

static void begin_wait(struct call *call, int64_t since_ns)
{
	struct call_times *times = &call->result.times;

	times->queued = since_ns;
	if (!times->begun)
		times->begun = since_ns;
	call->patience = loop_after(call->world.loop, TOLD_FROM_MS, tell_wait, call);
}

/* It has its turn, or will never have it. */
static void end_wait(struct call *call)
{
	struct call_result *r = &call->result;

	timer_cancel(call->patience);
	call->patience = NULL;
	if (!r->times.queued || r->paced_ns)
		return;
	r->paced_ns = clock_ns() - r->times.queued;
	r->paced_all_ns += r->paced_ns;
}

static void too_late(struct call *call, const struct err *e)
{
	end_wait(call);
	call->ticket = NULL;
	call->error = *e;
	if (e->code == ERR_TIMEOUT)
		call->error.code = ERR_LIMIT;
	err_context(&call->error, "%.*s", STR_ARG(call->route->name));
	/* Another provider may have room. */
	call->trouble = (struct trouble){.code = ERR_LIMIT, .type = STR("rate_limit_error")};
}

static void answer(void *self, const struct err *e)
{
	struct call *call = self;

	if (e)
		too_late(call, e);
	/* From within pacer_ask the walk goes on by itself. */
	if (!call->is_asking_pacer)
		call_walk_soon(call);
}

static void ask_pacer(struct call *call)
{
	struct call_times *times = &call->result.times;
	int64_t tokens, most = call->prompt.max_output_tokens, now_ns = clock_ns();

	if (!call->path)
		call->path = call->errand->put_request(call);
	tokens = call_input_tokens(call);
	tokens += most < ANSWER_TOKENS ? most : ANSWER_TOKENS;
	call->is_asking_pacer = true;
	struct pace_ticket *ticket = pacer_ask(&call->world, call->route, tokens, answer, call);
	call->is_asking_pacer = false;
	/* It is gone already where there was an error. */
	if (call->error.code)
		return;
	call->ticket = ticket;
	if (pace_is_admitted(call->ticket))
		times->asked = now_ns;
	else
		begin_wait(call, now_ns);
}

enum walk step_pace(struct call *call)
{
	if (!call->world.pacer || !call->route->wire || !call->errand->is_paced)
		return NEXT;
	if (!call->ticket)
		ask_pacer(call);
	if (call->error.code)
		return NEXT;
	if (!pace_is_admitted(call->ticket))
		return WAIT;
	end_wait(call);
	return NEXT;
}

/* Cached tokens do not count at those providers that say so, and are cheap to guess wrong. */
static int64_t tokens_of(const struct usage *u)
{
	if (u->input < 0 || u->output < 0)
		return -1;
	return u->input + u->output + (u->cache_write > 0 ? u->cache_write : 0);
}

void call_give_back(struct call *call)
{
	struct pace_ticket *ticket = call->ticket;
	const struct retry_hints *hints = &call->hints;
	int64_t now_s = clock_wall_s();

	end_wait(call);
	if (!ticket)
		return;
	call->ticket = NULL;
	if (!pace_is_admitted(ticket)) {
		pacer_finish(call->world.pacer, ticket, NULL);
		return;
	}
	int64_t provider_s = hints->date_s ? hints->date_s : now_s;
	bool is_error = call->error.code && !call->is_cancelled;
	struct pace_end end = {.is_success = !call->error.code,
		.is_refused = is_error && strcmp(retry_reason(&call->trouble), "rate_limit") == 0,
		.tokens = tokens_of(&call->result.usage),
		.told = pace_told_of(&call->heard, provider_s * 1'000)};
	int64_t head_ns = call->result.times.first_byte;
	if (head_ns)
		end.told.age_ms = (clock_ns() - head_ns) / NS_PER_MS;
	if (end.is_refused) {
		end.asked_ms = retry_asked_ms(hints, now_s);
		end.tokens = 0; /* nothing was answered */
	}
	pacer_finish(call->world.pacer, ticket, &end);
}
