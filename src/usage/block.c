// SPDX-License-Identifier: MIT
#include "usage/block.h"

#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "usage/group.h"

enum { MINUTE_MS = 60'000, HOUR_MS = 3'600'000 };

/* Answers that are in one block for certain. */
struct usage_bunch {
	struct usage_moment first; /* its numbers are those of all */
	int64_t last_ms;
	int64_t answers, unpriced;
};

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
		.file = entry->file,
		.item = entry->item,
		.is_fast = entry->flags & USAGE_FAST};
}

/* ---- bunches ---- */

static int compare_firsts(const struct usage_moment *a, const struct usage_moment *b)
{
	if (a->time_ms != b->time_ms)
		return a->time_ms < b->time_ms ? -1 : 1;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return (a->item > b->item) - (a->item < b->item);
}

static int compare_bunches(const void *a, const void *b)
{
	return compare_firsts(
		&((const struct usage_bunch *)a)->first, &((const struct usage_bunch *)b)->first);
}

static void join_bunch(struct usage_bunch *into, const struct usage_bunch *more)
{
	struct usage_moment *sum = &into->first;
	const struct usage_moment *m = &more->first;

	if (compare_firsts(m, sum) < 0) {
		sum->time_ms = m->time_ms;
		sum->file = m->file;
		sum->item = m->item;
	}
	into->last_ms = more->last_ms > into->last_ms ? more->last_ms : into->last_ms;
	into->answers += more->answers;
	into->unpriced += more->unpriced;
	sum->input = money_add(sum->input, m->input);
	sum->output = money_add(sum->output, m->output);
	sum->cache_write = money_add(sum->cache_write, m->cache_write);
	sum->cache_read = money_add(sum->cache_read, m->cache_read);
	sum->other = money_add(sum->other, m->other);
	sum->cost_nanousd = money_add(sum->cost_nanousd, m->cost_nanousd);
}

static bool has_tokens(const struct usage_moment *m)
{
	return (m->input | m->output | m->cache_write | m->cache_read | m->other) != 0;
}

/*
 * A block begins with a full hour, so it ends that much behind one by which its length is more than
 * full hours; and a pause is no gap unless it is longer than a block. From one such end to the next
 * there is no other end: of blocks of an hour or more.
 */
static void add_bunch(struct usage_moments *moments, const struct usage_bunch *bunch)
{
	const struct usage_moment *first = &bunch->first;
	int64_t behind = moments->length_ms % HOUR_MS + 1, hour;

	if (moments->length_ms < HOUR_MS || __builtin_sub_overflow(first->time_ms, behind, &hour)) {
		vec_push(&moments->bunches, *bunch);
		return;
	}
	hour = (hour - (hour < 0 ? HOUR_MS - 1 : 0)) / HOUR_MS;
	uint32_t kind = (first->is_fast ? 1u : 0u) | (has_tokens(first) ? 2u : 0u);
	uint32_t number = numbering_of(&moments->numbers,
		(struct numbered_key){(uint32_t)hour, (uint32_t)(hour >> 32), first->model, kind});
	if (number == moments->bunches.n)
		vec_push(&moments->bunches, *bunch);
	else
		join_bunch(&moments->bunches.p[number], bunch);
}

void usage_moments_add(struct usage_moments *moments, const struct usage_moment *moment)
{
	struct usage_bunch bunch = {.first = *moment, .last_ms = moment->time_ms, .answers = 1};

	if (moment->cost_nanousd < 0) {
		bunch.first.cost_nanousd = 0;
		bunch.unpriced = has_tokens(moment);
	}
	add_bunch(moments, &bunch);
}

void usage_moments_add_all(struct usage_moments *moments, const struct usage_moments *more)
{
	vec_each (&more->bunches, bunch)
		add_bunch(moments, bunch);
}

void usage_moments_release(struct usage_moments *moments)
{
	vec_release(&moments->bunches);
	numbering_release(&moments->numbers);
}

/* ---- blocks ---- */

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

static struct usage_sum sum_of(const struct usage_bunch *bunch)
{
	const struct usage_moment *m = &bunch->first;
	struct usage_sum sum = {.answers = bunch->answers,
		.tokens = {.input = m->input,
			.output = m->output,
			.cache_write_5m = m->cache_write,
			.cache_read = m->cache_read,
			.other = m->other}};

	for (int mode = 0; mode < USAGE_MODES; mode++) {
		sum.cost_nanousd[mode] = m->cost_nanousd;
		sum.unpriced[mode] = bunch->unpriced;
	}
	return sum;
}

static void add_model(
	struct making *m, const struct usage_bunch *bunch, const struct usage_sum *sum)
{
	const struct usage_moment *first = &bunch->first;

	/* What no model has said has no tokens. */
	if (m->rules->names_all ? !first->model : !has_tokens(first))
		return;
	vec_each (&m->models, model)
		if (model->name == first->model && model->is_fast == first->is_fast) {
			usage_part_add(model, sum, first->time_ms, bunch->last_ms);
			return;
		}
	vec_push(&m->models, (struct usage_part){first->model, first->is_fast, *sum, first->time_ms,
				     bunch->last_ms});
}

static void add_sum(struct usage_block *block, const struct usage_sum *sum)
{
	usage_tokens_add(&block->tokens, &sum->tokens);
	block->answers += sum->answers;
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

static void add(struct making *m, const struct usage_bunch *bunch, struct arena *arena)
{
	int64_t length = m->rules->length_ms, time_ms = bunch->first.time_ms;

	if (m->blocks.n == 0) {
		begin_block(m, time_ms);
	} else {
		const struct usage_block *block = &m->blocks.p[m->blocks.n - 1];
		int64_t last = block->last_ms;
		bool is_gap = time_ms - last > length;
		if (is_gap || time_ms - block->start_ms > length) {
			end_block(m, arena);
			if (is_gap)
				vec_push(&m->blocks, (struct usage_block){.is_gap = true,
							     .start_ms = last + length,
							     .end_ms = time_ms});
			begin_block(m, time_ms);
		}
	}
	struct usage_sum sum = sum_of(bunch);
	struct usage_block *block = &m->blocks.p[m->blocks.n - 1];
	add_model(m, bunch, &sum);
	add_sum(block, &sum);
	block->last_ms = bunch->last_ms > block->last_ms ? bunch->last_ms : block->last_ms;
}

void usage_blocks_make(struct usage_moments *moments, const struct usage_block_rules *rules,
	struct usage_blocks *out)
{
	struct making m = {.rules = rules};

	*out = (struct usage_blocks){0};
	must(moments->length_ms == rules->length_ms);
	if (moments->bunches.n > 1)
		qsort(moments->bunches.p, moments->bunches.n, sizeof *moments->bunches.p,
			compare_bunches);
	vec_each (&moments->bunches, bunch)
		add(&m, bunch, &out->arena);
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
