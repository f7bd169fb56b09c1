// SPDX-License-Identifier: MIT
/*
 * cache: what servers said they can do, kept for the next run, so that none is started before it is
 * used. One file of the user's a server (base/private.h); what is older than a week, damaged or of
 * another version is not there, and what is read is judged as if the server had just said it.
 */
#ifndef AGENT_MCP_CACHE_H
#define AGENT_MCP_CACHE_H

#include "agent/mcp/config.h"
#include "agent/mcp/tools.h"

enum {
	MCP_CACHE_AGE_S = 7 * 24 * 3600,
	MCP_CACHE_MAX_BYTES = 4 << 20,
	MCP_CACHE_NAME = 70, /* bytes of a file's name, with its NUL */
};

enum mcp_era { MCP_UNKNOWN, MCP_MODERN, MCP_LEGACY };

struct mcp_cached {
	enum mcp_era era;
	int64_t wall_s; /* when the server was asked */
	int64_t start_ms; /* how long it took to be ready */
};

/*
 * Of a server as it is configured and of its program's identity (path, inode, size, time), and that
 * of the first file among its arguments. program may be NULL.
 */
void mcp_cache_name(const struct mcp_config *config, const char *program, char out[MCP_CACHE_NAME]);
/* False when there is nothing that counts. */
[[nodiscard]] bool mcp_cache_read(int directory, const char *name, int64_t wall_s,
	struct mcp_cached *out, struct mcp_tools *tools);
[[nodiscard]] bool mcp_cache_write(int directory, const char *name, const struct mcp_cached *cached,
	const struct mcp_tools *tools, struct err *e);
/* "2026-07-28" or older; "" not known. */
const char *mcp_era_name(enum mcp_era era);

#endif
