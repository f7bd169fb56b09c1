// SPDX-License-Identifier: MIT
/* pacer: calls that wait for their turn, with the scripted provider on the same loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "call/embed.h"
#include "call/pacer_inside.h"
#include "cmd/mock.h"
#include "redis_server.h"

#define MS 1'000'000LL

enum { CALLS = 6 };

struct one {
	struct stage *stage;
	struct call *call;
	int ends, attempts;
	enum err_code code;
	int64_t paced_ns, ended_ns;
};

struct stage {
	struct loop *loop;
	struct http_client *http;
	struct mock *mock;
	struct pacer *pacer;
	struct call_world world;
	struct arena arena;
	struct route route;
	struct one calls[CALLS];
	size_t started, ended;
	bool is_done;
};

static const char *no_environment(const char *)
{
	return NULL;
}

static void open_stage(struct stage *s, const char *script, const struct rate_wish *wish)
{
	struct err e = {0};
	char url[64];
	int port = 0;

	*s = (struct stage){0};
	s->loop = loop_new(&e);
	s->http = http_client_new(s->loop);
	if (!mock_start(s->loop, str_from(script), "script", 0, -1, &s->mock, &port, &e))
		fail_msg("%s", e.text);
	s->pacer = pacer_new(s->loop, NULL, wish, wish ? 1 : 0);
	s->world = (struct call_world){s->loop, s->http, {2, 60'000}, s->pacer};
	snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
	struct route_wish to = {
		"openai/x", arena_text(&s->arena, str_from(url)), no_environment, NULL};
	if (!route_choose(&to, &s->arena, &s->route, &e))
		fail_msg("%s", e.text);
}

static void close_stage(struct stage *s)
{
	assert_int_equal(s->started, s->ended);
	pacer_free(s->pacer);
	http_client_free(s->http);
	mock_free(s->mock);
	loop_free(s->loop);
	arena_release(&s->arena);
}

static void ended(void *self, const struct call_result *result, const struct embeddings *)
{
	struct one *one = self;
	struct stage *s = one->stage;

	one->ends++;
	one->attempts = result->attempts;
	one->code = result->error ? result->error->code : ERR_NONE;
	one->paced_ns = result->paced_ns;
	one->ended_ns = clock_ns();
	s->ended++;
	s->is_done = s->ended == s->started;
}

static struct one *start(struct stage *s)
{
	static const struct str texts[] = {STR("one two"), STR("three")};
	static const struct embed_request q = {.texts = texts, .text_count = 2};
	struct one *one = &s->calls[s->started++];

	one->stage = s;
	s->is_done = false;
	one->call = embed_start(&s->world, &s->route, &q, &(struct embed_sink){NULL, ended, one});
	return one;
}

#define AT_EMBEDDINGS "\"match\":{\"path\":\"/v1/embeddings\"}"

static void test_one_at_a_time(void **)
{
	const struct rate_wish wish = {.name = STR("openai"), .concurrent = 1};
	struct stage s;

	open_stage(&s,
		"{\"replies\":[{" AT_EMBEDDINGS ",\"times\":0,\"reply\":{\"delay_ms\":100}}]}",
		&wish);
	int64_t begun_ns = clock_ns();
	for (int i = 0; i < 4; i++)
		start(&s);
	loop_run(s.loop, &s.is_done);
	/* Whatever their order is, each has waited for all before it. */
	for (int i = 0; i < 4; i++) {
		int before = 0;
		assert_int_equal(s.calls[i].code, ERR_NONE);
		for (int k = 0; k < 4; k++)
			before += s.calls[k].ended_ns < s.calls[i].ended_ns;
		assert_true(s.calls[i].ended_ns - begun_ns >= (before + 1) * 90 * MS);
	}
	close_stage(&s);
}

/* With a server, without one, and with one that goes. */
static void test_meeting_at_redis(void **)
{
	const struct rate_wish wish = {.name = STR("openai"), .concurrent = 1};
	static const char *const wrong = "redis://:secret@";
	struct redis_server server;
	struct err e = {0};
	struct stage s;

	redis_server_open(&server, NULL);
	for (int round = 0; round < 3; round++) {
		open_stage(&s,
			"{\"replies\":[{" AT_EMBEDDINGS
			",\"times\":0,\"reply\":{\"delay_ms\":5}}]}",
			&wish);
		assert_false(pacer_meet(s.pacer, wrong, NULL, NULL, &e));
		assert_null(strstr(e.text, "secret"));
		assert_true(pacer_meet(
			s.pacer, round ? server.url : "unix:///nowhere/at/all", NULL, NULL, &e));
		for (int i = 0; i < CALLS; i++)
			start(&s);
		if (round == 2)
			redis_server_kill(&server);
		loop_run(s.loop, &s.is_done);
		for (int i = 0; i < CALLS; i++)
			assert_int_equal(s.calls[i].code, ERR_NONE);
		assert_true((pacer_trouble(s.pacer) == NULL) == (round == 1));
		close_stage(&s);
	}
	redis_server_start(&server, NULL);
	redis_server_close(&server);
}

