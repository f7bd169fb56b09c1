// SPDX-License-Identifier: MIT
/*
 * isolate: each task that writes works in a git work tree of its own, and what it has changed
 * becomes a patch. Nothing that the user has in hand is touched before isolate_apply.
 *
 *   isolate_open      a snapshot of the user's files, changes and new files included, as a commit
 *                     that no branch knows; work trees of runs that died are taken away
 *   isolate_enter     a work tree with the files of the snapshot, and hands that reach no other
 *   isolate_leave     its differences to the snapshot as RUN/patches/N.patch; it is used again
 *   isolate_close     the work trees are gone, the patches stay
 *   isolate_apply     patches put into the user's files, one after another, each whole or not
 *
 * Below CACHE/worktrees, CACHE being fettle's own below XDG_CACHE_HOME (0700):
 *
 *   RUN/repository    the directory of the repository (.git), for whoever clears up
 *   RUN/fettle-N      work trees; git knows them by names in .git/worktrees that begin the same
 *   RUN/N.index       what git knows of each one's files; the tasks cannot reach it
 *   RUN/objects       what tasks have made, so that the repository does not keep it
 *
 * A run holds a lock on its directory, which the system takes back when it dies. Functions that run
 * git or look at files wait: they are for workers, any number at once.
 *
 * No filter, hook or transport of a configuration is run: files of Git LFS are pointers, those of
 * git-crypt are encrypted. Submodules are empty directories.
 */
#ifndef BATCH_ISOLATE_H
#define BATCH_ISOLATE_H

#include "agent/agent.h"
#include "batch/journal.h"

enum { ISOLATE_PATCH_MAX_BYTES = 64 << 20, ISOLATE_GIT_MAJOR = 2, ISOLATE_GIT_MINOR = 31 };

struct isolate;

/* All of it stays until isolate_close. */
struct isolate_options {
	const struct workspace *workspace; /* the user's */
	const struct hands *hands; /* the run's; those of the tasks are made after them */
	const char *state, *cache; /* fettle's own, absolute */
	const char *run; /* journal_run: there is a directory of this name in STATE/batch */
};

/*
 * ERR_USAGE where tasks cannot be isolated: no repository, no commit, no git or an old one.
 * ERR_DENIED when another process has this run. cancel may be NULL.
 */
[[nodiscard]] struct isolate *isolate_open(
	const struct isolate_options *o, const atomic_bool *cancel, struct err *e);
/* After the last task has left. NULL is nothing. */
void isolate_close(struct isolate *i);
/* Only takes away what dead runs have left. It is no failure when something stays. */
void isolate_sweep(const char *cache);

/*
 * Where one task works. The context for the agent is the caller's to load: agent_context_load with
 * this workspace and these hands. They have permissions, secrets, skills, hooks and web from the
 * run, a fence of their own, and neither an undo (the patch is one) nor language or MCP servers,
 * which would look at the user's files.
 */
struct isolated {
	struct isolate *owner;
	struct workspace workspace; /* its working directory is the user's */
	struct hands hands;
	uint32_t task; /* position in the list, from 0 */
	/* isolate's own */
	struct isolate_slot *slot;
	struct arena arena;
};

/* What a task has changed. */
struct isolate_change {
	size_t files; /* 0: nothing, and the patch is empty */
	int64_t added, removed; /* lines of text */
	size_t size_bytes;
	size_t left_out; /* repositories that it made, which no patch can show */
};

/* NULL and e: the disk is full, git fails, cancelled. */
[[nodiscard]] struct isolated *isolate_enter(
	struct isolate *i, uint32_t task, const atomic_bool *cancel, struct err *e);
/*
 * After the task's agent is freed. The patch is on the disk when it returns true, so it comes
 * before the journal's "done". ERR_LIMIT when it has more than ISOLATE_PATCH_MAX_BYTES. Frees t in
 * any case.
 */
[[nodiscard]] bool isolate_leave(
	struct isolated *t, const atomic_bool *cancel, struct isolate_change *out, struct err *e);
/* The same without a patch, for a task that failed or is tried again. Does not wait. */
void isolate_abandon(struct isolated *t);

/* "patches/N.patch", below the run's directory. */
enum { ISOLATE_NAME_BYTES = 40 };
void isolate_patch_name(uint32_t task, char out[ISOLATE_NAME_BYTES]);

/* ---- patches into the user's files ---- */

enum isolate_outcome {
	ISOLATE_APPLIED,
	ISOLATE_EMPTY, /* the task changed nothing */
	ISOLATE_CONFLICT, /* with what is there now; nothing of the patch was applied */
	ISOLATE_FAILED, /* no patch, or the system refused */
};

struct isolate_applied {
	uint32_t task;
	enum isolate_outcome outcome;
	struct str file; /* CONFLICT: the first file that does not fit; else absent */
	struct str why; /* CONFLICT, FAILED: a sentence */
	size_t files; /* APPLIED: that it changed */
};

struct isolate_apply {
	const struct workspace *workspace; /* the user's */
	const char *state;
	const char *run;
	struct keep
		*keep; /* of that workspace: what changes can be undone; NULL: nothing is kept */
	const uint32_t *tasks; /* in this order */
	size_t count;
	/* For each of them, from the same thread; what it points to is valid during the call. */
	void (*tell)(void *self, const struct isolate_applied *applied);
	void *self;
	const atomic_bool *cancel; /* between two patches; may be NULL */
};

/*
 * Needs no struct isolate: the run may be over long since. notes gets what cannot be undone, a line
 * each. False when none can be applied at all, or it was cancelled: those that were told, are.
 */
[[nodiscard]] bool isolate_apply(const struct isolate_apply *a, struct buf *notes, struct err *e);

#endif
