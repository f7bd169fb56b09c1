// SPDX-License-Identifier: MIT
/*
 * list: what models a server says it has. Pure, as all of llm; two-way as the wires are, whose
 * put_list writes one as a server does. Formats:
 * GET /v1/models of Anthropic (in pages) and of OpenAI's many compatible servers, Ollama's
 * /api/tags, /api/version and /api/show, llama.cpp's /props.
 */
#ifndef LLM_LIST_H
#define LLM_LIST_H

#include "llm/llm.h"

enum { LIST_MODELS_MAX = 100'000, LIST_PAGE_MODELS = 1'000 };

/* 0: the server does not say. */
struct listed_model {
	struct str id; /* as requests name it */
	int64_t context_tokens, max_output_tokens;
};

struct model_list {
	struct listed_model *models; /* in the server's order */
	size_t count;
	struct str next; /* there are more, behind this id; "" the list is whole */
};

/* The path and query of a list, behind the base URL; after "" or the next of the page before. */
struct str list_path(const struct wire *wire, struct str after, struct arena *a);
/*
 * Client: reads a list in any of the formats; ids lose the prefix that the wire's dialect gives
 * them. An entry without an id is left out. ERR_PARSE when it is none, ERR_PROVIDER when it is an
 * error in disguise, ERR_LIMIT beyond LIST_MODELS_MAX.
 */
[[nodiscard]] bool list_get(const struct wire *wire, struct str body, struct arena *a,
	struct model_list *out, struct err *e);
/* Client: Ollama's GET /api/version. */
[[nodiscard]] bool list_get_version(
	struct str body, struct arena *a, struct str *version, struct err *e);
/*
 * Client: the context window out of Ollama's POST /api/show (what the model was made for) or
 * llama.cpp's GET /props (what the server was started with); 0 when it is not told.
 */
[[nodiscard]] bool list_get_context(struct str body, int64_t *context_tokens, struct err *e);

#endif
