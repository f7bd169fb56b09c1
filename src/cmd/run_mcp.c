// SPDX-License-Identifier: MIT
/* run: MCP servers: asked before the first model call where nothing is known of them yet. */
#include <stdio.h>

#include "cmd/run.h"

struct asking {
	struct run *run;
	bool is_done;
};

/* Whether any of their tools could be called in this run. */
static bool may_be_called(const struct permit *p)
{
	if (permit_offers(p, STR(MCP_PREFIX), tool_find(STR(MCP_PREFIX))))
		return true;
	for (size_t i = 0; i < p->allowed_count; i++)
		if (str_starts(str_trim(p->allowed[i]), STR(MCP_PREFIX)))
			return true;
	return false;
}

/* The offline model knows its own tools only. */
static bool is_wanted(const struct run *r)
{
	return r->route.wire && may_be_called(&r->hands.permit);
}

bool run_read_mcp(struct run *r, struct err *e)
{
	/* What was typed is judged in any case. */
	if (!is_wanted(r) && !options_has(&r->given, "mcp-config"))
		return true;
	if (!mcp_servers_read(&r->servers, &r->settings, &r->workspace, &r->given, &r->trust,
		    r->hands.fence, e))
		return false;
	r->servers.world.closed_web = r->web.closed;
	return true;
}

static void ask(void *self)
{
	struct asking *a = self;

	mcp_ask(a->run->servers.mcp, false, (struct str){0});
}

static void asked(void *self)
{
	struct asking *a = self;

	a->is_done = true;
}

static void tell(void *self, const char *text)
{
	struct run *r = self;

	if (!r->ui_options.is_quiet)
		fprintf(stderr, "fettle: %s\n", text);
}

static void offer(struct run *r)
{
	size_t count, kept = 0;
	const struct tool_spec *all = mcp_offer(r->servers.mcp, &count);
	struct tool_spec *specs = arena_alloc(&r->arena, count + 1, sizeof *specs);

	for (size_t i = 0; i < count; i++)
		if (permit_offers(&r->hands.permit, all[i].name, tool_find(all[i].name)))
			specs[kept++] = all[i];
	agent_context_add_tools(&r->context, specs, kept);
	mcp_each_problem(r->servers.mcp, tell, r);
}

void run_offer_mcp(struct run *r)
{
	struct asking a = {.run = r};

	if (!r->ui_options.is_quiet)
		mcp_servers_warn(&r->servers);
	if (!r->servers.mcp || !is_wanted(r))
		return;
	if (mcp_wants_asking(r->servers.mcp) && pool_submit(r->pool, ask, asked, &a))
		loop_run(r->loop, &a.is_done);
	offer(r);
	r->hands.mcp = r->servers.mcp;
}

void run_stop_mcp(struct run *r)
{
	if (r->servers.mcp)
		mcp_cancel(r->servers.mcp);
}
