// SPDX-License-Identifier: MIT
/* Settings from JSON, and the table of those that there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "cmd/settings.h"

static const char *environment(const char *name)
{
	return strcmp(name, "NAME") == 0      ? "value"
	       : strcmp(name, "EMPTY") == 0   ? ""
	       : strcmp(name, "DOLLARS") == 0 ? "${NAME}"
					      : NULL;
}

static const struct conf_key members[] = {
	{"text", .type = CONF_STRING},
	{"own", .type = CONF_STRING, .flags = CONF_USER_ONLY},
	{0},
};

static const struct conf_key keys[] = {
	{"text", .type = CONF_STRING},
	{"lines", .type = CONF_STRING, .flags = CONF_LINES},
	{"path", .type = CONF_STRING, .flags = CONF_PATH},
	{"word", .type = CONF_STRING, .choices = (const char *const[]){"one", "two", NULL}},
	{"count", .type = CONF_INT, .minimum = -2, .maximum = 7},
	{"wait", .type = CONF_SECONDS, .minimum = 0, .maximum = INT64_MAX},
	{"flag", .type = CONF_BOOL},
	{"list", .type = CONF_LIST},
	{"words", .type = CONF_WORDS},
	{"pairs", .type = CONF_STRINGS, .flags = CONF_SECRET},
	{"raw", .type = CONF_OBJECT},
	{"map", .type = CONF_MAP, .members = members},
	{"own", .type = CONF_INT, .maximum = 1, .flags = CONF_USER_ONLY},
	{0},
};

static bool read(struct conf *c, const char *text, bool is_trusted)
{
	struct conf_source source = {"f", is_trusted, "there", environment};

	return conf_read(c, keys, str_from(text), &source);
}

struct value_case {
	const char *text, *key, *value; /* value NULL: error is the problem's sentence */
	const char *error;
};

