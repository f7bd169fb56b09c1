// SPDX-License-Identifier: MIT
/*
 * post: a list of tasks through a provider's batch API, at half the price. Hands tasks in as
 * batches, waits for them and collects what came of them, in waves: what needs others goes when
 * they are done. For tasks that are one question without tools.
 *
 * What was handed in is known again: a line in the journal is safe before a batch goes out, another
 * one names it. After kill -9 the batch that is under way is waited for and nothing is sent twice;
 * where an answer of the provider was lost, its list of batches is looked through first.
 *
 * While it works the journal's commits are its own, and so are the schedule's questions. All on the
 * loop's thread; every callback comes from the loop.
 */
#ifndef BATCH_POST_H
#define BATCH_POST_H

#include "batch/journal.h"
#include "call/batches.h"

struct post;

/* All of it stays until the end. */
struct post_options {
	const struct call_world *world;
	const struct route *route; /* fallbacks are not asked: a batch lies with one provider */
	struct journal_writer *journal;
	struct schedule *schedule; /* nothing was asked of it yet */
	const struct run_past *past; /* of a resume; NULL: a new run */
	size_t task_count;
	/* Of one batch, below what the provider takes; 0: 100,000 and 48 MB, which are in memory.
	 */
	size_t requests_max, size_max_bytes;
	/* Of results that wait for the disk: past it, reading begins anew later; 0: 64 MB. */
	size_t waiting_max_bytes;
	/* Between two looks at a batch: first, doubling up to; 0: 5 s and 60 s. */
	int64_t poll_first_ms, poll_max_ms;
};

/* Where the journal says it. */
struct post_line {
	uint64_t offset;
	uint32_t length;
};

/* What became of a task, and is in the journal. */
struct post_outcome {
	bool is_done;
	bool is_final; /* false: it failed, and goes again with a later batch */
	bool stops_others; /* it failed, and nothing more is handed in because of that */
	int attempt;
	struct str result; /* of one that is done */
	const char *class; /* of one that failed, as a runner has it: "validation", "server" ... */
	struct str message;
	struct run_usage usage; /* at the price of batches; its cost -1: nobody knows */
	struct post_line line;
};

enum post_news_kind { POST_SENT, POST_FOUND_AGAIN, POST_UNDER_WAY, POST_ENDED, POST_TROUBLE };

/* For people: strings are valid during the call. */
struct post_news {
	enum post_news_kind kind;
	struct str batch; /* the provider's name; "" TROUBLE before there is one */
	size_t requests; /* of this batch */
	int64_t finished; /* UNDER_WAY: by the provider; -1 it does not say */
	const char *trouble; /* TROUBLE: something will be tried again */
};

enum post_word {
	POST_GO,
	POST_LATER, /* asked again when a batch is collected, or after a while */
	POST_NEVER, /* this task fails for good */
	POST_ENOUGH, /* it does not go, nor does anything behind it */
};

struct post_sink {
	/*
	 * The question of a task, whose model is the route's to set; valid until the next call. May
	 * be asked for again. False: it cannot be put (e), and fails for good.
	 */
	bool (*prompt)(void *self, uint32_t task, struct prompt *out, struct err *e);
	void (*outcome)(void *self, uint32_t task, const struct post_outcome *outcome);
	void (*skipped)(void *self, uint32_t task, uint32_t because, const struct post_line *line);
	void (*news)(void *self, const struct post_news *news); /* may be NULL */
	/*
	 * Exactly once, last. e NULL: nothing is left to do. ERR_CANCELLED after post_stop;
	 * anything else: it cannot go on. under_way batches stay with the provider, for a resume.
	 */
	void (*end)(void *self, const struct err *e, size_t under_way);
	void *self;
	/* All of the following may be NULL. */
	/* Whether a request of so many bytes may go; e with NEVER. */
	enum post_word (*admit)(void *self, uint32_t task, const struct prompt *prompt,
		size_t size_bytes, struct err *e);
	/* What was admitted did not go out: it is asked for again, if at all. */
	void (*released)(void *self, uint32_t task);
	/* The provider has it; in each session once. */
	void (*started)(void *self, uint32_t task, int attempt);
	/*
	 * Whether a whole answer will do; answer: what of it counts, in the text or the arena.
	 * False: the task has failed with it (e), class "task".
	 */
	bool (*accept)(void *self, uint32_t task, struct str text, struct arena *a,
		struct str *answer, struct err *e);
};

/* The route has batches (batches_are_there). */
struct post *post_start(const struct post_options *options, const struct post_sink *sink);
/*
 * Nothing more is handed in; what the provider has is waited for and collected, and then it ends.
 */
void post_finish(struct post *post);
/* Ends it soon; what the provider has stays there, and a resume collects it. */
void post_stop(struct post *post);
/*
 * Nothing more is handed in, and what the provider has not begun is cancelled there; what it has is
 * collected, and then it ends.
 */
void post_cancel(struct post *post);

#endif
