// SPDX-License-Identifier: MIT
/*
 * recover: what indexes that have been set aside knew of transcripts that are gone. It is taken
 * over when a new index is made, with which it is written or not; and not again, as the new one
 * notes which it was.
 */
#ifndef USAGE_RECOVER_H
#define USAGE_RECOVER_H

#include "usage/whole.h"

/* Whether there is one that is to be taken over. */
bool recover_is_due(struct whole *w);
/* False: what was taken over cannot be counted, and the state is of no use. */
[[nodiscard]] bool recover_take(struct whole *w, struct err *e);
/* Whether the file has been the index, or one of this program beside that, and was set aside. */
bool recover_is_aside(struct whole *w, const char *path);
/* What this program has beside an index that a later one goes on with. */
struct str recover_beside(const char *index_path, struct arena *arena);

#endif
