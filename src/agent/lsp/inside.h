// SPDX-License-Identifier: MIT
/* inside: what the files of a server share: start.c brings it up, document.c shows it files. */
#ifndef AGENT_LSP_INSIDE_H
#define AGENT_LSP_INSIDE_H

#include <pthread.h>

#include "agent/lsp/server.h"
#include "base/vec.h"
#include "io/rpc.h"

enum lsp_state { LSP_UNTRIED, LSP_STARTING, LSP_READY, LSP_FAILED };

struct lsp_document {
	char *path; /* relative to the root */
	struct buf text; /* as it was shown last */
	int64_t version; /* counts on when the file is opened again */
	struct buf pushed; /* the array of the newest publishDiagnostics */
	int64_t pushed_ns; /* when it came; 0: not since the text was shown */
	int64_t pushed_version; /* -1: it had none */
	int64_t used_ns;
	int users; /* who wait to hear of it */
};

struct lsp_server {
	const struct lsp_entry *entry;
	const struct workspace *workspace;
	struct fence *fence;
	atomic_bool is_stopping;
	pthread_t thread; /* that starts it; has_thread */

	pthread_mutex_t lock; /* protects what follows; taken before that of rpc */
	pthread_cond_t changed;
	enum lsp_state state;
	bool has_thread;
	struct err failure;
	struct rpc *rpc; /* from READY on, also when it has failed since */
	enum lsp_encoding encoding;
	bool can_pull; /* has textDocument/diagnostic */
	struct buf identifier; /* for that, JSON; empty none */
	bool sends_versions;
	int at_work; /* progress begun and not ended */
	VEC(struct lsp_document *) documents;
};

/* The callbacks of its connection. */
bool lsp_on_request(void *self, struct str method, struct str params, struct buf *result);
void lsp_on_notification(void *self, struct str method, struct str params);
/* The lock is held: sleeps until something changes, but not past a moment or 50 ms. */
void lsp_server_sleep(struct lsp_server *s, int64_t until_ns);
/* The lock is held. For good; the first failure is the one that is kept. */
void lsp_server_fail(struct lsp_server *s, const struct err *e);

#endif
