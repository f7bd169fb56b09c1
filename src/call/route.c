// SPDX-License-Identifier: MIT
/* route: which model answers, where it lives, and why. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/must.h"
#include "call/call.h"

struct provider {
	const char *name;
	const struct wire *wire;
	const char *dialect; /* of the openai wire */
	const char *key_variable, *base_variable;
	const char *models[SIZE_COUNT]; /* NULL: it is not chosen unless it is named */
	const char *catalog; /* the provider's name in the catalogue, NULL: as here */
	bool base_has_version; /* the base URL ends in /v1, as its users write it */
	bool is_local; /* no key is needed, and the base may be a bare host:port */
	const char *token_variable; /* in place of the key, sent as Authorization: Bearer; NULL */
	bool is_sought; /* where its server usually listens, when nothing names a model */
};

/* In the order in which their keys are looked for. */
static const struct provider providers[] = {
	{"anthropic", &wire_anthropic, NULL, "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL",
		{"claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-5-5"}, NULL, false, false,
		"ANTHROPIC_AUTH_TOKEN"},
	{"openai", &wire_openai, "openai", "OPENAI_API_KEY", "OPENAI_BASE_URL",
		{"gpt-6.1-terra", "gpt-6-luna", "gpt-6.1-sol"}, NULL, true, false},
	{"openrouter", &wire_openai, "openrouter", "OPENROUTER_API_KEY", "OPENROUTER_BASE_URL",
		{"qwen/qwen3.8-max-0902", "qwen/qwen3-coder-next", "qwen/qwen3.8-max-0902"}, NULL,
		true, false},
	{"gemini", &wire_openai, "gemini", "GEMINI_API_KEY", "GEMINI_BASE_URL",
		{"gemini-3.8-flash", "gemini-3.5-flash-lite", "gemini-4-argon"}, "google", true,
		false},
	{"responses", &wire_responses, NULL, "OPENAI_API_KEY", "OPENAI_BASE_URL", {0}, "openai",
		true, false},
	{"deepseek", &wire_openai, "deepseek", "DEEPSEEK_API_KEY", "DEEPSEEK_BASE_URL",
		{NULL, "deepseek-flash", "deepseek-v4-pro"}, NULL, true, false},
	{"groq", &wire_openai, "groq", "GROQ_API_KEY", "GROQ_BASE_URL",
		{NULL, "openai/gpt-oss-20b", "openai/gpt-oss-120b"}, NULL, true, false},
	{"mistral", &wire_openai, "mistral", "MISTRAL_API_KEY", "MISTRAL_BASE_URL",
		{NULL, "codestral-2508", "mistral-large-4"}, NULL, true, false},
	{"ollama", &wire_ollama, NULL, "OLLAMA_API_KEY", "OLLAMA_HOST", {0}, NULL, false, true,
		.is_sought = true},
	{"llamacpp", &wire_openai, "llamacpp", "LLAMACPP_API_KEY", "LLAMACPP_BASE_URL", {0}, NULL,
		true, true, .is_sought = true},
	{"vllm", &wire_openai, "vllm", "VLLM_API_KEY", "VLLM_BASE_URL", {0}, NULL, true, true},
	{"lmstudio", &wire_openai, "lmstudio", "LMSTUDIO_API_KEY", "LMSTUDIO_BASE_URL", {0}, NULL,
		true, true, .is_sought = true},
	{0},
};

static const struct provider_wish no_wish;

