// SPDX-License-Identifier: MIT
/* whole_answer: deltas put together to a whole answer, for clients that ask for no stream. */
#include "llm/inside.h"

static struct answer_block *block_for(
	struct whole_answer *answer, enum block_kind kind, const struct delta *delta)
{
	struct answer_block *last =
		answer->blocks.n ? &answer->blocks.p[answer->blocks.n - 1] : NULL;

	if (last && last->kind == kind && last->index == delta->index &&
		delta->kind != DELTA_TOOL_USE && delta->kind != DELTA_REDACTED)
		return last;
	vec_push(&answer->blocks, (struct answer_block){.kind = kind, .index = delta->index});
	return &answer->blocks.p[answer->blocks.n - 1];
}

/* Of the call it belongs to; where there is none it is lost, as it is in a stream. */
static struct answer_block *call_for(struct whole_answer *answer, int index)
{
	vec_each (&answer->blocks, block)
		if (block->kind == BLOCK_TOOL_USE && block->index == index)
			return block;
	return NULL;
}

static void take_call(struct whole_answer *answer, const struct delta *delta)
{
	struct answer_block *block = block_for(answer, BLOCK_TOOL_USE, delta);

	block->id = delta->id;
	block->name = delta->name;
}

static void take_redacted(struct whole_answer *answer, const struct delta *delta)
{
	struct answer_block *block = block_for(answer, BLOCK_THINKING, delta);

	block->redacted = true;
	buf_put_str(&block->signature, delta->text);
}

static void take_extra(struct whole_answer *answer, const struct delta *delta)
{
	struct answer_block *call = call_for(answer, delta->index);

	buf_put_str(call ? &call->extra : &block_for(answer, BLOCK_THINKING, delta)->extra,
		delta->text);
}

static void start(struct whole_answer *answer, const struct delta *delta)
{
	if (answer->has_started)
		return;
	answer->has_started = true;
	answer->usage = USAGE_UNKNOWN;
	answer->id = delta->kind == DELTA_START && delta->id.p ? delta->id : STR("answer_0");
	answer->model = delta->kind == DELTA_START && delta->model.p ? delta->model : STR("");
}

void whole_answer_take(struct whole_answer *answer, const struct delta *delta)
{
	struct answer_block *call;

	start(answer, delta);
	switch (delta->kind) {
	case DELTA_TEXT:
		buf_put_str(&block_for(answer, BLOCK_TEXT, delta)->text, delta->text);
		break;
	case DELTA_THINKING:
		buf_put_str(&block_for(answer, BLOCK_THINKING, delta)->text, delta->text);
		break;
	case DELTA_SIGNATURE:
		buf_put_str(&block_for(answer, BLOCK_THINKING, delta)->signature, delta->text);
		break;
	case DELTA_REDACTED: take_redacted(answer, delta); break;
	case DELTA_TOOL_USE: take_call(answer, delta); break;
	case DELTA_TOOL_INPUT:
		call = call_for(answer, delta->index);
		if (call)
			buf_put_str(&call->text, delta->text);
		break;
	case DELTA_EXTRA: take_extra(answer, delta); break;
	case DELTA_USAGE: usage_merge(&answer->usage, &delta->usage); break;
	case DELTA_STOP: answer->reason = delta->reason; break;
	default: break;
	}
}

void whole_answer_release(struct whole_answer *answer)
{
	vec_each (&answer->blocks, block) {
		buf_release(&block->text);
		buf_release(&block->signature);
		buf_release(&block->extra);
	}
	vec_release(&answer->blocks);
	*answer = (struct whole_answer){0};
}
