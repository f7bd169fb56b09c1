// SPDX-License-Identifier: MIT
/* The loop and the pool: order, cancel, limits, parallel work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "io/gate.h"
#include "io/knock.h"
#include "io/loop.h"
#include "io/pool.h"
#include "io/trust.h"

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

static void test_loopback_is_told_by_its_plain_names(void **)
{
	static const char *const ours[] = {"https://localhost", "http://LocalHost:80/x",
		"https://127.0.0.1", "https://127.255.3.4:9/v1", "https://[::1]:443/v1",
		"https://[::1]", "https://name:word@127.0.0.1/", "https://localhost?x", NULL};
	static const char *const others[] = {"https://localhost.example",
		"https://127.0.0.1.example", "https://128.0.0.1", "https://[::2]",
		"https://[::ffff:127.0.0.1]", "https://0x7f000001", "https://127.1",
		"https://2130706433", "https://example.org/127.0.0.1",
		"https://127.0.0.1@example.org", "https://localhost:80@example.org",
		"https://example.org#@127.0.0.1", "https://example.org\\@127.0.0.1",
		"https://example.org?@localhost", "https://", "", "https://localhost.",
		"https://1111111111111111111111111111111111111111111111111111111111111111", NULL};

	for (int i = 0; ours[i]; i++)
		if (!url_is_loopback(str_from(ours[i])))
			fail_msg("%s is ours", ours[i]);
	for (int i = 0; others[i]; i++)
		if (url_is_loopback(str_from(others[i])))
			fail_msg("%s is not ours", others[i]);
}

enum { GATE_PASSES = 12, GATE_HOSTS = 2 };

struct gate_world {
	struct gate gate;
	struct gate_pass passes[GATE_PASSES];
	int host[GATE_PASSES]; /* -1: not at the gate */
	bool is_at_work[GATE_PASSES]; /* leads, or is through */
};

static void check_gate(struct gate_world *w)
{
	struct gate_pass *pass;

	while ((pass = gate_next(&w->gate)))
		w->is_at_work[pass - w->passes] = true;
	for (int host = 0; host < GATE_HOSTS; host++) {
		int leaders = 0, through = 0, held = 0;
		for (int i = 0; i < GATE_PASSES; i++) {
			if (w->host[i] != host)
				continue;
			leaders += w->passes[i].state == PASS_LEADS;
			through += w->passes[i].state == PASS_THROUGH;
			held += !w->is_at_work[i];
		}
		assert_in_range(leaders, 0, 1);
		/* Somebody is always on the way for those that are held, and not there yet. */
		if (held)
			assert_true(leaders == 1 && through == 0);
	}
}

static void test_nobody_is_held_for_nothing(void **)
{
	static const struct str hosts[GATE_HOSTS] = {STR("https://a"), STR("https://a:1")};
	struct gate_world w = {0};
	uint32_t chance = 1;

	for (int i = 0; i < GATE_PASSES; i++)
		w.host[i] = -1;
	for (int step = 0; step < 20'000; step++) {
		chance = chance * 1'664'525 + 1'013'904'223;
		int i = (int)(chance >> 16) % GATE_PASSES, host = (int)(chance >> 28) % GATE_HOSTS;
		if (w.host[i] < 0) {
			w.host[i] = host;
			w.is_at_work[i] = gate_enter(&w.gate, &w.passes[i], hosts[host]);
		} else if (chance >> 31) {
			gate_through(&w.passes[i]);
		} else {
			gate_leave(&w.passes[i]);
			w.host[i] = -1;
		}
		check_gate(&w);
	}
	for (int i = 0; i < GATE_PASSES; i++)
		gate_leave(&w.passes[i]);
	gate_release(&w.gate);
}

static void test_an_open_door_holds_nobody(void **)
{
	struct gate gate = {0};
	struct gate_pass a = {0}, b = {0}, c = {0};

	assert_true(gate_enter(&gate, &a, STR("https://h")));
	assert_false(gate_enter(&gate, &b, STR("https://h")));
	assert_null(gate_next(&gate));
	gate_stands_open(&a);
	assert_ptr_equal(gate_next(&gate), &b);
	gate_leave(&a);
	gate_leave(&b);
	assert_true(gate_enter(&gate, &a, STR("https://h")));
	assert_true(gate_enter(&gate, &c, STR("https://h")));
	gate_leave(&a);
	gate_leave(&c);
	gate_leave(&c);
	gate_release(&gate);
}

/* ---- knocking ---- */

static int listen_somewhere(int *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static void test_knock(void **)
{
	int ports[3], first = listen_somewhere(&ports[0]), gone = listen_somewhere(&ports[1]),
		      last = listen_somewhere(&ports[2]);
	bool is_open[3] = {false, true, false};

	close(gone);
	knock(ports, 3, 5'000, is_open);
	assert_true(is_open[0]);
	assert_false(is_open[1]);
	assert_true(is_open[2]);
	close(first);
	close(last);
	int64_t before = clock_ns();
	knock(ports, 3, 5'000, is_open);
	assert_false(is_open[0] || is_open[1] || is_open[2]);
	/* Refused at once: nobody waits for the deadline. */
	assert_true(clock_ns() - before < 4'000'000'000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_knock),
		cmocka_unit_test(test_posts_keep_their_order),
		cmocka_unit_test(test_posts_left_are_freed),
		cmocka_unit_test(test_jobs_run_together),
		cmocka_unit_test(test_queue_has_a_limit),
		cmocka_unit_test(test_pool_ends_with_jobs_waiting),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_nobody_is_held_for_nothing),
		cmocka_unit_test(test_an_open_door_holds_nobody),
		cmocka_unit_test(test_loopback_is_told_by_its_plain_names),
	};

	return cmocka_run_group_tests_name("io", tests, NULL, NULL);
}
