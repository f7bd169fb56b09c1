// SPDX-License-Identifier: MIT
#include "agent/workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

/* The part of path below directory, without a leading slash; absent when it is not inside. */
static struct str below(struct str directory, struct str path)
{
	if (str_is(directory, "/"))
		return str_skip(path, 1);
	if (!str_starts(path, directory))
		return (struct str){0};
	if (path.n == directory.n)
		return STR("");
	return path.p[directory.n] == '/' ? str_skip(path, directory.n + 1) : (struct str){0};
}

/* A directory with a HEAD, or the file that work trees and submodules have in its place. */
static bool holds_git(const char *directory, struct arena *a)
{
	struct str git = arena_printf(a, "%s/.git", directory);
	struct str head = arena_printf(a, "%s/HEAD", arena_text(a, git));
	struct stat st;

	return stat(arena_text(a, git), &st) == 0 &&
	       (S_ISREG(st.st_mode) || access(arena_text(a, head), F_OK) == 0);
}

static struct str parent_of(struct str path)
{
	const char *slash = memrchr(path.p, '/', path.n);

	return str_head(path, slash > path.p ? (size_t)(slash - path.p) : 1);
}

bool workspace_open(struct workspace *w, const char *directory, struct err *e)
{
	char *real = realpath(directory ? directory : ".", NULL);

	if (!real)
		return err_errno(e, "%s", directory ? directory : "working directory");
	struct stat st;
	if (stat(real, &st) == 0 && !S_ISDIR(st.st_mode)) {
		free(real);
		errno = ENOTDIR;
		return err_errno(e, "%s", directory);
	}
	struct workspace made = {.root_fd = -1};
	struct str here = arena_copy(&made.arena, str_from(real));
	free(real);
	made.root = here.p;
	for (struct str up = here;; up = parent_of(up)) {
		const char *candidate = arena_text(&made.arena, up);
		made.has_git = holds_git(candidate, &made.arena);
		if (made.has_git)
			made.root = candidate;
		if (made.has_git || up.n == 1)
			break;
	}
	made.inside = arena_text(&made.arena, below(str_from(made.root), here));
	made.root_fd = open(made.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (made.root_fd < 0) {
		err_errno(e, "%s", made.root);
		arena_release(&made.arena);
		return false;
	}
	*w = made;
	return true;
}

void workspace_release(struct workspace *w)
{
	/* A zeroed workspace holds descriptor 0, which is not ours to close. */
	if (w->root)
		file_close(&w->root_fd);
	arena_release(&w->arena);
	*w = (struct workspace){.root_fd = -1};
}

/* Adds the words of path to out, which holds "a/b"; false when ".." climbs over its start. */
static bool add_words(struct buf *out, struct str path)
{
	struct str word;

	while (str_split(&path, '/', &word)) {
		if (word.n == 0 || str_is(word, "."))
			continue;
		if (!str_is(word, "..")) {
			if (out->n)
				buf_put_char(out, '/');
			buf_put_str(out, word);
			continue;
		}
		if (out->n == 0)
			return false;
		const char *slash = memrchr(out->p, '/', out->n);
		buf_cut(out, slash ? (size_t)(slash - out->p) : 0);
	}
	return true;
}

/* An absolute path: inside by its words, or when links above the workspace are followed. */
static bool absolute_to_relative(
	const struct workspace *w, struct str path, struct arena *a, struct str *out)
{
	AUTO(buf) words = {0};
	struct str rest = path, word;

	/* Above "/" is "/" again, so a ".." too many is no mistake here. */
	while (str_split(&rest, '/', &word))
		(void)add_words(&words, word);
	struct str absolute = arena_printf(a, "/%s", buf_text(&words));
	struct str inside = below(str_from(w->root), absolute);
	char *real = inside.p ? NULL : realpath(absolute.p, NULL);
	if (real)
		inside = below(str_from(w->root), str_from(real));
	if (inside.p)
		*out = arena_copy(a, inside);
	free(real);
	return inside.p;
}

bool workspace_relative(
	const struct workspace *w, struct str path, struct arena *a, struct str *out, struct err *e)
{
	AUTO(buf) words = {0};

	if (path.n && memchr(path.p, '\0', path.n))
		return err_set(e, ERR_DENIED, "the path has a NUL byte in it");
	if (path.n >= PATH_MAX)
		return err_set(e, ERR_DENIED, "the path is too long: %zu bytes", path.n);
	if (path.n && path.p[0] == '/') {
		if (absolute_to_relative(w, path, a, out))
			return true;
	} else {
		buf_put_text(&words, w->inside);
		if (add_words(&words, path)) {
			*out = arena_copy(a, buf_str(&words));
			return true;
		}
	}
	return err_set(e, ERR_DENIED, "%.*s: outside of the workspace %s", STR_ARG(path), w->root);
}

/* For kernels without openat2 (before 5.6): every word by itself, no link followed. */
static int open_by_words(int root_fd, const char *relative, int flags)
{
	AUTO_FD at = fcntl(root_fd, F_DUPFD_CLOEXEC, 0);
	struct str rest = str_from(relative), word;
	char name[NAME_MAX + 1];

	while (at >= 0 && str_split(&rest, '/', &word)) {
		if (word.n > NAME_MAX || str_is(word, "..")) {
			errno = word.n > NAME_MAX ? ENAMETOOLONG : EXDEV;
			return -1;
		}
		memcpy(name, word.p, word.n);
		name[word.n] = '\0';
		int deeper = openat(
			at, name, O_NOFOLLOW | O_CLOEXEC | (rest.p ? O_PATH | O_DIRECTORY : flags));
		int why = errno;
		file_close(&at);
		errno = why;
		at = deeper;
	}
	int result = at;
	at = -1;
	return result;
}

/* Below the root by the kernel's word; resolve: further RESOLVE_ flags. */
static int open_beneath(int root_fd, const char *relative, int flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)flags,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve,
	};
	long fd = -1;

	/* EAGAIN: something was renamed meanwhile and the kernel could not be sure. */
	for (int tries = 0; tries < 8; tries++) {
		fd = syscall(SYS_openat2, root_fd, relative, &how, sizeof how);
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	/* Some container filters answer EPERM for calls they do not know. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = open_by_words(root_fd, relative, flags);
	return (int)fd;
}

/*
 * A link was refused: absolute, or one that the fallback does not follow. Where it really leads to
 * a place below the root, that place is opened, and this time no link at all is allowed.
 */
static int open_real(const struct workspace *w, const char *relative, int flags, struct arena *a)
{
	char *real = realpath(arena_printf(a, "%s/%s", w->root, relative).p, NULL);

	if (!real)
		return -1;
	struct str inside = below(str_from(w->root), str_from(real));
	const char *path = inside.n ? arena_text(a, inside) : ".";
	free(real);
	if (!inside.p) {
		errno = EXDEV;
		return -1;
	}
	return open_beneath(w->root_fd, path, flags, RESOLVE_NO_SYMLINKS);
}

int workspace_open_path(const struct workspace *w, struct str relative, int flags, struct err *e)
{
	AUTO(arena) scratch = {0};
	const char *path = relative.n ? arena_text(&scratch, relative) : ".";

	flags |= O_CLOEXEC | (flags & O_PATH ? 0 : O_NONBLOCK | O_NOCTTY);
	int fd = open_beneath(w->root_fd, path, flags, 0);
	/* ENOTDIR: what the fallback's O_DIRECTORY says about a link. */
	if (fd < 0 && (errno == EXDEV || errno == ELOOP || errno == ENOTDIR))
		fd = open_real(w, path, flags, &scratch);
	if (fd >= 0)
		return fd;
	if (errno == EXDEV || errno == ELOOP)
		err_set(e, ERR_DENIED, "%s: a link that leads outside of the workspace", path);
	else if (errno == ENOTDIR)
		err_set(e, ERR_NOT_FOUND, "%s: goes through something that is no directory", path);
	else if (errno == ENXIO)
		err_set(e, ERR_DENIED, "%s: a socket, not a regular file", path);
	else
		err_errno(e, "%s", path);
	return -1;
}

bool workspace_real(const struct workspace *w, int fd, struct arena *a, struct str *relative)
{
	char link[64], real[PATH_MAX];

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, real, sizeof real);
	if (n <= 0 || (size_t)n == sizeof real)
		return false;
	struct str inside = below(str_from(w->root), (struct str){real, (size_t)n});
	if (inside.p)
		*relative = arena_copy(a, inside);
	return inside.p;
}

