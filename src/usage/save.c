// SPDX-License-Identifier: MIT
#include "usage/save.h"

#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/hash.h"

/* ---- loading ---- */

struct loader {
	struct state *state;
	struct saved *saved;
};

/* Where nothing was taken over, there may be nothing. */
static void take_history(struct unpack *u, struct state_history *history)
{
	if (u->p == u->end)
		return;
	history->sum.answers = unpack_signed(u);
	history->sum.lost_answers = unpack_signed(u);
	history->sum.lost_pieces = unpack_signed(u);
	for (size_t i = unpack_count(u); i > 0 && !u->is_bad; i--)
		vec_push(&history->marks, unpack_fixed(u));
}

static void put_history(const struct state_history *history, struct buf *out)
{
	const struct usage_history *sum = &history->sum;

	if (history->marks.n == 0 && !sum->lost_answers && !sum->lost_pieces)
		return;
	pack_signed(out, history->sum.answers);
	pack_signed(out, history->sum.lost_answers);
	pack_signed(out, history->sum.lost_pieces);
	pack_number(out, history->marks.n);
	vec_each (&history->marks, mark)
		pack_fixed(out, *mark);
}

bool save_take_head(struct str meta, uint64_t *origin, struct state_history *history)
{
	struct unpack u = {meta.p, meta.p + meta.n};
	struct stored_keys stored;
	uint64_t head;

	(void)unpack_fixed(&u);
	(void)unpack_fixed(&u);
	(void)unpack_signed(&u);
	head = unpack_fixed(&u);
	for (int i = 0; i < 3; i++)
		(void)unpack_number(&u);
	stored_take_head(&stored, &u);
	take_history(&u, history);
	if (!u.is_bad)
		*origin = head;
	return !u.is_bad;
}

static bool load_meta(struct loader *l, struct str bytes, struct err *e)
{
	struct unpack u = {bytes.p, bytes.p + bytes.n};

	l->saved->zone_mark = unpack_fixed(&u);
	l->saved->price_mark = unpack_fixed(&u);
	l->state->copies = unpack_signed(&u);
	l->state->origin = unpack_fixed(&u);
	vec_reserve(&l->state->cells.all, unpack_number(&u));
	vec_reserve(&l->state->known.dirs, unpack_number(&u));
	l->state->known.last_changed = unpack_number(&u) % UINT32_MAX;
	stored_take_head(&l->state->stored, &u);
	take_history(&u, &l->state->history);
	return !u.is_bad || err_set(e, ERR_PARSE, "the index's head cannot be unpacked");
}

/* When all is there that can be looked at. */
static void begin_to_look(struct state *state)
{
	if (state->ahead || state->known.files.n > 0)
		return;
	known_make_room(&state->known);
	if (state->is_wanted)
		state->ahead = find_begin(&state->known, state->is_wanted);
}

static bool load_piece(void *self, enum piece_kind kind, uint32_t, struct str bytes, struct err *e)
{
	struct loader *l = self;
	struct state *state = l->state;

	if (kind > PIECE_FILES)
		begin_to_look(state);
	switch (kind) {
	case PIECE_META: return load_meta(l, bytes, e);
	case PIECE_NAMES:
		return names_take(&state->names, bytes) ||
		       err_set(e, ERR_PARSE, "names that cannot be unpacked");
	case PIECE_DIRS: return known_take_dirs(&state->known, bytes, e);
	case PIECE_FILES:
		return known_take_files(&state->known, arena_copy(&state->known.arena, bytes), e);
	case PIECE_CELLS: return cells_take(&state->cells, bytes, state->names.all.n, e);
	case PIECE_COPIED:
		for (uint64_t key; bytes.n >= sizeof key; bytes = str_skip(bytes, sizeof key)) {
			memcpy(&key, bytes.p, sizeof key);
			vec_push(&state->copied, key);
		}
		return true;
	default: return true;
	}
}

bool save_load(struct state *state, struct saved *saved, struct err *e)
{
	struct loader loader = {state, saved};

	if (!pieces_load(state->pieces, load_piece, &loader, e))
		return false;
	begin_to_look(state);
	if (!state->is_wanted && !known_unpack_all(&state->known, e))
		return false;
	saved->names = state->names.all.n;
	saved->files = state->known.files.n;
	saved->copied = state->copied.n;
	return true;
}

/* ---- writing ---- */

static bool put_buf(struct pieces *pieces, enum piece_kind kind, size_t number, struct buf *bytes,
	struct err *e)
{
	must(!bytes->overflow);
	bool is_put = pieces_put(pieces, kind, (uint32_t)number, buf_str(bytes), e);
	buf_clear(bytes);
	return is_put;
}

static bool put_meta(
	struct state *state, const struct stored_keys *stored, struct pieces *pieces, struct err *e)
{
	AUTO(buf) bytes = {0};

	pack_fixed(&bytes, usage_zone_mark(state->wish.zone));
	pack_fixed(&bytes, usage_prices_mark(state->wish.prices));
	pack_signed(&bytes, state->copies);
	if (!state->origin && getrandom(&state->origin, sizeof state->origin, 0) < 0)
		state->origin = (uint64_t)clock_ns();
	pack_fixed(&bytes, state->origin);
	pack_number(&bytes, state->cells.all.n);
	pack_number(&bytes, state->known.dirs.n);
	pack_number(&bytes, state->known.last_changed);
	stored_put_head(stored, &bytes);
	put_history(&state->history, &bytes);
	return put_buf(pieces, PIECE_META, 0, &bytes, e);
}

