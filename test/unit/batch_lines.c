// SPDX-License-Identifier: MIT
/* What providers say of batches, and what is said to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "llm/batch.h"

static struct err failure;

static struct batch_result read_line(const struct wire *wire, const char *line, struct arena *a)
{
	struct batch_result result = {0};

	if (!batch_get_result(wire, str_from(line), a, &result, &failure))
		fail_msg("%s", failure.text);
	return result;
}

#define SAID(text) \
	"{\"type\":\"message\",\"role\":\"assistant\",\"id\":\"m\",\"model\":\"x\",\"content\":[" text \
	"],\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":7," \
	"\"cache_read_input_tokens\":5,\"output_tokens\":3,\"service_tier\":\"batch\"}}"

static void messages_become_text(void **)
{
	AUTO(arena) a = {0};
	struct batch_result r = read_line(&wire_anthropic,
		"{\"custom_id\":\"f-1\",\"result\":{\"type\":\"succeeded\",\"message\":" SAID(
			"{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"s\"},"
			"{\"type\":\"text\",\"text\":\"one \"},{\"type\":\"text\",\"text\":\"two\"}") "}}",
		&a);

	assert_true(str_is(r.id, "f-1"));
	assert_int_equal(r.outcome, BATCH_SUCCEEDED);
	assert_true(str_is(r.text, "one two"));
	assert_int_equal(r.stop, STOP_END);
	assert_int_equal(r.usage.input, 7);
	assert_int_equal(r.usage.cache_read, 5);
	assert_int_equal(r.usage.output, 3);
	r = read_line(&wire_anthropic,
		"{\"custom_id\":\"f-1\",\"result\":{\"type\":\"succeeded\",\"message\":" SAID(
			"") "}}",
		&a);
	assert_int_equal(r.outcome, BATCH_SUCCEEDED);
	assert_int_equal(r.text.n, 0);
}

static void other_results_of_messages(void **)
{
	AUTO(arena) a = {0};
	struct batch_result r = read_line(&wire_anthropic,
		"{\"custom_id\":\"b\",\"result\":{\"type\":\"errored\",\"error\":{\"type\":\"error\","
		"\"error\":{\"type\":\"invalid_request_error\",\"message\":\"no\"},"
		"\"request_id\":\"r\"}}}",
		&a);

	assert_int_equal(r.outcome, BATCH_ERRORED);
	assert_true(str_is(r.error.type, "invalid_request_error"));
	assert_true(str_is(r.error.message, "no"));
	assert_false(r.error.is_retryable);
	assert_int_equal(r.usage.input, -1);
	r = read_line(&wire_anthropic,
		"{\"custom_id\":\"b\",\"result\":{\"type\":\"errored\",\"error\":{\"type\":\"error\","
		"\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}}}",
		&a);
	assert_true(r.error.is_retryable);
	r = read_line(
		&wire_anthropic, "{\"custom_id\":\"b\",\"result\":{\"type\":\"expired\"}}", &a);
	assert_int_equal(r.outcome, BATCH_EXPIRED);
	r = read_line(
		&wire_anthropic, "{\"custom_id\":\"b\",\"result\":{\"type\":\"canceled\"}}", &a);
	assert_int_equal(r.outcome, BATCH_CANCELED);
	assert_true(r.error.message.n > 0);
	/* A message that is none was paid for, and is told as such. */
	r = read_line(&wire_anthropic,
		"{\"custom_id\":\"b\",\"result\":{\"type\":\"succeeded\",\"message\":{\"a\":1}}}",
		&a);
	assert_int_equal(r.outcome, BATCH_ERRORED);
}

