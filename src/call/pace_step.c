// SPDX-License-Identifier: MIT
/* The step that waits for the provider's limits, and what is told of an attempt when it is over. */
#include <string.h>

#include "base/clock.h"
#include "call/walk.h"

/* Before it is known what an answer takes; and of bytes of JSON, about. */
enum { ANSWER_TOKENS = 1'000, BYTES_A_TOKEN = 4 };

static void too_late(struct call *call, const struct err *e)
{
	call->ticket = NULL;
	call->error = *e;
	call->error.code = ERR_LIMIT;
	/* Another provider may have room. */
	call->trouble = (struct trouble){.code = ERR_LIMIT, .type = STR("rate_limit_error")};
}

static void answer(void *self, const struct err *e)
{
	struct call *call = self;

	/* From within pacer_ask there is no ticket yet, and the walk goes on by itself. */
	if (!call->ticket)
		return;
	if (e)
		too_late(call, e);
	call_walk_soon(call);
}

enum walk step_pace(struct call *call)
{
	struct pacer *pacer = call->world.pacer;

	if (!pacer || !call->route->wire || !call->errand->is_paced)
		return NEXT;
	if (!call->ticket) {
		int64_t tokens, most = call->prompt.max_output_tokens;
		call->path = call->errand->put_request(call);
		tokens = (int64_t)(call->request.n / BYTES_A_TOKEN);
		tokens += most < ANSWER_TOKENS ? most : ANSWER_TOKENS;
		call->asked_pacer_ns = clock_ns();
		call->ticket = pacer_ask(pacer, call->route, tokens, answer, call);
	}
	if (!pace_is_admitted(call->ticket))
		return WAIT;
	call->result.paced_ns = clock_ns() - call->asked_pacer_ns;
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
	if (end.is_refused) {
		end.asked_ms = retry_asked_ms(hints, now_s);
		end.tokens = 0; /* nothing was answered */
	}
	pacer_finish(call->world.pacer, ticket, &end);
}
