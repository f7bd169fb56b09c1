// SPDX-License-Identifier: MIT
/* usage: what to do with counts of which some are unknown (-1). */
#include "llm/inside.h"

int64_t usage_known(int64_t count)
{
	return count > 0 ? count : 0;
}

static void overwrite(int64_t *known, int64_t newer)
{
	if (newer >= 0)
		*known = newer;
}

static void add(int64_t *sum, int64_t more)
{
	if (more >= 0)
		*sum = *sum < 0 ? more : *sum + more;
}

static void for_each_count(
	struct usage *into, const struct usage *from, void (*apply)(int64_t *into, int64_t from))
{
	apply(&into->input, from->input);
	apply(&into->output, from->output);
	apply(&into->cache_read, from->cache_read);
	apply(&into->cache_write, from->cache_write);
	apply(&into->cache_write_1h, from->cache_write_1h);
	apply(&into->reasoning, from->reasoning);
	apply(&into->reported_cost_nanousd, from->reported_cost_nanousd);
}

void usage_merge(struct usage *into, const struct usage *newer)
{
	for_each_count(into, newer, overwrite);
}

void usage_add(struct usage *sum, const struct usage *more)
{
	for_each_count(sum, more, add);
}
