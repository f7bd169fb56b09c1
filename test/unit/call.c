// SPDX-License-Identifier: MIT
/* The choice of a route, and the parsing of options, as tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/option.h"
#include "call/call.h"

static const char *const *environment;

static const char *lookup(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; environment && environment[i]; i++)
		if (strncmp(environment[i], name, n) == 0 && environment[i][n] == '=')
			return environment[i] + n + 1;
	return NULL;
}

struct route_case {
	const char *model, *base_url;
	const char *const *environment;
	const char *name, *url, *error; /* url NULL: offline; error: part of the sentence */
};

#define ENV(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static const struct route_case routes[] = {
	{NULL, NULL, ENV(), "offline/extract", NULL, NULL},
	{NULL, NULL, ENV("ANTHROPIC_API_KEY="), "offline/extract", NULL, NULL},
	{NULL, NULL, ENV("ANTHROPIC_API_KEY=k"), "anthropic/claude-sonnet-5-5",
		"https://api.anthropic.com/v1/messages", NULL},
	{NULL, NULL, ENV("ANTHROPIC_AUTH_TOKEN=t"), "anthropic/claude-sonnet-5-5",
		"https://api.anthropic.com/v1/messages", NULL},
	{"anthropic/x", NULL, ENV("ANTHROPIC_AUTH_TOKEN=a b"), NULL, NULL,
		"ANTHROPIC_AUTH_TOKEN: not a key"},
	{NULL, NULL, ENV("OPENAI_API_KEY=k"), "openai/gpt-6.1-terra",
		"https://api.openai.com/v1/chat/completions", NULL},
	{NULL, NULL, ENV("OPENAI_API_KEY=k", "ANTHROPIC_API_KEY=k"), "anthropic/claude-sonnet-5-5",
		"https://api.anthropic.com/v1/messages", NULL},
	{NULL, NULL, ENV("OPENAI_BASE_URL=http://localhost:8080/v1"), "openai/gpt-6.1-terra",
		"http://localhost:8080/v1/chat/completions", NULL},
	{"openai/qwen", "http://127.0.0.1:8080", ENV(), "openai/qwen",
		"http://127.0.0.1:8080/v1/chat/completions", NULL},
	{"openai/qwen", "http://127.0.0.1:8080/", ENV(), "openai/qwen",
		"http://127.0.0.1:8080/v1/chat/completions", NULL},
	{"openai/a/b", "http://h/api/v3", ENV(), "openai/a/b", "http://h/api/v3/chat/completions",
		NULL},
	{"anthropic/x", "http://h/v1", ENV(), "anthropic/x", "http://h/v1/messages", NULL},
	{"anthropic/x", "http://h/v1/", ENV(), "anthropic/x", "http://h/v1/messages", NULL},
	{"anthropic/x", "http://h", ENV("ANTHROPIC_BASE_URL=http://other"), "anthropic/x",
		"http://h/v1/messages", NULL},
	{"claude-opus-5-5", NULL, ENV("ANTHROPIC_API_KEY=k"), "anthropic/claude-opus-5-5",
		"https://api.anthropic.com/v1/messages", NULL},
	{"offline", NULL, ENV("ANTHROPIC_API_KEY=k"), "offline/extract", NULL, NULL},
	{"offline/extract", NULL, ENV(), "offline/extract", NULL, NULL},
	{"anthropic/x", NULL, ENV(), NULL, NULL, "needs ANTHROPIC_API_KEY"},
	{"openai/x", NULL, ENV("ANTHROPIC_API_KEY=k"), NULL, NULL, "needs OPENAI_API_KEY"},
	{"nobody/x", NULL, ENV(), NULL, NULL, "unknown provider nobody"},
	{"nothing", NULL, ENV(), NULL, NULL, "not in the catalogue"},
	{NULL, NULL, ENV("OPENROUTER_API_KEY=k"), "openrouter/qwen/qwen3.8-max-0902",
		"https://openrouter.ai/api/v1/chat/completions", NULL},
	{"openrouter/a/b:free", NULL, ENV("OPENROUTER_API_KEY=k"), "openrouter/a/b:free",
		"https://openrouter.ai/api/v1/chat/completions", NULL},
	{NULL, NULL, ENV("GEMINI_API_KEY=k", "OLLAMA_HOST=h"), "gemini/gemini-3.8-flash",
		"https://generativelanguage.googleapis.com/v1beta/openai/chat/completions", NULL},
	{"gemini-4-argon", NULL, ENV("GEMINI_API_KEY=k"), "gemini/gemini-4-argon",
		"https://generativelanguage.googleapis.com/v1beta/openai/chat/completions", NULL},
	{"responses/gpt-5.5", NULL, ENV("OPENAI_API_KEY=k"), "responses/gpt-5.5",
		"https://api.openai.com/v1/responses", NULL},
	{"responses/x", "http://h", ENV(), "responses/x", "http://h/v1/responses", NULL},
	{"deepseek/x", NULL, ENV("DEEPSEEK_API_KEY=k"), "deepseek/x",
		"https://api.deepseek.com/v1/chat/completions", NULL},
	{"ollama/qwen3:8b", NULL, ENV(), "ollama/qwen3:8b", "http://127.0.0.1:11434/api/chat",
		NULL},
	{"ollama/q", NULL, ENV("OLLAMA_HOST=0.0.0.0"), "ollama/q",
		"http://127.0.0.1:11434/api/chat", NULL},
	{"ollama/q", NULL, ENV("OLLAMA_HOST=:99"), "ollama/q", "http://127.0.0.1:99/api/chat",
		NULL},
	{"ollama/q", NULL, ENV("OLLAMA_HOST=box:11435"), "ollama/q", "http://box:11435/api/chat",
		NULL},
	{"ollama/q", NULL, ENV("OLLAMA_HOST=https://box/ollama/"), "ollama/q",
		"https://box/ollama/api/chat", NULL},
	{"ollama/q", "http://h:1/v1", ENV(), "ollama/q", "http://h:1/api/chat", NULL},
	{NULL, NULL, ENV("OLLAMA_HOST=box"), "offline/extract", NULL, NULL},
	{"llamacpp/x", NULL, ENV(), "llamacpp/x", "http://127.0.0.1:8080/v1/chat/completions",
		NULL},
	{"vllm/x", NULL, ENV("VLLM_BASE_URL=http://gpu:8000"), "vllm/x",
		"http://gpu:8000/v1/chat/completions", NULL},
	{"lmstudio/x", NULL, ENV(), "lmstudio/x", "http://127.0.0.1:1234/v1/chat/completions",
		NULL},
	{"groq/x", NULL, ENV(), NULL, NULL, "needs GROQ_API_KEY"},
	{"gemini/x", NULL, ENV("OPENAI_API_KEY=k"), NULL, NULL, "needs GEMINI_API_KEY"},
	{"nobody/x", NULL, ENV(), NULL, NULL, "openrouter, gemini, responses"},
	{"openai/", NULL, ENV("OPENAI_API_KEY=k"), NULL, NULL, "no model named"},
	{"", NULL, ENV(), NULL, NULL, "not in the catalogue"},
	{NULL, "http://h", ENV(), NULL, NULL, "--base-url needs --model"},
	{"openai/x", "ftp://h", ENV(), NULL, NULL, "must begin with http"},
	{"openai/x", "http://", ENV(), NULL, NULL, "no host"},
	{"openai/x", "http://user:pass@h", ENV(), NULL, NULL, "may not hold"},
	{"openai/x", "http://h/v1?key=secret", ENV(), NULL, NULL, "may not hold"},
	{NULL, NULL, ENV("OPENAI_API_KEY=k", "ANTHROPIC_BASE_URL=http://h"), "openai/gpt-6.1-terra",
		"https://api.openai.com/v1/chat/completions", NULL},
	{"openai/x", NULL, ENV("OPENAI_API_KEY=a b"), NULL, NULL, "not a key"},
	{"openai/x", NULL, ENV("OPENAI_API_KEY=a\nx-evil: 1"), NULL, NULL, "not a key"},
};

