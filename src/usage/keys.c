// SPDX-License-Identifier: MIT
#include "usage/keys.h"

#include <stdlib.h>
#include <string.h>

void keys_release(struct keys *keys)
{
	vec_release(&keys->all);
	free(keys->slots);
	free(keys->next);
	*keys = (struct keys){0};
}

static uint32_t *slot_of(const struct keys *keys, uint64_t key)
{
	size_t mask = keys->slot_count - 1, at = key & mask;

	while (keys->slots[at] && keys->all.p[keys->slots[at] - 1].key != key)
		at = (at + 1) & mask;
	return &keys->slots[at];
}

/* Puts the place in front of those with the same key. */
static bool enter(struct keys *keys, uint32_t place)
{
	uint32_t *slot = slot_of(keys, keys->all.p[place].key);

	keys->next[place] = *slot;
	bool is_more = *slot != 0;
	*slot = place + 1;
	return is_more;
}

void keys_reserve(struct keys *keys, size_t count)
{
	if (keys->next_count < count) {
		while (keys->next_count < count)
			keys->next_count = keys->next_count ? keys->next_count * 2 : 256;
		keys->next = must_resize(keys->next, keys->next_count, sizeof *keys->next);
	}
	if (keys->slot_count > count + count / 2)
		return;
	while (keys->slot_count <= count + count / 2)
		keys->slot_count = keys->slot_count ? keys->slot_count * 2 : 256;
	free(keys->slots);
	keys->slots = must_alloc(keys->slot_count, sizeof *keys->slots);
	for (size_t i = 0; i < keys->all.n; i++)
		(void)enter(keys, (uint32_t)i);
}

bool keys_add(struct keys *keys, struct key_place place)
{
	keys_reserve(keys, keys->all.n + 1);
	vec_push(&keys->all, place);
	return enter(keys, (uint32_t)keys->all.n - 1);
}

void keys_each(const struct keys *keys, uint64_t key,
	void (*visit)(void *self, const struct key_place *place), void *self)
{
	if (keys->slot_count == 0)
		return;
	for (uint32_t at = *slot_of(keys, key); at; at = keys->next[at - 1])
		visit(self, &keys->all.p[at - 1]);
}

unsigned key_part(uint64_t key)
{
	return (unsigned)(key >> 56);
}

struct key_place *keys_parts(const struct keys *keys, size_t from[KEY_PARTS + 1])
{
	struct key_place *parts = must_alloc(keys->all.n + 1, sizeof *parts);
	size_t at[KEY_PARTS] = {0}, sum = 0;

	vec_each (&keys->all, place)
		at[key_part(place->key)]++;
	for (int i = 0; i < KEY_PARTS; i++) {
		from[i] = sum;
		sum += at[i];
		at[i] = from[i];
	}
	from[KEY_PARTS] = sum;
	vec_each (&keys->all, place)
		parts[at[key_part(place->key)]++] = *place;
	return parts;
}

void keys_put(const struct keys *keys, struct buf *out)
{
	if (keys->all.n)
		buf_put(out, keys->all.p, keys->all.n * sizeof *keys->all.p);
}

void keys_take(struct keys *keys, struct str bytes)
{
	struct key_place place;

	keys_reserve(keys, keys->all.n + bytes.n / sizeof place);
	for (; bytes.n >= sizeof place; bytes = str_skip(bytes, sizeof place)) {
		memcpy(&place, bytes.p, sizeof place);
		(void)keys_add(keys, place);
	}
}
