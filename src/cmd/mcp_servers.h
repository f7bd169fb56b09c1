// SPDX-License-Identifier: MIT
/*
 * mcp_servers: which MCP servers a command has: those of --mcp-config, of the user's settings and,
 * where the user has trusted it, of the project's .mcp.json, in this order where a name comes
 * again.
 */
#ifndef CMD_MCP_SERVERS_H
#define CMD_MCP_SERVERS_H

#include "agent/mcp/mcp.h"
#include "cmd/settings.h"

#define PROJECT_FILE ".mcp.json"

/* Row for the options of a command that has servers. */
#define MCP_OPTION \
	{ \
		"mcp-config", 0, "FILE", \
			"use the MCP servers of this file, too (the format of .mcp.json); may be repeated" \
	}

struct mcp_servers {
	struct arena arena;
	struct mcp_configs configs;
	struct mcp_world world;
	struct mcp *mcp; /* NULL: there is no server */
	size_t untrusted; /* servers of a project's file that nobody has trusted */
};

/* w, s and what fence points to stay; servers are started in such ones, and none without. ERR_USAGE
 * for a file that was typed; what is wrong elsewhere is a problem. */
[[nodiscard]] bool mcp_servers_read(struct mcp_servers *m, struct settings *s,
	const struct workspace *w, const struct options *given, const struct http_trust *trust,
	const struct fence *fence, struct err *e);
/* Lines on stderr: what is wrong with configurations, and which are not trusted. */
void mcp_servers_warn(const struct mcp_servers *m);
void mcp_servers_release(struct mcp_servers *m);

/* ---- the project's file ---- */

/*
 * Its bytes; false when there is none (ERR_NOT_FOUND), or none that can be read.
 */
[[nodiscard]] bool project_file_read(const struct workspace *w, struct buf *text, struct err *e);
/* Its servers as they are written, for people. */
[[nodiscard]] bool project_file_parse(struct str text, struct mcp_configs *out, struct err *e);
/* Where decisions are kept; NULL: nowhere. */
const char *trust_directory(const struct settings *s, struct arena *a);
/* Command and arguments, or the URL: what would be run, on one line. */
void mcp_config_put(const struct mcp_config *config, struct buf *out);
/* The whole text in one line, nothing left out: what cannot be seen stands there in words. */
void mcp_put_exactly(struct str text, struct buf *out);

#endif
