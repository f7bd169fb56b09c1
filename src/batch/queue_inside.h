// SPDX-License-Identifier: MIT
/* queue_inside: what both sides of a queue share. Private to its files. */
#ifndef BATCH_QUEUE_INSIDE_H
#define BATCH_QUEUE_INSIDE_H

#include "base/arena.h"
#include "batch/queue.h"
#include "io/redis.h"

enum {
	QUEUE_BLOCK_MS = 2'000, /* of a read that waits */
	QUEUE_ANSWER_MS = 10'000,
	QUEUE_AGAIN_MS = 500, /* after the server has refused something */
};

struct queue_op;

/* Two connections: what waits for something to come has one of its own. */
struct queue_link {
	struct loop *loop;
	struct arena arena;
	struct redis_url url;
	struct redis *redis, *reader;
	struct redis_script script;
	struct queue_times times;
	struct str name; /* "fettle:queue:{NAME}" */
	struct str run; /* of an owner */
	struct queue_op *ops;
	void (*told)(void *self, const struct err *e);
	void *told_self;
	struct timer *read_again;
	bool is_away;
	int64_t back_ns; /* when it was there again */
};

typedef void queue_answer_fn(void *self, const struct redis_value *value);

[[nodiscard]] bool queue_link_open(
	struct queue_link *l, struct loop *loop, const struct queue_place *place, struct err *e);
void queue_link_close(struct queue_link *l);
/* Letters, digits, "-_." */
[[nodiscard]] bool queue_is_name(struct str text);
/*
 * One call of the script, words without the key; again and again until the server has done it.
 * answer may be NULL.
 */
void queue_do(struct queue_link *l, const struct str *words, size_t count, queue_answer_fn *answer,
	void *self);
/* The answers to this self do not come; what was asked is done all the same. */
void queue_forget(struct queue_link *l, const void *self);
/* A read that waits, on its own connection. */
void queue_read(struct queue_link *l, const struct str *words, size_t count,
	void (*answer)(void *self, const struct redis_value *value, const struct err *e),
	void *self);
/* What is heard of the server: NULL is well. */
void queue_tell(struct queue_link *l, const struct err *e);
/* The value behind a name in an array of names and values; absent when there is none. */
struct str queue_field(const struct redis_value *fields, const char *name);

#endif
