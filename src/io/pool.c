// SPDX-License-Identifier: MIT
/*
 * Workers take jobs from one queue under one lock, put what is finished on another and tell the
 * loop, whose thread alone calls done. pool_free sets stopping, wakes everybody and joins them.
 */
#include "io/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/must.h"

struct job {
	struct job *next;
	void (*run)(void *self);
	void (*done)(void *self);
	void *self;
};

struct pool {
	struct loop *loop;
	int threads, started, queue_limit;
	pthread_t *ids;
	pthread_mutex_t lock; /* protects what follows */
	pthread_cond_t ready;
	struct queue {
		struct job *first, *last;
	} asked, finished;
	int waiting;
	int idle;
	bool stopping;
};

struct pool *pool_new(struct loop *loop, int threads, int queue_limit)
{
	struct pool *pool = must_alloc(1, sizeof *pool);

	*pool = (struct pool){.loop = loop, .threads = threads, .queue_limit = queue_limit};
	pool->ids = must_alloc((size_t)threads, sizeof *pool->ids);
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->ready, NULL);
	return pool;
}

static void push(struct queue *q, struct job *job)
{
	job->next = NULL;
	if (q->last)
		q->last->next = job;
	else
		q->first = job;
	q->last = job;
}

static struct job *pop(struct queue *q)
{
	struct job *job = q->first;

	if (!job)
		return NULL;
	q->first = job->next;
	if (!q->first)
		q->last = NULL;
	return job;
}

static void finish_one(void *self)
{
	struct pool *pool = self;

	pthread_mutex_lock(&pool->lock);
	struct job *job = pop(&pool->finished);
	pthread_mutex_unlock(&pool->lock);
	must(job);
	job->done(job->self);
	free(job);
}

static struct job *take(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->idle++;
	while (!pool->asked.first && !pool->stopping)
		pthread_cond_wait(&pool->ready, &pool->lock);
	pool->idle--;
	struct job *job = pool->stopping ? NULL : pop(&pool->asked);
	pool->waiting -= job != NULL;
	pthread_mutex_unlock(&pool->lock);
	return job;
}

static void run_one(struct pool *pool, struct job *job)
{
	job->run(job->self);
	pthread_mutex_lock(&pool->lock);
	push(&pool->finished, job);
	pthread_mutex_unlock(&pool->lock);
	loop_post(pool->loop, finish_one, pool);
}

static void *work(void *self)
{
	struct pool *pool = self;
	struct job *job;

	while ((job = take(pool)))
		run_one(pool, job);
	return NULL;
}

/* Signals belong to the loop's thread. */
static bool start_thread(struct pool *pool)
{
	pthread_attr_t attributes;
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 1 << 20);
	bool is_running = pthread_create(&pool->ids[pool->started], &attributes, work, pool) == 0;
	pool->started += is_running;
	pthread_attr_destroy(&attributes);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return is_running;
}

/* No thread is to be had: the jobs run here, with the loop waiting. */
static void run_asked(struct pool *pool)
{
	struct job *job;

	while ((job = pop(&pool->asked))) {
		pool->waiting--;
		run_one(pool, job);
	}
}

bool pool_submit(struct pool *pool, void (*run)(void *job), void (*done)(void *job), void *self)
{
	pthread_mutex_lock(&pool->lock);
	bool full = pool->waiting >= pool->queue_limit;
	if (!full) {
		struct job *job = must_alloc(1, sizeof *job);
		*job = (struct job){.run = run, .done = done, .self = self};
		push(&pool->asked, job);
		pool->waiting++;
	}
	bool grow = !full && pool->waiting > pool->idle && pool->started < pool->threads;
	pthread_cond_signal(&pool->ready);
	pthread_mutex_unlock(&pool->lock);
	if (grow && !start_thread(pool) && pool->started == 0)
		run_asked(pool);
	return !full;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->ready);
	pthread_mutex_unlock(&pool->lock);
	for (int i = 0; i < pool->started; i++)
		pthread_join(pool->ids[i], NULL);
	for (struct job *job; (job = pop(&pool->asked)) || (job = pop(&pool->finished));)
		free(job);
	pthread_cond_destroy(&pool->ready);
	pthread_mutex_destroy(&pool->lock);
	free(pool->ids);
	free(pool);
}
