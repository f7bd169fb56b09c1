// SPDX-License-Identifier: MIT
#include "usage/names.h"

#include <string.h>

#include "base/hash.h"
#include "usage/pack.h"

void names_release(struct names *names)
{
	arena_release(&names->arena);
	vec_release(&names->all);
	free(names->slots);
	*names = (struct names){0};
}

void names_clear(struct names *names)
{
	arena_clear(&names->arena);
	names->all.n = 0;
	if (names->slots)
		memset(names->slots, 0, names->slot_count * sizeof *names->slots);
}

static uint32_t *slot_of(const struct names *names, struct str name)
{
	size_t mask = names->slot_count - 1, at = hash_bytes(name) & mask;

	while (names->slots[at] && !str_eq(names->all.p[names->slots[at] - 1], name))
		at = (at + 1) & mask;
	return &names->slots[at];
}

static void place_all(struct names *names)
{
	while (names->slot_count < 64 || names->slot_count < names->all.n * 2)
		names->slot_count = names->slot_count ? names->slot_count * 2 : 64;
	free(names->slots);
	names->slots = must_alloc(names->slot_count, sizeof *names->slots);
	for (size_t i = 0; i < names->all.n; i++)
		*slot_of(names, names->all.p[i]) = (uint32_t)i + 1;
}

static void ready(struct names *names)
{
	if (names->all.n == 0)
		vec_push(&names->all, STR(""));
	if (!names->slots || names->slot_count < names->all.n * 2)
		place_all(names);
	else if (names->all.n == 1)
		*slot_of(names, STR("")) = 1;
}

uint32_t names_add(struct names *names, struct str name)
{
	ready(names);
	if (!name.p)
		name = STR("");
	uint32_t *slot = slot_of(names, name);
	if (!*slot) {
		vec_push(&names->all, arena_copy(&names->arena, name));
		*slot = (uint32_t)names->all.n;
		return *slot - 1;
	}
	return *slot - 1;
}

bool names_find(struct names *names, struct str name, uint32_t *number)
{
	ready(names);
	uint32_t found = *slot_of(names, name.p ? name : STR(""));
	if (found)
		*number = found - 1;
	return found > 0;
}

struct str names_get(const struct names *names, uint32_t number)
{
	return number < names->all.n ? names->all.p[number] : STR("");
}

void names_put(const struct names *names, size_t first, struct buf *out)
{
	for (size_t i = first; i < names->all.n; i++)
		pack_text(out, names->all.p[i]);
}

bool names_take(struct names *names, struct str bytes)
{
	struct str copy = arena_copy(&names->arena, bytes);
	struct unpack u = {copy.p, copy.p + copy.n};

	while (u.p < u.end) {
		struct str name = unpack_text(&u);
		if (u.is_bad)
			return false;
		vec_push(&names->all, name);
	}
	free(names->slots);
	names->slots = NULL;
	names->slot_count = 0;
	return true;
}
