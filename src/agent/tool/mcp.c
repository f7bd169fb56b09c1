// SPDX-License-Identifier: MIT
/* mcp: every tool of every MCP server, told apart by the name that is called. */
#include "agent/mcp/mcp.h"
#include "agent/hands.h"

static void run(const struct tool_call *call, struct tool_result *out)
{
	if (call->hands->mcp)
		mcp_call(call->hands->mcp, call, out);
	else
		tool_fail(out, "there is no MCP server");
}

/* What a server does is not known; it has its own order, and none with files. */
static void touch(const struct tool_call *, struct tool_touch *)
{
}

const struct tool tool_mcp = {
	.name = "mcp",
	.needs = TOOL_RUNS | TOOL_NET,
	.run = run,
	.touch = touch,
};
