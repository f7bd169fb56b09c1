// SPDX-License-Identifier: MIT
/* base: strings, buffers, arenas, JSON, UTF-8, server-sent events, languages, errors. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/json.h"
#include "base/language.h"
#include "base/sse.h"
#include "base/utf8.h"
#include "base/vec.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static void assert_str(struct str got, const char *expected)
{
	if (!str_is(got, expected))
		fail_msg("got \"%.*s\", expected \"%s\"", STR_ARG(got), expected);
}

/* ---- str ---- */

static void test_str_parts(void **)
{
	struct str s = STR(" \tabcabc\r\n");

	assert_str(str_trim(s), "abcabc");
	assert_str(str_trim(STR(" \n ")), "");
	assert_int_equal(str_find(s, STR("bc"), 0), 3);
	assert_int_equal(str_find(s, STR("bc"), 4), 6);
	assert_int_equal(str_find(s, STR("x"), 0), SIZE_MAX);
	assert_int_equal(str_find(s, STR(""), s.n), s.n);
	assert_int_equal(str_find(s, STR(""), s.n + 1), SIZE_MAX);
	assert_int_equal(str_find((struct str){0}, STR("x"), 0), SIZE_MAX);
	assert_str(str_skip(STR("ab"), 5), "");
	assert_str(str_head(STR("ab"), 5), "ab");
	assert_true(str_starts(STR("ab"), STR("")) && str_ends(STR("ab"), STR("b")));
	assert_false(str_starts(STR("a"), STR("ab")) || str_ends(STR("b"), STR("ab")));
	assert_true(str_eq_nocase(STR("aB\xc3"), STR("Ab\xc3")));
	assert_true(str_cmp(STR("a"), STR("ab")) < 0 && str_cmp(STR("\xff"), STR("a")) > 0);
	assert_true(str_eq((struct str){0}, STR("")));
}

static void test_str_split(void **)
{
	struct str rest = STR("a,,b,"), part;
	static const char *const parts[] = {"a", "", "b", ""};

	for (size_t i = 0; i < 4; i++) {
		assert_true(str_split(&rest, ',', &part));
		assert_str(part, parts[i]);
	}
	assert_false(str_split(&rest, ',', &part));
}

static void test_str_int(void **)
{
	static const struct {
		const char *text;
		int64_t value;
	} good[] = {{"0", 0}, {"-0", 0}, {"007", 7}, {"9223372036854775807", INT64_MAX},
		{"-9223372036854775808", INT64_MIN}};
	static const char *const bad[] = {"", "-", "+1", " 1", "1 ", "1a", "9223372036854775808",
		"-9223372036854775809", "99999999999999999999", "0x1", "1.0"};
	int64_t value;

	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(str_int(str_from(good[i].text), &value));
		assert_int_equal(value, good[i].value);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(str_int(str_from(bad[i]), &value));
}

static void test_str_distance(void **)
{
	char longest[70] = {0};

	assert_int_equal(str_distance(STR("kitten"), STR("sitting")), 3);
	assert_int_equal(str_distance(STR(""), STR("abc")), 3);
	assert_int_equal(str_distance(STR("same"), STR("same")), 0);
	assert_int_equal(str_distance((struct str){longest, 64}, (struct str){longest, 64}), 0);
	assert_int_equal(str_distance((struct str){longest, 65}, STR("a")), UINT_MAX);
}

/* ---- buf, arena, vec ---- */

static void test_buf_groups_digits(void **)
{
	static const struct {
		int64_t n;
		const char *text;
	} numbers[] = {{0, "0"}, {999, "999"}, {1000, "1,000"}, {-999, "-999"}, {-1000, "-1,000"},
		{81'234'567, "81,234,567"}, {INT64_MIN, "-9,223,372,036,854,775,808"}};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		AUTO(buf) b = {0};
		buf_put_count(&b, numbers[i].n);
		assert_string_equal(buf_text(&b), numbers[i].text);
	}
}

