// SPDX-License-Identifier: MIT
#include "base/bytes.h"

#include <stdbool.h>

static const char *plain_find_pair(const char *p, const char *end, const struct byte_pair *pair)
{
	for (; (size_t)(end - p) > pair->distance && end > p; p++) {
		if (((uint8_t)p[0] | pair->first_mask) == pair->first &&
			((uint8_t)p[pair->distance] | pair->second_mask) == pair->second)
			return p;
	}
	return NULL;
}

static const char *plain_find_set(
	const char *p, const char *end, const struct byte_set *set, uint8_t *groups)
{
	for (; end - p >= (ptrdiff_t)set->depth; p++) {
		uint8_t found = 0xff;
		for (size_t i = 0; i < set->depth; i++)
			found &= set->low[i][(uint8_t)p[i] & 15] & set->high[i][(uint8_t)p[i] >> 4];
		if (found) {
			*groups = found;
			return p;
		}
	}
	return NULL;
}

static const char *plain_find_high(const char *p, const char *end)
{
	for (; p < end; p++)
		if ((uint8_t)*p >= 0x80)
			return p;
	return NULL;
}

static size_t plain_count(const char *p, const char *end, char c)
{
	size_t n = 0;

	for (; p < end; p++)
		n += *p == c;
	return n;
}

const struct bytes bytes_plain = {plain_find_pair, plain_find_set, plain_find_high, plain_count};

/* The one place where the processor's kind is asked for. */
#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET
#define NAME(name)   sse2_##name
#define VECTOR       __m128i
#define WIDTH        16
#define LOAD(p)      _mm_loadu_si128((const __m128i *)(p))
#define SPREAD(byte) _mm_set1_epi8((char)(byte))
#define EQUAL(a, b)  _mm_cmpeq_epi8(a, b)
#define AND(a, b)    _mm_and_si128(a, b)
#define OR(a, b)     _mm_or_si128(a, b)
#define MASK(a)      (unsigned)_mm_movemask_epi8(a)
#include "base/bytes_vector.h"
#undef TARGET
#undef NAME
#undef VECTOR
#undef WIDTH
#undef LOAD
#undef SPREAD
#undef EQUAL
#undef AND
#undef OR
#undef MASK

#define TARGET        __attribute__((target("avx2,popcnt")))
#define NAME(name)    avx2_##name
#define VECTOR        __m256i
#define WIDTH         32
#define LANES         0xffffffffu
#define LOAD(p)       _mm256_loadu_si256((const __m256i *)(p))
#define STORE(p, a)   _mm256_storeu_si256((__m256i *)(p), a)
#define SPREAD(byte)  _mm256_set1_epi8((char)(byte))
#define EQUAL(a, b)   _mm256_cmpeq_epi8(a, b)
#define AND(a, b)     _mm256_and_si256(a, b)
#define OR(a, b)      _mm256_or_si256(a, b)
#define MASK(a)       (unsigned)_mm256_movemask_epi8(a)
#define SHUFFLE(t, i) _mm256_shuffle_epi8(t, i)
#define SHIFT4(a)     _mm256_srli_epi16(a, 4)
#define TWICE(p)      _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(p)))
#include "base/bytes_vector.h"

/* The groups that the depth bytes at each of WIDTH places may belong to. */
TARGET static inline __attribute__((always_inline)) VECTOR NAME(groups)(
	const char *p, const VECTOR *low, const VECTOR *high, size_t depth)
{
	const VECTOR nibble = SPREAD(0x0f);
	VECTOR found = SPREAD(0xff);

	for (size_t i = 0; i < depth; i++) {
		VECTOR text = LOAD(p + i);
		VECTOR l = SHUFFLE(low[i], AND(text, nibble));
		VECTOR h = SHUFFLE(high[i], AND(SHIFT4(text), nibble));
		found = AND(found, AND(l, h));
	}
	return found;
}

