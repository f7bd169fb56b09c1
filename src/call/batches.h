// SPDX-License-Identifier: MIT
/*
 * batches: a provider's batch API, one question at a time: hand a batch in, look at it, cancel it,
 * list what there is, read results. Each takes the walk of a call, with its retries; there are no
 * fallbacks, as a batch lies with one provider. What to ask when is batch/post's.
 *
 * BATCHES_CREATE costs money and is never repeated where the provider may have taken it: it then
 * ends with is_unclear, and whoever asked looks into the list of batches first.
 */
#ifndef CALL_BATCHES_H
#define CALL_BATCHES_H

#include "call/call.h"
#include "llm/batch.h"

/* Results of 50,000 requests of the longest answers. */
#define BATCHES_RESULTS_MAX_BYTES ((size_t)64 << 30)

enum batches_kind {
	BATCHES_UPLOAD, /* body, label: the requests, where the wire wants them as a file */
	BATCHES_CREATE, /* body: the requests, or the file's name; label */
	BATCHES_LOOK, /* id */
	BATCHES_CANCEL, /* id: what has not been begun is not answered, and not paid for */
	BATCHES_LIST, /* id: the batch behind which the page begins; "" the newest */
	BATCHES_COLLECT, /* status, number: lines of results, as they come */
};

/* All of it stays until the end. */
struct batches_question {
	enum batches_kind kind;
	struct str body, label, id;
	const struct batch_status *status;
	int number; /* of the results: 0, then 1 */
};

/* Valid during the end. */
struct batches_answer {
	struct str file; /* UPLOAD */
	struct batch_status status; /* CREATE, LOOK, CANCEL */
	struct batch_page page; /* LIST */
	bool is_unclear; /* CREATE failed, and yet there may be a batch */
};

struct batches_sink {
	void (*retry)(void *self, const struct call_retry *retry); /* may be NULL */
	/* A line of results; valid during the call. After a retry they all come again. */
	void (*result)(void *self, const struct batch_result *result);
	/* A line that is none: its number from 1, and why. */
	void (*broken)(void *self, size_t line, const struct err *e);
	/* answer's parts hold when result has no error; is_unclear when it has one. */
	void (*end)(
		void *self, const struct call_result *result, const struct batches_answer *answer);
	void *self;
};

/* Whether the route's provider has such an API at all; else e (ERR_USAGE) names it. */
[[nodiscard]] bool batches_are_there(const struct route *route, struct err *e);

/* The end comes from the loop, exactly once. call_cancel ends it earlier. The route has batches. */
struct call *batches_start(const struct call_world *world, const struct route *route,
	const struct batches_question *question, const struct batches_sink *sink);

/* ---- what a request of a batch may take, and took: at the price of batches ---- */

/* Nano-dollars; -1 unknown. */
int64_t batches_cost_nanousd(const struct route *route, const struct usage *usage);

enum batches_word {
	BATCHES_GO,
	BATCHES_LATER, /* when others have left room in the budget: ask again */
	BATCHES_NO,
};

struct batches_hold;

/*
 * Reserves in the world's budget, if there is one, what the answer to this request of so many bytes
 * may take. prompt NULL: it went out before this process began, and nothing is reserved. out with
 * GO, and e with NO (ERR_BUDGET). The world's who and budget stay until batches_settle.
 */
[[nodiscard]] enum batches_word batches_reserve(const struct call_world *world,
	const struct route *route, const struct prompt *prompt, size_t size_bytes,
	struct batches_hold **out, struct err *e);

struct batches_spent {
	struct usage usage;
	bool may_be_billed; /* nobody tells, and an answer may have been made: the estimate counts
			     */
	int64_t duration_ms;
	const char *outcome; /* for the ledger */
};

/*
 * Counts what the request took, and writes it into the world's ledger where it took something;
 * spent NULL: it did not go out, or nobody knows yet, and what was reserved is free. Gone then.
 */
void batches_settle(struct batches_hold *hold, const struct batches_spent *spent);

#endif
