// SPDX-License-Identifier: MIT
/* embed: vectors of texts and lists of models as bytes, both ways, whole, cut and wrong. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "llm/embed.h"
#include "llm/list.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct str two_texts[] = {STR("a"), STR("\"b\"\n\xc3\xa9")};
static const struct wire *const speakers[] = {&wire_openai, &wire_responses, &wire_ollama};

/* ---- requests ---- */

static void check_request(const struct wire *wire, const struct embed_request *q, const char *bytes)
{
	AUTO(buf) body = {0};

	embed_put_request(wire, q, &body);
	assert_string_equal(buf_text(&body), bytes);
}

#define TEXTS "\"input\":[\"a\",\"\\\"b\\\"\\n\xc3\xa9\"]}"

static void test_requests(void **)
{
	struct embed_request q = {.model = STR("m"), .texts = two_texts, .text_count = 2};

	check_request(&wire_openai, &q, "{\"model\":\"m\"," TEXTS);
	check_request(&wire_ollama, &q, "{\"model\":\"m\",\"truncate\":false," TEXTS);
	q.is_base64 = q.is_cut = true;
	q.dimensions = 256;
	q.keep_alive = STR("5m");
	check_request(&wire_openai, &q,
		"{\"model\":\"m\",\"dimensions\":256,\"encoding_format\":\"base64\"," TEXTS);
	check_request(&wire_ollama, &q,
		"{\"model\":\"m\",\"dimensions\":256,\"truncate\":true,\"keep_alive\":\"5m\"," TEXTS);
	q.dialect = dialect_find(STR("mistral"));
	q.is_base64 = q.dialect->has_base64;
	check_request(&wire_openai, &q, "{\"model\":\"m\",\"output_dimension\":256," TEXTS);
}

static void test_requests_come_back(void **)
{
	struct embed_request q = {.model = STR("m"),
		.texts = two_texts,
		.text_count = 2,
		.dimensions = 7,
		.keep_alive = STR("")};

	for (size_t i = 0; i < COUNT(speakers); i++)
		for (int flag = 0; flag < 2; flag++) {
			AUTO(arena) a = {0};
			AUTO(buf) body = {0};
			struct embed_request back;
			struct err e;
			bool is_ollama = speakers[i] == &wire_ollama;
			q.is_base64 = flag && !is_ollama;
			q.is_cut = flag && is_ollama;
			embed_put_request(speakers[i], &q, &body);
			assert_true(embed_get_request(speakers[i], buf_str(&body), &a, &back, &e));
			assert_true(str_eq(back.model, q.model));
			assert_int_equal(back.text_count, 2);
			assert_true(str_eq(back.texts[1], two_texts[1]));
			assert_int_equal(back.dimensions, 7);
			assert_int_equal(back.is_base64, q.is_base64);
			assert_int_equal(back.is_cut, q.is_cut);
			/* Cut anywhere it is no request. */
			for (size_t n = 0; n < body.n; n++)
				assert_false(embed_get_request(
					speakers[i], str_head(buf_str(&body), n), &a, &back, &e));
		}
}

static void test_wrong_requests(void **)
{
	static const char *const bodies[] = {"", "[]", "{}", "{\"model\":\"m\"}",
		"{\"model\":\"m\",\"input\":\"\"}", "{\"model\":\"m\",\"input\":[]}",
		"{\"model\":\"m\",\"input\":[1,2]}", "{\"model\":\"m\",\"input\":[\"a\",\"\"]}",
		"{\"model\":\"\",\"input\":\"a\"}", "{\"model\":\"m\",\"input\":{\"a\":\"b\"}}",
		"{\"model\":\"m\",\"input\":\"a\",\"dimensions\":100000}"};

	for (size_t i = 0; i < COUNT(bodies); i++) {
		AUTO(arena) a = {0};
		struct embed_request q;
		struct err e;
		if (embed_get_request(&wire_openai, str_from(bodies[i]), &a, &q, &e))
			fail_msg("%s is taken", bodies[i]);
	}
}

/* ---- answers ---- */

static const float values[] = {0.1f, -1.0f, 3.4028235e38f, 1.1754944e-38f, 0.0f, 1e-45f};

static void check_values(const struct embeddings *v)
{
	assert_int_equal(v->count, 2);
	assert_int_equal(v->dimensions, 3);
	assert_memory_equal(v->values, values, sizeof values);
	assert_int_equal(v->usage.input, 9);
	assert_int_equal(v->usage.output, 0);
}

