// SPDX-License-Identifier: MIT
/*
 * turn: the loop of one task.
 *
 *   ask -> make room -> send -> (deltas) -> answered -+-> no calls: done
 *    ^       |   ^       ^ |                          +-> it does not fit the schema: once -+
 *    |    summary of     | refused as too long: once  |                                     |
 *    |    old turns -----+                            |                                     |
 *    +------ results <-- tools: all calls of the turn on the pool                           |
 *    +--------------------------------------------------------------------------------------+
 *
 * The calls of a turn run at the same time and their results go back in the order asked, each with
 * the id of its call. Jobs on the pool hold only their own struct job; after a cancel the end waits
 * until the last of them is back.
 */
#include "agent/turn.h"

#include <stdlib.h>

#include "agent/answer.h"
#include "base/clock.h"
#include "base/log.h"

const struct agent_event_entry agent_events[AGENT_DONE + 1] = {
	[AGENT_ASKS] = {"asks", "a model call begins"},
	[AGENT_WAITS] = {"waits", "a model call waits for its turn"},
	[AGENT_RETRY] = {"retry", "a model call failed and is made again"},
	[AGENT_FALLBACK] = {"fallback", "a model failed and the next one is asked"},
	[AGENT_TEXT] = {"text", "a piece of what the model says"},
	[AGENT_THINKS] = {"thinks", "a piece of its thinking"},
	[AGENT_ANSWERED] = {"answered", "a model call is over"},
	[AGENT_QUESTION] = {"question", "a person is asked whether a tool may do something"},
	[AGENT_TOOL] = {"tool", "a tool starts"},
	[AGENT_TOOL_DONE] = {"tool_done", "a tool has ended"},
	[AGENT_RESULTS] = {"results", "the tools' results are given to the model"},
	[AGENT_CORRECTION] = {"correction",
		"the answer does not fit the schema and is asked for again"},
	[AGENT_WINDOW] = {"window", "the conversation was made shorter"},
	[AGENT_DONE] = {"done", "the task has ended"},
};

void turn_tell(struct agent *agent, struct agent_event event)
{
	const struct agent_event_entry *entry = &agent_events[event.kind];

	/* Pieces would drown everything else. */
	if (event.kind != AGENT_TEXT && event.kind != AGENT_THINKS)
		log_debug("turn %d: %s: %s %.*s", agent->result.turns, entry->name, entry->brief,
			STR_ARG(event.run ? event.run->name : STR("")));
	event.turn = agent->result.turns;
	agent->sink.event(agent->sink.self, &event);
}

static void free_agent(struct agent *agent)
{
	vec_each (&agent->runs, run) {
		buf_release(&(*run)->result.text);
		free(*run);
	}
	vec_release(&agent->runs);
	vec_release(&agent->always);
	vec_release(&agent->subs);
	vec_release(&agent->calls);
	memory_free(agent->memory);
	repeats_release(&agent->repeats);
	summary_release(&agent->summary);
	window_release(&agent->window);
	session_release(&agent->session);
	arena_release(&agent->arena);
	free(agent);
}

static void end(void *self)
{
	struct agent *agent = self;
	struct agent_result *r = &agent->result;
	struct tool_run *runs = arena_alloc(&agent->arena, agent->runs.n, sizeof *runs);

	for (size_t i = 0; i < agent->runs.n; i++)
		runs[i] = *agent->runs.p[i];
	r->error = agent->error.code ? &agent->error : NULL;
	r->tools = runs;
	r->tool_count = agent->runs.n;
	r->calls = agent->calls.p;
	r->call_count = agent->calls.n;
	r->window = agent->window.counts;
	r->window_tokens = agent->window.tokens;
	r->ended = clock_ns();
	turn_tell(agent, (struct agent_event){.kind = AGENT_DONE, .result = r});
	free_agent(agent);
}

static void run_end_hooks(void *self)
{
	struct agent *agent = self;
	const struct agent_result *r = &agent->result;
	AUTO(buf) why = {0};

	if (!hooks_end(&agent->task.hands->hooks, agent->task.workspace, r->text,
		    agent->error.code ? &agent->error : NULL, &agent->cancel, &why))
		err_set(&agent->hook_error, ERR_TASK, "%s", buf_text(&why));
}

