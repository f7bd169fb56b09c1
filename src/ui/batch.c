// SPDX-License-Identifier: MIT
/*
 * batch: carries the runner's events to where they are shown. Each sink has a cursor over the
 * tasks, which goes on as far as tasks have ended; that of stdout waits while stdout takes nothing.
 *
 *   rows (formats with a table) > tasks > ended
 */
#include "ui/batch.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/must.h"
#include "base/uuid.h"
#include "ui/batch_inside.h"

/* A turn of the loop goes on with other work in between. */
enum { STEP_TASKS = 64, SPILL_BYTES = 64 << 10, STDOUT_BEHIND_BYTES = 64 << 10 };
/* Lines of agents that stdout has not taken: above, whoever talks is made to wait for it. */
enum { BEHIND_MAX_BYTES = 4 << 20, BEHIND_WAIT_MS = 1000 };

bool batch_state_is_end(enum task_state state)
{
	return state == TASK_DONE || state == TASK_FAILED || state == TASK_SKIPPED;
}

size_t batch_unfinished(const struct batch_ui *b)
{
	return b->tasks->items.n - b->ended_count;
}

/* ---- files ---- */

static void fail_sink(struct batch_sink *s, struct err *e)
{
	s->has_failed = true;
	beside_release(&s->file);
	s->has_file = false;
	buf_release(&s->sink.out);
	err_context(e, "the output is lost");
	ui_error(s->batch->ui, e);
}

/* What there is goes to the disk, so that memory does not grow with the results. */
static void spill(struct batch_sink *s)
{
	struct err e;

	if (s->has_failed || !s->sink.path)
		return;
	if (!s->has_file && !(s->has_file = beside_begin(&s->file, s->sink.path, &e))) {
		fail_sink(s, &e);
		return;
	}
	if (s->sink.out.overflow)
		err_set(&e, ERR_LIMIT, "%s: a result is too large", s->sink.path);
	else if (beside_put(&s->file, buf_str(&s->sink.out), &e)) {
		buf_clear(&s->sink.out);
		return;
	}
	fail_sink(s, &e);
}

static void spill_when_full(struct batch_sink *s)
{
	if (s->has_failed)
		buf_clear(&s->sink.out);
	else if (s->sink.path && s->sink.out.n >= SPILL_BYTES)
		spill(s);
}

static bool close_file(struct batch_sink *s)
{
	bool has_nothing = !s->has_file && !s->sink.out.n && s->sink.format->is_kept_when_empty;
	struct err e;

	if (!s->sink.path || (has_nothing && !s->has_failed))
		return true;
	must(s->phase == SINK_ENDED);
	spill(s);
	if (!s->has_failed && !beside_end(&s->file, &e))
		fail_sink(s, &e);
	return !s->has_failed;
}

/* ---- the cursors ---- */

/* A result that went to the disk and cannot be read again is told as what it is. */
static void put_unreadable(struct batch_ui *b, struct arena *a, struct task_outcome *outcome,
	enum task_state state, struct err *e)
{
	*outcome = (struct task_outcome){.state = state,
		.usage = {.tokens = USAGE_UNKNOWN, .cost_nanousd = -1},
		.class = STR("journal"),
		.message = arena_copy(a, str_from(e->text))};
	if (!b->has_lost) {
		err_context(e, "a result cannot be read back");
		ui_error(b->ui, e);
	}
	b->has_lost = true;
}

void batch_outcome(struct batch_ui *b, uint32_t task, struct arena *a, struct task_outcome *outcome)
{
	enum task_state state = runner_state(b->runner, task);
	struct err e;

	if (!b->seen[task].has_ended)
		*outcome = (struct task_outcome){.state = TASK_WAITING,
			.attempts = (int)b->seen[task].attempts,
			.usage = {.tokens = USAGE_UNKNOWN, .cost_nanousd = -1}};
	else if (!runner_outcome(b->runner, task, a, outcome, &e))
		put_unreadable(b, a, outcome, state, &e);
}

static bool is_shown(const struct batch_ui *b, uint32_t task)
{
	return !b->options.only || str_is(b->tasks->items.p[task].id, b->options.only);
}

/* Whether stdout takes more; files always do. */
static bool takes_more(const struct batch_sink *s)
{
	const struct ui *ui = s->batch->ui;

	return s->sink.path || ui->out.n < STDOUT_BEHIND_BYTES;
}

static bool next_task(const struct batch_sink *s, uint32_t *task)
{
	const struct batch_ui *b = s->batch;
	bool by_list = !s->format->is_as_they_end &&
		       (s->format->is_for_the_end || !b->options.is_unordered);

	if (s->next == b->tasks->items.n || (!by_list && s->next == b->ended.n) ||
		(s->format->is_for_the_end && !b->is_over))
		return false;
	*task = by_list ? (uint32_t)s->next : b->ended.p[s->next];
	return b->is_over || b->seen[*task].has_ended;
}

static void put_task(struct batch_sink *s, uint32_t task, const struct task_outcome *outcome)
{
	if (s->phase == SINK_ROWS)
		s->format->row(s, task, outcome);
	else
		s->format->task(s, task, outcome);
	s->put++;
	s->next++;
	spill_when_full(s);
}

