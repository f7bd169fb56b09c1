// SPDX-License-Identifier: MIT
/*
 * worker: what the files of the command share. Private to them.
 *
 *   a job > worker_task_begin > an agent > its result, or given back
 */
#ifndef CMD_WORKER_H
#define CMD_WORKER_H

#include "batch/queue.h"
#include "batch/remote.h"
#include "cmd/run.h"

struct worker_context;

/* The route of a model that tasks name. */
struct worker_route {
	struct str model;
	const struct route *route;
};

struct worker {
	struct run run;
	struct queue_place place;
	struct queue_worker *queue;
	struct worker_task *tasks;
	struct worker_context *contexts;
	VEC(struct worker_route) routes;
	struct agent_world world;
	size_t own_tools; /* of the context, before those of MCP servers */
	int64_t parallel, idle_s;
	struct timer *idle, *ending;
	int64_t hurried_ns; /* when everything was given back; 0 not yet */
	bool is_away; /* the queue */
	bool takes_no_more, is_over;
	int signals;
};

/* A job, from when it was begun until it is finished or given back. */
struct worker_task {
	struct worker_task *next;
	struct worker *worker;
	struct queue_job *job;
	struct arena arena;
	struct str run, id; /* of the batch; for people */
	struct remote_task remote;
	struct worker_context *context;
	struct agent_world world;
	struct agent_task asked;
	struct agent *agent;
	struct budget *budget;
	struct ledger_who who;
	struct timer *timer; /* its deadline; once it has been answered, its end */
	int64_t begun_ns;
	bool is_timed_out;
	bool is_given_back;
	bool is_done;
	const char *class; /* of its failure */
	struct buf result;
};

/* worker.c */
/* What it has is its last. */
void worker_take_no_more(struct worker *w);
/* The task is no more in the list. */
void worker_task_ended(struct worker *w);

/* worker_task.c: for the queue. */
void worker_task_begin(void *worker, struct queue_job *job, const struct queue_task *task);
void worker_task_lost(void *worker, struct queue_job *job);
/* Its agent ends soon, and the job goes back. */
void worker_task_give_back(struct worker_task *t, const char *why);

/* worker_context.c: what models are told besides tasks, for each batch's own context. */
[[nodiscard]] struct worker_context *worker_context_take(
	struct worker *w, struct str text, struct err *e);
const struct agent_context *worker_context_get(const struct worker_context *c);
void worker_context_give(struct worker_context *c); /* NULL is nothing */
void worker_contexts_release(struct worker *w);

#endif