static void test_routes(void **)
{
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		const struct route_case *c = &routes[i];
		struct route_wish wish = {c->model, c->base_url, lookup};
		struct arena a = {0};
		struct route route;
		struct err e = {0};

		environment = c->environment;
		bool ok = route_choose(&wish, &a, &route, &e);
		if (c->error) {
			if (ok || !strstr(e.text, c->error))
				fail_msg("case %zu: %s", i, ok ? "chosen" : e.text);
			assert_int_equal(e.code, ERR_USAGE);
		} else {
			if (!ok)
				fail_msg("case %zu: %s", i, e.text);
			assert_true(str_is(route.name, c->name));
			if (c->url)
				assert_string_equal(route.url, c->url);
			else
				assert_null(route.wire);
			assert_true(route.why[0]);
		}
		arena_release(&a);
	}
}

static void test_versions(void **)
{
	static const struct {
		const char *model, *version;
		bool is_good;
	} cases[] = {{"anthropic/x", "2026-10-21", true}, {"anthropic/x", "2023-06-01", true},
		{"anthropic/x", "2023-6-1", false}, {"anthropic/x", "", false},
		{"anthropic/x", "2023-06-01\r\nx: y", false}, {"openai/x", "2026-10-21", false},
		{"offline", "2026-10-21", false}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct route_wish wish = {cases[i].model, NULL, lookup};
		AUTO(arena) a = {0};
		struct route route;
		struct err e = {0};
		environment = ENV("ANTHROPIC_API_KEY=k", "OPENAI_API_KEY=k");
		assert_true(route_choose(&wish, &a, &route, &e));
		assert_false(route.bearer);
		assert_int_equal(route_set_version(&route, str_from(cases[i].version), &e),
			cases[i].is_good);
		assert_true(str_is(route.api_version, cases[i].is_good ? cases[i].version : ""));
	}
}

