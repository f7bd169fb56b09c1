// SPDX-License-Identifier: MIT
/*
 * command: one word people type. One file and one const entry a command; main, --help and the man
 * page all read the same table.
 */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include <stdint.h>

#include "base/option.h"

enum exit_status {
	EXIT_DONE = 0,
	EXIT_TASK_FAILED = 1,
	EXIT_USAGE = 2, /* usage or configuration */
	EXIT_PROVIDER = 3,
	EXIT_TIMEOUT = 4,
	EXIT_LIMIT = 5,
	EXIT_INTERRUPTED = 130,
	EXIT_TERMINATED = 143,
};

/* What main knows before any command runs. */
struct program {
	int64_t exec_ns; /* CPU time used before main */
	int64_t main_at; /* monotonic clock at main */
	bool has_stdin, has_stdout;
};

struct command {
	const char *name;
	const char *brief; /* one line */
	const char *synopsis[8]; /* operands and options as typed behind the name, NULL-ended */
	const char *description; /* paragraphs separated by an empty line */
	const struct option *options;
	const char *examples[8]; /* command lines that work, NULL-ended */
	/*
	 * What --help is of where there are words besides: a part of the command, in the arena.
	 * NULL: the command itself.
	 */
	const struct command *(*part)(const struct options *given, struct arena *a);
	/* words are those behind the command's name. Returns the exit status. */
	int (*run)(const struct program *program, int count, char *const *words);
};

/* NULL-terminated, in the order of --help. */
extern const struct command *const commands[];
const struct command *command_find(const char *name);
/* The command nearest to a wrong word; NULL when none is near. */
const char *command_nearest(const char *word);

/* Rows for the options of a command that asks providers. */
#define TRUST_OPTIONS \
	{"ca-file", 0, "FILE", \
		"trust the certificates in this PEM file instead of the system's authorities"}, \
	{ \
		"insecure", 0, NULL, \
			"do not verify TLS; for a server on this machine only (localhost, 127.0.0.1, ::1)" \
	}

/* Rows for the options of a command whose calls have limits: settings_rates reads them. */
#define LIMIT_OPTIONS \
	{"rpm", 0, "N", "ask each model at most N times a minute, together with your other runs"}, \
		{"tpm", 0, "N", "let each model have at most N tokens a minute"}, \
	{ \
		"concurrent", 0, "N", "ask each model at most N things at the same time" \
	}

/* Rows for the options of a command that works on tasks. cmd/spending.h */
#define BUDGET_OPTIONS \
	{"max-cost", 0, "USD", \
		"make no model call that could bring the cost of the run above this"}, \
		{"max-tokens", 0, "N", \
			"make no model call that could bring the tokens of the run above this"}, \
		{"max-task-cost", 0, "USD", "the same for each task"}, \
	{ \
		"max-task-tokens", 0, "N", "the same for each task" \
	}

struct route;
struct http_trust;
/* What they say, of the route and its fallbacks. The strings live in the arena. */
[[nodiscard]] bool command_trust(const struct options *given, const struct route *route,
	struct arena *a, struct http_trust *out, struct err *e);

/* On stdout, for words given with the command. */
void command_print_help(
	const struct command *command, const struct options *given, struct arena *a);
/* Prints "fettle: sentence" and how to get help; returns EXIT_USAGE. */
int command_wrong_usage(const struct command *command, const struct err *e);
/* The same for a usage error; for others the sentence alone. Returns EXIT_USAGE. */
int command_failed(const struct command *command, const struct err *e);
/* For commands that print with stdio: EXIT_DONE when stdout took it all or its reader went away. */
int command_end_output(void);
/* The exit status that belongs to an error. */
int command_exit_status(const struct err *e);

#endif
