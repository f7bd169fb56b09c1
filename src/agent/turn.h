// SPDX-License-Identifier: MIT
/*
 * turn: what the parts of the loop share. Private to the room. turn.c asks and listens,
 * turn_judge.c decides about an answer, turn_tools.c has its calls run, turn_task.c has other
 * agents work on some of them, turn_room.c keeps the conversation within the window.
 */
#ifndef AGENT_TURN_H
#define AGENT_TURN_H

#include "agent/agent.h"
#include "agent/repeats.h"
#include "agent/session.h"
#include "agent/summary.h"
#include "agent/window.h"
#include "base/vec.h"

/* Ceiling of one answer; a model's own limit where that is lower. */
enum { OUTPUT_MAX_TOKENS = 32'000 };

struct job;

struct agent {
	struct agent_world world;
	struct agent_task task;
	struct agent_sink sink;
	struct session session;
	struct window window; /* what of the session is sent */
	const struct route *window_route; /* whose limits it has */
	struct summary summary;
	bool has_overflowed; /* this turn's request was refused as too long once */
	struct prompt prompt;
	struct call *call;
	const struct route *route; /* the task's, or the fallback that answered last */
	struct arena arena;
	struct memory *memory; /* of its tools */
	VEC(struct tool_run *) runs;
	VEC(struct call_result) calls;
	struct job *jobs;
	size_t job_count, jobs_left;
	VEC(struct sub *) subs; /* sub-agents at work */
	struct job *asked; /* a person is asked about it; NULL: about none */
	VEC(struct str) always; /* names of tools whose questions are answered */
	int64_t tools_started;
	struct timer *ending;
	atomic_bool cancel;
	struct err error, hook_error;
	struct agent_result result;
	struct repeats repeats;
	bool has_corrected; /* an answer that did not fit the schema was asked for again */
};

/* turn.c */
void turn_tell(struct agent *agent, struct agent_event event);
/* A new turn: makes room, and sends the conversation as it stands. */
void turn_ask(struct agent *agent);
/* The request itself, once there is room for it. */
void turn_send(struct agent *agent);
/* From the next turn of the event loop, so that no caller finds its agent freed. */
void turn_end_soon(struct agent *agent);
/*
 * Of every model call, summaries too: its place in the result, its cost, what it retries and what
 * it waits for.
 */
void turn_keep_call(struct agent *agent, const struct call_result *call);
void turn_add_cost(struct agent *agent, const struct usage *usage, int64_t cost_nanousd);
void turn_got_retry(void *agent, const struct call_retry *retry);
void turn_got_wait(void *agent, const struct call_wait *wait);

/* turn_judge.c */
/* An answer that is whole; message is NULL when nothing is in it. */
void turn_judge(struct agent *agent, const struct message *message);
size_t turn_count_calls(const struct message *m);

/* turn_tools.c: both lead to the next turn. */
void turn_run_tools(struct agent *agent, const struct message *message);
/* Answers every call of the message with an error instead of running it. */
void turn_refuse_tools(struct agent *agent, const struct message *m, const char *why);

/* turn_task.c */
/* Another agent works on a call, in the manner of struct tool's start. prompt stays until the end.
 */
void turn_start_task(struct agent *agent, struct str prompt, struct tool_result *out,
	void (*end)(void *self), void *self);
void turn_cancel_tasks(struct agent *agent, enum err_code code, const char *why);

/* turn_room.c */
/* The window has the limits of this route from now on. */
void turn_set_window(struct agent *agent, const struct route *route);
/* Leads to turn_send, maybe by way of a summary, or to the end when nothing can be taken away. */
void turn_make_room(struct agent *agent);
/* The prompt is what the window shows. */
void turn_fill_prompt(struct agent *agent);
/* For the call's sink: the prompt as this route's window takes it. */
const struct prompt *turn_fit_route(void *agent, const struct route *route, struct err *e);
/* Refused before a word was said: the window is smaller than it was thought to be. */
bool turn_is_curable(struct agent *agent, const struct call_result *call);

#endif
