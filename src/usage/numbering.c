// SPDX-License-Identifier: MIT
#include "usage/numbering.h"

#include <stdbool.h>
#include <stdlib.h>

void numbering_release(struct numbering *n)
{
	vec_release(&n->keys);
	free(n->slots);
	*n = (struct numbering){0};
}

static bool is_like(const struct numbered_key *x, const struct numbered_key *y)
{
	return x->a == y->a && x->b == y->b && x->c == y->c && x->d == y->d;
}

static size_t find_slot(const struct numbering *n, const struct numbered_key *key)
{
	uint64_t mixed = ((uint64_t)key->a << 32 ^ key->b) * 0x9e3779b97f4a7c15u;
	size_t at;

	mixed = (mixed ^ mixed >> 29 ^ key->c ^ (uint64_t)key->d << 32) * 0xbf58476d1ce4e5b9u;
	for (at = (size_t)(mixed >> 32);; at++) {
		uint32_t number = n->slots[at & (n->slot_count - 1)];
		if (!number || is_like(&n->keys.p[number - 1], key))
			return at & (n->slot_count - 1);
	}
}

static void grow(struct numbering *n)
{
	free(n->slots);
	n->slot_count = n->slot_count ? n->slot_count * 4 : 64;
	n->slots = must_alloc(n->slot_count, sizeof *n->slots);
	for (uint32_t i = 0; i < n->keys.n; i++)
		n->slots[find_slot(n, &n->keys.p[i])] = i + 1;
}

uint32_t numbering_of(struct numbering *n, struct numbered_key key)
{
	if (n->last < n->keys.n && is_like(&n->keys.p[n->last], &key))
		return n->last;
	if (n->keys.n * 2 >= n->slot_count)
		grow(n);
	size_t at = find_slot(n, &key);
	if (!n->slots[at]) {
		vec_push(&n->keys, key);
		n->slots[at] = (uint32_t)n->keys.n;
	}
	n->last = n->slots[at] - 1;
	return n->last;
}
