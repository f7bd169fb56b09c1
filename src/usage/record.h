// SPDX-License-Identifier: MIT
/*
 * record: what a transcript says of one answer of a model. Readers make records; they point into
 * the line or document they came from and hold until the sink returns.
 */
#ifndef USAGE_RECORD_H
#define USAGE_RECORD_H

#include "base/str.h"

/*
 * Every token is in exactly one of the first six. Counts are 0 or more; sums stop at INT64_MAX.
 */
struct usage_tokens {
	int64_t input; /* neither read from nor written to a cache */
	int64_t output; /* what was thought included */
	int64_t cache_write_5m; /* and writes of which nobody says for how long */
	int64_t cache_write_1h;
	int64_t cache_read;
	int64_t other; /* known only from a total that is larger than its parts; priced as output */
	int64_t reasoning; /* part of output */
	int64_t web_searches; /* requests, not tokens */
	int64_t nanocredits; /* what the assistant bills by, where that is no money */
	int64_t messages; /* as the assistant counts them */
};

enum usage_flag {
	USAGE_FAST = 1 << 0, /* fast mode, a priority tier: another price */
	USAGE_US = 1 << 1, /* inference kept in the US: another price */
	USAGE_SIDECHAIN = 1 << 2, /* an agent's, not the main conversation's */
	USAGE_GUESSED_MODEL =
		1 << 3, /* the transcript names no model, the reader's default stands in */
	USAGE_BATCH = 1 << 4, /* within a provider's batch: half the price */
	USAGE_SUMMED = 1 << 5, /* a sum of a session, whose answers may be noted elsewhere, too */
	/* Those that belong to how much it was; the others to whose. */
	USAGE_AMOUNT_FLAGS = USAGE_FAST | USAGE_US | USAGE_GUESSED_MODEL | USAGE_BATCH,
};

struct usage_record {
	/*
	 * Records of one source with the same id are one answer, wherever they come from; absent:
	 * never a copy of another. Of several the one with the largest total counts (its model
	 * and flags, too), at the time and place of the earliest.
	 */
	struct str id;
	int64_t time_ms; /* since 1970, UTC */
	struct str session; /* the conversation */
	struct str project; /* where it was begun: a path, or what stands for one */
	struct str branch;
	struct str agent; /* kind or id of the agent within the session; "" the main conversation */
	struct str model; /* as the transcript has it; "" unknown */
	struct str provider; /* "" the model's own */
	struct usage_tokens tokens;
	int64_t cost_reported_nanousd; /* -1: the transcript says none */
	unsigned flags; /* enum usage_flag */
	const struct str *tools; /* names of the tools this answer calls, one for each call */
	size_t tool_count;
	bool is_replacing; /* counts in place of earlier records with its id, whatever they hold */
};

#define USAGE_RECORD_NONE ((struct usage_record){.cost_reported_nanousd = -1})

/* The six kinds together. */
int64_t usage_tokens_total(const struct usage_tokens *tokens);
void usage_tokens_add(struct usage_tokens *sum, const struct usage_tokens *more);

#endif