static void lines_of_files(void **)
{
	AUTO(arena) a = {0};
	struct batch_result r = read_line(&wire_openai,
		"{\"id\":\"r1\",\"custom_id\":\"a\",\"response\":{\"status_code\":200,\"request_id\":\"q\","
		"\"body\":{\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
		"\"assistant\",\"content\":\"hi\"},\"finish_reason\":\"length\"}],\"usage\":{"
		"\"prompt_tokens\":9,\"completion_tokens\":2,\"prompt_tokens_details\":{"
		"\"cached_tokens\":4}}}},\"error\":null}",
		&a);

	assert_int_equal(r.outcome, BATCH_SUCCEEDED);
	assert_true(str_is(r.text, "hi"));
	assert_int_equal(r.stop, STOP_MAX);
	assert_int_equal(r.usage.input, 5);
	assert_int_equal(r.usage.cache_read, 4);
	r = read_line(&wire_responses,
		"{\"custom_id\":\"a\",\"response\":{\"status_code\":200,\"body\":{\"id\":\"c\",\"object\":"
		"\"response\",\"status\":\"completed\",\"model\":\"m\",\"output\":[{\"type\":\"message\","
		"\"id\":\"x\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":"
		"\"hello\"}]}],\"usage\":{\"input_tokens\":9,\"output_tokens\":2}}},\"error\":null}",
		&a);
	assert_int_equal(r.outcome, BATCH_SUCCEEDED);
	assert_true(str_is(r.text, "hello"));
	r = read_line(&wire_openai,
		"{\"custom_id\":\"a\",\"response\":{\"status_code\":429,\"body\":{\"error\":{"
		"\"message\":\"slow\",\"type\":\"rate_limit_error\"}}},\"error\":null}",
		&a);
	assert_int_equal(r.outcome, BATCH_ERRORED);
	assert_true(r.error.is_retryable);
	assert_true(str_is(r.error.message, "slow"));
	r = read_line(&wire_openai,
		"{\"custom_id\":\"a\",\"response\":null,\"error\":{\"code\":\"batch_expired\","
		"\"message\":\"late\"}}",
		&a);
	assert_int_equal(r.outcome, BATCH_EXPIRED);
	r = read_line(&wire_openai,
		"{\"custom_id\":\"a\",\"response\":null,\"error\":{\"code\":\"batch_cancelled\"}}",
		&a);
	assert_int_equal(r.outcome, BATCH_CANCELED);
}

static void lines_that_are_none(void **)
{
	static const char *const lines[] = {"", "x", "[]", "{}", "{\"custom_id\":7}",
		"{\"custom_id\":\"\",\"result\":{\"type\":\"expired\"}}", "{\"custom_id\":\"a\"}",
		"{\"custom_id\":\"a\",\"result\":{\"type\":\"new\"},\"response\":7}",
		"{\"custom_id\":\"a\",\"result\":{\"type\":\"succeeded\"},\"response\":{}}"};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		AUTO(arena) a = {0};
		struct batch_result result;
		assert_false(batch_get_result(
			&wire_anthropic, str_from(lines[i]), &a, &result, &failure));
		assert_int_equal(failure.code, ERR_PARSE);
		assert_false(
			batch_get_result(&wire_openai, str_from(lines[i]), &a, &result, &failure));
	}
}

/* Everything that can be cut off a line makes it no line. */
static void cut_lines_are_no_results(void **)
{
	static const char line[] = "{\"custom_id\":\"f-1\",\"result\":{\"type\":\"succeeded\","
				   "\"message\":" SAID("{\"type\":\"text\",\"text\":\"x\"}") "}}";

	for (size_t n = 0; n < sizeof line - 1; n++) {
		AUTO(arena) a = {0};
		struct batch_result result;
		assert_false(batch_get_result(
			&wire_anthropic, (struct str){line, n}, &a, &result, &failure));
	}
}

static void phases_of_batches(void **)
{
	static const struct {
		const struct wire *wire;
		const char *word;
		enum batch_phase phase;
	} cases[] = {{&wire_anthropic, "in_progress", BATCH_UNDER_WAY},
		{&wire_anthropic, "canceling", BATCH_UNDER_WAY},
		{&wire_anthropic, "ended", BATCH_ENDED},
		{&wire_openai, "validating", BATCH_UNDER_WAY},
		{&wire_openai, "in_progress", BATCH_UNDER_WAY},
		{&wire_openai, "finalizing", BATCH_UNDER_WAY},
		{&wire_openai, "cancelling", BATCH_UNDER_WAY},
		{&wire_openai, "cancelled", BATCH_ENDED}, {&wire_openai, "expired", BATCH_ENDED},
		{&wire_openai, "completed", BATCH_ENDED}, {&wire_responses, "failed", BATCH_FAILED},
		{&wire_responses, "something_new", BATCH_UNDER_WAY}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		AUTO(arena) a = {0};
		AUTO(buf) body = {0};
		struct batch_status status;
		buf_printf(&body, "{\"id\":\"b_1\",\"processing_status\":\"%s\",\"status\":\"%s\"}",
			cases[i].word, cases[i].word);
		if (!batch_get_status(cases[i].wire, buf_str(&body), &a, &status, &failure))
			fail_msg("%s", failure.text);
		assert_int_equal(status.phase, cases[i].phase);
		assert_int_equal(status.total, -1);
	}
}

