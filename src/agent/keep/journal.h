// SPDX-License-Identifier: MIT
/*
 * journal: what a run has changed, one JSON object a line, only ever appended to:
 *
 *   {"version":1,"run":ID,"root":PATH,"task":TEXT,"at":MS,"undoes":ID}   the first; undoes: of an
 * undo
 *   {"change":N,"path":P,"from":STATE,"to":STATE,"tool":NAME,"at":MS,"unkept":WHY}
 *                                            before the change is made
 *   {"done":N}   {"left":N}                  it is made; it was not
 *   {"watch":N,"at_ns":T}  {"watched":N}     a command that changes unknown files begins; has ended
 *   {"added":N,"removed":N}                  lines, when the run ends
 *   {"undone":true}                          the last, of an undo that came to its end
 *
 * STATE is null where nothing is, else {"mode":st_mode,"size":BYTES,"sha256":HEX}; a directory has
 * its mode only, and what is too large no sha256. A path that is no UTF-8 is "path_base64". A line
 * that a crash has cut off is the last and does not count.
 */
#ifndef AGENT_KEEP_JOURNAL_H
#define AGENT_KEEP_JOURNAL_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"
#include "base/vec.h"

enum { JOURNAL_MAX_BYTES = 64 << 20 };

struct kept_state {
	mode_t mode; /* 0: nothing is there */
	int64_t size_bytes;
	bool has_digest;
	struct sha256 digest;
};

/* Whether both are the same thing with the same contents, as far as is known. */
bool kept_state_eq(const struct kept_state *a, const struct kept_state *b);

enum outcome { OUTCOME_OPEN, OUTCOME_DONE, OUTCOME_LEFT };

struct journal_change {
	int64_t number;
	struct str path, tool;
	struct kept_state from, to;
	struct str unkept; /* why from cannot be restored; absent: it can */
	enum outcome outcome;
};

struct journal_head {
	struct str run, root, task, undoes; /* undoes absent: a run of the user's */
	int64_t at_ms; /* since 1970 */
};

struct journal {
	struct journal_head head;
	VEC(struct journal_change) changes;
	bool is_undone; /* an undo that came to its end */
	int64_t open_watch; /* the number of a command that has not ended; 0: none */
	int64_t watch_ns; /* when it began, by the clock of files' times */
	int64_t added, removed; /* lines; -1 not known */
	int64_t last_number;
	size_t bad_lines;
	int first_bad_line;
};

/* Each appends one line, whole or not at all as far as readers see. is_safe: it is on the disk. */
void journal_put_head(struct buf *line, const struct journal_head *head);
void journal_put_change(struct buf *line, const struct journal_change *change, int64_t at_ms);
void journal_put_mark(struct buf *line, const char *mark, int64_t number);
void journal_put_watch(struct buf *line, int64_t number, int64_t at_ns);
void journal_put_lines(struct buf *line, int64_t added, int64_t removed);
void journal_put_undone(struct buf *line);
[[nodiscard]] bool journal_append(int fd, const struct buf *line, bool is_safe, struct err *e);

/*
 * Reads directory_fd/name; what it gives lives in the arena, but changes, which journal_release
 * frees. False when there is no first line to go by (ERR_NOT_FOUND: not a whole one, so nothing was
 * changed); bad lines behind it are counted.
 */
[[nodiscard]] bool journal_read(
	int directory_fd, const char *name, struct arena *a, struct journal *out, struct err *e);
void journal_release(struct journal *j);

#endif
