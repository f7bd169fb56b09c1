// SPDX-License-Identifier: MIT
/* batch_inside: what the files that show a batch share. Private to them. */
#ifndef UI_BATCH_INSIDE_H
#define UI_BATCH_INSIDE_H

#include "base/file.h"
#include "base/vec.h"
#include "ui/batch.h"
#include "ui/view.h"

struct batch_sink;

/* One way of writing a batch down. NULL: nothing. */
struct batch_format {
	const char *name; /* in formats */
	bool is_for_the_end; /* nothing can be written before */
	bool is_as_they_end; /* whatever the order of the list */
	void (*begin)(struct batch_sink *s);
	void (*row)(struct batch_sink *s, uint32_t task, const struct task_outcome *outcome);
	/* outcome's state is none of DONE, FAILED and SKIPPED: it has not ended. */
	void (*task)(struct batch_sink *s, uint32_t task, const struct task_outcome *outcome);
	void (*event)(struct batch_sink *s, const struct runner_event *event);
	void (*end)(struct batch_sink *s);
};

enum sink_phase { SINK_ROWS, SINK_TASKS, SINK_ENDED };

/* Where results are written to, and how far that is. */
struct batch_sink {
	struct sink sink; /* formats of single runs write into it */
	const struct batch_format *format;
	struct batch_ui *batch;
	enum sink_phase phase;
	size_t next; /* in the list, or in the order of ending */
	size_t put; /* tasks */
	struct beside file; /* of a path, once there is enough to write */
	bool has_file, has_failed;
};

/* A task that is worked on. */
struct batch_work {
	uint32_t task;
	int turn, tools; /* tools: at work */
	int64_t since; /* monotonic clock, ns */
	char doing[80]; /* the tool; "" it waits for the model */
};

/* Tasks that ended in the last minutes. */
enum { RATE_SLOT_S = 5, RATE_SLOTS = 37 };
struct batch_rate {
	uint32_t counts[RATE_SLOTS];
	int64_t slot; /* the one at hand, since begun */
	int64_t begun; /* monotonic clock, ns; 0: nothing has started */
};

struct batch_seen {
	uint32_t work; /* its place in works, when it is running */
	uint32_t attempts : 29;
	bool has_ended : 1;
	bool is_running : 1;
	bool has_no_file : 1; /* it could not be written */
};

struct batch_ui {
	struct ui *ui; /* stdout, stderr, colours */
	struct loop *loop;
	struct batch_ui_options options;
	const struct tasks *tasks;
	const char *run;
	const struct runner *runner;
	char session_id[40];
	VEC(struct batch_sink) sinks; /* the first is stdout */
	struct batch_seen *seen; /* by task */
	VEC(uint32_t) ended; /* in this order; at the end those that have not ended, too */
	size_t ended_count, earlier_count;
	size_t filed; /* of those that ended earlier: looked at for the directory */
	bool is_over, is_done;
	bool is_pumping; /* within pump */
	struct timer *pump;
	struct arena scratch;
	int64_t started, over; /* monotonic clock, ns */

	/* --output-dir */
	int directory_fd; /* -1 none */
	size_t lost_files;
	struct err first_lost_file;
	bool has_lost; /* results that cannot be read back */

	/* stderr */
	bool has_live;
	VEC(struct batch_work) works;
	struct batch_rate rate;
	struct str why_waiting; /* owned */
	struct str why_stuck; /* owned; absent: the journal takes what comes */
	struct str why_stopped; /* owned */
	struct live live;
	struct timer *draw;
	bool draw_is_soon; /* the timer is for what has changed, not for the clock alone */
	int64_t drawn_at, wiped_at; /* monotonic clock, ns; 0: never */
	VEC(uint16_t) drawn; /* the lines on the terminal, by their cells */
};

/* ---- batch.c ---- */

static inline const struct task *batch_task(const struct batch_ui *b, uint32_t task)
{
	return &b->tasks->items.p[task];
}
size_t batch_unfinished(const struct batch_ui *b);
bool batch_state_is_end(enum task_state state);
/* The outcome, read back; what cannot be read has an error in its place, and is told once. */
void batch_outcome(
	struct batch_ui *b, uint32_t task, struct arena *a, struct task_outcome *outcome);

/* ---- batch_formats.c ---- */

const struct batch_format *batch_format_of(const struct format *format); /* NULL: none of a batch */
const char *batch_state_name(enum task_state state);
/* "done": ..., and so on, as members of an object that is open */
void batch_put_counts(
	struct json_writer *w, size_t total, size_t done, size_t failed, size_t skipped);
void batch_put_resume(struct json_writer *w, const char *run, size_t unfinished);

/* ---- batch_files.c ---- */

/* Appends the task's path below the directory; false when it would leave it. */
[[nodiscard]] bool batch_file_name(
	const struct task *task, bool has_schema, struct buf *path, struct err *e);
/* Makes it with those above it; -1 and e. */
[[nodiscard]] int batch_open_directory(const char *path, struct err *e);
/* Writes the answer of a task that is done; notes when it cannot. */
void batch_write_file(struct batch_ui *b, uint32_t task, const struct task_outcome *outcome);
/* "DIR/name" of a task that is done; false when it has no file. */
bool batch_put_file(const struct batch_ui *b, uint32_t task, struct buf *path);

/* ---- batch_lines.c ---- */

/* "45 s", "2 min 3 s", "1 h 5 min" */
void batch_put_time(struct buf *out, int64_t ns);
/* "1.2M tokens in, 34k out, $1.23" */
void batch_put_spent(struct buf *out, const struct run_usage *spent);
/* "fettle batch --resume RUN --only ID", as a shell takes it and a terminal shows it */
void batch_put_alone(struct buf *out, const char *run, struct str id);
/* "class: message", in so many cells */
void batch_put_reason(struct buf *out, struct str class, struct str message, size_t cells);
/* An end, or an attempt that is made again. */
void batch_line(struct batch_ui *b, const struct runner_event *event);
void batch_summary(struct batch_ui *b);

/* ---- batch_live.c ---- */

void batch_live_begin(struct batch_ui *b);
void batch_live_event(struct batch_ui *b, const struct runner_event *event);
void batch_live_end(struct batch_ui *b);
void batch_live_touch(struct batch_ui *b); /* it has changed: drawn soon */
/* The lines of the view, each with its end; at most so many. */
void batch_live_put(struct batch_ui *b, struct buf *out, size_t columns, size_t lines, int64_t now);

#endif
