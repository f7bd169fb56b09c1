// SPDX-License-Identifier: MIT
/* replace_many: the plain ones of many edits of one text, in one pass over it. */
#ifndef AGENT_TOOL_REPLACE_MANY_H
#define AGENT_TOOL_REPLACE_MANY_H

#include "agent/tool/replace.h"

/*
 * Does the first ones of all, as many as it can, and says how many; the result is that of
 * replace_in for one after the other, each exactly and without a failure. It stops at the first
 * that could see what an earlier one has changed, that is not there once, byte for byte, or that
 * asks for anything else than that: replace_in then does it, or says what is wrong with it.
 */
size_t replace_many(struct buf *text, const struct replacement *all, size_t count);

#endif
