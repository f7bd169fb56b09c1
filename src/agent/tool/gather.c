// SPDX-License-Identifier: MIT
#include "agent/tool/gather.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/tool/plain.h"
#include "base/file.h"
#include "base/vec.h"

/* Aligned, so that two workers do not write to one cache line. */
struct worker {
	VEC(struct gather_file) files;
	struct arena arena;
	char *buffer;
	size_t unreadable;
} __attribute__((aligned(64)));

struct gathering {
	struct worker *workers;
	struct str pattern;
	unsigned wants;
};

static int64_t modified_ns(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1'000'000'000 + st->st_mtim.tv_nsec;
}

bool gather_count(int fd, const struct stat *st, char *buffer, struct gather_file *file)
{
	uint64_t bytes = 0, lines = 0;
	bool is_binary = false;
	char last = '\n';
	ssize_t n;

	for (;;) {
		n = read(fd, buffer, GATHER_BUFFER_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		struct str chunk = {buffer, (size_t)n};
		is_binary = bytes == 0 && plain_is_binary(chunk);
		if (is_binary)
			break;
		lines += plain_newlines(chunk);
		bytes += chunk.n;
		last = chunk.p[chunk.n - 1];
	}
	file->lines = is_binary ? 0 : lines + (last != '\n');
	file->bytes = is_binary ? (uint64_t)st->st_size : bytes;
	file->modified_ns = modified_ns(st);
	return n >= 0;
}

/* False when it could not be looked at. */
static bool look_at(const struct gathering *g, struct worker *w, const struct scan_file *from,
	struct gather_file *file)
{
	struct stat st;

	if (!(g->wants & GATHER_LINES) || from->type != DT_REG) {
		if (fstatat(from->dir_fd, from->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			return false;
		file->modified_ns = modified_ns(&st);
		return true;
	}
	AUTO_FD fd = openat(from->dir_fd, from->name,
		O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	if (!w->buffer)
		w->buffer = must_alloc(1, GATHER_BUFFER_BYTES);
	return gather_count(fd, &st, w->buffer, file);
}

static bool visit(void *self, const struct scan_file *from)
{
	struct gathering *g = self;
	struct worker *w = &g->workers[from->worker];

	if (g->pattern.p && !glob_match(g->pattern, from->path))
		return true;
	if (from->type != DT_REG && from->type != DT_LNK)
		return true;
	struct gather_file file = {.path = arena_copy(&w->arena, from->path)};
	if (g->wants && !look_at(g, w, from, &file))
		w->unreadable++;
	else
		vec_push(&w->files, file);
	return true;
}

/* Takes over the workers' arenas. */
static void merge(struct gathering *g, int workers, struct gather *out)
{
	size_t total = 0;

	for (int i = 0; i < workers; i++)
		total += g->workers[i].files.n;
	out->workers = workers;
	out->arenas = must_alloc((size_t)workers, sizeof *out->arenas);
	out->files = must_alloc(total ? total : 1, sizeof *out->files);
	for (int i = 0; i < workers; i++) {
		struct worker *w = &g->workers[i];
		vec_each (&w->files, file)
			out->files[out->count++] = *file;
		out->arenas[i] = w->arena;
		out->unreadable += w->unreadable;
		vec_release(&w->files);
		free(w->buffer);
	}
}

bool gather_run(const struct scan_options *options, unsigned wants, struct str pattern,
	struct gather *out, struct err *e)
{
	int workers = scan_workers(options);
	struct gathering g = {.pattern = pattern, .wants = wants};
	struct gather made = {0};

	if (posix_memalign((void **)&g.workers, 64, (size_t)workers * sizeof *g.workers) != 0)
		must(!"out of memory");
	memset(g.workers, 0, (size_t)workers * sizeof *g.workers);
	bool done = scan_tree(options, visit, &g, &made.stats, e);
	merge(&g, workers, &made);
	free(g.workers);
	made.unreadable += made.stats.unreadable;
	if (done)
		*out = made;
	else
		gather_release(&made);
	return done;
}

void gather_release(struct gather *g)
{
	for (int i = 0; i < g->workers; i++)
		arena_release(&g->arenas[i]);
	free(g->arenas);
	free(g->files);
	*g = (struct gather){0};
}

/* '/' sorts before all else: "a/b" before "a-b". */
static int compare_paths(const void *left, const void *right)
{
	struct str a = ((const struct gather_file *)left)->path;
	struct str b = ((const struct gather_file *)right)->path;

	for (size_t i = 0; i < a.n && i < b.n; i++) {
		if (a.p[i] == b.p[i])
			continue;
		int x = a.p[i] == '/' ? -1 : (unsigned char)a.p[i];
		int y = b.p[i] == '/' ? -1 : (unsigned char)b.p[i];
		return x - y;
	}
	return (a.n > b.n) - (a.n < b.n);
}

void gather_sort(struct gather *g)
{
	qsort(g->files, g->count, sizeof *g->files, compare_paths);
}
