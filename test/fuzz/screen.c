// SPDX-License-Identifier: MIT
/* What a program writes for a terminal becomes text without control characters, whatever it is. */
#include <stdint.h>

#include "agent/tool/command.h"
#include "agent/tool/plain.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = {(const char *)data, size};
	AUTO(buf) once = {0}, twice = {0};

	plain_put_screen(&once, bytes);
	for (size_t i = 0; i < once.n; i++)
		must((unsigned char)once.p[i] >= 0x20 || once.p[i] == '\n' || once.p[i] == '\t');
	/* What is text already stays as it is. */
	plain_put_screen(&twice, buf_str(&once));
	must(str_eq(buf_str(&once), buf_str(&twice)));
	(void)command_only_reads(bytes);
	return 0;
}
