// SPDX-License-Identifier: MIT
/* worker_task: one task, with what this worker may do, whoever has put it into the queue. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cmd/worker.h"

enum { NAME_CELLS = 60, REASON_CELLS = 300 };

/* ---- the end ---- */

static void put_name(struct buf *out, const struct worker_task *t)
{
	utf8_put_line(out, t->run, NAME_CELLS);
	buf_put_char(out, '/');
	utf8_put_line(out, t->id, NAME_CELLS);
}

/* What is not done is told also when nothing else is. */
static void tell(const struct worker_task *t, const char *end, struct str why)
{
	AUTO(buf) line = {0};

	if (t->worker->run.ui_options.is_quiet && (t->is_done || t->is_given_back))
		return;
	put_name(&line, t);
	buf_printf(&line, " %s %.1f s", end, clock_ms(clock_ns() - t->begun_ns) / 1e3);
	if (why.n) {
		buf_put_text(&line, ": ");
		utf8_put_line(&line, why, REASON_CELLS);
	}
	fprintf(stderr, "fettle: %s\n", buf_text(&line));
}

static void remove_task(struct worker_task *t)
{
	struct worker *w = t->worker;
	struct worker_task **at = &w->tasks;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	timer_cancel(t->timer);
	worker_context_give(t->context);
	budget_free(t->budget);
	buf_release(&t->result);
	arena_release(&t->arena);
	free(t);
	worker_task_ended(w);
}

/* Its result is in the buffer, or it goes back. */
static void end(void *self)
{
	struct worker_task *t = self;
	struct err e;

	t->timer = NULL;
	if (!t->is_given_back && queue_job_finish(t->job, buf_str(&t->result), &e)) {
		remove_task(t);
		return;
	}
	/* Answers are far shorter than what a queue takes. */
	must(t->is_given_back);
	queue_job_give_back(t->job);
	remove_task(t);
}

static void put_result(struct worker_task *t, struct runner_result *result)
{
	result->usage.duration_ms = (clock_ns() - t->begun_ns) / 1'000'000;
	t->is_done = result->is_done;
	remote_put_result(&t->result, result);
	if (result->is_done) {
		tell(t, "done", (struct str){0});
		return;
	}
	AUTO(buf) why = {0};
	buf_printf(&why, "%s: %.*s", result->class, STR_ARG(result->message));
	tell(t, "FAILED", buf_str(&why));
}

static void fail(struct worker_task *t, const struct err *e, enum failure failure)
{
	struct runner_result result = {.class = task_class_find(STR("validation")),
		.failure = failure,
		.message = str_from(e->text),
		.usage.tokens = USAGE_UNKNOWN};

	put_result(t, &result);
	end(t);
}

/* A budget that the worker's other tasks have, too: somebody else may do it. */
static bool is_out_of_budget(const struct worker_task *t, const struct err *e)
{
	return e->code == ERR_BUDGET && t->budget && !budget_has_refused(t->budget);
}

static void classify(
	struct worker_task *t, const struct agent_result *result, struct runner_result *out)
{
	struct task_failing failing = {.error = result->error,
		.result = result,
		.is_timed_out = t->is_timed_out,
		.has_own_model = t->remote.has_own_model,
		.call_retries = t->worker->run.retry.retries_max};

	out->class = task_classify(&failing, &out->failure);
	out->message = str_from(result->error->text);
}

static void answered(struct worker_task *t, const struct agent_result *result)
{
	struct runner_result out = {.is_done = !result->error,
		.text = result->text,
		.usage = {.tokens = result->usage,
			.cost_nanousd = result->cost_nanousd,
			.turns = result->turns,
			.tool_calls = (int)result->tool_count}};

	if (result->call_count)
		out.usage.model = result->route->name;
	if (t->is_given_back) {
		tell(t, "given back", str_from(result->error ? result->error->text : ""));
		return;
	}
	if (result->error && is_out_of_budget(t, result->error)) {
		t->is_given_back = true;
		fprintf(stderr, "fettle: %s\n", result->error->text);
		t->worker->run.status = EXIT_LIMIT;
		worker_take_no_more(t->worker);
		return;
	}
	if (result->error) {
		classify(t, result, &out);
	} else if (out.text.n > RUN_RESULT_MAX_BYTES) {
		out.is_done = false;
		out.class = task_class_find(STR("task"));
		out.failure = FAILURE_LASTING;
		out.message = STR("the answer is too long");
	}
	put_result(t, &out);
}

