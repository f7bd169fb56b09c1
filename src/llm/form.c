// SPDX-License-Identifier: MIT
/*
 * form: the schema of an answer as providers take it. Those that compile it to a grammar refuse
 * requests for schemas beyond their subset; what is not surely within goes out without a promise,
 * or not at all, as the answer is checked in the end anyway.
 */
#include "llm/inside.h"

/* What every provider that compiles schemas takes. */
static const char *const plain_keywords[] = {"type", "properties", "required",
	"additionalProperties", "items", "enum", "const", "anyOf", "$ref", "$defs", "definitions",
	"title", "description"};

struct form {
	struct str root;
	bool wants_all; /* members to be required */
	int steps_left;
};

enum { STEPS_MAX = 20'000 };

static bool is_plain_keyword(struct str key)
{
	for (size_t i = 0; i < sizeof plain_keywords / sizeof plain_keywords[0]; i++)
		if (json_key_is(key, plain_keywords[i]))
			return true;
	return false;
}

static bool names_object(struct str type)
{
	struct str key, item;

	if (json_text_is(type, "object"))
		return true;
	json_each (type, key, item)
		if (json_text_is(item, "object"))
			return true;
	return false;
}

/* Names in required come once, and none but members': it has been checked as a schema. */
static bool is_closed_object(const struct form *f, struct str schema)
{
	struct str additional = json_get(schema, "additionalProperties");

	return json_type(additional) == JSON_BOOL && !json_bool_or(additional, true) &&
	       (!f->wants_all || json_count(json_get(schema, "required")) ==
					 json_count(json_get(schema, "properties")));
}

static bool is_within(struct form *f, struct str schema);

static bool are_within(struct form *f, struct str container)
{
	struct str key, item;

	json_each (container, key, item)
		if (!is_within(f, item))
			return false;
	return true;
}

static bool is_within(struct form *f, struct str schema)
{
	struct str key, value;
	bool is_object = names_object(json_get(schema, "type")) || json_get(schema, "properties").p;

	if (json_type(schema) != JSON_OBJECT || f->steps_left-- <= 0)
		return false;
	json_each (schema, key, value)
		if (!is_plain_keyword(key))
			return false;
	struct str items = json_get(schema, "items");
	return (!is_object || is_closed_object(f, schema)) && (!items.p || is_within(f, items)) &&
	       are_within(f, json_get(schema, "properties")) &&
	       are_within(f, json_get(schema, "anyOf")) &&
	       are_within(f, json_get(schema, "$defs")) &&
	       are_within(f, json_get(schema, "definitions"));
}

/* Follows references, JSON's own depth at most: what goes on beyond comes round again. */
static bool comes_round(struct form *f, struct str value, int depth)
{
	struct str key, item;
	AUTO(arena) a = {0};

	if (depth > JSON_DEPTH_MAX || f->steps_left-- <= 0)
		return true;
	json_each (value, key, item) {
		bool is_reference = key.p && json_key_is(key, "$ref");
		struct str text = is_reference ? json_text(item, &a) : STR("");
		if (str_find_char(text, '%', 0) != SIZE_MAX)
			return true;
		struct str next = text.n ? json_pointer(f->root, str_skip(text, 1)) : item;
		if (comes_round(f, next, depth + 1))
			return true;
	}
	return false;
}

bool form_is_object(struct str schema)
{
	return json_text_is(json_get(schema, "type"), "object");
}

bool form_is_strict(struct str schema)
{
	struct form f = {schema, true, STEPS_MAX};

	return form_is_object(schema) && is_within(&f, schema);
}

bool form_is_closed(struct str schema)
{
	struct form f = {schema, false, STEPS_MAX};

	return form_is_object(schema) && is_within(&f, schema) && !comes_round(&f, schema, 0);
}

void form_put(struct json_writer *w, const struct prompt *p)
{
	json_member_str(w, "name", p->schema_name.n ? p->schema_name : STR("answer"));
	json_key(w, "schema");
	json_put_raw(w, p->schema);
	json_member_bool(w, "strict", form_is_strict(p->schema));
}

void form_get(struct str format, struct str schema_and_name, struct arena *a, struct prompt *out)
{
	struct str schema = json_get(schema_and_name, "schema");

	if (!json_text_is(json_get(format, "type"), "json_schema") ||
		json_type(schema) != JSON_OBJECT)
		return;
	out->schema = schema;
	out->schema_name = text_or_empty(schema_and_name, "name", a);
}
