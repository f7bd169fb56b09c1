// SPDX-License-Identifier: MIT
/*
 * lsp: what language servers say about files of the workspace. A server is looked for in PATH and
 * started when a file of its language is first asked about, once for all conversations of the run;
 * one that fails is told once and not asked again. Any thread may ask.
 */
#ifndef AGENT_LSP_H
#define AGENT_LSP_H

#include "agent/fence.h"
#include "agent/tool/tool.h"

struct lsp;

enum lsp_mode {
	LSP_AUTO, /* after an edit nobody waits longer than 2 s */
	LSP_ON, /* nor longer than the wait */
	LSP_OFF, /* there are none */
};

/* What the user's settings say of a server; one with a built-in one's name takes its place. */
struct lsp_program {
	struct str name;
	const struct str *command; /* empty: the built-in one's */
	size_t command_count;
	const struct str *endings; /* ".c"; none: the built-in one's */
	size_t ending_count;
	bool is_off;
};

struct lsp_options {
	const struct workspace *workspace;
	enum lsp_mode mode;
	struct fence_options fence; /* of the servers */
	int64_t wait_ms; /* for the diagnostics of a server that runs */
	const struct lsp_program *programs;
	size_t program_count;
};

/* options and what they point to stay. Looks at nothing and starts nothing. */
[[nodiscard]] struct lsp *lsp_new(const struct lsp_options *options);
/* Stops the servers; NULL is nothing. */
void lsp_free(struct lsp *lsp);

/* A file, and what there is to say of it. */
struct lsp_file {
	struct str path; /* relative to the root, without links */
	struct str shown; /* as seen from the working directory */
};

/*
 * Appends a line for each error and warning of these files: "path:line:col: error: message [source
 * code]", lines and columns (characters) from 1. Where nothing can be said, a line tells why. False
 * when that is so for all of them.
 */
[[nodiscard]] bool lsp_put_diagnostics(
	const struct tool_call *call, const struct lsp_file *files, size_t count, struct buf *out);
/*
 * For a tool that has changed files: appends the errors that are in them now, if that is quickly
 * known, and remembers the files for the conversation. Not in a dry run.
 */
void lsp_after_edit(
	const struct tool_call *call, const struct lsp_file *files, size_t count, struct buf *out);

/* Files that a conversation has changed, in the order of their first change. */
struct lsp_edited;
[[nodiscard]] struct lsp_edited *lsp_edited_new(void);
void lsp_edited_free(struct lsp_edited *edited);
void lsp_edited_add(struct lsp_edited *edited, const struct lsp_file *files, size_t count);
/* Copies into the arena; NULL when there is none. */
struct lsp_file *lsp_edited_files(const struct tool_call *call, size_t *count);

/* Whether one of the servers is there. */
bool lsp_has_program(const struct lsp_options *options);
/* For people: each server and where it was found; path is absent when it was not. */
void lsp_each_program(const struct lsp_options *options,
	void (*visit)(void *self, struct str name, struct str path), void *self);

#endif
