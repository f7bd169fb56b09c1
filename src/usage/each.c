// SPDX-License-Identifier: MIT
/*
 * each: one answer after the other, out of the index and of what is not in it yet. Chunks are
 * fetched by one thread at a time, and unpacked by as many as there are hands.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "usage/join.h"

_Static_assert((int)USAGE_HANDS_MAX <= (int)FIND_THREADS_MAX, "a thread for each hand");

/* What answers of a chunk that are of one context have in common. */
struct like {
	struct usage_entry own; /* as the chunk has it */
	struct usage_entry entry; /* as the visitor wants it */
	const struct usage_price *price;
	bool is_known, is_wanted;
};

struct fetched {
	uint32_t file;
	int64_t first_item;
	const struct buf *bytes;
	size_t from, to;
};

struct visit;

/* What one thread works with. */
struct hand {
	struct visit *visit;
	void *self; /* the visitor's */
	struct names names; /* of the chunks it has seen */
	VEC(uint32_t) common; /* by those: the state's */
	VEC(struct fetched) fetched;
	struct buf bytes; /* of those of the index */
	struct chunk chunk;
	VEC(struct like) likes; /* by context */
	/* Copied answers that lie in the time: all of them, or, where not all are looked at, their
	   keys. */
	struct answers copies;
	struct key_list met;
};

struct visit {
	struct state *state;
	const struct usage_visitor *visitor;
	int64_t since_ms, until_ms;
	bool is_whole; /* that is all of it */
	struct key_list copied; /* sorted */
	uint64_t *copied_bits; /* by the last bits of a key: whether one of those may be it */
	uint64_t copied_mask;
	struct hand hands[USAGE_HANDS_MAX];
	_Atomic bool is_over;
	_Atomic int64_t *seen; /* items of the index by file; NULL where not all are looked at */
	pthread_mutex_t lock; /* of all that is below, and of the state */
	struct piece_chunks *chunks; /* NULL: none, or no more */
	size_t next_pending;
	bool is_bad;
	struct err e; /* the first one */
};

/* ---- answers that are in several places ---- */

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void prepare_copied(struct visit *v)
{
	enum { BITS_PER_KEY = 32 };
	size_t words = 1;

	vec_each (&v->state->copied, key)
		vec_push(&v->copied, *key);
	if (v->copied.n == 0)
		return;
	qsort(v->copied.p, v->copied.n, sizeof *v->copied.p, by_number);
	while (words * 64 < v->copied.n * BITS_PER_KEY)
		words *= 2;
	v->copied_bits = must_alloc(words, sizeof *v->copied_bits);
	v->copied_mask = words * 64 - 1;
	vec_each (&v->copied, key)
		v->copied_bits[(*key & v->copied_mask) >> 6] |= 1ull << (*key & 63);
}

static bool is_copied(const struct visit *v, uint64_t key)
{
	if (!key || !v->copied_bits ||
		!(v->copied_bits[(key & v->copied_mask) >> 6] >> (key & 63) & 1))
		return false;
	return bsearch(&key, v->copied.p, v->copied.n, sizeof key, by_number);
}

/* ---- a chunk ---- */

static void name_in_common(struct hand *h)
{
	struct visit *v = h->visit;

	if (h->common.n < h->names.all.n) {
		(void)pthread_mutex_lock(&v->lock);
		while (h->common.n < h->names.all.n) {
			struct str name = h->names.all.p[h->common.n];
			uint32_t number = names_add(&v->state->names, name);
			vec_push(&h->common, number);
		}
		(void)pthread_mutex_unlock(&v->lock);
	}
	vec_each (&h->chunk.contexts, c) {
		uint32_t *const all[] = {
			&c->session, &c->project, &c->branch, &c->agent, &c->model, &c->provider};
		for (size_t i = 0; i < sizeof all / sizeof *all; i++)
			*all[i] = h->common.p[*all[i]];
	}
	vec_each (&h->chunk.tools, tool)
		*tool = h->common.p[*tool];
}

static bool unpack(struct hand *h, const struct fetched *f, struct err *e)
{
	struct visit *v = h->visit;
	struct str bytes = {f->bytes->p + f->from, f->to - f->from};

	chunk_clear(&h->chunk);
	if (!chunk_take(&h->chunk, bytes, &h->names, e))
		return false;
	name_in_common(h);
	if (v->seen && f->bytes == &h->bytes)
		v->seen[f->file] += (int64_t)h->chunk.items.n;
	h->likes.n = 0;
	for (size_t i = 0; i < h->chunk.contexts.n; i++)
		vec_push(&h->likes, (struct like){0});
	return true;
}

static void want(struct visit *v, struct like *like)
{
	const struct usage_visitor *visitor = v->visitor;
	uint32_t model = like->entry.model, provider = like->entry.provider;

	like->price = state_price_of(v->state, model, provider);
	like->is_wanted = !visitor->wants || visitor->wants(visitor->self, &like->entry);
	like->is_known = true;
}

