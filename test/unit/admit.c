// SPDX-License-Identifier: MIT
/* admit: calls within a budget, with the scripted provider on the same loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "call/budget_inside.h"
#include "call/call.h"
#include "call/ledger.h"
#include "cmd/mock.h"

enum { CALLS = 40 };

struct one {
	struct stage *stage;
	struct call *call;
	int ends, attempts;
	enum err_code code;
	char text[400];
	const char *reason;
	int64_t cost, input, output;
};

struct stage {
	struct loop *loop;
	struct http_client *http;
	struct mock *mock;
	struct budget *budget;
	struct ledger *ledger;
	struct ledger_who who;
	char directory[64];
	struct call_world world;
	struct arena arena;
	struct route route, dear;
	struct one calls[CALLS];
	size_t started, ended;
	bool is_done, is_reserved;
};

static const char *no_environment(const char *)
{
	return NULL;
}

static void choose(struct stage *s, const char *model, int port, struct route *out)
{
	struct err e = {0};
	char url[64];

	snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
	struct route_wish to = {model, arena_text(&s->arena, str_from(url)), no_environment, NULL};
	if (!route_choose(&to, &s->arena, out, &e))
		fail_msg("%s", e.text);
}

static void open_stage(struct stage *s, const char *script, int64_t nanousd, int64_t tokens)
{
	struct err e = {0};
	int port = 0;

	*s = (struct stage){0};
	s->loop = loop_new(&e);
	s->http = http_client_new(s->loop);
	if (!mock_start(s->loop, str_from(script), "script", 0, -1, &s->mock, &port, &e))
		fail_msg("%s", e.text);
	s->budget = budget_new(NULL, &(struct budget_limits){.most = {nanousd, tokens},
					     .cost_name = "the cost",
					     .tokens_name = "the tokens"});
	snprintf(s->directory, sizeof s->directory, "/tmp/fettle-admit-XXXXXX");
	assert_non_null(mkdtemp(s->directory));
	s->ledger = ledger_new(s->directory, NULL, NULL);
	s->who.run_id = STR("r");
	s->world = (struct call_world){.loop = s->loop,
		.http = s->http,
		.retry = {2, 60'000},
		.budget = s->budget,
		.ledger = s->ledger,
		.who = &s->who};
	choose(s, "anthropic/claude-sonnet-5-5", port, &s->route);
	choose(s, "openai/gpt-x", port, &s->dear);
}

/* The whole of the ledger, and nothing of it stays. */
static void take_ledger(struct stage *s, struct buf *out)
{
	DIR *d = opendir(s->directory);
	struct err e;

	assert_non_null(d);
	for (struct dirent *entry; (entry = readdir(d));)
		if (str_ends(str_from(entry->d_name), STR(".jsonl"))) {
			assert_true(file_read(dirfd(d), entry->d_name, 1 << 20, out, &e));
			unlinkat(dirfd(d), entry->d_name, 0);
		}
	closedir(d);
}

static void close_stage(struct stage *s)
{
	AUTO(buf) rest = {0};

	assert_int_equal(s->started, s->ended);
	budget_free(s->budget); /* which checks that nothing is reserved */
	ledger_free(s->ledger);
	take_ledger(s, &rest);
	assert_int_equal(rmdir(s->directory), 0);
	http_client_free(s->http);
	mock_free(s->mock);
	loop_free(s->loop);
	arena_release(&s->arena);
}

static void take_delta(void *, const struct delta *)
{
}

static void ended(void *self, const struct call_result *result)
{
	struct one *one = self;
	struct stage *s = one->stage;

	one->ends++;
	one->call = NULL;
	one->attempts = result->attempts;
	one->code = result->error ? result->error->code : ERR_NONE;
	snprintf(one->text, sizeof one->text, "%s", result->error ? result->error->text : "");
	one->reason = result->reason;
	one->cost = result->cost_nanousd;
	one->input = result->usage.input;
	one->output = result->usage.output;
	s->ended++;
	s->is_done = s->ended == s->started;
}

static struct one *start(struct stage *s, const struct route *route)
{
	static struct block block = {.kind = BLOCK_TEXT, .text = STR("hello")};
	static struct message message = {.role = ROLE_USER, .blocks = &block, .block_count = 1};
	static const struct prompt prompt = {.messages = &message,
		.message_count = 1,
		.max_output_tokens = 1000,
		.stream = true};
	struct one *one = &s->calls[s->started++];

