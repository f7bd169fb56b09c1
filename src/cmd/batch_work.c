// SPDX-License-Identifier: MIT
/* batch: the loop that works on the tasks, and how it ends. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/batch.h"

const struct route *batch_route(void *self, struct str model, struct err *e)
{
	struct batch *b = self;

	vec_each (&b->routes, known)
		if (str_eq(known->model, model))
			return known->route;
	const struct route *route = run_choose_other(&b->run, model, e);
	if (route && !spending_check(&b->run.spending, route, e))
		return NULL;
	if (route)
		vec_push(&b->routes, (struct batch_route){model, route});
	return route;
}

static void give_up_output(void *self)
{
	struct batch *b = self;

	b->patience = NULL;
	batch_ui_abandon_output(b->ui);
}

/* Somebody who wants it to end does not wait for a reader that takes nothing. */
static void hurry_output(struct batch *b)
{
	enum { OUTPUT_PATIENCE_MS = 500 };

	if (!b->patience && !*batch_ui_done(b->ui))
		b->patience = loop_after(b->run.loop, OUTPUT_PATIENCE_MS, give_up_output, b);
}

/* The first lets what runs finish, the second does not, the third waits for nothing. */
static void on_signal(void *self, int number)
{
	struct batch *b = self;
	struct err why;

	if (b->signals++ > 1)
		_exit(128 + number);
	b->run.signal_number = number;
	run_stop_mcp(&b->run);
	if (!b->runner)
		_exit(128 + number);
	if (b->is_over) {
		b->run.status = 128 + number;
		atomic_store(&b->is_cancelled, true);
		if (!b->is_applying)
			hurry_output(b);
		return;
	}
	if (b->is_posted && number == SIGINT) {
		batch_interrupt_post(b, b->signals == 1);
		return;
	}
	err_set(&why, ERR_CANCELLED, number == SIGINT ? "interrupted" : "terminated");
	atomic_store(&b->is_cancelled, number != SIGINT || b->signals > 1);
	if (b->is_cancelled)
		runner_cancel(b->runner, &why);
	else
		runner_stop(b->runner, &why);
}

static void on_output_error(void *self, const struct err *e)
{
	struct batch *b = self;

	/* Files still want it. */
	if (b->run.ui_options.output_count || b->has_directory)
		return;
	b->is_unread = true;
	if (b->runner)
		runner_cancel(b->runner, e);
}

static void on_event(void *self, const struct runner_event *event)
{
	struct batch *b = self;

	batch_ui_event(b->ui, event);
	if (b->queue)
		batch_queue_event(b, event);
	if (event->kind == RUNNER_OVER) {
		b->is_over = true;
		timer_cancel(b->grace);
		b->grace = NULL;
		batch_tell_under_way(b);
	}
}

/* A budget and a line in the ledger of its own. */
static void open_purse(void *self, uint32_t task, struct agent_world *world)
{
	struct batch *b = self;
	struct batch_purse *purse = must_alloc(1, sizeof *purse);

	*purse = (struct batch_purse){spending_task(&b->run.spending), b->run.spending.who};
	purse->who.task_id = b->tasks.items.p[task].id;
	world->call.budget = purse->budget;
	world->call.who = &purse->who;
	b->purses[task] = purse;
}

static void close_purse(void *self, uint32_t task)
{
	struct batch *b = self;

	if (!b->purses[task])
		return;
	budget_free(b->purses[task]->budget);
	free(b->purses[task]);
	b->purses[task] = NULL;
}

/* ---- before ---- */

static void fill_options(struct batch *b)
{
	struct run *r = &b->run;
	struct runner_options *o = &b->options;

	o->tasks = &b->tasks;
	o->journal = b->journal;
	o->journal_fd = b->journal_fd;
	o->past = &b->past;
	o->call_retries = r->retry.retries_max;
	o->schedule.max_retries = r->retry.retries_max;
	o->task = run_agent_task(r);
	o->place = (struct task_place){&r->workspace, &r->context, &r->hands};
	o->route = batch_route;
	if (b->isolate) {
		o->enter = batch_enter;
		o->leave = batch_leave;
	}
	if (b->queue) {
		o->hand_over = batch_hand_over;
		o->take_back = batch_take_back;
	}
	o->world = open_purse;
	o->world_end = close_purse;
	o->event = on_event;
	o->self = b;
}

