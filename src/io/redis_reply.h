// SPDX-License-Identifier: MIT
/* redis_reply: bytes of a server in, values out (RESP2), by hiredis' reader. */
#ifndef IO_REDIS_REPLY_H
#define IO_REDIS_REPLY_H

#include "base/arena.h"
#include "base/err.h"

enum {
	REDIS_REPLY_MAX_BYTES = 128 << 20, /* of one reply */
	REDIS_ITEMS_MAX = 1 << 18, /* of one array */
};

enum redis_type { REDIS_NIL, REDIS_TEXT, REDIS_STATUS, REDIS_ERROR, REDIS_INTEGER, REDIS_ARRAY };

struct redis_value {
	enum redis_type type;
	struct str text; /* of TEXT, STATUS and ERROR; any bytes */
	int64_t integer;
	struct redis_value *items; /* of an ARRAY */
	size_t count;
};

/* The item of an array; a NIL where there is none. */
const struct redis_value *redis_item(const struct redis_value *array, size_t index);

struct redis_reader;

/* NULL and e (ERR_NOT_FOUND) when hiredis is not installed. */
[[nodiscard]] struct redis_reader *redis_reader_new(struct err *e);
void redis_reader_free(struct redis_reader *r); /* NULL is nothing */
/* Forgets what it was fed: another connection begins. */
void redis_reader_clear(struct redis_reader *r);
[[nodiscard]] bool redis_reader_feed(struct redis_reader *r, struct str bytes, struct err *e);
/*
 * *out: the next whole reply, valid until the next call; NULL when more bytes are needed. False
 * (ERR_PARSE): this is no Redis, or a reply is too large; there is no next one.
 */
[[nodiscard]] bool redis_reader_next(
	struct redis_reader *r, const struct redis_value **out, struct err *e);

#endif
