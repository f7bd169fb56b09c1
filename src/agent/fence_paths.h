// SPDX-License-Identifier: MIT
/* fence_paths: which paths are protected and which are hidden. Private to the fence. */
#ifndef AGENT_FENCE_PATHS_H
#define AGENT_FENCE_PATHS_H

#include "agent/fence.h"
#include "base/vec.h"

struct path_list {
	VEC(const char *) list; /* NULL-ended when it is complete */
};

struct fence_paths {
	struct path_list writable, readonly, hidden, shown;
	struct path_list found; /* of those, what was met in the workspace */
	struct arena arena;
};

/* Looks through the workspace: a moment for a large one. */
void fence_paths_find(struct fence_paths *p, const struct fence_options *o);
/* False when something that was found has been moved or taken away since. */
bool fence_paths_hold(const struct fence_paths *p);
void fence_paths_release(struct fence_paths *p);

#endif
