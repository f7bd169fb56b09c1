// SPDX-License-Identifier: MIT
/* post: begin and end, the disk, and what is told behind it. */
#include "batch/post.h"

#include "base/clock.h"
#include "base/must.h"
#include "batch/post_inside.h"

enum {
	POLL_FIRST_MS = 5'000,
	POLL_MAX_MS = 60'000,
	WAITING_MAX_BYTES = 64 << 20,
};

/* ---- the end ---- */

static void free_parcel(struct parcel *parcel)
{
	must(!parcel->call);
	timer_cancel(parcel->timer);
	buf_release(&parcel->items);
	arena_release(&parcel->arena);
	free(parcel->tasks);
	free(parcel->is_told);
	free(parcel->rejected);
	free(parcel);
}

static void free_post(struct post *post)
{
	for (size_t i = 0; i < post->parcel_count; i++)
		free_parcel(post->parcels[i]);
	free(post->parcels);
	timer_cancel(post->fill_timer);
	timer_cancel(post->end_timer);
	for (size_t i = post->told_count; i < post->told.n; i++)
		buf_release(&post->told.p[i].text);
	vec_release(&post->told);
	pool_free(post->pool);
	free(post->earlier_attempts);
	free(post);
}

static size_t count_under_way(const struct post *post)
{
	size_t count = 0;

	for (size_t i = 0; i < post->parcel_count; i++)
		count += post->parcels[i]->batch.n || post->parcels[i]->is_unclear;
	return count;
}

static void end_now(void *self)
{
	struct post *post = self;
	struct post_sink sink = post->sink;
	struct err error = post->error;
	size_t under_way = count_under_way(post);

	post->end_timer = NULL;
	if (post->is_committing)
		return; /* something was noted on the way out */
	free_post(post);
	sink.end(sink.self, error.code ? &error : NULL, under_way);
}

/* Where the disk cannot have what was noted, that is known, too. */
void post_end_when_safe(struct post *post)
{
	if (post->is_committing || post->end_timer)
		return;
	for (size_t i = 0; i < post->parcel_count; i++)
		if (post->parcels[i]->call)
			return;
	if (journal_has_more(post->options.journal) && !post->has_commit_failed)
		post_commit(post);
	else
		post->end_timer = loop_after(post->options.world->loop, 0, end_now, post);
}

void post_fail(struct post *post, const struct err *e)
{
	if (post->is_ending)
		return;
	post->is_ending = true;
	post->error = *e;
	for (size_t i = 0; i < post->parcel_count; i++)
		parcel_hang_up(post->parcels[i]);
	timer_cancel(post->fill_timer);
	post->fill_timer = NULL;
	post_end_when_safe(post);
}

void post_stop(struct post *post)
{
	struct err e;

	err_set(&e, ERR_CANCELLED, "interrupted");
	post_fail(post, &e);
}

/* ---- the disk, and what is told behind it ---- */

static void pass_on(struct post *post, struct told *told)
{
	struct str text = buf_str(&told->text);

	if (told->is_skip) {
		post->sink.skipped(post->sink.self, told->task, told->because, &told->line);
		return;
	}
	told->outcome.line = told->line;
	if (told->outcome.is_done)
		told->outcome.result = text.p ? text : STR("");
	else
		told->outcome.message = text.p ? text : STR("");
	post->sink.outcome(post->sink.self, told->task, &told->outcome);
}

static void tell_what_is_safe(struct post *post)
{
	while (post->told_count < post->told.n) {
		struct told told = post->told.p[post->told_count];
		if (!journal_is_safe(post->options.journal, told.number))
			return;
		post->told_count++;
		post->told_bytes -= told.text.n;
		pass_on(post, &told);
		buf_release(&told.text);
	}
	vec_release(&post->told);
	post->told_count = 0;
}

static void go_on(struct post *post)
{
	for (size_t i = 0; i < post->parcel_count && !post->is_ending; i++) {
		struct parcel *parcel = post->parcels[i];
		if (!parcel->awaited || !journal_is_safe(post->options.journal, parcel->awaited))
			continue;
		parcel->awaited = 0;
		parcel->then(parcel);
		/* It may be gone, and another one stands in its place. */
		i = SIZE_MAX;
	}
}

