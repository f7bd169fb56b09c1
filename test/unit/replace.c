// SPDX-License-Identifier: MIT
/* Many edits in one pass are what they are one after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agent/tool/replace_many.h"

enum { CASES = 10'000, EDITS_MAX = 40, NEAR_MAX_BYTES = 8 };

static uint64_t state = 88172645463325252;

/* Xorshift: the same cases every time. */
static size_t below(size_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (size_t)(state % n);
}

static struct str random_text(struct arena *a, size_t least, size_t most, const char *alphabet)
{
	AUTO(buf) text = {0};
	size_t n = least + below(most - least + 1);

	for (size_t i = 0; i < n; i++)
		buf_put_char(&text, alphabet[below(strlen(alphabet))]);
	return n ? arena_copy(a, buf_str(&text)) : STR("");
}

/* A piece of the text, or something that an edit could make, or neither. */
static struct str random_old(struct str text, struct arena *a, const char *alphabet)
{
	size_t at = below(text.n), n = 1 + below(below(3) ? 8 : 24);

	return below(12) ? str_head(str_skip(text, at), n) : random_text(a, 1, 3, alphabet);
}

static void put_numbered(struct buf *text)
{
	for (int i = 0; i < 60; i++)
		buf_printf(text, "%d:%zu\n", 100 + i, below(100));
}

/* From text in which everything is everywhere to one in which much is there once. */
static struct str make_text(struct arena *a, const char **alphabet)
{
	static const char *const alphabets[] = {
		"ab", "abcd\n", "abcdefghijklmnop\n", "abcdefgh\r\n", "0123456789\n"};
	AUTO(buf) text = {0};
	size_t kind = below(10);

	*alphabet = alphabets[kind % 5];
	if (kind < 5)
		return random_text(a, 1, below(2) ? 40 : 400, *alphabet);
	if (below(20) == 0)
		buf_put_text(&text, "\xef\xbb\xbf");
	put_numbered(&text);
	if (below(20) == 0)
		buf_put_char(&text, '\0');
	if (below(20) == 0)
		buf_put_text(&text, "end\r\n");
	return arena_copy(a, buf_str(&text));
}

static size_t make_edits(
	struct replacement *all, struct str text, const char *alphabet, struct arena *a)
{
	size_t count = 1 + below(below(2) ? EDITS_MAX : 5);

	for (size_t i = 0; i < count; i++) {
		all[i].old = random_old(text, a, alphabet);
		all[i].new =
			below(3) ? random_text(a, 0, 6, alphabet) : random_old(text, a, alphabet);
		all[i].is_everywhere = below(100) == 0;
	}
	return count;
}

/* What it did is what the simple way does. */
static void assert_same(struct str text, const struct buf *got, const struct replacement *all,
	size_t done, size_t max, struct arena *a)
{
	AUTO(buf) simple = {.max = max};
	enum replaced_how how;

	buf_put_str(&simple, text);
	for (size_t i = 0; i < done; i++) {
		AUTO(buf) why = {0};
		if (!replace_in(&simple, &all[i], a, &how, &why))
			fail_msg("%zu: %s", i, buf_text(&why));
		assert_int_equal(how, REPLACED_EXACTLY);
	}
	assert_true(str_eq(buf_str(&simple), buf_str(got)));
}

/* Whether the first edit is one that needs no more than an exact place. */
static bool is_simple(struct str text, const struct replacement *r)
{
	size_t at = str_find(text, r->old, 0);

	return !r->is_everywhere && r->old.n && !str_eq(r->old, r->new) && at != SIZE_MAX &&
	       at > 3 && str_find(text, r->old, at + 1) == SIZE_MAX &&
	       str_find_char(text, '\r', 0) == SIZE_MAX &&
	       str_find_char(text, '\0', 0) == SIZE_MAX && !str_starts(text, STR("\xef\xbb\xbf"));
}

