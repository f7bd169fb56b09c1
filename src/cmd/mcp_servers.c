// SPDX-License-Identifier: MIT
#include "cmd/mcp_servers.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "agent/trusted.h"
#include "base/file.h"
#include "base/utf8.h"
#include "base/xdg.h"

/* ---- the project's file ---- */

bool project_file_read(const struct workspace *w, struct buf *text, struct err *e)
{
	AUTO_FD fd = workspace_open_path(w, STR(PROJECT_FILE), O_RDONLY, e);

	struct stat st;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_DENIED, PROJECT_FILE ": not a regular file");
	return file_read_fd(fd, PROJECT_FILE, MCP_CONFIG_MAX_BYTES, text, e);
}

bool project_file_parse(struct str text, struct mcp_configs *out, struct err *e)
{
	struct mcp_source source = {.file = PROJECT_FILE, .is_project = true};

	return mcp_configs_read(out, text, &source, e);
}

const char *trust_directory(const struct settings *s, struct arena *a)
{
	return xdg_directory(XDG_STATE, "trusted", s->environment, a);
}

/* The keys of providers are nobody else's, whoever trusts the file. */
static const char *project_environment(const char *name)
{
	return route_is_key_variable(name) ? NULL : getenv(name);
}

static void count_untrusted(struct mcp_servers *m, struct str text)
{
	struct mcp_configs found = {0};
	struct err e;

	if (project_file_parse(text, &found, &e))
		m->untrusted = found.list.n + found.problems.n;
	else
		mcp_configs_tell(&m->configs, "%s", e.text);
	mcp_configs_release(&found);
}

static void read_project(struct mcp_servers *m, const struct settings *s, const struct workspace *w)
{
	struct mcp_source source = {PROJECT_FILE, true, project_environment};
	const char *directory = trust_directory(s, &m->arena);
	AUTO(buf) text = {0};
	struct err e;

	if (!project_file_read(w, &text, &e)) {
		if (e.code != ERR_NOT_FOUND)
			mcp_configs_tell(&m->configs, "%s", e.text);
	} else if (!directory || !trusted_is(directory, w->root, buf_str(&text))) {
		count_untrusted(m, buf_str(&text));
	} else if (!mcp_configs_read(&m->configs, buf_str(&text), &source, &e)) {
		mcp_configs_tell(&m->configs, "%s", e.text);
	}
}

/* ---- options and settings ---- */

static bool read_typed(
	struct mcp_servers *m, const struct settings *s, const struct options *given, struct err *e)
{
	const char *path;

	for (size_t n = 0; given && (path = options_nth(given, "mcp-config", n)); n++) {
		struct mcp_source source = {.file = path, .environment = s->environment};
		AUTO(buf) text = {0};
		if (!file_read(AT_FDCWD, path, MCP_CONFIG_MAX_BYTES, &text, e) ||
			!mcp_configs_read(&m->configs, buf_str(&text), &source, e)) {
			e->code = ERR_USAGE;
			return err_context(e, "option --mcp-config");
		}
	}
	return true;
}

static const struct conf_value *find(const struct settings *s, struct str name, const char *key)
{
	return conf_find(&s->conf, "mcp_servers", name, key);
}

static const char *text_of(struct mcp_servers *m, const struct conf_value *v)
{
	return v ? arena_text(&m->arena, v->text) : NULL;
}

static const struct mcp_pair *pairs_of(
	struct mcp_servers *m, const struct conf_value *v, size_t *count)
{
	*count = v ? v->item_count / 2 : 0;
	struct mcp_pair *pairs = arena_alloc(&m->arena, *count + 1, sizeof *pairs);
	for (size_t i = 0; i < *count; i++)
		pairs[i] = (struct mcp_pair){v->items[2 * i], v->items[2 * i + 1]};
	return pairs;
}

