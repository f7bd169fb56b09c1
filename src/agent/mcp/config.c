// SPDX-License-Identifier: MIT
#include "agent/mcp/config.h"

#include "base/expand.h"
#include "base/json.h"
#include "base/utf8.h"

enum { PROBLEM_COLUMNS = 500 };

struct reader {
	struct mcp_configs *configs;
	const struct mcp_source *source;
	struct str name; /* of the server */
	struct err error; /* the first thing wrong with it */
};

void mcp_configs_release(struct mcp_configs *c)
{
	vec_release(&c->list);
	vec_release(&c->problems);
	arena_release(&c->arena);
	*c = (struct mcp_configs){0};
}

const char *mcp_problem(struct arena *a, const char *format, va_list arguments)
{
	AUTO(buf) text = {0};
	AUTO(buf) shown = {0};

	buf_vprintf(&text, format, arguments);
	utf8_put_line(&shown, buf_str(&text), PROBLEM_COLUMNS);
	return arena_text(a, buf_str(&shown));
}

void mcp_configs_tell(struct mcp_configs *c, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vec_push(&c->problems, mcp_problem(&c->arena, format, arguments));
	va_end(arguments);
}

/* ---- is it right? ---- */

static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return true;
	return false;
}

static bool has_nul(struct str s)
{
	return s.n && memchr(s.p, '\0', s.n);
}

/* RFC 9110, 5.6.2. */
static bool is_token(struct str s)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool is_letter =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!is_letter && (!c || !strchr(marks, c)))
			return false;
	}
	return s.n > 0;
}

static bool check_pairs(const struct mcp_config *c, struct err *e)
{
	for (size_t i = 0; i < c->variable_count; i++) {
		struct str name = c->variables[i].name;
		if (!name.n || str_find_char(name, '=', 0) != SIZE_MAX || has_control(name) ||
			has_nul(c->variables[i].value))
			return err_set(e, ERR_PARSE, "env: %.*s cannot be a variable",
				STR_ARG(str_head(name, 60)));
	}
	for (size_t i = 0; i < c->header_count; i++)
		if (!is_token(c->headers[i].name) || has_control(c->headers[i].value))
			return err_set(e, ERR_PARSE, "headers: %.*s cannot be a header",
				STR_ARG(str_head(c->headers[i].name, 60)));
	return true;
}

static bool check_address(const struct mcp_config *c, struct err *e)
{
	struct str url = str_from(c->url);

	if (!c->url == !c->command)
		return err_set(e, ERR_PARSE, "needs either a command or a url");
	if (c->command)
		return !has_control(str_from(c->command)) ||
		       err_set(e, ERR_PARSE, "control characters in the command");
	if (!str_starts(url, STR("http://")) && !str_starts(url, STR("https://")))
		return err_set(e, ERR_PARSE, "the url is neither http:// nor https://");
	return !has_control(url) || err_set(e, ERR_PARSE, "control characters in the url");
}

static bool check_config(const struct mcp_config *c, struct err *e)
{
	if (!c->name.n || c->name.n > MCP_NAME_MAX_BYTES || has_control(c->name))
		return err_set(e, ERR_PARSE, "a name has 1 to %d bytes and no control characters",
			MCP_NAME_MAX_BYTES);
	return check_address(c, e) && check_pairs(c, e);
}

void mcp_configs_add(struct mcp_configs *c, const struct mcp_config *config)
{
	struct err e;

	vec_each (&c->list, other)
		if (str_eq(other->name, config->name))
			return;
	if (c->list.n == MCP_SERVERS_MAX)
		mcp_configs_tell(c, "%s: MCP server %.*s: more than %d servers", config->origin,
			STR_ARG(config->name), MCP_SERVERS_MAX);
	else if (!check_config(config, &e))
		mcp_configs_tell(c, "%s: MCP server %.*s: %s", config->origin,
			STR_ARG(config->name), e.text);
	else
		vec_push(&c->list, *config);
}

/* ---- reading ---- */

static void wrong(struct reader *r, const char *member, const char *why)
{
	if (!r->error.code)
		err_set(&r->error, ERR_PARSE, "%s: %s", member, why);
}

static struct str take_text(struct reader *r, const char *member, struct str value)
{
	struct arena *a = &r->configs->arena;
	AUTO(buf) out = {.max = MCP_CONFIG_MAX_BYTES};
	bool has_variable = false;
	struct err e;

	if (json_type(value) != JSON_STRING) {
		wrong(r, member, "is not a string");
		return STR("");
	}
	struct str text = json_text(value, a);
	if (!r->source->environment)
		return arena_copy(a, text);
	if (!expand_put(&out, text, r->source->environment, &has_variable, &e)) {
		wrong(r, member, e.text);
		return STR("");
	}
	if (out.overflow)
		wrong(r, member, "too long with its variables");
	return arena_copy(a, buf_str(&out));
}

