// SPDX-License-Identifier: MIT
/* errand: vectors and lists over the walk of a call, with the scripted provider on the same loop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "call/embed.h"
#include "call/list.h"
#include "cmd/mock.h"

struct stage {
	struct loop *loop;
	struct http_client *http;
	struct mock *mock;
	struct call_world world;
	struct arena arena;
	char url[64];
	/* What came of it. */
	bool is_done;
	int ends, retries, attempts;
	struct err error;
	struct buf seen; /* ids, or the vectors' count and length */
	struct str answered; /* name of the route */
};

static void open_stage(struct stage *s, const char *script)
{
	struct err e = {0};
	int port = 0;

	*s = (struct stage){0};
	s->loop = loop_new(&e);
	s->http = http_client_new(s->loop);
	if (!mock_start(s->loop, str_from(script), "script", 0, -1, &s->mock, &port, &e))
		fail_msg("%s", e.text);
	snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", port);
	s->world = (struct call_world){s->loop, s->http, {2, 1'000}};
}

static void close_stage(struct stage *s)
{
	http_client_free(s->http);
	mock_free(s->mock);
	loop_free(s->loop);
	arena_release(&s->arena);
	buf_release(&s->seen);
}

static const char *no_environment(const char *)
{
	return NULL;
}

static struct route route_to(struct stage *s, const char *model)
{
	struct route_wish wish = {model, s->url, no_environment, NULL};
	struct route route;
	struct err e = {0};

	if (!route_choose(&wish, &s->arena, &route, &e))
		fail_msg("%s", e.text);
	return route;
}

static void take_result(struct stage *s, const struct call_result *result)
{
	s->ends++;
	s->is_done = true;
	s->attempts = result->attempts;
	if (result->error)
		s->error = *result->error;
}

static void got_list(void *self, const struct call_result *result, const struct model_list *list)
{
	struct stage *s = self;

	assert_int_equal(list == NULL, result->error != NULL);
	for (size_t i = 0; list && i < list->count; i++)
		buf_printf(&s->seen, "%.*s:%lld ", STR_ARG(list->models[i].id),
			(long long)list->models[i].context_tokens);
	take_result(s, result);
}

static void got_retry(void *self, const struct call_retry *)
{
	((struct stage *)self)->retries++;
}

static void got_vectors(
	void *self, const struct call_result *result, const struct embeddings *vectors)
{
	struct stage *s = self;

	assert_int_equal(vectors == NULL, result->error != NULL);
	if (vectors)
		buf_printf(&s->seen, "%zux%zu %lld tokens", vectors->count, vectors->dimensions,
			(long long)result->usage.input);
	s->answered = arena_copy(&s->arena, result->route->name);
	take_result(s, result);
}

static void list(struct stage *s, const struct route *route, int64_t deadline_ms)
{
	s->is_done = false;
	(void)!list_start(&s->world, route, deadline_ms, &(struct list_sink){got_list, s});
	loop_run(s->loop, &s->is_done);
	assert_int_equal(s->ends, 1);
}

static void embed(struct stage *s, const struct route *route)
{
	static const struct str texts[] = {STR("one two"), STR("three")};
	struct embed_request q = {.texts = texts, .text_count = 2};

	s->is_done = false;
	(void)!embed_start(&s->world, route, &q, &(struct embed_sink){got_retry, got_vectors, s});
	loop_run(s->loop, &s->is_done);
	assert_int_equal(s->ends, 1);
}

/* ---- lists ---- */

static const char two_models[] = "{\"models\":[{\"id\":\"a\",\"context_tokens\":7},{\"id\":\"b\"}],"
				 "\"replies\":[]}";

static void test_lists_of_every_wire(void **)
{
	static const char *const models[] = {"anthropic/x", "openai/x", "responses/x", "ollama/x",
		"gemini/x", "openrouter/x", "llamacpp/x"};

	for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
		struct stage s;
		open_stage(&s, two_models);
		struct route route = route_to(&s, models[i]);
		list(&s, &route, 5'000);
		assert_string_equal(s.error.text, "");
		assert_string_equal(buf_text(&s.seen), "a:7 b:0 ");
		close_stage(&s);
	}
}

static void test_pages_are_joined(void **)
{
	struct stage s;

	open_stage(&s,
		"{\"replies\":[{\"match\":{\"path\":\"/v1/models\"},\"reply\":{\"raw\":\"{"
		"\\\"data\\\":[{\\\"id\\\":\\\"z\\\"},{\\\"id\\\":\\\"a\\\"}],\\\"has_more\\\":true,"
		"\\\"last_id\\\":\\\"a\\\"}\"}}],"
		"\"models\":[{\"id\":\"a\"},{\"id\":\"b\",\"context_tokens\":3}]}");
	struct route route = route_to(&s, "anthropic/x");
	list(&s, &route, 0);
	assert_string_equal(s.error.text, "");
	assert_string_equal(buf_text(&s.seen), "z:0 a:0 b:3 ");
	close_stage(&s);
}

static void test_pages_without_end(void **)
{
	struct stage s;

	open_stage(&s,
		"{\"replies\":[{\"times\":0,\"match\":{\"path\":\"/v1/models\"},\"reply\":{\"raw\":"
		"\"{\\\"data\\\":[{\\\"id\\\":\\\"a\\\"}],\\\"has_more\\\":true,\\\"last_id\\\":"
		"\\\"a\\\"}\"}}]}");
	struct route route = route_to(&s, "anthropic/x");
	list(&s, &route, 0);
	assert_int_equal(s.error.code, ERR_PROVIDER);
	assert_non_null(strstr(s.error.text, "does not end"));
	close_stage(&s);
}

static void test_lists_that_fail(void **)
{
	static const struct {
		const char *reply;
		enum err_code code;
		int attempts;
		const char *why;
	} cases[] = {
		{"{\"status\":401,\"error\":{\"message\":\"who?\"}}", ERR_PROVIDER, 1, "who?"},
		{"{\"status\":503,\"headers\":{\"retry-after-ms\":\"1\"}}", ERR_PROVIDER, 3, "503"},
		{"{\"close_before_head\":true}", ERR_NETWORK, 3, "closed"},
		{"{\"raw\":\"<html>\"}", ERR_PROVIDER, 1, "no JSON"},
		{"{\"raw\":\"{}\"}", ERR_PROVIDER, 1, "no list of models"},
		{"{\"raw\":\"\"}", ERR_PROVIDER, 1, "no JSON"},
		{"{\"cut_after_bytes\":20}", ERR_NETWORK, 3, "closed"},
		{"{\"stall_after_bytes\":20}", ERR_TIMEOUT, 1, "within 0.3 s"},
		{"{\"delay_ms\":9000}", ERR_TIMEOUT, 1, "within 0.3 s"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(buf) script = {0};
		struct stage s;
		buf_printf(&script,
			"{\"replies\":[{\"times\":0,\"match\":{\"path\":\"/v1/models\"},\"reply\":%s}]}",
			cases[i].reply);
		open_stage(&s, buf_text(&script));
		struct route route = route_to(&s, "openai/x");
		route.key = STR("secret-key-1234");
		list(&s, &route, cases[i].code == ERR_TIMEOUT ? 300 : 30'000);
		if (s.error.code != cases[i].code || !strstr(s.error.text, cases[i].why))
			fail_msg("case %zu: %d %s", i, s.error.code, s.error.text);
		assert_int_equal(s.attempts, cases[i].attempts);
		close_stage(&s);
	}
}

static void test_no_list_of_the_offline_model(void **)
{
	struct stage s;
	struct err e;
	struct route route;

	open_stage(&s, "{\"replies\":[]}");
	struct route_wish wish = {"offline", NULL, no_environment, NULL};
	assert_true(route_choose(&wish, &s.arena, &route, &e));
	list(&s, &route, 1'000);
	assert_int_equal(s.error.code, ERR_USAGE);
	close_stage(&s);
}

static void got_window(void *self, const struct call_result *result, int64_t context_tokens)
{
	struct stage *s = self;

	buf_printf(&s->seen, "%lld", (long long)context_tokens);
	take_result(s, result);
}

static void test_window_of_one_model(void **)
{
	static const struct {
		const char *model, *seen;
		enum err_code code;
	} cases[] = {{"ollama/a", "7", ERR_NONE}, {"ollama/b", "0", ERR_NONE},
		{"ollama/none", "0", ERR_PROVIDER}, {"openai/a", "0", ERR_USAGE}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct stage s;
		open_stage(&s, two_models);
		struct route route = route_to(&s, cases[i].model);
		(void)!list_window_start(
			&s.world, &route, &(struct list_window_sink){got_window, &s});
		loop_run(s.loop, &s.is_done);
		assert_int_equal(s.error.code, cases[i].code);
		assert_string_equal(buf_text(&s.seen), cases[i].seen);
		close_stage(&s);
	}
}

struct canceller {
	struct listing *listing;
	struct call *call;
};

static void cancel(void *self)
{
	struct canceller *c = self;

	list_cancel(c->listing);
	list_cancel(c->listing); /* twice is once */
	call_cancel(c->call);
}

static void test_cancel(void **)
{
	static const struct str text = STR("x");
	struct embed_request q = {.texts = &text, .text_count = 1};

	for (int delay_ms = 0; delay_ms < 60; delay_ms += 15)
		for (int is_list = 0; is_list < 2; is_list++) {
			struct stage s;
			open_stage(&s,
				"{\"replies\":[{\"times\":0,\"match\":{\"path\":\"/v1/models\"},"
				"\"reply\":{\"delay_ms\":30,\"stall_after_bytes\":5}},{\"match\":{"
				"\"path\":\"/v1/embeddings\"},\"reply\":{\"delay_ms\":30,"
				"\"stall_after_bytes\":5}}]}");
			struct route route = route_to(&s, "openai/x");
			struct canceller c = {0};
			if (is_list)
				c.listing = list_start(
					&s.world, &route, 0, &(struct list_sink){got_list, &s});
			else
				c.call = embed_start(&s.world, &route, &q,
					&(struct embed_sink){NULL, got_vectors, &s});
			loop_after(s.loop, delay_ms, cancel, &c);
			loop_run(s.loop, &s.is_done);
			assert_int_equal(s.ends, 1);
			assert_int_equal(s.error.code, ERR_CANCELLED);
			close_stage(&s);
		}
}

/* ---- vectors ---- */

static void test_vectors_of_every_wire(void **)
{
	static const char *const models[] = {"openai/x", "responses/x", "ollama/x", "gemini/x",
		"mistral/x", "openrouter/x", "llamacpp/x", "vllm/x", "lmstudio/x"};

	for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
		struct stage s;
		open_stage(&s, "{\"replies\":[],\"dimensions\":5}");
		struct route route = route_to(&s, models[i]);
		embed(&s, &route);
		assert_string_equal(s.error.text, "");
		assert_string_equal(buf_text(&s.seen), "2x5 3 tokens");
		close_stage(&s);
	}
}

static const char busy_once[] =
	"{\"replies\":[{\"match\":{\"path\":\"/v1/embeddings\",\"model\":\"x\"},\"times\":%d,"
	"\"reply\":{\"status\":429,\"headers\":{\"retry-after-ms\":\"1\"}}}]}";

static void test_vectors_are_asked_for_again(void **)
{
	AUTO(buf) script = {0};
	struct stage s;

	buf_printf(&script, busy_once, 2);
	open_stage(&s, buf_text(&script));
	struct route route = route_to(&s, "openai/x");
	embed(&s, &route);
	assert_string_equal(s.error.text, "");
	assert_int_equal(s.retries, 2);
	assert_int_equal(s.attempts, 3);
	close_stage(&s);
}

/* Only where the model is the same one. */
static void test_fallback(void **)
{
	static const struct {
		const char *fallback, *answered;
	} cases[] = {{"openai/y", NULL}, {"ollama/x", "ollama/x"}, {"ollama/y", NULL},
		{"anthropic/x", NULL}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(buf) script = {0};
		struct stage s;
		buf_printf(&script, busy_once, 0);
		open_stage(&s, buf_text(&script));
		struct route route = route_to(&s, "openai/x");
		struct route fallback = route_to(&s, cases[i].fallback);
		route.fallback = &fallback;
		embed(&s, &route);
		assert_int_equal(s.error.code, cases[i].answered ? ERR_NONE : ERR_PROVIDER);
		if (cases[i].answered)
			assert_true(str_is(s.answered, cases[i].answered));
		close_stage(&s);
	}
}

static void test_who_has_no_vectors(void **)
{
	struct stage s;

	open_stage(&s, "{\"replies\":[]}");
	struct route route = route_to(&s, "anthropic/x");
	embed(&s, &route);
	assert_int_equal(s.error.code, ERR_USAGE);
	close_stage(&s);
}

/* ---- answers that arrive oddly ---- */

static const struct {
	const char *model, *path;
	bool is_list;
} questions[] = {
	{"anthropic/x", "/v1/models", true},
	{"openai/x", "/v1/models", true},
	{"ollama/x", "/api/tags", true},
	{"openai/x", "/v1/embeddings", false},
	{"ollama/x", "/api/embed", false},
};

/* True when it was answered; in any case it ends once. */
static bool ask_oddly(size_t question, const char *how)
{
	AUTO(buf) script = {0};
	struct stage s;

	buf_printf(&script,
		"{\"dimensions\":2,\"replies\":[{\"times\":0,\"match\":{\"path\":\"%s\"},"
		"\"reply\":{%s}}]}",
		questions[question].path, how);
	open_stage(&s, buf_text(&script));
	s.world.retry.retries_max = 0;
	struct route route = route_to(&s, questions[question].model);
	if (questions[question].is_list)
		list(&s, &route, 0);
	else
		embed(&s, &route);
	bool is_answered = s.seen.n > 0;
	assert_int_equal(is_answered, s.error.code == ERR_NONE);
	assert_true(is_answered || s.error.code == ERR_NETWORK);
	close_stage(&s);
	return is_answered;
}

static void test_cut_anywhere(void **)
{
	for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
		int cut = 0;
		/* From where the answer ends on, nothing is cut. */
		for (; cut < 1'000; cut += 9) {
			char how[64];
			snprintf(how, sizeof how, "\"cut_after_bytes\":%d", cut);
			if (ask_oddly(i, how))
				break;
		}
		assert_in_range(cut, 60, 999);
		assert_true(ask_oddly(i, "\"byte_by_byte\":true"));
		assert_true(ask_oddly(i, "\"keep_alive\":false"));
		assert_false(ask_oddly(i, "\"close_before_head\":true"));
	}
}

/* ---- versions ---- */

static void drop_delta(void *, const struct delta *)
{
}

static void got_answer(void *self, const struct call_result *result)
{
	take_result(self, result);
}

static const char old_way[] =
	"{\"header\":{\"anthropic-version\":\"2023-06-01\",\"x-api-key\":\"key-12345\","
	"\"authorization\":{\"exists\":false}}}";
static const char new_way[] =
	"{\"header\":{\"anthropic-version\":\"2026-10-21\",\"authorization\":\"Bearer "
	"key-12345\",\"x-api-key\":{\"exists\":false}}}";
static const char token_way[] =
	"{\"header\":{\"anthropic-version\":\"2023-06-01\",\"authorization\":\"Bearer "
	"key-12345\",\"x-api-key\":{\"exists\":false}}}";

/* Of Anthropic's API, for an answer and for a list. */
static void test_versions(void **)
{
	static const struct {
		const char *version, *match;
		bool bearer;
	} cases[] = {{"", old_way, false}, {"2023-06-01", old_way, false},
		{"2026-10-21", new_way, false}, {"2026-10-21", new_way, true},
		{"", token_way, true}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (int is_list = 0; is_list < 2; is_list++) {
			AUTO(buf) script = {0};
			struct stage s;
			struct err e;
			/* A list that is not asked for in this way has no models. */
			buf_printf(&script,
				"{\"models\":[],\"replies\":[{\"match\":%.*s%s},\"reply\":{%s}}]}",
				(int)strlen(cases[i].match) - 1, cases[i].match,
				is_list ? ",\"path\":\"/v1/models\"" : "",
				is_list ? "\"raw\":\"{\\\"data\\\":[{\\\"id\\\":\\\"a\\\"}]}\""
					: "\"text\":\"hi\"");
			open_stage(&s, buf_text(&script));
			struct route route = route_to(&s, "anthropic/x");
			route.key = STR("key-12345");
			route.bearer = cases[i].bearer;
			if (cases[i].version[0])
				assert_true(
					route_set_version(&route, str_from(cases[i].version), &e));
			struct block block = {.kind = BLOCK_TEXT, .text = STR("go")};
			struct message message = {ROLE_USER, &block, 1};
			struct prompt prompt = {.messages = &message,
				.message_count = 1,
				.max_output_tokens = 9,
				.stream = true};
			if (is_list) {
				list(&s, &route, 0);
				assert_string_equal(buf_text(&s.seen), "a:0 ");
			} else {
				(void)!call_start(&s.world, &route, &prompt,
					&(struct call_sink){drop_delta, NULL, got_answer, &s});
				loop_run(s.loop, &s.is_done);
			}
			assert_string_equal(s.error.text, "");
			close_stage(&s);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists_of_every_wire),
		cmocka_unit_test(test_pages_are_joined),
		cmocka_unit_test(test_pages_without_end),
		cmocka_unit_test(test_lists_that_fail),
		cmocka_unit_test(test_no_list_of_the_offline_model),
		cmocka_unit_test(test_window_of_one_model),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_vectors_of_every_wire),
		cmocka_unit_test(test_vectors_are_asked_for_again),
		cmocka_unit_test(test_fallback),
		cmocka_unit_test(test_who_has_no_vectors),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
