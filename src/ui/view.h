// SPDX-License-Identifier: MIT
/* view: what the files of the ui room share. Private to the room. */
#ifndef UI_VIEW_H
#define UI_VIEW_H

#include "base/buf.h"
#include "base/json.h"
#include "base/vec.h"
#include "ui/markdown.h"
#include "ui/ui.h"
#include "ui/visible.h"

/*
 * On a pipe the first words of a turn are held back: up to a line's end, this many bytes or this
 * time. If tool calls follow, they were a remark and go to stderr; else they are the answer.
 */
enum { REMARK_MAX_BYTES = 1 << 10, REMARK_MAX_MS = 1000 };

/* Where a format writes to. */
struct sink {
	struct ui *ui;
	const struct format *format;
	const char *path; /* NULL: stdout */
	struct buf out; /* of a file: all there is, until the run's end */
	struct buf said; /* text, of a file: in this turn */
	size_t tasks; /* begun */
};

/* What stands below everything else on the terminal of stderr, and is drawn again and again. */
struct live {
	void (*wipe)(void *self); /* something else comes on the terminal */
	void (*drained)(void *self); /* stdout has taken everything; nothing may be put from here */
	void *self;
};

struct ui {
	struct loop *loop;
	VEC(struct sink) sinks; /* the first is stdout */
	struct ui_options options;
	struct ui_run run;
	size_t sent; /* bytes of out that stdout has taken */
	bool is_drained; /* nothing waits for stdout */
	bool stderr_is_stuck; /* it took nothing for a second: nothing more is shown there */
	struct buf out; /* for stdout, not yet written */
	struct timer *flush;
	struct err output_error; /* set once stdout refused */
	void (*on_output_error)(void *self, const struct err *e);
	void *output_error_self;
	bool stdout_is_terminal, stderr_is_terminal;
	bool has_colour; /* on stderr */
	bool is_dumb; /* terminal without cursor control */
	bool stdout_is_stored; /* in a file: nothing of it can come to the terminal of stderr */

	/* text */
	struct buf held;
	struct visible visible; /* for a terminal, without the renderer */
	struct markdown *markdown; /* renders the answer; NULL: it is written as it comes */
	struct timer *hold_timer;
	bool holds; /* this turn's text is still held back */
	bool said_something; /* on stdout, in this task */
	bool is_mid_line; /* stdout does not stand at the start of a line */
	bool thinks_mid_line; /* the same for thinking on stderr */

	/* questions */
	struct question *question; /* open; NULL none */
	void (*on_answer)(void *self, enum answer answer, struct str why);
	void *on_answer_self;

	const struct live *live; /* NULL none */
	struct str task_id; /* the JSON lines are of this task; absent: of the only one */
	uint32_t task_index;

	/* progress */
	struct timer *spin;
	int spin_step;
	bool spinner_shown;
	int64_t waiting_since;
	const char *waiting_for;
};

void sink_put(struct sink *s, struct str bytes);
/* The same of text from outside: a terminal is not steered by it. */
void sink_put_shown(struct sink *s, struct str text);

/* Queues bytes for stdout; written when the loop has nothing else to do, or past 16 KB. */
void view_put(struct ui *ui, struct str bytes);
void view_flush(struct ui *ui);
/*
 * stderr is going to be written: the spinner goes, the answer so far comes before it, and where
 * both are one terminal and the answer stands in the middle of a line, a newline is put into out.
 */
void view_begin_line(struct ui *ui, struct buf *out);
/* Bytes as they are. */
void view_write_stderr(struct ui *ui, struct str bytes);
/* Writes to stderr; the spinner is wiped first. */
__attribute__((format(printf, 2, 3))) void view_note(struct ui *ui, const char *format, ...);
/* "\x1b[...m" when stderr has colour, else "". */
const char *view_colour(const struct ui *ui, const char *code);

void ask_event(struct ui *ui, const struct agent_event *event);
void ask_end(struct ui *ui); /* the question is open no more */
/* True when the cursor stands behind an open question: it has to be asked again below what comes.
 */
bool ask_interrupt(struct ui *ui);
void ask_resume(struct ui *ui);
/* It is decided about this call: a question that is open about it has no answer any more. */
void ask_settle(struct ui *ui, const struct tool_run *run);
void progress_event(struct ui *ui, const struct agent_event *event);
void progress_end(struct ui *ui, const struct agent_result *result);
void progress_end_thinking(struct ui *ui); /* the next on the terminal begins a line */
void progress_wipe(struct ui *ui); /* takes the spinner away until its next step */
void progress_stop_spinner(struct ui *ui);
void timings_show(struct ui *ui, const struct agent_result *result);
void changes_put_json(struct json_writer *w, struct keep *keep);
void timings_put_json(
	struct json_writer *w, const struct ui *ui, const struct agent_result *result);
/* 1234 -> "1.2 k", 3 digits at most; bytes as "1.2 KB". out holds at least 16. */
const char *view_count(int64_t n, char out[16]);
const char *view_bytes(int64_t n, char out[16]);
const char *view_cost(int64_t nanousd, char out[32]); /* "$0.0123", "$?" when unknown */
const char *view_duration(int64_t ns, char out[16]); /* "1.2 ms", "3.4 s" */
/* Terminal cells of a line on stderr, as it is now; 80 when it goes elsewhere. */
size_t view_columns(const struct ui *ui);
/* Appends text for one line in exactly so many cells: cut, or filled with spaces. */
void view_put_cells(struct buf *line, struct str text, size_t cells);
size_t view_cells(struct str text); /* terminal cells of text without sequences */

int64_t view_input_tokens(const struct usage *u); /* cached ones, too */
/* Text on one line of Markdown that means itself. */
void document_put_literal(struct buf *out, struct str text, size_t cells);
/* The members session_id, uuid and, in a batch, the task's. */
void report_put_ids(struct json_writer *w, const struct ui *ui);
void report_put_usage(struct json_writer *w, const struct usage *u);
void report_put_cost(struct json_writer *w, int64_t cost_nanousd);

/* "2 tool calls, 1.2k tokens in, 20 out" */
void view_put_counts(struct buf *line, const struct agent_result *result);

/* Shows what is held back of the answer: something else comes on the terminal. */
void text_pause(struct ui *ui);
/* By NO_COLOR and FORCE_COLOR, else what the terminal can. */
bool view_wants_colour(
	const char *(*environment)(const char *name), bool is_terminal, bool is_dumb);
/* Of the terminal at fd, as it is now. */
void view_screen(int fd, size_t *columns, size_t *rows);

/* One answer on stdout, whole, and behind it the start of a line. */
void text_whole(struct ui *ui, struct str text);
void text_event(struct sink *s, const struct agent_event *event);
void json_event(struct sink *s, const struct agent_event *event);
void stream_json_begin(struct sink *s, struct str task);
void stream_json_event(struct sink *s, const struct agent_event *event);
void document_begin(struct sink *s, struct str task);
void document_event(struct sink *s, const struct agent_event *event);
void diff_event(struct sink *s, const struct agent_event *event);
void diff_end(struct sink *s);

#endif
