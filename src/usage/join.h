// SPDX-License-Identifier: MIT
/*
 * join: answers that are in several places: in lines that were read one after the other, in
 * conversations that were resumed or forked, on several machines. All places of many keys are
 * fetched at once, each file once.
 */
#ifndef USAGE_JOIN_H
#define USAGE_JOIN_H

#include "usage/state.h"

struct answers {
	VEC(struct answer) answers; /* by key, then by file and item */
	struct arena arena; /* their tools */
};

void answers_release(struct answers *gather);
/* One of all places that will be there: its tools are copied. */
void answers_keep(struct answers *gather, const struct answer *answer);
/* Moves those of more behind the others; their tools stay with more. */
void answers_append(struct answers *gather, const struct answers *more);
/* When all have been kept. */
void answers_sort(struct answers *gather);
/* All places of the keys, which are sorted here, each once. */
[[nodiscard]] bool answers_of_keys(
	struct answers *gather, struct state *state, struct key_list *keys, struct err *e);
/* The same of keys that are in no index, by file and item; what they are is still to be filled in.
 */
void answers_find(struct answers *gather, struct state *state, struct key_list *keys);
/* Fills in what the chunk has at place, whose tools hold only as long as that. */
void answers_fill(struct answers *gather, struct answer *answer, struct state *state,
	const struct chunk *chunk, size_t place);
/* By key, then by file and item. */
void answers_sort(struct answers *gather);
/* Where the answers that have the key of the from-th end. */
size_t answers_end(const struct answers *gather, size_t from);
/*
 * Answers of one key, in the order they have here, as one: the earliest place says when and whose
 * it was (of two at one time the older file), the largest how much, of which model and with which
 * tools.
 */
struct answer answers_join(struct answers *gather, const struct state *state,
	const struct answer *answers, size_t count);

#endif
