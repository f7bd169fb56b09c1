// SPDX-License-Identifier: MIT
/*
 * ledger: what models took: a line of JSON for each model call that has ended, in a file for each
 * month of UTC, "2026-11.jsonl", 0600, below XDG state, fettle/ledger. Lines are only ever added,
 * each by one write, so processes do not mix theirs. A member that is not known is left out.
 *
 *   time_ms               when the call ended, ms since 1970; always the first member
 *   run_id                the run: a UUID, also in its results as session_id; a batch's name
 *   session_id, task_id   the conversation, and the task's own name, where there is one
 *   kind                  "answer", "embedding"; "batch": an answer from a provider's batch
 *   provider, model       who answered, or was asked last; the model as the provider calls it
 *   input, output, cache_read, cache_write, cache_write_1h, reasoning
 *                         tokens; input without what was read from or written to a cache,
 *                         cache_write_1h a part of cache_write, reasoning of output
 *   cost_nanousd          by the provider's word or the catalogue
 *   estimated_nanousd     in place of it, of an answer whose tokens nobody told and that was
 *                         probably billed all the same: what budgets counted
 *   duration_ms           from the first attempt to the end, waits too
 *   outcome               "ok", or the class of the error as in results: "provider", "timeout" ...
 *   project, branch       the workspace's root; its branch when the run began
 *
 * An attempt that was billed before its call was tried again has a line of its own. Lines that are
 * no JSON (the disk was full) are to be skipped.
 */
#ifndef CALL_LEDGER_H
#define CALL_LEDGER_H

#include "base/buf.h"
#include "base/err.h"
#include "llm/llm.h"

enum { LEDGER_NAME = 16 };

struct ledger_who {
	struct str run_id, session_id, task_id, project, branch; /* "" none */
};

struct ledger_line {
	int64_t time_ms;
	const struct ledger_who *who; /* NULL nobody says */
	const char *kind;
	struct str provider, model;
	struct usage usage;
	int64_t cost_nanousd, estimated_nanousd; /* -1: left out */
	int64_t duration_ms;
	const char *outcome;
};

struct ledger;

/*
 * directory: an absolute path, made when the first line is written. tell is called once, with why
 * lines are lost.
 */
struct ledger *ledger_new(
	const char *directory, void (*tell)(void *self, const struct err *e), void *self);
void ledger_free(struct ledger *ledger); /* NULL is nothing */
/* False: the line is lost, and that was told. */
bool ledger_add(struct ledger *ledger, const struct ledger_line *line);
/* "2026-11.jsonl", of the month in UTC. */
void ledger_name(int64_t time_ms, char out[LEDGER_NAME]);
/* A line with its end. */
void ledger_put(struct buf *out, const struct ledger_line *line);

#endif
