// SPDX-License-Identifier: MIT
/*
 * own: fettle's own settings, state and cache, where they lie in the workspace (somebody works in
 * the home directory). Settings name commands that are run outside of the sandbox, and the state
 * says which of a repository's are trusted.
 */
#ifndef AGENT_OWN_H
#define AGENT_OWN_H

#include "agent/workspace.h"

/* Those directories relative to the root, whether they are there or not; none of it is NULL. */
const struct str *own_paths(const struct workspace *w, struct arena *a, size_t *count);
/* Whether path, relative to the root and without links, is one of them or in one. */
bool own_has(const struct str *own, size_t count, struct str path);

#endif
