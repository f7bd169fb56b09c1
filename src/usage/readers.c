// SPDX-License-Identifier: MIT
#include "usage/reader.h"

extern const struct usage_reader usage_reader_claude;

const struct usage_reader *const usage_readers[] = {
	&usage_reader_claude,
	NULL,
};