static void end_hooks_done(void *self)
{
	struct agent *agent = self;

	if (agent->hook_error.code && !agent->error.code)
		agent->error = agent->hook_error;
	end(agent);
}

/* The hooks of a task that is over anyway are run, and a stopped one's are not. */
static void begin_end(void *self)
{
	struct agent *agent = self;

	if (agent->error.code == ERR_CANCELLED || agent->task.is_sub ||
		!hooks_has_end(&agent->task.hands->hooks) ||
		!pool_submit(agent->world.pool, run_end_hooks, end_hooks_done, agent))
		end(agent);
}

void turn_end_soon(struct agent *agent)
{
	if (!agent->ending)
		agent->ending = loop_after(agent->world.loop, 0, begin_end, agent);
}

/* ---- the model call ---- */

void turn_keep_call(struct agent *agent, const struct call_result *call)
{
	struct call_result kept = *call;

	kept.error = NULL;
	kept.request_id = arena_copy(&agent->arena, call->request_id);
	vec_push(&agent->calls, kept);
	agent->result.provider_ns += call->times.ended - call->times.begun - call->paced_all_ns;
	agent->result.paced_ns += call->paced_all_ns;
}

void turn_add_cost(struct agent *agent, const struct usage *usage, int64_t cost_nanousd)
{
	struct agent_result *r = &agent->result;

	usage_add(&r->usage, usage);
	/* One call of unknown cost makes the sum unknown. */
	r->cost_nanousd =
		r->cost_nanousd < 0 || cost_nanousd < 0 ? -1 : r->cost_nanousd + cost_nanousd;
}

static void note_call(struct agent *agent, const struct call_result *call)
{
	turn_keep_call(agent, call);
	turn_add_cost(agent, &call->usage, call->cost_nanousd);
	/* A model that was needed once stays: the conversation is in its prefix cache now. */
	agent->result.route = agent->route = call->route;
	agent->result.stop = call->stop;
}

static void got_delta(void *self, const struct delta *delta)
{
	struct agent *agent = self;

	session_take_delta(&agent->session, delta);
	if (delta->kind == DELTA_TEXT && delta->text.n)
		turn_tell(agent, (struct agent_event){.kind = AGENT_TEXT, .text = delta->text});
	else if (delta->kind == DELTA_THINKING && delta->text.n)
		turn_tell(agent, (struct agent_event){.kind = AGENT_THINKS, .text = delta->text});
}

void turn_got_retry(void *self, const struct call_retry *retry)
{
	struct agent *agent = self;
	bool is_same = retry->next == retry->route;

	session_forget_answer(&agent->session);
	turn_tell(agent, (struct agent_event){
				 .kind = is_same ? AGENT_RETRY : AGENT_FALLBACK, .retry = retry});
}

void turn_got_wait(void *self, const struct call_wait *wait)
{
	turn_tell(self, (struct agent_event){.kind = AGENT_WAITS, .wait = wait});
}

/* It has rules for texts only. */
static bool can_answer(struct agent *agent, const struct route *route)
{
	if (!agent->task.schema || route->wire)
		return true;
	err_set(&agent->error, ERR_TASK,
		"the offline model cannot answer in a schema (--schema): it is no language model");
	return false;
}

static void got_end(void *self, const struct call_result *call)
{
	struct agent *agent = self;

	agent->call = NULL;
	if (turn_is_curable(agent, call)) {
		session_forget_answer(&agent->session);
		turn_keep_call(agent, call);
		agent->route = call->route;
		agent->has_overflowed = true;
		turn_make_room(agent);
		return;
	}
	const struct message *message = session_end_answer(&agent->session);
	note_call(agent, call);
	if (!call->error)
		window_learn(&agent->window, &call->usage);
	struct str text = session_text(message, &agent->arena);
	/* What was said before tool calls is no answer, but better than nothing when it ends there.
	 */
	if (text.n || turn_count_calls(message) == 0)
		agent->result.text = text;
	turn_tell(agent,
		(struct agent_event){.kind = AGENT_ANSWERED, .message = message, .call = call});
	if (!agent->error.code && call->error)
		agent->error = *call->error;
	if (agent->error.code || !can_answer(agent, call->route))
		turn_end_soon(agent);
	else
		turn_judge(agent, message);
}

