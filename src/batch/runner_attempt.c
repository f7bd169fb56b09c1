// SPDX-License-Identifier: MIT
/*
 * runner_attempt: one attempt of a task. What may wait for a disk (a place of its own, files to be
 * read) is done by a worker, before the agent and after it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "batch/runner_inside.h"

void attempt_free(struct attempt *a)
{
	buf_release(&a->result);
	arena_release(&a->arena);
	free(a);
}

/* The first reason counts. */
static void fail(struct attempt *a, const struct err *e)
{
	if (!a->error.code)
		a->error = *e;
}

/* ---- afterwards ---- */

static void settle(void *self)
{
	struct attempt *a = self;
	const struct runner_options *o = &a->runner->options;

	if (!a->usage.duration_ms)
		a->usage.duration_ms = (clock_ns() - a->begun_ns) / 1'000'000;
	if (o->world_end)
		o->world_end(o->self, a->index);
	if (a->error.code && !a->class)
		attempt_classify(a, NULL);
	runner_settle(a);
}

static void leave(void *self)
{
	struct attempt *a = self;
	const struct runner_options *o = &a->runner->options;
	struct err e;

	if (!o->leave(o->self, a->index, !a->error.code, &e))
		fail(a, &e);
}

static void finish(struct attempt *a)
{
	timer_cancel(a->timeout);
	a->timeout = NULL;
	if (!a->is_in || !a->runner->options.leave) {
		settle(a);
		return;
	}
	/* There is a place in its queue for every attempt. */
	must(pool_submit(a->runner->places, leave, settle, a));
}

/* ---- the agent ---- */

static void take_result(struct attempt *a, const struct agent_result *result)
{
	a->usage = (struct run_usage){.tokens = result->usage,
		.cost_nanousd = result->cost_nanousd,
		.turns = result->turns,
		.tool_calls = (int)result->tool_count};
	if (result->call_count)
		a->usage.model = arena_copy(&a->arena, result->route->name);
	if (result->error)
		fail(a, result->error);
	else if (result->text.n > RUN_RESULT_MAX_BYTES)
		err_set(&a->error, ERR_LIMIT, "the answer is longer than %d MB",
			RUN_RESULT_MAX_BYTES >> 20);
	else
		buf_put_str(&a->result, result->text);
	if (a->error.code)
		attempt_classify(a, result);
}

static void agent_gone(void *self)
{
	struct attempt *a = self;

	a->timeout = NULL;
	finish(a);
}

static void on_event(void *self, const struct agent_event *event)
{
	struct attempt *a = self;
	const struct runner_options *o = &a->runner->options;

	if (event->kind != AGENT_DONE) {
		o->event(o->self, &(struct runner_event){.kind = RUNNER_AGENT,
					  .task = a->index,
					  .attempt = a->number,
					  .agent = event});
		return;
	}
	a->agent = NULL;
	a->is_answered = true;
	take_result(a, event->result);
	if (!a->is_in) {
		finish(a);
		return;
	}
	/* It is freed behind this event, and then nothing of its place is in use any more. */
	timer_cancel(a->timeout);
	a->timeout = loop_after(a->runner->world.loop, 0, agent_gone, a);
}

static void on_timeout(void *self)
{
	struct attempt *a = self;
	int64_t limit = a->task->timeout_s ? a->task->timeout_s : a->runner->options.timeout_s;
	struct err e;

	a->timeout = NULL;
	a->is_timed_out = true;
	err_set(&e, ERR_TIMEOUT, "it took longer than %lld s", (long long)limit);
	if (a->agent)
		agent_cancel(a->agent, e.code, e.text);
	else
		fail(a, &e);
}

void attempt_cancel(struct attempt *a, enum err_code code, const char *why)
{
	struct err e;

	if (a->error.code || a->is_answered)
		return;
	a->is_cancelled = true;
	err_set(&e, code, "%s", why);
	if (a->agent) {
		agent_cancel(a->agent, code, why);
		return;
	}
	fail(a, &e);
	if (!a->is_away)
		return;
	a->is_away = false;
	a->runner->options.take_back(a->runner->options.self, a->index, a->number);
	finish(a);
}

