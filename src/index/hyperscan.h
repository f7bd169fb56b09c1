// SPDX-License-Identifier: MIT
/*
 * hyperscan: libhs, opened when a pattern first needs it. It finds many patterns at many gigabytes
 * a second, but in bytes and across line ends; so it only proposes places, and others decide.
 */
#ifndef INDEX_HYPERSCAN_H
#define INDEX_HYPERSCAN_H

#include <stdbool.h>

#include "base/str.h"

struct hyperscan;
struct hyperscan_scratch;

/* NULL when libhs is not installed or does not take the pattern. */
[[nodiscard]] struct hyperscan *hyperscan_new(struct str pattern, bool ignore_case);
/* It finds what the pattern matches, not more. */
bool hyperscan_is_exact(const struct hyperscan *h);
void hyperscan_free(struct hyperscan *h);
/* One a thread; NULL when there is no memory. */
[[nodiscard]] struct hyperscan_scratch *hyperscan_scratch_new(const struct hyperscan *h);
void hyperscan_scratch_free(const struct hyperscan *h, struct hyperscan_scratch *scratch);
/*
 * The last byte of the match that ends first in p .. end, a lone line feed included; NULL when
 * there is none. Every line of ASCII that the pattern matches by itself holds such a byte.
 */
const char *hyperscan_find(const struct hyperscan *h, struct hyperscan_scratch *scratch,
	const char *p, const char *end);

#endif
