// SPDX-License-Identifier: MIT
/*
 * ui: what a person or a script sees of a run. stdout carries the answer (or its JSON) and nothing
 * else; progress and messages go to stderr. A reader of agent events; decides nothing.
 */
#ifndef UI_UI_H
#define UI_UI_H

#include "agent/agent.h"

struct ui;

struct sink;

/* One way of writing results down, on stdout or into a file. */
struct format {
	const char *name;
	const char *brief;
	const char *endings[4]; /* of files that get it unasked, NULL-ended */
	void (*begin)(struct sink *s, struct str task); /* before each task; NULL: nothing */
	void (*event)(struct sink *s, const struct agent_event *event);
	void (*end)(struct sink *s); /* after the last task; NULL: nothing */
	bool is_kept_when_empty; /* with nothing to write, the file stays what it was */
};

/* Ended by a NULL name; the first is the default. */
extern const struct format formats[];
const struct format *format_find(struct str name);
const struct format *format_of_file(struct str path); /* by its ending; else the default */

/* A file that a run is written into, beside stdout. */
struct ui_output {
	const struct format *format;
	const char *path;
};

struct ui_options {
	const struct format *format;
	bool is_quiet; /* nothing on stderr but errors */
	bool is_verbose;
	bool shows_thinking;
	bool shows_timings;
	bool shows_partial; /* stream-json: also pieces of text */
	bool is_plain; /* the answer as it comes, also on a terminal */
	bool has_schema; /* stdout gets an answer that fits it, or nothing */
	const struct ui_output *outputs; /* that can be written; they stay until ui_free */
	size_t output_count;
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
	/* What the run has changed so far, as a unified diff; NULL: a run that changes nothing. */
	struct str (*net_diff)(void *self);
	void *net_diff_self;
};

[[nodiscard]] struct ui *ui_new(
	struct loop *loop, const struct ui_options *options, const struct ui_run *run);
/* Flushes; false with e when stdout did not take everything. */
[[nodiscard]] bool ui_free(struct ui *ui, struct err *e);
/* True while nothing waits for stdout: the loop runs until then at the end of a task. */
const bool *ui_drained(const struct ui *ui);
/* Forgets what stdout has not taken. */
void ui_abandon_output(struct ui *ui);
void ui_begin_task(struct ui *ui, struct str task); /* before each task's events */
void ui_event(void *ui, const struct agent_event *event);
void ui_end_run(struct ui *ui); /* after the last task */
/*
 * Puts the files in place, whole, each whatever becomes of the others; says on stderr which could
 * not be written, and returns false then.
 */
[[nodiscard]] bool ui_write_outputs(struct ui *ui);
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
