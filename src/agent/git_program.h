// SPDX-License-Identifier: MIT
/*
 * git_program: the git program on a repository that nobody vouches for. Its configuration may name
 * programs (fsmonitor, hooks, diff drivers, filters, transports); none of them is started, and
 * nothing is fetched. Nothing of our own environment reaches it but what it needs to be itself.
 */
#ifndef AGENT_GIT_PROGRAM_H
#define AGENT_GIT_PROGRAM_H

#include "base/arena.h"
#include "base/vec.h"
#include "io/child.h"

/* {0} is a valid start. Once it is open it does not change: any thread may run it. */
struct git_program {
	const char *root; /* where it is started */
	const char *path; /* of the program */
	struct arena arena;
	VEC(const char *) environment; /* "NAME=value", without an end */
};

struct git_words {
	const char *const *arguments; /* after "git" and what hardens it; NULL-ended */
	const char *const *variables; /* "NAME=value", NULL-ended; NULL: no further ones */
	struct str input; /* on its stdin */
	size_t out_max_bytes;
	int64_t deadline_ms;
	const atomic_bool *cancel; /* may be NULL */
};

/* ERR_NOT_FOUND when git is not installed. */
[[nodiscard]] bool git_program_open(struct git_program *g, const char *root, struct err *e);
void git_program_release(struct git_program *g);
/*
 * Filters (clean, smudge, process) are run by whatever compares or writes files. Those that the
 * repository's own configuration names are set to nothing from now on, and with all_of_them the
 * user's, too.
 */
[[nodiscard]] bool git_program_silence(
	struct git_program *g, bool all_of_them, const atomic_bool *cancel, struct err *e);
/* True when it ran, whatever its status. Release the result. */
[[nodiscard]] bool git_program_run(const struct git_program *g, const struct git_words *words,
	struct child_result *result, struct err *e);
/* The first line of what it said on stderr, without "fatal: " or "error: ". */
struct str git_program_complaint(const struct child_result *result);

#endif
