// SPDX-License-Identifier: MIT
/* Files: which there are, how many, how long, which is the largest or newest. */
#include "llm/offline.h"

enum { FILES_ASKED = 1000, RANKED = 10, LISTED = 60 };

const char *plural(int64_t count)
{
	return count == 1 ? "" : "s";
}

void put_more(struct buf *out, int64_t more)
{
	if (more > 0)
		buf_printf(out, "- and %lld more\n", (long long)more);
}

void put_error(struct buf *out, const struct finding *f)
{
	buf_printf(out, "That could not be looked up: %.*s\n", STR_ARG(str_trim(f->text)));
}

bool is_usable(const struct finding *f, struct buf *out)
{
	if (f && f->is_error)
		put_error(out, f);
	return f && !f->is_error;
}

static void put_problem(struct buf *out, const struct target *t)
{
	if (t->problem.n)
		buf_printf(out, "%.*s\n", STR_ARG(t->problem));
}

static void sort_entries(struct entries *e, int (*order)(const void *, const void *))
{
	if (e->n)
		qsort(e->p, e->n, sizeof *e->p, order);
}

static int by_path(const void *x, const void *y)
{
	return str_cmp(((const struct entry *)x)->path, ((const struct entry *)y)->path);
}

static int by_lines_up(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	if (a->lines != b->lines)
		return a->lines < b->lines ? -1 : 1;
	return a->bytes == b->bytes ? by_path(x, y) : a->bytes < b->bytes ? -1 : 1;
}

static int by_age(const void *x, const void *y)
{
	int order = str_cmp(((const struct entry *)x)->date, ((const struct entry *)y)->date);

	return order ? order : by_path(x, y);
}

/* ---- list ---- */

static void put_paths(struct buf *out, const struct entries *e, int64_t limit)
{
	int64_t shown = 0;

	for (; shown < limit && shown < (int64_t)e->n; shown++)
		buf_printf(out, "- %.*s\n", STR_ARG(e->p[shown].path));
	put_more(out, e->files - shown);
}

/* "find README", "files named store": by a part of the name. */
static void list_named(struct desk *d, const struct request *r, struct buf *out)
{
	struct str name = r->paths.n ? r->paths.p[0] : r->names.n ? r->names.p[0] : r->topics.p[0];
	struct entries e = {0};
	struct subjects files;

	if (r->paths.n) {
		if (!desk_files(d, name, &files))
			return;
		e.p = arena_alloc(d->a, files.n + 1, sizeof *e.p);
		for (size_t i = 0; i < files.n; i++)
			e.p[e.n++] = (struct entry){.path = files.p[i]};
		/* A path with a directory was taken at its word: see that it is there. */
		if (str_find_char(name, '/', 0) != SIZE_MAX) {
			const struct finding *f = desk_glob(d, files.p[0], (struct str){0});
			if (!f)
				return;
			e = desk_paths(d, f);
		}
		e.files = (int64_t)e.n;
	} else {
		const struct finding *f =
			desk_glob(d, arena_printf(d->a, "*%.*s*", STR_ARG(name)), (struct str){0});
		if (!is_usable(f, out))
			return;
		e = desk_paths(d, f);
		sort_entries(&e, by_path);
	}
	if (e.n == 0) {
		buf_printf(out, "No file is named `%.*s`.\n", STR_ARG(name));
		return;
	}
	buf_printf(out, "%lld file%s named `%.*s`:\n", (long long)e.files, plural(e.files),
		STR_ARG(name));
	put_paths(out, &e, ITEMS_SHOWN);
}

static void list_directories(struct desk *d, struct buf *out)
{
	const struct finding *f = desk_ls(d, (struct str){0}, 2);
	struct str rest, line;

	if (!is_usable(f, out))
		return;
	buf_put_text(out, "Directories, with the number of files below:\n");
	rest = f->text;
	while (str_split(&rest, '\n', &line)) {
		size_t slash = str_find(line, STR("/ ("), 0);
		if (slash != SIZE_MAX || str_ends(line, STR("/")))
			buf_printf(out, "- %.*s\n", STR_ARG(str_trim(line)));
	}
}

