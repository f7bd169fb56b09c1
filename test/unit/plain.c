// SPDX-License-Identifier: MIT
/* What models are shown of bytes from outside, and of what hides in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/tool/likeness.h"
#include "agent/tool/plain.h"
#include "base/utf8.h"

/* Every character by itself, as it is or as U+FFFD. */
static void test_what_hides_words_is_shown(void **)
{
	for (uint32_t c = 1; c <= 0x10ffff; c++) {
		char bytes[4];
		struct str one = {bytes, utf8_encode(c, bytes)};
		bool is_hidden = (c < 0x20 && c != '\t') || (c >= 0x7f && c < 0xa0) ||
				 (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
				 (c >= 0xe0000 && c < 0xe0080);
		AUTO(buf) line = {0};
		plain_put_line(&line, one);
		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		if (!str_eq(buf_str(&line), is_hidden ? STR("\xef\xbf\xbd") : one))
			fail_msg("U+%04X is shown wrongly", c);
		uint32_t found = plain_find_hidden(&one);
		assert_int_equal(found, is_hidden ? c : PLAIN_NONE);
		assert_int_equal(one.n, 0);
	}
}

/* Who copies U+FFFD from what was shown has to be told what stands there. */
static void test_the_nearest_lines_tell_what_is_hidden(void **)
{
	static const char text[] = "one\n"
				   "if (isAdmin) /*\xe2\x80\xae } \xe2\x81\xa6*/ {\x01\r\n"
				   "x\xf3\xa0\x81\xa1\xf3\xa0\x81\xa2\n"
				   "latin \xe9\n";
	static const struct {
		const char *sought, *told;
	} trials[] = {
		{"if (isAdmin) /*\xef\xbf\xbd } \xef\xbf\xbd*/ {\xef\xbf\xbd\n",
			"2\tif (isAdmin) /*\xef\xbf\xbd } \xef\xbf\xbd*/ {\xef\xbf\xbd\n"
			"[line 2 holds hidden characters, shown as \xef\xbf\xbd: U+202E, U+2066, "
			"U+0001; what is to match has to hold them, too]\n"},
		{"if (isAdmin) /* } */ {\n",
			"2\tif (isAdmin) /*\xef\xbf\xbd } \xef\xbf\xbd*/ {\xef\xbf\xbd\n"
			"[line 2 holds hidden characters, shown as \xef\xbf\xbd: U+202E, U+2066, "
			"U+0001; what is to match has to hold them, too]\n"},
		/* However little of the line is to be seen. */
		{"x\xef\xbf\xbd",
			"3\tx\xef\xbf\xbd\xef\xbf\xbd\n"
			"[line 3 holds hidden characters, shown as \xef\xbf\xbd: U+E0061, "
			"U+E0062; what is to match has to hold them, too]\n"},
		{"latin \xef\xbf\xbd", "4\tlatin \xef\xbf\xbd\n"
				       "[line 4 holds bytes that are no UTF-8, shown as "
				       "\xef\xbf\xbd]\n"},
		{"one!", "1\tone\n"},
	};

	for (size_t i = 0; i < sizeof trials / sizeof *trials; i++) {
		AUTO(arena) a = {0};
		AUTO(buf) told = {0};
		assert_true(put_nearest(&told, str_from(text), str_from(trials[i].sought), &a));
		assert_string_equal(buf_text(&told), trials[i].told);
	}
}

/* A family and a flag, words from right to left: what joins and marks stays. */
static void test_what_writing_needs_stays(void **)
{
	static const char *const texts[] = {"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7",
		"\xe2\x80\x93 \xe2\x82\xac", "\xd7\xa9\xe2\x80\x8f", "\xe2\x80\x8b\xef\xbb\xbf",
		"caf\xc3\xa9 \xc2\xa0\xc2\xab"};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		AUTO(buf) out = {0};
		plain_put_text(&out, str_from(texts[i]));
		assert_string_equal(buf_text(&out), texts[i]);
	}
	AUTO(buf) out = {0};
	plain_put_text(&out, STR("a\xe2\x80\xae\xc2\x9b\xe2\x80\nb\xf3\xa0\x80\x81\xc2"));
	assert_string_equal(buf_text(&out), "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\nb"
					    "\xef\xbf\xbd\xef\xbf\xbd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_hides_words_is_shown),
		cmocka_unit_test(test_what_writing_needs_stays),
		cmocka_unit_test(test_the_nearest_lines_tell_what_is_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