static void commit(void *self)
{
	struct post *post = self;

	post->has_commit_failed = !journal_commit(post->options.journal, &post->commit_error);
}

static void committed(void *self)
{
	struct post *post = self;

	post->is_committing = false;
	tell_what_is_safe(post);
	if (post->is_ending) {
		post_end_when_safe(post);
		return;
	}
	if (post->has_commit_failed) {
		post_fail(post, &post->commit_error);
		return;
	}
	go_on(post);
	if (journal_has_more(post->options.journal))
		post_commit(post);
	else if (!post->is_ending)
		post_fill_soon(post);
}

void post_commit(struct post *post)
{
	if (post->is_committing)
		return;
	post->is_committing = true;
	must(pool_submit(post->pool, commit, committed, post));
}

/* ---- outcomes ---- */

/* Its line was noted just now, and begins at offset. */
static void push_told(struct post *post, uint64_t offset, struct told told, struct str text)
{
	told.line = (struct post_line){
		offset, (uint32_t)(journal_end(post->options.journal) - offset - 1)};
	buf_put_str(&told.text, text);
	post->told_bytes += told.text.n;
	vec_push(&post->told, told);
	post_commit(post);
}

static void tell_skipped(struct post *post)
{
	const struct run_past *past = post->options.past;
	struct journal_writer *j = post->options.journal;
	uint32_t task, because;

	while (schedule_take_skipped(post->options.schedule, &task, &because)) {
		uint64_t offset = journal_end(j);
		if (past && past->tasks[task].state == TASK_SKIPPED)
			continue;
		push_told(post, offset,
			(struct told){.number = journal_note_skipped(j, task, because),
				.task = task,
				.is_skip = true,
				.because = because},
			(struct str){0});
	}
}

static int attempt_of(const struct post *post, uint32_t task)
{
	return (int)post->earlier_attempts[task] + schedule_attempts(post->options.schedule, task);
}

void post_failed(struct post *post, uint32_t task, enum failure failure, const char *class,
	struct str message, const struct run_usage *usage)
{
	struct post_outcome outcome = {
		.class = class, .usage = *usage, .attempt = attempt_of(post, task)};
	enum verdict verdict = schedule_failed(post->options.schedule, task, failure);

	outcome.is_final = verdict != VERDICT_AGAIN;
	outcome.stops_others = verdict == VERDICT_STOP || verdict == VERDICT_ABORT;
	uint64_t offset = journal_end(post->options.journal);
	uint64_t number = journal_note_failed(post->options.journal, task, outcome.attempt, usage,
		class, message, outcome.is_final);
	push_told(post, offset, (struct told){.number = number, .task = task, .outcome = outcome},
		message);
	tell_skipped(post);
	/* Not at once: whoever puts or reads tasks at this moment goes on with its own. */
	post->wants_cancel |= verdict == VERDICT_ABORT;
	post_fill_soon(post);
}

static const struct {
	enum stop_reason stop;
	const char *message;
} bad_stops[] = {
	{STOP_MAX, "the answer was cut at the most tokens it may have"},
	{STOP_REFUSAL, "the model refused to answer"},
	{STOP_CONTEXT, "the model's context window was full"},
	{STOP_TOOL_USE, "the model wanted a tool, and there are none in a batch"},
};

/* Why an answer is of no use; NULL: it is. */
static const char *fault_of(const struct batch_result *result)
{
	for (size_t i = 0; i < sizeof bad_stops / sizeof bad_stops[0]; i++)
		if (result->stop == bad_stops[i].stop)
			return bad_stops[i].message;
	return result->text.n > RUN_RESULT_MAX_BYTES ? "the answer is longer than 8 MB" : NULL;
}

