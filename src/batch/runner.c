// SPDX-License-Identifier: MIT
/*
 * runner: what starts, what is noted, what is told. Everything comes together in turn(): tell what
 * has become safe, note who is skipped, start what may start, have the journal committed, end.
 */
#include "batch/runner.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "batch/runner_inside.h"

enum {
	PLACE_WORKERS = 4,
	STARTS_A_TURN = 4,
	LAZY_COMMIT_MS = 500, /* of lines that nobody waits for */
	STUCK_RETRY_MS = 500, /* twice as long each time, up to */
	STUCK_RETRY_MAX_MS = 8'000,
	STUCK_PATIENCE_S = 30, /* with nothing at work */
	BACKOFF_MS = 1'000,
	BACKOFF_MAX_MS = 60'000,
};
/* Past this nothing more is noted while the journal takes nothing. */
#define BACKLOG_MAX_BYTES (UINT64_C(256) << 20)

static void turn(struct runner *r);
static void start_some(struct runner *r);

static void next_turn(void *self)
{
	struct runner *r = self;

	r->turn = NULL;
	turn(r);
}

void runner_turn_soon(struct runner *r)
{
	if (!r->turn && !r->is_over)
		r->turn = loop_after(r->world.loop, 0, next_turn, r);
}

void runner_tell(struct runner *r, const struct runner_event *event)
{
	r->options.event(r->options.self, event);
}

/* ---- stopping ---- */

void runner_note_stop(struct runner *r, const struct err *why)
{
	if (r->stop.code || r->is_over)
		return;
	r->stop = *why;
	schedule_stop(r->schedule);
	runner_tell(r, &(struct runner_event){.kind = RUNNER_STOPPED, .error = why});
	runner_turn_soon(r);
}

void runner_stop(struct runner *r, const struct err *why)
{
	runner_note_stop(r, why);
	if (r->post)
		post_finish(r->post);
}

void runner_call_off(struct runner *r, const struct err *why)
{
	runner_note_stop(r, why);
	if (r->post)
		post_cancel(r->post);
}

void runner_cancel(struct runner *r, const struct err *why)
{
	runner_note_stop(r, why);
	if (r->post)
		post_stop(r->post);
	r->is_cancelled = true;
	/* An attempt that ends leaves the list, and the last one takes its place. */
	for (size_t i = r->attempts.n; i-- > 0;)
		if (i < r->attempts.n)
			attempt_cancel(r->attempts.p[i], ERR_CANCELLED, why->text);
	runner_turn_soon(r);
}

const struct err *runner_stop_reason(const struct runner *r)
{
	return r->stop.code ? &r->stop : NULL;
}

/* ---- pauses ---- */

static void drop_pause(struct runner *r, struct pause *pause)
{
	for (size_t i = 0; i < r->pauses.n; i++)
		if (r->pauses.p[i] == pause)
			r->pauses.p[i] = r->pauses.p[--r->pauses.n];
	free(pause);
}

static void pause_over(void *self)
{
	struct pause *pause = self;
	struct runner *r = pause->runner;

	schedule_again(r->schedule, pause->task);
	drop_pause(r, pause);
	runner_turn_soon(r);
}

static void pause_task(struct runner *r, uint32_t task, int64_t delay_ms)
{
	struct pause *pause = must_alloc(1, sizeof *pause);

	*pause = (struct pause){.runner = r, .task = task};
	pause->timer = loop_after(r->world.loop, delay_ms, pause_over, pause);
	vec_push(&r->pauses, pause);
}

/* A stopped batch does not wait to try something again. */
static void end_pauses(struct runner *r)
{
	while (r->pauses.n) {
		struct pause *pause = r->pauses.p[0];
		timer_cancel(pause->timer);
		schedule_again(r->schedule, pause->task);
		drop_pause(r, pause);
	}
}

/* ---- what has ended ---- */

static struct telling *telling_new(struct runner *r, uint32_t task, uint64_t offset)
{
	struct telling *t = must_alloc(1, sizeof *t);

	*t = (struct telling){.offset = offset, .task = task};
	vec_push(&r->tellings, t);
	return t;
}

