// SPDX-License-Identifier: MIT
#include "usage/state.h"

#include <string.h>

#include "base/money.h"

/* Cells are told apart by these; the others only change the price. */
static const uint32_t cell_flags = USAGE_FAST | USAGE_SIDECHAIN | USAGE_GUESSED_MODEL;

void state_release(struct state *state)
{
	names_release(&state->names);
	known_release(&state->known);
	keys_release(&state->keys);
	cells_release(&state->cells);
	vec_each (&state->pending, p)
		buf_release(&p->bytes);
	vec_release(&state->pending);
	vec_release(&state->copied);
	for (int i = 0; i < KEY_PARTS; i++)
		buf_release(&state->parts[i]);
	for (int i = 0; i < OPENED_FILES; i++)
		chunk_release(&state->opened[i].chunk);
	vec_release(&state->prices);
	vec_release(&state->source_names);
	pieces_close(state->pieces);
	arena_release(&state->arena);
}

/* ---- one answer ---- */

static const struct usage_price *price_of(struct state *state, uint32_t model, uint32_t provider)
{
	for (size_t i = state->prices.n; i > 0; i--) {
		const struct context_price *p = &state->prices.p[i - 1];
		if (p->model == model && p->provider == provider)
			return p->price;
	}
	const struct usage_price *price = usage_prices_find(state->wish.prices,
		names_get(&state->names, provider), names_get(&state->names, model));
	vec_push(&state->prices, (struct context_price){model, provider, price});
	return price;
}

static uint32_t source_of(struct state *state, uint32_t file)
{
	uint32_t source = state->known.dirs.p[state->known.files.p[file].dir].source;

	while (state->source_names.n <= source) {
		struct str name = str_from(usage_readers[state->source_names.n]->name);
		vec_push(&state->source_names, names_add(&state->names, name));
	}
	return state->source_names.p[source];
}

static struct answer answer_of(
	struct state *state, uint32_t file, const struct chunk *chunk, size_t place, int64_t item)
{
	const struct chunk_item *i = &chunk->items.p[place];
	const struct chunk_context *c = &chunk->contexts.p[i->context];

	return (struct answer){
		.entry = {.time_ms = i->time_ms,
			.source = source_of(state, file),
			.session = c->session,
			.project = c->project,
			.branch = c->branch,
			.agent = c->agent,
			.model = c->model,
			.provider = c->provider,
			.flags = c->flags,
			.file = file,
			.tokens = i->tokens,
			.cost_reported_nanousd = i->cost_reported_nanousd,
			.tools = chunk->tools.p ? chunk->tools.p + i->tool_first : NULL,
			.tool_count = i->tool_count},
		.item = (uint32_t)item,
		.is_replacing = i->is_replacing,
	};
}

int64_t usage_entry_cost(const struct usage_entry *entry, enum usage_mode mode)
{
	if (mode == USAGE_CALCULATE)
		return entry->cost_calculated_nanousd;
	if (mode == USAGE_DISPLAY || entry->cost_reported_nanousd >= 0)
		return entry->cost_reported_nanousd;
	return entry->cost_calculated_nanousd;
}

static void set_price(struct state *state, struct usage_entry *entry)
{
	entry->cost_calculated_nanousd = usage_price_cost(
		price_of(state, entry->model, entry->provider), &entry->tokens, entry->flags);
}

struct usage_sum usage_entry_sum(const struct usage_entry *entry)
{
	struct usage_sum sum = {.tokens = entry->tokens, .answers = 1};
	bool has_tokens = usage_tokens_total(&entry->tokens) > 0;

	for (int mode = 0; mode < USAGE_MODES; mode++) {
		int64_t cost = usage_entry_cost(entry, (enum usage_mode)mode);
		sum.cost_nanousd[mode] = cost > 0 ? cost : 0;
		sum.unpriced[mode] = cost < 0 && has_tokens;
	}
	return sum;
}

