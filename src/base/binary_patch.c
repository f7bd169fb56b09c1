// SPDX-License-Identifier: MIT
#include "base/binary_patch.h"

#include <endian.h>
#include <stdio.h>

#include "base/sha1.h"

void blob_name(struct str bytes, char out[BLOB_NAME_BYTES])
{
	AUTO(buf) whole = {0};

	buf_printf(&whole, "blob %zu", bytes.n);
	buf_put_char(&whole, '\0');
	buf_put_str(&whole, bytes);
	struct sha1 digest = sha1_of(buf_str(&whole));
	for (int i = 0; i < SHA1_BYTES; i++)
		snprintf(out + 2 * i, 3, "%02x", digest.bytes[i]);
}

/* ---- a zlib stream (RFC 1950) of stored blocks (RFC 1951, 3.2.4) ---- */

enum { BLOCK_MAX_BYTES = 65'535 };

static uint32_t adler32(struct str bytes)
{
	enum { MODULUS = 65'521, SUMS_FIT = 5'552 }; /* so many bytes before 32 bits run over */
	uint32_t a = 1, b = 0;

	while (bytes.n) {
		struct str part = str_head(bytes, SUMS_FIT);
		bytes = str_skip(bytes, part.n);
		for (size_t i = 0; i < part.n; i++) {
			a += (unsigned char)part.p[i];
			b += a;
		}
		a %= MODULUS;
		b %= MODULUS;
	}
	return b << 16 | a;
}

/* Lowest byte first. */
static void put_length(struct buf *out, uint16_t length)
{
	buf_put_char(out, (char)(length & 0xff));
	buf_put_char(out, (char)(length >> 8));
}

static void put_stream(struct buf *out, struct str bytes)
{
	uint32_t sum = adler32(bytes);

	/* Deflate with a window of 32 KB, the fastest; the number is a multiple of 31. */
	buf_put_str(out, STR("\x78\x01"));
	do {
		struct str block = str_head(bytes, BLOCK_MAX_BYTES);
		bytes = str_skip(bytes, block.n);
		buf_put_char(out, bytes.n == 0);
		put_length(out, (uint16_t)block.n);
		put_length(out, (uint16_t)~block.n);
		buf_put_str(out, block);
	} while (bytes.n);
	sum = htobe32(sum);
	buf_put(out, &sum, sizeof sum);
}

/* ---- base 85, with git's digits, which are those of RFC 1924 ---- */

enum { LINE_BYTES = 52 };

static void put_group(struct buf *out, struct str four)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxy"
				     "z!#$%&()*+-;<=>?@^_`{|}~";
	uint32_t group = 0;
	char text[5];

	for (size_t i = 0; i < 4; i++)
		group = group << 8 | (i < four.n ? (unsigned char)four.p[i] : 0u);
	for (size_t i = sizeof text; i-- > 0; group /= 85)
		text[i] = digits[group % 85];
	buf_put(out, text, sizeof text);
}

/* A letter for the length goes ahead: A to Z are 1 to 26, a to z are 27 to 52. */
static void put_line(struct buf *out, struct str line)
{
	buf_put_char(out, (char)(line.n <= 26 ? 'A' + line.n - 1 : 'a' + line.n - 27));
	for (; line.n; line = str_skip(line, 4))
		put_group(out, str_head(line, 4));
	buf_put_char(out, '\n');
}

static void put_literal(struct buf *out, struct str bytes)
{
	AUTO(buf) stream = {0};

	put_stream(&stream, bytes);
	buf_printf(out, "literal %zu\n", bytes.n);
	for (struct str left = buf_str(&stream); left.n; left = str_skip(left, LINE_BYTES))
		put_line(out, str_head(left, LINE_BYTES));
	buf_put_char(out, '\n');
}

void binary_patch_put(struct buf *out, struct str before, struct str after)
{
	buf_put_text(out, "GIT binary patch\n");
	put_literal(out, after);
	put_literal(out, before);
}
