// SPDX-License-Identifier: MIT
#include <pthread.h>

#include "agent/tool/place.h"

enum { NEAR_MAX = 3 };

struct near {
	struct str directory, base; /* of the missing path */
	unsigned distance_max;
	pthread_mutex_t lock; /* of what follows; visits come from several threads */
	struct arena *arena;
	size_t count;
	struct near_name {
		struct str path;
		unsigned distance;
	} names[NEAR_MAX + 1];
};

static void split_path(struct str path, struct str *directory, struct str *base)
{
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;

	*directory = slash ? str_range(path.p, slash) : STR("");
	*base = slash ? str_range(slash + 1, path.p + path.n) : path;
}

static bool is_before(const struct near_name *a, const struct near_name *b)
{
	return a->distance != b->distance ? a->distance < b->distance
					  : str_cmp(a->path, b->path) < 0;
}

/* Keeps the best three, sorted. */
static void near_add(struct near *n, struct str path, unsigned distance)
{
	struct near_name name = {path, distance};
	size_t at = n->count;

	for (size_t i = 0; i < n->count; i++)
		if (str_eq(n->names[i].path, path))
			return;
	while (at > 0 && is_before(&name, &n->names[at - 1]))
		at--;
	if (at == NEAR_MAX)
		return;
	name.path = arena_copy(n->arena, path);
	memmove(n->names + at + 1, n->names + at, (n->count - at) * sizeof name);
	n->names[at] = name;
	if (n->count < NEAR_MAX)
		n->count++;
}

static void near_judge(struct near *n, struct str path)
{
	struct str directory, base;
	unsigned distance = 0;

	split_path(path, &directory, &base);
	if (!str_eq_nocase(base, n->base)) {
		if (!str_eq(directory, n->directory))
			return;
		distance = str_distance(base, n->base);
		if (distance > n->distance_max)
			return;
	}
	pthread_mutex_lock(&n->lock);
	near_add(n, path, distance);
	pthread_mutex_unlock(&n->lock);
}

/* The file and the directories above it: a scan visits files only. */
static bool near_visit(void *self, const struct scan_file *file)
{
	struct near *n = self;

	near_judge(n, file->path);
	for (size_t i = file->path.n; i-- > 1;)
		if (file->path.p[i] == '/')
			near_judge(n, str_head(file->path, i));
	return true;
}

struct str near_names(const struct tool_call *call, struct str relative)
{
	struct near n = {.lock = PTHREAD_MUTEX_INITIALIZER, .arena = call->arena};
	struct scan_options options = {
		.root = call->workspace->root, .start = "", .cancel = call->cancel};
	struct scan_stats stats;
	struct err e;
	AUTO(buf) text = {0};

	split_path(relative, &n.directory, &n.base);
	n.distance_max = n.base.n < 4 ? 1 : n.base.n < 10 ? 2 : 3;
	if (n.base.n == 0 || !scan_tree(&options, near_visit, &n, &stats, &e))
		return STR("");
	for (size_t i = 0; i < n.count; i++)
		buf_printf(&text, "%s%s", i ? ", " : "",
			workspace_show(call->workspace, n.names[i].path, call->arena).p);
	return arena_copy(call->arena, buf_str(&text));
}
