// SPDX-License-Identifier: MIT
/*
 * journal: what has become of the tasks of a batch, on the disk before anybody is told. Below
 * DIRECTORY/batch (fettle's own below XDG_STATE_HOME; 0700, files 0600), a directory a run:
 *
 *   RUN/tasks.jsonl     the list, as tasks_put gives it
 *   RUN/patches/N.patch what isolated tasks have changed (batch/isolate.h)
 *   RUN/journal.jsonl   one JSON object a line, only ever appended to:
 *     {"version":1,"run":ID,"tasks":N,"definition":SHA256,"at":MS,"options":OBJECT}   the first
 *     {"started":N,"attempt":A,"at":MS}
 *     {"done":N,"attempt":A,"at":MS,"usage":USAGE,"work":WORK,"result":TEXT}
 *     {"failed":N,"attempt":A,"at":MS,"usage":USAGE,"work":WORK,"class":NAME,"message":TEXT,
 *      "final":BOOL}
 *     {"skipped":N,"because":N,"at":MS}
 *     {"sending":LABEL,"provider":NAME,"tasks":[N,...],"at":MS}    as one batch; begins them
 *     {"sent":LABEL,"batch":ID,"at":MS}    the provider has it
 *     {"collected":LABEL,"at":MS}    nothing of it is to be expected any more
 *     {"ended":MS,"done":N,"failed":N,"skipped":N}    nothing runs; lines behind it are of a resume
 *
 * N is the position of the task in the list, from 0. USAGE has tokens by kind and cost_nanousd,
 * WORK
 * {"model":NAME,"turns":N,"tools":N,"ms":N}. A result and what it cost are one line, so
 * that none is there without the other; the first "done" of a task is the one that counts.
 *
 * Lines are noted, then committed: written and waited for until the disk has them. One commit takes
 * all that were noted, so many results cost one wait. What may be shown is what journal_is_safe.
 * The process that writes holds a lock, which the system takes back when it dies.
 */
#ifndef BATCH_JOURNAL_H
#define BATCH_JOURNAL_H

#include "base/sha256.h"
#include "batch/batch.h"
#include "batch/schedule.h"
#include "llm/llm.h"

enum {
	RUN_NAME_BYTES = 32,
	RUN_RESULT_MAX_BYTES = 8 << 20, /* the caller's to keep */
	JOURNAL_LINE_MAX_BYTES = 64 << 20, /* a byte of a result may take six */
};

struct run_usage {
	struct usage tokens;
	int64_t cost_nanousd; /* -1: not known */
	/* Of an attempt; not added up. */
	int64_t duration_ms;
	int turns, tool_calls;
	struct str model; /* "provider/model" that answered last; absent: none did */
};

struct run_head {
	char name[RUN_NAME_BYTES];
	size_t task_count;
	struct sha256 definition; /* of tasks.jsonl */
	int64_t at_ms; /* since 1970 */
	struct str options; /* a JSON object; the caller's own */
};

/* What is known of a task; where its last outcome is in the journal. */
struct run_task {
	enum task_state state; /* WAITING, RUNNING (begun, and not ended), DONE, FAILED, SKIPPED */
	uint32_t attempts;
	uint32_t told; /* the last attempt that has told its end; those behind it were cut off */
	uint64_t offset; /* of the line of DONE, FAILED or SKIPPED */
	uint32_t length;
};

/* Tasks that went to a provider as one batch, and whose results are not collected. */
struct run_parcel {
	struct str label, provider; /* label: ours */
	struct str batch; /* the provider's name for it; "" not known whether it got there */
	uint32_t *tasks; /* in the order of the batch, of which some may have ended since */
	size_t task_count;
	int64_t at_ms;
};

enum { PARCEL_LABEL_MAX_BYTES = 48, PARCEL_BATCH_MAX_BYTES = 200 };

/* A journal read from its start. */
struct run_past {
	struct arena arena;
	struct run_head head;
	struct run_task *tasks;
	VEC(struct run_parcel) parcels;
	size_t counts[TASK_SKIPPED + 1];
	struct run_usage spent; /* in all attempts that told it, failed ones, too */
	size_t bad_lines, first_bad_line; /* neither read nor counted */
	size_t doubled; /* outcomes behind a "done"; they do not count */
	uint64_t size_bytes; /* up to the end of the last whole line */
	int64_t last_ms; /* of its last line */
	bool has_ended; /* the last line is "ended" */
};

