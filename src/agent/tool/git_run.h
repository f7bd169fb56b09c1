// SPDX-License-Identifier: MIT
/*
 * git_run: the git program on a repository that nobody vouches for. Its configuration may name
 * programs (fsmonitor, hooks, diff drivers, filters, transports); none of them is started, nothing
 * is written and nothing is fetched.
 */
#ifndef AGENT_TOOL_GIT_RUN_H
#define AGENT_TOOL_GIT_RUN_H

#include "agent/tool/tool.h"
#include "io/child.h"

struct git_command {
	const char *arguments[24]; /* after "git" and what hardens it; NULL-ended */
	bool reads_worktree; /* may compare files, for which git runs filters */
	size_t out_max_bytes;
};

/* True when git ran and succeeded. Otherwise the sentence is in out. Release the result. */
[[nodiscard]] bool git_run(const struct tool_call *call, const struct git_command *command,
	struct child_result *result, struct tool_result *out);

#endif
