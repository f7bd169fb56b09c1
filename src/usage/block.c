// SPDX-License-Identifier: MIT
#include "usage/block.h"

#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "base/vec.h"
#include "usage/group.h"

enum { MINUTE_MS = 60'000, HOUR_MS = 3'600'000 };

struct usage_moment usage_moment_of(const struct usage_entry *entry, enum usage_mode mode)
{
	const struct usage_tokens *t = &entry->tokens;

	return (struct usage_moment){.time_ms = entry->time_ms,
		.input = t->input,
		.output = t->output,
		.cache_write = money_add(t->cache_write_5m, t->cache_write_1h),
		.cache_read = t->cache_read,
		.other = t->other,
		.cost_nanousd = usage_entry_cost(entry, mode),
		.model = entry->model,
		.is_fast = entry->flags & USAGE_FAST};
}

static int compare_moments(const void *a, const void *b)
{
	int64_t x = ((const struct usage_moment *)a)->time_ms;
	int64_t y = ((const struct usage_moment *)b)->time_ms;

	return (x > y) - (x < y);
}

/* A gap ends where the block that begins with it has its first answer. */
static int compare_starts(const void *a, const void *b)
{
	const struct usage_block *x = a, *y = b;

	if (x->start_ms != y->start_ms)
		return x->start_ms < y->start_ms ? -1 : 1;
	if (x->is_gap != y->is_gap)
		return x->is_gap ? -1 : 1;
	return (x->first_ms > y->first_ms) - (x->first_ms < y->first_ms);
}

struct making {
	const struct usage_block_rules *rules;
	VEC(struct usage_block) blocks;
	VEC(struct usage_part) models; /* of the block at hand */
};

static struct usage_sum sum_of(const struct usage_moment *moment)
{
	struct usage_sum sum = {.answers = 1,
		.tokens = {.input = moment->input,
			.output = moment->output,
			.cache_write_5m = moment->cache_write,
			.cache_read = moment->cache_read,
			.other = moment->other}};
	bool has_tokens = usage_tokens_total(&sum.tokens) > 0;

