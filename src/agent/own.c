// SPDX-License-Identifier: MIT
#include "agent/own.h"

#include <limits.h>
#include <stdlib.h>

#include "base/xdg.h"

static const char *environment(const char *name)
{
	return getenv(name);
}

/* With links followed as far as there is something; the rest as it is written. */
static struct str resolve(struct str path, struct arena *a)
{
	char real[PATH_MAX];

	for (struct str head = path; head.n > 1;) {
		if (realpath(arena_text(a, head), real))
			return arena_printf(a, "%s%.*s", strcmp(real, "/") == 0 ? "" : real,
				STR_ARG(str_skip(path, head.n)));
		const char *slash = memrchr(head.p, '/', head.n);
		head = str_head(head, slash ? (size_t)(slash - head.p) : 0);
	}
	return path;
}

static struct str below_root(const struct workspace *w, struct str path)
{
	struct str root = str_from(w->root);

	root.n -= root.n == 1;
	if (!str_starts(path, root) || path.n <= root.n + 1 || path.p[root.n] != '/')
		return (struct str){0};
	return str_skip(path, root.n + 1);
}

const struct str *own_paths(const struct workspace *w, struct arena *a, size_t *count)
{
	static const enum xdg kinds[] = {XDG_CONFIG, XDG_STATE, XDG_CACHE};
	enum { KINDS = sizeof kinds / sizeof *kinds };
	struct str *paths = arena_alloc(a, KINDS, sizeof *paths);
	size_t n = 0;

	for (size_t i = 0; i < KINDS; i++) {
		const char *directory = xdg_directory(kinds[i], "", environment, a);
		struct str path = {0};
		if (directory)
			path = below_root(w, resolve(str_from(directory), a));
		if (path.n)
			paths[n++] = path;
	}
	*count = n;
	return paths;
}

bool own_has(const struct str *own, size_t count, struct str path)
{
	for (size_t i = 0; i < count; i++)
		if (str_starts(path, own[i]) && (path.n == own[i].n || path.p[own[i].n] == '/'))
			return true;
	return false;
}
