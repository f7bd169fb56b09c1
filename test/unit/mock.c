// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "cmd/mock_script.h"

static void read_script(struct mock_script *s, const char *text)
{
	struct err e = {0};

	*s = (struct mock_script){0};
	if (!mock_script_read(s, str_from(text), "s.json", &e))
		fail_msg("%s", e.text);
}

/* The script is refused and the sentence holds every one of the parts. */
static void refused(const char *text, const char *part, const char *other)
{
	struct mock_script s = {0};
	struct err e = {0};

	if (mock_script_read(&s, str_from(text), "s.json", &e))
		fail_msg("taken: %s", text);
	assert_int_equal(e.code, ERR_USAGE);
	if (!strstr(e.text, part) || (other && !strstr(e.text, other)))
		fail_msg("%s: \"%s\" lacks %s or %s", text, e.text, part, other ? other : "-");
	assert_non_null(strstr(e.text, "s.json"));
	assert_int_equal(s.replies.n, 0);
}

#define REPLY(reply) "{\"replies\":[{\"reply\":" reply "}]}"
#define MATCH(match) "{\"replies\":[{\"match\":" match ",\"reply\":{}}]}"

static void test_wrong_scripts(void **)
{
	refused("", "JSON", NULL);
	refused("[]", "must be an object, is an array", "the top");
	refused("{\"replies\":{}}", "/replies", "must be an array");
	refused("{\"reply\":[]}", "/reply", "replies");
	refused("{\"replies\":[{}]}", "/replies/0", "\"reply\"");
	refused("{\"replies\":[{\"reply\":{}},7]}", "/replies/1", "is a number");
	refused("{\"replies\":[{\"times\":-1,\"reply\":{}}]}", "/replies/0/times", "0 to");
	refused(REPLY("{\"txt\":\"a\"}"), "/replies/0/reply/txt", "\"text\"");
	refused(REPLY("{\"a/b~c\":1}"), "/replies/0/reply/a~1b~0c", NULL);
	refused(REPLY("{\"zzzzzzzz\":1}"), "known are", "tool_calls");
	refused(REPLY("{\"text\":7}"), "/replies/0/reply/text", "must be a string");
	refused(REPLY("{\"text\":[\"a\",null]}"), "/replies/0/reply/text/1", "is null");
	refused(REPLY("{\"stop\":\"stop\"}"), "/stop", "end_turn");
	refused(REPLY("{\"delay_ms\":1.5}"), "/delay_ms", "integer");
	refused(REPLY("{\"status\":304}"), "304", NULL);
	refused(REPLY("{\"status\":500,\"text\":\"a\"}"), "500", NULL);
	refused(REPLY("{\"raw\":\"x\",\"text\":\"a\"}"), "raw", NULL);
	refused(REPLY("{\"raw\":[\"x\"],\"text\":\"a\"}"), "raw", NULL);
	refused(REPLY("{\"raw\":[\"x\",-1]}"), "/raw/1", "0 to");
	refused(REPLY("{\"raw\":[\"x\",null]}"), "/raw/1", "is null");
	refused(REPLY("{\"headers\":{\"a\":\"b\\r\\nc: d\"}}"), "/headers/a", "header");
	refused(REPLY("{\"tool_calls\":[{\"id\":\"x\"}]}"), "/tool_calls/0", "\"name\"");
	refused(REPLY("{\"tool_calls\":[{\"name\":\"x\",\"input\":{},\"input_raw\":\"\"}]}"),
		"input_raw", NULL);
	refused(REPLY("{\"repeat\":{\"count\":3}}"), "/repeat", "text");
	refused(REPLY("{\"usage\":{\"inptu\":3}}"), "/usage/inptu", "\"input\"");
	refused(MATCH("{\"wire\":\"gemini\"}"), "/match/wire", "gemini");
	refused(MATCH("{\"json\":{\"a\":1}}"), "/match/json/a", "pointer");
	refused(MATCH("{\"json\":{\"/a\":{\"has\":1}}}"), "/match/json/~1a/has", NULL);
	refused(MATCH("{\"json\":{\"/a\":{}}}"), "contains", "exists");
	refused(MATCH("{\"header\":{\"a\":1}}"), "/match/header/a", "must be a string");
	refused(MATCH("{\"tool_result\":{\"is_error\":\"yes\"}}"), "/is_error", "true or false");
}

static void count_kinds(const struct mock_reply *reply, size_t counts[DELTA_END + 1])
{
	for (size_t i = 0; i < reply->pieces.n; i++)
		counts[reply->pieces.p[i].delta.kind]++;
}