/* The words that a runner has for it. */
static const char *class_of(const struct batch_result *result)
{
	if (result->outcome == BATCH_EXPIRED)
		return "timeout";
	if (result->outcome == BATCH_CANCELED)
		return "cancelled";
	if (!result->error.is_retryable)
		return "validation";
	return str_starts(result->error.type, STR("rate_limit")) ? "limit" : "server";
}

/* What was not answered is not billed. */
static struct run_usage usage_of(const struct parcel *parcel, const struct batch_result *result)
{
	const struct route *route = parcel->post->options.route;
	bool is_answered = result->outcome == BATCH_SUCCEEDED || result->usage.input >= 0;

	return (struct run_usage){.tokens = result->usage,
		.cost_nanousd = is_answered ? batches_cost_nanousd(route, &result->usage) : 0,
		.duration_ms = clock_wall_ms() - parcel->at_ms,
		.turns = is_answered,
		.model = is_answered ? route->name : (struct str){0}};
}

static void tell_done(
	struct post *post, uint32_t task, struct str text, const struct run_usage *usage)
{
	struct post_outcome outcome = {.is_done = true,
		.is_final = true,
		.attempt = attempt_of(post, task),
		.usage = *usage};
	uint64_t offset = journal_end(post->options.journal);
	uint64_t number =
		journal_note_done(post->options.journal, task, outcome.attempt, usage, text);

	schedule_done(post->options.schedule, task);
	push_told(post, offset, (struct told){.number = number, .task = task, .outcome = outcome},
		text);
}

static void take_answer(
	struct post *post, uint32_t task, struct str text, const struct run_usage *usage)
{
	AUTO(arena) a = {0};
	struct str answer = text;
	struct err e;

	if (!post->sink.accept || post->sink.accept(post->sink.self, task, text, &a, &answer, &e))
		tell_done(post, task, answer, usage);
	else
		post_failed(post, task, FAILURE_LASTING, "task", str_from(e.text), usage);
}

void post_done(struct parcel *parcel, size_t position, const struct batch_result *result)
{
	struct post *post = parcel->post;
	uint32_t task = parcel->tasks[position];
	struct run_usage usage = usage_of(parcel, result);
	const char *fault = fault_of(result);

	parcel->is_told[position] = true;
	if (result->outcome != BATCH_SUCCEEDED) {
		bool passes = result->outcome != BATCH_ERRORED || result->error.is_retryable;
		post_failed(post, task, passes ? FAILURE_PASSING : FAILURE_LASTING,
			class_of(result), result->error.message, &usage);
	} else if (fault) {
		post_failed(post, task, FAILURE_LASTING, "task", str_from(fault), &usage);
	} else {
		take_answer(post, task, result->text, &usage);
	}
}

void post_started(struct parcel *parcel)
{
	struct post *post = parcel->post;

	if (parcel->is_started || !post->sink.started)
		return;
	parcel->is_started = true;
	for (size_t i = 0; i < parcel->task_count && !post->is_ending; i++)
		if (!parcel->is_told[i])
			post->sink.started(post->sink.self, parcel->tasks[i],
				attempt_of(post, parcel->tasks[i]));
}

void post_give_back(struct post *post, uint32_t task)
{
	if (post->sink.released)
		post->sink.released(post->sink.self, task);
	schedule_again(post->options.schedule, task);
}

void post_tell(struct post *post, enum post_news_kind kind, const struct parcel *parcel,
	const char *trouble)
{
	struct post_news news = {.kind = kind,
		.batch = parcel->batch,
		.requests = parcel->task_count,
		.finished = kind == POST_UNDER_WAY ? parcel->status.finished : -1,
		.trouble = trouble};

	if (post->sink.news)
		post->sink.news(post->sink.self, &news);
}

/* ---- parcels ---- */

struct parcel *post_add_parcel(struct post *post)
{
	struct parcel *parcel = must_alloc(1, sizeof *parcel);

	parcel->post = post;
	parcel->file = parcel->batch = parcel->best.id = STR("");
	post->parcels = must_resize(post->parcels, post->parcel_count + 1, sizeof(struct parcel *));
	post->parcels[post->parcel_count++] = parcel;
	return parcel;
}

