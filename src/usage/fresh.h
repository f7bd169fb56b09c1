// SPDX-License-Identifier: MIT
/*
 * fresh: a new index that is made on a thread of its own, so that it is there when its pieces are:
 * SQLite is opened, and the tables made, while transcripts are still read, and what is not going to
 * change any more is written while the rest is counted.
 */
#ifndef USAGE_FRESH_H
#define USAGE_FRESH_H

#include <pthread.h>

#include "usage/pieces.h"

struct fresh {
	const char *path; /* of the index; NULL: nothing has begun */
	pthread_t maker, filler;
	bool has_filler;
	bool is_filled; /* by fresh_fill, to be asked after fresh_take */
	bool (*fill)(void *self, struct pieces *pieces, struct err *e);
	void *self;
	struct pieces *pieces;
	struct err e;
};

/* path has to live until the end. Where there can be no thread, nothing begins. */
void fresh_begin(struct fresh *fresh, const char *path);
/* Calls fill, once the index is made, on a thread; self has to live until fresh_take or
   fresh_release. Nothing happens where nothing has begun. */
void fresh_fill(
	struct fresh *fresh, bool (*fill)(void *self, struct pieces *, struct err *e), void *self);
/* As pieces_create, of the path it began with or else of this one. */
struct pieces *fresh_take(struct fresh *fresh, const char *path, struct err *e);
/* What nobody took is removed. {0} is nothing. */
void fresh_release(struct fresh *fresh);

#endif
