// SPDX-License-Identifier: MIT
/*
 * decimal: JSON numbers as they are written, without rounding: 9007199254740993 is not ...992, and
 * 0.3 is a multiple of 0.1. The digits are a slice of the number's text.
 */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include "base/buf.h"
#include "base/str.h"

/* digits (without a leading or trailing zero, a point may be among them) times 10^exponent. */
struct decimal {
	struct str digits; /* empty: zero */
	size_t count; /* of digits, without the point */
	int64_t exponent; /* of the last digit */
	bool is_negative;
};

/* Of a checked JSON number. Exponents beyond 10^15 count as that. */
struct decimal decimal_of(struct str number);
/* -1, 0 or 1. */
int decimal_compare(const struct decimal *a, const struct decimal *b);
bool decimal_is_integer(const struct decimal *d);
/* Divisors have so many digits at most. */
enum { DECIMAL_DIVISOR_DIGITS = 18 };
/* Whether d is a whole number of times the divisor, which is not zero. */
bool decimal_is_multiple(const struct decimal *d, const struct decimal *divisor);
/* The same text for equal numbers: "-123e-2". */
void decimal_put(struct buf *b, const struct decimal *d);

#endif