static void test_answers_come_back(void **)
{
	struct embeddings vectors = {.values = (float *)values,
		.count = 2,
		.dimensions = 3,
		.model = STR("m"),
		.usage = {9, 0, -1, -1, -1, -1, -1}};

	for (size_t i = 0; i < COUNT(speakers); i++)
		for (int flag = 0; flag < 2; flag++) {
			AUTO(arena) a = {0};
			AUTO(buf) body = {0};
			struct embed_request q = {.model = STR("m"),
				.texts = two_texts,
				.text_count = 2,
				.is_base64 = flag};
			struct embeddings back;
			struct err e = {0};
			embed_put_answer(speakers[i], &q, &vectors, &body);
			if (!embed_get_answer(speakers[i], &q, buf_str(&body), &a, &back, &e))
				fail_msg("%s", e.text);
			check_values(&back);
			for (size_t n = 0; n < body.n; n++) {
				assert_false(embed_get_answer(speakers[i], &q,
					str_head(buf_str(&body), n), &a, &back, &e));
				assert_int_equal(e.code, ERR_PARSE);
			}
		}
}

static bool read_answer(
	const struct wire *wire, const char *body, int64_t dimensions, struct str *why)
{
	static struct err e;
	AUTO(arena) a = {0};
	struct embed_request q = {.texts = two_texts, .text_count = 2, .dimensions = dimensions};
	struct embeddings out;

	e = (struct err){0};
	bool is_good = embed_get_answer(wire, &q, str_from(body), &a, &out, &e);
	*why = str_from(e.text);
	return is_good;
}

static const struct {
	const char *body, *why;
	int64_t dimensions;
} wrong_answers[] = {
	{"", "no JSON", 0},
	{"<html>", "no JSON", 0},
	{"{}", "no list of vectors", 0},
	{"{\"data\":{}}", "no list of vectors", 0},
	{"{\"error\":{\"message\":\"busy now\"}}", "busy now", 0},
	{"{\"error\":\"busy now\"}", "busy now", 0},
	{"{\"data\":[]}", "0 vectors for 2 texts", 0},
	{"{\"data\":[{\"index\":0,\"embedding\":[1]}]}", "1 vectors for 2 texts", 0},
	{"{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":0,\"embedding\":[1]}]}",
		"two vectors for text 1", 0},
	{"{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":2,\"embedding\":[1]}]}",
		"text 3 of 2", 0},
	{"{\"data\":[{\"index\":-1,\"embedding\":[1]}]}", "text 0 of 2", 0},
	{"{\"data\":[{\"index\":\"x\",\"embedding\":[1]}]}", "text 0 of 2", 0},
	{"{\"data\":[{\"embedding\":[1]},{\"embedding\":[1]},{\"embedding\":[1]}]}", "text 3 of 2",
		0},
	{"{\"data\":[{\"embedding\":[1,2]},{\"embedding\":[1]}]}", "of 2 and of 1 numbers", 0},
	{"{\"data\":[{\"embedding\":[1,2]},{\"embedding\":[1,2]}]}", "where 3 were asked for", 3},
	{"{\"data\":[{\"embedding\":[]},{\"embedding\":[]}]}", "empty vector", 0},
	{"{\"data\":[{\"embedding\":[1,\"2\"]},{\"embedding\":[1,2]}]}", "item 2 of a vector", 0},
	{"{\"data\":[{\"embedding\":[1,null]},{\"embedding\":[1,2]}]}", "item 2 of a vector", 0},
	{"{\"data\":[{\"embedding\":[1,NaN]},{\"embedding\":[1,2]}]}", "no JSON", 0},
	{"{\"data\":[{\"embedding\":[1,1e39]},{\"embedding\":[1,2]}]}", "not finite", 0},
	{"{\"data\":[{\"embedding\":null},{\"embedding\":[1,2]}]}", "is none", 0},
	{"{\"data\":[{\"embedding\":5}]}", "is none", 0},
	{"{\"data\":[{}]}", "is none", 0},
	{"{\"data\":[1,2]}", "is none", 0},
	/* NaN and infinity as bytes; three bytes; no base64. */
	{"{\"data\":[{\"embedding\":\"AADAfw==\"}]}", "not finite", 0},
	{"{\"data\":[{\"embedding\":\"AACAfw==\"}]}", "not finite", 0},
	{"{\"data\":[{\"embedding\":\"AAAA\"}]}", "3 bytes", 0},
	{"{\"data\":[{\"embedding\":\"AAA!\"}]}", "base64", 0},
	{"{\"embeddings\":[[1],[2],[3]]}", "text 3 of 2", 0},
	{"{\"embeddings\":[[1]]}", "1 vectors for 2", 0},
	{"{\"embeddings\":[[1],2]}", "is none", 0},
};

