// SPDX-License-Identifier: MIT
/*
 * undo: takes back what a run has changed (agent/keep.h). A plan says what would be done to each
 * file and what stands against it; nothing is touched before undo_apply. An undo is a run itself,
 * so it can be undone.
 */
#ifndef AGENT_UNDO_H
#define AGENT_UNDO_H

#include "agent/workspace.h"
#include "base/buf.h"
#include "base/err.h"

struct undo_run {
	struct str id, task;
	struct str undoes; /* the run that this one took back; absent: none */
	int64_t at_ms; /* since 1970 */
	size_t files; /* that it changed */
	size_t unkept; /* of them, not kept */
	int64_t added, removed; /* lines; -1 not known */
	bool is_undone;
	bool is_at_work; /* its process has not ended */
	size_t bad_lines; /* of its journal */
};

/* Runs of this workspace that changed something, newest first, in the arena. */
[[nodiscard]] bool undo_list(const struct workspace *w, const char *directory, struct arena *a,
	struct undo_run **out, size_t *count, struct err *e);

struct undo_file {
	struct str path;
	char kind; /* what the undo does: 'A' brings it back, 'M' changes it, 'D' removes it */
	const char *problem; /* why it cannot; NULL: it can */
	bool is_text;
	int64_t added, removed; /* lines, by the undo */
};

struct undo_plan;

struct undo_wish {
	const struct workspace *workspace;
	const char *directory; /* as for keep_new */
	const char *id; /* a run's, or the beginning of one; NULL: the latest that is no undo and
			   is not undone */
	const char *own_id; /* the undo's own */
	bool takes_interrupted; /* also what changed while or after a command was cut off */
};

/* ERR_USAGE when there is no such run, several, or another workspace's. */
[[nodiscard]] struct undo_plan *undo_plan_new(const struct undo_wish *wish, struct err *e);
void undo_plan_free(struct undo_plan *p); /* NULL is nothing */
const struct undo_run *undo_plan_run(const struct undo_plan *p);
/* Files that are already as they were are not among them. */
const struct undo_file *undo_plan_files(const struct undo_plan *p, size_t *count);
/* What else stands against it: a damaged journal; NULL: nothing. */
const char *undo_plan_problem(const struct undo_plan *p);
/* The unified diff of what would be done; what it cannot show goes to notes, a line each. */
void undo_plan_put_diff(struct undo_plan *p, struct buf *out, struct buf *notes);
/*
 * Does it: all of it or, where partial, what has no problem. False: nothing is changed, or what was
 * has been put back; e says what could not be.
 */
[[nodiscard]] bool undo_apply(struct undo_plan *p, bool partial, struct err *e);

#endif
