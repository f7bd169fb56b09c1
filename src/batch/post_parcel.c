// SPDX-License-Identifier: MIT
/* post_parcel: the life of one batch, as post_inside.h draws it. */
#include "base/clock.h"
#include "base/must.h"
#include "batch/post_inside.h"

enum {
	FAILURES_MAX = 20, /* in a row, each with the retries of a call */
	SEARCHES = 3, /* before a batch that is not in the list is taken for none */
	SEARCH_PAGES_MAX = 20,
	/* How far our clock may be from the provider's. */
	CLOCKS_APART_MS = 10 * 60 * 1000,
};

static void create(struct parcel *parcel);
static void look(struct parcel *parcel);
static void search(struct parcel *parcel);
static void wait_to(struct parcel *parcel, void (*then)(struct parcel *parcel));

/*
 * Whoever is told of something may stop it all there and then: nothing is asked or awaited once it
 * is ending.
 */

/* ---- questions ---- */

static void got_result(void *self, const struct batch_result *result);
static void got_broken(void *self, size_t line, const struct err *e);

static void ask(struct parcel *parcel, struct batches_question question,
	void (*end)(
		void *self, const struct call_result *result, const struct batches_answer *answer))
{
	const struct post_options *options = &parcel->post->options;
	struct batches_sink sink = {
		.result = got_result, .broken = got_broken, .end = end, .self = parcel};

	if (parcel->post->is_ending)
		return;
	parcel->question = question;
	parcel->call = batches_start(options->world, options->route, &parcel->question, &sink);
}

void parcel_hang_up(struct parcel *parcel)
{
	timer_cancel(parcel->timer);
	parcel->timer = NULL;
	parcel->awaited = 0;
	call_cancel(parcel->call);
}

/* False: nobody cares any more, as all of it ends. */
static bool came_back(struct parcel *parcel)
{
	parcel->call = NULL;
	if (parcel->post->is_ending)
		post_end_when_safe(parcel->post);
	return !parcel->post->is_ending;
}

/* True: it is over for all. */
static bool is_hopeless(const struct call_result *result)
{
	return result->http_status == 401 || result->http_status == 403 ||
	       result->error->code == ERR_USAGE;
}

/* The provider says no to this batch, and would to every other one. */
static bool is_refusal(const struct call_result *result)
{
	int status = result->http_status;

	return status >= 400 && status < 500 && status != 408 && status != 409 && status != 429 &&
	       !is_hopeless(result);
}

/* What the call's own retries did not mend is tried again later, for long, but not for ever. */
static void try_later(struct parcel *parcel, const struct call_result *result,
	void (*again)(struct parcel *parcel))
{
	struct post *post = parcel->post;

	if (is_hopeless(result) || ++parcel->failures >= FAILURES_MAX) {
		post_fail(post, result->error);
		return;
	}
	post_tell(post, POST_TROUBLE, parcel, result->error->text);
	wait_to(parcel, again);
}

/* ---- waits ---- */

static void await(struct parcel *parcel, uint64_t number, void (*then)(struct parcel *parcel))
{
	if (parcel->post->is_ending)
		return;
	parcel->awaited = number;
	parcel->then = then;
	post_commit(parcel->post);
}

static void time_is_up(void *self)
{
	struct parcel *parcel = self;

	parcel->timer = NULL;
	parcel->then(parcel);
}

static void wait_to(struct parcel *parcel, void (*then)(struct parcel *parcel))
{
	int64_t most = parcel->post->options.poll_max_ms;
	int64_t wait_ms = parcel->wait_ms < most ? parcel->wait_ms : most;

	if (parcel->post->is_ending)
		return;
	parcel->wait_ms = 2 * wait_ms;
	parcel->then = then;
	parcel->timer = loop_after(parcel->post->options.world->loop, wait_ms, time_is_up, parcel);
}

/* ---- the end ---- */

static void drop(struct parcel *parcel)
{
	post_drop_parcel(parcel);
}

static void settle(struct parcel *parcel)
{
	await(parcel,
		journal_note_collected(parcel->post->options.journal, str_from(parcel->label)),
		drop);
}

/* cost_nanousd: 0, or -1 where the provider may have answered. */
static void fail_rest(
	struct parcel *parcel, enum failure failure, int64_t cost_nanousd, struct str message)
{
	struct run_usage none = {.tokens = USAGE_UNKNOWN,
		.cost_nanousd = cost_nanousd,
		.duration_ms = clock_wall_ms() - parcel->at_ms};
	const char *class = failure == FAILURE_COMMON ? "validation" : "server";

