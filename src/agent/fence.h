// SPDX-License-Identifier: MIT
/*
 * fence: the sandbox of a run's children: commands, and servers that tools talk to. Knows which
 * files of a workspace and of a user are to be protected or hidden, and which variables of our
 * environment a child may see. One a run; any thread.
 */
#ifndef AGENT_FENCE_H
#define AGENT_FENCE_H

#include "agent/secret.h"
#include "agent/workspace.h"
#include "io/sandbox.h"

struct fence_options {
	const struct workspace *workspace; /* stays as long as the fence; the rest does, too */
	const struct secret_rules *secrets;
	enum sandbox_wish wish;
	bool is_readonly; /* the workspace, too */
	bool has_network;
	const struct str *passed; /* names of variables that children see after all */
	size_t passed_count;
	const struct str *writable; /* further directories, absolute or from "~/" */
	size_t writable_count;
	const char *hidden; /* a directory that children do not see, whatever of it is the
			       workspace's or its repository's excepted; NULL: none */
};

struct fence;

[[nodiscard]] struct fence *fence_new(const struct fence_options *options);
/* Another one with the same options, and with the network or without. */
[[nodiscard]] struct fence *fence_beside(const struct fence *f, bool has_network);
/*
 * Another one with the same options for another workspace, whose files are secret by other rules;
 * hidden as above.
 */
[[nodiscard]] struct fence *fence_elsewhere(const struct fence *f, const struct workspace *w,
	const struct secret_rules *secrets, const char *hidden);
/* After the last child has ended; its directory for temporary files goes, too. NULL is nothing. */
void fence_free(struct fence *f);
/*
 * For child_start, until the fence is freed. At the first call it looks for what is to be hidden
 * and tries the sandbox. ERR_DENIED when the kind wished for does not work.
 */
[[nodiscard]] const struct sandbox *fence_sandbox(struct fence *f, struct err *e);
/* Environment of children: NULL-ended, until the fence is freed. */
const char *const *fence_environment(struct fence *f);
/* Our own path of the directory for temporary files; "" before fence_sandbox. */
const char *fence_temporary(const struct fence *f);

/* 1, 2, 3 ...: for names in that directory. */
int fence_number(struct fence *f);

/* Whether a variable of this name and value is kept from children. */
bool fence_withholds(const struct fence_options *options, struct str name, struct str value);

#endif
