// SPDX-License-Identifier: MIT
/* keys: where the answers with a key are: every one, copies too. What the index has: stored.h */
#ifndef USAGE_KEYS_H
#define USAGE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"

struct key_place {
	uint64_t key;
	uint32_t file; /* known_file */
	uint32_t item; /* counted over all chunks of the file */
};

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
/* By the first bits of a key. */
uint32_t key_part(uint64_t key, unsigned bits);
/* A copy of the places by their part; (*from)[part] to (*from)[part + 1] are a part's. Both are to
   be freed. */
[[nodiscard]] struct key_place *keys_by_part(
	const struct key_place *places, size_t count, unsigned bits, size_t **from);

#endif
