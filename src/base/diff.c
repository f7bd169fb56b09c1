// SPDX-License-Identifier: MIT
/*
 * Comparing is a search for a shortest way through a grid: a step to the right leaves out a line of
 * the one side, a step down one of the other, a diagonal step is free and takes a line that both
 * have. The way is looked for from both ends at once; where the two meet the grid is split.
 */
#include "base/diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* ---- lines as numbers ---- */

/* All lines with the same bytes have one number, from 0. */
struct class
{
	struct str line;
	uint64_t hash;
	uint32_t count[2]; /* of it on either side */
};

struct classes {
	struct class *items;
	uint32_t *slots; /* number + 1; 0 none */
	size_t mask, count;
};

static void classes_start(struct classes *c, size_t lines)
{
	size_t capacity = 16;

	while (capacity < lines * 2)
		capacity *= 2;
	*c = (struct classes){.items = must_alloc(lines, sizeof *c->items),
		.slots = must_alloc(capacity, sizeof *c->slots),
		.mask = capacity - 1};
}

static void classes_release(struct classes *c)
{
	free(c->items);
	free(c->slots);
}

static uint32_t class_of(struct classes *c, struct str line)
{
	uint64_t hash = hash_bytes(line);
	size_t at = hash & c->mask;

	for (; c->slots[at]; at = (at + 1) & c->mask) {
		const struct class *item = &c->items[c->slots[at] - 1];
		if (item->hash == hash && str_eq(item->line, line))
			return c->slots[at] - 1;
	}
	c->items[c->count] = (struct class){.line = line, .hash = hash};
	c->slots[at] = (uint32_t)++c->count;
	return (uint32_t)c->count - 1;
}

/* ---- the search ---- */

/*
 * Differences a way is followed for, from each end, before the search settles for the furthest
 * point. Work a line is at most some multiple of it.
 */
enum { COST_MAX = 96, MIDDLE = COST_MAX + 1 };

/* The lines that are left of one side. */
struct row {
	uint32_t *classes;
	uint32_t *at; /* their places among all lines */
	int count;
};

/* How far the ways from one end have come, by diagonal; -1: out of the grid. */
struct front {
	int reach[2 * MIDDLE + 1];
};

struct search {
	struct row rows[2];
	struct diff_side *sides[2];
	struct front ahead, back;
};

struct grid {
	const uint32_t *a, *b;
	int width, height;
};

struct point {
	int x, y;
};

static int follow(const struct grid *g, int x, int y, bool is_back)
{
	int start = x;

	if (is_back)
		while (x < g->width && y < g->height &&
			g->a[g->width - 1 - x] == g->b[g->height - 1 - y])
			x++, y++;
	else
		while (x < g->width && y < g->height && g->a[x] == g->b[y])
			x++, y++;
	return x - start;
}

/* The furthest point of diagonal k with one difference more; -1: it is out of the grid. */
static int furthest(const struct grid *g, const int *reach, int k, int cost, bool is_back)
{
	int left = reach[MIDDLE + k - 1], above = reach[MIDDLE + k + 1], x = -1;

	if (left >= 0 && left < g->width)
		x = left + 1;
	if (above > x && above - k <= g->height)
		x = above;
	if (cost == 0)
		x = 0;
	return x < 0 ? -1 : x + follow(g, x, x - k, is_back);
}

/* All ways of one end, by one difference; true when one meets a way of the other end there. */
static bool advance(const struct grid *g, struct front *own, const struct front *other, int cost,
	bool is_back, struct point *met)
{
	int delta = g->width - g->height, other_cost = is_back ? cost : cost - 1;
	/* Only then have the two that can meet diagonals in common. */
	bool can_meet = is_back == (delta % 2 == 0);

	own->reach[MIDDLE - cost - 1] = own->reach[MIDDLE + cost + 1] = -1;
	for (int k = -cost; k <= cost; k += 2) {
		int x = furthest(g, own->reach, k, cost, is_back), facing = delta - k;
		own->reach[MIDDLE + k] = x;
		if (!can_meet || x < 0 || facing < -other_cost || facing > other_cost)
			continue;
		int rest = other->reach[MIDDLE + facing];
		if (rest < 0 || x + rest < g->width)
			continue;
		*met = is_back ? (struct point){g->width - x, g->height - (x - k)}
			       : (struct point){x, x - k};
		return true;
	}
	return false;
}

/* Of the ways from one end the point that leaves most behind it. */
static struct point best_of(const struct front *front)
{
	struct point best = {0, 0};

	for (int k = -COST_MAX; k <= COST_MAX; k += 2) {
		int x = front->reach[MIDDLE + k];
		if (x >= 0 && 2 * x - k > best.x + best.y)
			best = (struct point){x, x - k};
	}
	return best;
}

static struct point split(struct search *s, const struct grid *g)
{
	struct point met;

	for (int cost = 0; cost <= COST_MAX; cost++)
		if (advance(g, &s->ahead, &s->back, cost, false, &met) ||
			advance(g, &s->back, &s->ahead, cost, true, &met))
			return met;
	struct point ahead = best_of(&s->ahead), back = best_of(&s->back);
	if (ahead.x + ahead.y >= back.x + back.y)
		return ahead;
	return (struct point){g->width - back.x, g->height - back.y};
}

