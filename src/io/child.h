// SPDX-License-Identifier: MIT
/*
 * child: one program run to its end, from a worker thread. No shell; its own process group, so that
 * its children go with it; only the environment that is given.
 */
#ifndef IO_CHILD_H
#define IO_CHILD_H

#include <stdatomic.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "io/sandbox.h"

struct child_options {
	const char *program; /* absolute path: child_find */
	const char *const *arguments; /* with argument 0; NULL-ended */
	const char *const *environment; /* "NAME=value"; NULL-ended */
	const char *directory; /* where it starts; NULL: here */
	struct str input; /* on its stdin */
	size_t out_max_bytes; /* what comes after is read and dropped */
	size_t errors_max_bytes;
	int64_t deadline_ms; /* from the start; the group is killed then */
	const atomic_bool *cancel; /* NULL, or a flag that kills the group */
};

/* A program that is started and then the caller's to talk to, to wait for and to kill. */
struct child_start {
	const char *program; /* absolute path */
	const char *const *arguments; /* with argument 0; NULL-ended */
	const char *const *environment; /* "NAME=value"; NULL-ended */
	const char *directory; /* where it starts; NULL: here */
	int in_fd, out_fd, errors_fd; /* become 0, 1 and 2; in_fd -1: /dev/null */
	const struct sandbox *sandbox; /* NULL: as free as we are */
};

/*
 * In a process group of its own, with no signal blocked or ignored. With a sandbox, pid is that of
 * the child's keeper, which has its exit status (128 + the signal that ended it): end it with
 * sandbox_end, and from the thread's end on it ends by itself.
 */
[[nodiscard]] bool child_spawn(const struct child_start *start, pid_t *pid, struct err *e);

/* A descriptor that becomes readable when the program ends; -1 before Linux 5.3. */
[[nodiscard]] int child_watch(pid_t pid);
/* Ended, but not yet collected: its number cannot become another's meanwhile. */
bool child_has_ended(pid_t pid);
/*
 * Kills what is left of its process group, waits for it, and gives its exit status, or 128 + the
 * signal that ended it.
 */
int child_collect(pid_t pid);

struct child_result {
	struct buf out, errors; /* stdout and stderr, up to their limits */
	uint64_t out_bytes; /* written to stdout, with what was dropped */
	int status; /* exit status, or 128 + the signal that ended it */
};

/*
 * False when it could not start, at the deadline (ERR_TIMEOUT) or when cancelled (ERR_CANCELLED).
 * Whatever is left of its process group is killed when it ends. Release the result.
 */
[[nodiscard]] bool child_run(
	const struct child_options *options, struct child_result *out, struct err *e);
void child_result_release(struct child_result *r);
/* Finds a program in the absolute directories of PATH; appends its path. False: there is none. */
[[nodiscard]] bool child_find(const char *name, struct buf *path);

#endif
