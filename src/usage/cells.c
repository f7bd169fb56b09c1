// SPDX-License-Identifier: MIT
#include "usage/cells.h"

#include <stddef.h>

#include "base/hash.h"
#include "base/money.h"
#include "usage/pack.h"

/* ---- sums ---- */

void usage_sum_add(struct usage_sum *sum, const struct usage_sum *more)
{
	usage_tokens_add(&sum->tokens, &more->tokens);
	sum->answers += more->answers;
	for (int i = 0; i < USAGE_MODES; i++) {
		sum->cost_nanousd[i] = money_add(sum->cost_nanousd[i], more->cost_nanousd[i]);
		sum->unpriced[i] += more->unpriced[i];
	}
}

/* Numbers of a struct by their places in it. */
#define AT(type, member) offsetof(struct type, member)
static const uint8_t token_kinds[] = {AT(usage_tokens, input), AT(usage_tokens, output),
	AT(usage_tokens, cache_write_5m), AT(usage_tokens, cache_write_1h),
	AT(usage_tokens, cache_read), AT(usage_tokens, other), AT(usage_tokens, reasoning),
	AT(usage_tokens, web_searches), AT(usage_tokens, nanocredits), AT(usage_tokens, messages)};

enum { TOKEN_KINDS = sizeof token_kinds };

static int64_t *token_kind(struct usage_tokens *t, int kind)
{
	return (int64_t *)((char *)t + token_kinds[kind]);
}

void usage_sum_remove(struct usage_sum *sum, const struct usage_sum *less)
{
	struct usage_sum copy = *less;

	for (int i = 0; i < TOKEN_KINDS; i++)
		*token_kind(&sum->tokens, i) -= *token_kind(&copy.tokens, i);
	sum->answers -= less->answers;
	for (int i = 0; i < USAGE_MODES; i++) {
		sum->cost_nanousd[i] -= less->cost_nanousd[i];
		sum->unpriced[i] -= less->unpriced[i];
	}
}

/* ---- cells ---- */

void cells_release(struct cells *cells)
{
	vec_release(&cells->all);
	vec_release(&cells->changed);
	free(cells->slots);
	*cells = (struct cells){0};
}

static bool is_like(const struct usage_cell *a, const struct usage_cell *b)
{
	return a->day == b->day && a->session == b->session && a->model == b->model &&
	       a->flags == b->flags && a->branch == b->branch && a->agent == b->agent &&
	       a->project == b->project && a->source == b->source && a->provider == b->provider;
}

static uint32_t *slot_of(const struct cells *cells, const struct usage_cell *like)
{
	uint32_t parts[] = {(uint32_t)like->day, like->session, like->model, like->flags,
		like->branch, like->agent, like->project, like->source, like->provider};
	struct str bytes = {(const char *)parts, sizeof parts};
	size_t mask = cells->slot_count - 1, at = hash_bytes(bytes) & mask;

	while (cells->slots[at] && !is_like(&cells->all.p[cells->slots[at] - 1], like))
		at = (at + 1) & mask;
	return &cells->slots[at];
}

static void grow(struct cells *cells)
{
	while (cells->slot_count < 64 || cells->slot_count < cells->all.n * 2)
		cells->slot_count = cells->slot_count ? cells->slot_count * 2 : 64;
	free(cells->slots);
	cells->slots = must_alloc(cells->slot_count, sizeof *cells->slots);
	for (size_t i = 0; i < cells->all.n; i++)
		*slot_of(cells, &cells->all.p[i]) = (uint32_t)i + 1;
}

struct usage_cell *cells_at(struct cells *cells, const struct usage_cell *like)
{
	/* Most answers belong to the same as the one before. */
	if (cells->last < cells->all.n && is_like(&cells->all.p[cells->last], like))
		return &cells->all.p[cells->last];
	if (!cells->slots || cells->slot_count < cells->all.n * 2 + 2)
		grow(cells);
	uint32_t *slot = slot_of(cells, like);
	if (!*slot) {
		struct usage_cell fresh = *like;
		fresh.sum = (struct usage_sum){0};
		fresh.first_ms = INT64_MAX;
		fresh.last_ms = INT64_MIN;
		vec_push(&cells->all, fresh);
		cells->flags |= fresh.flags;
		*slot = (uint32_t)cells->all.n;
	}
	cells->last = *slot - 1;
	return &cells->all.p[cells->last];
}

/* ---- for the index ---- */

/*
 * Most of a sum is zero or said already: which numbers follow is in a mask. The modes' costs mostly
 * are the first one's, or there is none.
 */
enum {
	COST_SAME = 1 << TOKEN_KINDS, /* by mode, from here on */
	UNPRICED_NONE = COST_SAME << USAGE_MODES,
	UNPRICED_ALL = UNPRICED_NONE << USAGE_MODES,
};

static int64_t cost_before(const struct usage_sum *sum, int mode)
{
	return mode > 0 ? sum->cost_nanousd[0] : 0;
}

