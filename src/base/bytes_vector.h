// SPDX-License-Identifier: MIT
/*
 * The vector versions of bytes.h, for one width at a time: bytes.c includes this with VECTOR (the
 * type), WIDTH, TARGET and the operations LOAD SPREAD EQUAL AND OR MASK defined, and NAME to tell
 * the functions apart. Tails shorter than a vector go to the plain versions.
 */

TARGET static inline __attribute__((always_inline)) VECTOR NAME(pairs)(
	const char *p, VECTOR first, VECTOR second, size_t distance)
{
	return AND(EQUAL(LOAD(p), first), EQUAL(LOAD(p + distance), second));
}

/* Past what has no pair, four vectors at a time. */
TARGET static inline __attribute__((always_inline)) const char *NAME(skip_pair)(
	const char *p, const char *end, VECTOR first, VECTOR second, size_t distance)
{
	for (; (size_t)(end - p) >= distance + 4 * WIDTH; p += 4 * WIDTH) {
		VECTOR a = NAME(pairs)(p, first, second, distance);
		VECTOR b = NAME(pairs)(p + WIDTH, first, second, distance);
		VECTOR c = NAME(pairs)(p + 2 * WIDTH, first, second, distance);
		VECTOR d = NAME(pairs)(p + 3 * WIDTH, first, second, distance);
		if (MASK(OR(OR(a, b), OR(c, d))))
			break;
	}
	return p;
}

TARGET static const char *NAME(find_pair)(
	const char *p, const char *end, const struct byte_pair *pair)
{
	const VECTOR first = SPREAD(pair->first), first_mask = SPREAD(pair->first_mask);
	const VECTOR second = SPREAD(pair->second), second_mask = SPREAD(pair->second_mask);
	size_t distance = pair->distance;

	if ((pair->first_mask | pair->second_mask) == 0)
		p = NAME(skip_pair)(p, end, first, second, distance);
	while ((size_t)(end - p) >= distance + WIDTH) {
		VECTOR a = EQUAL(OR(LOAD(p), first_mask), first);
		VECTOR b = EQUAL(OR(LOAD(p + distance), second_mask), second);
		unsigned hits = MASK(AND(a, b));
		if (hits)
			return p + __builtin_ctz(hits);
		p += WIDTH;
	}
	return plain_find_pair(p, end, pair);
}

TARGET static const char *NAME(find_high)(const char *p, const char *end)
{
	while (end - p >= WIDTH) {
		unsigned hits = MASK(LOAD(p));
		if (hits)
			return p + __builtin_ctz(hits);
		p += WIDTH;
	}
	return plain_find_high(p, end);
}

TARGET static size_t NAME(count)(const char *p, const char *end, char c)
{
	const VECTOR wanted = SPREAD((uint8_t)c);
	size_t n = 0;

	while (end - p >= WIDTH) {
		n += (unsigned)__builtin_popcount(MASK(EQUAL(LOAD(p), wanted)));
		p += WIDTH;
	}
	return n + plain_count(p, end, c);
}
