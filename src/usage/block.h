// SPDX-License-Identifier: MIT
/*
 * block: the windows of five hours for which Anthropic's plans count, worked out from when answers
 * came. They are estimates: the windows themselves are known to the provider alone.
 *
 * A block begins with the full hour (UTC) of its first answer. An answer begins another one when it
 * comes more than a block's length after that hour, or after the answer before it; between the two
 * then is a gap.
 */
#ifndef USAGE_BLOCK_H
#define USAGE_BLOCK_H

#include "base/vec.h"
#include "usage/numbering.h"
#include "usage/usage.h"

enum { USAGE_BLOCK_HOURS = 5, USAGE_BLOCK_HOURS_MAX = 1000, USAGE_BLOCK_SPAN_MS = 10 * 60 * 1000 };

/* What of an answer counts here. */
struct usage_moment {
	int64_t time_ms;
	int64_t input, output, cache_write, cache_read, other;
	int64_t cost_nanousd; /* -1 unknown */
	uint32_t model;
	uint32_t file, item; /* of two at the same time the first in a file came first */
	bool is_fast;
};

struct usage_bunch;

/*
 * Answers as they come, in any order. Those of one model within an hour that no block can part are
 * one bunch. {.length_ms = ...} is a valid start, that of the rules they are for.
 */
struct usage_moments {
	int64_t length_ms;
	VEC(struct usage_bunch) bunches;
	struct numbering numbers;
};

struct usage_block {
	int64_t start_ms, end_ms; /* a gap's: of the gap */
	int64_t first_ms, last_ms; /* of its answers; 0 for a gap */
	bool is_gap, is_active;
	int64_t answers;
	struct usage_tokens tokens; /* writes are all in cache_write_5m */
	int64_t cost_nanousd, unpriced;
	/* In the order they came; the cost is one, so it stands in all modes. Answers without
	   tokens are of none, or with names_all those without a name. */
	const struct usage_part *models;
	size_t model_count;
	/* Per time between the first and the last answer. */
	bool has_rate;
	double tokens_per_minute, seen_per_minute; /* seen: input and output alone */
	double usd_per_hour;
	/* Of an active block with a rate: what there will be at its end. */
	bool has_projection;
	int64_t left_minutes, projected_tokens, projected_nanousd;
	/* The first limit that was reached in it; 0: none was. */
	int64_t limit_told_ms, limit_resets_ms;
};

struct usage_block_rules {
	int64_t length_ms;
	int64_t now_ms;
	/* Rates are over this time at least: two answers within a second are no pace. */
	int64_t span_ms;
	bool names_all;
};

struct usage_blocks {
	struct arena arena;
	struct usage_block *list; /* by start */
	size_t count;
};

struct usage_moment usage_moment_of(const struct usage_entry *entry, enum usage_mode mode);
void usage_moments_add(struct usage_moments *moments, const struct usage_moment *moment);
/* All that is in more; both of the same length. */
void usage_moments_add_all(struct usage_moments *moments, const struct usage_moments *more);
void usage_moments_release(struct usage_moments *moments);
/* Puts the moments into order: nothing may be added any more. out is released by its owner,
   whatever it held before. */
void usage_blocks_make(struct usage_moments *moments, const struct usage_block_rules *rules,
	struct usage_blocks *out);
/* Tokens of the largest block that is over, of those that begin then. */
int64_t usage_blocks_largest(const struct usage_blocks *blocks, int64_t since_ms, int64_t until_ms);
/*
 * Notes which limits were reached in which block: the one that was on when it was told, or that was
 * the last one before, unless nothing was said for a whole block's length. source: 0 any.
 */
void usage_blocks_add_resets(struct usage_blocks *blocks, const struct usage_reset *resets,
	size_t count, uint32_t source);
void usage_blocks_release(struct usage_blocks *blocks);

#endif