/* The phase is through when all tasks are. */
static void next_phase(struct batch_sink *s)
{
	if (!s->batch->is_over || s->next < s->batch->tasks->items.n || s->phase == SINK_ENDED)
		return;
	s->next = s->put = 0;
	s->phase++;
	if (s->phase == SINK_ENDED && s->format->end)
		s->format->end(s);
	spill_when_full(s);
}

/* False: there would be more to do, and time for something else in between. */
static bool pump_sink(struct batch_sink *s, const struct runner_event *event)
{
	struct batch_ui *b = s->batch;
	struct task_outcome outcome;
	uint32_t task;

	/* Nobody reads it any more. */
	if (!s->sink.path && b->ui->output_error.code)
		s->phase = SINK_ENDED;
	for (int left = STEP_TASKS; takes_more(s); left--) {
		next_phase(s);
		if (s->phase == SINK_ENDED || !next_task(s, &task))
			return true;
		if (left == 0)
			return false;
		if (!is_shown(b, task)) {
			s->next++;
			continue;
		}
		if (event && event->outcome && event->task == task) {
			put_task(s, task, event->outcome);
			continue;
		}
		batch_outcome(b, task, &b->scratch, &outcome);
		put_task(s, task, &outcome);
		arena_clear(&b->scratch);
	}
	return true;
}

/* Answers of an earlier session get their files again: it may have ended before it wrote them. */
static bool pump_files(struct batch_ui *b)
{
	struct task_outcome outcome;
	int left = STEP_TASKS;

	for (; b->filed < b->earlier_count && left > 0; b->filed++, left--) {
		uint32_t task = b->ended.p[b->filed];
		if (b->directory_fd < 0 || !is_shown(b, task) ||
			runner_state(b->runner, task) != TASK_DONE)
			continue;
		batch_outcome(b, task, &b->scratch, &outcome);
		batch_write_file(b, task, &outcome);
		arena_clear(&b->scratch);
	}
	return b->filed == b->earlier_count;
}

static void pump_later(void *self);

static void pump(struct batch_ui *b, const struct runner_event *event)
{
	bool is_through, has_ended = b->is_over;

	if (b->is_pumping)
		return;
	b->is_pumping = true;
	is_through = pump_files(b);
	vec_each (&b->sinks, s) {
		is_through &= pump_sink(s, event);
		has_ended &= s->phase == SINK_ENDED;
	}
	b->is_pumping = false;
	b->is_done = has_ended && is_through && (b->ui->is_drained || b->ui->output_error.code);
	if (!is_through && !b->pump)
		b->pump = loop_after(b->loop, 0, pump_later, b);
}

static void pump_later(void *self)
{
	struct batch_ui *b = self;

	b->pump = NULL;
	pump(b, NULL);
}

static void on_drained(void *self)
{
	struct batch_ui *b = self;

	if (!b->pump && !b->is_done)
		b->pump = loop_after(b->loop, 0, pump_later, b);
}

/* ---- events ---- */

static void note_end(struct batch_ui *b, uint32_t task)
{
	b->seen[task].has_ended = true;
	b->ended_count++;
	vec_push(&b->ended, task);
}

static void note_over(struct batch_ui *b)
{
	b->is_over = true;
	b->over = clock_ns();
	for (uint32_t i = 0; i < b->tasks->items.n; i++)
		if (!b->seen[i].has_ended)
			vec_push(&b->ended, i);
}

/* A reader that is slower than the agents talk slows them down, for a time. */
static void wait_for_reader(struct batch_ui *b)
{
	struct ui *ui = b->ui;

	if (ui->out.n - ui->sent <= BEHIND_MAX_BYTES || ui->output_error.code)
		return;
	if (file_wait_writable(STDOUT_FILENO, BEHIND_WAIT_MS))
		view_flush(ui);
	if (ui->sent < BEHIND_MAX_BYTES / 2)
		return;
	buf_drop_front(&ui->out, ui->sent);
	ui->sent = 0;
}

static void tell_formats(struct batch_ui *b, const struct runner_event *event)
{
	vec_each (&b->sinks, s) {
		if (!s->format->event || s->has_failed)
			continue;
		s->format->event(s, event);
		spill_when_full(s);
	}
	wait_for_reader(b);
}

void batch_ui_event(void *self, const struct runner_event *event)
{
	struct batch_ui *b = self;

	if (event->kind == RUNNER_ENDED) {
		if (b->seen[event->task].has_ended)
			return;
		note_end(b, event->task);
		batch_write_file(b, event->task, event->outcome);
	} else if (event->kind == RUNNER_STARTED) {
		b->seen[event->task].attempts = (unsigned)event->attempt & 0x1fffffff;
	} else if (event->kind == RUNNER_OVER) {
		note_over(b);
	}
	tell_formats(b, event);
	batch_live_event(b, event);
	if (event->kind == RUNNER_AGENT)
		return;
	batch_line(b, event);
	if (event->kind == RUNNER_ENDED || event->kind == RUNNER_OVER)
		pump(b, event);
}

