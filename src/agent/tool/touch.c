// SPDX-License-Identifier: MIT
/* touch: which calls of a turn have to keep their order. */
#include "agent/tool/tool.h"

void tool_touch_add(struct tool_touch *touch, const struct tool_call *call, struct str path)
{
	struct str relative;
	struct err e;

	if (!workspace_relative(call->workspace, path, call->arena, &relative, &e))
		return;
	if (touch->path_count == TOUCH_MAX)
		touch->is_alone = true;
	else
		touch->paths[touch->path_count++] = relative;
}

void tool_touched(const struct tool *tool, const struct tool_call *call, struct tool_touch *out)
{
	*out = (struct tool_touch){.writes = tool->needs & TOOL_WRITES};
	if (tool->touch)
		tool->touch(call, out);
	else if (tool->needs & TOOL_RUNS)
		out->is_alone = true;
	else if (tool->needs & (TOOL_READS | TOOL_WRITES))
		tool_touch_add(out, call, tool_argument(call, "path", STR(".")));
}

/* The same path, or one below the other. */
static bool overlaps(struct str a, struct str b)
{
	struct str up = a.n < b.n ? a : b, down = a.n < b.n ? b : a;

	return up.n == 0 || (str_starts(down, up) && (down.n == up.n || down.p[up.n] == '/'));
}

bool tool_touches(const struct tool_touch *a, const struct tool_touch *b)
{
	if (a->is_alone || b->is_alone)
		return true;
	if (!a->writes && !b->writes)
		return false;
	for (size_t i = 0; i < a->path_count; i++)
		for (size_t k = 0; k < b->path_count; k++)
			if (overlaps(a->paths[i], b->paths[k]))
				return true;
	return false;
}
