// SPDX-License-Identifier: MIT
/*
 * runner_post: tasks that a provider's batches work on. What goes out when is batch/post's; here a
 * task gets its words, its budget and its place among the runner's tasks.
 *
 *   admitted (it has a posted) > started (the provider has it) > outcome, or given back
 */
#include <stdlib.h>

#include "batch/runner_inside.h"
#include "call/budget.h"

static const struct run_usage unknown = {.tokens = USAGE_UNKNOWN, .cost_nanousd = 0};

/* ---- the question ---- */

static bool put_prompt(void *self, uint32_t task, struct prompt *out, struct err *e)
{
	struct runner *r = self;
	struct attempt a = {.runner = r,
		.task = &r->options.tasks->items.p[task],
		.index = task,
		.place = r->options.place,
		.route = r->options.task.route,
		.asked = r->options.task};

	bool is_put = attempt_put_text(&a, e);
	arena_release(&r->asked);
	r->asked = a.arena;
	if (!is_put)
		return false;
	a.asked.context = a.place.context;
	*out = agent_first_prompt(&a.asked, &r->asked);
	return true;
}

static bool accept(
	void *self, uint32_t, struct str text, struct arena *a, struct str *answer, struct err *e)
{
	const struct runner *r = self;

	return agent_take_answer(r->options.task.schema, text, a, answer, e);
}

/* ---- what it may take ---- */

static struct posted *open_posted(struct runner *r, uint32_t task)
{
	struct posted *p = must_alloc(1, sizeof *p);

	p->world = r->world;
	if (r->options.world)
		r->options.world(r->options.self, task, &p->world);
	return p;
}

static void close_posted(struct runner *r, uint32_t task, struct posted *p)
{
	free(p);
	if (r->options.world_end)
		r->options.world_end(r->options.self, task);
}

static enum post_word admit(
	void *self, uint32_t task, const struct prompt *prompt, size_t size_bytes, struct err *e)
{
	struct runner *r = self;
	const struct route *route = r->options.task.route;
	struct posted *p = open_posted(r, task);
	const struct budget *budget = p->world.call.budget;
	enum batches_word word =
		batches_reserve(&p->world.call, route, prompt, size_bytes, &p->hold, e);

	if (word == BATCHES_GO) {
		r->posted[task] = p;
		return POST_GO;
	}
	bool is_own = word == BATCHES_NO && budget && budget_has_refused(budget);
	close_posted(r, task, p);
	if (word == BATCHES_LATER)
		return POST_LATER;
	if (is_own)
		return POST_NEVER;
	runner_note_stop(r, e);
	return POST_ENOUGH;
}

/* Of one that an earlier session sent. */
static struct posted *adopt(struct runner *r, uint32_t task)
{
	struct posted *p = open_posted(r, task);
	struct err e;

	/* What costs nothing fits every budget but one that is not known to be kept. */
	if (batches_reserve(&p->world.call, r->options.task.route, NULL, 0, &p->hold, &e) !=
		BATCHES_GO)
		p->hold = NULL;
	r->posted[task] = p;
	return p;
}

/* spent NULL: it did not go, or is still under way. */
static void settle(struct runner *r, uint32_t task, const struct batches_spent *spent)
{
	struct posted *p = r->posted[task];

	if (!p)
		return;
	r->posted[task] = NULL;
	if (p->hold)
		batches_settle(p->hold, spent);
	close_posted(r, task, p);
}

/* ---- where it stands ---- */

static void leave_provider(struct runner *r, uint32_t task)
{
	struct run_task *past = &r->options.past->tasks[task];

	if (past->state != TASK_RUNNING)
		return;
	past->state = TASK_WAITING;
	r->posted_count--;
}

static void started(void *self, uint32_t task, int attempt)
{
	struct runner *r = self;
	struct run_task *past = &r->options.past->tasks[task];

	if (!r->posted[task])
		adopt(r, task);
	past->attempts = (uint32_t)attempt;
	past->state = TASK_RUNNING;
	r->posted_count++;
	runner_tell(r,
		&(struct runner_event){.kind = RUNNER_STARTED, .task = task, .attempt = attempt});
}