static void mark(struct search *s, int side, int from, int to)
{
	for (int i = from; i < to; i++)
		s->sides[side]->is_changed[s->rows[side].at[i]] = true;
}

struct span {
	int from, to;
};

/* The smaller part is searched by a call, the larger one in the loop: the depth stays small. */
static void search(struct search *s, struct span a, struct span b)
{
	const uint32_t *left = s->rows[0].classes, *right = s->rows[1].classes;

	for (;;) {
		while (a.from < a.to && b.from < b.to && left[a.from] == right[b.from])
			a.from++, b.from++;
		while (a.from < a.to && b.from < b.to && left[a.to - 1] == right[b.to - 1])
			a.to--, b.to--;
		if (a.from == a.to || b.from == b.to)
			break;
		struct grid g = {left + a.from, right + b.from, a.to - a.from, b.to - b.from};
		struct point at = split(s, &g);
		int x = a.from + at.x, y = b.from + at.y;
		must((at.x || at.y) && (x < a.to || y < b.to));
		if (at.x + at.y < (a.to - x) + (b.to - y)) {
			search(s, (struct span){a.from, x}, (struct span){b.from, y});
			a.from = x;
			b.from = y;
		} else {
			search(s, (struct span){x, a.to}, (struct span){y, b.to});
			a.to = x;
			b.to = y;
		}
	}
	mark(s, 0, a.from, a.to);
	mark(s, 1, b.from, b.to);
}

/* ---- both together ---- */

static void split_lines(struct diff_side *side, struct str text)
{
	size_t count = 0, at = 0;

	for (const char *p = text.p, *end = p + text.n; text.n && p && p < end; count++) {
		p = memchr(p, '\n', (size_t)(end - p));
		p = p ? p + 1 : end;
	}
	side->lines = must_alloc(count + 1, sizeof *side->lines);
	side->is_changed = must_alloc(count + 1, sizeof *side->is_changed);
	for (; side->count < count; side->count++) {
		size_t end = str_find_char(text, '\n', at);
		size_t next = end == SIZE_MAX ? text.n : end + 1;
		side->lines[side->count] = (struct str){text.p + at, next - at};
		at = next;
	}
}

/* Numbers the lines from first to the last but behind, all of them in at first. */
static void number(struct row *row, struct classes *c, const struct diff_side *side, int which,
	size_t first, size_t behind)
{
	size_t count = side->count - behind - first;

	row->classes = must_alloc(count, sizeof *row->classes);
	row->at = must_alloc(count, sizeof *row->at);
	for (size_t i = 0; i < count; i++) {
		row->classes[i] = class_of(c, side->lines[first + i]);
		row->at[i] = (uint32_t)(first + i);
		c->items[row->classes[i]].count[which]++;
	}
	row->count = (int)count;
}

/* Sets aside what the other side has not. */
static void thin(struct row *row, const struct classes *c, struct diff_side *side, int which)
{
	int kept = 0;

	for (int i = 0; i < row->count; i++) {
		if (c->items[row->classes[i]].count[!which] == 0) {
			side->is_changed[row->at[i]] = true;
			continue;
		}
		row->classes[kept] = row->classes[i];
		row->at[kept++] = row->at[i];
	}
	row->count = kept;
}

static void compare_middle(struct diff *d, size_t first, size_t behind)
{
	struct search *s = must_alloc(1, sizeof *s);
	struct classes c;

	s->sides[0] = &d->before;
	s->sides[1] = &d->after;
	classes_start(&c, d->before.count + d->after.count - 2 * (first + behind));
	for (int i = 0; i < 2; i++)
		number(&s->rows[i], &c, s->sides[i], i, first, behind);
	for (int i = 0; i < 2; i++)
		thin(&s->rows[i], &c, s->sides[i], i);
	classes_release(&c);
	search(s, (struct span){0, s->rows[0].count}, (struct span){0, s->rows[1].count});
	for (int i = 0; i < 2; i++) {
		free(s->rows[i].classes);
		free(s->rows[i].at);
	}
	free(s);
}

void diff_compare(struct diff *d, struct str before, struct str after)
{
	size_t first = 0, behind = 0;

	*d = (struct diff){0};
	split_lines(&d->before, before);
	split_lines(&d->after, after);
	size_t n = d->before.count, m = d->after.count, least = n < m ? n : m;
	must(n + m < INT32_MAX);
	while (first < least && str_eq(d->before.lines[first], d->after.lines[first]))
		first++;
	while (behind < least - first &&
		str_eq(d->before.lines[n - 1 - behind], d->after.lines[m - 1 - behind]))
		behind++;
	if (first + behind < n || first + behind < m)
		compare_middle(d, first, behind);
}

void diff_release(struct diff *d)
{
	free(d->before.lines);
	free(d->before.is_changed);
	free(d->after.lines);
	free(d->after.is_changed);
	*d = (struct diff){0};
}
