// SPDX-License-Identifier: MIT
#include "usage/reader/codex_count.h"

#include <stdio.h>

#include "base/json.h"
#include "base/money.h"

enum { THREAD_MAX_BYTES = 64 };

struct codex_counts codex_counts_read(struct str usage)
{
	static const struct str names[] = {STR("input_tokens"), STR("prompt_tokens"),
		STR("cached_input_tokens"), STR("cache_read_input_tokens"), STR("cached_tokens"),
		STR("cache_write_input_tokens"), STR("output_tokens"), STR("completion_tokens"),
		STR("reasoning_output_tokens"), STR("total_tokens")};
	struct codex_counts c = {0};
	struct str v[10];

	if (json_type(usage) != JSON_OBJECT)
		return c;
	json_pick(usage, names, 10, v);
	struct str input = v[0].p ? v[0] : v[1], output = v[6].p ? v[6] : v[7];
	struct str cached = v[2].p ? v[2] : v[3].p ? v[3] : v[4];
	c.has_parts = usage_json_is_count(input) || usage_json_is_count(output);
	c.is_known = c.has_parts || usage_json_is_count(v[9]);
	c.input = usage_json_count(input);
	c.cached = usage_json_count(cached);
	c.written = usage_json_count(v[5]);
	c.output = usage_json_count(output);
	c.reasoning = usage_json_count(v[8]);
	c.total = usage_json_count(v[9]);
	return c;
}

/* What was read from or written to a cache is a part of the input. */
struct usage_tokens codex_counts_tokens(const struct codex_counts *c)
{
	int64_t cached = c->cached < c->input ? c->cached : c->input;
	int64_t uncached = c->input - cached;
	int64_t written = c->written < uncached ? c->written : uncached;

	return (struct usage_tokens){.input = uncached - written,
		.cache_read = cached,
		.cache_write_5m = written,
		.output = c->output,
		.reasoning = c->reasoning < c->output ? c->reasoning : c->output,
		.other = c->has_parts ? 0 : c->total};
}

static int64_t grown(int64_t now, int64_t before)
{
	return now > before ? now - before : 0;
}

bool codex_counts_same(const struct codex_counts *a, const struct codex_counts *b)
{
	return a->input == b->input && a->cached == b->cached && a->output == b->output &&
	       a->reasoning == b->reasoning && a->total == b->total;
}

struct codex_counts codex_counts_sum(const struct codex_counts *a, const struct codex_counts *b)
{
	return (struct codex_counts){.input = money_add(a->input, b->input),
		.cached = money_add(a->cached, b->cached),
		.written = money_add(a->written, b->written),
		.output = money_add(a->output, b->output),
		.reasoning = money_add(a->reasoning, b->reasoning),
		.total = money_add(a->total, b->total),
		.has_parts = b->has_parts,
		.is_known = true};
}

struct codex_counts codex_counts_growth(
	const struct codex_counts *before, const struct codex_counts *total)
{
	struct codex_counts used = *total;

	used.input = grown(total->input, before->input);
	used.cached = grown(total->cached, before->cached);
	used.written = grown(total->written, before->written);
	used.output = grown(total->output, before->output);
	used.reasoning = grown(total->reasoning, before->reasoning);
	used.total = grown(total->total, before->total);
	return used;
}

struct codex_counts codex_counts_used(const struct codex_counts *before,
	const struct codex_counts *total, const struct codex_counts *last)
{
	bool has_shrunk =
		before && (total->input < before->input || total->output < before->output ||
				  (!total->has_parts && total->total < before->total));

	if (before && !has_shrunk)
		return codex_counts_growth(before, total);
	return last->is_known ? *last : *total;
}

struct str codex_counts_id(
	char id[CODEX_ID_BYTES], struct str thread, const struct codex_counts *total)
{
	int n = snprintf(id, CODEX_ID_BYTES, "%.*s:%lld/%lld/%lld/%lld/%lld",
		STR_ARG(str_head(thread, THREAD_MAX_BYTES)), (long long)total->input,
		(long long)total->cached, (long long)total->output, (long long)total->reasoning,
		(long long)total->total);

	return (struct str){id, (size_t)n};
}
