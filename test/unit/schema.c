// SPDX-License-Identifier: MIT
/* schema: what a JSON Schema takes and refuses, what it says, and what is wrong with one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/decimal.h"
#include "base/json.h"
#include "base/schema.h"
#include "index/index.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* schema, then values that pass, then those that do not; each list is ended by NULL. */
struct set {
	const char *schema;
	const char *good[12], *bad[12];
};

static const struct set sets[] = {
	{"{}", {"1", "null", " [1] ", "{\"a\":{}}", "\"\""}, {"", "x", "1 2", "{", "\"\xff\""}},
	{"{\"type\":\"integer\"}", {"1", "-0", "1.0", "10e-1", "1e400", "1.50e1"},
		{"1.5", "1e-1", "\"1\"", "null", "true", "[1]"}},
	{"{\"type\":[\"string\",\"null\"]}", {"\"\"", "null"}, {"1", "{}", "[]", "false"}},
	{"{\"type\":\"number\"}", {"1", "1.5"}, {"\"1\"", "null"}},
	{"{\"type\":\"boolean\"}", {"true", "false"}, {"0", "\"true\""}},
	{"{\"enum\":[1,\"a\",null,{\"x\":[1,2],\"y\":\"\\u00e9\"},1.0]}",
		{"1", "1.0", "10e-1", "\"\\u0061\"", "null",
			"{\"y\":\"\xc3\xa9\",\"x\":[1.0,2e0]}"},
		{"2", "\"A\"", "false", "{\"x\":[2,1],\"y\":\"\\u00e9\"}", "{\"x\":[1,2]}"}},
	{"{\"const\":9007199254740993}", {"9007199254740993", "9007199254740993.0"},
		{"9007199254740992", "9.007199254740992e15"}},
	{"{\"const\":false}", {"false"}, {"0", "null", "\"\""}},
	{"{\"const\":[[],{}]}", {"[[],{}]"}, {"[{},[]]", "[[[]],{}]", "[]"}},
	{"{\"minimum\":0.1,\"exclusiveMaximum\":3}",
		{"0.1", "1e-1", "2.999999999999999999999999999", "\"x\""},
		{"0.09999999999999999999999", "3", "3.0", "-1", "1e308000", "30e-1"}},
	{"{\"maximum\":-5,\"exclusiveMinimum\":-1e999}", {"-5", "-5.0", "-9e998", "-6"},
		{"-4.9", "-1e999", "-2e999", "0", "5"}},
	{"{\"multipleOf\":0.01}", {"0.07", "19.99", "1", "0", "-0.03", "1e300", "4.35"},
		{"0.075", "0.001", "1e-300"}},
	{"{\"multipleOf\":7}", {"7", "-49", "0.0", "7e20", "700000000000000000000000000007"},
		{"1", "7.5", "1e20", "700000000000000000000000000008"}},
	{"{\"minLength\":2,\"maxLength\":3}",
		{"\"ab\"", "\"\xc3\xa4\xc3\xb6\xc3\xbc\"", "\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\"",
			"\"\\ud83d\\ude00x\"", "12345", "\"\\n\\t\""},
		{"\"a\"", "\"\xf0\x9f\x98\x80\"", "\"abcd\"", "\"\\ud83d\\ude00\""}},
	{"{\"minLength\":1.0,\"maxLength\":1e99}", {"\"a\""}, {"\"\""}},
	{"{\"pattern\":\"^a+$\"}", {"\"aa\"", "1"}, {"\"aa\\n\"", "\"ba\"", "\"\""}},
	{"{\"pattern\":\"b\"}", {"\"abc\"", "\"a\\nb\""}, {"\"ac\""}},
	{"{\"pattern\":\"^\\\\u00e9\\\\p{L}$\"}", {"\"\xc3\xa9z\""}, {"\"ez\""}},
	{"{\"pattern\":\"^\\\\d$\"}", {"\"7\""}, {"\"\xd9\xa3\""}},
	{"{\"required\":[\"a\",\"b\"]}", {"{\"a\":1,\"b\":2,\"c\":3}", "[]"},
		{"{\"a\":1}", "{}", "{\"A\":1,\"b\":1}"}},
	{"{\"properties\":{\"a\":{\"type\":\"string\"},\"\\u0062\":false}}",
		{"{\"a\":\"\"}", "{\"c\":1}", "{\"\\u0061\":\"\"}", "3"},
		{"{\"a\":1}", "{\"\\u0061\":1}", "{\"b\":1}"}},
	{"{\"properties\":{\"a\":{}},\"additionalProperties\":false}", {"{\"a\":1}", "{}"},
		{"{\"b\":1}", "{\"a\":1,\"\":1}"}},
	{"{\"properties\":{\"a\":{}},\"patternProperties\":{\"^x_\":{\"type\":\"integer\"}},"
	 "\"additionalProperties\":{\"type\":\"string\"}}",
		{"{\"a\":1,\"x_1\":2,\"z\":\"\"}"}, {"{\"x_1\":\"\"}", "{\"z\":1}"}},
	{"{\"propertyNames\":{\"maxLength\":2}}", {"{\"ab\":1}", "{}"}, {"{\"abc\":1}"}},
	{"{\"minProperties\":1,\"maxProperties\":2}", {"{\"a\":1}", "{\"a\":1,\"b\":2}"},
		{"{}", "{\"a\":1,\"b\":2,\"c\":3}"}},
	{"{\"dependentRequired\":{\"a\":[\"b\"]}}", {"{\"b\":1}", "{\"a\":1,\"b\":2}", "{}"},
		{"{\"a\":1}"}},
	{"{\"dependentSchemas\":{\"a\":{\"minProperties\":2}}}", {"{\"b\":1}", "{\"a\":1,\"b\":2}"},
		{"{\"a\":1}"}},
	{"{\"items\":{\"type\":\"integer\"}}", {"[]", "[1,2]", "{}"}, {"[1,\"\"]", "[[]]"}},
	{"{\"prefixItems\":[{\"type\":\"string\"},true],\"items\":false}",
		{"[]", "[\"a\"]", "[\"a\",1]"}, {"[1]", "[\"a\",1,2]"}},
	{"{\"minItems\":1,\"maxItems\":2}", {"[1]", "[[],[]]"}, {"[]", "[1,2,3]"}},
	{"{\"uniqueItems\":true}",
		{"[]", "[1,\"1\",true,[1],{\"a\":1}]", "[[1,2],[2,1]]", "[{\"a\":1},{\"b\":1}]"},
		{"[1,1.0]", "[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1}]", "[\"a\",\"\\u0061\"]",
			"[0,-0]"}},
	{"{\"uniqueItems\":false}", {"[1,1]"}, {NULL}},
	{"{\"contains\":{\"const\":1}}", {"[1]", "[2,1]"}, {"[]", "[2]"}},
	{"{\"contains\":{\"const\":1},\"minContains\":0,\"maxContains\":1}", {"[]", "[1,2]"},
		{"[1,1]"}},
	{"{\"allOf\":[{\"minimum\":1},{\"maximum\":2}]}", {"1", "2"}, {"0", "3"}},
	{"{\"anyOf\":[{\"type\":\"string\"},{\"minimum\":5}]}", {"\"\"", "5", "null"}, {"4"}},
	{"{\"oneOf\":[{\"multipleOf\":2},{\"multipleOf\":3}]}", {"2", "3"}, {"1", "6"}},
	{"{\"not\":{\"type\":\"null\"}}", {"1"}, {"null"}},
	{"{\"not\":{}}", {NULL}, {"1", "{}"}},
	{"{\"if\":{\"properties\":{\"k\":{\"const\":\"a\"}},\"required\":[\"k\"]},"
	 "\"then\":{\"required\":[\"x\"]},\"else\":{\"required\":[\"y\"]}}",
		{"{\"k\":\"a\",\"x\":1}", "{\"k\":\"b\",\"y\":1}"},
		{"{\"k\":\"a\",\"y\":1}", "{}"}},
	{"{\"if\":{\"type\":\"string\"},\"else\":false}", {"\"\""}, {"1"}},
	{"{\"$ref\":\"#/$defs/a~1b~0%20c\",\"maximum\":9,\"$defs\":{\"a/b~ c\":{\"minimum\":3}}}",
		{"3", "9"}, {"2", "10"}},
	{"{\"$ref\":\"#here\",\"$defs\":{\"a\":{\"$anchor\":\"here\",\"type\":\"null\"}}}",
		{"null"}, {"1"}},
	{"{\"properties\":{\"next\":{\"$ref\":\"#\"},\"v\":{\"type\":\"integer\"}},\"required\":[\"v\"]}",
		{"{\"v\":1,\"next\":{\"v\":2,\"next\":{\"v\":3}}}"},
		{"{\"v\":1,\"next\":{\"v\":2,\"next\":{}}}", "{\"v\":1,\"next\":{\"v\":\"\"}}"}},
	{"{\"properties\":{\"$ref\":{\"type\":\"string\"},\"type\":{\"enum\":[\"x\"]}}}",
		{"{\"$ref\":\"a\",\"type\":\"x\"}"}, {"{\"$ref\":1}", "{\"type\":\"y\"}"}},
	{"{\"definitions\":{\"a\":{\"type\":\"null\"}},\"items\":{\"$ref\":\"#/definitions/a\"}}",
		{"[null]"}, {"[1]"}},
	/* Members that come twice: readers differ in which of them counts. */
	{"{\"properties\":{\"a\":{\"type\":\"integer\"}}}", {"{\"a\":1}"},
		{"{\"a\":1,\"a\":1}", "{\"b\":[{\"c\":1,\"\\u0063\":2}]}"}},
};

