// SPDX-License-Identifier: MIT
#include "usage/known.h"

#include <string.h>

void known_release(struct known *known)
{
	vec_release(&known->dirs);
	vec_release(&known->files);
	vec_release(&known->groups);
	vec_release(&known->changed);
	arena_release(&known->arena);
	*known = (struct known){0};
}

uint32_t known_add_dir(struct known *known, const struct known_dir *dir)
{
	struct known_dir own = *dir;

	own.path = arena_copy(&known->arena, dir->path);
	own.first_file = 0;
	own.is_changed = true;
	vec_push(&known->dirs, own);
	known->dirs_changed = true;
	return (uint32_t)known->dirs.n - 1;
}

static void link_file(struct known *known, uint32_t number)
{
	struct known_file *file = &known->files.p[number];
	struct known_dir *dir = &known->dirs.p[file->dir];

	file->next_file = dir->first_file;
	dir->first_file = number + 1;
}

void known_link(struct known *known)
{
	for (uint32_t i = 0; i < known->files.n && !known->is_linked; i++)
		link_file(known, i);
	known->is_linked = true;
}

uint32_t known_add_file(struct known *known, uint32_t dir, struct str name)
{
	struct known_file file = {
		.dir = dir, .name = arena_copy(&known->arena, name), .is_changed = true};
	uint32_t number = (uint32_t)known->files.n;

	vec_push(&known->files, file);
	if (known->is_linked)
		link_file(known, number);
	return number;
}

uint32_t known_find_file(struct known *known, uint32_t dir, struct str name)
{
	known_link(known);
	for (uint32_t at = known->dirs.p[dir].first_file; at > 0;
		at = known->files.p[at - 1].next_file)
		if (str_eq(known->files.p[at - 1].name, name))
			return at - 1;
	return UINT32_MAX;
}

uint32_t known_elsewhere(struct known *known, const struct known_dir *dir, uint64_t origin)
{
	struct known_dir like = *dir;

	like.kind = KNOWN_ELSEWHERE;
	like.parent = (uint32_t)known->dirs.n;
	like.device = origin;
	like.why = (struct str){0};
	for (uint32_t i = 0; i < known->dirs.n; i++) {
		const struct known_dir *had = &known->dirs.p[i];
		if (had->kind == KNOWN_ELSEWHERE && had->device == like.device &&
			had->source == like.source && str_eq(had->path, like.path))
			return i;
	}
	return known_add_dir(known, &like);
}

struct str known_path(const struct known *known, const struct known_file *file, struct arena *a)
{
	const struct known_dir *dir = &known->dirs.p[file->dir];

	return arena_printf(a, "%.*s/%.*s", STR_ARG(dir->path), STR_ARG(file->name));
}

/* ---- for the index ---- */

/* Whether its path is that of the directory it is in, and a name. */
static bool is_below(const struct known_dir *dir, const struct known_dir *parent)
{
	return dir != parent && str_starts(dir->path, parent->path) &&
	       dir->path.n > parent->path.n && dir->path.p[parent->path.n] == '/';
}

static void put_dir(const struct known *known, const struct known_dir *dir, struct buf *out)
{
	const struct known_dir *parent = &known->dirs.p[dir->parent];
	bool has_parent = is_below(dir, parent);

	pack_number(out, has_parent);
	pack_text(out, has_parent ? str_skip(dir->path, parent->path.n + 1) : dir->path);
	pack_text(out, str_from(usage_readers[dir->source]->name));
	pack_number(out, dir->note);
	pack_number(out, dir->place_n);
	pack_number(out, dir->kind);
	pack_number(out, dir->parent);
	pack_fixed(out, dir->device);
	pack_fixed(out, dir->inode);
	pack_signed(out, dir->modified_ns);
	pack_text(out, dir->why);
}

void known_put_dirs(const struct known *known, size_t group, struct buf *out)
{
	size_t end = (group + 1) * KNOWN_DIRS;

	for (size_t i = group * KNOWN_DIRS; i < end && i < known->dirs.n; i++)
		put_dir(known, &known->dirs.p[i], out);
}

static uint32_t reader_place(struct str name)
{
	uint32_t place = 0;

	while (usage_readers[place] && !str_is(name, usage_readers[place]->name))
		place++;
	return place;
}

static struct str join(struct arena *arena, struct str path, struct str name)
{
	char *p = arena_alloc(arena, path.n + name.n + 2, 1);

