// SPDX-License-Identifier: MIT
#include "agent/hands.h"

#include <stdlib.h>

#include "base/must.h"

struct memory *memory_new(struct str task_text)
{
	struct memory *m = must_alloc(1, sizeof *m);

	*m = (struct memory){.task_text = task_text,
		.edited = lsp_edited_new(),
		.shell = shell_new(),
		.seen = seen_new()};
	return m;
}

void memory_free(struct memory *m)
{
	if (!m)
		return;
	seen_free(m->seen);
	lsp_edited_free(m->edited);
	shell_free(m->shell);
	free(m);
}
