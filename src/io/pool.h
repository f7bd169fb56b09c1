// SPDX-License-Identifier: MIT
/*
 * pool: slow work beside the loop. A job's run is called on a worker thread, then its done on the
 * loop's thread, in the order of finishing. Threads start with the first job; where the system
 * gives none, pool_submit runs the job itself. The queue has a limit; past it pool_submit refuses.
 */
#ifndef IO_POOL_H
#define IO_POOL_H

#include "io/loop.h"

struct pool;

[[nodiscard]] struct pool *pool_new(struct loop *loop, int threads, int queue_limit);
/*
 * Waits for the jobs that run, drops those that wait (done is not called any more). The loop is not
 * run afterwards.
 */
void pool_free(struct pool *pool);
/* False when the queue is full; nothing is called then. */
[[nodiscard]] bool pool_submit(
	struct pool *pool, void (*run)(void *job), void (*done)(void *job), void *job);

#endif
