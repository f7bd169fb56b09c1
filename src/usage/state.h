// SPDX-License-Identifier: MIT
/*
 * state: everything known of what was used, while a command runs: what the index had and what was
 * read since. An answer that is in several places (resumed, forked, replayed conversations) counts
 * once: the earliest place says when and whose it was, the largest how much.
 */
#ifndef USAGE_STATE_H
#define USAGE_STATE_H

#include "usage/cells.h"
#include "usage/chunk.h"
#include "usage/find.h"
#include "usage/harvest.h"
#include "usage/keys.h"
#include "usage/known.h"
#include "usage/pieces.h"
#include "usage/price.h"
#include "usage/stored.h"
#include "usage/zone.h"

/* A chunk that is not in the index yet. */
struct pending {
	uint32_t file;
	int64_t first_item, first_ms, last_ms;
	struct buf bytes;
};

struct context_price {
	uint32_t model, provider;
	const struct usage_price *price;
};

struct key_list {
	uint64_t *p;
	size_t n, capacity; /* as VEC */
};

/* What was taken over from indexes that had been set aside. */
struct state_history {
	struct usage_history sum;
	VEC(uint64_t) marks; /* of their files */
};

struct state {
	struct usage_wish wish;
	const bool *is_wanted; /* by place in usage_readers; NULL: nothing is looked for */
	struct find_ahead *ahead; /* looking, while the rest is loaded */
	struct arena arena;
	struct names names;
	struct known known;
	struct keys keys; /* those that are not in the index */
	struct stored_keys stored; /* those that are */
	struct cells cells;
	VEC(struct pending) pending; /* by file */
	struct key_list copied; /* keys of answers that are in several places */
	struct key_list fresh; /* keys that came now, and perhaps not for the first time */
	VEC(uint32_t) loose; /* cells whose times have to be looked at again */
	int64_t copies;
	struct pieces *pieces; /* NULL: no index */
	uint64_t origin; /* of the index: what tells it from other machines' */
	VEC(struct context_price) prices;
	VEC(uint32_t) source_names; /* of usage_readers */
	struct state_history history;
	bool is_changed, is_rebuilt; /* what has to be written: something; all of it */
};

/* One answer, from one place or joined from several. */
struct answer {
	struct usage_entry entry;
	uint64_t key; /* 0: it is no copy of any */
	uint32_t item; /* of its file */
	bool is_replacing;
	bool is_counted; /* in the sums already */
};

/* What the chunk has at place, the item-th of its file. */
struct answer state_answer(
	struct state *state, uint32_t file, const struct chunk *chunk, size_t place, int64_t item);
const struct usage_price *state_price_of(struct state *state, uint32_t model, uint32_t provider);
void state_price(struct state *state, struct usage_entry *entry);
struct usage_cell *state_cell(struct state *state, const struct usage_entry *entry);

struct usage_sum usage_entry_sum(const struct usage_entry *entry);

void state_release(struct state *state);
/* Forgets all sums and counts everything that the index and pending have once more. */
[[nodiscard]] bool state_count_again(struct state *state, struct err *e);
/* usage_visit. */
[[nodiscard]] bool state_each(struct state *state, int64_t since_ms, int64_t until_ms,
	const struct usage_visitor *visitor, struct err *e);
/* Takes the results of reading; what is in them moves into the state, still to be counted. */
void state_take_jobs(struct state *state, struct harvest *harvest);
[[nodiscard]] bool state_count_jobs(struct state *state, struct err *e);

#endif
