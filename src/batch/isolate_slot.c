// SPDX-License-Identifier: MIT
/*
 * isolate: a work tree that one task after another has to itself. Making one costs as much as its
 * files; taking back what a task has changed costs a look at each file. What git knows of the files
 * is kept where no task reaches it, so a task cannot make git pass over what it has changed.
 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/remove.h"
#include "batch/isolate_inside.h"

/* Of git's own, as two work trees made at once get into each other's way. */
enum { ADD_TRIES = 3, GITFILE_MAX_BYTES = 8 << 10 };

struct isolate_slot *isolate_slot_new(struct isolate *i, int number)
{
	struct isolate_slot *slot = must_alloc(1, sizeof *slot);

	*slot = (struct isolate_slot){.owner = i, .number = number};
	slot->root = arena_printf(&slot->arena, "%s/fettle-%d", i->directory, number).p;
	slot->index = arena_printf(&slot->arena, "%s/%d.index", i->directory, number).p;
	return slot;
}

void isolate_slot_free(struct isolate_slot *slot)
{
	arena_release(&slot->arena);
	free(slot);
}

/* "gitdir: PATH" in the work tree's own .git; NULL when it is anything else. */
static const char *read_admin(const struct isolate_slot *slot, struct arena *a)
{
	AUTO(buf) text = {0};
	struct err e;
	const char *path = arena_printf(a, "%s/.git", slot->root).p;

	if (!file_read(AT_FDCWD, path, GITFILE_MAX_BYTES, &text, &e) ||
		!str_starts(buf_str(&text), STR("gitdir: ")))
		return NULL;
	struct str admin = str_trim(str_skip(buf_str(&text), 8));
	struct str under = arena_printf(a, "%s/worktrees/", slot->owner->common);
	return str_starts(admin, under) ? arena_text(a, admin) : NULL;
}

static bool add(struct isolate_slot *slot, const atomic_bool *cancel, struct err *e)
{
	struct isolate *i = slot->owner;
	const char *const words[] = {"worktree", "add", "--quiet", "--detach", "--no-checkout",
		slot->root, i->snapshot, NULL};
	struct isolate_git how = {.owner = i, .cancel = cancel};
	AUTO_FD top = isolate_lock_top(i->top, e);

	if (top < 0)
		return false;
	bool done = false;
	for (int tries = 0; tries < ADD_TRIES && !done; tries++) {
		done = isolate_git_do(&how, words, e);
		if (!done && (e->code == ERR_CANCELLED || e->code == ERR_TIMEOUT))
			break;
	}
	slot->is_made = true;
	slot->admin = done ? read_admin(slot, &slot->arena) : NULL;
	if (done && !slot->admin)
		return err_set(e, ERR_IO, "%s: git has made no work tree there", slot->root);
	return done;
}

/* For the task's own git, which does not know of the other one. */
static bool give_index(const struct isolate_slot *slot, struct err *e)
{
	AUTO(arena) scratch = {0};

	return isolate_copy_index(
		slot->index, arena_printf(&scratch, "%s/index", slot->admin).p, e);
}

static bool check_out(const struct isolate_slot *slot, const atomic_bool *cancel, struct err *e)
{
	const char *const words[] = {"checkout", "--quiet", "--force", "--detach", "--no-guess",
		slot->owner->snapshot, "--", NULL};
	struct isolate_git how = isolate_git_of(slot, cancel);

	return isolate_git_do(&how, words, e);
}

static bool clean(const struct isolate_slot *slot, const atomic_bool *cancel, struct err *e)
{
	static const char *const words[] = {"clean", "--quiet", "-ffdx", NULL};
	struct isolate_git how = isolate_git_of(slot, cancel);

	return isolate_git_do(&how, words, e);
}

static bool make(struct isolate_slot *slot, const atomic_bool *cancel, struct err *e)
{
	return add(slot, cancel, e) && check_out(slot, cancel, e) && give_index(slot, e);
}

static bool is_whole(const struct isolate_slot *slot)
{
	AUTO(arena) scratch = {0};
	const char *admin = slot->admin ? read_admin(slot, &scratch) : NULL;

	return admin && strcmp(admin, slot->admin) == 0;
}

bool isolate_slot_fill(struct isolate_slot *slot, const atomic_bool *cancel, struct err *e)
{
	struct err why;

	if (is_whole(slot) && check_out(slot, cancel, &why) && clean(slot, cancel, &why) &&
		give_index(slot, &why))
		return true;
	/* Nobody has been here yet, or what is left cannot be mended. */
	isolate_slot_drop(slot);
	if (make(slot, cancel, e))
		return true;
	isolate_slot_drop(slot);
	return err_context(e, "a work tree for the task");
}

void isolate_slot_drop(struct isolate_slot *slot)
{
	const char *const words[] = {"worktree", "remove", "--force", "--force", slot->root, NULL};
	struct isolate_git how = {.owner = slot->owner};
	struct err e;

	if (!slot->is_made)
		return;
	AUTO_FD top = isolate_lock_top(slot->owner->top, &e);
	/* Without its files git only forgets it, so that rights and depths are ours to cope with.
	 */
	remove_tree(slot->root);
	(void)!isolate_git_do(&how, words, &e);
	unlink(slot->index);
	slot->is_made = false;
	slot->admin = NULL;
}
