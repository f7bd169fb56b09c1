// SPDX-License-Identifier: MIT
/* run: the tasks, from words and stdin. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/command.h"
#include "cmd/run.h"

/* Task text and piped text together; models take far less, but the limit is theirs to tell. */
enum { TEXT_MAX_BYTES = 32 << 20 };
/* How long an open pipe may stay silent before the run goes on without it. */
enum { STDIN_WAIT_MS = 2'000 };

/*
 * Text is taken from a pipe, a socket or a file. A pipe that somebody holds open without writing (a
 * CI job's stdin) must not hang the run, so silence is waited out once, unless "-" asked for stdin.
 */
static bool read_stdin(struct run *r, bool is_asked, struct err *e)
{
	struct stat st;
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

	if (!is_asked) {
		if (fstat(STDIN_FILENO, &st) < 0 ||
			!(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || S_ISREG(st.st_mode)))
			return true;
		if (poll(&p, 1, STDIN_WAIT_MS) == 0) {
			fprintf(stderr, "fettle: stdin is open but silent; going on without it "
					"(a task of - waits for it)\n");
			return true;
		}
	}
	r->piped.max = TEXT_MAX_BYTES + 1;
	return file_read_fd(STDIN_FILENO, "stdin", TEXT_MAX_BYTES, &r->piped, e);
}

/* A single word that looks like a mistyped command is more likely that than a task. */
static bool check_words(const struct run *r, struct err *e)
{
	const struct options *given = &r->given;
	size_t bare = 0;

	for (size_t i = 0; i < given->literal_from; i++)
		bare += !strpbrk(given->operands[i], " \t\n") &&
			strcmp(given->operands[i], "-") != 0;
	if (bare == 0)
		return true;
	/* Scripts that called another program run it often, and no task is meant. */
	if (strcmp(given->operands[0], "statusline") == 0)
		return err_set(e, ERR_USAGE,
			"there is no command statusline; fettle usage --json has its numbers");
	const char *near = command_nearest(given->operands[0]);
	if (near)
		return err_set(
			e, ERR_USAGE, "no command %s (did you mean %s?)", given->operands[0], near);
	if (bare > 1)
		return err_set(e, ERR_USAGE,
			"several one-word tasks: put the task in quotes (fettle \"how many files\"), "
			"or put -- in front if they are tasks");
	return true;
}

bool run_collect_tasks(struct run *r, const struct program *program, struct err *e)
{
	const struct options *given = &r->given;
	size_t dashes = 0;

	if (!check_words(r, e))
		return false;
	for (size_t i = 0; i < given->literal_from; i++)
		dashes += strcmp(given->operands[i], "-") == 0;
	if (dashes > 1)
		return err_set(e, ERR_USAGE, "- (the task from stdin) can be given once");
	if (dashes && !program->has_stdin)
		return err_set(e, ERR_USAGE, "- asks for stdin, but stdin is closed");
	r->task_is_piped = dashes || given->operand_count == 0;
	if (given->operand_count == 0 && isatty(STDIN_FILENO))
		return err_set(e, ERR_USAGE, "no task");
	if (program->has_stdin && !read_stdin(r, r->task_is_piped, e))
		return false;
	r->task_count = given->operand_count ? given->operand_count : 1;
	r->tasks = arena_alloc(&r->arena, r->task_count, sizeof *r->tasks);
	for (size_t i = 0; i < r->task_count; i++) {
		bool is_stdin = given->operand_count == 0 ||
				(i < given->literal_from && strcmp(given->operands[i], "-") == 0);
		r->tasks[i] = is_stdin ? buf_str(&r->piped) : str_from(given->operands[i]);
		if (str_trim(r->tasks[i]).n == 0)
			return err_set(
				e, ERR_USAGE, is_stdin ? "no task: stdin is empty" : "empty task");
		if (r->tasks[i].n > TEXT_MAX_BYTES)
			return err_set(
				e, ERR_USAGE, "a task of more than %d MB", TEXT_MAX_BYTES >> 20);
	}
	return true;
}