	one->stage = s;
	s->is_done = false;
	one->call = call_start(&s->world, route, &prompt,
		&(struct call_sink){.delta = take_delta, .end = ended, .self = one});
	return one;
}

#define REPLY \
	"{\"times\":0,\"reply\":{\"text\":\"ok\",\"delay_ms\":5," \
	"\"usage\":{\"input\":1000,\"output\":100}}}"

/* Of many calls at once as many go as fit, in the end; none of them twice. */
static void test_parallel_calls_stay_within_it(void **)
{
	struct stage s;
	size_t good = 0;
	int64_t sum = 0;

	/* Each reserves 1,000 tokens of answer and few of question, and takes 1,100. */
	open_stage(&s, "{\"replies\":[" REPLY "]}", -1, 12'000);
	for (int i = 0; i < CALLS; i++)
		start(&s, &s.route);
	loop_run(s.loop, &s.is_done);
	for (int i = 0; i < CALLS; i++) {
		assert_int_equal(s.calls[i].ends, 1);
		if (s.calls[i].code) {
			assert_int_equal(s.calls[i].code, ERR_BUDGET);
			assert_int_equal(s.calls[i].attempts, 0);
			assert_int_equal(s.calls[i].cost, 0);
			assert_string_equal(s.calls[i].reason, "budget");
			continue;
		}
		good++;
		sum += s.calls[i].input + s.calls[i].output;
	}
	assert_in_range(good, 10, 11);
	assert_int_equal(budget_spent(s.budget).tokens, sum);
	assert_true(sum <= 12'000 + (int64_t)good * 1'000);
	assert_true(budget_is_used_up(s.budget));
	close_stage(&s);
}

static void test_failed_attempts_give_back_what_they_had(void **)
{
	struct stage s;
	AUTO(buf) ledger = {0};

	open_stage(&s,
		"{\"replies\":[{\"reply\":{\"status\":529,\"headers\":{\"retry-after-ms\":\"1\"}}},"
		"{\"reply\":{\"status\":429,\"headers\":{\"retry-after-ms\":\"1\"}}}," REPLY "]}",
		30'000'000, 1'100);
	start(&s, &s.route);
	loop_run(s.loop, &s.is_done);
	assert_int_equal(s.calls[0].code, ERR_NONE);
	assert_int_equal(s.calls[0].attempts, 3);
	assert_int_equal(budget_spent(s.budget).tokens, 1'100);
	assert_int_equal(budget_spent(s.budget).nanousd, s.calls[0].cost);
	/* One line, of the call. */
	take_ledger(&s, &ledger);
	assert_int_equal(str_find_char(buf_str(&ledger), '\n', 0), ledger.n - 1);
	assert_int_equal(
		json_int_or(json_get(buf_str(&ledger), "cost_nanousd"), -1), s.calls[0].cost);
	assert_int_equal(json_int_or(json_get(buf_str(&ledger), "input"), -1), 1'000);
	assert_int_equal(json_int_or(json_get(buf_str(&ledger), "output"), -1), 100);
	assert_true(json_text_is(json_get(buf_str(&ledger), "outcome"), "ok"));
	close_stage(&s);
}

static void look(void *self)
{
	struct stage *s = self;

	s->is_reserved = budget_left(s->budget).tokens < 1'200;
	if (!s->is_reserved)
		loop_after(s->loop, 1, look, s);
}

static void test_who_waits_can_be_cancelled(void **)
{
	struct stage s;

	open_stage(&s,
		"{\"replies\":[{\"times\":0,\"reply\":{\"text\":\"ok\",\"delay_ms\":100,"
		"\"usage\":{\"input\":10,\"output\":10}}}]}",
		-1, 1'200);
	start(&s, &s.route);
	struct one *waiting = start(&s, &s.route), *last = start(&s, &s.route);
	/* The first is on its way then, and the others stand in line. */
	loop_after(s.loop, 0, look, &s);
	loop_run(s.loop, &s.is_reserved);
	call_cancel(waiting->call);
	call_cancel(waiting->call);
	loop_run(s.loop, &s.is_done);
	assert_int_equal(waiting->code, ERR_CANCELLED);
	assert_int_equal(waiting->ends, 1);
	assert_int_equal(waiting->attempts, 0);
	assert_int_equal(last->code, ERR_NONE);
	assert_int_equal(budget_spent(s.budget).tokens, 40);
	close_stage(&s);
}

static void test_an_unknown_price_is_refused_in_time(void **)
{
	struct stage s;

	open_stage(&s, "{\"replies\":[" REPLY "]}", 1'000'000'000, -1);
	s.dear.is_local = false;
	assert_false(route_has_price(&s.dear));
	assert_true(route_has_price(&s.route));
	start(&s, &s.dear);
	loop_run(s.loop, &s.is_done);
	assert_int_equal(s.calls[0].code, ERR_BUDGET);
	assert_string_equal(s.calls[0].text,
		"nobody knows what openai/gpt-x costs, so the cost cannot be kept");
	/* The fallback of a known one is refused when it is come to, and not before. */
	s.route.fallback = &s.dear;
	start(&s, &s.route);
	loop_run(s.loop, &s.is_done);
	assert_int_equal(s.calls[1].code, ERR_NONE);
	/* What runs here costs nothing. */
	s.dear.is_local = true;
	start(&s, &s.dear);
	loop_run(s.loop, &s.is_done);
	assert_int_equal(s.calls[2].code, ERR_NONE);
	assert_int_equal(budget_spent(s.budget).nanousd, s.calls[1].cost);
	assert_int_equal(budget_spent(s.budget).tokens, 2'200);
	close_stage(&s);
}

static void test_a_fallback_has_its_own_price(void **)
{
	struct stage s;

	open_stage(&s,
		"{\"replies\":[{\"match\":{\"wire\":\"anthropic\"},\"reply\":{\"status\":401}},"
		"{\"reply\":{\"text\":\"ok\",\"usage\":{\"input\":1000,\"output\":100}}}]}",
		-1, 5'000);
	s.route.fallback = &s.dear;
	s.dear.is_local = false;
	start(&s, &s.route);
	loop_run(s.loop, &s.is_done);
	/* Without a limit of cost nobody asks what it is. */
	assert_int_equal(s.calls[0].code, ERR_NONE);
	assert_int_equal(s.calls[0].cost, -1);
	assert_int_equal(budget_spent(s.budget).nanousd, 0);
	assert_int_equal(budget_spent(s.budget).tokens, 1'100);
	close_stage(&s);
}

/* An answer that breaks off, or does not tell what it took, counts as what was expected. */
static void test_what_nobody_tells_is_estimated(void **)
{
	struct stage s;
	AUTO(buf) ledger = {0};

	open_stage(&s,
		"{\"replies\":[{\"match\":{\"wire\":\"openai\"},\"reply\":{\"text\":[\"a\",\"b\"],"
		"\"cut_after_deltas\":1}}]}",
		-1, 100'000);
	s.dear.model.has_price = true;
	s.dear.model.price = (struct price){.input = 1'000'000, .output = 1'000'000};
	start(&s, &s.dear);
	loop_run(s.loop, &s.is_done);
	assert_int_not_equal(s.calls[0].code, ERR_NONE);
	int64_t spent = budget_spent(s.budget).nanousd;
	assert_true(spent >= 1'000'000 && spent < 1'200'000);
	take_ledger(&s, &ledger);
	assert_int_equal(json_int_or(json_get(buf_str(&ledger), "estimated_nanousd"), -1), spent);
	assert_int_equal(json_type(json_get(buf_str(&ledger), "cost_nanousd")), JSON_NONE);
	assert_true(json_text_is(json_get(buf_str(&ledger), "outcome"), "network") ||
		    json_text_is(json_get(buf_str(&ledger), "outcome"), "provider"));
	close_stage(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parallel_calls_stay_within_it),
		cmocka_unit_test(test_failed_attempts_give_back_what_they_had),
		cmocka_unit_test(test_who_waits_can_be_cancelled),
		cmocka_unit_test(test_an_unknown_price_is_refused_in_time),
		cmocka_unit_test(test_a_fallback_has_its_own_price),
		cmocka_unit_test(test_what_nobody_tells_is_estimated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
