// SPDX-License-Identifier: MIT
/*
 * keep: the former contents of what a run changes, so that `fettle undo` can bring them back.
 * Whoever changes a file of the workspace says so twice: keep_before, which has what was there on
 * disk before it returns, and keep_after when the change is made. Made in cmd/run, one for the run;
 * every function may be called from any thread, and takes NULL for "nothing is kept".
 *
 * Below DIRECTORY/undo, made when the first change comes (0700, files 0600):
 *   objects/AB/CDEF...    contents, by their SHA-256
 *   trees/NAME/root       the workspace's path; NAME is the beginning of its SHA-256
 *   trees/NAME/runs/ID    a run's journal, one JSON line an event (agent/keep/journal.h)
 *   trees/NAME/index      which state of which file is in objects (agent/keep/tree.h)
 *   lock, size            who is at work; how much there is
 */
#ifndef AGENT_KEEP_H
#define AGENT_KEEP_H

#include <stdatomic.h>
#include <sys/stat.h>

#include "agent/workspace.h"
#include "base/buf.h"
#include "base/err.h"

struct keep;
struct keep_tree;

/* What is larger is not kept; of the store, the oldest runs go first. */
enum {
	KEEP_FILE_MAX_BYTES = 16 << 20,
	KEEP_RUN_MAX_BYTES = 256 << 20,
	KEEP_STORE_MAX_BYTES = 1 << 30,
	KEEP_TREE_MAX_FILES = 100'000,
};

/* A path of the workspace at one moment. */
struct keep_state {
	mode_t mode; /* type and permissions as in st_mode; 0: nothing is there */
	struct str bytes; /* of a regular file; of a symbolic link, where it leads */
};

/*
 * directory is fettle's own below XDG_STATE_HOME; NULL: the user has none, and every keep_before
 * says so. task is what the run is about, for `undo --list`. Nothing is touched yet.
 */
[[nodiscard]] struct keep *keep_new(
	const struct workspace *w, const char *directory, const char *run_id, struct str task);
/* For a dry run: what would change is remembered, and nothing is written anywhere. */
[[nodiscard]] struct keep *keep_new_dry(const struct workspace *w);
bool keep_is_dry(const struct keep *k);
void keep_free(struct keep *k);

/*
 * path (relative to the root, of the file itself and not of a link to it) is going to change from
 * before to after. Directories above it that are not there yet are going to be made: they are
 * noted, too. The permissions of after need not be exact. False: what was there is not kept, and e
 * says why. That is for the tool's result
 * ("cannot be undone: ..."), it is no reason not to go on.
 */
[[nodiscard]] bool keep_before(struct keep *k, struct str path, const struct keep_state *before,
	const struct keep_state *after, const char *tool, struct err *e);
/* It has changed (true), or it was left as it was. */
void keep_after(struct keep *k, struct str path, bool is_changed);

/*
 * Around something that changes files without saying which: all files that are not ignored are
 * looked at, and those not in the store yet are kept. NULL when the workspace cannot be looked at;
 * what is not kept is appended to note as one line, nothing when all is.
 */
[[nodiscard]] struct keep_tree *keep_tree_before(
	struct keep *k, const atomic_bool *cancel, struct buf *note);
/*
 * Notes what is different now as changes by tool, and appends "changed: M a.c, A b.c, D c.c", at
 * most 20 of them, and nothing when nothing is. The tree is freed; NULL is nothing.
 */
void keep_tree_after(struct keep *k, struct keep_tree *tree, const char *tool, struct buf *out);

/*
 * The same for what goes on beside the run: what is different is noted when the changes are asked
 * for and when the run ends. Nothing is told of it.
 */
void keep_tree_stay(struct keep *k, struct keep_tree *tree, const char *tool);

/* ---- what the run has changed, against how it is now ---- */

struct keep_change {
	struct str path; /* relative to the root */
	char kind; /* 'A'dded, 'M'odified, 'D'eleted */
	bool is_text; /* lines were counted */
	int64_t added, removed; /* lines */
};

/* In the order of paths, in the arena. Files that are as they were are no change. */
size_t keep_changes(struct keep *k, struct arena *a, struct keep_change **out);
/* Appends one unified diff of them all, for `git apply`; to notes what it cannot show, a line each.
 */
void keep_put_diff(struct keep *k, struct buf *out, struct buf *notes);

#endif
