// SPDX-License-Identifier: MIT
#include "base/sha256.h"

#include <endian.h>
#include <string.h>

#include "base/sha256_block.h"

struct sha256 sha256_of(struct str bytes)
{
	/* The same of the square roots of the first 8 primes. */
	uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
		0x1f83d9ab, 0x5be0cd19};
	unsigned char end[2 * SHA256_BLOCK_BYTES] = {0};
	const unsigned char *p = (const unsigned char *)bytes.p;
	size_t left = bytes.n;

	sha256_take(state, p, left / SHA256_BLOCK_BYTES);
	left %= SHA256_BLOCK_BYTES;
	if (left)
		memcpy(end, p + bytes.n - left, left);
	end[left] = 0x80;
	size_t end_n = left < SHA256_BLOCK_BYTES - 8 ? SHA256_BLOCK_BYTES : sizeof end;
	uint64_t bits = htobe64((uint64_t)bytes.n * 8);
	memcpy(end + end_n - sizeof bits, &bits, sizeof bits);
	sha256_take(state, end, end_n / SHA256_BLOCK_BYTES);
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
