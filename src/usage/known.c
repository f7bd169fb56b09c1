// SPDX-License-Identifier: MIT
#include "usage/known.h"

void known_release(struct known *known)
{
	vec_each (&known->dirs, dir)
		vec_release(&dir->files);
	vec_release(&known->dirs);
	vec_release(&known->files);
	arena_release(&known->arena);
	*known = (struct known){0};
}

uint32_t known_add_dir(struct known *known, const struct known_dir *dir)
{
	struct known_dir own = *dir;

	own.path = arena_copy(&known->arena, dir->path);
	vec_push(&known->dirs, own);
	known->dirs_changed = true;
	return (uint32_t)known->dirs.n - 1;
}

uint32_t known_add_file(struct known *known, uint32_t dir, struct str name)
{
	struct known_file file = {
		.dir = dir, .name = arena_copy(&known->arena, name), .is_changed = true};
	uint32_t number = (uint32_t)known->files.n;

	vec_push(&known->files, file);
	vec_push(&known->dirs.p[dir].files, number);
	return number;
}

struct str known_path(const struct known *known, const struct known_file *file, struct arena *a)
{
	const struct known_dir *dir = &known->dirs.p[file->dir];

	return arena_printf(a, "%.*s/%.*s", STR_ARG(dir->path), STR_ARG(file->name));
}

/* ---- for the index ---- */

void known_put_dirs(const struct known *known, struct buf *out)
{
	vec_each (&known->dirs, dir) {
		pack_text(out, dir->path);
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
}

static uint32_t reader_place(struct str name)
{
	uint32_t place = 0;

	while (usage_readers[place] && !str_is(name, usage_readers[place]->name))
		place++;
	return place;
}

bool known_take_dirs(struct known *known, struct str bytes, struct err *e)
{
	struct unpack u = {bytes.p, bytes.p + bytes.n};

	while (u.p < u.end && !u.is_bad) {
		struct known_dir dir = {.path = unpack_text(&u)};
		dir.source = reader_place(unpack_text(&u));
		dir.note = (uint32_t)unpack_number(&u);
		dir.place_n = (uint32_t)unpack_number(&u);
		dir.kind = (enum known_kind)unpack_number(&u);
		dir.parent = (uint32_t)unpack_number(&u);
		u.is_bad |= dir.parent > known->dirs.n;
		dir.device = unpack_fixed(&u);
		dir.inode = unpack_fixed(&u);
		dir.modified_ns = unpack_signed(&u);
		dir.why = unpack_text(&u);
		if (dir.why.n == 0)
			dir.why = (struct str){0};
		u.is_bad |= !usage_readers[dir.source] || dir.place_n > dir.path.n ||
			    dir.kind > KNOWN_ELSEWHERE;
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

static void put_file(const struct known_file *file, struct buf *out)
{
	pack_number(out, file->dir);
	pack_text(out, file->name);
	pack_number(out, file->state);
	pack_number(out, file->facts.device);
	pack_number(out, file->facts.inode);
	pack_signed(out, file->facts.size_bytes);
	pack_signed(out, file->facts.modified_ns);
	pack_signed(out, file->born_ns);
	pack_signed(out, file->end);
	pack_fixed(out, file->tail);
	pack_number(out, (uint64_t)file->items);
	pack_number(out, (uint64_t)file->copies);
	pack_number(out, (uint64_t)file->damaged);
	pack_text(out, file->why);
	put_memory(&file->memory, out);
	pack_number(out, file->damage_count);
	for (size_t i = 0; i < file->damage_count; i++) {
		pack_signed(out, file->damages[i].offset);
		pack_text(out, file->damages[i].why);
	}
}

void known_put_files(const struct known *known, size_t group, struct buf *out)
{
	size_t from = group * KNOWN_GROUP, to = from + KNOWN_GROUP;

	for (size_t i = from; i < to && i < known->files.n; i++)
		put_file(&known->files.p[i], out);
}

static struct known_file take_file(struct unpack *u)
{
	struct known_file file = {.dir = (uint32_t)unpack_number(u)};

	file.name = unpack_text(u);
	file.state = (enum usage_file_state)unpack_number(u);
	file.facts.device = unpack_number(u);
	file.facts.inode = unpack_number(u);
	file.facts.size_bytes = unpack_signed(u);
	file.facts.modified_ns = unpack_signed(u);
	file.born_ns = unpack_signed(u);
	file.end = unpack_signed(u);
	file.tail = unpack_fixed(u);
	file.items = file.counted_items = (int64_t)unpack_number(u);
	file.copies = (int64_t)unpack_number(u);
	file.damaged = (int64_t)unpack_number(u);
	file.why = unpack_text(u);
	if (file.why.n == 0)
		file.why = (struct str){0};
	take_memory(u, &file.memory);
	file.damage_count = unpack_count(u);
	u->is_bad |= file.damage_count > USAGE_DAMAGES || file.state > USAGE_FILE_MERGED;
	for (size_t i = 0; i < file.damage_count && !u->is_bad; i++) {
		file.damages[i].offset = unpack_signed(u);
		file.damages[i].why = unpack_text(u);
	}
	return file;
}

bool known_take_files(struct known *known, struct str bytes, struct err *e)
{
	struct unpack u = {bytes.p, bytes.p + bytes.n};

	while (u.p < u.end && !u.is_bad) {
		struct known_file file = take_file(&u);
		u.is_bad |= file.dir >= known->dirs.n;
		if (u.is_bad)
			break;
		vec_push(&known->dirs.p[file.dir].files, (uint32_t)known->files.n);
		vec_push(&known->files, file);
	}
	return !u.is_bad || err_set(e, ERR_PARSE, "files that cannot be unpacked");
}
