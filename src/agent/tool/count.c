// SPDX-License-Identifier: MIT
/* count: files, lines and bytes, by language, directory or file. */
#include <inttypes.h>
#include <unistd.h>

#include "agent/tool/gather.h"
#include "agent/tool/place.h"
#include "agent/tool/plain.h"
#include "base/language.h"
#include "base/vec.h"

extern const char embed_count_md[];

static void run(const struct tool_call *call, struct tool_result *out);

const struct tool tool_count = {
	.name = "count",
	.needs = TOOL_READS,
	.target = "path",
	.document = embed_count_md,
	.run = run,
};

enum {
	LIMIT_DEFAULT = 20,
	LIMIT_MAX = 1000,
};

struct row {
	struct str name;
	uint64_t files, lines, bytes;
	int64_t modified_ns; /* of the newest */
};

struct rows {
	VEC(struct row) all;
	struct row total;
	const struct tool_call *call;
	const struct place *place;
	size_t unreadable;
};

static void row_add(struct row *row, const struct gather_file *file)
{
	row->files++;
	row->lines += file->lines;
	row->bytes += file->bytes;
	if (file->modified_ns > row->modified_ns)
		row->modified_ns = file->modified_ns;
}

/* ---- by what ---- */

static void by_language(struct rows *rows, const struct gather *files)
{
	size_t known = 0;

	while (languages[known].name)
		known++;
	struct row *sums = arena_alloc(rows->call->arena, known + 1, sizeof *sums);
	for (size_t i = 0; i <= known; i++)
		sums[i].name = str_from(i < known ? languages[i].name : "Other");
	for (size_t i = 0; i < files->count; i++) {
		const struct language *l = language_of(files->files[i].path);
		row_add(&sums[l ? (size_t)(l - languages) : known], &files->files[i]);
	}
	for (size_t i = 0; i <= known; i++)
		if (sums[i].files)
			vec_push(&rows->all, sums[i]);
}

/* The directories right below the place; files must be sorted. */
static void by_directory(struct rows *rows, const struct gather *files)
{
	struct row own = {.name = STR("./")};
	struct str directory = {0};

	for (size_t i = 0; i < files->count; i++) {
		const struct gather_file *file = &files->files[i];
		size_t slash = str_find_char(file->path, '/', 0);
		if (slash == SIZE_MAX) {
			row_add(&own, file);
			continue;
		}
		if (!directory.p || !str_starts(file->path, directory)) {
			directory = str_head(file->path, slash + 1);
			struct str shown = place_show(rows->call, rows->place, directory);
			vec_push(&rows->all, (struct row){.name = shown});
		}
		row_add(&rows->all.p[rows->all.n - 1], file);
	}
	if (own.files)
		vec_push(&rows->all, own);
}

static void by_file(struct rows *rows, const struct gather *files)
{
	for (size_t i = 0; i < files->count; i++) {
		struct row row = {.name = files->files[i].path};
		row_add(&row, &files->files[i]);
		vec_push(&rows->all, row);
	}
}

static void put_sums(const struct rows *, struct buf *out, const struct row *row)
{
	plain_put_field(out, row->name);
	buf_printf(out, "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", row->files, row->lines,
		row->bytes);
}

