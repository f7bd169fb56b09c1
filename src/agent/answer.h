// SPDX-License-Identifier: MIT
/* answer: answers that have to fit a JSON Schema: what the model is told, and whether one does. */
#ifndef AGENT_ANSWER_H
#define AGENT_ANSWER_H

#include "agent/agent.h"
#include "base/schema.h"

/* What the model is told beside the task. */
struct str answer_instruction(const struct answer_schema *s, struct arena *a);
/* Tells the provider, where it takes the schema. */
void answer_address(const struct answer_schema *s, struct prompt *prompt);
/*
 * True when the text is a JSON value that fits, maybe in a code fence; value is that without the
 * fence. Else the faults say why. Both are part of the text or live in the arena.
 */
[[nodiscard]] bool answer_check(const struct answer_schema *s, struct str text, struct arena *a,
	struct str *value, struct schema_faults *faults);
/* What the model is told when an answer does not fit. */
struct str answer_complaint(const struct schema_faults *faults, struct arena *a);
/* ERR_TASK: "the answer does not fit the schema: ..." */
void answer_set_error(const struct schema_faults *faults, struct err *e);

#endif
