// SPDX-License-Identifier: MIT
/* Tables that fit: columns go, text is cut, numbers stay, and all stand below one another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "ui/grid.h"
#include "ui/usage.h"

static const struct grid_column columns[] = {
	{"Name", false, 0}, {"Models", false, 2}, {"Input", true, 1}, {"Cost", true, 0}};

static void fill(struct grid *g)
{
	*g = (struct grid){.columns = columns, .column_count = 4};
	grid_put(g, STR("2026-11-16"), 0);
	grid_put(g, STR("opus-4-5, sonnet-4-5, haiku-4-5"), STYLE_DIM);
	grid_put_count(g, 1234567, 0);
	grid_put_own(g, STR("≥ $1.23"), 0);
	grid_put(g, STR("日本語\x1b[31m"), 0);
	grid_put(g, STR(""), 0);
	grid_put_count(g, 5, 0);
	grid_put_own(g, STR("$12,345.67"), 0);
	grid_rule(g);
	grid_put_own(g, STR("Total"), STYLE_BOLD);
	grid_put_own(g, STR(""), 0);
	grid_put_count(g, 1234572, 0);
	grid_put_own(g, STR("$1.00"), 0);
}

static void expect(size_t width, unsigned char rank_max, const char *wanted)
{
	struct grid g;
	AUTO(buf) out = {0};

	fill(&g);
	grid_write(&g, &(struct grid_look){.width = width, .rank_max = rank_max}, &out);
	assert_string_equal(buf_text(&out), wanted);
	grid_release(&g);
}

static void in_a_pipe_all_is_there(void **)
{
	expect(0, 0,
		"Name        Models                               Input        Cost\n"
		"──────────────────────────────────────────────────────────────────\n"
		"2026-11-16  opus-4-5, sonnet-4-5, haiku-4-5  1,234,567     ≥ $1.23\n"
		"日本語                                               5  $12,345.67\n"
		"──────────────────────────────────────────────────────────────────\n"
		"Total                                        1,234,572       $1.00\n");
}

static void text_is_cut_before_columns_go(void **)
{
	expect(56, 0,
		"Name        Models                     Input        Cost\n"
		"────────────────────────────────────────────────────────\n"
		"2026-11-16  opus-4-5, sonnet-4...  1,234,567     ≥ $1.23\n"
		"日本語                                     5  $12,345.67\n"
		"────────────────────────────────────────────────────────\n"
		"Total                              1,234,572       $1.00\n");
}

static void the_dispensable_go_first(void **)
{
	expect(34, 0,
		"Name            Input        Cost\n"
		"─────────────────────────────────\n"
		"2026-11-16  1,234,567     ≥ $1.23\n"
		"日本語              5  $12,345.67\n"
		"─────────────────────────────────\n"
		"Total       1,234,572       $1.00\n");
	expect(25, 0,
		"Name              Cost\n"
		"──────────────────────\n"
		"2026-11-16     ≥ $1.23\n"
		"日本語      $12,345.67\n"
		"──────────────────────\n"
		"Total            $1.00\n");
	expect(0, 1,
		"Name            Input        Cost\n"
		"─────────────────────────────────\n"
		"2026-11-16  1,234,567     ≥ $1.23\n"
		"日本語              5  $12,345.67\n"
		"─────────────────────────────────\n"
		"Total       1,234,572       $1.00\n");
}

/* What matters least and is wide goes, and what matters more and is narrow comes back for it; but
   no name is cut for that. */