/* ---- somebody else ---- */

static void hand_over(struct attempt *a)
{
	const struct runner_options *o = &a->runner->options;
	struct err e;

	a->asked.route = a->route;
	a->is_away = o->hand_over(o->self, a->index, a->number, &a->asked, &e);
	if (a->is_away)
		return;
	fail(a, &e);
	finish(a);
}

void attempt_take(struct attempt *a, const struct runner_result *result)
{
	a->is_away = false;
	a->usage = result->usage;
	a->usage.model = arena_copy(&a->arena, result->usage.model);
	if (result->is_done && result->text.n <= RUN_RESULT_MAX_BYTES) {
		buf_put_str(&a->result, result->text);
	} else if (result->is_done) {
		err_set(&a->error, ERR_LIMIT, "the answer is longer than %d MB",
			RUN_RESULT_MAX_BYTES >> 20);
	} else {
		err_set(&a->error, ERR_TASK, "%.*s", STR_ARG(result->message));
		a->class = result->class;
		a->failure = result->failure;
		attempt_count_same(a);
	}
	finish(a);
}

static void start_agent(struct attempt *a)
{
	const struct runner_options *o = &a->runner->options;
	struct agent_sink sink = {on_event, a};

	if (a->error.code) {
		finish(a);
		return;
	}
	if (o->hand_over) {
		hand_over(a);
		return;
	}
	a->world = a->runner->world;
	if (o->world)
		o->world(o->self, a->index, &a->world);
	a->asked.workspace = a->place.workspace;
	a->asked.context = a->place.context;
	a->asked.hands = a->place.hands;
	a->asked.route = a->route;
	a->agent = agent_start(&a->world, &a->asked, &sink);
}

/* ---- before it ---- */

static void enter(void *self)
{
	struct attempt *a = self;
	const struct runner_options *o = &a->runner->options;
	struct err e;

	if (o->enter) {
		a->is_in = o->enter(o->self, a->index, &a->place, &e);
		if (!a->is_in) {
			fail(a, &e);
			return;
		}
	}
	if (attempt_put_text(a, &e))
		return;
	/* Too much to tell is the list's fault, and no limit of the work. */
	if (e.code == ERR_LIMIT)
		e.code = ERR_USAGE;
	fail(a, &e);
}

static void entered(void *self)
{
	start_agent(self);
}

static bool choose_route(struct attempt *a, struct err *e)
{
	const struct runner_options *o = &a->runner->options;

	a->route = a->task->model.p ? o->route(o->self, a->task->model, e) : o->task.route;
	return a->route;
}

void attempt_begin(struct runner *r, uint32_t task)
{
	struct attempt *a = must_alloc(1, sizeof *a);
	int64_t limit_s;
	struct err e;

	*a = (struct attempt){.runner = r,
		.task = &r->options.tasks->items.p[task],
		.index = task,
		.number = (int)++r->options.past->tasks[task].attempts,
		.begun_ns = clock_ns(),
		.place = r->options.place,
		.asked = r->options.task,
		.result.max = RUN_RESULT_MAX_BYTES + 1,
		.usage = {.tokens = USAGE_UNKNOWN}};
	vec_push(&r->attempts, a);
	journal_note_started(r->options.journal, task, a->number);
	r->options.event(r->options.self,
		&(struct runner_event){.kind = RUNNER_STARTED, .task = task, .attempt = a->number});
	limit_s = a->task->timeout_s ? a->task->timeout_s : r->options.timeout_s;
	/* Whoever works on it has the time. */
	if (limit_s && !r->options.hand_over)
		a->timeout = loop_after(r->world.loop, limit_s * 1'000, on_timeout, a);
	if (!choose_route(a, &e)) {
		fail(a, &e);
		finish(a);
	} else if (r->places) {
		must(pool_submit(r->places, enter, entered, a));
	} else {
		enter(a);
		start_agent(a);
	}
}