static void telling_noted(struct runner *r, struct telling *t, uint64_t number)
{
	uint64_t bytes = journal_end(r->options.journal) - t->offset;

	t->number = number;
	t->length = (uint32_t)(bytes - 1);
	r->backlog += bytes;
}

static void telling_free(struct telling *t)
{
	arena_release(&t->arena);
	free(t);
}

static struct telling *telling_of(struct attempt *a)
{
	struct runner *r = a->runner;
	struct telling *t = telling_new(r, a->index, journal_end(r->options.journal));

	t->attempts = a->number;
	t->error = a->error;
	t->class = a->class;
	t->delay_ms = -1;
	t->outcome = (struct task_outcome){.attempts = a->number, .usage = a->usage};
	t->outcome.usage.model = arena_copy(&t->arena, a->usage.model);
	return t;
}

static void note_done(struct attempt *a)
{
	struct runner *r = a->runner;
	struct telling *t = telling_of(a);

	r->has_success = true;
	t->state = t->outcome.state = TASK_DONE;
	t->outcome.text = arena_copy(&t->arena, buf_str(&a->result));
	telling_noted(r, t,
		journal_note_done(
			r->options.journal, a->index, a->number, &a->usage, buf_str(&a->result)));
}

static int64_t backoff_ms(int attempts)
{
	int64_t ms = BACKOFF_MS;

	while (--attempts > 0 && ms < BACKOFF_MAX_MS)
		ms *= 2;
	return ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
}

static void note_failed(struct attempt *a, bool is_final, int64_t delay_ms)
{
	struct runner *r = a->runner;
	struct telling *t = telling_of(a);
	struct str message = str_from(a->error.text);

	t->state = is_final ? TASK_FAILED : TASK_WAITING;
	t->delay_ms = delay_ms;
	t->outcome.state = t->state;
	t->outcome.class = str_from(a->class);
	t->outcome.message = arena_copy(&t->arena, message);
	telling_noted(r, t,
		journal_note_failed(r->options.journal, a->index, a->number, &a->usage, a->class,
			message, is_final));
}

static void settle_failed(struct attempt *a)
{
	struct runner *r = a->runner;
	enum verdict verdict;

	if (a->error.code == ERR_CANCELLED || (a->is_cancelled && !a->is_timed_out)) {
		schedule_again(r->schedule, a->index);
		note_failed(a, false, -1);
		return;
	}
	if (a->is_out_of_budget) {
		schedule_again(r->schedule, a->index);
		note_failed(a, false, -1);
		runner_stop(r, &a->error);
		return;
	}
	verdict = schedule_failed(r->schedule, a->index, a->failure);
	if (verdict == VERDICT_AGAIN) {
		int64_t delay_ms = backoff_ms(schedule_attempts(r->schedule, a->index));
		note_failed(a, false, delay_ms);
		pause_task(r, a->index, delay_ms);
		return;
	}
	note_failed(a, true, -1);
	if (verdict == VERDICT_FAILED)
		return;
	struct err why = a->error;
	(void)err_context(&why, "task %.*s", STR_ARG(a->task->id));
	if (verdict == VERDICT_ABORT)
		runner_cancel(r, &why);
	else
		runner_stop(r, &why);
}

void runner_settle(struct attempt *a)
{
	struct runner *r = a->runner;

	for (size_t i = 0; i < r->attempts.n; i++)
		if (r->attempts.p[i] == a)
			r->attempts.p[i] = r->attempts.p[--r->attempts.n];
	run_usage_add(&r->options.past->spent, &a->usage);
	if (r->is_stuck && r->backlog > BACKLOG_MAX_BYTES)
		schedule_again(r->schedule, a->index);
	else if (a->error.code)
		settle_failed(a);
	else
		note_done(a);
	vec_push(&r->dead, a);
	/* At once: of answers that come together, the first one's place is not empty until the last
	 * one is read. */
	start_some(r);
	runner_turn_soon(r);
}

struct str runner_blame(const struct runner *r, uint32_t because, struct arena *a)
{
	return arena_printf(a, "it needs %.*s, which did not succeed",
		STR_ARG(r->options.tasks->items.p[because].id));
}

