// SPDX-License-Identifier: MIT
/*
 * The calls of a turn: run on the pool, or answered without being run. A call starts as soon as it
 * conflicts with none of the calls before it that have not ended (agent/tool/touch.c).
 */
#include "agent/turn.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"

/* Calls at once that no worker waits in; until the end of one finds the pool's queue full no more.
 */
enum { STARTED_MAX = 8, FULL_POOL_MS = 10 };

enum job_state { JOB_WAITS, JOB_RUNS, JOB_ENDED };

struct job {
	struct agent *agent;
	const struct tool *tool; /* NULL: unknown name */
	struct tool_run *run;
	struct arena arena;
	struct tool_call call;
	struct tool_touch touch;
	enum job_state state;
	bool can_run; /* otherwise the result says already why not */
	bool is_permitted;
};

static void deny(struct job *job, const char *why)
{
	tool_fail(&job->run->result, "%s", why);
	job->run->is_denied = true;
	job->can_run = false;
}

static void run_hooks_before(struct job *job)
{
	AUTO(buf) why = {0};

	if (!hooks_before(&job->call.hands->hooks, &job->call, &why))
		deny(job, buf_text(&why));
}

static void run_hooks_after(struct job *job)
{
	struct buf *text = &job->run->result.text;

	hooks_after(&job->call.hands->hooks, &job->call, &job->run->result);
	size_t masked = secret_mask(&job->call.hands->secrets, text);
	if (masked)
		buf_printf(text, "%s[%zu secret%s masked as ****]\n",
			text->n && text->p[text->n - 1] != '\n' ? "\n" : "", masked,
			masked == 1 ? "" : "s");
}

static void before_run(void *self)
{
	struct job *job = self;

	job->run->started = clock_ns();
	if (atomic_load(job->call.cancel))
		job->can_run = false;
	if (job->can_run)
		run_hooks_before(job);
}

static void after_run(void *self)
{
	struct job *job = self;

	if (job->can_run)
		run_hooks_after(job);
	job->run->ended = clock_ns();
}

static void run_job(void *self)
{
	struct job *job = self;

	before_run(job);
	if (job->can_run)
		job->tool->run(&job->call, &job->run->result);
	after_run(job);
}

static bool check_job(struct job *job, const struct block *block)
{
	struct tool_result *out = &job->run->result;
	struct err e;

	if (!job->tool)
		tool_fail(out, "there is no tool named %.*s", STR_ARG(block->name));
	else if (block->is_error)
		tool_fail(out, "the arguments of %s were not a JSON object", job->tool->name);
	else if (!json_check(block->input, &e))
		tool_fail(out, "the arguments of %s: %s", job->tool->name, e.text);
	else
		return true;
	return false;
}

static void give(struct agent *agent, const struct block *blocks, size_t n)
{
	struct session *s = &agent->session;

	session_add(s, ROLE_USER, blocks, n);
	turn_tell(agent, (struct agent_event){.kind = AGENT_RESULTS,
				 .message = &s->messages.p[s->messages.n - 1]});
}

static void give_results(struct agent *agent)
{
	struct block *blocks = arena_alloc(&agent->arena, agent->job_count, sizeof *blocks);

	for (size_t i = 0; i < agent->job_count; i++) {
		struct tool_run *run = agent->jobs[i].run;
		struct str text = buf_str(&run->result.text);
		blocks[i] = (struct block){.kind = BLOCK_TOOL_RESULT,
			.id = run->id,
			.name = run->name,
			.text = text.n ? text : STR("[no output]"),
			.is_error = run->result.is_error};
	}
	give(agent, blocks, agent->job_count);
}

static void start_ready(struct agent *agent);

static void all_done(struct agent *agent)
{
	agent->result.tools_ns += clock_ns() - agent->tools_started;
	if (!agent->error.code)
		give_results(agent);
	free(agent->jobs);
	agent->jobs = NULL;
	if (agent->error.code)
		turn_end_soon(agent);
	else
		turn_ask(agent);
}

static void job_done(void *self)
{
	struct job *job = self;
	struct agent *agent = job->agent;

	job->state = JOB_ENDED;
	/* Not earlier: what it touches lives there, and is looked at while it runs. */
	arena_release(&job->arena);
	turn_tell(agent, (struct agent_event){.kind = AGENT_TOOL_DONE, .run = job->run});
	if (--agent->jobs_left > 0)
		start_ready(agent);
	else
		all_done(agent);
}

/*
 * A tool that waits without a worker: its hooks run on the pool, and what is between them begins
 * and ends on the loop's thread.
 */
static void end_started(void *self)
{
	struct job *job = self;
	const struct agent_world *world = &job->agent->world;

	if (!pool_submit(world->pool, after_run, job_done, job))
		loop_after(world->loop, FULL_POOL_MS, end_started, job);
}

static void start_tool(void *self)
{
	struct job *job = self;

	if (atomic_load(job->call.cancel))
		job->can_run = false;
	if (job->can_run)
		job->tool->start(&job->call, &job->run->result, end_started, job);
	else
		end_started(job);
}

static bool waits_without_worker(const struct job *job)
{
	return job->can_run && job->tool->start;
}

