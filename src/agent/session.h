// SPDX-License-Identifier: MIT
/*
 * session: the conversation so far. Messages are only appended, never rewritten, so that the prefix
 * of every request is byte-identical with the one before.
 */
#ifndef AGENT_SESSION_H
#define AGENT_SESSION_H

#include "base/vec.h"
#include "llm/llm.h"

/* A block of the answer that is being received. */
struct draft {
	enum block_kind kind;
	int index; /* the wire's */
	struct str id, name;
	struct buf text, signature, extra;
	bool redacted, is_closed;
};

struct session {
	struct arena arena;
	VEC(struct message) messages;
	VEC(struct draft) drafts;
};

void session_release(struct session *s);
/* Blocks are copied, their strings are not. */
void session_add(struct session *s, enum role role, const struct block *blocks, size_t n);
void session_take_delta(struct session *s, const struct delta *delta);
/* What was received of an answer does not count: it begins anew. */
void session_forget_answer(struct session *s);
/* Appends what was received as an assistant message; NULL when there was nothing in it. */
const struct message *session_end_answer(struct session *s);
/* The text blocks of a message, joined by an empty line. */
struct str session_text(const struct message *m, struct arena *a);

#endif
