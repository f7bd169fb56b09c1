// SPDX-License-Identifier: MIT
/* usage: what there is to say when nothing was asked. */
#include "cmd/usage.h"

enum { DAYS = 14 };

static void group(struct usage_run *u, enum usage_by by, int32_t since, struct usage_rows *out)
{
	struct usage_query query = u->query;

	query.by = by;
	query.filter.since = since;
	query.filter.until = u->today;
	query.is_by_project = false;
	usage_group(u->view, &query, out);
}

/* `ccusage --json` is by day: who asks for that by this name finds it here. */
static void group_all(struct usage_run *u, struct usage_section *all)
{
	*all = (struct usage_section){.report = "daily", .view = u->view, .query = u->query};
	all->query.by = USAGE_BY_DAY;
	all->query.is_by_project = false;
	usage_group(u->view, &all->query, &all->rows);
}

int usage_run_glance(struct usage_run *u, struct err *e)
{
	static const enum usage_by by[USAGE_GLANCE_PERIODS] = {
		USAGE_BY_DAY, USAGE_BY_WEEK, USAGE_BY_MONTH};
	struct usage_glance glance = {
		.first_day = u->today - (DAYS - 1), .today = u->today, .now_ms = u->now_ms};

	if (u->page_path)
		return usage_run_page(u, &(struct usage_page){0}, e);
	for (size_t i = 0; i < USAGE_GLANCE_PERIODS; i++) {
		glance.since[i] = usage_period_start(by[i], u->today, u->query.first_weekday);
		group(u, by[i], glance.since[i], &glance.periods[i]);
	}
	group(u, USAGE_BY_DAY, glance.first_day, &glance.days);
	if (u->look.form == USAGE_JSON)
		group_all(u, &glance.all);
	usage_show_glance(&u->look, &glance);
	usage_run_tell_unpriced(u, &glance.periods[USAGE_GLANCE_PERIODS - 1].total);
	for (size_t i = 0; i < USAGE_GLANCE_PERIODS; i++)
		usage_rows_release(&glance.periods[i]);
	usage_rows_release(&glance.days);
	usage_rows_release(&glance.all.rows);
	return EXIT_DONE;
}
