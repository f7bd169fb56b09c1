// SPDX-License-Identifier: MIT
/* Every setting with its value and where it came from. */
#include <stdio.h>

#include "base/json.h"
#include "base/utf8.h"
#include "cmd/config.h"

struct row {
	struct str key, value; /* the value as JSON */
	enum origin origin;
	const char *where;
};

struct table {
	struct settings *settings;
	struct arena *arena;
	VEC(struct row) rows;
};

static const char *const origin_names[] = {
	[ORIGIN_NONE] = "none",
	[ORIGIN_DEFAULT] = "default",
	[ORIGIN_FILE] = "file",
	[ORIGIN_ENVIRONMENT] = "environment",
	[ORIGIN_PRESET] = "preset",
	[ORIGIN_OPTION] = "option",
};

/* Credentials in a URL are refused when it is used; here they may still stand in it. */
static struct str shown_text(const struct conf_key *key, struct str text, struct arena *a)
{
	bool is_secret = key->flags & CONF_SECRET;
	bool may_hold_one = (key->flags & CONF_USER_ONLY) &&
			    (str_contains(text, STR("@")) || str_contains(text, STR("?")));

	return is_secret ? conf_masked(text, a) : may_hold_one ? STR("****") : text;
}

static void put_items(struct json_writer *w, const struct conf_key *key, const struct conf_value *v,
	struct arena *a)
{
	if (key->type == CONF_STRINGS) {
		json_open(w, '{');
		for (size_t i = 0; i + 1 < v->item_count; i += 2) {
			json_key_str(w, v->items[i]);
			json_put_str(w, shown_text(key, v->items[i + 1], a));
		}
		json_close(w, '}');
		return;
	}
	json_open(w, '[');
	for (size_t i = 0; i < v->item_count; i++)
		json_put_str(w, shown_text(key, v->items[i], a));
	json_close(w, ']');
}

static struct str value_json(
	const struct conf_key *key, const struct conf_value *v, struct arena *a)
{
	AUTO(buf) b = {0};
	struct json_writer w = {.buf = &b};

	switch (key->type) {
	case CONF_INT:
	case CONF_SECONDS:
	case CONF_MONEY:
	case CONF_BOOL:
	case CONF_OBJECT: json_put_raw(&w, v->text); break;
	case CONF_LIST:
	case CONF_WORDS:
	case CONF_STRINGS: put_items(&w, key, v, a); break;
	default: json_put_str(&w, shown_text(key, v->text, a));
	}
	return arena_copy(a, buf_str(&b));
}

static void add_row(
	struct table *t, struct str key, struct str value, enum origin origin, const char *where)
{
	vec_push(&t->rows, (struct row){key, value, origin, where});
}

/* An option's word: what it says is judged when it is used. */
static struct str word_json(const struct conf_key *key, struct str word, struct arena *a)
{
	struct conf_value v;
	AUTO(buf) quoted = {0};
	struct err e;

	if (conf_from_word(key, word, a, &v, &e))
		return value_json(key, &v, a);
	json_quote(&quoted, word);
	return arena_copy(a, buf_str(&quoted));
}

static void add_key(struct table *t, const struct conf_key *key)
{
	struct setting found = settings_get(t->settings, key->name);
	struct conf_value v = {.text = found.text,
		.items = (struct str *)found.items,
		.item_count = found.item_count};
	bool is_word = found.origin == ORIGIN_OPTION || found.origin == ORIGIN_DEFAULT;

	if (found.origin == ORIGIN_NONE)
		add_row(t, str_from(key->name), STR("null"), ORIGIN_NONE, "");
	else
		add_row(t, str_from(key->name),
			is_word ? word_json(key, found.text, t->arena)
				: value_json(key, &v, t->arena),
			found.origin, found.where);
}

static bool has_row(const struct table *t, struct str key)
{
	vec_each (&t->rows, row)
		if (str_eq(row->key, key))
			return true;
	return false;
}

static void add_variable(struct table *t, struct str provider, const char *name, const char *member)
{
	const char *value = t->settings->environment(name);
	struct str key = arena_printf(t->arena, "providers.%.*s.%s", STR_ARG(provider), member);
	const struct conf_key *providers = conf_key_find(settings_keys, STR("providers"));

	if (value && *value && !has_row(t, key))
		add_row(t, key,
			word_json(conf_key_find(providers->members, str_from(member)),
				str_from(value), t->arena),
			ORIGIN_ENVIRONMENT, name);
}

static void add_provider(
	void *self, const char *name, const char *key_variable, const char *base_variable)
{
	add_variable(self, str_from(name), key_variable, "api_key");
	add_variable(self, str_from(name), base_variable, "base_url");
}

static void add_member(struct table *t, const struct conf_value *v)
{
	struct str key =
		arena_printf(t->arena, "%s.%.*s.%s", v->map->name, STR_ARG(v->name), v->key->name);

	if (str_is(str_from(v->map->name), "providers")) {
		add_variable(t, v->name, route_variable(v->name, "_API_KEY", t->arena), "api_key");
		add_variable(
			t, v->name, route_variable(v->name, "_BASE_URL", t->arena), "base_url");
	}
	if (!has_row(t, key))
		add_row(t, key, value_json(v->key, v, t->arena), ORIGIN_FILE,
			arena_printf(t->arena, "%s:%d", v->file, v->line).p);
}

static void put_json(const struct table *t, struct buf *out)
{
	AUTO(buf) b = {0};
	struct json_writer w = {.buf = &b};

	json_open(&w, '{');
	json_key(&w, "settings");
	json_open(&w, '[');
	vec_each (&t->rows, row) {
		json_open(&w, '{');
		json_member_str(&w, "key", row->key);
		json_key(&w, "value");
		json_put_raw(&w, row->value);
		json_member_text(&w, "origin", origin_names[row->origin]);
		json_member_text(&w, "where", row->where);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	json_close(&w, '}');
	json_put_pretty(out, buf_str(&b));
	buf_put_char(out, '\n');
}

static void put_text(const struct table *t, struct buf *out)
{
	vec_each (&t->rows, row) {
		AUTO(buf) line = {0};
		AUTO(buf) shown = {0};
		bool is_none = row->origin == ORIGIN_NONE;
		utf8_put_line(&shown, is_none ? STR("-") : row->value, 60);
		buf_printf(&line, "%-28.*s %-28s %s", STR_ARG(row->key), buf_text(&shown),
			is_none ? "not set" : row->where);
		utf8_put_line(out, str_trim(buf_str(&line)), 1000);
		buf_put_char(out, '\n');
	}
}

void config_show(struct settings *s, bool as_json, struct buf *out)
{
	AUTO(arena) a = {0};
	struct table t = {.settings = s, .arena = &a};

	for (const struct conf_key *key = settings_keys; key->name; key++)
		if (key->type != CONF_MAP)
			add_key(&t, key);
	route_each_provider(add_provider, &t);
	vec_each (&s->conf.values, v)
		if (v->map)
			add_member(&t, v);
	if (as_json)
		put_json(&t, out);
	else
		put_text(&t, out);
	vec_release(&t.rows);
}
