// SPDX-License-Identifier: MIT
/*
 * mock_read: strict reading of JSON objects by tables of keys. An unknown key or a wrong type is an
 * error that names the document, the place in it as a JSON pointer, and the nearest known key.
 */
#ifndef CMD_MOCK_READ_H
#define CMD_MOCK_READ_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

struct reading {
	struct arena *arena; /* of the texts */
	const char *name; /* of the document */
	struct buf pointer; /* to the value that is being read */
};

typedef bool reading_fn(struct reading *r, struct str value, void *target, struct err *e);

enum key_type {
	KEY_TEXT, /* struct str: the decoded text */
	KEY_INT, /* int64_t, from least to most */
	KEY_BOOL, /* bool */
	KEY_FLAG, /* int64_t: 0 or 1 */
	KEY_VALUE, /* struct str: the JSON value, of any type */
	KEY_READ, /* whatever read makes of it */
};

/* What an object may hold; the value goes to the target's address + offset. */
struct key {
	const char *name; /* NULL ends a table */
	enum key_type type;
	size_t offset;
	int64_t least, most;
	reading_fn *read;
};

/* Always false, so that "return reading_wrong(...)" reads well. */
__attribute__((format(printf, 3, 4))) bool reading_wrong(
	const struct reading *r, struct err *e, const char *format, ...);
/* Goes into a member or item; returns what reading_leave wants. */
size_t reading_enter(struct reading *r, struct str segment);
size_t reading_enter_index(struct reading *r, size_t index);
void reading_leave(struct reading *r, size_t before);
[[nodiscard]] bool reading_type(
	struct reading *r, struct str value, enum json_type type, struct err *e);
[[nodiscard]] bool reading_text(
	struct reading *r, struct str value, struct str *text, struct err *e);
[[nodiscard]] bool reading_object(
	struct reading *r, struct str value, const struct key *keys, void *target, struct err *e);

#endif
