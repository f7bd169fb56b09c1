// SPDX-License-Identifier: MIT
/*
 * share: what a small file needs that the user's processes share: a lock that ends with its holder,
 * and whether somebody who is named in it is still there. Private to the room.
 */
#ifndef CALL_SHARE_H
#define CALL_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sha256.h"

/* Clock ticks from the start of the machine; 0: there is no such process. */
uint64_t process_start(int32_t pid);
/* Whether the process of that id and start has ended. */
bool process_is_gone(int32_t pid, uint64_t started);
/*
 * Where ids of processes and monotonic clocks mean what they do here: this start of the machine,
 * these name spaces.
 */
struct sha256 share_scope(void);
/* For writing; a millisecond at most, as who has it may have been stopped. */
bool share_lock(int fd);
void share_unlock(int fd);
bool share_is_removed(int fd); /* the file was, or nobody knows */

#endif
