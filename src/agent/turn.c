// SPDX-License-Identifier: MIT
/*
 * turn: the loop of one task.
 *
 *   ask -> (deltas) -> answered -+-> no calls: done
 *    ^                           +-> tools: all calls of the turn on the pool -> results -+
 *    |                           +-> an answer that does not fit the schema: once --------+
 *    +------------------------------------------------------------------------------------+
 *
 * The calls of a turn run at the same time and their results go back in the order asked, each with
 * the id of its call. Jobs on the pool hold only their own struct job; after a cancel the end waits
 * until the last of them is back.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/answer.h"
#include "agent/repeats.h"
#include "agent/session.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"
#include "base/vec.h"

/* The same calls with the same arguments: the model is told at this many, one more ends the loop.
 */
enum { SAME_CALLS_TOLD = 3 };
/* Ceiling of one answer; a model's own limit where that is lower. */
enum { OUTPUT_MAX_TOKENS = 32'000 };

struct job {
	struct agent *agent;
	const struct tool *tool; /* NULL: unknown name */
	struct tool_run *run;
	struct arena arena;
	struct tool_call call;
	bool is_bad_input;
};

struct agent {
	struct agent_world world;
	struct agent_task task;
	struct agent_sink sink;
	struct session session;
	struct prompt prompt;
	struct call *call;
	const struct route *route; /* the task's, or the fallback that answered last */
	struct arena arena;
	VEC(struct tool_run *) runs;
	VEC(struct call_result) calls;
	struct job *jobs;
	size_t job_count, jobs_left;
	int64_t tools_started;
	struct timer *ending;
	atomic_bool cancel;
	struct err error;
	struct agent_result result;
	struct repeats repeats;
	bool has_corrected; /* an answer that did not fit the schema was asked for again */
};

static void ask(struct agent *agent);

const struct agent_event_entry agent_events[AGENT_DONE + 1] = {
	[AGENT_ASKS] = {"asks", "a model call begins"},
	[AGENT_RETRY] = {"retry", "a model call failed and is made again"},
	[AGENT_FALLBACK] = {"fallback", "a model failed and the next one is asked"},
	[AGENT_TEXT] = {"text", "a piece of what the model says"},
	[AGENT_THINKS] = {"thinks", "a piece of its thinking"},
	[AGENT_ANSWERED] = {"answered", "a model call is over"},
	[AGENT_TOOL] = {"tool", "a tool starts"},
	[AGENT_TOOL_DONE] = {"tool_done", "a tool has ended"},
	[AGENT_RESULTS] = {"results", "the tools' results are given to the model"},
	[AGENT_CORRECTION] = {"correction",
		"the answer does not fit the schema and is asked for again"},
	[AGENT_DONE] = {"done", "the task has ended"},
};

static void tell(struct agent *agent, struct agent_event event)
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
	vec_release(&agent->calls);
	repeats_release(&agent->repeats);
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
	r->ended = clock_ns();
	tell(agent, (struct agent_event){.kind = AGENT_DONE, .result = r});
	free_agent(agent);
}

/* From the next turn of the loop, so that no caller finds its agent freed. */
static void end_soon(struct agent *agent)
{
	if (!agent->ending)
		agent->ending = loop_after(agent->world.loop, 0, end, agent);
}

/* ---- tools ---- */

static void run_job(void *self)
{
	struct job *job = self;
	struct tool_run *run = job->run;
	struct err e;

	run->started = clock_ns();
	if (!job->tool)
		tool_fail(&run->result, "there is no tool named %.*s", STR_ARG(run->name));
	else if (job->is_bad_input)
		tool_fail(&run->result, "the arguments of %s were not a JSON object",
			job->tool->name);
	else if (!json_check(run->input, &e))
		tool_fail(&run->result, "the arguments of %s: %s", job->tool->name, e.text);
	else if (!atomic_load(job->call.cancel))
		job->tool->run(&job->call, &run->result);
	arena_release(&job->arena);
	run->ended = clock_ns();
}

