// SPDX-License-Identifier: MIT
/*
 * permit: which calls may be made. A mode says what the tools of a kind may do, rules say more
 * about single tools:
 *
 *   NAME            every call of the tool; NAME may be a glob (mcp__tracker__*)
 *   NAME(PATTERN)   calls whose paths all match a glob, as they are written and without links; or
 *                   commands or URLs that match with * for anything, or domain:HOST
 *
 * Refusing goes before allowing, and rules before the mode. A pattern allows no command in which a
 * shell would see more than one: an operator, a substitution or a redirection. Refusing a command
 * by pattern is a help against accidents and no fence: the sandbox is the fence.
 */
#ifndef AGENT_PERMIT_H
#define AGENT_PERMIT_H

#include "agent/tool/tool.h"

enum permit_mode {
	PERMIT_READ, /* look at the workspace */
	PERMIT_EDIT, /* and change files in it, and run commands in the sandbox */
	PERMIT_ALL, /* everything, commands without a sandbox too */
};

struct permit {
	enum permit_mode mode;
	bool asks; /* a person is asked about each change, command and request */
	bool has_sandbox; /* commands are fenced in */
	const struct str *allowed, *denied; /* rules */
	size_t allowed_count, denied_count;
};

enum permission { PERMISSION_GIVEN, PERMISSION_ASK, PERMISSION_REFUSED };

/* By the name that people write; false when there is none. */
[[nodiscard]] bool permit_mode_find(struct str name, enum permit_mode *out);
/* ERR_USAGE for a rule in no known form, or about a tool there is not. */
[[nodiscard]] bool permit_check_rule(struct str rule, struct err *e);
/* Whether some call of the tool could be made, so that a model is to know of it. */
bool permit_offers(const struct permit *p, struct str name, const struct tool *tool);
/* why gets a sentence for the model when it is NO. The call's input is valid JSON. */
enum permission permit_judge(const struct permit *p, const struct tool *tool,
	const struct tool_call *call, struct buf *why);

#endif
