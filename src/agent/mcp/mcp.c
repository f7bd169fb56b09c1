// SPDX-License-Identifier: MIT
/* What is known of the servers, and what of it is offered. */
#include "agent/mcp/mcp.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/mcp/server.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/private.h"
#include "base/utf8.h"
#include "io/child.h"

/* A tool under the name that the model has for it. */
struct offered {
	char name[MCP_OFFERED_BYTES];
	struct mcp_server *server;
	const struct mcp_tool *tool;
};

struct mcp {
	struct arena arena;
	const struct mcp_world *world;
	struct mcp_server *servers; /* by name */
	size_t server_count;
	struct offered *offered;
	size_t offered_count;
	VEC(const char *) problems;
	atomic_bool cancel;
};

const char *mcp_program(
	const struct mcp_config *config, const struct mcp_world *world, struct arena *a)
{
	AUTO(buf) path = {0};
	const char *command = config->command;

	if (!command)
		return NULL;
	if (!strchr(command, '/'))
		return child_find(command, &path) ? arena_text(a, buf_str(&path)) : NULL;
	/* A project's own program lies in the project; everybody else says where it is. */
	if (command[0] != '/' && !config->is_project)
		return NULL;
	buf_printf(&path, "%s%s%s", command[0] == '/' ? "" : world->root,
		command[0] == '/' ? "" : "/", command);
	return access(buf_text(&path), X_OK) == 0 ? arena_text(a, buf_str(&path)) : NULL;
}

static int by_name(const void *a, const void *b)
{
	const struct mcp_config *const *one = a, *const *two = b;

	return str_cmp((*one)->name, (*two)->name);
}

static void load_cached(struct mcp *m)
{
	struct err e;
	AUTO_FD directory =
		m->world->cache_directory ? private_open(m->world->cache_directory, false, &e) : -1;
	int64_t now = clock_wall_s();

	for (size_t i = 0; i < m->server_count; i++) {
		struct mcp_server *s = &m->servers[i];
		mcp_cache_name(s->config, s->program, s->cache_name);
		if (directory >= 0)
			s->is_known = mcp_cache_read(
				directory, s->cache_name, now, &s->cached, &s->tools);
	}
}

struct mcp *mcp_new(const struct mcp_configs *configs, const struct mcp_world *world)
{
	struct mcp *m = must_alloc(1, sizeof *m);
	const struct mcp_config *order[MCP_SERVERS_MAX];
	size_t n = 0;

	m->world = world;
	vec_each (&configs->list, config)
		if (!config->is_disabled)
			order[n++] = config;
	qsort(order, n, sizeof *order, by_name);
	m->servers = arena_alloc(&m->arena, n + 1, sizeof *m->servers);
	m->server_count = n;
	for (size_t i = 0; i < n; i++)
		mcp_server_init(
			&m->servers[i], order[i], world, mcp_program(order[i], world, &m->arena));
	load_cached(m);
	return m;
}

void mcp_free(struct mcp *m)
{
	if (!m)
		return;
	/* All are told first, so that they end at the same time. */
	for (size_t i = 0; i < m->server_count; i++)
		mcp_server_hang_up(&m->servers[i]);
	for (size_t i = 0; i < m->server_count; i++)
		mcp_server_release(&m->servers[i]);
	vec_release(&m->problems);
	arena_release(&m->arena);
	free(m);
}

/* ---- asking ---- */

bool mcp_wants_asking(const struct mcp *m)
{
	for (size_t i = 0; i < m->server_count; i++)
		if (!m->servers[i].is_known)
			return true;
	return false;
}

void mcp_cancel(struct mcp *m)
{
	atomic_store(&m->cancel, true);
}

struct question {
	struct mcp_server *server;
	const atomic_bool *cancel;
	pthread_t thread;
	bool is_asked, has_thread;
};

static void *ask_one(void *self)
{
	struct question *q = self;

	mcp_server_ask(q->server, q->cancel);
	return NULL;
}

