// SPDX-License-Identifier: MIT
/* run: files that a run leaves, tried out before anything is asked. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/run.h"

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The same file; where there is none yet, the same directory, and there the same name. */
static bool is_same_place(struct arena *a, const char *one, const char *other)
{
	const char *paths[] = {one, other}, *names[2];
	struct stat at[2];

	if (stat(one, &at[0]) == 0 && stat(other, &at[1]) == 0)
		return is_same_file(&at[0], &at[1]);
	for (size_t i = 0; i < 2; i++) {
		const char *slash = strrchr(paths[i], '/');
		int n = slash ? (int)(slash - paths[i]) : 0;
		names[i] = slash ? slash + 1 : paths[i];
		/* "/file" is in "/." */
		const char *directory =
			arena_printf(a, "%.*s%s", n, paths[i], slash ? "/." : ".").p;
		if (stat(directory, &at[i]) < 0)
			return false;
	}
	return is_same_file(&at[0], &at[1]) && strcmp(names[0], names[1]) == 0;
}

const char *run_input(const struct options *given, size_t n, const char **option)
{
	static const char *const names[] = {
		"schema", "image", "replay", "ca-file", "mcp-config", "array", "context-file"};
	const char *path;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (size_t k = 0; (path = options_nth(given, names[i], k)); k++)
			if (n-- == 0)
				return (*option = names[i], path);
	return NULL;
}

/* It takes its file's place: that may be none which this run reads or answers into. */
static bool check_path(const struct run *r, const char *option, const char *path, struct err *e)
{
	struct stat file, other;
	const char *input, *name;

	if (!*path)
		return err_set(e, ERR_USAGE, "option --%s: a file's name is missing", option);
	if (strcmp(path, "-") == 0)
		return err_set(e, ERR_USAGE,
			"option --%s: - is no file, and stdout carries the answer", option);
	if (stat(path, &file) < 0)
		return true;
	if (fstat(STDOUT_FILENO, &other) == 0 && is_same_file(&file, &other))
		return err_set(e, ERR_USAGE, "option --%s: %s is where stdout goes", option, path);
	for (size_t n = 0; (input = run_input(&r->given, n, &name)); n++)
		if (stat(input, &other) == 0 && is_same_file(&file, &other))
			return err_set(e, ERR_USAGE,
				"option --%s: %s is the file of --%s, and would be overwritten",
				option, path, name);
	return true;
}

/* Before anything is asked, so that no paid run ends without its trace. */
bool run_open_trace(struct run *r, struct err *e)
{
	const char *path = options_value(&r->given, "trace");

	if (!path)
		return true;
	if (!check_path(r, "trace", path, e))
		return false;
	r->trace = trace_new(path, e);
	return r->trace || err_context(e, "option --trace");
}

/* "FORMAT:FILE", or "FILE" alone. A word in front of a colon is meant as a format. */
static bool read_output(const char *word, struct ui_output *out, struct err *e)
{
	struct str name = str_head(str_from(word), strcspn(word, ":"));
	bool is_word = word[name.n] && name.n == strspn(word, "abcdefghijklmnopqrstuvwxyz-_");

	out->format = word[name.n] ? format_find(name) : NULL;
	out->path = out->format ? word + name.n + 1 : word;
	if (is_word && !out->format)
		return err_set(e, ERR_USAGE,
			"option --output: %.*s is none of text, json, stream-json, markdown, diff "
			"(a file of this name: ./%s)",
			STR_ARG(name), word);
	if (!out->format)
		out->format = format_of_file(str_from(out->path));
	return true;
}

static bool check_output(struct run *r, const struct ui_output *outputs, size_t i, struct err *e)
{
	const char *path = outputs[i].path, *trace = options_value(&r->given, "trace");

	if (!check_path(r, "output", path, e))
		return false;
	if (trace && is_same_place(&r->arena, trace, path))
		return err_set(e, ERR_USAGE, "option --output: %s is the file of --trace", path);
	for (size_t before = 0; before < i; before++)
		if (is_same_place(&r->arena, outputs[before].path, path))
			return err_set(
				e, ERR_USAGE, "option --output: two outputs go into %s", path);
	return file_can_replace(path, e) || err_context(e, "option --output");
}

bool run_open_outputs(struct run *r, struct err *e)
{
	size_t count = 0;

	while (options_nth(&r->given, "output", count))
		count++;
	struct ui_output *outputs = arena_alloc(&r->arena, count + 1, sizeof *outputs);
	for (size_t i = 0; i < count; i++)
		if (!read_output(options_nth(&r->given, "output", i), &outputs[i], e) ||
			!check_output(r, outputs, i, e))
			return false;
	r->ui_options.outputs = outputs;
	r->ui_options.output_count = count;
	return true;
}
