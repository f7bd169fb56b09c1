// SPDX-License-Identifier: MIT
#include "usage/save.h"

#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/hash.h"

enum {
	CELL_GROUP = 512,
	NEW_KEYS_MAX = 8192, /* more of them go into the parts */
};

void saved_release(struct saved *saved)
{
	vec_release(&saved->cell_hashes);
}

/* ---- loading ---- */

struct loader {
	struct state *state;
	struct saved *saved;
};

static bool load_meta(struct loader *l, struct str bytes, struct err *e)
{
	struct unpack u = {bytes.p, bytes.p + bytes.n};

	l->saved->zone_mark = unpack_fixed(&u);
	l->saved->price_mark = unpack_fixed(&u);
	l->state->copies = unpack_signed(&u);
	l->state->origin = unpack_fixed(&u);
	cells_reserve(&l->state->cells, unpack_number(&u));
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
	case PIECE_DIRS:
		return known_take_dirs(&state->known, arena_copy(&state->known.arena, bytes), e);
	case PIECE_FILES:
		return known_take_files(&state->known, arena_copy(&state->known.arena, bytes), e);
	case PIECE_CELLS:
		vec_push(&l->saved->cell_hashes, hash_bytes(bytes));
		return cells_take(&state->cells, bytes, state->names.all.n, e);
	case PIECE_NEW_KEYS: keys_take(&state->keys, bytes); return true;
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
	state->has_parts = true;
	saved->names = state->names.all.n;
	saved->files = state->known.files.n;
	saved->key_places = state->keys.all.n;
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

static bool put_meta(struct state *state, struct pieces *pieces, struct err *e)
{
	AUTO(buf) bytes = {0};

	pack_fixed(&bytes, usage_zone_mark(state->wish.zone));
	pack_fixed(&bytes, usage_prices_mark(state->wish.prices));
	pack_signed(&bytes, state->copies);
	if (!state->origin && getrandom(&state->origin, sizeof state->origin, 0) < 0)
		state->origin = (uint64_t)clock_ns();
	pack_fixed(&bytes, state->origin);
	pack_number(&bytes, state->cells.all.n);
	return put_buf(pieces, PIECE_META, 0, &bytes, e);
}

static bool put_known(struct state *state, const struct saved *saved, struct pieces *pieces,
	bool all, struct err *e)
{
	const struct known *known = &state->known;
	AUTO(buf) bytes = {0};

	if (all || known->dirs_changed) {
		known_put_dirs(known, &bytes);
		if (!put_buf(pieces, PIECE_DIRS, 0, &bytes, e))
			return false;
	}
	for (size_t from = 0; from < known->files.n; from += KNOWN_GROUP) {
		bool is_changed = all;
		for (size_t i = from; i < from + KNOWN_GROUP && i < known->files.n; i++)
			is_changed |= known->files.p[i].is_changed || i >= saved->files;
		if (!is_changed)
			continue;
		known_put_files(known, from / KNOWN_GROUP, &bytes);
		if (!put_buf(pieces, PIECE_FILES, from / KNOWN_GROUP, &bytes, e))
			return false;
	}
	return true;
}

static bool put_cells(struct state *state, const struct saved *saved, struct pieces *pieces,
	bool all, struct err *e)
{
	AUTO(buf) bytes = {0};

	for (size_t from = 0, group = 0; from < state->cells.all.n; from += CELL_GROUP, group++) {
		cells_put(&state->cells, from, CELL_GROUP, &bytes);
		if (!all && group < saved->cell_hashes.n &&
			saved->cell_hashes.p[group] == hash_bytes(buf_str(&bytes))) {
			buf_clear(&bytes);
			continue;
		}
		if (!put_buf(pieces, PIECE_CELLS, group, &bytes, e))
			return false;
	}
	return true;
}

/* All parts, with the keys that are in none yet. */
static bool put_parts(struct state *state, struct pieces *pieces, struct err *e)
{
	size_t from[KEY_PARTS + 1];
	struct key_place *parts = keys_parts(&state->keys, from);
	bool is_good = true;

	for (unsigned i = 0; i < KEY_PARTS && is_good; i++) {
		struct str fresh = {
			(const char *)(parts + from[i]), (from[i + 1] - from[i]) * sizeof *parts};
		AUTO(buf) bytes = {0};
		if (fresh.n == 0 && state->has_parts)
			continue; /* a new index has all of them, so that none can get lost */
		is_good = !state->has_parts || pieces_get(pieces, PIECE_KEYS, i, &bytes, e);
		buf_put_str(&bytes, fresh);
		is_good = is_good && put_buf(pieces, PIECE_KEYS, i, &bytes, e);
	}
	free(parts);
	return is_good && (!state->has_parts || pieces_drop(pieces, PIECE_NEW_KEYS, e));
}

static bool put_keys(struct state *state, const struct saved *saved, struct pieces *pieces,
	bool all, struct err *e)
{
	AUTO(buf) bytes = {0};

	if (all || state->copied.n != saved->copied) {
		if (state->copied.n)
			buf_put(&bytes, state->copied.p, state->copied.n * sizeof(uint64_t));
		if (!put_buf(pieces, PIECE_COPIED, 0, &bytes, e))
			return false;
	}
	if (all || state->keys.all.n > NEW_KEYS_MAX)
		return put_parts(state, pieces, e);
	if (state->keys.all.n == saved->key_places)
		return true;
	keys_put(&state->keys, &bytes);
	return put_buf(pieces, PIECE_NEW_KEYS, 0, &bytes, e);
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

static bool put_all(struct state *state, const struct saved *saved, struct pieces *pieces, bool all,
	struct err *e)
{
	AUTO(buf) names = {0};

	if (all && state->pieces) {
		for (int kind = 0; kind < PIECE_KINDS; kind++)
			if (!pieces_drop(pieces, (enum piece_kind)kind, e))
				return false;
	}
	size_t first = all ? 0 : saved->names;
	if (first < state->names.all.n) {
		names_put(&state->names, first, &names);
		if (!put_buf(pieces, PIECE_NAMES, first, &names, e))
			return false;
	}
	return put_meta(state, pieces, e) && put_known(state, saved, pieces, all, e) &&
	       put_cells(state, saved, pieces, all, e) && put_keys(state, saved, pieces, all, e) &&
	       put_chunks(state, pieces, e);
}

bool save_commit(struct state *state, const struct saved *saved, const char *path, struct err *e)
{
	bool is_new = state->pieces == NULL;
	struct pieces *pieces = is_new ? pieces_create(path, e) : pieces_writer(state->pieces, e);

	if (!pieces)
		return false;
	bool is_good = (!is_new || pieces_begin(pieces, e)) &&
		       put_all(state, saved, pieces, is_new || state->is_rebuilt, e) &&
		       pieces_commit(pieces, e);
	pieces_close(pieces);
	return is_good;
}
