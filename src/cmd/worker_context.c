// SPDX-License-Identifier: MIT
/*
 * worker_context: loaded once for the tasks of a batch, as they come one after the other; again
 * after a while, as a worker lives long: dates and instruction files change.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/must.h"
#include "cmd/worker.h"

enum { CONTEXTS_KEPT = 16, FRESH_S = 600 };

struct worker_context {
	struct worker_context *next;
	struct agent_context context;
	struct arena arena;
	struct str text;
	size_t users;
	int64_t loaded_ns;
};

static bool is_fresh(const struct worker_context *c)
{
	return clock_ns() - c->loaded_ns < FRESH_S * INT64_C(1'000'000'000);
}

static void free_context(struct worker_context *c)
{
	agent_context_release(&c->context);
	arena_release(&c->arena);
	free(c);
}

/* Of those that nobody uses the newest stay. */
static void sweep(struct worker *w)
{
	struct worker_context **at = &w->contexts;

	for (size_t kept = 0; *at; kept++) {
		struct worker_context *c = *at;
		if (c->users || (is_fresh(c) && kept < CONTEXTS_KEPT)) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		free_context(c);
	}
}

struct worker_context *worker_context_take(struct worker *w, struct str text, struct err *e)
{
	struct run *r = &w->run;

	sweep(w);
	for (struct worker_context *c = w->contexts; c; c = c->next)
		if (str_eq(c->text, text) && is_fresh(c))
			return c->users++, c;
	struct worker_context *c = must_alloc(1, sizeof *c);
	*c = (struct worker_context){.next = w->contexts, .users = 1, .loaded_ns = clock_ns()};
	if (!run_load_context(r, &r->workspace, &r->hands, &c->context, e)) {
		free_context(c);
		return NULL;
	}
	agent_context_add_tools(
		&c->context, r->context.tools + w->own_tools, r->context.tool_count - w->own_tools);
	c->text = arena_copy(&c->arena, text);
	if (text.n)
		agent_context_instruct(&c->context, text);
	w->contexts = c;
	return c;
}

const struct agent_context *worker_context_get(const struct worker_context *c)
{
	return &c->context;
}

void worker_context_give(struct worker_context *c)
{
	if (c)
		c->users--;
}

void worker_contexts_release(struct worker *w)
{
	while (w->contexts) {
		struct worker_context *c = w->contexts;
		w->contexts = c->next;
		free_context(c);
	}
}
