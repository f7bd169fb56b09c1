// SPDX-License-Identifier: MIT
/*
 * Several workers share one stack of directories. A worker takes one, reads its names, judges them,
 * shows the files to the visitor and puts the directories it found on the stack. When others have
 * nothing to do it gives away half of the names it has not looked at yet, so that one enormous
 * directory keeps all of them busy. The walk is over when the stack is empty and nobody works.
 */
#include "index/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/processors.h"
#include "index/glob.h"
#include "index/ignore.h"
#include "index/index.h"

enum {
	THREADS_MAX = 64,
	ENTRIES_BYTES = 64 << 10, /* of getdents64 at a time */
	SHARE_BYTES = 2 << 10, /* fewer bytes of names are not worth giving away */
};

/* A directory that is being visited; work on it keeps it. */
struct place {
	atomic_int references;
	int fd; /* -1: not opened yet */
	struct ignore_level *level; /* the parent's until it is opened, then its own */
	size_t depth; /* start is 0 */
	size_t path_n;
	char path[]; /* from root, NUL-terminated */
};

struct work {
	struct work *next;
	struct place *place;
	size_t n; /* bytes of entries; 0: the place is to be opened and read */
	char entries[];
};

struct worker {
	struct scan *scan;
	int number;
	struct scan_stats stats;
	struct buf path;
	struct work *found; /* directories of the place at hand */
	char *entries;
};

struct scan {
	const struct scan_options *options;
	bool (*visit)(void *self, const struct scan_file *file);
	void *self;
	int start_fd;
	size_t start_n; /* bytes of the root-relative path that scan_file.path leaves out */
	struct ignore_rules global, include;
	bool must_include; /* a file has to match one */
	atomic_bool stop;
	atomic_int idle;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct work *stack;
	int busy;
};

int scan_open(const char *root, const char *relative, int flags, struct err *e)
{
	AUTO_FD root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct open_how how = {.flags = (uint64_t)flags | O_CLOEXEC, .resolve = RESOLVE_BENEATH};

	if (root_fd < 0) {
		err_errno(e, "%s", root);
		return -1;
	}
	const char *path = *relative ? relative : ".";
	int fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof how);
	/* Kernels before 5.6 and some sandboxes lack openat2. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(root_fd, path, flags | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		err_errno(e, "%s", *relative ? relative : root);
	return fd;
}

/* ---- places and work ---- */

static struct place *place_new(const struct place *parent, struct str path)
{
	struct place *p = must_alloc(1, sizeof *p + path.n + 1);

	p->references = 1;
	p->fd = -1;
	p->level = parent ? ignore_level_keep(parent->level) : NULL;
	p->depth = parent ? parent->depth + 1 : 0;
	p->path_n = path.n;
	if (path.n)
		memcpy(p->path, path.p, path.n);
	return p;
}

static void place_drop(struct place *p)
{
	if (atomic_fetch_sub_explicit(&p->references, 1, memory_order_acq_rel) != 1)
		return;
	file_close(&p->fd);
	ignore_level_drop(p->level);
	free(p);
}

