// SPDX-License-Identifier: MIT
/* usage doctor: whether the other reports can be believed. */
#include "cmd/usage.h"
#include "llm/llm.h"

int usage_run_doctor(struct usage_run *u, struct err *)
{
	struct usage_query query = u->query;
	struct usage_rows rows;

	query.by = USAGE_BY_PROVIDER;
	query.filter = USAGE_FILTER_ALL;
	query.limit = 0;
	query.is_by_project = false;
	usage_group(u->view, &query, &rows);
	struct usage_diagnosis diagnosis = {.view = u->view,
		.prices = u->prices,
		.providers = &rows,
		.index_path = u->view->index_path ? u->view->index_path : u->wish.index_path,
		.catalogue_date = catalog_date()};
	usage_show_diagnosis(&u->look, &diagnosis);
	usage_rows_release(&rows);
	return EXIT_DONE;
}