	memcpy(p, path.p, path.n);
	p[path.n] = '/';
	memcpy(p + path.n + 1, name.p, name.n);
	return (struct str){p, path.n + 1 + name.n};
}

static struct known_dir take_dir(struct known *known, struct unpack *u)
{
	bool has_parent = unpack_number(u);
	struct known_dir dir = {.path = unpack_text(u)};

	dir.source = reader_place(unpack_text(u));
	dir.note = (uint32_t)unpack_number(u);
	dir.place_n = (uint32_t)unpack_number(u);
	dir.kind = (enum known_kind)unpack_number(u);
	dir.parent = (uint32_t)unpack_number(u);
	dir.device = unpack_fixed(u);
	dir.inode = unpack_fixed(u);
	dir.modified_ns = unpack_signed(u);
	struct str why = unpack_text(u);
	if (why.n)
		dir.why = arena_copy(&known->arena, why);
	u->is_bad |= dir.parent + (size_t)has_parent > known->dirs.n ||
		     !usage_readers[dir.source] || dir.kind > KNOWN_ELSEWHERE;
	if (!u->is_bad)
		dir.path = has_parent
				   ? join(&known->arena, known->dirs.p[dir.parent].path, dir.path)
				   : arena_copy(&known->arena, dir.path);
	u->is_bad |= dir.place_n > dir.path.n;
	return dir;
}

bool known_take_dirs(struct known *known, struct str bytes, struct err *e)
{
	struct unpack u = {bytes.p, bytes.p + bytes.n};

	while (u.p < u.end && !u.is_bad) {
		struct known_dir dir = take_dir(known, &u);
		known->has_unread |= dir.why.p != NULL;
		if (!u.is_bad)
			vec_push(&known->dirs, dir);
	}
	return !u.is_bad || err_set(e, ERR_PARSE, "directories that cannot be unpacked");
}

static void put_memory(const struct usage_memory *memory, struct buf *out)
{
	uint32_t texts = 0, numbers = 0;

	for (int i = 0; i < USAGE_TEXTS; i++)
		texts |= memory->texts[i].p ? 1u << i : 0;
	for (int i = 0; i < USAGE_NUMBERS; i++)
		numbers |= memory->numbers[i] ? 1u << i : 0;
	pack_number(out, texts);
	pack_number(out, numbers);
	for (int i = 0; i < USAGE_TEXTS; i++)
		if (memory->texts[i].p)
			pack_text(out, memory->texts[i]);
	for (int i = 0; i < USAGE_NUMBERS; i++)
		if (memory->numbers[i])
			pack_signed(out, memory->numbers[i]);
}

static void take_memory(struct unpack *u, struct usage_memory *memory)
{
	uint64_t texts = unpack_number(u), numbers = unpack_number(u);

	for (int i = 0; i < USAGE_TEXTS; i++)
		if (texts >> i & 1)
			memory->texts[i] = unpack_text(u);
	for (int i = 0; i < USAGE_NUMBERS; i++)
		if (numbers >> i & 1)
			memory->numbers[i] = unpack_signed(u);
}

void known_take_extra(const struct known_file *file, struct known_extra *extra)
{
	struct unpack u = {file->extra.p, file->extra.p + file->extra.n};

	*extra = (struct known_extra){0};
	if (file->extra.n == 0)
		return;
	take_memory(&u, &extra->memory);
	extra->damage_count = unpack_count(&u);
	if (u.is_bad || extra->damage_count > USAGE_DAMAGES)
		extra->damage_count = 0;
	for (size_t i = 0; i < extra->damage_count; i++) {
		extra->damages[i].offset = unpack_signed(&u);
		extra->damages[i].why = unpack_text(&u);
	}
}

void known_put_extra(struct known *known, struct known_file *file, const struct known_extra *extra)
{
	AUTO(buf) bytes = {0};

	put_memory(&extra->memory, &bytes);
	pack_number(&bytes, extra->damage_count);
	for (size_t i = 0; i < extra->damage_count; i++) {
		pack_signed(&bytes, extra->damages[i].offset);
		pack_text(&bytes, extra->damages[i].why);
	}
	file->extra = arena_copy(&known->arena, buf_str(&bytes));
	file->tells_limits = false;
	for (int i = USAGE_OWN_NUMBERS; i < USAGE_NUMBERS; i++)
		file->tells_limits |= extra->memory.numbers[i] != 0;
	known->tells_limits |= file->tells_limits;
}

