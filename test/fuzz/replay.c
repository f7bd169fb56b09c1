// SPDX-License-Identifier: MIT
/* replay: runs a fuzz target once for every file named on the command line. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
	AUTO(buf) input = {0};
	struct err e;

	if (!file_read(-100 /* AT_FDCWD */, path, (size_t)64 << 20, &input, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	/* An exact copy, so that the sanitizer sees a read past the end. */
	uint8_t *copy = must_alloc(1, input.n ? input.n : 1);
	for (size_t i = 0; i < input.n; i++)
		copy[i] = (uint8_t)input.p[i];
	LLVMFuzzerTestOneInput(copy, input.n);
	free(copy);
	return 0;
}

int main(int count, char **arguments)
{
	int failed = 0;

	for (int i = 1; i < count; i++)
		failed |= replay(arguments[i]);
	printf("%d inputs\n", count - 1);
	return failed;
}
