// SPDX-License-Identifier: MIT
/* save: a state from and to the index. */
#ifndef USAGE_SAVE_H
#define USAGE_SAVE_H

#include "usage/fresh.h"
#include "usage/state.h"

/* What of the index was loaded, so that only what differs is written. */
struct saved {
	size_t names, files, copied;
	uint64_t zone_mark, price_mark; /* the sums were made with these */
	struct stored_keys stored; /* what save_ahead wrote of them */
};

/* From state->pieces. ERR_PARSE: the index is damaged. */
[[nodiscard]] bool save_load(struct state *state, struct saved *saved, struct err *e);
/*
 * Without an index: chunks and keys, which do not change by being counted, go into the fresh one on
 * its thread meanwhile. Where that has not begun, nothing happens.
 */
void save_ahead(struct state *state, struct saved *saved, struct fresh *fresh);
/* What tells the index from others, and what it has taken over; false: damaged. */
[[nodiscard]] bool save_take_head(struct str meta, uint64_t *origin, struct state_history *history);
/* Without an index it goes into a fresh one. ERR_CANCELLED: somebody else wrote meanwhile. */
[[nodiscard]] bool save_commit(struct state *state, struct saved *saved, struct fresh *fresh,
	const char *path, struct err *e);

#endif
