// SPDX-License-Identifier: MIT
#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_put(struct buf *b, struct str bytes)
{
	size_t length = (bytes.n + 2) / 3 * 4, at = 0;
	char *out = length ? buf_reserve(b, length) : NULL;

	if (!out)
		return;
	for (size_t i = 0; i < bytes.n; i += 3) {
		size_t left = bytes.n - i;
		uint32_t group = (uint32_t)(unsigned char)bytes.p[i] << 16;
		if (left > 1)
			group |= (uint32_t)(unsigned char)bytes.p[i + 1] << 8;
		if (left > 2)
			group |= (unsigned char)bytes.p[i + 2];
		out[at++] = alphabet[group >> 18];
		out[at++] = alphabet[group >> 12 & 63];
		out[at++] = left > 1 ? alphabet[group >> 6 & 63] : '=';
		out[at++] = left > 2 ? alphabet[group & 63] : '=';
	}
	b->n += length;
	b->p[b->n] = '\0';
}

/* -1: not of the alphabet. */
static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* The length of what is no padding; SIZE_MAX and e where the shape is wrong. */
static size_t payload_of(struct str text, struct err *e)
{
	size_t n = text.n;

	if (n % 4 != 0) {
		err_set(e, ERR_PARSE, "base64: %zu characters are no groups of four", n);
		return SIZE_MAX;
	}
	for (int i = 0; i < 2 && n && text.p[n - 1] == '='; i++)
		n--;
	for (size_t i = 0; i < n; i++)
		if (value_of(text.p[i]) < 0) {
			err_set(e, ERR_PARSE, "base64: no such character at byte %zu", i);
			return SIZE_MAX;
		}
	return n;
}

bool base64_get(struct str text, struct buf *out, struct err *e)
{
	size_t n = payload_of(text, e), length = n / 4 * 3 + (n % 4 ? n % 4 - 1 : 0), at = 0;
	uint32_t bits = 0;

	if (n == SIZE_MAX)
		return false;
	/* Two spare bits behind three characters, four behind two. */
	if (n % 4 && value_of(text.p[n - 1]) & (n % 4 == 3 ? 3 : 15))
		return err_set(e, ERR_PARSE, "base64: bits are set behind the last byte");
	if (n == 0)
		return true;
	char *bytes = buf_reserve(out, length);
	if (!bytes)
		return err_set(e, ERR_LIMIT, "base64: %zu bytes are too many", length);
	for (size_t i = 0; i < n; i++) {
		bits = bits << 6 | (uint32_t)value_of(text.p[i]);
		if (i % 4 == 3) {
			bytes[at++] = (char)(bits >> 16);
			bytes[at++] = (char)(bits >> 8);
			bytes[at++] = (char)bits;
		}
	}
	if (n % 4 == 3) {
		bytes[at++] = (char)(bits >> 10);
		bytes[at++] = (char)(bits >> 2);
	} else if (n % 4 == 2) {
		bytes[at++] = (char)(bits >> 4);
	}
	out->n += length;
	out->p[out->n] = '\0';
	return true;
}
