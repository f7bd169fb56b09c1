// SPDX-License-Identifier: MIT
/* batch: what a batch writes may be nothing that it reads. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/batch.h"

/* The list, which is no option's. NULL: there is no such file. */
static const char *list_of(const struct options *given)
{
	bool has_template = options_has(given, "for-each") || options_has(given, "array");

	return given->operand_count && !has_template ? given->operands[0] : NULL;
}

static bool refuse(const char *option, const char *path, const char *what, struct err *e)
{
	return err_set(e, ERR_USAGE, "option --%s: %s is read (%s), and would be overwritten",
		option, path, what);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* With --for-each the ids are paths as seen from the working directory. */
static bool check_sources(const struct batch *b, const struct ui_output *output,
	const struct stat *file, struct err *e)
{
	const struct workspace *w = &b->run.workspace;
	AUTO(buf) path = {0};
	struct stat st;

	vec_each (&b->tasks.items, task) {
		buf_clear(&path);
		buf_printf(&path, "%s/%s/%.*s", w->root, w->inside, STR_ARG(task->id));
		if (stat(buf_text(&path), &st) == 0 && is_same(&st, file))
			return refuse("output", output->path, "--for-each", e);
	}
	return true;
}

static bool check_output(const struct batch *b, const struct ui_output *output, struct err *e)
{
	const char *list = list_of(&b->run.given);
	struct stat file, st;

	if (stat(output->path, &file) < 0)
		return true;
	if (list && stat(list, &st) == 0 && is_same(&st, &file))
		return refuse("output", output->path, "the list of tasks", e);
	return !options_has(&b->run.given, "for-each") || check_sources(b, output, &file, e);
}

/* Where in the directory a file is; absent: it is elsewhere. */
static struct str inside(struct arena *a, const char *directory, const char *path)
{
	char *top = realpath(directory, NULL), *file = realpath(path, NULL);
	struct str found = {0};

	if (top && file && str_starts(str_from(file), str_from(top)) && file[strlen(top)] == '/')
		found = arena_copy(a, str_from(file + strlen(top) + 1));
	free(top);
	free(file);
	return found;
}

static bool check_directory(
	struct batch *b, const char *directory, const char *input, const char *what, struct err *e)
{
	struct str name = inside(&b->run.arena, directory, input);

	return !name.n || !batch_has_file(&b->tasks, b->run.schema, name) ||
	       refuse("output-dir", input, what, e);
}

bool batch_check_outputs(struct batch *b, struct err *e)
{
	const struct ui_options *o = &b->run.ui_options;
	const struct options *given = &b->run.given;
	const char *directory = options_value(given, "output-dir"), *list = list_of(given), *input,
		   *option;

	for (size_t i = 0; i < o->output_count; i++)
		if (!check_output(b, &o->outputs[i], e))
			return false;
	if (!directory)
		return true;
	if (!batch_check_directory(&b->tasks, directory, b->run.schema, e) ||
		(list && !check_directory(b, directory, list, "the list of tasks", e)))
		return false;
	for (size_t n = 0; (input = run_input(given, n, &option)); n++)
		if (!check_directory(b, directory, input, option, e))
			return false;
	return true;
}