static void test_lay_out(void **)
{
	struct mock_script s;
	size_t counts[DELTA_END + 1] = {0};

	read_script(&s, REPLY("{\"thinking\":\"t\",\"text\":[\"a\",\"b\"],\"tool_calls\":["
			      "{\"name\":\"ls\",\"input\":{\"x\":1}},{\"name\":\"g\",\"input_raw\":"
			      "\"\"}]}"));
	const struct mock_reply *reply = &s.replies.p[0];
	count_kinds(reply, counts);
	assert_int_equal(reply->pieces.p[0].delta.kind, DELTA_START);
	assert_int_equal(reply->pieces.p[reply->pieces.n - 1].delta.kind, DELTA_END);
	assert_int_equal(counts[DELTA_THINKING], 1);
	assert_int_equal(counts[DELTA_SIGNATURE], 1);
	assert_int_equal(counts[DELTA_TEXT], 2);
	assert_int_equal(counts[DELTA_TOOL_USE], 2);
	assert_int_equal(counts[DELTA_TOOL_INPUT], 2);
	assert_int_equal(counts[DELTA_BLOCK_STOP], 2);
	assert_int_equal(reply->pieces.p[reply->pieces.n - 2].delta.reason, STOP_TOOL_USE);
	mock_script_release(&s);

	read_script(&s, REPLY("{\"text\":[\"a\",\"b\"],\"bad_event\":\"!\",\"no_end\":true}"));
	reply = &s.replies.p[0];
	assert_int_equal(reply->pieces.n, 6);
	assert_true(str_is(reply->pieces.p[1].delta.text, "a"));
	assert_true(str_is(reply->pieces.p[2].raw, "!"));
	assert_true(str_is(reply->pieces.p[3].delta.text, "b"));
	assert_int_equal(reply->pieces.p[5].delta.kind, DELTA_STOP);
	mock_script_release(&s);

	read_script(&s, REPLY("{\"bad_event\":\"!\"}"));
	assert_true(str_is(s.replies.p[0].pieces.p[1].raw, "!"));
	assert_int_equal(s.replies.p[0].pieces.p[0].delta.kind, DELTA_START);
	mock_script_release(&s);
}

/* An input cut inside of a character would be no text in either delta. */
static void test_inputs_are_cut_between_characters(void **)
{
	struct mock_script s;
	AUTO(buf) whole = {0};

	read_script(&s, REPLY("{\"tool_calls\":[{\"name\":\"x\",\"input_raw\":"
			      "\"\\u20ac\\u20ac\\u20ac\"}]}"));
	for (size_t i = 0; i < s.replies.p[0].pieces.n; i++) {
		const struct delta *d = &s.replies.p[0].pieces.p[i].delta;
		if (d->kind == DELTA_TOOL_INPUT) {
			assert_int_equal(d->text.n % 3, 0);
			buf_put_str(&whole, d->text);
		}
	}
	assert_string_equal(buf_text(&whole), "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac");
	mock_script_release(&s);
}

/* ---- choosing ---- */

static const char request[] =
	"{\"model\":\"m1\",\"max_tokens\":64,\"stream\":true,\"system\":\"You are a test.\","
	"\"tools\":[{\"name\":\"ls\",\"input_schema\":{\"type\":\"object\"}}],"
	"\"messages\":[{\"role\":\"user\",\"content\":\"how many files?\"},"
	"{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"c1\",\"name\":\"ls\","
	"\"input\":{\"path\":\"a\"}}]},"
	"{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"c1\","
	"\"content\":\"three files\",\"is_error\":true}]}]}";

/* The index of the reply that is chosen, -1 none; why is what was said. */
static int choose(struct mock_script *s, struct buf *why)
{
	AUTO(arena) a = {0};
	struct err e = {0};
	struct header headers[] = {{"user-agent", STR("tester/1")}};
	struct mock_question q = {.wire = &wire_anthropic,
		.path = STR("/v1/messages"),
		.body = str_from(request),
		.headers = headers,
		.header_count = 1};

	if (!wire_anthropic.get_request(q.body, &a, &q.prompt, &e))
		fail_msg("%s", e.text);
	struct mock_reply *reply = mock_script_choose(s, &q, &a, why);
	return reply ? (int)(reply - s->replies.p) : -1;
}

static void fits(const char *match)
{
	struct mock_script s;
	AUTO(buf) script = {0};
	AUTO(buf) why = {0};

	buf_printf(&script, MATCH("%s"), match);
	read_script(&s, buf_text(&script));
	if (choose(&s, &why) != 0)
		fail_msg("%s: %s", match, buf_text(&why));
	mock_script_release(&s);
}