static void give_results(struct agent *agent)
{
	struct block *blocks = arena_alloc(&agent->arena, agent->job_count, sizeof *blocks);
	struct session *s = &agent->session;

	for (size_t i = 0; i < agent->job_count; i++) {
		struct tool_run *run = agent->jobs[i].run;
		struct str text = buf_str(&run->result.text);
		blocks[i] = (struct block){.kind = BLOCK_TOOL_RESULT,
			.id = run->id,
			.name = run->name,
			.text = text.n ? text : STR("[no output]"),
			.is_error = run->result.is_error};
	}
	session_add(s, ROLE_USER, blocks, agent->job_count);
	tell(agent, (struct agent_event){
			    .kind = AGENT_RESULTS, .message = &s->messages.p[s->messages.n - 1]});
}

static void job_done(void *self)
{
	struct job *job = self;
	struct agent *agent = job->agent;

	tell(agent, (struct agent_event){.kind = AGENT_TOOL_DONE, .run = job->run});
	if (--agent->jobs_left > 0)
		return;
	agent->result.tools_ns += clock_ns() - agent->tools_started;
	if (!agent->error.code)
		give_results(agent);
	free(agent->jobs);
	agent->jobs = NULL;
	if (agent->error.code)
		end_soon(agent);
	else
		ask(agent);
}

static struct str target_of(struct agent *agent, const struct tool *tool, struct str input)
{
	AUTO(buf) line = {0};
	struct err e;

	if (!tool || !tool->target || !json_check(input, &e))
		return STR("");
	struct str value = json_get(input, tool->target);
	struct str text = json_type(value) == JSON_STRING ? json_text(value, &agent->arena) : value;
	utf8_put_line(&line, text, 60);
	return arena_copy(&agent->arena, buf_str(&line));
}

static void prepare(struct agent *agent, struct job *job, const struct block *block)
{
	struct tool_run *run = must_alloc(1, sizeof *run);

	vec_push(&agent->runs, run);
	*job = (struct job){.agent = agent,
		.run = run,
		.tool = agent_context_has_tool(agent->task.context, block->name)
				? tool_find(block->name)
				: NULL,
		.is_bad_input = block->is_error};
	*run = (struct tool_run){.id = block->id,
		.name = block->name,
		.input = block->input,
		.target = target_of(agent, job->tool, block->input)};
	job->call = (struct tool_call){.workspace = agent->task.workspace,
		.input = block->input,
		.cancel = &agent->cancel,
		.arena = &job->arena};
}

static void start_tools(struct agent *agent, const struct message *message)
{
	agent->job_count = 0;
	agent->jobs = must_alloc(message->block_count, sizeof *agent->jobs);
	for (size_t i = 0; i < message->block_count; i++)
		if (message->blocks[i].kind == BLOCK_TOOL_USE)
			prepare(agent, &agent->jobs[agent->job_count++], &message->blocks[i]);
	agent->jobs_left = agent->job_count;
	agent->tools_started = clock_ns();
	for (size_t i = 0; i < agent->job_count; i++) {
		struct job *job = &agent->jobs[i];
		tell(agent, (struct agent_event){.kind = AGENT_TOOL, .run = job->run});
		if (pool_submit(agent->world.pool, run_job, job_done, job))
			continue;
		tool_fail(&job->run->result, "too many calls at once; ask for fewer in one turn");
		job->run->started = job->run->ended = clock_ns();
		loop_post(agent->world.loop, job_done, job);
	}
}

/* ---- what to do with an answer ---- */

static size_t count_calls(const struct message *m)
{
	size_t n = 0;

	for (size_t i = 0; m && i < m->block_count; i++)
		n += m->blocks[i].kind == BLOCK_TOOL_USE;
	return n;
}

/* Answers every call of the message with an error instead of running it. */
static void refuse_tools(struct agent *agent, const struct message *m, const char *why)
{
	struct block *blocks = arena_alloc(&agent->arena, m->block_count, sizeof *blocks);
	struct session *s = &agent->session;
	size_t n = 0;

	for (size_t i = 0; i < m->block_count; i++)
		if (m->blocks[i].kind == BLOCK_TOOL_USE)
			blocks[n++] = (struct block){.kind = BLOCK_TOOL_RESULT,
				.id = m->blocks[i].id,
				.name = m->blocks[i].name,
				.text = str_from(why),
				.is_error = true};
	session_add(s, ROLE_USER, blocks, n);
	tell(agent, (struct agent_event){
			    .kind = AGENT_RESULTS, .message = &s->messages.p[s->messages.n - 1]});
	ask(agent);
}

