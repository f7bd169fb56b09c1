// SPDX-License-Identifier: MIT
/*
 * words: what goes over the wire to a language server and comes back, as bytes and values
 * (Language Server Protocol 3.17). Waits for nothing.
 */
#ifndef AGENT_LSP_WORDS_H
#define AGENT_LSP_WORDS_H

#include "base/arena.h"
#include "base/buf.h"

/* What a position's "character" counts. */
enum lsp_encoding { LSP_UTF16, LSP_UTF8, LSP_UTF32 };

enum lsp_severity { LSP_ERROR = 1, LSP_WARNING = 2 };

/* Appends "file://" and the absolute path, percent-encoded (RFC 3986). */
void lsp_put_uri(struct buf *out, struct str path);
/* The path of a file URI, however much of it is encoded; absent for others. */
struct str lsp_uri_path(struct str uri, struct arena *a);
/* The line with this number from 0, without its end; empty past the end. */
struct str lsp_line(struct str text, int64_t number);
/* Characters before this position in the line, and one: our columns begin with 1. */
int64_t lsp_column(struct str line, int64_t character, enum lsp_encoding encoding);
/* By the result of initialize; clangd has a member of its own beside the capabilities. */
enum lsp_encoding lsp_encoding_of(struct str result);
/* What didOpen calls a file's language. */
struct str lsp_language_id(struct str path, struct arena *a);

void lsp_put_initialize(struct buf *out, const char *root, const char *extra);
/* The answer to a request of the server; false: there is none for this method. */
bool lsp_put_reply(struct buf *out, const char *root, struct str method, struct str params);

struct lsp_diagnostic {
	int64_t line, character; /* as the server counts: from 0 */
	int64_t severity;
	struct str message, source, code; /* raw JSON */
};

/* Start with text and encoding set, the rest {0}. The arrays that are added stay. */
struct lsp_list {
	struct str text; /* of the file, as the server has it */
	enum lsp_encoding encoding;
	struct lsp_diagnostic *items;
	size_t count, capacity;
};

void lsp_list_release(struct lsp_list *list);
/* Adds those of at least this severity from a JSON array. */
void lsp_list_add(struct lsp_list *list, struct str array, enum lsp_severity least);
/* By line and column, without doubles. */
void lsp_list_sort(struct lsp_list *list);
/* One line each, at most max; then how many more there are. */
void lsp_list_put(struct buf *out, const struct lsp_list *list, struct str shown, size_t max);

#endif
