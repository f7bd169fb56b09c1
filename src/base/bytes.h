// SPDX-License-Identifier: MIT
/*
 * bytes: looking at many bytes at once. The widest version the processor has is chosen once, by
 * bytes_fastest, and handed around. Nothing here reads outside of what it is given.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Two bytes at a fixed distance. Bits of the masks are set in the text before it is compared. */
struct byte_pair {
	uint8_t first, first_mask;
	uint8_t second, second_mask;
	size_t distance;
};

enum { BYTE_SET_DEPTH = 3 };

/*
 * Up to eight groups of short strings by their first BYTE_SET_DEPTH bytes: bit g of
 * low[i][nibble] & high[i][nibble] says that byte i may have these halves in group g. A filter
 * after Hyperscan's "Teddy": what it finds has to be compared.
 */
struct byte_set {
	uint8_t low[BYTE_SET_DEPTH][16], high[BYTE_SET_DEPTH][16];
	size_t depth; /* bytes that are looked at: 1 .. BYTE_SET_DEPTH */
};

struct bytes {
	/* First place p where p[0] and p[distance] are the pair, or NULL; p + distance < end. */
	const char *(*find_pair)(const char *p, const char *end, const struct byte_pair *pair);
	/* First place where depth bytes pass the set, or NULL. *groups tells which. */
	const char *(*find_set)(
		const char *p, const char *end, const struct byte_set *set, uint8_t *groups);
	const char *(*find_high)(const char *p, const char *end); /* first byte >= 0x80, or NULL */
	size_t (*count)(const char *p, const char *end, char c);
};

const struct bytes *bytes_fastest(void);
extern const struct bytes bytes_plain;
/* All that this processor can run, ended by NULL; for tests. At most 4 with the NULL. */
void bytes_all(const struct bytes *out[4]);
/* -log2 of how often a byte comes in source code and its documents (Linux, Debian's /usr/include,
   /usr/share/doc and Python modules, equal weights); at most 20. */
extern const uint8_t byte_rarity[256];

/* ---- inlined, of the width that every processor has ---- */

typedef char bytes_sixteen __attribute__((vector_size(16)));

/* Bit i: whether byte i of the 16 at p is a or b. */
static inline __attribute__((always_inline)) unsigned bytes_either(const char *p, char a, char b)
{
	bytes_sixteen bytes;

	memcpy(&bytes, p, sizeof bytes);
	bytes = (bytes_sixteen)((bytes == a) | (bytes == b));
#if defined(__SSE2__)
	return (unsigned)__builtin_ia32_pmovmskb128(bytes);
#else
	unsigned mask = 0;
	for (unsigned i = 0; i < sizeof bytes; i++)
		mask |= (unsigned)(bytes[i] & 1) << i;
	return mask;
#endif
}

#endif
