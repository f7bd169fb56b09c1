// SPDX-License-Identifier: MIT
/* sha256_block: what SHA-256 does with whole blocks. */
#ifndef BASE_SHA256_BLOCK_H
#define BASE_SHA256_BLOCK_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BLOCK_BYTES = 64 };

/* By the processor's own instructions where it has them. */
void sha256_take(uint32_t state[8], const unsigned char *blocks, size_t count);
/* Without them. */
void sha256_take_plain(uint32_t state[8], const unsigned char *blocks, size_t count);

#endif
