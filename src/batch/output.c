// SPDX-License-Identifier: MIT
/* output: the file that a task names for its answer, below a directory that it may not leave. */
#include <limits.h>
#include <string.h>

#include "base/utf8.h"
#include "batch/tasks_inside.h"

static bool wrong(struct str name, const char *why, struct err *e)
{
	AUTO(buf) shown = {0};

	utf8_put_line(&shown, name, 100);
	return err_set(e, ERR_USAGE, "output \"%s\" %s", buf_text(&shown), why);
}

/* Without the parts that lead nowhere. */
static bool put_parts(struct str name, struct buf *path, struct err *e)
{
	size_t start = path->n;
	struct str rest = name, part;

	if (str_starts(name, STR("/")))
		return wrong(name, "would leave the output directory", e);
	if (!name.n || str_ends(name, STR("/")))
		return wrong(name, "is no name of a file", e);
	while (str_split(&rest, '/', &part)) {
		if (str_is(part, ".."))
			return wrong(name, "would leave the output directory", e);
		if (part.n > NAME_MAX)
			return wrong(name, "has a part that is too long", e);
		if (!part.n || str_is(part, "."))
			continue;
		if (path->n > start)
			buf_put_char(path, '/');
		buf_put_str(path, part);
	}
	if (path->n == start || path->n - start >= PATH_MAX || memchr(name.p, '\0', name.n))
		return wrong(name, "is no name of a file", e);
	return true;
}

bool task_put_output(const struct task *task, struct buf *path, struct err *e)
{
	AUTO(buf) name = {0};

	return task_fill(task, task->output, NULL, NULL, &name, e) &&
	       put_parts(buf_str(&name), path, e);
}
