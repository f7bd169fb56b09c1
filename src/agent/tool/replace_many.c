// SPDX-License-Identifier: MIT
/*
 * Every old_string is looked for at once: sorted, those that begin like the text at some place are
 * the last one not behind it and its prefixes. Most places are told apart by their first bytes.
 *
 * Then the edits are taken one after the other, without touching the text: of each, only what its
 * new bytes and those beside them make is looked at, for old_strings that are there by it only.
 */
#include "agent/tool/replace_many.h"

#include <string.h>

#include "base/vec.h"

#define BYTE_ORDER_MARK STR("\xef\xbb\xbf")

enum {
	AT_ONCE_MAX = 4096,
	FILTER_BITS = 1 << 16,
	FIRST_BYTES = 8, /* that the filter looks at, at most */
	WORK_PER_BYTE = 16, /* of looking places up, and of bytes beside edits */
	WORK_LEAST = 1 << 16,
	COMPARED_MAX_BYTES = 512, /* what a look-up is thought to compare at most */
	COMPARED_AT_ONCE = 32,
};

struct wanted {
	struct str old;
	size_t edit; /* its number */
	size_t prefix; /* of the longest other one that it begins with; SIZE_MAX: none */
	size_t at; /* in the text as it was */
	size_t found; /* how often; at is known when it is once */
};

/* An edit that is made, in the order of places. */
struct made {
	size_t at, end; /* in the text as it was */
	struct str new;
};

struct batch {
	struct str text;
	const struct replacement *all;
	struct wanted *wanted; /* in the order of old */
	size_t *place; /* of an edit in wanted */
	size_t count, longest, first_bytes;
	uint64_t first_mask; /* of that many bytes */
	size_t work_left, work_of_place;
	bool is_blind; /* none is left: what the last edit has made is not known */
	uint64_t filter[FILTER_BITS / 64];
	VEC(struct made) made;
	struct buf window;
};

/* ---- which are plain ---- */

static bool has(struct str text, char c)
{
	return str_find_char(text, c, 0) != SIZE_MAX;
}

/* Bytes that make replace_in look at more than the place: binary files, byte order marks. */
static bool is_plain(const struct replacement *r)
{
	return !r->is_everywhere && r->old.n && !str_eq(r->old, r->new) && !has(r->new, '\0') &&
	       !str_starts(r->old, BYTE_ORDER_MARK);
}

/* Line ends are fitted to those of the text only where they could be others. */
static bool keeps_ends(const struct replacement *r)
{
	return has(r->old, '\r') || !has(r->new, '\n');
}

static size_t count_plain(struct str text, const struct replacement *all, size_t count)
{
	bool has_cr = has(text, '\r');
	size_t n = 0;

	if (has(text, '\0') || str_starts(text, BYTE_ORDER_MARK))
		return 0;
	for (; n < count && n < AT_ONCE_MAX && is_plain(&all[n]); n++)
		has_cr |= has(all[n].new, '\r');
	for (size_t i = 0; has_cr && i < n; i++)
		if (!keeps_ends(&all[i]))
			return i;
	return n;
}

/* ---- looking for all of them ---- */

static int by_old(const void *a, const void *b)
{
	const struct wanted *left = a, *right = b;
	int order = str_cmp(left->old, right->old);

	return order ? order : (left->edit > right->edit) - (left->edit < right->edit);
}

