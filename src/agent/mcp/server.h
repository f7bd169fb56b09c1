// SPDX-License-Identifier: MIT
/*
 * server: one configured server: what is known of it, and the session with it while there is one.
 * Private to the folder. asks and calls come from several threads; whoever is first starts it.
 */
#ifndef AGENT_MCP_SERVER_H
#define AGENT_MCP_SERVER_H

#include "agent/mcp/mcp.h"
#include "agent/mcp/session.h"

/* A server that ends again and again is not started without end. */
enum { MCP_STARTS_MAX = 3 };

struct mcp_server {
	const struct mcp_config *config;
	const struct mcp_world *world;
	const char *program; /* NULL: none */
	char cache_name[MCP_CACHE_NAME];
	/* Written before tools are offered, and only read then. */
	bool is_known;
	struct mcp_cached cached;
	struct mcp_tools tools;
	struct err error; /* of the asking */
	/* Of the lock. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_starting;
	int starts, users; /* calls that are in the session */
	struct mcp_session *session; /* NULL: it is not started */
	struct mcp_tools listed; /* what it says now */
	enum mcp_era era;
	int64_t start_ms;
};

void mcp_server_init(struct mcp_server *s, const struct mcp_config *config,
	const struct mcp_world *world, const char *program);
/* Begins to end it. */
void mcp_server_hang_up(struct mcp_server *s);
void mcp_server_release(struct mcp_server *s);
/* Starts it and takes its list, for the tools that are offered. */
void mcp_server_ask(struct mcp_server *s, const atomic_bool *cancel);
/* tool is one that was offered. */
void mcp_server_call(struct mcp_server *s, const struct mcp_tool *tool,
	const struct tool_call *call, struct tool_result *out);

#endif