static void test_nothing_left(void **)
{
	struct stage s;

	open_stage(&s,
		"{\"replies\":[{" AT_EMBEDDINGS ",\"reply\":{\"headers\":{"
		"\"x-ratelimit-limit-requests\":\"600\",\"x-ratelimit-remaining-requests\":\"0\","
		"\"x-ratelimit-reset-requests\":\"700ms\"}}}]}",
		NULL);
	struct one *first = start(&s);
	loop_run(s.loop, &s.is_done);
	assert_int_equal(first->code, ERR_NONE);
	struct one *second = start(&s), *third = start(&s);
	loop_run(s.loop, &s.is_done);
	assert_int_equal(second->code, ERR_NONE);
	assert_true(second->paced_ns >= 300 * MS && third->paced_ns >= 300 * MS);
	close_stage(&s);
}

static void test_a_refusal(void **)
{
	struct stage s;

	open_stage(&s,
		"{\"replies\":[{" AT_EMBEDDINGS ",\"reply\":{\"status\":429,\"headers\":"
		"{\"retry-after\":\"1\"},\"error\":{\"type\":\"rate_limit_error\",\"message\":\"slow\"}}}]}",
		NULL);
	int64_t begun_ns = clock_ns();
	struct one *refused = start(&s);
	loop_run(s.loop, &s.is_done);
	assert_int_equal(refused->code, ERR_NONE);
	assert_int_equal(refused->attempts, 2);
	assert_true(clock_ns() - begun_ns >= 1'000 * MS);
	close_stage(&s);
}

static void cancel(void *self)
{
	call_cancel(self);
}

static void test_cancelled_while_waiting(void **)
{
	const struct rate_wish wish = {.name = STR("openai"), .concurrent = 1};
	struct stage s;

	open_stage(&s,
		"{\"replies\":[{" AT_EMBEDDINGS ",\"times\":0,\"reply\":{\"delay_ms\":300}}]}",
		&wish);
	struct one *first = start(&s), *second = start(&s), *third = start(&s);
	(void)!loop_after(s.loop, 20, cancel, second->call);
	loop_run(s.loop, &s.is_done);
	assert_int_equal(first->code, ERR_NONE);
	assert_int_equal(second->code, ERR_CANCELLED);
	assert_int_equal(second->ends, 1);
	assert_int_equal(second->attempts, 0);
	assert_int_equal(third->code, ERR_NONE);
	/* And one that is under way gives its place back. */
	struct one *fourth = start(&s), *fifth = start(&s);
	(void)!loop_after(s.loop, 50, cancel, fourth->call);
	loop_run(s.loop, &s.is_done);
	assert_int_equal(fourth->code, ERR_CANCELLED);
	assert_int_equal(fifth->code, ERR_NONE);
	close_stage(&s);
}

static bool are(struct pace_limits l, int64_t rpm, int64_t tpm, int64_t concurrent)
{
	return l.rpm == rpm && l.tpm == tpm && l.concurrent == concurrent;
}

static void test_limits_that_nobody_says(void **)
{
	struct loop *loop = loop_new(&(struct err){0});
	struct pacer *p = pacer_new(loop, NULL, NULL, 0);
	struct route r = {.provider = STR("openrouter"), .model_id = STR("some/model")};

	assert_true(are(pacer_limits(p, &r, false), 0, PACER_TPM, PACER_CONCURRENT));
	assert_true(are(pacer_limits(p, &r, true), 0, 0, PACER_CONCURRENT));
	r.model_id = STR("some/model:free");
	assert_int_equal(pacer_limits(p, &r, true).rpm, PACER_FREE_RPM);
	r.is_local = true;
	assert_true(are(pacer_limits(p, &r, false), 0, 0, 0));
	r = (struct route){.provider = STR("x"), .is_in_catalog = true, .model.has_price = true};
	assert_int_equal(pacer_limits(p, &r, true).rpm, PACER_FREE_RPM);
	pacer_suppose(p, 64);
	assert_int_equal(pacer_limits(p, &r, true).concurrent, 64);
	r.is_local = true;
	assert_int_equal(pacer_limits(p, &r, true).concurrent, 0);
	pacer_free(p);
	loop_free(loop);
}

static void test_limits_that_somebody_says(void **)
{
	const struct rate_wish wishes[] = {
		{.concurrent = 9},
		{.name = STR("openai/small"), .rpm = 5, .concurrent = 1},
		{.name = STR("openai"), .rpm = 7, .tpm = 8, .concurrent = 2},
	};
	struct loop *loop = loop_new(&(struct err){0});
	struct pacer *p = pacer_new(loop, NULL, wishes, 3);
	struct route r = {.provider = STR("openai"), .name = STR("openai/large")};
	struct pace_limits l = pacer_limits(p, &r, true);

	assert_true(are(l, 7, 8, 9) && l.is_rpm_said && l.is_tpm_said);
	r.name = STR("openai/small");
	assert_true(are(pacer_limits(p, &r, true), 5, 8, 9));
	r.is_local = true;
	assert_true(are(pacer_limits(p, &r, false), 5, 8, 9));
	r = (struct route){.provider = STR("openai2"), .name = STR("openai2/small")};
	l = pacer_limits(p, &r, false);
	assert_true(are(l, 0, PACER_TPM, 9) && !l.is_rpm_said && !l.is_tpm_said);
	pacer_free(p);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_meeting_at_redis),
		cmocka_unit_test(test_nothing_left),
		cmocka_unit_test(test_a_refusal),
		cmocka_unit_test(test_cancelled_while_waiting),
		cmocka_unit_test(test_limits_that_nobody_says),
		cmocka_unit_test(test_limits_that_somebody_says),
	};

	signal(SIGPIPE, SIG_IGN); /* as main does */
	return cmocka_run_group_tests_name("pacer", tests, NULL, NULL);
}
