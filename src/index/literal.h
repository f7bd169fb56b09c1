// SPDX-License-Identifier: MIT
/* literal: searching for one or several plain strings, of which one has to be found. */
#ifndef INDEX_LITERAL_H
#define INDEX_LITERAL_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/str.h"

enum { LITERALS_MAX = 16 };

struct literals {
	struct str texts[LITERALS_MAX]; /* not empty; folded ones in lower case */
	size_t count;
	bool is_folded; /* ASCII letters match in either case */
	const struct bytes *bytes;
	/* one string: its two rarest bytes */
	struct byte_pair pair;
	size_t pair_offset;
	/* several */
	struct byte_set set;
	uint32_t groups[8]; /* which texts are in a group, by bit */
};

/* The strings must outlive l. */
void literals_init(struct literals *l, const struct str *texts, size_t count, bool is_folded,
	const struct bytes *bytes);
/* Start of the first string that is found in p .. end, or NULL. */
const char *literals_find(const struct literals *l, const char *p, const char *end);

#endif
