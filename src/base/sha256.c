// SPDX-License-Identifier: MIT
#include "base/sha256.h"

#include <endian.h>
#include <string.h>

enum { BLOCK_BYTES = 64 };

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

struct sha256 sha256_of(struct str bytes)
{
	/* The same of the square roots of the first 8 primes. */
	uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
		0x1f83d9ab, 0x5be0cd19};
	unsigned char end[2 * BLOCK_BYTES] = {0};
	const unsigned char *p = (const unsigned char *)bytes.p;
	size_t left = bytes.n;

	for (; left >= BLOCK_BYTES; left -= BLOCK_BYTES, p += BLOCK_BYTES)
		take_block(state, p);
	if (left)
		memcpy(end, p, left);
	end[left] = 0x80;
	size_t end_n = left < BLOCK_BYTES - 8 ? BLOCK_BYTES : sizeof end;
	uint64_t bits = htobe64((uint64_t)bytes.n * 8);
	memcpy(end + end_n - sizeof bits, &bits, sizeof bits);
	for (size_t at = 0; at < end_n; at += BLOCK_BYTES)
		take_block(state, end + at);
	struct sha256 digest;
	for (int i = 0; i < 8; i++)
		state[i] = htobe32(state[i]);
	memcpy(digest.bytes, state, sizeof digest.bytes);
	return digest;
}

bool sha256_eq(const struct sha256 *a, const struct sha256 *b)
{
	return memcmp(a->bytes, b->bytes, SHA256_BYTES) == 0;
}

void sha256_text(const struct sha256 *digest, char out[SHA256_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < SHA256_BYTES; i++) {
		out[2 * i] = digits[digest->bytes[i] >> 4];
		out[2 * i + 1] = digits[digest->bytes[i] & 15];
	}
	out[2 * SHA256_BYTES] = '\0';
}

static int value_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool sha256_read(struct str text, struct sha256 *out)
{
	struct sha256 digest;

	if (text.n != 2 * SHA256_BYTES)
		return false;
	for (int i = 0; i < SHA256_BYTES; i++) {
		int high = value_of(text.p[2 * i]), low = value_of(text.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		digest.bytes[i] = (unsigned char)(high << 4 | low);
	}
	*out = digest;
	return true;
}
