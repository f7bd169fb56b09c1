// SPDX-License-Identifier: MIT
/*
 * usage_pack: packed bytes as a damaged index may hold them. The first byte says what they are;
 * what is behind it is taken, and what could be taken is put again. A chunk gets the hash and the
 * length that it would have.
 */
#include <stdint.h>
#include <string.h>

#include "base/hash.h"
#include "usage/cells.h"
#include "usage/chunk.h"
#include "usage/keys.h"
#include "usage/known.h"
#include "usage/stored.h"

enum { NAME_COUNT = 9, KINDS = 5 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_chunk(struct str bytes)
{
	AUTO(buf) body = {0};
	AUTO(buf) framed = {0};
	struct names names = {0};
	struct chunk chunk = {0};
	struct err e;

	buf_put_str(&body, bytes);
	pack_fixed(&body, hash_bytes(bytes));
	pack_text(&framed, buf_str(&body));
	if (chunk_take(&chunk, buf_str(&framed), &names, &e)) {
		vec_each (&chunk.items, item) {
			must(item->context < chunk.contexts.n);
			must(item->tool_first + (size_t)item->tool_count <= chunk.tools.n);
			must(usage_tokens_total(&item->tokens) >= 0);
		}
		vec_each (&chunk.contexts, context)
			must(context->session < names.all.n && context->model < names.all.n);
	}
	chunk_release(&chunk);
	names_release(&names);
	struct chunk raw = {0};
	(void)!chunk_take(&raw, bytes, &names, &e);
	chunk_release(&raw);
	names_release(&names);
}

static void fuzz_names(struct str bytes)
{
	struct names names = {0};
	AUTO(buf) again = {0};

	if (names_take(&names, bytes)) {
		names_put(&names, 0, &again);
		(void)names_add(&names, STR("new"));
		vec_each (&names.all, name)
			must(name->p);
	}
	names_release(&names);
}

/* A group stands alone: what comes first in it is said in full. */
static void put_all(const struct cells *cells, struct buf *out, struct cells *taken)
{
	AUTO(buf) bytes = {0};
	struct err e;

	for (size_t group = 0; group * CELL_GROUP < cells->all.n; group++) {
		buf_clear(&bytes);
		cells_put(cells, group, &bytes);
		must(cells_take(taken, buf_str(&bytes), NAME_COUNT, &e));
		buf_put_str(out, buf_str(&bytes));
	}
}

static void fuzz_cells(struct str bytes)
{
	struct cells cells = {0}, twice = {0}, thrice = {0};
	struct err e;
	AUTO(buf) again = {0};
	AUTO(buf) anew = {0};

	if (cells_take(&cells, bytes, NAME_COUNT, &e)) {
		vec_each (&cells.all, cell)
			must(cell->session < NAME_COUNT && cell->provider < NAME_COUNT);
		put_all(&cells, &again, &twice);
		must(twice.all.n == cells.all.n);
		put_all(&twice, &anew, &thrice);
		must(str_eq(buf_str(&again), buf_str(&anew)));
		struct usage_cell like = {.session = 1};
		(void)cells_at(&cells, &like);
	}
	cells_release(&cells);
	cells_release(&twice);
	cells_release(&thrice);
}

/* A byte says how much of the rest is directories. */
static void fuzz_known(struct str bytes)
{
	struct known known = {0};
	struct err e;
	AUTO(buf) again = {0};
	bool is_good;

	if (bytes.n == 0)
		return;
	size_t n = (uint8_t)bytes.p[0] * (bytes.n - 1) / UINT8_MAX;
	if (known_take_dirs(&known, (struct str){bytes.p + 1, n}, &e) &&
		known_take_files(&known, str_skip(bytes, 1 + n), &e)) {
		known_make_room(&known);
		is_good = known_unpack_all(&known, &e);
		for (size_t group = 0; is_good && group * KNOWN_DIRS < known.dirs.n; group++)
			known_put_dirs(&known, group, &again);
		for (size_t group = 0; is_good && group * KNOWN_FILES < known.files.n; group++)
			known_put_files(&known, group, &again);
		for (size_t i = 0; is_good && i < known.files.n; i++) {
			struct known_extra extra;
			must(known_path(&known, &known.files.p[i], &known.arena).n > 0);
			known_take_extra(&known.files.p[i], &extra);
			known_put_extra(&known, &known.files.p[i], &extra);
		}
	}
	known_release(&known);
}

static void count_place(void *self, const struct key_place *)
{
	++*(size_t *)self;
}

static void fuzz_keys(struct str bytes)
{
	struct keys keys = {0};
	size_t *from, count = 0, n = bytes.n / sizeof(struct key_place);
	unsigned bits = bytes.n % (STORED_BITS_MAX + 1);

	for (struct key_place place; bytes.n >= sizeof place;
		bytes = str_skip(bytes, sizeof place)) {
		memcpy(&place, bytes.p, sizeof place);
		(void)keys_add(&keys, place);
	}
	must(keys.all.n == n);
	vec_each (&keys.all, place) {
		size_t found = 0;
		keys_each(&keys, place->key, count_place, &found);
		must(found > 0);
	}
	struct key_place *parts = keys_by_part(keys.all.p, keys.all.n, bits, &from);
	for (uint32_t i = 0; i < 1u << bits; i++)
		for (size_t k = from[i]; k < from[i + 1]; k++, count++)
			must(key_part(parts[k].key, bits) == i);
	must(count == keys.all.n);
	free(parts);
	free(from);
	keys_release(&keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[KINDS])(struct str bytes) = {
		fuzz_chunk, fuzz_names, fuzz_cells, fuzz_known, fuzz_keys};

	if (size == 0)
		return 0;
	/* A copy: the sanitizer sees what looks beyond its end. */
	char *bytes = must_alloc(size, 1);
	memcpy(bytes, data + 1, size - 1);
	kinds[data[0] % KINDS]((struct str){bytes, size - 1});
	free(bytes);
	return 0;
}
