// SPDX-License-Identifier: MIT
/*
 * csv: records of fields (RFC 4180): commas, double quotes, CRLF or LF. Empty lines are no records.
 */
#ifndef BATCH_CSV_H
#define BATCH_CSV_H

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"

/* A text being read; {text, .line = 1} is a valid start. */
struct csv {
	struct str rest;
	size_t line; /* where rest begins */
};

struct csv_record {
	size_t line; /* of its first character */
	VEC(struct str) fields; /* of the text, or of the arena */
	const char *fault; /* NULL: none */
};

/* Takes the next record; false at the end. Behind a broken one it goes on with the next line. */
bool csv_next(struct csv *c, struct arena *a, struct csv_record *out);
void csv_record_release(struct csv_record *r);

#endif
