// SPDX-License-Identifier: MIT
/* usage: says so when what was asked for is nowhere, whatever the days. */
#include <stdio.h>

#include "base/utf8.h"
#include "cmd/usage.h"

enum { NAMES_SHOWN = 8, NAME_CELLS = 100 };

struct wanted {
	const char *option;
	struct str name;
	enum usage_by by;
	struct usage_filter filter; /* of this name alone */
};

enum { WANTED = 3 };

static void read_wanted(const struct usage_filter *f, struct wanted wanted[WANTED])
{
	for (size_t i = 0; i < WANTED; i++)
		wanted[i].filter = USAGE_FILTER_ALL;
	wanted[0].option = "provider";
	wanted[0].by = USAGE_BY_PROVIDER;
	wanted[0].name = wanted[0].filter.provider = f->provider;
	wanted[1].option = "model";
	wanted[1].by = USAGE_BY_MODEL;
	wanted[1].name = wanted[1].filter.model = f->model;
	wanted[2].option = "project";
	wanted[2].by = USAGE_BY_PROJECT;
	wanted[2].name = wanted[2].filter.project = f->project;
	wanted[2].filter.is_whole_project = f->is_whole_project;
}

static bool is_anywhere(const struct usage_run *u, const struct usage_filter *names)
{
	struct usage_query query = {.by = USAGE_BY_SOURCE, .filter = *names};
	struct usage_rows rows;

	usage_group(u->view, &query, &rows);
	bool is_there = rows.count > 0;
	usage_rows_release(&rows);
	return is_there;
}

static void put_wanted(struct buf *line, const struct wanted *wanted)
{
	buf_printf(line, " --%s ", wanted->option);
	utf8_put_line(line, wanted->name, NAME_CELLS);
}

/* The dearest ones. */
static void put_names(struct buf *line, const struct usage_run *u, const struct wanted *wanted)
{
	struct usage_query query = {
		.by = wanted->by, .filter = USAGE_FILTER_ALL, .mode = u->query.mode};
	struct usage_rows rows;
	size_t shown = 0, more = 0;

	usage_group(u->view, &query, &rows);
	for (size_t i = 0; i < rows.count; i++) {
		struct str name = usage_name(u->view, rows.list[i].name);
		if (name.n == 0)
			continue;
		if (shown == NAMES_SHOWN) {
			more++;
			continue;
		}
		buf_put_text(line, shown++ ? ", " : "; there are ");
		utf8_put_line(line, name, NAME_CELLS);
		buf_put_text(line, rows.list[i].is_fast ? "-fast" : "");
	}
	if (more)
		buf_printf(line, " and %zu more", more);
	usage_rows_release(&rows);
}

/* False: it is somewhere. */
static bool tell(const struct usage_run *u, const struct wanted *wanted)
{
	AUTO(buf) line = {0};

	if (wanted->name.n == 0 || is_anywhere(u, &wanted->filter))
		return false;
	put_wanted(&line, wanted);
	put_names(&line, u, wanted);
	fprintf(stderr, "fettle: nothing matches%s\n", buf_text(&line));
	return true;
}

void usage_run_tell_unmatched(const struct usage_run *u)
{
	struct usage_filter names = u->query.filter;
	struct wanted wanted[WANTED];
	AUTO(buf) line = {0};
	bool is_told = false;

	read_wanted(&names, wanted);
	if (!names.provider.n && !names.model.n && !names.project.n)
		return;
	for (size_t i = 0; i < WANTED && !is_told; i++)
		is_told = tell(u, &wanted[i]);
	names.since = INT32_MIN;
	names.until = INT32_MAX;
	if (is_told || is_anywhere(u, &names))
		return;
	for (size_t i = 0; i < WANTED; i++)
		if (wanted[i].name.n)
			put_wanted(&line, &wanted[i]);
	fprintf(stderr, "fettle: nothing matches%s together\n", buf_text(&line));
}