static void fits_not(const char *match, const char *reason)
{
	struct mock_script s;
	AUTO(buf) script = {0};
	AUTO(buf) why = {0};

	buf_printf(&script, MATCH("%s"), match);
	read_script(&s, buf_text(&script));
	assert_int_equal(choose(&s, &why), -1);
	if (!strstr(buf_text(&why), reason))
		fail_msg("%s: \"%s\" lacks %s", match, buf_text(&why), reason);
	mock_script_release(&s);
}

static void test_conditions(void **)
{
	fits("{}");
	fits("{\"wire\":\"anthropic\",\"path\":\"/v1/messages\",\"model\":\"m1\",\"turn\":1}");
	fits("{\"last_text_contains\":\"many files\",\"system_contains\":\"a test\"}");
	fits("{\"tools_include\":[\"ls\"],\"tool_result\":{\"id\":\"c1\",\"contains\":\"three\","
	     "\"is_error\":true}}");
	fits("{\"header\":{\"User-Agent\":\"tester/1\",\"x-none\":{\"exists\":false}}}");
	fits("{\"header\":{\"user-agent\":{\"contains\":\"test\"}}}");
	fits("{\"json\":{\"/max_tokens\":64.0,\"/messages/0/content\":{\"contains\":\"files\"},"
	     "\"/temperature\":{\"exists\":false},\"/stream\":true,\"/messages/-1/"
	     "role\":\"user\"}}");
	fits("{\"json\":{\"/tools/0\":{\"contains\":\"\\\"ls\\\"\"}}}");
	fits("{\"json\":{\"/tools\":[{\"input_schema\":{\"type\":\"object\"},\"name\":\"ls\"}]}}");

	fits_not("{\"wire\":\"openai\"}", "wire");
	fits_not("{\"path\":\"/chat/completions\"}", "path");
	fits_not("{\"model\":\"m2\"}", "\"m1\", not \"m2\"");
	fits_not("{\"turn\":0}", "1, not 0");
	fits_not("{\"last_text_contains\":\"three\"}", "three");
	fits_not("{\"system_contains\":\"nobody\"}", "nobody");
	fits_not("{\"tools_include\":[\"ls\",\"rm\"]}", "\"rm\"");
	fits_not("{\"tool_result\":{\"is_error\":false}}", "tool_result");
	fits_not("{\"tool_result\":{\"id\":\"c2\"}}", "tool_result");
	fits_not("{\"header\":{\"x-api-key\":{\"exists\":true}}}", "x-api-key");
	fits_not("{\"json\":{\"/max_tokens\":65}}", "/max_tokens");
	fits_not("{\"json\":{\"/none\":null}}", "absent");
	fits_not("{\"json\":{\"/tools\":[]}}", "/tools");
}

static void test_order_and_times(void **)
{
	struct mock_script s;
	AUTO(buf) why = {0};

	read_script(&s, "{\"replies\":[{\"match\":{\"turn\":5},\"times\":0,\"reply\":{}},"
			"{\"times\":2,\"reply\":{}},{\"reply\":{}}]}");
	assert_int_equal(choose(&s, &why), 1);
	assert_int_equal(choose(&s, &why), 1);
	assert_int_equal(choose(&s, &why), 2);
	assert_int_equal(choose(&s, &why), -1);
	assert_non_null(strstr(buf_text(&why), "/replies/1"));
	assert_non_null(strstr(buf_text(&why), "used up"));
	mock_script_release(&s);

	buf_clear(&why);
	read_script(&s, "{\"replies\":[]}");
	assert_int_equal(choose(&s, &why), -1);
	assert_non_null(strstr(buf_text(&why), "no replies"));
	mock_script_release(&s);
}

/* The nearest is the one with the fewest conditions that fail. */
static void test_nearest(void **)
{
	struct mock_script s;
	AUTO(buf) why = {0};

	read_script(&s, "{\"replies\":[{\"match\":{\"turn\":5,\"model\":\"x\"},\"reply\":{}},"
			"{\"match\":{\"turn\":1,\"model\":\"x\"},\"reply\":{}}]}");
	assert_int_equal(choose(&s, &why), -1);
	assert_non_null(strstr(buf_text(&why), "/replies/1: \"model\""));
	mock_script_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_scripts),
		cmocka_unit_test(test_lay_out),
		cmocka_unit_test(test_inputs_are_cut_between_characters),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_order_and_times),
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
