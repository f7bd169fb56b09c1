// SPDX-License-Identifier: MIT
#include "index/found.h"

#include "base/utf8.h"

struct found_file {
	struct grep_file file;
	size_t weight;
};

struct grep_memory {
	size_t count;
	struct found_file *files[];
};

void found_release(struct found *f)
{
	vec_each (&f->files, file)
		free(*file);
	vec_release(&f->files);
	vec_release(&f->lines);
	buf_release(&f->text);
	*f = (struct found){0};
}

bool found_has_room(const struct found *f)
{
	return f->mode == GREP_CONTENT && (f->max_matches == 0 || f->kept < f->max_matches);
}

void found_put(struct found *f, uint32_t number, struct str line, bool is_match)
{
	struct found_line put = {.number = number, .is_match = is_match, .text_at = f->text.n};

	if (line.n && line.p[line.n - 1] == '\n')
		line.n--;
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	if (f->max_columns && line.n > f->max_columns) {
		line = utf8_head(line, f->max_columns);
		put.is_cut = true;
	}
	buf_put_str(&f->text, line);
	/* Past the buffer's limit lines come out empty rather than not at all. */
	put.text_n = f->text.n - put.text_at;
	put.is_cut |= f->text.overflow;
	vec_push(&f->lines, put);
	f->kept += is_match;
}

static struct found_file *pack(const struct found *f, struct str path)
{
	size_t lines = f->lines.n * sizeof(struct grep_line);
	char *block =
		must_resize(NULL, sizeof(struct found_file) + lines + f->text.n + path.n + 1, 1);
	struct found_file *packed = (struct found_file *)block;
	struct grep_line *line = (struct grep_line *)(packed + 1);
	char *text = block + sizeof *packed + lines, *name = text + f->text.n;

	if (f->text.n)
		memcpy(text, f->text.p, f->text.n);
	memcpy(name, path.p, path.n);
	name[path.n] = '\0';
	*packed = (struct found_file){.file = {.path = {name, path.n},
					      .matches = f->matches,
					      .lines = line,
					      .line_count = f->lines.n},
		.weight = f->mode == GREP_CONTENT ? f->kept : 1};
	vec_each (&f->lines, from) {
		*line++ = (struct grep_line){.number = from->number,
			.is_match = from->is_match,
			.is_cut = from->is_cut,
			.text = {text + from->text_at, from->text_n}};
	}
	return packed;
}

static int by_path(const void *a, const void *b)
{
	const struct found_file *const *x = a, *const *y = b;

	return str_cmp((*x)->file.path, (*y)->file.path);
}

/* Sorts, and frees the files that come after the limit is reached. */
static void prune(struct found *f)
{
	size_t keep = 0, weight = 0;

	if (f->files.n)
		qsort(f->files.p, f->files.n, sizeof *f->files.p, by_path);
	while (keep < f->files.n && (f->max_matches == 0 || weight < f->max_matches))
		weight += f->files.p[keep++]->weight;
	for (size_t i = keep; i < f->files.n; i++)
		free(f->files.p[i]);
	f->files.n = keep;
	f->weight = weight;
	f->last = f->max_matches && weight >= f->max_matches ? f->files.p[keep - 1] : NULL;
}

void found_end_file(struct found *f, struct str path)
{
	bool is_late = f->last && str_cmp(path, f->last->file.path) > 0;

	if (f->matches) {
		f->total_files++;
		f->total_matches += f->matches;
	}
	if (f->matches && !is_late) {
		struct found_file *packed = pack(f, path);
		vec_push(&f->files, packed);
		f->weight += packed->weight;
		if (f->max_matches && f->weight / 2 > f->max_matches)
			prune(f);
	}
	if (f->text.capacity > 1 << 20)
		buf_release(&f->text);
	buf_clear(&f->text);
	f->lines.n = 0;
	f->matches = f->kept = 0;
}

/* Drops the lines behind the last matching one that may be kept. */
static void cut_lines(struct grep_file *file, size_t keep)
{
	size_t matches = 0, i = 0;

	while (i < file->line_count && matches < keep)
		matches += file->lines[i++].is_match;
	file->line_count = i;
}

void found_merge(struct found *all, size_t count, struct grep_result *out)
{
	struct found *first = &all[0];

	for (size_t i = 1; i < count; i++) {
		vec_each (&all[i].files, file)
			vec_push(&first->files, *file);
		all[i].files.n = 0;
		first->total_files += all[i].total_files;
		first->total_matches += all[i].total_matches;
	}
	prune(first);
	out->total_files = first->total_files;
	out->total_matches = first->total_matches;
	out->file_count = first->files.n;
	out->files = must_alloc(first->files.n ? first->files.n : 1, sizeof *out->files);
	out->memory = must_alloc(1, sizeof *out->memory + first->files.n * sizeof(void *));
	for (size_t i = 0; i < first->files.n; i++)
		out->files[i] = first->files.p[i]->file;
	out->memory->count = first->files.n;
	if (first->files.n)
		memcpy(out->memory->files, first->files.p, first->files.n * sizeof(void *));
	if (first->max_matches && first->weight > first->max_matches &&
		first->mode == GREP_CONTENT) {
		struct grep_file *last = &out->files[out->file_count - 1];
		size_t before = first->weight - first->files.p[first->files.n - 1]->weight;
		cut_lines(last, first->max_matches - before);
	}
	first->files.n = 0;
	for (size_t i = 0; i < count; i++)
		found_release(&all[i]);
}

void grep_result_release(struct grep_result *r)
{
	for (size_t i = 0; r->memory && i < r->memory->count; i++)
		free(r->memory->files[i]);
	free(r->memory);
	free(r->files);
	*r = (struct grep_result){0};
}
