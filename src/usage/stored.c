// SPDX-License-Identifier: MIT
#include "usage/stored.h"

#include <stdlib.h>
#include <string.h>

enum {
	PART_PLACES = 120, /* 1.9 KB: two and more of them fit into a page */
	NEW_PLACES_MIN =
		8192, /* with more of them, and more than a share of all, the parts get them */
	NEW_SHARE = 32,
	ROW_PLACES = 200,
	FILTER = 4096,
};

static const size_t place_bytes = sizeof(struct key_place);

/* ---- head ---- */

void stored_put_head(const struct stored_keys *stored, struct buf *out)
{
	pack_number(out, stored->bits);
	pack_number(out, stored->places);
	pack_number(out, stored->new_places);
	pack_number(out, stored->new_rows);
}

void stored_take_head(struct stored_keys *stored, struct unpack *u)
{
	*stored = (struct stored_keys){.is_there = true, .bits = (unsigned)unpack_number(u)};
	stored->places = unpack_number(u);
	stored->new_places = unpack_number(u);
	stored->new_rows = (uint32_t)unpack_number(u);
	u->is_bad |= stored->bits > STORED_BITS_MAX;
}

/* ---- searching ---- */

struct search {
	const uint64_t *keys;
	size_t count;
	void (*visit)(void *self, const struct key_place *place);
	void *self;
};

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void search_bytes(const struct search *s, struct str bytes, const bool *filter)
{
	struct key_place place;

	for (; bytes.n >= place_bytes; bytes = str_skip(bytes, place_bytes)) {
		memcpy(&place, bytes.p, place_bytes);
		if (filter && !filter[place.key % FILTER])
			continue;
		if (bsearch(&place.key, s->keys, s->count, sizeof *s->keys, by_number))
			s->visit(s->self, &place);
	}
}

static bool search_parts(const struct stored_keys *stored, struct pieces *pieces,
	const struct search *all, struct err *e)
{
	AUTO(buf) bytes = {0};

	for (size_t from = 0, to; from < all->count; from = to) {
		uint32_t part = key_part(all->keys[from], stored->bits);
		for (to = from; to < all->count && key_part(all->keys[to], stored->bits) == part;)
			to++;
		struct search s = *all;
		s.keys += from;
		s.count = to - from;
		buf_clear(&bytes);
		if (!pieces_get(pieces, PIECE_KEYS, part, &bytes, e))
			return false;
		search_bytes(&s, buf_str(&bytes), NULL);
	}
	return true;
}

bool stored_search(const struct stored_keys *stored, struct pieces *pieces, const uint64_t *keys,
	size_t count, void (*visit)(void *self, const struct key_place *place), void *self,
	struct err *e)
{
	struct search s = {keys, count, visit, self};
	bool filter[FILTER] = {0};
	uint64_t places = 0;
	AUTO(buf) bytes = {0};

	if (!search_parts(stored, pieces, &s, e))
		return false;
	for (size_t i = 0; i < count; i++)
		filter[keys[i] % FILTER] = true;
	for (uint32_t row = 0; row < stored->new_rows; row++) {
		buf_clear(&bytes);
		if (!pieces_get(pieces, PIECE_NEW_KEYS, row, &bytes, e))
			return false;
		search_bytes(&s, buf_str(&bytes), filter);
		places += bytes.n / place_bytes;
	}
	/* A file that was put back without its log may have rows from before. */
	return places == stored->new_places ||
	       err_set(e, ERR_PARSE, "the index: keys of answers are missing");
}

/* ---- writing ---- */

static struct str bytes_of(const struct key_place *places, size_t count)
{
	return (struct str){count ? (const char *)places : "", count * place_bytes};
}

static bool put(struct pieces *pieces, enum piece_kind kind, uint32_t number, struct buf *bytes,
	struct err *e)
{
	must(!bytes->overflow);
	bool is_put = pieces_put(pieces, kind, number, buf_str(bytes), e);
	buf_clear(bytes);
	return is_put;
}

static unsigned bits_for(uint64_t places)
{
	unsigned bits = 0;

	while (bits < STORED_BITS_MAX && places > (uint64_t)PART_PLACES << bits)
		bits++;
	return bits;
}

