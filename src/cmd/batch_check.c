// SPDX-License-Identifier: MIT
/* batch: what a batch writes may be nothing that it reads. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/batch.h"

enum { INPUTS_MAX = 64 };

struct input {
	const char *path, *what;
};

/* The list and what options name; not the files that tasks are about. */
static size_t collect(const struct options *given, struct input inputs[INPUTS_MAX])
{
	static const char *const names[] = {
		"array", "context-file", "schema", "replay", "image", "ca-file", "mcp-config"};
	bool has_template = options_has(given, "for-each") || options_has(given, "array");
	const char *path;
	size_t n = 0;

	if (given->operand_count && !has_template)
		inputs[n++] = (struct input){given->operands[0], "the list of tasks"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (size_t k = 0; (path = options_nth(given, names[i], k)) && n < INPUTS_MAX; k++)
			inputs[n++] = (struct input){path, names[i]};
	return n;
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

static bool check_output(const struct batch *b, const struct ui_output *output,
	const struct input *inputs, size_t count, struct err *e)
{
	struct stat file, st;

	if (stat(output->path, &file) < 0)
		return true;
	for (size_t i = 0; i < count; i++)
		if (stat(inputs[i].path, &st) == 0 && is_same(&st, &file))
			return refuse("output", output->path, inputs[i].what, e);
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

bool batch_check_outputs(struct batch *b, struct err *e)
{
	const struct ui_options *o = &b->run.ui_options;
	const char *directory = options_value(&b->run.given, "output-dir");
	struct input inputs[INPUTS_MAX];
	size_t count = collect(&b->run.given, inputs);

	for (size_t i = 0; i < o->output_count; i++)
		if (!check_output(b, &o->outputs[i], inputs, count, e))
			return false;
	if (!directory)
		return true;
	if (!batch_check_directory(&b->tasks, directory, b->run.schema, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct str name = inside(&b->run.arena, directory, inputs[i].path);
		if (name.n && batch_has_file(&b->tasks, b->run.schema, name))
			return refuse("output-dir", inputs[i].path, inputs[i].what, e);
	}
	return true;
}
