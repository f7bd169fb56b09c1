// SPDX-License-Identifier: MIT
/* opencode: messages as OpenCode and those who grew from it keep them. */
#ifndef USAGE_READER_OPENCODE_H
#define USAGE_READER_OPENCODE_H

#include "usage/reader/sqlite.h"

struct opencode_message {
	struct str data; /* checked JSON */
	struct str id, session, created; /* of the row or the file, where data has none */
	struct str directory, parent; /* of the session */
	bool is_row;
	bool is_cost_always_said; /* nothing, too */
};

void opencode_take(struct usage_file *file, const struct opencode_message *message);
/* All messages of a database; what: is_row and is_cost_always_said of each of them. */
[[nodiscard]] bool opencode_take_rows(struct usage_file *file, struct source *source,
	const char *table, const struct opencode_message *what, struct err *e);

#endif
