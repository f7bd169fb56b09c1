// SPDX-License-Identifier: MIT
#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void must_fail(const char *condition, const char *file, int line)
{
	fprintf(stderr, "fettle: internal error: %s (%s:%d)\n", condition, file, line);
	abort();
}

void *must_alloc(size_t count, size_t size_bytes)
{
	void *p = calloc(count ? count : 1, size_bytes ? size_bytes : 1);

	must(p);
	return p;
}

void *must_resize(void *old, size_t count, size_t size_bytes)
{
	size_t total;

	must(!__builtin_mul_overflow(count, size_bytes, &total));
	void *p = realloc(old, total ? total : 1);
	must(p);
	return p;
}

char *must_copy(const char *p, size_t n)
{
	char *copy = must_alloc(n + 1, 1);

	if (n)
		memcpy(copy, p, n);
	return copy;
}
