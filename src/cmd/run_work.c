// SPDX-License-Identifier: MIT
/* run: the world that tasks live in, and the loop that works on them. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/utf8.h"
#include "cmd/command.h"
#include "cmd/run.h"

enum { OUTPUT_PATIENCE_MS = 500 };
enum { WORKERS = 4, QUEUE = 256, TURNS_MAX = 1'000'000 };
/* One of many has a day's time for its turn, however long a provider wants to be left alone. */
enum { TURN_MAX_MS = 24 * 3'600 * 1'000 };

static void on_signal(void *self, int number)
{
	struct run *r = self;

	/* The second one does not wait for anything. */
	if (r->signal_number)
		_exit(128 + number);
	r->signal_number = number;
	r->is_stopped = true;
	run_stop_mcp(r);
	if (r->agent) {
		agent_cancel(
			r->agent, ERR_CANCELLED, number == SIGINT ? "interrupted" : "terminated");
	} else {
		/* All is said but what stdout does not take. */
		ui_abandon_output(r->ui);
		r->status = 128 + number;
	}
}

static void on_output_error(void *self, const struct err *e)
{
	struct run *r = self;

	/* Others still want it. */
	if (r->ui_options.output_count)
		return;
	r->is_stopped = true;
	if (r->agent)
		agent_cancel(r->agent, e->code, e->text);
}

static void on_timeout(void *self)
{
	struct run *r = self;
	char why[64];

	r->timeout = NULL;
	snprintf(why, sizeof why, "the task took longer than %lld s (--timeout)",
		(long long)r->timeout_s);
	if (r->agent) {
		agent_cancel(r->agent, ERR_TIMEOUT, why);
	} else {
		ui_abandon_output(r->ui);
		r->status = EXIT_TIMEOUT;
		fprintf(stderr, "fettle: %s: stdout takes nothing\n", why);
	}
}

static void on_event(void *self, const struct agent_event *event)
{
	struct run *r = self;

	ui_event(r->ui, event);
	if (r->trace)
		trace_event(r->trace, event);
	if (event->kind != AGENT_DONE)
		return;
	const struct err *e = event->result->error;
	if (e && !(e->code == ERR_CANCELLED && !r->signal_number))
		ui_error(r->ui, e);
	int status = e ? command_exit_status(e) : EXIT_DONE;
	if (r->signal_number)
		status = 128 + r->signal_number;
	else if (e && e->code == ERR_CANCELLED) /* the reader of stdout has gone away */
		status = EXIT_DONE;
	if (!r->status)
		r->status = status;
	r->is_done = true;
	r->agent = NULL;
}

static void on_answer(void *self, enum answer answer, struct str why)
{
	struct run *r = self;

	if (r->agent)
		agent_answer(r->agent, answer, why);
}

static void give_up_output(void *self)
{
	struct run *r = self;

	r->patience = NULL;
	ui_abandon_output(r->ui);
}

/* A stopped run does not wait long for a reader that takes nothing. */
static void finish_output(struct run *r, bool is_stopped)
{
	if (is_stopped && !*ui_drained(r->ui))
		r->patience = loop_after(r->loop, OUTPUT_PATIENCE_MS, give_up_output, r);
	loop_run(r->loop, ui_drained(r->ui));
	timer_cancel(r->patience);
	r->patience = NULL;
}

/* What is lost is told; the status is the task's own where that is no success. */
static void close_outputs(struct run *r)
{
	bool was_told = r->status && !r->ui_options.output_count;
	bool is_whole = ui_write_outputs(r->ui);
	struct err e;

	/* Without outputs a stdout that fails ends the task, and is told with it. */
	if (!ui_free(r->ui, &e) && e.code != ERR_CANCELLED && !was_told) {
		fprintf(stderr, "fettle: %s\n", e.text);
		is_whole = false;
	}
	if (r->trace && !trace_write(r->trace, &e)) {
		fprintf(stderr, "fettle: the trace is lost: %s\n", e.text);
		is_whole = false;
	}
	if (!is_whole && !r->status)
		r->status = EXIT_TASK_FAILED;
}

struct agent_world run_world(const struct run *r, bool is_interactive)
{
	struct agent_world world = {.loop = r->loop,
		.pool = r->pool,
		.call = {.loop = r->loop,
			.http = r->http,
			.retry = r->retry,
			.pacer = r->pacer,
			.is_interactive = is_interactive,
			.batch = !is_interactive,
			.turn_max_ms = is_interactive ? 0 : TURN_MAX_MS}};

	spending_give(&r->spending, &world.call);
	return world;
}