static const char *take_word(struct reader *r, struct str object, const char *member)
{
	struct str value = json_get(object, member);

	if (!value.p || json_type(value) == JSON_NULL)
		return NULL;
	struct str text = take_text(r, member, value);
	if (has_nul(text))
		wrong(r, member, "has a NUL in it");
	return text.n ? arena_text(&r->configs->arena, text) : NULL;
}

static const struct str *take_list(
	struct reader *r, struct str object, const char *member, size_t *count)
{
	struct str value = json_get(object, member), raw, item;
	size_t n = 0;

	*count = 0;
	if (!value.p || json_type(value) == JSON_NULL)
		return NULL;
	if (json_type(value) != JSON_ARRAY) {
		wrong(r, member, "is not a list of strings");
		return NULL;
	}
	struct str *items = arena_alloc(&r->configs->arena, json_count(value) + 1, sizeof *items);
	json_each (value, raw, item)
		items[n++] = take_text(r, member, item);
	*count = n;
	return items;
}

static const struct mcp_pair *take_pairs(
	struct reader *r, struct str object, const char *member, size_t *count)
{
	struct str value = json_get(object, member), raw, item;
	size_t n = 0;

	*count = 0;
	if (!value.p || json_type(value) == JSON_NULL)
		return NULL;
	if (json_type(value) != JSON_OBJECT) {
		wrong(r, member, "is not an object of strings");
		return NULL;
	}
	struct mcp_pair *pairs =
		arena_alloc(&r->configs->arena, json_count(value) + 1, sizeof *pairs);
	json_each (value, raw, item) {
		struct arena *a = &r->configs->arena;
		pairs[n++] = (struct mcp_pair){
			arena_copy(a, json_text(raw, a)), take_text(r, member, item)};
	}
	*count = n;
	return pairs;
}

static bool take_bool(struct reader *r, struct str object, const char *member, bool fallback)
{
	struct str value = json_get(object, member);

	if (value.p && json_type(value) != JSON_BOOL)
		wrong(r, member, "is neither true nor false");
	return json_bool_or(value, fallback);
}

static int64_t take_timeout(struct reader *r, struct str object)
{
	struct str value = json_get(object, "timeout");
	int64_t seconds = MCP_TIMEOUT_S;

	if (value.p && (!json_int(value, &seconds) || seconds < 1 || seconds > MCP_TIMEOUT_MAX_S)) {
		wrong(r, "timeout", "is no number of seconds between 1 and 600");
		seconds = MCP_TIMEOUT_S;
	}
	return seconds * 1000;
}

static void check_type(struct reader *r, struct str object, const struct mcp_config *c)
{
	struct str value = json_get(object, "type");

	if (!value.p)
		return;
	if (json_text_is(value, "sse"))
		wrong(r, "type", "sse is the transport before streamable HTTP: not supported");
	else if (json_text_is(value, "stdio") ? !c->command
		 : json_text_is(value, "http") || json_text_is(value, "streamable-http") ? !c->url
											 : true)
		wrong(r, "type", "is neither stdio (with a command) nor http (with a url)");
}

static void read_server(struct reader *r, struct str object)
{
	struct mcp_configs *all = r->configs;
	struct mcp_config c = {.name = r->name,
		.origin = r->source->file,
		.is_project = r->source->is_project,
		.command = take_word(r, object, "command"),
		.url = take_word(r, object, "url"),
		.has_network = take_bool(r, object, "network", false),
		.is_disabled = !take_bool(r, object, "enabled", true) ||
			       take_bool(r, object, "disabled", false),
		.timeout_ms = take_timeout(r, object)};

	c.arguments = take_list(r, object, "args", &c.argument_count);
	c.variables = take_pairs(r, object, "env", &c.variable_count);
	c.headers = take_pairs(r, object, "headers", &c.header_count);
	c.only = take_list(r, object, "tools", &c.only_count);
	check_type(r, object, &c);
	if (r->error.code)
		mcp_configs_tell(
			all, "%s: MCP server %.*s: %s", c.origin, STR_ARG(c.name), r->error.text);
	else
		mcp_configs_add(all, &c);
}

bool mcp_configs_read(
	struct mcp_configs *c, struct str text, const struct mcp_source *source, struct err *e)
{
	struct str raw, object;

	if (!json_check(text, e))
		return err_context(e, "%s", source->file);
	struct str servers = json_get(str_trim(text), "mcpServers");
	if (json_type(servers) != JSON_OBJECT)
		return err_set(e, ERR_PARSE, "%s: has no object \"mcpServers\"", source->file);
	const char *file = arena_text(&c->arena, str_from(source->file));
	struct mcp_source kept = {file, source->is_project, source->environment};
	json_each (servers, raw, object) {
		struct reader r = {.configs = c,
			.source = &kept,
			.name = arena_copy(&c->arena, json_text(raw, &c->arena))};
		if (json_type(object) == JSON_OBJECT)
			read_server(&r, object);
		else
			mcp_configs_tell(
				c, "%s: MCP server %.*s: is not an object", file, STR_ARG(r.name));
	}
	return true;
}