static void keep_faults(struct agent *agent, const struct schema_faults *faults)
{
	struct agent_result *r = &agent->result;
	struct schema_fault *kept = arena_alloc(&agent->arena, faults->count, sizeof *kept);

	memcpy(kept, faults->items, faults->count * sizeof *kept);
	r->faults = kept;
	r->fault_count = faults->count;
	answer_set_error(faults, &agent->error);
}

/* The model gets one chance to correct itself, as far as there are turns. */
static void ask_again(struct agent *agent, const struct schema_faults *faults)
{
	struct session *s = &agent->session;
	struct block block = {.kind = BLOCK_TEXT, .text = answer_complaint(faults, &agent->arena)};
	AUTO(buf) why = {0};

	schema_faults_put(&why, faults);
	session_add(s, ROLE_USER, &block, 1);
	tell(agent, (struct agent_event){.kind = AGENT_CORRECTION,
			    .text = str_trim(buf_str(&why)),
			    .message = &s->messages.p[s->messages.n - 1]});
	agent->has_corrected = agent->prompt.wants_answer = true;
	ask(agent);
}

/* False when the model is asked once more. */
static bool take_structured(struct agent *agent)
{
	struct agent_result *r = &agent->result;
	struct schema_faults faults;
	AUTO(buf) compact = {0};
	struct str value;

	if (answer_check(agent->task.schema, r->text, &agent->arena, &value, &faults)) {
		json_put_compact(&compact, value);
		r->text = value;
		r->structured = arena_copy(&agent->arena, buf_str(&compact));
		return true;
	}
	if (!agent->has_corrected && r->turns < agent->task.max_turns) {
		ask_again(agent, &faults);
		return false;
	}
	keep_faults(agent, &faults);
	return true;
}

static void without_calls(struct agent *agent)
{
	switch (agent->result.stop) {
	case STOP_MAX:
		err_set(&agent->error, ERR_LIMIT,
			"the answer is cut: it reached %lld output tokens",
			(long long)agent->calls.p[agent->calls.n - 1].max_output_tokens);
		break;
	case STOP_CONTEXT:
		err_set(&agent->error, ERR_LIMIT, "the answer is cut: the context window is full");
		break;
	case STOP_REFUSAL: err_set(&agent->error, ERR_TASK, "the model refused to answer"); break;
	default:
		if (agent->result.text.n == 0)
			err_set(&agent->error, ERR_TASK, "the model gave an empty answer");
		else if (agent->task.schema && !take_structured(agent))
			return;
	}
	end_soon(agent);
}

static void judge(struct agent *agent, const struct message *message)
{
	if (count_calls(message) == 0) {
		without_calls(agent);
		return;
	}
	if (agent->result.turns >= agent->task.max_turns) {
		err_set(&agent->error, ERR_LIMIT, "stopped after %d turn%s (--max-turns)",
			agent->result.turns, agent->result.turns == 1 ? "" : "s");
		agent->result.stop = STOP_TOOL_USE;
		end_soon(agent);
		return;
	}
	int same = repeats_count(&agent->repeats, message);
	if (agent->result.stop == STOP_MAX) {
		refuse_tools(agent, message,
			"not run: your answer was cut at the output limit, so the arguments may be "
			"incomplete; call again with shorter arguments");
	} else if (same > SAME_CALLS_TOLD) {
		err_set(&agent->error, ERR_TASK,
			"the model repeats the same tool call without getting further");
		end_soon(agent);
	} else if (same == SAME_CALLS_TOLD) {
		refuse_tools(agent, message,
			"not run: you have asked for exactly this three times running; the result "
			"will not change. Answer with what you have, or try something else");
	} else {
		start_tools(agent, message);
	}
}

/* ---- the model call ---- */