static struct usage_cell *cell_of(struct state *state, const struct usage_entry *entry)
{
	struct usage_cell like = {
		.day = usage_zone_day(state->wish.zone, entry->time_ms),
		.source = entry->source,
		.session = entry->session,
		.project = entry->project,
		.branch = entry->branch,
		.agent = entry->agent,
		.model = entry->model,
		.provider = entry->provider,
		.flags = entry->flags & cell_flags,
	};

	return cells_at(&state->cells, &like);
}

static void count(struct state *state, struct answer *answer)
{
	struct usage_cell *cell = cell_of(state, &answer->entry);

	set_price(state, &answer->entry);
	struct usage_sum sum = usage_entry_sum(&answer->entry);
	usage_sum_add(&cell->sum, &sum);
	if (answer->entry.time_ms < cell->first_ms)
		cell->first_ms = answer->entry.time_ms;
	if (answer->entry.time_ms > cell->last_ms)
		cell->last_ms = answer->entry.time_ms;
}

static void uncount(struct state *state, struct answer *answer)
{
	set_price(state, &answer->entry);
	struct usage_sum sum = usage_entry_sum(&answer->entry);
	usage_sum_remove(&cell_of(state, &answer->entry)->sum, &sum);
}

/* ---- answers that are in several places ---- */

