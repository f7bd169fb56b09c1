// SPDX-License-Identifier: MIT
/*
 * sandbox: what a child may reach. child_spawn takes one; commands, MCP and language servers are
 * started with the same. Three kinds, from strong to nothing:
 *
 *   bubblewrap  namespaces of its own: files, processes, network; seccomp. Debian: bubblewrap
 *   landlock    the kernel's own rules on files and signals (Linux 5.13; 6.12 for signals); seccomp
 *   none        no rules
 *
 * Whatever the kind, a keeper stands between us and the child: a process that ends all that the
 * child has left, however it was forked, when the child ends, when we end it (sandbox_end) or when
 * the thread that started it is gone. docs/security.md says what each kind stops and what not.
 */
#ifndef IO_SANDBOX_H
#define IO_SANDBOX_H

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

enum sandbox_kind { SANDBOX_NONE, SANDBOX_LANDLOCK, SANDBOX_BUBBLEWRAP };
enum sandbox_wish {
	SANDBOX_AUTO,
	SANDBOX_WISH_BUBBLEWRAP,
	SANDBOX_WISH_LANDLOCK,
	SANDBOX_WISH_NONE
};

/* "auto", "bubblewrap", "landlock" or "none". */
[[nodiscard]] bool sandbox_wish_from(const char *word, enum sandbox_wish *out, struct err *e);
const char *sandbox_kind_name(enum sandbox_kind kind);
/* What is wished for, or for auto the strongest that works: tried once in a process (4 ms). */
enum sandbox_kind sandbox_probe(enum sandbox_wish wish);
/* Whether that is more than none; cheap: bubblewrap is tried only where there is no Landlock. */
bool sandbox_is_there(enum sandbox_wish wish);

/* From this version of Landlock on, signals do not leave it (Linux 6.12). */
enum { SANDBOX_SIGNALS_ABI = 6 };

/* For people: what was found. */
struct sandbox_facts {
	bool has_bubblewrap, bubblewrap_works;
	struct buf bubblewrap; /* its path, or why it does not work */
	int landlock_abi; /* 0: the kernel has none */
	bool has_seccomp;
};
void sandbox_look(struct sandbox_facts *facts);
void sandbox_facts_release(struct sandbox_facts *facts);

/*
 * What no rule of the kernel's bounds for a tree of processes, so it is looked at (sandbox_watch).
 * 0: the default.
 */
struct sandbox_limits {
	uint64_t tasks_max; /* processes and threads; 2,000 */
	uint64_t temporary_max_bytes; /* in rules.temporary; 2 GB */
	uint64_t free_min_bytes; /* left where the first of rules.writable is; 512 MB, or half of
				    what was free at the start where that is less */
};

/*
 * All paths are absolute; lists are NULL-ended or NULL. What is in none of them can be read and not
 * written. Stronger comes later: what is hidden is hidden even below what is writable.
 */
struct sandbox_rules {
	const char *const *writable; /* directories; those that are not there are left out */
	const char *const
		*readonly; /* below those; what is not there cannot be made there either */
	const char *const *hidden; /* files and directories */
	/* Files and directories below what is hidden that are seen after all, where the other lists
	   have them; what is hidden below these is hidden. */
	const char *const *shown;
	/*
	 * Directory that is TMPDIR, and /tmp where there is bubblewrap; what lies in the real /tmp
	 * is not seen then. NULL: an empty one for each child (bubblewrap), or none (Landlock).
	 */
	const char *temporary;
	bool has_network;
	struct sandbox_limits limits;
};

struct sandbox;

/* The rules and what they point to stay as long as the sandbox. Any number of children, any thread.
 */
[[nodiscard]] struct sandbox *sandbox_new(
	enum sandbox_kind kind, const struct sandbox_rules *rules);
void sandbox_free(struct sandbox *s); /* NULL is nothing */
enum sandbox_kind sandbox_kind(const struct sandbox *s);
/* The directory for temporary files as a child sees it. */
const char *sandbox_temporary(const struct sandbox *s);

/* Looks after one child, so that it neither floods the machine with processes nor fills the disk.
 */
struct sandbox_watch {
	const struct sandbox *sandbox;
	pid_t pid;
	uint64_t tasks_before, free_before, temporary_free_before; /* of the whole machine */
};
void sandbox_watch_begin(struct sandbox_watch *w, const struct sandbox *s, pid_t pid);
/* For every 100 ms or so; costs microseconds as long as little changes. Why it has to end, or NULL.
 */
const char *sandbox_watch_look(const struct sandbox_watch *w);

enum sandbox_ending { SANDBOX_ASK, SANDBOX_KILL };

/*
 * pid is that of a child started in a sandbox. ASK: SIGTERM now, and after 2 s as KILL. KILL: all
 * of it is ended. Returns at once; the child can be waited for, and when it has ended nothing is
 * left.
 */
void sandbox_end(pid_t pid, enum sandbox_ending how);

#endif
