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

/* ---- of several providers ---- */

struct list_wish {
	struct str provider;
	int64_t deadline_ms; /* as of list_start */
};

struct lists_sink {
	/*
	 * Once for each, as they come; place: among those that were wanted. is_last: nothing comes
	 * behind it. One that cannot be asked is told from within lists_start, without a route in
	 * its result.
	 */
	void (*got)(void *self, size_t place, const struct call_result *result,
		const struct model_list *list, bool is_last);
	void *self;
};

struct lists;

/* Lives in the arena. NULL, and no last one, when none of them can be asked. */
[[nodiscard]] struct lists *lists_start(const struct call_world *world,
	const struct route_wish *wish, struct arena *a, const struct list_wish *wanted,
	size_t count, const struct lists_sink *sink);
/* Whether the last one is still to come; it does soon. NULL is nothing. */
bool lists_cancel(struct lists *lists);

/* ---- one model ---- */

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
