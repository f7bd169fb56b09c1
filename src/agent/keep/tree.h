// SPDX-License-Identifier: MIT
/*
 * tree: all files of a workspace that are not ignored, as they are at one moment, and the index:
 * the same, with what of it is in the store, from one command to the next. A file whose size, times
 * and inode are those of the index is in the store already and is not read.
 */
#ifndef AGENT_KEEP_TREE_H
#define AGENT_KEEP_TREE_H

#include "agent/keep/inside.h"

struct tree_entry {
	struct str path;
	struct kept_state state; /* no digest: not in the store */
	int64_t changed_ns, modified_ns; /* st_ctim, st_mtim; changed_ns 0: not to be relied upon */
	uint64_t inode;
};

struct tree {
	struct arena *arenas; /* of the paths */
	size_t arena_count;
	VEC(struct tree_entry) entries; /* in the order of paths */
	int64_t at_ns; /* the clock of the file system's times, when it began */
	bool is_too_large;
};

struct tree_index {
	struct buf bytes; /* the file; paths are in it */
	VEC(struct tree_entry) entries;
	uint64_t generation;
};

/* Looks at every file, link and directory. {0} is a valid start. */
[[nodiscard]] bool tree_scan(
	struct tree *t, const struct keep *k, const atomic_bool *cancel, struct err *e);
void tree_release(struct tree *t);
/*
 * Whether the file is certainly the one it was. Within one tick of the clock a file can change and
 * keep its times, so one that was changed in the tick of the look, or after, is not certain.
 */
bool tree_is_same(const struct tree_entry *before, int64_t looked_ns, const struct tree_entry *now);

/* Reads a file of index's form; false when there is none, or a damaged one. */
[[nodiscard]] bool tree_index_read(
	struct tree_index *index, int directory_fd, const char *name, struct err *e);
void tree_index_release(struct tree_index *index);
/* The entries that are in the store. */
[[nodiscard]] bool tree_index_write(
	const struct tree *t, uint64_t generation, int directory_fd, struct err *e);

typedef VEC(struct journal_change) change_list;

/*
 * What differs between a look and a later one, appended in the order of paths; number, tool and
 * outcome are the caller's. before_ns: when the first look began.
 */
void tree_compare(const struct workspace *w, const struct tree_entry *before, size_t count,
	int64_t before_ns, const struct tree *now, change_list *out);

#endif
