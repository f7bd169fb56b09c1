// SPDX-License-Identifier: MIT
/* sha256: a digest that names contents (FIPS 180-4). */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/str.h"

enum { SHA256_BYTES = 32, SHA256_TEXT = 65 };

struct sha256 {
	unsigned char bytes[SHA256_BYTES];
};

struct sha256 sha256_of(struct str bytes);
bool sha256_eq(const struct sha256 *a, const struct sha256 *b);
/* 64 hexadecimal digits and a NUL. */
void sha256_text(const struct sha256 *digest, char out[SHA256_TEXT]);
/* Back again; false for anything but 64 lower-case digits. */
[[nodiscard]] bool sha256_read(struct str text, struct sha256 *out);

#endif