static void test_buf_keeps_to_its_maximum(void **)
{
	AUTO(buf) b = {.max = 10};

	buf_put_text(&b, "0123456789");
	assert_false(b.overflow);
	buf_put_char(&b, 'x');
	assert_true(b.overflow);
	buf_put_text(&b, "");
	assert_string_equal(buf_text(&b), "0123456789");
	assert_null(buf_reserve(&b, 0));
	buf_clear(&b);
	assert_false(b.overflow);
	buf_printf(&b, "%d-%s", 12, "ab");
	assert_string_equal(buf_text(&b), "12-ab");
	buf_drop_front(&b, 3);
	assert_string_equal(buf_text(&b), "ab");
	buf_cut(&b, 9);
	buf_cut(&b, 1);
	assert_string_equal(buf_text(&b), "a");
	buf_drop_front(&b, 99);
	assert_string_equal(buf_text(&b), "");
	assert_null(buf_reserve(&b, SIZE_MAX));
	buf_release(&b);
	assert_string_equal(buf_text(&b), "");
	assert_int_equal(b.max, 10);
}

static void test_arena_gives_zeroed_aligned_memory(void **)
{
	AUTO(arena) a = {0};
	AUTO(arena) small = {0};

	for (int round = 0; round < 3; round++) {
		for (size_t n = 1; n < 5000; n += 7) {
			char *p = arena_alloc(&a, n, 3);
			assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
			for (size_t i = 0; i < 3 * n; i++)
				assert_int_equal(p[i], 0);
			memset(p, 0xff, 3 * n);
		}
		arena_clear(&a);
	}
	assert_true(arena_size_bytes(&a) > 0 && arena_size_bytes(&a) < 3 << 20);
	assert_str(arena_printf(&a, "%s-%d", "x", 7), "x-7");
	struct str copy = arena_copy(&a, STR("ab"));
	assert_int_equal(copy.p[2], '\0');
	assert_string_equal(arena_text(&a, (struct str){0}), "");
	arena_clear(&small);
	assert_int_equal(arena_size_bytes(&small), 0);
	assert_non_null(arena_alloc(&small, 1, 5 << 20));
	assert_true(arena_size_bytes(&small) >= 5 << 20);
}

static void test_vec(void **)
{
	VEC(int) v = {0};
	int sum = 0;

	vec_each (&v, x)
		sum += *x;
	for (int i = 0; i < 100; i++)
		vec_push(&v, i);
	vec_each (&v, x)
		sum += *x;
	assert_int_equal(sum, 4950);
	vec_release(&v);
	assert_null(v.p);
}

/* ---- utf8 ---- */

