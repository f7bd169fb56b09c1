// SPDX-License-Identifier: MIT
/*
 * pace_told: the headers in which providers tell their limits.
 *
 *   anthropic-ratelimit-{requests,tokens,input-tokens}-{limit,remaining,reset}   reset: RFC 3339
 *   x-ratelimit-{limit,remaining,reset}-{requests,tokens}    reset: "12ms", "6m0s", "7.66s",
 * seconds x-ratelimit-{limit,remaining,reset}                      reset: ms or s since 1970, or
 * seconds
 *
 * Pure. Private to the room.
 */
#ifndef CALL_PACE_TOLD_H
#define CALL_PACE_TOLD_H

#include "base/str.h"
#include "call/bucket.h"

/* Before it is clear what time it is there. {0} is a valid start. */
struct pace_heard {
	struct heard_quota {
		bool has_limit, has_left;
		int64_t limit, left;
		int64_t reset_ms; /* from the answer on; 0 not said */
		int64_t reset_at_ms; /* since 1970; 0 not said */
	} requests, tokens, input_tokens;
};

/* Takes note of a header (name in lower case); what makes no sense is as if it were not there. */
void pace_take_header(struct pace_heard *heard, struct str name, struct str value);
/* now_ms: since 1970, by the provider's clock where it tells it. */
struct pace_told pace_told_of(const struct pace_heard *heard, int64_t now_ms);

#endif
