// SPDX-License-Identifier: MIT
/*
 * visible: text for a terminal that comes in pieces. A terminal obeys sequences: they are left out,
 * also when they come in two pieces, and so are all other characters that could steer it.
 */
#ifndef UI_VISIBLE_H
#define UI_VISIBLE_H

#include "base/buf.h"

/* {0} is a valid start. */
struct visible {
	struct buf open; /* the beginning of a sequence or a character that goes on later */
};

void visible_release(struct visible *v);
/* What is open does not go on. */
void visible_end(struct visible *v);
/* Appends whole characters of valid UTF-8. */
void visible_put(struct visible *v, struct buf *shown, struct str text);

#endif