static const struct value_case values[] = {
	{"{\"text\": \"a\\u00e9\"}", "text", "a\xc3\xa9", NULL},
	{"{\"text\": \"-${NAME}-${EMPTY}-\"}", "text", "-value--", NULL},
	{"{\"text\": \"${NAME}\"}", "text", "value", NULL},
	{"{\"text\": \"${NAME:-w}${NONE:-word}${EMPTY:-w}${NONE:-}\"}", "text", "valuewordw", NULL},
	{"{\"text\": \"${NONE:-a${b}\"}", "text", "a${b", NULL},
	{"{\"text\": \"${NONE:-a\"}", "text", NULL, "f:1: text: ${ without NAME}"},
	{"{\"text\": \"${:-a}\"}", "text", NULL, "f:1: text: ${ without NAME}"},
	{"{\"words\": [\"a,b\", \"\", \"${NAME}\"]}", "words", "[\"a,b\", \"\", \"${NAME}\"]",
		NULL},
	/* What a variable holds is not looked at again. */
	{"{\"text\": \"${DOLLARS}\"}", "text", "${NAME}", NULL},
	{"{\"text\": \"$${NAME} $NAME $ $$ $}\"}", "text", "${NAME} $NAME $ $$ $}", NULL},
	{"{\"text\": \"$$${NAME}\"}", "text", "$${NAME}", NULL},
	{"{\"text\": \"\\u0024{NAME}\"}", "text", "value", NULL},
	{"{\"text\": \"${NAME\"}", "text", NULL, "f:1: text: ${ without NAME}"},
	{"{\"text\": \"${}\"}", "text", NULL, "f:1: text: ${ without NAME}"},
	{"{\"text\": \"${A-B}\"}", "text", NULL, "f:1: text: ${ without NAME}"},
	{"{\"text\": \"${UNSET}\"}", "text", NULL, "the variable UNSET is not set"},
	{"{\"text\": \"${EMPTY}\"}", "text", NULL, "f:1: text: is empty"},
	{"{\"text\": \"a\\nb\"}", "text", NULL, "f:1: text: may not hold control characters"},
	{"{\"text\": \"a\\u0000\"}", "text", NULL, "may not hold control characters"},
	{"{\"text\": \"a\xc2\x9b\"}", "text", NULL, "may not hold control characters"},
	{"{\"text\": \"a\xc2\xa0\"}", "text", "a\xc2\xa0", NULL},
	{"{\"lines\": \"a\\n\\tb\"}", "lines", "a\n\tb", NULL},
	{"{\"lines\": \"a\\rb\"}", "lines", NULL, "may not hold control characters"},
	{"{\"word\": \"two\"}", "word", "two", NULL},
	{"{\"word\": \"three\"}", "word", NULL, "three is none of one, two"},
	{"{\"word\": \"${NAME}\"}", "word", NULL,
		"f:1: word: what the variable holds is none of one, two"},
	{"{\"count\": -2}", "count", "-2", NULL},
	{"{\"count\": 7}", "count", "7", NULL},
	{"{\"count\": 8}", "count", NULL, "8 is not between -2 and 7"},
	{"{\"count\": -3}", "count", NULL, "-3 is not between -2 and 7"},
	{"{\"count\": 0.5e1}", "count", "5", NULL},
	{"{\"count\": 1e400}", "count", NULL, "another number where a whole number"},
	{"{\"wait\": 9223372036854775807}", "wait", "9223372036854775807", NULL},
	{"{\"wait\": 9223372036854775808}", "wait", NULL, "another number"},
	{"{\"flag\": true}", "flag", "true", NULL},
	{"{\"flag\": \"true\"}", "flag", NULL, "a string where true or false is wanted"},
	{"{\"list\": [\"a\", \"${NAME}\"]}", "list", "a,value", NULL},
	{"{\"list\": []}", "list", "", NULL},
	{"{\"list\": [\"\"]}", "list", NULL, "empty or has a comma"},
	{"{\"pairs\": {\"a\": \"${NAME}\"}}", "pairs", "{\"a\": \"${NAME}\"}", NULL},
	{"{\"pairs\": {\"a\": \"\", \"a\": \"\"}}", "pairs", NULL, "a comes twice"},
	{"{\"pairs\": {\"a\": 1}}", "pairs", NULL, "a number where a string is wanted"},
	{"{\"raw\": {\"a\": \"${UNSET}\"}}", "raw", "{\"a\": \"${UNSET}\"}", NULL},
	{"{\"raw\": []}", "raw", NULL, "a list where an object is wanted"},
	{"\n{\n\n\"text\":\n\n1}\n", "text", NULL, "f:6: text: a number"},
	{"{\"txet\": 1}", "text", NULL, "f:1: unknown key txet (did you mean text?)"},
	{"{\"map\": {\"n\": {\"txt\": 1}}}", "text", NULL,
		"f:1: map.n: unknown key txt (did you mean text?)"},
	{"{\"map\": {\"n\": {\"text\": 1}}}", "text", NULL, "f:1: map.n.text: a number where"},
	{"{\"text\": \"a\",\n\"text\": \"a\"}", "nothing", NULL, "f:2: text: comes twice"},
	{"{\"text\": tru}", "text", NULL, "f:1:10: invalid JSON at byte 9"},
	{"{\"text\":\n  }", "text", NULL, "f:2:3: invalid JSON at byte 11"},
	{"\xef\xbb\xbf{\"text\": \"a\"}", "text", "a", NULL},
	{"\xef\xbb\xbf\n{\"text\": 1}", "text", NULL, "f:2: text: a number"},
	{"\xef\xbb\xbf{\"text\": tru}", "text", NULL, "f:1:10: invalid JSON at byte 9"},
	{"\xef\xbb\xbf", "text", NULL, "f:1:1: empty where JSON was expected"},
	{"\xef\xbb\xbf\xef\xbb\xbf{}", "text", NULL, "f:1:1: invalid JSON at byte 0"},
	{" \xef\xbb\xbf{}", "text", NULL, "f:1:2: invalid JSON at byte 1"},
};

