// SPDX-License-Identifier: MIT
#include "usage/save.h"

#include <string.h>

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
	struct buf cells; /* names come first */
};

static bool load_meta(struct loader *l, struct str bytes, struct err *e)
{
	struct unpack u = {bytes.p, bytes.p + bytes.n};

	l->saved->zone_mark = unpack_fixed(&u);
	l->saved->price_mark = unpack_fixed(&u);
	l->state->copies = unpack_signed(&u);
	return !u.is_bad || err_set(e, ERR_PARSE, "the index's head cannot be unpacked");
}

static bool load_piece(void *self, enum store_kind kind, uint32_t, struct str bytes, struct err *e)
{
	struct loader *l = self;
	struct state *state = l->state;

	switch (kind) {
	case STORE_META: return load_meta(l, bytes, e);
	case STORE_NAMES:
		return names_take(&state->names, bytes) ||
		       err_set(e, ERR_PARSE, "names that cannot be unpacked");
	case STORE_DIRS:
		return known_take_dirs(&state->known, arena_copy(&state->known.arena, bytes), e);
	case STORE_FILES:
		return known_take_files(&state->known, arena_copy(&state->known.arena, bytes), e);
	case STORE_CELLS:
		vec_push(&l->saved->cell_hashes, hash_bytes(bytes));
		return cells_take(&state->cells, bytes, state->names.all.n, e);
	case STORE_NEW_KEYS: keys_take(&state->keys, bytes); return true;
	case STORE_COPIED:
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

	if (!store_each_piece(state->store, STORE_LOADED, load_piece, &loader, e))
		return false;
	state->has_parts = true;
	saved->names = state->names.all.n;
	saved->files = state->known.files.n;
	saved->key_places = state->keys.all.n;
	saved->copied = state->copied.n;
	return true;
}

/* ---- writing ---- */

static bool put_buf(
	struct store *store, enum store_kind kind, size_t number, struct buf *bytes, struct err *e)
{
	must(!bytes->overflow);
	bool is_put = store_put(store, kind, (uint32_t)number, buf_str(bytes), e);
	buf_clear(bytes);
	return is_put;
}

static bool put_meta(struct state *state, struct store *store, struct err *e)
{
	AUTO(buf) bytes = {0};

	pack_fixed(&bytes, usage_zone_mark(state->wish.zone));
	pack_fixed(&bytes, usage_prices_mark(state->wish.prices));
	pack_signed(&bytes, state->copies);
	return put_buf(store, STORE_META, 0, &bytes, e);
}

static bool put_known(struct state *state, const struct saved *saved, struct store *store, bool all,
	struct err *e)
{
	const struct known *known = &state->known;
	AUTO(buf) bytes = {0};

	if (all || known->dirs_changed) {
		known_put_dirs(known, &bytes);
		if (!put_buf(store, STORE_DIRS, 0, &bytes, e))
			return false;
	}
	for (size_t from = 0; from < known->files.n; from += KNOWN_GROUP) {
		bool is_changed = all;
		for (size_t i = from; i < from + KNOWN_GROUP && i < known->files.n; i++)
			is_changed |= known->files.p[i].is_changed || i >= saved->files;
		if (!is_changed)
			continue;
		known_put_files(known, from / KNOWN_GROUP, &bytes);
		if (!put_buf(store, STORE_FILES, from / KNOWN_GROUP, &bytes, e))
			return false;
	}
	return true;
}

static bool put_cells(struct state *state, const struct saved *saved, struct store *store, bool all,
	struct err *e)
{
	AUTO(buf) bytes = {0};

	for (size_t from = 0, group = 0; from < state->cells.all.n; from += CELL_GROUP, group++) {
		cells_put(&state->cells, from, CELL_GROUP, &bytes);
		if (!all && group < saved->cell_hashes.n &&
			saved->cell_hashes.p[group] == hash_bytes(buf_str(&bytes))) {
			buf_clear(&bytes);
			continue;
		}
		if (!put_buf(store, STORE_CELLS, group, &bytes, e))
			return false;
	}
	return true;
}

/* All parts, with the keys that are in none yet. */
static bool put_parts(struct state *state, struct store *store, struct err *e)
{
	size_t from[KEY_PARTS + 1];
	struct key_place *parts = keys_parts(&state->keys, from);
	bool is_good = true;

	for (unsigned i = 0; i < KEY_PARTS && is_good; i++) {
		struct str fresh = {
			(const char *)(parts + from[i]), (from[i + 1] - from[i]) * sizeof *parts};
		AUTO(buf) bytes = {0};
		if (fresh.n == 0)
			continue;
		is_good = !state->has_parts || store_piece(store, STORE_KEYS, i, &bytes, e);
		buf_put_str(&bytes, fresh);
		is_good = is_good && put_buf(store, STORE_KEYS, i, &bytes, e);
	}
	free(parts);
	return is_good && (!state->has_parts || store_drop(store, STORE_NEW_KEYS, e));
}

static bool put_keys(struct state *state, const struct saved *saved, struct store *store, bool all,
	struct err *e)
{
	AUTO(buf) bytes = {0};

	if (all || state->copied.n != saved->copied) {
		if (state->copied.n)
			buf_put(&bytes, state->copied.p, state->copied.n * sizeof(uint64_t));
		if (!put_buf(store, STORE_COPIED, 0, &bytes, e))
			return false;
	}
	if (all || state->keys.all.n > NEW_KEYS_MAX)
		return put_parts(state, store, e);
	if (state->keys.all.n == saved->key_places)
		return true;
	keys_put(&state->keys, &bytes);
	return put_buf(store, STORE_NEW_KEYS, 0, &bytes, e);
}

static bool put_chunks(struct state *state, struct store *store, struct err *e)
{
	for (uint32_t i = 0; i < state->known.files.n; i++)
		if (state->known.files.p[i].is_dropped && store == state->store &&
			!store_drop_chunks(store, i, e))
			return false;
	vec_each (&state->pending, p) {
		if (!store_add_chunk(store, p->file, p->first_item, p->first_ms, p->last_ms,
			    buf_str(&p->bytes), e))
			return false;
	}
	return true;
}

static bool put_all(struct state *state, const struct saved *saved, struct store *store, bool all,
	struct err *e)
{
	AUTO(buf) names = {0};

	if (all && store == state->store) {
		for (int kind = 0; kind < STORE_KINDS; kind++)
			if (!store_drop(store, (enum store_kind)kind, e))
				return false;
	}
	size_t first = all ? 0 : saved->names;
	if (first < state->names.all.n) {
		names_put(&state->names, first, &names);
		if (!put_buf(store, STORE_NAMES, first, &names, e))
			return false;
	}
	return put_meta(state, store, e) && put_known(state, saved, store, all, e) &&
	       put_cells(state, saved, store, all, e) && put_keys(state, saved, store, all, e) &&
	       put_chunks(state, store, e);
}

bool save_commit(struct state *state, const struct saved *saved, const char *path, struct err *e)
{
	bool is_new = state->store == NULL;
	struct store *store = is_new ? store_create(path, e) : state->store;

	if (!store)
		return false;
	bool is_good = store_begin(store, e) &&
		       put_all(state, saved, store, is_new || state->is_rebuilt, e) &&
		       store_commit(store, e);
	if (is_new)
		store_close(store);
	else if (!is_good)
		store_rollback(store);
	return is_good;
}
