// SPDX-License-Identifier: MIT
/*
 * batch: what a person or a script sees of a batch. stdout and files get what has become of the
 * tasks, in one of the formats; stderr a live view on a terminal, else a line a task. A reader of
 * the runner's events; decides nothing. Results are not kept: they are read back from the journal
 * when it is their turn, so that memory stays the same however many there are and however slowly
 * stdout takes them.
 *
 *   batch_ui_new > runner_start > batch_ui_begin > events > RUNNER_OVER > the loop runs until
 *   batch_ui_done > batch_ui_end > batch_ui_free > runner_free
 */
#ifndef UI_BATCH_H
#define UI_BATCH_H

#include "batch/runner.h"
#include "ui/ui.h"

struct batch_ui;

struct batch_ui_options {
	const struct format *format; /* of stdout; batch_takes_format */
	const struct ui_output *outputs; /* that can be written; they stay until batch_ui_free */
	size_t output_count;
	const char *directory; /* a file a task; NULL none. batch_check_directory */
	const char *only; /* the id of the one task that is shown; NULL: all */
	bool is_unordered; /* text and json: as the tasks end, not as they are in the list */
	bool is_quiet; /* nothing on stderr but errors */
	bool is_verbose; /* also attempts that are made again */
	bool is_plain; /* answers as they come, also on a terminal */
	bool has_schema; /* answers are JSON */
	bool shows_partial; /* stream-json: also pieces of text */
	const char *(*environment)(const char *name);
	/* Appends the path of what the task changed; false: there is none. NULL: never. */
	bool (*patch_file)(void *self, uint32_t task, struct buf *path);
	void *self;
};

/* ERR_USAGE for formats that are only of single runs. */
[[nodiscard]] bool batch_takes_format(const struct format *format, struct err *e);
/*
 * Makes the directory and finds a place in it for each task: its "output" with everything filled
 * in, else its id as a file's name. ERR_USAGE names those that would leave it or are the same.
 */
[[nodiscard]] bool batch_check_directory(
	const struct tasks *tasks, const char *directory, bool has_schema, struct err *e);

/* Whether a task's file in such a directory has this name. */
bool batch_has_file(const struct tasks *tasks, bool has_schema, struct str name);

/* The list is finished, and stays until batch_ui_free, as the name of the run does. */
[[nodiscard]] struct batch_ui *batch_ui_new(struct loop *loop,
	const struct batch_ui_options *options, const struct tasks *tasks, const char *run);
/* Before the loop runs. What ended in an earlier session is shown as if it had ended now. */
void batch_ui_begin(struct batch_ui *b, const struct runner *runner);
void batch_ui_event(void *b, const struct runner_event *event);
/* Why nothing starts at the moment, for people; absent: there is no such reason. */
void batch_ui_wait(struct batch_ui *b, struct str why);
/* One line on stderr, unless quiet: "fettle: sentence". */
void batch_ui_note(struct batch_ui *b, struct str sentence);
/* True once it is over and stdout has taken everything, or takes nothing any more. */
const bool *batch_ui_done(const struct batch_ui *b);
/* The same as ui_on_output_error. */
void batch_ui_on_output_error(
	struct batch_ui *b, void (*call)(void *self, const struct err *e), void *self);
/* Forgets what stdout has not taken: somebody wants it to end at once. */
void batch_ui_abandon_output(struct batch_ui *b);
/*
 * Puts the files in place and says how it went. False: some output is not whole, which has been
 * told on stderr, all but a stdout that failed: that is in e, whose code is ERR_NONE otherwise.
 */
[[nodiscard]] bool batch_ui_end(struct batch_ui *b, struct err *e);
void batch_ui_free(struct batch_ui *b); /* without an end, files stay what they were */
/* One line on stderr, also when quiet: "fettle: sentence". */
void batch_ui_error(struct batch_ui *b, const struct err *e);

/* ---- runs that are on the disk ---- */

/* All runs, as a table or as JSON (docs/batch-status.schema.json). */
[[nodiscard]] bool batch_status_list(
	const char *directory, bool as_json, struct buf *out, struct err *e);
/* One run; word is what somebody calls it: see journal_find. */
[[nodiscard]] bool batch_status_run(
	const char *directory, const char *word, bool as_json, struct buf *out, struct err *e);

#endif
