// SPDX-License-Identifier: MIT
/* merge: what other machines' indexes say, and forgetting. */
#include <sys/stat.h>
#include <time.h>

#include "base/hash.h"
#include "usage/carry.h"
#include "usage/limit.h"
#include "usage/recover.h"
#include "usage/whole.h"

/* ---- finding the other index ---- */

static bool is_file(const char *path)
{
	struct stat s;

	return stat(path, &s) == 0 && S_ISREG(s.st_mode);
}

static const char *find_index(const char *path, struct arena *a)
{
	static const char *const tails[] = {
		"", "/usage.sqlite", "/fettle/usage.sqlite", "/.cache/fettle/usage.sqlite"};

	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		const char *whole = arena_printf(a, "%s%s", path, tails[i]).p;
		if (is_file(whole))
			return whole;
	}
	return NULL;
}

/* ---- taking from it ---- */

struct merger {
	struct state *own, *other;
	uint32_t *dirs; /* the other's directories' numbers here */
	uint32_t file; /* the other's, whose chunks come */
	uint32_t own_file; /* UINT32_MAX: what is known here is newer */
	struct chunk chunk;
	bool is_damaged; /* the other is */
};

static bool is_own(const struct merger *m, const struct known_dir *dir)
{
	return dir->kind == KNOWN_ELSEWHERE && dir->device == m->own->origin;
}

static uint32_t take_dir(struct merger *m, const struct known_dir *dir)
{
	return known_elsewhere(
		&m->own->known, dir, dir->kind == KNOWN_ELSEWHERE ? dir->device : m->other->origin);
}

/* The file's number here; UINT32_MAX: it is not known yet. */
static uint32_t find_file(const struct merger *m, const struct known_file *file)
{
	return known_find_file(&m->own->known, m->dirs[file->dir], file->name);
}

/* The other is a third machine, and knows an older copy of the file than what came from its own. */
static bool is_older(const struct merger *m, const struct known_file *file)
{
	uint32_t number = find_file(m, file);

	return number != UINT32_MAX &&
	       m->own->known.files.p[number].facts.modified_ns > file->facts.modified_ns;
}

/* The file's number here; all that is known of it comes anew. */
static uint32_t take_file(struct merger *m, const struct known_file *file)
{
	struct known *known = &m->own->known;
	uint32_t number = find_file(m, file);

	if (number == UINT32_MAX)
		number = known_add_file(known, m->dirs[file->dir], file->name);
	struct known_file *own = &known->files.p[number];
	own->is_dropped = own->items > 0;
	own->is_changed = true;
	own->state = USAGE_FILE_MERGED;
	own->facts = file->facts;
	own->born_ns = file->born_ns;
	own->items = file->items;
	own->copies = file->copies;
	return number;
}

static bool take_chunk(
	void *self, uint32_t file, int64_t first_item, struct str bytes, struct err *e)
{
	struct merger *m = self;
	struct state *own = m->own;

	if (file >= m->other->known.files.n)
		return err_set(e, ERR_PARSE, "answers of a file that is not known");
	const struct known_file *known = &m->other->known.files.p[file];
	if (is_own(m, &m->other->known.dirs.p[known->dir]))
		return true;
	if (file != m->file) {
		m->file = file;
		m->own_file = is_older(m, known) ? UINT32_MAX : take_file(m, known);
		if (m->own_file != UINT32_MAX)
			vec_push(&own->pending, (struct pending){m->own_file, first_item, INT64_MAX,
							INT64_MIN, {0}});
	}
	if (m->own_file == UINT32_MAX)
		return true;
	struct pending *pending = &own->pending.p[own->pending.n - 1];
	chunk_clear(&m->chunk);
	if (!chunk_take(&m->chunk, bytes, &m->other->names, e))
		return false;
	vec_each (&m->chunk.items, item) {
		if (item->time_ms < pending->first_ms)
			pending->first_ms = item->time_ms;
		if (item->time_ms > pending->last_ms)
			pending->last_ms = item->time_ms;
	}
	buf_put_str(&pending->bytes, bytes);
	return !pending->bytes.overflow || err_set(e, ERR_LIMIT, "too large a transcript");
}

static int by_file(const void *a, const void *b)
{
	const struct pending *x = a, *y = b;

	return x->file < y->file ? -1 : x->file > y->file;
}

/* Of each file the newest; those without answers may tell of limits, too. */
static void take_limits(struct merger *m)
{
	struct known *own = &m->own->known;

	vec_each (&m->other->known.files, file) {
		struct known_extra extra, theirs;
		if (is_own(m, &m->other->known.dirs.p[file->dir]) || !file->tells_limits)
			continue;
		uint32_t number = find_file(m, file);
		if (number == UINT32_MAX)
			number = take_file(m, file);
		known_take_extra(file, &theirs);
		known_take_extra(&own->files.p[number], &extra);
		usage_limits_join(&extra.memory, &theirs.memory, &own->arena);
		known_put_extra(own, &own->files.p[number], &extra);
		own->files.p[number].is_changed = true;
	}
}