static void times_and_counts(void **)
{
	AUTO(arena) a = {0};
	struct batch_status status;

	assert_true(batch_get_status(&wire_anthropic,
		STR("{\"id\":\"b\",\"processing_status\":\"ended\",\"created_at\":"
		    "\"2026-11-20T08:30:00.123456+00:00\",\"request_counts\":{\"processing\":0,"
		    "\"succeeded\":5,\"errored\":2,\"canceled\":1,\"expired\":1}}"),
		&a, &status, &failure));
	assert_int_equal(status.created_s, 1795163400);
	assert_int_equal(status.total, 9);
	assert_int_equal(status.failed, 4);
	assert_true(batch_get_status(&wire_openai,
		STR("{\"id\":\"b\",\"status\":\"completed\",\"created_at\":17,\"metadata\":{\"fettle\":"
		    "\"L\"},\"output_file_id\":\"file-1\",\"error_file_id\":null,\"request_counts\":{"
		    "\"total\":4,\"completed\":3,\"failed\":1}}"),
		&a, &status, &failure));
	assert_int_equal(status.created_s, 17);
	assert_int_equal(status.finished, 4);
	assert_true(str_is(status.label, "L"));
	assert_string_equal(
		batch_results_path(&wire_openai, &status, 0, &a), "/files/file-1/content");
	assert_null(batch_results_path(&wire_openai, &status, 1, &a));
}

/* What a provider names goes into a path, with the key beside it. */
static void names_cannot_lead_elsewhere(void **)
{
	static const char *const names[] = {"", ".", "..", "../models", "a/b", "a?b", "a#b", "a b",
		"a%2fb", "\\u00e9", "http://x"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		AUTO(arena) a = {0};
		AUTO(buf) body = {0};
		struct batch_status status;
		struct str file;
		buf_printf(&body,
			"{\"id\":\"%s\",\"status\":\"completed\",\"processing_status\":\"ended\"}",
			names[i]);
		assert_false(
			batch_get_status(&wire_anthropic, buf_str(&body), &a, &status, &failure));
		assert_false(batch_get_upload(buf_str(&body), &a, &file, &failure));
		buf_clear(&body);
		buf_printf(&body,
			"{\"id\":\"b\",\"status\":\"completed\",\"output_file_id\":\"%s\"}",
			names[i]);
		assert_true(batch_get_status(&wire_openai, buf_str(&body), &a, &status, &failure));
		assert_null(batch_results_path(&wire_openai, &status, 0, &a));
	}
}

static void pages_of_batches(void **)
{
	AUTO(arena) a = {0};
	struct batch_page page;

	assert_true(batch_get_page(&wire_anthropic,
		STR("{\"data\":[{\"id\":\"b\",\"processing_status\":\"ended\"},{\"id\":\"../x\","
		    "\"processing_status\":\"ended\"},7],\"has_more\":true,\"last_id\":\"b\"}"),
		&a, &page, &failure));
	assert_int_equal(page.count, 1);
	assert_true(str_is(page.next, "b"));
	assert_string_equal(batch_page_path(&wire_anthropic, page.next, &a),
		"/v1/messages/batches?limit=100&after_id=b");
	assert_string_equal(
		batch_page_path(&wire_openai, page.next, &a), "/batches?limit=100&after=b");
	assert_false(batch_get_page(&wire_openai, STR("{\"data\":{}}"), &a, &page, &failure));
	assert_false(batch_get_page(
		&wire_openai, STR("{\"error\":{\"message\":\"no\"}}"), &a, &page, &failure));
	assert_int_equal(failure.code, ERR_PROVIDER);
}

/* ---- what is said to them ---- */

struct items {
	int count;
	bool is_good;
};

