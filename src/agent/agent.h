// SPDX-License-Identifier: MIT
/*
 * agent: works on one task: asks the model, runs the tools it calls for, gives it the results,
 * until it calls for no more. Lives on the loop's thread; tools run on the pool. Everything that
 * happens is told once, as an event; who shows, counts or stores is a reader of events.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "agent/hands.h"
#include "agent/tool/todo.h"
#include "agent/tool/tool.h"
#include "agent/workspace.h"
#include "base/schema.h"
#include "call/call.h"
#include "io/pool.h"
#include "llm/llm.h"

struct agent_world {
	struct loop *loop;
	struct pool *pool;
	struct call_world call;
};

/* ---- what the model is told besides the task ---- */

enum { INSTRUCTIONS_MAX_BYTES = 32 << 10 };

struct agent_context {
	struct str
		system; /* our prompt, then the project's instruction files: the cacheable part */
	struct str facts; /* date, directory, branch: after the cacheable part */
	struct tool_spec *tools;
	size_t tool_count;
	const struct str *kept; /* the only tools that may be offered; NULL: all */
	size_t kept_count;
	struct str notice; /* for people: what was left out, "" when nothing */
	struct arena arena;
};

/*
 * Reads AGENTS.md and CLAUDE.md from the workspace's root down to its working directory. Tools of
 * which no call could be permitted are not offered, nor those that the route's model does not suit
 * (NULL: not known).
 */
void agent_context_load(struct agent_context *c, const struct workspace *w,
	const struct hands *hands, const struct route *route, int64_t wall_s);
/*
 * For sub-agents of an agent with this context: it has the tools that only read, as far as the
 * other one has them, and never a further sub-agent.
 */
void agent_context_load_reader(struct agent_context *c, const struct agent_context *other,
	const struct workspace *w, const struct hands *hands, int64_t wall_s);
void agent_context_release(struct agent_context *c);
void agent_context_free(struct agent_context *c); /* NULL is nothing */
/* Behind the instruction files: what somebody asked for with this run. */
void agent_context_instruct(struct agent_context *c, struct str text);
/*
 * Leaves only these tools; others are neither offered nor run. ERR_USAGE for an unknown name. names
 * stay as long as the context.
 */
[[nodiscard]] bool agent_context_keep_tools(
	struct agent_context *c, const struct str *names, size_t count, struct err *e);
/*
 * Offers these too, behind those that are there, where they may be offered. The strings stay as
 * long as the context.
 */
void agent_context_add_tools(struct agent_context *c, const struct tool_spec *added, size_t count);
/* Whether the model is offered a tool of this name. */
bool agent_context_has_tool(const struct agent_context *c, struct str name);

/* ---- images ---- */

/* All of a task's together: 27 MB as base64, where Anthropic takes requests of 32 MB. */
enum { IMAGES_MAX_BYTES = 20 << 20 };

/* Each image, and behind it a text that names its file. */
struct agent_images {
	struct block *blocks;
	size_t block_count;
};

/*
 * Appends the file, told by its first bytes to be PNG, JPEG, GIF or WebP. {0} is a valid start; all
 * is in the arena. ERR_USAGE names the file.
 */
[[nodiscard]] bool agent_images_add(
	struct agent_images *images, const char *path, struct arena *a, struct err *e);
/* ERR_USAGE when the route, or a fallback, is known to take no images. */
[[nodiscard]] bool agent_images_suit(const struct route *route, struct err *e);

/* ---- answers in a form ---- */

struct answer_schema;

/*
 * A JSON Schema from a file, for tasks whose answer has to be JSON that fits it; base/schema.h says
 * what is known of the standard. ERR_PARSE names the file and the place in it.
 */
[[nodiscard]] struct answer_schema *answer_schema_load(const char *path, struct err *e);
void answer_schema_free(struct answer_schema *s); /* NULL is nothing */

/* ---- one task ---- */

struct agent_task {
	struct str text;
	struct str preamble; /* told before it; absent: nothing is */
	struct str piped; /* came in on stdin beside the task; absent when nothing did */
	struct agent_images images; /* {0} none */
	const struct route *route; /* and its fallbacks */
	const struct workspace *workspace;
	const struct agent_context *context;
	struct hands *hands;
	const struct answer_schema *schema; /* that the answer has to fit; NULL: any text will do */
	const struct route *summary_route; /* asked for summaries; NULL: the task's own model */
	int max_turns;
	bool is_sub; /* for another agent: the hooks for the end are not run */
};

/* One tool call, from the model's wish to its result. */
struct tool_run {
	struct str id, name, input;
	struct str target; /* what to show beside the name: the path, the pattern */
	bool is_denied; /* not permitted, or a person said no */
	struct tool_result result;
	int64_t started, ended; /* monotonic clock, ns */
};

/* What a sub-agent did for a call. */
struct sub_run {
	int turns;
	struct usage usage;
	int64_t cost_nanousd; /* -1 unknown */
	const struct call_result *calls; /* error is not kept in them */
	size_t call_count;
};

