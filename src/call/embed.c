// SPDX-License-Identifier: MIT
#include "call/embed.h"

#include "base/must.h"
#include "call/walk.h"

struct embed_call {
	struct call call;
	const struct embed_request *asked;
	struct embed_request request; /* what was asked, for this route */
	struct embed_sink sink;
	struct embeddings vectors;
};

static struct embed_call *embed_of(struct call *call)
{
	return (struct embed_call *)call;
}

static void answer_offline(struct call *call)
{
	whole_refuse(call, ERR_USAGE, "it makes no vectors of texts");
}

static void prepare(struct call *call)
{
	struct embed_call *embed = embed_of(call);
	const struct route *route = call->route;

	embed->request = *embed->asked;
	embed->request.model = route->model_id;
	embed->request.dialect = route->dialect;
	embed->request.is_base64 = route->dialect && route->dialect->has_base64;
	if (route->wire && !route->wire->embed_path)
		whole_refuse(call, ERR_USAGE, "this provider makes no vectors of texts");
}

static const char *put_request(struct call *call)
{
	const struct wire *wire = call->route->wire;

	embed_put_request(wire, &embed_of(call)->request, &call->request);
	return wire->embed_path;
}

static bool read_answer(struct call *call, struct err *e)
{
	struct embed_call *embed = embed_of(call);

	if (!embed_get_answer(call->route->wire, &embed->request, buf_str(&call->body),
		    &call->arena, &embed->vectors, e))
		return false;
	call->result.usage = embed->vectors.usage;
	call->result.stop = STOP_END;
	return true;
}

static bool may_follow(const struct call *call, const struct route *next)
{
	return next->wire && next->wire->embed_path &&
	       str_eq(next->model_id, call->route->model_id);
}

static void end(struct call *call)
{
	struct embed_call *embed = embed_of(call);

	embed->sink.end(
		embed->sink.self, &call->result, call->result.error ? NULL : &embed->vectors);
}

static const struct errand embed_errand = {
	.kind = "embedding",
	.accept = "application/json",
	.is_paced = true,
	.subject = "a text",
	.prepare = prepare,
	.put_request = put_request,
	.answer_offline = answer_offline,
	.take = whole_take,
	.finish = whole_finish,
	.read = read_answer,
	.may_follow = may_follow,
	.end = end,
};

struct call *embed_start(const struct call_world *world, const struct route *route,
	const struct embed_request *request, const struct embed_sink *sink)
{
	struct call *call = call_new(sizeof(struct embed_call), world, route, &embed_errand);
	struct embed_call *embed = embed_of(call);

	must(request->text_count > 0 && request->text_count <= EMBED_TEXTS_MAX);
	embed->asked = request;
	embed->sink = *sink;
	call->sink =
		(struct call_sink){.retry = sink->retry, .self = sink->self, .wait = sink->wait};
	return call;
}