/* Adds them to the parts that are there; is_new: there are none, and all get one, so that none can
   be missing. */
static bool write_parts(const struct stored_keys *stored, struct pieces *pieces,
	const struct key_place *places, size_t count, bool is_new, struct err *e)
{
	size_t parts = (size_t)1 << stored->bits, *from;
	struct key_place *by_part = keys_by_part(places, count, stored->bits, &from);
	bool is_good = true;
	AUTO(buf) bytes = {0};

	for (size_t i = 0; i < parts && is_good; i++) {
		size_t n = from[i + 1] - from[i];
		if (n == 0 && !is_new)
			continue;
		is_good = is_new || pieces_get(pieces, PIECE_KEYS, (uint32_t)i, &bytes, e);
		buf_put_str(&bytes, bytes_of(by_part + from[i], n));
		is_good = is_good && put(pieces, PIECE_KEYS, (uint32_t)i, &bytes, e);
	}
	free(by_part);
	free(from);
	return is_good;
}

static bool gather(
	struct pieces *pieces, enum piece_kind kind, uint32_t count, struct buf *all, struct err *e)
{
	for (uint32_t i = 0; i < count; i++)
		if (!pieces_get(pieces, kind, i, all, e))
			return false;
	return !all->overflow || err_set(e, ERR_LIMIT, "the index: too many answers");
}

/* The rows of new ones go into the parts; where those become too large, there will be more. */
static bool fold(struct stored_keys *stored, struct pieces *pieces, const struct key_place *places,
	size_t count, struct err *e)
{
	uint64_t total = stored->places + stored->new_places + count;
	bool is_split = bits_for(total) > stored->bits;
	AUTO(buf) all = {.max = SIZE_MAX};

	if (!gather(pieces, PIECE_NEW_KEYS, stored->new_rows, &all, e) ||
		!pieces_drop(pieces, PIECE_NEW_KEYS, e))
		return false;
	if (is_split && (!gather(pieces, PIECE_KEYS, 1u << stored->bits, &all, e) ||
				!pieces_drop(pieces, PIECE_KEYS, e)))
		return false;
	buf_put_str(&all, bytes_of(places, count));
	struct str bytes = buf_str(&all);
	struct key_place *copy = must_alloc(bytes.n / place_bytes + 1, place_bytes);
	if (bytes.n > 0)
		memcpy(copy, bytes.p, bytes.n - bytes.n % place_bytes);
	*stored =
		(struct stored_keys){true, is_split ? bits_for(total) : stored->bits, total, 0, 0};
	bool is_good = write_parts(stored, pieces, copy, bytes.n / place_bytes, is_split, e);
	free(copy);
	return is_good;
}

/* Behind those that are new already. */
static bool append(struct stored_keys *stored, struct pieces *pieces,
	const struct key_place *places, size_t count, struct err *e)
{
	AUTO(buf) bytes = {0};

	if (stored->new_rows > 0) {
		if (!pieces_get(pieces, PIECE_NEW_KEYS, stored->new_rows - 1, &bytes, e))
			return false;
		if (bytes.n < ROW_PLACES * place_bytes)
			stored->new_rows--;
		else
			buf_clear(&bytes);
	}
	buf_put_str(&bytes, bytes_of(places, count));
	stored->new_places += count;
	return put(pieces, PIECE_NEW_KEYS, stored->new_rows++, &bytes, e);
}

bool stored_write(struct stored_keys *stored, struct pieces *pieces, const struct key_place *places,
	size_t count, bool all, struct err *e)
{
	if (all || !stored->is_there) {
		*stored = (struct stored_keys){true, bits_for(count), count, 0, 0};
		return write_parts(stored, pieces, places, count, true, e);
	}
	if (count == 0)
		return true;
	uint64_t most = stored->places / NEW_SHARE;
	if (stored->new_places + count > (most > NEW_PLACES_MIN ? most : NEW_PLACES_MIN))
		return fold(stored, pieces, places, count, e);
	return append(stored, pieces, places, count, e);
}
