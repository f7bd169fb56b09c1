// SPDX-License-Identifier: MIT
/* queue: tasks and results through a real server, while workers, owners and the server are killed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "batch/queue.h"
#include "redis_stage.h"

#define S 1'000'000'000LL

enum { TASKS_OF_A_TEST = 400, WORKERS = 4, JOBS = 3 };

/* Quick, so that the dead are noticed within a test; far apart, as the machine may be slow. */
static const struct queue_times quick = {
	.beat_ms = 100, .dead_ms = 1'500, .owner_ms = 60'000, .deliveries_max = 1'000};

/* Nobody is taken for dead, however slow the machine is. */
static const struct queue_times calm = {
	.beat_ms = 100, .dead_ms = 60'000, .owner_ms = 60'000, .deliveries_max = 1'000};

static struct queue_place place_of(const char *name, const struct queue_times *times)
{
	return (struct queue_place){
		.url = str_from(server.url), .name = str_from(name), .times = *times};
}

/* ---- an owner ---- */

struct owner {
	struct queue_owner *queue;
	int results[TASKS_OF_A_TEST], lost, wrong, away, back;
	size_t count;
	bool settles;
};

static void take_result(void *self, const struct queue_result *result)
{
	struct owner *o = self;
	int64_t number;

	/* The result of "7" is "done 7". */
	if (!str_int(result->id, &number) || number < 0 || number >= TASKS_OF_A_TEST) {
		o->wrong++;
		return;
	}
	if (result->is_lost)
		o->lost++;
	else if (!str_starts(result->body, STR("done ")) ||
		 !str_eq(str_skip(result->body, 5), result->id))
		o->wrong++;
	o->results[number]++;
	o->count++;
	if (o->settles)
		queue_settle(o->queue, result->id);
}

static void owner_told(void *self, const struct err *e)
{
	struct owner *o = self;

	*(e ? &o->away : &o->back) += 1;
}

static void owner_open(
	struct owner *o, const char *queue, const char *run, const struct queue_times *times)
{
	struct queue_place place = place_of(queue, times);
	struct err e = {0};

	*o = (struct owner){.settles = true};
	o->queue = queue_owner_new(loop, &place, str_from(run),
		&(struct queue_owner_sink){take_result, owner_told, o}, &e);
	if (!o->queue)
		fail_msg("%s", e.text);
}

static void put_number(struct queue_owner *o, int number)
{
	char id[16], body[32];
	struct err e = {0};

	snprintf(id, sizeof id, "%d", number);
	snprintf(body, sizeof body, "do %d", number);
	assert_true(queue_put(o, str_from(id), str_from(body), &e));
}

static void check_all(const struct owner *o, int count)
{
	assert_int_equal(o->wrong, 0);
	assert_int_equal(o->count, count);
	for (int i = 0; i < count; i++)
		assert_int_equal(o->results[i], 1);
	assert_int_equal(queue_outstanding(o->queue), 0);
}

/* ---- workers ---- */

struct worker {
	struct queue_worker *queue;
	size_t done, lost;
	int delay_ms; /* of a job, on the average; -1: never done */
	struct held {
		struct worker *worker;
		struct queue_job *job;
		struct timer *timer;
		struct str id;
		bool is_lost;
	} held[JOBS];
};

static void finish(void *self)
{
	struct held *h = self;
	AUTO(buf) body = {0};
	struct err e = {0};
	struct queue_job *job = h->job;

	h->timer = NULL;
	h->job = NULL;
	h->worker->done++;
	buf_put_text(&body, "done ");
	buf_put_str(&body, h->id);
	if (h->is_lost)
		queue_job_give_back(job);
	else if (!queue_job_finish(job, buf_str(&body), &e))
		abort();
}

static void work(void *self, struct queue_job *job, const struct queue_task *task)
{
	struct worker *w = self;
	struct held *h = w->held;

	while (h->job)
		h++;
	*h = (struct held){.worker = w, .job = job, .id = task->id};
	if (!str_starts(task->body, STR("do ")) || !str_eq(str_skip(task->body, 3), task->id))
		abort();
	if (w->delay_ms >= 0)
		h->timer = loop_after(
			loop, arc4random_uniform((uint32_t)(2 * w->delay_ms + 1)), finish, h);
}

static void lose(void *self, struct queue_job *job)
{
	struct worker *w = self;

	w->lost++;
	for (int i = 0; i < JOBS; i++)
		w->held[i].is_lost |= w->held[i].job == job;
}

static void worker_open(
	struct worker *w, const char *queue, int delay_ms, const struct queue_times *times)
{
	struct queue_place place = place_of(queue, times);
	struct err e = {0};

	*w = (struct worker){.delay_ms = delay_ms};
	w->queue = queue_worker_new(
		loop, &place, "host", &(struct queue_worker_sink){work, lose, NULL, w}, &e);
	if (!w->queue)
		fail_msg("%s", e.text);
	queue_worker_take(w->queue, JOBS);
}

static void worker_close(struct worker *w)
{
	for (int i = 0; i < JOBS; i++)
		timer_cancel(w->held[i].timer);
	queue_worker_free(w->queue);
}

static pid_t worker_fork(int delay_ms, const struct queue_times *times)
{
	pid_t parent = getpid(), pid = fork();
	struct err e = {0};
	struct worker w;

	assert_true(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	loop = loop_new(&e);
	worker_open(&w, "q", delay_ms, times);
	for (;;)
		run_ms(1'000);
}

static void end_child(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* ---- tests ---- */

static void test_every_task_has_one_result(void **)
{
	struct worker workers[WORKERS];
	struct owner o;

	owner_open(&o, "q", "r", &calm);
	for (int i = 0; i < WORKERS; i++)
		worker_open(&workers[i], "q", 2, &calm);
	for (int i = 0; i < TASKS_OF_A_TEST; i++)
		put_number(o.queue, i);
	RUN_UNTIL(o.count >= TASKS_OF_A_TEST);
	run_ms(50);
	check_all(&o, TASKS_OF_A_TEST);
	size_t sum = 0;
	for (int i = 0; i < WORKERS; i++) {
		/* Nobody is left out, and nobody does what another has done. */
		assert_true(workers[i].done > 0);
		sum += workers[i].done;
		assert_int_equal(queue_worker_unstored(workers[i].queue), 0);
		worker_close(&workers[i]);
	}
	assert_int_equal(sum, TASKS_OF_A_TEST);
	queue_owner_free(o.queue);
}

static void test_killed_workers(void **)
{
	pid_t pids[WORKERS];
	struct owner o;
	int kills = 0;

	owner_open(&o, "q", "r", &quick);
	for (int i = 0; i < WORKERS; i++)
		pids[i] = worker_fork(20, &quick);
	for (int i = 0; i < TASKS_OF_A_TEST; i++)
		put_number(o.queue, i);
	while (o.count < TASKS_OF_A_TEST && kills < 60) {
		run_ms(20 + arc4random_uniform(60));
		int i = kills++ % WORKERS;
		end_child(pids[i]);
		pids[i] = worker_fork(20, &quick);
	}
	RUN_UNTIL(o.count >= TASKS_OF_A_TEST);
	run_ms(200);
	check_all(&o, TASKS_OF_A_TEST);
	assert_int_equal(o.lost, 0);
	for (int i = 0; i < WORKERS; i++)
		end_child(pids[i]);
	queue_owner_free(o.queue);
}

/* An owner that writes what it is told, and dies at any moment. */
static struct queue_owner *noting;
static int note_fd;

static void note_result(void *, const struct queue_result *result)
{
	char line[32];
	int n = snprintf(line, sizeof line, "%.*s\n", STR_ARG(result->id));

	if (write(note_fd, line, (size_t)n) != n)
		_exit(1);
	if (arc4random_uniform(2))
		queue_settle(noting, result->id);
}

static bool read_notes(const char *path, int seen[TASKS_OF_A_TEST])
{
	AUTO(buf) text = {0};
	struct err e = {0};
	struct str rest, line;
	int64_t number;
	bool is_whole = true;

	AUTO_FD fd = open(path, O_RDONLY);
	assert_true(fd >= 0 && file_read_fd(fd, path, 1 << 20, &text, &e));
	memset(seen, 0, TASKS_OF_A_TEST * sizeof *seen);
	rest = buf_str(&text);
	while (str_split(&rest, '\n', &line))
		if (str_int(line, &number))
			seen[number]++;
	for (int i = 0; i < TASKS_OF_A_TEST; i++)
		is_whole &= seen[i] > 0;
	return is_whole;
}

static pid_t owner_fork(const char *path)
{
	struct queue_place place = place_of("q", &quick);
	pid_t parent = getpid(), pid = fork();
	int seen[TASKS_OF_A_TEST];
	struct err e = {0};

	assert_true(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	loop = loop_new(&e);
	(void)!read_notes(path, seen);
	note_fd = open(path, O_WRONLY | O_APPEND);
	noting = queue_owner_new(
		loop, &place, STR("r"), &(struct queue_owner_sink){note_result, NULL, NULL}, &e);
	for (int i = 0; i < TASKS_OF_A_TEST; i++)
		if (!seen[i])
			put_number(noting, i);
	for (;;)
		run_ms(1'000);
}

static void test_killed_owners(void **)
{
	int seen[TASKS_OF_A_TEST];
	struct worker workers[WORKERS];
	char path[96];

	snprintf(path, sizeof path, "%s/notes", server.directory);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	for (int i = 0; i < WORKERS; i++)
		worker_open(&workers[i], "q", 10, &quick);
	for (int i = 0; i < 20; i++) {
		pid_t pid = owner_fork(path);
		run_ms(10 + arc4random_uniform(100));
		end_child(pid);
	}
	pid_t pid = owner_fork(path);
	RUN_UNTIL(read_notes(path, seen));
	run_ms(100);
	end_child(pid);
	assert_true(read_notes(path, seen));
	for (int i = 0; i < TASKS_OF_A_TEST; i++)
		assert_int_equal(seen[i], 1);
	for (int i = 0; i < WORKERS; i++)
		worker_close(&workers[i]);
	unlink(path);
}

/* What the server keeps is gone each time, or all there again. */
static void kill_servers(bool keeps)
{
	static const char *const words[] = {"--appendonly", "yes", "--appendfsync", "always", NULL};
	struct worker workers[WORKERS];
	struct owner o;

	redis_server_kill(&server);
	redis_server_start(&server, keeps ? words : NULL);
	owner_open(&o, "q", "r", &quick);
	for (int i = 0; i < WORKERS; i++)
		worker_open(&workers[i], "q", 20, &quick);
	for (int i = 0; i < TASKS_OF_A_TEST; i++)
		put_number(o.queue, i);
	for (int i = 0; i < 8; i++) {
		size_t before = o.count;
		RUN_UNTIL(o.count >= before + 20);
		redis_server_kill(&server);
		run_ms(arc4random_uniform(150));
		redis_server_start(&server, keeps ? words : NULL);
	}
	RUN_UNTIL(o.count >= TASKS_OF_A_TEST);
	run_ms(100);
	check_all(&o, TASKS_OF_A_TEST);
	assert_true(o.away > 0);
	RUN_UNTIL(o.away == o.back);
	for (int i = 0; i < WORKERS; i++)
		worker_close(&workers[i]);
	queue_owner_free(o.queue);
}

static void test_a_server_that_forgets(void **)
{
	kill_servers(false);
}

static void test_a_server_that_keeps(void **)
{
	char command[160];

	kill_servers(true);
	snprintf(command, sizeof command, "rm -r %s/appendonlydir", server.directory);
	assert_int_equal(system(command), 0);
}

static void test_a_task_that_kills(void **)
{
	struct queue_times times = quick;
	struct owner o;

	times.deliveries_max = 2;
	owner_open(&o, "q", "r", &times);
	put_number(o.queue, 0);
	/* Each takes it and dies. */
	for (int i = 0; i < 2; i++) {
		struct worker w;
		worker_open(&w, "q", -1, &times);
		RUN_UNTIL(w.held[0].job);
		assert_int_equal(o.count, 0);
		worker_close(&w);
	}
	struct worker last;
	worker_open(&last, "q", -1, &times);
	RUN_UNTIL(o.count == 1);
	assert_int_equal(o.lost, 1);
	assert_null(last.held[0].job);
	worker_close(&last);
	queue_owner_free(o.queue);
}

/* A long task of a worker that lives is nobody else's. */
static void test_a_long_task(void **)
{
	struct queue_times times = quick;
	struct worker a, b;
	struct owner o;

	times.dead_ms = 4'000;
	owner_open(&o, "q", "r", &times);
	worker_open(&a, "q", -1, &times);
	put_number(o.queue, 0);
	RUN_UNTIL(a.held[0].job);
	worker_open(&b, "q", 1, &times);
	run_ms(3 * times.dead_ms / 2);
	assert_int_equal(b.done, 0);
	assert_int_equal(a.lost, 0);
	finish(&a.held[0]);
	RUN_UNTIL(o.count == 1);
	worker_close(&a);
	worker_close(&b);
	queue_owner_free(o.queue);
}

static void test_dropped(void **)
{
	struct worker a, b;
	struct owner o;

	owner_open(&o, "q", "r", &calm);
	put_number(o.queue, 0);
	put_number(o.queue, 1);
	worker_open(&a, "q", -1, &calm);
	queue_worker_take(a.queue, 1);
	RUN_UNTIL(a.held[0].job);
	queue_drop(o.queue, STR("0"));
	queue_drop(o.queue, STR("1"));
	queue_drop(o.queue, STR("never"));
	RUN_UNTIL(a.lost >= 1);
	/* Finished all the same: it does not count, and is told nobody. */
	queue_worker_take(a.queue, 0);
	a.held[0].is_lost = false;
	finish(&a.held[0]);
	worker_open(&b, "q", 1, &calm);
	put_number(o.queue, 2);
	RUN_UNTIL(o.count == 1);
	run_ms(50);
	assert_int_equal(o.results[2], 1);
	assert_int_equal(a.lost, 1);
	assert_int_equal(queue_outstanding(o.queue), 0);
	worker_close(&a);
	worker_close(&b);
	queue_owner_free(o.queue);
}

static void test_given_back(void **)
{
	struct worker a, b;
	struct owner o;

	owner_open(&o, "q", "r", &calm);
	put_number(o.queue, 0);
	worker_open(&a, "q", -1, &calm);
	RUN_UNTIL(a.held[0].job);
	worker_open(&b, "q", 1, &calm);
	queue_worker_take(a.queue, 0);
	queue_job_give_back(a.held[0].job);
	RUN_UNTIL(o.count == 1);
	assert_int_equal(b.done, 1);
	worker_close(&a);
	worker_close(&b);
	queue_owner_free(o.queue);
}

static void test_an_owner_that_is_gone(void **)
{
	struct queue_times times = quick;
	struct worker w;
	struct owner o;

	times.owner_ms = 300;
	owner_open(&o, "q", "r", &times);
	put_number(o.queue, 0);
	run_ms(100);
	queue_owner_free(o.queue);
	run_ms(600);
	worker_open(&w, "q", 1, &times);
	run_ms(300);
	assert_int_equal(w.done, 0);
	owner_open(&o, "q", "r", &times);
	put_number(o.queue, 0);
	RUN_UNTIL(o.count == 1);
	worker_close(&w);
	queue_owner_free(o.queue);
}

static void test_runs_and_queues_are_apart(void **)
{
	struct owner a, b, c;
	struct worker w, other;

	owner_open(&a, "q", "a", &calm);
	owner_open(&b, "q", "b", &calm);
	owner_open(&c, "other", "a", &calm);
	for (int i = 0; i < 20; i++) {
		put_number(a.queue, i);
		put_number(b.queue, i);
		put_number(c.queue, i);
	}
	worker_open(&w, "q", 1, &calm);
	RUN_UNTIL(a.count == 20 && b.count == 20);
	assert_int_equal(c.count, 0);
	worker_open(&other, "other", 1, &calm);
	RUN_UNTIL(c.count == 20);
	check_all(&a, 20);
	check_all(&b, 20);
	check_all(&c, 20);
	assert_int_equal(w.done, 40);
	worker_close(&w);
	worker_close(&other);
	queue_owner_free(a.queue);
	queue_owner_free(b.queue);
	queue_owner_free(c.queue);
}

static void test_the_end(void **)
{
	bool is_ended = false;
	char out[4096];
	struct worker w;
	struct owner o;

	owner_open(&o, "q", "r", &calm);
	worker_open(&w, "q", 1, &calm);
	for (int i = 0; i < 20; i++)
		put_number(o.queue, i);
	RUN_UNTIL(o.count == 20);
	queue_end(o.queue, stop, &is_ended);
	RUN_UNTIL(is_ended);
	queue_owner_free(o.queue);
	redis_server_say(&server, "EXISTS fettle:queue:{q}:run:r:results", out, sizeof out);
	assert_string_equal(out, ":0\r\n");
	redis_server_say(&server, "HKEYS fettle:queue:{q}:run:r", out, sizeof out);
	assert_string_equal(out, "*1\r\n$6\r\ncancel\r\n");
	redis_server_say(&server, "TTL fettle:queue:{q}:run:r", out, sizeof out);
	assert_string_not_equal(out, ":-1\r\n");
	redis_server_say(&server, "XLEN fettle:queue:{q}:tasks", out, sizeof out);
	assert_string_equal(out, ":0\r\n");
	redis_server_say(&server, "XPENDING fettle:queue:{q}:tasks workers", out, sizeof out);
	assert_true(str_starts(str_from(out), STR("*4\r\n:0\r\n")));
	worker_close(&w);
	run_ms(20);
	redis_server_say(
		&server, "XINFO CONSUMERS fettle:queue:{q}:tasks workers", out, sizeof out);
	assert_string_equal(out, "*0\r\n");
	/* And it may begin anew. */
	owner_open(&o, "q", "r", &calm);
	worker_open(&w, "q", 1, &calm);
	put_number(o.queue, 3);
	RUN_UNTIL(o.count == 1);
	worker_close(&w);
	queue_owner_free(o.queue);
}

/* ---- large ones, any bytes ---- */

static struct str large;
static int large_results;

static void take_large(void *, const struct queue_result *result)
{
	large_results += str_eq(result->body, large);
}

static void return_large(void *, struct queue_job *job, const struct queue_task *task)
{
	struct err e = {0};

	assert_true(queue_job_finish(job, task->body, &e));
}

static void test_large_ones(void **)
{
	struct queue_place place = place_of("q", &queue_times_usual);
	AUTO(buf) body = {0};
	AUTO(buf) longer = {0};
	struct err e = {0};

	for (int i = 0; i < 8 << 20; i++)
		buf_put_char(&body, (char)(i * 7));
	large = buf_str(&body);
	struct queue_owner *o = queue_owner_new(
		loop, &place, STR("r"), &(struct queue_owner_sink){take_large, NULL, NULL}, &e);
	struct queue_worker *w = queue_worker_new(
		loop, &place, "w", &(struct queue_worker_sink){return_large, NULL, NULL, NULL}, &e);
	queue_worker_take(w, 2);
	assert_true(queue_put(o, STR("\0\r\n "), large, &e));
	assert_true(queue_put(o, STR("\xff"), large, &e));
	assert_true(queue_put(o, STR("3"), large, &e));
	RUN_UNTIL(large_results == 3);
	(void)!buf_reserve(&longer, QUEUE_BODY_MAX_BYTES + 1);
	longer.n = QUEUE_BODY_MAX_BYTES + 1;
	assert_false(queue_put(o, STR("4"), buf_str(&longer), &e));
	assert_int_equal(e.code, ERR_LIMIT);
	assert_false(queue_put(o, STR(""), large, &e));
	queue_worker_free(w);
	queue_owner_free(o);
}

static void test_wrong_places(void **)
{
	static const char *const names[] = {"", "a b", "a{b", "a:b", "a/b",
		"12345678901234567890123456789012345678901234567890123456789012345"};
	struct queue_place place = place_of("q", &quick);
	const struct queue_owner_sink sink = {take_result, NULL, NULL};
	struct err e = {0};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_null(queue_owner_new(loop, &place, str_from(names[i]), &sink, &e));
		place.name = str_from(names[i]);
		assert_null(queue_owner_new(loop, &place, STR("r"), &sink, &e));
		place.name = STR("q");
	}
	place.url = STR("redis://:secret@");
	assert_null(queue_owner_new(loop, &place, STR("r"), &sink, &e));
	assert_int_equal(e.code, ERR_USAGE);
	assert_null(strstr(e.text, "secret"));
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(test_every_task_has_one_result),
		WITH_SERVER(test_killed_workers),
		WITH_SERVER(test_killed_owners),
		WITH_SERVER(test_a_server_that_forgets),
		WITH_SERVER(test_a_server_that_keeps),
		WITH_SERVER(test_a_task_that_kills),
		WITH_SERVER(test_a_long_task),
		WITH_SERVER(test_dropped),
		WITH_SERVER(test_given_back),
		WITH_SERVER(test_an_owner_that_is_gone),
		WITH_SERVER(test_runs_and_queues_are_apart),
		WITH_SERVER(test_the_end),
		WITH_SERVER(test_large_ones),
		WITH_SERVER(test_wrong_places),
	};

	signal(SIGPIPE, SIG_IGN); /* as main does */
	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