static void test_paths(void **)
{
	static const struct {
		const char *file, *text, *path;
	} rows[] = {
		{"/etc/x/f.json", "{\"path\": \"a/b.pem\"}", "/etc/x/a/b.pem"},
		{"/etc/x/f.json", "{\"path\": \"../b.pem\"}", "/etc/x/../b.pem"},
		{"/etc/x/f.json", "{\"path\": \"/b.pem\"}", "/b.pem"},
		{"/f.json", "{\"path\": \"b\"}", "/b"},
		{"sub/f.json", "{\"path\": \"b\"}", "sub/b"},
		{"f.json", "{\"path\": \"b\"}", "b"},
		{"/x/f.json", "{\"path\": \"${NAME}/b\"}", "/x/value/b"},
		{"/x/f.json", "{\"text\": \"b\"}", NULL},
		{"/x/f.json", "{\"path\": \"\"}", NULL},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct conf_source source = {rows[i].file, true, "there", environment};
		struct conf conf = {0};
		(void)conf_read(&conf, keys, str_from(rows[i].text), &source);
		const struct conf_value *v = conf_find(&conf, NULL, (struct str){0}, "path");
		if (rows[i].path)
			assert_true(v && str_is(v->text, rows[i].path));
		else
			assert_null(v);
		conf_release(&conf);
	}
}

static void test_values(void **)
{
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		const struct value_case *c = &values[i];
		struct conf conf = {0};
		struct err e = {0};

		bool is_right = read(&conf, c->text, true);
		const struct conf_value *v = conf_find(&conf, NULL, (struct str){0}, c->key);
		assert_int_equal(is_right, conf_check(&conf, &e));
		if (c->value && (!v || !str_is(v->text, c->value)))
			fail_msg("%s: %s", c->text, is_right ? "another value" : e.text);
		if (!c->value && (is_right || v || !strstr(e.text, c->error)))
			fail_msg("%s: %s", c->text, is_right ? "taken" : e.text);
		conf_release(&conf);
	}
}

static void test_first_read_is_found(void **)
{
	struct conf c = {0};

	assert_true(read(&c, "{\"count\": 1, \"map\": {\"a.b\": {\"text\": \"x\"}}}", true));
	assert_true(read(&c,
		"{\"count\": 2, \"word\": \"one\", \"map\": {\"a.b\": {\"text\": \"y\"}}}", true));
	assert_true(str_is(conf_find(&c, NULL, (struct str){0}, "count")->text, "1"));
	assert_true(str_is(conf_find(&c, NULL, (struct str){0}, "word")->text, "one"));
	assert_true(str_is(conf_find(&c, "map", STR("a.b"), "text")->text, "x"));
	assert_null(conf_find(&c, "map", STR("a"), "text"));
	assert_null(conf_find(&c, NULL, (struct str){0}, "text"));
	conf_release(&c);
}

static void test_not_trusted(void **)
{
	struct conf c = {0};

	assert_true(read(&c,
		"{\"text\": \"${NAME}\", \"own\": 5, \"map\": {\"a\": {\"own\": 1, \"text\": \"t\"}},"
		" \"list\": [\"$${\"], \"pairs\": {\"a\": \"${\"}, \"count\": 1}",
		false));
	assert_int_equal(c.error_count, 0);
	assert_int_equal(c.problems.n, 5);
	assert_int_equal(c.values.n, 2);
	assert_true(str_is(c.values.p[0].text, "t"));
	assert_true(str_is(c.values.p[1].text, "1"));
	vec_each (&c.problems, problem)
		assert_non_null(strstr(problem->text, "there"));
	conf_release(&c);
}

