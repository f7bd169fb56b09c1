// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/must.h"
#include "batch/queue_inside.h"

#define NS_PER_MS 1'000'000LL

struct queue_job {
	struct queue_job *next;
	struct queue_worker *worker;
	struct arena arena;
	struct str entry;
	struct queue_task task;
	bool is_begun, is_lost;
	bool is_beating; /* an answer is under way */
};

struct queue_worker {
	struct queue_link link;
	struct queue_worker_sink sink;
	char name[QUEUE_WORKER_BYTES];
	struct queue_job *jobs;
	size_t job_count, capacity, unstored;
	bool is_asking; /* for one more, in one of two ways */
	bool looks_for_dead; /* next */
	struct str tasks; /* the stream */
	struct buf cursor; /* of those that were looked at for dead workers */
	struct timer *beat;
};

static void ask_for_more(struct queue_worker *w);

static void free_job(struct queue_job *job)
{
	struct queue_worker *w = job->worker;
	struct queue_job **at = &w->jobs;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	w->job_count--;
	queue_forget(&w->link, job);
	arena_release(&job->arena);
	free(job);
}

/* What is asked about a job: want, run, id, entry, worker, and more. */
static void ask(struct queue_job *job, const char *want, const struct str *more, size_t count,
	queue_answer_fn *answer, void *self)
{
	struct str words[8] = {str_from(want), job->task.run, job->task.id, job->entry,
		str_from(job->worker->name)};

	for (size_t i = 0; i < count; i++)
		words[5 + i] = more[i];
	queue_do(&job->worker->link, words, 5 + count, answer, self);
}

/* ---- a job begins ---- */

static void begun(void *self, const struct redis_value *value)
{
	struct queue_job *job = self;
	struct queue_worker *w = job->worker;

	if (value->integer <= 0) {
		free_job(job);
		ask_for_more(w);
		return;
	}
	/* It was asked for before we wanted less. */
	if (w->job_count > w->capacity) {
		queue_job_give_back(job);
		return;
	}
	job->is_begun = true;
	job->task.delivery = (int)value->integer;
	w->sink.task(w->sink.self, job, &job->task);
}

/* False: there is none, or we have it already and were taken for dead. */
static bool begin(struct queue_worker *w, const struct redis_value *entry)
{
	const struct redis_value *fields = redis_item(entry, 1);
	struct str id = redis_item(entry, 0)->text;

	for (struct queue_job *job = w->jobs; job; job = job->next)
		if (str_eq(job->entry, id))
			return false;
	if (!id.n)
		return false;
	struct queue_job *job = must_alloc(1, sizeof *job);
	struct arena *a = &job->arena;
	job->worker = w;
	job->entry = arena_copy(a, id);
	job->task = (struct queue_task){.run = arena_copy(a, queue_field(fields, "run")),
		.id = arena_copy(a, queue_field(fields, "id")),
		.body = arena_copy(a, queue_field(fields, "body"))};
	job->next = w->jobs;
	w->jobs = job;
	w->job_count++;
	const struct str more[] = {arena_printf(a, "%lld", (long long)w->link.times.owner_ms),
		arena_printf(a, "%d", w->link.times.deliveries_max)};
	ask(job, "begin", more, 2, begun, job);
	return true;
}

/* ---- reading ---- */

static void read_again(void *self)
{
	struct queue_worker *w = self;

	w->link.read_again = NULL;
	ask_for_more(w);
}

static void group_made(void *self, const struct redis_value *, const struct err *)
{
	struct queue_worker *w = self;

	/* Whether it was there, or could not be made: the next read tells. */
	if (!w->link.read_again)
		w->link.read_again = loop_after(w->link.loop, QUEUE_AGAIN_MS / 10, read_again, w);
}

static void make_group(struct queue_worker *w)
{
	const struct str words[] = {
		STR("XGROUP"), STR("CREATE"), w->tasks, STR("workers"), STR("0"), STR("MKSTREAM")};

	queue_read(&w->link, words, 6, group_made, w);
}

static void failed(struct queue_worker *w, const struct redis_value *value, const struct err *e)
{
	bool is_refused = e->code != ERR_NETWORK && e->code != ERR_TIMEOUT;

	queue_tell(&w->link, e);
	if (e->code == ERR_PROVIDER && value && str_starts(value->text, STR("NOGROUP"))) {
		make_group(w);
		return;
	}
	if (!is_refused)
		ask_for_more(w);
	else if (!w->link.read_again)
		w->link.read_again = loop_after(w->link.loop, QUEUE_AGAIN_MS, read_again, w);
}

static void was_read(void *self, const struct redis_value *value, const struct err *e)
{
	struct queue_worker *w = self;

	w->is_asking = false;
	if (e) {
		failed(w, value, e);
		return;
	}
	(void)begin(w, redis_item(redis_item(redis_item(value, 0), 1), 0));
	ask_for_more(w);
}

/* One at a time: several large ones would be more than a reply may be. */
static void read_one(struct queue_worker *w)
{
	char block[16];
	int n = snprintf(block, sizeof block, "%d", QUEUE_BLOCK_MS);
	const struct str words[] = {STR("XREADGROUP"), STR("GROUP"), STR("workers"),
		str_from(w->name), STR("COUNT"), STR("1"), STR("BLOCK"), {block, (size_t)n},
		STR("STREAMS"), w->tasks, STR(">")};

	queue_read(&w->link, words, 11, was_read, w);
}

