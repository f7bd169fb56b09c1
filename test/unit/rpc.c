// SPDX-License-Identifier: MIT
/* JSON-RPC with a peer (rpc_peer.py) that misbehaves in every way we know of. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "io/rpc.h"

#define LONG_MS 100'000

struct peer {
	struct rpc *rpc;
	int notes; /* in the right order */
	int requests;
};

static bool on_request(void *self, struct str method, struct str params, struct buf *result)
{
	struct peer *p = self;

	p->requests++;
	if (str_is(method, "known"))
		buf_put_str(result, params.p ? params : STR("0"));
	return str_is(method, "known") || str_is(method, "nothing");
}

static void on_notification(void *self, struct str method, struct str params)
{
	struct peer *p = self;

	if (str_is(method, "note"))
		p->notes += json_int_or(json_at(params, 0), -1) == p->notes;
}

static void start(struct peer *p, enum rpc_framing framing, const char *word)
{
	const char *arguments[] = {"python3", TEST_UNIT "/rpc_peer.py",
		framing == RPC_LINES ? "lines" : "headers", word, NULL};
	const char *environment[] = {"PATH=/usr/bin:/bin", NULL};
	struct rpc_options options = {.name = "peer",
		.program = "/usr/bin/python3",
		.arguments = arguments,
		.environment = environment,
		.framing = framing,
		.cancel_method = "$/cancelRequest",
		.cancel_member = "id",
		.stop_ms = 300,
		.on_request = on_request,
		.on_notification = on_notification,
		.self = p};
	struct err e;

	*p = (struct peer){0};
	p->rpc = rpc_start(&options, &e);
	assert_non_null(p->rpc);
}

