// SPDX-License-Identifier: MIT
/*
 * batch: --queue, tasks that workers on other machines work on. An attempt goes into the queue
 * under an id, and stays there until what has become of it is on the disk here.
 *
 * An id is TASK.FIRST.DIGEST: the task's position, the first attempt that is not known to have
 * ended, and what the worker is told. So an attempt that was cut off here with the batch is the
 * same task in the next session, and what a worker has made of it meanwhile is its result.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "base/sha256.h"
#include "batch/remote.h"
#include "cmd/batch.h"
#include "cmd/queue_place.h"

enum { DIGEST_LETTERS = 16, END_PATIENCE_MS = 3'000 };
/* What all tasks share goes with each of them. */
#define CONTEXTS_MAX_BYTES ((size_t)512 << 20)

/* An attempt that is in the queue. */
struct away {
	struct away *next;
	int attempt;
	char id[];
};

struct batch_queue {
	struct queue_place place;
	struct queue_owner *owner;
	struct away **away; /* by task */
	bool *was_put; /* by task, in this session */
	bool names_model; /* for tasks that name none: otherwise workers take their own */
	struct budget_limits limits;
	struct run_usage spent; /* of this session */
	bool is_away_told, is_ended;
	struct timer *patience;
};

/* ---- before ---- */

static const char *const not_there[] = {
	"isolate", "apply", "image", "schema", "replay", "batch-api", "batch-poll", NULL};
/* What workers do and do not is decided where they are. */
static const char *const of_workers[] = {"permit", "allow-tool", "deny-tool", "allow-host",
	"sandbox", "sandbox-network", "mcp-config", "preset", "effort", "base-url", "fallback",
	"summary-model", "max-output-tokens", "max-task-cost", "max-task-tokens", "rpm", "tpm",
	"concurrent", NULL};

static const char *first_of(const struct options *given, const char *const *names)
{
	for (; *names; names++)
		if (options_has(given, *names))
			return *names;
	return NULL;
}

bool batch_queue_check(struct batch *b, struct err *e)
{
	const struct options *given = &b->typed;
	struct queue_place place;
	const char *name = first_of(given, not_there);

	if (!options_has(given, "queue")) {
		name = options_has(given, "queue-name") ? "queue-name" : "dead-after";
		return !options_has(given, name) ||
		       err_set(e, ERR_USAGE, "--%s needs --queue: where the queue is", name);
	}
	if (name)
		return err_set(e, ERR_USAGE,
			"--queue: workers have no --%s: it does not go through a queue", name);
	name = first_of(given, of_workers);
	if (name)
		return err_set(e, ERR_USAGE,
			"--queue: what workers do is decided where they are: give --%s to fettle "
			"worker",
			name);
	b->run.is_elsewhere = true;
	return queue_place_read(given, &place, e);
}

bool batch_queue_room(const struct batch *b, struct err *e)
{
	size_t parallel = (size_t)b->options.parallel;

	return !b->run.is_elsewhere || b->context.n * parallel <= CONTEXTS_MAX_BYTES ||
	       err_set(e, ERR_USAGE,
		       "--queue: the context goes with each task, and %zu of this one are more "
		       "than %zu MB: lower --parallel",
		       parallel, CONTEXTS_MAX_BYTES >> 20);
}

/* ---- attempts that are away ---- */

static struct away **find(const struct batch_queue *q, uint32_t task, int attempt)
{
	struct away **at = &q->away[task];

	while (*at && (*at)->attempt != attempt)
		at = &(*at)->next;
	return at;
}

static void forget(struct away **at)
{
	struct away *away = *at;

	*at = away->next;
	free(away);
}

static void put_body(
	const struct batch *b, uint32_t index, const struct agent_task *asked, struct buf *out)
{
	const struct task *task = &b->tasks.items.p[index];
	bool has_own_model = task->model.p;
	struct remote_task remote = {.id = task->id,
		.prompt = asked->text,
		.preamble = asked->preamble,
		.context = b->context,
		.model = has_own_model || b->queue->names_model ? asked->route->name : STR(""),
		.has_own_model = has_own_model,
		.timeout_s = task->timeout_s ? task->timeout_s : b->options.timeout_s,
		.max_turns = asked->max_turns};

	remote_put_task(out, &remote);
}

