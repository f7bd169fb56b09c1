// SPDX-License-Identifier: MIT
/*
 * Calls that an agent of its own works on: with the model, the workspace and the rules of the agent
 * that asks, but a window of its own and the tools that read. It asks no further agents, so there
 * is one level of them. What it costs is the asking agent's.
 */
#include <stdlib.h>

#include "agent/tool/plain.h"
#include "agent/turn.h"
#include "base/clock.h"
#include "base/utf8.h"

enum { TURNS_MAX = 25, ANSWER_MAX_BYTES = 64 << 10 };

struct sub {
	struct agent *asking, *agent;
	struct tool_result *out;
	void (*end)(void *self);
	void *self;
};

static const struct agent_context *reading_context(struct agent *agent)
{
	struct hands *hands = agent->task.hands;

	if (!hands->reader) {
		hands->reader = must_alloc(1, sizeof *hands->reader);
		agent_context_load_reader(hands->reader, agent->task.context, agent->task.workspace,
			hands, clock_wall_s());
	}
	return hands->reader;
}

static void keep_costs(struct sub *sub, const struct agent_result *r)
{
	struct agent *asking = sub->asking;
	struct call_result *calls = arena_alloc(&asking->arena, r->call_count, sizeof *calls);
	struct sub_run *run = arena_alloc(&asking->arena, 1, sizeof *run);

	for (size_t i = 0; i < r->call_count; i++) {
		calls[i] = r->calls[i];
		calls[i].request_id = arena_copy(&asking->arena, calls[i].request_id);
	}
	*run = (struct sub_run){.turns = r->turns,
		.usage = r->usage,
		.cost_nanousd = r->cost_nanousd,
		.calls = calls,
		.call_count = r->call_count};
	sub->out->sub = run;
	turn_add_cost(asking, &r->usage, r->cost_nanousd);
}

static void put_answer(struct buf *out, struct str text)
{
	struct str head = utf8_head(text, ANSWER_MAX_BYTES);

	plain_put_text(out, head);
	if (out->n && out->p[out->n - 1] != '\n')
		buf_put_char(out, '\n');
	if (head.n < text.n)
		buf_printf(out, "[cut here: %zu bytes more]\n", text.n - head.n);
}

static void put_result(struct tool_result *out, const struct agent_result *r)
{
	if (r->error)
		tool_fail(out, "the sub-agent has not done it: %s\n", r->error->text);
	if (r->error && r->text.n)
		buf_put_text(&out->text, "What it said last:\n");
	put_answer(&out->text, r->text);
}

static void forget(struct sub *sub)
{
	struct agent *asking = sub->asking;

	for (size_t i = 0; i < asking->subs.n; i++)
		if (asking->subs.p[i] == sub)
			asking->subs.p[i] = asking->subs.p[--asking->subs.n];
	free(sub);
}

static void on_event(void *self, const struct agent_event *event)
{
	struct sub *sub = self;

	if (event->kind != AGENT_DONE)
		return;
	keep_costs(sub, event->result);
	put_result(sub->out, event->result);
	sub->end(sub->self);
	forget(sub);
}

void turn_start_task(struct agent *agent, struct str prompt, struct tool_result *out,
	void (*end)(void *self), void *self)
{
	struct sub *sub = must_alloc(1, sizeof *sub);
	struct agent_task task = {.text = prompt,
		.route = agent->route,
		.workspace = agent->task.workspace,
		.context = reading_context(agent),
		.hands = agent->task.hands,
		.max_turns = TURNS_MAX,
		.is_sub = true};

	*sub = (struct sub){.asking = agent, .out = out, .end = end, .self = self};
	vec_push(&agent->subs, sub);
	sub->agent = agent_start(&agent->world, &task, &(struct agent_sink){on_event, sub});
}

void turn_cancel_tasks(struct agent *agent, enum err_code code, const char *why)
{
	vec_each (&agent->subs, sub)
		agent_cancel((*sub)->agent, code, why);
}