static void stop(struct peer *p)
{
	int64_t began = clock_ns();

	rpc_stop(p->rpc);
	assert_true(clock_ns() - began < 60'000'000'000);
}

/* The call's result is this JSON. */
static void expect(struct peer *p, const char *method, const char *params, const char *result)
{
	struct rpc_answer answer;
	struct rpc_wait wait = {.deadline_ms = LONG_MS};
	AUTO(buf) shown = {0};
	struct err e = {0};

	if (!rpc_call(p->rpc, method, str_from(params), &wait, &answer, &e))
		fail_msg("%s: %s", method, e.text);
	assert_false(answer.error.p);
	json_put_compact(&shown, answer.result);
	assert_string_equal(buf_text(&shown), result);
	rpc_answer_release(&answer);
}

/* The call fails with this code and a sentence that holds the words. */
static void expect_failure(struct peer *p, const char *method, const char *params,
	int64_t deadline_ms, enum err_code code, const char *words)
{
	struct rpc_answer answer;
	struct rpc_wait wait = {.deadline_ms = deadline_ms};
	struct err e = {0};

	assert_false(rpc_call(p->rpc, method, str_from(params), &wait, &answer, &e));
	if (e.code != code || !strstr(e.text, words))
		fail_msg("%s: %d %s, not %s", method, e.code, e.text, words);
}

static const enum rpc_framing both[] = {RPC_LINES, RPC_HEADERS};

#define each_framing(f) for (const enum rpc_framing *f = both; f < both + 2; f++)

static void test_answers(void **)
{
	static struct peer p;
	struct rpc_answer answer;
	struct rpc_wait wait = {.deadline_ms = LONG_MS};
	struct err e = {0};

	each_framing(f)
	{
		start(&p, *f, NULL);
		expect(&p, "echo", "{\"a\":\n[1, \"\\n\\u00e9\"]}", "{\"a\":[1,\"\\n\\u00e9\"]}");
		expect(&p, "echo", NULL, "null");
		expect(&p, "null", "[]", "null");
		expect(&p, "both", "[]", "null");
		expect(&p, "text-id", "[]", "\"as text\"");
		expect(&p, "twice", "[]", "1");
		expect(&p, "strangers", "[]", "\"mine\"");
		expect(&p, "bytewise", "[]", "\"slow\"");
		expect(&p, "latin", "[]", "\"caf\xef\xbf\xbd\"");
		assert_true(rpc_call(p.rpc, "fail", STR("[]"), &wait, &answer, &e));
		assert_false(answer.result.p);
		assert_int_equal(answer.code, -5);
		assert_true(str_is(answer.message, "no \xc3\xa9 \"way\""));
		assert_true(json_get(answer.error, "data").p);
		assert_false(rpc_answer_fail(p.rpc, "fail", &answer, &e));
		assert_string_equal(e.text, "peer: fail: no \xc3\xa9 \"way\" (-5)");
		rpc_answer_release(&answer);
		assert_true(rpc_is_open(p.rpc, &e));
		stop(&p);
	}
}

static void test_requests_of_the_peer(void **)
{
	static struct peer p;

	each_framing(f)
	{
		start(&p, *f, NULL);
		expect(&p, "ask", "{}",
			"[{\"jsonrpc\":\"2.0\",\"id\":\"a-1\",\"result\":{\"n\":\"a-1\"}},"
			"{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32601,"
			"\"message\":\"method not found\"}},"
			"{\"jsonrpc\":\"2.0\",\"id\":8,\"result\":null}]");
		expect(&p, "tell", NULL, "0");
		assert_int_equal(p.notes, 1000);
		assert_int_equal(p.requests, 3);
		stop(&p);
	}
}

struct caller {
	struct peer *peer;
	pthread_t thread;
	int number, wrong;
};

static void *call_often(void *self)
{
	struct caller *c = self;
	struct rpc_wait wait = {.deadline_ms = LONG_MS};
	struct rpc_answer answer;
	char params[40];
	struct err e;

	for (int i = 0; i < 50; i++) {
		snprintf(params, sizeof params, "[%d]", c->number * 1000 + i);
		if (!rpc_call(c->peer->rpc, "hold", str_from(params), &wait, &answer, &e)) {
			c->wrong++;
			continue;
		}
		c->wrong += !str_is(json_at(answer.result, 0),
			(char[]){params[1], params[2], params[3], params[4], 0});
		rpc_answer_release(&answer);
	}
	return NULL;
}

/* Four at once, answered in the reverse order: each gets its own. */
static void test_many_callers(void **)
{
	static struct peer p;
	struct caller callers[4];

	each_framing(f)
	{
		start(&p, *f, NULL);
		for (int i = 0; i < 4; i++) {
			callers[i] = (struct caller){.peer = &p, .number = i + 1};
			assert_int_equal(
				pthread_create(&callers[i].thread, NULL, call_often, &callers[i]),
				0);
		}
		for (int i = 0; i < 4; i++) {
			pthread_join(callers[i].thread, NULL);
			assert_int_equal(callers[i].wrong, 0);
		}
		stop(&p);
	}
}

static void test_death(void **)
{
	static const struct {
		const char *method, *words;
	} deaths[] = {
		{"die", "peer: it ended with exit status 3: the reason stands here"},
		{"signal", "peer: it was ended by signal 11"},
		{"closes", "peer: it closed its stdout"},
	};
	static struct peer p;
	struct err e;

	each_framing(f)
	{
		for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) {
			start(&p, *f, NULL);
			expect_failure(
				&p, deaths[i].method, "[]", LONG_MS, ERR_IO, deaths[i].words);
			expect_failure(&p, "echo", "[]", LONG_MS, ERR_IO, deaths[i].words);
			assert_false(rpc_notify(p.rpc, "x", STR("[]"), &e));
			assert_false(rpc_is_open(p.rpc, &e));
			assert_string_equal(e.text + strlen(e.text) - 4,
				deaths[i].words + strlen(deaths[i].words) - 4);
			stop(&p);
		}
		start(&p, *f, "dies");
		expect_failure(&p, "echo", "[]", LONG_MS, ERR_IO, "exit status 9");
		stop(&p);
	}
}

/* Half a message and then nothing: the wait ends, the connection does not. */
static void test_half_a_message(void **)
{
	static struct peer p;

	each_framing(f)
	{
		start(&p, *f, NULL);
		expect(&p, "echo", "[]", "[]");
		expect_failure(&p, "half", "[]", 100, ERR_TIMEOUT, "peer: no answer to half after");
		stop(&p);
	}
}

static void test_garbage(void **)
{
	static struct peer p;

	start(&p, RPC_LINES, NULL);
	expect(&p, "garbage", "[]", "\"after\"");
	assert_int_equal(rpc_skipped(p.rpc), 4);
	stop(&p);
	start(&p, RPC_HEADERS, NULL);
	expect_failure(&p, "garbage", "[]", LONG_MS, ERR_PARSE, "peer: \"Starting up... ");
	stop(&p);
}

