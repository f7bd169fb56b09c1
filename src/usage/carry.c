// SPDX-License-Identifier: MIT
#include "usage/carry.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "usage/limit.h"

/* What tells a file by whatever name. */
struct identity {
	uint64_t inode, device;
	int64_t born_ns;
};

struct carrier {
	struct state *own;
	struct salvage *salvage;
	const struct carry *carry;
	uint32_t *dirs; /* of the damaged one: the number here, plus 1 */
	bool *is_wanted; /* files */
	VEC(struct identity) present; /* transcripts that have been read */
	uint32_t first_stray; /* files from here on stand for those whose names are lost */
	struct usage_history *losses;
};

/* ---- transcripts that are on disk ---- */

static int by_identity(const void *a, const void *b)
{
	const struct identity *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return x->device < y->device ? -1 : x->device > y->device;
}

static void find_present(struct carrier *c)
{
	vec_each (&c->own->known.files, file)
		if (file->state == USAGE_FILE_READ)
			vec_push(&c->present, (struct identity){file->facts.inode,
						      file->facts.device, file->born_ns});
	if (c->present.n > 0)
		qsort(c->present.p, c->present.n, sizeof *c->present.p, by_identity);
}

/* born_ns 0: any. */
static bool is_read(const struct carrier *c, uint64_t inode, uint64_t device, int64_t born_ns)
{
	struct identity like = {inode, device, 0};
	const struct identity *found =
		c->present.n == 0
			? NULL
			: bsearch(&like, c->present.p, c->present.n, sizeof like, by_identity);

	return found && (born_ns == 0 || found->born_ns == born_ns);
}

/* Whether it has been read under some other name. */
static bool is_present(const struct carrier *c, const struct known_file *file)
{
	struct stat s;

	if (file->born_ns && is_read(c, file->facts.inode, file->facts.device, file->born_ns))
		return true;
	return c->salvage->dirs.p[file->dir] == SALVAGE_WHOLE &&
	       stat(known_path(&c->salvage->known, file, &c->salvage->arena).p, &s) == 0 &&
	       is_read(c, s.st_ino, s.st_dev, 0);
}

/* ---- directories ---- */

static bool is_elsewhere(const struct carrier *c, const struct known_dir *dir)
{
	return !c->carry->is_ours || dir->kind == KNOWN_ELSEWHERE;
}

static uint64_t origin_of(const struct carrier *c, const struct known_dir *dir)
{
	return dir->kind == KNOWN_ELSEWHERE ? dir->device : c->carry->origin;
}

/* Whether it is this machine's, as the other machine had taken it from here. */
static bool is_own_again(const struct carrier *c, const struct known_dir *dir)
{
	return dir->kind == KNOWN_ELSEWHERE && c->own->origin && dir->device == c->own->origin;
}

/* Of a place that is a file, only one of the directory's files is meant. */
static bool is_same_dir(const struct known *known, const struct known_dir *dir,
	const struct known_dir *like, struct str name)
{
	return dir->kind == like->kind && dir->source == like->source &&
	       str_eq(dir->path, like->path) &&
	       (dir->kind != KNOWN_SINGLE ||
		       (dir->first_file > 0 &&
			       str_eq(known->files.p[dir->first_file - 1].name, name)));
}

static uint32_t find_dir(struct carrier *c, uint32_t number, struct str name)
{
	struct known *known = &c->own->known;

	if (c->dirs[number])
		return c->dirs[number] - 1;
	known_link(known);
	for (uint32_t i = 0; i < known->dirs.n; i++)
		if (is_same_dir(known, &known->dirs.p[i], &c->salvage->known.dirs.p[number], name))
			return (c->dirs[number] = i + 1) - 1;
	return UINT32_MAX;
}

enum { DEPTH_MAX = 64 };

