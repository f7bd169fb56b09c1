// SPDX-License-Identifier: MIT
/*
 * shell: the commands of one conversation, in the foreground and in the background. Each has a
 * shell of its own, in the fence. What it says goes into a file in the fence's directory for
 * temporary files, of which the ends are kept for the model. Any thread.
 */
#ifndef AGENT_SHELL_H
#define AGENT_SHELL_H

#include <stdatomic.h>

#include "agent/fence.h"

enum {
	SHELL_TEXT_MAX = 30'000, /* characters that are shown: the first half, and the last */
	SHELL_JOBS_MAX = 8, /* that run at the same time in the background */
	SHELL_FILE_MAX_BYTES = 64 << 20, /* of output that is kept */
};

struct shell;

struct shell_command {
	struct fence *fence;
	struct str text; /* for the shell's -c */
	const char *directory; /* absolute */
	int64_t timeout_ms; /* 0: none */
	const atomic_bool *cancel; /* NULL, or a flag that ends it */
};

[[nodiscard]] struct shell *shell_new(void);
/* Ends everything in the background and waits for it. NULL is nothing. */
void shell_free(struct shell *s);

enum shell_end {
	SHELL_RUNS,
	SHELL_ENDED, /* by itself, or by a signal of somebody's */
	SHELL_TIMED_OUT,
	SHELL_STOPPED, /* cancelled, or stopped by a later call */
	SHELL_LIMITED, /* why says which limit */
};

/* What is to be told of a command; release it. */
struct shell_report {
	int number; /* of the job; 0 in the foreground */
	enum shell_end end;
	int status; /* as shells have it: 128 + the signal */
	const char *why;
	int64_t ran_ms;
	enum sandbox_kind kind;
	struct buf text; /* what it said, plain, for people and models; only what is new of a job */
};
void shell_report_release(struct shell_report *r);

/* Runs it to its end. False when it could not start. */
[[nodiscard]] bool shell_run(struct shell *s, const struct shell_command *command,
	struct shell_report *out, struct err *e);
/* Starts it in the background. ERR_LIMIT at SHELL_JOBS_MAX. */
[[nodiscard]] bool shell_start(
	struct shell *s, const struct shell_command *command, int *number, struct err *e);
/*
 * What is new of a job, after waiting for its end for at most wait_ms. ERR_NOT_FOUND when there is
 * no such job; the sentence lists those there are.
 */
[[nodiscard]] bool shell_read(struct shell *s, int number, int64_t wait_ms,
	const atomic_bool *cancel, struct shell_report *out, struct err *e);
/* Ends the job and reads it. */
[[nodiscard]] bool shell_stop(struct shell *s, int number, const atomic_bool *cancel,
	struct shell_report *out, struct err *e);

#endif
