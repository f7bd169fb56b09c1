// SPDX-License-Identifier: MIT
/* ledger: any file in a ledger's place. What is read in two pieces is what is read in one. */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "call/ledger_read.h"

#define FROM_MS 1'000'000
#define END_MS  2'000'000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t sum_from(int fd, int64_t *offset)
{
	int64_t sum = 0;

	must(ledger_sum(fd, offset, FROM_MS, END_MS, &sum));
	must(sum >= 0);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	size_t cut = size ? data[0] * size / 256 : 0;
	int64_t once = 0, twice = 0, sum;
	struct err e;

	AUTO_FD fd = memfd_create("ledger", MFD_CLOEXEC);
	must(fd >= 0 && file_write_fd(fd, str_head(text, cut), &e));
	sum = sum_from(fd, &twice);
	must(twice <= (int64_t)cut);
	must(file_write_fd(fd, str_skip(text, cut), &e));
	int64_t rest = sum_from(fd, &twice), whole = sum_from(fd, &once);
	must(once == twice && once <= (int64_t)size);
	must(whole == INT64_MAX || whole == sum + rest);
	int64_t found = ledger_find(fd, (int64_t)size, FROM_MS);
	must(found == 0 || text.p[found - 1] == '\n');
	return 0;
}
