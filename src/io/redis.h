// SPDX-License-Identifier: MIT
/*
 * redis: a connection to a Redis server, made at the first command and again after it broke, with
 * AUTH and SELECT. Commands go out in the order they were given, many at a time. For the loop's
 * thread.
 *
 * An answer comes once, from the loop, never from within redis_send. When the connection breaks or
 * cannot be made, all that wait end with ERR_NETWORK; whether the server has done what was on its
 * way nobody knows. What is given afterwards waits for the next attempt, of which there is one
 * after 50 ms, then twice that ... 2 s, as long as somebody wants something: who tries again at
 * once does no harm. A command that is not answered in its time ends with ERR_TIMEOUT and takes the
 * connection with it.
 *
 * What blocks (XREADGROUP ... BLOCK) keeps all behind it waiting: it needs a connection of its own.
 */
#ifndef IO_REDIS_H
#define IO_REDIS_H

#include "io/loop.h"
#include "io/redis_reply.h"
#include "io/redis_url.h"

enum {
	REDIS_WAITING_MAX = 100'000, /* commands; more end with ERR_LIMIT */
	REDIS_WAITING_MAX_BYTES = 256 << 20,
};

struct redis;

/* Lua that the server runs without anything in between; it is sent whole where it is not known. */
struct redis_script {
	const char *text;
	char sha[41];
};

struct redis_script redis_script_of(const char *text);

struct redis_ask {
	const struct redis_script *script; /* words: its only key and its arguments; NULL: none */
	const struct str *words; /* any bytes; copied */
	size_t word_count;
	int64_t timeout_ms;
	/*
	 * e NULL: the value. ERR_PROVIDER: the server refuses, and value is its ERROR. Otherwise
	 * (ERR_NETWORK, ERR_TIMEOUT, ERR_DENIED: a wrong password, ERR_LIMIT) value is NULL.
	 */
	void (*answer)(void *self, const struct redis_value *value, const struct err *e);
	void *self;
};

/* The URL stays as long as it. NULL and e (ERR_NOT_FOUND) when hiredis is not installed. */
[[nodiscard]] struct redis *redis_new(
	struct loop *loop, const struct redis_url *url, struct err *e);
/* Answers that were not given do not come. May be called from within one. NULL is nothing. */
void redis_free(struct redis *r);
void redis_send(struct redis *r, const struct redis_ask *ask);
/* The answers to this self do not come. */
void redis_forget(struct redis *r, const void *self);
/* Commands that are not answered yet. */
size_t redis_waiting(const struct redis *r);

#endif
