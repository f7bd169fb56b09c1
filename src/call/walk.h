// SPDX-License-Identifier: MIT
/* walk: what the steps of a call share. Private to the room. */
#ifndef CALL_WALK_H
#define CALL_WALK_H

#include "base/buf.h"
#include "call/retry.h"

/* BACK: the step has set another one, which is run now. */
enum walk { NEXT, BACK, WAIT, END };

/* Answers that are no stream are kept up to this for the error message. */
enum { ERROR_BODY_MAX_BYTES = 1 << 20 };

struct call;

struct step {
	const char *name;
	enum walk (*run)(struct call *call);
};

struct call {
	const struct step *step;
	struct call_world world;
	const struct route *route;
	const struct prompt *asked;
	struct prompt prompt; /* what was asked, for this route */
	struct call_sink sink;
	struct arena arena;

	struct http *http;
	struct timer *timer; /* a step's own, a wait, or the next turn of the walk */
	struct buf request, error_body;
	struct wire_reader reader;

	struct err error;
	struct trouble trouble; /* behind the error */
	struct retry_hints hints; /* of this answer's headers */
	int retries; /* on this route */
	struct buf earlier; /* what the routes before this one said */
	struct call_result result;
	struct str content_type; /* of the answer */
	bool is_answered; /* nothing more will come for the stream step */
	bool is_cancelled;
};

/* Goes on with the walk: called when what a step waited for has come. */
void call_walk(struct call *call);
/* The same from the next turn of the loop: for callbacks of the network. */
void call_walk_soon(struct call *call);
/* Every delta passes here on its way to the sink. False when the call is cancelled. */
bool call_take_delta(void *call, const struct delta *delta);
/* The provider's own words are the call's error, and what is done about it depends on them. */
void call_take_error(struct call *call, const struct llm_error *error);

enum walk step_send(struct call *call);
enum walk step_stream(struct call *call);

#endif
