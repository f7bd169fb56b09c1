// SPDX-License-Identifier: MIT
/* harvest: reads the transcripts that changed, on all processors, each into a chunk. */
#ifndef USAGE_HARVEST_H
#define USAGE_HARVEST_H

#include "usage/known.h"

/* Some of a file's answers: many are told apart in the index, so that not all have to be read. */
struct harvest_part {
	int64_t first_item; /* of those that were found now */
	int64_t first_ms, last_ms;
	const uint64_t *keys; /* of its answers, 0 for none; in an arena of the harvest */
	size_t count;
	struct buf chunk;
};

struct harvest_job {
	uint32_t file;
	bool was_rewritten; /* what was known of it does not hold; it was read from its beginning */
	bool is_good; /* false: it could not be read, e says why; the rest is not set */
	struct err e;
	VEC(struct harvest_part) parts; /* none: no new answers */
	int64_t items, copies;
	int64_t end, born_ns;
	uint64_t ends;
	int64_t damaged;
	struct usage_damage damages[USAGE_DAMAGES];
	size_t damage_count;
	struct usage_memory memory;
};

struct harvest {
	VEC(struct harvest_job) jobs; /* by file */
	struct arena arenas[8]; /* what the jobs' texts are in, one for each thread */
};

void harvest_release(struct harvest *harvest);
/* Reads all files of known that grew or are new. */
void harvest_changes(struct harvest *harvest, const struct known *known, bool is_compat);

#endif
