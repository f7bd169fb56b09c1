// SPDX-License-Identifier: MIT
/*
 * session: a conversation with one MCP server, from the first word to the last, over whatever
 * carries it. Opened, listed and called on worker threads; several may call at once. Private to the
 * folder.
 */
#ifndef AGENT_MCP_SESSION_H
#define AGENT_MCP_SESSION_H

#include <pthread.h>
#include <stdatomic.h>

#include "agent/mcp/mcp.h"
#include "agent/mcp/speech.h"
#include "io/rpc.h"

enum {
	MCP_PROBE_MS = 3'000, /* a legacy server may not answer what it does not know */
	MCP_CALL_MS = 60'000, /* without a sign of progress */
	MCP_CALL_LONGEST_MS = 300'000,
};

/* How long something may take; deadline_ns may be moved by others meanwhile. */
struct mcp_patience {
	const _Atomic int64_t *deadline_ns; /* monotonic clock */
	const atomic_bool *cancel;
};

struct mcp_message {
	const char *method;
	struct str params; /* an object */
	const struct mcp_tool *tool; /* that it calls; NULL: none */
	struct str arguments; /* of that call */
	struct mcp_patience patience;
	bool is_silent; /* the server is not told when it is given up */
};

/* A call that waits, by the token of its progress. */
struct mcp_waiting {
	struct mcp_waiting *next;
	int64_t token, latest_ns;
	_Atomic int64_t deadline_ns;
};

struct mcp_session;

/* What carries messages. Failures are of the carrier; the server's own errors are answers. */
struct mcp_carrier {
	bool (*open)(struct mcp_session *s, struct err *e); /* also once more, after a failure */
	bool (*call)(struct mcp_session *s, const struct mcp_message *m, struct rpc_answer *out,
		struct err *e);
	bool (*notify)(struct mcp_session *s, const char *method, struct err *e);
	bool (*is_open)(struct mcp_session *s, struct err *e);
	void (*hang_up)(struct mcp_session *s); /* begins to close; does not wait */
	void (*close)(struct mcp_session *s);
};

extern const struct mcp_carrier mcp_stdio, mcp_http;

struct mcp_session {
	const struct mcp_config *config;
	const struct mcp_world *world;
	const struct mcp_carrier *carrier;
	struct arena arena;
	const char *name; /* for sentences */
	const char *program; /* path of the config's command; NULL: there is none */
	enum mcp_era era;
	struct str version; /* of a legacy server */
	pthread_mutex_t greeting_lock; /* held by who greets the server anew */
	pthread_mutex_t lock; /* of what is below */
	int64_t greeting; /* how often it was greeted */
	struct mcp_waiting *waiting;
	int64_t last_token;
	struct rpc *rpc; /* stdio */
	struct str session_id; /* http: of a legacy server */
	int64_t last_id; /* http */
};

/* Ready for lists and calls. known: the era it had, or MCP_UNKNOWN. */
[[nodiscard]] struct mcp_session *mcp_session_open(const struct mcp_config *config,
	const struct mcp_world *world, enum mcp_era known, const struct mcp_patience *patience,
	struct err *e);
[[nodiscard]] bool mcp_session_list(struct mcp_session *s, const struct mcp_patience *patience,
	struct mcp_tools *out, struct err *e);
/* The text for the model, of a success or of what the server calls a failure. */
[[nodiscard]] bool mcp_session_call(struct mcp_session *s, const struct mcp_tool *tool,
	struct str arguments, const atomic_bool *cancel, struct buf *text, bool *is_error,
	struct err *e);
/* Whether a call could be answered. */
bool mcp_session_is_open(struct mcp_session *s);
/* Begins to end it: no call is made any more. */
void mcp_session_hang_up(struct mcp_session *s);
void mcp_session_free(struct mcp_session *s); /* NULL is nothing */

/* For carriers: what a server says by itself. A result is appended when the answer is one. */
bool mcp_session_asked(struct mcp_session *s, struct str method, struct buf *result);
void mcp_session_told(struct mcp_session *s, struct str method, struct str params);

#endif
