// SPDX-License-Identifier: MIT
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"

struct arena_block {
	struct arena_block *older;
	size_t used;
	size_t size;
	alignas(max_align_t) char bytes[];
};

enum { BLOCK_BYTES = 8 << 10 };

void arena_release(struct arena *a)
{
	struct arena_block *block = a->newest;

	while (block) {
		struct arena_block *older = block->older;
		free(block);
		block = older;
	}
	a->newest = NULL;
}

void arena_clear(struct arena *a)
{
	struct arena_block *keep = a->newest;

	if (!keep)
		return;
	struct arena older = {keep->older};
	arena_release(&older);
	memset(keep->bytes, 0, keep->used);
	keep->older = NULL;
	keep->used = 0;
}

static void *new_block(struct arena *a, size_t need)
{
	/* Twice the last one, so that many small pieces cost few blocks; 1 MB is enough of that. */
	size_t size = a->newest ? a->newest->size * 2 : BLOCK_BYTES;

	if (size > (1 << 20))
		size = 1 << 20;
	if (size < need)
		size = need;
	struct arena_block *block = must_alloc(1, sizeof *block + size);
	block->older = a->newest;
	block->size = size;
	block->used = need;
	a->newest = block;
	return block->bytes;
}

void *arena_alloc(struct arena *a, size_t count, size_t size_bytes)
{
	size_t need;

	must(!__builtin_mul_overflow(count, size_bytes, &need) && need < SIZE_MAX / 2);
	need = (need + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	struct arena_block *block = a->newest;
	if (!block || block->size - block->used < need)
		return new_block(a, need);
	void *p = block->bytes + block->used;
	block->used += need;
	return p;
}

struct str arena_copy(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1, 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	return (struct str){p, s.n};
}

const char *arena_text(struct arena *a, struct str s)
{
	return arena_copy(a, s).p;
}

struct str arena_printf(struct arena *a, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int n = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	must(n >= 0);
	char *p = arena_alloc(a, (size_t)n + 1, 1);
	va_start(arguments, format);
	vsnprintf(p, (size_t)n + 1, format, arguments);
	va_end(arguments);
	return (struct str){p, (size_t)n};
}

size_t arena_size_bytes(const struct arena *a)
{
	size_t total = 0;

	for (struct arena_block *block = a->newest; block; block = block->older)
		total += sizeof *block + block->size;
	return total;
}
