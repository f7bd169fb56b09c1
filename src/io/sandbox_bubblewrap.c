// SPDX-License-Identifier: MIT
/*
 * sandbox_bubblewrap: rules as words for bwrap(1).
 *
 * A mount needs a place to be mounted on. A protected name that is not there gets a placeholder for
 * as long as a child runs: a socket without an owner, which git, grep and find pass by and cp and
 * tar can cope with. Children share them under a lock on the directory: whoever gets it alone is
 * the last and takes them away.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "io/sandbox_inside.h"

/* Of what is written to memory that looks like a disk. */
#define TEMPORARY_BYTES "1073741824"
#define SHARED_BYTES    "268435456"

enum { LOCK_TRIES = 100, LOCK_WAIT_US = 10'000 };

struct ways {
	VEC(const char *) list;
};

static void add(struct plan *p, const char *word)
{
	vec_push(&p->words, word);
}

static void add_mount(struct plan *p, const char *how, const char *from, const char *to)
{
	add(p, how);
	add(p, from);
	if (to)
		add(p, to);
}

/* Without links; NULL when it is not there. */
static const char *real_path(struct plan *p, const char *path)
{
	char *real = realpath(path, NULL);
	const char *kept = real ? arena_text(&p->arena, str_from(real)) : NULL;

	free(real);
	return kept;
}

static bool is_in(const char *const *directories, const char *path)
{
	for (; directories && *directories; directories++)
		if (path_is_below(path, *directories))
			return true;
	return false;
}

static bool is_one(const char *const *directories, const char *path)
{
	for (; directories && *directories; directories++)
		if (strcmp(path, *directories) == 0)
			return true;
	return false;
}

/* Our own /tmp and /run cover the real ones, but for what is mounted into them. */
static bool is_seen(const struct sandbox *s, const char *path)
{
	return (!path_is_below(path, "/tmp") && !path_is_below(path, "/run")) ||
	       is_in(s->rules.writable, path) || is_in(s->rules.readonly, path);
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void add_base(struct plan *p, const struct sandbox *s)
{
	static const char *const first[] = {"bwrap", "--unshare-all", "--die-with-parent",
		"--new-session", "--cap-drop", "ALL", "--ro-bind", "/", "/", "--dev", "/dev",
		"--size", SHARED_BYTES, "--tmpfs", "/dev/shm", "--remount-ro", "/dev", "--proc",
		"/proc",
		/* Its settings are writable for root, who is root to them outside, too. */
		"--remount-ro", "/proc",
		/* Sockets of services lie in /run: a read-only mount does not keep one from them.
		 */
		"--tmpfs", "/run", "--ro-bind-try", "/run/systemd/resolve", "/run/systemd/resolve",
		"--ro-bind-try", "/run/current-system", "/run/current-system", "--remount-ro",
		"/run", NULL};

	for (const char *const *word = first; *word; word++)
		add(p, *word);
	if (s->rules.has_network)
		add(p, "--share-net");
	if (s->rules.temporary) {
		add_mount(p, "--bind", s->rules.temporary, "/tmp");
		return;
	}
	add_mount(p, "--size", TEMPORARY_BYTES, NULL);
	add_mount(p, "--tmpfs", "/tmp", NULL);
}

static int by_length(const void *a, const void *b)
{
	const char *const *p = a, *const *q = b;
	size_t n = strlen(*p), m = strlen(*q);

	return n != m ? (n > m) - (n < m) : strcmp(*p, *q);
}

/* ---- hidden places with something in them that is shown ---- */

static bool holds_shown(const struct sandbox *s, const char *directory)
{
	for (const char *const *shown = s->rules.shown; shown && *shown; shown++)
		if (path_is_below(*shown, directory) && strcmp(*shown, directory) != 0)
			return true;
	return false;
}

/* Emptied before anything is mounted into them, outer ones first. */
static void empty_holders(struct plan *p, const struct sandbox *s, struct ways *holders)
{
	for (const char *const *h = s->rules.hidden; s->rules.shown && h && *h; h++) {
		const char *real = real_path(p, *h);
		if (real && holds_shown(s, real) && is_seen(s, real))
			vec_push(&holders->list, real);
	}
	if (holders->list.n)
		qsort(holders->list.p, holders->list.n, sizeof *holders->list.p, by_length);
	vec_each (&holders->list, directory)
		add_mount(p, "--tmpfs", *directory, NULL);
}

/* In such a place, and not shown. */
static bool is_covered(const struct sandbox *s, const struct ways *holders, const char *path)
{
	if (is_in(s->rules.shown, path))
		return false;
	vec_each (&holders->list, directory)
		if (path_is_below(path, *directory))
			return true;
	return false;
}

static void close_holders(struct plan *p, struct ways *holders)
{
	vec_each (&holders->list, directory)
		add_mount(p, "--remount-ro", *directory, NULL);
	vec_release(&holders->list);
}

static void add_writable(struct plan *p, const struct sandbox *s, const struct ways *holders)
{
	for (const char *const *w = s->rules.writable; w && *w; w++) {
		const char *real = real_path(p, *w);
		if (real && !is_covered(s, holders, real))
			add_mount(p, "--bind", real, real);
	}
}

/* The directories between a writable one and a path in it, deepest first. */
static void push_way(struct plan *p, const struct sandbox *s, const char *path, struct ways *to)
{
	struct str rest = str_from(path);
	const char *directory;

	for (;;) {
		const char *slash = memrchr(rest.p, '/', rest.n);
		rest = str_head(rest, slash ? (size_t)(slash - rest.p) : 0);
		directory = arena_text(&p->arena, rest);
		if (!is_in(s->rules.writable, directory))
			return;
		const char *real = real_path(p, directory);
		if (real && is_in(s->rules.writable, real) && !is_one(s->rules.writable, real))
			vec_push(&to->list, real);
	}
}

/*
 * What is mounted cannot be renamed, but what holds it could be, and something else be put in its
 * place. So all on the way to it becomes a mount as well, from the top.
 */
static void hold_ways(struct plan *p, const struct sandbox *s)
{
	struct ways ways = {0};
	const char *last = "";

	for (const char *const *r = s->rules.readonly; s->rules.writable && r && *r; r++)
		push_way(p, s, *r, &ways);
	if (ways.list.n)
		qsort(ways.list.p, ways.list.n, sizeof *ways.list.p, by_length);
	vec_each (&ways.list, way) {
		if (strcmp(*way, last) != 0)
			add_mount(p, "--bind", *way, *way);
		last = *way;
	}
	vec_release(&ways.list);
}

/* The lock is on the first writable directory, which is that of the placeholders. */
static void lock(struct plan *p, const struct sandbox *s)
{
	const char *directory = s->rules.writable ? s->rules.writable[0] : NULL;

	if (!directory)
		return;
	p->lock_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; p->lock_fd >= 0 && flock(p->lock_fd, LOCK_SH | LOCK_NB) < 0; i++) {
		/* Somebody else's lock: the placeholders stay then. */
		if (i == LOCK_TRIES)
			file_close(&p->lock_fd);
		else
			usleep(LOCK_WAIT_US);
	}
}

/* False when there can be none, and so nothing else either: we may not write there. */
static bool put_placeholder(const char *path)
{
	return mknod(path, S_IFSOCK | 0400, 0) == 0 || errno == EEXIST || mkdir(path, 0500) == 0;
}

static bool add_readonly(struct plan *p, const struct sandbox *s, const struct ways *holders)
{
	struct stat st;

	for (const char *const *r = s->rules.readonly; r && *r; r++) {
		bool is_there = lstat(*r, &st) == 0;
		if (!is_there && (!is_in(s->rules.writable, *r) || !put_placeholder(*r)))
			continue;
		if (!is_there || S_ISSOCK(st.st_mode))
			vec_push(&p->placeholders, arena_text(&p->arena, str_from(*r)));
		const char *real = real_path(p, *r);
		if (real && !is_covered(s, holders, real))
			add_mount(p, "--ro-bind", real, real);
	}
	return true;
}

static void add_hidden(struct plan *p, const struct sandbox *s, const struct ways *holders)
{
	for (const char *const *h = s->rules.hidden; h && *h; h++) {
		const char *real = real_path(p, *h);
		if (!real || !is_seen(s, real) || holds_shown(s, real) ||
			is_covered(s, holders, real))
			continue;
		if (is_directory(real)) {
			add_mount(p, "--tmpfs", real, NULL);
			add_mount(p, "--remount-ro", real, NULL);
		} else {
			add_mount(p, "--ro-bind", "/dev/null", real);
		}
	}
}

void placeholders_remove(const struct plan *p)
{
	struct stat st;

	if (p->lock_fd < 0 || !p->placeholders.n || flock(p->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return;
	for (size_t i = 0; i < p->placeholders.n; i++)
		if (lstat(p->placeholders.p[i], &st) == 0 && S_ISSOCK(st.st_mode))
			unlink(p->placeholders.p[i]);
		else
			/* Only ours can be empty and without a right to write. */
			(void)((st.st_mode & 07777) == 0500 && rmdir(p->placeholders.p[i]));
}

/* bwrap reads the filter from a descriptor, to its end: every child needs one of its own. */
static bool put_filter(struct plan *p, struct err *e)
{
	struct str bytes = {(const char *)p->filter.code, p->filter.n * sizeof *p->filter.code};

	p->filter_fd = memfd_create("filter", MFD_CLOEXEC);
	if (p->filter_fd < 0)
		return err_errno(e, "memfd_create");
	if (!file_write_fd(p->filter_fd, bytes, e))
		return false;
	lseek(p->filter_fd, 0, SEEK_SET);
	return true;
}

bool plan_bubblewrap(struct plan *p, const struct sandbox *s, struct err *e)
{
	if (!s->bubblewrap)
		return err_set(e, ERR_NOT_FOUND, "bwrap is not there any more");
	if (!put_filter(p, e))
		return false;
	struct ways holders = {0};
	lock(p, s);
	add_base(p, s);
	empty_holders(p, s, &holders);
	add_writable(p, s, &holders);
	hold_ways(p, s);
	bool is_added = add_readonly(p, s, &holders);
	add_hidden(p, s, &holders);
	close_holders(p, &holders);
	if (!is_added)
		return false;
	add_mount(p, "--chdir", p->directory ? p->directory : "/", NULL);
	add_mount(p, "--seccomp", arena_printf(&p->arena, "%d", p->filter_fd).p, NULL);
	add(p, "--");
	add(p, p->program);
	for (size_t i = 1; p->arguments[i]; i++)
		add(p, p->arguments[i]);
	add(p, NULL);
	p->program = s->bubblewrap;
	p->arguments = p->words.p;
	p->directory = "/";
	return true;
}
