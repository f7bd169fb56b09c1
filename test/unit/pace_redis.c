// SPDX-License-Identifier: MIT
/* pace_redis: hosts that share their limits through a server that dies, forgets and lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "call/pace_redis.h"
#include "redis_stage.h"

#define S    1'000'000'000LL
#define NAME STR("p/m at h with k")

enum { ASKS_MAX = 128, TOO_SLOW = 2 };

struct host {
	struct loop *loop;
	struct pace_redis *redis;
	struct pace *pace;
	struct timer *timer;
	struct pace_limits limits;
	struct pace_ticket *tickets[ASKS_MAX];
	size_t asked, admitted;
	int away, back;
};

static void turn(void *self)
{
	struct host *h = self;
	int64_t now_ns = clock_ns();

	h->timer = NULL;
	if (!h->pace)
		return;
	int64_t at_ns = pace_run(h->pace, now_ns);
	timer_cancel(h->timer);
	h->timer = at_ns == INT64_MAX
			   ? NULL
			   : loop_after(loop, at_ns > now_ns ? (at_ns - now_ns) / 1'000'000 + 1 : 0,
				     turn, h);
}

static void wake(void *self)
{
	struct host *h = self;

	timer_cancel(h->timer);
	turn(h);
}

static void told(void *self, const struct err *e)
{
	struct host *h = self;

	*(e ? &h->away : &h->back) += 1;
}

static void host_open_at(struct host *h, const char *url, struct pace_limits limits)
{
	struct err e = {0};

	*h = (struct host){.limits = limits};
	h->redis =
		pace_redis_new(loop, str_from(url), &(struct pace_redis_sink){wake, told, h}, &e);
	assert_non_null(h->redis);
	struct pace_store store = pace_redis_store(h->redis);
	h->pace = pace_new(&store);
}

static void host_open(struct host *h, struct pace_limits limits)
{
	host_open_at(h, server.url, limits);
}

static void count(void *self, const struct err *e)
{
	size_t *admitted = self;

	assert_null(e);
	++*admitted;
}

static void host_ask(struct host *h, size_t n)
{
	while (n--)
		h->tickets[h->asked++] = pace_ask(h->pace,
			&(struct pace_ask){.name = NAME,
				.limits = h->limits,
				.tokens = 10,
				.answer = count,
				.self = &h->admitted},
			clock_ns());
	wake(h);
}

static void host_finish(struct host *h, size_t i, bool is_refused)
{
	if (pace_is_admitted(h->tickets[i]))
		pace_finish(h->tickets[i],
			&(struct pace_end){.is_refused = is_refused,
				.is_success = !is_refused,
				.tokens = 10,
				.told = PACE_TOLD_NOTHING},
			clock_ns());
	else
		pace_cancel(h->tickets[i], clock_ns());
	h->tickets[i] = NULL;
	wake(h);
}

/* As if it had been killed: nobody hears of it any more. */
static void host_close(struct host *h)
{
	for (size_t i = 0; i < h->asked; i++)
		pace_cancel(h->tickets[i], clock_ns());
	pace_free(h->pace);
	h->pace = NULL;
	timer_cancel(h->timer);
	h->timer = NULL;
	pace_redis_free(h->redis);
}

static const char *key(void)
{
	static char text[128];
	char *out = malloc(1 << 16);

	redis_server_say(&server, "KEYS fettle:pace:*", out, 1 << 16);
	const char *at = strstr(out, "fettle:pace:");
	assert_non_null(at);
	snprintf(text, sizeof text, "%.76s", at);
	free(out);
	return text;
}

/* format has one %s, which is the key. */
static void say(const char *format, char *out, size_t size)
{
	AUTO(buf) command = {0};
	struct str text = str_from(format);
	size_t at = str_find(text, STR("%s"), 0);

	buf_put_str(&command, str_head(text, at));
	buf_put_text(&command, key());
	buf_put_str(&command, str_skip(text, at + 2));
	redis_server_say(&server, buf_text(&command), out, size);
}

/* ---- limits ---- */

