// SPDX-License-Identifier: MIT
/* numbering: keys get the numbers 0, 1, 2 ... as they come. */
#ifndef USAGE_NUMBERING_H
#define USAGE_NUMBERING_H

#include <stdint.h>

#include "base/vec.h"

struct numbered_key {
	uint32_t a, b, c, d;
};

/* {0} is a valid start. */
struct numbering {
	VEC(struct numbered_key) keys;
	uint32_t last; /* the number that was asked for last: often it is again */
	uint32_t *slots; /* number + 1; open addressing */
	size_t slot_count; /* a power of two */
};

void numbering_release(struct numbering *n);
/* That of a new key is keys.n as it was before. */
uint32_t numbering_of(struct numbering *n, struct numbered_key key);

#endif
