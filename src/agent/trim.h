// SPDX-License-Identifier: MIT
/*
 * trim: results of tool calls made smaller for a window. The message given stays as it is; what
 * comes back shares all with it that did not change.
 */
#ifndef AGENT_TRIM_H
#define AGENT_TRIM_H

#include "llm/llm.h"

/* By estimate: what a placeholder is in place of a result's text. */
enum { PLACEHOLDER_TOKENS = 32 };

/* A result that a placeholder is clearly shorter than. */
bool trim_is_worth(const struct block *block);
/* Every result that is worth it is a placeholder: "[result of grep removed ...]". */
struct message trim_to_placeholders(const struct message *m, struct arena *a);
/*
 * The largest results are cut to one size, so that all of them take room tokens at most; each cut
 * is marked in the text.
 */
struct message trim_results(const struct message *m, int64_t room, struct arena *a);

#endif