static void released(void *self, uint32_t task)
{
	struct runner *r = self;
	bool was_started = r->options.past->tasks[task].state == TASK_RUNNING;

	settle(r, task, NULL);
	leave_provider(r, task);
	if (was_started)
		runner_tell(r, &(struct runner_event){.kind = RUNNER_GIVEN_BACK,
				       .task = task,
				       .attempt = (int)r->options.past->tasks[task].attempts});
}

static void tell_again(struct runner *r, uint32_t task, const struct post_outcome *o)
{
	struct err e;

	err_set(&e, ERR_TASK, "%.*s", STR_ARG(o->message));
	runner_tell(
		r, &(struct runner_event){.kind = r->stop.code ? RUNNER_GIVEN_BACK : RUNNER_PAUSED,
			   .task = task,
			   .attempt = o->attempt,
			   .error = &e,
			   .class = o->class});
}

static void tell_end(struct runner *r, uint32_t task, const struct post_outcome *o)
{
	struct task_outcome outcome = {.state = o->is_done ? TASK_DONE : TASK_FAILED,
		.attempts = o->attempt,
		.usage = o->usage,
		.text = o->result};

	if (!o->is_done) {
		outcome.class = str_from(o->class);
		outcome.message = o->message;
	}
	runner_tell_ended(r, task, o->line.offset, o->line.length, &outcome);
}

static void outcome(void *self, uint32_t task, const struct post_outcome *o)
{
	struct runner *r = self;
	struct batches_spent spent = {.usage = o->usage.tokens,
		.may_be_billed = o->usage.cost_nanousd < 0,
		.duration_ms = o->usage.duration_ms,
		.outcome = o->is_done ? "ok" : err_code_name(ERR_TASK)};
	struct err why;

	settle(r, task, &spent);
	leave_provider(r, task);
	r->options.past->tasks[task].attempts = (uint32_t)o->attempt;
	run_usage_add(&r->options.past->spent, &o->usage);
	if (o->is_final)
		tell_end(r, task, o);
	else
		tell_again(r, task, o);
	if (!o->stops_others)
		return;
	err_set(&why, ERR_TASK, "task %.*s: %.*s", STR_ARG(r->options.tasks->items.p[task].id),
		STR_ARG(o->message));
	runner_note_stop(r, &why);
}

static void skipped(void *self, uint32_t task, uint32_t because, const struct post_line *line)
{
	struct runner *r = self;
	AUTO(arena) a = {0};
	struct task_outcome outcome = {.state = TASK_SKIPPED,
		.attempts = (int)r->options.past->tasks[task].attempts,
		.usage = unknown,
		.message = runner_blame(r, because, &a)};

	runner_tell_ended(r, task, line->offset, line->length, &outcome);
}

static void news(void *self, const struct post_news *news)
{
	struct runner *r = self;

	if (r->options.post->news)
		r->options.post->news(r->options.self, news);
}

/* ---- begin and end ---- */

static void settle_all(struct runner *r)
{
	for (uint32_t i = 0; i < r->options.tasks->items.n; i++)
		settle(r, i, NULL);
}

static void over(void *self, const struct err *e, size_t under_way)
{
	struct runner *r = self;

	r->post = NULL;
	r->under_way = under_way;
	settle_all(r);
	if (e)
		runner_note_stop(r, e);
	runner_turn_soon(r);
}

void posted_begin(struct runner *r)
{
	const struct runner_options *o = &r->options;
	struct post_options options = {.world = &r->world.call,
		.route = o->task.route,
		.journal = o->journal,
		.schedule = r->schedule,
		.past = o->past,
		.task_count = o->tasks->items.n,
		.requests_max = o->post->requests_max,
		.poll_first_ms = o->post->poll_first_ms,
		.poll_max_ms = o->post->poll_max_ms};
	struct post_sink sink = {.prompt = put_prompt,
		.outcome = outcome,
		.skipped = skipped,
		.news = news,
		.end = over,
		.self = r,
		.admit = admit,
		.released = released,
		.started = started,
		.accept = accept};

	must(!o->enter && !o->hand_over);
	r->posted = must_alloc(o->tasks->items.n + 1, sizeof(struct posted *));
	r->post = post_start(&options, &sink);
}

void posted_free(struct runner *r)
{
	must(!r->post);
	free(r->posted);
	arena_release(&r->asked);
}
