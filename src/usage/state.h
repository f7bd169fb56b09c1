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
#include "usage/harvest.h"
#include "usage/keys.h"
#include "usage/known.h"
#include "usage/pieces.h"
#include "usage/price.h"
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

/* Chunks of one file, unpacked because copies are in it. */
struct opened_file {
	uint32_t file;
	bool is_used;
	struct chunk chunk;
};

enum { OPENED_FILES = 8 };

struct state {
	struct usage_wish wish;
	struct arena arena;
	struct names names;
	struct known known;
	struct keys keys; /* those that are not in the index's parts */
	struct cells cells;
	VEC(struct pending) pending; /* by file */
	VEC(uint64_t) copied; /* keys of answers that are in several places */
	int64_t copies;
	struct pieces *pieces; /* NULL: no index */
	uint64_t origin; /* of the index: what tells it from other machines' */
	bool has_parts; /* the index has keys beside these */
	struct buf parts[KEY_PARTS]; /* those that were needed */
	bool part_is_loaded[KEY_PARTS];
	struct opened_file opened[OPENED_FILES];
	size_t opened_next;
	VEC(struct context_price) prices;
	VEC(uint32_t) source_names; /* of usage_readers */
	bool is_changed, is_rebuilt; /* what has to be written: something; all of it */
};

/* One answer, from one place or joined from several. */
struct answer {
	struct usage_entry entry;
	uint32_t item;
	bool is_replacing;
};

struct usage_sum usage_entry_sum(const struct usage_entry *entry);

void state_release(struct state *state);
/* Counts what a file's chunks hold; first_item: how many the file had before. */
[[nodiscard]] bool state_add(
	struct state *state, uint32_t file, struct str bytes, int64_t first_item, struct err *e);
/* Forgets all sums and counts everything that the index and pending have once more. */
[[nodiscard]] bool state_count_again(struct state *state, struct err *e);
/* usage_each. */
[[nodiscard]] bool state_each(struct state *state, int64_t since_ms, int64_t until_ms,
	bool (*visit)(void *self, const struct usage_entry *entry), void *self, struct err *e);
/* Takes the results of reading; what is in them moves into the state. */
[[nodiscard]] bool state_take_jobs(struct state *state, struct harvest *harvest, struct err *e);

#endif
