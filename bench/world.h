// SPDX-License-Identifier: MIT
/* world: a workspace made for the purpose, and tools called in it as the agent calls them. */
#ifndef BENCH_WORLD_H
#define BENCH_WORLD_H

#include "agent/hands.h"

enum { ROUNDS_MAX = 301 };

struct world {
	struct workspace workspace;
	struct hands hands;
	struct memory *memory;
	char directory[200]; /* ours; the workspace is below it */
	int64_t spent[ROUNDS_MAX];
	int rounds;
};

/* Ends the program with a sentence when it cannot be made. */
void world_open(struct world *w, const char *above);
void world_close(struct world *w);
/* A file in the workspace. */
void world_write(const struct world *w, const char *name, struct str text);
/* Calls a tool, and notes how long it took. */
void world_call(struct world *w, const char *name, struct str input);
void world_note(struct world *w, int64_t spent_ns);
/* Median and least of what was noted since the last time. */
void world_tell(struct world *w, const char *what);

#endif