static struct schema *load(const char *text)
{
	struct err e = {0};
	struct schema *s = schema_new(str_from(text), &pattern_functions, &e);

	if (!s)
		fail_msg("%s: %s", text, e.text);
	return s;
}

static void check_value(const struct schema *s, const char *schema, const char *value, bool wanted)
{
	AUTO(arena) a = {0};
	AUTO(buf) said = {0};
	struct schema_faults faults;

	bool passes = schema_check(s, str_from(value), &a, &faults);
	schema_faults_put(&said, &faults);
	assert_int_equal(passes, faults.count == 0);
	if (passes != wanted)
		fail_msg("%s with %s: %s", schema, value, passes ? "passes" : buf_text(&said));
}

static void test_values(void **)
{
	for (size_t i = 0; i < COUNT(sets); i++) {
		struct schema *s = load(sets[i].schema);
		for (size_t k = 0; sets[i].good[k]; k++)
			check_value(s, sets[i].schema, sets[i].good[k], true);
		for (size_t k = 0; sets[i].bad[k]; k++)
			check_value(s, sets[i].schema, sets[i].bad[k], false);
		schema_free(s);
	}
}

static void test_formats(void **)
{
	static const struct set formats[] = {
		{"date-time",
			{"2024-02-29T23:59:59Z", "1990-12-31T15:59:60-08:00",
				"1985-04-12t23:20:50.52z", "2000-01-01T00:00:00+14:00"},
			{"2023-02-29T00:00:00Z", "2024-01-01 00:00:00Z", "2024-01-01T00:00:00",
				"2024-01-01T24:00:00Z", "2024-01-01T00:00:60Z",
				"2024-13-01T00:00:00Z", "2024-01-01T00:00:00.Z", "2024-1-1T0:0:0Z",
				""}},
		{"date", {"2000-02-29", "2024-12-31"},
			{"1900-02-29", "2024-04-31", "2024-00-01", "2024-01-00", "24-01-01", ""}},
		{"time", {"00:00:00Z", "23:59:60Z", "01:02:03.4+05:30"},
			{"00:00:00", "25:00:00Z", "00:60:00Z", "12:00:60Z"}},
		{"duration", {"P1Y2M3DT4H5M6S", "PT1S", "P4W", "P1D", "PT1H1S"},
			{"P", "PT", "1D", "P1S", "P1DT", "P1D2Y", "P1W1D", "PT1"}},
		{"email", {"a@b.c", "a.b+c@x-y.example"},
			{"a", "@b", "a@", "a b@c", ".a@b", "a..b@c", "a@-b", "a@b@c"}},
		{"hostname", {"a", "a-b.example", "1.2"}, {"", "-a", "a-", "a..b", "a_b", "a."}},
		{"ipv4", {"0.0.0.0", "255.255.255.255"},
			{"256.0.0.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.", "1.2.3.+4", ""}},
		{"ipv6",
			{"::", "::1", "1:2:3:4:5:6:7:8", "2001:db8::8:800", "::ffff:1.2.3.4",
				"1::"},
			{"1:2:3:4:5:6:7", "1::2::3", "12345::", "g::", ":::", "1:2:3:4:5:6:7:8:9",
				"", "1.2.3.4::", "::1:", ":1:2:3:4:5:6:7"}},
		{"uri", {"http://a/b?c#d", "urn:x:y", "mailto:a@b"},
			{"a/b", "://a", "1a:b", "a:b c", "a:%zz", "http://\xc3\xa4", ""}},
		{"uri-reference", {"a/b", "#x", ""}, {"a b", "\\"}},
		{"uuid", {"123e4567-e89b-12d3-a456-426614174000"},
			{"123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g",
				""}},
		{"json-pointer", {"", "/a~0b/~1"}, {"a", "/~", "/~2"}},
	};

	for (size_t i = 0; i < COUNT(formats); i++) {
		AUTO(buf) text = {0};
		buf_printf(&text, "{\"format\":\"%s\"}", formats[i].schema);
		struct schema *s = load(buf_text(&text));
		for (int is_bad = 0; is_bad < 2; is_bad++) {
			const char *const *values = is_bad ? formats[i].bad : formats[i].good;
			for (size_t k = 0; values[k]; k++) {
				AUTO(buf) quoted = {0};
				json_quote(&quoted, str_from(values[k]));
				check_value(s, buf_text(&text), buf_text(&quoted), !is_bad);
			}
		}
		check_value(s, buf_text(&text), "5", true);
		schema_free(s);
	}
}

