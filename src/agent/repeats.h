// SPDX-License-Identifier: MIT
/*
 * repeats: does the model ask for the same thing again and again? A call is the same when its tool
 * is and its arguments are but for white space between them; other calls beside it do not matter.
 */
#ifndef AGENT_REPEATS_H
#define AGENT_REPEATS_H

#include "base/buf.h"
#include "base/vec.h"
#include "llm/llm.h"

struct repeated {
	struct buf call; /* tool and arguments */
	int turns; /* in a row that asked for it */
};

struct repeats {
	VEC(struct repeated) last; /* the calls of the last turn */
};

void repeats_release(struct repeats *r);
/* Takes the calls of a turn; the longest row of turns that one of them stands in, 1 for a new one.
 */
int repeats_count(struct repeats *r, const struct message *message);

#endif
