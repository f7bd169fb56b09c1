// SPDX-License-Identifier: MIT
/* todo: the plan in the arguments of the tool of this name. */
#ifndef AGENT_TOOL_TODO_H
#define AGENT_TOOL_TODO_H

#include "agent/tool/tool.h"

enum { TODO_STEPS_MAX = 100 };

enum todo_status { TODO_PENDING, TODO_IN_PROGRESS, TODO_COMPLETED };

struct todo_step {
	struct str content;
	enum todo_status status;
};

struct todo {
	struct todo_step *steps;
	size_t count, done;
};

/* input is valid JSON; everything lives in the arena. ERR_PARSE, ERR_LIMIT with a sentence. */
[[nodiscard]] bool todo_read(struct str input, struct arena *a, struct todo *out, struct err *e);

#endif
