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
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/answer.h"
#include "agent/repeats.h"
#include "agent/session.h"
#include "agent/summary.h"
#include "agent/window.h"
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
	struct window window; /* what of the session is sent */
	const struct route *window_route; /* whose limits it has */
	struct summary summary;
	bool has_overflowed; /* this turn's request was refused as too long once */
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
	[AGENT_WINDOW] = {"window", "the conversation was made shorter"},
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
	} else if (agent->result.stop == STOP_CONTEXT) {
		if (window_overflowed(&agent->window, 0))
			refuse_tools(agent, message,
				"not run: your answer was cut because the context window was full, "
				"so the arguments may be incomplete; call again");
		else
			without_calls(agent);
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

static void keep_call(struct agent *agent, const struct call_result *call)
{
	struct call_result kept = *call;

	kept.error = NULL;
	kept.request_id = arena_copy(&agent->arena, call->request_id);
	vec_push(&agent->calls, kept);
	agent->result.provider_ns += call->times.ended - call->times.begun;
}

static void add_cost(struct agent *agent, const struct call_result *call)
{
	struct agent_result *r = &agent->result;

	usage_add(&r->usage, &call->usage);
	/* One call of unknown cost makes the sum unknown. */
	r->cost_nanousd = r->cost_nanousd < 0 || call->cost_nanousd < 0
				  ? -1
				  : r->cost_nanousd + call->cost_nanousd;
}

static void note_call(struct agent *agent, const struct call_result *call)
{
	keep_call(agent, call);
	add_cost(agent, call);
	/* A model that was needed once stays: the conversation is in its prefix cache now. */
	agent->result.route = agent->route = call->route;
	agent->result.stop = call->stop;
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

/* ---- the window ---- */

static void set_window(struct agent *agent, const struct route *route)
{
	int64_t most = route->is_in_catalog ? route->model.max_output_tokens : 0;
	int64_t wanted = route->max_output_tokens ? route->max_output_tokens : OUTPUT_MAX_TOKENS;
	bool is_known;
	int64_t tokens = route_context_tokens(route, &is_known);

	agent->window_route = route;
	window_set_limits(
		&agent->window, tokens, is_known, most > 0 && most < wanted ? most : wanted);
}

static void tell_window(struct agent *agent, const struct call_result *call)
{
	tell(agent, (struct agent_event){
			    .kind = AGENT_WINDOW, .window = &agent->window.change, .call = call});
}

static void fill_prompt(struct agent *agent)
{
	const struct window *w = &agent->window;

	agent->prompt.messages = w->view.p;
	agent->prompt.message_count = w->view.n;
	agent->prompt.max_output_tokens = w->output_tokens;
	agent->prompt.context_tokens = w->tokens;
}

/* A fallback may have a smaller window: there is no time for a summary then. */
static const struct prompt *fit_route(void *self, const struct route *route, struct err *e)
{
	struct agent *agent = self;
	bool has_shrunk;

	if (route == agent->window_route)
		return &agent->prompt;
	set_window(agent, route);
	switch (window_fit(&agent->window, &has_shrunk, e)) {
	case WINDOW_FITS: break;
	case WINDOW_SUMMARISE:
		window_close_summary(&agent->window, STR(""));
		has_shrunk = true;
		break;
	case WINDOW_TOO_SMALL: return NULL;
	}
	if (has_shrunk)
		tell_window(agent, NULL);
	fill_prompt(agent);
	return &agent->prompt;
}

/* Refused before a word was said: the window is smaller than it was thought to be. */
static bool is_curable(struct agent *agent, const struct call_result *call)
{
	return call->error && call->stop == STOP_CONTEXT && call->http_status &&
	       !call->times.first_token && !agent->error.code && !agent->has_overflowed &&
	       window_overflowed(&agent->window, call->context_tokens);
}

static void make_room(struct agent *agent);

static void got_end(void *self, const struct call_result *call)
{
	struct agent *agent = self;

	agent->call = NULL;
	if (is_curable(agent, call)) {
		session_forget_answer(&agent->session);
		keep_call(agent, call);
		agent->route = call->route;
		agent->has_overflowed = true;
		make_room(agent);
		return;
	}
	const struct message *message = session_end_answer(&agent->session);
	note_call(agent, call);
	if (!call->error)
		window_learn(&agent->window, &call->usage);
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

static void send(struct agent *agent)
{
	struct call_sink sink = {.delta = got_delta,
		.retry = got_retry,
		.end = got_end,
		.self = agent,
		.fit = fit_route};

	fill_prompt(agent);
	agent->call = call_start(&agent->world.call, agent->route, &agent->prompt, &sink);
}

static void close_summary(
	struct agent *agent, struct str text, const struct err *why, const struct call_result *call)
{
	window_close_summary(&agent->window, text);
	agent->window.change.error = agent->window.change.is_summarised ? NULL : why;
	tell_window(agent, call);
	agent->window.change.error = NULL;
	summary_release(&agent->summary);
	send(agent);
}

static void got_summary_end(void *self, const struct call_result *call)
{
	struct agent *agent = self;
	static const struct err empty = {ERR_TASK, "the summary was empty"};

	agent->call = NULL;
	keep_call(agent, call);
	/* A request that was refused costs nothing. */
	if (!call->error || call->usage.input >= 0)
		add_cost(agent, call);
	if (agent->error.code)
		end_soon(agent);
	else if (call->error)
		close_summary(agent, STR(""), call->error, call);
	else
		close_summary(agent, buf_str(&agent->summary.text), &empty, call);
}

/* By the model that is there for it, else by the conversation's own. */
static const struct route *prepare_summary(struct agent *agent)
{
	const struct route *other = agent->task.summary_route, *own = agent->route;
	bool is_known;

	if (other && other->wire && !str_eq(other->name, own->name) &&
		summary_prepare(&agent->summary, &agent->window, &agent->prompt, false,
			route_context_tokens(other, &is_known)))
		return other;
	return summary_prepare(
		       &agent->summary, &agent->window, &agent->prompt, true, agent->window.tokens)
		       ? own
		       : NULL;
}

static void summarise(struct agent *agent)
{
	static const struct err too_long = {ERR_LIMIT, "they do not fit into a question"};
	struct call_sink sink = {.retry = got_retry, .end = got_summary_end, .self = agent};
	const struct route *route = prepare_summary(agent);

	if (route)
		agent->call = summary_ask(&agent->summary, &agent->world.call, route, &sink);
	else
		close_summary(agent, STR(""), &too_long, NULL);
}

static void make_room(struct agent *agent)
{
	bool has_shrunk;
	enum window_verdict verdict = window_fit(&agent->window, &has_shrunk, &agent->error);

	if (has_shrunk)
		tell_window(agent, NULL);
	switch (verdict) {
	case WINDOW_FITS: send(agent); break;
	case WINDOW_SUMMARISE: summarise(agent); break;
	case WINDOW_TOO_SMALL:
		agent->result.turns--;
		agent->result.stop = STOP_CONTEXT;
		err_context(&agent->error, "%.*s", STR_ARG(agent->route->name));
		end_soon(agent);
		break;
	}
}

static void ask(struct agent *agent)
{
	agent->result.turns++;
	agent->has_overflowed = false;
	tell(agent, (struct agent_event){.kind = AGENT_ASKS});
	make_room(agent);
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
	window_start(&agent->window, &agent->session, &agent->prompt);
	set_window(agent, agent->route);
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
