// SPDX-License-Identifier: MIT
/* usage: reports drawn: as bars on a terminal, and as a page for a browser. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cmd/usage.h"

static const char *get_environment(const char *name)
{
	return getenv(name);
}

/* ---- words ---- */

bool usage_run_read_drawing(struct usage_run *u, struct err *e)
{
	bool has_chart = options_has(u->given, "chart");

	u->page_path = options_value(u->given, "html");
	/* A page says itself that it is UTF-8. */
	u->look.is_ascii = !u->page_path && (options_has(u->given, "ascii") ||
						    !usage_locale_is_utf8(get_environment));
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

static bool write_page(const struct usage_run *u, struct err *e)
{
	if (strcmp(u->page_path, "-") == 0)
		return true;
	return u->out.overflow ? err_set(e, ERR_LIMIT, "the page is too large")
			       : file_replace(u->page_path, buf_str(&u->out), e);
}

int usage_run_page(struct usage_run *u, struct usage_page *page, struct err *e)
{
	struct usage_rows rows = {0};

	page->query = &u->query;
	page->now_ms = u->now_ms;
	if (!page->blocks) {
		usage_group(u->view, &u->query, &rows);
		page->rows = &rows;
	}
	usage_put_page(&u->look, page);
	usage_rows_release(&rows);
	bool is_written = write_page(u, e);
	if (strcmp(u->page_path, "-") != 0)
		buf_clear(&u->out);
	return is_written ? EXIT_DONE : EXIT_TASK_FAILED;
}