static void test_urls_of_other_questions(void **)
{
	static const struct {
		const char *model, *base, *path, *url;
	} cases[] = {
		{"anthropic/x", "http://h/v1", "/v1/models", "http://h/v1/models"},
		{"openai/x", "http://h/api/v3", "/models", "http://h/api/v3/models"},
		{"ollama/x", "http://h:1/sub", "/api/tags", "http://h:1/sub/api/tags"},
		{"responses/x", "http://h", "/embeddings", "http://h/v1/embeddings"},
		{"openai/x", "http://h", "/chat/completions", "http://h/v1/chat/completions"},
	};

	environment = NULL;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct route_wish wish = {cases[i].model, cases[i].base, lookup};
		AUTO(arena) a = {0};
		struct route route;
		struct err e = {0};
		assert_true(route_choose(&wish, &a, &route, &e));
		assert_string_equal(route_url(&route, cases[i].path, &a), cases[i].url);
	}
}

static struct route choose(const struct route_wish *wish, struct arena *a)
{
	struct route route;
	struct err e;

	if (!route_choose(wish, a, &route, &e))
		fail_msg("%s", e.text);
	return route;
}

static void test_wishes_of_providers(void **)
{
	struct header headers[] = {{"x-a", STR("b")}, {0}};
	struct provider_wish own[] = {{.name = STR("anthropic"),
					      .key = "file-key",
					      .key_name = "f:1",
					      .base_url = "http://file",
					      .api_version = STR("2026-10-21"),
					      .bearer = BEARER_YES,
					      .headers = headers},
		{.name = STR("my-box"), .base_url = "box:99", .bearer = BEARER_NO}};
	struct route_wish wish = {.environment = lookup, .providers = own, .provider_count = 2};
	AUTO(arena) a = {0};

	environment = ENV();
	struct route r = choose(&wish, &a);
	assert_true(str_is(r.name, "anthropic/claude-sonnet-5-5") && str_is(r.key, "file-key"));
	assert_string_equal(r.why, "f:1 is set");
	assert_string_equal(r.url, "http://file/v1/messages");
	assert_true(r.bearer && str_is(r.api_version, "2026-10-21"));
	assert_true(str_is(r.headers[0].value, "b"));
	environment = ENV("ANTHROPIC_API_KEY=env-key", "ANTHROPIC_BASE_URL=http://env");
	r = choose(&wish, &a);
	assert_true(str_is(r.key, "env-key"));
	assert_string_equal(r.url, "http://env/v1/messages");
	wish.model = "my-box/m/1";
	r = choose(&wish, &a);
	assert_true(str_is(r.model_id, "m/1") && r.key.n == 0);
	assert_string_equal(r.url, "http://box:99/v1/chat/completions");
	assert_string_equal(r.wire->key_header, "api-key");
	environment = ENV("MY_BOX_API_KEY=k", "MY_BOX_BASE_URL=http://other/v2");
	r = choose(&wish, &a);
	assert_true(str_is(r.key, "k"));
	assert_string_equal(r.url, "http://other/v2/chat/completions");
}

static void test_wishes_of_models(void **)
{
	struct model_wish models[] = {
		{STR("openai/gpt-5.5"), .context_tokens = 5, .effort = STR("high")}};
	struct route_wish wish = {.environment = lookup,
		.model = "gpt-5.5",
		.models = models,
		.model_count = 1,
		.usual = {.max_output_tokens = 7, .effort = STR("low")}};
	struct prompt prompt = {.max_output_tokens = 9, .effort = STR("")};
	AUTO(arena) a = {0};

	environment = ENV("OPENAI_API_KEY=k");
	struct route r = choose(&wish, &a);
	route_address(&r, &prompt);
	assert_int_equal(prompt.context_tokens, 5);
	assert_int_equal(prompt.max_output_tokens, 7);
	assert_true(str_is(prompt.effort, "high"));
	wish.firm.effort = STR("none");
	r = choose(&wish, &a);
	assert_true(str_is(r.effort, "none"));
	wish.model = "gpt-5.4";
	wish.firm.effort = (struct str){0};
	r = choose(&wish, &a);
	assert_true(str_is(r.effort, "low") && r.model.context_tokens == 1'050'000);
}

