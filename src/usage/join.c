// SPDX-License-Identifier: MIT
#include "usage/join.h"

#include <stdlib.h>
#include <string.h>

void answers_release(struct answers *gather)
{
	vec_release(&gather->answers);
	arena_release(&gather->arena);
}

/* ---- where they are ---- */

struct searcher {
	struct answers *gather;
	struct state *state;
	struct key_list *keys;
};

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void sort_once(struct key_list *keys)
{
	size_t n = 0;

	if (keys->n == 0)
		return;
	qsort(keys->p, keys->n, sizeof *keys->p, by_number);
	for (size_t i = 0; i < keys->n; i++)
		if (n == 0 || keys->p[n - 1] != keys->p[i])
			keys->p[n++] = keys->p[i];
	keys->n = n;
}

static void add_place(void *self, const struct key_place *place)
{
	struct searcher *s = self;

	if (place->file >= s->state->known.files.n)
		return;
	const struct known_file *file = &s->state->known.files.p[place->file];
	vec_push(&s->gather->answers, (struct answer){.key = place->key,
					      .item = place->item,
					      .entry.file = place->file,
					      .is_counted = s->state->stored.is_there &&
							    place->item < file->counted_items});
}

/* Without keys in the index, the place that came first has been counted, and it comes last here. */
static void search_table(struct searcher *s)
{
	vec_each (s->keys, key) {
		size_t before = s->gather->answers.n;
		keys_each(&s->state->keys, *key, add_place, s);
		if (!s->state->stored.is_there && s->gather->answers.n > before)
			s->gather->answers.p[s->gather->answers.n - 1].is_counted = true;
	}
}

/* ---- what they are ---- */

static int by_place(const void *a, const void *b)
{
	const struct answer *x = a, *y = b;

	if (x->entry.file != y->entry.file)
		return x->entry.file < y->entry.file ? -1 : 1;
	return x->item < y->item ? -1 : x->item > y->item;
}

static int by_key(const void *a, const void *b)
{
	const struct answer *x = a, *y = b;

	return x->key != y->key ? (x->key < y->key ? -1 : 1) : by_place(a, b);
}

struct opener {
	struct state *state;
	struct chunk chunk;
	size_t first; /* item of the file that the chunk begins with */
	bool is_begun;
};

static bool take_chunks(void *self, uint32_t, int64_t first_item, struct str bytes, struct err *e)
{
	struct opener *o = self;

	if (!o->is_begun)
		o->first = (size_t)first_item;
	o->is_begun = true;
	return chunk_take(&o->chunk, bytes, &o->state->names, e);
}

static struct pending *first_pending(struct state *state, uint32_t file)
{
	size_t low = 0, high = state->pending.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (state->pending.p[middle].file < file)
			low = middle + 1;
		else
			high = middle;
	}
	return state->pending.p + low;
}

/* Items of a file that are in the index. */
static bool open_indexed(struct opener *o, uint32_t file, size_t first, size_t last, struct err *e)
{
	chunk_clear(&o->chunk);
	o->first = 0;
	o->is_begun = false;
	return pieces_file_chunks(
		o->state->pieces, file, (int64_t)first, (int64_t)last, take_chunks, o, e);
}

/* Those that are not there yet. */
static bool open_pending(struct opener *o, uint32_t file, struct err *e)
{
	struct state *state = o->state;
	struct pending *end = state->pending.p + state->pending.n;
	struct pending *p = state->pending.n ? first_pending(state, file) : end;

	chunk_clear(&o->chunk);
	o->first = p < end && p->file == file ? (size_t)p->first_item : 0;
	for (; p < end && p->file == file; p++)
		if (!chunk_take(&o->chunk, buf_str(&p->bytes), &state->names, e))
			return false;
	return true;
}

static void keep_tools(struct answers *g, struct usage_entry *entry)
{
	uint32_t *own = arena_alloc(&g->arena, entry->tool_count, sizeof *own);

	memcpy(own, entry->tools, entry->tool_count * sizeof *own);
	entry->tools = own;
}

