// SPDX-License-Identifier: MIT
/* sha1: the digest by which git names contents (FIPS 180-4). It does not keep forgers away. */
#ifndef BASE_SHA1_H
#define BASE_SHA1_H

#include "base/str.h"

enum { SHA1_BYTES = 20 };

struct sha1 {
	unsigned char bytes[SHA1_BYTES];
};

struct sha1 sha1_of(struct str bytes);

#endif
