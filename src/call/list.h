// SPDX-License-Identifier: MIT
/*
 * list: what models a route's server has, over the walk of every call: its deadlines and retries,
 * never its fallbacks. Lists in pages are read to their end.
 */
#ifndef CALL_LIST_H
#define CALL_LIST_H

#include "call/call.h"
#include "llm/list.h"

struct list_sink {
	/*
	 * Exactly once, last, from the loop. list is NULL when result->error is set; both are valid
	 * during the call. The result is that of the last page.
	 */
	void (*end)(void *self, const struct call_result *result, const struct model_list *list);
	void *self;
};

struct listing;

/*
 * The route stays until the end. deadline_ms is for all of it, with every page and retry; 0: only
 * those of the route count. The offline model has no list: ERR_USAGE.
 */
[[nodiscard]] struct listing *list_start(const struct call_world *world, const struct route *route,
	int64_t deadline_ms, const struct list_sink *sink);
/* Closes the connection; the end comes with ERR_CANCELLED. NULL is nothing. */
void list_cancel(struct listing *listing);

struct list_window_sink {
	/* Exactly once, last, from the loop. context_tokens: 0 not told, or result->error is set.
	 */
	void (*end)(void *self, const struct call_result *result, int64_t context_tokens);
	void *self;
};

/*
 * The window of the route's own model, of servers that tell it for one model only: those whose wire
 * has a show_path. ERR_USAGE for others, where the list has what there is. Ended with call_cancel.
 */
[[nodiscard]] struct call *list_window_start(const struct call_world *world,
	const struct route *route, const struct list_window_sink *sink);

#endif