void answer_list(struct desk *d, const struct request *r, struct buf *out)
{
	struct target t;

	if (r->paths.n || r->names.n || r->topics.n) {
		list_named(d, r, out);
		return;
	}
	if (request_has(r, W_DIRECTORY) && !r->scope.places.n && !r->scope.label.n) {
		list_directories(d, out);
		return;
	}
	if (!desk_target(d, r, &t))
		return;
	const struct finding *f = desk_glob(d, t.glob.n ? t.glob : STR("*"), t.path);
	if (!f)
		return;
	put_problem(out, &t);
	if (f->is_error) {
		put_error(out, f);
		return;
	}
	struct entries e = desk_paths(d, f);
	if (e.n == 0 && t.second.n) {
		if (!(f = desk_glob(d, t.second, t.path)))
			return;
		e = desk_paths(d, f);
	}
	if (e.n == 0) {
		buf_printf(out, "There are no %.*ss%.*s.\n", STR_ARG(t.kind), STR_ARG(t.words));
		return;
	}
	sort_entries(&e, by_path);
	buf_printf(out, "%lld %.*s%s%.*s%s:\n", (long long)e.files, STR_ARG(t.kind),
		plural(e.files), STR_ARG(t.words), e.is_cut ? " (the newest are shown)" : "");
	put_paths(out, &e, r->limit ? r->limit : e.n <= 60 ? 60 : ITEMS_SHOWN);
}

/* ---- count ---- */

static void put_entry(struct buf *out, const struct entry *e)
{
	buf_printf(out, "- %.*s: %lld line%s, %lld bytes", STR_ARG(e->path), (long long)e->lines,
		plural(e->lines), (long long)e->bytes);
	if (e->date.n)
		buf_printf(out, ", %.*s", STR_ARG(e->date));
	buf_put_char(out, '\n');
}

static struct str directory_of(struct str path, struct str *base)
{
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;

	*base = slash ? str_range(slash + 1, path.p + path.n) : path;
	return slash ? str_range(path.p, slash) : (struct str){0};
}

static void count_file(struct desk *d, struct str path, struct buf *out)
{
	struct str base, directory = directory_of(path, &base);
	const struct finding *f = desk_count(d, directory, base, "file", NULL, FILES_ASKED);

	if (!is_usable(f, out))
		return;
	struct entries e = desk_entries(d, f);
	for (size_t i = 0; i < e.n; i++) {
		if (!str_eq(e.p[i].path, path))
			continue;
		buf_printf(out, "%.*s has %lld line%s (%lld bytes).\n", STR_ARG(path),
			(long long)e.p[i].lines, plural(e.p[i].lines), (long long)e.p[i].bytes);
		return;
	}
	buf_printf(
		out, "No file %.*s was found among those that are not ignored.\n", STR_ARG(path));
}

static void count_paths(struct desk *d, const struct request *r, struct buf *out)
{
	for (size_t i = 0; i < r->paths.n; i++) {
		struct subjects files;
		if (!desk_named_files(d, r->paths.p[i], &files, out))
			continue;
		for (size_t k = 0; k < files.n; k++)
			count_file(d, files.p[k], out);
	}
}

static struct str ending_of(struct str path)
{
	struct str base;

	directory_of(path, &base);
	const char *dot = base.n ? memrchr(base.p, '.', base.n) : NULL;
	return dot && dot > base.p ? str_range(dot, base.p + base.n) : base;
}

/* "9 `.c` (424 lines), 7 `.h` (128 lines)": people mean one or the other by "C files". */
static void put_endings(struct desk *d, struct buf *out, const struct entries *e)
{
	struct entry *sums = arena_alloc(d->a, e->n + 1, sizeof *sums);
	size_t count = 0;

	for (size_t i = 0; i < e->n; i++) {
		struct str ending = ending_of(e->p[i].path);
		size_t k = 0;
		while (k < count && !str_eq(sums[k].path, ending))
			k++;
		if (k == count)
			sums[count++].path = ending;
		sums[k].files++;
		sums[k].lines += e->p[i].lines;
	}
	if (count < 2 || count > 6)
		return;
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "- `%.*s`: %lld file%s, %lld lines\n", STR_ARG(sums[i].path),
			(long long)sums[i].files, plural(sums[i].files), (long long)sums[i].lines);
}

static void put_groups(struct buf *out, const struct entries *e, int64_t limit)
{
	for (size_t i = 0; i < e->n && (int64_t)i < limit; i++)
		buf_printf(out, "- %.*s: %lld file%s, %lld line%s\n", STR_ARG(e->p[i].path),
			(long long)e->p[i].files, plural(e->p[i].files), (long long)e->p[i].lines,
			plural(e->p[i].lines));
	put_more(out, (int64_t)e->n - limit);
}

static void count_all(struct desk *d, struct buf *out)
{
	const struct finding *f =
		desk_count(d, (struct str){0}, (struct str){0}, "language", NULL, 40);

	if (!is_usable(f, out))
		return;
	struct entries e = desk_entries(d, f);
	buf_printf(out, "%lld file%s with %lld line%s (%lld byte%s) in all:\n", (long long)e.files,
		plural(e.files), (long long)e.lines, plural(e.lines), (long long)e.bytes,
		plural(e.bytes));
	put_groups(out, &e, ITEMS_SHOWN);
}

