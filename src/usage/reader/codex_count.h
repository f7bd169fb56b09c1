// SPDX-License-Identifier: MIT
/* codex_count: the numbers of Codex's token_count, and what they say was used. */
#ifndef USAGE_READER_CODEX_COUNT_H
#define USAGE_READER_CODEX_COUNT_H

#include "usage/reader.h"

/* As they are told; cached and written are parts of input, reasoning of output. */
struct codex_counts {
	int64_t input, cached, written, output, reasoning, total;
	bool has_parts; /* more than a total is told */
	bool is_known;
};

enum { CODEX_ID_BYTES = 192 };

/* Of an object of usage; not known where that is something else. */
struct codex_counts codex_counts_read(struct str usage);
struct usage_tokens codex_counts_tokens(const struct codex_counts *c);
bool codex_counts_same(const struct codex_counts *a, const struct codex_counts *b);
struct codex_counts codex_counts_sum(const struct codex_counts *a, const struct codex_counts *b);
/*
 * What was used since the totals before (NULL: these are the first). That is the growth, whatever
 * last says, so that a damaged line between loses nothing. Totals that shrank began anew (a window
 * that overflowed sets them to 0). The first totals of a file may hold what is in no file any more;
 * last is of one answer.
 */
struct codex_counts codex_counts_used(const struct codex_counts *before,
	const struct codex_counts *total, const struct codex_counts *last);
struct codex_counts codex_counts_growth(
	const struct codex_counts *before, const struct codex_counts *total);
/* The same for copies of an answer: the thread it was given in, and the totals with it. */
struct str codex_counts_id(
	char id[CODEX_ID_BYTES], struct str thread, const struct codex_counts *total);

#endif
