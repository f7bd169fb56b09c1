// SPDX-License-Identifier: MIT
#include "agent/mcp/tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/mcp/schema.h"
#include "base/json.h"
#include "base/same.h"
#include "base/sha256.h"
#include "base/utf8.h"

void mcp_tools_release(struct mcp_tools *t)
{
	vec_release(&t->list);
	vec_release(&t->problems);
	arena_release(&t->arena);
	*t = (struct mcp_tools){0};
}

static void tell(struct mcp_tools *t, struct str name, const char *why)
{
	AUTO(buf) text = {0};

	/* A server of bad tools only need not be told of without end. */
	if (t->problems.n >= MCP_TOOLS_MAX)
		return;
	buf_put_text(&text, "tool ");
	utf8_put_line(&text, name, 60);
	buf_printf(&text, ": %s", why);
	vec_push(&t->problems, arena_text(&t->arena, buf_str(&text)));
}

/* What stands in it is seen by people and by the model, and may not look like something else. */
static bool is_plain(struct str text)
{
	AUTO(buf) shown = {0};

	utf8_put_shown(&shown, text);
	return str_eq(buf_str(&shown), text) && str_find_char(text, '\n', 0) == SIZE_MAX &&
	       str_find_char(text, '\t', 0) == SIZE_MAX;
}

static struct str take_description(struct mcp_tools *t, struct str value)
{
	AUTO(buf) text = {0};

	if (json_type(value) != JSON_STRING)
		return STR("");
	utf8_put_shown(&text, str_trim(json_text(value, &t->arena)));
	struct str head = utf8_head(buf_str(&text), MCP_DESCRIPTION_MAX_BYTES);
	if (head.n == text.n)
		return arena_copy(&t->arena, head);
	return arena_printf(
		&t->arena, "%.*s [cut]", STR_ARG(utf8_head(head, MCP_DESCRIPTION_MAX_BYTES - 6)));
}

static bool take_schema(struct mcp_tools *t, struct str value, struct mcp_tool *tool, struct err *e)
{
	AUTO(buf) offered = {.max = MCP_SCHEMA_MAX_BYTES};
	AUTO(buf) raw = {.max = MCP_SCHEMA_MAX_BYTES};

	if (!mcp_schema_put(&offered, value, e) ||
		!mcp_schema_headers(value, &t->arena, &tool->headers, &tool->header_count, e))
		return false;
	json_put_compact(&raw, value);
	if (offered.overflow || raw.overflow)
		return err_set(
			e, ERR_LIMIT, "a schema of more than %d KB", MCP_SCHEMA_MAX_BYTES >> 10);
	tool->schema = arena_copy(&t->arena, buf_str(&offered));
	tool->raw_schema = arena_copy(&t->arena, buf_str(&raw));
	return true;
}

static bool take_tool(struct mcp_tools *t, struct str object, struct mcp_tool *tool, struct err *e)
{
	if (!tool->name.n || tool->name.n > MCP_TOOL_NAME_MAX_BYTES || !is_plain(tool->name))
		return err_set(e, ERR_PARSE, "a name has 1 to %d bytes and nothing hidden in it",
			MCP_TOOL_NAME_MAX_BYTES);
	if (mcp_tools_find(t, tool->name))
		return err_set(e, ERR_PARSE, "comes twice, the first one counts");
	tool->description = take_description(t, json_get(object, "description"));
	if (!tool->description.n)
		tool->description = take_description(t, json_get(object, "title"));
	return take_schema(t, json_get(object, "inputSchema"), tool, e);
}

void mcp_tools_add(struct mcp_tools *t, struct str array)
{
	struct str raw, object;
	struct err e;

	json_each (array, raw, object) {
		struct arena *a = &t->arena;
		if (t->list.n >= MCP_TOOLS_MAX) {
			t->left_out++;
			continue;
		}
		struct mcp_tool tool = {
			.name = arena_copy(a, json_text(json_get(object, "name"), a))};
		if (take_tool(t, object, &tool, &e))
			vec_push(&t->list, tool);
		else
			tell(t, tool.name, e.text);
	}
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(((const struct mcp_tool *)a)->name, ((const struct mcp_tool *)b)->name);
}

void mcp_tools_end(struct mcp_tools *t)
{
	if (t->list.n)
		qsort(t->list.p, t->list.n, sizeof *t->list.p, by_name);
	if (t->left_out)
		vec_push(&t->problems,
			arena_printf(&t->arena, "%zu tools beyond the first %d are left out",
				t->left_out, MCP_TOOLS_MAX)
				.p);
}

const struct mcp_tool *mcp_tools_find(const struct mcp_tools *t, struct str name)
{
	vec_each (&t->list, tool)
		if (str_eq(tool->name, name))
			return tool;
	return NULL;
}

static bool is_among(const struct str *names, size_t count, struct str name)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(names[i], name))
			return true;
	return false;
}

void mcp_tools_keep(struct mcp_tools *t, const struct str *names, size_t count)
{
	size_t kept = 0;

	if (!names)
		return;
	for (size_t i = 0; i < count; i++)
		if (!mcp_tools_find(t, names[i]))
			tell(t, names[i], "the server has none of this name");
	vec_each (&t->list, tool)
		if (is_among(names, count, tool->name))
			t->list.p[kept++] = *tool;
	t->list.n = kept;
}

bool mcp_tool_is_same(const struct mcp_tool *a, const struct mcp_tool *b)
{
	struct arena temporary = {0};
	AUTO(buf) one = {0};
	AUTO(buf) two = {0};

	same_put(&one, a->raw_schema, &temporary);
	same_put(&two, b->raw_schema, &temporary);
	arena_release(&temporary);
	return str_eq(buf_str(&one), buf_str(&two));
}

void mcp_tools_put(const struct mcp_tools *t, struct buf *out)
{
	struct json_writer w = {.buf = out};

	json_open(&w, '[');
	vec_each (&t->list, tool) {
		json_open(&w, '{');
		json_member_str(&w, "name", tool->name);
		json_member_str(&w, "description", tool->description);
		json_key(&w, "inputSchema");
		json_put_raw(&w, tool->raw_schema);
		json_close(&w, '}');
	}
	json_close(&w, ']');
}

/* ---- names ---- */

static void put_safe(struct buf *b, struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool is_safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			       (c >= '0' && c <= '9') || c == '_' || c == '-';
		buf_put_char(b, is_safe ? c : '_');
	}
}

void mcp_tool_name(
	struct str server, struct str tool, bool with_digest, char out[MCP_OFFERED_BYTES])
{
	enum { LONGEST = MCP_OFFERED_BYTES - 1, DIGEST = 8 };
	AUTO(buf) name = {0};
	AUTO(buf) whole = {0};
	char digest[SHA256_TEXT];

	buf_put_text(&name, "mcp__");
	put_safe(&name, server);
	buf_put_text(&name, "__");
	put_safe(&name, tool);
	if (with_digest || name.n > LONGEST) {
		/* The length keeps "a" of "b_c" apart from "a_b" of "c". */
		buf_printf(&whole, "%zu:%.*s%.*s", server.n, STR_ARG(server), STR_ARG(tool));
		struct sha256 sum = sha256_of(buf_str(&whole));
		sha256_text(&sum, digest);
		buf_cut(&name, LONGEST - DIGEST - 1);
		buf_printf(&name, "_%.*s", DIGEST, digest);
	}
	snprintf(out, MCP_OFFERED_BYTES, "%s", buf_text(&name));
}
