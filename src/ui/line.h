// SPDX-License-Identifier: MIT
/* line: what a line of Markdown is, by its beginning. */
#ifndef UI_LINE_H
#define UI_LINE_H

#include "base/str.h"

/* A beginning that says nothing for so long is text. */
enum { BEGINNING_MAX_BYTES = 256 };

enum line_kind {
	LINE_PARAGRAPH,
	LINE_BLANK,
	LINE_HEADING, /* level */
	LINE_RULE,
	LINE_ITEM, /* marker: "-", "12." */
	LINE_FENCE, /* mark, level: how many of it; at: the first of them */
	LINE_ROW, /* of a table, at: its first bar */
};

struct line {
	enum line_kind kind;
	size_t quotes; /* levels */
	size_t indent; /* columns behind them */
	struct str marker; /* in the line */
	char mark;
	size_t level;
	size_t at; /* where its contents begin */
};

/* False: the line can still become several things. is_whole: it ends here. */
[[nodiscard]] bool line_read(struct str line, bool is_whole, struct line *out);
/*
 * The same for a line within a fence: *closes when it ends the code; *at is where the code begins.
 * Up to indent spaces in front of it belong to the fence, and so do its quotes.
 */
[[nodiscard]] bool line_read_code(
	struct str line, bool is_whole, const struct line *fence, bool *closes, size_t *at);

#endif