static void test_wrong_answers(void **)
{
	struct str why;

	for (size_t i = 0; i < COUNT(wrong_answers); i++) {
		const struct wire *wire = i % 2 ? &wire_openai : &wire_ollama;
		if (read_answer(wire, wrong_answers[i].body, wrong_answers[i].dimensions, &why) ||
			!str_contains(why, str_from(wrong_answers[i].why)))
			fail_msg("%s: %.*s", wrong_answers[i].body, STR_ARG(why));
	}
}

/* In any order, by index; numbers and base64 in one answer; fields of others. */
static void test_order_is_by_index(void **)
{
	AUTO(arena) a = {0};
	struct embed_request q = {
		.texts = two_texts, .text_count = 2, .dialect = dialect_find(STR("openrouter"))};
	struct embeddings out;
	struct err e;

	assert_true(embed_get_answer(&wire_openai, &q,
		STR("{\"data\":[{\"index\":1,\"embedding\":\"AACAPwAAAEA=\"},{\"index\":0,"
		    "\"embedding\":[0.5,-0]}],\"model\":\"z\",\"usage\":{\"total_tokens\":4,"
		    "\"cost\":0.000001}}"),
		&a, &out, &e));
	assert_true(out.values[0] == 0.5f && out.values[2] == 1.0f && out.values[3] == 2.0f);
	assert_int_equal(out.usage.input, 4);
	assert_int_equal(out.usage.reported_cost_nanousd, 1000);
	assert_true(str_is(out.model, "z"));
}

