// SPDX-License-Identifier: MIT
/*
 * must: checks for our own mistakes, compiled into every build, and memory that cannot fail.
 *
 * A failed must() prints the condition and aborts. Sizes that come from outside are capped by the
 * caller before they reach the allocators here.
 */
#ifndef BASE_MUST_H
#define BASE_MUST_H

#include <stddef.h>

_Noreturn void must_fail(const char *condition, const char *file, int line);

#define must(condition) ((condition) ? (void)0 : must_fail(#condition, __FILE__, __LINE__))

/* Zeroed memory; aborts when there is none. Release with free(). */
[[nodiscard]] void *must_alloc(size_t count, size_t size_bytes);
/* As realloc; aborts when there is no memory or count * size overflows. */
[[nodiscard]] void *must_resize(void *old, size_t count, size_t size_bytes);
/* A NUL-terminated copy of n bytes. Release with free(). */
[[nodiscard]] char *must_copy(const char *p, size_t n);

/* AUTO(buf) struct buf b = {0};  releases b when it leaves scope. */
#define AUTO(type) __attribute__((cleanup(type##_release))) struct type

#endif