static void test_as_one_by_one(void **)
{
	size_t all_done = 0, several = 0, whole = 0, stopped = 0;

	for (int i = 0; i < CASES; i++) {
		AUTO(arena) a = {0};
		const char *alphabet;
		struct str text = make_text(&a, &alphabet);
		struct replacement all[EDITS_MAX];
		size_t count = make_edits(all, text, alphabet, &a);
		AUTO(buf) got = {.max = below(4) ? 0 : text.n + below(NEAR_MAX_BYTES)};
		buf_put_str(&got, text);
		size_t max = got.max, done = replace_many(&got, all, count);
		assert_in_range(done, 0, count);
		assert_same(text, &got, all, done, max, &a);
		all_done += done;
		several += done > 1;
		whole += done == count && count > 1;
		stopped += done && done < count;
	}
	print_message("%zu edits; %zu times several, %zu all, %zu some\n", all_done, several, whole,
		stopped);
	/* The cases are of all kinds. */
	assert_true(all_done > CASES / 2 && several > CASES / 10);
	assert_true(whole > CASES / 100 && stopped > CASES / 10);
}

/* It does not leave to others what it could do. */
static void test_it_does_what_it_can(void **)
{
	size_t simple = 0;

	for (int i = 0; i < CASES; i++) {
		AUTO(arena) a = {0};
		const char *alphabet;
		struct str text = make_text(&a, &alphabet);
		struct replacement all[2];
		AUTO(buf) got = {0};
		for (size_t k = 0; k < 2; k++)
			all[k] = (struct replacement){.old = random_old(text, &a, alphabet),
				.new = random_text(&a, 0, 6, "xyz")};
		if (!is_simple(text, &all[0]) || str_eq(all[1].old, all[1].new))
			continue;
		buf_put_str(&got, text);
		assert_true(replace_many(&got, all, 2) >= 1);
		simple++;
	}
	assert_true(simple > CASES / 10);
}

static size_t done_in(const char *text, const struct replacement *all, size_t count)
{
	AUTO(arena) a = {0};
	AUTO(buf) got = {0};

	buf_put_text(&got, text);
	size_t done = replace_many(&got, all, count);
	assert_same(str_from(text), &got, all, done, 0, &a);
	return done;
}

static void test_what_stops_it(void **)
{
	const struct replacement chain[] = {{STR("one"), STR("two"), false},
		{STR("two"), STR("six"), false}, {STR("four"), STR("4"), false}};
	const struct replacement seam[] = {{STR("--"), STR(""), false},
		{STR("xy"), STR("z"), false}, {STR("end"), STR("END"), false}};
	const struct replacement twice[] = {{STR("one"), STR("1"), false},
		{STR("e"), STR("E"), false}, {STR("four"), STR("4"), false}};
	const struct replacement over[] = {
		{STR("one four"), STR("1"), false}, {STR("four"), STR("4"), false}};
	const struct replacement beside[] = {{STR("one"), STR("1"), false},
		{STR(" "), STR("_"), false}, {STR("four"), STR("4"), false}};

	const struct replacement mark[] = {{STR("one"), STR(""), false}, {STR("four"),
										 STR("\xef\xbb\xbf"
										     "4"),
										 false}};
	const struct replacement end[] = {
		{STR("a"), STR("A\r"), false}, {STR("x"), STR("y\nz"), false}};

	assert_int_equal(done_in("... one four", chain, 3), 1);
	assert_int_equal(done_in("... x--y end", seam, 3), 1);
	assert_int_equal(done_in("...one e four", twice, 3), 1);
	assert_int_equal(done_in("...one four", over, 2), 1);
	assert_int_equal(done_in("...one four", beside, 3), 3);
	/* What stands there by itself and is made a second time is not there once. */
	assert_int_equal(done_in("... xy x--y end", seam, 3), 1);
	/* A mark, or another line end, comes to be where others are fitted to it. */
	assert_int_equal(done_in("one\xef\xbb\xbf four", mark, 2), 0);
	assert_int_equal(done_in("...x a\nb\n", end, 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_one_by_one),
		cmocka_unit_test(test_it_does_what_it_can),
		cmocka_unit_test(test_what_stops_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