struct agent_task run_agent_task(struct run *r)
{
	return (struct agent_task){.images = r->images,
		.route = &r->route,
		.workspace = &r->workspace,
		.context = &r->context,
		.hands = &r->hands,
		.schema = r->schema,
		.summary_route = r->summary_route.name.n ? &r->summary_route : NULL,
		.max_turns = (int)(r->max_turns < TURNS_MAX ? r->max_turns : TURNS_MAX)};
}

static void run_task(struct run *r, struct str text)
{
	struct agent_world world = run_world(r, true);
	struct agent_task task = run_agent_task(r);
	struct agent_sink sink = {on_event, r};
	struct budget *budget = spending_task(&r->spending);

	task.text = text;
	task.piped = r->task_is_piped ? (struct str){0} : buf_str(&r->piped);
	world.call.budget = budget;
	r->is_done = false;
	ui_begin_task(r->ui, text);
	if (r->timeout_s)
		r->timeout = loop_after(r->loop, r->timeout_s * 1000, on_timeout, r);
	r->agent = agent_start(&world, &task, &sink);
	loop_run(r->loop, &r->is_done);
	finish_output(r, r->is_stopped || (r->timeout_s && !r->timeout));
	timer_cancel(r->timeout);
	r->timeout = NULL;
	budget_free(budget);
}

static void announce(struct run *r)
{
	if (r->ui_options.is_quiet)
		return;
	settings_warn(&r->settings);
	settings_tell_repository(&r->settings);
	if (r->is_elsewhere)
		return;
	AUTO(buf) choice = {0}, shown = {0};
	buf_printf(&choice, "%.*s (%s)", STR_ARG(r->route.name), r->route.why);
	utf8_put_line(&shown, buf_str(&choice), 1000);
	fprintf(stderr, "fettle: %s\n", buf_text(&shown));
	if (r->route.notice)
		fprintf(stderr, "fettle: %s\n", r->route.notice);
	if (!r->route.wire)
		fprintf(stderr,
			"fettle: this is no language model: it looks things up. For a real one set "
			"ANTHROPIC_API_KEY or OPENAI_API_KEY, or use --model and --base-url\n");
	vec_each (&r->hands.skills.warnings, warning) {
		AUTO(buf) line = {0};
		utf8_put_line(&line, str_from(*warning), 1000);
		fprintf(stderr, "fettle: %s\n", buf_text(&line));
	}
	AUTO(buf) notice = {0};
	/* Names of directories are in it. */
	utf8_put_line(&notice, r->context.notice, 1000);
	if (notice.n)
		fprintf(stderr, "fettle: %s\n", buf_text(&notice));
}

bool run_open_loop(struct run *r, void (*call)(void *self, int number), void *self, struct err *e)
{
	r->loop = loop_new(e);
	r->http = r->loop ? http_client_new(r->loop) : NULL;
	if (r->loop && loop_on_signal(r->loop, SIGINT, call, self, e) &&
		loop_on_signal(r->loop, SIGTERM, call, self, e) &&
		loop_on_signal(r->loop, SIGHUP, call, self, e) &&
		replay_start(&r->replay, r->loop, r->http, e))
		return true;
	http_client_free(r->http);
	loop_free(r->loop);
	return err_context(e, "cannot start");
}

void run_begin_work(struct run *r)
{
	r->pool = pool_new(r->loop, WORKERS, QUEUE);
	http_client_trust(r->http, &r->trust);
	if (!r->replay.path)
		r->pacer = settings_pacer(&r->settings, r->loop, &r->rates);
	announce(r);
	run_offer_mcp(r);
}

void run_close_loop(struct run *r)
{
	mcp_servers_release(&r->servers);
	pacer_free(r->pacer);
	http_client_free(r->http);
	replay_stop(&r->replay);
	pool_free(r->pool);
	loop_free(r->loop);
}

void run_all(struct run *r)
{
	struct ui_run shown = {.session_id = r->session_id,
		.route = &r->route,
		.workspace = &r->workspace,
		.context = &r->context,
		.times = &r->times,
		.keep = r->hands.keep,
		.net_diff = run_net_diff,
		.net_diff_self = r};
	struct err e;

	if (!run_open_loop(r, on_signal, r, &e)) {
		fprintf(stderr, "fettle: %s\n", e.text);
		r->status = EXIT_TASK_FAILED;
		return;
	}
	r->ui = ui_new(r->loop, &r->ui_options, &shown);
	ui_on_output_error(r->ui, on_output_error, r);
	ui_on_answer(r->ui, on_answer, r);
	run_begin_work(r);
	if (r->trace)
		trace_begin(r->trace, &shown);
	for (size_t i = 0; i < r->task_count && !r->is_stopped; i++)
		run_task(r, r->tasks[i]);
	ui_end_run(r->ui);
	finish_output(r, r->is_stopped);
	close_outputs(r);
	run_tell_changes(r);
	run_close_loop(r);
}
