// SPDX-License-Identifier: MIT
/*
 * pace: who may ask a provider next. Every call asks here first, and says when it has ended. There
 * is one queue for each name, which stands for a model at a provider with one key: interactive
 * calls go first, in their order; then the batches take turns. The first of a queue is never
 * overtaken, so a big one waits no longer than those before it last.
 *
 * Pure: the clock and the buckets come from outside. Not for several threads. Private to the room.
 */
#ifndef CALL_PACE_H
#define CALL_PACE_H

#include "base/err.h"
#include "base/str.h"
#include "call/bucket.h"

/* Where the buckets are. */
struct pace_store {
	/*
	 * The bucket of that name, until it is given back; NULL: not now, another process has it.
	 * *now_ns: the time, and then the same by the clock that the bucket goes by.
	 */
	struct bucket *(*lend)(void *self, struct str name, int64_t *now_ns);
	void (*back)(void *self, struct bucket *bucket);
	void *self;
	struct holder who; /* we */
	bool is_shared; /* nobody tells when another process has ended a call: ask again */
};

struct pace;
struct pace_ticket;

struct pace_ask {
	struct str name;
	struct pace_limits limits; /* believed before the provider says anything */
	int64_t tokens; /* estimated, the answer included */
	uint64_t batch; /* batches take turns */
	bool is_interactive; /* a person waits */
	int64_t deadline_ns; /* 0: none */
	/*
	 * e NULL: go. Otherwise the deadline has passed (ERR_TIMEOUT), or the pause is too long
	 * (ERR_PROVIDER), and the ticket is gone.
	 */
	void (*answer)(void *self, const struct err *e);
	void *self;
	int64_t pause_max_ns; /* a longer one after a refusal is not waited for; 0: any is */
};

/* How a call has ended. */
struct pace_end {
	bool is_success, is_refused; /* neither: it says nothing of the limits */
	int64_t asked_ms; /* refused: how long it asks to wait; 0: it does not say */
	int64_t tokens; /* that it took; -1: not known, the estimate stands */
	struct pace_told told;
};

struct pace *pace_new(const struct pace_store *store);
/* All tickets have to be gone. */
void pace_free(struct pace *pace);

/* Puts a call into its queue. The answer comes from pace_run, never from here. */
struct pace_ticket *pace_ask(struct pace *pace, const struct pace_ask *ask, int64_t now_ns);
/*
 * Answers those that may go and those whose time is over. From within answer everything else here
 * may be called. Returns when it should be called again: INT64_MAX when a ticket has ended or
 * came. It should be called after each of these, too.
 */
int64_t pace_run(struct pace *pace, int64_t now_ns);
/* The call has ended; the ticket is gone. NULL is nothing. */
void pace_finish(struct pace_ticket *ticket, const struct pace_end *end, int64_t now_ns);
/* The same for one that may be waiting still; its answer does not come. */
void pace_cancel(struct pace_ticket *ticket, int64_t now_ns);
/* What one that waits is waiting for: what the first of its queue does. */
struct pace_wait {
	const char *reason; /* a word for machines; "queue": nobody has looked yet */
	const char *why; /* for people: "requests a minute" ... */
	int64_t at_ns; /* when the first may go, as far as it is known; 0: when a call has ended */
};
struct pace_wait pace_waits(const struct pace_ticket *ticket);
bool pace_is_admitted(const struct pace_ticket *ticket);

/* Buckets of this process alone. */
struct pace_home;
struct pace_home *pace_home_new(void);
void pace_home_free(struct pace_home *home);
struct bucket *pace_home_lend(struct pace_home *home, struct str name);
struct pace_store pace_home_store(struct pace_home *home);

#endif
