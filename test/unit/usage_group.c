// SPDX-License-Identifier: MIT
/* Cells are filtered, grouped and ordered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "usage/group.h"
#include "usage/zone.h"
#include "usage_view.h"

/* 2026-11-16 is a Monday. */
static int32_t monday(void)
{
	return day_of(2026, 11, 16);
}

static struct usage_view make_view(struct usage_cell *cells, size_t count)
{
	return (struct usage_view){
		.names = view_names, .name_count = NAME_COUNT, .cells = cells, .cell_count = count};
}

static struct usage_query by(enum usage_by what)
{
	return (struct usage_query){.by = what, .filter = USAGE_FILTER_ALL, .first_weekday = 1};
}

enum { CELLS = 6 };

static void fill(struct usage_cell cells[CELLS])
{
	int32_t day = monday();

	cells[0] = cell(day + 1, CLAUDE, S1, ALPHA, OPUS, 100, 10);
	cells[1] = cell(day, CLAUDE, S1, ALPHA, OPUS, 200, 20);
	cells[2] = cell(day, CODEX, S2, BETA, GPT, 300, 90);
	cells[3] = cell(day - 1, CODEX, S2, BETA, MYSTERY, 50, -1);
	cells[4] = cell(day + 1, CODEX, S1, ALPHA_SUB, GPT, 7, 5);
	/* Became empty by a correction. */
	cells[5] = cell(day + 9, CODEX, S1, ALPHA, GPT, 0, 0);
	cells[5].sum = (struct usage_sum){0};
}