static void push(struct scan *s, struct work *first)
{
	struct work *last = first;

	if (!first)
		return;
	while (last->next)
		last = last->next;
	pthread_mutex_lock(&s->lock);
	last->next = s->stack;
	s->stack = first;
	if (atomic_load_explicit(&s->idle, memory_order_relaxed))
		pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

/* Waits for work; NULL when the walk is over. The caller was busy and is again on return. */
static struct work *next_work(struct scan *s)
{
	struct work *work = NULL;

	pthread_mutex_lock(&s->lock);
	s->busy--;
	while (!s->stack && s->busy) {
		atomic_fetch_add(&s->idle, 1);
		pthread_cond_wait(&s->changed, &s->lock);
		atomic_fetch_sub(&s->idle, 1);
	}
	if (s->stack) {
		work = s->stack;
		s->stack = work->next;
		s->busy++;
	} else {
		pthread_cond_broadcast(&s->changed);
	}
	pthread_mutex_unlock(&s->lock);
	return work;
}

static bool is_over(struct scan *s)
{
	return atomic_load_explicit(&s->stop, memory_order_relaxed) ||
	       (s->options->cancel &&
		       atomic_load_explicit(s->options->cancel, memory_order_relaxed));
}

/* ---- one name ---- */

/* The kernel's struct linux_dirent64 has the layout of glibc's struct dirent64. */
static struct dirent64 *entry_at(char *entries, size_t at)
{
	return (struct dirent64 *)(entries + at);
}

static bool is_included(const struct scan *s, const struct ignore_name *name)
{
	if (s->include.rules.n == 0)
		return true;
	switch (ignore_rules_match(&s->include, name, s->start_n)) {
	case IGNORE_OUT: return true; /* a glob matches as an ignore rule would */
	case IGNORE_IN: return false; /* one with '!' */
	case IGNORE_NONE: break;
	}
	return name->is_directory || !s->must_include;
}

/* True when the name is to be visited or entered; counts it when a rule left it out. */
static bool is_wanted(struct worker *w, const struct place *place, const struct ignore_name *name)
{
	struct scan *s = w->scan;
	bool is_hidden = name->name.p[0] == '.' && !s->options->hidden;
	enum ignore_verdict verdict = IGNORE_NONE;

	if (!s->options->no_ignore)
		verdict = ignore_verdict(place->level, &s->global, name);
	if (verdict == IGNORE_OUT) {
		w->stats.ignored++;
		return false;
	}
	return (!is_hidden || verdict == IGNORE_IN) && is_included(s, name);
}

static unsigned char type_of(int dir_fd, const struct dirent64 *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN)
		return d->d_type;
	if (fstatat(dir_fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return DT_UNKNOWN;
	return IFTODT(st.st_mode);
}

static bool is_left_out(const struct scan_options *options, struct str path)
{
	return options->leaves_out && options->leaves_out(options->leaves_out_self, path);
}

static void enter_later(struct worker *w, struct place *place, struct str path)
{
	size_t limit = w->scan->options->max_depth;

	if (limit && place->depth + 1 >= limit)
		return;
	struct work *work = must_alloc(1, sizeof *work);
	work->place = place_new(place, path);
	work->next = w->found;
	w->found = work;
}

/* w->path holds the place's path with its slash. False when the visitor ends the scan. */
static bool take_entry(struct worker *w, struct place *place, const struct dirent64 *d)
{
	const struct scan *s = w->scan;
	const char *n = d->d_name;
	size_t directory_n = w->path.n;

	if (n[0] == '.' && (n[1] == '\0' || (n[1] == '.' && n[2] == '\0') || !strcmp(n, ".git")))
		return true;
	unsigned char type = type_of(place->fd, d);
	buf_put_text(&w->path, n);
	struct ignore_name name = ignore_name(buf_str(&w->path), type == DT_DIR);
	bool go_on = true, is_shown = is_wanted(w, place, &name);
	if (is_shown && type == DT_DIR) {
		enter_later(w, place, name.path);
		is_shown = s->options->directories;
	}
	if (is_shown && !is_left_out(s->options, name.path)) {
		w->stats.files += type != DT_DIR;
		go_on = s->visit(s->self, &(struct scan_file){.dir_fd = place->fd,
						  .name = n,
						  .path = str_skip(name.path, s->start_n),
						  .type = type,
						  .worker = w->number});
	}
	buf_cut(&w->path, directory_n);
	return go_on;
}

/* ---- one directory ---- */

/* Gives the second half of the names from at on to whoever is idle; the new end of ours. */
static size_t share(struct worker *w, struct place *place, char *entries, size_t at, size_t n)
{
	size_t middle = at;

	while (middle < at + (n - at) / 2)
		middle += entry_at(entries, middle)->d_reclen;
	struct work *work = must_alloc(1, sizeof *work + n - middle);
	atomic_fetch_add_explicit(&place->references, 1, memory_order_relaxed);
	work->place = place;
	work->n = n - middle;
	memcpy(work->entries, entries + middle, n - middle);
	push(w->scan, work);
	return middle;
}

static void take_entries(struct worker *w, struct place *place, char *entries, size_t n)
{
	struct scan *s = w->scan;

	for (size_t at = 0; at < n && !is_over(s);) {
		if (n - at > SHARE_BYTES && atomic_load_explicit(&s->idle, memory_order_relaxed))
			n = share(w, place, entries, at, n);
		struct dirent64 *d = entry_at(entries, at);
		at += d->d_reclen;
		if (!take_entry(w, place, d))
			atomic_store(&s->stop, true);
	}
}

/* Which ignore files the names show; all of them when not all names are here. */
static unsigned ignore_files(char *entries, size_t n, bool is_complete)
{
	unsigned files = 0;

	if (!is_complete)
		return IGNORE_GIT | IGNORE_DOT | IGNORE_REPOSITORY;
	for (size_t at = 0; at < n; at += entry_at(entries, at)->d_reclen) {
		const char *name = entry_at(entries, at)->d_name;
		if (name[0] != '.')
			continue;
		if (!strcmp(name, ".gitignore"))
			files |= IGNORE_GIT;
		else if (!strcmp(name, ".ignore"))
			files |= IGNORE_DOT;
		else if (!strcmp(name, ".git"))
			files |= IGNORE_REPOSITORY;
	}
	return files;
}

/* Steps down in pieces when the path is longer than the kernel takes at once. */
static int open_directory(int from, const char *path)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	AUTO_FD held = -1;
	char piece[PATH_MAX];

	while (strlen(path) >= sizeof piece) {
		const char *cut = memrchr(path, '/', sizeof piece - 1);
		if (!cut)
			return -1;
		memcpy(piece, path, (size_t)(cut - path));
		piece[cut - path] = '\0';
		int next = openat(held >= 0 ? held : from, piece, flags);
		file_close(&held);
		if (next < 0)
			return -1;
		held = next;
		path = cut + 1;
	}
	return openat(held >= 0 ? held : from, *path ? path : ".", flags);
}

/* As many names as fit; 0 at the end of the directory or on an error, which looks the same. */
static size_t read_entries(struct worker *w, int fd, char *entries, size_t room)
{
	long n = syscall(SYS_getdents64, fd, entries, room);

	w->stats.unreadable += n < 0;
	return n > 0 ? (size_t)n : 0;
}

static void set_path(struct worker *w, const struct place *place)
{
	buf_clear(&w->path);
	buf_put(&w->path, place->path, place->path_n);
	if (place->path_n)
		buf_put_char(&w->path, '/');
}

static void enter(struct worker *w, struct place *place)
{
	const struct scan *s = w->scan;
	const char *below = place->path + (place->path_n < s->start_n ? place->path_n : s->start_n);
	size_t n = 0, more;

	place->fd = open_directory(s->start_fd, below);
	if (place->fd < 0) {
		w->stats.unreadable++;
		return;
	}
	w->stats.directories++;
	while ((more = read_entries(w, place->fd, w->entries + n, ENTRIES_BYTES - n)) > 0) {
		n += more;
		/* The kernel needs room for the longest name, or says EINVAL. */
		if (ENTRIES_BYTES - n < 4 << 10)
			break;
	}
	set_path(w, place);
	if (!s->options->no_ignore) {
		struct ignore_level *parent = place->level;
		unsigned files = ignore_files(w->entries, n, more == 0);
		place->level = ignore_level_open(parent, place->fd, files, w->path.n);
		ignore_level_drop(parent);
	}
	take_entries(w, place, w->entries, n);
	while (more > 0 && !is_over(w->scan)) {
		more = read_entries(w, place->fd, w->entries, ENTRIES_BYTES);
		take_entries(w, place, w->entries, more);
	}
}

static void *run_worker(void *self)
{
	struct worker *w = self;
	struct work *work;

	w->entries = must_alloc(1, ENTRIES_BYTES);
	while ((work = next_work(w->scan))) {
		if (is_over(w->scan)) {
			/* only emptied */
		} else if (work->n) {
			set_path(w, work->place);
			take_entries(w, work->place, work->entries, work->n);
		} else {
			enter(w, work->place);
		}
		push(w->scan, w->found);
		w->found = NULL;
		place_drop(work->place);
		free(work);
	}
	free(w->entries);
	buf_release(&w->path);
	return NULL;
}

/* ---- the whole ---- */

int scan_workers(const struct scan_options *options)
{
	int n = options->threads;

	if (n <= 0)
		return processors_count(THREADS_MAX);
	return n > THREADS_MAX ? THREADS_MAX : n;
}

static void add_include(struct scan *s, struct str glob)
{
	struct arena a = {0};
	glob_list list = {0};
	bool is_negated = str_starts(glob, STR("!"));

	s->must_include |= !is_negated;
	glob_expand(str_skip(glob, is_negated), &a, &list);
	vec_each (&list, one) {
		/* "src/" is all that is inside; without it, it names no file at all. */
		struct str pattern = *one;
		if (str_ends(pattern, STR("/")) && !is_negated)
			pattern = arena_printf(&a, "%s%.*s**",
				str_find_char(pattern, '/', 0) == pattern.n - 1 ? "**/" : "",
				STR_ARG(pattern));
		ignore_rules_add(&s->include, pattern, is_negated);
	}
	vec_release(&list);
	arena_release(&a);
}

/* "." and "./a/" to "" and "a": ignore rules are judged on exact paths. */
static struct str plain_start(const char *text)
{
	struct str s = str_from(text);

	while (str_starts(s, STR("./")))
		s = str_skip(s, 2);
	while (str_ends(s, STR("/")))
		s.n--;
	return str_is(s, ".") ? str_head(s, 0) : s;
}

/* The levels of root and of what lies between it and start. */
static struct ignore_level *open_parents(const struct scan_options *o, struct str start)
{
	unsigned all = IGNORE_GIT | IGNORE_DOT | IGNORE_REPOSITORY;
	struct ignore_level *level = NULL;
	AUTO(buf) path = {0};
	struct err e;

	for (size_t n = 0; start.n && n != SIZE_MAX; n = str_find_char(start, '/', n + 1)) {
		buf_clear(&path);
		buf_put_str(&path, str_head(start, n));
		AUTO_FD fd = scan_open(o->root, buf_text(&path), O_RDONLY | O_DIRECTORY, &e);
		if (fd < 0)
			continue;
		struct ignore_level *parent = level;
		level = ignore_level_open(parent, fd, all, n ? n + 1 : 0);
		ignore_level_drop(parent);
	}
	return level;
}

static void run_all(struct scan *s, struct scan_stats *stats)
{
	int count = scan_workers(s->options), started = 1;
	struct worker *workers = must_alloc((size_t)count, sizeof *workers);
	pthread_t *threads = must_alloc((size_t)count, sizeof *threads);
	sigset_t all, old;

	for (int i = 0; i < count; i++)
		workers[i] = (struct worker){.scan = s, .number = i};
	s->busy = count;
	/* Signals are for the thread that waits for them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (started < count &&
		pthread_create(&threads[started], NULL, run_worker, &workers[started]) == 0)
		started++;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_mutex_lock(&s->lock);
	s->busy -= count - started;
	pthread_mutex_unlock(&s->lock);
	run_worker(&workers[0]);
	for (int i = 1; i < started; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < count; i++) {
		stats->files += workers[i].stats.files;
		stats->directories += workers[i].stats.directories;
		stats->ignored += workers[i].stats.ignored;
		stats->unreadable += workers[i].stats.unreadable;
	}
	free(workers);
	free(threads);
}

bool scan_tree(const struct scan_options *options,
	bool (*visit)(void *self, const struct scan_file *file), void *self,
	struct scan_stats *stats, struct err *e)
{
	struct scan s = {.options = options, .visit = visit, .self = self};
	struct str start = plain_start(options->start);
	AUTO(buf) start_path = {0};

	buf_put_str(&start_path, start);
	AUTO_FD start_fd =
		scan_open(options->root, buf_text(&start_path), O_RDONLY | O_DIRECTORY, e);
	if (start_fd < 0)
		return false;
	s.start_fd = start_fd;
	s.start_n = start.n ? start.n + 1 : 0;
	for (const char *const *glob = options->include; glob && *glob; glob++)
		add_include(&s, str_from(*glob));
	ignore_rules_seal(&s.include);
	pthread_mutex_init(&s.lock, NULL);
	pthread_cond_init(&s.changed, NULL);
	s.stack = must_alloc(1, sizeof *s.stack);
	s.stack->place = place_new(NULL, start);
	if (!options->no_ignore) {
		ignore_rules_load_global(&s.global);
		s.stack->place->level = open_parents(options, start);
	}
	*stats = (struct scan_stats){0};
	run_all(&s, stats);
	ignore_rules_release(&s.include);
	ignore_rules_release(&s.global);
	pthread_cond_destroy(&s.changed);
	pthread_mutex_destroy(&s.lock);
	return true;
}
