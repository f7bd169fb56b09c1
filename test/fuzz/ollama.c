// SPDX-License-Identifier: MIT
/* ollama: see wire.h. */
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_wire(&wire_ollama, data, size);
}
