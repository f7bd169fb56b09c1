// SPDX-License-Identifier: MIT
/* each: one answer after the other, out of the index and of what is not in it yet. */
#include <stdlib.h>

#include "usage/join.h"

struct visit {
	struct state *state;
	struct key_list copied; /* sorted */
	struct key_list met; /* of those, what lies in the time */
	int64_t since_ms, until_ms;
	bool (*visit)(void *self, const struct usage_entry *entry);
	void *self;
	struct chunk chunk;
	int64_t *seen; /* items by file; NULL where not all are looked at */
	bool is_over;
};

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool is_copied(const struct visit *v, uint64_t key)
{
	return key && v->copied.n > 0 &&
	       bsearch(&key, v->copied.p, v->copied.n, sizeof key, by_number);
}

static void give(struct visit *v, struct answer *answer)
{
	int64_t ms = answer->entry.time_ms;

	if (v->is_over || ms < v->since_ms || ms >= v->until_ms)
		return;
	state_price(v->state, &answer->entry);
	v->is_over = !v->visit(v->self, &answer->entry);
}

static bool visit_bytes(
	struct visit *v, uint32_t file, int64_t first_item, struct str bytes, struct err *e)
{
	chunk_clear(&v->chunk);
	if (!chunk_take(&v->chunk, bytes, &v->state->names, e))
		return false;
	for (size_t i = 0; i < v->chunk.items.n && !v->is_over; i++) {
		const struct chunk_item *item = &v->chunk.items.p[i];
		if (item->time_ms < v->since_ms || item->time_ms >= v->until_ms)
			continue;
		if (is_copied(v, item->key)) {
			vec_push(&v->met, item->key);
			continue;
		}
		struct answer answer =
			state_answer(v->state, file, &v->chunk, i, first_item + (int64_t)i);
		give(v, &answer);
	}
	return true;
}

static bool visit_chunk(
	void *self, uint32_t file, int64_t first_item, struct str bytes, struct err *e)
{
	struct visit *v = self;

	if (file >= v->state->known.files.n)
		return err_set(e, ERR_PARSE, "answers of a file that is not known");
	if (v->state->known.files.p[file].is_dropped || v->is_over)
		return true;
	if (!visit_bytes(v, file, first_item, bytes, e))
		return false;
	if (v->seen)
		v->seen[file] += (int64_t)v->chunk.items.n;
	return true;
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
static bool visit_copied(struct visit *v, struct err *e)
{
	struct answers g = {0};
	bool is_good = v->met.n == 0 || v->is_over || answers_of_keys(&g, v->state, &v->met, e);

	for (size_t from = 0, to; is_good && from < g.answers.n && !v->is_over; from = to) {
		to = answers_end(&g, from);
		struct answer joined = answers_join(&g, v->state, g.answers.p + from, to - from);
		give(v, &joined);
	}
	answers_release(&g);
	return is_good;
}

static bool visit_all(struct visit *v, struct err *e)
{
	struct state *state = v->state;

	if (state->pieces &&
		(!pieces_each_chunk(state->pieces, v->since_ms, v->until_ms, visit_chunk, v, e) ||
			!has_seen_all(v, e)))
		return false;
	vec_each (&state->pending, p) {
		if (!v->is_over && !visit_bytes(v, p->file, p->first_item, buf_str(&p->bytes), e))
			return false;
	}
	return visit_copied(v, e);
}

bool state_each(struct state *state, int64_t since_ms, int64_t until_ms,
	bool (*visit)(void *self, const struct usage_entry *entry), void *self, struct err *e)
{
	struct visit v = {.state = state,
		.since_ms = since_ms,
		.until_ms = until_ms,
		.visit = visit,
		.self = self};

	vec_each (&state->copied, key)
		vec_push(&v.copied, *key);
	if (v.copied.n > 0)
		qsort(v.copied.p, v.copied.n, sizeof *v.copied.p, by_number);
	if (state->pieces && since_ms == INT64_MIN && until_ms == INT64_MAX)
		v.seen = must_alloc(state->known.files.n + 1, sizeof *v.seen);
	bool is_good = visit_all(&v, e);
	free(v.seen);
	vec_release(&v.copied);
	vec_release(&v.met);
	chunk_release(&v.chunk);
	return is_good;
}
