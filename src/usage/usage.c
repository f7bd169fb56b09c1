// SPDX-License-Identifier: MIT
#include "usage/usage.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/private.h"
#include "io/prefault.h"
#include "usage/compat.h"
#include "usage/recover.h"
#include "usage/whole.h"

/* ---- wishes ---- */

static bool want_named(struct whole *w, struct str name, struct err *e)
{
	for (int i = 0; usage_readers[i]; i++) {
		if (str_is(name, usage_readers[i]->name)) {
			w->is_wanted[i] = true;
			return true;
		}
	}
	AUTO(buf) names = {0};
	for (int i = 0; usage_readers[i]; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", usage_readers[i]->name);
	return err_set(
		e, ERR_USAGE, "no source \"%.*s\"; there are %s", STR_ARG(name), buf_text(&names));
}

static bool choose_sources(struct whole *w, struct str sources, struct err *e)
{
	struct str name;

	for (int i = 0; usage_readers[i]; i++) {
		must(i < READERS_MAX);
		w->is_wanted[i] = sources.n == 0;
	}
	if (sources.n == 0)
		return true;
	while (str_split(&sources, ',', &name))
		if (!want_named(w, str_trim(name), e))
			return false;
	return true;
}

static void choose_read(struct whole *w)
{
	for (int i = 0; usage_readers[i]; i++)
		w->is_read[i] = w->is_wanted[i] ||
				(w->state.wish.all_limits && usage_readers[i]->tells_limits);
}

/* One index for the usual places, others for places that variables name. */
static void choose_index(struct whole *w)
{
	const struct usage_wish *wish = &w->state.wish;
	struct find_places usual = {0};

	if (!wish->index_path)
		return;
	find_places_fill(&usual, wish->environment, true);
	uint64_t mark = find_places_mark(&w->places);
	struct str path = str_from(wish->index_path), tail = STR(".sqlite");
	w->index_path = wish->index_path;
	if (mark != find_places_mark(&usual) && !wish->index_is_given)
		w->index_path = arena_printf(&w->state.arena, "%.*s-%08x.sqlite",
			STR_ARG(str_head(path, path.n - (str_ends(path, tail) ? tail.n : 0))),
			(unsigned)(mark >> 32))
					.p;
	w->usual_path = w->index_path;
	find_places_release(&usual);
}

/* ---- the index ---- */

static void trouble(struct whole *w, const struct err *e)
{
	w->view.index_trouble = arena_copy(&w->state.arena, str_from(e->text));
}

/* Without what the index had. */
static void begin_anew(struct whole *w)
{
	struct usage_wish wish = w->state.wish;
	struct arena arena = w->state.arena;

	w->state.arena = (struct arena){0};
	state_release(&w->state);
	w->saved = (struct saved){0};
	w->state = (struct state){.wish = wish, .is_wanted = w->is_read, .arena = arena};
}

void whole_set_aside(struct whole *w)
{
	AUTO(buf) name = {0};

	if (pieces_set_aside(w->index_path, w->index_inode, &name))
		w->view.old_index = arena_copy(&w->state.arena, buf_str(&name));
	w->view.was_rebuilt = true;
}

static void set_index_aside(struct whole *w)
{
	begin_anew(w);
	whole_set_aside(w);
}

/* What is loaded of an index and made of that is about a twelfth of it. */
static struct prefault *prefault(int64_t index_bytes)
{
	enum { PART = 12, LEAST_BYTES = 256 << 10, MOST_BYTES = 4 << 20 };
	int64_t bytes = index_bytes / PART;

	if (bytes < LEAST_BYTES)
		return NULL;
	return prefault_begin(bytes < MOST_BYTES ? (size_t)bytes : MOST_BYTES);
}

static void leave_alone(struct whole *w, const char *why)
{
	struct err e;

	err_set(&e, ERR_DENIED, "%s %s and stays as it is", w->index_path, why);
	trouble(w, &e);
	w->index_path = NULL;
}

static enum pieces_found open_once(struct whole *w, struct err *e)
{
	enum pieces_found found = PIECE_NONE;
	struct stat s = {0};

	w->index_inode = stat(w->index_path, &s) == 0 ? s.st_ino : 0;
	struct prefault *memory = prefault(s.st_size);
	w->state.pieces = pieces_open(w->index_path, &found, e);
	prefault_end(memory);
	if (w->state.pieces && !save_load(&w->state, &w->saved, e))
		found = e->code == ERR_PARSE ? PIECE_DAMAGED : PIECE_NONE;
	return found;
}

/* Somebody else may be setting it aside, and have another one there, while it is opened. */
static enum pieces_found open_index(struct whole *w, struct err *e)
{
	enum { TRIES = 4 };
	enum pieces_found found = open_once(w, e);
	struct stat s;

	for (int tries = 1; tries < TRIES; tries++) {
		if (found == PIECE_GOOD || (found == PIECE_NONE && e->code == ERR_NOT_FOUND) ||
			(stat(w->index_path, &s) == 0 && s.st_ino == w->index_inode))
			break;
		begin_anew(w);
		*e = (struct err){0};
		found = open_once(w, e);
	}
	return found;
}

static void load_index(struct whole *w)
{
	struct err e = {0};

	if (!w->index_path)
		return;
	if (w->state.wish.index_is_given && !pieces_are_ours(w->index_path)) {
		leave_alone(w, "is something else");
		return;
	}
	enum pieces_found found = open_index(w, &e);
	if (found == PIECE_NEWER && w->state.wish.index_is_given) {
		leave_alone(w, "is of a later version");
		return;
	}
	if (found == PIECE_NEWER) {
		/* Programs of two versions that take turns keep one each. */
		w->view.newer_index = str_from(w->index_path);
		w->index_path = recover_beside(w->usual_path, &w->state.arena).p;
		found = open_index(w, &e);
	}
	if (found == PIECE_GOOD)
		return;
	if (found != PIECE_NONE) {
		set_index_aside(w);
	} else if (e.code != ERR_NOT_FOUND) {
		begin_anew(w);
		trouble(w, &e);
		if (access(w->index_path, W_OK) < 0 && access(w->index_path, R_OK) == 0)
			w->shut_index = w->index_path;
		w->index_path = NULL;
	}
}

/* That of an index that somebody named is his business. */
static bool make_directory(struct whole *w, struct err *e)
{
	if (w->state.wish.index_is_given)
		return true;
	const char *slash = strrchr(w->index_path, '/');
	AUTO(buf) directory = {0};
	buf_put_str(&directory, str_range(w->index_path, slash));
	AUTO_FD fd = private_open(buf_text(&directory), true, e);

	return fd >= 0;
}

bool whole_save(struct whole *w, struct err *e)
{
	struct state *state = &w->state;

	if (!w->index_path || !(state->is_changed || state->is_rebuilt || !state->pieces ||
				      state->known.dirs_changed))
		return true;
	if ((state->pieces || make_directory(w, e)) &&
		save_commit(state, &w->saved, &w->fresh, w->index_path, e))
		return true;
	if (e->code == ERR_PARSE) {
		/* Damage where nothing was read: the next run makes another one. */
		whole_set_aside(w);
		w->view.will_be_rebuilt = true;
	} else if (e->code != ERR_CANCELLED)
		trouble(w, e);
	return false;
}

/* ---- refreshing ---- */

/* A new one is made while directories are listed and transcripts are read. */
static void begin_index(struct whole *w)
{
	struct err e;

	if (w->index_path && make_directory(w, &e))
		fresh_begin(&w->fresh, w->index_path);
}

/* Of what an earlier index knew, what is not read would be taken for gone. */
static void read_all(struct whole *w)
{
	for (int i = 0; usage_readers[i]; i++)
		w->is_read[i] = true;
}

static bool refresh(struct whole *w, struct err *e)
{
	struct state *state = &w->state;
	struct harvest harvest = {0};
	struct find_ahead *ahead = state->ahead;
	bool has_index = state->pieces != NULL;

	if (!has_index) {
		if (w->shut_index || recover_is_due(w))
			read_all(w);
		begin_index(w);
	}
	state->ahead = NULL;
	if (!find_changes(&state->known, &w->places, w->is_read, ahead, e))
		return false;
	harvest_changes(&harvest, &state->known, false);
	state_take_jobs(state, &harvest);
	harvest_release(&harvest);
	if (!has_index)
		save_ahead(state, &w->saved, &w->fresh);
	if (!state_count_jobs(state, e))
		return false;
	bool is_priced_else = w->saved.price_mark != usage_prices_mark(state->wish.prices);
	bool is_other_zone = w->saved.zone_mark != usage_zone_mark(state->wish.zone);
	if (has_index && !state->is_rebuilt && (is_priced_else || is_other_zone)) {
		/* Days of another zone are not worth writing, unless other things are: then all
		 * are. */
		state->is_rebuilt = is_priced_else || state->is_changed;
		state->known.dirs_changed &= state->is_rebuilt;
		return state_count_again(state, e);
	}
	return true;
}

/* ---- opening ---- */

void whole_close(void *self)
{
	struct whole *w = self;

	fresh_release(&w->fresh);
	state_release(&w->state);
	find_places_release(&w->places);
	overlaps_release(&w->overlaps);
	vec_release(&w->cells);
	vec_release(&w->files);
	vec_release(&w->limits);
	vec_release(&w->resets);
	free(w);
}

static struct whole *begin(const struct usage_wish *wish, struct err *e)
{
	struct whole *w = must_alloc(1, sizeof *w);

	w->state.wish = *wish;
	if (!choose_sources(w, wish->sources, e)) {
		whole_close(w);
		return NULL;
	}
	choose_read(w);
	w->state.is_wanted = w->is_read;
	find_places_fill(&w->places, wish->environment, false);
	choose_index(w);
	load_index(w);
	return w;
}

static bool take_news(struct whole *w, struct err *e)
{
	bool is_good = refresh(w, e);

	if (!is_good && w->state.pieces) {
		set_index_aside(w);
		is_good = refresh(w, e);
	}
	if (!is_good || w->state.pieces || !(w->index_path || w->shut_index) || recover_take(w, e))
		return is_good;
	begin_anew(w);
	w->view.taken_over = (struct usage_history){0};
	w->view.taken_from = (struct str){0};
	return refresh(w, e);
}

struct whole *whole_open(const struct usage_wish *wish, struct err *e)
{
	struct whole *w = begin(wish, e);

	if (!w || take_news(w, e))
		return w;
	whole_close(w);
	return NULL;
}

/* Who wrote meanwhile wrote what this would have written. */
static void save_and_show(struct whole *w)
{
	struct err ignored = {0};

	(void)whole_save(w, &ignored);
	whole_show(w);
}

static bool settle(void *self, bool *is_same, struct err *e)
{
	struct whole *w = self;

	*is_same = true;
	if (!w->is_early)
		return true;
	w->is_early = false;
	if (!take_news(w, e))
		return false;
	*is_same = !w->state.is_changed && !w->view.was_rebuilt;
	save_and_show(w);
	return true;
}

static bool can_show_early(const struct whole *w)
{
	const struct state *state = &w->state;

	return state->pieces && state->ahead && !find_has_changes(state->ahead) &&
	       state->wish.sources.n == 0 && !state->wish.needs_files &&
	       !(state->cells.flags & USAGE_SUMMED) &&
	       w->saved.price_mark == usage_prices_mark(state->wish.prices) &&
	       w->saved.zone_mark == usage_zone_mark(state->wish.zone);
}

static bool open_view(
	const struct usage_wish *wish, bool may_be_early, struct usage_view **view, struct err *e)
{
	if (wish->is_compat) {
		*view = usage_compat_view(wish);
		return true;
	}
	struct whole *w = begin(wish, e);
	if (!w)
		return false;
	w->view.settle = settle;
	*view = &w->view;
	if (may_be_early && can_show_early(w)) {
		w->is_early = true;
		whole_show_early(w);
		return true;
	}
	if (!take_news(w, e)) {
		whole_close(w);
		return false;
	}
	save_and_show(w);
	return true;
}

bool usage_open(const struct usage_wish *wish, struct usage_view **view, struct err *e)
{
	return open_view(wish, false, view, e);
}

bool usage_open_early(const struct usage_wish *wish, struct usage_view **view, struct err *e)
{
	return open_view(wish, true, view, e);
}

bool usage_settle(struct usage_view *view, bool *is_same, struct err *e)
{
	*is_same = true;
	return !view->settle || view->settle(view->self, is_same, e);
}

void usage_close(struct usage_view *view)
{
	if (view)
		view->close(view->self);
}

void usage_name_providers(const struct usage_view *view)
{
	if (view->name_providers)
		view->name_providers(view->self);
}

const struct usage_limits *usage_limits(const struct usage_view *view)
{
	return view->limits(view->self);
}

bool usage_visit(struct usage_view *view, int64_t since_ms, int64_t until_ms,
	const struct usage_visitor *visitor, struct err *e)
{
	return view->each(view->self, since_ms, until_ms, visitor, e);
}

bool usage_each(struct usage_view *view, int64_t since_ms, int64_t until_ms,
	bool (*visit)(void *self, const struct usage_entry *entry), void *self, struct err *e)
{
	struct usage_visitor visitor = {.visit = visit, .hands = {self}, .hand_count = 1};

	return usage_visit(view, since_ms, until_ms, &visitor, e);
}
