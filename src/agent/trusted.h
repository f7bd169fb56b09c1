// SPDX-License-Identifier: MIT
/*
 * trusted: which files of repositories the user has read and lets start programs. A decision is for
 * one file of one workspace with exactly these bytes; it is kept in a directory of the user's
 * (0700, one file of 0600 a workspace), never inside of the workspace it is about.
 */
#ifndef AGENT_TRUSTED_H
#define AGENT_TRUSTED_H

#include "base/err.h"
#include "base/str.h"

/* Whether the decision for this root is about these bytes. Absent, damaged, foreign: no. */
bool trusted_is(const char *directory, const char *root, struct str bytes);
/* ERR_DENIED when directory lies in root: what the repository brings could decide for itself. */
[[nodiscard]] bool trusted_add(
	const char *directory, const char *root, struct str bytes, int64_t wall_s, struct err *e);
/* ERR_NOT_FOUND when there is none. */
[[nodiscard]] bool trusted_forget(const char *directory, const char *root, struct err *e);

struct trusted {
	const char *root;
	int64_t wall_s; /* when it was decided */
	struct str digest; /* SHA-256, in hexadecimal */
};

/* Every decision, by root; valid during the call. */
void trusted_each(const char *directory, void (*visit)(void *self, const struct trusted *trusted),
	void *self);

#endif
