// SPDX-License-Identifier: MIT
/* The table of keys for other programs (JSON Schema) and for people (a Markdown table). */
#include <stdio.h>

#include "base/json.h"
#include "base/money.h"
#include "cmd/config.h"

static void put_object(struct json_writer *w, const struct conf_key *table, bool is_top);

static void put_description(struct json_writer *w, const struct conf_key *key)
{
	AUTO(buf) text = {0};

	buf_put_text(&text, key->brief);
	if (key->unit)
		buf_printf(&text, " (%s)", key->unit);
	if (key->flags & CONF_USER_ONLY)
		buf_put_text(&text, "; counts in the user's own files only");
	json_member_str(w, "description", buf_str(&text));
}

static void put_type(struct json_writer *w, const char *name)
{
	json_member_text(w, "type", name);
}

/* A word of the list, or one that a variable gives. */
static void put_choices(struct json_writer *w, const char *const *choices)
{
	json_key(w, "anyOf");
	json_open(w, '[');
	json_open(w, '{');
	json_key(w, "enum");
	json_open(w, '[');
	for (; *choices; choices++)
		json_put_text(w, *choices);
	json_close(w, ']');
	json_close(w, '}');
	json_open(w, '{');
	json_member_text(w, "pattern", "\\$\\{");
	json_close(w, '}');
	json_close(w, ']');
}

static void put_number(struct json_writer *w, const struct conf_key *key)
{
	put_type(w, "integer");
	json_member_int(w, "minimum", key->minimum);
	json_member_int(w, "maximum", key->maximum);
}

static void put_inner(struct json_writer *w, const struct conf_key *key)
{
	bool is_words = key->type == CONF_WORDS, is_list = is_words || key->type == CONF_LIST;

	put_type(w, is_list ? "array" : "object");
	if (key->type == CONF_OBJECT)
		return;
	json_key(w, is_list ? "items" : "additionalProperties");
	if (key->type == CONF_MAP) {
		put_object(w, key->members, false);
		return;
	}
	json_open(w, '{');
	put_type(w, "string");
	if (is_list && !is_words)
		json_member_text(w, "pattern", "^[^,]+$");
	json_close(w, '}');
}

static void put_fallback(struct json_writer *w, const struct conf_key *key)
{
	if (!key->fallback)
		return;
	json_key(w, "default");
	if (key->type == CONF_STRING)
		json_put_text(w, key->fallback);
	else
		json_put_raw(w, str_from(key->fallback));
}

static void put_key(struct json_writer *w, const struct conf_key *key)
{
	json_key(w, key->name);
	json_open(w, '{');
	put_description(w, key);
	switch (key->type) {
	case CONF_STRING:
		put_type(w, "string");
		json_member_int(w, "minLength", 1);
		if (key->choices)
			put_choices(w, key->choices);
		break;
	case CONF_BOOL: put_type(w, "boolean"); break;
	case CONF_MONEY:
		put_type(w, "number");
		json_member_int(w, "minimum", 0);
		json_member_int(w, "maximum", MONEY_MAX_USD);
		break;
	case CONF_INT:
	case CONF_SECONDS: put_number(w, key); break;
	default: put_inner(w, key);
	}
	put_fallback(w, key);
	json_close(w, '}');
}

static void put_object(struct json_writer *w, const struct conf_key *table, bool is_top)
{
	json_open(w, '{');
	if (is_top) {
		json_member_text(w, "$schema", "https://json-schema.org/draft/2020-12/schema");
		json_member_text(w, "title", "fettle's config.json and .fettle.json");
	}
	put_type(w, "object");
	json_key(w, "properties");
	json_open(w, '{');
	if (is_top) {
		json_key(w, "$schema");
		json_open(w, '{');
		put_type(w, "string");
		json_close(w, '}');
	}
	for (; table->name; table++)
		put_key(w, table);
	json_close(w, '}');
	json_member_bool(w, "additionalProperties", false);
	json_close(w, '}');
}

void config_schema(struct buf *out)
{
	AUTO(buf) b = {0};
	struct json_writer w = {.buf = &b};

	put_object(&w, settings_keys, true);
	json_put_pretty(out, buf_str(&b));
	buf_put_char(out, '\n');
}

/* ---- the table for people ---- */

static void put_holds(const struct conf_key *key, struct buf *out)
{
	bool is_number = key->type == CONF_INT || key->type == CONF_SECONDS;

	if (is_number)
		buf_printf(out, "%lld to %lld %s", (long long)key->minimum, (long long)key->maximum,
			key->unit);
	else if (!key->choices)
		buf_put_text(out, conf_type_name(key->type));
	for (const char *const *choice = key->choices; choice && *choice; choice++)
		buf_printf(out, "%s`%s`", choice == key->choices ? "" : ", ", *choice);
}

static void put_row(const char *map, const char *name, const struct conf_key *key, struct buf *out)
{
	AUTO(arena) a = {0};
	struct str variable = map ? (struct str){0} : settings_variable(key, &a);

	buf_printf(out, "| `%s%s%s%s%s` | ", map ? map : "", map ? "." : "", name, map ? "." : "",
		key->name);
	put_holds(key, out);
	buf_printf(out, " | %s | ", key->fallback ? key->fallback : "");
	if (key->option)
		buf_printf(out, "`--%s`", key->option);
	if (key->option && variable.p)
		buf_put_text(out, ", ");
	if (variable.p)
		buf_printf(out, "`%.*s`", STR_ARG(variable));
	buf_printf(out, " | %s | %s |\n", key->flags & CONF_USER_ONLY ? "user" : "anybody",
		key->brief);
}

void config_keys(struct buf *out)
{
	buf_put_text(out, "| key | holds | default | option, variable | set by | what it says |\n"
			  "|---|---|---|---|---|---|\n");
	for (const struct conf_key *key = settings_keys; key->name; key++)
		if (key->type != CONF_MAP)
			put_row(NULL, "", key, out);
	for (const struct conf_key *map = settings_keys; map->name; map++)
		for (const struct conf_key *key = map->members; key && key->name; key++) {
			struct conf_key shown = *key;
			shown.flags |= map->flags;
			put_row(map->name, "NAME", &shown, out);
		}
}
