// SPDX-License-Identifier: MIT
/*
 * queue: tasks of runs and their results, in Redis, between whoever has a run (its owner) and
 * workers on any machine. A task is some bytes under an id that names one attempt; its result is
 * some bytes, too. Knows nothing of what they mean. On the loop's thread.
 *
 *   queue_put > a worker: task > queue_job_finish > owner: result > queue_settle
 *                 ^      |
 *                 +------+  given back, or not heard of for dead_ms
 *
 * The first result of an id is the only one; it is told again after a restart of the owner until it
 * was settled. A task is never lost as long as its owner lives and puts it: what the server forgot
 * is put again. It may be worked on twice, where a worker was taken for dead, and then one result
 * counts. A task that killed deliveries_max workers is over (is_lost).
 *
 * While the server is away both sides wait: nothing ends because of it.
 */
#ifndef BATCH_QUEUE_H
#define BATCH_QUEUE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "io/loop.h"

enum {
	QUEUE_BODY_MAX_BYTES = 64 << 20,
	QUEUE_ID_MAX_BYTES = 200,
	QUEUE_WORKER_BYTES = 96,
};

/* The same for all that use a queue; see queue_times_usual. */
struct queue_times {
	int64_t beat_ms; /* how often everybody says that it is there */
	int64_t dead_ms; /* a worker that was not heard of for so long has no tasks any more */
	int64_t owner_ms; /* tasks of an owner not heard of for so long are not begun */
	int deliveries_max;
};

extern const struct queue_times queue_times_usual;

struct queue_place {
	struct str url; /* of Redis: io/redis_url.h */
	struct str password; /* where the URL has none; absent: none */
	struct str name; /* of the queue: letters, digits, "-_."; absent: "default" */
	struct queue_times times;
};

/* Everything that can be known without asking the server. ERR_USAGE, ERR_NOT_FOUND. */
[[nodiscard]] bool queue_place_check(const struct queue_place *place, struct err *e);
/* For people: where the server is, and the queue; no password. */
void queue_place_put(struct buf *out, const struct queue_place *place);

/* ---- whoever has a run ---- */

struct queue_owner;

struct queue_result {
	struct str id, body;
	struct str worker; /* who has made it */
	bool is_lost; /* its workers have all died, there is no body */
};

struct queue_owner_sink {
	/* Once an id; it has to be settled when it is stored. Valid during the call. */
	void (*result)(void *self, const struct queue_result *result);
	/* e: the server is away, or refuses; NULL: it is back. May be NULL; frees nothing. */
	void (*told)(void *self, const struct err *e);
	void *self;
};

/* run: as a queue's name. ERR_USAGE, ERR_NOT_FOUND (hiredis is missing); nothing else is known yet.
 */
[[nodiscard]] struct queue_owner *queue_owner_new(struct loop *loop,
	const struct queue_place *place, struct str run, const struct queue_owner_sink *sink,
	struct err *e);
/* Tasks and results stay for the next owner of that run, for a week. NULL is nothing. */
void queue_owner_free(struct queue_owner *o);
/*
 * Copied. The same id again is the same task, also in the next process; its result may be there
 * already. ERR_LIMIT: id or body are too long.
 */
[[nodiscard]] bool queue_put(struct queue_owner *o, struct str id, struct str body, struct err *e);
/* The result is stored. */
void queue_settle(struct queue_owner *o, struct str id);
/* Nobody wants it any more; its result is not told. Who works on it hears of that. */
void queue_drop(struct queue_owner *o, struct str id);
/* The run is over: nothing of it stays; ended comes when the server knows. */
void queue_end(struct queue_owner *o, void (*ended)(void *self), void *self);
/* Put, and no result told yet. */
size_t queue_outstanding(const struct queue_owner *o);

/* ---- workers ---- */

struct queue_worker;
struct queue_job;

struct queue_task {
	struct str run, id, body;
	int delivery; /* from 1 */
};

struct queue_worker_sink {
	/* The task stays until the job is finished or given back. */
	void (*task)(void *self, struct queue_job *job, const struct queue_task *task);
	/* Nobody wants it any more, or another worker has it; it has to be finished or given back
	 * all the same. Once a job. */
	void (*lost)(void *self, struct queue_job *job);
	void (*told)(void *self, const struct err *e); /* as above */
	void *self;
};

/* Takes nothing before queue_worker_take. name: for people; made unique. */
[[nodiscard]] struct queue_worker *queue_worker_new(struct loop *loop,
	const struct queue_place *place, const char *name, const struct queue_worker_sink *sink,
	struct err *e);
/* What it still has is given to others after dead_ms. NULL is nothing. */
void queue_worker_free(struct queue_worker *w);
/* From now on it has so many jobs at most; 0: those that it has are its last. */
void queue_worker_take(struct queue_worker *w, size_t jobs);
/* Its result, copied; the job is gone. ERR_LIMIT: it is too long; the job stays. */
[[nodiscard]] bool queue_job_finish(struct queue_job *job, struct str result, struct err *e);
/* Not done: another worker may do it at once. The job is gone. */
void queue_job_give_back(struct queue_job *job);
/* Jobs that were not finished, and results that the server does not have yet. */
size_t queue_worker_jobs(const struct queue_worker *w);
size_t queue_worker_unstored(const struct queue_worker *w);
const char *queue_worker_name(const struct queue_worker *w);

#endif
