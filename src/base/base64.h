// SPDX-License-Identifier: MIT
/* base64: bytes as text and back, by the standard alphabet with padding (RFC 4648, section 4). */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"
#include "base/err.h"

void base64_put(struct buf *b, struct str bytes);
/*
 * Appends the bytes. Strict: nothing but the alphabet, whole groups of four, padding at the end
 * only and no bits set that it says are unused. ERR_PARSE names the place; out is left alone then.
 */
[[nodiscard]] bool base64_get(struct str text, struct buf *out, struct err *e);

#endif