static void note_skipped(struct runner *r)
{
	uint32_t task, because;

	while (schedule_take_skipped(r->schedule, &task, &because)) {
		if (r->options.past->tasks[task].state == TASK_SKIPPED)
			continue;
		struct telling *t = telling_new(r, task, journal_end(r->options.journal));
		t->state = t->outcome.state = TASK_SKIPPED;
		t->attempts = t->outcome.attempts = (int)r->options.past->tasks[task].attempts;
		t->outcome.usage = (struct run_usage){.tokens = USAGE_UNKNOWN};
		t->outcome.message = runner_blame(r, because, &t->arena);
		telling_noted(r, t, journal_note_skipped(r->options.journal, task, because));
	}
}

bool runner_take(struct runner *r, uint32_t task, int attempt, const struct runner_result *result)
{
	for (size_t i = 0; i < r->attempts.n; i++) {
		struct attempt *a = r->attempts.p[i];
		if (a->index != task || a->number != attempt || !a->is_away)
			continue;
		attempt_take(a, result);
		return true;
	}
	return false;
}

/* ---- what is safe ---- */

void runner_tell_ended(struct runner *r, uint32_t task, uint64_t offset, uint32_t length,
	const struct task_outcome *outcome)
{
	struct run_task *past = &r->options.past->tasks[task];

	past->state = outcome->state;
	past->offset = offset;
	past->length = length;
	r->counts[outcome->state]++;
	runner_tell(r, &(struct runner_event){.kind = RUNNER_ENDED,
			       .task = task,
			       .attempt = outcome->attempts,
			       .outcome = outcome});
}

static void tell_ended(struct runner *r, struct telling *t)
{
	runner_tell_ended(r, t->task, t->offset, t->length, &t->outcome);
	if (t->state == TASK_DONE)
		schedule_done(r->schedule, t->task);
}

static void tell_one(struct runner *r, struct telling *t)
{
	struct runner_event event = {.task = t->task,
		.attempt = t->attempts,
		.error = &t->error,
		.class = t->class,
		.delay_ms = t->delay_ms};

	if (t->state != TASK_WAITING) {
		tell_ended(r, t);
		return;
	}
	event.kind = t->delay_ms < 0 ? RUNNER_GIVEN_BACK : RUNNER_PAUSED;
	runner_tell(r, &event);
}

static void tell_safe(struct runner *r)
{
	const struct journal_writer *j = r->options.journal;

	while (r->told < r->tellings.n && journal_is_safe(j, r->tellings.p[r->told]->number)) {
		struct telling *t = r->tellings.p[r->told++];
		tell_one(r, t);
		telling_free(t);
	}
	if (r->told == r->tellings.n)
		r->told = r->tellings.n = 0;
}

/* ---- the journal ---- */

static void commit(void *self)
{
	struct runner *r = self;

	r->is_commit_good = journal_commit(r->options.journal, &r->commit_error);
}

static void try_again(void *self)
{
	struct runner *r = self;

	r->patience = NULL;
	runner_turn_soon(r);
}

static void get_stuck(struct runner *r)
{
	int64_t wait_ms = STUCK_RETRY_MS;

	if (!r->is_stuck)
		runner_tell(
			r, &(struct runner_event){.kind = RUNNER_STUCK, .error = &r->commit_error});
	r->is_stuck = true;
	for (int i = 0; i < r->stuck_tries && wait_ms < STUCK_RETRY_MAX_MS; i++)
		wait_ms *= 2;
	r->stuck_tries++;
	r->patience = loop_after(r->world.loop, wait_ms, try_again, r);
}

static void committed(void *self)
{
	struct runner *r = self;

	r->is_committing = false;
	if (!r->is_commit_good) {
		get_stuck(r);
	} else {
		if (r->is_stuck)
			runner_tell(r, &(struct runner_event){.kind = RUNNER_UNSTUCK});
		r->is_stuck = false;
		r->stuck_tries = 0;
		r->stuck_ns = 0;
		r->backlog = 0;
	}
	turn(r);
}

static void commit_lazily(void *self)
{
	struct runner *r = self;

	r->lazy = NULL;
	r->is_committing = pool_submit(r->writer, commit, committed, r);
}