static void test_hosts_share_a_limit(void **)
{
	struct host hosts[4];
	size_t sum = 0;

	for (int i = 0; i < 4; i++) {
		host_open(&hosts[i], (struct pace_limits){.rpm = 50, .concurrent = 1'000});
		host_ask(&hosts[i], 30);
	}
	RUN_UNTIL((sum = hosts[0].admitted + hosts[1].admitted + hosts[2].admitted +
			  hosts[3].admitted) >= 50);
	run_ms(300);
	sum = 0;
	for (int i = 0; i < 4; i++) {
		sum += hosts[i].admitted;
		assert_null(pace_redis_trouble(hosts[i].redis));
		host_close(&hosts[i]);
	}
	assert_int_equal(sum, 50);
}

static void take_all(int fd)
{
	struct err e = {0};
	struct host h;

	signal(SIGPIPE, SIG_IGN);
	loop = loop_new(&e);
	host_open(&h, (struct pace_limits){.rpm = 50, .concurrent = 1'000});
	host_ask(&h, 60);
	while (h.admitted < 60 && strcmp(pace_waits(h.tickets[h.admitted]).reason, "requests") != 0)
		run_ms(5);
	unsigned char n = (unsigned char)h.admitted;
	if (h.away)
		_exit(TOO_SLOW);
	/* What was taken has to be on its way before it is gone. */
	pace_redis_free(h.redis);
	_exit(write(fd, &n, 1) != 1);
}

/* Of three processes; -1: the machine was so slow that one took the server for gone. */
static int take_with_three(void)
{
	int ends[2], status, sum = 0;
	bool is_slow = false;
	pid_t pids[3];
	unsigned char n;

	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < 3; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			take_all(ends[1]);
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		is_slow |= WEXITSTATUS(status) == TOO_SLOW;
		if (WEXITSTATUS(status) == TOO_SLOW)
			continue;
		assert_int_equal(status, 0);
		assert_int_equal(read(ends[0], &n, 1), 1);
		sum += n;
	}
	close(ends[0]);
	close(ends[1]);
	return is_slow ? -1 : sum;
}

static void test_processes_share_a_limit(void **)
{
	char out[64];
	int sum;

	for (int i = 0; (sum = take_with_three()) < 0 && i < 10; i++)
		redis_server_say(&server, "FLUSHALL", out, sizeof out);
	assert_int_equal(sum, 50);
}

static void test_calls_at_the_same_time(void **)
{
	struct host a, b;

	host_open(&a, (struct pace_limits){.concurrent = 3});
	host_open(&b, (struct pace_limits){.concurrent = 3});
	host_ask(&a, 3);
	RUN_UNTIL(a.admitted == 3);
	host_ask(&b, 2);
	run_ms(200);
	assert_int_equal(b.admitted, 0);
	host_finish(&a, 1, false);
	RUN_UNTIL(b.admitted == 1);
	run_ms(100);
	assert_int_equal(b.admitted, 1);
	host_close(&b);
	host_close(&a);
}

static void hold_and_leave(int fd)
{
	struct err e = {0};
	struct host h;

	loop = loop_new(&e);
	host_open(&h, (struct pace_limits){.concurrent = 3});
	host_ask(&h, 3);
	while (h.admitted < 3)
		run_ms(5);
	run_ms(50);
	pace_redis_free(h.redis);
	_exit(write(fd, "x", 1) != 1);
}

/* Who goes says so, whatever it had under way. */
static void test_leaving(void **)
{
	struct host b;
	int ends[2], status;

	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0)
		hold_and_leave(ends[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	host_open(&b, (struct pace_limits){.concurrent = 3});
	host_ask(&b, 3);
	int64_t begun_ns = clock_ns();
	RUN_UNTIL(b.admitted == 3);
	/* Well before it would be forgotten. */
	assert_true(clock_ns() - begun_ns < 15 * S);
	host_close(&b);
	close(ends[0]);
	close(ends[1]);
}

static void test_a_refusal_is_everybodys(void **)
{
	struct host a, b;
	char out[256];

	host_open(&a, (struct pace_limits){.concurrent = 100});
	host_open(&b, (struct pace_limits){.concurrent = 100});
	host_ask(&a, 2);
	RUN_UNTIL(a.admitted == 2);
	pace_finish(a.tickets[0],
		&(struct pace_end){.is_refused = true,
			.asked_ms = 3'600'000,
			.tokens = 0,
			.told = PACE_TOLD_NOTHING},
		clock_ns());
	a.tickets[0] = NULL;
	wake(&a);
	run_ms(200);
	host_ask(&b, 1);
	run_ms(300);
	assert_int_equal(b.admitted, 0);
	assert_string_equal(pace_waits(b.tickets[0]).reason, "pause");
	/* By the clock of this process, whatever the server's is. */
	assert_in_range(pace_waits(b.tickets[0]).at_ns, clock_ns(), clock_ns() + 3'600 * S);
	host_close(&a);
	host_close(&b);
	redis_server_say(&server, "FLUSHALL", out, sizeof out);
}

/* ---- who is not heard of ---- */

static void kill_with_three_calls(int fd)
{
	struct err e = {0};
	struct host h;

	signal(SIGPIPE, SIG_IGN);
	loop = loop_new(&e);
	host_open(&h, (struct pace_limits){.concurrent = 3});
	host_ask(&h, 3);
	while (h.admitted < 3)
		run_ms(5);
	run_ms(50);
	if (write(fd, "x", 1) != 1)
		_exit(1);
	for (;;)
		run_ms(1'000);
}

static void test_a_killed_process_is_forgotten(void **)
{
	int ends[2], status;
	char byte, out[4096], command[256];
	struct host b;

	redis_server_say(&server, "FLUSHALL", out, sizeof out);
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0)
		kill_with_three_calls(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	host_open(&b, (struct pace_limits){.concurrent = 3});
	host_ask(&b, 1);
	run_ms(200);
	assert_int_equal(b.admitted, 0);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* Time passes: nobody has heard of anybody for long, and only we are still heard. */
	say("HKEYS %s", out, 2048);
	for (char *at = out; (at = strstr(at, "h:"));) {
		size_t n = strcspn(at, "\r");
		snprintf(command, sizeof command, "HSET %%s %.*s 1", (int)n, at);
		at += n;
		say(command, out + 2048, 1024);
	}
	RUN_UNTIL(b.admitted == 1);
	host_close(&b);
	close(ends[0]);
	close(ends[1]);
}

static void test_beats(void **)
{
	char out[4096], command[256];
	struct host a;

	redis_server_say(&server, "FLUSHALL", out, sizeof out);
	host_open(&a, (struct pace_limits){.concurrent = 3});
	host_ask(&a, 1);
	RUN_UNTIL(a.admitted == 1);
	run_ms(50);
	say("HKEYS %s", out, sizeof out);
	const char *at = strstr(out, "h:");
	snprintf(command, sizeof command, "HGET %%s %.*s", (int)strcspn(at, "\r"), at);
	say(command, out, sizeof out);
	char first[256];
	snprintf(first, sizeof first, "%.250s", out);
	/* Within some seconds it says that it is still there. */
	do {
		run_ms(100);
		say(command, out, sizeof out);
	} while (strcmp(first, out) == 0);
	host_close(&a);
}

/* ---- the store by itself ---- */

static struct bucket *held;
static struct pace_store bare;

static void wake_bare(void *)
{
	int64_t now_ns = clock_ns();

	if (!held)
		held = bare.lend(bare.self, NAME, &now_ns);
}

static struct bucket *lend_bare(int64_t *there_ns)
{
	*there_ns = clock_ns();
	held = bare.lend(bare.self, NAME, there_ns);
	RUN_UNTIL(held);
	return held;
}

static void back_bare(void)
{
	bare.back(bare.self, held);
	/* wake_bare would take it once more. */
	run_ms(30);
}

static int64_t requests_of(const struct bucket *b)
{
	int64_t sum = 0;

	for (int i = 0; i < BUCKET_RING; i++)
		sum += b->requests[i];
	return sum;
}

/* wake_bare lends for as long as held is NULL; the lease stays with us until back_bare. */
static void test_a_lost_lease_is_counted_later(void **)
{
	static const char *const rubbish[] = {"HSET %s bucket rubbish", "HDEL %s bucket",
		"HSET %s until rubbish lease x:1", "HSET %s h:1 1 h: 2"};
	const struct pace_limits limits = {.rpm = 1'000};
	struct err e = {0};
	char out[4096];
	int64_t now_ns;

	redis_server_say(&server, "FLUSHALL", out, sizeof out);
	struct pace_redis *p = pace_redis_new(
		loop, str_from(server.url), &(struct pace_redis_sink){wake_bare, NULL, NULL}, &e);
	bare = pace_redis_store(p);
	struct bucket *b = lend_bare(&now_ns);
	bucket_take(b, &limits, &bare.who, 10, now_ns);
	back_bare();
	b = lend_bare(&now_ns);
	assert_int_equal(requests_of(b), 1);
	/* While we have it, the server believes that it is somebody else's. */
	for (int i = 0; i < 3; i++)
		bucket_take(b, &limits, &bare.who, 10, now_ns);
	say("HSET %s lease somebody:1 until 1", out, sizeof out);
	back_bare();
	b = lend_bare(&now_ns);
	assert_int_equal(requests_of(b), 4);
	back_bare();
	/* And it is counted once. */
	b = lend_bare(&now_ns);
	assert_int_equal(requests_of(b), 4);
	back_bare();
	/* Somebody has it and has died: until the lease is over. */
	say("HSET %s lease somebody:2 until 99999999999999", out, sizeof out);
	held = NULL;
	now_ns = clock_ns();
	assert_null(bare.lend(bare.self, NAME, &now_ns));
	run_ms(200);
	assert_null(held);
	say("HSET %s until 1", out, sizeof out);
	RUN_UNTIL(held);
	assert_int_equal(requests_of(held), 4);
	back_bare();
	/* Bytes that are no bucket. */
	for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++) {
		say(rubbish[i], out, sizeof out);
		b = lend_bare(&now_ns);
		assert_true(bucket_is_sane(b, now_ns));
		assert_null(pace_redis_trouble(p));
		back_bare();
	}
	pace_redis_free(p);
	held = NULL;
}

/* ---- a server that goes ---- */

static void test_no_server(void **)
{
	struct host h;

	host_open_at(&h, "unix:///nowhere/at/all", (struct pace_limits){.rpm = 20});
	host_ask(&h, 30);
	RUN_UNTIL(h.admitted == 20);
	run_ms(1'500);
	assert_int_equal(h.admitted, 20);
	assert_int_equal(h.away, 1);
	assert_int_equal(h.back, 0);
	assert_non_null(strstr(pace_redis_trouble(h.redis), "/nowhere"));
	host_close(&h);
}

static void test_killed_and_started_again(void **)
{
	struct host a, b;

	host_open(&a, (struct pace_limits){.rpm = 30, .concurrent = 1'000});
	host_open(&b, (struct pace_limits){.rpm = 30, .concurrent = 1'000});
	host_ask(&a, 5);
	host_ask(&b, 5);
	RUN_UNTIL(a.admitted + b.admitted == 10);
	run_ms(50);
	redis_server_kill(&server);
	host_ask(&a, 5);
	host_ask(&b, 5);
	RUN_UNTIL(a.admitted + b.admitted == 20);
	redis_server_start(&server, NULL);
	RUN_UNTIL(a.back == 1 && b.back == 1);
	/*
	 * What the server has forgotten still counts: whoever comes first knows its own ten, and
	 * the other's as soon as that has come, too. With nothing carried it would be 50.
	 */
	host_ask(&a, 30);
	host_ask(&b, 30);
	RUN_UNTIL(a.admitted + b.admitted >= 30);
	run_ms(500);
	assert_int_equal(a.away, 1);
	assert_int_equal(b.away, 1);
	assert_in_range(a.admitted + b.admitted, 30, 40);
	assert_null(pace_redis_trouble(a.redis));
	host_close(&a);
	host_close(&b);
}

static void test_scripts_forgotten(void **)
{
	struct host a;
	char out[64];

	redis_server_say(&server, "FLUSHALL", out, sizeof out);
	host_open(&a, (struct pace_limits){.concurrent = 1'000});
	for (size_t i = 1; i <= 10; i++) {
		host_ask(&a, 1);
		RUN_UNTIL(a.admitted == i);
		redis_server_say(&server, "SCRIPT FLUSH", out, sizeof out);
		host_finish(&a, i - 1, false);
	}
	assert_int_equal(a.away, 0);
	host_close(&a);
}

static void test_a_server_that_hangs(void **)
{
	struct host a;

	host_open(&a, (struct pace_limits){.rpm = 100});
	host_ask(&a, 1);
	RUN_UNTIL(a.admitted == 1);
	kill(server.pid, SIGSTOP);
	host_ask(&a, 4);
	RUN_UNTIL(a.admitted == 5);
	assert_int_equal(a.away, 1);
	kill(server.pid, SIGCONT);
	RUN_UNTIL(a.back == 1);
	host_ask(&a, 1);
	RUN_UNTIL(a.admitted == 6);
	host_close(&a);
}

static void test_wrong_urls(void **)
{
	struct err e = {0};

	assert_null(pace_redis_new(loop, STR("redis://"), &(struct pace_redis_sink){wake}, &e));
	assert_int_equal(e.code, ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hosts_share_a_limit, open_all, close_all),
		cmocka_unit_test_setup_teardown(test_processes_share_a_limit, open_all, close_all),
		cmocka_unit_test_setup_teardown(test_calls_at_the_same_time, open_all, close_all),
		cmocka_unit_test_setup_teardown(test_leaving, open_all, close_all),
		cmocka_unit_test_setup_teardown(test_a_refusal_is_everybodys, open_all, close_all),
		cmocka_unit_test_setup_teardown(
			test_a_killed_process_is_forgotten, open_all, close_all),
		cmocka_unit_test_setup_teardown(test_beats, open_all, close_all),
		cmocka_unit_test_setup_teardown(
			test_a_lost_lease_is_counted_later, open_all, close_all),
		cmocka_unit_test_setup_teardown(test_no_server, open_all, close_all),
		cmocka_unit_test_setup_teardown(test_killed_and_started_again, open_all, close_all),
		cmocka_unit_test_setup_teardown(test_scripts_forgotten, open_all, close_all),
		cmocka_unit_test_setup_teardown(test_a_server_that_hangs, open_all, close_all),
		cmocka_unit_test_setup_teardown(test_wrong_urls, open_all, close_all),
	};

	signal(SIGPIPE, SIG_IGN); /* as main does */
	return cmocka_run_group_tests_name("pace_redis", tests, NULL, NULL);
}
