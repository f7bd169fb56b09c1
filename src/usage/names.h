// SPDX-License-Identifier: MIT
/* names: each string once, as a number. Number 0 is "". */
#ifndef USAGE_NAMES_H
#define USAGE_NAMES_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"

struct names {
	struct arena arena;
	VEC(struct str) all;
	uint32_t *slots; /* number + 1; made when the first name is asked for */
	size_t slot_count;
};

void names_release(struct names *names);
void names_clear(struct names *names); /* keeps memory */
uint32_t names_add(struct names *names, struct str name);
struct str names_get(const struct names *names, uint32_t number); /* "" for one that is not there */
/* Without making it: false when there is no such name. */
bool names_find(struct names *names, struct str name, uint32_t *number);
/* All from the first-th on, each with its length in front. */
void names_put(const struct names *names, size_t first, struct buf *out);
/* Appends those that were put; names that are there already keep their numbers. False: damaged. */
[[nodiscard]] bool names_take(struct names *names, struct str bytes);

#endif
