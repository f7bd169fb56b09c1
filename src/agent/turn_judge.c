// SPDX-License-Identifier: MIT
/* What is done about an answer: tools run, the task ends, or the model is asked again. */
#include "agent/turn.h"

#include <string.h>

#include "agent/answer.h"
#include "base/json.h"

/* The same calls with the same arguments: the model is told at this many, one more ends the loop.
 */
enum { SAME_CALLS_TOLD = 3 };

size_t turn_count_calls(const struct message *m)
{
	size_t n = 0;

	for (size_t i = 0; m && i < m->block_count; i++)
		n += m->blocks[i].kind == BLOCK_TOOL_USE;
	return n;
}

static void keep_faults(struct agent *agent, const struct schema_faults *faults)
{
	struct agent_result *r = &agent->result;
	struct schema_fault *kept = arena_alloc(&agent->arena, faults->count, sizeof *kept);

	memcpy(kept, faults->items, faults->count * sizeof *kept);
	r->faults = kept;
	r->fault_count = faults->count;
	answer_set_error(faults, &agent->error);
}

/* The model gets one chance to correct itself, as far as there are turns. */
static void ask_again(struct agent *agent, const struct schema_faults *faults)
{
	struct session *s = &agent->session;
	struct block block = {.kind = BLOCK_TEXT, .text = answer_complaint(faults, &agent->arena)};
	AUTO(buf) why = {0};

	schema_faults_put(&why, faults);
	session_add(s, ROLE_USER, &block, 1);
	turn_tell(agent, (struct agent_event){.kind = AGENT_CORRECTION,
				 .text = str_trim(buf_str(&why)),
				 .message = &s->messages.p[s->messages.n - 1]});
	agent->has_corrected = agent->prompt.wants_answer = true;
	turn_ask(agent);
}

/* False when the model is asked once more. */
static bool take_structured(struct agent *agent)
{
	struct agent_result *r = &agent->result;
	struct schema_faults faults;
	AUTO(buf) compact = {0};
	struct str value;

	if (answer_check(agent->task.schema, r->text, &agent->arena, &value, &faults)) {
		json_put_compact(&compact, value);
		r->text = value;
		r->structured = arena_copy(&agent->arena, buf_str(&compact));
		return true;
	}
	if (!agent->has_corrected && r->turns < agent->task.max_turns) {
		ask_again(agent, &faults);
		return false;
	}
	keep_faults(agent, &faults);
	return true;
}

static bool set_empty(struct err *e)
{
	return err_set(e, ERR_TASK, "the model gave an empty answer");
}

bool agent_take_answer(const struct answer_schema *schema, struct str text, struct arena *a,
	struct str *answer, struct err *e)
{
	struct schema_faults faults;

	if (!text.n)
		return set_empty(e);
	if (schema && !answer_check(schema, text, a, answer, &faults)) {
		answer_set_error(&faults, e);
		return false;
	}
	if (!schema)
		*answer = text;
	return true;
}

static void without_calls(struct agent *agent)
{
	switch (agent->result.stop) {
	case STOP_MAX:
		err_set(&agent->error, ERR_LIMIT,
			"the answer is cut: it reached %lld output tokens",
			(long long)agent->calls.p[agent->calls.n - 1].max_output_tokens);
		break;
	case STOP_CONTEXT:
		err_set(&agent->error, ERR_LIMIT, "the answer is cut: the context window is full");
		break;
	case STOP_REFUSAL: err_set(&agent->error, ERR_TASK, "the model refused to answer"); break;
	default:
		if (agent->result.text.n == 0)
			set_empty(&agent->error);
		else if (agent->task.schema && !take_structured(agent))
			return;
	}
	turn_end_soon(agent);
}

void turn_judge(struct agent *agent, const struct message *message)
{
	if (turn_count_calls(message) == 0) {
		without_calls(agent);
		return;
	}
	if (agent->result.turns >= agent->task.max_turns) {
		err_set(&agent->error, ERR_LIMIT, "stopped after %d turn%s%s", agent->result.turns,
			agent->result.turns == 1 ? "" : "s",
			agent->task.is_sub ? "" : " (--max-turns)");
		agent->result.stop = STOP_TOOL_USE;
		turn_end_soon(agent);
		return;
	}
	int same = repeats_count(&agent->repeats, message);
	if (agent->result.stop == STOP_MAX) {
		turn_refuse_tools(agent, message,
			"not run: your answer was cut at the output limit, so the arguments may be "
			"incomplete; call again with shorter arguments");
	} else if (agent->result.stop == STOP_CONTEXT) {
		if (window_overflowed(&agent->window, 0))
			turn_refuse_tools(agent, message,
				"not run: your answer was cut because the context window was full, "
				"so the arguments may be incomplete; call again");
		else
			without_calls(agent);
	} else if (same > SAME_CALLS_TOLD) {
		err_set(&agent->error, ERR_TASK,
			"the model repeats the same tool call without getting further");
		turn_end_soon(agent);
	} else if (same == SAME_CALLS_TOLD) {
		turn_refuse_tools(agent, message,
			"not run: you have asked for exactly this three times running; the result "
			"will not change. Answer with what you have, or try something else");
	} else {
		turn_run_tools(agent, message);
	}
}