static bool take_all(struct merger *m, struct err *e)
{
	m->dirs = must_alloc(m->other->known.dirs.n + 1, sizeof *m->dirs);
	for (uint32_t i = 0; i < m->other->known.dirs.n; i++)
		if (!is_own(m, &m->other->known.dirs.p[i]))
			m->dirs[i] = take_dir(m, &m->other->known.dirs.p[i]);
	bool is_good = pieces_each_chunk(m->other->pieces, INT64_MIN, INT64_MAX, take_chunk, m, e);
	m->is_damaged = !is_good && e->code == ERR_PARSE;
	take_limits(m);
	if (m->own->pending.n > 0)
		qsort(m->own->pending.p, m->own->pending.n, sizeof *m->own->pending.p, by_file);
	chunk_release(&m->chunk);
	free(m->dirs);
	return is_good;
}

/* ---- the doors ---- */

static int64_t count_answers(const struct whole *w)
{
	int64_t sum = 0;

	vec_each (&w->state.cells.all, cell)
		sum += cell->sum.answers;
	return sum;
}

/* What a change is made to: written as it is, so that the change finds all of it in the index. */
static struct whole *open_for_change(const struct usage_wish *wish, struct err *e)
{
	struct whole *w = whole_open(wish, e);

	if (!w)
		return NULL;
	struct err ignored = {0};
	(void)whole_save(w, &ignored);
	bool is_usable = w->index_path && !w->view.index_trouble.p;
	if (!is_usable)
		err_set(e, ERR_IO, "the index: %.*s",
			STR_ARG(w->view.index_trouble.p ? w->view.index_trouble
							: STR("there is none")));
	whole_close(w);
	w = is_usable ? whole_open(wish, e) : NULL;
	if (w && !w->state.pieces) {
		err_set(e, ERR_IO, "the index cannot be opened");
		whole_close(w);
		return NULL;
	}
	return w;
}

static bool change_done(struct whole *w, int64_t *answers, int64_t before, struct err *e)
{
	w->state.is_rebuilt = true;
	if (!state_count_again(&w->state, e)) {
		/* The own index is damaged: the change is made to another one. */
		if (e->code == ERR_PARSE && w->state.pieces) {
			whole_set_aside(w);
			e->code = ERR_CANCELLED;
		}
		return false;
	}
	*answers = count_answers(w) - before;
	return whole_save(w, e);
}

enum { CHANGE_TRIES = 20 };

/* Somebody else wrote while the change was made: it is made again, on what they wrote. */
static bool is_to_be_made_again(int tries, const struct err *e)
{
	struct timespec pause = {.tv_nsec = 20'000'000};

	if (e->code != ERR_CANCELLED || tries >= CHANGE_TRIES)
		return false;
	(void)nanosleep(&pause, NULL);
	return true;
}

/* ---- an index that is whole ---- */

/* *is_damaged: it came out that it is not. */
static bool merge_once(const struct usage_wish *wish, struct state *other, const char *index,
	struct usage_merged *merged, bool *is_damaged, struct err *e)
{
	struct whole *w = open_for_change(wish, e);

	if (!w)
		return false;
	struct merger m = {.own = &w->state, .other = other, .file = UINT32_MAX};
	int64_t before = count_answers(w);
	bool is_good = other->origin == w->state.origin
			       ? err_set(e, ERR_USAGE, "%s is this machine's own index", index)
			       : take_all(&m, e) && change_done(w, &merged->answers, before, e);
	*is_damaged = m.is_damaged;
	whole_close(w);
	return is_good;
}

static bool merge_whole(const struct usage_wish *wish, const char *index,
	struct usage_merged *merged, bool *is_damaged, struct err *e)
{
	struct state other = {0};
	struct saved saved = {0};
	enum pieces_found found;
	struct whole *w = open_for_change(wish, e); /* there may be no place for a copy yet */

	if (!w)
		return false;
	uint64_t origin = w->state.origin;
	bool is_aside = recover_is_aside(w, index);
	if (is_aside)
		err_set(e, ERR_PARSE, "it was set aside");
	else
		other.pieces = pieces_open_copy(index, w->index_path, &found, e);
	whole_close(w);
	bool is_good = other.pieces && save_load(&other, &saved, e);
	/* An earlier one of this machine's may have answers that damage has cost since. */
	if (is_good && other.origin == origin)
		is_good = err_set(e, ERR_PARSE, "it is of this machine");
	*is_damaged = !is_good && e->code == ERR_PARSE;
	if (!is_good)
		(void)err_context(e, "%s", index);
	for (int tries = 0; is_good; tries++) {
		is_good = merge_once(wish, &other, index, merged, is_damaged, e);
		if (is_good || !is_to_be_made_again(tries, e))
			break;
		is_good = true;
	}
	state_release(&other);
	return is_good;
}

