// SPDX-License-Identifier: MIT
/* runs: the directories of runs: their names, which there are, and which one is meant. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/private.h"
#include "batch/journal_inside.h"

bool journal_is_run_name(struct str name)
{
	if (name.n == 0 || name.n >= RUN_NAME_BYTES || !isalnum((unsigned char)name.p[0]))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!isalnum((unsigned char)name.p[i]) && name.p[i] != '-')
			return false;
	return true;
}

int journal_open_top(const char *directory, bool makes, struct err *e)
{
	AUTO(arena) arena = {0};

	return private_open(arena_printf(&arena, "%s/batch", directory).p, makes, e);
}

int journal_open_run(const char *directory, const char *run, struct err *e)
{
	AUTO(arena) arena = {0};

	if (!journal_is_run_name(str_from(run))) {
		err_set(e, ERR_NOT_FOUND, "\"%.40s\" is no name of a run", run);
		return -1;
	}
	return private_open(arena_printf(&arena, "%s/batch/%s", directory, run).p, false, e);
}

int journal_open_file(int run_fd, int flags, struct err *e)
{
	AUTO_FD fd = openat(run_fd, RUN_JOURNAL, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		(void)err_errno(e, "%s", RUN_JOURNAL);
		return -1;
	}
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077)) {
		err_set(e, ERR_DENIED, "%s: not a file of the user's alone", RUN_JOURNAL);
		return -1;
	}
	int kept = fd;
	fd = -1;
	return kept;
}

int journal_open(const char *directory, const char *run, struct err *e)
{
	AUTO_FD run_fd = journal_open_run(directory, run, e);

	return run_fd < 0 ? -1 : journal_open_file(run_fd, O_RDONLY, e);
}

bool journal_look(const char *directory, const char *run, struct tasks *tasks,
	struct run_past *past, struct err *e)
{
	AUTO_FD run_fd = journal_open_run(directory, run, e);
	AUTO(run_past) found = {0};

	if (run_fd < 0)
		return false;
	AUTO_FD fd = journal_open_file(run_fd, O_RDONLY, e);
	if (fd < 0)
		return false;
	if (!journal_read_past(fd, &found, e) ||
		(tasks && !journal_read_tasks(run_fd, &found.head, tasks, e)))
		return err_context(e, "run %s", run);
	*past = found;
	found = (struct run_past){0};
	return true;
}

/* ---- all runs ---- */

static void list_one(const char *directory, struct run_listed *run, struct arena *a)
{
	struct err e;
	AUTO(run_past) past = {0};
	AUTO_FD fd = journal_open(directory, run->name, &e);

	if (fd < 0 || !journal_read_past(fd, &past, &e)) {
		run->problem = arena_text(a, str_from(e.text));
		return;
	}
	run->at_ms = past.head.at_ms;
	run->task_count = past.head.task_count;
	memcpy(run->counts, past.counts, sizeof run->counts);
	run->has_ended = past.has_ended;
	run->is_at_work = journal_is_locked(fd);
}

static int compare_names(const void *left, const void *right)
{
	const struct run_listed *a = left, *b = right;

	return strcmp(b->name, a->name);
}

/* The names alone, the newest first. */
static bool list_names(const char *directory, run_list *out, struct err *e)
{
	struct err why;
	AUTO_FD top = journal_open_top(directory, false, &why);

	if (top < 0 && why.code == ERR_NOT_FOUND)
		return true;
	if (top < 0) {
		*e = why;
		return false;
	}
	DIR *dir = fdopendir(top);
	if (!dir)
		return err_errno(e, "%s/batch", directory);
	top = -1;
	for (struct dirent *entry; (entry = readdir(dir));) {
		struct run_listed run = {0};
		if (!journal_is_run_name(str_from(entry->d_name)))
			continue;
		snprintf(run.name, sizeof run.name, "%.*s", RUN_NAME_BYTES - 1, entry->d_name);
		vec_push(out, run);
	}
	closedir(dir);
	if (out->n)
		qsort(out->p, out->n, sizeof *out->p, compare_names);
	return true;
}

bool journal_list(const char *directory, struct arena *a, run_list *out, struct err *e)
{
	if (!list_names(directory, out, e))
		return false;
	vec_each (out, run)
		list_one(directory, run, a);
	return true;
}

static bool find_in(const run_list *runs, struct str word, char out[RUN_NAME_BYTES], struct err *e)
{
	const struct run_listed *found = NULL;

	vec_each (runs, run) {
		struct str name = str_from(run->name);
		if (!str_is(word, "last") && !str_starts(name, word))
			continue;
		if (found && !str_eq(name, word))
			return err_set(e, ERR_USAGE, "several runs begin with %.*s: %s, %s ...",
				STR_ARG(word), found->name, run->name);
		found = run;
		if (str_is(word, "last") || str_eq(name, word))
			break;
	}
	if (!found)
		return err_set(e, ERR_NOT_FOUND,
			"no run \"%.40s\"; fettle batch --status lists them", word.p);
	memcpy(out, found->name, RUN_NAME_BYTES);
	return true;
}

bool journal_find(const char *directory, const char *word, char out[RUN_NAME_BYTES], struct err *e)
{
	run_list runs = {0};
	bool good = list_names(directory, &runs, e) && find_in(&runs, str_from(word), out, e);

	vec_release(&runs);
	return good;
}
