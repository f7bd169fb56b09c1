// SPDX-License-Identifier: MIT
/*
 * summary: one model call that puts the turns that leave a window into words.
 *
 * Asked of the conversation's own model, it is the conversation so far, byte by byte, up to the
 * last turn that leaves, and the question behind it: all of that is in the provider's prefix cache,
 * which bills a tenth. Another model (a smaller one) has nothing cached and may not know our
 * thoughts and signatures: it gets the turns told in plain text, with the heads of results only.
 */
#ifndef AGENT_SUMMARY_H
#define AGENT_SUMMARY_H

#include "agent/window.h"

/* {0} is a valid start. */
struct summary {
	struct prompt prompt;
	struct call_sink sink;
	struct buf text; /* what was answered so far */
	struct arena arena;
};

void summary_release(struct summary *s);
/*
 * After WINDOW_SUMMARISE. window_tokens: of the model that is asked, 0 no limit. False when the
 * turns do not fit even so.
 */
[[nodiscard]] bool summary_prepare(struct summary *s, const struct window *w,
	const struct prompt *base, bool is_same_model, int64_t window_tokens);
/* The prepared question; sink's deltas are taken here, text is whole at the end. */
[[nodiscard]] struct call *summary_ask(struct summary *s, const struct call_world *world,
	const struct route *route, const struct call_sink *sink);

#endif
