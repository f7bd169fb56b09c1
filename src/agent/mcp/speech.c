// SPDX-License-Identifier: MIT
#include "agent/mcp/speech.h"

#include "agent/tool/plain.h"
#include "base/json.h"
#include "base/utf8.h"

#define META "io.modelcontextprotocol/"

/* ---- what is said ---- */

static void put_client(struct json_writer *w, const char *name)
{
	json_key(w, name);
	json_open(w, '{');
	json_member_text(w, "name", "fettle");
	json_member_text(w, "version", FETTLE_VERSION);
	json_close(w, '}');
}

static void put_empty(struct json_writer *w, const char *name)
{
	json_key(w, name);
	json_open(w, '{');
	json_close(w, '}');
}

static void put_meta(struct json_writer *w, const struct mcp_request *request)
{
	if (request->era != MCP_MODERN && !request->progress)
		return;
	json_key(w, "_meta");
	json_open(w, '{');
	if (request->era == MCP_MODERN) {
		json_member_text(w, META "protocolVersion", MCP_MODERN_VERSION);
		put_empty(w, META "clientCapabilities");
		put_client(w, META "clientInfo");
	}
	if (request->progress)
		json_member_int(w, "progressToken", request->progress);
	json_close(w, '}');
}

void mcp_put_discover(struct buf *b)
{
	struct json_writer w = {.buf = b};

	json_open(&w, '{');
	put_meta(&w, &(struct mcp_request){.era = MCP_MODERN});
	json_close(&w, '}');
}

void mcp_put_initialize(struct buf *b)
{
	struct json_writer w = {.buf = b};

	json_open(&w, '{');
	json_member_text(&w, "protocolVersion", MCP_LEGACY_VERSION);
	json_key(&w, "capabilities");
	json_open(&w, '{');
	put_empty(&w, "roots");
	json_close(&w, '}');
	put_client(&w, "clientInfo");
	json_close(&w, '}');
}

void mcp_put_list(struct buf *b, const struct mcp_request *request, struct str cursor)
{
	struct json_writer w = {.buf = b};

	json_open(&w, '{');
	if (cursor.p)
		json_member_str(&w, "cursor", cursor);
	put_meta(&w, request);
	json_close(&w, '}');
}

void mcp_put_call(
	struct buf *b, const struct mcp_request *request, struct str name, struct str arguments)
{
	struct json_writer w = {.buf = b};

	json_open(&w, '{');
	json_member_str(&w, "name", name);
	json_key(&w, "arguments");
	json_put_raw(&w, arguments);
	put_meta(&w, request);
	json_close(&w, '}');
}

/* RFC 8089: what is no plain character of a path is escaped. */
static void put_file_url(struct buf *b, const char *path)
{
	buf_put_text(b, "file://");
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;
		bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				(c >= '0' && c <= '9') || strchr("/-._~", c);
		if (is_plain)
			buf_put_char(b, (char)c);
		else
			buf_printf(b, "%%%02X", c);
	}
}

void mcp_put_roots(struct buf *b, const char *root)
{
	AUTO(buf) url = {0};
	struct json_writer w = {.buf = b};

	put_file_url(&url, root);
	json_open(&w, '{');
	json_key(&w, "roots");
	json_open(&w, '[');
	json_open(&w, '{');
	json_member_str(&w, "uri", buf_str(&url));
	json_close(&w, '}');
	json_close(&w, ']');
	json_close(&w, '}');
}

/* ---- what comes ---- */

bool mcp_get_discover(struct str result, struct err *e)
{
	struct str versions = json_get(result, "supportedVersions"), raw, version;

	if (json_type(versions) != JSON_ARRAY)
		return err_set(e, ERR_PARSE, "server/discover: no list of versions");
	json_each (versions, raw, version)
		if (json_text_is(version, MCP_MODERN_VERSION))
			return true;
	return err_set(e, ERR_PARSE, "server/discover: none of its versions is spoken here");
}

bool mcp_get_initialize(struct str result, struct str *version, struct err *e)
{
	static const char *const known[] = {
		"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", NULL};
	struct str given = json_get(result, "protocolVersion");

	for (int i = 0; known[i]; i++)
		if (json_text_is(given, known[i])) {
			*version = str_from(known[i]);
			return true;
		}
	AUTO(buf) shown = {0};
	utf8_put_line(&shown, given, 40);
	return err_set(e, ERR_PARSE, "initialize: the server speaks version %s", buf_text(&shown));
}

bool mcp_get_list(struct str result, struct mcp_tools *tools, struct arena *a, struct str *cursor,
	struct err *e)
{
	struct str list = json_get(result, "tools"), next = json_get(result, "nextCursor");

