// SPDX-License-Identifier: MIT
/* The loop and the pool: order, cancel, limits, parallel work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "io/loop.h"
#include "io/pool.h"

struct trace {
	char text[64];
	size_t n;
	bool done;
	struct loop *loop;
};

struct mark {
	struct trace *trace;
	char letter;
};

static struct loop *new_loop(void)
{
	struct err e;
	struct loop *loop = loop_new(&e);

	assert_non_null(loop);
	return loop;
}

static void put(void *self)
{
	struct mark *mark = self;

	if (mark->trace->n + 1 < sizeof mark->trace->text)
		mark->trace->text[mark->trace->n++] = mark->letter;
}

static void finish(void *self)
{
	((struct trace *)self)->done = true;
}

static void test_timers(void **)
{
	struct trace t = {.loop = new_loop()};
	struct mark a = {&t, 'a'}, b = {&t, 'b'}, c = {&t, 'c'}, never = {&t, 'x'};

	loop_after(t.loop, 20, put, &b);
	loop_after(t.loop, 0, put, &a);
	loop_after(t.loop, 30, put, &c);
	timer_cancel(loop_after(t.loop, 5, put, &never));
	timer_cancel(NULL);
	loop_after(t.loop, 40, finish, &t);
	loop_run(t.loop, &t.done);
	assert_string_equal(t.text, "abc");
	loop_free(t.loop);
}

enum { POSTS = 2000 };

struct sequence {
	struct loop *loop;
	int next, wrong;
	bool done;
	struct item {
		struct sequence *owner;
		int number;
	} items[POSTS];
};

static void take(void *self)
{
	struct item *item = self;

	item->owner->wrong += item->number != item->owner->next++;
	item->owner->done = item->owner->next == POSTS;
}

static void *post_all(void *self)
{
	struct sequence *s = self;

	for (int i = 0; i < POSTS; i++) {
		s->items[i] = (struct item){s, i};
		loop_post(s->loop, take, &s->items[i]);
	}
	return NULL;
}

static void test_posts_keep_their_order(void **)
{
	static struct sequence s;
	pthread_t thread;

	s = (struct sequence){.loop = new_loop()};
	assert_int_equal(pthread_create(&thread, NULL, post_all, &s), 0);
	loop_run(s.loop, &s.done);
	pthread_join(thread, NULL);
	assert_int_equal(s.wrong, 0);
	loop_free(s.loop);
}

static void test_posts_left_are_freed(void **)
{
	struct trace t = {.loop = new_loop()};

	loop_post(t.loop, finish, &t);
	loop_free(t.loop);
	assert_false(t.done);
}

struct work {
	atomic_int running, most;
	int finished, expected;
	bool done;
	int delay_ms;
	/* A job waits, for 20 s at most, until so many run at once, and until the gate is open. */
	int together;
	atomic_bool gate_is_shut;
};

static void sleep_ms(int ms)
{
	usleep((useconds_t)ms * 1000);
}

static void run_work(void *self)
{
	struct work *w = self;
	int now = atomic_fetch_add(&w->running, 1) + 1;
	int most = atomic_load(&w->most);

	while (now > most && !atomic_compare_exchange_weak(&w->most, &most, now))
		;
	for (int i = 0; i < 20'000; i++) {
		if (atomic_load(&w->most) >= w->together && !atomic_load(&w->gate_is_shut))
			break;
		sleep_ms(1);
	}
	sleep_ms(w->delay_ms);
	atomic_fetch_sub(&w->running, 1);
}

static void work_done(void *self)
{
	struct work *w = self;

	w->done = ++w->finished == w->expected;
}

static void test_jobs_run_together(void **)
{
	struct loop *loop = new_loop();
	struct pool *pool = pool_new(loop, 4, 16);
	struct work w = {.expected = 3, .together = 3};

	for (int i = 0; i < 3; i++)
		assert_true(pool_submit(pool, run_work, work_done, &w));
	loop_run(loop, &w.done);
	assert_int_equal(atomic_load(&w.most), 3);
	pool_free(pool);
	loop_free(loop);
}

static void test_queue_has_a_limit(void **)
{
	struct loop *loop = new_loop();
	struct pool *pool = pool_new(loop, 1, 2);
	struct work w = {.gate_is_shut = true};
	int taken = 0;

	for (int i = 0; i < 8; i++)
		taken += pool_submit(pool, run_work, work_done, &w);
	assert_in_range(taken, 2, 3);
	w.expected = taken;
	atomic_store(&w.gate_is_shut, false);
	loop_run(loop, &w.done);
	assert_int_equal(w.finished, taken);
	pool_free(pool);
	loop_free(loop);
}

static void test_pool_ends_with_jobs_waiting(void **)
{
	struct loop *loop = new_loop();
	struct pool *pool = pool_new(loop, 1, 100);
	struct work w = {.delay_ms = 10, .expected = 1000};

	for (int i = 0; i < 50; i++)
		assert_true(pool_submit(pool, run_work, work_done, &w));
	sleep_ms(5);
	pool_free(pool);
	assert_int_equal(atomic_load(&w.running), 0);
	loop_free(loop);
}

static void on_signal(void *self, int number)
{
	struct trace *t = self;

	t->done = number == SIGUSR1;
}

static void test_signals(void **)
{
	struct trace t = {.loop = new_loop()};
	struct err e;

	assert_true(loop_on_signal(t.loop, SIGUSR1, on_signal, &t, &e));
	kill(getpid(), SIGUSR1);
	loop_run(t.loop, &t.done);
	assert_true(t.done);
	loop_free(t.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_posts_keep_their_order),
		cmocka_unit_test(test_posts_left_are_freed),
		cmocka_unit_test(test_jobs_run_together),
		cmocka_unit_test(test_queue_has_a_limit),
		cmocka_unit_test(test_pool_ends_with_jobs_waiting),
		cmocka_unit_test(test_signals),
	};

	return cmocka_run_group_tests_name("io", tests, NULL, NULL);
}
