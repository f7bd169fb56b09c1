// SPDX-License-Identifier: MIT
#include "agent/session.h"

#include <string.h>

#include "base/json.h"

static void release_drafts(struct session *s)
{
	vec_each (&s->drafts, draft) {
		buf_release(&draft->text);
		buf_release(&draft->signature);
		buf_release(&draft->extra);
	}
	vec_release(&s->drafts);
}

void session_release(struct session *s)
{
	release_drafts(s);
	vec_release(&s->messages);
	arena_release(&s->arena);
}

void session_add(struct session *s, enum role role, const struct block *blocks, size_t n)
{
	struct message message = {.role = role, .block_count = n};

	message.blocks = arena_alloc(&s->arena, n, sizeof *blocks);
	if (n)
		memcpy(message.blocks, blocks, n * sizeof *blocks);
	vec_push(&s->messages, message);
}

static struct draft *add_draft(struct session *s, enum block_kind kind, int index)
{
	vec_push(&s->drafts, (struct draft){.kind = kind, .index = index});
	return &s->drafts.p[s->drafts.n - 1];
}

/* The block that is being received, when it is of this kind; else a new one. */
static struct draft *open_draft(struct session *s, enum block_kind kind, int index)
{
	struct draft *last = s->drafts.n ? &s->drafts.p[s->drafts.n - 1] : NULL;

	return last && last->kind == kind && !last->is_closed ? last : add_draft(s, kind, index);
}

static struct draft *call_draft(struct session *s, int index)
{
	for (size_t i = s->drafts.n; i-- > 0;)
		if (s->drafts.p[i].kind == BLOCK_TOOL_USE && s->drafts.p[i].index == index)
			return &s->drafts.p[i];
	return NULL;
}

static void begin_call(struct session *s, const struct delta *delta)
{
	struct draft *draft = add_draft(s, BLOCK_TOOL_USE, delta->index);

	draft->id = arena_copy(&s->arena, delta->id);
	draft->name = arena_copy(&s->arena, delta->name);
}

/* What a provider wants back with a block: the newest is whole. */
static void keep_extra(struct session *s, const struct delta *delta)
{
	struct draft *draft = NULL;

	for (size_t i = s->drafts.n; i-- > 0 && !draft;)
		if (s->drafts.p[i].index == delta->index)
			draft = &s->drafts.p[i];
	if (!draft)
		draft = add_draft(s, BLOCK_THINKING, delta->index);
	buf_clear(&draft->extra);
	buf_put_str(&draft->extra, delta->text);
}

void session_take_delta(struct session *s, const struct delta *delta)
{
	struct draft *draft;
	int index = delta->index;

	switch (delta->kind) {
	case DELTA_TEXT: buf_put_str(&open_draft(s, BLOCK_TEXT, index)->text, delta->text); break;
	case DELTA_THINKING:
		buf_put_str(&open_draft(s, BLOCK_THINKING, index)->text, delta->text);
		break;
	case DELTA_SIGNATURE:
		buf_put_str(&open_draft(s, BLOCK_THINKING, index)->signature, delta->text);
		break;
	case DELTA_REDACTED:
		draft = add_draft(s, BLOCK_THINKING, index);
		draft->redacted = draft->is_closed = true;
		buf_put_str(&draft->signature, delta->text);
		break;
	case DELTA_TOOL_USE: begin_call(s, delta); break;
	case DELTA_TOOL_INPUT:
		draft = call_draft(s, delta->index);
		if (draft)
			buf_put_str(&draft->text, delta->text);
		break;
	case DELTA_EXTRA: keep_extra(s, delta); break;
	case DELTA_BLOCK_STOP:
		/* Two thinking blocks in a row stay two: each has its own signature. */
		if (s->drafts.n)
			s->drafts.p[s->drafts.n - 1].is_closed = true;
		break;
	default: break;
	}
}

/*
 * Providers accept nothing but an object in a request, so damaged input goes back inside of one;
 * the block is marked and its call answered with an error.
 */
static struct str sent_back(struct session *s, struct str input, bool *damaged)
{
	struct err e;

	if (str_trim(input).n == 0)
		return STR("{}");
	*damaged = !json_check(input, &e) || json_type(str_trim(input)) != JSON_OBJECT;
	if (*damaged) {
		AUTO(buf) b = {0};
		buf_put_text(&b, "{\"invalid_input\":");
		json_quote(&b, input);
		buf_put_char(&b, '}');
		return arena_copy(&s->arena, buf_str(&b));
	}
	return arena_copy(&s->arena, str_trim(input));
}

static bool to_block(struct session *s, const struct draft *draft, struct block *out)
{
	struct str text = buf_str(&draft->text);

	struct str extra = arena_copy(&s->arena, buf_str(&draft->extra));

	*out = (struct block){.kind = draft->kind, .redacted = draft->redacted};
	if (draft->kind == BLOCK_TOOL_USE) {
		out->id = draft->id;
		out->name = draft->name;
		out->extra = extra;
		out->input = sent_back(s, text, &out->is_error);
		return true;
	}
	if (text.n == 0 && draft->signature.n == 0 && extra.n == 0)
		return false;
	out->extra = extra;
	out->text = arena_copy(&s->arena, text);
	out->signature = arena_copy(&s->arena, buf_str(&draft->signature));
	return true;
}

void session_forget_answer(struct session *s)
{
	release_drafts(s);
}

const struct message *session_end_answer(struct session *s)
{
	VEC(struct block) blocks = {0};
	struct block block;
	const struct message *message = NULL;

	vec_each (&s->drafts, draft)
		if (to_block(s, draft, &block))
			vec_push(&blocks, block);
	if (blocks.n) {
		session_add(s, ROLE_ASSISTANT, blocks.p, blocks.n);
		message = &s->messages.p[s->messages.n - 1];
	}
	vec_release(&blocks);
	release_drafts(s);
	return message;
}

struct str session_text(const struct message *m, struct arena *a)
{
	AUTO(buf) all = {0};

	for (size_t i = 0; m && i < m->block_count; i++) {
		if (m->blocks[i].kind != BLOCK_TEXT)
			continue;
		if (all.n)
			buf_put_text(&all, "\n\n");
		buf_put_str(&all, m->blocks[i].text);
	}
	return arena_copy(a, buf_str(&all));
}
