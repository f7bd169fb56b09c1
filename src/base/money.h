// SPDX-License-Identifier: MIT
/* money: US dollars as whole nano-dollars. No sum is rounded, and none overflows. */
#ifndef BASE_MONEY_H
#define BASE_MONEY_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define NANO_PER_USD 1'000'000'000LL
/* More is no amount that anybody means. */
#define MONEY_MAX_USD 1'000'000'000LL

/* "0.50", "12": digits, and up to nine behind a point; no sign, no exponent. ERR_USAGE. */
[[nodiscard]] bool money_parse(struct str text, int64_t *nanousd, struct err *e);
/* "$0.50", "$0.000123": all digits that are not idle, two at least. */
void money_put(struct buf *b, int64_t nanousd);
/* The sum, or the number nearest to it; counts of tokens are added so, too. */
int64_t money_add(int64_t a, int64_t b);

#endif
