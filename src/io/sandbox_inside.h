// SPDX-License-Identifier: MIT
/* sandbox_inside: what the files of the sandbox share. Private to io/. */
#ifndef IO_SANDBOX_INSIDE_H
#define IO_SANDBOX_INSIDE_H

#include <linux/filter.h>

#include "base/arena.h"
#include "base/vec.h"
#include "io/child.h"
#include "io/sandbox.h"

struct sandbox {
	enum sandbox_kind kind;
	struct sandbox_rules rules;
	int abi; /* Landlock's; 0 none */
	const char *bubblewrap; /* path of the program */
	struct arena arena;
};

enum { FILTER_MAX = 256, SANDBOX_TASKS_MAX = 2'000 };

/* On the whole machine; 0 when it does not tell. */
uint64_t sandbox_all_tasks(void);

/* A system call filter; built before the fork, used after it. */
struct filter {
	struct sock_filter code[FILTER_MAX];
	unsigned short n;
};

/* kind decides on sockets: under bubblewrap the network namespace does that. */
void filter_build(struct filter *f, const struct sandbox *s);

/* Everything that is needed between fork and exec, where nothing may be allocated. */
struct plan {
	enum sandbox_kind kind;
	const char *program;
	const char *const *arguments, *const *environment;
	const char *directory;
	int in_fd, out_fd, errors_fd;
	int filter_fd; /* bubblewrap: the filter, in a file of memory; else -1 */
	int ruleset_fd; /* Landlock: the rules on files and signals; else -1 */
	int guard_fd; /* a ruleset that keeps the keeper's signals to its own; -1 none */
	int failure_fd; /* takes errno when it does not come to exec */
	int lock_fd; /* as long as it is shared, placeholders are in use; -1 none */
	pid_t parent;
	uint64_t tasks_max; /* of the user, everywhere: RLIMIT_NPROC, which does not hold root */
	struct filter filter;
	VEC(const char *) words;
	VEC(const char *) placeholders; /* paths */
	struct arena arena;
};

void plan_release(struct plan *p);
/* Absolute paths; also when they are the same. */
bool path_is_below(const char *path, const char *directory);
/* The words for bwrap; program and directory become part of them. */
[[nodiscard]] bool plan_bubblewrap(struct plan *p, const struct sandbox *s, struct err *e);
/* Takes the placeholders away when nobody else uses them; safe after a fork. */
void placeholders_remove(const struct plan *p);
[[nodiscard]] bool plan_landlock(struct plan *p, const struct sandbox *s, struct err *e);
/* A ruleset whose only rule is that signals stay inside; -1 where the kernel has none. */
int landlock_guard(int abi);
int landlock_abi(void);
bool landlock_enter(int ruleset_fd);

/* child_spawn for a start that has a sandbox. */
[[nodiscard]] bool sandbox_spawn(const struct child_start *start, pid_t *pid, struct err *e);
/* In the forked process; does not return. */
_Noreturn void keeper_run(const struct plan *p);

#endif