/* Of bytes of which there are enough. */
static size_t filter_bit(const struct batch *b, struct str bytes)
{
	uint64_t first = 0;

	if (bytes.n >= FIRST_BYTES)
		memcpy(&first, bytes.p, FIRST_BYTES);
	else
		memcpy(&first, bytes.p, bytes.n);
	/* Knuth's multiplicative hash; its upper bits depend on all the others. */
	return (size_t)((first & b->first_mask) * 0x9e37'79b9'7f4a'7c15 >> 48);
}

static void sort(struct batch *b)
{
	b->first_bytes = FIRST_BYTES;
	for (size_t i = 0; i < b->count; i++) {
		size_t n = b->all[i].old.n;
		b->wanted[i] = (struct wanted){.old = b->all[i].old, .edit = i};
		b->longest = n > b->longest ? n : b->longest;
		b->first_bytes = n < b->first_bytes ? n : b->first_bytes;
	}
	memset(&b->first_mask, 0xff, b->first_bytes);
	qsort(b->wanted, b->count, sizeof *b->wanted, by_old);
}

static void prepare(struct batch *b)
{
	size_t compared = b->longest < COMPARED_MAX_BYTES ? b->longest : COMPARED_MAX_BYTES;

	for (size_t i = 0; i < b->count; i++) {
		struct wanted *w = &b->wanted[i];
		size_t bit = filter_bit(b, w->old), before = i ? i - 1 : SIZE_MAX;
		b->place[w->edit] = i;
		b->filter[bit / 64] |= (uint64_t)1 << bit % 64;
		while (before != SIZE_MAX && !str_starts(w->old, b->wanted[before].old))
			before = b->wanted[before].prefix;
		w->prefix = before;
	}
	b->work_left = b->text.n * WORK_PER_BYTE + WORK_LEAST;
	b->work_of_place = 1 + compared / COMPARED_AT_ONCE;
}

/* The last one that is not behind rest in the order; SIZE_MAX: all are. */
static size_t last_before(const struct batch *b, struct str rest)
{
	size_t low = 0, high = b->count;

	rest = str_head(rest, b->longest);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (str_cmp(b->wanted[middle].old, rest) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}

static bool may_be_at(const struct batch *b, struct str rest)
{
	size_t bit = filter_bit(b, rest);

	return b->filter[bit / 64] >> bit % 64 & 1;
}

static bool spend(struct batch *b, size_t work)
{
	b->is_blind |= work > b->work_left;
	b->work_left -= b->is_blind ? 0 : work;
	return !b->is_blind;
}

/* Counts those that begin at start and end behind end_least. */
static void look_up(struct batch *b, struct str text, size_t start, size_t end_least, size_t times)
{
	struct str rest = str_skip(text, start);

	if (!spend(b, b->work_of_place))
		return;
	for (size_t i = last_before(b, rest); i != SIZE_MAX; i = b->wanted[i].prefix) {
		struct wanted *w = &b->wanted[i];
		if (!spend(b, 1))
			return;
		if (start + w->old.n <= end_least || !str_starts(rest, w->old))
			continue;
		w->at = start;
		w->found += times;
	}
}

/* Those that begin before start_end and end behind end_least. */
static void look(struct batch *b, struct str text, size_t start_end, size_t end_least, size_t times)
{
	for (size_t i = 0; i < start_end && i + b->first_bytes <= text.n && !b->is_blind; i++)
		if (may_be_at(b, (struct str){text.p + i, text.n - i}))
			look_up(b, text, i, end_least, times);
}

/* ---- one edit after the other ---- */

/* The place among those that are made. */
static size_t find_gap(const struct batch *b, size_t at)
{
	size_t low = 0, high = b->made.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (b->made.p[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The last n bytes before the edit with this number, as they are by now, turned round. */
static void put_before_turned(struct batch *b, size_t number, size_t n)
{
	size_t end = b->made.p[number].at, start;
	struct buf *out = &b->window;

	for (;;) {
		start = number ? b->made.p[number - 1].end : 0;
		while (n && end > start) {
			buf_put_char(out, b->text.p[--end]);
			n--;
		}
		if (!n || !number)
			return;
		const struct made *m = &b->made.p[--number];
		for (size_t i = m->new.n; n &&i-- > 0; n--)
			buf_put_char(out, m->new.p[i]);
		end = m->at;
	}
}

static void turn_round(struct buf *bytes)
{
	for (size_t i = 0, j = bytes->n; i + 1 < j; i++) {
		char c = bytes->p[i];
		bytes->p[i] = bytes->p[--j];
		bytes->p[j] = c;
	}
}

static void put_behind(struct batch *b, size_t number, size_t n)
{
	for (; n; number++) {
		size_t start = b->made.p[number].end;
		bool is_last = number + 1 == b->made.n;
		struct str part = str_range(b->text.p + start,
			b->text.p + (is_last ? b->text.n : b->made.p[number + 1].at));
		part = str_head(part, n);
		buf_put_str(&b->window, part);
		n -= part.n;
		if (is_last)
			return;
		part = str_head(b->made.p[number + 1].new, n);
		buf_put_str(&b->window, part);
		n -= part.n;
	}
}

/* What has come to be where this edit was made: at a place that is not in the text as it was. */
static void look_around(struct batch *b, size_t number)
{
	enum { NOT_ONCE = 2 };
	struct str new = b->made.p[number].new;
	size_t beside = b->longest - 1;

	if (!spend(b, new.n + 2 * beside))
		return;
	buf_clear(&b->window);
	put_before_turned(b, number, beside);
	turn_round(&b->window);
	size_t start = b->window.n;
	buf_put_str(&b->window, new);
	put_behind(b, number, beside);
	look(b, buf_str(&b->window), start + new.n, start, NOT_ONCE);
}

/* False: it is not there once, as it was from the beginning. */
static bool make(struct batch *b, size_t edit)
{
	/* Where a byte order mark would be. */
	enum { MARK_BYTES = 3 };
	const struct wanted *w = &b->wanted[b->place[edit]];
	size_t gap, end = w->at + w->old.n;

	if (w->found != 1 || w->at < MARK_BYTES)
		return false;
	gap = find_gap(b, w->at);
	if ((gap > 0 && b->made.p[gap - 1].end > w->at) ||
		(gap < b->made.n && b->made.p[gap].at < end))
		return false;
	vec_push(&b->made, (struct made){0});
	memmove(b->made.p + gap + 1, b->made.p + gap, (b->made.n - 1 - gap) * sizeof *b->made.p);
	b->made.p[gap] = (struct made){w->at, end, b->all[edit].new};
	look_around(b, gap);
	return true;
}

static void make_all(struct batch *b, size_t max_bytes)
{
	size_t size = b->text.n;

	for (size_t edit = 0; edit < b->count && !b->is_blind; edit++) {
		const struct replacement *r = &b->all[edit];
		if (r->new.n > r->old.n && size + (r->new.n - r->old.n) > max_bytes)
			return;
		if (!make(b, edit))
			return;
		size = size - r->old.n + r->new.n;
	}
}

static void write_out(const struct batch *b, struct buf *text)
{
	struct buf out = {.max = text->max};
	size_t from = 0;

	buf_reserve(&out, text->n);
	vec_each (&b->made, made) {
		buf_put_str(&out, str_range(b->text.p + from, b->text.p + made->at));
		buf_put_str(&out, made->new);
		from = made->end;
	}
	buf_put_str(&out, str_skip(b->text, from));
	/* Every step was small enough, so the last one is. */
	must(!out.overflow);
	buf_release(text);
	*text = out;
}

size_t replace_many(struct buf *text, const struct replacement *all, size_t count)
{
	struct batch b = {.text = buf_str(text), .all = all};

	b.count = count_plain(b.text, all, count);
	if (b.count < 2 || !text->n)
		return 0;
	b.wanted = must_alloc(b.count, sizeof *b.wanted);
	b.place = must_alloc(b.count, sizeof *b.place);
	sort(&b);
	prepare(&b);
	look(&b, b.text, b.text.n, 0, 1);
	if (!b.is_blind)
		make_all(&b, text->max ? text->max : BUF_MAX_DEFAULT);
	if (b.made.n)
		write_out(&b, text);
	free(b.wanted);
	free(b.place);
	buf_release(&b.window);
	size_t done = b.made.n;
	vec_release(&b.made);
	return done;
}
