// SPDX-License-Identifier: MIT
/*
 * pace_redis: the buckets of all processes that ask the same Redis server, on however many
 * machines. A bucket is lent to one process at a time: lend asks for it and is NULL until it is
 * here, then wake is called, from which pace_run has to lend it. The time is the server's. A
 * process is known by random numbers and is forgotten when it was not heard of for 20 s; what its
 * calls had taken of the minute stays.
 *
 * Where the server is not there, each process goes on with buckets of its own, that begin with what
 * was known; when it comes back, what was taken meanwhile is counted, as each process comes.
 * Private to the room.
 */
#ifndef CALL_PACE_REDIS_H
#define CALL_PACE_REDIS_H

#include "call/pace.h"
#include "io/redis.h"

struct pace_redis;

struct pace_redis_sink {
	void (*wake)(void *self); /* a bucket has come: calls pace_run, from within */
	/* e: the buckets are this process's own, for this reason; NULL: shared again. May be NULL.
	 */
	void (*told)(void *self, const struct err *e);
	void *self;
};

/* The text is a URL of Redis (io/redis_url.h). ERR_USAGE, ERR_NOT_FOUND: hiredis is missing. */
[[nodiscard]] struct pace_redis *pace_redis_new(
	struct loop *loop, struct str url, const struct pace_redis_sink *sink, struct err *e);
void pace_redis_free(struct pace_redis *p); /* NULL is nothing */
struct pace_store pace_redis_store(struct pace_redis *p);
/* Why the buckets are this process's own; NULL: they are shared, or were not asked for yet. */
const char *pace_redis_trouble(const struct pace_redis *p);

#endif
