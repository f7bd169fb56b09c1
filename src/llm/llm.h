// SPDX-License-Identifier: MIT
/*
 * llm: what is said to models and what they say, and the wires it travels on.
 *
 * Everything here is pure: bytes in, values out, no socket, no clock, no thread. A wire is two-way:
 * it writes requests and reads answers (we as a client), and it reads requests and writes answers
 * (we as a server: the scripted provider). Formats: Anthropic Messages (2023-06-01 and 2026-10-21),
 * OpenAI Chat Completions in the dialects of many servers, OpenAI Responses, and Ollama's own.
 *
 * Ownership: every struct str points into memory of the caller, mostly an arena given beside it.
 */
#ifndef LLM_LLM_H
#define LLM_LLM_H

#include "base/arena.h"
#include "base/err.h"
#include "base/sse.h"
#include "base/str.h"
#include "base/vec.h"

/* ---- what is said ---- */

enum role { ROLE_USER, ROLE_ASSISTANT };

enum block_kind {
	BLOCK_TEXT,
	BLOCK_THINKING, /* text may be empty; signature goes back unchanged */
	BLOCK_TOOL_USE, /* id, name, input */
	BLOCK_TOOL_RESULT, /* id of the call, text, is_error */
	BLOCK_IMAGE, /* media_type, data; the user's only */
};

struct block {
	enum block_kind kind;
	struct str text;
	struct str id;
	struct str name;
	struct str input; /* a JSON object as text, never empty ("{}") */
	struct str signature; /* THINKING: opaque. "" text + signature: redacted_thinking's data
				 when redacted */
	/*
	 * What a provider wants back as it came, JSON text; "" none. Each wire sends back only its
	 * own: an object on a TOOL_USE is extra_content (gemini), on THINKING an item (responses);
	 * an array on THINKING is reasoning_details (openrouter).
	 */
	struct str extra;
	struct str media_type; /* "image/png" */
	struct str data; /* the file as base64 */
	bool is_error; /* TOOL_RESULT: it failed; TOOL_USE: the input was no JSON object */
	bool redacted;
};

struct message {
	enum role role;
	struct block *blocks;
	size_t block_count;
};

/* The media type that an image's first bytes tell, of those every provider takes; NULL: none. */
const char *image_type(struct str bytes);

struct tool_spec {
	struct str name;
	struct str description;
	struct str schema; /* JSON Schema of the input, an object as text */
};

struct prompt {
	struct str model; /* the provider's id, without our "provider/" */
	struct str system; /* the cacheable part, the same for every request of a session */
	struct tool_spec *tools;
	size_t tool_count;
	struct message *messages;
	size_t message_count; /* 0 only where that loads the model: ollama */
	int64_t max_output_tokens; /* > 0 */
	int64_t context_tokens; /* the window a server that loads models shall set up; 0 default */
	/*
	 * JSON Schema the answer has to fit, an object as text, and a name for it (letters, digits,
	 * - and _, at most 64); absent: any text will do. It goes out where the provider takes it,
	 * and takes this one; the messages have to say it, too.
	 */
	struct str schema, schema_name;
	bool wants_answer; /* now, in the schema's form: no further calls */
	struct str keep_alive; /* how long such a server keeps the model: "30m", "-1"; "" its
				  own time */
	struct str effort; /* of reasoning: "none", "low", "medium", "high" ...; "" not said */
	const struct dialect *dialect; /* of the openai wire; NULL: what every server takes */
	struct str routing; /* a JSON object for dialects with a routing_name; "" none */
	bool stream;
};

/* ---- what comes back ---- */

/* Token counts; -1 is "not reported". input excludes cache reads and writes, on every wire. */
struct usage {
	int64_t input;
	int64_t output; /* includes reasoning */
	int64_t cache_read;
	int64_t cache_write; /* all writes, whatever their time to live */
	int64_t cache_write_1h; /* part of cache_write billed at the one-hour price */
	int64_t reasoning;
	int64_t reported_cost_nanousd; /* what the provider says it charges */
};

/* Overwrites what newer reports: a provider's counts are cumulative within one answer. */
void usage_merge(struct usage *into, const struct usage *newer);
/* Adds what more reports: the sum over several answers. */
void usage_add(struct usage *sum, const struct usage *more);

#define USAGE_UNKNOWN ((struct usage){-1, -1, -1, -1, -1, -1, -1})

