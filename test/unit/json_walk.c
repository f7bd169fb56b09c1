// SPDX-License-Identifier: MIT
/* json_walk against json: the same values of whatever is JSON, and never a step out of what is
 * none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/json_walk.h"

enum { DOCUMENTS = 4'000, DAMAGES = 12, DEPTH = 6 };

static uint64_t dice = 0x6a09e667f3bcc909;

static unsigned roll(unsigned sides)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (unsigned)(dice >> 33) % sides;
}

/* ---- making ---- */

static void put_space(struct buf *b)
{
	static const char *const spaces[] = {"", "", "", "", "", " ", "\t", "\n", " \r\n  "};

	buf_put_text(b, spaces[roll(sizeof spaces / sizeof *spaces)]);
}

static void put_string(struct buf *b)
{
	static const char *const parts[] = {"a", "bc", "\\\"", "\\\\", "\\n", "{", "}", "]", ",",
		":", "\\u00e4", "ä", "usage", "a string that is longer than sixteen bytes", " "};

	buf_put_char(b, '"');
	for (unsigned n = roll(9); n > 0; n--)
		buf_put_text(b, parts[roll(sizeof parts / sizeof *parts)]);
	buf_put_char(b, '"');
}

static void put_value(struct buf *b, int depth);

static void put_container(struct buf *b, int depth, bool is_object)
{
	unsigned n = roll(5);

	buf_put_char(b, is_object ? '{' : '[');
	put_space(b);
	for (unsigned i = 0; i < n; i++) {
		if (i > 0) {
			buf_put_char(b, ',');
			put_space(b);
		}
		if (is_object) {
			put_string(b);
			put_space(b);
			buf_put_char(b, ':');
			put_space(b);
		}
		put_value(b, depth + 1);
		put_space(b);
	}
	buf_put_char(b, is_object ? '}' : ']');
}

static void put_value(struct buf *b, int depth)
{
	static const char *const words[] = {
		"null", "true", "false", "0", "-1", "3.25", "1e9", "123456789012345678901"};
	unsigned kind = roll(depth < DEPTH ? 6 : 3);

	if (kind >= 3)
		put_container(b, depth, kind != 3);
	else if (kind == 2)
		put_string(b);
	else
		buf_put_text(b, words[roll(sizeof words / sizeof *words)]);
}

/* ---- comparing ---- */

static void assert_same(struct str a, struct str b)
{
	assert_int_equal(a.n, b.n);
	assert_ptr_equal(a.p, b.p);
}

/* Takes the value at w, entering containers or taking them whole, and compares it with it. */
static void walk_value(struct json_walk *w, struct str it)
{
	struct json_iter iter = json_iter(it);
	struct str key, value, walked;
	enum json_type type = json_type(it);

	if ((type != JSON_OBJECT && type != JSON_ARRAY) || roll(4) == 0) {
		assert_same(json_walk_value(w), it);
		return;
	}
	assert_true(json_walk_enter(w, type == JSON_OBJECT ? '{' : '['));
	while (json_next(&iter, &key, &value)) {
		if (type == JSON_OBJECT) {
			assert_true(json_walk_member(w, &walked));
			assert_same(walked, (struct str){key.p + 1, key.n - 2});
		} else
			assert_true(json_walk_item(w));
		if (roll(5) == 0)
			json_walk_skip(w);
		else
			walk_value(w, value);
	}
	assert_false(type == JSON_OBJECT ? json_walk_member(w, &walked) : json_walk_item(w));
	assert_false(w->is_bad);
}

static void same_values(void **)
{
	struct err e;

	for (int i = 0; i < DOCUMENTS; i++) {
		AUTO(buf) text = {0};
		put_space(&text);
		put_container(&text, 0, roll(2));
		put_space(&text);
		assert_true(json_check(buf_str(&text), &e));
		struct str whole = buf_str(&text);
		while (whole.n && strchr(" \t\r\n", whole.p[0]))
			whole = str_skip(whole, 1);
		struct json_walk w = json_walk_begin(buf_str(&text));
		walk_value(&w, str_head(whole, json_value_length(whole)));
		assert_true(json_walk_ends(&w));
	}
}

