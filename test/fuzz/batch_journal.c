// SPDX-License-Identifier: MIT
/* batch_journal: any lines behind a journal's head. What is read adds up, and has its place. */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "batch/journal_inside.h"

enum { TASKS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int fd, const struct run_past *past, size_t whole)
{
	size_t sum = 0;

	for (int i = 0; i <= TASK_SKIPPED; i++)
		sum += past->counts[i];
	must(sum == TASKS && past->size_bytes <= whole);
	for (uint32_t i = 0; i < TASKS; i++) {
		AUTO(arena) arena = {0};
		struct run_outcome outcome;
		struct err e;
		bool has_ended =
			past->tasks[i].state == TASK_DONE || past->tasks[i].state == TASK_FAILED;
		must(!has_ended || journal_outcome(fd, past, i, &arena, &outcome, &e));
		must(past->tasks[i].offset + past->tasks[i].length <= past->size_bytes);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run_head head = {.name = "run", .task_count = TASKS, .options = STR("{}")};
	AUTO(run_past) past = {0};
	AUTO(buf) text = {0};
	AUTO_FD fd = memfd_create("journal", MFD_CLOEXEC);
	struct err e;

	journal_put_first(&text, &head);
	buf_put(&text, data, size);
	must(fd >= 0 && file_write_fd(fd, buf_str(&text), &e));
	must(journal_read_past(fd, &past, &e));
	check(fd, &past, text.n);
	return 0;
}
