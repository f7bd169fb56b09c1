// SPDX-License-Identifier: MIT
#include "call/batches.h"

#include "base/must.h"
#include "call/walk.h"

struct batches_call {
	struct call call;
	struct batches_question asked;
	struct batches_sink sink;
	struct batches_answer answer;
	/* Of results: what is there of a line, and the number of lines before it. */
	struct buf line;
	size_t line_count;
	bool is_skipping; /* the rest of a line that is too long */
	struct arena line_arena;
};

static struct batches_call *batches_of(struct call *call)
{
	return (struct batches_call *)call;
}

bool batches_are_there(const struct route *route, struct err *e)
{
	if (route->wire && route->wire->batch)
		return true;
	return err_set(e, ERR_USAGE, "%.*s: this provider has no batches", STR_ARG(route->name));
}

static void prepare(struct call *call)
{
	struct err e;

	if (!batches_are_there(call->route, &e))
		whole_refuse(call, ERR_USAGE, "this provider has no batches");
}

static void answer_offline(struct call *call)
{
	whole_refuse(call, ERR_USAGE, "it has no batches");
}

static bool may_follow(const struct call *, const struct route *)
{
	return false;
}

/* ---- what is asked ---- */

static const char *put_upload(struct call *call)
{
	const struct batches_question *q = &batches_of(call)->asked;
	AUTO(buf) type = {0};

	batch_put_upload(q->body, q->label, &call->request, &type);
	call->request_type = arena_copy(&call->arena, buf_str(&type));
	return call->route->wire->batch->files_path;
}

static const char *put_create(struct call *call)
{
	const struct batches_question *q = &batches_of(call)->asked;

	batch_put_create(call->route->wire, q->body, q->label, &call->request);
	return call->route->wire->batch->path;
}

static const char *put_look(struct call *call)
{
	return batch_path(call->route->wire, batches_of(call)->asked.id, "", &call->arena);
}

static const char *put_cancel(struct call *call)
{
	/* Without a body it would be a GET. */
	buf_put_text(&call->request, "{}");
	return batch_path(call->route->wire, batches_of(call)->asked.id, "/cancel", &call->arena);
}

static const char *put_list(struct call *call)
{
	return batch_page_path(call->route->wire, batches_of(call)->asked.id, &call->arena);
}

static const char *put_collect(struct call *call)
{
	struct batches_call *batches = batches_of(call);

	buf_clear(&batches->line);
	batches->line_count = 0;
	batches->is_skipping = false;
	return batch_results_path(
		call->route->wire, batches->asked.status, batches->asked.number, &call->arena);
}

static void prepare_collect(struct call *call)
{
	struct batches_call *batches = batches_of(call);

	prepare(call);
	must(call->error.code || batch_results_path(call->route->wire, batches->asked.status,
					 batches->asked.number, &call->arena));
}

/* ---- what comes back ---- */

static bool read_upload(struct call *call, struct err *e)
{
	return batch_get_upload(
		buf_str(&call->body), &call->arena, &batches_of(call)->answer.file, e);
}

static bool read_status(struct call *call, struct err *e)
{
	return batch_get_status(call->route->wire, buf_str(&call->body), &call->arena,
		&batches_of(call)->answer.status, e);
}

static bool read_page(struct call *call, struct err *e)
{
	return batch_get_page(call->route->wire, buf_str(&call->body), &call->arena,
		&batches_of(call)->answer.page, e);
}

static void take_line(struct batches_call *batches, struct str line)
{
	struct batch_result result;
	struct err e;

	batches->line_count++;
	line = str_trim(line);
	if (batches->is_skipping || batches->line.overflow) {
		err_set(&e, ERR_LIMIT, "more than %d MB", BATCH_LINE_MAX_BYTES >> 20);
		batches->sink.broken(batches->sink.self, batches->line_count, &e);
	} else if (line.n) {
		arena_clear(&batches->line_arena);
		if (batch_get_result(
			    batches->call.route->wire, line, &batches->line_arena, &result, &e))
			batches->sink.result(batches->sink.self, &result);
		else
			batches->sink.broken(batches->sink.self, batches->line_count, &e);
	}
	batches->is_skipping = false;
}

/* A line within these bytes is read where it lies; a cut one waits for its rest. */
static void take_results(struct call *call, struct str bytes)
{
	struct batches_call *batches = batches_of(call);

	while (bytes.n && !call->is_cancelled) {
		size_t n = str_find_char(bytes, '\n', 0);
		struct str line = str_head(bytes, n);
		if ((n == SIZE_MAX || batches->line.n) && !batches->is_skipping)
			buf_put_str(&batches->line, line);
		if (batches->line.overflow) {
			buf_clear(&batches->line);
			batches->is_skipping = true;
		}
		if (n == SIZE_MAX)
			return;
		take_line(batches, batches->line.n ? buf_str(&batches->line) : line);
		buf_clear(&batches->line);
		bytes = str_skip(bytes, n + 1);
	}
}

static void finish_results(struct call *call, const struct err *e, const struct http_times *times)
{
	struct batches_call *batches = batches_of(call);

	if (e) {
		call_broke_off(call, e, times);
		err_context(&call->error, "%.*s at %s", STR_ARG(call->route->name), call->url);
	} else if (batches->line.n || batches->is_skipping) {
		take_line(batches, buf_str(&batches->line));
	}
}

static void end(struct call *call)
{
	struct batches_call *batches = batches_of(call);

	batches->answer.is_unclear = batches->asked.kind == BATCHES_CREATE && call_is_unclear(call);
	batches->sink.end(batches->sink.self, &call->result, &batches->answer);
	buf_release(&batches->line);
	arena_release(&batches->line_arena);
}

#define ERRAND(put, get) \
	.accept = "application/json", .subject = "a request of the batch", .prepare = prepare, \
	.put_request = put, .answer_offline = answer_offline, .take = whole_take, \
	.finish = whole_finish, .read = get, .may_follow = may_follow, .end = end

static const struct errand errands[] = {
	[BATCHES_UPLOAD] = {ERRAND(put_upload, read_upload)},
	[BATCHES_CREATE] = {ERRAND(put_create, read_status), .is_once = true},
	[BATCHES_LOOK] = {ERRAND(put_look, read_status)},
	[BATCHES_CANCEL] = {ERRAND(put_cancel, read_status)},
	[BATCHES_LIST] = {ERRAND(put_list, read_page)},
	[BATCHES_COLLECT] = {.accept = "*/*",
		.subject = "the results",
		.answer_max_bytes = BATCHES_RESULTS_MAX_BYTES,
		.prepare = prepare_collect,
		.put_request = put_collect,
		.answer_offline = answer_offline,
		.take = take_results,
		.finish = finish_results,
		.may_follow = may_follow,
		.end = end},
};

struct call *batches_start(const struct call_world *world, const struct route *route,
	const struct batches_question *question, const struct batches_sink *sink)
{
	struct call *call =
		call_new(sizeof(struct batches_call), world, route, &errands[question->kind]);
	struct batches_call *batches = batches_of(call);

	batches->asked = *question;
	batches->sink = *sink;
	batches->line.max = BATCH_LINE_MAX_BYTES;
	call->sink = (struct call_sink){.retry = sink->retry, .self = sink->self};
	return call;
}