static bool put_known(struct state *state, const struct saved *saved, struct pieces *pieces,
	bool all, struct err *e)
{
	const struct known *known = &state->known;
	AUTO(buf) bytes = {0};

	for (size_t from = 0; from < known->dirs.n; from += KNOWN_DIRS) {
		bool is_changed = all;
		for (size_t i = from; i < from + KNOWN_DIRS && i < known->dirs.n; i++)
			is_changed |= known->dirs.p[i].is_changed;
		if (!is_changed)
			continue;
		known_put_dirs(known, from / KNOWN_DIRS, &bytes);
		if (!put_buf(pieces, PIECE_DIRS, from / KNOWN_DIRS, &bytes, e))
			return false;
	}
	for (size_t from = 0; from < known->files.n; from += KNOWN_FILES) {
		bool is_changed = all;
		for (size_t i = from; i < from + KNOWN_FILES && i < known->files.n; i++)
			is_changed |= known->files.p[i].is_changed || i >= saved->files;
		if (!is_changed)
			continue;
		known_put_files(known, from / KNOWN_FILES, &bytes);
		if (!put_buf(pieces, PIECE_FILES, from / KNOWN_FILES, &bytes, e))
			return false;
	}
	return true;
}

static bool put_cells(struct state *state, struct pieces *pieces, bool all, struct err *e)
{
	AUTO(buf) bytes = {0};

	for (size_t group = 0; group * CELL_GROUP < state->cells.all.n; group++) {
		if (!all && !cells_has_changed(&state->cells, group))
			continue;
		cells_put(&state->cells, group, &bytes);
		if (!put_buf(pieces, PIECE_CELLS, group, &bytes, e))
			return false;
	}
	return true;
}

static bool put_copied(struct state *state, const struct saved *saved, struct pieces *pieces,
	bool all, struct err *e)
{
	AUTO(buf) bytes = {0};

	if (!all && state->copied.n == saved->copied)
		return true;
	if (state->copied.n)
		buf_put(&bytes, state->copied.p, state->copied.n * sizeof(uint64_t));
	return put_buf(pieces, PIECE_COPIED, 0, &bytes, e);
}

static bool put_chunks(struct state *state, struct pieces *pieces, struct err *e)
{
	for (uint32_t i = 0; i < state->known.files.n; i++)
		if (state->known.files.p[i].is_dropped && state->pieces &&
			!pieces_drop_chunks(pieces, i, e))
			return false;
	vec_each (&state->pending, p) {
		if (!pieces_add_chunk(pieces, p->file, p->first_item, p->first_ms, p->last_ms,
			    buf_str(&p->bytes), e))
			return false;
	}
	return true;
}

/* state->stored goes on to say what was there before: that is what is read. */
static bool put_answers(struct state *state, struct pieces *pieces, struct stored_keys *stored,
	bool all, struct err *e)
{
	*stored = state->stored;
	return stored_write(stored, pieces, state->keys.all.p, state->keys.all.n, all, e) &&
	       put_chunks(state, pieces, e);
}

static bool put_rest(struct state *state, const struct saved *saved, struct pieces *pieces,
	const struct stored_keys *stored, bool all, struct err *e)
{
	AUTO(buf) names = {0};

	size_t first = all ? 0 : saved->names;
	if (first < state->names.all.n) {
		names_put(&state->names, first, &names);
		if (!put_buf(pieces, PIECE_NAMES, first, &names, e))
			return false;
	}
	return put_known(state, saved, pieces, all, e) && put_cells(state, pieces, all, e) &&
	       put_copied(state, saved, pieces, all, e) && put_meta(state, stored, pieces, e);
}

static bool drop_all(struct pieces *pieces, struct err *e)
{
	for (int kind = 0; kind < PIECE_KINDS; kind++)
		if (!pieces_drop(pieces, (enum piece_kind)kind, e))
			return false;
	return true;
}

/* Into an index that is there. */
static bool change(struct state *state, const struct saved *saved, struct err *e)
{
	struct pieces *pieces = pieces_writer(state->pieces, e);
	bool all = state->is_rebuilt;
	struct stored_keys stored;

	if (!pieces)
		return false;
	bool is_good = (!all || drop_all(pieces, e)) &&
		       put_answers(state, pieces, &stored, all, e) &&
		       put_rest(state, saved, pieces, &stored, all, e) && pieces_commit(pieces, e);
	pieces_close(pieces);
	return is_good;
}

struct ahead {
	struct state *state;
	struct saved *saved;
};

static bool fill(void *self, struct pieces *pieces, struct err *e)
{
	struct ahead *ahead = self;

	return pieces_begin(pieces, e) &&
	       put_answers(ahead->state, pieces, &ahead->saved->stored, true, e);
}

void save_ahead(struct state *state, struct saved *saved, struct fresh *fresh)
{
	struct ahead *ahead = arena_alloc(&state->arena, 1, sizeof *ahead);

	*ahead = (struct ahead){state, saved};
	fresh_fill(fresh, fill, ahead);
}

static bool save_new(struct state *state, struct saved *saved, struct fresh *fresh,
	const char *path, struct err *e)
{
	struct ahead now = {state, saved};
	struct pieces *pieces = fresh_take(fresh, path, e);

	if (!pieces)
		return false;
	bool is_good = (fresh->is_filled || fill(&now, pieces, e)) &&
		       put_rest(state, saved, pieces, &saved->stored, true, e) &&
		       pieces_commit(pieces, e);
	pieces_close(pieces);
	return is_good;
}

bool save_commit(struct state *state, struct saved *saved, struct fresh *fresh, const char *path,
	struct err *e)
{
	return state->pieces ? change(state, saved, e) : save_new(state, saved, fresh, path, e);
}
