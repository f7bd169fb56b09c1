// SPDX-License-Identifier: MIT
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "usage/compat_inside.h"
#include "usage/find.h"

void compat_files_release(struct compat_files *files)
{
	vec_release(&files->all);
	arena_release(&files->arena);
}

static bool is_asked_for(struct str sources, const char *name)
{
	struct str part;

	if (sources.n == 0)
		return true;
	while (str_split(&sources, ',', &part))
		if (str_is(str_trim(part), name))
			return true;
	return false;
}

static void add(struct compat_files *files, const struct find_place *place, struct str path)
{
	const struct usage_reader *reader = usage_readers[place->source];
	size_t place_n = place->path.n;

	while (place_n < path.n && path.p[place_n] == '/')
		place_n++;
	if (!reader->wants || place->path.n == path.n ||
		reader->wants(str_skip(path, place_n), place->note))
		vec_push(&files->all, (struct compat_file){.path = arena_copy(&files->arena, path),
					      .place_n = place_n,
					      .reader = reader,
					      .note = place->note});
}

static void walk(struct compat_files *files, const struct find_place *place)
{
	char *roots[] = {(char *)arena_text(&files->arena, place->path), NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);

	if (!tree)
		return;
	for (FTSENT *entry; (entry = fts_read(tree));) {
		files->shut += entry->fts_info == FTS_DNR;
		if (entry->fts_info == FTS_F)
			add(files, place, (struct str){entry->fts_path, entry->fts_pathlen});
	}
	fts_close(tree);
}

/* Readers in the order of their table, the files of each by their paths. */
static int compare(const void *a, const void *b)
{
	const struct compat_file *x = a, *y = b;

	if (x->reader == y->reader)
		return str_cmp(x->path, y->path);
	for (size_t i = 0;; i++) {
		if (usage_readers[i] == x->reader)
			return -1;
		if (usage_readers[i] == y->reader)
			return 1;
	}
}

static void drop_repeated(struct compat_files *files)
{
	size_t kept = 0;

	for (size_t i = 0; i < files->all.n; i++)
		if (kept == 0 || compare(&files->all.p[kept - 1], &files->all.p[i]) != 0)
			files->all.p[kept++] = files->all.p[i];
	files->all.n = kept;
}

void compat_files_find(struct compat_files *files, const char *(*environment)(const char *name),
	struct str sources)
{
	struct find_places places = {0};

	find_places_fill(&places, environment, false);
	vec_each (&places.all, place)
		if (is_asked_for(sources, usage_readers[place->source]->name))
			walk(files, place);
	find_places_release(&places);
	if (files->all.n > 0)
		qsort(files->all.p, files->all.n, sizeof *files->all.p, compare);
	drop_repeated(files);
}
