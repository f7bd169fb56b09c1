// SPDX-License-Identifier: MIT
/* Windows of five hours: where they begin and end, their gaps, and what they come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/money.h"
#include "usage/block.h"
#include "usage/group.h"

#define MINUTE 60'000LL
#define HOUR   (60 * MINUTE)
/* A full hour. */
#define T0 (480'000 * HOUR)

static struct usage_moment at(int64_t time_ms)
{
	return (struct usage_moment){
		.time_ms = time_ms, .input = 60, .output = 40, .cost_nanousd = 1000, .model = 1};
}

static void make_of(const struct usage_moment *list, size_t count,
	const struct usage_block_rules *rules, struct usage_blocks *out)
{
	struct usage_moments moments = {.length_ms = rules->length_ms};

	for (size_t i = 0; i < count; i++)
		usage_moments_add(&moments, &list[i]);
	usage_blocks_make(&moments, rules, out);
	usage_moments_release(&moments);
}

static void make(
	const struct usage_moment *moments, size_t count, int64_t now_ms, struct usage_blocks *out)
{
	make_of(moments, count,
		&(struct usage_block_rules){
			.length_ms = 5 * HOUR, .now_ms = now_ms, .span_ms = USAGE_BLOCK_SPAN_MS},
		out);
}

static void a_block_begins_with_its_hour(void **)
{
	struct usage_moment moments[] = {at(T0 + 90 * MINUTE), at(T0 + 59 * MINUTE)};
	struct usage_blocks blocks;

	make(moments, 2, T0 + 100 * HOUR, &blocks);
	assert_int_equal(blocks.count, 1);
	assert_int_equal(blocks.list[0].start_ms, T0);
	assert_int_equal(blocks.list[0].end_ms, T0 + 5 * HOUR);
	assert_int_equal(blocks.list[0].first_ms, T0 + 59 * MINUTE);
	assert_int_equal(blocks.list[0].last_ms, T0 + 90 * MINUTE);
	assert_int_equal(blocks.list[0].answers, 2);
	assert_int_equal(blocks.list[0].cost_nanousd, 2000);
	assert_false(blocks.list[0].is_active);
	assert_false(blocks.list[0].has_projection);
	assert_int_equal(usage_blocks_largest(&blocks, INT64_MIN, INT64_MAX), 200);
	assert_int_equal(usage_blocks_largest(&blocks, T0, T0 + 1), 200);
	assert_int_equal(usage_blocks_largest(&blocks, T0 + 1, INT64_MAX), 0);
	assert_int_equal(usage_blocks_largest(&blocks, INT64_MIN, T0), 0);
	usage_blocks_release(&blocks);
}

/* An answer five hours after the start is still in; one a millisecond later is not. */
static void a_block_ends_after_its_length(void **)
{
	struct usage_moment moments[] = {
		at(T0 + 1), at(T0 + 4 * HOUR), at(T0 + 5 * HOUR), at(T0 + 5 * HOUR + 1)};
	struct usage_blocks blocks;

	make(moments, 3, T0, &blocks);
	assert_int_equal(blocks.count, 1);
	usage_blocks_release(&blocks);
	make(moments, 4, T0, &blocks);
	assert_int_equal(blocks.count, 2);
	assert_int_equal(blocks.list[0].answers, 3);
	assert_int_equal(blocks.list[1].start_ms, T0 + 5 * HOUR);
	assert_false(blocks.list[1].is_gap);
	usage_blocks_release(&blocks);
}

static void a_pause_is_a_gap(void **)
{
	int64_t last = T0 + 30 * MINUTE, next = last + 5 * HOUR + 1;
	struct usage_moment moments[] = {at(last), at(next)};
	struct usage_blocks blocks;

	make(moments, 2, T0, &blocks);
	assert_int_equal(blocks.count, 3);
	/* By start: what comes next began with its full hour, a moment before the gap did. */
	assert_int_equal(blocks.list[1].start_ms, T0 + 5 * HOUR);
	assert_false(blocks.list[1].is_gap);
	assert_true(blocks.list[2].is_gap);
	assert_int_equal(blocks.list[2].start_ms, last + 5 * HOUR);
	assert_int_equal(blocks.list[2].end_ms, next);
	assert_int_equal(blocks.list[2].answers, 0);
	usage_blocks_release(&blocks);
	moments[1].time_ms = last + 5 * HOUR;
	make(moments, 2, T0, &blocks);
	/* No gap, but more than five hours after the start. */
	assert_int_equal(blocks.count, 2);
	assert_false(blocks.list[1].is_gap);
	usage_blocks_release(&blocks);
}

