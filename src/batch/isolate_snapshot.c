// SPDX-License-Identifier: MIT
/*
 * isolate: the user's files as they are now, as a commit. The user's index is copied and the copy
 * brought up to date, so neither it nor a file of the work tree is touched; what git knows of files
 * that have not changed saves reading them. The commit belongs to no branch: git keeps it as long
 * as a work tree stands on it and takes it away some weeks later.
 */
#include <errno.h>
#include <unistd.h>

#include "batch/isolate_inside.h"

static bool begin_index(const struct isolate_git *how, struct err *e)
{
	static const char *const words[] = {"read-tree", "HEAD", NULL};

	if (access(how->owner->own_index, F_OK) == 0)
		return isolate_copy_index(how->owner->own_index, how->index, e);
	return isolate_git_do(how, words, e);
}

static bool commit(struct isolate *i, const struct isolate_git *how, struct str head,
	struct str head_tree, struct err *e)
{
	AUTO(arena) scratch = {0};
	static const char *const write[] = {"write-tree", NULL};
	char tree[OBJECT_NAME_BYTES];

	if (!isolate_git_name(how, write, tree, e))
		return false;
	const char *const words[] = {"commit-tree", "-p", arena_text(&scratch, head), "-m",
		"The files as they were when the batch began", tree, NULL};
	if (!str_is(head_tree, tree))
		return isolate_git_name(how, words, i->snapshot, e);
	snprintf(i->snapshot, sizeof i->snapshot, "%.*s", STR_ARG(head));
	return true;
}

bool isolate_take_snapshot(struct isolate *i, struct str head, struct str head_tree,
	const atomic_bool *cancel, struct err *e)
{
	AUTO(arena) scratch = {0};
	const char *index = arena_printf(&scratch, "%s/snapshot.index", i->directory).p;
	struct isolate_git how = {.owner = i, .index = index, .cancel = cancel};
	size_t changed, left_out;

	bool done = begin_index(&how, e) && isolate_gather(&how, &changed, &left_out, e) &&
		    commit(i, &how, head, head_tree, e);
	unlink(index);
	return done || err_context(e, "a snapshot of the files");
}