/* A short answer that promises much gets no room for it. */
static void test_promises_are_not_made_room_for(void **)
{
	AUTO(arena) a = {0};
	AUTO(buf) body = {0};
	struct str *texts = arena_alloc(&a, EMBED_TEXTS_MAX, sizeof *texts);
	struct embed_request q = {.texts = texts, .text_count = EMBED_TEXTS_MAX};
	struct embeddings out;
	struct err e;

	buf_put_text(&body, "{\"data\":[{\"embedding\":[0");
	for (int i = 1; i < EMBED_DIMENSIONS_MAX; i++)
		buf_put_text(&body, ",0");
	buf_put_text(&body, "]}]}");
	size_t before = arena_size_bytes(&a);
	assert_false(embed_get_answer(&wire_openai, &q, buf_str(&body), &a, &out, &e));
	assert_non_null(strstr(e.text, "bytes for"));
	assert_true(arena_size_bytes(&a) < before + 100'000);
}

/* ---- lists ---- */

static void test_lists_come_back(void **)
{
	struct listed_model models[] = {
		{STR("a/b:c"), 1000, 50}, {STR("\"odd\""), 0, 0}, {STR("z"), 8192, 0}};
	struct model_list list = {models, 3, STR("")};

	for (const struct wire *const *wire = wires; *wire; wire++) {
		AUTO(arena) a = {0};
		AUTO(buf) body = {0};
		struct model_list back;
		struct err e;
		bool tells_output = *wire != &wire_ollama;
		(*wire)->put_list(&list, &body);
		assert_true(list_get(*wire, buf_str(&body), &a, &back, &e));
		assert_int_equal(back.count, 3);
		assert_int_equal(back.next.n, 0);
		for (size_t i = 0; i < 3; i++) {
			assert_true(str_eq(back.models[i].id, models[i].id));
			assert_int_equal(back.models[i].context_tokens, models[i].context_tokens);
			assert_int_equal(back.models[i].max_output_tokens,
				tells_output ? models[i].max_output_tokens : 0);
		}
		for (size_t n = 0; n < body.n; n++)
			assert_false(list_get(*wire, str_head(buf_str(&body), n), &a, &back, &e));
	}
}

static const struct {
	const char *wire, *dialect, *body;
	const char *ids; /* "id context output," ... */
} lists[] = {
	{"openai", NULL, "{\"data\":[]}", ""},
	{"openai", NULL, "[{\"id\":\"bare\"}]", "bare 0 0,"},
	{"openai", "gemini", "{\"data\":[{\"id\":\"models/gemini-4\"},{\"id\":\"x\"}]}",
		"gemini-4 0 0,x 0 0,"},
	{"openai", "llamacpp",
		"{\"models\":[{\"name\":\"n\"}],\"data\":[{\"id\":\"models/q.gguf\"}]}",
		"models/q.gguf 0 0,"},
	{"openai", "vllm", "{\"data\":[{\"id\":\"q\",\"max_model_len\":32768}]}", "q 32768 0,"},
	{"openai", "openrouter",
		"{\"data\":[{\"id\":\"a/b\",\"name\":\"A: B\",\"context_length\":100,\"top_provider\":"
		"{\"context_length\":90,\"max_completion_tokens\":9}}]}",
		"a/b 100 9,"},
	{"openai", NULL, "{\"data\":[{\"object\":\"model\"},5,null,{\"id\":7},{\"id\":\"k\"}]}",
		"k 0 0,"},
	{"openai", NULL, "{\"data\":[{\"id\":\"k\",\"context_length\":-5}]}", "k 0 0,"},
	{"openai", NULL, "{\"data\":[{\"id\":\"k\",\"context_length\":1e300}]}", "k 0 0,"},
	{"anthropic", NULL,
		"{\"data\":[{\"type\":\"model\",\"id\":\"c\",\"max_input_tokens\":5,\"max_tokens\":6}],"
		"\"has_more\":true,\"last_id\":\"c\"}",
		"c 5 6,next c"},
	{"openai", NULL, "{\"data\":[{\"id\":\"c\"}],\"has_more\":true,\"last_id\":\"c\"}",
		"c 0 0,"},
	{"ollama", NULL, "{\"models\":[{\"name\":\"q:8b\",\"model\":\"q:8b\",\"details\":null}]}",
		"q:8b 0 0,"},
	{"openai", NULL, "{}", NULL},
	{"openai", NULL, "{\"data\":{}}", NULL},
	{"openai", NULL, "<html></html>", NULL},
	{"openai", NULL, "{\"error\":{\"message\":\"no\"},\"data\":[]}", NULL},
};

static void test_lists_of_others(void **)
{
	for (size_t i = 0; i < COUNT(lists); i++) {
		AUTO(arena) a = {0};
		AUTO(buf) got = {0};
		struct wire wire = *wire_find(str_from(lists[i].wire));
		struct model_list list = {0};
		struct err e;
		wire.dialect = dialect_find(str_from(lists[i].dialect));
		bool is_good = list_get(&wire, str_from(lists[i].body), &a, &list, &e);
		assert_int_equal(is_good, lists[i].ids != NULL);
		for (size_t k = 0; k < list.count; k++)
			buf_printf(&got, "%.*s %lld %lld,", STR_ARG(list.models[k].id),
				(long long)list.models[k].context_tokens,
				(long long)list.models[k].max_output_tokens);
		if (list.next.n)
			buf_printf(&got, "next %.*s", STR_ARG(list.next));
		if (is_good)
			assert_string_equal(buf_text(&got), lists[i].ids);
	}
}

static void test_list_paths(void **)
{
	AUTO(arena) a = {0};

	assert_true(str_is(list_path(&wire_openai, STR("x"), &a), "/models"));
	assert_true(str_is(list_path(&wire_ollama, STR(""), &a), "/api/tags"));
	assert_true(str_is(list_path(&wire_anthropic, STR(""), &a), "/v1/models?limit=1000"));
	assert_true(str_is(list_path(&wire_anthropic, STR("a b&c=\n"), &a),
		"/v1/models?limit=1000&after_id=a%20b%26c%3D%0A"));
}

static void test_versions_and_windows(void **)
{
	AUTO(arena) a = {0};
	struct str version;
	int64_t context = -1;
	struct err e;

	assert_true(list_get_version(STR("{\"version\":\"0.12.1\"}"), &a, &version, &e));
	assert_true(str_is(version, "0.12.1"));
	assert_false(list_get_version(STR("{\"version\":5}"), &a, &version, &e));
	assert_false(list_get_version(STR("Ollama is running"), &a, &version, &e));
	assert_true(list_get_context(
		STR("{\"model_info\":{\"general.architecture\":\"q2\",\"q2.context_length\":40960,"
		    "\"x.context_length\":1}}"),
		&context, &e));
	assert_int_equal(context, 40960);
	assert_true(list_get_context(
		STR("{\"default_generation_settings\":{\"n_ctx\":4096}}"), &context, &e));
	assert_int_equal(context, 4096);
	assert_true(list_get_context(STR("{\"model_info\":{}}"), &context, &e));
	assert_int_equal(context, 0);
	assert_false(list_get_context(STR("{\"error\":\"model 'x' not found\"}"), &context, &e));
	assert_int_equal(e.code, ERR_PROVIDER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_requests_come_back),
		cmocka_unit_test(test_wrong_requests),
		cmocka_unit_test(test_answers_come_back),
		cmocka_unit_test(test_wrong_answers),
		cmocka_unit_test(test_order_is_by_index),
		cmocka_unit_test(test_promises_are_not_made_room_for),
		cmocka_unit_test(test_lists_come_back),
		cmocka_unit_test(test_lists_of_others),
		cmocka_unit_test(test_list_paths),
		cmocka_unit_test(test_versions_and_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
