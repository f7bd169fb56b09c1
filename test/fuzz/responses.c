// SPDX-License-Identifier: MIT
/* responses: see wire.h. */
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_wire(&wire_responses, data, size);
}
