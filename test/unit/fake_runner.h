// SPDX-License-Identifier: MIT
/*
 * fake_runner: what shows a batch asks of the runner, answered from memory. A test says what
 * happens, by fake_start, fake_end and the like, in any order.
 */
#ifndef FAKE_RUNNER_H
#define FAKE_RUNNER_H

#include <stdlib.h>

#include "base/must.h"
#include "ui/batch.h"

struct runner {
	struct tasks tasks;
	struct task_outcome *outcomes; /* state WAITING: it has not ended */
	enum task_state *states;
	struct run_usage spent;
	struct err stop;
	size_t asked; /* outcomes */
	bool is_unreadable;
	struct batch_ui *ui;
};

enum task_state runner_state(const struct runner *r, uint32_t task)
{
	return r->states[task];
}

size_t runner_count(const struct runner *r, enum task_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < r->tasks.items.n; i++)
		n += r->states[i] == state;
	return n;
}

const struct run_usage *runner_spent(const struct runner *r)
{
	return &r->spent;
}

const struct err *runner_stop_reason(const struct runner *r)
{
	return r->stop.code ? &r->stop : NULL;
}

/* Copies, as what is read from a journal is. */
bool runner_outcome(const struct runner *r, uint32_t task, struct arena *a,
	struct task_outcome *out, struct err *e)
{
	((struct runner *)r)->asked++;
	if (r->is_unreadable)
		return err_set(e, ERR_IO, "journal.jsonl is shorter than it was");
	*out = r->outcomes[task];
	out->text = out->text.p ? arena_copy(a, out->text) : out->text;
	return true;
}

static inline void fake_new(struct runner *r, struct str list)
{
	struct err e;

	*r = (struct runner){.spent = {.tokens = USAGE_UNKNOWN}};
	tasks_read(&r->tasks, STR("list.jsonl"), list);
	if (!tasks_finish(&r->tasks, false, &e))
		must_fail(e.text, __FILE__, __LINE__);
	r->outcomes = must_alloc(r->tasks.items.n, sizeof *r->outcomes);
	r->states = must_alloc(r->tasks.items.n, sizeof *r->states);
}

static inline void fake_release(struct runner *r)
{
	for (size_t i = 0; i < r->tasks.items.n; i++)
		free((char *)r->outcomes[i].text.p);
	free(r->outcomes);
	free(r->states);
	tasks_release(&r->tasks);
}

static inline void fake_tell(struct runner *r, struct runner_event event)
{
	batch_ui_event(r->ui, &event);
}

static inline void fake_start(struct runner *r, uint32_t task)
{
	r->states[task] = TASK_RUNNING;
	fake_tell(r, (struct runner_event){.kind = RUNNER_STARTED, .task = task, .attempt = 1});
}

static inline void fake_agent(struct runner *r, uint32_t task, struct agent_event event)
{
	fake_tell(r, (struct runner_event){
			     .kind = RUNNER_AGENT, .task = task, .attempt = 1, .agent = &event});
}

/* What is known of an end, without telling it. */
static inline void fake_note(
	struct runner *r, uint32_t task, enum task_state state, const char *text)
{
	struct task_outcome *o = &r->outcomes[task];

	*o = (struct task_outcome){.state = state,
		.attempts = state == TASK_SKIPPED ? 0 : 1,
		.usage = {.tokens = {1000, 200, -1, -1, -1, -1, -1},
			.cost_nanousd = 12'000'000,
			.duration_ms = 2100,
			.turns = 3,
			.tool_calls = 2,
			.model = STR("mock/one")}};
	if (state == TASK_DONE)
		o->text = (struct str){must_copy(text, strlen(text)), strlen(text)};
	else
		o->message = str_from(text);
	o->class = str_from(state == TASK_FAILED ? "limit" : NULL);
	r->states[task] = state;
	if (state != TASK_SKIPPED)
		run_usage_add(&r->spent, &o->usage);
}

static inline void fake_end(
	struct runner *r, uint32_t task, enum task_state state, const char *text)
{
	fake_note(r, task, state, text);
	fake_tell(r, (struct runner_event){.kind = RUNNER_ENDED,
			     .task = task,
			     .attempt = 1,
			     .outcome = &r->outcomes[task]});
}

static inline void fake_over(struct runner *r)
{
	fake_tell(r, (struct runner_event){.kind = RUNNER_OVER});
}

#endif