enum { STATE_MASK = 7, TELLS_LIMITS = 8 };

static void put_file(const struct known_file *file, struct buf *out)
{
	pack_number(out, file->dir);
	pack_text(out, file->name);
	pack_number(out, (unsigned)file->state | (file->tells_limits ? TELLS_LIMITS : 0));
	pack_number(out, file->facts.device);
	pack_number(out, file->facts.inode);
	pack_signed(out, file->facts.size_bytes);
	pack_signed(out, file->facts.modified_ns);
	pack_signed(out, file->born_ns);
	pack_signed(out, file->end);
	pack_fixed(out, file->ends);
	pack_number(out, (uint64_t)file->items);
	pack_number(out, (uint64_t)file->copies);
	pack_number(out, (uint64_t)file->damaged);
	pack_text(out, file->why);
	pack_text(out, file->extra);
}

void known_put_files(const struct known *known, size_t group, struct buf *out)
{
	size_t from = group * KNOWN_FILES, to = from + KNOWN_FILES;
	bool tells_limits = false;

	to = to < known->files.n ? to : known->files.n;
	for (size_t i = from; i < to; i++)
		tells_limits |= known->files.p[i].tells_limits;
	pack_number(out, (to - from) << 1 | tells_limits);
	for (size_t i = from; i < to; i++)
		put_file(&known->files.p[i], out);
}

static struct known_file take_file(struct unpack *u)
{
	struct known_file file = {.dir = (uint32_t)unpack_number(u)};

	file.name = unpack_text(u);
	unsigned state = (unsigned)unpack_number(u);
	file.state = (enum usage_file_state)(state & STATE_MASK);
	file.tells_limits = state & TELLS_LIMITS;
	file.facts.device = unpack_number(u);
	file.facts.inode = unpack_number(u);
	file.facts.size_bytes = unpack_signed(u);
	file.facts.modified_ns = unpack_signed(u);
	file.born_ns = unpack_signed(u);
	file.end = unpack_signed(u);
	file.ends = unpack_fixed(u);
	file.items = file.counted_items = (int64_t)unpack_number(u);
	file.copies = (int64_t)unpack_number(u);
	file.damaged = (int64_t)unpack_number(u);
	file.why = unpack_text(u);
	if (file.why.n == 0)
		file.why = (struct str){0};
	file.extra = unpack_text(u);
	u->is_bad |= file.state > USAGE_FILE_MERGED;
	return file;
}

bool known_take_files(struct known *known, struct str bytes, struct err *e)
{
	struct unpack u = {bytes.p, bytes.p + bytes.n};
	uint64_t head = unpack_number(&u);
	uint32_t first = 0;

	if (known->groups.n > 0) {
		const struct known_group *last = &known->groups.p[known->groups.n - 1];
		first = last->first + last->count;
	}
	if (u.is_bad || head >> 1 > KNOWN_FILES)
		return err_set(e, ERR_PARSE, "files that cannot be unpacked");
	known->tells_limits |= head & 1;
	vec_push(&known->groups, (struct known_group){.bytes = str_range(u.p, u.end),
					 .first = first,
					 .count = (uint32_t)(head >> 1)});
	return true;
}

void known_make_room(struct known *known)
{
	size_t count = 0;

	vec_each (&known->groups, group)
		count += group->count;
	if (count == 0)
		return;
	known->files.p = must_resize(NULL, count, sizeof *known->files.p);
	known->files.n = known->files.capacity = count;
}

bool known_unpack(struct known *known, size_t number)
{
	struct known_group *group = &known->groups.p[number];
	struct unpack u = {group->bytes.p, group->bytes.p + group->bytes.n};

	for (uint32_t i = 0; i < group->count; i++) {
		struct known_file file = take_file(&u);
		u.is_bad |= file.dir >= known->dirs.n;
		if (u.is_bad)
			return false;
		group->has_unread |= file.state == USAGE_FILE_UNREADABLE;
		known->files.p[group->first + i] = file;
	}
	return u.p == u.end;
}

bool known_unpack_all(struct known *known, struct err *e)
{
	for (size_t i = 0; i < known->groups.n; i++)
		if (!known_unpack(known, i))
			return err_set(e, ERR_PARSE, "files that cannot be unpacked");
	return true;
}