void mcp_ask(struct mcp *m, bool all, struct str name)
{
	struct question questions[MCP_SERVERS_MAX] = {0};

	for (size_t i = 0; i < m->server_count; i++) {
		struct question *q = &questions[i];
		*q = (struct question){.server = &m->servers[i], .cancel = &m->cancel};
		q->is_asked = (all || !m->servers[i].is_known) &&
			      (!name.p || str_eq(m->servers[i].config->name, name));
		q->has_thread = q->is_asked && pthread_create(&q->thread, NULL, ask_one, q) == 0;
	}
	for (size_t i = 0; i < m->server_count; i++)
		if (questions[i].has_thread)
			pthread_join(questions[i].thread, NULL);
		else if (questions[i].is_asked)
			ask_one(&questions[i]);
}

/* ---- offering ---- */

__attribute__((format(printf, 2, 3))) static void tell(struct mcp *m, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vec_push(&m->problems, mcp_problem(&m->arena, format, arguments));
	va_end(arguments);
}

static const struct offered *find_offered(const struct mcp *m, struct str name)
{
	for (size_t i = 0; i < m->offered_count; i++)
		if (str_is(name, m->offered[i].name))
			return &m->offered[i];
	return NULL;
}

static bool offer(struct mcp *m, struct mcp_server *s, const struct mcp_tool *tool)
{
	struct offered *o = &m->offered[m->offered_count];

	*o = (struct offered){.server = s, .tool = tool};
	mcp_tool_name(s->config->name, tool->name, false, o->name);
	if (find_offered(m, str_from(o->name)))
		mcp_tool_name(s->config->name, tool->name, true, o->name);
	if (find_offered(m, str_from(o->name)))
		return false;
	m->offered_count++;
	return true;
}

static void offer_all(struct mcp *m, struct mcp_server *s)
{
	size_t left_out = 0;

	mcp_tools_keep(&s->tools, s->config->only, s->config->only_count);
	vec_each (&s->tools.list, tool)
		left_out += m->offered_count == MCP_TOOLS_ALL_MAX || !offer(m, s, tool);
	vec_each (&s->tools.problems, problem)
		tell(m, "MCP server %.*s: %s", STR_ARG(s->config->name), *problem);
	if (left_out)
		tell(m, "MCP server %.*s: %zu of its tools are left out: %d are offered in all",
			STR_ARG(s->config->name), left_out, MCP_TOOLS_ALL_MAX);
	if (s->error.code)
		tell(m, "%s", s->error.text);
}

const struct tool_spec *mcp_offer(struct mcp *m, size_t *count)
{
	m->offered = arena_alloc(&m->arena, MCP_TOOLS_ALL_MAX + 1, sizeof *m->offered);
	for (size_t i = 0; i < m->server_count; i++)
		offer_all(m, &m->servers[i]);
	struct tool_spec *specs = arena_alloc(&m->arena, m->offered_count + 1, sizeof *specs);
	for (size_t i = 0; i < m->offered_count; i++)
		specs[i] = (struct tool_spec){.name = str_from(m->offered[i].name),
			.description = m->offered[i].tool->description,
			.schema = m->offered[i].tool->schema};
	*count = m->offered_count;
	return specs;
}

void mcp_each_problem(const struct mcp *m, void (*visit)(void *self, const char *text), void *self)
{
	vec_each (&m->problems, problem)
		visit(self, *problem);
}

void mcp_each(
	const struct mcp *m, void (*visit)(void *self, const struct mcp_facts *facts), void *self)
{
	for (size_t i = 0; i < m->server_count; i++) {
		const struct mcp_server *s = &m->servers[i];
		struct mcp_facts facts = {.config = s->config,
			.program = s->program,
			.is_known = s->is_known,
			.cached = s->cached,
			.tools = &s->tools,
			.error = s->error.code ? &s->error : NULL};
		visit(self, &facts);
	}
}

void mcp_call(struct mcp *m, const struct tool_call *call, struct tool_result *out)
{
	const struct offered *o = find_offered(m, call->name);

	if (o)
		mcp_server_call(o->server, o->tool, call, out);
	else
		tool_fail(out, "there is no tool named %.*s", STR_ARG(call->name));
}
