// SPDX-License-Identifier: MIT
/* batch: what the files of the command share. Private to them. */
#ifndef CMD_BATCH_H
#define CMD_BATCH_H

#include "batch/isolate.h"
#include "batch/runner.h"
#include "cmd/run.h"
#include "ui/batch.h"

/* Of an attempt of a task: what it may spend, and who spends it. */
struct batch_purse {
	struct budget *budget; /* NULL nothing is limited */
	struct ledger_who who;
};

/* The route of a model that tasks name. */
struct batch_route {
	struct str model;
	const struct route *route;
};

struct batch {
	struct run run;
	const char *state; /* fettle's own directory below XDG_STATE_HOME */
	struct tasks tasks;
	struct options typed; /* now, or for the run that goes on; no settings */
	struct str context; /* told before every task; "" none */
	VEC(struct batch_route) routes;
	struct batch_purse **purses; /* by task; NULL: it is not worked on */
	char name[RUN_NAME_BYTES]; /* of the run */
	struct run_past past;
	struct journal_writer *journal;
	int journal_fd;
	struct runner_options options;
	struct runner *runner;
	struct batch_ui *ui;
	struct timer *patience;
	bool is_posted; /* through a provider's batches */
	struct runner_post post;
	struct timer *grace; /* after an interrupt, before they are left alone */
	bool is_over;
	bool is_unread; /* nobody takes what is said on stdout */
	bool has_directory; /* of files for results */
	int signals; /* that asked for the end */
	struct isolate *isolate; /* NULL: all work in the user's files */
	struct batch_tree **trees; /* by task */
	atomic_bool is_cancelled; /* what git does for them ends soon */
	bool has_conflict, is_applying;
	int applied_fd; /* while patches are applied */
	struct buf scratch;
	struct batch_queue *queue; /* NULL: agents here */
};

/* batch.c: the tasks of run, which were typed with this table; run is given back. The status. */
int batch_words(struct run *run, const struct option *table, const struct program *program);

/* batch_tasks.c: the list, from files, words and stdin; what is wrong with it goes to stderr. */
[[nodiscard]] bool batch_read_tasks(struct batch *b, const struct program *program, struct err *e);
/* Every model that tasks name is there before anything runs. */
[[nodiscard]] bool batch_check_models(struct batch *b, struct err *e);

/* batch_check.c: what is written may be nothing that is read. Makes --output-dir. ERR_USAGE. */
[[nodiscard]] bool batch_check_outputs(struct batch *b, struct err *e);

/* batch_past.c */
/* What was typed, as a JSON object for the journal. */
void batch_put_options(const struct batch *b, struct buf *out);
/*
 * Goes on with the run of --resume or --retry-failed: its list, and what was typed for it where
 * nothing else is typed now. ERR_USAGE.
 */
[[nodiscard]] bool batch_resume(struct batch *b, const struct option *table, struct err *e);

/* batch_isolate.c: work trees, where --isolate asks for them; for runner_options. */
[[nodiscard]] bool batch_open_trees(struct batch *b, struct err *e);
[[nodiscard]] bool batch_enter(void *batch, uint32_t task, struct task_place *out, struct err *e);
[[nodiscard]] bool batch_leave(void *batch, uint32_t task, bool is_done, struct err *e);
void batch_close_trees(struct batch *b);
bool batch_patch_file(void *batch, uint32_t task, struct buf *path);
/* The patches of what is done, once a run. False without e.code: some do not fit, which was told.
 */
[[nodiscard]] bool batch_apply(struct batch *b, struct err *e);

/* batch_post.c */
/* The list and the model are known. Whether it goes through batches, and whether it can; ERR_USAGE.
 */
[[nodiscard]] bool batch_check_post(struct batch *b, struct err *e);
/* Batches have no tools. */
void batch_drop_tools(struct batch *b);
void batch_fill_post(struct batch *b);
/* What stays with the provider in the end. */
void batch_tell_under_way(struct batch *b);
void batch_interrupt_post(struct batch *b, bool is_first);

/* batch_queue.c: tasks for workers elsewhere, where --queue asks for them; for runner_options. */
[[nodiscard]] bool batch_queue_check(struct batch *b, struct err *e);
/* The list, its context and --parallel are known. */
[[nodiscard]] bool batch_queue_room(const struct batch *b, struct err *e);
[[nodiscard]] bool batch_queue_open(struct batch *b, struct err *e);
[[nodiscard]] bool batch_hand_over(
	void *batch, uint32_t task, int attempt, const struct agent_task *asked, struct err *e);
void batch_take_back(void *batch, uint32_t task, int attempt);
void batch_queue_event(struct batch *b, const struct runner_event *event);
/* The runner is over. */
void batch_queue_end(struct batch *b);
void batch_queue_close(struct batch *b);

/* batch_work.c: everything is prepared; the status is in run. */
[[nodiscard]] bool batch_work(struct batch *b, struct err *e);
/* The route of a task that names a model, chosen once; NULL and e. */
const struct route *batch_route(void *batch, struct str model, struct err *e);

#endif