TARGET static const char *NAME(find_set)(
	const char *p, const char *end, const struct byte_set *set, uint8_t *groups)
{
	VECTOR low[BYTE_SET_DEPTH], high[BYTE_SET_DEPTH];

	for (size_t i = 0; i < BYTE_SET_DEPTH; i++) {
		low[i] = TWICE(set->low[i]);
		high[i] = TWICE(set->high[i]);
	}
	while ((size_t)(end - p) >= WIDTH + BYTE_SET_DEPTH - 1) {
		/* A constant depth keeps the tables in registers. */
		VECTOR found = set->depth == 3   ? NAME(groups)(p, low, high, 3)
			       : set->depth == 2 ? NAME(groups)(p, low, high, 2)
						 : NAME(groups)(p, low, high, 1);
		unsigned hits = ~MASK(EQUAL(found, SPREAD(0))) & LANES;
		if (hits) {
			uint8_t lanes[WIDTH];
			STORE(lanes, found);
			*groups = lanes[__builtin_ctz(hits)];
			return p + __builtin_ctz(hits);
		}
		p += WIDTH;
	}
	return plain_find_set(p, end, set, groups);
}

static const struct bytes bytes_sse2 = {sse2_find_pair, plain_find_set, sse2_find_high, sse2_count};
static const struct bytes bytes_avx2 = {avx2_find_pair, avx2_find_set, avx2_find_high, avx2_count};

void bytes_all(const struct bytes *out[4])
{
	bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");

	out[0] = &bytes_plain;
	out[1] = &bytes_sse2;
	out[2] = has_avx2 ? &bytes_avx2 : NULL;
	out[3] = NULL;
}
#else
void bytes_all(const struct bytes *out[4])
{
	out[0] = &bytes_plain;
	out[1] = NULL;
}
#endif

const struct bytes *bytes_fastest(void)
{
	const struct bytes *all[4];
	size_t n = 0;

	bytes_all(all);
	while (all[n + 1])
		n++;
	return all[n];
}

const uint8_t byte_rarity[256] = {
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	6,
	5,
	20,
	20,
	18,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	3,
	12,
	7,
	8,
	12,
	11,
	10,
	7,
	7,
	7,
	7,
	11,
	6,
	7,
	7,
	7,
	7,
	8,
	8,
	9,
	9,
	9,
	9,
	10,
	9,
	9,
	8,
	8,
	8,
	7,
	7,
	12,
	11,
	7,
	9,
	7,
	8,
	7,
	8,
	9,
	9,
	7,
	12,
	10,
	7,
	8,
	7,
	7,
	8,
	11,
	7,
	7,
	7,
	9,
	9,
	10,
	9,
	10,
	12,
	9,
	10,
	9,
	14,
	5,
	10,
	5,
	7,
	5,
	6,
	4,
	6,
	7,
	6,
	5,
	9,
	8,
	5,
	6,
	5,
	5,
	6,
	10,
	5,
	5,
	4,
	6,
	7,
	8,
	7,
	7,
	10,
	9,
	11,
	9,
	12,
	20,
	14,
	15,
	15,
	16,
	15,
	16,
	16,
	15,
	15,
	16,
	16,
	16,
	16,
	16,
	16,
	15,
	16,
	16,
	16,
	16,
	14,
	15,
	15,
	16,
	15,
	15,
	16,
	16,
	15,
	15,
	16,
	14,
	13,
	16,
	17,
	16,
	15,
	16,
	16,
	16,
	16,
	15,
	16,
	17,
	16,
	16,
	16,
	16,
	15,
	16,
	16,
	16,
	15,
	16,
	16,
	16,
	14,
	15,
	16,
	16,
	15,
	16,
	16,
	16,
	20,
	20,
	13,
	14,
	17,
	17,
	20,
	20,
	20,
	19,
	20,
	20,
	20,
	20,
	15,
	16,
	13,
	15,
	20,
	20,
	20,
	20,
	17,
	15,
	16,
	16,
	20,
	20,
	20,
	20,
	20,
	20,
	14,
	16,
	13,
	16,
	15,
	15,
	15,
	15,
	16,
	16,
	17,
	15,
	15,
	17,
	20,
	16,
	14,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
	20,
};
