// SPDX-License-Identifier: MIT
/*
 * mcp: the MCP servers of a run (Model Context Protocol: programs and sites that offer tools).
 * Their lists of tools come from a cache; a server is started when one of its tools is first
 * called, or before the first model call when nothing is known of it yet. One that fails is told
 * and skipped.
 *
 * mcp_new, mcp_offer and mcp_free belong to one thread; mcp_ask and mcp_call block, and any worker
 * may call.
 */
#ifndef AGENT_MCP_MCP_H
#define AGENT_MCP_MCP_H

#include "agent/fence.h"
#include "agent/mcp/cache.h"
#include "agent/mcp/config.h"
#include "agent/mcp/tools.h"
#include "agent/tool/tool.h"
#include "io/trust.h"
#include "llm/llm.h"

struct mcp;

/* Stays as long as what is made with it. */
struct mcp_world {
	const char *root; /* of the workspace: where servers start, and what they are told of */
	const char *(*environment)(const char *name);
	const char *cache_directory; /* NULL: nothing is kept */
	struct http_trust trust;
	const char *closed_web; /* why no server is asked by its URL; NULL: they are */
	struct fence *closed, *open; /* for programs without and with the network */
};

/* configs stays. Reads what is kept of the servers; starts nothing. */
[[nodiscard]] struct mcp *mcp_new(const struct mcp_configs *configs, const struct mcp_world *world);
/* Ends every server, and waits for that. No call is under way. NULL is nothing. */
void mcp_free(struct mcp *m);
/* Whether there is a server of which nothing is known yet. */
bool mcp_wants_asking(const struct mcp *m);
/*
 * Starts those servers, all at once, and takes their lists; each has its own deadline. With all
 * also those that are known; name (absent: every one) leaves only that server.
 */
void mcp_ask(struct mcp *m, bool all, struct str name);
/* From any thread: mcp_ask returns soon. */
void mcp_cancel(struct mcp *m);
/*
 * The tools of all servers by server and name, for the model; they live as long as m. What is left
 * out is a problem. Once, after mcp_ask.
 */
const struct tool_spec *mcp_offer(struct mcp *m, size_t *count);
/* For people, a line each. */
void mcp_each_problem(const struct mcp *m, void (*visit)(void *self, const char *text), void *self);

struct mcp_facts {
	const struct mcp_config *config;
	const char *program; /* that its command leads to; NULL: none */
	bool is_known; /* the rest counts */
	struct mcp_cached cached;
	const struct mcp_tools *tools;
	const struct err *error; /* why it failed; NULL: it did not */
};

void mcp_each(
	const struct mcp *m, void (*visit)(void *self, const struct mcp_facts *facts), void *self);

/* ---- one tool for all of theirs ---- */

#define MCP_PREFIX "mcp__"

/* Runs call->name, one of the offered names. */
void mcp_call(struct mcp *m, const struct tool_call *call, struct tool_result *out);

/* Absolute path of the program that would be started; NULL when there is none. */
const char *mcp_program(
	const struct mcp_config *config, const struct mcp_world *world, struct arena *a);

#endif
