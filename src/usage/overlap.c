// SPDX-License-Identifier: MIT
#include "usage/overlap.h"

#include <stdlib.h>

#include "base/money.h"

static int compare(const void *a, const void *b)
{
	const struct overlap *x = a, *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	return x->session < y->session ? -1 : x->session > y->session;
}

static struct overlap *find(const struct overlaps *overlaps, uint32_t source, uint32_t session)
{
	struct overlap wanted = {.source = source, .session = session};

	return overlaps->all.n
		       ? bsearch(&wanted, overlaps->all.p, overlaps->all.n, sizeof wanted, compare)
		       : NULL;
}

/* Sessions that have sums, each once. */
static void find_sums(struct overlaps *overlaps, const struct usage_cell *cells, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (cells[i].flags & USAGE_SUMMED && cells[i].sum.answers > 0)
			vec_push(&overlaps->all, (struct overlap){.source = cells[i].source,
							 .session = cells[i].session,
							 .project = cells[i].project,
							 .branch = cells[i].branch});
	if (overlaps->all.n == 0)
		return;
	qsort(overlaps->all.p, overlaps->all.n, sizeof *overlaps->all.p, compare);
	vec_each (&overlaps->all, o)
		if (n == 0 || compare(&overlaps->all.p[n - 1], o) != 0)
			overlaps->all.p[n++] = *o;
	overlaps->all.n = n;
}

void overlaps_find(struct overlaps *overlaps, const struct usage_cell *cells, size_t count)
{
	overlaps->all.n = 0;
	find_sums(overlaps, cells, count);
	for (size_t i = 0; i < count && overlaps->all.n > 0; i++) {
		struct overlap *o = find(overlaps, cells[i].source, cells[i].session);
		int64_t total = usage_tokens_total(&cells[i].sum.tokens);
		if (o && cells[i].flags & USAGE_SUMMED)
			o->sums = money_add(o->sums, total);
		else if (o)
			o->answers = money_add(o->answers, total);
	}
}

void overlaps_release(struct overlaps *overlaps)
{
	vec_release(&overlaps->all);
}

bool overlaps_leave_out(
	const struct overlaps *overlaps, uint32_t source, uint32_t session, uint32_t flags)
{
	const struct overlap *o = find(overlaps, source, session);

	if (!o || o->answers == 0)
		return false;
	return flags & USAGE_SUMMED ? o->sums <= o->answers : o->sums > o->answers;
}

void overlaps_place(const struct overlaps *overlaps, uint32_t source, uint32_t session,
	uint32_t *project, uint32_t *branch)
{
	const struct overlap *o = *project ? NULL : find(overlaps, source, session);

	if (o) {
		*project = o->project;
		*branch = *branch ? *branch : o->branch;
	}
}
