// SPDX-License-Identifier: MIT
/*
 * trace: a run as a file of Chrome trace events, for ui.perfetto.dev and chrome://tracing. A reader
 * of agent events and of the moments that calls and tools carry; measures nothing by itself. The
 * file has names, moments, sizes, counts and prices: never a key, a prompt, an answer, or what a
 * tool was asked for and found.
 *
 * Row 1 is the run: setting up, tasks, and in them model calls > attempts > phases, and the waits
 * between attempts. Tools have the rows below it, as many as ran at the same time; in the
 * span of a sub-agent's are its model calls.
 */
#ifndef UI_TRACE_H
#define UI_TRACE_H

#include "ui/ui.h"

struct trace;

/* NULL and e when the file could not be written in the end: tried out now, and nothing is left. */
[[nodiscard]] struct trace *trace_new(const char *path, struct err *e);
void trace_begin(struct trace *trace, const struct ui_run *run);
void trace_event(struct trace *trace, const struct agent_event *event);
/* Puts the file in place, whole. */
[[nodiscard]] bool trace_write(struct trace *trace, struct err *e);
void trace_free(struct trace *trace); /* NULL is nothing */

#endif