void run_past_release(struct run_past *past);
/* Of a run that has just begun: nothing has happened. */
void run_past_begin(struct run_past *past, size_t task_count);
/* Adds what an attempt took to what was spent; one cost that is not known makes the sum so. */
void run_usage_add(struct run_usage *sum, const struct run_usage *more);

/* ---- writing ---- */

struct journal_writer;

/*
 * A new run with a name of its own. directory is fettle's own, absolute. The list is finished and
 * options a checked JSON object. List and head are there when it returns, and on the disk with the
 * first commit.
 */
[[nodiscard]] struct journal_writer *journal_begin(
	const char *directory, const struct tasks *tasks, struct str options, struct err *e);
/*
 * Goes on with a run: reads what there is, the list too, and cuts off what a crash left of a line.
 * ERR_DENIED when a process is at work on it, ERR_PARSE when its list is not the one it began with.
 */
[[nodiscard]] struct journal_writer *journal_resume(const char *directory, const char *run,
	struct tasks *tasks, struct run_past *past, struct err *e);
const char *journal_run(const struct journal_writer *j);
/* Commits nothing: what is not committed is lost, as if the process had died. NULL is nothing. */
void journal_free(struct journal_writer *j);

/* Each notes one line and gives its number. From any thread. */
uint64_t journal_note_started(struct journal_writer *j, uint32_t task, int attempt);
uint64_t journal_note_done(struct journal_writer *j, uint32_t task, int attempt,
	const struct run_usage *usage, struct str result);
uint64_t journal_note_failed(struct journal_writer *j, uint32_t task, int attempt,
	const struct run_usage *usage, const char *class, struct str message, bool is_final);
uint64_t journal_note_skipped(struct journal_writer *j, uint32_t task, uint32_t because);
/* Where the next line that is noted will be in the file. */
uint64_t journal_end(const struct journal_writer *j);
/* Before anything goes out, and safe by then; once the provider has named it; in the end. */
uint64_t journal_note_sending(struct journal_writer *j, struct str label, struct str provider,
	const uint32_t *tasks, size_t count);
uint64_t journal_note_sent(struct journal_writer *j, struct str label, struct str batch);
uint64_t journal_note_collected(struct journal_writer *j, struct str label);
uint64_t journal_note_ended(struct journal_writer *j, size_t done, size_t failed, size_t skipped);

/*
 * Has everything noted so far reach the disk. Waits for it: for a worker, one at a time; others may
 * note meanwhile. False: none of these lines is safe, all are kept for the next commit, and the
 * file ends with the last safe line.
 */
[[nodiscard]] bool journal_commit(struct journal_writer *j, struct err *e);
bool journal_is_safe(const struct journal_writer *j, uint64_t number);
bool journal_has_more(const struct journal_writer *j); /* noted and not committed */

/* ---- reading ---- */

/* For --status; the run may be at work. tasks may be NULL. */
[[nodiscard]] bool journal_look(const char *directory, const char *run, struct tasks *tasks,
	struct run_past *past, struct err *e);

struct run_outcome {
	struct run_usage usage;
	struct str result; /* DONE */
	struct str class, message; /* FAILED */
	uint32_t because; /* SKIPPED: the task to blame */
	int attempt;
};

/* The journal of a run, for journal_outcome; -1 and e. */
[[nodiscard]] int journal_open(const char *directory, const char *run, struct err *e);
/* How a task that is DONE, FAILED or SKIPPED ended, read from where past says; strings are the
 * arena's. */
[[nodiscard]] bool journal_outcome(int fd, const struct run_past *past, uint32_t task,
	struct arena *a, struct run_outcome *out, struct err *e);

struct run_listed {
	char name[RUN_NAME_BYTES];
	int64_t at_ms;
	size_t task_count;
	size_t counts[TASK_SKIPPED + 1];
	bool is_at_work, has_ended;
	const char *problem; /* why it cannot be read; NULL: it can */
};

typedef VEC(struct run_listed) run_list;

/* All runs, the newest first; none when there is no directory. problem is the arena's. */
[[nodiscard]] bool journal_list(
	const char *directory, struct arena *a, run_list *out, struct err *e);
/*
 * The run that somebody means: its name, or the beginning of just one, or "last". ERR_NOT_FOUND,
 * ERR_USAGE when there are several.
 */
[[nodiscard]] bool journal_find(
	const char *directory, const char *word, char out[RUN_NAME_BYTES], struct err *e);

#endif
