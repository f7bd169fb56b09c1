// SPDX-License-Identifier: MIT
/*
 * tool: what a model can do. One file and one const entry a tool, its description and JSON Schema
 * in the .md beside it (prose, then one ```json fence with the schema).
 *
 * run is called on a worker thread; several may run at once. It gets an object that json_check has
 * accepted and writes text for the model. A failure the model can mend (wrong argument, no such
 * file, bad pattern) is is_error with a sentence that says what to do, not a crash and not silence.
 */
#ifndef AGENT_TOOL_TOOL_H
#define AGENT_TOOL_TOOL_H

#include <stdatomic.h>

#include "agent/workspace.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum tool_needs { TOOL_READS = 1, TOOL_WRITES = 2, TOOL_RUNS = 4, TOOL_NET = 8 };

struct tool_call {
	const struct workspace *workspace;
	struct str input; /* a JSON object */
	const atomic_bool *cancel; /* set when the run is being stopped: return soon */
	struct arena *arena; /* freed after the call */
	struct hands *hands; /* agent/hands.h */
	struct memory *memory; /* of the conversation */
	struct str name; /* as it was called */
	struct str id; /* of the call */
	struct agent *agent; /* whose call it is: for start, on the loop's thread */
};

/*
 * What a call touches, for the order of the calls of one turn: reads run together; what writes
 * keeps its place among the calls of the same path, a directory standing for all below it.
 */
enum { TOUCH_MAX = 16 };

struct tool_touch {
	bool is_alone; /* nothing runs beside it */
	bool writes;
	struct str paths[TOUCH_MAX]; /* relative to the workspace's root, "" the root itself */
	size_t path_count;
};

struct sub_run;

struct tool_result {
	struct buf text;
	bool is_error;
	const struct sub_run *sub; /* agent/agent.h; NULL: no sub-agent was at work */
};

/* Models change files in the form that they have learnt. */
enum tool_taste { TASTE_ANY, TASTE_EDITS, TASTE_PATCHES };

struct tool {
	const char *name;
	unsigned needs; /* of enum tool_needs */
	enum tool_taste taste; /* of the models that it is offered to */
	const char *target; /* name of the argument to show beside the tool's name in progress */
	const char *document; /* the .md, embedded */
	void (*run)(const struct tool_call *call, struct tool_result *out);
	/*
	 * In place of run, for what waits without a worker: on the loop's thread. end(self) comes
	 * once, from there too, maybe from within start; call and out stay until then. When the
	 * agent is cancelled it comes soon.
	 */
	void (*start)(const struct tool_call *call, struct tool_result *out,
		void (*end)(void *self), void *self);
	/*
	 * On the loop's thread, so without looking at files. NULL: what runs is alone, what writes
	 * or reads touches its "path" argument or else the working directory.
	 */
	void (*touch)(const struct tool_call *call, struct tool_touch *out);
	/*
	 * For a person who is asked whether it may: what will be done, with the very bytes; what a
	 * terminal would act on is put into words there (ui/ask.c). NULL: the input.
	 */
	void (*show)(const struct tool_call *call, struct buf *out);
};

extern const struct tool tool_skill, tool_diagnostics;

/* NULL-terminated, in the order in which they are offered (stable: it is part of the prefix). */
extern const struct tool *const tools[];
/* Names of MCP servers' tools (agent/mcp/mcp.h) all lead to one entry, which is not in the table.
 */
const struct tool *tool_find(struct str name);
/* The two halves of a document. */
struct str tool_description(const struct tool *tool);
struct str tool_schema(const struct tool *tool);
/* What this call touches, by the tool's own word or by its needs. */
void tool_touched(const struct tool *tool, const struct tool_call *call, struct tool_touch *out);
/* Adds a path as the model wrote it; one that leads outside touches nothing. Too many: alone. */
void tool_touch_add(struct tool_touch *touch, const struct tool_call *call, struct str path);
/* Whether the later of the two has to wait for the earlier. */
bool tool_touches(const struct tool_touch *a, const struct tool_touch *b);
/* For every tool: sets is_error and the sentence. */
__attribute__((format(printf, 2, 3))) void tool_fail(
	struct tool_result *out, const char *format, ...);
/*
 * Arguments, with the common other names models use for them ("file_path", "filePath" for "path").
 * Absent or of the wrong type: the fallback. Numbers given as strings are taken.
 */
struct str tool_argument(const struct tool_call *call, const char *name, struct str fallback);
int64_t tool_argument_int(const struct tool_call *call, const char *name, int64_t fallback);
bool tool_argument_bool(const struct tool_call *call, const char *name, bool fallback);
/* As JSON; null counts as absent, and the name itself wins over its other names. */
struct str tool_argument_value(const struct tool_call *call, const char *name);

#endif