static void test_headers_that_are_none(void **)
{
	static const struct {
		const char *text;
		enum err_code code;
	} raw[] = {
		{"Content-Length: -1\\r\\n\\r\\n", ERR_PARSE},
		{"Content-Length: 0\\r\\n\\r\\n", ERR_PARSE},
		{"Content-Length: 1e3\\r\\n\\r\\n", ERR_PARSE},
		{"Content-Length: 99999999999999999999\\r\\n\\r\\n", ERR_PARSE},
		{"Content-Length: 99999999\\r\\n\\r\\n", ERR_LIMIT},
		{"Content-Length: 5\\r\\nContent-Length: 6\\r\\n\\r\\n", ERR_PARSE},
		{"Content-Length: 3\\r\\n\\r\\n{{{", ERR_PARSE},
		{"Content-Type: x\\r\\n\\r\\n", ERR_PARSE},
		{"\\r\\n", ERR_PARSE},
		{"hello\\n", ERR_PARSE},
	};
	static struct peer p;
	char params[200];

	for (size_t i = 0; i < sizeof raw / sizeof *raw; i++) {
		start(&p, RPC_HEADERS, NULL);
		snprintf(params, sizeof params, "{\"text\":\"%s\"}", raw[i].text);
		expect_failure(&p, "raw", params, LONG_MS, raw[i].code, "peer: ");
		stop(&p);
	}
}

static void test_sizes(void **)
{
	static struct peer p;
	struct rpc_answer answer;
	struct rpc_wait wait = {.deadline_ms = LONG_MS};
	AUTO(buf) errors = {0};
	struct err e = {0};

	each_framing(f)
	{
		start(&p, *f, NULL);
		assert_true(rpc_call(p.rpc, "big", STR("{\"size\":16000000}"), &wait, &answer, &e));
		assert_int_equal(answer.result.n, 16'000'002);
		rpc_answer_release(&answer);
		expect(&p, "loud", "[]", "0");
		/* stderr has a pipe of its own: its end may come later than the answer. */
		for (int64_t end = clock_ns() + LONG_MS * 1'000'000LL; clock_ns() < end;
			usleep(1000)) {
			buf_clear(&errors);
			rpc_put_errors(p.rpc, &errors);
			if (str_ends(buf_str(&errors), STR("\nlast words\n")))
				break;
		}
		assert_true(str_ends(buf_str(&errors), STR("\nlast words\n")));
		assert_true(errors.n <= 16 << 10);
		expect_failure(&p, "big", "{\"size\":17000000}", LONG_MS, ERR_LIMIT,
			"a message of over 16777216 bytes");
		stop(&p);
	}
}

/* It sends ten million requests and reads none of the answers. */
static void test_flood(void **)
{
	static struct peer p;

	start(&p, RPC_LINES, NULL);
	expect_failure(&p, "flood", "[]", LONG_MS, ERR_LIMIT, "it does not read what it is sent");
	stop(&p);
}

static void test_one_that_does_not_read(void **)
{
	static struct peer p;
	AUTO(buf) params = {0};
	struct err e = {0};
	int sent = 0;

	buf_put_text(&params, "[\"");
	for (int i = 0; i < 1 << 20; i++)
		buf_put_char(&params, 'x');
	buf_put_text(&params, "\"]");
	each_framing(f)
	{
		start(&p, *f, NULL);
		expect(&p, "stop-reading", "[]", "0");
		for (sent = 0; sent < 100; sent++)
			if (!rpc_notify(p.rpc, "x", buf_str(&params), &e))
				break;
		assert_in_range(sent, 31, 66);
		assert_int_equal(e.code, ERR_LIMIT);
		expect_failure(&p, "echo", "[]", 50, ERR_TIMEOUT, "no answer");
		stop(&p);
	}
}