static void commit_soon(struct runner *r)
{
	if (r->is_committing || r->patience || !journal_has_more(r->options.journal))
		return;
	if (r->told == r->tellings.n && !r->is_ending) {
		if (!r->lazy)
			r->lazy = loop_after(r->world.loop, LAZY_COMMIT_MS, commit_lazily, r);
		return;
	}
	timer_cancel(r->lazy);
	r->lazy = NULL;
	r->is_committing = pool_submit(r->writer, commit, committed, r);
	if (!r->is_committing)
		runner_turn_soon(r);
}

/* ---- the end ---- */

static void end(struct runner *r)
{
	r->is_over = true;
	timer_cancel(r->patience);
	timer_cancel(r->lazy);
	r->patience = r->lazy = NULL;
	runner_tell(r, &(struct runner_event){.kind = RUNNER_OVER});
}

/* Nothing is at work, and the disk takes nothing: somebody may make room, but not for ever. */
static bool gives_up(struct runner *r)
{
	int64_t now_ns = clock_ns();

	if (!r->is_stuck || r->attempts.n)
		return false;
	if (!r->stuck_ns)
		r->stuck_ns = now_ns;
	return r->is_cancelled || now_ns - r->stuck_ns > STUCK_PATIENCE_S * INT64_C(1'000'000'000);
}

static void may_end(struct runner *r)
{
	if (r->is_committing || r->attempts.n)
		return;
	if (gives_up(r)) {
		r->stop = r->commit_error;
		(void)err_context(&r->stop, "the journal takes nothing");
		end(r);
		return;
	}
	/* What is with a provider is not over, and yet nothing more comes of it here. */
	if (r->told < r->tellings.n || (!r->options.post && !schedule_is_over(r->schedule)))
		return;
	if (r->is_ending && !journal_has_more(r->options.journal)) {
		end(r);
	} else if (!r->is_ending) {
		r->is_ending = true;
		journal_note_ended(r->options.journal, r->counts[TASK_DONE], r->counts[TASK_FAILED],
			r->counts[TASK_SKIPPED]);
	}
}

/* ---- the turn ---- */

static void start_some(struct runner *r)
{
	int left = STARTS_A_TURN;
	uint32_t task;

	/* What cannot even begin ends from within. */
	if (r->is_starting)
		return;
	r->is_starting = true;
	while (left > 0 && !r->is_stuck && r->attempts.n < (size_t)r->options.parallel &&
		schedule_next(r->schedule, &task)) {
		attempt_begin(r, task);
		left--;
	}
	r->is_starting = false;
	/* The first ones are on their way while the others are put together. */
	if (!left)
		runner_turn_soon(r);
}

static void bury(struct runner *r)
{
	vec_each (&r->dead, a)
		attempt_free(*a);
	r->dead.n = 0;
}

static void turn(struct runner *r)
{
	if (r->is_over || r->post)
		return;
	bury(r);
	tell_safe(r);
	if (r->stop.code)
		end_pauses(r);
	if (!r->options.post) {
		note_skipped(r);
		start_some(r);
	}
	may_end(r);
	if (!r->is_over)
		commit_soon(r);
}

/* ---- begin and free ---- */

/* How tasks ended before; those that are tried again have not. */
static struct schedule *make_schedule(struct runner *r)
{
	const struct runner_options *o = &r->options;
	size_t count = o->tasks->items.n;
	enum task_state *earlier = must_alloc(count + 1, sizeof *earlier);

	for (size_t i = 0; i < count; i++) {
		struct run_task *past = &o->past->tasks[i];
		bool counts =
			past->state == TASK_DONE ||
			(past->state == TASK_FAILED && !o->tries_failed_again && i != r->only);
		earlier[i] = counts ? past->state : TASK_WAITING;
	}
	struct schedule *s = schedule_new(o->tasks, &o->schedule, earlier);
	for (uint32_t i = 0; i < count; i++) {
		struct run_task *past = &o->past->tasks[i];
		bool stays = past->state == TASK_SKIPPED && schedule_state(s, i) == TASK_SKIPPED;
		if (!stays)
			past->state = earlier[i];
		if (past->state != TASK_WAITING)
			r->counts[past->state]++;
	}
	free(earlier);
	return s;
}

static bool needs_places(const struct runner_options *o)
{
	if (o->enter)
		return true;
	vec_each (&o->tasks->items, task)
		if (task->file_count)
			return true;
	return false;
}

static bool find_only(const struct runner_options *o, size_t *only, struct err *e)
{
	*only = SIZE_MAX;
	if (!o->only)
		return true;
	for (size_t i = 0; i < o->tasks->items.n; i++)
		if (str_is(o->tasks->items.p[i].id, o->only))
			*only = i;
	return *only != SIZE_MAX || err_set(e, ERR_USAGE, "there is no task %s", o->only);
}

struct runner *runner_start(
	const struct agent_world *world, const struct runner_options *options, struct err *e)
{
	size_t only;

	if (!find_only(options, &only, e))
		return NULL;
	struct runner *r = must_alloc(1, sizeof *r);
	*r = (struct runner){.world = *world, .options = *options, .only = only};
	r->schedule = make_schedule(r);
	if (options->only && !schedule_only(r->schedule, (uint32_t)only, e)) {
		schedule_free(r->schedule);
		free(r);
		return NULL;
	}
	r->writer = pool_new(world->loop, 1, 4);
	if (!options->post && needs_places(options))
		r->places = pool_new(world->loop, PLACE_WORKERS, options->parallel + 1);
	if (options->post)
		posted_begin(r);
	runner_turn_soon(r);
	return r;
}

void runner_free(struct runner *r)
{
	if (!r)
		return;
	must(r->is_over);
	timer_cancel(r->turn);
	pool_free(r->writer);
	if (r->places)
		pool_free(r->places);
	bury(r);
	for (size_t i = r->told; i < r->tellings.n; i++)
		telling_free(r->tellings.p[i]);
	end_pauses(r);
	posted_free(r);
	schedule_free(r->schedule);
	vec_release(&r->attempts);
	vec_release(&r->dead);
	vec_release(&r->pauses);
	vec_release(&r->tellings);
	free(r);
}

/* ---- questions ---- */

enum task_state runner_state(const struct runner *r, uint32_t task)
{
	return r->options.past->tasks[task].state;
}

bool runner_is_done(const struct runner *r)
{
	if (r->only != SIZE_MAX)
		return runner_state(r, (uint32_t)r->only) == TASK_DONE;
	return r->counts[TASK_DONE] == r->options.tasks->items.n;
}

size_t runner_count(const struct runner *r, enum task_state state)
{
	size_t all = r->options.tasks->items.n;
	size_t ended = r->counts[TASK_DONE] + r->counts[TASK_FAILED] + r->counts[TASK_SKIPPED];

	switch (state) {
	case TASK_RUNNING: return r->attempts.n + r->posted_count;
	case TASK_PAUSED: return r->pauses.n;
	case TASK_WAITING:
		all -= ended + r->attempts.n + r->posted_count + r->pauses.n;
		/* Ended, and not on the disk yet. */
		for (size_t i = r->told; i < r->tellings.n; i++)
			all -= r->tellings.p[i]->state != TASK_WAITING;
		return all;
	case TASK_READY: return 0;
	default: return r->counts[state];
	}
}

size_t runner_under_way(const struct runner *r)
{
	return r->under_way;
}

const struct run_usage *runner_spent(const struct runner *r)
{
	return &r->options.past->spent;
}

bool runner_outcome(const struct runner *r, uint32_t task, struct arena *a,
	struct task_outcome *out, struct err *e)
{
	const struct runner_options *o = &r->options;
	const struct run_task *past = &o->past->tasks[task];
	struct run_outcome found;

	if (!journal_outcome(o->journal_fd, o->past, task, a, &found, e))
		return false;
	*out = (struct task_outcome){.state = past->state,
		.attempts = (int)past->attempts,
		.usage = found.usage,
		.text = found.result,
		.class = found.class,
		.message = found.message};
	if (past->state == TASK_SKIPPED && found.because < o->tasks->items.n)
		out->message = runner_blame(r, found.because, a);
	return true;
}