static void put_file(const struct rows *rows, struct buf *out, const struct row *row)
{
	time_t seconds = (time_t)(row->modified_ns / 1'000'000'000);
	char when[32] = "";
	struct tm t;

	if (localtime_r(&seconds, &t))
		strftime(when, sizeof when, "%Y-%m-%d %H:%M", &t);
	plain_put_field(out, place_show(rows->call, rows->place, row->name));
	buf_printf(out, "\t%" PRIu64 "\t%" PRIu64 "\t%s\n", row->lines, row->bytes, when);
}

static const struct by {
	const char *name;
	void (*sum)(struct rows *rows, const struct gather *files);
	void (*put)(const struct rows *rows, struct buf *out, const struct row *row);
} bys[] = {
	{"language", by_language, put_sums},
	{"directory", by_directory, put_sums},
	{"file", by_file, put_file},
	{NULL},
};

/* ---- in which order ---- */

static int compare(uint64_t a, uint64_t b, const void *left, const void *right)
{
	if (a != b)
		return a < b ? 1 : -1;
	return str_cmp(((const struct row *)left)->name, ((const struct row *)right)->name);
}

static int by_lines(const void *a, const void *b)
{
	return compare(((const struct row *)a)->lines, ((const struct row *)b)->lines, a, b);
}

static int by_size(const void *a, const void *b)
{
	return compare(((const struct row *)a)->bytes, ((const struct row *)b)->bytes, a, b);
}

static int by_newest(const void *a, const void *b)
{
	int64_t left = ((const struct row *)a)->modified_ns,
		right = ((const struct row *)b)->modified_ns;

	return left == right ? compare(0, 0, a, b) : left < right ? 1 : -1;
}

static int by_name(const void *a, const void *b)
{
	return compare(0, 0, a, b);
}

static const struct order {
	const char *name;
	int (*compare)(const void *, const void *);
} orders[] = {
	{"lines", by_lines},
	{"size", by_size},
	{"newest", by_newest},
	{"name", by_name},
	{NULL},
};

/* ---- the tool ---- */

static const struct by *find_by(const struct tool_call *call, struct tool_result *out)
{
	struct str name = tool_argument(call, "by", STR("language"));

	for (const struct by *b = bys; b->name; b++)
		if (str_is(name, b->name))
			return b;
	tool_fail(out, "by \"%.*s\": use language, directory or file", STR_ARG(name));
	return NULL;
}

static const struct order *find_order(const struct tool_call *call, struct tool_result *out)
{
	struct str name = tool_argument(call, "sort", STR("lines"));

	for (const struct order *o = orders; o->name; o++)
		if (str_is(name, o->name))
			return o;
	tool_fail(out, "sort \"%.*s\": use lines, size, newest or name", STR_ARG(name));
	return NULL;
}

/* The place is one file: it is all there is to count. */
static void gather_one(const struct tool_call *call, const struct place *place, struct gather *out)
{
	char *buffer = arena_alloc(call->arena, GATHER_BUFFER_BYTES, 1);

	out->files = must_alloc(1, sizeof *out->files);
	out->count = 1;
	out->files[0].path = place->relative;
	out->unreadable = !gather_count(place->fd, &place->st, buffer, &out->files[0]);
}

static void put_rows(const struct rows *rows, const struct by *by, size_t limit, struct buf *out)
{
	size_t shown = rows->all.n < limit ? rows->all.n : limit;
	const struct row *total = &rows->total;

	for (size_t i = 0; i < shown; i++)
		by->put(rows, out, &rows->all.p[i]);
	place_put_unreadable(out, rows->unreadable);
	buf_put_char(out, '[');
	if (shown < rows->all.n)
		buf_printf(out, "%zu of %zu shown; ", shown, rows->all.n);
	buf_printf(out, "%" PRIu64 " files, %" PRIu64 " lines, %" PRIu64 " bytes]\n", total->files,
		total->lines, total->bytes);
}

static void run(const struct tool_call *call, struct tool_result *out)
{
	int64_t limit = tool_argument_int(call, "limit", LIMIT_DEFAULT);
	const struct by *by = find_by(call, out);
	const struct order *order = by ? find_order(call, out) : NULL;
	AUTO(place) place = {.fd = -1};
	AUTO(gather) files = {0};
	struct err e;

	if (!order || !place_open(call, STR("."), &place, out))
		return;
	struct scan_options options = place_scan(call, &place);
	if (!place_is_directory(&place)) {
		gather_one(call, &place, &files);
	} else if (!gather_run(&options, GATHER_LINES, (struct str){0}, &files, &e)) {
		tool_fail(out, "%s", e.text);
		return;
	}
	struct rows rows = {.call = call, .place = &place, .unreadable = files.unreadable};
	gather_sort(&files);
	for (size_t i = 0; i < files.count; i++)
		row_add(&rows.total, &files.files[i]);
	by->sum(&rows, &files);
	if (rows.all.n)
		qsort(rows.all.p, rows.all.n, sizeof *rows.all.p, order->compare);
	put_rows(&rows, by,
		limit < 1           ? 1
		: limit > LIMIT_MAX ? LIMIT_MAX
				    : (size_t)limit,
		&out->text);
	vec_release(&rows.all);
}