static void what_is_on_is_projected(void **)
{
	struct usage_moment moments[] = {at(T0), at(T0 + 60 * MINUTE)};
	struct usage_blocks blocks;

	moments[1].cost_nanousd = -1;
	make(moments, 2, T0 + 2 * HOUR, &blocks);
	const struct usage_block *block = blocks.list;
	assert_true(block->is_active && block->has_rate && block->has_projection);
	assert_float_equal(block->tokens_per_minute, 200.0 / 60, 1e-9);
	assert_int_equal(block->left_minutes, 180);
	assert_int_equal(block->projected_tokens, 200 + 600);
	assert_int_equal(block->projected_nanousd, 1000 + 3000);
	assert_int_equal(block->unpriced, 1);
	assert_int_equal(usage_blocks_largest(&blocks, INT64_MIN, INT64_MAX), 0);
	usage_blocks_release(&blocks);
}

/* 200 tokens within a second would be 12,000 a minute. */
static void a_moment_is_no_pace(void **)
{
	struct usage_moment moments[] = {at(T0), at(T0 + 1000)};
	struct usage_blocks blocks;

	make(moments, 2, T0 + 1 * MINUTE, &blocks);
	assert_float_equal(blocks.list[0].tokens_per_minute, 20, 1e-9);
	assert_true(blocks.list[0].projected_tokens < 7000);
	usage_blocks_release(&blocks);
	make(moments, 1, T0 + 1 * MINUTE, &blocks);
	assert_false(blocks.list[0].has_rate);
	assert_false(blocks.list[0].has_projection);
	usage_blocks_release(&blocks);
}

static void active_is_now(void **)
{
	struct usage_moment moments[] = {at(T0)};
	struct usage_blocks blocks;

	make(moments, 1, T0 + 5 * HOUR - 1, &blocks);
	assert_true(blocks.list[0].is_active);
	usage_blocks_release(&blocks);
	make(moments, 1, T0 + 5 * HOUR, &blocks);
	assert_false(blocks.list[0].is_active);
	usage_blocks_release(&blocks);
	/* A clock that was ahead. */
	make(moments, 1, T0 - HOUR, &blocks);
	assert_false(blocks.list[0].is_active);
	usage_blocks_release(&blocks);
}

static void huge_numbers_do_not_wrap(void **)
{
	struct usage_moment moments[] = {at(T0), at(T0 + 1000)};
	struct usage_blocks blocks;

	moments[0].input = moments[1].input = INT64_MAX;
	moments[0].cost_nanousd = moments[1].cost_nanousd = INT64_MAX;
	make(moments, 2, T0 + 1 * MINUTE, &blocks);
	assert_int_equal(usage_tokens_total(&blocks.list[0].tokens), INT64_MAX);
	assert_int_equal(blocks.list[0].cost_nanousd, INT64_MAX);
	assert_int_equal(blocks.list[0].projected_tokens, INT64_MAX);
	usage_blocks_release(&blocks);
}

static void times_before_1970(void **)
{
	struct usage_moment moments[] = {at(-1)};
	struct usage_blocks blocks;

	make(moments, 1, T0, &blocks);
	assert_int_equal(blocks.list[0].start_ms, -HOUR);
	usage_blocks_release(&blocks);
	make(NULL, 0, T0, &blocks);
	assert_int_equal(blocks.count, 0);
	usage_blocks_release(&blocks);
}

static void models_in_the_order_they_came(void **)
{
	struct usage_moment moments[] = {at(T0 + 3), at(T0 + 2), at(T0 + 1), at(T0)};
	struct usage_blocks blocks;

	moments[0].model = 7;
	moments[1].model = 8;
	moments[3].model = 9;
	moments[3].input = moments[3].output = 0;
	make(moments, 4, T0, &blocks);
	assert_int_equal(blocks.list[0].answers, 4);
	assert_int_equal(blocks.list[0].model_count, 3);
	assert_int_equal(blocks.list[0].models[0].name, 1);
	assert_int_equal(blocks.list[0].models[1].name, 8);
	assert_int_equal(blocks.list[0].models[2].name, 7);
	usage_blocks_release(&blocks);
}

