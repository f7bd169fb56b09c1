// SPDX-License-Identifier: MIT
/* post_fill: which task goes into which batch. One batch at a time is in memory. */
#include "base/must.h"
#include "batch/post_inside.h"

enum {
	FILL_TASKS = 256, /* a turn of the loop */
	FILL_BYTES = 4 << 20,
	LATER_MS = 1'000, /* where nobody tells when there is room */
	LATERS_MAX = 15 * 60,
	REQUESTS_MAX = 100'000,
	SIZE_MAX_BYTES = 48 << 20,
};

static size_t smaller(size_t wanted, size_t usual, size_t most)
{
	size_t size = wanted ? wanted : usual;

	return size < most ? size : most;
}

static size_t requests_max(const struct post *post)
{
	return smaller(post->options.requests_max, REQUESTS_MAX,
		post->options.route->wire->batch->requests_max);
}

static size_t size_max_bytes(const struct post *post)
{
	return smaller(post->options.size_max_bytes, SIZE_MAX_BYTES,
		post->options.route->wire->batch->size_max_bytes);
}

/* As the call would have asked it. */
static void address(const struct route *route, struct prompt *prompt)
{
	int64_t most = route->is_in_catalog ? route->model.max_output_tokens : 0;

	prompt->stream = false;
	route_address(route, prompt);
	if (most > 0 && most < prompt->max_output_tokens)
		prompt->max_output_tokens = most;
}

static void fail_unasked(struct post *post, uint32_t task, const char *class, const char *why)
{
	struct run_usage none = {.tokens = USAGE_UNKNOWN};

	post_failed(post, task, FAILURE_LASTING, class, str_from(why), &none);
}

static void add_item(struct parcel *parcel, uint32_t task, struct str item)
{
	buf_put_str(&parcel->items, item);
	must(!parcel->items.overflow);
	if (parcel->task_count == parcel->task_room) {
		parcel->task_room = parcel->task_room ? 2 * parcel->task_room : 64;
		parcel->tasks =
			must_resize(parcel->tasks, parcel->task_room, sizeof *parcel->tasks);
	}
	parcel->tasks[parcel->task_count++] = task;
}

static enum post_word admit(struct post *post, uint32_t task, const struct prompt *prompt,
	size_t size_bytes, struct err *e)
{
	const struct post_sink *sink = &post->sink;

	return sink->admit ? sink->admit(sink->self, task, prompt, size_bytes, e) : POST_GO;
}

/* GO: it is in, or has failed. LATER: not in this batch. */
static enum post_word put_task(struct post *post, struct parcel *parcel, uint32_t task)
{
	size_t most = size_max_bytes(post), ends = 16; /* "]}" and the like */
	AUTO(buf) item = {.max = most};
	struct prompt prompt = {0};
	char id[BATCH_ID_MAX_BYTES + 1];
	struct err e;

	if (!post->sink.prompt(post->sink.self, task, &prompt, &e)) {
		fail_unasked(post, task, "validation", e.text);
		return POST_GO;
	}
	address(post->options.route, &prompt);
	snprintf(id, sizeof id, "%s-%zu", parcel->label, parcel->task_count);
	batch_put_item(
		post->options.route->wire, str_from(id), &prompt, parcel->task_count == 0, &item);
	if (item.overflow || item.n + ends > most) {
		fail_unasked(post, task, "validation", "the request is too long for a batch");
		return POST_GO;
	}
	if (parcel->items.n + item.n + ends > most)
		return POST_LATER;
	enum post_word word = admit(post, task, &prompt, item.n, &e);
	if (word == POST_GO)
		add_item(parcel, task, buf_str(&item));
	if (word != POST_NEVER)
		return word;
	fail_unasked(post, task, "budget", e.text);
	return POST_GO;
}

static bool next_task(struct post *post, uint32_t *task)
{
	if (post->has_left_over) {
		*task = post->left_over;
		post->has_left_over = false;
		return true;
	}
	return !post->is_stopping && schedule_next(post->options.schedule, task);
}

static struct parcel *open_parcel(struct post *post)
{
	struct parcel *parcel = post_add_parcel(post);

	snprintf(parcel->label, sizeof parcel->label, "f%08x%08x", arc4random(), arc4random());
	parcel->wait_ms = post->options.poll_first_ms;
	return parcel;
}

