// SPDX-License-Identifier: MIT
#include "agent/mcp/schema.h"

#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

struct writer {
	struct json_writer json;
	struct arena arena; /* decoded texts */
};

static bool put_value(struct writer *w, struct str value, int depth, struct err *e);

static void put_text(struct writer *w, struct str text)
{
	AUTO(buf) shown = {0};

	utf8_put_shown(&shown, text);
	json_put_str(&w->json, buf_str(&shown));
}

static bool put_key(struct writer *w, struct str raw, struct str value, struct err *e)
{
	AUTO(buf) shown = {0};
	struct str key = json_text(raw, &w->arena);

	utf8_put_shown(&shown, key);
	if (!str_eq(buf_str(&shown), key))
		return err_set(e, ERR_PARSE, "hidden characters in a name of its schema");
	/* A property may be called $ref; then it is a schema, and no text. */
	if (str_is(key, "$ref") && json_type(value) == JSON_STRING &&
		!str_starts(json_text(value, &w->arena), STR("#")))
		return err_set(e, ERR_PARSE, "its schema refers to another place");
	json_key_str(&w->json, key);
	return true;
}

static bool put_parts(struct writer *w, struct str value, int depth, struct err *e)
{
	bool is_object = json_type(value) == JSON_OBJECT;
	struct str raw, part;

	if (depth > MCP_SCHEMA_DEPTH_MAX)
		return err_set(e, ERR_PARSE, "a schema deeper than %d", MCP_SCHEMA_DEPTH_MAX);
	json_open(&w->json, is_object ? '{' : '[');
	json_each (value, raw, part)
		if ((is_object && !put_key(w, raw, part, e)) || !put_value(w, part, depth + 1, e))
			return false;
	json_close(&w->json, is_object ? '}' : ']');
	return true;
}

static bool put_value(struct writer *w, struct str value, int depth, struct err *e)
{
	switch (json_type(value)) {
	case JSON_OBJECT:
	case JSON_ARRAY: return put_parts(w, value, depth, e);
	case JSON_STRING: put_text(w, json_text(value, &w->arena)); return true;
	default: json_put_raw(&w->json, str_trim(value)); return true;
	}
}

static bool is_left_out(struct str raw)
{
	static const char *const names[] = {
		"$schema", "anyOf", "oneOf", "allOf", "not", "enum", "type", NULL};

	for (int i = 0; names[i]; i++)
		if (json_key_is(raw, names[i]))
			return true;
	return false;
}

static bool check_top(struct str schema, struct err *e)
{
	struct str type = json_get(schema, "type"), properties = json_get(schema, "properties"),
		   required = json_get(schema, "required"), raw, item;

	if (json_type(schema) != JSON_OBJECT || (type.p && !json_text_is(type, "object")))
		return err_set(e, ERR_PARSE, "its schema is not an object's");
	if (properties.p && json_type(properties) != JSON_OBJECT)
		return err_set(e, ERR_PARSE, "its schema's properties are no object");
	if (required.p && json_type(required) != JSON_ARRAY)
		return err_set(e, ERR_PARSE, "its schema's required is no list");
	json_each (required, raw, item)
		if (json_type(item) != JSON_STRING)
			return err_set(e, ERR_PARSE, "its schema's required is no list of names");
	json_each (properties, raw, item)
		if (json_type(item) != JSON_OBJECT && json_type(item) != JSON_BOOL)
			return err_set(e, ERR_PARSE, "a property of its schema is no schema");
	return true;
}

static bool put_top(struct writer *w, struct str schema, struct err *e)
{
	struct str raw, value;

	json_open(&w->json, '{');
	json_member_text(&w->json, "type", "object");
	json_each (schema, raw, value)
		if (!is_left_out(raw) && (!put_key(w, raw, value, e) || !put_value(w, value, 2, e)))
			return false;
	if (!json_get(schema, "properties").p) {
		json_key(&w->json, "properties");
		json_open(&w->json, '{');
		json_close(&w->json, '}');
	}
	json_close(&w->json, '}');
	return true;
}

bool mcp_schema_put(struct buf *out, struct str schema, struct err *e)
{
	struct writer w = {.json = {.buf = out}};
	bool good = check_top(schema, e) && put_top(&w, schema, e);

	arena_release(&w.arena);
	return good;
}

/* ---- arguments as headers ---- */

static bool is_header_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
			c != '-' && c != '_')
			return false;
	}
	return name.n > 0 && name.n <= 64;
}

static bool is_simple(struct str property)
{
	static const char *const types[] = {"string", "number", "integer", "boolean", NULL};

	for (int i = 0; types[i]; i++)
		if (json_text_is(json_get(property, "type"), types[i]))
			return true;
	return false;
}

static bool check_header(const struct mcp_header *all, size_t count, struct str name,
	struct str property, struct err *e)
{
	if (!is_header_name(name) || !is_simple(property))
		return err_set(e, ERR_PARSE, "an x-mcp-header of its schema is wrong");
	for (size_t i = 0; i < count; i++)
		if (str_eq_nocase(all[i].name, name))
			return err_set(e, ERR_PARSE, "an x-mcp-header of its schema comes twice");
	return count < MCP_HEADERS_MAX ||
	       err_set(e, ERR_LIMIT, "more than %d x-mcp-header", MCP_HEADERS_MAX);
}

bool mcp_schema_headers(struct str schema, struct arena *a, const struct mcp_header **headers,
	size_t *count, struct err *e)
{
	struct mcp_header found[MCP_HEADERS_MAX];
	struct str raw, property;
	size_t n = 0;

	json_each (json_get(schema, "properties"), raw, property) {
		struct str value = json_get(property, "x-mcp-header");
		if (!value.p)
			continue;
		struct str name = json_text(value, a);
		if (!check_header(found, n, name, property, e))
			return false;
		found[n++] =
			(struct mcp_header){arena_copy(a, json_text(raw, a)), arena_copy(a, name)};
	}
	struct mcp_header *kept = arena_alloc(a, n + 1, sizeof *kept);
	if (n)
		memcpy(kept, found, n * sizeof *kept);
	*headers = kept;
	*count = n;
	return true;
}