static void days_go_up(void **)
{
	struct usage_cell cells[CELLS];
	struct usage_query query = by(USAGE_BY_DAY);
	struct usage_rows rows;

	fill(cells);
	struct usage_view view = make_view(cells, CELLS);
	usage_group(&view, &query, &rows);
	assert_int_equal(rows.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(rows.list[i].day, monday() - 1 + (int)i);
	assert_int_equal(rows.list[0].sum.unpriced[USAGE_AUTO], 1);
	assert_int_equal(rows.list[1].sum.tokens.input, 500);
	assert_int_equal(rows.list[1].sum.cost_nanousd[USAGE_AUTO], 110);
	assert_int_equal(rows.list[1].part_count, 2);
	assert_int_equal(rows.list[1].parts[0].name, GPT);
	assert_int_equal(rows.list[1].source_count, 2);
	assert_int_equal(rows.list[1].sources[0], CLAUDE);
	assert_int_equal(rows.total.sum.tokens.input, 657);
	assert_int_equal(rows.total.sum.answers, 5);
	assert_int_equal(rows.total.part_count, 3);
	assert_int_equal(rows.total.first_ms, (monday() - 1) * DAY_MS + 1000);
	assert_int_equal(rows.total.last_ms, (monday() + 1) * DAY_MS + 2000);
	usage_rows_release(&rows);
	query.order = USAGE_ORDER_DOWN;
	usage_group(&view, &query, &rows);
	assert_int_equal(rows.list[0].day, monday() + 1);
	usage_rows_release(&rows);
}

static void weeks_begin_where_they_are_said_to(void **)
{
	struct usage_cell cells[CELLS];
	struct usage_query query = by(USAGE_BY_WEEK);
	struct usage_rows rows;

	fill(cells);
	struct usage_view view = make_view(cells, CELLS);
	usage_group(&view, &query, &rows);
	assert_int_equal(rows.count, 2);
	assert_int_equal(rows.list[0].day, monday() - 7);
	assert_int_equal(rows.list[1].day, monday());
	usage_rows_release(&rows);
	query.first_weekday = 0;
	usage_group(&view, &query, &rows);
	assert_int_equal(rows.count, 1);
	assert_int_equal(rows.list[0].day, monday() - 1);
	usage_rows_release(&rows);
	query.by = USAGE_BY_MONTH;
	usage_group(&view, &query, &rows);
	assert_int_equal(rows.count, 1);
	assert_int_equal(rows.list[0].day, day_of(2026, 11, 1));
	usage_rows_release(&rows);
}

/* Two assistants may call their sessions the same. */
static void sessions_are_of_one_assistant(void **)
{
	struct usage_cell cells[CELLS];
	struct usage_query query = by(USAGE_BY_SESSION);
	struct usage_rows rows;

	fill(cells);
	struct usage_view view = make_view(cells, CELLS);
	usage_group(&view, &query, &rows);
	assert_int_equal(rows.count, 3);
	assert_int_equal(rows.list[0].name, S2);
	assert_int_equal(rows.list[0].sum.cost_nanousd[USAGE_AUTO], 90);
	assert_int_equal(rows.list[1].name, S1);
	assert_int_equal(rows.list[1].source, CLAUDE);
	assert_int_equal(rows.list[1].project, ALPHA);
	assert_int_equal(rows.list[2].source, CODEX);
	usage_rows_release(&rows);
	query.limit = 2;
	usage_group(&view, &query, &rows);
	assert_int_equal(rows.count, 2);
	assert_int_equal(rows.total.sum.tokens.input, 307);
	assert_int_equal(rows.list[0].name, S1);
	assert_int_equal(rows.list[1].name, S1);
	usage_rows_release(&rows);
}

static size_t count_of(const struct usage_view *view, const struct usage_query *query)
{
	struct usage_rows rows;

	usage_group(view, query, &rows);
	size_t answers = (size_t)rows.total.sum.answers;
	usage_rows_release(&rows);
	return answers;
}

static void filters_leave_out(void **)
{
	struct usage_cell cells[CELLS];
	struct usage_query query = by(USAGE_BY_DAY);

	fill(cells);
	struct usage_view view = make_view(cells, CELLS);
	assert_int_equal(count_of(&view, &query), 5);
	query.filter.since = query.filter.until = monday();
	assert_int_equal(count_of(&view, &query), 2);
	query.filter = USAGE_FILTER_ALL;
	query.filter.project = STR("/home/me/alpha");
	assert_int_equal(count_of(&view, &query), 3);
	query.filter.project = STR("ALPHA/SUB");
	assert_int_equal(count_of(&view, &query), 1);
	query.filter.project = STR("-home-me-alpha");
	assert_int_equal(count_of(&view, &query), 2);
	query.filter = USAGE_FILTER_ALL;
	query.filter.model = STR("opus");
	assert_int_equal(count_of(&view, &query), 2);
	query.filter.model = STR("nothing is called so");
	assert_int_equal(count_of(&view, &query), 0);
	query.filter = USAGE_FILTER_ALL;
	query.filter.provider = STR("OpenAI");
	assert_int_equal(count_of(&view, &query), 2);
	query.filter = USAGE_FILTER_ALL;
	query.filter.session = S1;
	assert_int_equal(count_of(&view, &query), 3);
}

static void projects_are_matched(void **)
{
	static const struct {
		struct str project, wanted;
		bool is;
	} rows[] = {
		{STR("/a/b"), STR(""), true},
		{STR("/a/b"), STR("/a/b"), true},
		{STR("/a/b"), STR("/a/b/"), true},
		{STR("/a/b"), STR("/a"), true},
		{STR("/a/b"), STR("/"), true},
		{STR("/a/bc"), STR("/a/b"), false},
		{STR("/a/b"), STR("/a/b/c"), false},
		{STR("/a/b.c"), STR("-a-b-c"), true},
		{STR("-a-b-c"), STR("-a-b-c"), true},
		{STR("/a/b.c"), STR("-a-b"), false},
		{STR("/a/Bc"), STR("bC"), true},
		{STR(""), STR("x"), false},
		{STR(""), STR("/"), false},
		{STR("x"), STR("xx"), false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (usage_project_is(rows[i].project, rows[i].wanted) != rows[i].is)
			fail_msg("row %zu", i);
}

static void instances_are_apart(void **)
{
	struct usage_cell cells[CELLS];
	struct usage_query query = by(USAGE_BY_DAY);
	struct usage_rows rows;

	fill(cells);
	struct usage_view view = make_view(cells, CELLS);
	query.is_by_project = true;
	usage_group(&view, &query, &rows);
	static const uint32_t projects[] = {ALPHA, ALPHA, ALPHA_SUB, BETA, BETA};
	assert_int_equal(rows.count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(rows.list[i].project, projects[i]);
	assert_int_equal(rows.list[0].day, monday());
	assert_int_equal(rows.list[1].day, monday() + 1);
	usage_rows_release(&rows);
}

static void fast_answers_are_a_model_of_their_own(void **)
{
	struct usage_cell cells[CELLS];
	struct usage_query query = by(USAGE_BY_MODEL);
	struct usage_rows rows;

	fill(cells);
	cells[0].flags = USAGE_FAST;
	struct usage_view view = make_view(cells, CELLS);
	usage_group(&view, &query, &rows);
	assert_int_equal(rows.count, 4);
	assert_int_equal(rows.total.part_count, 4);
	size_t fast = 0;
	while (fast < rows.count && !rows.list[fast].is_fast)
		fast++;
	assert_int_equal(rows.list[fast].name, OPUS);
	assert_int_equal(rows.list[fast].sum.answers, 1);
	assert_int_equal(rows.list[fast].parts[0].first_ms, cells[0].first_ms);
	assert_int_equal(rows.list[fast].parts[0].last_ms, cells[0].last_ms);
	usage_rows_release(&rows);
	query.by = USAGE_BY_SESSION;
	usage_group(&view, &query, &rows);
	for (size_t i = 0; i < rows.count; i++)
		assert_false(rows.list[i].is_fast);
	usage_rows_release(&rows);
}

/* As many rows as there are cells: what numbers them grows. */
static void many_rows(void **)
{
	enum { MANY = 5000 };
	struct usage_cell *cells = calloc(MANY, sizeof *cells);
	struct usage_query query = by(USAGE_BY_DAY);
	struct usage_rows rows;

	assert_non_null(cells);
	for (int i = 0; i < MANY; i++)
		cells[i] = cell((i * 1237) % MANY, CLAUDE, S1, ALPHA, OPUS, 1, 1);
	struct usage_view view = make_view(cells, MANY);
	usage_group(&view, &query, &rows);
	assert_int_equal(rows.count, MANY);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(rows.list[i].day, i);
	assert_int_equal(rows.total.sum.answers, MANY);
	usage_rows_release(&rows);
	view.cell_count = 0;
	usage_group(&view, &query, &rows);
	assert_int_equal(rows.count, 0);
	assert_int_equal(rows.total.part_count, 0);
	usage_rows_release(&rows);
	free(cells);
}

static void periods_back(void **)
{
	int32_t day = day_of(2026, 3, 31);

	assert_int_equal(usage_period_back(USAGE_BY_DAY, day, 1, 1), day);
	assert_int_equal(usage_period_back(USAGE_BY_DAY, day, 1, 31), day_of(2026, 3, 1));
	assert_int_equal(usage_period_back(USAGE_BY_WEEK, day, 1, 1), day_of(2026, 3, 30));
	assert_int_equal(usage_period_back(USAGE_BY_WEEK, day, 0, 2), day_of(2026, 3, 22));
	assert_int_equal(usage_period_back(USAGE_BY_MONTH, day, 1, 1), day_of(2026, 3, 1));
	assert_int_equal(usage_period_back(USAGE_BY_MONTH, day, 1, 4), day_of(2025, 12, 1));
	assert_true(usage_period_back(USAGE_BY_WEEK, day, 1, INT64_MAX) < day);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_go_up),
		cmocka_unit_test(weeks_begin_where_they_are_said_to),
		cmocka_unit_test(sessions_are_of_one_assistant),
		cmocka_unit_test(filters_leave_out),
		cmocka_unit_test(projects_are_matched),
		cmocka_unit_test(instances_are_apart),
		cmocka_unit_test(fast_answers_are_a_model_of_their_own),
		cmocka_unit_test(many_rows),
		cmocka_unit_test(periods_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