static void count_directories(struct desk *d, const struct target *t, struct buf *out)
{
	const struct finding *f = desk_ls(d, t->path, 12);
	struct str rest, line, last = {0};
	int64_t numbers[2] = {0};

	if (!is_usable(f, out))
		return;
	rest = f->text;
	while (str_split(&rest, '\n', &line))
		if (line.n)
			last = line;
	desk_numbers(last, numbers, 2);
	buf_printf(out, "%lld director%s%.*s, with %lld files.\n", (long long)numbers[1],
		numbers[1] == 1 ? "y" : "ies", STR_ARG(t->words), (long long)numbers[0]);
}

void answer_count(struct desk *d, const struct request *r, struct buf *out)
{
	struct target t;

	if (r->paths.n) {
		count_paths(d, r, out);
		return;
	}
	if (!desk_target(d, r, &t))
		return;
	bool is_directories = request_has(r, W_DIRECTORY) && r->is_numeric &&
			      !request_has(r, W_FILE) && !request_has(r, W_LINE) &&
			      !r->scope.label.n && !request_has(r, W_SIZE);
	if (is_directories) {
		count_directories(d, &t, out);
		return;
	}
	bool is_listing = request_has(r, W_PER) && request_has(r, W_FILE);
	if (!t.glob.n && !t.path.n && !is_listing) {
		put_problem(out, &t);
		count_all(d, out);
		return;
	}
	const struct finding *f = desk_count(d, t.path, t.glob, "file", NULL, FILES_ASKED);
	if (!f)
		return;
	put_problem(out, &t);
	if (f->is_error) {
		put_error(out, f);
		return;
	}
	struct entries e = desk_entries(d, f);
	if (e.files == 0 && t.second.n) {
		if (!(f = desk_count(d, t.path, t.second, "file", NULL, FILES_ASKED)))
			return;
		e = desk_entries(d, f);
	}
	if (e.files == 0) {
		buf_printf(out, "There are 0 %.*ss%.*s.\n", STR_ARG(t.kind), STR_ARG(t.words));
		return;
	}
	buf_printf(out, "%lld %.*s%s%.*s with %lld line%s (%lld bytes)%s\n", (long long)e.files,
		STR_ARG(t.kind), plural(e.files), STR_ARG(t.words), (long long)e.lines,
		plural(e.lines), (long long)e.bytes,
		e.is_cut  ? "."
		: e.n > 1 ? ":"
			  : ".");
	if (e.is_cut)
		return;
	put_endings(d, out, &e);
	for (size_t i = 0; i < e.n && e.n > 1 && (e.n <= 12 || is_listing) && i < LISTED; i++)
		put_entry(out, &e.p[i]);
	put_more(out, is_listing ? (int64_t)e.n - LISTED : 0);
}

/* ---- largest, newest ---- */

static int64_t rank_limit(const struct request *r)
{
	if (r->limit)
		return r->limit;
	return request_says(r, "file") && !request_says(r, "files") ? 1 : RANKED;
}

static void put_ranked(struct buf *out, const struct entries *e, const struct target *t,
	const char *order, int64_t limit)
{
	buf_printf(out, "The %s %.*s%s%.*s:\n", order, STR_ARG(t->kind), limit == 1 ? "" : "s",
		STR_ARG(t->words));
	for (size_t i = 0; i < e->n && (int64_t)i < limit; i++)
		put_entry(out, &e->p[i]);
}

static void rank_largest(
	struct desk *d, const struct target *t, int64_t limit, bool by_size, struct buf *out)
{
	const struct finding *lines = desk_count(d, t->path, t->glob, "file", "lines", limit);
	const struct finding *bytes = desk_count(d, t->path, t->glob, "file", "size", limit);

	if (!lines || !bytes)
		return;
	if (lines->is_error) {
		put_error(out, lines);
		return;
	}
	struct entries l = desk_entries(d, lines), b = desk_entries(d, bytes);
	if (l.n == 0) {
		buf_printf(out, "There are no %.*ss%.*s.\n", STR_ARG(t->kind), STR_ARG(t->words));
		return;
	}
	bool is_same = b.n && str_eq(l.p[0].path, b.p[0].path);
	put_ranked(out, by_size ? &b : &l, t, by_size ? "largest (in bytes)" : "longest", limit);
	if (!is_same)
		put_ranked(out, by_size ? &l : &b, t,
			by_size ? "longest (in lines)" : "largest (in bytes)", limit);
}

static void rank_newest(struct desk *d, const struct target *t, int64_t limit, struct buf *out)
{
	const struct finding *f = desk_count(d, t->path, t->glob, "file", "newest", limit);

	if (!is_usable(f, out))
		return;
	struct entries e = desk_entries(d, f);
	if (e.n == 0)
		buf_printf(out, "There are no %.*ss%.*s.\n", STR_ARG(t->kind), STR_ARG(t->words));
	else
		put_ranked(out, &e, t, "most recently modified", limit);
}