	for (int mode = 0; mode < USAGE_MODES; mode++) {
		sum.cost_nanousd[mode] = moment->cost_nanousd > 0 ? moment->cost_nanousd : 0;
		sum.unpriced[mode] = moment->cost_nanousd < 0 && has_tokens;
	}
	return sum;
}

static void add_model(
	struct making *m, const struct usage_moment *moment, const struct usage_sum *sum)
{
	/* What no model has said has no tokens. */
	if (usage_tokens_total(&sum->tokens) == 0)
		return;
	vec_each (&m->models, model)
		if (model->name == moment->model && model->is_fast == moment->is_fast) {
			usage_part_add(model, sum, moment->time_ms, moment->time_ms);
			return;
		}
	vec_push(&m->models, (struct usage_part){moment->model, moment->is_fast, *sum,
				     moment->time_ms, moment->time_ms});
}

static void add_sum(struct usage_block *block, const struct usage_sum *sum)
{
	usage_tokens_add(&block->tokens, &sum->tokens);
	block->answers++;
	block->cost_nanousd = money_add(block->cost_nanousd, sum->cost_nanousd[0]);
	block->unpriced += sum->unpriced[0];
}

static int64_t whole(double value)
{
	return value >= 9e18 ? INT64_MAX : (int64_t)(value + 0.5);
}

static void set_rate(struct usage_block *block, const struct usage_block_rules *rules)
{
	const struct usage_tokens *t = &block->tokens;
	int64_t span = block->last_ms - block->first_ms;

	if (span <= 0)
		return;
	double minutes = (double)(span < rules->span_ms ? rules->span_ms : span) / MINUTE_MS;
	block->has_rate = true;
	block->tokens_per_minute = (double)usage_tokens_total(t) / minutes;
	block->seen_per_minute = (double)money_add(t->input, t->output) / minutes;
	block->usd_per_hour = (double)block->cost_nanousd / NANO_PER_USD / minutes * 60;
	if (!block->is_active)
		return;
	int64_t left = (block->end_ms - rules->now_ms + MINUTE_MS / 2) / MINUTE_MS;
	block->has_projection = true;
	block->left_minutes = left;
	block->projected_tokens =
		whole((double)usage_tokens_total(t) + block->tokens_per_minute * (double)left);
	block->projected_nanousd = whole((double)block->cost_nanousd +
					 block->usd_per_hour * NANO_PER_USD / 60 * (double)left);
}

static void end_block(struct making *m, struct arena *arena)
{
	const struct usage_block_rules *rules = m->rules;

	if (m->blocks.n == 0)
		return;
	struct usage_block *block = &m->blocks.p[m->blocks.n - 1];
	struct usage_part *models = arena_alloc(arena, m->models.n, sizeof *models);
	if (m->models.n)
		memcpy(models, m->models.p, m->models.n * sizeof *models);
	block->models = models;
	block->model_count = m->models.n;
	m->models.n = 0;
	block->is_active = rules->now_ms >= block->start_ms && rules->now_ms < block->end_ms &&
			   rules->now_ms - block->last_ms < rules->length_ms;
	set_rate(block, rules);
}

static int64_t floor_hour(int64_t time_ms)
{
	int64_t within = time_ms % HOUR_MS;

	return time_ms - (within < 0 ? within + HOUR_MS : within);
}

static void begin_block(struct making *m, int64_t time_ms)
{
	int64_t start = floor_hour(time_ms);

	vec_push(&m->blocks, (struct usage_block){.start_ms = start,
				     .end_ms = start + m->rules->length_ms,
				     .first_ms = time_ms,
				     .last_ms = time_ms});
}

static void add(struct making *m, const struct usage_moment *moment, struct arena *arena)
{
	int64_t length = m->rules->length_ms;

	if (m->blocks.n == 0) {
		begin_block(m, moment->time_ms);
	} else {
		const struct usage_block *block = &m->blocks.p[m->blocks.n - 1];
		int64_t last = block->last_ms;
		bool is_gap = moment->time_ms - last > length;
		if (is_gap || moment->time_ms - block->start_ms > length) {
			end_block(m, arena);
			if (is_gap)
				vec_push(&m->blocks, (struct usage_block){.is_gap = true,
							     .start_ms = last + length,
							     .end_ms = moment->time_ms});
			begin_block(m, moment->time_ms);
		}
	}
	struct usage_sum sum = sum_of(moment);
	add_model(m, moment, &sum);
	add_sum(&m->blocks.p[m->blocks.n - 1], &sum);
	m->blocks.p[m->blocks.n - 1].last_ms = moment->time_ms;
}

void usage_blocks_make(struct usage_moment *moments, size_t count,
	const struct usage_block_rules *rules, struct usage_blocks *out)
{
	struct making m = {.rules = rules};

	*out = (struct usage_blocks){0};
	if (count)
		qsort(moments, count, sizeof *moments, compare_moments);
	for (size_t i = 0; i < count; i++)
		add(&m, &moments[i], &out->arena);
	end_block(&m, &out->arena);
	out->count = m.blocks.n;
	out->list = arena_alloc(&out->arena, m.blocks.n, sizeof *out->list);
	if (m.blocks.n)
		memcpy(out->list, m.blocks.p, m.blocks.n * sizeof *out->list);
	qsort(out->list, out->count, sizeof *out->list, compare_starts);
	vec_release(&m.blocks);
	vec_release(&m.models);
}

/* NULL: none. */
static struct usage_block *block_at(const struct usage_blocks *blocks, int64_t told_ms)
{
	struct usage_block *found = NULL;

	for (size_t i = 0; i < blocks->count; i++) {
		struct usage_block *block = &blocks->list[i];
		if (block->start_ms > told_ms)
			break;
		if (block->is_gap)
			continue;
		found = block;
		if (told_ms <= block->last_ms)
			break;
	}
	return found && told_ms - found->last_ms <= found->end_ms - found->start_ms ? found : NULL;
}

void usage_blocks_add_resets(struct usage_blocks *blocks, const struct usage_reset *resets,
	size_t count, uint32_t source)
{
	for (size_t i = 0; i < count; i++) {
		const struct usage_reset *reset = &resets[i];
		if (source && reset->source != source)
			continue;
		struct usage_block *block = block_at(blocks, reset->told_ms);
		if (!block || (block->limit_resets_ms && block->limit_told_ms <= reset->told_ms))
			continue;
		block->limit_told_ms = reset->told_ms;
		block->limit_resets_ms = reset->resets_ms;
	}
}

int64_t usage_blocks_largest(const struct usage_blocks *blocks, int64_t since_ms, int64_t until_ms)
{
	int64_t largest = 0;

	for (size_t i = 0; i < blocks->count; i++) {
		const struct usage_block *block = &blocks->list[i];
		int64_t tokens = usage_tokens_total(&block->tokens);
		if (!block->is_active && block->start_ms >= since_ms &&
			block->start_ms < until_ms && tokens > largest)
			largest = tokens;
	}
	return largest;
}

void usage_blocks_release(struct usage_blocks *blocks)
{
	arena_release(&blocks->arena);
	*blocks = (struct usage_blocks){0};
}
