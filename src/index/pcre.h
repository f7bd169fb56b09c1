// SPDX-License-Identifier: MIT
/* pcre: what every use of PCRE2 begins with: compiling within limits, and the room to match in. */
#ifndef INDEX_PCRE_H
#define INDEX_PCRE_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/err.h"
#include "base/str.h"

/*
 * newline, options and extra are PCRE2's; $ is the very end and \C is none, always. ERR_PARSE with
 * the offset of the mistake. Freed by pcre2_code_free.
 */
[[nodiscard]] pcre2_code *pcre_compile(
	struct str pattern, uint32_t newline, uint32_t options, uint32_t extra, struct err *e);

/* For one thread at a time. */
struct pcre_match {
	pcre2_match_data *data; /* of the whole match only */
	pcre2_match_context *context;
};

/* backtracks: how many PCRE2 may count before it gives up. */
struct pcre_match pcre_match_new(uint32_t backtracks);
void pcre_match_release(struct pcre_match *m);

#endif
