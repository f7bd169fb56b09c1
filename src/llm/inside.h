// SPDX-License-Identifier: MIT
/* inside: what the wires share; nothing here is for other rooms. */
#ifndef LLM_INSIDE_H
#define LLM_INSIDE_H

#include "base/json.h"
#include "llm/llm.h"

enum {
	ANSWER_CALLS_MAX = 1000, /* more in one answer is a server gone wrong */
	OUTPUT_TOKENS_DEFAULT = 4096, /* of a request that does not say */
};

/* A call of the answer being read. */
struct known_call {
	int64_t index; /* the wire's; -1 it gave none */
	int block;
	struct str id, name;
	struct str wire_id; /* openai: as sent; id is made up where it is empty or another call's */
	bool is_announced;
	bool is_whole; /* the input came at the start: later pieces repeat it */
	/* Where the input's JSON stands, to see its end. */
	int depth;
	bool in_string, after_escape, is_complete;
};

/* Where deltas go. The functions return false when the sink wants no more. */
struct outlet {
	struct wire_reader *r;
	delta_fn *sink;
	void *self;
};

/* Keeps the reader's account (usage, ended ...) and puts a DELTA_START first where none came. */
bool outlet_put(const struct outlet *o, const struct delta *delta);
/* Nothing for empty text. */
bool outlet_text(const struct outlet *o, enum delta_kind kind, int block, struct str text);
/* A JSON string value; nothing for other types. */
bool outlet_json(const struct outlet *o, enum delta_kind kind, int block, struct str value);
bool outlet_usage(const struct outlet *o, const struct usage *usage);
bool outlet_error(const struct outlet *o, const struct llm_error *error);
/* "the provider's stream makes no sense: <why>" */
bool outlet_damaged(const struct outlet *o, const char *why);
/* DELTA_STOP if none came yet, then DELTA_END. */
bool outlet_end(const struct outlet *o);

/* A count of tokens; -1 for what is none. */
int64_t usage_count(struct str value);

/* error.c: an error value in any of the shapes servers use; status 0 inside a stream. */
void error_read(struct str value, int status, struct arena *a, struct llm_error *out);
/* wire->get_error of every wire. */
void error_get(int status, struct str body, struct arena *a, struct llm_error *out);

/* request.c: a prompt being read. */
struct prompt_builder {
	struct arena *a;
	struct prompt *prompt;
	size_t message_room, block_room, block_count;
	struct block *blocks;
};

/* Room for so many messages and blocks in all. */
void builder_start(struct prompt_builder *b, size_t messages, size_t blocks);
/* Messages of one role in a row become one. */
void builder_put(struct prompt_builder *b, enum role role, struct block block);
/* A system text: joins prompt->system before the first message, later it becomes the user's. */
void builder_system(struct prompt_builder *b, struct str text);
/* Text of a string, or of an array of {text} blocks joined by newlines; "" when there is none. */
struct str content_text(struct str content, struct arena *a);
/* The members both wires have, and the checks. messages is an array on success. */
[[nodiscard]] bool request_open(
	struct str body, struct arena *a, struct prompt *out, struct str *messages, struct err *e);
/* A call's input as a JSON object, whatever it was before: cut inputs go under "unparsed". */
void put_input_object(struct buf *b, struct str input);
struct str input_object(struct str input, struct arena *a);
/* The tool's schema, or that of an object without known members. */
struct str tool_schema_object(const struct tool_spec *tool);

/* A text member; "" when it is absent or no text. */
struct str text_or_empty(struct str object, const char *name, struct arena *a);
/*
 * The tools of a request. wrapper names the object within each entry that holds name and
 * description, NULL: the entry itself.
 */
void request_tools(struct str tools, const char *wrapper, const char *schema_name, struct arena *a,
	struct prompt *out);

/* The messages of one role in a row, which go out as one. */
struct run {
	const struct message *first, *end;
};

/* False at the end; {0} starts. */
bool run_next(const struct prompt *p, struct run *run);

bool anthropic_get_request(struct str body, struct arena *a, struct prompt *out, struct err *e);
void anthropic_put_request(const struct prompt *p, struct buf *body);
void anthropic_put_delta(struct wire_writer *w, const struct delta *delta, struct buf *out);
void anthropic_put_error(const struct llm_error *error, struct buf *out);
bool openai_get_request(struct str body, struct arena *a, struct prompt *out, struct err *e);
void openai_put_request(const struct prompt *p, struct buf *body);
void openai_put_delta(struct wire_writer *w, const struct delta *delta, struct buf *out);
void openai_put_error(const struct llm_error *error, struct buf *out);

/* Whether the answer has calls. One without name and input was never told of and is none. */
bool reader_has_calls(const struct wire_reader *r);

/* openai_calls.c: items of tool_calls. */
bool openai_take_calls(const struct outlet *o, struct str items);
bool openai_take_call(const struct outlet *o, struct str item, size_t position);

#endif