void turn_send(struct agent *agent)
{
	struct call_sink sink = {.delta = got_delta,
		.retry = turn_got_retry,
		.end = got_end,
		.self = agent,
		.fit = turn_fit_route,
		.wait = turn_got_wait};

	turn_fill_prompt(agent);
	agent->call = call_start(&agent->world.call, agent->route, &agent->prompt, &sink);
}

/* ---- begin and end ---- */

void turn_ask(struct agent *agent)
{
	agent->result.turns++;
	agent->has_overflowed = false;
	turn_tell(agent, (struct agent_event){.kind = AGENT_ASKS});
	turn_make_room(agent);
}

static struct message first_message(const struct agent_task *task, struct arena *a)
{
	size_t images = task->images.block_count, n = 0;
	struct block *blocks = arena_alloc(a, images + 5, sizeof *blocks);

	if (task->context->facts.n)
		blocks[n++] = (struct block){.kind = BLOCK_TEXT, .text = task->context->facts};
	for (size_t i = 0; i < images; i++)
		blocks[n++] = task->images.blocks[i];
	if (task->preamble.n)
		blocks[n++] = (struct block){.kind = BLOCK_TEXT, .text = task->preamble};
	if (task->piped.n)
		blocks[n++] = (struct block){.kind = BLOCK_TEXT,
			.text = arena_printf(a, "<stdin>\n%.*s\n</stdin>", STR_ARG(task->piped))};
	if (task->schema)
		blocks[n++] = (struct block){
			.kind = BLOCK_TEXT, .text = answer_instruction(task->schema, a)};
	blocks[n++] = (struct block){.kind = BLOCK_TEXT, .text = task->text};
	return (struct message){.role = ROLE_USER, .blocks = blocks, .block_count = n};
}

/* All but the conversation. */
static struct prompt empty_prompt(const struct agent_task *task)
{
	struct prompt prompt = {.system = task->context->system,
		.tools = task->context->tools,
		.tool_count = task->context->tool_count,
		.max_output_tokens = OUTPUT_MAX_TOKENS,
		.stream = true};

	if (task->schema)
		answer_address(task->schema, &prompt);
	return prompt;
}

struct prompt agent_first_prompt(const struct agent_task *task, struct arena *a)
{
	struct prompt prompt = empty_prompt(task);
	struct message *message = arena_alloc(a, 1, sizeof *message);

	*message = first_message(task, a);
	prompt.messages = message;
	prompt.message_count = 1;
	return prompt;
}

struct agent *agent_start(const struct agent_world *world, const struct agent_task *task,
	const struct agent_sink *sink)
{
	struct agent *agent = must_alloc(1, sizeof *agent);

	*agent = (struct agent){.world = *world,
		.task = *task,
		.route = task->route,
		.sink = *sink,
		.prompt = empty_prompt(task),
		.memory = memory_new(task->text),
		.result = {.usage = USAGE_UNKNOWN, .started = clock_ns(), .text = STR("")}};
	struct message first = first_message(task, &agent->arena);
	session_add(&agent->session, first.role, first.blocks, first.block_count);
	window_start(&agent->window, &agent->session, &agent->prompt);
	turn_set_window(agent, agent->route);
	if (can_answer(agent, task->route))
		turn_ask(agent);
	else
		turn_end_soon(agent);
	return agent;
}

void agent_cancel(struct agent *agent, enum err_code code, const char *why)
{
	if (agent->error.code || agent->ending)
		return;
	err_set(&agent->error, code, "%s", why);
	atomic_store(&agent->cancel, true);
	/* Whatever is under way ends soon, and its end ends the agent. */
	if (agent->call)
		call_cancel(agent->call);
	turn_cancel_tasks(agent, code, why);
	agent_answer(agent, ANSWER_NO, STR("stopped"));
}