/* ---- the whole ---- */

static void add_sink(struct batch_ui *b, const struct format *format, const char *path)
{
	const struct batch_format *f = batch_format_of(format);

	must(f);
	vec_push(&b->sinks, (struct batch_sink){
				    .sink = {.ui = b->ui, .format = format, .path = path},
				    .format = f,
				    .batch = b,
				    .phase = f->row ? SINK_ROWS : SINK_TASKS,
			    });
}

struct batch_ui *batch_ui_new(struct loop *loop, const struct batch_ui_options *options,
	const struct tasks *tasks, const char *run)
{
	struct batch_ui *b = must_alloc(1, sizeof *b);
	struct ui_options shown = {.format = options->format,
		.is_quiet = options->is_quiet,
		.is_verbose = options->is_verbose,
		.shows_partial = options->shows_partial,
		.is_plain = options->is_plain,
		.has_schema = options->has_schema,
		.environment = options->environment};

	*b = (struct batch_ui){.loop = loop,
		.options = *options,
		.tasks = tasks,
		.run = run,
		.directory_fd = -1,
		.started = clock_ns(),
		.live = {.drained = on_drained, .self = b}};
	uuid_make(b->session_id);
	struct ui_run single = {.session_id = b->session_id};
	b->ui = ui_new(loop, &shown, &single);
	b->seen = must_alloc(tasks->items.n + 1, sizeof *b->seen);
	add_sink(b, options->format, NULL);
	for (size_t i = 0; i < options->output_count; i++)
		add_sink(b, options->outputs[i].format, options->outputs[i].path);
	return b;
}

static void open_directory(struct batch_ui *b)
{
	struct err e;

	if (!b->options.directory)
		return;
	b->directory_fd = batch_open_directory(b->options.directory, &e);
	if (b->directory_fd >= 0)
		return;
	b->lost_files = 1;
	b->first_lost_file = e;
	ui_error(b->ui, &e);
}

void batch_ui_begin(struct batch_ui *b, const struct runner *runner)
{
	b->runner = runner;
	for (uint32_t i = 0; i < b->tasks->items.n; i++)
		if (batch_state_is_end(runner_state(runner, i)))
			note_end(b, i);
	b->earlier_count = b->ended_count;
	open_directory(b);
	batch_live_begin(b);
	vec_each (&b->sinks, s)
		if (s->format->begin)
			s->format->begin(s);
	pump(b, NULL);
}

void batch_ui_wait(struct batch_ui *b, struct str why)
{
	free((char *)b->why_waiting.p);
	b->why_waiting = why.p ? (struct str){must_copy(why.p, why.n), why.n} : why;
	batch_live_touch(b);
}

const bool *batch_ui_done(const struct batch_ui *b)
{
	return &b->is_done;
}

void batch_ui_on_output_error(
	struct batch_ui *b, void (*call)(void *self, const struct err *e), void *self)
{
	ui_on_output_error(b->ui, call, self);
}

void batch_ui_abandon_output(struct batch_ui *b)
{
	b->sinks.p[0].phase = SINK_ENDED;
	ui_abandon_output(b->ui);
	pump(b, NULL);
}

void batch_ui_error(struct batch_ui *b, const struct err *e)
{
	ui_error(b->ui, e);
}

static void tell_lost_files(struct batch_ui *b)
{
	struct err e = b->first_lost_file;

	if (!b->lost_files || b->directory_fd < 0)
		return;
	if (b->lost_files > 1)
		err_context(&e, "%zu files of %s could not be written; the first", b->lost_files,
			b->options.directory);
	else
		err_context(&e, "a file of %s could not be written", b->options.directory);
	ui_error(b->ui, &e);
}

bool batch_ui_end(struct batch_ui *b, struct err *e)
{
	bool is_whole = !b->has_lost;

	/* Half a document takes no file's place. */
	must(b->is_over);
	batch_live_end(b);
	view_flush(b->ui);
	while (!pump_files(b))
		continue;
	vec_each (&b->sinks, s) {
		while (s->sink.path && !pump_sink(s, NULL))
			continue;
		is_whole &= close_file(s);
	}
	tell_lost_files(b);
	batch_summary(b);
	*e = b->ui->output_error;
	return is_whole && !b->lost_files && !e->code;
}

void batch_ui_free(struct batch_ui *b)
{
	struct err ignored;

	if (!b)
		return;
	batch_live_end(b);
	timer_cancel(b->pump);
	b->ui->live = NULL;
	(void)ui_free(b->ui, &ignored);
	vec_each (&b->sinks, s) {
		beside_release(&s->file);
		buf_release(&s->sink.out);
		buf_release(&s->sink.said);
	}
	vec_release(&b->sinks);
	vec_release(&b->ended);
	vec_release(&b->works);
	vec_release(&b->drawn);
	free(b->seen);
	free((char *)b->why_waiting.p);
	free((char *)b->why_stuck.p);
	free((char *)b->why_stopped.p);
	file_close(&b->directory_fd);
	arena_release(&b->scratch);
	free(b);
}
