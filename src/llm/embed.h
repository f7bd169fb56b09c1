// SPDX-License-Identifier: MIT
/*
 * embed: texts as vectors. Pure and two-way as the wires are. Formats: POST /v1/embeddings of
 * OpenAI and its many compatible servers, POST /api/embed of Ollama. Anthropic has none: its wire's
 * embed_path is NULL, and nothing here is to be called with it.
 */
#ifndef LLM_EMBED_H
#define LLM_EMBED_H

#include "llm/llm.h"

enum {
	EMBED_TEXTS_MAX = 2'048, /* in one request: what OpenAI takes */
	EMBED_DIMENSIONS_MAX = 65'536,
};

struct embed_request {
	struct str model; /* the provider's id */
	const struct str *texts; /* none of them empty */
	size_t text_count; /* 1 to EMBED_TEXTS_MAX */
	int64_t dimensions; /* 0: as the model has them */
	bool is_base64; /* vectors come as base64 of little-endian floats; they may all the same
			   come as numbers */
	bool is_cut; /* Ollama: a text beyond the model's window is cut; else it is an error */
	struct str keep_alive; /* Ollama: how long the model stays loaded, "5m"; "" its default */
	const struct dialect *dialect; /* of the openai wire; NULL: what every server takes */
};

struct embeddings {
	float *values; /* count * dimensions: a vector after the other, as the texts were */
	size_t count, dimensions;
	struct str model; /* "" not told */
	struct usage usage; /* output is 0 where input is known */
};

/* Client: the body of a request. Equal requests give equal bytes. */
void embed_put_request(const struct wire *wire, const struct embed_request *q, struct buf *body);
/*
 * Client: reads the answer to q. Every text has exactly one vector, all of the same length (the one
 * that was asked for) and of finite numbers, whatever their order: all else is ERR_PARSE.
 * ERR_PROVIDER when the answer is an error in disguise. values live in the arena.
 */
[[nodiscard]] bool embed_get_answer(const struct wire *wire, const struct embed_request *q,
	struct str body, struct arena *a, struct embeddings *out, struct err *e);
/* Server: a request's body, which points into body and a. Texts only, no token numbers. */
[[nodiscard]] bool embed_get_request(const struct wire *wire, struct str body, struct arena *a,
	struct embed_request *out, struct err *e);
/* Server: the answer to q. */
void embed_put_answer(const struct wire *wire, const struct embed_request *q,
	const struct embeddings *vectors, struct buf *out);

#endif