static void test_sentences(void **)
{
	static const struct {
		const char *schema, *value, *said;
	} rows[] = {
		{"{\"type\":\"integer\"}", "\"a\"", "#: expected integer, found string \"a\"\n"},
		{"{\"type\":[\"integer\",\"null\"]}", "true",
			"#: expected null or integer, found true\n"},
		{"{\"properties\":{\"a/b~\":{\"items\":{\"maximum\":5}}}}", "{\"a/b~\":[1,6]}",
			"#/a~1b~0/1: expected at most 5, found number 6\n"},
		{"{\"required\":[\"b\",\"a\"],\"additionalProperties\":false}", "{\"c\":1}",
			"#: the member a is missing\n#: the member b is missing\n"
			"#/c: this member is not allowed\n"},
		{"{\"properties\":{\"a\":{\"anyOf\":[{\"type\":\"null\"},{\"properties\":{\"b\":{\"const\":1}}}]}"
		 "}}",
			"{\"a\":{\"b\":2}}",
			"#/a: fits none of the 2 schemas of anyOf; nearest: /a/b: expected 1, found number "
			"2\n"},
		{"{\"oneOf\":[{},{}]}", "1", "#: fits more than one of the 2 schemas of oneOf\n"},
		{"{\"minLength\":3}", "\"\xc3\xa4\"",
			"#: expected at least 3 characters, found 1: string \"\xc3\xa4\"\n"},
		{"{\"uniqueItems\":true}", "[3,1,2,1,1]", "#: items 1 and 3 are equal\n"},
		{"{\"propertyNames\":{\"pattern\":\"^a\"}}", "{\"b\":1}",
			"#/b: this name is not allowed: expected a match of the pattern ^a, found string "
			"\"b\"\n"},
		{"{}", "nul", "#: no JSON: invalid JSON at byte 0\n"},
		{"{}", "{\"a\":[{\"b\":1,\"b\":2}]}", "#/a/0: the member b comes twice\n"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct schema *s = load(rows[i].schema);
		AUTO(arena) a = {0};
		AUTO(buf) said = {0};
		struct schema_faults faults;
		assert_false(schema_check(s, str_from(rows[i].value), &a, &faults));
		schema_faults_put(&said, &faults);
		assert_string_equal(buf_text(&said), rows[i].said);
		schema_free(s);
	}
}

static void test_faults_are_few(void **)
{
	struct schema *s = load("{\"items\":{\"type\":\"null\"}}");
	AUTO(arena) a = {0};
	AUTO(buf) value = {0};
	struct schema_faults faults;

	buf_put_char(&value, '[');
	for (int i = 0; i < 100'000; i++)
		buf_put_text(&value, "1,");
	buf_put_text(&value, "1]");
	assert_false(schema_check(s, buf_str(&value), &a, &faults));
	assert_int_equal(faults.count, SCHEMA_FAULTS_MAX);
	assert_true(str_is(faults.items[9].path, "/9"));
	schema_free(s);
}

static void test_bad_schemas(void **)
{
	static const char *const rows[][2] = {
		{"", "empty where JSON was expected"},
		{"{\"type\":}", "invalid JSON at byte 8"},
		{"[]", "a schema has to be a JSON object"},
		{"true", "a schema has to be a JSON object"},
		{"{\"types\":\"a\"}", "keyword types at # is not supported"},
		{"{\"properties\":{\"a\":{\"unevaluatedProperties\":false}}}",
			"keyword unevaluatedProperties at #/properties/a is not supported"},
		{"{\"$dynamicRef\":\"#a\"}", "keyword $dynamicRef at # is not supported"},
		{"{\"type\":\"int\"}",
			"keyword type at #: a type is one of null, boolean, integer, "
			"number, string, array, object"},
		{"{\"type\":[]}", "keyword type at #: the list is empty"},
		{"{\"type\":5}", "keyword type at #: its value has to be a string or an array"},
		{"{\"properties\":[]}", "keyword properties at #: its value has to be an object"},
		{"{\"properties\":{\"a/b\":{\"items\":3}}}",
			"keyword items at #/properties/a~1b: its value has to be true or false or an "
			"object"},
		{"{\"properties\":{\"a\":3}}",
			"keyword properties at #: a schema in it is neither an "
			"object nor true or false"},
		{"{\"items\":[{}]}",
			"keyword items at #: its value has to be true or false or an object"},
		{"{\"allOf\":[]}", "keyword allOf at #: the list is empty"},
		{"{\"minLength\":-1}",
			"keyword minLength at #: its value has to be a whole number, not "
			"negative"},
		{"{\"minItems\":1.5}",
			"keyword minItems at #: its value has to be a whole number, not "
			"negative"},
		{"{\"multipleOf\":0}", "keyword multipleOf at #: its value has to be more than 0"},
		{"{\"multipleOf\":1234567890123456789}",
			"keyword multipleOf at #: a number of more than 18 digits is not supported"},
		{"{\"required\":[1]}", "keyword required at #: a name in it is no string"},
		{"{\"required\":[\"a\",\"\\u0061\"]}", "keyword required at #: a name comes twice"},
		{"{\"properties\":{\"a\":{},\"a\":{}}}",
			"keyword properties at #: a name comes twice"},
		{"{\"minimum\":1,\"minimum\":2}", "keyword minimum at #: it comes twice"},
		{"{\"exclusiveMinimum\":true}",
			"keyword exclusiveMinimum at #: its value has to be a number"},
		{"{\"dependentRequired\":{\"a\":\"b\"}}",
			"keyword dependentRequired at #: names have to be in an array"},
		{"{\"then\":{}}", "keyword then at #: it means nothing without if"},
		{"{\"maxContains\":1}",
			"keyword maxContains at #: it means nothing without contains"},
		{"{\"format\":\"int32\"}",
			"keyword format at #: the format int32 is not supported"},
		{"{\"pattern\":\"(\"}",
			"keyword pattern at #: bad pattern: missing closing parenthesis "
			"at offset 1"},
		{"{\"patternProperties\":{\"[\":{}}}",
			"keyword patternProperties at #: bad pattern: "
			"missing terminating ] for character class at "
			"offset 1"},
		{"{\"$ref\":\"#/$defs/a\"}", "keyword $ref at #: there is no schema at #/$defs/a"},
		{"{\"$ref\":\"#/enum/0\",\"enum\":[{}]}",
			"keyword $ref at #: there is no schema at #/enum/0"},
		{"{\"$ref\":\"#/$defs\",\"$defs\":{}}",
			"keyword $ref at #: there is no schema at #/$defs"},
		{"{\"$ref\":\"other.json\"}",
			"keyword $ref at #: only references within the file are followed: \"#/...\""},
		{"{\"$ref\":\"#\"}",
			"the schema at # refers to itself without going on into the value"},
		{"{\"$defs\":{\"a\":{\"anyOf\":[{\"$ref\":\"#/$defs/b\"}]},\"b\":{\"not\":{\"$ref\":"
		 "\"#/$defs/a\"}}}}",
			"the schema at #/$defs/a refers to itself without going on into the value"},
		{"{\"$anchor\":\"a b\"}", "keyword $anchor at #: its value is no name"},
		{"{\"$defs\":{\"a\":{\"$anchor\":\"x\"},\"b\":{\"$anchor\":\"x\"}}}",
			"the $anchor x comes twice"},
		{"{\"items\":{\"$id\":\"x\"}}",
			"keyword $id at #/items: it is supported at the top of the file only"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = {0};
		assert_null(schema_new(str_from(rows[i][0]), &pattern_functions, &e));
		assert_string_equal(e.text, rows[i][1]);
		assert_int_equal(e.code, ERR_PARSE);
	}
	struct err e;
	assert_null(schema_new(STR("{\"pattern\":\"a\"}"), NULL, &e));
	assert_string_equal(e.text, "keyword pattern at #: patterns are not supported here");
}

/* {"$defs": {"d0": {"allOf": [d1, d1]}, "d1": ...}}: 2^levels visits for any value. */
static void put_doubling(struct buf *b, int levels)
{
	buf_put_text(b, "{\"$ref\":\"#/$defs/d0\",\"$defs\":{");
	for (int i = 0; i < levels; i++)
		buf_printf(b,
			"\"d%d\":{\"allOf\":[{\"$ref\":\"#/$defs/d%d\"},{\"$ref\":\"#/$defs/d%d\"}]},",
			i, i + 1, i + 1);
	buf_printf(b, "\"d%d\":{\"type\":\"null\"}}}", levels);
}

static void test_too_much(void **)
{
	AUTO(arena) a = {0};
	struct schema_faults faults;
	AUTO(buf) text = {0};
	struct err e;

	put_doubling(&text, 30);
	struct schema *s = load(buf_text(&text));
	assert_false(schema_check(s, STR("null"), &a, &faults));
	assert_true(str_is(faults.items[0].message,
		"checking it against the schema takes too long or goes too deep"));
	schema_free(s);
	buf_clear(&text);
	put_doubling(&text, 100);
	assert_null(schema_new(buf_str(&text), &pattern_functions, &e));
	assert_true(
		str_contains(str_from(e.text), STR("more than 64 schemas refer to each other")));
	/* What the check gives up on passes nowhere, not even by a not. */
	buf_clear(&text);
	buf_put_text(&text, "{\"not\":");
	put_doubling(&text, 30);
	buf_put_text(&text, "}");
	AUTO(buf) moved = {0};
	for (struct str rest = buf_str(&text), part; str_split(&rest, '#', &part);) {
		buf_put_str(&moved, part);
		if (rest.p)
			buf_put_text(&moved, "#/not");
	}
	s = load(buf_text(&moved));
	assert_false(schema_check(s, STR("null"), &a, &faults));
	schema_free(s);
}

static void test_deep(void **)
{
	AUTO(buf) value = {0};
	AUTO(buf) text = {0};
	AUTO(arena) a = {0};
	struct schema_faults faults;
	struct err e;

	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		buf_put_char(&value, '[');
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		buf_put_char(&value, ']');
	struct schema *s = load("{\"anyOf\":[{\"items\":{\"$ref\":\"#\"},\"type\":\"array\"}]}");
	assert_true(schema_check(s, buf_str(&value), &a, &faults));
	buf_put_char(&value, ']');
	assert_false(schema_check(s, buf_str(&value), &a, &faults));
	schema_free(s);
	for (int i = 0; i < 120; i++)
		buf_put_text(&text, "{\"items\":");
	buf_put_text(&text, "true");
	for (int i = 0; i < 120; i++)
		buf_put_text(&text, "}");
	schema_free(load(buf_text(&text)));
	buf_clear(&text);
	for (int i = 0; i < 100'000; i++)
		buf_put_text(&text, "{\"items\":");
	assert_null(schema_new(buf_str(&text), &pattern_functions, &e));
}

static void test_slow_pattern(void **)
{
	static const char *const schemas[] = {"{\"items\":{\"pattern\":\"^(a+)+$\"}}",
		"{\"items\":{\"not\":{\"pattern\":\"^(a+)+$\"}}}",
		"{\"items\":{\"anyOf\":[{\"pattern\":\"^(a+)+$\"},{}]}}"};
	AUTO(arena) a = {0};
	struct schema_faults faults;

	for (size_t i = 0; i < COUNT(schemas); i++) {
		struct schema *s = load(schemas[i]);
		assert_false(schema_check(
			s, STR("[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"]"), &a, &faults));
		assert_true(str_is(faults.items[faults.count - 1].message,
			"checking it against the schema takes too long or goes too deep"));
		schema_free(s);
	}
}

static void test_decimals(void **)
{
	/* In their order; those of one row are equal. */
	static const char *const rows[][4] = {
		{"-1e9999999999999999999"},
		{"-10", "-1e1", "-10.00"},
		{"-0.5", "-5e-1", "-0.50"},
		{"0", "-0", "0.000e99", "0e-5"},
		{"1e-99999999999999999"},
		{"0.05", "5e-2", "0.0500", "0.5E-1"},
		{"1", "1.0", "10e-1", "0.1e1"},
		{"1.0000000000000000000000001"},
		{"10", "1e1", "1E+1", "10.0"},
		{"9007199254740992"},
		{"9007199254740993"},
		{"123456789012345678901234567890"},
	};

	for (size_t i = 0; i < COUNT(rows) * 4; i++)
		for (size_t k = 0; k < COUNT(rows) * 4; k++) {
			const char *x = rows[i / 4][i % 4], *y = rows[k / 4][k % 4];
			if (!x || !y)
				continue;
			struct decimal a = decimal_of(str_from(x)), b = decimal_of(str_from(y));
			int wanted = i / 4 == k / 4 ? 0 : i / 4 < k / 4 ? -1 : 1;
			if (decimal_compare(&a, &b) != wanted)
				fail_msg("%s and %s", x, y);
		}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_faults_are_few),
		cmocka_unit_test(test_bad_schemas),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_slow_pattern),
		cmocka_unit_test(test_decimals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
