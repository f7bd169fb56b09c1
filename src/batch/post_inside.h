// SPDX-License-Identifier: MIT
/* post_inside: what the files of post share. Private to them. */
#ifndef BATCH_POST_INSIDE_H
#define BATCH_POST_INSIDE_H

#include "batch/post.h"
#include "io/pool.h"

/*
 * The life of a parcel, which is a batch as we see it. post_parcel.c
 *
 *   filling > noted > [uploading >] creating > named > waiting > looking > collecting > settled
 *                                     |  ^                ^         |          |
 *                                unclear |                +---------+----------+
 *                                     v  |
 *                                  searching > named, or creating again, or given up (a resume)
 *
 * Noted, named and settled wait for the disk.
 */
struct parcel {
	struct post *post;
	char label[PARCEL_LABEL_MAX_BYTES + 1];
	uint32_t *tasks;
	bool *is_told; /* by position in the batch: its outcome is known */
	size_t task_count, task_room;
	struct buf items; /* until it is handed in */
	struct arena arena; /* of what follows */
	struct str file, batch; /* the provider's names; "" none yet */
	struct batch_status status;
	int64_t at_ms; /* when it was noted, by our clock */
	bool is_started; /* which was told */
	bool is_unclear; /* without a name: the provider may have it all the same */
	bool is_guess; /* the batch was found again by its size and time */
	bool is_foreign; /* and it is somebody else's */
	struct str *rejected; /* batches that are */
	size_t rejected_count;
	bool is_collecting, is_choked, wants_cancel;

	struct call *call;
	struct batches_question question;
	struct timer *timer;
	uint64_t awaited; /* the note that has to be safe before then is called; 0 nothing */
	void (*then)(struct parcel *parcel);
	int number; /* of the results that are being read */
	int64_t wait_ms; /* before the next look */
	int failures; /* in a row */
	int searches;
	bool is_contested; /* SEARCHING: another parcel, which may be wrong, has what may be ours */
	struct batch_status best; /* SEARCHING: nearest so far; its id "" none */
	int pages;
	size_t broken_lines;
};

struct told {
	uint64_t number; /* of its note */
	uint32_t task;
	bool is_skip;
	uint32_t because;
	struct post_line line;
	struct post_outcome outcome;
	struct buf text; /* behind result or message */
};

struct post {
	struct post_options options;
	struct post_sink sink;
	struct pool *pool; /* one thread, for commits */
	bool is_committing;
	struct err commit_error;
	bool has_commit_failed;
	uint32_t *earlier_attempts;
	struct parcel **parcels;
	size_t parcel_count;
	struct parcel *filling; /* one of them */
	struct timer *fill_timer, *end_timer;
	bool has_left_over; /* a task that did not fit into the batch before */
	uint32_t left_over;
	int laters; /* in a row, with nothing under way */
	VEC(struct told) told; /* in the order of their notes */
	size_t told_count; /* of them, which were passed on */
	size_t told_bytes; /* of those that were not */
	bool is_stopping, wants_finish, wants_cancel, is_ending;
	struct err error; /* why it ends */
};

/* ---- post.c ---- */

struct parcel *post_add_parcel(struct post *post);
/* It is settled: its tasks that go again are ready, and it is gone. */
void post_drop_parcel(struct parcel *parcel);
/* Has what was noted reach the disk; then parcels that awaited it go on. */
void post_commit(struct post *post);
/* It is to end: once the disk has what was noted and every question has come back. */
void post_end_when_safe(struct post *post);
/* Ends it, with what is wrong; nothing more is begun. */
void post_fail(struct post *post, const struct err *e);
void post_done(struct parcel *parcel, size_t position, const struct batch_result *result);
void post_failed(struct post *post, uint32_t task, enum failure failure, const char *class,
	struct str message, const struct run_usage *usage);
/* The parcel's tasks are with the provider. */
void post_started(struct parcel *parcel);
/* A task that was admitted and did not go out is ready again. */
void post_give_back(struct post *post, uint32_t task);
void post_tell(struct post *post, enum post_news_kind kind, const struct parcel *parcel,
	const char *trouble);

/* ---- post_fill.c ---- */

/* From the next turn of the loop on; ends it when nothing is left to do. */
void post_fill_soon(struct post *post);

/* ---- post_parcel.c ---- */

void parcel_send(struct parcel *parcel); /* it is filled */
void parcel_resume(struct parcel *parcel);
void parcel_cancel(struct parcel *parcel);
/* Ends what is under way for it here. */
void parcel_hang_up(struct parcel *parcel);

#endif