static bool take_item(void *self, const struct batch_item *item)
{
	struct items *items = self;
	AUTO(arena) a = {0};
	struct prompt prompt;
	struct err e;
	const struct wire *wire =
		item->url.n
			? str_ends(item->url, STR("/responses")) ? &wire_responses : &wire_openai
			: &wire_anthropic;

	items->count++;
	items->is_good &= wire->get_request(item->body, &a, &prompt, &e) && !prompt.stream &&
			  str_is(prompt.messages[0].blocks[0].text, "a \"question\"\n--f--") &&
			  str_starts(item->id, STR("f-"));
	return true;
}

static void what_is_put_is_read(void **)
{
	struct block block = {BLOCK_TEXT, .text = STR("a \"question\"\n--f--")};
	struct message message = {ROLE_USER, &block, 1};
	struct prompt prompt = {.model = STR("m"),
		.messages = &message,
		.message_count = 1,
		.max_output_tokens = 9};

	for (size_t i = 0; i < 3; i++) {
		const struct wire *wire = wires[i];
		AUTO(arena) a = {0};
		AUTO(buf) items = {0};
		AUTO(buf) form = {0};
		AUTO(buf) type = {0};
		struct items seen = {.is_good = true};
		struct str file;
		assert_non_null(wire->batch);
		batch_put_item(wire, STR("f-0"), &prompt, true, &items);
		batch_put_item(wire, STR("f-1"), &prompt, false, &items);
		batch_put_end(wire, &items);
		batch_put_upload(buf_str(&items), STR("f00"), &form, &type);
		assert_true(batch_get_form(buf_str(&type), buf_str(&form), &file, &failure));
		assert_true(str_eq(file, buf_str(&items)));
		assert_true(wire->batch->get_items(file, &a, take_item, &seen, &failure));
		assert_int_equal(seen.count, 2);
		assert_true(seen.is_good);
	}
	assert_null(wire_ollama.batch);
}

static void forms_that_are_none(void **)
{
	static const char *const cases[][2] = {{"application/json", "{}"},
		{"multipart/form-data", "--x"}, {"multipart/form-data; boundary=", "----"},
		{"multipart/form-data; boundary=x", ""}, {"multipart/form-data; boundary=x", "--x"},
		{"multipart/form-data; boundary=x", "--x\r\nname=\"file\"\r\n\r\nabc"},
		{"multipart/form-data; boundary=x", "--x\r\nname=\"other\"\r\n\r\nabc\r\n--x--"},
		{"multipart/form-data; boundary=x", "--x\r\nname=\"file\"--x--"}};
	struct str file;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_false(batch_get_form(
			str_from(cases[i][0]), str_from(cases[i][1]), &file, &failure));
	assert_true(batch_get_form(STR("multipart/form-data; boundary=\"x\""),
		STR("--x\r\nname=\"file\"\r\n\r\nabc\r\n--x--"), &file, &failure));
	assert_true(str_is(file, "abc"));
}

static void half_the_price(void **)
{
	struct model model;
	struct usage usage = USAGE_UNKNOWN;

	assert_true(catalog_find(STR("anthropic"), STR("claude-opus-5"), &model));
	usage.input = 1'000'001;
	usage.output = 1'000'000;
	usage.cache_read = 1'000'000;
	/* 5, 25 and 0.5 USD a million. */
	assert_int_equal(catalog_cost_nanousd(&model, &usage), 30'500'005'000);
	assert_int_equal(catalog_batch_cost_nanousd(&model, &usage), 15'250'002'500);
	usage.reported_cost_nanousd = 7;
	assert_int_equal(catalog_batch_cost_nanousd(&model, &usage), 7);
	assert_int_equal(catalog_batch_cost_nanousd(&(struct model){0}, &USAGE_UNKNOWN), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_become_text),
		cmocka_unit_test(other_results_of_messages),
		cmocka_unit_test(lines_of_files),
		cmocka_unit_test(lines_that_are_none),
		cmocka_unit_test(cut_lines_are_no_results),
		cmocka_unit_test(phases_of_batches),
		cmocka_unit_test(times_and_counts),
		cmocka_unit_test(names_cannot_lead_elsewhere),
		cmocka_unit_test(pages_of_batches),
		cmocka_unit_test(what_is_put_is_read),
		cmocka_unit_test(forms_that_are_none),
		cmocka_unit_test(half_the_price),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
