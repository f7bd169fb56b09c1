// SPDX-License-Identifier: MIT
/* walk: what the steps of a call share. Private to the room. */
#ifndef CALL_WALK_H
#define CALL_WALK_H

#include "base/buf.h"
#include "call/budget_inside.h"
#include "call/ledger.h"
#include "call/pace_told.h"
#include "call/pacer_inside.h"
#include "call/retry.h"

/* BACK: the step has set another one, which is run now. */
enum walk { NEXT, BACK, WAIT, END };

/* Answers that are no stream are kept up to this for the error message. */
enum { ERROR_BODY_MAX_BYTES = 1 << 20 };
/* An answer that is read when it is whole: 2,048 vectors of 3,072 numbers are 75 MB. */
enum { WHOLE_BODY_MAX_BYTES = 256 << 20 };

struct call;

/*
 * What differs between the questions that take the walk: for an answer (call.c), for vectors
 * (embed.c), for a list of models (list.c). What an errand needs besides stands behind a struct
 * call that its own begins with.
 */
struct errand {
	const char *kind; /* in the ledger */
	const char *accept; /* the content type that is wanted */
	bool is_paced; /* it counts for the provider's limits, and costs */
	bool is_once; /* not asked again where the provider may have taken it */
	size_t answer_max_bytes; /* 0: the network's usual limit */
	const char *subject; /* what may be too long for a model, for sentences */
	/* The question as this route wants it; may set the call's error. */
	void (*prepare)(struct call *call);
	/* The path at the provider. What is put into call->request is sent by POST; nothing: GET.
	 */
	const char *(*put_request)(struct call *call);
	void (*answer_offline)(struct call *call);
	/* A piece of a successful answer, and its end; e: the connection's. */
	void (*take)(struct call *call, struct str bytes);
	void (*finish)(struct call *call, const struct err *e, const struct http_times *times);
	/* Of those that are read when they are whole: makes what it can of call->body. */
	bool (*read)(struct call *call, struct err *e);
	/* Whether the route behind a failed one may be asked; NULL: always. */
	bool (*may_follow)(const struct call *call, const struct route *next);
	void (*end)(struct call *call);
};

struct step {
	const char *name;
	enum walk (*run)(struct call *call);
};

struct call {
	const struct step *step;
	const struct errand *errand;
	struct call_world world;
	const struct route *route;
	const struct prompt *asked;
	struct prompt prompt; /* what was asked, for this route */
	struct call_sink sink;
	struct arena arena;

	struct http *http;
	const char *url; /* that was asked last */
	struct timer *timer; /* a step's own, a wait, or the next turn of the walk */
	struct budget_hold hold; /* of this attempt */
	struct spend need; /* as it was estimated */
	int64_t input_tokens; /* of it */
	int64_t admit_until_ns; /* how long it waits for a budget; 0 it does not */
	struct pace_ticket *ticket; /* to be given back; NULL none */
	bool is_asking_pacer; /* whose answer may come from within */
	struct timer *patience; /* for the turn at the provider, until it is told; NULL none */
	const char *path; /* the request is put already; NULL it is not */
	struct buf request, error_body;
	struct str request_type; /* absent: JSON */
	struct buf body; /* of an answer that is read when it is whole */
	struct wire_reader reader;

	struct err error;
	struct trouble trouble; /* behind the error */
	struct retry_hints hints; /* of this answer's headers */
	struct pace_heard heard; /* the same */
	int retries; /* on this route */
	struct buf earlier; /* what the routes before this one said */
	struct call_result result;
	struct str content_type, location, encoding; /* of the answer */
	bool is_answered; /* nothing more will come for the stream step */
	bool is_cancelled;
};

/* A call of size_bytes that begins with a struct call; the walk begins with the loop's next turn.
 */
struct call *call_new(size_t size_bytes, const struct call_world *world, const struct route *route,
	const struct errand *errand);
/* Goes on with the walk: called when what a step waited for has come. */
void call_walk(struct call *call);
/* The same from the next turn of the loop: for callbacks of the network. */
void call_walk_soon(struct call *call);
/* The same after a while. Nothing when it goes on by itself already. */
void call_walk_later(struct call *call, int64_t delay_ms);
/* Every delta passes here on its way to the sink. False when the call is cancelled. */
bool call_take_delta(void *call, const struct delta *delta);
/* Ends what is under way on the network, and keeps what is known of it. */
void call_hang_up(struct call *call);
/* Adds to the call's error; a provider that talks much loses its last words for it. */
__attribute__((format(printf, 2, 3))) void call_say_more(
	struct call *call, const char *format, ...);
/* Whether the provider may have taken what it did not say yes to: the call failed when it was on
 * its way, or behind somebody who only passes it on. */
bool call_is_unclear(const struct call *call);
/* The provider's own words are the call's error, and what is done about it depends on them. */
void call_take_error(struct call *call, const struct llm_error *error);

/* send.c: a connection that broke within a successful answer. */
void call_broke_off(struct call *call, const struct err *e, const struct http_times *times);
/* send.c: the answer as a stream. */
void stream_take(struct call *call, struct str bytes);
void stream_finish(struct call *call, const struct err *e, const struct http_times *times);
/* whole.c: the answer as one piece, for the errand's read. */
void whole_take(struct call *call, struct str bytes);
void whole_finish(struct call *call, const struct err *e, const struct http_times *times);
/* Not asked again, and no fallback would do better. */
void whole_refuse(struct call *call, enum err_code code, const char *why);

/* About how many tokens a request of so many bytes has. */
int64_t call_request_tokens(const struct prompt *prompt, size_t bytes);
/* Of all kinds that are known. */
int64_t call_usage_tokens(const struct usage *usage);
/* About how many tokens the request has, which is put already. */
int64_t call_input_tokens(const struct call *call);
/* Nano-dollars; -1 unknown. */
int64_t call_cost_nanousd(const struct route *route, const struct usage *usage);
enum walk step_admit(struct call *call);
/*
 * The attempt is over, or the whole call: what it took is counted and written down. Before what is
 * known of it is forgotten.
 */
void call_settle(struct call *call, bool is_end);
enum walk step_pace(struct call *call);
/* The attempt is over: its place is somebody else's. Before what is known of it is forgotten. */
void call_give_back(struct call *call);
enum walk step_send(struct call *call);
enum walk step_stream(struct call *call);

#endif