static void a_narrow_one_comes_back(void **)
{
	static const struct grid_column some[] = {{"Name", false, 0}, {"Total", true, 3},
		{"Cost", true, 0}, {"Last", false, 2, true}};
	struct grid g = {.columns = some, .column_count = 4};
	AUTO(buf) out = {0};

	grid_put(&g, STR("a name that is long"), 0);
	grid_put_count(&g, 1234, 0);
	grid_put_own(&g, STR("$1.00"), 0);
	grid_put_own(&g, STR("2025-11-21 10:00"), 0);
	grid_write(&g, &(struct grid_look){.width = 51}, &out);
	assert_non_null(
		strstr(buf_text(&out), "\na name that is long  1,234  $1.00  2025-11-21 10:00\n"));
	buf_clear(&out);
	/* The total went first; without it the time still does not fit. */
	grid_write(&g, &(struct grid_look){.width = 33}, &out);
	assert_non_null(strstr(buf_text(&out), "\na name that is long  1,234  $1.00\n"));
	buf_clear(&out);
	grid_write(&g, &(struct grid_look){.width = 32}, &out);
	assert_non_null(strstr(buf_text(&out), "\na name that is long  $1.00\n"));
	grid_release(&g);
}

static void what_is_whole_is_cut_last(void **)
{
	static const struct grid_column whole[] = {
		{"Name", false, 0, true}, {"Models", false, 2}, {"Cost", true, 0}};
	struct grid g = {.columns = whole, .column_count = 3};
	AUTO(buf) out = {0};

	grid_put(&g, STR("a name that is rather long"), 0);
	grid_put(&g, STR("models of some more names"), 0);
	grid_put_own(&g, STR("$1.00"), 0);
	grid_write(&g, &(struct grid_look){.width = 50}, &out);
	assert_non_null(
		strstr(buf_text(&out), "\na name that is rather long  models of so...  $1.00\n"));
	buf_clear(&out);
	grid_write(&g, &(struct grid_look){.width = 35}, &out);
	assert_non_null(strstr(buf_text(&out), "\na name that is rather long  $1.00\n"));
	buf_clear(&out);
	grid_write(&g, &(struct grid_look){.width = 20}, &out);
	assert_non_null(strstr(buf_text(&out), "\na name tha...  $1.00\n"));
	grid_release(&g);
}

/* Numbers are never cut: where there is no room they are hidden, and no line is wider. */
static void too_narrow(void **)
{
	struct grid g;
	AUTO(buf) out = {0};

	fill(&g);
	grid_write(&g, &(struct grid_look){.width = 5}, &out);
	assert_non_null(strstr(buf_text(&out), "\n   ##\n"));
	buf_clear(&out);
	grid_write(&g, &(struct grid_look){.width = 13}, &out);
	assert_non_null(strstr(buf_text(&out), "\n   $12,345.67\n"));
	buf_clear(&out);
	grid_write(&g, &(struct grid_look){.width = 12}, &out);
	assert_non_null(strstr(buf_text(&out), "  #########\n"));
	assert_non_null(strstr(buf_text(&out), "    ≥ $1.23\n"));
	grid_release(&g);
}

static void a_line_makes_no_column_wider(void **)
{
	struct grid g;
	AUTO(buf) out = {0};

	fill(&g);
	grid_put_line(
		&g, STR("a line that is longer than all of the columns together are\x1b[2J"), 0);
	grid_write(&g, &(struct grid_look){.width = 34}, &out);
	assert_non_null(strstr(buf_text(&out),
		"\nTotal       1,234,572       $1.00\na line that is longer than all ...\n"));
	grid_release(&g);
}

static void of_paths_the_end_stays(void **)
{
	static const struct grid_column paths[] = {
		{"Project", .keeps_end = true}, {"Models", false, 2}, {"Cost", true, 0}};
	struct grid g = {.columns = paths, .column_count = 3};
	AUTO(buf) out = {0};

	grid_put(&g, STR("/home/me/src/日本/e\u0301tude/one"), 0);
	grid_put(&g, STR("models of which there are many, many more than there is room for"), 0);
	grid_put_own(&g, STR("$1.00"), 0);
	grid_write(&g, &(struct grid_look){.width = 50}, &out);
	assert_non_null(strstr(
		buf_text(&out), "\n...日本/e\u0301tude/one  models of which there...  $1.00\n"));
	buf_clear(&out);
	grid_write(&g, &(struct grid_look){.width = 18}, &out);
	assert_non_null(strstr(buf_text(&out), "\n...tude/one  $1.00\n"));
	grid_release(&g);
}

