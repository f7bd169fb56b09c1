// SPDX-License-Identifier: MIT
/*
 * runner: works on the tasks of a list, some at a time, until none can start any more. Each attempt
 * is an agent with a conversation of its own. Lives on the loop's thread.
 *
 *   schedule_next > enter (a worker) > agent > leave (a worker) > noted > committed (a worker) >
 * told ^                                                         |
 *        +------------------- after a wait, it may go better ------+
 *
 * What has become of a task is told once it is on the disk, so whoever shows it shows nothing that
 * a crash could take back. Results are not kept in memory: runner_outcome reads them from the
 * journal.
 */
#ifndef BATCH_RUNNER_H
#define BATCH_RUNNER_H

#include "agent/agent.h"
#include "batch/post.h"

struct runner;

/* How a task ended. Strings are the arena's that runner_outcome was given, or the event's. */
struct task_outcome {
	enum task_state state; /* DONE, FAILED or SKIPPED */
	int attempts; /* in this session and earlier ones */
	struct run_usage usage; /* of the last attempt */
	struct str text; /* DONE: the answer; with a schema its JSON */
	struct str class, message; /* FAILED: see task_class; SKIPPED: why, without a class */
	bool is_earlier; /* it ended in a session before this one */
};

enum runner_event_kind {
	RUNNER_STARTED, /* task, attempt */
	RUNNER_AGENT, /* task, attempt, agent: what its agent tells, but not its end */
	RUNNER_PAUSED, /* task, attempt, error, class, delay_ms: it is tried again */
	RUNNER_GIVEN_BACK, /* task, attempt: cancelled, or out of budget; it has not ended */
	RUNNER_ENDED, /* task, outcome: on the disk */
	RUNNER_STOPPED, /* error: nothing starts any more, what runs may finish */
	RUNNER_STUCK, /* error: the journal takes nothing (a full disk); nothing starts until it
			 does */
	RUNNER_UNSTUCK,
	RUNNER_OVER, /* the end, exactly once */
};

/* Everything in an event is valid during the call. */
struct runner_event {
	enum runner_event_kind kind;
	uint32_t task; /* position in the list */
	int attempt; /* from 1, counted over all sessions */
	const struct agent_event *agent;
	const struct task_outcome *outcome;
	const struct err *error;
	const char *class;
	int64_t delay_ms;
};

/* How an attempt ended that somebody else has worked on. */
struct runner_result {
	bool is_done;
	struct str text; /* done: the answer */
	const char *class; /* failed: see docs/batch.md; one of task_classes */
	enum failure failure;
	struct str message;
	struct run_usage usage;
};

/* What a task works with besides its own words; stays until leave. */
struct task_place {
	const struct workspace *workspace;
	const struct agent_context *context;
	struct hands *hands;
};

/*
 * Tasks as one question each, through the batches of the route's provider: no tools, no models of
 * their own, no places, no time limits. What is under way when it ends stays with the provider, and
 * a resume collects it.
 */
struct runner_post {
	size_t requests_max; /* of one batch; 0: the provider's */
	int64_t poll_first_ms, poll_max_ms; /* between two looks; 0: 5 s, and 60 s */
	void (*news)(void *self, const struct post_news *news);
};

struct runner_options {
	const struct tasks *tasks; /* finished */
	struct journal_writer *journal;
	int journal_fd; /* journal_open of the same run */
	struct run_past *past; /* what earlier sessions did; of a new run: none of it */
	const char *only; /* the id of the one task that is worked on; NULL: all */
	bool tries_failed_again; /* those that failed or were skipped in an earlier session, too */
	struct schedule_options schedule;
	int parallel; /* attempts at the same time */
	int64_t timeout_s; /* of an attempt whose task says nothing; 0 none */
	int call_retries; /* that a model call makes by itself */

	/* What every task works with: text, piped and place are set by the runner. */
	struct agent_task task;
	struct task_place place;
	/* The route of a task that names a model; NULL and e: ERR_USAGE. */
	const struct route *(*route)(void *self, struct str model, struct err *e);
	/*
	 * A place of its own for an attempt, on a worker; NULL: all have the one above. leave: it
	 * was done or has failed; may say that it has failed after all, and why.
	 */
	bool (*enter)(void *self, uint32_t task, struct task_place *out, struct err *e);
	bool (*leave)(void *self, uint32_t task, bool is_done, struct err *e);
	/*
	 * Attempts that somebody else works on: asked is what the agent would be told, copied
	 * before it returns. runner_take ends the attempt. take_back: nobody wants it any more.
	 * NULL: agents here.
	 */
	bool (*hand_over)(void *self, uint32_t task, int attempt, const struct agent_task *asked,
		struct err *e);
	void (*take_back)(void *self, uint32_t task, int attempt);
	const struct runner_post *post; /* NULL: attempts of its own */
	/* The world of an attempt: budgets of its own; NULL: that of the runner. */
	void (*world)(void *self, uint32_t task, struct agent_world *out);
	void (*world_end)(void *self, uint32_t task);
	void (*event)(void *self, const struct runner_event *event);
	void *self;
};

/*
 * The options are copied; what they point to stays until the end. Begins with the loop's next turn.
 * NULL (ERR_USAGE): the only task is not there, or cannot start.
 */
[[nodiscard]] struct runner *runner_start(
	const struct agent_world *world, const struct runner_options *options, struct err *e);
/*
 * What a failure means, for whoever works on tasks himself: result may be NULL. is_timed_out: by
 * the task's own limit; retries: that a call may make.
 */
struct task_failing {
	const struct err *error;
	const struct agent_result *result;
	bool is_timed_out, has_own_model;
	int call_retries;
};
const char *task_classify(const struct task_failing *f, enum failure *failure);
/* The class of that name, as a constant; "task" for one that is not known. */
const char *task_class_find(struct str name);

/* After RUNNER_OVER. NULL is nothing. */
void runner_free(struct runner *r);

/* False: that attempt is not handed over, or has ended. */
bool runner_take(struct runner *r, uint32_t task, int attempt, const struct runner_result *result);
/* Nothing starts any more, for this reason; what runs may finish. The first reason counts. */
void runner_stop(struct runner *r, const struct err *why);
/* The same, and what runs is cancelled and given back; what a provider has stays there. */
void runner_cancel(struct runner *r, const struct err *why);
/* With options.post: what the provider has not begun is cancelled there, the rest is collected. */
void runner_call_off(struct runner *r, const struct err *why);
/* Batches that are with a provider, after RUNNER_OVER. */
size_t runner_under_way(const struct runner *r);
/* Why it was stopped; NULL: it was not. */
const struct err *runner_stop_reason(const struct runner *r);

/* DONE, FAILED and SKIPPED are on the disk and were told. */
enum task_state runner_state(const struct runner *r, uint32_t task);
/* options.only, or else every task, is done. */
bool runner_is_done(const struct runner *r);
size_t runner_count(const struct runner *r, enum task_state state);
/* In all attempts of all sessions that have ended. */
const struct run_usage *runner_spent(const struct runner *r);
/* Of a task that has ended. */
[[nodiscard]] bool runner_outcome(const struct runner *r, uint32_t task, struct arena *a,
	struct task_outcome *out, struct err *e);

#endif
