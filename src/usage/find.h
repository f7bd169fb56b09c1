// SPDX-License-Identifier: MIT
/*
 * find: which transcripts there are, and which of them changed. A directory that has not changed is
 * not listed again; what is known of is looked at by all processors at once.
 */
#ifndef USAGE_FIND_H
#define USAGE_FIND_H

#include "usage/known.h"

/* Places of all readers, in their order. */
struct find_place {
	uint32_t source; /* place in usage_readers */
	struct str path;
	unsigned note;
};

struct find_places {
	VEC(struct find_place) all;
	struct arena arena;
};

void find_places_release(struct find_places *places);
/* is_usual: as if no variable of an assistant were set. */
void find_places_fill(
	struct find_places *places, const char *(*environment)(const char *name), bool is_usual);
/* The same for the same places. */
uint64_t find_places_mark(const struct find_places *places);

struct find_ahead;

/*
 * Begins to look at all that is known of the sources (is_wanted by place in usage_readers), on
 * other threads, which unpack it, too. Until find_changes nothing may be added to known, and
 * nothing of it be freed.
 */
struct find_ahead *find_begin(struct known *known, const bool *is_wanted);
/* Whether it has come upon one yet. */
bool find_has_changes(const struct find_ahead *ahead);
/* When nobody will ask for the changes; NULL is nothing. */
void find_abandon(struct find_ahead *ahead);
/*
 * Ends that, and lists what is new; each file's change says what is to be done, and known's list
 * names those that have one. Without ahead (NULL) it begins here. ERR_PARSE: the index is damaged.
 */
[[nodiscard]] bool find_changes(struct known *known, const struct find_places *places,
	const bool *is_wanted, struct find_ahead *ahead, struct err *e);

enum { FIND_THREADS_MAX = 8 };
/* Calls work(self, thread) on as many threads as there are processors, this one among them. */
void find_on_all(void (*work)(void *self, int thread), void *self, int limit);

#endif