bool batch_hand_over(
	void *self, uint32_t task, int attempt, const struct agent_task *asked, struct err *e)
{
	struct batch *b = self;
	struct batch_queue *q = b->queue;
	uint32_t first = q->was_put[task] ? (uint32_t)attempt : b->past.tasks[task].told + 1;
	AUTO(buf) body = {0};
	char digest[SHA256_TEXT], id[64];

	put_body(b, task, asked, &body);
	if (body.overflow)
		return err_set(e, ERR_LIMIT, "too much to tell through a queue");
	struct sha256 sum = sha256_of(buf_str(&body));
	sha256_text(&sum, digest);
	snprintf(id, sizeof id, "%u.%u.%.*s", task, first, DIGEST_LETTERS, digest);
	if (!queue_put(q->owner, str_from(id), buf_str(&body), e))
		return false;
	struct away *away = must_alloc(1, sizeof *away + sizeof id);
	*away = (struct away){.next = q->away[task], .attempt = attempt};
	memcpy(away->id, id, sizeof id);
	q->away[task] = away;
	q->was_put[task] = true;
	return true;
}

/* Only what is in the journal leaves the queue: the next session goes by the journal. */
void batch_take_back(void *, uint32_t, int)
{
}

/* ---- results ---- */

static struct away *find_id(const struct batch *b, struct str id, uint32_t *task)
{
	int64_t position;

	if (!str_int(str_head(id, str_find_char(id, '.', 0)), &position) || position < 0 ||
		(uint64_t)position >= b->tasks.items.n)
		return NULL;
	*task = (uint32_t)position;
	for (struct away *away = b->queue->away[position]; away; away = away->next)
		if (str_is(id, away->id))
			return away;
	return NULL;
}

static void read_result(
	const struct queue_result *result, struct arena *a, struct runner_result *out)
{
	struct err e;

	*out = (struct runner_result){.class = "server", .failure = FAILURE_PASSING};
	if (result->is_lost)
		out->message = STR("the workers that had it have all died");
	else if (!remote_read_result(result->body, a, out, &e))
		out->message = arena_printf(a, "what a worker has sent is no result: %s", e.text);
}

static bool is_spent(const struct batch_queue *q, struct err *e)
{
	const struct spend *most = &q->limits.most;
	const struct usage *u = &q->spent.tokens;
	int64_t tokens = 0;

	const int64_t parts[] = {u->input, u->output, u->cache_read, u->cache_write};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		tokens = money_add(tokens, parts[i] > 0 ? parts[i] : 0);
	if (most->nanousd >= 0 && q->spent.cost_nanousd < 0)
		return !err_set(e, ERR_BUDGET,
			"a worker does not know what a task has cost, so %s cannot be kept",
			q->limits.cost_name);
	if (most->nanousd >= 0 && q->spent.cost_nanousd >= most->nanousd)
		return !err_set(e, ERR_BUDGET, "%s is spent", q->limits.cost_name);
	return most->tokens >= 0 && tokens >= most->tokens &&
	       !err_set(e, ERR_BUDGET, "%s is spent", q->limits.tokens_name);
}

/* What has stopped the batch would happen to all that are in the queue, and nobody may wait. */
static void follow_stop(struct batch *b, bool was_stopped)
{
	const struct err *stop = runner_stop_reason(b->runner);
	struct err e;

	if (!was_stopped && stop && !b->options.schedule.fails_fast) {
		e = *stop;
		runner_cancel(b->runner, &e);
	} else if (!stop && is_spent(b->queue, &e)) {
		runner_stop(b->runner, &e);
	}
}

static void on_result(void *self, const struct queue_result *result)
{
	struct batch *b = self;
	AUTO(arena) arena = {0};
	struct runner_result read;
	uint32_t task;
	struct away *away = b->is_over ? NULL : find_id(b, result->id, &task);

	if (!away)
		return;
	bool was_stopped = runner_stop_reason(b->runner);
	read_result(result, &arena, &read);
	run_usage_add(&b->queue->spent, &read.usage);
	if (runner_take(b->runner, task, away->attempt, &read))
		follow_stop(b, was_stopped);
}

