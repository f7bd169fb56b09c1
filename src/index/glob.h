// SPDX-License-Identifier: MIT
/* glob: the parts of glob_match that the ignore rules share. */
#ifndef INDEX_GLOB_H
#define INDEX_GLOB_H

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"

typedef VEC(struct str) glob_list;

/*
 * One pattern, no braces, against the whole of path, as git's wildmatch does for paths. Linear in
 * memory, never worse than pattern x path for each directory of the path.
 */
[[nodiscard]] bool glob_match_plain(struct str pattern, struct str path);
/* "{a,b}c" to "ac", "bc". Unbalanced braces stay as they are; past 256 results so do further ones.
 */
void glob_expand(struct str pattern, struct arena *a, glob_list *out);

#endif
