// SPDX-License-Identifier: MIT
/* worker: works on the tasks of batches that come through a queue. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cmd/queue_place.h"
#include "cmd/run_options.h"
#include "cmd/worker.h"

extern const struct command command_worker;

static const struct option options[] = {
	{"queue", 0, "URL", "the Redis server with the tasks: redis://HOST, unix:///PATH"},
	QUEUE_OPTIONS,
	{"name", 0, "NAME", "what the worker is called there (default: the machine's name)"},
	{"parallel", 'p', "N", "tasks at the same time (default 3)"},
	{"exit-when-idle", 0, "SECONDS", "end when there was no task for this time"},
	MODEL_OPTIONS,
	BUDGET_OPTIONS,
	PERMIT_OPTIONS,
	{"directory", 'C', "DIR", "work in this directory"},
	TURN_OPTIONS,
	{"quiet", 'q', NULL, "say on stderr only what fails"},
	{"verbose", 'v', NULL, "say on stderr what happens inside"},
	{"help", 'h', NULL, "this help"},
	{0},
};

enum { PARALLEL_USUAL = 3, PARALLEL_MAX = 256, IDLE_MAX_S = 366 * 24 * 3'600 };
/* Once all was given back, a server that is away is not waited for. */
enum { LOOK_MS = 20, HURRY_MS = 3'000 };

/* ---- the end ---- */

static void look(void *self)
{
	struct worker *w = self;
	bool has_all =
		!w->tasks && !queue_worker_jobs(w->queue) && !queue_worker_unstored(w->queue);
	bool is_late = w->hurried_ns && !w->tasks &&
		       clock_ns() - w->hurried_ns > HURRY_MS * INT64_C(1'000'000);

	w->ending = NULL;
	w->is_over = has_all || is_late;
	if (!w->is_over)
		w->ending = loop_after(w->run.loop, LOOK_MS, look, w);
}

void worker_take_no_more(struct worker *w)
{
	if (w->takes_no_more)
		return;
	w->takes_no_more = true;
	timer_cancel(w->idle);
	w->idle = NULL;
	queue_worker_take(w->queue, 0);
	w->ending = loop_after(w->run.loop, 0, look, w);
}

static void give_all_back(struct worker *w, const char *why)
{
	w->hurried_ns = clock_ns();
	for (struct worker_task *t = w->tasks; t; t = t->next)
		worker_task_give_back(t, why);
}

/* The first interrupt lets what runs finish, the second does not, the third waits for nothing. */
static void on_signal(void *self, int number)
{
	struct worker *w = self;
	bool is_interrupt = number == SIGINT;

	if (w->signals++ > 1 || !w->queue)
		_exit(128 + number);
	w->run.signal_number = number;
	run_stop_mcp(&w->run);
	worker_take_no_more(w);
	if (!is_interrupt || w->signals > 1)
		give_all_back(w, is_interrupt ? "interrupted" : "terminated");
	else if (w->tasks && !w->run.ui_options.is_quiet)
		fprintf(stderr, "fettle: interrupted: what runs may finish, once more gives it "
				"back\n");
}

static void on_idle(void *self)
{
	struct worker *w = self;

	w->idle = NULL;
	if (w->is_away) {
		fprintf(stderr, "fettle: no task for %lld s, and the queue is away\n",
			(long long)w->idle_s);
		w->run.status = EXIT_TASK_FAILED;
		w->hurried_ns = clock_ns();
	}
	worker_take_no_more(w);
}

static void wait_idly(struct worker *w)
{
	if (w->idle_s && !w->tasks && !w->idle && !w->takes_no_more)
		w->idle = loop_after(w->run.loop, w->idle_s * 1'000, on_idle, w);
}

void worker_task_ended(struct worker *w)
{
	wait_idly(w);
}

/* ---- the queue ---- */

static void on_told(void *self, const struct err *e)
{
	struct worker *w = self;
	AUTO(buf) shown = {0};

	w->is_away = e;
	if (e)
		utf8_put_line(&shown, str_from(e->text), sizeof e->text);
	if (e)
		fprintf(stderr, "fettle: the queue is away: %s\n", buf_text(&shown));
	else if (!w->run.ui_options.is_quiet)
		fprintf(stderr, "fettle: the queue is there again\n");
}

static bool open_queue(struct worker *w, struct err *e)
{
	struct queue_worker_sink sink = {worker_task_begin, worker_task_lost, on_told, w};
	const char *name = options_value(&w->run.given, "name");
	AUTO(buf) place = {0};
	char host[65] = {0};

	if (!name)
		name = gethostname(host, sizeof host - 1) == 0 ? host : "worker";
	w->queue = queue_worker_new(w->run.loop, &w->place, name, &sink, e);
	if (!w->queue)
		return false;
	queue_place_put(&place, &w->place);
	if (!w->run.ui_options.is_quiet)
		fprintf(stderr, "fettle: up to %lld tasks at the same time from %s\n",
			(long long)w->parallel, buf_text(&place));
	queue_worker_take(w->queue, (size_t)w->parallel);
	return true;
}

/* ---- the whole ---- */

static bool read_options(struct worker *w, struct err *e)
{
	const struct options *given = &w->run.given;

	if (given->operand_count)
		return err_set(e, ERR_USAGE, "a worker takes its tasks from a queue, not as words");
	if (!options_has(given, "queue"))
		return err_set(e, ERR_USAGE, "--queue is missing: where the tasks come from");
	if (!queue_place_read(given, &w->place, e) ||
		!options_int(given, "parallel", 1, PARALLEL_USUAL, &w->parallel, e) ||
		!options_int(given, "exit-when-idle", 1, 0, &w->idle_s, e))
		return false;
	if (w->parallel > PARALLEL_MAX)
		return err_set(e, ERR_USAGE, "option --parallel: at most %d", PARALLEL_MAX);
	return w->idle_s <= IDLE_MAX_S ||
	       err_set(e, ERR_USAGE, "option --exit-when-idle: more than %d seconds", IDLE_MAX_S);
}

/* What the undo store calls what it changes. */
static void name_run(struct run *r)
{
	r->tasks = arena_alloc(&r->arena, 1, sizeof *r->tasks);
	r->tasks[0] = STR("tasks of a queue");
	r->task_count = 1;
}

static bool prepare(struct worker *w, struct err *e)
{
	struct run *r = &w->run;

	if (!read_options(w, e) || !run_read_settings(r, options, e) || !run_read_options(r, e) ||
		!run_prepare_model(r, e))
		return false;
	name_run(r);
	return run_prepare_hands(r, e);
}

static bool work(struct worker *w, struct err *e)
{
	struct run *r = &w->run;

	if (!run_open_loop(r, on_signal, w, e))
		return false;
	w->own_tools = r->context.tool_count;
	run_begin_work(r);
	w->world = run_world(r, false);
	bool is_good = open_queue(w, e);
	if (is_good) {
		wait_idly(w);
		loop_run(r->loop, &w->is_over);
		if (r->signal_number)
			r->status = 128 + r->signal_number;
		run_tell_changes(r);
	}
	timer_cancel(w->idle);
	timer_cancel(w->ending);
	queue_worker_free(w->queue);
	run_close_loop(r);
	return is_good;
}

static int run(const struct program *program, int count, char *const *words)
{
	struct worker w = {0};
	struct run *r = &w.run;
	struct err e;

	r->times = (struct ui_times){
		.exec_ns = program->exec_ns, .main_at = program->main_at, .parsed_at = clock_ns()};
	if (!options_parse(options, count, words, &r->arena, &r->given, &e)) {
		r->status = command_wrong_usage(&command_worker, &e);
	} else if (options_has(&r->given, "help")) {
		char word[] = "worker", *const help[] = {word, NULL};
		r->status = command_find("help")->run(program, 1, help);
	} else if (!prepare(&w, &e) || !work(&w, &e)) {
		r->status = command_failed(&command_worker, &e);
	}
	worker_contexts_release(&w);
	vec_release(&w.routes);
	run_release(r);
	return r->status;
}

const struct command command_worker = {
	.name = "worker",
	.brief = "work on tasks of batches that run elsewhere",
	.synopsis = {"--queue URL [options]"},
	.description =
		"Takes tasks that fettle batch --queue has put into a queue at a Redis server, works "
		"on them in this directory, with this machine's keys, and sends the results back. Any "
		"number of workers share a queue, on any machines.\n\n"
		"What tools may do is decided here: --permit and all other options are those of the "
		"worker, whatever batch a task comes from. Whoever can write to that Redis server can "
		"have this worker run prompts. FETTLE_QUEUE_PASSWORD is the password of the server "
		"where the URL has none.\n\n"
		"The first interrupt (Ctrl-C) lets what runs finish, the second gives it back, and so "
		"does SIGTERM: another worker does it at once.",
	.options = options,
	.examples = {"fettle worker --queue redis://queue.example.net --permit read",
		"fettle worker --queue unix:///run/redis/redis.sock --parallel 8 --exit-when-idle "
		"60"},
	.run = run,
};