void answers_fill(struct answers *g, struct answer *answer, struct state *state,
	const struct chunk *chunk, size_t place)
{
	*answer = state_answer(state, answer->entry.file, chunk, place, answer->item);
	if (answer->entry.tool_count > 0)
		keep_tools(g, &answer->entry);
}

/* From what has been opened. */
static bool fill_open(struct answers *g, struct opener *o, size_t from, size_t to, struct err *e)
{
	for (size_t i = from; i < to; i++) {
		struct answer *a = &g->answers.p[i];
		bool is_counted = a->is_counted;
		size_t at = a->item - o->first;
		if (at >= o->chunk.items.n || o->chunk.items.p[at].key != a->key)
			return err_set(e, ERR_PARSE, "an answer is not where its key says");
		answers_fill(g, a, o->state, &o->chunk, at);
		a->is_counted = is_counted;
	}
	return true;
}

static bool fill_file(struct answers *g, struct opener *o, size_t from, size_t to, struct err *e)
{
	uint32_t file = g->answers.p[from].entry.file;
	const struct known_file *known = &o->state->known.files.p[file];
	int64_t indexed = o->state->pieces && !known->is_dropped ? known->counted_items : 0;
	size_t middle = from;

	while (middle < to && g->answers.p[middle].item < indexed)
		middle++;
	if (middle > from && (!open_indexed(o, file, g->answers.p[from].item,
				      g->answers.p[middle - 1].item, e) ||
				     !fill_open(g, o, from, middle, e)))
		return false;
	return middle == to || (open_pending(o, file, e) && fill_open(g, o, middle, to, e));
}

static bool fill(struct answers *g, struct state *state, struct err *e)
{
	struct opener o = {.state = state};
	bool is_good = true;

	for (size_t from = 0, to; from < g->answers.n && is_good; from = to) {
		uint32_t file = g->answers.p[from].entry.file;
		for (to = from; to < g->answers.n && g->answers.p[to].entry.file == file;)
			to++;
		is_good = fill_file(g, &o, from, to, e);
	}
	chunk_release(&o.chunk);
	return is_good;
}

void answers_find(struct answers *gather, struct state *state, struct key_list *keys)
{
	struct searcher s = {gather, state, keys};

	sort_once(keys);
	vec_each (keys, key)
		keys_each(&state->keys, *key, add_place, &s);
	if (gather->answers.n > 1)
		qsort(gather->answers.p, gather->answers.n, sizeof *gather->answers.p, by_place);
}

void answers_keep(struct answers *gather, const struct answer *answer)
{
	vec_push(&gather->answers, *answer);
	if (answer->entry.tool_count > 0)
		keep_tools(gather, &gather->answers.p[gather->answers.n - 1].entry);
}

void answers_append(struct answers *gather, const struct answers *more)
{
	vec_each (&more->answers, answer)
		vec_push(&gather->answers, *answer);
}

void answers_sort(struct answers *gather)
{
	if (gather->answers.n > 1)
		qsort(gather->answers.p, gather->answers.n, sizeof *gather->answers.p, by_key);
}

bool answers_of_keys(
	struct answers *gather, struct state *state, struct key_list *keys, struct err *e)
{
	struct searcher s = {gather, state, keys};

	sort_once(keys);
	search_table(&s);
	if (state->stored.is_there &&
		!stored_search(&state->stored, state->pieces, keys->p, keys->n, add_place, &s, e))
		return false;
	if (gather->answers.n == 0)
		return true;
	qsort(gather->answers.p, gather->answers.n, sizeof *gather->answers.p, by_place);
	if (!fill(gather, state, e))
		return false;
	answers_sort(gather);
	return true;
}

size_t answers_end(const struct answers *gather, size_t from)
{
	size_t to = from;

	while (to < gather->answers.n && gather->answers.p[to].key == gather->answers.p[from].key)
		to++;
	return to;
}

/* ---- joining ---- */

