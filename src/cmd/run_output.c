// SPDX-License-Identifier: MIT
/* run: files that a run leaves, tried out before anything is asked. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/run.h"

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The trace takes its file's place: that may be none which this run reads or answers into. */
static bool check_trace_path(const struct run *r, const char *path, struct err *e)
{
	static const char *const read[] = {"schema", "image", "replay", "ca-file"};
	struct stat trace, other;
	const char *input;

	if (stat(path, &trace) < 0)
		return true;
	if (fstat(STDOUT_FILENO, &other) == 0 && is_same_file(&trace, &other))
		return err_set(e, ERR_USAGE, "option --trace: %s is where stdout goes", path);
	for (size_t i = 0; i < sizeof read / sizeof *read; i++)
		for (size_t n = 0; (input = options_nth(&r->given, read[i], n)); n++)
			if (stat(input, &other) == 0 && is_same_file(&trace, &other))
				return err_set(e, ERR_USAGE,
					"option --trace: %s is the file of --%s, and would be "
					"overwritten",
					path, read[i]);
	return true;
}

/* Before anything is asked, so that no paid run ends without its trace. */
bool run_open_trace(struct run *r, struct err *e)
{
	const char *path = options_value(&r->given, "trace");

	if (!path)
		return true;
	if (strcmp(path, "-") == 0)
		return err_set(e, ERR_USAGE,
			"option --trace: - is no file, and stdout carries the answer");
	if (!check_trace_path(r, path, e))
		return false;
	r->trace = trace_new(path, e);
	return r->trace || err_context(e, "option --trace");
}
