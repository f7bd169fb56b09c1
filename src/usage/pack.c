// SPDX-License-Identifier: MIT
#include "usage/pack.h"

#include <string.h>

void pack_fixed(struct buf *b, uint64_t number)
{
	buf_put(b, &number, sizeof number);
}

void pack_text(struct buf *b, struct str text)
{
	pack_number(b, text.n);
	buf_put_str(b, text);
}

uint64_t unpack_fixed(struct unpack *u)
{
	uint64_t number = 0;

	if (u->end - u->p < (ptrdiff_t)sizeof number) {
		u->is_bad = true;
		u->p = u->end;
		return 0;
	}
	memcpy(&number, u->p, sizeof number);
	u->p += sizeof number;
	return number;
}

size_t unpack_count(struct unpack *u)
{
	uint64_t count = unpack_number(u);

	if (count <= (uint64_t)(u->end - u->p))
		return (size_t)count;
	u->is_bad = true;
	u->p = u->end;
	return 0;
}

struct str unpack_text(struct unpack *u)
{
	size_t n = unpack_count(u);

	if (u->is_bad)
		return STR("");
	struct str text = {u->p, n};
	u->p += n;
	return text;
}
