// SPDX-License-Identifier: MIT
/*
 * pack: numbers and strings as few bytes: what the index holds. Numbers are LEB128, signed ones
 * zigzag. Taking from bytes that are damaged gives zeros and makes the taker bad.
 */
#ifndef USAGE_PACK_H
#define USAGE_PACK_H

#include "base/buf.h"

static inline void pack_number(struct buf *b, uint64_t number)
{
	enum { NUMBER_BYTES = 10 };
	char *at = buf_reserve(b, NUMBER_BYTES);

	if (!at)
		return;
	for (; number >= 0x80; number >>= 7)
		*at++ = (char)(number | 0x80);
	*at++ = (char)number;
	*at = '\0';
	b->n = (size_t)(at - b->p);
}

static inline void pack_signed(struct buf *b, int64_t number)
{
	pack_number(b, ((uint64_t)number << 1) ^ (uint64_t)(number >> 63));
}

void pack_fixed(struct buf *b, uint64_t number); /* 8 bytes */
void pack_text(struct buf *b, struct str text);

struct unpack {
	const char *p, *end;
	bool is_bad;
};

static inline uint64_t unpack_number(struct unpack *u)
{
	uint64_t number = 0;

	for (unsigned shift = 0; shift < 64 && u->p < u->end; shift += 7) {
		uint8_t byte = (uint8_t)*u->p++;
		number |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return number;
	}
	u->is_bad = true;
	u->p = u->end;
	return 0;
}

static inline int64_t unpack_signed(struct unpack *u)
{
	uint64_t number = unpack_number(u);

	return (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
}

uint64_t unpack_fixed(struct unpack *u);
struct str unpack_text(struct unpack *u); /* within the bytes; empty, not absent, where bad */
/* A number of things that follow, each of at least a byte: never more than there can be. */
size_t unpack_count(struct unpack *u);

#endif
