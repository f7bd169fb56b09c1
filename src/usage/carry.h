// SPDX-License-Identifier: MIT
/*
 * carry: what was whole in a damaged index, brought into one that has read the transcripts that are
 * there. Of each transcript what is known better stays; so doing it again changes nothing.
 */
#ifndef USAGE_CARRY_H
#define USAGE_CARRY_H

#include "usage/salvage.h"

struct carry {
	const char *path; /* the damaged one's */
	/* Of this machine: its transcripts may be on disk. Else of the one with that origin. */
	bool is_ours;
	uint64_t origin;
};

/*
 * What comes is pending and not counted yet. The losses are what of gone transcripts could not be
 * read. Who calls has to count again.
 */
void carry_take(struct state *own, struct salvage *salvage, const struct carry *carry,
	struct usage_history *losses);

#endif