	for (size_t i = 0; i < parcel->task_count; i++) {
		if (parcel->is_told[i])
			continue;
		parcel->is_told[i] = true;
		post_failed(parcel->post, parcel->tasks[i], failure, class, message, &none);
	}
	settle(parcel);
}

/* ---- results ---- */

/* Our ids are LABEL-POSITION. */
static bool position_of(const struct parcel *parcel, struct str id, size_t *position)
{
	struct str label = str_from(parcel->label);
	int64_t number;

	if (!str_starts(id, label) || id.n < label.n + 2 || id.p[label.n] != '-' ||
		!str_int(str_skip(id, label.n + 1), &number) || number < 0 ||
		(uint64_t)number >= parcel->task_count)
		return false;
	*position = (size_t)number;
	return true;
}

static void got_broken(void *self, size_t line, const struct err *e)
{
	struct parcel *parcel = self;
	struct err why = *e;

	parcel->broken_lines++;
	err_context(&why, "line %zu of the results", line);
	post_tell(parcel->post, POST_TROUBLE, parcel, why.text);
}

static void got_result(void *self, const struct batch_result *result)
{
	struct parcel *parcel = self;
	size_t position;

	if (parcel->is_foreign)
		return;
	if (!position_of(parcel, result->id, &position)) {
		parcel->is_foreign = parcel->is_guess;
		if (!parcel->is_guess)
			post_tell(parcel->post, POST_TROUBLE, parcel,
				"a result of a request that was not asked");
		return;
	}
	parcel->is_guess = false;
	if (!parcel->is_told[position])
		post_done(parcel, position, result);
	/* A disk that is slower than the network must not fill the memory. */
	if (parcel->post->told_bytes > parcel->post->options.waiting_max_bytes) {
		parcel->is_choked = true;
		call_cancel(parcel->call);
	}
}

static void collect(struct parcel *parcel);

/* The batch that was taken for ours is not: the search goes on without it. */
static void reject(struct parcel *parcel)
{
	parcel->rejected =
		must_resize(parcel->rejected, parcel->rejected_count + 1, sizeof *parcel->rejected);
	parcel->rejected[parcel->rejected_count++] = parcel->batch;
	parcel->batch = STR("");
	parcel->is_guess = parcel->is_foreign = parcel->is_collecting = false;
	parcel->searches = 0;
	search(parcel);
}

static void got_results(void *self, const struct call_result *result, const struct batches_answer *)
{
	struct parcel *parcel = self;

	if (!came_back(parcel))
		return;
	if (parcel->is_foreign) {
		reject(parcel);
	} else if (parcel->is_choked) {
		parcel->is_choked = false;
		wait_to(parcel, look);
	} else if (result->error) {
		try_later(parcel, result, look);
	} else {
		parcel->number++;
		collect(parcel);
	}
}

static void collect(struct parcel *parcel)
{
	const struct wire *wire = parcel->post->options.route->wire;
	AUTO(arena) a = {0};

	if (parcel->post->is_ending)
		return;
	while (parcel->number < 2 && !batch_results_path(wire, &parcel->status, parcel->number, &a))
		parcel->number++;
	if (parcel->number < 2)
		ask(parcel,
			(struct batches_question){.kind = BATCHES_COLLECT,
				.status = &parcel->status,
				.number = parcel->number},
			got_results);
	else
		fail_rest(parcel, FAILURE_PASSING, -1,
			STR("the batch ended without a result for it"));
}

/* ---- looking ---- */

static struct str keep(struct parcel *parcel, struct str text)
{
	return arena_copy(&parcel->arena, text.p ? text : STR(""));
}

static void keep_status(struct parcel *parcel, const struct batch_status *status)
{
	parcel->status = *status;
	parcel->status.id = keep(parcel, status->id);
	parcel->status.word = keep(parcel, status->word);
	parcel->status.label = parcel->status.input = STR("");
	parcel->status.message = keep(parcel, status->message);
	for (int i = 0; i < 2; i++)
		parcel->status.files[i] = keep(parcel, status->files[i]);
}

static void cancelled(void *self, const struct call_result *result, const struct batches_answer *)
{
	struct parcel *parcel = self;

	if (!came_back(parcel))
		return;
	/* It may have ended meanwhile: looking tells. */
	if (result->error && is_hopeless(result)) {
		post_fail(parcel->post, result->error);
		return;
	}
	parcel->wait_ms = parcel->post->options.poll_first_ms;
	wait_to(parcel, look);
}