/* A copy, so that the sanitizer sees what looks beyond its end. */
static void walk_name(struct str text, struct str name)
{
	char *bytes = memcpy(must_alloc(text.n, 1), text.p, text.n);
	struct json_walk w = json_walk_begin((struct str){bytes, text.n});
	struct str key, value;

	assert_true(json_walk_enter(&w, '{') && json_walk_member(&w, &key));
	assert_true(str_eq(key, name));
	assert_true(json_walk_enter(&w, '[') && json_walk_item(&w));
	value = json_walk_value(&w);
	assert_int_equal(value.n, name.n + 2);
	assert_true(str_eq(str_head(str_skip(value, 1), name.n), name));
	assert_true(json_walk_item(&w));
	assert_true(str_is(json_walk_value(&w), "-1.5e3"));
	assert_true(json_walk_item(&w));
	json_walk_skip(&w);
	assert_false(json_walk_item(&w));
	assert_true(json_walk_member(&w, &key));
	assert_true(str_is(key, "last"));
	assert_true(str_is(json_walk_value(&w), "null"));
	assert_false(json_walk_member(&w, &key));
	assert_true(json_walk_ends(&w));
	free(bytes);
}

/* Strings of every length around a vector's, with an escaped quote or backslash at every place. */
static void strings_of_all_lengths(void **)
{
	AUTO(buf) name = {0};
	AUTO(buf) text = {0};

	for (size_t n = 0; n <= 80; n++) {
		for (size_t at = 0; at <= n; at++) {
			buf_clear(&name);
			buf_clear(&text);
			for (size_t i = 0; i < n; i++)
				buf_put_char(&name, 'x');
			if (at + 2 <= n)
				memcpy(name.p + at, n & 1 ? "\\\"" : "\\\\", 2);
			struct str s = buf_str(&name);
			buf_printf(&text,
				"{\"%.*s\":[\"%.*s\", -1.5e3,{\"a\":[{},\"]}\"]}],\"last\":null}",
				STR_ARG(s), STR_ARG(s));
			walk_name(buf_str(&text), s.p ? s : STR(""));
		}
	}
}

/* ---- what is no JSON ---- */

static void assert_inside(struct str value, struct str text)
{
	if (value.p) {
		assert_true(value.p >= text.p);
		assert_true(value.p + value.n <= text.p + text.n);
	}
}

/* Walks on as long as there is something, into everything. */
static size_t walk_any(struct json_walk *w, struct str text, int depth)
{
	struct str key;
	size_t steps = 1;

	assert_true(w->p >= text.p && w->p <= w->end);
	if (depth < 200 && json_walk_enter(w, '{')) {
		while (json_walk_member(w, &key)) {
			assert_inside(key, text);
			steps += walk_any(w, text, depth + 1);
		}
	} else if (depth < 200 && json_walk_enter(w, '[')) {
		while (json_walk_item(w))
			steps += walk_any(w, text, depth + 1);
	} else
		assert_inside(json_walk_value(w), text);
	/* Each step takes a byte, so it ends. */
	assert_true(steps <= 2 * text.n + 2);
	return steps;
}

static void damage(char *p, size_t n)
{
	static const char bytes[] = "\"\\{}[],: \n\0x\xff";

	for (unsigned i = 1 + roll(3); i > 0 && n > 0; i--)
		p[roll((unsigned)n)] = bytes[roll(sizeof bytes - 1)];
}

static void stays_inside(void **)
{
	for (int i = 0; i < DOCUMENTS; i++) {
		AUTO(buf) text = {0};
		put_value(&text, 0);
		for (int k = 0; k < DAMAGES; k++) {
			/* Of exactly its size: the sanitizer sees what looks beyond its end. */
			size_t n = roll(2) ? text.n : roll((unsigned)text.n + 1);
			char *copy = malloc(n + !n);
			assert_non_null(copy);
			memcpy(copy, text.p, n);
			damage(copy, n);
			if (n && roll(2))
				copy[n - 1] = roll(2) ? '}' : ']';
			struct json_walk w = json_walk_begin((struct str){copy, n});
			if (!w.is_bad)
				(void)walk_any(&w, (struct str){copy, n}, 0);
			w = json_walk_begin((struct str){copy, n});
			if (!w.is_bad)
				json_walk_skip(&w);
			assert_true(w.p >= copy && w.p <= copy + n);
			free(copy);
		}
	}
}

/* What ends early is never taken for whole. */
static void cut_is_bad(void **)
{
	for (int i = 0; i < DOCUMENTS; i++) {
		AUTO(buf) text = {0};
		put_container(&text, 0, roll(2));
		size_t n = roll((unsigned)text.n);
		char *copy = malloc(n + !n);
		assert_non_null(copy);
		memcpy(copy, text.p, n);
		struct json_walk w = json_walk_begin((struct str){copy, n});
		if (!w.is_bad)
			json_walk_skip(&w);
		assert_false(json_walk_ends(&w));
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_values),
		cmocka_unit_test(strings_of_all_lengths),
		cmocka_unit_test(stays_inside),
		cmocka_unit_test(cut_is_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
