// SPDX-License-Identifier: MIT
/*
 * Which lines are one answer. Each line is registered under what makes it the same as others, also
 * a line that was dropped for a better one; but an answer is found by what it holds now.
 */
#include <stdlib.h>

#include "base/money.h"
#include "usage/compat_inside.h"

struct place {
	uint64_t key;
	uint32_t entry;
	uint32_t next; /* place + 1 of an earlier one with this key's slot */
};

struct compat_places {
	VEC(struct place) all;
	uint32_t *slots; /* place + 1 */
	size_t slot_count;
};

void compat_join_release(struct compat_join *join)
{
	vec_release(&join->all);
	if (join->places) {
		vec_release(&join->places->all);
		free(join->places->slots);
		free(join->places);
	}
	*join = (struct compat_join){0};
}

static void grow(struct compat_places *places)
{
	places->slot_count = places->slot_count ? places->slot_count * 2 : 1024;
	free(places->slots);
	places->slots = must_alloc(places->slot_count, sizeof *places->slots);
	for (size_t i = 0; i < places->all.n; i++) {
		uint32_t *slot = &places->slots[places->all.p[i].key & (places->slot_count - 1)];
		places->all.p[i].next = *slot;
		*slot = (uint32_t)i + 1;
	}
}

static bool is_same(const struct compat_join *join, const struct compat_entry *old,
	const struct compat_entry *entry, bool is_exact)
{
	if (is_exact)
		return old->exact == entry->exact;
	return ((old->flags | entry->flags) & USAGE_SIDECHAIN) &&
	       (join->is_by_day || old->time_ms == entry->time_ms);
}

/* The first that was registered with the key and is the same; UINT32_MAX: none. */
static uint32_t find(const struct compat_join *join, const struct compat_entry *entry, uint64_t key,
	bool is_exact)
{
	const struct compat_places *places = join->places;
	uint32_t found = UINT32_MAX;

	if (!places || places->slot_count == 0)
		return found;
	for (uint32_t at = places->slots[key & (places->slot_count - 1)]; at;
		at = places->all.p[at - 1].next) {
		const struct place *place = &places->all.p[at - 1];
		if (place->key == key && is_same(join, &join->all.p[place->entry], entry, is_exact))
			found = place->entry;
	}
	return found;
}

static void add_place(struct compat_join *join, uint64_t key, uint32_t entry)
{
	if (!join->places)
		join->places = must_alloc(1, sizeof *join->places);
	struct compat_places *places = join->places;
	if (places->all.n >= places->slot_count)
		grow(places);
	uint32_t *slot = &places->slots[key & (places->slot_count - 1)];
	for (uint32_t at = *slot; at; at = places->all.p[at - 1].next)
		if (places->all.p[at - 1].key == key && places->all.p[at - 1].entry == entry)
			return;
	vec_push(&places->all, (struct place){key, entry, *slot});
	*slot = (uint32_t)places->all.n;
}

static int64_t cost(const struct compat_join *join, const struct compat_entry *entry)
{
	if (join->mode != USAGE_CALCULATE && entry->reported_nanousd >= 0)
		return entry->reported_nanousd;
	if (join->mode == USAGE_DISPLAY || entry->calculated_nanousd < 0)
		return 0;
	return entry->calculated_nanousd;
}

/* The main conversation before an agent, more before less, and of equals the one with a speed. */
static bool is_better(
	const struct compat_join *join, const struct compat_entry *a, const struct compat_entry *b)
{
	bool a_aside = a->flags & USAGE_SIDECHAIN, b_aside = b->flags & USAGE_SIDECHAIN;
	int64_t a_total = usage_tokens_total(&a->tokens), b_total = usage_tokens_total(&b->tokens);

	if (a_aside != b_aside)
		return b_aside;
	if (a_total != b_total)
		return a_total > b_total;
	if (join->is_by_day && cost(join, a) != cost(join, b))
		return cost(join, a) > cost(join, b);
	return a->has_speed && !b->has_speed;
}

void compat_join_line(struct compat_join *join, const struct compat_entry *entry)
{
	if (entry->exact == 0) {
		vec_push(&join->all, *entry);
		return;
	}
	uint32_t at = find(join, entry, entry->exact, true);
	if (at == UINT32_MAX)
		at = find(join, entry, entry->side, false);
	if (at == UINT32_MAX) {
		at = (uint32_t)join->all.n;
		vec_push(&join->all, *entry);
	} else {
		join->copies++;
		if (is_better(join, entry, &join->all.p[at]))
			join->all.p[at] = *entry;
	}
	add_place(join, entry->exact, at);
	add_place(join, entry->side, at);
}

void compat_join_record(
	struct compat_join *join, const struct compat_entry *entry, bool is_replacing)
{
	uint32_t at = entry->exact ? find(join, entry, entry->exact, true) : UINT32_MAX;

	if (at == UINT32_MAX) {
		vec_push(&join->all, *entry);
		if (entry->exact)
			add_place(join, entry->exact, (uint32_t)join->all.n - 1);
		return;
	}
	struct compat_entry *old = &join->all.p[at];
	join->copies++;
	if (is_replacing || usage_tokens_total(&entry->tokens) > usage_tokens_total(&old->tokens)) {
		int64_t first_ms = old->time_ms;
		*old = *entry;
		if (!is_replacing && first_ms < old->time_ms)
			old->time_ms = first_ms;
	}
}

/* ---- sums ---- */

struct compat_sum {
	uint32_t source, session, model;
	int64_t last_ms;
};

static int compare_sums(const void *a, const void *b)
{
	const struct compat_sum *x = a, *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	if (x->session != y->session)
		return x->session < y->session ? -1 : 1;
	return x->model < y->model ? -1 : x->model > y->model;
}

static struct compat_sum sum_of(const struct compat_entry *e)
{
	return (struct compat_sum){e->source, e->session, e->model, e->time_ms};
}

/* Of several sums with the same names the last one is left. */
static size_t join_sums(struct compat_sum *sums, size_t count)
{
	size_t n = 0;

	qsort(sums, count, sizeof *sums, compare_sums);
	for (size_t i = 0; i < count; i++) {
		if (n == 0 || compare_sums(&sums[n - 1], &sums[i]) != 0)
			sums[n++] = sums[i];
		else if (sums[i].last_ms > sums[n - 1].last_ms)
			sums[n - 1].last_ms = sums[i].last_ms;
	}
	return n;
}

static bool is_in_sum(const struct compat_sum *sums, size_t count, const struct compat_entry *entry)
{
	struct compat_sum wanted = sum_of(entry);
	const struct compat_sum *sum = bsearch(&wanted, sums, count, sizeof wanted, compare_sums);

	return sum && entry->time_ms <= sum->last_ms && !(entry->flags & USAGE_SUMMED);
}

/* An end that only says up to when a sum goes. */
static bool is_empty(const struct compat_entry *e)
{
	return e->flags & USAGE_SUMMED && usage_tokens_total(&e->tokens) == 0 &&
	       e->tokens.messages == 0;
}

void compat_join_leave_out(struct compat_join *join)
{
	VEC(struct compat_sum) sums = {0};
	size_t n = 0;

	vec_each (&join->all, e)
		if (e->flags & USAGE_SUMMED)
			vec_push(&sums, sum_of(e));
	if (sums.n == 0)
		return;
	sums.n = join_sums(sums.p, sums.n);
	vec_each (&join->all, e)
		if (!is_in_sum(sums.p, sums.n, e) && !is_empty(e))
			join->all.p[n++] = *e;
	join->copies += (int64_t)(join->all.n - n);
	join->all.n = n;
	vec_release(&sums);
}
