// SPDX-License-Identifier: MIT
/*
 * batch: many tasks at once: which there are, which may start next, and what has become of them.
 * Reads lists of tasks, checks them whole before anything runs, and keeps a journal that outlives
 * the process. Runs nothing and prints nothing. This header is the list; batch/schedule.h says
 * what starts next, batch/journal.h what is on the disk.
 *
 * A list is filled by one or more readers and then finished once. Whatever is wrong becomes a
 * problem with its line; a reader goes on behind it, so that one look tells everything.
 */
#ifndef BATCH_BATCH_H
#define BATCH_BATCH_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

enum {
	TASKS_MAX = 1'000'000,
	TASK_TIMEOUT_MAX_S = 7 * 24 * 3600,
	TASK_TEXT_MAX_BYTES = 32 << 20, /* a prompt, filled in too */
};

struct task_var {
	struct str name;
	struct str value; /* text, or else any JSON but a string, as it was written */
	bool is_text;
};

/* Prompt, context, files and output are templates: see template.h. Absent: not given. */
struct task {
	struct str id; /* no two tasks have the same; else its number in the list as it was given */
	size_t line; /* where it is in its source, from 1; of files and words the number */
	struct str prompt, model, context, output;
	struct str *files, *need_ids;
	size_t file_count, need_id_count;
	struct task_var *vars;
	size_t var_count;
	int64_t timeout_s; /* 0: none */
	bool is_after_all; /* starts when all others have ended, however, and is told their results
			    */
	/* Once the list is finished: need_ids and {{result:id}} as positions, each once. */
	uint32_t *needs;
	size_t need_count;
	bool is_bad; /* of no interest outside */
};

struct task_problem {
	size_t line;
	struct str text;
};

/* Everything lives in the arena, the source's text included. {0} is a valid start. */
struct tasks {
	struct arena arena;
	VEC(struct task) items;
	VEC(struct task_problem) problems; /* once finished: by line */
	const char *unit; /* what line counts: "line", "task", "item" */
};

void tasks_release(struct tasks *t);

/* ---- readers; nothing of text is needed afterwards ---- */

/*
 * A task a line; empty lines and those that begin with '#' are none ("\#" begins with a '#'). Its
 * id is the number of its line.
 */
void tasks_read_lines(struct tasks *t, struct str text);
/* An object a line: prompt, and maybe id, vars, model, timeout (seconds), context, files, needs,
 * output, after_all. */
void tasks_read_jsonl(struct tasks *t, struct str text);
/* As jsonl when it looks like that (its name, or its first character is '{'), else lines. */
void tasks_read(struct tasks *t, struct str name, struct str text);
/* One JSON array of objects; the task of each is the template with its members. */
void tasks_read_array(struct tasks *t, struct str text, struct str template);
/* RFC 4180, with a header that names the fields; LF ends a record, too, empty lines are none. */
void tasks_read_csv(struct tasks *t, struct str text, struct str template);
/* As csv when name ends in .csv, else as array. */
void tasks_read_table(struct tasks *t, struct str name, struct str text, struct str template);
/* A task that comes after all others and is told their results. */
void tasks_add_summary(struct tasks *t, struct str prompt);
/* A word a task, as it is: no templates. piped goes with each; absent: nothing does. */
void tasks_read_words(struct tasks *t, const struct str *words, size_t count, struct str piped,
	int64_t timeout_s);
/*
 * A task a file below start (relative to root) that matches and is not ignored, in the order of
 * paths; {{file}} is its path as seen from start, and the task's id. Scans: not for the loop's
 * thread. False when start cannot be read.
 */
[[nodiscard]] bool tasks_read_files(struct tasks *t, const char *root, const char *start,
	const char *pattern, struct str template, struct err *e);

/*
 * Checks what only the whole list can tell: ids that come twice, names that templates miss, needs
 * that are not there or wait for each other, outputs that are the same. False when there is a
 * problem, or no task (ERR_USAGE); e tells the first one and how many there are. With skips_bad,
 * tasks with problems leave the list, those that need them too, and only an empty list is wrong.
 */
[[nodiscard]] bool tasks_finish(struct tasks *t, bool skips_bad, struct err *e);
/* A line a problem: "line 3: ...". */
void tasks_put_problems(struct buf *out, const struct tasks *t);

/* ---- of a finished list ---- */

/* The list as jsonl, a line a task: read and finished again it gives the same tasks. */
void tasks_put(struct buf *out, const struct tasks *t);
void task_put(struct buf *out, const struct task *task);

/* Appends the text of another task's answer; false when there is none. */
typedef bool task_result_fn(void *self, struct str id, struct buf *out);
/*
 * Appends one of the task's templates with everything filled in. What is filled in is never looked
 * at for placeholders again. result may be NULL where there are no {{result:id}}. False
 * (ERR_NOT_FOUND) when a result is not there.
 */
[[nodiscard]] bool task_fill(const struct task *task, struct str template, task_result_fn *result,
	void *self, struct buf *out, struct err *e);

/*
 * Appends where the task's output leads below its directory, filled in and without "." and empty
 * parts. ERR_USAGE: it would leave the directory, or is no name of a file.
 */
[[nodiscard]] bool task_put_output(const struct task *task, struct buf *path, struct err *e);

#endif