/* It is listed when it is there again. */
static uint32_t take_dir_at(struct carrier *c, uint32_t number, struct str name, int depth)
{
	struct known_dir dir = c->salvage->known.dirs.p[number];

	if (is_elsewhere(c, &dir))
		return known_elsewhere(&c->own->known, &dir, origin_of(c, &dir));
	uint32_t found = find_dir(c, number, name);
	if (found != UINT32_MAX)
		return found;
	bool has_parent = dir.parent < number && dir.kind == KNOWN_DIRECTORY && depth < DEPTH_MAX;
	uint32_t parent = has_parent ? take_dir_at(c, dir.parent, STR(""), depth + 1)
				     : (uint32_t)c->own->known.dirs.n;
	dir.parent = parent;
	dir.device = dir.inode = 0;
	dir.modified_ns = 0;
	dir.why = (struct str){0};
	dir.must_list = false;
	c->dirs[number] = known_add_dir(&c->own->known, &dir) + 1;
	return c->dirs[number] - 1;
}

static uint32_t take_dir(struct carrier *c, uint32_t number, struct str name)
{
	return take_dir_at(c, number, name, 0);
}

/* ---- files ---- */

/* The file's number here; UINT32_MAX: it is not known. */
static uint32_t find_file(struct carrier *c, const struct known_file *file)
{
	const struct known_dir *dir = &c->salvage->known.dirs.p[file->dir];
	uint32_t number = is_elsewhere(c, dir) ? take_dir(c, file->dir, file->name)
					       : find_dir(c, file->dir, file->name);

	return number == UINT32_MAX ? number : known_find_file(&c->own->known, number, file->name);
}

static bool wants_file(struct carrier *c, uint32_t number)
{
	const struct known_file *file = &c->salvage->known.files.p[number];
	enum salvage_loss loss = c->salvage->files.p[number];

	if (loss == SALVAGE_NOTHING)
		return false;
	if (loss == SALVAGE_NO_PATH)
		return !c->carry->is_ours || !is_present(c, file);
	const struct known_dir *dir = &c->salvage->known.dirs.p[file->dir];
	if (is_own_again(c, dir))
		return false;
	uint32_t found = find_file(c, file);
	if (found == UINT32_MAX)
		return is_elsewhere(c, dir) || !is_present(c, file);
	const struct known_file *own = &c->own->known.files.p[found];
	return own->state != USAGE_FILE_READ &&
	       (own->facts.modified_ns < file->facts.modified_ns || own->items < file->items ||
		       is_elsewhere(c, dir));
}

static bool is_wanted(void *self, uint32_t file)
{
	const struct carrier *c = self;

	return c->is_wanted[file];
}

static void choose_files(struct carrier *c)
{
	c->is_wanted = must_alloc(c->salvage->files.n + 1, sizeof *c->is_wanted);
	for (uint32_t i = 0; i < c->salvage->files.n; i++)
		c->is_wanted[i] = wants_file(c, i);
}

static void drop_pending(struct state *own, uint32_t file)
{
	size_t n = 0;

	vec_each (&own->pending, p) {
		if (p->file == file)
			buf_release(&p->bytes);
		else
			own->pending.p[n++] = *p;
	}
	own->pending.n = n;
}

/* Whether what came of it is better than what is known here. */
static bool is_better(const struct known_file *own, const struct known_file *file, int64_t items)
{
	bool is_newer = file->facts.modified_ns > own->facts.modified_ns;

	return items > own->items || (is_newer && items == file->items);
}

