// SPDX-License-Identifier: MIT
#include "base/uuid.h"

#include <stddef.h>
#include <sys/random.h>

#include "base/must.h"

void uuid_make(char out[UUID_TEXT])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char bytes[16];
	size_t at = 0;

	must(getrandom(bytes, sizeof bytes, 0) == sizeof bytes);
	bytes[6] = (bytes[6] & 0x0f) | 0x40; /* version */
	bytes[8] = (bytes[8] & 0x3f) | 0x80; /* variant */
	for (size_t i = 0; i < sizeof bytes; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[at++] = '-';
		out[at++] = hex[bytes[i] >> 4];
		out[at++] = hex[bytes[i] & 15];
	}
	out[at] = '\0';
}