enum stop_reason {
	STOP_NONE,
	STOP_END, /* the model is done */
	STOP_TOOL_USE, /* it waits for tool results */
	STOP_MAX, /* max_output_tokens: the answer, and maybe a tool input, is cut */
	STOP_REFUSAL,
	STOP_CONTEXT, /* the context window is full */
	STOP_OTHER,
};

const char *stop_reason_name(enum stop_reason reason); /* "end_turn", "tool_use", ... */

/* A provider's error, from an HTTP status and body or from within a stream. */
struct llm_error {
	int status; /* HTTP status; 0 when it came inside a stream */
	struct str type; /* the provider's error type or code, "" when none */
	struct str message; /* one sentence, "" when none */
	bool is_retryable; /* by status and type; headers may overrule it */
	bool is_overflow; /* the prompt is longer than the context window */
	int64_t context_tokens; /* with is_overflow: the window by the provider's words; 0 not said
				 */
};

enum delta_kind {
	DELTA_START, /* id, model: first thing of an answer */
	DELTA_TEXT, /* text */
	DELTA_THINKING, /* text */
	DELTA_SIGNATURE, /* text: opaque, of the thinking block before it */
	DELTA_REDACTED, /* text: a redacted thinking block, whole */
	DELTA_TOOL_USE, /* index, id, name: a call begins */
	DELTA_TOOL_INPUT, /* index, text: a piece of its input */
	DELTA_EXTRA, /* index, text: the block's extra, whole; a thinking block when there is none
		      */
	DELTA_BLOCK_STOP, /* index: the wire says that the block is complete (not on every wire) */
	DELTA_USAGE, /* usage: overwrites what is >= 0 */
	DELTA_STOP, /* reason; text: why it was refused, mostly empty */
	DELTA_ERROR, /* error: the provider broke off, or its bytes make no sense; the last one */
	DELTA_END, /* the wire's terminal event was seen: the answer is whole */
};

/*
 * index names the block within the answer, 0, 1, 2 ... on every wire. A text or thinking block is
 * over when the kind or the index changes; pieces of several calls may come mixed, told apart by
 * index.
 */
struct delta {
	enum delta_kind kind;
	int index;
	struct str text;
	struct str id;
	struct str name;
	struct str model;
	struct usage usage;
	enum stop_reason reason;
	struct llm_error error;
};

/* Called once a delta; its strings are valid during the call. False stops the reading. */
typedef bool delta_fn(void *self, const struct delta *delta);

/* ---- wires ---- */

struct wire;
struct wire_batch;
struct model_list;
extern const struct wire wire_anthropic, wire_openai, wire_responses, wire_ollama;
/* NULL-terminated; by name "anthropic", "openai" ... */
extern const struct wire *const wires[];
const struct wire *wire_find(struct str name);

/* The window that a server is told to set up when the model's own is not known: ollama. */
enum { CONTEXT_TOKENS_DEFAULT = 8192 };

struct header {
	const char *name;
	struct str value;
};

/* How a server is told the form of an answer (prompt.schema). */
enum answer_form {
	FORM_TOLD, /* by the messages only */
	/* Where a grammar holds for all the model says, it could not call tools any more: so
	 * without tools, once there are none or the answer is wanted.
	 */
	FORM_OBJECT_ALONE, /* that it is JSON (json_object) */
	FORM_SCHEMA_ALONE, /* the schema (json_schema) */
	FORM_SCHEMA, /* the schema, beside tools */
};

/* How servers differ that speak Chat Completions. dialect.c */
struct dialect {
	const char *name; /* "openrouter" */
	const char *base_url; /* NULL: on this machine, at port */
	int port;
	const char *max_tokens_name; /* the field for max_output_tokens */
	const char *cost_name; /* of usage: USD the request cost; NULL not told */
	const char *routing_name; /* the field for the prompt's routing; NULL: it takes none */
	bool has_developer_role; /* the system text goes out as the developer's */
	bool has_store; /* answers are kept unless store is false */
	bool has_effort; /* takes reasoning_effort */
	enum answer_form answer_form;
	bool keeps_details; /* wants reasoning_details back */
	bool keeps_extra_content; /* wants extra_content of tool calls back */
	bool has_base64; /* gives vectors as base64 when it is asked to */
	const char *dimensions_name; /* of a vector, in requests; NULL "dimensions" */
	const char *id_prefix; /* what its list of models puts before their ids; NULL nothing */
	const struct header *headers; /* further ones, ended by a NULL name; NULL none */
};

