// SPDX-License-Identifier: MIT
#include "base/sha256_block.h"

#include <endian.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t constants[64] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b,
	0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6,
	0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d,
	0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585,
	0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa,
	0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turn(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static void spread(const unsigned char *block, uint32_t words[64])
{
	for (int i = 0; i < 16; i++) {
		uint32_t word;
		memcpy(&word, block + 4 * i, sizeof word);
		words[i] = be32toh(word);
	}
	for (int i = 16; i < 64; i++) {
		uint32_t a = words[i - 15], b = words[i - 2];
		words[i] = words[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ a >> 3) + words[i - 7] +
			   (turn(b, 17) ^ turn(b, 19) ^ b >> 10);
	}
}

/* One round; the eight values move on by their names instead of in memory. */
#define ROUND(a, b, c, d, e, f, g, h, i) \
	do { \
		uint32_t first_ = (h) + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + \
				  (((e) & (f)) ^ (~(e) & (g))) + constants[i] + words[i]; \
		(d) += first_; \
		(h) = first_ + (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + \
		      (((a) & (b)) ^ ((a) & (c)) ^ ((b) & (c))); \
	} while (0)

static void take_block(uint32_t state[8], const unsigned char *block)
{
	uint32_t words[64];
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
	uint32_t e = state[4], f = state[5], g = state[6], h = state[7];

	spread(block, words);
	for (int i = 0; i < 64; i += 8) {
		ROUND(a, b, c, d, e, f, g, h, i);
		ROUND(h, a, b, c, d, e, f, g, i + 1);
		ROUND(g, h, a, b, c, d, e, f, i + 2);
		ROUND(f, g, h, a, b, c, d, e, i + 3);
		ROUND(e, f, g, h, a, b, c, d, i + 4);
		ROUND(d, e, f, g, h, a, b, c, i + 5);
		ROUND(c, d, e, f, g, h, a, b, i + 6);
		ROUND(b, c, d, e, f, g, h, a, i + 7);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
}

void sha256_take_plain(uint32_t state[8], const unsigned char *blocks, size_t count)
{
	for (; count; count--, blocks += SHA256_BLOCK_BYTES)
		take_block(state, blocks);
}

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define TARGET __attribute__((target("sha,sse4.1")))

/* Four rounds. */
TARGET static inline void take_four(__m128i *abef, __m128i *cdgh, __m128i words, int number)
{
	const __m128i *add = (const __m128i *)(const void *)&constants[4 * number];
	__m128i four = _mm_add_epi32(words, _mm_loadu_si128(add));

	*cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, four);
	*abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(four, 0x0e));
}

/* The four words behind sixteen. */
TARGET static inline __m128i next_four(__m128i a, __m128i b, __m128i c, __m128i d)
{
	__m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8(d, c, 4));

	return _mm_sha256msg2_epu32(sum, d);
}

TARGET static inline __m128i words_at(const unsigned char *p)
{
	const __m128i turned = _mm_set_epi64x(0x0c0d'0e0f'0809'0a0b, 0x0405'0607'0001'0203);

	return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), turned);
}

TARGET static void take_one_fast(__m128i *abef, __m128i *cdgh, const unsigned char *block)
{
	__m128i a = words_at(block), b = words_at(block + 16);
	__m128i c = words_at(block + 32), d = words_at(block + 48);
	__m128i old_abef = *abef, old_cdgh = *cdgh;

	for (int i = 0; i < 16; i += 4) {
		take_four(abef, cdgh, a, i);
		a = next_four(a, b, c, d);
		take_four(abef, cdgh, b, i + 1);
		b = next_four(b, c, d, a);
		take_four(abef, cdgh, c, i + 2);
		c = next_four(c, d, a, b);
		take_four(abef, cdgh, d, i + 3);
		d = next_four(d, a, b, c);
	}
	*abef = _mm_add_epi32(*abef, old_abef);
	*cdgh = _mm_add_epi32(*cdgh, old_cdgh);
}

/* The instructions want the eight values in two halves of their own order. */
TARGET static void take_fast(uint32_t state[8], const unsigned char *blocks, size_t count)
{
	__m128i abef = _mm_set_epi32((int)state[0], (int)state[1], (int)state[4], (int)state[5]);
	__m128i cdgh = _mm_set_epi32((int)state[2], (int)state[3], (int)state[6], (int)state[7]);
	uint32_t out[8];

	for (; count; count--, blocks += SHA256_BLOCK_BYTES)
		take_one_fast(&abef, &cdgh, blocks);
	_mm_storeu_si128((__m128i *)(void *)out, abef);
	_mm_storeu_si128((__m128i *)(void *)(out + 4), cdgh);
	memcpy(state, (uint32_t[8]){out[3], out[2], out[7], out[6], out[1], out[0], out[5], out[4]},
		sizeof out);
}

/* Asked once: a virtual machine takes long to answer. */
static bool has_instructions(void)
{
	enum { NOT_ASKED, YES, NO };
	static atomic_int known;
	unsigned a, b, c, d, b7 = 0;
	int answer = atomic_load_explicit(&known, memory_order_relaxed);

	if (answer == NOT_ASKED) {
		bool has = __get_cpuid(1, &a, &b, &c, &d) && c & bit_SSE4_1 && c & bit_SSSE3 &&
			   __get_cpuid_count(7, 0, &a, &b7, &c, &d) && b7 & bit_SHA;
		answer = has ? YES : NO;
		atomic_store_explicit(&known, answer, memory_order_relaxed);
	}
	return answer == YES;
}

#else

static bool has_instructions(void)
{
	return false;
}

static void take_fast(uint32_t[8], const unsigned char *, size_t)
{
}

#endif

void sha256_take(uint32_t state[8], const unsigned char *blocks, size_t count)
{
	if (count && has_instructions())
		take_fast(state, blocks, count);
	else
		sha256_take_plain(state, blocks, count);
}