static void close_parcel(struct post *post)
{
	struct parcel *parcel = post->filling;

	post->filling = NULL;
	if (parcel->task_count == 0) {
		post_drop_parcel(parcel);
		return;
	}
	batch_put_end(post->options.route->wire, &parcel->items);
	parcel->is_told = must_alloc(parcel->task_count, sizeof *parcel->is_told);
	parcel_send(parcel);
}

/*
 * Results make tasks ready one by one: those of a wave go together. And one batch at a time is in
 * memory.
 */
static bool is_busy(const struct post *post)
{
	for (size_t i = 0; i < post->parcel_count; i++) {
		const struct parcel *parcel = post->parcels[i];
		if (parcel->is_collecting || (parcel != post->filling && parcel->items.n))
			return true;
	}
	return false;
}

/* Nothing is under way and nothing can start: whatever the others said of it, it is over. */
static void end_if_over(struct post *post)
{
	if (post->parcel_count == 0 && !post->is_committing && post->told.n == 0 &&
		!journal_has_more(post->options.journal)) {
		post->is_ending = true;
		post_end_when_safe(post);
	}
}

/* From here only, as whoever stops it may be asked for a prompt, or told an outcome, just then. */
static void stop_now(struct post *post)
{
	post->is_stopping = true;
	post->wants_finish = false;
	schedule_stop(post->options.schedule);
	if (post->has_left_over) {
		post->has_left_over = false;
		schedule_again(post->options.schedule, post->left_over);
	}
	if (post->filling) {
		struct parcel *parcel = post->filling;
		parcel->is_told = must_alloc(parcel->task_count + 1, sizeof *parcel->is_told);
		post->filling = NULL;
		post_drop_parcel(parcel);
	}
}

static void cancel_now(struct post *post)
{
	post->wants_cancel = false;
	stop_now(post);
	for (size_t i = 0; i < post->parcel_count; i++)
		parcel_cancel(post->parcels[i]);
}

static void enough(struct post *post, uint32_t task)
{
	schedule_again(post->options.schedule, task);
	schedule_stop(post->options.schedule);
}

static void fill(void *self);

/* It was left over, and no batch will be collected that would begin another round. */
static void try_later(struct post *post)
{
	if (post->laters++ >= LATERS_MAX) {
		struct err e;
		err_set(&e, ERR_BUDGET,
			"what others have reserved left no room in the budget for too long");
		post_fail(post, &e);
	} else {
		post->fill_timer = loop_after(post->options.world->loop, LATER_MS, fill, post);
	}
}

/* False: this round is over. */
static bool fill_one(struct post *post)
{
	uint32_t task;

	if (!next_task(post, &task)) {
		if (post->filling)
			close_parcel(post);
		end_if_over(post);
		return false;
	}
	if (!post->filling)
		post->filling = open_parcel(post);
	enum post_word word = put_task(post, post->filling, task);
	if (post->is_ending)
		return false;
	if (word == POST_GO)
		post->laters = 0;
	if (word == POST_ENOUGH)
		enough(post, task);
	post->has_left_over = word == POST_LATER;
	post->left_over = task;
	bool is_empty = post->filling->task_count == 0;
	if (word == POST_GO && post->filling->task_count < requests_max(post))
		return true;
	close_parcel(post);
	if (word != POST_LATER || !is_empty) {
		post_fill_soon(post);
		return false;
	}
	/* A parcel that was dropped has asked for the next round at once. */
	timer_cancel(post->fill_timer);
	post->fill_timer = NULL;
	if (post->parcel_count == 0)
		try_later(post);
	return false;
}

static void fill(void *self)
{
	struct post *post = self;
	size_t before;

	post->fill_timer = NULL;
	if (post->is_ending)
		return;
	if (post->wants_cancel)
		cancel_now(post);
	else if (post->wants_finish)
		stop_now(post);
	if (is_busy(post))
		return;
	before = post->filling ? post->filling->items.n : 0;
	for (int i = 0; i < FILL_TASKS; i++) {
		if (!fill_one(post))
			return;
		if (post->filling->items.n - before > FILL_BYTES)
			break;
	}
	post_fill_soon(post);
}

void post_fill_soon(struct post *post)
{
	if (!post->fill_timer && !post->is_ending)
		post->fill_timer = loop_after(post->options.world->loop, 0, fill, post);
}

void post_finish(struct post *post)
{
	post->wants_finish = true;
	post_fill_soon(post);
}

void post_cancel(struct post *post)
{
	post->wants_cancel = true;
	post_fill_soon(post);
}