static void *raise_soon(void *flag)
{
	usleep(50'000);
	atomic_store((atomic_bool *)flag, true);
	return NULL;
}

static void test_calls_given_up(void **)
{
	static struct peer p;
	atomic_bool cancel = false;
	_Atomic int64_t deadline = clock_ns() + 50'000'000;
	struct rpc_wait waits[] = {{.deadline_ms = LONG_MS, .cancel = &cancel},
		{.deadline_ns = &deadline, .is_silent = true}, {.deadline_ms = 10}};
	struct rpc_answer answer;
	pthread_t thread;
	struct err e = {0};

	start(&p, RPC_HEADERS, NULL);
	assert_int_equal(pthread_create(&thread, NULL, raise_soon, &cancel), 0);
	assert_false(rpc_call(p.rpc, "silent", STR("[]"), &waits[0], &answer, &e));
	assert_int_equal(e.code, ERR_CANCELLED);
	pthread_join(thread, NULL);
	assert_false(rpc_call(p.rpc, "silent", STR("[]"), &waits[1], &answer, &e));
	assert_int_equal(e.code, ERR_TIMEOUT);
	assert_false(rpc_call(p.rpc, "silent", STR("[]"), &waits[2], &answer, &e));
	assert_int_equal(e.code, ERR_TIMEOUT);
	expect(&p, "cancelled", "[]", "[{\"id\":1},{\"id\":3}]");
	stop(&p);
}

static void *call_silent(void *self)
{
	struct caller *c = self;
	struct rpc_wait wait = {.deadline_ms = LONG_MS};
	struct rpc_answer answer;
	struct err e = {0};

	c->wrong = rpc_call(c->peer->rpc, "silent", STR("[]"), &wait, &answer, &e) ||
		   e.code != ERR_CANCELLED;
	return NULL;
}

/* Whoever waits is let go; what was notified before still goes out. */
static void test_stop(void **)
{
	static struct peer p;
	struct caller c = {.peer = &p};
	struct err e;

	start(&p, RPC_LINES, NULL);
	expect(&p, "echo", "[]", "[]");
	assert_int_equal(pthread_create(&c.thread, NULL, call_silent, &c), 0);
	usleep(20'000);
	assert_true(rpc_notify(p.rpc, "ended", STR("[]"), &e));
	rpc_close(p.rpc);
	pthread_join(c.thread, NULL);
	assert_int_equal(c.wrong, 0);
	AUTO(buf) errors = {0};
	for (int64_t end = clock_ns() + LONG_MS * 1'000'000LL; clock_ns() < end && !errors.n;
		usleep(1000))
		rpc_put_errors(p.rpc, &errors);
	assert_string_equal(buf_text(&errors), "told to end\n");
	stop(&p);
	start(&p, RPC_LINES, "stubborn");
	expect(&p, "echo", "[]", "[]");
	stop(&p);
	start(&p, RPC_LINES, "stubborn");
	stop(&p);
	rpc_stop(NULL);
}

static bool is_gone(pid_t pid)
{
	char path[64], state[512] = "";

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "r");
	if (!file)
		return true;
	size_t n = fread(state, 1, sizeof state - 1, file);
	fclose(file);
	return n == 0 || strstr(state, ") Z ");
}

static void test_nobody_stays_behind(void **)
{
	static struct peer p;
	struct rpc_answer answer;
	struct rpc_wait wait = {.deadline_ms = LONG_MS};
	struct err e = {0};
	int64_t pid;

	start(&p, RPC_LINES, NULL);
	assert_true(rpc_call(p.rpc, "leave-child", STR("[]"), &wait, &answer, &e));
	assert_true(json_int(answer.result, &pid));
	rpc_answer_release(&answer);
	expect_failure(&p, "echo", "[]", LONG_MS, ERR_IO, "exit status 0");
	stop(&p);
	for (int i = 0; i < 1000 && !is_gone((pid_t)pid); i++)
		usleep(10'000);
	assert_true(is_gone((pid_t)pid));
}

static void test_no_program(void **)
{
	const char *arguments[] = {"x", NULL}, *environment[] = {NULL};
	struct rpc_options options = {.name = "absent",
		.program = "/nowhere/x",
		.arguments = arguments,
		.environment = environment};
	struct err e;

	assert_null(rpc_start(&options, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "absent: /nowhere/x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_requests_of_the_peer),
		cmocka_unit_test(test_many_callers),
		cmocka_unit_test(test_death),
		cmocka_unit_test(test_half_a_message),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_headers_that_are_none),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_one_that_does_not_read),
		cmocka_unit_test(test_calls_given_up),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_nobody_stays_behind),
		cmocka_unit_test(test_no_program),
	};

	return cmocka_run_group_tests_name("rpc", tests, NULL, NULL);
}
