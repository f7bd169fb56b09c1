// SPDX-License-Identifier: MIT
/*
 * compat: any lines by ccusage's rules, as days and as sessions. What counts has counts that can be
 * added; and a transcript in which every line stands twice has the answers that it has without.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"
#include "usage/compat_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t mixed(uint64_t seed, struct str a, struct str b)
{
	return ((seed * 31 + hash_bytes(a)) * 31 + hash_bytes(b)) | 1;
}

static struct compat_entry entry_of(const struct compat_line *line, bool is_by_day)
{
	struct compat_price price = compat_price_find(line->model);
	int64_t cost = compat_price_cost(&price, &line->tokens, line->is_fast);
	struct compat_entry entry = {.time_ms = line->time_ms,
		.tokens = line->tokens,
		.reported_nanousd = line->cost_nanousd,
		.calculated_nanousd = cost,
		.flags = line->is_sidechain ? USAGE_SIDECHAIN : 0,
		.has_speed = line->has_speed};

	must(cost >= -1 && line->cost_nanousd >= -1);
	if (line->id.p) {
		uint64_t time = is_by_day ? (uint64_t)line->time_ms : 0;
		entry.exact = line->request.p ? mixed(1, line->id, line->request)
					      : mixed(2 + time, line->id, line->session);
		entry.side = mixed(3, line->id, line->session);
	}
	return entry;
}

static void check(const struct compat_line *line)
{
	const struct str texts[] = {line->id, line->request, line->session, line->model};
	const struct usage_tokens *t = &line->tokens;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		must(texts[i].p ? texts[i].n > 0 : texts[i].n == 0);
	must(t->input >= 0 && t->output >= 0 && t->cache_write_5m >= 0 && t->cache_write_1h >= 0);
	must(t->cache_read >= 0 && t->other == 0);
}

static void run(struct str rest, bool is_by_day)
{
	struct compat_join once = {.is_by_day = is_by_day}, twice = {.is_by_day = is_by_day};
	struct compat_line line;
	struct arena arena = {0};
	struct str text;
	size_t without_id = 0;

	while (str_split(&rest, '\n', &text)) {
		if (compat_line_read(text, is_by_day, &arena, &line)) {
			check(&line);
			struct compat_entry entry = entry_of(&line, is_by_day);
			compat_join_line(&once, &entry);
			compat_join_line(&twice, &entry);
			compat_join_line(&twice, &entry);
			without_id += entry.exact == 0;
		}
		arena_clear(&arena);
	}
	must(twice.all.n == once.all.n + without_id);
	compat_join_release(&once);
	compat_join_release(&twice);
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};

	run(text, false);
	run(text, true);
	return 0;
}
