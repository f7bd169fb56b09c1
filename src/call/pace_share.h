// SPDX-License-Identifier: MIT
/*
 * pace_share: the buckets of all processes of a user, in one small file, so that together they stay
 * within a limit. The file has a place for each bucket, with a check sum; what does not fit it, is
 * of another start of the machine or of another version is as if it were not there. Locks are the
 * kernel's and end with the process that has them; what a process held that is gone is free again.
 * Without the file (no directory, a full disk) every process has its own buckets. Private to the
 * room.
 */
#ifndef CALL_PACE_SHARE_H
#define CALL_PACE_SHARE_H

#include "base/err.h"
#include "call/pace.h"

#define PACE_SHARE_FILE "pace"

struct pace_share;

/* directory: an absolute path, made when it is not there. Opens nothing before the first call. */
struct pace_share *pace_share_new(const char *directory);
void pace_share_free(struct pace_share *share); /* NULL is nothing */
struct pace_store pace_share_store(struct pace_share *share);
/* Why the buckets are this process's own; NULL: they are shared, or were not asked for yet. */
const char *pace_share_trouble(const struct pace_share *share);

#endif