/* Below 0 where a is the one that says when and whose the answer was. */
static int order(const struct state *state, const struct answer *a, const struct answer *b)
{
	const struct known_file *x = &state->known.files.p[a->entry.file];
	const struct known_file *y = &state->known.files.p[b->entry.file];

	if (a->entry.time_ms != b->entry.time_ms)
		return a->entry.time_ms < b->entry.time_ms ? -1 : 1;
	if (x->born_ns != y->born_ns)
		return x->born_ns < y->born_ns ? -1 : 1;
	int by_dir = str_cmp(state->known.dirs.p[x->dir].path, state->known.dirs.p[y->dir].path);
	return by_dir ? by_dir : str_cmp(x->name, y->name);
}

/* How b's usage compares with a's: above 0 where it is the larger one. */
static int compare_usage(const struct answer *a, const struct answer *b)
{
	int64_t x = usage_tokens_total(&a->entry.tokens), y = usage_tokens_total(&b->entry.tokens);

	if (x != y)
		return y > x ? 1 : -1;
	x = a->entry.cost_reported_nanousd;
	y = b->entry.cost_reported_nanousd;
	return y > x ? 1 : y < x ? -1 : 0;
}

static void take_usage(struct answer *into, const struct answer *from)
{
	into->entry.tokens = from->entry.tokens;
	into->entry.cost_reported_nanousd = from->entry.cost_reported_nanousd;
	into->entry.flags = (into->entry.flags & ~USAGE_AMOUNT_FLAGS) |
			    (from->entry.flags & USAGE_AMOUNT_FLAGS);
	into->entry.model = from->entry.model;
	into->entry.provider = from->entry.provider;
}

static void take_place(struct answer *into, const struct answer *from)
{
	into->entry.time_ms = from->entry.time_ms;
	into->entry.session = from->entry.session;
	into->entry.project = from->entry.project;
	into->entry.branch = from->entry.branch;
	into->entry.agent = from->entry.agent;
	into->entry.flags = (into->entry.flags & USAGE_AMOUNT_FLAGS) |
			    (from->entry.flags & ~USAGE_AMOUNT_FLAGS);
}

static void add_tools(struct answers *g, struct answer *into, const struct answer *more)
{
	size_t had = into->entry.tool_count, n = more->entry.tool_count;
	size_t room = had < CHUNK_TOOLS_MAX ? CHUNK_TOOLS_MAX - had : 0;

	n = n < room ? n : room;
	if (n == 0)
		return;
	uint32_t *all = arena_alloc(&g->arena, had + n, sizeof *all);
	if (had > 0)
		memcpy(all, into->entry.tools, had * sizeof *all);
	memcpy(all + had, more->entry.tools, n * sizeof *all);
	into->entry.tools = all;
	into->entry.tool_count = had + n;
}

/* The answers of one file, which were read one after the other: as if they had been read at once.
 */
static struct answer join_file(struct answers *g, const struct answer *answers, size_t n)
{
	struct answer joined = answers[0];

	for (size_t i = 1; i < n; i++) {
		if (answers[i].is_replacing || compare_usage(&joined, &answers[i]) > 0)
			take_usage(&joined, &answers[i]);
		joined.is_replacing |= answers[i].is_replacing;
		if (answers[i].entry.time_ms < joined.entry.time_ms)
			take_place(&joined, &answers[i]);
		add_tools(g, &joined, &answers[i]);
	}
	return joined;
}

struct answer answers_join(struct answers *gather, const struct state *state,
	const struct answer *answers, size_t count)
{
	struct answer first = {0}, largest = {0};

	for (size_t at = 0, end; at < count; at = end) {
		for (end = at; end < count && answers[end].entry.file == answers[at].entry.file;)
			end++;
		struct answer one = join_file(gather, answers + at, end - at);
		int by_usage = at == 0 ? 1
			       : one.is_replacing != largest.is_replacing
				       ? (one.is_replacing ? 1 : -1)
				       : compare_usage(&largest, &one);
		if (at == 0 || order(state, &one, &first) < 0)
			first = one;
		if (by_usage > 0 || (by_usage == 0 && order(state, &one, &largest) < 0))
			largest = one;
	}
	take_place(&largest, &first);
	largest.entry.file = first.entry.file;
	largest.item = first.item;
	return largest;
}
