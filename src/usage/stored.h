// SPDX-License-Identifier: MIT
/*
 * stored: where the answers with a key are, as the index has it. Most places lie in parts, by the
 * first bits of their keys and in no order: so small that a few hundred keys are found by reading
 * little. New ones lie in rows beside them, in the order in which they came, until there are many.
 */
#ifndef USAGE_STORED_H
#define USAGE_STORED_H

#include "usage/keys.h"
#include "usage/pack.h"
#include "usage/pieces.h"

enum { STORED_BITS_MAX = 16 };

struct stored_keys {
	bool is_there; /* the index has keys */
	unsigned bits; /* 1 << bits parts */
	uint64_t places, new_places; /* in the parts, and in the rows beside them */
	uint32_t new_rows;
};

void stored_put_head(const struct stored_keys *stored, struct buf *out);
void stored_take_head(struct stored_keys *stored, struct unpack *u);

/* Calls visit for all places of the keys, which are in order, each once. ERR_PARSE: damaged. */
[[nodiscard]] bool stored_search(const struct stored_keys *stored, struct pieces *pieces,
	const uint64_t *keys, size_t count,
	void (*visit)(void *self, const struct key_place *place), void *self, struct err *e);
/* Adds the places to the index; stored then says how it is. all: they are all there are. */
[[nodiscard]] bool stored_write(struct stored_keys *stored, struct pieces *pieces,
	const struct key_place *places, size_t count, bool all, struct err *e);

#endif
