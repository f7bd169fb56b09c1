// SPDX-License-Identifier: MIT
/* post_fill: which task goes into which batch. One batch at a time is in memory. */
#include "base/must.h"
#include "batch/post_inside.h"

enum {
	FILL_TASKS = 256, /* a turn of the loop */
	FILL_BYTES = 4 << 20,
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

static void fail_unasked(struct post *post, uint32_t task, const char *why)
{
	struct run_usage none = {.tokens = USAGE_UNKNOWN};

	post_failed(post, task, FAILURE_LASTING, "validation", str_from(why), &none);
}

static bool put_task(struct post *post, struct parcel *parcel, uint32_t task)
{
	size_t most = size_max_bytes(post), ends = 16; /* "]}" and the like */
	AUTO(buf) item = {.max = most};
	struct prompt prompt = {0};
	char id[BATCH_ID_MAX_BYTES + 1];
	struct err e;

	if (!post->sink.prompt(post->sink.self, task, &prompt, &e)) {
		fail_unasked(post, task, e.text);
		return true;
	}
	address(post->options.route, &prompt);
	snprintf(id, sizeof id, "%s-%zu", parcel->label, parcel->task_count);
	batch_put_item(
		post->options.route->wire, str_from(id), &prompt, parcel->task_count == 0, &item);
	if (item.overflow || item.n + ends > most) {
		fail_unasked(post, task, "the request is too long for a batch");
		return true;
	}
	if (parcel->items.n + item.n + ends > most)
		return false;
	buf_put_str(&parcel->items, buf_str(&item));
	must(!parcel->items.overflow);
	if (parcel->task_count == parcel->task_room) {
		parcel->task_room = parcel->task_room ? 2 * parcel->task_room : 64;
		parcel->tasks =
			must_resize(parcel->tasks, parcel->task_room, sizeof *parcel->tasks);
	}
	parcel->tasks[parcel->task_count++] = task;
	return true;
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

/* From here only, as whoever cancels may be asked for a prompt, or told an outcome, just then. */
static void cancel_now(struct post *post)
{
	post->is_stopping = true;
	post->wants_cancel = false;
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
	for (size_t i = 0; i < post->parcel_count; i++)
		parcel_cancel(post->parcels[i]);
}

static void fill(void *self)
{
	struct post *post = self;
	size_t bytes = 0;
	uint32_t task;

	post->fill_timer = NULL;
	if (post->is_ending)
		return;
	if (post->wants_cancel)
		cancel_now(post);
	if (is_busy(post))
		return;
	for (int i = 0; i < FILL_TASKS && bytes < FILL_BYTES; i++) {
		if (!next_task(post, &task)) {
			if (post->filling)
				close_parcel(post);
			end_if_over(post);
			return;
		}
		if (!post->filling)
			post->filling = open_parcel(post);
		size_t before = post->filling->items.n;
		bool is_in = put_task(post, post->filling, task);
		if (post->is_ending)
			return;
		bytes += post->filling->items.n - before;
		post->has_left_over = !is_in;
		post->left_over = task;
		if (!is_in || post->filling->task_count >= requests_max(post)) {
			close_parcel(post);
			break;
		}
	}
	post_fill_soon(post);
}

void post_fill_soon(struct post *post)
{
	if (!post->fill_timer && !post->is_ending)
		post->fill_timer = loop_after(post->options.world->loop, 0, fill, post);
}

void post_cancel(struct post *post)
{
	post->wants_cancel = true;
	post_fill_soon(post);
}