struct str workspace_show(const struct workspace *w, struct str relative, struct arena *a)
{
	struct str here = str_from(w->inside), word, inside = below(here, relative);
	AUTO(buf) shown = {0};

	if (here.n == 0)
		return arena_copy(a, relative.n ? relative : STR("."));
	if (inside.p)
		return arena_copy(a, inside.n ? inside : STR("."));
	while (str_split(&here, '/', &word)) {
		struct str rest = relative, first;
		if (shown.n == 0 && str_split(&rest, '/', &first) && str_eq(first, word)) {
			relative = rest;
			continue;
		}
		buf_put_text(&shown, shown.n ? "/.." : "..");
	}
	if (relative.n)
		buf_printf(&shown, "/%.*s", STR_ARG(relative));
	return arena_copy(a, buf_str(&shown));
}

struct str workspace_branch(const struct workspace *w, struct arena *a, bool *is_branch)
{
	AUTO(buf) head = {0};
	AUTO(buf) link = {0};
	char path[4096];
	struct err e;

	*is_branch = false;
	if (!w->has_git)
		return (struct str){0};
	snprintf(path, sizeof path, "%s/.git/HEAD", w->root);
	if (!file_read(AT_FDCWD, path, 4096, &head, &e)) {
		snprintf(path, sizeof path, "%s/.git", w->root);
		if (!file_read(AT_FDCWD, path, 4000, &link, &e) ||
			!str_starts(buf_str(&link), STR("gitdir: ")))
			return (struct str){0};
		struct str directory = str_trim(str_skip(buf_str(&link), 8));
		bool is_absolute = directory.n && directory.p[0] == '/';
		snprintf(path, sizeof path, "%s%s%.*s/HEAD", is_absolute ? "" : w->root,
			is_absolute ? "" : "/", STR_ARG(directory));
		if (!file_read(AT_FDCWD, path, 4096, &head, &e))
			return (struct str){0};
	}
	struct str ref = str_trim(buf_str(&head));
	*is_branch = str_starts(ref, STR("ref: refs/heads/"));
	return arena_copy(a, *is_branch ? str_skip(ref, 16) : str_head(ref, 12));
}