static bool open_journal(struct batch *b, struct err *e)
{
	AUTO(buf) options = {0};

	if (!b->journal) {
		batch_put_options(b, &options);
		b->journal = journal_begin(b->state, &b->tasks, buf_str(&options), e);
		if (!b->journal)
			return false;
		run_past_begin(&b->past, b->tasks.items.n);
		snprintf(b->name, sizeof b->name, "%s", journal_run(b->journal));
	}
	b->journal_fd = journal_open(b->state, b->name, e);
	return b->journal_fd >= 0;
}

static struct batch_ui *open_ui(struct batch *b)
{
	const struct run *r = &b->run;
	const struct options *given = &r->given;
	struct batch_ui_options o = {.format = r->ui_options.format,
		.outputs = r->ui_options.outputs,
		.output_count = r->ui_options.output_count,
		.directory = options_value(given, "output-dir"),
		.only = options_value(given, "only"),
		.is_unordered = options_has(given, "unordered"),
		.is_quiet = r->ui_options.is_quiet,
		.is_verbose = r->ui_options.is_verbose,
		.is_plain = r->ui_options.is_plain,
		.has_schema = r->ui_options.has_schema,
		.shows_partial = r->ui_options.shows_partial,
		.environment = run_environment,
		.patch_file = options_has(given, "isolate") ? batch_patch_file : NULL,
		.self = b};

	b->has_directory = o.directory;
	struct batch_ui *ui = batch_ui_new(r->loop, &o, &b->tasks, b->name);
	batch_ui_on_output_error(ui, on_output_error, b);
	return ui;
}

/* ---- after ---- */

static int status_of(const struct batch *b)
{
	const struct err *stop = runner_stop_reason(b->runner);

	if (b->run.signal_number)
		return 128 + b->run.signal_number;
	if (b->is_unread)
		return EXIT_DONE;
	if (stop && (stop->code == ERR_LIMIT || stop->code == ERR_BUDGET))
		return EXIT_LIMIT;
	return runner_is_done(b->runner) ? EXIT_DONE : EXIT_TASK_FAILED;
}

static void end_output(struct batch *b)
{
	struct err e;

	if (batch_ui_end(b->ui, &e))
		return;
	if (e.code && e.code != ERR_CANCELLED)
		fprintf(stderr, "fettle: %s\n", e.text);
	if (!b->run.status && e.code != ERR_CANCELLED)
		b->run.status = EXIT_TASK_FAILED;
}

static void finish_output(struct batch *b)
{
	if (b->signals)
		hurry_output(b);
	loop_run(b->run.loop, batch_ui_done(b->ui));
	timer_cancel(b->patience);
	b->patience = NULL;
}

static bool start(struct batch *b, struct err *e)
{
	struct run *r = &b->run;
	struct agent_world world = run_world(r, false);

	/* Who asks for so many tasks at once means it, where nobody knows better. */
	if (r->pacer && options_has(&r->given, "parallel"))
		pacer_suppose(r->pacer, b->options.parallel);
	b->purses = arena_alloc(&r->arena, b->tasks.items.n, sizeof *b->purses);
	r->spending.who.run_id = str_from(b->name);
	fill_options(b);
	batch_fill_post(b);
	b->runner = runner_start(&world, &b->options, e);
	return b->runner;
}

/* A batch that somebody ended leaves that to the one that goes on with it. */
static void apply_patches(struct batch *b)
{
	struct err e = {0};

	if (!options_has(&b->run.given, "apply") || b->signals)
		return;
	b->is_applying = true;
	if (batch_apply(b, &e))
		return;
	if (e.code)
		fprintf(stderr, "fettle: --apply: %s\n", e.text);
	if (b->signals)
		fprintf(stderr, "to go on: fettle batch --resume %s\n", b->name);
	if (!b->run.status)
		b->run.status = EXIT_TASK_FAILED;
}

bool batch_work(struct batch *b, struct err *e)
{
	struct run *r = &b->run;

	if (!run_open_loop(r, on_signal, b, e))
		return false;
	bool is_good = open_journal(b, e);
	if (is_good) {
		b->ui = open_ui(b);
		run_begin_work(r);
		is_good = batch_open_trees(b, e) && batch_queue_open(b, e) && start(b, e);
	}
	if (is_good) {
		batch_ui_begin(b->ui, b->runner);
		loop_run(r->loop, &b->is_over);
		r->status = status_of(b);
		batch_queue_end(b);
		finish_output(b);
		end_output(b);
		apply_patches(b);
		run_tell_changes(r);
	}
	batch_queue_close(b);
	batch_ui_free(b->ui);
	runner_free(b->runner);
	run_close_loop(r);
	return is_good;
}
