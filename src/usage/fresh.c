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
	if (pthread_create(&fresh->maker, NULL, make, fresh) != 0)
		fresh->path = NULL;
}

static void *fill(void *self)
{
	struct fresh *fresh = self;

	(void)pthread_join(fresh->maker, NULL);
	if (!fresh->pieces)
		return NULL;
	fresh->is_filled = fresh->fill(fresh->self, fresh->pieces, &fresh->e);
	if (!fresh->is_filled) {
		pieces_close(fresh->pieces);
		fresh->pieces = NULL;
	}
	return NULL;
}

void fresh_fill(struct fresh *fresh, bool (*fill_with)(void *self, struct pieces *, struct err *e),
	void *self)
{
	if (!fresh->path)
		return;
	fresh->fill = fill_with;
	fresh->self = self;
	fresh->has_filler = pthread_create(&fresh->filler, NULL, fill, fresh) == 0;
}

static struct pieces *finish(struct fresh *fresh)
{
	struct pieces *pieces;

	if (!fresh->path)
		return NULL;
	(void)pthread_join(fresh->has_filler ? fresh->filler : fresh->maker, NULL);
	pieces = fresh->pieces;
	fresh->pieces = NULL;
	fresh->path = NULL;
	fresh->has_filler = false;
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
	fresh->is_filled = false;
}
