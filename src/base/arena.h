// SPDX-License-Identifier: MIT
/*
 * arena: memory that is freed all at once. One per call, per turn, per scan. {0} is a valid start.
 * Not safe to share between threads; crossing a thread means moving the whole arena.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/str.h"

struct arena_block;

struct arena {
	struct arena_block *newest;
};

void arena_release(struct arena *a);
/* Forgets everything but keeps one block, for arenas that are filled again and again. */
void arena_clear(struct arena *a);
/* Zeroed, aligned for any type. */
[[nodiscard]] void *arena_alloc(struct arena *a, size_t count, size_t size_bytes);
/* A copy with a NUL behind it, which is not counted in n. */
struct str arena_copy(struct arena *a, struct str s);
const char *arena_text(struct arena *a, struct str s);
__attribute__((format(printf, 2, 3), nonnull)) struct str arena_printf(
	struct arena *a, const char *format, ...);
/* Bytes held from the system, for limits and tests. */
size_t arena_size_bytes(const struct arena *a);

#endif
