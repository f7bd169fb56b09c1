// SPDX-License-Identifier: MIT
/*
 * overlap: sessions of which one file has the answers and another one sums of them. Of each session
 * the larger of both counts; nothing says which answers a sum is of, or whether all were noted.
 */
#ifndef USAGE_OVERLAP_H
#define USAGE_OVERLAP_H

#include "base/vec.h"
#include "usage/usage.h"

struct overlap {
	uint32_t source, session; /* names */
	uint32_t project, branch; /* which only the file with the sums says */
	int64_t answers, sums; /* tokens */
};

/* By source and session. {0} is a valid start. */
struct overlaps {
	VEC(struct overlap) all;
};

void overlaps_find(struct overlaps *overlaps, const struct usage_cell *cells, size_t count);
void overlaps_release(struct overlaps *overlaps);
/* Whether what has these flags (USAGE_SUMMED or not) is not to be counted. */
bool overlaps_leave_out(
	const struct overlaps *overlaps, uint32_t source, uint32_t session, uint32_t flags);
/* The project and the branch of an answer that has none. */
void overlaps_place(const struct overlaps *overlaps, uint32_t source, uint32_t session,
	uint32_t *project, uint32_t *branch);

#endif