void batch_queue_event(struct batch *b, const struct runner_event *event)
{
	struct batch_queue *q = b->queue;

	if (event->kind != RUNNER_ENDED && event->kind != RUNNER_PAUSED &&
		event->kind != RUNNER_GIVEN_BACK)
		return;
	struct away **at = find(q, event->task, event->attempt);
	if (!*at)
		return;
	queue_drop(q->owner, str_from((*at)->id));
	forget(at);
}

static void on_told(void *self, const struct err *away)
{
	struct batch *b = self;
	struct err e;

	if (!away) {
		batch_ui_wait(b->ui, (struct str){0});
		return;
	}
	e = *away;
	(void)err_context(&e, "the queue is away");
	batch_ui_wait(b->ui, str_from(e.text));
	if (!b->queue->is_away_told)
		batch_ui_error(b->ui, &e);
	b->queue->is_away_told = true;
}

/* ---- begin and end ---- */

static bool read_limits(struct batch_queue *q, const struct options *given, struct err *e)
{
	const char *cost = options_value(given, "max-cost");

	q->limits = (struct budget_limits){.most = {-1, -1},
		.cost_name = "the run's --max-cost",
		.tokens_name = "the run's --max-tokens"};
	return (!cost || money_parse(str_from(cost), &q->limits.most.nanousd, e)) &&
	       options_int(given, "max-tokens", 1, -1, &q->limits.most.tokens, e);
}

static void announce(struct batch *b)
{
	AUTO(buf) line = {0};

	if (b->run.ui_options.is_quiet)
		return;
	if (b->queue->names_model)
		buf_printf(&line, "%.*s", STR_ARG(b->run.route.name));
	else
		buf_put_text(&line, "their own models");
	buf_put_text(&line, ", asked by the workers at ");
	queue_place_put(&line, &b->queue->place);
	fprintf(stderr, "fettle: %s\n", buf_text(&line));
}

bool batch_queue_open(struct batch *b, struct err *e)
{
	const struct route_wish *wish = &b->run.wish;
	struct queue_owner_sink sink = {on_result, on_told, b};

	if (!b->run.is_elsewhere)
		return true;
	struct batch_queue *q = b->queue = must_alloc(1, sizeof *q);
	*q = (struct batch_queue){.names_model = (wish->model || wish->size != SIZE_USUAL) &&
						 !b->run.route.is_last_resort};
	q->away = must_alloc(b->tasks.items.n, sizeof(struct away *));
	q->was_put = must_alloc(b->tasks.items.n, sizeof *q->was_put);
	if (!read_limits(q, &b->run.given, e) || !queue_place_read(&b->run.given, &q->place, e))
		return false;
	announce(b);
	q->owner = queue_owner_new(b->run.loop, &q->place, str_from(b->name), &sink, e);
	return q->owner;
}

static void ended(void *self)
{
	struct batch_queue *q = self;

	q->is_ended = true;
}

static void give_up(void *self)
{
	struct batch_queue *q = self;

	q->patience = NULL;
	q->is_ended = true;
}

/* Workers hear that nobody waits any more; a server that is away is not waited for. */
void batch_queue_end(struct batch *b)
{
	struct batch_queue *q = b->queue;

	if (!q)
		return;
	queue_end(q->owner, ended, q);
	q->patience = loop_after(b->run.loop, END_PATIENCE_MS, give_up, q);
	loop_run(b->run.loop, &q->is_ended);
	timer_cancel(q->patience);
	q->patience = NULL;
}

void batch_queue_close(struct batch *b)
{
	struct batch_queue *q = b->queue;

	if (!q)
		return;
	queue_owner_free(q->owner);
	for (size_t i = 0; q->away && i < b->tasks.items.n; i++)
		while (q->away[i])
			forget(&q->away[i]);
	free(q->away);
	free(q->was_put);
	free(q);
	b->queue = NULL;
}