static void test_all_problems_up_to_a_limit(void **)
{
	struct conf c = {0};
	AUTO(buf) text = {0};

	assert_false(read(&c, "{\"a\": 1, \"count\": 9, \"b\": 2, \"word\": \"x\"}", true));
	assert_int_equal(c.error_count, 4);
	conf_release(&c);
	for (int i = 0; i < 100'000; i++)
		buf_printf(&text, "%s\"k%d\":\n1", i ? "," : "{", i);
	buf_put_char(&text, '}');
	assert_false(read(&c, buf_text(&text), true));
	assert_int_equal(c.error_count, CONF_PROBLEMS_MAX);
	conf_release(&c);
}

static void test_words(void **)
{
	struct arena a = {0};
	struct conf_value v;
	struct err e;

	assert_true(conf_from_word(conf_key_find(keys, STR("count")), STR("7"), &a, &v, &e));
	assert_false(conf_from_word(conf_key_find(keys, STR("count")), STR("7 "), &a, &v, &e));
	assert_false(conf_from_word(conf_key_find(keys, STR("count")), STR("8"), &a, &v, &e));
	assert_true(conf_from_word(conf_key_find(keys, STR("flag")), STR("false"), &a, &v, &e));
	assert_false(conf_from_word(conf_key_find(keys, STR("flag")), STR("1"), &a, &v, &e));
	assert_true(conf_from_word(conf_key_find(keys, STR("list")), STR(" a , b"), &a, &v, &e));
	assert_int_equal(v.item_count, 2);
	assert_true(str_is(v.items[0], "a") && str_is(v.items[1], "b"));
	assert_false(conf_from_word(conf_key_find(keys, STR("list")), STR("a,,b"), &a, &v, &e));
	/* Variables are for files: the environment is not expanded again. */
	assert_true(conf_from_word(conf_key_find(keys, STR("text")), STR("${NAME}"), &a, &v, &e));
	assert_true(str_is(v.text, "${NAME}"));
	arena_release(&a);
}

static void test_masked(void **)
{
	struct arena a = {0};

	assert_true(str_is(conf_masked(STR("sk-0123456789"), &a), "****6789"));
	assert_true(str_is(conf_masked(STR("01234567890"), &a), "****"));
	assert_true(str_is(conf_masked(STR(""), &a), "****"));
	assert_true(str_is(conf_masked(STR("0123456789012\xc3\xa9"), &a), "****"));
	arena_release(&a);
}

/* What the table says has to hold for the table. */
static void check_table(const struct conf_key *table)
{
	struct arena a = {0};
	struct conf_value v;
	struct err e;

	for (const struct conf_key *key = table; key->name; key++) {
		assert_ptr_equal(conf_key_find(table, str_from(key->name)), key);
		assert_true(
			key->brief && key->brief[0] && key->brief[strlen(key->brief) - 1] != '.');
		assert_int_equal(key->type == CONF_MAP, key->members != NULL);
		assert_true(key - table < SETTINGS_MAX);
		if (key->fallback)
			assert_true(conf_from_word(key, str_from(key->fallback), &a, &v, &e));
		if (key->type == CONF_INT || key->type == CONF_SECONDS)
			assert_true(key->unit && key->minimum <= key->maximum);
		if (key->members)
			check_table(key->members);
		for (const char *const *choice = key->choices; choice && *choice; choice++) {
			if (strcmp(key->name, "wire") == 0)
				assert_non_null(wire_find(str_from(*choice)));
			if (strcmp(key->name, "dialect") == 0)
				assert_non_null(dialect_find(str_from(*choice)));
		}
	}
	arena_release(&a);
}

static void test_table(void **)
{
	check_table(settings_keys);
}

static void test_pretty(void **)
{
	AUTO(buf) out = {0};
	struct err e;

	json_put_pretty(&out, STR("{\"a\":[1,{ },[ ],\"x,{\\\"\"],\"b\":{\"c\":null}}"));
	assert_string_equal(buf_text(&out),
		"{\n  \"a\": [\n    1,\n    {},\n    [],\n"
		"    \"x,{\\\"\"\n  ],\n  \"b\": {\n    \"c\": null\n  }\n}");
	assert_true(json_check(buf_str(&out), &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_first_read_is_found),
		cmocka_unit_test(test_not_trusted),
		cmocka_unit_test(test_all_problems_up_to_a_limit),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_masked),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_pretty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
