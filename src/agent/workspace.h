// SPDX-License-Identifier: MIT
/*
 * workspace: the part of the file system a run may look at: the repository that holds the working
 * directory, or the working directory where there is none. Paths that leave it through "..", an
 * absolute path or a symbolic link are refused by the kernel (openat2, RESOLVE_BENEATH).
 */
#ifndef AGENT_WORKSPACE_H
#define AGENT_WORKSPACE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct workspace {
	int root_fd; /* O_PATH on root */
	const char *root; /* absolute, no trailing slash but for "/" itself */
	const char *inside; /* working directory relative to root; "" when it is root */
	bool has_git; /* root holds .git */
	struct arena arena;
};

/* directory NULL: the current one. Release it in the end. */
[[nodiscard]] bool workspace_open(struct workspace *w, const char *directory, struct err *e);
void workspace_release(struct workspace *w);
/*
 * A path as the model wrote it (relative to the working directory, or absolute inside root) to one
 * relative to root, "" for root itself. "." and ".." are resolved by words, so "a/../.." may fail
 * here and links are judged later, by workspace_open_path. ERR_DENIED outside of root.
 */
[[nodiscard]] bool workspace_relative(const struct workspace *w, struct str path, struct arena *a,
	struct str *out, struct err *e);
/*
 * Opens with the given flags (O_CLOEXEC, O_NONBLOCK and O_NOCTTY are added) what workspace_relative
 * gave; -1 and e on failure: ERR_DENIED when a link leads outside of the workspace.
 */
[[nodiscard]] int workspace_open_path(
	const struct workspace *w, struct str relative, int flags, struct err *e);
/*
 * Where an open descriptor really is, relative to root and without links. False when that is
 * outside, or not known any more.
 */
[[nodiscard]] bool workspace_real(
	const struct workspace *w, int fd, struct arena *a, struct str *relative);
/* For people: a root-relative path as seen from the working directory ("../x", "x"). */
struct str workspace_show(const struct workspace *w, struct str relative, struct arena *a);

/*
 * The branch by .git/HEAD, also through the "gitdir: ..." file of a worktree, without a process;
 * where none is checked out the head of the commit's id, "" where neither is known. In the arena.
 */
struct str workspace_branch(const struct workspace *w, struct arena *a, bool *is_branch);

#endif
