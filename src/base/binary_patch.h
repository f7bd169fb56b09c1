// SPDX-License-Identifier: MIT
/*
 * binary_patch: contents that are no text, in the form that git apply takes: both sides whole
 * ("literal"), as zlib streams in base 85. The streams are stored and not packed, so that no
 * library is needed; the text is a quarter longer than the two sides together.
 */
#ifndef BASE_BINARY_PATCH_H
#define BASE_BINARY_PATCH_H

#include "base/buf.h"
#include "base/str.h"

/* 40 hexadecimal digits and a NUL. */
enum { BLOB_NAME_BYTES = 41 };

/* As git names contents. */
void blob_name(struct str bytes, char out[BLOB_NAME_BYTES]);
/* Appends "GIT binary patch" and what follows it, the way back included. */
void binary_patch_put(struct buf *out, struct str before, struct str after);

#endif