/* As many minutes after the full hour, of source 3. */
static struct usage_reset reset(int64_t told_minute, int64_t resets_minute)
{
	return (struct usage_reset){3, T0 + told_minute * MINUTE, T0 + resets_minute * MINUTE};
}

static int64_t resets_minute(const struct usage_blocks *blocks, size_t at)
{
	int64_t time_ms = blocks->list[at].limit_resets_ms;

	return time_ms ? (time_ms - T0) / MINUTE : 0;
}

static void limits_belong_to_blocks(void **)
{
	/* From 0:00, a gap from 5:10 on, from 11:00, from 16:00. */
	struct usage_moment moments[] = {at(T0 + 5 * MINUTE), at(T0 + 10 * MINUTE),
		at(T0 + 11 * HOUR + MINUTE), at(T0 + 15 * HOUR), at(T0 + 16 * HOUR + 2 * MINUTE)};
	struct usage_blocks blocks;

	for (int64_t told = -60; told < 24 * 60; told++) {
		struct usage_reset resets[] = {reset(told, 2000)};
		size_t place = told < 0             ? SIZE_MAX
			       : told <= 310        ? 0
			       : told < 11 * 60     ? SIZE_MAX
			       : told < 16 * 60     ? 2
			       : told > 21 * 60 + 2 ? SIZE_MAX
						    : 3;
		make(moments, 5, T0 + 100 * HOUR, &blocks);
		assert_int_equal(blocks.count, 4);
		usage_blocks_add_resets(&blocks, resets, 1, 4);
		for (size_t i = 0; i < blocks.count; i++)
			assert_int_equal(resets_minute(&blocks, i), 0);
		usage_blocks_add_resets(&blocks, resets, 1, told & 1 ? 3 : 0);
		for (size_t i = 0; i < blocks.count; i++)
			assert_int_equal(resets_minute(&blocks, i), i == place ? 2000 : 0);
		usage_blocks_release(&blocks);
	}
}

static void the_first_limit_of_a_block_counts(void **)
{
	struct usage_moment moments[] = {at(T0 + 5 * MINUTE)};
	struct usage_reset resets[] = {
		reset(20, 300), reset(10, 301), reset(30, 302), reset(10, 1)};
	struct usage_blocks blocks;

	make(moments, 1, T0 + 100 * HOUR, &blocks);
	usage_blocks_add_resets(&blocks, resets, 4, 0);
	assert_int_equal(resets_minute(&blocks, 0), 301);
	usage_blocks_release(&blocks);
}

/* What comes five hours later to the minute begins its block where the gap begins. */
static void a_gap_comes_before_the_block_behind_it(void **)
{
	struct usage_moment moments[] = {at(T0), at(T0 + 5 * HOUR + MINUTE)};
	struct usage_blocks blocks;

	make(moments, 2, T0 + 100 * HOUR, &blocks);
	assert_int_equal(blocks.count, 3);
	assert_int_equal(blocks.list[1].start_ms, blocks.list[2].start_ms);
	assert_true(blocks.list[1].is_gap);
	usage_blocks_release(&blocks);
}

/* ---- many answers ---- */

enum { MANY = 400 };

static uint64_t dice_state = 7;

static uint64_t dice(uint64_t sides)
{
	dice_state = dice_state * 6364136223846793005u + 1442695040888963407u;
	return (dice_state >> 33) % sides;
}

static int by_time(const void *a, const void *b)
{
	const struct usage_moment *x = a, *y = b;

	return (x->time_ms > y->time_ms) - (x->time_ms < y->time_ms);
}

/* The rule itself, answer by answer; gaps left out. */
static size_t blocks_one_by_one(
	struct usage_moment *list, int64_t length_ms, struct usage_block *blocks)
{
	struct usage_block *b = NULL;
	size_t count = 0;

	qsort(list, MANY, sizeof *list, by_time);
	for (size_t i = 0; i < MANY; i++) {
		int64_t ms = list[i].time_ms;
		if (!b || ms - b->start_ms > length_ms || ms - b->last_ms > length_ms) {
			b = &blocks[count++];
			*b = (struct usage_block){
				.start_ms = ms - (ms % HOUR + HOUR) % HOUR, .first_ms = ms};
		}
		b->last_ms = ms;
		b->answers++;
		b->tokens.input += list[i].input;
		b->cost_nanousd += list[i].cost_nanousd > 0 ? list[i].cost_nanousd : 0;
		b->unpriced += list[i].cost_nanousd < 0;
	}
	return count;
}

