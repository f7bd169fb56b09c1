// SPDX-License-Identifier: MIT
/*
 * tool: what tools were called for, and what the answers cost that called them. The tokens and the
 * cost of an answer are split evenly over its calls, what is left over goes to the first of them;
 * so all rows together are the whole. Answers that call no tool have a row of their own.
 */
#ifndef USAGE_TOOL_H
#define USAGE_TOOL_H

#include "usage/group.h"

struct usage_tool_row {
	struct str
		name; /* "Bash"; of a server's tool the tool alone; "" for answers without calls */
	struct str server; /* of "mcp__server__tool"; "" none */
	int64_t calls;
	struct usage_sum sum; /* answers: those with at least one such call */
};

struct usage_tools {
	struct arena arena;
	struct usage_tool_row *list; /* the dearest first, those of a server side by side */
	size_t count;
	struct usage_sum total; /* answers: all of them */
	int64_t calls;
	enum usage_order order; /* as it was asked for */
};

/* ERR_IO where the view cannot be read again. out is released by its owner on success only. */
[[nodiscard]] bool usage_tools_count(struct usage_view *view, const struct usage_query *query,
	struct usage_tools *out, struct err *e);
void usage_tools_release(struct usage_tools *tools);
/* The server's name and the tool's; false for what is no server's tool. */
bool usage_tool_split(struct str name, struct str *server, struct str *tool);

#endif