static void take_status(struct parcel *parcel)
{
	struct post *post = parcel->post;

	switch (parcel->status.phase) {
	case BATCH_UNDER_WAY:
		post_tell(post, POST_UNDER_WAY, parcel, NULL);
		wait_to(parcel, look);
		break;
	case BATCH_ENDED:
		post_tell(post, POST_ENDED, parcel, NULL);
		parcel->is_collecting = true;
		parcel->number = 0;
		collect(parcel);
		break;
	case BATCH_FAILED:
		fail_rest(parcel, FAILURE_PASSING, 0,
			parcel->status.message.n ? parcel->status.message
						 : STR("the provider gave up the batch"));
		break;
	}
}

static void got_look(
	void *self, const struct call_result *result, const struct batches_answer *answer)
{
	struct parcel *parcel = self;

	if (!came_back(parcel))
		return;
	if (!result->error) {
		parcel->failures = 0;
		keep_status(parcel, &answer->status);
		take_status(parcel);
	} else if (result->http_status == 404 && parcel->is_guess) {
		reject(parcel);
	} else if (result->http_status == 404) {
		fail_rest(parcel, FAILURE_PASSING, -1,
			STR("the provider does not know the batch any more"));
	} else {
		try_later(parcel, result, look);
	}
}

static void look(struct parcel *parcel)
{
	if (parcel->wants_cancel) {
		parcel->wants_cancel = false;
		ask(parcel, (struct batches_question){.kind = BATCHES_CANCEL, .id = parcel->batch},
			cancelled);
		return;
	}
	ask(parcel, (struct batches_question){.kind = BATCHES_LOOK, .id = parcel->batch}, got_look);
}

static void begin_waiting(struct parcel *parcel)
{
	parcel->wait_ms = parcel->post->options.poll_first_ms;
	post_fill_soon(parcel->post);
	wait_to(parcel, look);
}

/* The provider has it, and by this name. */
static void name(struct parcel *parcel, struct str batch, enum post_news_kind kind)
{
	parcel->batch = keep(parcel, batch);
	parcel->failures = 0;
	buf_release(&parcel->items);
	post_tell(parcel->post, kind, parcel, NULL);
	post_started(parcel);
	await(parcel,
		journal_note_sent(
			parcel->post->options.journal, str_from(parcel->label), parcel->batch),
		begin_waiting);
}

/* ---- searching: an answer was lost, and the provider may have the batch ---- */

static bool is_taken(const struct post *post, struct str batch)
{
	for (size_t i = 0; i < post->parcel_count; i++)
		if (str_eq(post->parcels[i]->batch, batch))
			return true;
	return false;
}

static int64_t apart_ms(const struct parcel *parcel, const struct batch_status *status)
{
	int64_t apart = status->created_s * 1000 - parcel->at_ms;

	return apart < 0 ? -apart : apart;
}

/* By its label; where there are none by size and time, and its results show whose it is. */
static bool looks_like_ours(const struct parcel *parcel, const struct batch_status *status)
{
	const struct wire_batch *batches = parcel->post->options.route->wire->batch;

	if (batches->has_labels)
		return str_is(status->label, parcel->label);
	return status->total == (int64_t)parcel->task_count &&
	       status->created_s * 1000 >= parcel->at_ms - CLOCKS_APART_MS;
}

/* Whether a parcel has it that was found by its size, too, and does not know better yet. */
static bool is_guessed(const struct post *post, struct str batch)
{
	for (size_t i = 0; i < post->parcel_count; i++)
		if (post->parcels[i]->is_guess && str_eq(post->parcels[i]->batch, batch))
			return true;
	return false;
}

static bool is_rejected(const struct parcel *parcel, struct str batch)
{
	for (size_t i = 0; i < parcel->rejected_count; i++)
		if (str_eq(parcel->rejected[i], batch))
			return true;
	return false;
}

static bool may_be_ours(struct parcel *parcel, const struct batch_status *status)
{
	if (is_rejected(parcel, status->id) || !looks_like_ours(parcel, status))
		return false;
	parcel->is_contested |= is_guessed(parcel->post, status->id);
	return !is_taken(parcel->post, status->id);
}

static bool is_too_old(const struct parcel *parcel, const struct batch_page *page)
{
	int64_t last_s = page->count ? page->batches[page->count - 1].created_s : 0;

	return last_s && last_s * 1000 < parcel->at_ms - CLOCKS_APART_MS;
}

/* With the requests at hand they go again; after a resume the tasks go with a later batch. */
static void not_found(struct parcel *parcel)
{
	if (parcel->is_contested || ++parcel->searches < SEARCHES)
		wait_to(parcel, search);
	else if (parcel->items.n && !parcel->post->is_stopping)
		create(parcel);
	else
		settle(parcel);
}

static void search_page(struct parcel *parcel, struct str after);

