// SPDX-License-Identifier: MIT
/*
 * rpc: JSON-RPC 2.0 with one program that is started here, over its stdin and stdout
 * (https://www.jsonrpc.org/specification; no batches). What the methods mean is the caller's.
 *
 * A connection has a thread of its own that alone writes, reads and sees the program end; so a
 * program that reads nothing, stalls in the middle of a message or dies holds up nobody longer than
 * they wanted to wait. Calls come from any number of other threads at once and are answered in any
 * order. What the program writes to stderr is read all the time and its last 8 KB are kept.
 *
 * Limits: 16 MB a message, 32 MB waiting to be read by the program. On lines, what is no JSON is
 * skipped; between headers it ends the connection. Answers to unknown ids are dropped.
 */
#ifndef IO_RPC_H
#define IO_RPC_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "io/frames.h"

struct rpc;
struct sandbox;

/* Everything is copied but self and sandbox, which outlive the connection. */
struct rpc_options {
	const char *name; /* for sentences: "clangd" */
	const char *program; /* absolute path: child_find */
	const char *const *arguments; /* with argument 0; NULL-ended */
	const char *const *environment; /* "NAME=value"; NULL-ended */
	const char *directory; /* where it starts; NULL: here */
	const struct sandbox *sandbox; /* io/sandbox.h; NULL: as free as we are */
	enum rpc_framing framing;
	/*
	 * The notification that tells the program that a call was given up, and its member with the
	 * call's id: "$/cancelRequest" and "id". NULL: it is not told.
	 */
	const char *cancel_method, *cancel_member;
	int stop_ms; /* after its stdin is closed, until SIGTERM; 0: 1,000 */
	/*
	 * Both on the connection's thread, one after the other, in the order in which they came.
	 * They may notify, but neither call nor wait. on_request appends the result as JSON; false
	 * (or NULL) is answered with "method not found".
	 */
	bool (*on_request)(void *self, struct str method, struct str params, struct buf *result);
	void (*on_notification)(void *self, struct str method, struct str params);
	void *self;
};

/* Starts the program and waits for nothing. */
[[nodiscard]] struct rpc *rpc_start(const struct rpc_options *options, struct err *e);

/* How long somebody waits for an answer. */
struct rpc_wait {
	int64_t deadline_ms; /* from now */
	const atomic_bool *cancel; /* NULL, or a flag that gives the call up */
	/*
	 * NULL, or a moment on the monotonic clock (ns) that others move while the call waits, when
	 * there is progress; deadline_ms does not count then.
	 */
	const _Atomic int64_t *deadline_ns;
	bool is_silent; /* the program is not told when the call is given up */
};

/* What came back: one of result and error is there. */
struct rpc_answer {
	struct str result; /* JSON */
	struct str error; /* the peer's error object; code and message are taken out of it */
	int64_t code;
	struct str message;
	struct buf bytes; /* they lie in it, or in the arena */
	struct arena arena;
};

/*
 * params is an object or an array that json_check takes, or absent. True when there is an answer,
 * of either kind. ERR_TIMEOUT, ERR_CANCELLED, ERR_LIMIT (it does not read what it is sent) or, when
 * the program has ended or broke the rules, ERR_IO with its exit status and its last words.
 */
[[nodiscard]] bool rpc_call(struct rpc *rpc, const char *method, struct str params,
	const struct rpc_wait *wait, struct rpc_answer *out, struct err *e);
void rpc_answer_release(struct rpc_answer *answer);
/* For callers to whom the peer's error is a failure: "NAME: METHOD: message (code)"; false. */
bool rpc_answer_fail(
	const struct rpc *rpc, const char *method, const struct rpc_answer *answer, struct err *e);
/* A message as JSON-RPC 2.0 has it, on one line; id 0: a notification. For other connections. */
void rpc_put_message(struct buf *out, int64_t id, const char *method, struct str params);
/* Does not wait. False when the connection is over, or as for a call. */
[[nodiscard]] bool rpc_notify(
	struct rpc *rpc, const char *method, struct str params, struct err *e);
/* Whether calls can still be answered; otherwise the sentence they fail with. */
[[nodiscard]] bool rpc_is_open(struct rpc *rpc, struct err *e);
/* Appends the last of what it wrote to stderr. */
void rpc_put_errors(struct rpc *rpc, struct buf *out);
/* Lines that were no JSON, and messages that were neither call nor answer. */
size_t rpc_skipped(struct rpc *rpc);
/*
 * Begins to end it and does not wait: what was sent goes out, stdin is closed, after stop_ms comes
 * SIGTERM, after 500 ms more SIGKILL, each for its whole process group. Calls fail from now on.
 */
void rpc_close(struct rpc *rpc);
/* The same, waits for it, and frees. No call may begin any more; NULL is nothing. */
void rpc_stop(struct rpc *rpc);

#endif