static void put_sum(struct buf *out, const struct usage_sum *sum)
{
	struct usage_tokens tokens = sum->tokens;
	uint64_t mask = 0;

	for (int i = 0; i < TOKEN_KINDS; i++)
		mask |= *token_kind(&tokens, i) ? 1u << i : 0;
	for (int i = 0; i < USAGE_MODES; i++) {
		mask |= sum->cost_nanousd[i] == cost_before(sum, i) ? COST_SAME << i : 0;
		mask |= sum->unpriced[i] == 0              ? UNPRICED_NONE << i
			: sum->unpriced[i] == sum->answers ? UNPRICED_ALL << i
							   : 0;
	}
	pack_number(out, mask);
	pack_signed(out, sum->answers);
	for (int i = 0; i < TOKEN_KINDS; i++)
		if (mask >> i & 1)
			pack_signed(out, *token_kind(&tokens, i));
	for (int i = 0; i < USAGE_MODES; i++) {
		if (!(mask & (uint64_t)COST_SAME << i))
			pack_signed(out, sum->cost_nanousd[i]);
		if (!(mask & (uint64_t)(UNPRICED_NONE | UNPRICED_ALL) << i))
			pack_signed(out, sum->unpriced[i]);
	}
}

static void take_sum(struct unpack *u, struct usage_sum *sum)
{
	uint64_t mask = unpack_number(u);

	*sum = (struct usage_sum){.answers = unpack_signed(u)};
	for (unsigned kinds = mask & (COST_SAME - 1); kinds; kinds &= kinds - 1)
		*token_kind(&sum->tokens, __builtin_ctz(kinds)) = unpack_signed(u);
	for (int i = 0; i < USAGE_MODES; i++) {
		sum->cost_nanousd[i] =
			mask & (uint64_t)COST_SAME << i ? cost_before(sum, i) : unpack_signed(u);
		sum->unpriced[i] = mask & (uint64_t)UNPRICED_NONE << i  ? 0
				   : mask & (uint64_t)UNPRICED_ALL << i ? sum->answers
									: unpack_signed(u);
	}
}

void cells_note_change(struct cells *cells, const struct usage_cell *cell)
{
	size_t group = (size_t)(cell - cells->all.p) / CELL_GROUP;

	while (cells->changed.n <= group)
		vec_push(&cells->changed, false);
	cells->changed.p[group] = true;
}

bool cells_has_changed(const struct cells *cells, size_t group)
{
	return group < cells->changed.n && cells->changed.p[group];
}

/* What a cell belongs to, mostly is what the one before it does. */
static const uint8_t cell_names[] = {AT(usage_cell, source), AT(usage_cell, session),
	AT(usage_cell, project), AT(usage_cell, branch), AT(usage_cell, agent),
	AT(usage_cell, model), AT(usage_cell, provider), AT(usage_cell, flags)};

enum { CELL_NAMES = sizeof cell_names, CELL_FLAGS = CELL_NAMES - 1 };

static uint32_t *cell_name(struct usage_cell *cell, int name)
{
	return (uint32_t *)((char *)cell + cell_names[name]);
}

void cells_put(const struct cells *cells, size_t group, struct buf *out)
{
	size_t end = (group + 1) * CELL_GROUP;
	struct usage_cell before = {0};

	for (size_t i = group * CELL_GROUP; i < end && i < cells->all.n; i++) {
		struct usage_cell cell = cells->all.p[i];
		uint32_t mask = 0;
		for (int name = 0; name < CELL_NAMES; name++)
			mask |= *cell_name(&cell, name) != *cell_name(&before, name) ? 1u << name
										     : 0;
		pack_number(out, mask);
		for (int name = 0; name < CELL_NAMES; name++)
			if (mask >> name & 1)
				pack_number(out, *cell_name(&cell, name));
		pack_signed(out, cell.day);
		pack_signed(out, cell.first_ms);
		pack_number(out, (uint64_t)cell.last_ms - (uint64_t)cell.first_ms);
		put_sum(out, &cell.sum);
		before = cell;
	}
}

static void take_names(struct unpack *u, struct usage_cell *cell, size_t name_count)
{
	for (unsigned mask = unpack_number(u) & ((1u << CELL_NAMES) - 1); mask; mask &= mask - 1) {
		int name = __builtin_ctz(mask);
		uint64_t number = unpack_number(u);
		u->is_bad |= number >= (name == CELL_FLAGS ? UINT32_MAX : name_count);
		*cell_name(cell, name) = (uint32_t)number;
	}
}

bool cells_take(struct cells *cells, struct str bytes, size_t name_count, struct err *e)
{
	struct unpack u = {bytes.p, bytes.p + bytes.n};
	struct usage_cell cell = {0};

	while (u.p < u.end && !u.is_bad) {
		take_names(&u, &cell, name_count);
		cell.day = (int32_t)unpack_signed(&u);
		cell.first_ms = unpack_signed(&u);
		cell.last_ms = (int64_t)((uint64_t)cell.first_ms + unpack_number(&u));
		take_sum(&u, &cell.sum);
		vec_push(&cells->all, cell);
		cells->flags |= cell.flags;
	}
	return !u.is_bad || err_set(e, ERR_PARSE, "sums that cannot be unpacked");
}
