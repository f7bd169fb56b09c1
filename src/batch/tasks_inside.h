// SPDX-License-Identifier: MIT
/* tasks_inside: what the readers of task lists share. Private to them. */
#ifndef BATCH_TASKS_INSIDE_H
#define BATCH_TASKS_INSIDE_H

#include "batch/batch.h"

__attribute__((format(printf, 3, 4))) void tasks_problem(
	struct tasks *t, size_t line, const char *format, ...);
/* The task has a problem; it stays in the list until that is finished. */
__attribute__((format(printf, 3, 4))) void task_problem(
	struct tasks *t, struct task *task, const char *format, ...);
/* Adds it; an absent id becomes the number of its line. False when there are too many. */
bool tasks_add(struct tasks *t, struct task task);
/* A copy without the mark that some editors write; unit is what the lines of its problems count. */
struct str tasks_take(struct tasks *t, struct str text, const char *unit);
/* Why a text cannot be sent to a model; NULL: it is UTF-8 without NUL. */
const char *tasks_text_fault(struct str text);
/* The variables that are the members of an object; false, and twice, when one comes again. */
bool tasks_read_vars(struct tasks *t, struct str object, struct task_var **out, size_t *count,
	struct str *twice);

/* needs.c: resolves what tasks need. Tasks that cannot run get a problem. */
void needs_resolve(struct tasks *t, bool skips_bad);

#endif
