// SPDX-License-Identifier: MIT
/* required: what a regular expression needs to find, so that most lines need not be matched. */
#ifndef INDEX_REQUIRED_H
#define INDEX_REQUIRED_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"
#include "index/literal.h"

struct required {
	/* Every match holds one of these; none: nothing is known. Lower case when folded. */
	struct str texts[LITERALS_MAX];
	size_t count;
	bool is_folded;
	bool is_whole; /* a match is exactly one of texts, and such a text is always a match */
	bool has_fold_extra; /* folded, and U+017F or U+212A may stand for an s or k of the texts */
	bool has_text_anchor; /* \A \z \Z \G: mean something else on a block than on a line */
	bool has_line_end; /* \n outside of brackets: no line can match there */
	unsigned rarity_bits; /* how seldom source text holds one of texts: about -log2 per byte */
	bool is_simple; /* only syntax that required_find knows; without it nothing else is set */
};

/*
 * pattern: PCRE2 syntax, already accepted by PCRE2. Careful rather than clever: what is not known
 * to be required is left out. The texts live in a.
 */
struct required required_find(struct str pattern, bool ignore_case, struct arena *a);

#endif