static const struct {
	const char *bytes, *repaired;
} utf8_cases[] = {
	{"plain", "plain"},
	{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x8c\x8d", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x8c\x8d"},
	{"a\xff"
	 "b",
		"a\xef\xbf\xbd"
		"b"},
	{"\xc3", "\xef\xbf\xbd"},
	{"\xc0\x80", "\xef\xbf\xbd"}, /* overlong NUL */
	{"\xe0\x80\xaf", "\xef\xbf\xbd"}, /* overlong slash */
	{"\xf0\x80\x80\xaf", "\xef\xbf\xbd"}, /* the same in four */
	{"\xed\xa0\x80", "\xef\xbf\xbd"}, /* surrogate */
	{"\xed\x9f\xbf", "\xed\x9f\xbf"}, /* just below */
	{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
	{"\xf4\x90\x80\x80", "\xef\xbf\xbd"}, /* above U+10FFFF */
	{"\xf5", "\xef\xbf\xbd"},
	{"\xe2\x82", "\xef\xbf\xbd"},
	{"\xe2\x82z", "\xef\xbf\xbdz"},
	{"12345678\x80", "12345678\xef\xbf\xbd"},
};

static void test_utf8_repair(void **)
{
	for (size_t i = 0; i < COUNT(utf8_cases); i++) {
		AUTO(buf) b = {0};
		struct str s = str_from(utf8_cases[i].bytes);
		utf8_put_repaired(&b, s);
		assert_string_equal(buf_text(&b), utf8_cases[i].repaired);
		assert_int_equal(utf8_is_valid(s), str_eq(buf_str(&b), s));
		assert_true(utf8_is_valid(buf_str(&b)));
	}
}

static void test_utf8_every_character(void **)
{
	for (uint32_t c = 1; c < 0x110000; c++) {
		char bytes[4];
		size_t n = utf8_encode(c, bytes), length;
		struct str s = {bytes, n};
		bool is_surrogate = c >= 0xd800 && c <= 0xdfff;
		assert_true(utf8_is_valid(s));
		assert_int_equal(utf8_get(s, &length), is_surrogate ? 0xfffd : c);
		assert_int_equal(length, n);
		assert_false(n > 1 && utf8_is_valid(str_head(s, n - 1)));
	}
	char bytes[4];
	assert_int_equal(utf8_encode(0x110000, bytes), 3);
}

static void test_utf8_cuts_and_lines(void **)
{
	AUTO(buf) b = {0};

	assert_str(utf8_head(STR("a\xe2\x82\xac"), 3), "a");
	assert_str(utf8_head(STR("a\xe2\x82\xac"), 4), "a\xe2\x82\xac");
	utf8_put_line(&b,
		STR("a\nb\x1b[31mc\x07\x1b]0;title\x07\xe2\x80\xae"
		    "d\x1b"),
		80);
	assert_string_equal(buf_text(&b), "a bcd");
	buf_clear(&b);
	utf8_put_line(&b, STR("\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd"), 7);
	assert_string_equal(buf_text(&b), "\xe4\xbd\xa0\xe5\xa5\xbd...");
	buf_clear(&b);
	utf8_put_shown(&b, STR("x\ty\n\x1b[2Jz"));
	assert_string_equal(buf_text(&b), "x\ty\nz");
}

/* ---- json ---- */

static const struct {
	const char *text;
	size_t n; /* 0: strlen */
	bool is_json;
} json_cases[] = {
	{"{}", 0, true},
	{"[]", 0, true},
	{" \t\r\n1 \n", 0, true},
	{"\"\"", 0, true},
	{"[1,2.5,-0,1e5,1E+5,0.1e-9]", 0, true},
	{"[18446744073709551615,9007199254740993,123456789012345678901234567890]", 0, true},
	{"{\"a\":1,\"a\":2}", 0, true},
	{"\"\\u0000\"", 0, true},
	{"\"\\ud800\"", 0, true},
	{"\"\\ud83c\\udf0d\\\"\\\\\\/\\b\\f\\n\\r\\t\"", 0, true},
	{"\"\x7f\"", 0, true},
	{"true", 0, true},
	{"null", 0, true},
	{"", 0, false},
	{" ", 0, false},
	{"[1,]", 0, false},
	{"{\"a\":1,}", 0, false},
	{"[1]x", 0, false},
	{"[1] [2]", 0, false},
	{"[1}", 0, false},
	{"]", 0, false},
	{"{\"a\"}", 0, false},
	{"{\"a\":}", 0, false},
	{"{a:1}", 0, false},
	{"{1:2}", 0, false},
	{"{'a':1}", 0, false},
	{"[NaN]", 0, false},
	{"[Infinity]", 0, false},
	{"[-]", 0, false},
	{"[01]", 0, false},
	{"[+1]", 0, false},
	{"[1.]", 0, false},
	{"[.5]", 0, false},
	{"[1e]", 0, false},
	{"[0x1]", 0, false},
	{"tru", 0, false},
	{"truex", 0, false},
	{"\"", 0, false},
	{"\"\\x\"", 0, false},
	{"\"\\u12g4\"", 0, false},
	{"\"\\u12\"", 0, false},
	{"\"a\nb\"", 0, false},
	{"\"a\x1f\"", 0, false},
	{"\"a\0\"", 4, false},
	{"1\0", 2, false},
	{"[1,,2]", 0, false},
	{"[,]", 0, false},
	{":", 0, false},
	{"// c\n1", 0, false},
	{"\xef\xbb\xbf{}", 0, false},
	{"\"\xff\"", 0, false},
	{"\"\xc0\x80\"", 0, false},
	{"\"\xed\xa0\x80\"", 0, false},
	{"\"\xe2\x82\"", 0, false},
	{"\"01234567\x01\"", 0, false},
	{"\"012\x1f"
	 "4567 and more\"",
		0, false},
	{"\"0123456\n and more\"", 0, false},
	{"\"0 23456\x7f and more\"", 0, true},
	{"\"01234567\xc3\xa4\\", 0, false},
	{"[\v1]", 0, false},
};

static void test_json_check(void **)
{
	for (size_t i = 0; i < COUNT(json_cases); i++) {
		struct str text = str_from(json_cases[i].text);
		struct err e = {0};
		if (json_cases[i].n)
			text.n = json_cases[i].n;
		if (json_check(text, &e) != json_cases[i].is_json)
			fail_msg("wrong about %.*s", STR_ARG(text));
		assert_int_equal(e.code, json_cases[i].is_json ? ERR_NONE : ERR_PARSE);
	}
}

static struct str nested(struct buf *b, int depth)
{
	buf_clear(b);
	for (int i = 0; i < depth; i++)
		buf_put_text(b, i % 2 ? "{\"a\":" : "[");
	buf_put_text(b, "1");
	for (int i = depth; i-- > 0;)
		buf_put_char(b, i % 2 ? '}' : ']');
	return buf_str(b);
}

static void test_json_depth(void **)
{
	AUTO(buf) b = {0};
	struct err e;

	assert_true(json_check(nested(&b, 100), &e));
	assert_true(json_check(nested(&b, JSON_DEPTH_MAX), &e));
	assert_false(json_check(nested(&b, JSON_DEPTH_MAX + 1), &e));
	assert_string_equal(e.text, "JSON nested deeper than 128 levels");
	assert_false(json_check(nested(&b, 1500), &e));
	assert_false(json_check(nested(&b, 100'000), &e));
	assert_int_equal(json_value_length(nested(&b, 100'000)), b.n); /* readers do not recurse */
}

static void test_json_numbers(void **)
{
	static const struct {
		const char *text;
		bool is_int;
		int64_t value;
	} cases[] = {{"9007199254740993", true, 9007199254740993},
		{"-9223372036854775808", true, INT64_MIN}, {"9223372036854775808", false, 0},
		{"18446744073709551615", false, 0}, {"123456789012345678901234567890", false, 0},
		{"5.0", true, 5}, {"1e3", true, 1000}, {"-1.5", false, 0}, {"1e300", false, 0},
		{"\"5\"", false, 0}, {"true", false, 0}};
	double real;

	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t value;
		assert_int_equal(json_int(str_from(cases[i].text), &value), cases[i].is_int);
		if (cases[i].is_int)
			assert_int_equal(value, cases[i].value);
	}
	assert_true(json_double(STR("-1.5e-3"), &real));
	assert_true(real == -0.0015);
	assert_false(json_double(STR("null"), &real));
}

static void test_json_readers(void **)
{
	AUTO(arena) a = {0};
	struct str o = STR(
		"{ \"a\" : 1 , \"b\":[true,null,{\"c/d\":\"x\"},[]],\"a\":2,\"\\u0061b\":\"\\ud83c"
		"\\udf0d\\ud800\\n\",\"n\":{}}");
	static const struct str names[] = {STR("ab"), STR("a"), STR("none"), STR("n")};
	struct str picked[4];

	assert_str(json_get(o, "a"), "2"); /* the last wins */
	assert_null(json_get(o, "none").p);
	assert_null(json_get(STR("[1]"), "a").p);
	assert_int_equal(json_count(o), 5);
	assert_str(json_at(json_get(o, "b"), 2), "{\"c/d\":\"x\"}");
	assert_null(json_at(json_get(o, "b"), 4).p);
	assert_str(json_pointer(o, STR("/b/2/c~1d")), "\"x\"");
	assert_str(json_pointer(o, STR("/b/-4")), "true");
	assert_null(json_pointer(o, STR("/b/-5")).p);
	assert_null(json_pointer(o, STR("/b/x")).p);
	assert_str(json_pointer(STR(" 1 "), STR("")), "1");
	json_pick(o, names, 4, picked);
	assert_str(json_text(picked[0], &a), "\xf0\x9f\x8c\x8d\xef\xbf\xbd\n");
	assert_str(picked[1], "2");
	assert_null(picked[2].p);
	assert_str(picked[3], "{}");
	assert_true(json_text_is(STR("\"\\u0061\""), "a"));
	assert_false(json_text_is(STR("\"a"), "a"));
	assert_int_equal(json_text(STR("\"a\\u0000b\""), &a).n, 3);
	assert_null(json_text(STR("12"), &a).p);
	assert_int_equal(json_type(STR("-")), JSON_NUMBER);
	assert_int_equal(json_type((struct str){0}), JSON_NONE);
}

static void test_json_writer(void **)
{
	AUTO(buf) b = {0};
	struct json_writer w = {.buf = &b};
	struct err e;

	json_open(&w, '{');
	json_member_text(&w, "t", "a\"\\\b\f\n\r\t\x01\x7f/\xc3\xa4\xff");
	json_member_int(&w, "i", INT64_MIN);
	json_member_bool(&w, "b", true);
	json_key(&w, "l");
	json_open(&w, '[');
	json_put_null(&w);
	json_put_double(&w, 1.25, 2);
	json_open(&w, '{');
	json_close(&w, '}');
	json_put_raw(&w, STR("[1]"));
	json_close(&w, ']');
	json_member_str(&w, "n", (struct str){0});
	json_close(&w, '}');
	assert_string_equal(buf_text(&b),
		"{\"t\":\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u007f/\xc3\xa4\xef\xbf\xbd\",\"i\":"
		"-9223372036854775808,\"b\":true,\"l\":[null,1.25,{},[1]],\"n\":\"\"}");
	assert_true(json_check(buf_str(&b), &e));
}

static void test_json_every_byte_quoted(void **)
{
	for (int c = 0; c < 256; c++) {
		AUTO(buf) b = {0};
		AUTO(arena) a = {0};
		char bytes[12] = "0123456789a";
		struct err e;
		bytes[8] = (char)c;
		json_quote(&b, (struct str){bytes, 11});
		assert_true(json_check(buf_str(&b), &e));
		struct str back = json_text(buf_str(&b), &a);
		if (c < 0x80)
			assert_true(str_eq(back, (struct str){bytes, 11}));
	}
}

/* ---- sse ---- */

static bool note(void *self, struct str name, struct str data)
{
	buf_printf(self, "%.*s|%.*s\n", STR_ARG(name), STR_ARG(data));
	return true;
}

static const struct {
	const char *bytes, *events;
} sse_cases[] = {
	{"data: a\n\n", "|a\n"},
	{"data:a\r\n\r\ndata:  b\r\rdata:c\n\n", "|a\n| b\n|c\n"},
	{"event: x\ndata: 1\ndata\ndata: 3\n\n", "x|1\n\n3\n"},
	{": comment\n\n\n\ndata: a\n: more\n\n", "|a\n"},
	{"\xef\xbb\xbf"
	 "data: a\n\n\xef\xbb\xbf"
	 "data: b\n\n",
		"|a\n"},
	{"event: only\n\n", "only|\n"},
	{"id: 1\nretry: 5\nother: x\n\n", ""},
	{"data: no empty line", "|no empty line\n"},
	{"data: a\n\nevent: pending\n", "|a\n"},
	{"event: a\nevent: b\ndata: 1\n\ndata: 2\n\n", "b|1\n|2\n"},
	{"data\n\n", "|\n"},
	{"Data: x\n\n data: y\n\n", ""},
	{"\r\n\n\r", ""},
};

static void test_sse(void **)
{
	for (size_t i = 0; i < COUNT(sse_cases); i++) {
		struct str bytes = str_from(sse_cases[i].bytes);
		for (size_t cut = 0; cut <= bytes.n; cut++) {
			AUTO(sse) s = {0};
			AUTO(buf) got = {0};
			struct err e;
			assert_true(sse_feed(&s, str_head(bytes, cut), note, &got, &e));
			assert_true(sse_feed(&s, str_skip(bytes, cut), note, &got, &e));
			assert_true(sse_end(&s, note, &got));
			assert_string_equal(buf_text(&got), sse_cases[i].events);
		}
	}
}

/* ---- base64 ---- */

/* RFC 4648, section 10, and what must be refused. */
static void test_base64(void **)
{
	static const struct {
		const char *bytes, *text;
	} pairs[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}, {"\xff\xfe\xfb", "//77"},
		{"\xfb\xf0", "+/A="}};
	static const char *const wrong[] = {"Z", "Zg",
		"Zg=", "Zg===", "Zg==Zg==", "Zh==", "Zm9=", "====", "=", "Z===", "Zm8=\n",
		" Zg==", "Zm9v!A==", "Zm-_", "Zm9vYg==Zm9v", "Z\xc3\xa9=", "AA=A"};
	struct err e;

	for (size_t i = 0; i < COUNT(pairs); i++) {
		AUTO(buf) text = {0};
		AUTO(buf) bytes = {0};
		base64_put(&text, str_from(pairs[i].bytes));
		assert_string_equal(buf_text(&text), pairs[i].text);
		assert_true(base64_get(buf_str(&text), &bytes, &e));
		assert_string_equal(buf_text(&bytes), pairs[i].bytes);
	}
	for (size_t i = 0; i < COUNT(wrong); i++) {
		AUTO(buf) bytes = {0};
		buf_put_text(&bytes, "kept");
		if (base64_get(str_from(wrong[i]), &bytes, &e))
			fail_msg("%s is taken", wrong[i]);
		assert_int_equal(e.code, ERR_PARSE);
		assert_string_equal(buf_text(&bytes), "kept");
	}
}

static void test_base64_every_byte(void **)
{
	AUTO(buf) all = {0};
	AUTO(buf) text = {0};
	AUTO(buf) back = {0};
	struct err e;

	for (int i = 0; i < 256 * 3; i++)
		buf_put_char(&all, (char)(i * 7));
	for (size_t n = 0; n <= all.n; n += 1 + n / 9) {
		buf_clear(&text);
		buf_clear(&back);
		base64_put(&text, str_head(buf_str(&all), n));
		assert_int_equal(text.n, (n + 2) / 3 * 4);
		assert_true(base64_get(buf_str(&text), &back, &e));
		assert_true(str_eq(buf_str(&back), str_head(buf_str(&all), n)));
	}
	back.max = back.n + 2;
	assert_false(base64_get(buf_str(&text), &back, &e));
	assert_int_equal(e.code, ERR_LIMIT);
}

/* ---- language, err ---- */

static void test_language(void **)
{
	static const struct {
		const char *path, *name;
	} cases[] = {{"a/b.c", "C"}, {"x.d.ts", "TypeScript"}, {"Makefile", "Make"},
		{"src/CMakeLists.txt", "CMake"}, {"notes.txt", "Text"}, {".c", NULL},
		{"noend", NULL}, {"dir.c/file", NULL}, {"", NULL}, {"meson.build", "Meson"}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct language *l = language_of(str_from(cases[i].path));
		assert_int_equal(l != NULL, cases[i].name != NULL);
		if (l)
			assert_string_equal(l->name, cases[i].name);
	}
}

static void test_err(void **)
{
	struct err e = {0};
	char longest[600];

	assert_false(err_set(&e, ERR_LIMIT, "%d", 5));
	assert_false(err_context(&e, "a %s", "b"));
	assert_string_equal(e.text, "a b: 5");
	assert_int_equal(e.code, ERR_LIMIT);
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	err_context(&e, "%s", longest);
	assert_int_equal(strlen(e.text), sizeof e.text - 1);
	errno = ENOENT;
	assert_false(err_errno(&e, "file %s", "x"));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_string_equal(e.text, "file x: No such file or directory");
	for (int code = ERR_NONE; code <= ERR_TASK; code++)
		assert_non_null(err_code_name(code));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_str_parts),
		cmocka_unit_test(test_str_split),
		cmocka_unit_test(test_str_int),
		cmocka_unit_test(test_str_distance),
		cmocka_unit_test(test_buf_groups_digits),
		cmocka_unit_test(test_buf_keeps_to_its_maximum),
		cmocka_unit_test(test_arena_gives_zeroed_aligned_memory),
		cmocka_unit_test(test_vec),
		cmocka_unit_test(test_utf8_repair),
		cmocka_unit_test(test_utf8_every_character),
		cmocka_unit_test(test_utf8_cuts_and_lines),
		cmocka_unit_test(test_json_check),
		cmocka_unit_test(test_json_depth),
		cmocka_unit_test(test_json_numbers),
		cmocka_unit_test(test_json_readers),
		cmocka_unit_test(test_json_writer),
		cmocka_unit_test(test_json_every_byte_quoted),
		cmocka_unit_test(test_sse),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_every_byte),
		cmocka_unit_test(test_language),
		cmocka_unit_test(test_err),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