/* What is neither told nor failed for good goes again. */
void post_drop_parcel(struct parcel *parcel)
{
	struct post *post = parcel->post;
	size_t at = 0;

	for (size_t i = 0; i < parcel->task_count; i++) {
		enum task_state state = schedule_state(post->options.schedule, parcel->tasks[i]);
		if (state == TASK_PAUSED)
			schedule_again(post->options.schedule, parcel->tasks[i]);
		else if (state == TASK_RUNNING && !parcel->is_told[i])
			post_give_back(post, parcel->tasks[i]);
	}
	while (post->parcels[at] != parcel)
		at++;
	post->parcels[at] = post->parcels[--post->parcel_count];
	free_parcel(parcel);
	post_fill_soon(post);
}

/* ---- begin ---- */

static void adopt(struct post *post, const struct run_parcel *earlier)
{
	struct schedule *schedule = post->options.schedule;
	struct parcel *parcel = post_add_parcel(post);

	snprintf(parcel->label, sizeof parcel->label, "%.*s", STR_ARG(earlier->label));
	parcel->task_count = earlier->task_count;
	parcel->tasks = must_alloc(parcel->task_count, sizeof *parcel->tasks);
	memcpy(parcel->tasks, earlier->tasks, parcel->task_count * sizeof *parcel->tasks);
	parcel->is_told = must_alloc(parcel->task_count, sizeof *parcel->is_told);
	schedule_adopt(schedule, parcel->tasks, parcel->task_count);
	for (size_t i = 0; i < parcel->task_count; i++) {
		uint32_t task = parcel->tasks[i];
		parcel->is_told[i] = schedule_state(schedule, task) != TASK_RUNNING;
		if (!parcel->is_told[i] && post->earlier_attempts[task])
			post->earlier_attempts[task]--;
	}
	parcel->batch = arena_copy(&parcel->arena, earlier->batch);
	parcel->is_unclear = true;
	parcel->at_ms = earlier->at_ms;
	parcel->wait_ms = post->options.poll_first_ms;
}

/* What lies with another provider is not found at this one, and would be sent and paid twice. */
static void check_provider(struct post *post)
{
	const struct run_past *past = post->options.past;
	struct str provider = post->options.route->provider;
	struct err e;

	for (size_t i = 0; past && i < past->parcels.n; i++) {
		const struct run_parcel *parcel = &past->parcels.p[i];
		if (str_eq(parcel->provider, provider))
			continue;
		err_set(&e, ERR_USAGE,
			"tasks of this run are in a batch with %.*s: a model of %.*s cannot "
			"collect them",
			STR_ARG(parcel->provider), STR_ARG(provider));
		post_fail(post, &e);
		return;
	}
}

static void resume_all(struct post *post)
{
	const struct run_past *past = post->options.past;

	for (size_t i = 0; past && i < past->head.task_count; i++)
		post->earlier_attempts[i] = past->tasks[i].attempts;
	for (size_t i = 0; past && i < past->parcels.n; i++)
		adopt(post, &past->parcels.p[i]);
	for (size_t i = 0; i < post->parcel_count; i++)
		parcel_resume(post->parcels[i]);
	tell_skipped(post);
	check_provider(post);
}

struct post *post_start(const struct post_options *options, const struct post_sink *sink)
{
	struct post *post = must_alloc(1, sizeof *post);

	*post = (struct post){
		.options = *options, .sink = *sink, .pool = pool_new(options->world->loop, 1, 2)};
	if (!post->options.waiting_max_bytes)
		post->options.waiting_max_bytes = WAITING_MAX_BYTES;
	if (!post->options.poll_first_ms)
		post->options.poll_first_ms = POLL_FIRST_MS;
	if (!post->options.poll_max_ms)
		post->options.poll_max_ms = POLL_MAX_MS;
	post->earlier_attempts =
		must_alloc(options->task_count + 1, sizeof *post->earlier_attempts);
	resume_all(post);
	post_fill_soon(post);
	return post;
}