/* What is there and has not been read will be, all of it. */
static void set_state(struct carrier *c, struct known_file *file)
{
	struct known *known = &c->own->known;
	struct stat s;

	file->state = USAGE_FILE_GONE;
	file->why = (struct str){0};
	if (stat(known_path(known, file, &c->salvage->arena).p, &s) < 0 &&
		(errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return;
	file->state = USAGE_FILE_UNREADABLE;
	file->why = STR("it has not been looked at");
	known->has_unread = true;
}

static void set_limits(struct known *known, struct known_file *own, const struct known_file *file)
{
	struct known_extra extra, theirs;

	if (!file->tells_limits)
		return;
	known_take_extra(file, &theirs);
	known_take_extra(own, &extra);
	usage_limits_join(&extra.memory, &theirs.memory, &known->arena);
	known_put_extra(known, own, &extra);
	own->is_changed = true;
}

/* All that is known of it is what the damaged one knew. */
static void set_file(
	struct carrier *c, uint32_t number, const struct known_file *file, int64_t items)
{
	struct known *known = &c->own->known;
	struct known_file *own = &known->files.p[number], before = *own;
	bool is_merged = known->dirs.p[own->dir].kind == KNOWN_ELSEWHERE;

	if (own->items > 0)
		drop_pending(c->own, number);
	*own = *file;
	own->dir = before.dir;
	own->name = before.name;
	own->next_file = before.next_file;
	own->counted_items = before.counted_items;
	own->is_dropped = before.is_dropped || before.items > 0;
	own->is_changed = true;
	own->change = KNOWN_SAME;
	own->items = items;
	own->why = (struct str){0};
	if (is_merged) {
		own->state = USAGE_FILE_MERGED;
		own->end = own->damaged = 0;
		own->extra = before.extra;
		own->tells_limits = before.tells_limits;
		set_limits(known, own, file);
		return;
	}
	own->extra = arena_copy(&known->arena, file->extra);
	known->tells_limits |= own->tells_limits;
	set_state(c, own);
}

/* ---- answers ---- */

static void add_row(
	struct carrier *c, uint32_t number, const struct salvage_row *row, int64_t first_item)
{
	struct pending pending = {number, first_item, row->first_ms, row->last_ms, {0}};

	pending.bytes.max = SIZE_MAX;
	buf_put_str(&pending.bytes, row->bytes);
	vec_push(&c->own->pending, pending);
}

/* Rows [from, to) are the file's; strays among them are not. */
static void take_file(struct carrier *c, uint32_t number, size_t from, size_t to)
{
	const struct known_file *file = &c->salvage->known.files.p[number];
	struct salvage_row *rows = c->salvage->rows.p;
	int64_t items = 0, at = 0;

	for (size_t i = from; i < to; i++)
		items += rows[i].is_stray ? 0 : rows[i].items;
	uint32_t found = find_file(c, file);
	if (found != UINT32_MAX && !is_better(&c->own->known.files.p[found], file, items)) {
		if (c->own->known.files.p[found].state == USAGE_FILE_MERGED)
			set_limits(&c->own->known, &c->own->known.files.p[found], file);
		return;
	}
	c->losses->lost_answers += file->items - items;
	if (found == UINT32_MAX)
		found = known_add_file(
			&c->own->known, take_dir(c, file->dir, file->name), file->name);
	set_file(c, found, file, items);
	for (size_t i = from; i < to; i++) {
		if (rows[i].is_stray)
			continue;
		add_row(c, found, &rows[i], at);
		at += rows[i].items;
	}
}

static void count_key(void *self, const struct key_place *)
{
	*(bool *)self = true;
}

/* Whether all of its answers are known already: nobody knows whose it is. */
static bool is_known(struct carrier *c, const struct salvage_row *row)
{
	struct chunk chunk = {0};
	struct names names = {0};
	bool are_known = true;
	struct err e;

	are_known = chunk_take(&chunk, row->bytes, &names, &e);
	for (size_t i = 0; i < chunk.items.n && are_known; i++) {
		are_known = false;
		if (chunk.items.p[i].key && c->own->keys.slot_count > 0)
			keys_each(&c->own->keys, chunk.items.p[i].key, count_key, &are_known);
	}
	chunk_release(&chunk);
	names_release(&names);
	return are_known;
}

/* In place of a transcript whose name is lost stands where its answers are from. */
static uint32_t stray_file(struct carrier *c, uint32_t source, uint32_t file)
{
	struct known *known = &c->own->known;
	struct str path = str_from(c->carry->path);
	struct known_dir dir = {.path = path,
		.source = source,
		.place_n = (uint32_t)path.n,
		.kind = KNOWN_SINGLE,
		.parent = (uint32_t)known->dirs.n};
	struct str name = arena_printf(&c->salvage->arena, "%u", file);

	if (!c->carry->is_ours) {
		uint32_t elsewhere = known_elsewhere(known, &dir, c->carry->origin);
		uint32_t number = known_find_file(known, elsewhere, name);
		return number == UINT32_MAX ? known_add_file(known, elsewhere, name) : number;
	}
	for (uint32_t i = 0; i < known->dirs.n; i++)
		if (is_same_dir(known, &known->dirs.p[i], &dir, name))
			return known->dirs.p[i].first_file - 1;
	return known_add_file(known, known_add_dir(known, &dir), name);
}

/*
 * A row of a transcript whose name is lost. Where nothing tells whether that is still there, only
 * answers with a key can be taken: if it is, they count once.
 */
static void take_stray(struct carrier *c, const struct salvage_row *row)
{
	const struct salvage *s = c->salvage;
	bool is_file_known = row->file < s->files.n && s->files.p[row->file] != SALVAGE_NOTHING;
	bool is_its_own = is_file_known && !row->is_stray;
	uint32_t dir = is_its_own ? s->known.files.p[row->file].dir : 0, source;

	if (is_known(c, row))
		return;
	/* What files lack that are known has been counted. */
	if (!is_file_known)
		c->losses->lost_answers += row->items;
	if (is_its_own && s->dirs.p[dir] != SALVAGE_NOTHING)
		source = s->known.dirs.p[dir].source;
	else if ((row->is_bare && !is_its_own) || !salvage_source(c->salvage, row, &source))
		return;
	uint32_t number = stray_file(c, source, row->file);
	c->losses->lost_answers -= row->items;
	if (number < c->first_stray)
		return;
	struct known_file *own = &c->own->known.files.p[number];
	own->state = c->carry->is_ours ? USAGE_FILE_GONE : USAGE_FILE_MERGED;
	add_row(c, number, row, own->items);
	own->items += row->items;
}

/* ---- all of it ---- */

static int by_file(const void *a, const void *b)
{
	const struct pending *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return x->first_item < y->first_item ? -1 : x->first_item > y->first_item;
}

static void take_files(struct carrier *c)
{
	const struct salvage *s = c->salvage;
	size_t from = 0, to;

	for (uint32_t i = 0; i < s->files.n; i++) {
		while (from < s->rows.n && s->rows.p[from].file < i)
			from++;
		for (to = from; to < s->rows.n && s->rows.p[to].file == i;)
			to++;
		if (c->is_wanted[i] && s->files.p[i] == SALVAGE_WHOLE)
			take_file(c, i, from, to);
		else if (c->is_wanted[i])
			c->losses->lost_answers += s->known.files.p[i].items;
	}
}

void carry_take(struct state *own, struct salvage *salvage, const struct carry *carry,
	struct usage_history *losses)
{
	struct carrier c = {.own = own, .salvage = salvage, .carry = carry, .losses = losses};

	c.dirs = must_alloc(salvage->known.dirs.n + 1, sizeof *c.dirs);
	if (carry->is_ours)
		find_present(&c);
	choose_files(&c);
	salvage_take_rows(salvage, is_wanted, &c);
	take_files(&c);
	c.first_stray = (uint32_t)own->known.files.n;
	vec_each (&salvage->rows, row)
		if (row->is_stray || salvage->files.p[row->file] != SALVAGE_WHOLE)
			take_stray(&c, row);
	losses->lost_answers = losses->lost_answers > 0 ? losses->lost_answers : 0;
	losses->lost_pieces += salvage->lost_pieces;
	if (own->pending.n > 0)
		qsort(own->pending.p, own->pending.n, sizeof *own->pending.p, by_file);
	free(c.dirs);
	free(c.is_wanted);
	vec_release(&c.present);
}