static void got_page(
	void *self, const struct call_result *result, const struct batches_answer *answer)
{
	struct parcel *parcel = self;
	const struct batch_page *page = &answer->page;
	bool has_labels = parcel->post->options.route->wire->batch->has_labels;

	if (!came_back(parcel))
		return;
	if (result->error) {
		try_later(parcel, result, search);
		return;
	}
	for (size_t i = 0; i < page->count; i++) {
		const struct batch_status *status = &page->batches[i];
		if (!may_be_ours(parcel, status) ||
			(parcel->best.id.n &&
				apart_ms(parcel, status) >= apart_ms(parcel, &parcel->best)))
			continue;
		parcel->best = (struct batch_status){
			.id = keep(parcel, status->id), .created_s = status->created_s};
	}
	if (page->next.n && ++parcel->pages < SEARCH_PAGES_MAX && !is_too_old(parcel, page)) {
		search_page(parcel, keep(parcel, page->next));
	} else if (parcel->best.id.n) {
		parcel->is_guess = !has_labels;
		name(parcel, parcel->best.id, POST_FOUND_AGAIN);
	} else {
		not_found(parcel);
	}
}

static void search_page(struct parcel *parcel, struct str after)
{
	ask(parcel, (struct batches_question){.kind = BATCHES_LIST, .id = after}, got_page);
}

static void search(struct parcel *parcel)
{
	parcel->best = (struct batch_status){.id = STR("")};
	parcel->is_contested = false;
	parcel->pages = 0;
	search_page(parcel, STR(""));
}

/* ---- handing in ---- */

static void got_batch(
	void *self, const struct call_result *result, const struct batches_answer *answer)
{
	struct parcel *parcel = self;

	parcel->is_unclear = !result->error || answer->is_unclear;
	if (!came_back(parcel))
		return;
	if (!result->error) {
		name(parcel, answer->status.id, POST_SENT);
	} else if (answer->is_unclear) {
		post_tell(parcel->post, POST_TROUBLE, parcel, result->error->text);
		parcel->searches = 0;
		wait_to(parcel, search);
	} else if (is_refusal(result)) {
		fail_rest(parcel, FAILURE_COMMON, 0, str_from(result->error->text));
	} else {
		try_later(parcel, result, create);
	}
}

static void create_of(struct parcel *parcel, struct str body)
{
	ask(parcel,
		(struct batches_question){
			.kind = BATCHES_CREATE, .body = body, .label = str_from(parcel->label)},
		got_batch);
}

static void got_file(
	void *self, const struct call_result *result, const struct batches_answer *answer)
{
	struct parcel *parcel = self;

	if (!came_back(parcel))
		return;
	if (!result->error) {
		parcel->file = keep(parcel, answer->file);
		create(parcel);
	} else if (is_refusal(result)) {
		fail_rest(parcel, FAILURE_COMMON, 0, str_from(result->error->text));
	} else {
		try_later(parcel, result, create);
	}
}

/* A file costs nothing: it is uploaded again where that is not clear. */
static void create(struct parcel *parcel)
{
	struct str items = buf_str(&parcel->items);

	if (parcel->wants_cancel || parcel->post->is_stopping)
		settle(parcel);
	else if (!parcel->post->options.route->wire->batch->files_path)
		create_of(parcel, items);
	else if (parcel->file.n)
		create_of(parcel, parcel->file);
	else
		ask(parcel,
			(struct batches_question){.kind = BATCHES_UPLOAD,
				.body = items,
				.label = str_from(parcel->label)},
			got_file);
}

void parcel_send(struct parcel *parcel)
{
	const struct post_options *options = &parcel->post->options;

	parcel->at_ms = clock_wall_ms();
	await(parcel,
		journal_note_sending(options->journal, str_from(parcel->label),
			options->route->provider, parcel->tasks, parcel->task_count),
		create);
}

static void go_on(struct parcel *parcel)
{
	if (parcel->batch.n) {
		post_tell(parcel->post, POST_FOUND_AGAIN, parcel, NULL);
		post_started(parcel);
		look(parcel);
	} else {
		search(parcel);
	}
}

void parcel_resume(struct parcel *parcel)
{
	parcel->then = go_on;
	parcel->timer = loop_after(parcel->post->options.world->loop, 0, time_is_up, parcel);
}

void parcel_cancel(struct parcel *parcel)
{
	parcel->wants_cancel = true;
	/* A wait ends at once; what is being asked is asked to its end. */
	if (parcel->timer && parcel->batch.n) {
		timer_cancel(parcel->timer);
		parcel->timer = NULL;
		look(parcel);
	}
}
