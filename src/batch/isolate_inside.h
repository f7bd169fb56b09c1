// SPDX-License-Identifier: MIT
/* isolate_inside: what the files of isolate share. Private to them. */
#ifndef BATCH_ISOLATE_INSIDE_H
#define BATCH_ISOLATE_INSIDE_H

#include <pthread.h>

#include "agent/git_program.h"
#include "base/vec.h"
#include "batch/isolate.h"

enum {
	OBJECT_NAME_BYTES = 65, /* of SHA-256 repositories, with a NUL */
	GIT_WAIT_MS = 10 * 60 * 1000, /* large trees on slow disks */
	GIT_LIST_MAX_BYTES = 256 << 20, /* names of files */
	GIT_WORD_MAX_BYTES = 64 << 10,
};

struct isolate_slot {
	struct isolate *owner;
	int number;
	bool is_made; /* git knows it, and its files may be there */
	const char *root; /* RUN/fettle-N */
	const char *admin; /* .git/worktrees/NAME */
	const char *index; /* RUN/N.index */
	struct arena arena;
};

struct isolate {
	struct isolate_options options;
	struct git_program git; /* started in the user's work tree */
	const char *common; /* .git of the repository */
	const char *own_index; /* the user's */
	const char *top, *directory; /* CACHE/worktrees, and RUN in it */
	int lock_fd; /* on directory */
	int run_fd; /* STATE/batch/RUN */
	char snapshot[OBJECT_NAME_BYTES]; /* a commit */
	const struct str *own; /* fettle's own below the work tree: no part of a snapshot */
	size_t own_count;
	pthread_mutex_t lock; /* for what follows */
	VEC(struct isolate_slot *) free_slots;
	int slot_count;
	struct arena arena;
};

/* ---- running git ---- */

/* Where git is to look; NULL: where it does by itself. */
struct isolate_git {
	const struct isolate *owner;
	const char *directory, *tree, *index; /* GIT_DIR, GIT_WORK_TREE, GIT_INDEX_FILE */
	bool own_objects; /* what is written goes to RUN/objects */
	struct str input;
	size_t out_max_bytes;
	const atomic_bool *cancel;
};

/* words are NULL-ended. True when it ran, whatever its status. */
[[nodiscard]] bool isolate_git_run(const struct isolate_git *how, const char *const *words,
	struct child_result *out, struct err *e);
/* True when it succeeded; else e names the command and what git says. */
[[nodiscard]] bool isolate_git(const struct isolate_git *how, const char *const *words,
	struct child_result *out, struct err *e);
/* The same where only success counts. */
[[nodiscard]] bool isolate_git_do(
	const struct isolate_git *how, const char *const *words, struct err *e);
/* The name of an object, which git prints alone on a line. */
[[nodiscard]] bool isolate_git_name(const struct isolate_git *how, const char *const *words,
	char out[OBJECT_NAME_BYTES], struct err *e);
struct isolate_git isolate_git_of(const struct isolate_slot *slot, const atomic_bool *cancel);

/*
 * Has the index that how names hold what is in the work tree: changed, new and deleted files; no
 * ignored ones, no repositories below, none of fettle's own. Counts files and what is left out.
 */
[[nodiscard]] bool isolate_gather(
	const struct isolate_git *how, size_t *changed, size_t *left_out, struct err *e);
/* With the modification time, by which git knows files that may have changed unseen since. */
[[nodiscard]] bool isolate_copy_index(const char *from, const char *to, struct err *e);

/* ---- steps ---- */

/* Of the user's files as they are, on top of their commit. */
[[nodiscard]] bool isolate_take_snapshot(struct isolate *i, struct str head, struct str head_tree,
	const atomic_bool *cancel, struct err *e);
/* Directory of the run, and a lock on it; what dead runs have left is taken away. */
[[nodiscard]] bool isolate_take_directory(struct isolate *i, struct err *e);
void isolate_leave_directory(struct isolate *i);
/* On CACHE/worktrees, for as long as the descriptor is open: -1 and e. */
[[nodiscard]] int isolate_lock_top(const char *top, struct err *e);

struct isolate_slot *isolate_slot_new(struct isolate *i, int number);
/* Its files are those of the snapshot, and nothing else is there. */
[[nodiscard]] bool isolate_slot_fill(
	struct isolate_slot *slot, const atomic_bool *cancel, struct err *e);
/* Files and git's knowledge of it are gone. */
void isolate_slot_drop(struct isolate_slot *slot);
void isolate_slot_free(struct isolate_slot *slot);

[[nodiscard]] bool isolate_save_patch(struct isolate_slot *slot, uint32_t task,
	const atomic_bool *cancel, struct isolate_change *out, struct err *e);

#endif
