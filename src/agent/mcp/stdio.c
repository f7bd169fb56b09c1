// SPDX-License-Identifier: MIT
/* stdio: a server that is started here and spoken to a line at a time. */
#include <stdlib.h>
#include <string.h>

#include "agent/mcp/session.h"
#include "io/child.h"

/*
 * Passed on, of what children of ours see; everything else stays here. What a server needs besides
 * is in its configuration.
 */
static const char *const passed[] = {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL",
	"LC_CTYPE", "TZ", "TMPDIR", "TERM", "NO_COLOR", "AI_AGENT", "XDG_CONFIG_HOME",
	"XDG_CACHE_HOME", "XDG_DATA_HOME", NULL};

static bool is_passed(const struct mcp_config *c, struct str name)
{
	for (size_t i = 0; i < c->variable_count; i++)
		if (str_eq(c->variables[i].name, name))
			return false;
	for (const char *const *p = passed; *p; p++)
		if (str_is(name, *p))
			return true;
	return false;
}

static const char *const *make_environment(struct mcp_session *s, struct fence *fence)
{
	const struct mcp_config *c = s->config;
	size_t n = 0, most = sizeof passed / sizeof *passed + c->variable_count + 1;
	const char **all = arena_alloc(&s->arena, most, sizeof *all);

	for (const char *const *v = fence_environment(fence); *v; v++) {
		struct str rest = str_from(*v), name;
		if (str_split(&rest, '=', &name) && is_passed(c, name) && n + 1 < most)
			all[n++] = *v;
	}
	for (size_t i = 0; i < c->variable_count && n + 1 < most; i++)
		all[n++] = arena_printf(&s->arena, "%.*s=%.*s", STR_ARG(c->variables[i].name),
			STR_ARG(c->variables[i].value))
				   .p;
	return all;
}

static const char *const *make_arguments(struct mcp_session *s)
{
	const struct mcp_config *c = s->config;
	const char **all = arena_alloc(&s->arena, c->argument_count + 2, sizeof *all);

	all[0] = c->command;
	for (size_t i = 0; i < c->argument_count; i++)
		all[i + 1] = arena_text(&s->arena, c->arguments[i]);
	return all;
}

static bool on_request(void *self, struct str method, struct str, struct buf *result)
{
	return mcp_session_asked(self, method, result);
}

static void on_notification(void *self, struct str method, struct str params)
{
	mcp_session_told(self, method, params);
}

static void stop(struct mcp_session *s)
{
	rpc_stop(s->rpc);
	s->rpc = NULL;
}

static bool open_program(struct mcp_session *s, struct err *e)
{
	s->program = mcp_program(s->config, s->world, &s->arena);
	if (!s->program)
		return err_set(e, ERR_NOT_FOUND, "%s: there is no program %s", s->name,
			s->config->command);
	struct fence *fence = s->config->has_network ? s->world->open : s->world->closed;
	const struct sandbox *sandbox = fence_sandbox(fence, e);
	if (!sandbox)
		return err_context(e, "%s", s->name);
	struct rpc_options options = {.name = s->name,
		.program = s->program,
		.arguments = make_arguments(s),
		.environment = make_environment(s, fence),
		.directory = s->world->root,
		.sandbox = sandbox,
		.framing = RPC_LINES,
		.cancel_method = "notifications/cancelled",
		.cancel_member = "requestId",
		.on_request = on_request,
		.on_notification = on_notification,
		.self = s};
	stop(s);
	s->rpc = rpc_start(&options, e);
	return s->rpc;
}

static bool call(
	struct mcp_session *s, const struct mcp_message *m, struct rpc_answer *out, struct err *e)
{
	struct rpc_wait wait = {.deadline_ns = m->patience.deadline_ns,
		.cancel = m->patience.cancel,
		.is_silent = m->is_silent};

	return rpc_call(s->rpc, m->method, m->params, &wait, out, e);
}

static bool notify(struct mcp_session *s, const char *method, struct err *e)
{
	return rpc_notify(s->rpc, method, (struct str){0}, e);
}

static bool is_open(struct mcp_session *s, struct err *e)
{
	return s->rpc && rpc_is_open(s->rpc, e);
}

static void hang_up(struct mcp_session *s)
{
	if (s->rpc)
		rpc_close(s->rpc);
}

const struct mcp_carrier mcp_stdio = {open_program, call, notify, is_open, hang_up, stop};