static void on_event(void *self, const struct agent_event *event)
{
	struct worker_task *t = self;

	if (event->kind != AGENT_DONE)
		return;
	t->agent = NULL;
	answered(t, event->result);
	/* The agent is freed behind this event. */
	timer_cancel(t->timer);
	t->timer = loop_after(t->worker->run.loop, 0, end, t);
}

/* ---- before that ---- */

static void on_timeout(void *self)
{
	struct worker_task *t = self;
	struct err e;

	t->timer = NULL;
	t->is_timed_out = true;
	err_set(&e, ERR_TIMEOUT, "it took longer than %lld s", (long long)t->remote.timeout_s);
	agent_cancel(t->agent, e.code, e.text);
}

void worker_task_give_back(struct worker_task *t, const char *why)
{
	if (!t->agent)
		return;
	t->is_given_back = true;
	agent_cancel(t->agent, ERR_CANCELLED, why);
}

static const struct route *choose_route(struct worker *w, struct str model, struct err *e)
{
	struct run *r = &w->run;

	if (!model.n || str_eq(model, r->route.name))
		return &r->route;
	vec_each (&w->routes, known)
		if (str_eq(known->model, model))
			return known->route;
	const struct route *route = run_choose_other(r, model, e);
	if (!route || !spending_check(&r->spending, route, e))
		return NULL;
	vec_push(&w->routes, (struct worker_route){arena_copy(&r->arena, model), route});
	return route;
}

/* Who says a limit here does not have it lifted from elsewhere. */
static int max_turns(struct worker *w, int wished)
{
	int64_t own = w->run.max_turns;
	bool is_limit = settings_get(&w->run.settings, "max_turns").origin > ORIGIN_DEFAULT;

	if (!wished || (is_limit && own < wished))
		wished = (int)(own < 1'000'000 ? own : 1'000'000);
	return wished;
}

static void start(struct worker_task *t, const struct route *route)
{
	struct worker *w = t->worker;
	struct run *r = &w->run;
	struct agent_sink sink = {on_event, t};

	t->budget = spending_task(&r->spending);
	t->who = r->spending.who;
	t->who.run_id = t->run;
	t->who.task_id = t->id;
	t->world = w->world;
	t->world.call.budget = t->budget;
	t->world.call.who = &t->who;
	t->asked = run_agent_task(r);
	t->asked.text = t->remote.prompt;
	t->asked.preamble = t->remote.preamble;
	t->asked.route = route;
	t->asked.context = worker_context_get(t->context);
	t->asked.max_turns = max_turns(w, t->remote.max_turns);
	if (t->remote.timeout_s)
		t->timer = loop_after(r->loop, t->remote.timeout_s * 1'000, on_timeout, t);
	t->agent = agent_start(&t->world, &t->asked, &sink);
}

void worker_task_begin(void *self, struct queue_job *job, const struct queue_task *task)
{
	struct worker *w = self;
	struct worker_task *t = must_alloc(1, sizeof *t);
	struct err e;

	*t = (struct worker_task){
		.next = w->tasks, .worker = w, .job = job, .begun_ns = clock_ns()};
	w->tasks = t;
	timer_cancel(w->idle);
	w->idle = NULL;
	t->run = arena_copy(&t->arena, task->run);
	t->id = arena_copy(&t->arena, task->id);
	if (!remote_read_task(task->body, &t->arena, &t->remote, &e)) {
		fail(t, &e, FAILURE_LASTING);
		return;
	}
	if (t->remote.id.n)
		t->id = t->remote.id;
	t->context = worker_context_take(w, t->remote.context, &e);
	const struct route *route = t->context ? choose_route(w, t->remote.model, &e) : NULL;
	/* A model of the batch's is missing for all of its tasks. */
	if (route)
		start(t, route);
	else
		fail(t, &e, t->remote.has_own_model ? FAILURE_LASTING : FAILURE_COMMON);
}

void worker_task_lost(void *self, struct queue_job *job)
{
	struct worker *w = self;

	for (struct worker_task *t = w->tasks; t; t = t->next)
		if (t->job == job)
			worker_task_give_back(t, "nobody waits for it any more");
}
