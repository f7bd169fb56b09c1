// SPDX-License-Identifier: MIT
#include "io/prefault.h"

#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/must.h"

enum {
	PAGE_BYTES = 4 << 10, /* the smallest there is */
	OWN_BLOCK_BYTES = 32 << 20, /* only larger blocks do not come from the heap */
	KEPT_BYTES = 64 << 20, /* that are free at its end */
};

struct prefault {
	pthread_t thread;
	size_t bytes;
	char *block;
	_Atomic bool is_over;
};

static void *touch(void *self)
{
	const struct prefault *p = self;
	volatile char *block = p->block;

	for (size_t at = 0; at < p->bytes && !p->is_over; at += PAGE_BYTES)
		block[at] = 0;
	return NULL;
}

struct prefault *prefault_begin(size_t bytes)
{
	struct prefault *p = must_alloc(1, sizeof *p);

	(void)mallopt(M_MMAP_THRESHOLD, OWN_BLOCK_BYTES);
	(void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	p->bytes = bytes;
	p->block = malloc(bytes);
	if (p->block && pthread_create(&p->thread, NULL, touch, p) == 0)
		return p;
	free(p->block);
	free(p);
	return NULL;
}

void prefault_end(struct prefault *p)
{
	if (!p)
		return;
	p->is_over = true;
	(void)pthread_join(p->thread, NULL);
	free(p->block);
	free(p);
}
