// SPDX-License-Identifier: MIT
/*
 * turn: one conversation, answer by answer, and its turns: what a person asked for and what came of
 * it. Transcripts of most assistants do not say where turns end; here one ends with an answer of
 * the main conversation that calls no tool. Answers of agents belong to the turn that is on.
 */
#ifndef USAGE_TURN_H
#define USAGE_TURN_H

#include "usage/group.h"

struct usage_answer {
	int64_t time_ms;
	uint32_t model, agent, source, branch, project;
	uint32_t flags;
	struct usage_tokens tokens;
	int64_t cost_nanousd; /* -1 unknown */
	const uint32_t *tools;
	size_t tool_count;
};

struct usage_tool_count {
	uint32_t name;
	int64_t calls;
};

struct usage_turn {
	size_t first, end; /* answers */
	int64_t first_ms, last_ms;
	struct usage_sum sum; /* in the query's mode alone */
	int64_t agent_answers;
	int64_t calls;
	const struct usage_tool_count *tools; /* in the order they were first called */
	size_t tool_count;
};

struct usage_conversation {
	struct arena arena;
	const struct usage_answer *answers; /* by time */
	size_t answer_count;
	struct usage_turn *turns;
	size_t turn_count;
	struct usage_turn whole;
};

/* query: its filter's session says which one, its mode the costs. ERR_IO. */
[[nodiscard]] bool usage_conversation_read(struct usage_view *view, const struct usage_query *query,
	struct usage_conversation *out, struct err *e);
void usage_conversation_release(struct usage_conversation *conversation);
/* Several turns of a conversation, one after the other, as one. */
struct usage_turn usage_turns_join(
	const struct usage_turn *turns, size_t count, struct arena *arena);
/*
 * The session whose id is or begins with text. ERR_NOT_FOUND: none, or more than one does.
 */
[[nodiscard]] bool usage_session_find(
	const struct usage_view *view, struct str text, uint32_t *session, struct err *e);
/* Parts of 1,000 of what went into the model that came from a cache; -1 when nothing did. */
int64_t usage_cached_permille(const struct usage_tokens *tokens);

#endif