static void note_call(struct agent *agent, const struct call_result *call)
{
	struct agent_result *r = &agent->result;
	struct call_result kept = *call;

	kept.error = NULL;
	kept.request_id = arena_copy(&agent->arena, call->request_id);
	vec_push(&agent->calls, kept);
	usage_add(&r->usage, &call->usage);
	/* One call of unknown cost makes the sum unknown. */
	r->cost_nanousd = r->cost_nanousd < 0 || call->cost_nanousd < 0
				  ? -1
				  : r->cost_nanousd + call->cost_nanousd;
	r->provider_ns += call->times.ended - call->times.begun;
	/* A model that was needed once stays: the conversation is in its prefix cache now. */
	r->route = agent->route = call->route;
	r->stop = call->stop;
}

static void got_delta(void *self, const struct delta *delta)
{
	struct agent *agent = self;

	session_take_delta(&agent->session, delta);
	if (delta->kind == DELTA_TEXT && delta->text.n)
		tell(agent, (struct agent_event){.kind = AGENT_TEXT, .text = delta->text});
	else if (delta->kind == DELTA_THINKING && delta->text.n)
		tell(agent, (struct agent_event){.kind = AGENT_THINKS, .text = delta->text});
}

static void got_retry(void *self, const struct call_retry *retry)
{
	struct agent *agent = self;
	bool is_same = retry->next == retry->route;

	session_forget_answer(&agent->session);
	tell(agent, (struct agent_event){
			    .kind = is_same ? AGENT_RETRY : AGENT_FALLBACK, .retry = retry});
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
	const struct message *message = session_end_answer(&agent->session);

	agent->call = NULL;
	note_call(agent, call);
	struct str text = session_text(message, &agent->arena);
	/* What was said before tool calls is no answer, but better than nothing when it ends there.
	 */
	if (text.n || count_calls(message) == 0)
		agent->result.text = text;
	tell(agent, (struct agent_event){.kind = AGENT_ANSWERED, .message = message, .call = call});
	if (!agent->error.code && call->error)
		agent->error = *call->error;
	if (agent->error.code || !can_answer(agent, call->route))
		end_soon(agent);
	else
		judge(agent, message);
}

static void ask(struct agent *agent)
{
	struct call_sink sink = {got_delta, got_retry, got_end, agent};

	agent->result.turns++;
	agent->prompt.messages = agent->session.messages.p;
	agent->prompt.message_count = agent->session.messages.n;
	tell(agent, (struct agent_event){.kind = AGENT_ASKS});
	agent->call = call_start(&agent->world.call, agent->route, &agent->prompt, &sink);
}

static void add_task(struct agent *agent)
{
	const struct agent_task *task = &agent->task;
	size_t images = task->images.block_count, n = 0;
	struct block *blocks = arena_alloc(&agent->arena, images + 4, sizeof *blocks);

	if (task->context->facts.n)
		blocks[n++] = (struct block){.kind = BLOCK_TEXT, .text = task->context->facts};
	for (size_t i = 0; i < images; i++)
		blocks[n++] = task->images.blocks[i];
	if (task->piped.n)
		blocks[n++] = (struct block){.kind = BLOCK_TEXT,
			.text = arena_printf(
				&agent->arena, "<stdin>\n%.*s\n</stdin>", STR_ARG(task->piped))};
	if (task->schema)
		blocks[n++] = (struct block){.kind = BLOCK_TEXT,
			.text = answer_instruction(task->schema, &agent->arena)};
	blocks[n++] = (struct block){.kind = BLOCK_TEXT, .text = task->text};
	session_add(&agent->session, ROLE_USER, blocks, n);
}

struct agent *agent_start(const struct agent_world *world, const struct agent_task *task,
	const struct agent_sink *sink)
{
	struct agent *agent = must_alloc(1, sizeof *agent);

	*agent = (struct agent){.world = *world,
		.task = *task,
		.route = task->route,
		.sink = *sink,
		.result = {.usage = USAGE_UNKNOWN, .started = clock_ns(), .text = STR("")}};
	agent->prompt = (struct prompt){.system = task->context->system,
		.tools = task->context->tools,
		.tool_count = task->context->tool_count,
		.max_output_tokens = OUTPUT_MAX_TOKENS,
		.stream = true};
	if (task->schema)
		answer_address(task->schema, &agent->prompt);
	add_task(agent);
	if (can_answer(agent, task->route))
		ask(agent);
	else
		end_soon(agent);
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
}
