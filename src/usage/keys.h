// SPDX-License-Identifier: MIT
/*
 * keys: where the answers with a key are: every one, copies too. As long as nothing is written to
 * disk it is a hash table; on disk it is parts by the key's first byte, in no order.
 */
#ifndef USAGE_KEYS_H
#define USAGE_KEYS_H

#include "base/buf.h"
#include "base/vec.h"

struct key_place {
	uint64_t key;
	uint32_t file; /* known_file */
	uint32_t item; /* counted over all chunks of the file */
};

enum { KEY_PARTS = 256 };

struct keys {
	VEC(struct key_place) all;
	uint32_t *slots; /* of the first place with a key */
	uint32_t *next; /* place + 1 of the next with the same key; as long as all */
	size_t slot_count, next_count;
};

void keys_release(struct keys *keys);
void keys_reserve(struct keys *keys, size_t count);
/* Adds it, and says whether there were places with this key before. */
bool keys_add(struct keys *keys, struct key_place place);
/* Calls visit for each place with the key, the one that was added first at the end. */
void keys_each(const struct keys *keys, uint64_t key,
	void (*visit)(void *self, const struct key_place *place), void *self);
/* The places by the first byte of their key, as they are in the index; to be freed. from[part] to
   from[part + 1] are a part's. */
[[nodiscard]] struct key_place *keys_parts(const struct keys *keys, size_t from[KEY_PARTS + 1]);
unsigned key_part(uint64_t key);
/* All of them, for keys_take; in the order in which they were added. */
void keys_put(const struct keys *keys, struct buf *out);
void keys_take(struct keys *keys, struct str bytes);

#endif