/* What a shrink of the context window did (agent/window). Tokens are the provider's, about. */
struct window_change {
	bool is_overflow; /* because the provider refused the request as too long */
	size_t results; /* old tool results that were set aside */
	int64_t result_tokens; /* that they took */
	size_t turns; /* oldest turns that left */
	bool is_summarised; /* they, or else they were dropped */
	int64_t tokens_before, tokens_after; /* of the next request */
	const struct err
		*error; /* why there is no summary; NULL: there is one, or none was wanted */
};

/* The same over the whole task. */
struct window_counts {
	size_t shrinks, overflows, results, turns_summarised, turns_dropped;
};

struct agent_result {
	const struct err *error; /* NULL: done */
	struct str text; /* the last answer's text, also when it is cut; a structured one's JSON */
	struct str structured; /* the answer that fits the task's schema, compact; else absent */
	const struct schema_fault *faults; /* why the last answer does not fit; NULL: it does */
	size_t fault_count;
	enum stop_reason stop;
	const struct route *route; /* that gave the last answer, or was asked last */
	int turns;
	struct usage usage; /* sums over all calls, sub-agents' too; -1 what nobody reported */
	int64_t cost_nanousd; /* the same; -1 unknown */
	const struct tool_run *tools;
	size_t tool_count;
	const struct call_result *calls; /* error is not kept in them */
	size_t call_count; /* with those for summaries, which are no turns; no sub-agents' */
	struct window_counts window;
	int64_t window_tokens; /* of the model that answered last, as reckoned with; 0: no limit */
	int64_t started, ended;
	int64_t provider_ns; /* connecting, sending, waiting, receiving: of calls, all attempts */
	int64_t paced_ns; /* waiting for a turn at the provider, which is no part of that */
	int64_t tools_ns; /* wall time with tools running */
};

enum agent_event_kind {
	AGENT_ASKS, /* a model call begins: turn */
	AGENT_WAITS, /* wait: it has waited for its turn at the provider for a while */
	AGENT_RETRY, /* retry: an attempt failed; the same model is asked again after a wait */
	AGENT_FALLBACK, /* retry: it failed for good; the next model of the list is asked */
	AGENT_TEXT, /* text: a piece of what the model says */
	AGENT_THINKS, /* text: a piece of its thinking */
	AGENT_ANSWERED, /* message, call: one model call is over; message NULL when it has nothing
			 */
	AGENT_QUESTION, /* run, text: may this be done? text shows what; agent_answer says it */
	AGENT_TOOL, /* run: a tool starts */
	AGENT_TOOL_DONE, /* run */
	AGENT_RESULTS, /* message: the tools' results, as given to the model */
	AGENT_CORRECTION, /* message, text: the answer does not fit the schema, and why; asked for
			     once more */
	AGENT_WINDOW, /* window: the conversation was made shorter; call: the summary's or NULL */
	AGENT_DONE, /* result: the end, exactly once */
};

/* The table of events: a name for logs and what it tells, by kind. */
struct agent_event_entry {
	const char *name;
	const char *brief;
};

extern const struct agent_event_entry agent_events[AGENT_DONE + 1];

struct agent_event {
	enum agent_event_kind kind;
	int turn;
	struct str text;
	const struct message *message;
	const struct call_result *call;
	const struct call_retry *retry;
	const struct call_wait *wait;
	const struct tool_run *run;
	const struct window_change *window;
	const struct agent_result *result;
};

/* Everything in an event is valid during the call. */
struct agent_sink {
	void (*event)(void *self, const struct agent_event *event);
	void *self;
};

struct agent;

/* task and what it points to stay until the end. The agent is freed after AGENT_DONE was told. */
[[nodiscard]] struct agent *agent_start(const struct agent_world *world,
	const struct agent_task *task, const struct agent_sink *sink);
enum answer { ANSWER_NO, ANSWER_YES, ANSWER_ALWAYS };

/*
 * To the last AGENT_QUESTION, from the loop. ALWAYS: and to every later question about this tool.
 * why is for the model when it is NO; absent: none. Without an open question nothing happens.
 */
void agent_answer(struct agent *agent, enum answer answer, struct str why);
/* Stops soon; AGENT_DONE comes with an error of this code and sentence. */
void agent_cancel(struct agent *agent, enum err_code code, const char *why);

/* ---- one question, for whoever asks it himself ---- */

/* What an agent would ask first, with the context's tools. In the arena, and as long as the task.
 */
struct prompt agent_first_prompt(const struct agent_task *task, struct arena *a);
/*
 * Whether a whole answer will do for a task with this schema (NULL: any text will). answer: the
 * text, or the JSON in it, which is a part of text or the arena's. ERR_TASK.
 */
[[nodiscard]] bool agent_take_answer(const struct answer_schema *schema, struct str text,
	struct arena *a, struct str *answer, struct err *e);

#endif
