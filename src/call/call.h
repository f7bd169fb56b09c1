// SPDX-License-Identifier: MIT
/*
 * call: one model call, from the question to the end of the answer. Everybody who asks a model
 * takes this walk (call.c shows it); nobody else talks to providers.
 *
 * A call owns nothing of its prompt, which must stay until the end. Deltas and the end come from
 * the loop, never from within call_start or call_cancel. The end comes exactly once, last, also
 * after a cancel; the call is gone then.
 */
#ifndef CALL_CALL_H
#define CALL_CALL_H

#include "base/err.h"
#include "io/http.h"
#include "io/loop.h"
#include "llm/llm.h"

/* Where a model lives and how to reach it. */
struct route {
	struct str provider; /* "anthropic", "openai", "offline" */
	const struct wire *wire; /* NULL: the offline model */
	struct str model_id; /* as the provider knows it */
	struct str name; /* "provider/model" */
	const char *url;
	struct str key; /* "" none is sent */
	struct model model; /* from the catalogue */
	bool is_in_catalog;
	struct http_limits limits;
	char why[160]; /* one sentence: what led to this choice */
};

struct route_wish {
	const char *model; /* --model or NULL */
	const char *base_url; /* --base-url or NULL */
	const char *(*environment)(const char *name); /* getenv, or a test's */
};

/*
 * --model > the first key found (ANTHROPIC_API_KEY, OPENAI_API_KEY) or base URL found
 * (ANTHROPIC_BASE_URL, OPENAI_BASE_URL) > offline. ERR_USAGE when the wish cannot be met. The
 * strings live in the arena.
 */
[[nodiscard]] bool route_choose(
	const struct route_wish *wish, struct arena *a, struct route *out, struct err *e);

/* Monotonic clock, ns; 0: did not come to that. */
struct call_times {
	int64_t started; /* on the network, behind the loading of libcurl */
	int64_t connected, sent, first_byte, first_token, ended;
	bool reused;
};

struct call_result {
	const struct err *error; /* NULL: the answer is whole */
	enum stop_reason stop;
	struct usage usage;
	int64_t cost_nanousd; /* -1 unknown */
	int http_status; /* 0 none */
	struct str request_id; /* the provider's, "" none */
	size_t request_bytes, response_bytes;
	struct call_times times;
};

struct call_sink {
	void (*delta)(void *self, const struct delta *delta);
	void (*end)(void *self, const struct call_result *result);
	void *self;
};

struct call_world {
	struct loop *loop;
	struct http_client *http;
};

struct call;

[[nodiscard]] struct call *call_start(const struct call_world *world, const struct route *route,
	const struct prompt *prompt, const struct call_sink *sink);
/* Closes the connection; the end comes with ERR_CANCELLED. NULL is nothing. */
void call_cancel(struct call *call);

#endif
