// SPDX-License-Identifier: MIT
/* schema: the JSON Schema of a tool's arguments, as a server gives it and as a model may see it. */
#ifndef AGENT_MCP_SCHEMA_H
#define AGENT_MCP_SCHEMA_H

#include "agent/mcp/tools.h"

/*
 * Appends the schema as it is offered: an object's, hidden characters gone, compact; the words that
 * providers refuse at the top (anyOf, oneOf, allOf, not, enum, $schema) left out, for the server
 * checks the arguments itself. ERR_PARSE when it is none, is too deep, or refers to another place.
 */
[[nodiscard]] bool mcp_schema_put(struct buf *out, struct str schema, struct err *e);
/* The "x-mcp-header" annotations of its properties. ERR_PARSE when one is not as it should be. */
[[nodiscard]] bool mcp_schema_headers(struct str schema, struct arena *a,
	const struct mcp_header **headers, size_t *count, struct err *e);

#endif
