// SPDX-License-Identifier: MIT
/*
 * window: what of a session is sent, so that it fits the model's context window.
 *
 * The session keeps everything; the window is a view over it, an array of messages. Between shrinks
 * the view only grows at its end, so that a request begins with the bytes of the one before. When
 * the next request would not fit, the view shrinks in one big step, for many turns ahead:
 *
 *   1. results of old tool calls become placeholders, oldest first; the last few turns stay whole
 *   2. the oldest turns leave; their summary, or a word that they are gone, stands behind the task
 *
 * The task (the first message) always stays, and so does the last turn, as the model has not seen
 * its results yet; results too big for the window are cut when they are put into the view. A turn
 * is an answer with the results of its calls. It leaves whole, so no call is parted from its
 * result, and with the turns that stay thoughts stay as they came.
 *
 * Sizes are estimates (agent/tokens), scaled to what the provider reported for the last request:
 * only what was appended since is estimated.
 */
#ifndef AGENT_WINDOW_H
#define AGENT_WINDOW_H

#include "agent/agent.h"
#include "agent/session.h"

/* What a scale of 1 is. */
enum { WINDOW_SCALE_ONE = 1 << 20 };

enum window_verdict {
	WINDOW_FITS,
	WINDOW_SUMMARISE, /* turns have to leave: window_close_summary goes on */
	WINDOW_TOO_SMALL, /* nothing more can be taken away */
};

/* What a message of the session takes, tokens by estimate. */
struct window_size {
	enum role role;
	int64_t whole, shortened;
	size_t results; /* that would become placeholders */
};

/* Messages before keep_from (but the first) are gone, results before placeholders_to are
 * placeholders. */
struct window_plan {
	size_t placeholders_to, keep_from;
};

struct window {
	/* In tokens as the provider counts them; tokens 0: no limit. */
	int64_t tokens;
	bool is_known; /* tokens is no guess */
	int64_t output_tokens; /* room that is kept for the answer: never ask for more */
	int64_t output_max;
	int64_t scale; /* the provider's tokens for one of ours, in WINDOW_SCALE_ONEths */

	/* In tokens by estimate. */
	int64_t fixed; /* system and tools */
	int64_t viewed; /* the view */

	const struct session *session;
	VEC(struct window_size) sizes; /* of the session's messages that were seen */
	VEC(struct message) view;
	struct window_plan now, next;
	struct str summary; /* of the turns that left, "" none */
	size_t left, unsummarised; /* turns that left; of them without a word */
	bool must_shrink;
	struct arena arena; /* of the view */
	struct arena kept; /* of the summary */

	struct window_change change; /* of the last shrink */
	struct window_counts counts;
};

/* Both stay until the release. There is no limit yet. */
void window_start(struct window *w, const struct session *session, const struct prompt *base);
void window_release(struct window *w);
/* Of a model; what is known of another's counting is forgotten. output_max: the longest answer. */
void window_set_limits(struct window *w, int64_t tokens, bool is_known, int64_t output_max);
/*
 * Brings the view up to the session's end and makes it fit. *has_shrunk: change tells of it. With
 * WINDOW_TOO_SMALL, e says what does not fit into what.
 */
enum window_verdict window_fit(struct window *w, bool *has_shrunk, struct err *e);
/* After WINDOW_SUMMARISE: the turns leave; text "" (there is no summary) leaves a word about it. */
void window_close_summary(struct window *w, struct str text);
/* What a summary may take, in the provider's tokens. */
int64_t window_summary_tokens(const struct window *w);
/* What the last request took: the provider's count, cached or not. */
void window_learn(struct window *w, const struct usage *usage);
/*
 * The provider says that the request is too long; stated: the window by its words, 0 not said.
 * Where no turn can leave, results are cut shorter. False when nothing can be taken away any more.
 */
[[nodiscard]] bool window_overflowed(struct window *w, int64_t stated);
/* What the next request takes, in the provider's tokens, about. */
int64_t window_request_tokens(const struct window *w);

#endif