/* Enough for any model that is not in the catalogue, and a sane ceiling for one that is. */
enum { CONNECT_MS = 10'000, FIRST_BYTE_MS = 300'000, IDLE_MS = 120'000 };
/* The window of a model that nothing is known of: what most have at least. */
enum { UNKNOWN_CONTEXT_TOKENS = 128'000 };

static const char *set_value(const struct route_wish *wish, const char *name)
{
	const char *value = wish->environment(name);

	return value && *value ? value : NULL;
}

static const struct provider_wish *wish_for(const struct route_wish *wish, struct str name)
{
	for (size_t i = 0; i < wish->provider_count; i++)
		if (str_eq(wish->providers[i].name, name))
			return &wish->providers[i];
	return &no_wish;
}

static const char *base_of(
	const struct route_wish *wish, const struct provider *p, const struct provider_wish *own)
{
	const char *base = set_value(wish, p->base_variable);

	return base ? base : own->base_url;
}

/* Where the provider's base URL is said. */
static const char *base_name(
	const struct route_wish *wish, const struct provider *p, struct arena *a)
{
	if (wish->base_url)
		return "--base-url";
	return set_value(wish, p->base_variable)
		       ? p->base_variable
		       : arena_printf(a, "providers.%s.base_url", p->name).p;
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

/* Where the provider is when nobody says. */
static struct str home_of(const struct provider *p, const struct dialect *dialect, struct arena *a)
{
	if (!dialect)
		return str_from(p->wire->base_url);
	if (dialect->base_url)
		return str_from(dialect->base_url);
	return arena_printf(a, "http://127.0.0.1:%d/v1", dialect->port);
}

/* ":11434" of "http://127.0.0.1:11434"; "" where there is none. */
static struct str port_of(struct str url)
{
	struct str authority = str_skip(url, str_find(url, STR("://"), 0) + 3);
	struct str rest = str_skip(authority, host_of(url).n);

	return str_head(rest, str_find_char(rest, '/', 0));
}

/* OLLAMA_HOST is what the server listens on: often without scheme or port, or every address. */
static struct str local_base(struct str base, const struct provider *p, struct arena *a)
{
	if (!p->is_local || str_find(base, STR("://"), 0) != SIZE_MAX)
		return base;
	struct str host = host_of(base);
	bool has_port = str_find_char(str_skip(base, host.n), ':', 0) != SIZE_MAX;
	struct str rest = str_skip(base, host.n);
	if (!host.n || str_is(host, "0.0.0.0"))
		host = STR("127.0.0.1");
	struct str port =
		!has_port && p->wire == &wire_ollama ? port_of(home_of(p, NULL, a)) : STR("");
	return arena_printf(a, "http://%.*s%.*s%.*s", STR_ARG(host), STR_ARG(port), STR_ARG(rest));
}

/* The dialect that the server speaks. OpenAI's own is for OpenAI: others may live at its base. */
static const struct dialect *dialect_of(const struct provider *p, bool is_home)
{
	if (!p->dialect || p->wire != &wire_openai ||
		(str_is(str_from(p->name), "openai") && !is_home))
		return NULL;
	return dialect_find(str_from(p->dialect));
}

/* The wire with what its dialect adds, and with the key where the wish wants it. */
static const struct wire *wire_of(const struct provider *p, const struct dialect *dialect,
	const struct provider_wish *own, struct arena *a)
{
	struct wire *wire;

	if (!dialect && own->bearer != BEARER_NO)
		return p->wire;
	wire = arena_alloc(a, 1, sizeof *wire);
	*wire = *p->wire;
	wire->dialect = dialect;
	if (dialect && dialect->headers)
		wire->headers = dialect->headers;
	if (own->bearer == BEARER_NO) {
		wire->key_header = p->wire == &wire_anthropic ? "x-api-key" : "api-key";
		wire->key_prefix = "";
	}
	return wire;
}

static bool check_key(const char *name, struct str key, struct err *e)
{
	for (size_t i = 0; i < key.n; i++)
		if ((unsigned char)key.p[i] <= ' ' || (unsigned char)key.p[i] > '~')
			return err_set(e, ERR_USAGE,
				"%s: not a key: it has a space, a control "
				"character or a character beyond ASCII in it",
				name);
	return true;
}

/* The variable that holds the provider's key or, where there is none, its token; NULL neither. */
static const char *key_variable(const struct provider *p, const struct route_wish *wish)
{
	if (set_value(wish, p->key_variable))
		return p->key_variable;
	return p->token_variable && set_value(wish, p->token_variable) ? p->token_variable : NULL;
}

/* Where the provider's key is said; NULL nowhere. */
static const char *key_name(const struct provider *p, const struct route_wish *wish)
{
	const struct provider_wish *own = wish_for(wish, str_from(p->name));
	const char *variable = key_variable(p, wish);

	return variable ? variable : own->key ? own->key_name : NULL;
}

static bool take_key(const struct provider *p, const struct route_wish *wish, struct arena *a,
	struct route *r, struct err *e)
{
	const struct provider_wish *own = wish_for(wish, str_from(p->name));
	const char *variable = key_variable(p, wish);
	bool is_token = variable && variable == p->token_variable;

	r->key = str_from(variable ? set_value(wish, variable) : own->key ? own->key : "");
	r->key_name = variable ? variable : own->key ? own->key_name : p->key_variable;
	r->bearer = own->bearer == BEARER_YES || is_token;
	if (variable && !is_token && p->token_variable && set_value(wish, p->token_variable))
		r->notice = arena_printf(a, "%s and %s are both set: the first is used",
			p->key_variable, p->token_variable)
				    .p;
	return check_key(key_name(p, wish), r->key, e);
}

static struct str catalog_name(const struct provider *p)
{
	return str_from(p->catalog ? p->catalog : p->name);
}

static const struct model_wish *model_wish_for(const struct route_wish *wish, struct str name)
{
	for (size_t i = 0; i < wish->model_count; i++)
		if (str_eq(wish->models[i].name, name))
			return &wish->models[i];
	return &wish->usual;
}

/* The first that says something. */
static int64_t said(int64_t first, int64_t second, int64_t third)
{
	return first ? first : second ? second : third;
}

/* What is said of this model, or of all. */
static void apply_model_wish(const struct route_wish *wish, struct route *r)
{
	const struct model_wish *own = model_wish_for(wish, r->name), *firm = &wish->firm,
				*usual = &wish->usual;

	r->effort = firm->effort.n ? firm->effort : own->effort.n ? own->effort : usual->effort;
	r->max_output_tokens =
		said(firm->max_output_tokens, own->max_output_tokens, usual->max_output_tokens);
	r->model.context_tokens = said(firm->context_tokens, own->context_tokens,
		said(usual->context_tokens, r->model.context_tokens, 0));
}

/* Without a model's id it is the provider itself. */
static bool fill(const struct provider *p, struct str model_id, const struct route_wish *wish,
	struct arena *a, struct route *out, struct err *e)
{
	const struct provider_wish *own = wish_for(wish, str_from(p->name));
	struct provider as_wished = *p;
	struct route r = {.provider = str_from(p->name),
		.model_id = arena_copy(a, model_id),
		.name = model_id.n ? arena_printf(a, "%s/%.*s", p->name, STR_ARG(model_id))
				   : arena_copy(a, str_from(p->name)),
		.limits = {CONNECT_MS, FIRST_BYTE_MS, IDLE_MS}};
	const char *base = wish->base_url ? wish->base_url : base_of(wish, p, own);

	if (own->wire && own->wire != p->wire) {
		as_wished.wire = own->wire;
		as_wished.base_has_version =
			own->wire == &wire_openai || own->wire == &wire_responses;
		p = &as_wished;
	}
	r.dialect = own->dialect ? own->dialect : dialect_of(p, !base);
	r.wire = wire_of(p, r.dialect, own, a);
	struct str base_url = base ? local_base(str_from(base), p, a) : home_of(p, r.dialect, a);
	if (!full_url(p, base_url, a, &r.url, e))
		return err_context(e, "%s", base_name(wish, p, a));
	if (!take_key(p, wish, a, &r, e))
		return false;
	if (!r.key.n && !base && !p->is_local)
		return err_set(e, ERR_USAGE, "%s %.*s needs %s in the environment",
			model_id.n ? "model" : "provider", STR_ARG(r.name), p->key_variable);
	r.headers = own->headers;
	r.routing = own->routing;
	r.is_local = p->is_local || url_is_loopback(str_from(r.url));
	r.is_in_catalog = catalog_find(catalog_name(p), r.model_id, &r.model);
	if (own->api_version.n && !route_set_version(&r, own->api_version, e))
		return err_context(e, "providers.%s.api_version", p->name);
	apply_model_wish(wish, &r);
	*out = r;
	return true;
}

const char *route_variable(struct str name, const char *end, struct arena *a)
{
	AUTO(buf) b = {0};

	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool is_lower = c >= 'a' && c <= 'z';
		bool is_plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		buf_put_char(&b, is_lower ? (char)(c - 'a' + 'A') : is_plain ? c : '_');
	}
	buf_put_text(&b, end);
	return arena_text(a, buf_str(&b));
}

/* A provider that only the wish knows. */
static bool new_provider(const struct route_wish *wish, const struct provider_wish *own,
	struct arena *a, struct provider *out, struct err *e)
{
	*out = (struct provider){.name = arena_text(a, own->name),
		.wire = own->wire ? own->wire : &wire_openai,
		.key_variable = route_variable(own->name, "_API_KEY", a),
		.base_variable = route_variable(own->name, "_BASE_URL", a),
		.is_local = true};
	out->base_has_version = out->wire == &wire_openai || out->wire == &wire_responses;
	if (!wish->base_url && !base_of(wish, out, own))
		return err_set(e, ERR_USAGE,
			"provider %s needs providers.%s.base_url in the settings, or %s", out->name,
			out->name, out->base_variable);
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
		if (catalog_find(catalog_name(p), model_id, &found))
			return p;
	return NULL;
}

static const char *known_names(const struct route_wish *wish, struct arena *a)
{
	AUTO(buf) names = {0};

	for (const struct provider *p = providers; p->name; p++)
		buf_printf(&names, "%s, ", p->name);
	for (size_t i = 0; i < wish->provider_count; i++)
		if (!provider_named(wish->providers[i].name))
			buf_printf(&names, "%.*s, ", STR_ARG(wish->providers[i].name));
	buf_put_text(&names, "offline");
	return arena_text(a, buf_str(&names));
}

/* ERR_NOT_FOUND when there is none of that name. */
static bool find_provider(const struct route_wish *wish, struct str name, struct arena *a,
	struct provider *out, struct err *e)
{
	const struct provider_wish *own = wish_for(wish, name);
	const struct provider *known = provider_named(name);