/* NULL when no dialect has the name. */
const struct dialect *dialect_find(struct str name);

struct known_call;
struct known_item;
struct detail;

/* A stream being read. {0} with wire set is a valid start; release it in the end. */
struct wire_reader {
	const struct wire *wire;
	struct sse sse;
	struct arena arena; /* of one event */
	struct arena kept; /* of the whole stream */
	struct usage usage; /* as reported so far; -1 unknown, once a byte was fed */
	bool is_ready, has_started, has_stopped, has_refused, has_ended, has_failed;
	enum stop_reason reason;
	VEC(struct known_call) calls;
	VEC(struct known_item) items; /* responses */
	VEC(struct detail) details; /* openai: reasoning_details */
	struct buf line; /* of a framing by lines */
	int block_count, open_block, details_block;
	enum block_kind open_kind;
};

/*
 * A stream being written. {0} with wire set is a valid start; release it in the end. Blocks are
 * opened and closed as the deltas' kinds and indexes change; one at a time, so the pieces of a call
 * come in a row.
 */
struct wire_writer {
	const struct wire *wire;
	struct str id, model; /* set by DELTA_START, valid as long as the caller keeps them */
	struct usage usage;
	bool has_started, has_stopped, is_open;
	enum block_kind open_kind;
	int open_index; /* the delta's */
	int block_count; /* opened so far; openai: calls */
	enum stop_reason reason;
	/* Of the open block, for wires that repeat it whole or tell it whole only. */
	struct arena arena;
	struct str call_id, call_name;
	struct buf text, extra;
	struct buf output; /* responses: the items that are done */
	int64_t sequence; /* responses: events so far */
};

/* A block of a whole answer: kind and names as in struct block. */
struct answer_block {
	enum block_kind kind;
	int index; /* the delta's */
	bool redacted;
	struct str id, name;
	struct buf text, signature, extra; /* TOOL_USE: text is the input as it came */
};

/*
 * A whole answer, for clients that ask for no stream. {0} is a valid start; release it in the end.
 * Strings are valid as long as those of the deltas are.
 */
struct whole_answer {
	struct str id, model;
	VEC(struct answer_block) blocks;
	struct usage usage; /* once a delta was taken */
	enum stop_reason reason;
	bool has_started;
};

/* Joins the delta to the answer. Errors and ends are nothing to it. whole_answer.c */
void whole_answer_take(struct whole_answer *answer, const struct delta *delta);
void whole_answer_release(struct whole_answer *answer);

enum framing { FRAMING_SSE, FRAMING_LINES };

struct wire {
	const char *name; /* "anthropic" */
	const char *path; /* appended to the base URL: "/v1/messages" */
	const char *base_url; /* the provider's own */
	const char *key_header, *key_prefix; /* "x-api-key", ""; "authorization", "Bearer " */
	/* How a version of the API is asked for, the one by default, and from which on the key goes
	 * as Authorization: Bearer; NULL: there are none. ISO dates, told apart by their order. */
	const char *version_header, *version, *bearer_since;
	const struct header *headers; /* further fixed ones, ended by a NULL name */
	enum framing framing; /* server-sent events, or one JSON value a line */
	const char *content_type; /* of a stream */
	const char *list_path; /* as path: where the models are listed. llm/list.h */
	bool list_has_pages;
	const char *show_path; /* where one model is described; NULL: the list has it all */
	const char *embed_path; /* where texts become vectors; NULL nowhere. llm/embed.h */
	const struct wire_batch *batch; /* answers at half the price; NULL none. llm/batch.h */
	const struct dialect *dialect; /* NULL: any */
	bool loads_models; /* a request without messages loads the model and does no more */

