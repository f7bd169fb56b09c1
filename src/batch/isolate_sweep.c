// SPDX-License-Identifier: MIT
/* isolate: the directories of runs, and what dead ones have left. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/private.h"
#include "base/remove.h"
#include "batch/isolate_inside.h"
#include "batch/journal_inside.h"

enum { REPOSITORY_MAX_BYTES = 8 << 10, SWEEP_WAIT_MS = 30'000 };

int isolate_lock_top(const char *top, struct err *e)
{
	AUTO_FD fd = private_open(top, true, e);

	if (fd < 0)
		return -1;
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR) {
			(void)err_errno(e, "%s", top);
			return -1;
		}
	int kept = fd;
	fd = -1;
	return kept;
}

/* The lock of a run, held until the descriptor is closed; -1 when a process has it. */
static int lock_run(int top, const char *name)
{
	AUTO_FD fd = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -1;
	int kept = fd;
	fd = -1;
	return kept;
}

/* Has git forget a work tree whose files are gone. */
static void forget(const char *common, const char *root)
{
	const char *const words[] = {"worktree", "remove", "--force", "--force", root, NULL};
	AUTO(arena) scratch = {0};
	AUTO(git_program) git = {0};
	AUTO(child_result) result = {0};
	const char *const variables[] = {arena_printf(&scratch, "GIT_DIR=%s", common).p, NULL};
	struct git_words call = {.arguments = words,
		.variables = variables,
		.out_max_bytes = GIT_WORD_MAX_BYTES,
		.deadline_ms = SWEEP_WAIT_MS};
	struct err e;

	if (git_program_open(&git, common, &e))
		(void)!git_program_run(&git, &call, &result, &e);
}

static void forget_all(int run_fd, const char *directory)
{
	AUTO(arena) scratch = {0};
	AUTO(buf) common = {0};
	struct err e;
	AUTO_FD again = openat(run_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = again >= 0 ? fdopendir(again) : NULL;

	if (!d)
		return;
	again = -1;
	bool is_known = private_read(run_fd, "repository", REPOSITORY_MAX_BYTES, &common, &e);
	for (struct dirent *entry; (entry = readdir(d));) {
		if (!str_starts(str_from(entry->d_name), STR("fettle-")))
			continue;
		const char *root = arena_printf(&scratch, "%s/%s", directory, entry->d_name).p;
		remove_tree(root);
		if (is_known)
			forget(buf_text(&common), root);
	}
	closedir(d);
}

static void remove_run(int run_fd, const char *top, const char *name)
{
	AUTO(arena) scratch = {0};
	const char *directory = arena_printf(&scratch, "%s/%s", top, name).p;

	forget_all(run_fd, directory);
	remove_tree(directory);
}

static void sweep(int top_fd, const char *top)
{
	AUTO_FD again = openat(top_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = again >= 0 ? fdopendir(again) : NULL;

	if (!d)
		return;
	again = -1;
	for (struct dirent *entry; (entry = readdir(d));) {
		if (!journal_is_run_name(str_from(entry->d_name)))
			continue;
		AUTO_FD run_fd = lock_run(top_fd, entry->d_name);
		if (run_fd >= 0)
			remove_run(run_fd, top, entry->d_name);
	}
	closedir(d);
}

void isolate_sweep(const char *cache)
{
	AUTO(arena) scratch = {0};
	const char *top = arena_printf(&scratch, "%s/worktrees", cache).p;
	struct err e;
	struct stat st;

	if (stat(top, &st) < 0)
		return;
	AUTO_FD top_fd = isolate_lock_top(top, &e);
	if (top_fd >= 0)
		sweep(top_fd, top);
}

bool isolate_take_directory(struct isolate *i, struct err *e)
{
	AUTO_FD top = isolate_lock_top(i->top, e);

	if (top < 0)
		return false;
	sweep(top, i->top);
	if (mkdirat(top, i->options.run, 0700) < 0) {
		if (errno == EEXIST)
			return err_set(e, ERR_DENIED, "run %s: another process is at work on it",
				i->options.run);
		return err_errno(e, "%s", i->directory);
	}
	i->lock_fd = lock_run(top, i->options.run);
	if (i->lock_fd < 0 || mkdirat(i->lock_fd, "objects", 0700) < 0)
		return err_errno(e, "%s", i->directory);
	return private_write(i->lock_fd, "repository", str_from(i->common), e);
}

void isolate_leave_directory(struct isolate *i)
{
	struct err e;

	if (i->lock_fd < 0)
		return;
	AUTO_FD top = isolate_lock_top(i->top, &e);
	remove_run(i->lock_fd, i->top, i->options.run);
	file_close(&i->lock_fd);
}
