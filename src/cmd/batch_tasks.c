// SPDX-License-Identifier: MIT
/* batch: the list of tasks, from files, words and stdin. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/utf8.h"
#include "cmd/batch.h"

enum { CONTEXT_MAX_BYTES = 8 << 20, PROBLEMS_SHOWN = 100 };
#define LIST_MAX_BYTES ((size_t)1 << 30)

static bool read_text(const struct program *program, const char *path, size_t max_bytes,
	struct buf *out, struct err *e)
{
	bool is_stdin = strcmp(path, "-") == 0, is_read;

	out->max = max_bytes + 1;
	if (is_stdin && !program->has_stdin)
		return err_set(e, ERR_USAGE, "- asks for stdin, but stdin is closed");
	if (is_stdin)
		is_read = file_read_fd(STDIN_FILENO, "stdin", max_bytes, out, e);
	else
		is_read = file_read(AT_FDCWD, path, max_bytes, out, e);
	if (!is_read)
		e->code = ERR_USAGE;
	return is_read;
}

/* ---- the ways to a list ---- */

static bool from_files(struct batch *b, const char *template, struct err *e)
{
	const struct workspace *w = &b->run.workspace;
	const char *pattern = options_value(&b->run.given, "for-each");

	if (tasks_read_files(&b->tasks, w->root, w->inside, pattern, str_from(template), e))
		return b->tasks.items.n ||
		       err_set(e, ERR_USAGE,
			       "option --for-each: no file matches %s (ignored files are none)",
			       pattern);
	e->code = ERR_USAGE;
	return err_context(e, "option --for-each");
}

static bool from_table(
	struct batch *b, const struct program *program, const char *template, struct err *e)
{
	const char *path = options_value(&b->run.given, "array");
	AUTO(buf) text = {0};

	if (!read_text(program, path, LIST_MAX_BYTES, &text, e))
		return err_context(e, "option --array");
	tasks_read_table(&b->tasks, str_from(path), buf_str(&text), str_from(template));
	return true;
}

static bool from_list(
	struct batch *b, const struct program *program, const char *path, struct err *e)
{
	AUTO(buf) text = {0};

	if (!read_text(program, path, LIST_MAX_BYTES, &text, e)) {
		if (strpbrk(path, " \t\n"))
			return err_set(e, ERR_USAGE,
				"batch takes the name of a list; for tasks as words: fettle \"task\" "
				"\"task\"");
		return false;
	}
	tasks_read(&b->tasks, str_from(path), buf_str(&text));
	return true;
}

static bool read_list(struct batch *b, const struct program *program, struct err *e)
{
	const struct options *given = &b->run.given;
	bool each = options_has(given, "for-each"), array = options_has(given, "array");
	const char *word = given->operand_count ? given->operands[0] : NULL;

	if (each && array)
		return err_set(
			e, ERR_USAGE, "--for-each and --array are two lists: only one of them");
	if (given->operand_count > 1)
		return err_set(e, ERR_USAGE,
			each || array ? "one template, in quotes" : "one list of tasks at a time");
	if (!word)
		return err_set(e, ERR_USAGE,
			each || array ? "the template is missing: what to do"
				      : "the list of tasks is missing");
	if (each)
		return from_files(b, word, e);
	return array ? from_table(b, program, word, e) : from_list(b, program, word, e);
}

/* ---- what goes with it ---- */

static bool read_context(struct batch *b, const struct program *program, struct err *e)
{
	const char *word = options_value(&b->run.given, "context");
	const char *path = options_value(&b->run.given, "context-file");
	AUTO(buf) text = {0};

	if (path && !read_text(program, path, CONTEXT_MAX_BYTES, &text, e))
		return err_context(e, "option --context-file");
	if (word && path)
		buf_put_char(&text, '\n');
	if (word)
		buf_put_text(&text, word);
	if (!utf8_is_valid(buf_str(&text)))
		return err_set(e, ERR_USAGE, "option --context-file: %s is no UTF-8 text", path);
	b->context = arena_copy(&b->run.arena, buf_str(&text));
	return true;
}

static void tell_problems(const struct tasks *t)
{
	AUTO(buf) problems = {0};
	struct str rest, line;
	size_t shown = 0;

	tasks_put_problems(&problems, t);
	for (rest = buf_str(&problems); str_split(&rest, '\n', &line) && line.n; shown++) {
		AUTO(buf) one = {0};
		if (shown == PROBLEMS_SHOWN)
			break;
		utf8_put_line(&one, line, 1000);
		fprintf(stderr, "fettle: %s\n", buf_text(&one));
	}
	if (t->problems.n > shown)
		fprintf(stderr, "fettle: and %zu more\n", t->problems.n - shown);
}

bool batch_check_models(struct batch *b, struct err *e)
{
	vec_each (&b->tasks.items, task)
		if (task->model.p && !batch_route(b, task->model, e)) {
			e->code = ERR_USAGE;
			return err_context(e, "%s %zu", b->tasks.unit, task->line);
		}
	return true;
}

bool batch_read_tasks(struct batch *b, const struct program *program, struct err *e)
{
	const struct options *given = &b->run.given;
	const char *summary = options_value(given, "summarize");

	if (!read_context(b, program, e) || !read_list(b, program, e))
		return false;
	if (summary && b->tasks.items.n)
		tasks_add_summary(&b->tasks, str_from(summary));
	bool is_good = tasks_finish(&b->tasks, options_has(given, "skip-bad"), e);
	tell_problems(&b->tasks);
	if (!is_good && b->tasks.problems.n)
		return err_set(e, ERR_USAGE,
			"%zu problem%s in the list, and nothing was run (--skip-bad goes on without "
			"these tasks)",
			b->tasks.problems.n, b->tasks.problems.n == 1 ? "" : "s");
	return is_good && batch_check_models(b, e);
}