static bool take_chunks(void *self, uint32_t, int64_t, struct str bytes, struct err *e)
{
	struct state *state = self;

	return chunk_take(&state->opened[state->opened_next].chunk, bytes, &state->names, e);
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

static bool take_pending(struct state *state, struct chunk *chunk, uint32_t file, struct err *e)
{
	struct pending *end = state->pending.p + state->pending.n;

	for (struct pending *p = first_pending(state, file); p < end && p->file == file; p++)
		if (!chunk_take(chunk, buf_str(&p->bytes), &state->names, e))
			return false;
	return true;
}

static const struct chunk *open_file(struct state *state, uint32_t file, struct err *e)
{
	for (int i = 0; i < OPENED_FILES; i++)
		if (state->opened[i].is_used && state->opened[i].file == file)
			return &state->opened[i].chunk;
	state->opened_next = (state->opened_next + 1) % OPENED_FILES;
	struct opened_file *opened = &state->opened[state->opened_next];
	opened->is_used = false;
	chunk_clear(&opened->chunk);
	if (state->pieces && !state->known.files.p[file].is_dropped &&
		!pieces_file_chunks(state->pieces, file, take_chunks, state, e))
		return NULL;
	if (!take_pending(state, &opened->chunk, file, e))
		return NULL;
	opened->file = file;
	opened->is_used = true;
	return &opened->chunk;
}

static void close_files(struct state *state)
{
	for (int i = 0; i < OPENED_FILES; i++)
		state->opened[i].is_used = false;
}

/* Below 0 where a is the one that says when and whose the answer was. */
static int order(const struct state *state, const struct answer *a, const struct answer *b)
{
	const struct known_file *x = &state->known.files.p[a->entry.file];
	const struct known_file *y = &state->known.files.p[b->entry.file];

	if (a->entry.time_ms != b->entry.time_ms)
		return a->entry.time_ms < b->entry.time_ms ? -1 : 1;
	if (x == y)
		return a->item < b->item ? -1 : 1;
	if (x->born_ns != y->born_ns)
		return x->born_ns < y->born_ns ? -1 : 1;
	int by_dir = str_cmp(state->known.dirs.p[x->dir].path, state->known.dirs.p[y->dir].path);
	return by_dir ? by_dir : str_cmp(x->name, y->name);
}

/* Whether b's usage stands in place of a's. */
static bool is_larger(const struct state *state, const struct answer *a, const struct answer *b)
{
	int64_t x = usage_tokens_total(&a->entry.tokens), y = usage_tokens_total(&b->entry.tokens);

	if (a->entry.file == b->entry.file && (a->is_replacing || b->is_replacing))
		return b->item > a->item;
	if (a->is_replacing != b->is_replacing)
		return b->is_replacing;
	if (x != y)
		return y > x;
	if (a->entry.cost_reported_nanousd != b->entry.cost_reported_nanousd)
		return b->entry.cost_reported_nanousd > a->entry.cost_reported_nanousd;
	return order(state, b, a) < 0;
}

struct group {
	struct state *state;
	VEC(struct answer) answers;
	uint32_t not_file; /* the place that is left out */
	uint32_t not_item;
	struct err *e;
	bool has_failed;
};

static void add_place(void *self, const struct key_place *place)
{
	struct group *g = self;

	if (place->file == g->not_file && place->item == g->not_item)
		return;
	if (place->file >= g->state->known.files.n || g->has_failed)
		return;
	const struct chunk *chunk = open_file(g->state, place->file, g->e);
	if (!chunk)
		g->has_failed = true;
	else if (place->item < chunk->items.n)
		vec_push(&g->answers,
			answer_of(g->state, place->file, chunk, place->item, place->item));
}

static bool load_part(struct state *state, unsigned part, struct err *e)
{
	if (state->part_is_loaded[part] || !state->has_parts)
		return true;
	state->part_is_loaded[part] = true;
	return pieces_get(state->pieces, PIECE_KEYS, part, &state->parts[part], e);
}

static bool find_group(struct group *g, uint64_t key)
{
	unsigned part = key_part(key);

	if (!load_part(g->state, part, g->e))
		return false;
	key_part_each(buf_str(&g->state->parts[part]), key, add_place, g);
	keys_each(&g->state->keys, key, add_place, g);
	return !g->has_failed;
}

static struct answer join_all(const struct group *g)
{
	const struct answer *first = &g->answers.p[0], *largest = first;

	for (size_t i = 1; i < g->answers.n; i++) {
		const struct answer *a = &g->answers.p[i];
		if (order(g->state, a, first) < 0)
			first = a;
		if (is_larger(g->state, largest, a))
			largest = a;
	}
	struct answer joined = *first;
	joined.entry.tokens = largest->entry.tokens;
	joined.entry.cost_reported_nanousd = largest->entry.cost_reported_nanousd;
	joined.entry.tools = largest->entry.tools;
	joined.entry.tool_count = largest->entry.tool_count;
	return joined;
}

/* Counts an answer whose key may have come before. */
static bool add_keyed(struct state *state, const struct answer *answer, uint64_t key, struct err *e)
{
	struct group g = {
		.state = state, .not_file = answer->entry.file, .not_item = answer->item, .e = e};

	struct answer own = *answer;
	size_t before = keys_add(&state->keys, (struct key_place){key, own.entry.file, own.item});
	if (before == 0 && !state->has_parts) {
		count(state, &own);
		return true;
	}
	if (!find_group(&g, key)) {
		vec_release(&g.answers);
		return false;
	}
	if (g.answers.n > 0) {
		struct answer had = join_all(&g);
		if (g.answers.n == 1)
			vec_push(&state->copied, key);
		uncount(state, &had);
		vec_push(&g.answers, own);
		own = join_all(&g);
		state->copies++;
	}
	count(state, &own);
	vec_release(&g.answers);
	return true;
}

/* ---- all answers ---- */

static bool add_chunk(struct state *state, uint32_t file, const struct chunk *chunk,
	int64_t first_item, struct err *e)
{
	for (size_t i = 0; i < chunk->items.n; i++) {
		struct answer answer = answer_of(state, file, chunk, i, first_item + (int64_t)i);
		uint64_t key = chunk->items.p[i].key;
		if (!key)
			count(state, &answer);
		else if (!add_keyed(state, &answer, key, e))
			return false;
	}
	return true;
}

bool state_add(
	struct state *state, uint32_t file, struct str bytes, int64_t first_item, struct err *e)
{
	struct chunk chunk = {0};
	bool is_good = chunk_take(&chunk, bytes, &state->names, e);

	if (is_good) {
		keys_reserve(&state->keys, state->keys.all.n + chunk.items.n);
		is_good = add_chunk(state, file, &chunk, first_item, e);
	}
	chunk_release(&chunk);
	return is_good;
}

struct recount {
	struct state *state;
	struct chunk chunk;
};

static bool recount_chunk(
	void *self, uint32_t file, int64_t first_item, struct str bytes, struct err *e)
{
	struct recount *r = self;

	if (file >= r->state->known.files.n)
		return err_set(e, ERR_PARSE, "answers of a file that is not known");
	if (r->state->known.files.p[file].is_dropped)
		return true;
	chunk_clear(&r->chunk);
	return chunk_take(&r->chunk, bytes, &r->state->names, e) &&
	       add_chunk(r->state, file, &r->chunk, first_item, e);
}

static bool recount_pending(struct recount *r, const struct pending *p, struct err *e)
{
	chunk_clear(&r->chunk);
	return chunk_take(&r->chunk, buf_str(&p->bytes), &r->state->names, e) &&
	       add_chunk(r->state, p->file, &r->chunk, p->first_item, e);
}

static void forget_sums(struct state *state)
{
	keys_release(&state->keys);
	cells_release(&state->cells);
	state->copied.n = 0;
	state->copies = 0;
	state->has_parts = false;
	close_files(state);
	for (int i = 0; i < KEY_PARTS; i++)
		buf_clear(&state->parts[i]);
}

bool state_count_again(struct state *state, struct err *e)
{
	struct recount r = {.state = state};
	bool is_good = true;

	forget_sums(state);
	if (state->pieces)
		is_good = pieces_each_chunk(
			state->pieces, INT64_MIN, INT64_MAX, recount_chunk, &r, e);
	vec_each (&state->pending, p)
		is_good = is_good && recount_pending(&r, p, e);
	chunk_release(&r.chunk);
	return is_good;
}

/* ---- what was read ---- */

/* What the directories' and files' texts are in has to outlive the readers' arenas. */
static void take_texts(struct state *state, struct known_file *file, const struct harvest_job *job)
{
	struct arena *a = &state->known.arena;

	file->memory = job->memory;
	for (int i = 0; i < USAGE_TEXTS; i++)
		if (job->memory.texts[i].p)
			file->memory.texts[i] = arena_copy(a, job->memory.texts[i]);
	if (job->was_rewritten || file->damaged == 0)
		file->damage_count = 0;
	for (size_t i = 0; i < job->damage_count && file->damage_count < USAGE_DAMAGES; i++)
		file->damages[file->damage_count++] = (struct usage_damage){
			job->damages[i].offset, arena_copy(a, job->damages[i].why)};
}

static void take_job(struct state *state, struct harvest_job *job)
{
	struct known_file *file = &state->known.files.p[job->file];

	file->is_changed = true;
	if (!job->is_good) {
		file->state = USAGE_FILE_UNREADABLE;
		file->why = arena_copy(&state->known.arena, str_from(job->e.text));
		return;
	}
	if (job->was_rewritten) {
		file->is_dropped = true;
		file->items = file->copies = file->damaged = 0;
	}
	take_texts(state, file, job);
	file->state = USAGE_FILE_READ;
	file->why = (struct str){0};
	file->facts = file->now;
	file->end = job->end;
	file->tail = job->tail;
	file->born_ns = job->born_ns;
	int64_t first_item = file->items;
	file->items += job->items;
	file->copies += job->copies;
	file->damaged += job->damaged;
	if (job->chunk.n == 0)
		return;
	vec_push(&state->pending,
		(struct pending){job->file, first_item, job->first_ms, job->last_ms, job->chunk});
	job->chunk = (struct buf){0};
}

static void note_gone(struct state *state, struct known_file *file)
{
	if (file->change == KNOWN_VANISHED)
		file->state = USAGE_FILE_GONE;
	else if (file->change == KNOWN_SHUT) {
		file->state = USAGE_FILE_UNREADABLE;
		file->why = STR("it cannot be looked at");
	} else
		return;
	file->is_changed = state->is_changed = true;
}

bool state_take_jobs(struct state *state, struct harvest *harvest, struct err *e)
{
	bool has_dropped = false;

	vec_each (&state->known.files, file)
		note_gone(state, file);
	vec_each (&harvest->jobs, job) {
		take_job(state, job);
		has_dropped |= state->known.files.p[job->file].is_dropped;
		state->is_changed = true;
	}
	if (has_dropped) {
		state->is_rebuilt = true;
		return state_count_again(state, e);
	}
	vec_each (&state->pending, p) {
		int64_t first = state->known.files.p[p->file].items;
		vec_each (&harvest->jobs, job)
			if (job->file == p->file)
				first -= job->items;
		if (!state_add(state, p->file, buf_str(&p->bytes), first, e))
			return false;
	}
	return true;
}

/* ---- each ---- */

struct visit {
	struct state *state;
	uint64_t *copied; /* sorted */
	int64_t since_ms, until_ms;
	bool (*visit)(void *self, const struct usage_entry *entry);
	void *self;
	struct chunk chunk;
	bool is_over;
};

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Joins an answer with its copies; false: another place stands for all of them. */
static bool join_copies(
	struct visit *v, struct answer *answer, uint64_t key, bool *is_first, struct err *e)
{
	struct group g = {.state = v->state, .not_file = UINT32_MAX, .e = e};

	if (!find_group(&g, key)) {
		vec_release(&g.answers);
		return false;
	}
	if (g.answers.n > 0) {
		struct answer joined = join_all(&g);
		*is_first = joined.entry.file == answer->entry.file && joined.item == answer->item;
		*answer = joined;
	}
	vec_release(&g.answers);
	return true;
}

static bool visit_items(struct visit *v, uint32_t file, int64_t first_item, struct err *e)
{
	for (size_t i = 0; i < v->chunk.items.n && !v->is_over; i++) {
		struct answer answer =
			answer_of(v->state, file, &v->chunk, i, first_item + (int64_t)i);
		uint64_t key = v->chunk.items.p[i].key;
		bool is_first = true;
		if (answer.entry.time_ms < v->since_ms || answer.entry.time_ms >= v->until_ms)
			continue;
		if (key && v->state->copied.n > 0 &&
			bsearch(&key, v->copied, v->state->copied.n, sizeof key, by_number) &&
			!join_copies(v, &answer, key, &is_first, e))
			return false;
		if (!is_first)
			continue;
		set_price(v->state, &answer.entry);
		v->is_over = !v->visit(v->self, &answer.entry);
	}
	return true;
}

static bool visit_bytes(
	struct visit *v, uint32_t file, int64_t first_item, struct str bytes, struct err *e)
{
	chunk_clear(&v->chunk);
	return chunk_take(&v->chunk, bytes, &v->state->names, e) &&
	       visit_items(v, file, first_item, e);
}

static bool visit_chunk(
	void *self, uint32_t file, int64_t first_item, struct str bytes, struct err *e)
{
	struct visit *v = self;

	if (file >= v->state->known.files.n || v->state->known.files.p[file].is_dropped ||
		v->is_over)
		return true;
	return visit_bytes(v, file, first_item, bytes, e);
}

static bool visit_all(struct visit *v, struct err *e)
{
	struct state *state = v->state;

	if (state->pieces &&
		!pieces_each_chunk(state->pieces, v->since_ms, v->until_ms, visit_chunk, v, e))
		return false;
	vec_each (&state->pending, p) {
		if (!v->is_over && !visit_bytes(v, p->file, p->first_item, buf_str(&p->bytes), e))
			return false;
	}
	return true;
}

bool state_each(struct state *state, int64_t since_ms, int64_t until_ms,
	bool (*visit)(void *self, const struct usage_entry *entry), void *self, struct err *e)
{
	struct visit v = {.state = state,
		.since_ms = since_ms,
		.until_ms = until_ms,
		.visit = visit,
		.self = self};

	v.copied = must_alloc(state->copied.n + 1, sizeof *v.copied);
	if (state->copied.n > 0)
		memcpy(v.copied, state->copied.p, state->copied.n * sizeof *v.copied);
	qsort(v.copied, state->copied.n, sizeof *v.copied, by_number);
	bool is_good = visit_all(&v, e);
	free(v.copied);
	chunk_release(&v.chunk);
	return is_good;
}