	if (json_type(list) != JSON_ARRAY)
		return err_set(e, ERR_PARSE, "tools/list: no list of tools");
	mcp_tools_add(tools, list);
	*cursor = json_type(next) == JSON_STRING ? arena_copy(a, json_text(next, a))
						 : (struct str){0};
	return true;
}

static void put_line_break(struct buf *out)
{
	if (out->n && out->p[out->n - 1] != '\n')
		buf_put_char(out, '\n');
}

/* Hidden characters too: what the model reads is what a person would see. */
static void put_text(struct buf *out, struct str text)
{
	AUTO(buf) shown = {0};

	put_line_break(out);
	utf8_put_shown(&shown, text);
	plain_put_text(out, buf_str(&shown));
}

static void put_field(struct buf *out, struct str value, size_t columns, struct arena *a)
{
	AUTO(buf) line = {0};

	utf8_put_line(&line, json_text(value, a), columns);
	buf_put_str(out, buf_str(&line));
}

/* "[image, image/png, 1234 bytes]": of what base64 says, its padding left out. */
static void put_data(
	struct buf *out, const char *what, struct str type, struct str data, struct arena *a)
{
	struct str text = json_text(data, a);
	size_t bytes = text.n / 4 * 3;

	for (size_t n = text.n; n && text.n - n < 2 && text.p[n - 1] == '='; n--)
		bytes -= bytes > 0;
	put_line_break(out);
	buf_printf(out, "[%s, ", what);
	put_field(out, type, 60, a);
	buf_printf(out, ", %zu bytes]", bytes);
}

static void put_resource(struct buf *out, struct str resource, struct arena *a)
{
	struct str text = json_get(resource, "text");

	put_line_break(out);
	buf_put_text(out, "[resource ");
	put_field(out, json_get(resource, "uri"), 400, a);
	buf_put_char(out, ']');
	if (json_type(text) == JSON_STRING)
		put_text(out, json_text(text, a));
	else
		put_data(out, "resource", json_get(resource, "mimeType"),
			json_get(resource, "blob"), a);
}

static void put_link(struct buf *out, struct str block, struct arena *a)
{
	put_line_break(out);
	buf_put_text(out, "[link to ");
	put_field(out, json_get(block, "uri"), 400, a);
	if (json_get(block, "name").p) {
		buf_put_text(out, ": ");
		put_field(out, json_get(block, "name"), 200, a);
	}
	buf_put_char(out, ']');
}

static void put_block(struct buf *out, struct str block, struct arena *a)
{
	struct str type = json_get(block, "type");

	if (json_text_is(type, "text")) {
		put_text(out, json_text(json_get(block, "text"), a));
	} else if (json_text_is(type, "image") || json_text_is(type, "audio")) {
		put_data(out, json_text_is(type, "image") ? "image" : "audio",
			json_get(block, "mimeType"), json_get(block, "data"), a);
	} else if (json_text_is(type, "resource_link")) {
		put_link(out, block, a);
	} else if (json_text_is(type, "resource")) {
		put_resource(out, json_get(block, "resource"), a);
	} else {
		put_line_break(out);
		buf_put_text(out, "[content of a kind that is not known: ");
		put_field(out, type, 60, a);
		buf_put_char(out, ']');
	}
}

static void cut(struct buf *out)
{
	if (out->n <= MCP_RESULT_MAX_BYTES)
		return;
	buf_cut(out, utf8_head(buf_str(out), MCP_RESULT_MAX_BYTES).n);
	buf_printf(out, "\n[cut after %d KB]", MCP_RESULT_MAX_BYTES >> 10);
}

bool mcp_get_result(struct str result, struct buf *out)
{
	struct str content = json_get(result, "content"), raw, block,
		   structured = json_get(result, "structuredContent");
	struct arena a = {0};

	if (json_text_is(json_get(result, "resultType"), "input_required")) {
		buf_put_text(out, "the server asks for input (a person's answer, or a model's), "
				  "which is not given here; call it with all it needs");
		return false;
	}
	json_each (content, raw, block) {
		if (json_type(block) == JSON_OBJECT)
			put_block(out, block, &a);
		/* Enough to be cut; the rest is not even decoded. */
		if (out->n > 4 * MCP_RESULT_MAX_BYTES)
			break;
	}
	if (!out->n && structured.p) {
		AUTO(buf) compact = {0};
		json_put_compact(&compact, structured);
		put_text(out, buf_str(&compact));
	}
	arena_release(&a);
	cut(out);
	return !json_bool_or(json_get(result, "isError"), false);
}

int64_t mcp_get_progress(struct str params)
{
	return json_int_or(json_get(params, "progressToken"), 0);
}
