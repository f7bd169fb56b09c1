// SPDX-License-Identifier: MIT
/* pacer_inside: what the walk asks of it. Private to the room. */
#ifndef CALL_PACER_INSIDE_H
#define CALL_PACER_INSIDE_H

#include "call/pace.h"
#include "call/pacer.h"

/*
 * What nobody says of models that others run: for every one; for free ones; for calls that nobody
 * waits for. A person's conversation may be larger than a guess, and says soon what is too much.
 */
enum { PACER_CONCURRENT = 3, PACER_FREE_RPM = 10, PACER_TPM = 100'000 };

struct pace_limits pacer_limits(
	const struct pacer *pacer, const struct route *route, bool is_interactive);
/* Puts a call for so many tokens into the queue; answer (pace.h) may come from within. */
struct pace_ticket *pacer_ask(const struct call_world *world, const struct route *route,
	int64_t tokens, void (*answer)(void *self, const struct err *e), void *self);
/* The call has ended, or was cancelled while it waited (end NULL). Others may be admitted. */
void pacer_finish(struct pacer *pacer, struct pace_ticket *ticket, const struct pace_end *end);

#endif
