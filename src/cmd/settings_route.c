// SPDX-License-Identifier: MIT
/* What settings say about providers and models, as the wish that a route is chosen by. */
#include <stdio.h>
#include <string.h>

#include "cmd/settings.h"

/* What a request is made of is not for settings. */
static const char *const fixed_headers[] = {"accept", "connection", "content-length",
	"content-type", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade", NULL};

static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool check_header(
	const struct conf_value *v, struct str name, struct str value, struct err *e)
{
	bool is_token = name.n > 0;

	for (size_t i = 0; i < name.n; i++)
		is_token = is_token && is_token_char(name.p[i]);
	for (const char *const *fixed = fixed_headers; *fixed; fixed++)
		if (str_eq_nocase(name, str_from(*fixed)))
			return err_set(e, ERR_USAGE, "%s:%d: header %s cannot be set", v->file,
				v->line, *fixed);
	if (!is_token)
		return err_set(e, ERR_USAGE,
			"%s:%d: a header's name is empty or has a character "
			"in it that names have not",
			v->file, v->line);
	for (size_t i = 0; i < value.n; i++)
		if (((unsigned char)value.p[i] < ' ' && value.p[i] != '\t') || value.p[i] == '\x7f')
			return err_set(e, ERR_USAGE,
				"%s:%d: header %.*s has a control character in it", v->file,
				v->line, STR_ARG(str_head(name, 60)));
	return true;
}

static bool put_headers(
	struct settings *s, const struct conf_value *v, struct provider_wish *wish, struct err *e)
{
	struct header *headers = arena_alloc(&s->arena, v->item_count / 2 + 1, sizeof *headers);

	for (size_t i = 0; i + 1 < v->item_count; i += 2) {
		if (!check_header(v, v->items[i], v->items[i + 1], e))
			return false;
		headers[i / 2] =
			(struct header){arena_text(&s->arena, v->items[i]), v->items[i + 1]};
	}
	wish->headers = headers;
	return true;
}

static bool check_provider_name(const struct conf_value *v, struct err *e)
{
	for (size_t i = 0; i < v->name.n; i++) {
		char c = v->name.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
			!strchr("-_.", c))
			return err_set(e, ERR_USAGE,
				"%s:%d: providers: a name is letters, digits, - _ and .", v->file,
				v->line);
	}
	return str_is(v->name, "offline")
		       ? err_set(e, ERR_USAGE, "%s:%d: providers: offline is no provider", v->file,
				 v->line)
		       : true;
}

static bool put_provider(
	struct settings *s, const struct conf_value *v, struct provider_wish *wish, struct err *e)
{
	struct str key = str_from(v->key->name);

	if (str_is(key, "api_key")) {
		wish->key = arena_text(&s->arena, v->text);
		wish->key_name = arena_printf(&s->arena, "%s:%d", v->file, v->line).p;
	} else if (str_is(key, "base_url")) {
		wish->base_url = arena_text(&s->arena, v->text);
	} else if (str_is(key, "headers")) {
		return put_headers(s, v, wish, e);
	} else if (str_is(key, "wire")) {
		wish->wire = wire_find(v->text);
	} else if (str_is(key, "dialect")) {
		wish->dialect = dialect_find(v->text);
	} else if (str_is(key, "api_version")) {
		wish->api_version = v->text;
		return check_header(v, STR("anthropic-version"), v->text, e);
	} else if (str_is(key, "bearer")) {
		wish->bearer = str_is(v->text, "true") ? BEARER_YES : BEARER_NO;
	} else if (str_is(key, "routing")) {
		wish->routing = v->text;
	}
	return true;
}

static void put_model(const struct conf_value *v, struct model_wish *wish)
{
	struct str key = str_from(v->key->name);
	int64_t *number = str_is(key, "context_tokens")      ? &wish->context_tokens
			  : str_is(key, "max_output_tokens") ? &wish->max_output_tokens
							     : NULL;

	if (str_is(key, "effort"))
		wish->effort = v->text;
	else if (number && !str_int(v->text, number))
		*number = 0;
}

/* How often the map's objects are named; a place for each of its names is enough. */
static size_t count_members(const struct settings *s, const char *map)
{
	size_t n = 0;

	vec_each (&s->conf.values, v)
		n += v->map && str_is(str_from(v->map->name), map);
	return n;
}

static bool put_providers(struct settings *s, struct route_wish *wish, struct err *e)
{
	struct provider_wish *all =
		arena_alloc(&s->arena, count_members(s, "providers"), sizeof *all);
	size_t n = 0;

	vec_each (&s->conf.values, v) {
		size_t i = 0;
		if (!v->map || !str_is(str_from(v->map->name), "providers"))
			continue;
		if (!check_provider_name(v, e))
			return false;
		while (i < n && !str_eq(all[i].name, v->name))
			i++;
		n += i == n;
		all[i].name = v->name;
		if (!put_provider(s, v, &all[i], e))
			return false;
	}
	wish->providers = all;
	wish->provider_count = n;
	return true;
}

/* The nearest file's word stands: what is read first is not overwritten. */
static void put_models(struct settings *s, struct route_wish *wish)
{
	struct model_wish *all = arena_alloc(&s->arena, count_members(s, "models"), sizeof *all);
	size_t n = 0;

	for (size_t k = s->conf.values.n; k-- > 0;) {
		const struct conf_value *v = &s->conf.values.p[k];
		size_t i = 0;
		if (!v->map || !str_is(str_from(v->map->name), "models"))
			continue;
		while (i < n && !str_eq(all[i].name, v->name))
			i++;
		n += i == n;
		all[i].name = v->name;
		put_model(v, &all[i]);
	}
	wish->models = all;
	wish->model_count = n;
}

/* What was said nearer than in a file goes before what files say of single models. */
static struct model_wish *wish_of(struct route_wish *wish, enum origin origin)
{
	return origin >= ORIGIN_ENVIRONMENT ? &wish->firm : &wish->usual;
}

bool settings_wish(struct settings *s, struct route_wish *wish, struct err *e)
{
	struct setting effort = settings_get(s, "effort");
	struct setting tokens = settings_get(s, "max_output_tokens");
	int64_t number;

	if (!put_providers(s, wish, e)) {
		e->code = ERR_PARSE;
		return false;
	}
	put_models(s, wish);
	if (effort.origin)
		wish_of(wish, effort.origin)->effort = effort.text;
	if (str_int(tokens.text, &number))
		wish_of(wish, tokens.origin)->max_output_tokens = number;
	return true;
}
