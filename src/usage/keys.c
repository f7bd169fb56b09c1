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

uint32_t key_part(uint64_t key, unsigned bits)
{
	return bits ? (uint32_t)(key >> (64 - bits)) : 0;
}

struct key_place *keys_by_part(
	const struct key_place *places, size_t count, unsigned bits, size_t **from)
{
	size_t parts = (size_t)1 << bits, sum = 0;
	struct key_place *sorted = must_alloc(count + 1, sizeof *sorted);
	size_t *at = must_alloc(parts + 1, sizeof *at),
	       *begin = must_alloc(parts + 1, sizeof *begin);

	for (size_t i = 0; i < count; i++)
		at[key_part(places[i].key, bits)]++;
	for (size_t i = 0; i < parts; i++) {
		begin[i] = sum;
		sum += at[i];
		at[i] = begin[i];
	}
	begin[parts] = sum;
	for (size_t i = 0; i < count; i++)
		sorted[at[key_part(places[i].key, bits)]++] = places[i];
	free(at);
	*from = begin;
	return sorted;
}
