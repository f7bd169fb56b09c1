// SPDX-License-Identifier: MIT
#include "usage/fresh.h"

static void *make(void *self)
{
	struct fresh *fresh = self;

	fresh->pieces = pieces_create(fresh->path, &fresh->e);
	return NULL;
}

void fresh_begin(struct fresh *fresh, const char *path)
{
	fresh_release(fresh);
	fresh->path = path;
	if (pthread_create(&fresh->thread, NULL, make, fresh) != 0)
		fresh->path = NULL;
}

static struct pieces *finish(struct fresh *fresh)
{
	struct pieces *pieces;

	if (!fresh->path)
		return NULL;
	(void)pthread_join(fresh->thread, NULL);
	pieces = fresh->pieces;
	fresh->pieces = NULL;
	fresh->path = NULL;
	return pieces;
}

struct pieces *fresh_take(struct fresh *fresh, const char *path, struct err *e)
{
	if (!fresh->path)
		return pieces_create(path, e);
	struct pieces *pieces = finish(fresh);
	if (!pieces)
		*e = fresh->e;
	return pieces;
}

void fresh_release(struct fresh *fresh)
{
	pieces_close(finish(fresh));
}
