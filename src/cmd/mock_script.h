// SPDX-License-Identifier: MIT
/*
 * mock_script: the script of the scripted provider as values, and which of its replies fits a
 * request. docs/mock.md is the format's description. Pure: no sockets, no clock.
 */
#ifndef CMD_MOCK_SCRIPT_H
#define CMD_MOCK_SCRIPT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"
#include "cmd/mock_limit.h"
#include "llm/batch.h"
#include "llm/list.h"
#include "llm/llm.h"

/* One condition on a header or a place in the body. */
struct mock_test {
	struct str name; /* of the header, or the JSON pointer */
	enum { TEST_EQUALS, TEST_CONTAINS, TEST_EXISTS } kind;
	struct str value; /* a JSON value for TEST_EQUALS of a place, else text */
	bool exists;
};

/* Absent strings, -1 and empty lists ask for nothing. */
struct mock_match {
	const struct wire *wire;
	struct str path, model, last_text, system;
	int64_t turn;
	VEC(struct str) tools;
	bool has_result;
	struct str result_id, result_text;
	int64_t result_is_error;
	VEC(struct mock_test) headers, places;
};

/* A step of an answer: a delta, told repeat times, or bytes put into the stream as they are. */
struct mock_piece {
	struct delta delta;
	int64_t repeat;
	struct str raw; /* present: these bytes in place of a delta */
	int64_t wait_ms; /* behind it */
	bool is_content; /* counted by cut_after_deltas */
};

struct mock_reply {
	struct mock_match match;
	int64_t times, used; /* times 0: any number */
	VEC(struct mock_piece) pieces;
	int64_t status;
	struct llm_error error; /* the body, when status is 300 or more */
	bool breaks_off; /* status is below 300: the error ends the stream */
	struct str raw, content_type; /* raw present: the body in place of pieces */
	bool is_raw; /* pieces are the body's bytes, whatever was asked */
	VEC(struct header) headers;
	int64_t delay_ms, chunk_delay_ms;
	int64_t cut_after_bytes, cut_after_deltas, stall_after_bytes; /* -1: not at all */
	bool byte_by_byte, no_end, close_before_head, keep_alive;
	bool is_expired; /* in a batch: there was no time for it */
};

/* A request of a batch, and the line of results that it gets. */
struct mock_batch_line {
	struct str id, text;
	enum batch_outcome outcome;
};

/* A batch that somebody handed in. mock_batch.c */
struct mock_batch {
	struct str name, label, input;
	bool is_anthropics, is_canceled, is_failed;
	int64_t created_ns, created_s, polls;
	VEC(struct mock_batch_line) lines;
};

struct mock_script {
	struct arena arena;
	VEC(struct mock_reply) replies;
	VEC(struct listed_model) models;
	bool has_models; /* else there is one, "mock" */
	int64_t dimensions; /* of vectors, where the client does not say */
	struct mock_limit limit;
	int64_t batch_polls, batch_ms; /* how long a batch is under way, at least */
	struct str batch_fault; /* why OpenAI's batches fail; absent: they do not */
	VEC(struct mock_batch) batches; /* as they came */
	VEC(struct str) files;
};

struct reading;

/* {0} is a valid start. text is copied. On failure the script is released; e is ERR_USAGE. */
[[nodiscard]] bool mock_script_read(
	struct mock_script *s, struct str text, const char *name, struct err *e);
void mock_script_release(struct mock_script *s);

/* Of a reply's "match"; target is a struct mock_match. mock_match.c */
[[nodiscard]] bool mock_match_read(
	struct reading *r, struct str value, void *target, struct err *e);
void mock_match_release(struct mock_match *m);

/* A request as the conditions see it. */
struct mock_question {
	const struct wire *wire;
	const struct mock_side *side; /* NULL: a conversation goes on */
	struct str path, query;
	struct str body; /* checked JSON */
	struct str raw_body; /* of a side that takes any bytes */
	struct prompt prompt;
	struct header *headers;
	size_t header_count;
};

/*
 * The first reply that fits and is not used up, and counts the use. What is no conversation fits
 * only where the path is asked for. NULL when there is none; why
 * then gets a sentence about the reply that came nearest.
 */
struct mock_reply *mock_script_choose(
	struct mock_script *s, const struct mock_question *q, struct arena *a, struct buf *why);

#endif
