// SPDX-License-Identifier: MIT
/*
 * probe: is there a server on this machine that has models? Asked when nothing else names a model.
 * Where nothing listens it costs microseconds and loads no network library.
 */
#ifndef CALL_PROBE_H
#define CALL_PROBE_H

#include "call/call.h"

/* How long knocking at the usual ports and the lists of what is there may take together. */
enum { PROBE_MS = 50 };

struct probe;

struct probe_sink {
	/*
	 * Exactly once, last, from the loop. The first server of ollama, llamacpp, lmstudio that
	 * has a model which may answer, and the first such model; NULL when there is none.
	 */
	void (*end)(void *self, const struct route *found);
	void *self;
};

/*
 * NULL, and no end, when nothing listens. The usual ports are knocked at; a server that a variable
 * (OLLAMA_HOST ...) or the wish names is asked there, with a second of time. What is found lives in
 * the arena, which stays, as the wish's environment does, until the end.
 */
[[nodiscard]] struct probe *probe_start(const struct call_world *world,
	const struct route_wish *wish, struct arena *a, const struct probe_sink *sink);
/* The end comes soon. NULL is nothing. */
void probe_cancel(struct probe *probe);

#endif
