// SPDX-License-Identifier: MIT
/* same: when two JSON values are the same value, however they are written. */
#ifndef BASE_SAME_H
#define BASE_SAME_H

#include "base/arena.h"
#include "base/buf.h"

/*
 * Appends a checked value in a form that is equal, byte for byte, for equal values: members in
 * order, texts decoded, numbers without rounding. Of members of one name the last one counts.
 */
void same_put(struct buf *b, struct str value, struct arena *a);

#endif
