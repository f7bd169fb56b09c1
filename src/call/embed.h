// SPDX-License-Identifier: MIT
/*
 * embed: texts as vectors, over the walk of every call: its deadlines and retries, and the
 * fallbacks that have the same model, as vectors of two models mean nothing to each other.
 */
#ifndef CALL_EMBED_H
#define CALL_EMBED_H

#include "call/call.h"
#include "llm/embed.h"

struct embed_sink {
	/* What is tried again; NULL: nobody wants to know. */
	void (*retry)(void *self, const struct call_retry *retry);
	/*
	 * Exactly once, last, from the loop. vectors is NULL when result->error is set; both are
	 * valid during the call.
	 */
	void (*end)(void *self, const struct call_result *result, const struct embeddings *vectors);
	void *self;
	void (*wait)(void *self, const struct call_wait *wait); /* as in struct call_sink */
};

/*
 * The route, the request and its texts stay until the end. The request's model, dialect and
 * is_base64 are the route's. A provider without embeddings and the offline model end it with
 * ERR_USAGE. Ended with call_cancel.
 */
[[nodiscard]] struct call *embed_start(const struct call_world *world, const struct route *route,
	const struct embed_request *request, const struct embed_sink *sink);

#endif
