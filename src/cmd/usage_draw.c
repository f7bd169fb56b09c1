// SPDX-License-Identifier: MIT
/* usage: reports drawn: as bars on a terminal, and as a page for a browser. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cmd/usage.h"

/* More periods than these are no bars any more: weeks, and then months take their place. */
enum { DAYS_MAX = 100, WEEKS_MAX = 100 };

static const char *get_environment(const char *name)
{
	return getenv(name);
}

/* ---- words ---- */

bool usage_run_read_drawing(struct usage_run *u, struct err *e)
{
	bool has_chart = options_has(u->given, "chart");

	u->page_path = options_value(u->given, "html");
	u->look.is_ascii = options_has(u->given, "ascii") || !usage_locale_is_utf8(get_environment);
	if ((has_chart || u->page_path) && u->look.form != USAGE_TABLE)
		return err_set(e, ERR_USAGE, "--%s goes with neither --json nor --csv",
			has_chart ? "chart" : "html");
	if (has_chart && u->page_path)
		return err_set(e, ERR_USAGE, "--chart and --html: only one of them");
	if (has_chart)
		u->look.form = USAGE_CHART;
	return true;
}

/* ---- the page ---- */

static enum usage_by choose_times(const struct usage_run *u, const struct usage_row *total)
{
	int64_t days = 0;

	if (total->sum.answers)
		days = (int64_t)usage_zone_day(u->zone, total->last_ms) -
		       usage_zone_day(u->zone, total->first_ms);
	return days < DAYS_MAX          ? USAGE_BY_DAY
	       : days < 7LL * WEEKS_MAX ? USAGE_BY_WEEK
					: USAGE_BY_MONTH;
}

static bool write_page(const struct usage_run *u, struct err *e)
{
	if (strcmp(u->page_path, "-") == 0)
		return true;
	return u->out.overflow ? err_set(e, ERR_LIMIT, "the page is too large")
			       : file_replace(u->page_path, buf_str(&u->out), e);
}

int usage_run_page(struct usage_run *u, struct err *e)
{
	struct usage_query query = u->query;
	struct usage_rows rows;
	struct usage_page page = {.query = &u->query, .rows = &rows, .now_ms = u->now_ms};

	usage_group(u->view, &u->query, &rows);
	page.times_by = query.by = choose_times(u, &rows.total);
	query.order = USAGE_ORDER_UP;
	query.is_by_project = false;
	query.limit = 0;
	usage_group(u->view, &query, &page.times);
	query.by = USAGE_BY_PROJECT;
	query.order = USAGE_ORDER_USUAL;
	usage_group(u->view, &query, &page.projects);
	usage_put_page(&u->look, &page);
	bool is_written = write_page(u, e);
	if (strcmp(u->page_path, "-") != 0)
		buf_clear(&u->out);
	usage_rows_release(&page.projects);
	usage_rows_release(&page.times);
	usage_rows_release(&rows);
	return is_written ? EXIT_DONE : EXIT_TASK_FAILED;
}
