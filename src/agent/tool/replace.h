// SPDX-License-Identifier: MIT
/* replace: one piece of a text for another, as models ask for it. */
#ifndef AGENT_TOOL_REPLACE_H
#define AGENT_TOOL_REPLACE_H

#include "base/arena.h"
#include "base/buf.h"

struct replacement {
	struct str old, new;
	bool is_everywhere; /* otherwise old has to be there once */
};

enum replaced_how { REPLACED_EXACTLY, REPLACED_IN_PLAIN, REPLACED_BY_LINES };

/*
 * Does it in text, the whole of a file. Where old is not there as it is, it is looked for with the
 * line ends of the file, then with white space and typography ignored; then it has to be there
 * once. A byte order mark stays, line ends become those around the place. On failure text is left
 * alone and why holds a sentence for the model, with the nearest lines.
 */
[[nodiscard]] bool replace_in(struct buf *text, const struct replacement *r, struct arena *a,
	enum replaced_how *how, struct buf *why);
/* Puts bytes where n of them stood at a place; false when the text would be too long. */
[[nodiscard]] bool buf_splice(struct buf *text, size_t at, size_t n, struct str bytes);

#endif
