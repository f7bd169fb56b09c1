// SPDX-License-Identifier: MIT
#include "usage/recover.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "usage/carry.h"
#include "usage/pieces_inside.h"

struct aside {
	const char *path;
	struct timespec when; /* it was set aside */
	uint64_t mark;
};

struct asides {
	VEC(struct aside) all; /* the last one first */
};

struct str recover_beside(const char *index_path, struct arena *arena)
{
	struct str path = str_from(index_path), tail = STR(".sqlite");

	if (str_ends(path, tail))
		path.n -= tail.n;
	return arena_printf(arena, "%.*s-v%d.sqlite", STR_ARG(path), PIECE_VERSION & 0xffff);
}

/* ---- finding them ---- */

/* usage.sqlite.old, usage.sqlite.old2 ... */
static bool is_aside(struct str name, struct str index)
{
	struct str old = STR(".old"), rest;
	int64_t number;

	if (!str_starts(name, index))
		return false;
	rest = str_skip(name, index.n);
	if (!str_starts(rest, old))
		return false;
	rest = str_skip(rest, old.n);
	return rest.n == 0 || (str_int(rest, &number) && number > 1);
}

static void add_aside(struct asides *asides, const char *path)
{
	struct stat s;

	if (stat(path, &s) < 0 || !S_ISREG(s.st_mode))
		return;
	uint64_t parts[] = {s.st_dev, s.st_ino, (uint64_t)s.st_size, (uint64_t)s.st_mtim.tv_sec,
		(uint64_t)s.st_mtim.tv_nsec};
	vec_push(
		&asides->all, (struct aside){path, s.st_ctim,
				      hash_bytes((struct str){(const char *)parts, sizeof parts})});
}

static int by_time(const void *a, const void *b)
{
	const struct timespec *x = &((const struct aside *)a)->when;
	const struct timespec *y = &((const struct aside *)b)->when;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec > y->tv_sec ? -1 : 1;
	return x->tv_nsec > y->tv_nsec ? -1 : x->tv_nsec < y->tv_nsec;
}

/* Those of the index, and of that of this program beside one of a later one. */
static void find_asides(struct whole *w, struct asides *asides)
{
	struct arena *arena = &w->state.arena;
	const char *index = w->usual_path, *slash = strrchr(index, '/');
	const char *beside = recover_beside(index, arena).p;
	size_t n = slash ? (size_t)(slash + 1 - index) : 0;
	struct dirent *entry;

	DIR *directory = opendir(n ? arena_text(arena, (struct str){index, n}) : ".");
	if (!directory)
		return;
	while ((entry = readdir(directory))) {
		struct str name = str_from(entry->d_name);
		if (is_aside(name, str_from(index + n)) || is_aside(name, str_from(beside + n)))
			add_aside(asides,
				arena_printf(arena, "%.*s%s", (int)n, index, entry->d_name).p);
	}
	(void)closedir(directory);
	if (asides->all.n > 1)
		qsort(asides->all.p, asides->all.n, sizeof *asides->all.p, by_time);
}

bool recover_is_aside(struct whole *w, const char *path)
{
	struct asides asides = {0};
	struct stat s, own;
	bool is_one = false;

	find_asides(w, &asides);
	if (stat(path, &s) == 0)
		vec_each (&asides.all, aside)
			is_one |= stat(aside->path, &own) == 0 && own.st_ino == s.st_ino &&
				  own.st_dev == s.st_dev;
	vec_release(&asides.all);
	return is_one;
}

/* ---- taking them over ---- */

static bool is_taken(const struct state_history *history, uint64_t mark)
{
	vec_each (&history->marks, had)
		if (*had == mark)
			return true;
	return false;
}

/* False: it has nothing that can be read. */
static bool take(struct whole *w, const struct aside *aside, bool is_last)
{
	struct state *state = &w->state;
	struct salvage salvage = {0};
	struct err e;

	bool is_good = salvage_read(&salvage, aside->path, is_last ? w->index_path : NULL, &e);
	if (is_good) {
		state->origin = state->origin ? state->origin : salvage.origin;
		vec_each (&salvage.history.marks, mark)
			if (!is_taken(&state->history, *mark))
				vec_push(&state->history.marks, *mark);
		struct carry carry = {aside->path, true, state->origin};
		carry_take(state, &salvage, &carry, &w->view.taken_over);
		state->history.sum.lost_answers += salvage.history.sum.lost_answers;
		state->history.sum.lost_pieces += salvage.history.sum.lost_pieces;
	}
	salvage_release(&salvage);
	return is_good;
}

static int64_t count_answers(const struct state *state)
{
	int64_t sum = 0;

	vec_each (&state->cells.all, cell)
		sum += cell->sum.answers;
	return sum;
}

/* The later program's index is no more: what was beside that is one that is set aside. */
static void end_beside(struct whole *w)
{
	const char *beside = recover_beside(w->usual_path, &w->state.arena).p;
	struct stat s;
	AUTO(buf) aside = {0};

	if (stat(beside, &s) == 0 && S_ISREG(s.st_mode))
		(void)pieces_set_aside(beside, s.st_ino, &aside);
}

bool recover_is_due(struct whole *w)
{
	struct asides asides = {0};
	bool is_due = false;

	if (!w->index_path)
		return false;
	find_asides(w, &asides);
	vec_each (&asides.all, aside)
		is_due |= !is_taken(&w->state.history, aside->mark);
	vec_release(&asides.all);
	return is_due;
}

bool recover_take(struct whole *w, struct err *e)
{
	struct state *state = &w->state;
	struct usage_history *taken = &w->view.taken_over, *sum = &state->history.sum;
	struct asides asides = {0};
	const char *newest = NULL;
	size_t count = 0;

	if (w->shut_index)
		add_aside(&asides, w->shut_index);
	else if (w->index_path == w->usual_path)
		end_beside(w);
	if (!w->shut_index)
		find_asides(w, &asides);
	for (size_t i = 0; i < asides.all.n; i++) {
		const struct aside *aside = &asides.all.p[i];
		if (is_taken(&state->history, aside->mark))
			continue;
		/* What is put into a new index meanwhile would not be all. */
		fresh_release(&w->fresh);
		if (!take(w, aside, i == 0))
			continue;
		vec_push(&state->history.marks, aside->mark);
		newest = newest ? newest : aside->path;
		count++;
	}
	vec_release(&asides.all);
	if (count == 0)
		return true;
	w->view.taken_from = str_from(newest);
	if (count > 1)
		w->view.taken_from =
			arena_printf(&state->arena, "%s and %zu more", newest, count - 1);
	int64_t before = count_answers(state);
	if (!state_count_again(state, e))
		return false;
	taken->answers = count_answers(state) - before;
	sum->answers += taken->answers;
	sum->lost_answers += taken->lost_answers;
	sum->lost_pieces += taken->lost_pieces;
	return true;
}
