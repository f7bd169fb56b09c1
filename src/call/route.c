// SPDX-License-Identifier: MIT
/* route: which model answers, where it lives, and why. */
#include <stdio.h>
#include <string.h>

#include "call/call.h"

struct provider {
	const char *name;
	const struct wire *wire;
	const char *default_model;
	bool base_has_version; /* the base URL ends in /v1, as its users write it */
};

/* In the order in which their keys are looked for. */
static const struct provider providers[] = {
	{"anthropic", &wire_anthropic, "claude-sonnet-5-5", false},
	{"openai", &wire_openai, "gpt-6.1-terra", true},
	{0},
};

/* Enough for any model that is not in the catalogue, and a sane ceiling for one that is. */
enum { CONNECT_MS = 10'000, FIRST_BYTE_MS = 300'000, IDLE_MS = 120'000 };

static const char *set_value(const struct route_wish *wish, const char *name)
{
	const char *value = wish->environment(name);

	return value && *value ? value : NULL;
}

static bool choose_offline(struct route *out, const char *why)
{
	*out = (struct route){.provider = STR("offline"),
		.model_id = STR("extract"),
		.name = STR(OFFLINE_MODEL),
		.key = STR("")};
	snprintf(out->why, sizeof out->why, "%s", why);
	return true;
}

static struct str host_of(struct str url)
{
	size_t start = str_find(url, STR("://"), 0);
	struct str rest = str_skip(url, start == SIZE_MAX ? 0 : start + 3);
	struct str authority = str_head(rest, str_find_char(rest, '/', 0));

	if (authority.n && authority.p[0] == '[')
		return str_head(authority, str_find_char(authority, ']', 0));
	return str_head(authority, str_find_char(authority, ':', 0));
}

/* "http://host[:port][/path]" without a trailing slash, with or without /v1 as the wire wants it.
 */
static bool full_url(
	const struct provider *p, struct str base, struct arena *a, const char **url, struct err *e)
{
	/* What may be a secret is not repeated in the sentence. */
	if (str_find_char(base, '@', 0) != SIZE_MAX || str_find_char(base, '?', 0) != SIZE_MAX ||
		str_find_char(base, '#', 0) != SIZE_MAX)
		return err_set(e, ERR_USAGE,
			"the base URL may not hold a name, a password or a query (@, ? or #)");
	if (!str_starts(base, STR("http://")) && !str_starts(base, STR("https://")))
		return err_set(e, ERR_USAGE,
			"base URL %.*s: it must begin with http:// or https://", STR_ARG(base));
	if (host_of(base).n == 0 || str_find_char(base, ' ', 0) != SIZE_MAX)
		return err_set(
			e, ERR_USAGE, "base URL %.*s: no host, or a space in it", STR_ARG(base));
	while (base.n && base.p[base.n - 1] == '/')
		base.n--;
	bool has_version = str_ends(base, STR("/v1"));
	if (has_version && !p->base_has_version)
		base.n -= 3;
	size_t path = str_find_char(base, '/', 8);
	const char *add = p->base_has_version && !has_version && path == SIZE_MAX ? "/v1" : "";
	*url = arena_printf(a, "%.*s%s%s", STR_ARG(base), add, p->wire->path).p;
	return true;
}

static bool fill(const struct provider *p, struct str model_id, const struct route_wish *wish,
	struct arena *a, struct route *out, struct err *e)
{
	struct route r = {.provider = str_from(p->name),
		.wire = p->wire,
		.limits = {CONNECT_MS, FIRST_BYTE_MS, IDLE_MS}};
	const char *base =
		wish->base_url ? wish->base_url : set_value(wish, p->wire->base_variable);
	const char *key = set_value(wish, p->wire->key_variable);
	struct str base_url = str_from(base ? base : p->wire->base_url);

	if (!full_url(p, base_url, a, &r.url, e))
		return false;
	if (!key && !base)
		return err_set(e, ERR_USAGE, "model %s/%.*s needs %s in the environment", p->name,
			STR_ARG(model_id), p->wire->key_variable);
	r.key = str_from(key ? key : "");
	for (size_t i = 0; i < r.key.n; i++)
		if ((unsigned char)r.key.p[i] <= ' ' || (unsigned char)r.key.p[i] > '~')
			return err_set(e, ERR_USAGE,
				"%s: not a key: it has a space, a control "
				"character or a character beyond ASCII in it",
				p->wire->key_variable);
	r.model_id = arena_copy(a, model_id);
	r.name = arena_printf(a, "%s/%.*s", p->name, STR_ARG(model_id));
	r.is_in_catalog = catalog_find(r.provider, r.model_id, &r.model);
	*out = r;
	return true;
}

static const struct provider *provider_named(struct str name)
{
	for (const struct provider *p = providers; p->name; p++)
		if (str_is(name, p->name))
			return p;
	return NULL;
}

/* A bare model name: the provider that the catalogue has it under. */
static const struct provider *provider_of_model(struct str model_id)
{
	struct model found;

	for (const struct provider *p = providers; p->name; p++)
		if (catalog_find(str_from(p->name), model_id, &found))
			return p;
	return NULL;
}

static bool choose_named(
	const struct route_wish *wish, struct arena *a, struct route *out, struct err *e)
{
	struct str name = str_from(wish->model);
	size_t slash = str_find_char(name, '/', 0);
	const struct provider *p;

	if (str_is(name, "offline") || str_is(name, OFFLINE_MODEL))
		return choose_offline(out, "--model names it");
	if (slash == SIZE_MAX) {
		p = provider_of_model(name);
		if (!p)
			return err_set(e, ERR_USAGE,
				"--model %.*s: not in the catalogue; write "
				"provider/model (anthropic/..., openai/..., offline)",
				STR_ARG(name));
	} else {
		p = provider_named(str_head(name, slash));
		if (!p)
			return err_set(e, ERR_USAGE,
				"--model %.*s: unknown provider %.*s (known: "
				"anthropic, openai, offline)",
				STR_ARG(name), STR_ARG(str_head(name, slash)));
		name = str_skip(name, slash + 1);
	}
	if (name.n == 0)
		return err_set(e, ERR_USAGE, "--model %s: no model named", wish->model);
	if (!fill(p, name, wish, a, out, e))
		return false;
	snprintf(out->why, sizeof out->why, "--model names it");
	return true;
}

bool route_choose(const struct route_wish *wish, struct arena *a, struct route *out, struct err *e)
{
	if (wish->model)
		return choose_named(wish, a, out, e);
	if (wish->base_url)
		return err_set(e, ERR_USAGE, "--base-url needs --model provider/model");
	const struct provider *p = providers;
	while (p->name && !set_value(wish, p->wire->key_variable))
		p++;
	const char *variable = p->name ? p->wire->key_variable : NULL;
	/* No key at all: a local server that needs none? */
	for (p = variable ? p : providers; p->name && !variable; p++)
		if (set_value(wish, p->wire->base_variable))
			break;
	if (!p->name)
		return choose_offline(out, "no key and no --model given");
	if (!fill(p, str_from(p->default_model), wish, a, out, e))
		return false;
	snprintf(out->why, sizeof out->why, "%s is set",
		variable ? variable : p->wire->base_variable);
	return true;
}
