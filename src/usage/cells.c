// SPDX-License-Identifier: MIT
#include "usage/cells.h"

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

static int64_t *token_kind(struct usage_tokens *t, int kind)
{
	int64_t *kinds[] = {&t->input, &t->output, &t->cache_write_5m, &t->cache_write_1h,
		&t->cache_read, &t->other, &t->reasoning, &t->web_searches};

	return kinds[kind];
}

enum { TOKEN_KINDS = 8 };

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
		*slot = (uint32_t)cells->all.n;
	}
	cells->last = *slot - 1;
	return &cells->all.p[cells->last];
}

/* ---- for the index ---- */

void cells_reserve(struct cells *cells, size_t count)
{
	enum { AT_ONCE_MAX = 1 << 20 }; /* a number from outside */

	if (count <= cells->all.capacity || count > AT_ONCE_MAX)
		return;
	cells->all.p = must_resize(cells->all.p, count, sizeof *cells->all.p);
	cells->all.capacity = count;
}

static void put_sum(struct buf *out, const struct usage_sum *sum)
{
	struct usage_tokens tokens = sum->tokens;

	for (int i = 0; i < TOKEN_KINDS; i++)
		pack_signed(out, *token_kind(&tokens, i));
	pack_signed(out, sum->answers);
	for (int i = 0; i < USAGE_MODES; i++) {
		pack_signed(out, sum->cost_nanousd[i]);
		pack_signed(out, sum->unpriced[i]);
	}
}

static void take_sum(struct unpack *u, struct usage_sum *sum)
{
	for (int i = 0; i < TOKEN_KINDS; i++)
		*token_kind(&sum->tokens, i) = unpack_signed(u);
	sum->answers = unpack_signed(u);
	for (int i = 0; i < USAGE_MODES; i++) {
		sum->cost_nanousd[i] = unpack_signed(u);
		sum->unpriced[i] = unpack_signed(u);
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

void cells_put(const struct cells *cells, size_t group, struct buf *out)
{
	size_t end = (group + 1) * CELL_GROUP;

	for (size_t i = group * CELL_GROUP; i < end && i < cells->all.n; i++) {
		const struct usage_cell *cell = &cells->all.p[i];
		pack_signed(out, cell->day);
		pack_number(out, cell->source);
		pack_number(out, cell->session);
		pack_number(out, cell->project);
		pack_number(out, cell->branch);
		pack_number(out, cell->agent);
		pack_number(out, cell->model);
		pack_number(out, cell->provider);
		pack_number(out, cell->flags);
		pack_signed(out, cell->first_ms);
		pack_number(out, (uint64_t)cell->last_ms - (uint64_t)cell->first_ms);
		put_sum(out, &cell->sum);
	}
}

static uint32_t take_name(struct unpack *u, size_t name_count)
{
	uint64_t number = unpack_number(u);

	u->is_bad |= number >= name_count;
	return (uint32_t)number;
}

bool cells_take(struct cells *cells, struct str bytes, size_t name_count, struct err *e)
{
	struct unpack u = {bytes.p, bytes.p + bytes.n};

	while (u.p < u.end && !u.is_bad) {
		struct usage_cell cell = {.day = (int32_t)unpack_signed(&u)};
		cell.source = take_name(&u, name_count);
		cell.session = take_name(&u, name_count);
		cell.project = take_name(&u, name_count);
		cell.branch = take_name(&u, name_count);
		cell.agent = take_name(&u, name_count);
		cell.model = take_name(&u, name_count);
		cell.provider = take_name(&u, name_count);
		cell.flags = (uint32_t)unpack_number(&u);
		cell.first_ms = unpack_signed(&u);
		cell.last_ms = (int64_t)((uint64_t)cell.first_ms + unpack_number(&u));
		take_sum(&u, &cell.sum);
		vec_push(&cells->all, cell);
	}
	return !u.is_bad || err_set(e, ERR_PARSE, "sums that cannot be unpacked");
}
