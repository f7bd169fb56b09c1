// SPDX-License-Identifier: MIT
/* A loop and a redis-server for all tests of a program. */
#ifndef TEST_REDIS_STAGE_H
#define TEST_REDIS_STAGE_H

#include "io/loop.h"
#include "redis_server.h"

static struct redis_server server;
static struct loop *loop;

static void stop(void *self)
{
	*(bool *)self = true;
}

static void run_ms(int64_t ms)
{
	bool is_over = false;

	loop_after(loop, ms, stop, &is_over);
	loop_run(loop, &is_over);
}

/* Far longer than it takes: machines may be slow. */
enum { RUN_UNTIL_MAX_S = 100 };
#define RUN_UNTIL(condition) \
	do { \
		int64_t end_ns_ = clock_ns() + RUN_UNTIL_MAX_S * INT64_C(1'000'000'000); \
		while (!(condition)) { \
			assert_true(clock_ns() < end_ns_); \
			run_ms(5); \
		} \
	} while (0)

static int open_all(void **)
{
	struct err e = {0};

	redis_server_open(&server, NULL);
	loop = loop_new(&e);
	return loop ? 0 : -1;
}

static int close_all(void **)
{
	loop_free(loop);
	redis_server_close(&server);
	return 0;
}

#endif
