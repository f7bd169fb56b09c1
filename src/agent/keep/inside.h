// SPDX-License-Identifier: MIT
/* inside: what the files of keep share. Private to them. */
#ifndef AGENT_KEEP_INSIDE_H
#define AGENT_KEEP_INSIDE_H

#include <pthread.h>

#include "agent/keep.h"
#include "agent/keep/journal.h"
#include "agent/keep/store.h"
#include "base/diff.h"

/* A path that the run has changed. */
struct kept_file {
	struct str path;
	struct kept_state first; /* before the run's first change of it */
	struct kept_state last, previous; /* after its last change, and before that one */
	struct str unkept; /* why first cannot be had again; absent: it can */
	int64_t open_number; /* of the change that is under way; 0: none */
	struct str first_bytes, last_bytes; /* in a dry run */
};

struct tree_index;

struct keep {
	const struct workspace *workspace;
	const char *directory; /* NULL: the user has none */
	struct str run, task, undoes; /* undoes absent: a run of the user's */
	struct arena arena; /* for what is above and below */
	pthread_mutex_t lock; /* for all below */
	bool is_dry; /* nothing is on disk */
	bool is_open, is_broken;
	struct err why; /* is_broken */
	struct store store;
	int tree_fd, runs_fd, journal_fd;
	int64_t number; /* of the last line that has one */
	int64_t run_bytes; /* what the run has put into the store */
	VEC(struct kept_file) files; /* in the order of their paths */
	struct keep_tree *standing; /* of what goes on beside the run; NULL: nothing */
	struct tree_index *index; /* of the last command; NULL: not read yet */
};

enum { TREE_NAME_BYTES = 33, STATE_DIRECTORY_MODE = S_IFDIR | 0755 };

/* "trees/NAME" of a workspace. */
void keep_tree_name(const struct workspace *w, char out[TREE_NAME_BYTES]);
/* The store and the journal, at the first need. With the lock held. */
[[nodiscard]] bool keep_open(struct keep *k, struct err *e);
/* Notes one change that is journalled already. With the lock held. */
struct kept_file *keep_note(struct keep *k, const struct journal_change *change);
/* Whether so many bytes more may go into the store for this run. */
bool keep_has_room(const struct keep *k, int64_t bytes);
/* The run takes another one back. Before anything else. */
void keep_set_undoes(struct keep *k, struct str run);

/*
 * What is at path now, without following a link: state, and the bytes of a file or a link appended
 * to bytes (NULL: digest only). A file that is too large has no digest. False when it cannot be
 * read.
 */
[[nodiscard]] bool keep_look(const struct workspace *w, struct str path, struct kept_state *state,
	struct buf *bytes, struct err *e);
/* The directory that holds path, opened beneath the root, and path's last word; -1 and e. */
[[nodiscard]] int keep_open_parent(
	const struct workspace *w, struct str path, struct str *name, struct err *e);

/* One file's unified diff; nothing where both are no file. */
struct diff_counts keep_diff_sides(struct buf *out, struct str path, const struct kept_state *from,
	struct str before, const struct kept_state *to, struct str after);
#define KEEP_LARGE_WORDS "not text, and more than 200 KB: no diff"

/* "RUN.before": the index at the beginning of a command that has not ended. */
const char *keep_before_name(const struct keep *k, struct arena *a);
/* Frees what is older than what may stay. The store is open and the run has ended. */
void keep_sweep(struct keep *k, int64_t max_bytes);
/* Notes what has changed since the standing look. With the lock held. */
void keep_note_standing(struct keep *k);
void keep_tree_free(struct keep_tree *tree); /* NULL is nothing */
void tree_index_free(struct tree_index *index); /* NULL is nothing */

#endif
