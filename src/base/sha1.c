// SPDX-License-Identifier: MIT
#include "base/sha1.h"

#include <endian.h>
#include <string.h>

enum { BLOCK_BYTES = 64 };

static uint32_t turn(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

static void spread(const unsigned char *block, uint32_t words[80])
{
	memcpy(words, block, BLOCK_BYTES);
	for (int i = 0; i < 16; i++)
		words[i] = be32toh(words[i]);
	for (int i = 16; i < 80; i++)
		words[i] = turn(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
}

static uint32_t mix(int round, uint32_t b, uint32_t c, uint32_t d)
{
	switch (round / 20) {
	case 0: return ((b & c) | (~b & d)) + 0x5a827999;
	case 1: return (b ^ c ^ d) + 0x6ed9eba1;
	case 2: return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
	default: return (b ^ c ^ d) + 0xca62c1d6;
	}
}

static void take_block(uint32_t state[5], const unsigned char *block)
{
	uint32_t words[80];
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

	spread(block, words);
	for (int i = 0; i < 80; i++) {
		uint32_t next = turn(a, 5) + mix(i, b, c, d) + e + words[i];
		e = d;
		d = c;
		c = turn(b, 30);
		b = a;
		a = next;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
}

struct sha1 sha1_of(struct str bytes)
{
	uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
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
	struct sha1 digest;
	for (int i = 0; i < 5; i++)
		state[i] = htobe32(state[i]);
	memcpy(digest.bytes, state, sizeof digest.bytes);
	return digest;
}