/* ---- one that is damaged ---- */

/* Whether both know a directory that is the same. */
static bool share_directory(const struct known *own, const struct salvage *salvage)
{
	vec_each (&own->dirs, dir) {
		for (size_t i = 0; i < salvage->known.dirs.n && dir->inode; i++) {
			const struct known_dir *other = &salvage->known.dirs.p[i];
			if (dir->kind == KNOWN_DIRECTORY && other->kind == KNOWN_DIRECTORY &&
				dir->inode == other->inode && dir->device == other->device &&
				str_eq(dir->path, other->path))
				return true;
		}
	}
	return false;
}

/* What tells it from others where its head is lost: the first directory that it knows. */
static uint64_t origin_of(const struct salvage *salvage)
{
	for (size_t i = 0; i < salvage->known.dirs.n && !salvage->origin; i++) {
		const struct known_dir *dir = &salvage->known.dirs.p[i];
		if (dir->kind == KNOWN_DIRECTORY)
			return (hash_bytes(dir->path) ^ dir->inode) | 1;
	}
	return salvage->origin ? salvage->origin : 1;
}

static bool is_same_file(const char *path, const char *other)
{
	struct stat a, b;

	return stat(path, &a) == 0 && stat(other, &b) == 0 && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

static bool merge_salvage_once(const struct usage_wish *wish, struct salvage *salvage,
	const char *index, struct usage_merged *merged, struct err *e)
{
	struct whole *w = open_for_change(wish, e);

	if (!w)
		return false;
	struct carry carry = {.path = index,
		.is_ours = salvage->origin == w->state.origin || recover_is_aside(w, index) ||
			   (!salvage->origin && share_directory(&w->state.known, salvage)),
		.origin = origin_of(salvage)};
	struct usage_history *sum = &w->state.history.sum, *history = &merged->history;
	int64_t before = count_answers(w);
	bool is_good = !is_same_file(index, w->index_path) ||
		       err_set(e, ERR_USAGE, "%s is this machine's own index", index);
	if (is_good) {
		*history = (struct usage_history){0};
		carry_take(&w->state, salvage, &carry, history);
		sum->lost_answers += history->lost_answers;
		sum->lost_pieces += history->lost_pieces;
		is_good = change_done(w, &merged->answers, before, e);
	}
	whole_close(w);
	return is_good;
}

static bool merge_damaged(const struct usage_wish *wish, const char *index,
	struct usage_merged *merged, struct err *e)
{
	struct salvage salvage = {0};
	bool is_good = salvage_read(&salvage, index, NULL, e) || err_context(e, "%s", index);

	for (int tries = 0; is_good; tries++) {
		is_good = merge_salvage_once(wish, &salvage, index, merged, e);
		if (is_good || !is_to_be_made_again(tries, e))
			break;
		is_good = true;
	}
	salvage_release(&salvage);
	return is_good;
}

bool usage_merge_index(
	const struct usage_wish *wish, const char *path, struct usage_merged *merged, struct err *e)
{
	struct arena arena = {0};
	const char *index = find_index(path, &arena);
	bool is_damaged = false;
	bool is_good = index ? wish->index_path != NULL ||
				       err_set(e, ERR_USAGE,
					       "there is no place for an index to merge it into")
			     : err_set(e, ERR_USAGE, "%s: no index of fettle usage is there", path);

	*merged = (struct usage_merged){0};
	if (is_good)
		is_good = merge_whole(wish, index, merged, &is_damaged, e) ||
			  (is_damaged && merge_damaged(wish, index, merged, e));
	arena_release(&arena);
	return is_good;
}

/* ---- forgetting ---- */

static bool forget_once(const struct usage_wish *wish, bool merges, int64_t *answers, struct err *e)
{
	struct whole *w = open_for_change(wish, e);

	if (!w)
		return false;
	int64_t before = count_answers(w);
	vec_each (&w->state.known.files, file) {
		if (file->state != USAGE_FILE_GONE && !(merges && file->state == USAGE_FILE_MERGED))
			continue;
		file->is_dropped = file->is_changed = true;
		file->items = file->copies = file->damaged = 0;
		file->extra = (struct str){0};
		file->tells_limits = false;
		file->end = 0;
	}
	bool is_good = change_done(w, answers, before, e);
	*answers = is_good ? -*answers : *answers;
	whole_close(w);
	return is_good;
}

bool usage_forget_gone(const struct usage_wish *wish, bool merges, int64_t *answers, struct err *e)
{
	bool is_good;

	for (int tries = 0; !(is_good = forget_once(wish, merges, answers, e)); tries++)
		if (!is_to_be_made_again(tries, e))
			break;
	return is_good;
}