static bool submit(struct job *job)
{
	struct pool *pool = job->agent->world.pool;

	return waits_without_worker(job) ? pool_submit(pool, before_run, start_tool, job)
					 : pool_submit(pool, run_job, job_done, job);
}

/* One question at a time, in the order of the calls. */
static void ask(struct job *job)
{
	struct agent *agent = job->agent;
	AUTO(buf) text = {0};

	if (job->tool->show)
		job->tool->show(&job->call, &text);
	else
		buf_put_str(&text, job->run->input);
	agent->asked = job;
	turn_tell(agent, (struct agent_event){
				 .kind = AGENT_QUESTION, .run = job->run, .text = buf_str(&text)});
}

static bool is_always(const struct agent *agent, struct str name)
{
	for (size_t i = 0; i < agent->always.n; i++)
		if (str_eq(agent->always.p[i], name))
			return true;
	return false;
}

/* False while a person is asked, or another call's question is open. */
static bool clear_job(struct job *job)
{
	struct agent *agent = job->agent;
	AUTO(buf) why = {0};

	if (!job->can_run || job->is_permitted || is_always(agent, job->run->name))
		return true;
	switch (permit_judge(&agent->task.hands->permit, job->tool, &job->call, &why)) {
	case PERMISSION_GIVEN: return true;
	case PERMISSION_REFUSED: deny(job, buf_text(&why)); return true;
	default: break;
	}
	if (agent->error.code) {
		deny(job, "stopped");
		return true;
	}
	if (!agent->asked)
		ask(job);
	return false;
}

static void start_job(struct job *job)
{
	struct agent *agent = job->agent;

	if (!clear_job(job))
		return;
	job->state = JOB_RUNS;
	turn_tell(agent, (struct agent_event){.kind = AGENT_TOOL, .run = job->run});
	if (submit(job))
		return;
	tool_fail(&job->run->result, "too many calls at once; ask for fewer in one turn");
	job->run->started = job->run->ended = clock_ns();
	loop_post(agent->world.loop, job_done, job);
}

static bool has_room(const struct agent *agent, const struct job *job)
{
	size_t running = 0;

	if (!waits_without_worker(job))
		return true;
	for (size_t i = 0; i < agent->job_count; i++)
		running += agent->jobs[i].state == JOB_RUNS && agent->jobs[i].tool &&
			   agent->jobs[i].tool->start;
	return running < STARTED_MAX;
}

static bool is_ready(const struct agent *agent, const struct job *job)
{
	if (job->state != JOB_WAITS || !has_room(agent, job))
		return false;
	for (const struct job *earlier = agent->jobs; earlier < job; earlier++)
		if (earlier->state != JOB_ENDED && tool_touches(&earlier->touch, &job->touch))
			return false;
	return true;
}

static void start_ready(struct agent *agent)
{
	for (size_t i = 0; i < agent->job_count; i++)
		if (is_ready(agent, &agent->jobs[i]))
			start_job(&agent->jobs[i]);
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
				: NULL};
	*run = (struct tool_run){.id = block->id,
		.name = block->name,
		.input = block->input,
		.target = target_of(agent, job->tool, block->input)};
	job->call = (struct tool_call){.workspace = agent->task.workspace,
		.input = block->input,
		.cancel = &agent->cancel,
		.arena = &job->arena,
		.hands = agent->task.hands,
		.memory = agent->memory,
		.name = block->name,
		.id = block->id,
		.agent = agent};
	job->can_run = check_job(job, block);
	if (job->can_run)
		tool_touched(job->tool, &job->call, &job->touch);
}

void turn_run_tools(struct agent *agent, const struct message *message)
{
	agent->job_count = 0;
	agent->jobs = must_alloc(message->block_count, sizeof *agent->jobs);
	for (size_t i = 0; i < message->block_count; i++)
		if (message->blocks[i].kind == BLOCK_TOOL_USE)
			prepare(agent, &agent->jobs[agent->job_count++], &message->blocks[i]);
	agent->jobs_left = agent->job_count;
	agent->tools_started = clock_ns();
	start_ready(agent);
}

void agent_answer(struct agent *agent, enum answer answer, struct str why)
{
	struct job *job = agent->asked;

	if (!job)
		return;
	agent->asked = NULL;
	if (answer == ANSWER_NO)
		deny(job,
			why.n ? arena_printf(&agent->arena, "the user said no: %.*s", STR_ARG(why))
					.p
			      : "the user said no; ask before you try it another way");
	else
		job->is_permitted = true;
	if (answer == ANSWER_ALWAYS)
		vec_push(&agent->always, job->run->name);
	start_ready(agent);
}

void turn_refuse_tools(struct agent *agent, const struct message *m, const char *why)
{
	struct block *blocks = arena_alloc(&agent->arena, m->block_count, sizeof *blocks);
	size_t n = 0;

	for (size_t i = 0; i < m->block_count; i++)
		if (m->blocks[i].kind == BLOCK_TOOL_USE)
			blocks[n++] = (struct block){.kind = BLOCK_TOOL_RESULT,
				.id = m->blocks[i].id,
				.name = m->blocks[i].name,
				.text = str_from(why),
				.is_error = true};
	give(agent, blocks, n);
	turn_ask(agent);
}
