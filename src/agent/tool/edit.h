// SPDX-License-Identifier: MIT
/* edit: one replacement in one file; multiedit makes several of it. */
#ifndef AGENT_TOOL_EDIT_H
#define AGENT_TOOL_EDIT_H

#include "agent/tool/change.h"
#include "agent/tool/replace.h"

struct edit {
	struct change *change;
	struct replacement what;
};

/*
 * What input asks for, with its file opened in the set; path is for an input without its own.
 * False, and a sentence in why.
 */
[[nodiscard]] bool edit_read(struct edit *edit, struct change_set *set, struct str input,
	struct str path, struct buf *why);
/* Makes it in the set. note gets what the model should know of an edit that was made. */
[[nodiscard]] bool edit_make(
	const struct edit *edit, const struct change_set *set, struct buf *note, struct buf *why);
/* The lines that go and come, for a person. */
void edit_show(const struct tool_call *call, struct str input, struct str path, struct buf *out);

#endif