static void claimed(void *self, const struct redis_value *value, const struct err *e)
{
	struct queue_worker *w = self;

	w->is_asking = false;
	buf_clear(&w->cursor);
	if (e) {
		failed(w, value, e);
		return;
	}
	/* There may be more of them. */
	buf_put_str(&w->cursor, redis_item(value, 0)->text);
	w->looks_for_dead = begin(w, redis_item(redis_item(value, 1), 0));
	ask_for_more(w);
}

/* A task of a worker that was not heard of for long. */
static void claim_one(struct queue_worker *w)
{
	char dead[24];
	int n = snprintf(dead, sizeof dead, "%lld", (long long)w->link.times.dead_ms);
	const struct str words[] = {STR("XAUTOCLAIM"), w->tasks, STR("workers"), str_from(w->name),
		{dead, (size_t)n}, w->cursor.n ? buf_str(&w->cursor) : STR("0-0"), STR("COUNT"),
		STR("1")};

	w->looks_for_dead = false;
	queue_read(&w->link, words, 8, claimed, w);
}

static void ask_for_more(struct queue_worker *w)
{
	if (w->is_asking || w->job_count >= w->capacity)
		return;
	w->is_asking = true;
	if (w->looks_for_dead)
		claim_one(w);
	else
		read_one(w);
}

/* ---- being there ---- */

static void is_ours(void *self, const struct redis_value *value)
{
	struct queue_job *job = self;

	job->is_beating = false;
	if (value->integer || job->is_lost)
		return;
	job->is_lost = true;
	job->worker->sink.lost(job->worker->sink.self, job);
}

static void beat(void *self)
{
	struct queue_worker *w = self;

	for (struct queue_job *job = w->jobs; job; job = job->next) {
		if (!job->is_begun || job->is_lost || job->is_beating)
			continue;
		job->is_beating = true;
		ask(job, "beat", NULL, 0, is_ours, job);
	}
	/* After the server was away, everybody who lives says so first. */
	if (clock_ns() - w->link.back_ns > 2 * w->link.times.beat_ms * NS_PER_MS)
		w->looks_for_dead = true;
	ask_for_more(w);
	w->beat = loop_after(w->link.loop, w->link.times.beat_ms, beat, w);
}

/* ---- ends of jobs ---- */

static void stored(void *self, const struct redis_value *)
{
	struct queue_worker *w = self;

	w->unstored--;
}

bool queue_job_finish(struct queue_job *job, struct str result, struct err *e)
{
	struct queue_worker *w = job->worker;

	if (result.n > QUEUE_BODY_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "a result for the queue is larger than %d MB",
			QUEUE_BODY_MAX_BYTES >> 20);
	w->unstored++;
	ask(job, "finish", &result, 1, stored, w);
	free_job(job);
	ask_for_more(w);
	return true;
}

void queue_job_give_back(struct queue_job *job)
{
	struct queue_worker *w = job->worker;

	w->unstored++;
	ask(job, "back", NULL, 0, stored, w);
	free_job(job);
	ask_for_more(w);
}

/* A read that waits would get what this worker gives back. */
static void stop_reading(struct queue_worker *w)
{
	struct err e;

	redis_free(w->link.reader);
	w->link.reader = redis_new(w->link.loop, &w->link.url, &e);
	must(w->link.reader);
	w->is_asking = false;
}

void queue_worker_take(struct queue_worker *w, size_t jobs)
{
	w->capacity = jobs;
	if (jobs == 0 && w->is_asking)
		stop_reading(w);
	ask_for_more(w);
}

size_t queue_worker_jobs(const struct queue_worker *w)
{
	return w->job_count;
}

size_t queue_worker_unstored(const struct queue_worker *w)
{
	return w->unstored;
}

const char *queue_worker_name(const struct queue_worker *w)
{
	return w->name;
}

/* ---- life ---- */

struct queue_worker *queue_worker_new(struct loop *loop, const struct queue_place *place,
	const char *name, const struct queue_worker_sink *sink, struct err *e)
{
	struct queue_worker *w = must_alloc(1, sizeof *w);

	w->sink = *sink;
	w->link.told = sink->told;
	w->link.told_self = sink->self;
	snprintf(w->name, sizeof w->name, "%.64s-%d-%08x", name, (int)getpid(),
		(unsigned)arc4random());
	if (!queue_link_open(&w->link, loop, place, e)) {
		queue_worker_free(w);
		return NULL;
	}
	w->tasks = arena_printf(&w->link.arena, "%.*s:tasks", STR_ARG(w->link.name));
	make_group(w);
	beat(w);
	return w;
}

void queue_worker_free(struct queue_worker *w)
{
	if (!w)
		return;
	timer_cancel(w->beat);
	if (w->link.redis && w->tasks.p) {
		const struct str words[] = {STR("leave"), STR(""), str_from(w->name)};
		queue_do(&w->link, words, 3, NULL, NULL);
	}
	while (w->jobs)
		free_job(w->jobs);
	queue_link_close(&w->link);
	buf_release(&w->cursor);
	free(w);
}
