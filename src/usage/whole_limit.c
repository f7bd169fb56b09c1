// SPDX-License-Identifier: MIT
/* whole_limit: what the transcripts tell of limits, found when somebody asks. */
#include <stdlib.h>

#include "usage/limit.h"
#include "usage/whole.h"

enum {
	CLOCK_SLACK_MS = 60'000, /* of other machines that write to one disk */
	LIMITS_MAX = 64, /* no assistant has so many windows */
};

static bool is_believed(const struct whole *w, int64_t told_ms)
{
	int64_t now_ms = w->state.wish.now_ms;

	return !now_ms || told_ms <= now_ms + CLOCK_SLACK_MS;
}

static void show_limit(struct whole *w, const struct usage_limit *limit)
{
	if (!is_believed(w, limit->told_ms))
		return;
	vec_each (&w->limits, known) {
		if (known->source != limit->source ||
			known->window_minutes != limit->window_minutes)
			continue;
		if (limit->told_ms > known->told_ms)
			*known = *limit;
		return;
	}
	if (w->limits.n < LIMITS_MAX)
		vec_push(&w->limits, *limit);
}

static int by_source_and_window(const void *a, const void *b, void *self)
{
	const struct usage_limit *x = a, *y = b;
	const struct names *names = self;

	if (x->source != y->source)
		return str_cmp(names_get(names, x->source), names_get(names, y->source));
	return x->window_minutes < y->window_minutes ? -1 : x->window_minutes > y->window_minutes;
}

static void add_resets(struct whole *w, const struct usage_memory *memory, uint32_t source)
{
	struct usage_reset resets[USAGE_RESETS_MAX];
	size_t count = usage_resets_of(memory, resets);

	for (size_t i = 0; i < count; i++) {
		resets[i].source = source;
		if (is_believed(w, resets[i].told_ms))
			vec_push(&w->resets, resets[i]);
	}
}

static int compare_resets(const void *a, const void *b)
{
	const struct usage_reset *x = a, *y = b;

	if (x->told_ms != y->told_ms)
		return x->told_ms < y->told_ms ? -1 : 1;
	return x->resets_ms < y->resets_ms ? -1 : x->resets_ms > y->resets_ms;
}

static void find_limits(struct whole *w)
{
	const struct known *known = &w->state.known;
	struct usage_limit limit;
	struct known_extra extra;
	uint32_t source;

	for (size_t i = 0; i < known->files.n && known->tells_limits; i++) {
		const struct known_file *file = &known->files.p[i];
		uint32_t reader = known->dirs.p[file->dir].source;
		if (!file->tells_limits || !w->is_read[reader])
			continue;
		known_take_extra(file, &extra);
		source = names_add(&w->state.names, str_from(usage_readers[reader]->name));
		for (int place = 0; place < USAGE_LIMIT_PLACES; place++) {
			if (!usage_limit_of(&extra.memory, place, &limit))
				continue;
			limit.source = source;
			show_limit(w, &limit);
		}
		if (w->is_wanted[reader])
			add_resets(w, &extra.memory, source);
	}
	if (w->limits.n > 1)
		qsort_r(w->limits.p, w->limits.n, sizeof *w->limits.p, by_source_and_window,
			&w->state.names);
	if (w->resets.n > 1)
		qsort(w->resets.p, w->resets.n, sizeof *w->resets.p, compare_resets);
}

const struct usage_limits *whole_limits(void *self)
{
	struct whole *w = self;

	must(!w->is_early);
	if (!w->has_limits)
		find_limits(w);
	w->has_limits = true;
	w->view.names = w->state.names.all.p;
	w->view.name_count = w->state.names.all.n;
	w->shown_limits = (struct usage_limits){w->limits.p, w->limits.n, w->resets.p, w->resets.n};
	return &w->shown_limits;
}
