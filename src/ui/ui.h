// SPDX-License-Identifier: MIT
/*
 * ui: what a person or a script sees of a run. stdout carries the answer (or its JSON) and nothing
 * else; progress and messages go to stderr. A reader of agent events; decides nothing.
 */
#ifndef UI_UI_H
#define UI_UI_H

#include "agent/agent.h"

struct ui;

/* One way of writing results to stdout. */
struct format {
	const char *name;
	const char *brief;
	void (*begin)(struct ui *ui); /* NULL: nothing */
	void (*event)(struct ui *ui, const struct agent_event *event);
};

/* Ended by a NULL name; the first is the default. */
extern const struct format formats[];
const struct format *format_find(const char *name);

struct ui_options {
	const struct format *format;
	bool is_quiet; /* nothing on stderr but errors */
	bool is_verbose;
	bool shows_thinking;
	bool shows_timings;
	bool shows_partial; /* stream-json: also pieces of text */
	bool has_schema; /* stdout gets an answer that fits it, or nothing */
	const char *(*environment)(const char *name);
};

/* What was spent before the first task, ns. */
struct ui_times {
	int64_t exec_ns; /* CPU time used before main: loading and linking the program */
	/* Monotonic clock: main, the words are read, the model is chosen, the tasks are there. */
	int64_t main_at, parsed_at;
	int64_t workspace_at, settings_at; /* the one is open, the others are read */
	int64_t chosen_at, tasks_at;
	int64_t context_at; /* instruction files and tools are loaded */
};

struct ui_run {
	const char *session_id; /* UUID */
	const struct route *route;
	const struct workspace *workspace;
	const struct agent_context *context;
	const struct ui_times *times;
	struct keep *keep; /* of what the run changes; NULL: nothing */
};

[[nodiscard]] struct ui *ui_new(
	struct loop *loop, const struct ui_options *options, const struct ui_run *run);
/* Flushes; false with e when stdout did not take everything. */
[[nodiscard]] bool ui_free(struct ui *ui, struct err *e);
/* True while nothing waits for stdout: the loop runs until then at the end of a task. */
const bool *ui_drained(const struct ui *ui);
/* Forgets what stdout has not taken. */
void ui_abandon_output(struct ui *ui);
void ui_begin_task(struct ui *ui); /* before each task's events */
void ui_event(void *ui, const struct agent_event *event);
/* Called once, from the loop, when stdout takes no more: nobody is left to answer to. */
void ui_on_output_error(struct ui *ui, void (*call)(void *self, const struct err *e), void *self);
/* Called once for each AGENT_QUESTION, from the loop, with what a person said. */
void ui_on_answer(
	struct ui *ui, void (*call)(void *self, enum answer answer, struct str why), void *self);
/* "3 files changed (+12 -4); fettle undo takes it back"; false when there are none. */
bool ui_put_changes(struct buf *line, struct keep *keep);
/* One line on stderr, also when quiet: "fettle: sentence". */
void ui_error(struct ui *ui, const struct err *e);

#endif
