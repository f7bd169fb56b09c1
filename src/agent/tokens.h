// SPDX-License-Identifier: MIT
/*
 * tokens: about how many tokens a text is, by the kinds of its bytes. No vocabulary is known; for
 * prose, code and the scripts of the world it is within some 30 % of what providers count, and the
 * window corrects it by what they report.
 */
#ifndef AGENT_TOKENS_H
#define AGENT_TOKENS_H

#include "llm/llm.h"

int64_t tokens_of_text(struct str text);
/* With what the wires put around it. */
int64_t tokens_of_block(const struct block *block);
int64_t tokens_of_message(const struct message *message);
int64_t tokens_of_tool(const struct tool_spec *tool);

#endif
