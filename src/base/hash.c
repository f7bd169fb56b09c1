// SPDX-License-Identifier: MIT
#include "base/hash.h"

#include <string.h>

/* Odd, with about as many ones as zeros: the fractions of the roots of 2, 3 and 5. */
static const uint64_t root_2 = 0x6a09e667f3bcc909, root_3 = 0xbb67ae8584caa73b,
		      root_5 = 0x3c6ef372fe94f82b;

static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t hash_bytes(struct str s)
{
	uint64_t hash = s.n ^ root_2, words[2];

	for (; s.n >= sizeof words; s = str_skip(s, sizeof words)) {
		memcpy(words, s.p, sizeof words);
		hash = fold(words[0] ^ root_3, words[1] ^ hash);
	}
	words[0] = words[1] = 0;
	if (s.n)
		memcpy(words, s.p, s.n);
	hash = fold(words[0] ^ root_3, words[1] ^ hash);
	return fold(hash ^ root_2, root_5);
}
