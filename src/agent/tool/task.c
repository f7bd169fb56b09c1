// SPDX-License-Identifier: MIT
/* task: a question for a sub-agent, which reads and answers with one text. */
#include "agent/turn.h"

extern const char embed_task_md[];

static void start(
	const struct tool_call *call, struct tool_result *out, void (*end)(void *self), void *self);
static void touch(const struct tool_call *call, struct tool_touch *out);

const struct tool tool_task = {
	.name = "task",
	.needs = TOOL_READS,
	.target = "description",
	.document = embed_task_md,
	.start = start,
	.touch = touch,
};

/* It may look at anything. */
static void touch(const struct tool_call *, struct tool_touch *out)
{
	out->paths[out->path_count++] = STR("");
}

static void start(
	const struct tool_call *call, struct tool_result *out, void (*end)(void *self), void *self)
{
	struct str prompt = str_trim(tool_argument(call, "prompt", STR("")));

	if (prompt.n) {
		turn_start_task(call->agent, prompt, out, end, self);
		return;
	}
	tool_fail(out, "prompt is missing: say what the sub-agent is to find out");
	end(self);
}
