// SPDX-License-Identifier: MIT
#include "call/list.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/must.h"
#include "call/walk.h"

/* A server whose list goes on for longer goes round in circles. */
enum { PAGES_MAX = 100 };

struct listing {
	struct call_world world;
	const struct route *route;
	struct list_sink sink;
	struct arena arena;
	VEC(struct listed_model) models;
	struct call *page;
	struct timer *deadline;
	int64_t deadline_ms;
	int page_count;
	bool is_late;
};

struct page {
	struct call call;
	struct listing *listing;
	struct str after;
	struct model_list list;
};

static void ask_page(struct listing *listing, struct str after);

static struct page *page_of(struct call *call)
{
	return (struct page *)call;
}

static void prepare(struct call *)
{
}

static const char *put_request(struct call *call)
{
	return list_path(call->route->wire, page_of(call)->after, &call->arena).p;
}

static void answer_offline(struct call *call)
{
	whole_refuse(call, ERR_USAGE, "it has no list of models");
}

static bool read_page(struct call *call, struct err *e)
{
	struct page *page = page_of(call);
	struct arena *a = &page->listing->arena;

	/* The ids are parts of it, and outlive this page. */
	struct str body = arena_copy(a, buf_str(&call->body));
	return list_get(call->route->wire, body, a, &page->list, e);
}

static bool may_follow(const struct call *, const struct route *)
{
	return false;
}

static void finish(struct listing *listing, struct call_result *result, struct err *error)
{
	struct model_list list = {listing->models.p, listing->models.n, STR("")};

	if (listing->is_late)
		err_set(error, ERR_TIMEOUT, "%.*s: no list of models within %g s",
			STR_ARG(listing->route->name), (double)listing->deadline_ms / 1e3);
	result->error = error->code ? error : NULL;
	timer_cancel(listing->deadline);
	listing->sink.end(listing->sink.self, result, result->error ? NULL : &list);
	vec_release(&listing->models);
	arena_release(&listing->arena);
	free(listing);
}

static void end_page(struct call *call)
{
	struct page *page = page_of(call);
	struct listing *listing = page->listing;
	struct err error = call->error;

	listing->page = NULL;
	for (size_t i = 0; i < page->list.count; i++)
		vec_push(&listing->models, page->list.models[i]);
	bool has_more = !error.code && page->list.next.n;
	if (has_more && listing->models.n <= LIST_MODELS_MAX && listing->page_count < PAGES_MAX) {
		ask_page(listing, page->list.next);
		return;
	}
	if (has_more)
		err_set(&error, ERR_PROVIDER, "%.*s: the list of models does not end",
			STR_ARG(listing->route->name));
	finish(listing, &call->result, &error);
}

static const struct errand list_errand = {
	.accept = "application/json",
	.subject = "the request",
	.prepare = prepare,
	.put_request = put_request,
	.answer_offline = answer_offline,
	.take = whole_take,
	.finish = whole_finish,
	.read = read_page,
	.may_follow = may_follow,
	.end = end_page,
};

static void ask_page(struct listing *listing, struct str after)
{
	struct call *call =
		call_new(sizeof(struct page), &listing->world, listing->route, &list_errand);

	page_of(call)->listing = listing;
	page_of(call)->after = after;
	listing->page = call;
	listing->page_count++;
}

static void time_is_up(void *self)
{
	struct listing *listing = self;

	listing->deadline = NULL;
	listing->is_late = true;
	call_cancel(listing->page);
}

struct listing *list_start(const struct call_world *world, const struct route *route,
	int64_t deadline_ms, const struct list_sink *sink)
{
	struct listing *listing = must_alloc(1, sizeof *listing);

	*listing = (struct listing){
		.world = *world, .route = route, .sink = *sink, .deadline_ms = deadline_ms};
	if (deadline_ms > 0)
		listing->deadline = loop_after(world->loop, deadline_ms, time_is_up, listing);
	ask_page(listing, STR(""));
	return listing;
}

void list_cancel(struct listing *listing)
{
	if (listing)
		call_cancel(listing->page);
}

/* ---- one model ---- */

struct window_call {
	struct call call;
	struct list_window_sink sink;
	int64_t context_tokens;
};

static struct window_call *window_of(struct call *call)
{
	return (struct window_call *)call;
}

static void prepare_window(struct call *call)
{
	if (call->route->wire && !call->route->wire->show_path)
		whole_refuse(call, ERR_USAGE, "its server describes no single model");
}

static const char *put_window_request(struct call *call)
{
	struct json_writer w = {.buf = &call->request};

	json_open(&w, '{');
	json_member_str(&w, "model", call->route->model_id);
	json_close(&w, '}');
	return call->route->wire->show_path;
}

static void answer_window_offline(struct call *call)
{
	whole_refuse(call, ERR_USAGE, "it has no window");
}

static bool read_window(struct call *call, struct err *e)
{
	return list_get_context(buf_str(&call->body), &window_of(call)->context_tokens, e);
}

static void end_window(struct call *call)
{
	struct window_call *window = window_of(call);

	window->sink.end(window->sink.self, &call->result, window->context_tokens);
}

static const struct errand window_errand = {
	.accept = "application/json",
	.subject = "the request",
	.prepare = prepare_window,
	.put_request = put_window_request,
	.answer_offline = answer_window_offline,
	.take = whole_take,
	.finish = whole_finish,
	.read = read_window,
	.may_follow = may_follow,
	.end = end_window,
};

struct call *list_window_start(const struct call_world *world, const struct route *route,
	const struct list_window_sink *sink)
{
	struct call *call = call_new(sizeof(struct window_call), world, route, &window_errand);

	window_of(call)->sink = *sink;
	return call;
}
