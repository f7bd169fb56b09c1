// SPDX-License-Identifier: MIT
#include "usage/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "usage/join.h"

/* Cells are told apart by these; the others only change the price. */
static const uint32_t cell_flags =
	USAGE_FAST | USAGE_SIDECHAIN | USAGE_GUESSED_MODEL | USAGE_SUMMED;

void state_release(struct state *state)
{
	find_abandon(state->ahead);
	names_release(&state->names);
	known_release(&state->known);
	keys_release(&state->keys);
	cells_release(&state->cells);
	vec_each (&state->pending, p)
		buf_release(&p->bytes);
	vec_release(&state->pending);
	vec_release(&state->copied);
	vec_release(&state->fresh);
	vec_release(&state->loose);
	vec_release(&state->prices);
	vec_release(&state->source_names);
	vec_release(&state->history.marks);
	pieces_close(state->pieces);
	arena_release(&state->arena);
}

/* ---- one answer ---- */

const struct usage_price *state_price_of(struct state *state, uint32_t model, uint32_t provider)
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

struct answer state_answer(
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
		.key = i->key,
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

void state_price(struct state *state, struct usage_entry *entry)
{
	entry->cost_calculated_nanousd = usage_price_cost(
		state_price_of(state, entry->model, entry->provider), &entry->tokens, entry->flags);
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

struct usage_cell *state_cell(struct state *state, const struct usage_entry *entry)
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

static void count_into(
	struct state *state, struct usage_cell *cell, const struct usage_entry *entry)
{
	struct usage_sum sum = usage_entry_sum(entry);

	usage_sum_add(&cell->sum, &sum);
	cells_note_change(&state->cells, cell);
	if (entry->time_ms < cell->first_ms)
		cell->first_ms = entry->time_ms;
	if (entry->time_ms > cell->last_ms)
		cell->last_ms = entry->time_ms;
}

static void count(struct state *state, struct answer *answer)
{
	struct usage_cell *cell = state_cell(state, &answer->entry);

	state_price(state, &answer->entry);
	count_into(state, cell, &answer->entry);
}

/* Its times stay in the cell; where they may have been the first or last, that is looked at later.
 */
static void uncount(struct state *state, struct answer *answer)
{
	struct usage_cell *cell = state_cell(state, &answer->entry);

	state_price(state, &answer->entry);
	struct usage_sum sum = usage_entry_sum(&answer->entry);
	usage_sum_remove(&cell->sum, &sum);
	cells_note_change(&state->cells, cell);
	if (answer->entry.time_ms == cell->first_ms || answer->entry.time_ms == cell->last_ms)
		vec_push(&state->loose, (uint32_t)(cell - state->cells.all.p));
}

/* ---- answers that are in several places ---- */

static size_t count_files(const struct answer *answers, size_t n)
{
	size_t files = 0;

	for (size_t i = 0; i < n; i++)
		files += i == 0 || answers[i].entry.file != answers[i - 1].entry.file;
	return files;
}

/* All places of one key: what was counted for some of them goes, what they are together comes. */
static void count_group(
	struct state *state, struct answers *g, const struct answer *answers, size_t n)
{
	VEC(struct answer) before = {0};

	for (size_t i = 0; i < n; i++)
		if (answers[i].is_counted)
			vec_push(&before, answers[i]);
	struct answer now = answers_join(g, state, answers, n), had = {0};
	size_t loose = state->loose.n;
	if (before.n > 0) {
		had = answers_join(g, state, before.p, before.n);
		uncount(state, &had);
	}
	count(state, &now);
	if (before.n > 0 && had.entry.time_ms == now.entry.time_ms &&
		state_cell(state, &had.entry) == state_cell(state, &now.entry))
		state->loose.n = loose;
	if (before.n <= 1 && n > 1)
		vec_push(&state->copied, answers[0].key);
	size_t files_before = before.n > 0 ? count_files(before.p, before.n) : 1;
	state->copies += (int64_t)(count_files(answers, n) - files_before);
	vec_release(&before);
}

static void count_groups(struct state *state, struct answers *g)
{
	for (size_t from = 0, to; from < g->answers.n; from = to) {
		to = answers_end(g, from);
		count_group(state, g, g->answers.p + from, to - from);
	}
}

static bool count_fresh(struct state *state, struct err *e)
{
	struct answers g = {0};
	bool is_good = state->fresh.n == 0 || answers_of_keys(&g, state, &state->fresh, e);

	if (is_good)
		count_groups(state, &g);
	state->fresh.n = 0;
	answers_release(&g);
	return is_good;
}

/* ---- first and last times ---- */

struct tightener {
	struct state *state;
	bool *is_loose; /* by cell */
	size_t cell_count;
};

static bool tighten_by(void *self, const struct usage_entry *entry)
{
	struct tightener *t = self;
	struct usage_cell *cell = state_cell(t->state, entry);
	size_t place = (size_t)(cell - t->state->cells.all.p);

	/* Days of a zone that the index is not of are cells that were not there; all are counted
	   again then. */
	if (place >= t->cell_count || !t->is_loose[place])
		return true;
	cell->first_ms = entry->time_ms < cell->first_ms ? entry->time_ms : cell->first_ms;
	cell->last_ms = entry->time_ms > cell->last_ms ? entry->time_ms : cell->last_ms;
	return true;
}

/* Cells that lost an answer to another one find out when their own are. */
static bool tighten(struct state *state, struct err *e)
{
	struct tightener t = {.state = state, .cell_count = state->cells.all.n};
	int64_t first_ms = INT64_MAX, last_ms = INT64_MIN;

	if (state->loose.n == 0)
		return true;
	t.is_loose = must_alloc(t.cell_count, sizeof *t.is_loose);
	vec_each (&state->loose, at) {
		struct usage_cell *cell = &state->cells.all.p[*at];
		if (t.is_loose[*at])
			continue;
		t.is_loose[*at] = true;
		cells_note_change(&state->cells, cell);
		/* One without answers may get some later. */
		if (cell->sum.answers != 0) {
			first_ms = cell->first_ms < first_ms ? cell->first_ms : first_ms;
			last_ms = cell->last_ms > last_ms ? cell->last_ms : last_ms;
		}
		cell->first_ms = INT64_MAX;
		cell->last_ms = INT64_MIN;
	}
	state->loose.n = 0;
	struct usage_visitor visitor = {.visit = tighten_by, .hands = {&t}, .hand_count = 1};
	bool is_good = first_ms > last_ms || state_each(state, first_ms, last_ms + 1, &visitor, e);
	free(t.is_loose);
	return is_good;
}

/* ---- all answers ---- */

/*
 * Without keys in the index, the first place of a key is counted at once, and corrected where more
 * follow; with them, none is.
 */
static void add_chunk(
	struct state *state, uint32_t file, const struct chunk *chunk, int64_t first_item)
{
	keys_reserve(&state->keys, state->keys.all.n + chunk->items.n);
	for (size_t i = 0; i < chunk->items.n; i++) {
		struct answer answer = state_answer(state, file, chunk, i, first_item + (int64_t)i);
		bool is_first =
			!answer.key ||
			!keys_add(&state->keys, (struct key_place){answer.key, file, answer.item});
		if (answer.key && (state->stored.is_there || !is_first))
			vec_push(&state->fresh, answer.key);
		else
			count(state, &answer);
	}
}

struct recount {
	struct state *state;
	struct chunk chunk;
	int64_t *seen; /* items by file */
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
	if (!chunk_take(&r->chunk, bytes, &r->state->names, e))
		return false;
	if (r->seen[file] != first_item)
		return err_set(e, ERR_PARSE, "answers of a file are missing");
	r->seen[file] += (int64_t)r->chunk.items.n;
	add_chunk(r->state, file, &r->chunk, first_item);
	return true;
}

/* Copies mostly are in younger files: then what is counted first stays. */
static int by_age(const void *a, const void *b, void *self)
{
	const struct state *state = self;
	const struct known_file *files = state->known.files.p;
	int64_t x = files[state->pending.p[*(const uint32_t *)a].file].born_ns;
	int64_t y = files[state->pending.p[*(const uint32_t *)b].file].born_ns;

	if (x != y)
		return x < y ? -1 : 1;
	return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : 1;
}

static bool add_pending(struct state *state, struct err *e)
{
	struct recount r = {.state = state};
	uint32_t *order = must_alloc(state->pending.n + 1, sizeof *order);
	bool is_good = true;

	for (uint32_t i = 0; i < state->pending.n; i++)
		order[i] = i;
	qsort_r(order, state->pending.n, sizeof *order, by_age, state);
	for (size_t i = 0; i < state->pending.n && is_good; i++) {
		const struct pending *p = &state->pending.p[order[i]];
		chunk_clear(&r.chunk);
		is_good = chunk_take(&r.chunk, buf_str(&p->bytes), &state->names, e);
		if (is_good)
			add_chunk(state, p->file, &r.chunk, p->first_item);
	}
	chunk_release(&r.chunk);
	free(order);
	return is_good && count_fresh(state, e) && tighten(state, e);
}

/* Where an answer was counted: mostly the next one of its chunk is of the same context and day. */
struct usual {
	bool is_set;
	uint32_t context, flags;
	int32_t day;
	size_t cell;
	const struct usage_price *price;
};

static void count_item(struct state *state, struct usual *usual, uint32_t file,
	const struct chunk *chunk, size_t place)
{
	const struct chunk_item *item = &chunk->items.p[place];
	int32_t day = usage_zone_day(state->wish.zone, item->time_ms);

	if (!usual->is_set || usual->context != item->context || usual->day != day) {
		struct usage_entry like = state_answer(state, file, chunk, place, 0).entry;
		struct usage_cell *cell = state_cell(state, &like);
		*usual = (struct usual){true, item->context, like.flags, day,
			(size_t)(cell - state->cells.all.p),
			state_price_of(state, like.model, like.provider)};
	}
	struct usage_entry entry = {.time_ms = item->time_ms,
		.tokens = item->tokens,
		.cost_reported_nanousd = item->cost_reported_nanousd,
		.cost_calculated_nanousd =
			usage_price_cost(usual->price, &item->tokens, usual->flags)};
	count_into(state, &state->cells.all.p[usual->cell], &entry);
}

/*
 * Without an index, and before anything is counted: the keys are known, so the answers that are in
 * several places are put aside until all their places are there.
 */
static bool count_first(struct state *state, struct err *e)
{
	struct answers g = {0};
	struct chunk chunk = {0};
	bool is_good = true;
	size_t next = 0;

	answers_find(&g, state, &state->fresh);
	for (size_t at = 0; at < state->pending.n && is_good; at++) {
		const struct pending *p = &state->pending.p[at];
		struct usual usual = {0};
		chunk_clear(&chunk);
		is_good = chunk_take(&chunk, buf_str(&p->bytes), &state->names, e);
		for (size_t i = 0; i < chunk.items.n && is_good; i++) {
			struct answer *copy = g.answers.p + next;
			if (next < g.answers.n && copy->entry.file == p->file &&
				copy->item == p->first_item + (int64_t)i) {
				answers_fill(&g, copy, state, &chunk, i);
				next++;
			} else
				count_item(state, &usual, p->file, &chunk, i);
		}
	}
	answers_sort(&g);
	if (is_good)
		count_groups(state, &g);
	state->fresh.n = 0;
	chunk_release(&chunk);
	answers_release(&g);
	return is_good;
}

static void forget_sums(struct state *state)
{
	keys_release(&state->keys);
	cells_release(&state->cells);
	state->copied.n = state->fresh.n = state->loose.n = 0;
	state->copies = 0;
	state->stored.is_there = false;
}

static bool recount_index(struct state *state, struct err *e)
{
	struct recount r = {
		.state = state, .seen = must_alloc(state->known.files.n + 1, sizeof *r.seen)};
	bool is_good = pieces_each_chunk(state->pieces, INT64_MIN, INT64_MAX, recount_chunk, &r, e);

	for (size_t i = 0; i < state->known.files.n && is_good; i++) {
		const struct known_file *file = &state->known.files.p[i];
		if (!file->is_dropped && r.seen[i] != file->counted_items)
			is_good = err_set(e, ERR_PARSE, "answers of a file are missing");
	}
	chunk_release(&r.chunk);
	free(r.seen);
	return is_good;
}

bool state_count_again(struct state *state, struct err *e)
{
	forget_sums(state);
	return (!state->pieces || recount_index(state, e)) && add_pending(state, e);
}

/* ---- what was read ---- */

/* Damages of what is read anew come in place of those that were. */
static void take_extra(struct state *state, struct known_file *file, const struct harvest_job *job)
{
	struct known_extra extra;

	known_take_extra(file, &extra);
	extra.memory = job->memory;
	if (job->was_rewritten || file->damaged == 0)
		extra.damage_count = 0;
	for (size_t i = 0; i < job->damage_count && extra.damage_count < USAGE_DAMAGES; i++)
		extra.damages[extra.damage_count++] = job->damages[i];
	known_put_extra(&state->known, file, &extra);
}

static void add_keys(struct state *state, const struct harvest_job *job)
{
	vec_each (&job->parts, part)
		for (size_t i = 0; i < part->count; i++) {
			struct key_place place = {part->keys[i], job->file,
				(uint32_t)(part->first_item + (int64_t)i)};
			if (place.key && keys_add(&state->keys, place))
				vec_push(&state->fresh, place.key);
		}
}

static void take_job(struct state *state, struct harvest_job *job)
{
	struct known_file *file = &state->known.files.p[job->file];

	if (!job->is_good) {
		struct str why = str_from(job->e.text);
		if (file->state == USAGE_FILE_UNREADABLE && str_eq(file->why, why))
			return;
		file->is_changed = state->is_changed = true;
		file->state = USAGE_FILE_UNREADABLE;
		state->known.has_unread = true;
		file->why = arena_copy(&state->known.arena, why);
		return;
	}
	file->is_changed = state->is_changed = true;
	if (job->was_rewritten) {
		file->is_dropped = true;
		file->items = file->copies = file->damaged = 0;
	}
	take_extra(state, file, job);
	file->state = USAGE_FILE_READ;
	file->why = (struct str){0};
	file->facts = file->now;
	file->end = job->end;
	file->ends = job->ends;
	file->born_ns = job->born_ns;
	int64_t first_item = file->items;
	if (!state->pieces)
		add_keys(state, job);
	file->items += job->items;
	file->copies += job->copies;
	file->damaged += job->damaged;
	vec_each (&job->parts, part) {
		vec_push(&state->pending, (struct pending){job->file, first_item + part->first_item,
						  part->first_ms, part->last_ms, part->chunk});
		part->chunk = (struct buf){0};
	}
}

static void note_gone(struct state *state, struct known_file *file)
{
	if (file->change == KNOWN_VANISHED)
		file->state = USAGE_FILE_GONE;
	else if (file->change == KNOWN_SHUT) {
		file->state = USAGE_FILE_UNREADABLE;
		state->known.has_unread = true;
		file->why = STR("it cannot be looked at");
	} else
		return;
	file->is_changed = state->is_changed = true;
}

/* ---- transcripts under another name ---- */

static int by_identity(const void *a, const void *b)
{
	const struct known_file *x = *(struct known_file *const *)a;
	const struct known_file *y = *(struct known_file *const *)b;

	if (x->facts.inode != y->facts.inode)
		return x->facts.inode < y->facts.inode ? -1 : 1;
	if (x->facts.device != y->facts.device)
		return x->facts.device < y->facts.device ? -1 : 1;
	return x->born_ns < y->born_ns ? -1 : x->born_ns > y->born_ns;
}

/*
 * What is gone and has come under another name would count twice where its answers have no ids. A
 * file is the same as one that is gone if its time of birth is, too: inodes are used again.
 */
static bool drop_moved(struct state *state, const struct harvest *harvest)
{
	VEC(struct known_file *) come = {0};
	bool has_dropped = false;

	vec_each (&harvest->jobs, job) {
		struct known_file *file = &state->known.files.p[job->file];
		if (job->is_good && file->change == KNOWN_NEW && file->born_ns != 0)
			vec_push(&come, file);
	}
	if (come.n > 1)
		qsort(come.p, come.n, sizeof *come.p, by_identity);
	for (size_t i = 0; i < state->known.files.n && come.n > 0; i++) {
		struct known_file *file = &state->known.files.p[i];
		if (file->state != USAGE_FILE_GONE || file->items == 0 ||
			!bsearch(&file, come.p, come.n, sizeof *come.p, by_identity))
			continue;
		file->is_dropped = file->is_changed = has_dropped = true;
		file->items = file->copies = file->damaged = 0;
	}
	vec_release(&come);
	return has_dropped;
}

static size_t count_items(const struct harvest *harvest)
{
	size_t count = 0;

	vec_each (&harvest->jobs, job)
		count += job->is_good ? (size_t)job->items : 0;
	return count;
}

void state_take_jobs(struct state *state, struct harvest *harvest)
{
	bool has_dropped = false;

	vec_each (&state->known.changed, number)
		note_gone(state, &state->known.files.p[*number]);
	if (!state->pieces)
		keys_reserve(&state->keys, count_items(harvest));
	vec_each (&harvest->jobs, job) {
		take_job(state, job);
		has_dropped |= state->known.files.p[job->file].is_dropped;
	}
	has_dropped |= drop_moved(state, harvest);
	state->is_rebuilt |= has_dropped;
}

bool state_count_jobs(struct state *state, struct err *e)
{
	if (!state->pieces)
		return count_first(state, e);
	return state->is_rebuilt ? state_count_again(state, e) : add_pending(state, e);
}
