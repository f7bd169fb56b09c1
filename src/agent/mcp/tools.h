// SPDX-License-Identifier: MIT
/*
 * tools: what an MCP server says it can do, judged and made fit to be offered to a model. All of it
 * is somebody else's words: hidden characters leave the texts, sizes have limits, references lead
 * nowhere, and what a provider could refuse the whole request for is left out.
 */
#ifndef AGENT_MCP_TOOLS_H
#define AGENT_MCP_TOOLS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

enum {
	MCP_TOOLS_MAX = 64, /* of one server */
	MCP_TOOLS_ALL_MAX = 128,
	MCP_TOOL_NAME_MAX_BYTES = 128,
	MCP_DESCRIPTION_MAX_BYTES = 1 << 10,
	MCP_SCHEMA_MAX_BYTES = 16 << 10,
	MCP_SCHEMA_DEPTH_MAX = 32,
	MCP_HEADERS_MAX = 16,
	MCP_OFFERED_BYTES = 65, /* of a name toward the model, with its NUL */
};

/* An argument that a server wants to see as a header, too: "x-mcp-header" in its schema. */
struct mcp_header {
	struct str argument, name; /* without "Mcp-Param-" */
};

struct mcp_tool {
	struct str name; /* the server's own */
	struct str description, schema; /* as they are offered */
	struct str raw_schema; /* as the server has it, compact */
	const struct mcp_header *headers;
	size_t header_count;
};

/* {0} is a valid start. By name, each once. */
struct mcp_tools {
	VEC(struct mcp_tool) list;
	VEC(const char *) problems; /* for people */
	size_t left_out; /* beyond MCP_TOOLS_MAX */
	struct arena arena;
};

void mcp_tools_release(struct mcp_tools *t);
/* The "tools" of one page; a checked value. Nothing of the text is kept. */
void mcp_tools_add(struct mcp_tools *t, struct str array);
/* When all pages are in: sorts by name. */
void mcp_tools_end(struct mcp_tools *t);
/* NULL when there is none. */
const struct mcp_tool *mcp_tools_find(const struct mcp_tools *t, struct str name);
/* Leaves only these; NULL: all. Names that are not there are problems. */
void mcp_tools_keep(struct mcp_tools *t, const struct str *names, size_t count);
/* Whether a call that was made for one will do for the other. */
bool mcp_tool_is_same(const struct mcp_tool *a, const struct mcp_tool *b);
/* As one page that mcp_tools_add takes. */
void mcp_tools_put(const struct mcp_tools *t, struct buf *out);
/*
 * mcp__SERVER__TOOL in letters, digits, "_" and "-"; the end is a digest where it is too long, or
 * when with_digest asks for it because another tool has the name.
 */
void mcp_tool_name(
	struct str server, struct str tool, bool with_digest, char out[MCP_OFFERED_BYTES]);

#endif