	if (!known && own == &no_wish)
		return err_set(e, ERR_NOT_FOUND, "unknown provider %.*s (known: %s)", STR_ARG(name),
			known_names(wish, a));
	if (!known)
		return new_provider(wish, own, a, out, e);
	*out = *known;
	return true;
}

bool route_choose_provider(const struct route_wish *wish, struct str name, struct arena *a,
	struct route *out, struct err *e)
{
	struct provider p;

	if (find_provider(wish, name, a, &p, e))
		return fill(&p, STR(""), wish, a, out, e);
	e->code = ERR_USAGE;
	return false;
}

static bool choose_named(
	const struct route_wish *wish, struct arena *a, struct route *out, struct err *e)
{
	struct str name = str_from(wish->model);
	size_t slash = str_find_char(name, '/', 0);
	const char *option = wish->option ? wish->option : "--model";
	const struct provider *p;
	struct provider found;

	if (str_is(name, "offline") || str_is(name, OFFLINE_MODEL)) {
		choose_offline(out, "");
		snprintf(out->why, sizeof out->why, "%s names it", option);
		return true;
	}
	if (slash == SIZE_MAX) {
		p = provider_of_model(name);
		if (!p)
			return err_set(e, ERR_USAGE,
				"%s %.*s: not in the catalogue; write "
				"provider/model (anthropic/..., openai/..., offline)",
				option, STR_ARG(name));
	} else {
		p = &found;
		if (!find_provider(wish, str_head(name, slash), a, &found, e)) {
			if (e->code == ERR_NOT_FOUND)
				err_context(e, "%s %s", option, wish->model);
			e->code = ERR_USAGE;
			return false;
		}
		name = str_skip(name, slash + 1);
	}
	if (name.n == 0)
		return err_set(e, ERR_USAGE, "%s %s: no model named", option, wish->model);
	if (!fill(p, name, wish, a, out, e))
		return strcmp(option, "--model") == 0 ? false : err_context(e, "%s", option);
	snprintf(out->why, sizeof out->why, "%s names it", option);
	return true;
}

/* The provider of the usual model has one of the size that is asked for. */
static bool choose_near(const struct route_wish *wish, struct arena *a, struct route *out)
{
	struct str near = str_from(wish->near);
	size_t slash = str_find_char(near, '/', 0);
	const struct provider *p;
	struct err e;

	if (!wish->near || wish->size == SIZE_USUAL)
		return false;
	p = slash == SIZE_MAX ? provider_of_model(near) : provider_named(str_head(near, slash));
	if (!p || !p->models[wish->size] ||
		!fill(p, str_from(p->models[wish->size]), wish, a, out, &e))
		return false;
	snprintf(out->why, sizeof out->why, "of the same provider as %.80s", wish->near);
	return true;
}

/* A model on this machine, or of an own server, is not what a stranger's may stand in for. */
static bool is_private(const struct route_wish *wish, struct str model)
{
	size_t slash = str_find_char(model, '/', 0);
	struct str name = str_head(model, slash);
	const struct provider *p = provider_named(name);

	if (p)
		return p->is_local;
	return str_is(name, "offline") || (slash != SIZE_MAX && wish_for(wish, name) != &no_wish);
}

bool route_choose(const struct route_wish *wish, struct arena *a, struct route *out, struct err *e)
{
	enum model_size size = wish->size;
	const char *what = NULL;
	const struct provider *p;

	if (wish->model)
		return choose_named(wish, a, out, e);
	if (wish->base_url)
		return err_set(e, ERR_USAGE, "--base-url needs --model provider/model");
	if (choose_near(wish, a, out))
		return true;
	if (size != SIZE_USUAL && wish->near && is_private(wish, str_from(wish->near)))
		return err_set(e, ERR_USAGE, "--%s: %s has no such model beside it; set %s_model",
			size == SIZE_FAST ? "fast" : "smart", wish->near,
			size == SIZE_FAST ? "fast" : "smart");
	for (p = providers; p->name; p++) {
		what = p->models[size] ? key_name(p, wish) : NULL;
		if (what)
			break;
	}
	/* No key at all: a local server that needs none? */
	for (p = what ? p : providers; p->name && !what; p++)
		if (p->models[size] && base_of(wish, p, wish_for(wish, str_from(p->name))))
			break;
	if (!p->name) {
		choose_offline(out, "no key and no --model given");
		out->is_last_resort = true;
		return true;
	}
	if (!what)
		what = set_value(wish, p->base_variable) ? p->base_variable : "its base_url";
	if (!fill(p, str_from(p->models[size]), wish, a, out, e))
		return false;
	snprintf(out->why, sizeof out->why, "%s is set", what);
	return true;
}

int64_t route_context_tokens(const struct route *route, bool *is_known)
{
	*is_known = true;
	if (!route->wire)
		return 0;
	if (route->model.context_tokens > 0)
		return route->model.context_tokens;
	if (str_is(str_from(route->wire->name), "ollama"))
		return CONTEXT_TOKENS_DEFAULT;
	*is_known = false;
	return UNKNOWN_CONTEXT_TOKENS;
}

void route_address(const struct route *route, struct prompt *prompt)
{
	bool is_known;

	prompt->model = route->model_id;
	prompt->dialect = route->dialect;
	prompt->routing = route->routing;
	if (!prompt->context_tokens)
		prompt->context_tokens = route_context_tokens(route, &is_known);
	if (route->effort.n)
		prompt->effort = route->effort;
	/* Who keeps a window may have asked for less, to stay in it. */
	if (route->max_output_tokens && route->max_output_tokens < prompt->max_output_tokens)
		prompt->max_output_tokens = route->max_output_tokens;
}

bool route_set_version(struct route *route, struct str version, struct err *e)
{
	static const char shape[] = "####-##-##";
	bool fits = version.n == sizeof shape - 1;

	if (!route->wire || !route->wire->version_header)
		return err_set(e, ERR_USAGE, "%.*s: its API has no versions", STR_ARG(route->name));
	for (size_t i = 0; fits && i < version.n; i++) {
		char c = version.p[i];
		fits = shape[i] == '#' ? c >= '0' && c <= '9' : c == shape[i];
	}
	if (!fits)
		return err_set(e, ERR_USAGE, "version %.*s of the API: no date such as 2023-06-01",
			STR_ARG(version));
	route->api_version = version;
	return true;
}

const char *route_url(const struct route *route, const char *path, struct arena *a)
{
	struct str url = str_from(route->url), own = str_from(route->wire->path);

	if (str_is(own, path))
		return route->url;
	must(str_ends(url, own));
	return arena_printf(a, "%.*s%s", STR_ARG(str_head(url, url.n - own.n)), path).p;
}

bool route_is_key_variable(const char *name)
{
	for (const struct provider *p = providers; p->name; p++)
		if (strcmp(name, p->key_variable) == 0 ||
			(p->token_variable && strcmp(name, p->token_variable) == 0))
			return true;
	return false;
}

void route_each_provider(void (*visit)(void *self, const char *name, const char *key_variable,
				 const char *base_variable),
	void *self)
{
	for (const struct provider *p = providers; p->name; p++) {
		visit(self, p->name, p->key_variable, p->base_variable);
		if (p->token_variable)
			visit(self, p->name, p->token_variable, p->base_variable);
	}
}

/* Where its server is looked for; 0 nowhere. */
static int usual_port(const struct provider *p, struct arena *a)
{
	int64_t port;

	if (!p->is_sought)
		return 0;
	struct str text = port_of(home_of(p, dialect_of(p, true), a));
	return str_int(str_skip(text, 1), &port) ? (int)port : 0;
}

static struct provider_facts facts_of(
	const struct provider *p, const struct route_wish *wish, struct arena *a)
{
	return (struct provider_facts){.name = str_from(p->name),
		.catalog = catalog_name(p),
		.key_variable = p->key_variable,
		.default_model = p->models[SIZE_USUAL],
		.key_name = key_name(p, wish),
		.is_local = p->is_local,
		.is_named = base_of(wish, p, wish_for(wish, str_from(p->name))),
		.usual_port = usual_port(p, a)};
}

/* What speaks to the same server with the same key as one before it. */
static bool is_other_face(const struct provider *p)
{
	for (const struct provider *q = providers; q < p; q++)
		if (strcmp(q->key_variable, p->key_variable) == 0)
			return true;
	return false;
}

void route_survey(const struct route_wish *wish, struct arena *a,
	void (*visit)(void *self, const struct provider_facts *facts), void *self)
{
	struct provider_facts facts;
	struct provider made;
	struct err e;

	for (const struct provider *p = providers; p->name; p++) {
		facts = facts_of(p, wish, a);
		if (!is_other_face(p))
			visit(self, &facts);
	}
	for (size_t i = 0; i < wish->provider_count; i++) {
		const struct provider_wish *own = &wish->providers[i];
		if (provider_named(own->name) || !new_provider(wish, own, a, &made, &e))
			continue;
		facts = facts_of(&made, wish, a);
		visit(self, &facts);
	}
}