static void expect_blocks(
	const struct usage_blocks *made, const struct usage_block *blocks, size_t count)
{
	size_t n = 0, parts;

	for (size_t i = 0; i < made->count; i++) {
		const struct usage_block *is = &made->list[i], *wanted = &blocks[n];
		if (is->is_gap)
			continue;
		assert_true(n++ < count);
		assert_int_equal(is->start_ms, wanted->start_ms);
		assert_int_equal(is->first_ms, wanted->first_ms);
		assert_int_equal(is->last_ms, wanted->last_ms);
		assert_int_equal(is->answers, wanted->answers);
		assert_int_equal(is->tokens.input, wanted->tokens.input);
		assert_int_equal(is->cost_nanousd, wanted->cost_nanousd);
		assert_int_equal(is->unpriced, wanted->unpriced);
		parts = 0;
		for (size_t k = 0; k < is->model_count; k++)
			parts += (size_t)is->models[k].sum.answers;
		assert_int_equal(parts, is->answers);
		for (size_t k = 1; k < is->model_count; k++)
			assert_true(is->models[k - 1].first_ms <= is->models[k].first_ms);
	}
	assert_int_equal(n, count);
}

/* Whatever the length, and wherever its end falls; times at the very ends are among them. */
static void many_answers_are_what_each_of_them_is(void **)
{
	static const int64_t lengths[] = {
		HOUR, 5 * HOUR, 5 * HOUR / 2, 2 * HOUR + 1, 3 * HOUR - 1, 24 * HOUR, HOUR / 2, 1};
	struct usage_moment list[MANY];
	struct usage_block blocks[MANY];

	for (int round = 0; round < 400; round++) {
		int64_t length = lengths[round % 8], step = dice(2) ? MINUTE : 40 * MINUTE;
		struct usage_moments all = {.length_ms = length}, half = {.length_ms = length};
		struct usage_blocks made;
		int64_t ms = (int64_t)dice(2) * T0 - (int64_t)dice(1000);
		for (uint32_t i = 0; i < MANY; i++) {
			int64_t hour = ms - (ms % HOUR + HOUR) % HOUR;
			ms = dice(9) ? ms + (int64_t)dice((uint64_t)step)
				     : hour + HOUR + length % HOUR + (int64_t)dice(3) - 1;
			list[i] = at(ms);
			list[i].input = 1 + (int64_t)dice(100);
			list[i].model = 1 + (uint32_t)dice(3);
			list[i].is_fast = dice(4) == 0;
			list[i].item = i;
			list[i].cost_nanousd = (int64_t)dice(5) - 1;
		}
		for (size_t i = MANY; i > 1; i--) {
			size_t other = dice(i);
			struct usage_moment moment = list[i - 1];
			list[i - 1] = list[other];
			list[other] = moment;
		}
		for (size_t i = 0; i < MANY; i++)
			usage_moments_add(dice(2) ? &all : &half, &list[i]);
		usage_moments_add_all(&all, &half);
		struct usage_block_rules rules = {.length_ms = length, .now_ms = T0 * 2};
		usage_blocks_make(&all, &rules, &made);
		/* Of several that begin with one hour the order is not told by that. */
		if (length >= HOUR)
			expect_blocks(&made, blocks, blocks_one_by_one(list, length, blocks));
		usage_blocks_release(&made);
		usage_moments_release(&all);
		usage_moments_release(&half);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_begins_with_its_hour),
		cmocka_unit_test(a_block_ends_after_its_length),
		cmocka_unit_test(a_pause_is_a_gap),
		cmocka_unit_test(what_is_on_is_projected),
		cmocka_unit_test(a_moment_is_no_pace),
		cmocka_unit_test(active_is_now),
		cmocka_unit_test(huge_numbers_do_not_wrap),
		cmocka_unit_test(times_before_1970),
		cmocka_unit_test(models_in_the_order_they_came),
		cmocka_unit_test(limits_belong_to_blocks),
		cmocka_unit_test(the_first_limit_of_a_block_counts),
		cmocka_unit_test(a_gap_comes_before_the_block_behind_it),
		cmocka_unit_test(many_answers_are_what_each_of_them_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