static void add_setting(struct mcp_servers *m, const struct settings *s, struct str name)
{
	const struct conf_value *arguments = find(s, name, "args"), *only = find(s, name, "tools"),
				*network = find(s, name, "network"),
				*enabled = find(s, name, "enabled"),
				*timeout = find(s, name, "timeout");
	struct mcp_config c = {.name = name,
		.command = text_of(m, find(s, name, "command")),
		.url = text_of(m, find(s, name, "url")),
		.has_network = network && str_is(network->text, "true"),
		.is_disabled = enabled && str_is(enabled->text, "false"),
		.timeout_ms = MCP_TIMEOUT_S * 1000};
	int64_t seconds;

	for (size_t i = 0; i < s->conf.values.n && !c.origin; i++)
		if (s->conf.values.p[i].map && str_eq(s->conf.values.p[i].name, name) &&
			str_is(str_from(s->conf.values.p[i].map->name), "mcp_servers"))
			c.origin = s->conf.values.p[i].file;
	if (timeout && str_int(timeout->text, &seconds))
		c.timeout_ms = seconds * 1000;
	c.arguments = arguments ? arguments->items : NULL;
	c.argument_count = arguments ? arguments->item_count : 0;
	c.only = only ? only->items : NULL;
	c.only_count = only ? only->item_count : 0;
	c.variables = pairs_of(m, find(s, name, "env"), &c.variable_count);
	c.headers = pairs_of(m, find(s, name, "headers"), &c.header_count);
	mcp_configs_add(&m->configs, &c);
}

/* Of a name that comes again mcp_configs_add takes the first. */
static void read_settings(struct mcp_servers *m, const struct settings *s)
{
	struct str last = {0};

	vec_each (&s->conf.values, v) {
		if (!v->map || !str_is(str_from(v->map->name), "mcp_servers") ||
			(last.p && str_eq(v->name, last)))
			continue;
		add_setting(m, s, v->name);
		last = v->name;
	}
}

bool mcp_servers_read(struct mcp_servers *m, struct settings *s, const struct workspace *w,
	const struct options *given, const struct http_trust *trust, const struct fence *fence,
	struct err *e)
{
	m->world = (struct mcp_world){.root = w->root,
		.environment = s->environment,
		.cache_directory = xdg_directory(XDG_CACHE, "mcp", s->environment, &m->arena),
		.trust = *trust,
		.closed = fence ? fence_beside(fence, false) : NULL,
		.open = fence ? fence_beside(fence, true) : NULL};
	if (!read_typed(m, s, given, e))
		return false;
	read_settings(m, s);
	read_project(m, s, w);
	if (m->configs.list.n)
		m->mcp = mcp_new(&m->configs, &m->world);
	return true;
}

void mcp_servers_warn(const struct mcp_servers *m)
{
	vec_each (&m->configs.problems, problem)
		fprintf(stderr, "fettle: %s\n", *problem);
	if (m->untrusted)
		fprintf(stderr,
			"fettle: " PROJECT_FILE
			": %zu MCP server%s not used: look at what would be run, and "
			"allow it, with: fettle trust\n",
			m->untrusted, m->untrusted == 1 ? " is" : "s are");
}

void mcp_servers_release(struct mcp_servers *m)
{
	mcp_free(m->mcp);
	fence_free(m->world.closed);
	fence_free(m->world.open);
	mcp_configs_release(&m->configs);
	arena_release(&m->arena);
	*m = (struct mcp_servers){0};
}

void mcp_put_exactly(struct str text, struct buf *out)
{
	for (size_t i = 0; i < text.n; i++) {
		size_t n = str_find_char(str_skip(text, i), '\n', 0);
		struct str line = str_head(str_skip(text, i), n);
		utf8_put_exactly(out, line);
		i += line.n;
		if (i < text.n)
			buf_put_text(out, "\\x0a");
	}
}

/* A word that has more than plain characters stands in quotes, so that its ends are seen. */
static void put_word(struct buf *out, struct str word)
{
	bool is_plain = word.n > 0;

	for (size_t i = 0; i < word.n; i++)
		is_plain &= word.p[i] > ' ' && word.p[i] <= '~' && !strchr("'\"\\`", word.p[i]);
	buf_put_text(out, is_plain ? " " : " '");
	while (word.n) {
		struct str part = str_head(word, str_find_char(word, '\'', 0));
		mcp_put_exactly(part, out);
		word = str_skip(word, part.n);
		if (word.n)
			buf_put_text(out, "'\\''");
		word = str_skip(word, word.n > 0);
	}
	buf_put_text(out, is_plain ? "" : "'");
}

void mcp_config_put(const struct mcp_config *config, struct buf *out)
{
	AUTO(buf) line = {0};

	put_word(&line, str_from(config->url ? config->url : config->command));
	for (size_t i = 0; i < config->argument_count; i++)
		put_word(&line, config->arguments[i]);
	buf_put_str(out, str_skip(buf_str(&line), 1));
}
