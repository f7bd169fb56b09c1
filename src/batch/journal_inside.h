// SPDX-License-Identifier: MIT
/* journal_inside: what writing and reading journals share. Private to them. */
#ifndef BATCH_JOURNAL_INSIDE_H
#define BATCH_JOURNAL_INSIDE_H

#include "base/json.h"
#include "batch/journal.h"

#define RUN_JOURNAL "journal.jsonl"
#define RUN_TASKS   "tasks.jsonl"

/* DIRECTORY/batch, made when makes is set; -1 and e. */
[[nodiscard]] int journal_open_top(const char *directory, bool makes, struct err *e);
/* A run's own directory; -1 and e, ERR_NOT_FOUND for what is no name of a run. */
[[nodiscard]] int journal_open_run(const char *directory, const char *run, struct err *e);
/* Its journal, which is a file of the user's alone; -1 and e. */
[[nodiscard]] int journal_open_file(int run_fd, int flags, struct err *e);
bool journal_is_run_name(struct str name);
/* Whether another process writes to it. */
bool journal_is_locked(int journal_fd);

void journal_put_first(struct buf *line, const struct run_head *head);
/* From the start of the file to its last whole line. */
[[nodiscard]] bool journal_read_past(int journal_fd, struct run_past *past, struct err *e);
/* The list of a run, checked against the head's digest. */
[[nodiscard]] bool journal_read_tasks(
	int run_fd, const struct run_head *head, struct tasks *tasks, struct err *e);

/* Members "usage" and "work" of an object. */
void run_usage_put(struct json_writer *w, const struct run_usage *usage);
void run_usage_read(struct str object, struct arena *a, struct run_usage *out);

#endif