static const struct like *like_of(struct hand *h, uint32_t file, size_t place)
{
	struct visit *v = h->visit;
	struct like *like = &h->likes.p[h->chunk.items.p[place].context];

	if (like->is_known)
		return like;
	(void)pthread_mutex_lock(&v->lock);
	like->own = like->entry = state_answer(v->state, file, &h->chunk, place, 0).entry;
	want(v, like);
	(void)pthread_mutex_unlock(&v->lock);
	return like;
}

static void give(struct hand *h, struct usage_entry *entry, const struct usage_price *price)
{
	struct visit *v = h->visit;

	entry->cost_calculated_nanousd = usage_price_cost(price, &entry->tokens, entry->flags);
	if (!v->visitor->visit(h->self, entry))
		v->is_over = true;
}

static void set_numbers(const struct hand *h, struct usage_entry *entry, size_t place)
{
	const struct chunk_item *item = &h->chunk.items.p[place];

	entry->time_ms = item->time_ms;
	entry->tokens = item->tokens;
	entry->cost_reported_nanousd = item->cost_reported_nanousd;
	entry->tools = h->chunk.tools.p ? h->chunk.tools.p + item->tool_first : NULL;
	entry->tool_count = item->tool_count;
}

static void keep_copy(struct hand *h, const struct like *like, size_t place, int64_t item)
{
	const struct chunk_item *i = &h->chunk.items.p[place];
	struct answer copy = {.entry = like->own,
		.key = i->key,
		.item = (uint32_t)item,
		.is_replacing = i->is_replacing};

	if (!h->visit->is_whole) {
		vec_push(&h->met, i->key);
		return;
	}
	set_numbers(h, &copy.entry, place);
	answers_keep(&h->copies, &copy);
}

static void look_at_items(struct hand *h, uint32_t file, int64_t first_item)
{
	struct visit *v = h->visit;
	struct usage_entry entry;
	const struct like *last = NULL;

	for (size_t i = 0; i < h->chunk.items.n && !v->is_over; i++) {
		const struct chunk_item *item = &h->chunk.items.p[i];
		if (item->time_ms < v->since_ms || item->time_ms >= v->until_ms)
			continue;
		const struct like *like = like_of(h, file, i);
		if (is_copied(v, item->key)) {
			keep_copy(h, like, i, first_item + (int64_t)i);
			continue;
		}
		if (!like->is_wanted)
			continue;
		if (like != last)
			entry = like->entry;
		last = like;
		set_numbers(h, &entry, i);
		entry.item = (uint32_t)(first_item + (int64_t)i);
		give(h, &entry, like->price);
	}
}

/* ---- all of them ---- */

/* Some of the index's. */
static bool fetch_indexed(struct hand *h, struct err *e)
{
	enum { FETCH_BYTES = 64 << 10 };
	struct visit *v = h->visit;
	const struct known *known = &v->state->known;
	struct piece_chunk chunk;

	while (h->bytes.n < FETCH_BYTES) {
		if (!pieces_chunks_next(v->chunks, &chunk, e))
			return false;
		if (!chunk.bytes.p) {
			pieces_chunks_end(v->chunks);
			v->chunks = NULL;
			return true;
		}
		if (chunk.file >= known->files.n)
			return err_set(e, ERR_PARSE, "answers of a file that is not known");
		if (known->files.p[chunk.file].is_dropped)
			continue;
		size_t from = h->bytes.n;
		buf_put_str(&h->bytes, chunk.bytes);
		if (h->bytes.overflow)
			return err_set(e, ERR_PARSE, "answers that are too large");
		vec_push(&h->fetched, (struct fetched){chunk.file, chunk.first_item, &h->bytes,
					      from, h->bytes.n});
	}
	return true;
}

/* The index's, then those that are not in it; none: there are no more. */
static bool fetch_some(struct hand *h, struct err *e)
{
	struct visit *v = h->visit;

	if (v->chunks && !fetch_indexed(h, e))
		return false;
	if (h->fetched.n == 0 && v->next_pending < v->state->pending.n) {
		const struct pending *p = &v->state->pending.p[v->next_pending++];
		vec_push(&h->fetched,
			(struct fetched){p->file, p->first_item, &p->bytes, 0, p->bytes.n});
	}
	return true;
}

/* Of two failures the first one is told. */
static void fail(struct visit *v, const struct err *e)
{
	if (!v->is_bad)
		v->e = *e;
	v->is_bad = true;
	v->is_over = true;
}

