// SPDX-License-Identifier: MIT
/*
 * server: one language server of a run, from its start to its end, and the files it has been shown.
 *
 *   UNTRIED --asked--> STARTING --initialize answered--> READY --it ends--> FAILED
 *                          +------- no program, no answer, no sandbox --------^
 *
 * Any thread may ask; one thread of the server's own starts it, so that nobody waits longer than
 * they want to. A failure is for good.
 */
#ifndef AGENT_LSP_SERVER_H
#define AGENT_LSP_SERVER_H

#include <stdatomic.h>

#include "agent/fence.h"
#include "agent/lsp/words.h"
#include "agent/workspace.h"
#include "base/err.h"

enum { LSP_WORDS_MAX = 32 };

/* How a server is started, and for which files. */
struct lsp_entry {
	struct str name;
	const char *command[LSP_WORDS_MAX]; /* NULL-ended */
	const char *languages[4]; /* of base/language.h; NULL-ended. Where there are no endings */
	const struct str *endings; /* ".c" */
	size_t ending_count;
	const char *extra; /* initializationOptions; NULL none */
};

struct lsp_server;
struct lsp_document;

/* All three stay. */
[[nodiscard]] struct lsp_server *lsp_server_new(
	const struct lsp_entry *entry, const struct workspace *w, struct fence *fence);
/* The first asks it to end, the second waits for that; so that several end at the same time. */
void lsp_server_stop(struct lsp_server *s);
void lsp_server_free(struct lsp_server *s);
/* Where its program is, appended; false when it is not there. */
[[nodiscard]] bool lsp_entry_find(const struct lsp_entry *entry, struct buf *path);

/* Until when somebody waits. */
struct lsp_patience {
	int64_t until_ns; /* clock_ns */
	const atomic_bool *cancel; /* NULL, or a flag */
};

/*
 * Starts it, if nobody has, and waits for it. ERR_TIMEOUT: it is still starting; ERR_NOT_FOUND:
 * there is no such program; else it has failed.
 */
[[nodiscard]] bool lsp_server_ready(
	struct lsp_server *s, const struct lsp_patience *patience, struct err *e);
/*
 * Shows it a file's text; path is relative to the root. anew: it is to judge the text again though
 * that is the same, because other files may have changed. The document is the caller's until
 * lsp_server_hear.
 */
[[nodiscard]] struct lsp_document *lsp_server_show(
	struct lsp_server *s, struct str path, struct str text, bool anew, struct err *e);

/* JSON arrays of diagnostics; absent when there are none of the kind. */
struct lsp_heard {
	struct buf pushed, pulled;
	enum lsp_encoding encoding;
};
void lsp_heard_release(struct lsp_heard *heard);
/* What it says of the text it was shown last. ERR_TIMEOUT: nothing yet. Gives the document back. */
[[nodiscard]] bool lsp_server_hear(struct lsp_server *s, struct lsp_document *document,
	const struct lsp_patience *patience, struct lsp_heard *out, struct err *e);

#endif
