// SPDX-License-Identifier: MIT
/* hash: 64 bits that stand for some bytes, within one run. Not for keys that others may choose. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#include "base/str.h"

uint64_t hash_bytes(struct str s);

#endif