/* Of the table's models each is in the catalogue: its price would be unknown otherwise. */
static void note_provider(void *count, const char *name, const char *key, const char *base)
{
	for (enum model_size size = SIZE_USUAL; size < SIZE_COUNT; size++) {
		struct route_wish wish = {.environment = lookup, .size = size};
		AUTO(arena) a = {0};
		char variable[80];
		snprintf(variable, sizeof variable, "%s=k", key);
		environment = ENV(variable);
		struct route r = choose(&wish, &a);
		assert_true(base[0] &&
			    (str_is(r.provider, name) || !r.wire || !strcmp(name, "responses")));
		assert_true(!r.wire || r.is_in_catalog);
		*(int *)count += r.wire != NULL;
	}
}

static void test_sizes(void **)
{
	int count = 0;

	route_each_provider(note_provider, &count);
	assert_int_equal(count, 3 * 6 + 2 * 3);
}

static const struct option table[] = {
	{"model", 'm', "NAME", ""},
	{"quiet", 'q', NULL, ""},
	{"verbose", 'v', NULL, ""},
	{"max-turns", 0, "N", ""},
	{0},
};

static bool parse(const char *const *words, struct arena *a, struct options *out, struct err *e)
{
	int n = 0;

	while (words[n])
		n++;
	return options_parse(table, n, (char *const *)words, a, out, e);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void test_options(void **)
{
	struct arena a = {0};
	struct options o;
	struct err e = {0};

	assert_true(parse(WORDS(), &a, &o, &e));
	assert_int_equal(o.operand_count, 0);
	assert_true(parse(WORDS("-qvm", "x", "task", "--model=y", "-"), &a, &o, &e));
	assert_string_equal(options_value(&o, "model"), "y");
	assert_string_equal(options_nth(&o, "model", 0), "x");
	assert_string_equal(options_nth(&o, "model", 1), "y");
	assert_null(options_nth(&o, "model", 2));
	assert_null(options_nth(&o, "max-turns", 0));
	assert_true(options_has(&o, "quiet") && options_has(&o, "verbose"));
	assert_int_equal(o.operand_count, 2);
	assert_string_equal(o.operands[1], "-");
	assert_true(parse(WORDS("-mx", "--", "-q", "--model"), &a, &o, &e));
	assert_string_equal(options_value(&o, "model"), "x");
	assert_false(options_has(&o, "quiet"));
	assert_int_equal(o.literal_from, 0);
	assert_int_equal(o.operand_count, 2);
	assert_true(parse(WORDS("--model="), &a, &o, &e));
	assert_string_equal(options_value(&o, "model"), "");
	arena_release(&a);
}

static void test_wrong_options(void **)
{
	static const struct {
		const char *words[3];
		const char *error;
	} cases[] = {
		{{"--modle", "x"}, "did you mean --model?"},
		{{"--xyzzy"}, "unknown option --xyzzy"},
		{{"--model"}, "needs a value"},
		{{"-m"}, "needs a value"},
		{{"-x"}, "unknown option -x"},
		{{"-qx"}, "unknown option -x"},
		{{"--quiet=1"}, "takes no value"},
		{{"--="}, "unknown option --"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena a = {0};
		struct options o;
		struct err e = {0};
		assert_false(parse(cases[i].words, &a, &o, &e));
		assert_int_equal(e.code, ERR_USAGE);
		if (!strstr(e.text, cases[i].error))
			fail_msg("%s", e.text);
		arena_release(&a);
	}
}

static void test_integers(void **)
{
	static const struct {
		const char *word;
		bool is_good;
	} cases[] = {{"5", true}, {"0", false}, {"-1", false}, {"", false}, {"5x", false},
		{"1e3", false}, {"99999999999999999999", false}, {"9223372036854775807", true}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena a = {0};
		struct options o;
		struct err e = {0};
		int64_t n;
		assert_true(parse(WORDS("--max-turns", cases[i].word), &a, &o, &e));
		assert_int_equal(options_int(&o, "max-turns", 1, 7, &n, &e), cases[i].is_good);
		arena_release(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_urls_of_other_questions),
		cmocka_unit_test(test_wishes_of_providers),
		cmocka_unit_test(test_wishes_of_models),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_wrong_options),
		cmocka_unit_test(test_integers),
	};

	return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