static void put_empty(struct buf *out, const struct entries *e, const struct target *t)
{
	int64_t count = 0;

	for (size_t i = 0; i < e->n; i++)
		count += e->p[i].bytes == 0;
	if (count == 0) {
		buf_printf(out, "No %.*s%.*s is empty.\n", STR_ARG(t->kind), STR_ARG(t->words));
		return;
	}
	buf_printf(out, "%lld empty %.*s%s%.*s:\n", (long long)count, STR_ARG(t->kind),
		plural(count), STR_ARG(t->words));
	for (size_t i = 0; i < e->n; i++)
		if (e->p[i].bytes == 0)
			buf_printf(out, "- %.*s\n", STR_ARG(e->p[i].path));
}

/* What the tool cannot sort by: all files are asked for and sorted here. */
static void rank_here(
	struct desk *d, const struct request *r, const struct target *t, struct buf *out)
{
	const struct finding *f = desk_count(d, t->path, t->glob, "file", NULL, FILES_ASKED);

	if (!is_usable(f, out))
		return;
	struct entries e = desk_entries(d, f);
	if (request_has(r, W_EMPTY)) {
		put_empty(out, &e, t);
	} else if (request_has(r, W_OLD)) {
		sort_entries(&e, by_age);
		put_ranked(out, &e, t, "oldest", rank_limit(r));
	} else {
		sort_entries(&e, by_lines_up);
		put_ranked(out, &e, t, "smallest", rank_limit(r));
	}
	if (e.is_cut)
		buf_printf(out, "Only %zu of %lld files were compared.\n", e.n, (long long)e.files);
}

static void rank_threshold(
	struct desk *d, const struct request *r, const struct target *t, struct buf *out)
{
	const struct finding *f = desk_count(
		d, t->path, t->glob, "file", r->is_bytes ? "size" : "lines", FILES_ASKED);
	size_t n = 0;

	if (!is_usable(f, out))
		return;
	struct entries e = desk_entries(d, f);
	for (size_t i = 0; i < e.n; i++) {
		int64_t measure = r->is_bytes ? e.p[i].bytes : e.p[i].lines;
		if (r->is_below ? measure < r->threshold : measure > r->threshold)
			e.p[n++] = e.p[i];
	}
	buf_printf(out, "%zu of %lld %.*ss%.*s ha%s %s than %lld %s%s\n", n, (long long)e.files,
		STR_ARG(t->kind), STR_ARG(t->words), n == 1 ? "s" : "ve",
		r->is_below ? r->is_bytes ? "less" : "fewer" : "more", (long long)r->threshold,
		r->is_bytes ? "bytes" : "lines", n ? ":" : ".");
	for (size_t i = 0; i < n && i < ITEMS_SHOWN; i++)
		put_entry(out, &e.p[i]);
	put_more(out, (int64_t)n - ITEMS_SHOWN);
	if (e.is_cut)
		buf_printf(out, "Only %zu files were compared.\n", e.n);
}

void answer_rank(struct desk *d, const struct request *r, struct buf *out)
{
	struct target t;

	if (!desk_target(d, r, &t))
		return;
	put_problem(out, &t);
	if (r->threshold)
		rank_threshold(d, r, &t, out);
	else if (request_has(r, W_EMPTY) || request_has(r, W_OLD) || request_has(r, W_SMALL))
		rank_here(d, r, &t, out);
	else if (request_has(r, W_NEW) && !request_says(r, "longest") &&
		 !request_says(r, "largest") && !request_says(r, "biggest") &&
		 !request_says(r, "size"))
		rank_newest(d, &t, rank_limit(r), out);
	else
		rank_largest(d, &t, rank_limit(r),
			!request_has(r, W_LINE) && !request_says(r, "longest") &&
				!request_says(r, "long"),
			out);
}

/* ---- by language, by directory ---- */

void answer_groups(struct desk *d, const struct request *r, struct buf *out)
{
	bool by_directory = request_has(r, W_DIRECTORY);
	struct target t;

	if (!desk_target(d, r, &t))
		return;
	const struct finding *f =
		desk_count(d, t.path, t.glob, by_directory ? "directory" : "language", "lines", 40);
	if (!is_usable(f, out))
		return;
	struct entries e = desk_entries(d, f);
	buf_printf(out, "%zu %s%.*s (%lld files, %lld lines), most lines first:\n", e.n,
		by_directory ? "directories" : "kinds of files", STR_ARG(t.words),
		(long long)e.files, (long long)e.lines);
	put_groups(out, &e, ITEMS_SHOWN);
}
