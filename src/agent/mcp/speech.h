// SPDX-License-Identifier: MIT
/*
 * speech: what is said to an MCP server and what its answers mean, in both eras of the protocol:
 * modern (2026-07-28: no handshake, "_meta" in every request) and legacy (initialize, up to
 * 2025-11-25). Bytes in, values out: knows neither processes nor the network.
 */
#ifndef AGENT_MCP_SPEECH_H
#define AGENT_MCP_SPEECH_H

#include "agent/mcp/cache.h"
#include "agent/mcp/tools.h"
#include "base/buf.h"
#include "base/err.h"

#define MCP_MODERN_VERSION "2026-07-28"
#define MCP_LEGACY_VERSION "2025-11-25"

enum { MCP_RESULT_MAX_BYTES = 50 << 10, MCP_PAGES_MAX = 20 };

/* Where a request that names a tool is on its way. */
struct mcp_request {
	enum mcp_era era;
	int64_t progress; /* token for progress; 0: none */
};

/* ---- what is said: params, as JSON ---- */

void mcp_put_discover(struct buf *b);
void mcp_put_initialize(struct buf *b);
/* cursor absent: the first page. */
void mcp_put_list(struct buf *b, const struct mcp_request *request, struct str cursor);
/* arguments is a checked object. */
void mcp_put_call(
	struct buf *b, const struct mcp_request *request, struct str name, struct str arguments);
/* The answer to roots/list. */
void mcp_put_roots(struct buf *b, const char *root);

/* ---- what comes: results, checked JSON ---- */

/* False when it offers no version that is spoken here. */
[[nodiscard]] bool mcp_get_discover(struct str result, struct err *e);
/* The version that counts from now on; it has to be one of the legacy ones. */
[[nodiscard]] bool mcp_get_initialize(struct str result, struct str *version, struct err *e);
/* Adds a page. cursor is absent when it was the last one. */
[[nodiscard]] bool mcp_get_list(struct str result, struct mcp_tools *tools, struct arena *a,
	struct str *cursor, struct err *e);
/*
 * The text for the model, without what could steer a terminal and not above MCP_RESULT_MAX_BYTES.
 * False: it is a failure, and the text says which.
 */
[[nodiscard]] bool mcp_get_result(struct str result, struct buf *out);
/* The token of a progress notification; 0 when it has none of ours. */
int64_t mcp_get_progress(struct str params);

#endif
