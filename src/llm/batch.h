// SPDX-License-Identifier: MIT
/*
 * batch: many questions that a provider answers when it has the time, at half the price. Pure and
 * two-way, as all of llm. Formats: Anthropic's Message Batches; OpenAI's batches, whose requests
 * and results are files of lines, for Chat Completions and Responses.
 *
 * The questions of a batch are told apart by an id of ours: results come in any order.
 */
#ifndef LLM_BATCH_H
#define LLM_BATCH_H

#include "base/buf.h"
#include "llm/llm.h"

enum {
	BATCH_ID_MAX_BYTES = 64, /* of ours: letters, digits, '-' and '_' */
	BATCH_NAME_MAX_BYTES = 200, /* of the provider's: batches and files */
	BATCH_LIST_MAX = 1'000, /* in one page */
	/* An answer of a model's longest, every byte as an escape, and what it thought. */
	BATCH_LINE_MAX_BYTES = 32 << 20,
};

enum batch_phase {
	BATCH_UNDER_WAY,
	BATCH_ENDED, /* results may be read, of all requests or of some */
	BATCH_FAILED, /* it never began: message says why */
};

/* A batch as the provider tells of it. Strings that are not told are "". */
struct batch_status {
	struct str id, word; /* word: how the provider calls its phase */
	enum batch_phase phase;
	int64_t total, finished, failed; /* requests; -1 not told. failed ones are finished, too */
	int64_t created_s; /* since 1970, by the provider's clock; 0 not told */
	struct str label; /* ours, where the wire has labels */
	struct str input; /* OpenAI: the file of the requests */
	struct str files[2]; /* OpenAI: of answers and of errors */
	struct str message;
};

struct batch_page {
	struct batch_status *batches; /* the newest first */
	size_t count;
	struct str next; /* there are more, behind this id; "" these are all */
};

enum batch_outcome {
	BATCH_SUCCEEDED,
	BATCH_ERRORED,
	BATCH_CANCELED, /* before it was begun: not paid for */
	BATCH_EXPIRED, /* there was no time for it: not paid for */
};

struct batch_result {
	struct str id; /* ours */
	enum batch_outcome outcome;
	struct str text; /* SUCCEEDED; "" when there was none */
	enum stop_reason stop;
	struct usage usage;
	struct llm_error error; /* the other outcomes */
};

/* Server: one request. */
struct batch_item {
	struct str id, url, body; /* url: "/v1/chat/completions"; "" the wire's own */
};
typedef bool batch_item_fn(void *self, const struct batch_item *item);

/* How a wire takes batches. */
struct wire_batch {
	const char *path; /* as wire.path: where batches are made and listed */
	/* Where the requests go before, as a file; NULL: they are the body of the batch. */
	const char *files_path;
	size_t requests_max, size_max_bytes;
	bool has_labels; /* a batch can be known again by its label */

	void (*put_item)(const struct wire *wire, struct str id, struct str body, bool is_first,
		struct buf *out);
	void (*put_end)(struct buf *out);
	void (*put_create)(
		const struct wire *wire, struct str input, struct str label, struct buf *out);
	void (*get_status)(struct str value, struct arena *a, struct batch_status *out);
	/* value is what the line holds; an answer or an error stands in body, as it would alone. */
	bool (*get_result)(struct str value, struct arena *a, struct batch_result *out,
		struct str *body, struct err *e);
	bool (*get_items)(
		struct str text, struct arena *a, batch_item_fn *visit, void *self, struct err *e);
	void (*put_status)(const struct batch_status *status, struct buf *out);
	/* body: of the answer or the error. */
	void (*put_result)(const struct batch_result *result, struct str body, struct buf *out);
};

/* ---- client ---- */

/* One request of a batch, and what goes before it; the prompt wants no stream. The end comes last.
 */
void batch_put_item(const struct wire *wire, struct str id, const struct prompt *prompt,
	bool is_first, struct buf *items);
void batch_put_end(const struct wire *wire, struct buf *items);
/* The file as a form with fields, for files_path, and the type it is sent with. */
void batch_put_upload(struct str items, struct str boundary, struct buf *body, struct buf *type);
[[nodiscard]] bool batch_get_upload(
	struct str body, struct arena *a, struct str *file, struct err *e);
/* What makes a batch of an uploaded file. */
void batch_put_create(const struct wire *wire, struct str file, struct str label, struct buf *body);
/* ERR_PROVIDER for an error in disguise, ERR_PARSE for what is no batch. Strings are the arena's or
 * the body's. */
[[nodiscard]] bool batch_get_status(const struct wire *wire, struct str body, struct arena *a,
	struct batch_status *out, struct err *e);
[[nodiscard]] bool batch_get_page(const struct wire *wire, struct str body, struct arena *a,
	struct batch_page *out, struct err *e);
/* One line of results. False: it is none; nothing can be said of any request. */
[[nodiscard]] bool batch_get_result(const struct wire *wire, struct str line, struct arena *a,
	struct batch_result *out, struct err *e);
/* Whether it may stand in a path: providers' names are letters, digits, '.', '-' and '_'. */
bool batch_is_name(struct str name);
/* Paths behind the base URL. after: "" the newest. */
const char *batch_path(
	const struct wire *wire, struct str batch, const char *behind, struct arena *a);
const char *batch_page_path(const struct wire *wire, struct str after, struct arena *a);
/* Where the results are; NULL when there are none of that number (0 and 1). */
const char *batch_results_path(
	const struct wire *wire, const struct batch_status *status, int number, struct arena *a);

const char *batch_outcome_name(enum batch_outcome outcome); /* "succeeded", "errored" ... */

/* ---- server ---- */

/* The file within a form with fields. */
[[nodiscard]] bool batch_get_form(
	struct str type, struct str body, struct str *file, struct err *e);
void batch_put_page(const struct wire *wire, const struct batch_page *page, struct buf *out);

#endif
