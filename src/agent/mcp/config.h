// SPDX-License-Identifier: MIT
/*
 * config: which MCP servers there are, and how each is started or reached. Bytes in, values out.
 *
 * The format read here is that of a project's .mcp.json, as many programs know it:
 *   {"mcpServers": {"name": {"command": "x", "args": [], "env": {}, "url": "...", "headers": {}}}}
 * beside which "type" (stdio, http), "network", "timeout" (seconds), "enabled" and "tools" count;
 * other members are passed over. Variables are replaced (base/expand.h).
 */
#ifndef AGENT_MCP_CONFIG_H
#define AGENT_MCP_CONFIG_H

#include <stdarg.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"

enum {
	MCP_CONFIG_MAX_BYTES = 256 << 10,
	MCP_SERVERS_MAX = 32,
	MCP_NAME_MAX_BYTES = 64,
	MCP_TIMEOUT_S = 10,
	MCP_TIMEOUT_MAX_S = 600,
};

struct mcp_pair {
	struct str name, value;
};

/* The strings live in the arena of the configs. */
struct mcp_config {
	struct str name;
	const char *origin; /* for people: the file it is from */
	bool is_project; /* from the repository's own file */
	const char *command; /* NULL: it is reached by url */
	const struct str *arguments;
	size_t argument_count;
	const struct mcp_pair *variables; /* of its environment */
	size_t variable_count;
	const char *url; /* NULL: it is started by command */
	const struct mcp_pair *headers;
	size_t header_count;
	bool has_network; /* the program may use it */
	bool is_disabled;
	int64_t timeout_ms; /* until it is ready */
	const struct str *only; /* its only tools that count; NULL: all */
	size_t only_count;
};

/* {0} is a valid start. What is added first counts where a name comes again. */
struct mcp_configs {
	VEC(struct mcp_config) list;
	VEC(const char *) problems; /* for people; what they are about is left out */
	struct arena arena;
};

struct mcp_source {
	const char *file; /* for sentences */
	bool is_project;
	const char *(*environment)(const char *name); /* NULL: texts stay as they are */
};

void mcp_configs_release(struct mcp_configs *c);
/* ERR_PARSE when it is no such file at all; servers that are wrong are problems. text may go. */
[[nodiscard]] bool mcp_configs_read(
	struct mcp_configs *c, struct str text, const struct mcp_source *source, struct err *e);
/* Checks and adds one; a problem when it cannot be. Its strings stay as long as c. */
void mcp_configs_add(struct mcp_configs *c, const struct mcp_config *config);
/* A sentence for people about servers, whose words may be in it: one line. */
__attribute__((format(printf, 2, 0))) const char *mcp_problem(
	struct arena *a, const char *format, va_list arguments);
__attribute__((format(printf, 2, 3))) void mcp_configs_tell(
	struct mcp_configs *c, const char *format, ...);

#endif
