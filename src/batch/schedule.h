// SPDX-License-Identifier: MIT
/*
 * schedule: which task may start next. Knows needs, the order of the list and what failures do;
 * knows no clock, no thread and no network: whoever runs the tasks says how they went, and waits
 * before it asks again.
 *
 *   waiting > ready > running > done
 *                ^        |---> failed > those that need it: skipped
 *                +-- again-+
 */
#ifndef BATCH_SCHEDULE_H
#define BATCH_SCHEDULE_H

#include "batch/batch.h"

enum on_error {
	ON_ERROR_RETRY, /* what may go better next time is tried again */
	ON_ERROR_SKIP, /* a failure is final, the others go on */
	ON_ERROR_ABORT, /* the first failure ends the batch: what runs is to be cancelled */
};

struct schedule_options {
	enum on_error on_error;
	int max_retries; /* of one task, after its first attempt */
	bool fails_fast; /* after the first task that failed nothing starts; what runs may finish */
};

enum task_state {
	TASK_WAITING, /* for what it needs */
	TASK_READY,
	TASK_RUNNING,
	TASK_PAUSED, /* failed, and tried again when schedule_again says so */
	TASK_DONE,
	TASK_FAILED,
	TASK_SKIPPED, /* something it needs failed */
};

enum failure {
	FAILURE_PASSING, /* a limit, the network, a server: may go better */
	FAILURE_LASTING, /* this task will fail again */
	FAILURE_COMMON, /* every task will fail the same way: a wrong key, no such model */
};

enum verdict {
	VERDICT_AGAIN, /* paused: schedule_again after the wait */
	VERDICT_FAILED, /* final; others go on */
	VERDICT_STOP, /* final, and nothing starts any more */
	VERDICT_ABORT, /* the same, and what runs is to be cancelled */
};

struct schedule;

/*
 * The list is finished, and outlives the schedule. earlier: how each task ended in an earlier
 * session, DONE or FAILED, anything else has not ended; NULL: there was none.
 */
[[nodiscard]] struct schedule *schedule_new(const struct tasks *tasks,
	const struct schedule_options *options, const enum task_state *earlier);
void schedule_free(struct schedule *s); /* NULL is nothing */

/* Nothing but this task starts. ERR_USAGE when it has ended well, or what it needs has not. */
[[nodiscard]] bool schedule_only(struct schedule *s, uint32_t task, struct err *e);
/*
 * Before the first schedule_next: these are running since an earlier session, at a provider that
 * has them. What is not ready is left out.
 */
void schedule_adopt(struct schedule *s, const uint32_t *tasks, size_t count);
/* The first ready task of the list, which is running now. False: none is ready, or it has stopped.
 */
[[nodiscard]] bool schedule_next(struct schedule *s, uint32_t *task);
void schedule_done(struct schedule *s, uint32_t task);
enum verdict schedule_failed(struct schedule *s, uint32_t task, enum failure failure);
/* A paused task, or one whose run was given up without a result, is ready once more. */
void schedule_again(struct schedule *s, uint32_t task);
/* Nothing starts any more: a budget is spent, the disk is full, somebody wants it to end. */
void schedule_stop(struct schedule *s);
/* It goes on: there is room again. Not after a failure that stopped it. */
void schedule_continue(struct schedule *s);

/* One task that is skipped since the last call, and the needed one that is to blame. */
[[nodiscard]] bool schedule_take_skipped(struct schedule *s, uint32_t *task, uint32_t *because);

enum task_state schedule_state(const struct schedule *s, uint32_t task);
int schedule_attempts(const struct schedule *s, uint32_t task); /* begun in this session */
size_t schedule_count(const struct schedule *s, enum task_state state);
/* Nothing runs or is paused, and nothing can start. */
bool schedule_is_over(const struct schedule *s);

#endif
