// SPDX-License-Identifier: MIT
/*
 * runner_inside: what the files of the runner share. runner.c decides what starts and what is told,
 * runner_attempt.c has one attempt worked on, runner_text.c says what its agent is told,
 * runner_class.c what its failure means; runner_post.c has the tasks worked on by a provider's
 * batches in place of all that. Private to them.
 */
#ifndef BATCH_RUNNER_INSIDE_H
#define BATCH_RUNNER_INSIDE_H

#include "batch/runner.h"
#include "io/loop.h"
#include "io/pool.h"

/* An attempt that has ended, until the journal is safe. */
struct telling {
	uint64_t number; /* of its line */
	uint64_t offset; /* of the line in the journal */
	uint32_t length;
	uint32_t task;
	int attempts;
	enum task_state
		state; /* DONE, FAILED, SKIPPED; WAITING: it is tried again, or given back */
	struct task_outcome outcome; /* its strings are the telling's arena's */
	struct arena arena;
	struct err error;
	const char *class;
	int64_t delay_ms; /* WAITING: until it is tried again; -1: it is not, in this session */
};

/* A task that waits before it is tried again. */
struct pause {
	struct runner *runner;
	uint32_t task;
	struct timer *timer;
};

struct attempt {
	struct runner *runner;
	const struct task *task;
	uint32_t index;
	int number; /* counted over all sessions */
	int64_t begun_ns;
	struct arena arena;
	struct task_place place;
	const struct route *route;
	struct agent_task asked;
	struct agent_world world;
	struct agent *agent; /* NULL: not at work */
	struct timer *timeout;
	bool is_timed_out, is_cancelled;
	bool is_answered; /* by its agent: a cancel comes too late */
	bool is_away; /* handed over */
	bool is_out_of_budget; /* of one that the others have, too */
	bool is_in; /* options.enter went well, so leave is owed */
	/* The end. */
	struct err error;
	const char *class;
	enum failure failure;

	struct buf result;
	struct run_usage usage;
};

/* A task that is in a batch, or goes with the next one. */
struct posted {
	struct agent_world world; /* its own */
	struct batches_hold *hold;
};

struct runner {
	struct agent_world world;
	struct runner_options options;
	struct schedule *schedule;
	struct post *post; /* until its end */
	struct posted **posted; /* by task; NULL it is not */
	size_t posted_count; /* that the provider has */
	size_t under_way; /* batches, in the end */
	struct arena asked; /* the question that is being put */
	size_t only; /* SIZE_MAX: all */
	struct pool *writer; /* commits, one at a time */
	struct pool *places; /* what attempts wait for before and after their agents */
	VEC(struct attempt *) attempts;
	VEC(struct attempt *) dead; /* freed with the next turn */
	VEC(struct pause *) pauses;
	VEC(struct telling *) tellings; /* from `told` on; in the order of their lines */
	size_t told;
	size_t counts[TASK_SKIPPED + 1]; /* told: DONE, FAILED, SKIPPED */
	struct timer *turn, *patience, *lazy;
	bool is_committing, is_commit_good;
	struct err commit_error;
	uint64_t backlog; /* bytes noted and not safe */
	bool is_stuck;
	int64_t stuck_ns; /* since when nothing is at work while the journal is stuck; 0: it is */
	int stuck_tries;
	bool is_starting, is_ending, is_over, is_cancelled;
	struct err stop; /* code ERR_NONE: it was not stopped */
	/* Failures of one kind that every task so far has had. */
	char same[200];
	int same_count;
	bool has_success;
};

/* runner.c */
void runner_tell(struct runner *r, const struct runner_event *event);
void runner_turn_soon(struct runner *r);
/* Notes why, has nothing more start and tells it; once. */
void runner_note_stop(struct runner *r, const struct err *why);
/* A task has ended: that is on the disk, in this line. */
void runner_tell_ended(struct runner *r, uint32_t task, uint64_t offset, uint32_t length,
	const struct task_outcome *outcome);
struct str runner_blame(const struct runner *r, uint32_t because, struct arena *a);
/* The attempt has ended, as its members say; it is gone afterwards. */
void runner_settle(struct attempt *a);

/* runner_attempt.c: ends with runner_settle, which may be called from within. */
void attempt_begin(struct runner *r, uint32_t task);
void attempt_cancel(struct attempt *a, enum err_code code, const char *why);
/* The end of one that was handed over. */
void attempt_take(struct attempt *a, const struct runner_result *result);
void attempt_free(struct attempt *a);

/* runner_post.c */
void posted_begin(struct runner *r);
void posted_free(struct runner *r);

/* runner_text.c: what the task's agent is told. Reads files and the journal: may be on a worker. */
[[nodiscard]] bool attempt_put_text(struct attempt *a, struct err *e);

/* runner_class.c: sets class and failure of an attempt that has failed. */
void attempt_classify(struct attempt *a, const struct agent_result *result);
/* A failure that all tasks so far have had is everybody's. */
void attempt_count_same(struct attempt *a);

#endif