static void fetch(struct hand *h)
{
	struct visit *v = h->visit;
	struct err e;

	h->fetched.n = 0;
	buf_clear(&h->bytes);
	(void)pthread_mutex_lock(&v->lock);
	if (!v->is_over && !fetch_some(h, &e))
		fail(v, &e);
	(void)pthread_mutex_unlock(&v->lock);
}

static void work(void *self, int thread)
{
	struct visit *v = self;
	struct hand *h = &v->hands[thread];
	struct err e;

	for (fetch(h); h->fetched.n > 0 && !v->is_over; fetch(h))
		vec_each (&h->fetched, f) {
			if (unpack(h, f, &e)) {
				look_at_items(h, f->file, f->first_item);
				continue;
			}
			(void)pthread_mutex_lock(&v->lock);
			fail(v, &e);
			(void)pthread_mutex_unlock(&v->lock);
			break;
		}
}

/* Rows that are not there are not noticed otherwise. */
static bool has_seen_all(const struct visit *v, struct err *e)
{
	const struct known *known = &v->state->known;

	if (!v->seen || v->is_over)
		return true;
	for (size_t i = 0; i < known->files.n; i++)
		if (!known->files.p[i].is_dropped && v->seen[i] != known->files.p[i].counted_items)
			return err_set(e, ERR_PARSE, "answers of a file are missing");
	return true;
}

/* An answer's earliest place is in the time where the answer is, so all of those have been met. */
static bool gather_copied(struct visit *v, struct answers *all, struct err *e)
{
	struct key_list met = {0};

	for (size_t i = 0; i < USAGE_HANDS_MAX; i++) {
		answers_append(all, &v->hands[i].copies);
		vec_each (&v->hands[i].met, key)
			vec_push(&met, *key);
	}
	answers_sort(all);
	bool is_good = met.n == 0 || answers_of_keys(all, v->state, &met, e);
	vec_release(&met);
	return is_good;
}

static bool visit_copied(struct visit *v, struct err *e)
{
	struct answers all = {0};
	bool is_good = v->is_over || gather_copied(v, &all, e);

	for (size_t from = 0, to; is_good && from < all.answers.n && !v->is_over; from = to) {
		to = answers_end(&all, from);
		struct answer joined =
			answers_join(&all, v->state, all.answers.p + from, to - from);
		struct like like = {.entry = joined.entry};
		if (like.entry.time_ms < v->since_ms || like.entry.time_ms >= v->until_ms)
			continue;
		like.entry.item = joined.item;
		want(v, &like);
		if (like.is_wanted)
			give(&v->hands[0], &like.entry, like.price);
	}
	answers_release(&all);
	return is_good;
}

/* Threads cost more than a few answers do. */
static int threads_of(const struct visit *v)
{
	enum { MANY_ANSWERS = 20'000 };
	int64_t answers = 0;

	vec_each (&v->state->known.files, file)
		answers += file->items;
	return answers < MANY_ANSWERS ? 1 : (int)v->visitor->hand_count;
}

static bool visit_all(struct visit *v, struct err *e)
{
	struct state *state = v->state;

	if (state->pieces) {
		v->chunks = pieces_chunks_begin(state->pieces, v->since_ms, v->until_ms, e);
		if (!v->chunks)
			return false;
	}
	find_on_all(work, v, threads_of(v));
	pieces_chunks_end(v->chunks);
	if (v->is_bad)
		*e = v->e;
	return !v->is_bad && has_seen_all(v, e) && visit_copied(v, e);
}

static void release_hand(struct hand *h)
{
	names_release(&h->names);
	vec_release(&h->common);
	vec_release(&h->fetched);
	buf_release(&h->bytes);
	chunk_release(&h->chunk);
	vec_release(&h->likes);
	answers_release(&h->copies);
	vec_release(&h->met);
}

bool state_each(struct state *state, int64_t since_ms, int64_t until_ms,
	const struct usage_visitor *visitor, struct err *e)
{
	struct visit v = {.state = state,
		.visitor = visitor,
		.since_ms = since_ms,
		.until_ms = until_ms,
		.is_whole = since_ms == INT64_MIN && until_ms == INT64_MAX,
		.lock = PTHREAD_MUTEX_INITIALIZER};

	must(visitor->hand_count >= 1 && visitor->hand_count <= USAGE_HANDS_MAX);
	for (size_t i = 0; i < visitor->hand_count; i++)
		v.hands[i] = (struct hand){.visit = &v, .self = visitor->hands[i]};
	prepare_copied(&v);
	if (state->pieces && v.is_whole)
		v.seen = must_alloc(state->known.files.n + 1, sizeof *v.seen);
	bool is_good = visit_all(&v, e);
	for (size_t i = 0; i < USAGE_HANDS_MAX; i++)
		release_hand(&v.hands[i]);
	(void)pthread_mutex_destroy(&v.lock);
	free((void *)v.seen);
	free(v.copied_bits);
	vec_release(&v.copied);
	return is_good;
}