	/* Client: the body of a request. Deterministic: equal prefixes give equal bytes. */
	void (*put_request)(const struct prompt *prompt, struct buf *body);
	/* Client: one event or line. False only when the sink stops; damaged events become
	 * DELTA_ERROR.
	 */
	bool (*get_event)(struct wire_reader *r, struct str name, struct str data, delta_fn *sink,
		void *self);
	/*
	 * Client: an answer that came as one JSON value, as servers send it that do not stream.
	 * Gives nothing for JSON that is no answer. NULL: such an answer is a stream of one event.
	 */
	bool (*get_whole)(struct wire_reader *r, struct str body, delta_fn *sink, void *self);
	/* Client: the bytes are over. Gives DELTA_END where the wire allows that; NULL: never. */
	bool (*get_end)(struct wire_reader *r, delta_fn *sink, void *self);
	/* Client: an answer that is no stream (HTTP status >= 300). Never fails. */
	void (*get_error)(int status, struct str body, struct arena *a, struct llm_error *out);
	/* Server: a request's body to a prompt, which points into body and a. */
	bool (*get_request)(struct str body, struct arena *a, struct prompt *out, struct err *e);
	/* Server: a delta to bytes of the stream. */
	void (*put_delta)(struct wire_writer *w, const struct delta *delta, struct buf *out);
	/* Server: the body of an answer that is no stream. */
	void (*put_answer)(const struct whole_answer *answer, struct buf *out);
	/* Server: an error body. */
	void (*put_error)(const struct llm_error *error, struct buf *out);
	/* Server: a list of models. */
	void (*put_list)(const struct model_list *list, struct buf *out);
};

void wire_reader_release(struct wire_reader *r);
void wire_writer_release(struct wire_writer *w);
/*
 * Feeds bytes of a streamed answer. Deltas go to the sink as they become known. False when the sink
 * stopped it (e untouched) or the stream is beyond our limits (e).
 */
[[nodiscard]] bool wire_feed(
	struct wire_reader *r, struct str bytes, delta_fn *sink, void *self, struct err *e);
/*
 * In place of wire_feed: all of an answer that is no stream. False with ERR_PARSE when it is no
 * answer at all, with e untouched when the sink stopped it. wire_end follows as ever.
 */
[[nodiscard]] bool wire_feed_whole(
	struct wire_reader *r, struct str body, delta_fn *sink, void *self, struct err *e);
/*
 * At the end of the bytes. False with ERR_NETWORK "stream ended early" when DELTA_END is missing,
 * with ERR_PROVIDER when a DELTA_ERROR was why, with e untouched when the sink stopped it.
 */
[[nodiscard]] bool wire_end(struct wire_reader *r, delta_fn *sink, void *self, struct err *e);

/* ---- the offline model ---- */

/* "offline/extract" answers from tool results by rules; it knows no language. offline.c */
#define OFFLINE_MODEL "offline/extract"

/* Answers the prompt: calls sink for a whole answer, as a provider would. Never fails. */
void offline_answer(const struct prompt *prompt, struct arena *a, delta_fn *sink, void *self);

/* ---- the catalogue ---- */

/* Prices are integers: pico-dollars (1e-12 USD) per token; 1 USD per million tokens is 1,000,000.
 */
struct price {
	int64_t input, output, cache_read, cache_write, cache_write_1h;
};

struct model {
	struct str id, provider, wire;
	int64_t context_tokens, max_output_tokens; /* 0 unknown */
	struct price price;
	bool is_blind; /* known to take no images */
	bool has_price;
	struct price tier; /* when total input is above tier_above_tokens */
	int64_t tier_above_tokens; /* 0 none */
	/* What token prices are multiplied by, in thousandths; 0 nobody knows. */
	int64_t fast_permille; /* in fast mode, a priority tier */
	int64_t us_permille; /* where inference is kept in the US */
	int64_t region_permille; /* in a region of Amazon Bedrock */
	int64_t web_search_nanousd; /* a request; -1 nobody knows */
};

/* The catalogue's date, "2026-11-20". */
struct str catalog_date(void);
/* Another one whenever anything in the catalogue is. */
uint64_t catalog_mark(void);
/* USD per million tokens, a JSON number, as prices are kept; -1 for what is none. */
int64_t catalog_price(struct str number);
/* False when the model is not in the catalogue; its cost is then unknown, never guessed. */
[[nodiscard]] bool catalog_find(struct str provider, struct str id, struct model *out);
/* The id without the date at its end: "-20251001" (Anthropic), "-2024-08-06" (OpenAI). */
struct str catalog_undated(struct str id);
/* Calls visit for every model in the file's order until it returns false. */
void catalog_each(bool (*visit)(void *self, const struct model *m), void *self);
/* Cost in nano-dollars: as reported, else by price; -1 when the price or the usage is unknown. */
int64_t catalog_cost_nanousd(const struct model *m, const struct usage *u);
/* The same within a provider's batch: half of every price, those of cached tokens, too. */
int64_t catalog_batch_cost_nanousd(const struct model *m, const struct usage *u);

#endif
