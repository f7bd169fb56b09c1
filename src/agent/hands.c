// SPDX-License-Identifier: MIT
#include "agent/hands.h"

#include <stdlib.h>

#include "base/must.h"

struct memory *memory_new(struct str task_text)
{
	struct memory *m = must_alloc(1, sizeof *m);

	*m = (struct memory){.task_text = task_text, .seen = seen_new()};
	return m;
}

void memory_free(struct memory *m)
{
	if (m)
		seen_free(m->seen);
	free(m);
}