static size_t cells_of(struct str line)
{
	size_t cells = 0, length;

	for (; line.n; line = str_skip(line, length))
		cells += (size_t)utf8_cells(utf8_get(line, &length));
	return cells;
}

static void no_line_is_wider(void **)
{
	for (size_t width = 23; width < 80; width++) {
		struct grid g;
		AUTO(buf) out = {0};
		struct str rest, line;
		fill(&g);
		grid_write(&g, &(struct grid_look){.width = width}, &out);
		rest = buf_str(&out);
		while (str_split(&rest, '\n', &line))
			if (cells_of(line) > width)
				fail_msg("width %zu: %.*s", width, STR_ARG(line));
		grid_release(&g);
	}
}

static void styles_are_written_where_they_are_understood(void **)
{
	struct grid g;
	AUTO(buf) out = {0};

	fill(&g);
	grid_write(&g, &(struct grid_look){.has_style = true}, &out);
	assert_non_null(strstr(buf_text(&out), "mTotal\x1b["));
	/* Nobody else's. */
	assert_null(strstr(buf_text(&out), "\x1b[31m"));
	grid_release(&g);
}

static void costs_are_shown_as_they_are_known(void **)
{
	static const struct {
		int64_t nanousd, unpriced;
		const char *shown;
	} rows[] = {
		{0, 0, "$0.00"},
		{1, 0, "<$0.01"},
		{4'999'999, 0, "<$0.01"},
		{5'000'000, 0, "$0.01"},
		{1'234'560'000'000, 0, "$1,234.56"},
		{999'995'000'000, 0, "$1,000.00"},
		{0, 1, "unknown"},
		{-1, 0, "unknown"},
		{1'230'000'000, 2, "≥ $1.23"},
		{1, 1, "≥ $0.000000001"},
		{4'999'999, 1, "≥ $0.0049"},
		{5'000'000, 1, "≥ $0.01"},
		{750'000, 1, "≥ $0.00075"},
		{100'900, 1, "≥ $0.0001"},
		{INT64_MAX, 0, "$9,223,372,036.85"},
	};

	struct usage_look look = {0};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		AUTO(buf) out = {0};
		usage_put_cost(&look, &out, rows[i].nanousd, rows[i].unpriced);
		assert_string_equal(buf_text(&out), rows[i].shown);
	}
	AUTO(buf) plain = {0};
	look.is_ascii = true;
	usage_put_cost(&look, &plain, 1'230'000'000, 1);
	assert_string_equal(buf_text(&plain), ">= $1.23");
}

static void numbers_of_dollars(void **)
{
	static const struct {
		int64_t nanousd;
		const char *shown;
	} rows[] = {{0, "0"}, {1, "0.000000001"}, {500'000'000, "0.5"}, {10'000'000'000, "10"},
		{-1'500'000'000, "-1.5"}, {INT64_MIN, "-9223372036.854775808"}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		AUTO(buf) out = {0};
		usage_put_usd(&out, rows[i].nanousd);
		assert_string_equal(buf_text(&out), rows[i].shown);
	}
}

static void fields_are_quoted_where_they_have_to_be(void **)
{
	AUTO(buf) out = {0};

	usage_put_field(&out, STR("plain"));
	usage_put_field(&out, STR(",\"\n"));
	usage_put_field(&out, STR(""));
	assert_string_equal(buf_text(&out), "plain\",\"\" \"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_a_pipe_all_is_there),
		cmocka_unit_test(text_is_cut_before_columns_go),
		cmocka_unit_test(the_dispensable_go_first),
		cmocka_unit_test(a_narrow_one_comes_back),
		cmocka_unit_test(what_is_whole_is_cut_last),
		cmocka_unit_test(too_narrow),
		cmocka_unit_test(of_paths_the_end_stays),
		cmocka_unit_test(a_line_makes_no_column_wider),
		cmocka_unit_test(no_line_is_wider),
		cmocka_unit_test(styles_are_written_where_they_are_understood),
		cmocka_unit_test(costs_are_shown_as_they_are_known),
		cmocka_unit_test(numbers_of_dollars),
		cmocka_unit_test(fields_are_quoted_where_they_have_to_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
