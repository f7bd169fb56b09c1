// SPDX-License-Identifier: MIT
/*
 * offline: any request and any results. The first byte says which tools are offered and which calls
 * fail; the rest is parted at NUL bytes: the request, then results that are given in turn.
 */
#include "base/json.h"
#include "base/must.h"
#include "llm/llm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CALLS_MAX = 64, ROUNDS_MAX = 3 };

static const char *const names[] = {"view", "ls", "glob", "grep", "count", "git"};

struct turn {
	struct arena *arena;
	struct block calls[CALLS_MAX];
	size_t call_count, ends, starts;
	bool has_text;
	enum stop_reason reason;
};

static bool hear(void *self, const struct delta *d)
{
	struct turn *t = self;

	must(t->ends == 0);
	must(t->starts == (d->kind != DELTA_START));
	switch (d->kind) {
	case DELTA_START: t->starts++; break;
	case DELTA_TEXT:
		must(d->text.n > 0);
		t->has_text = true;
		break;
	case DELTA_TOOL_USE:
		must(t->call_count < CALLS_MAX);
		t->calls[t->call_count++] = (struct block){.kind = BLOCK_TOOL_USE,
			.id = arena_copy(t->arena, d->id),
			.name = arena_copy(t->arena, d->name)};
		break;
	case DELTA_TOOL_INPUT:
		t->calls[t->call_count - 1].input = arena_copy(t->arena, d->text);
		break;
	case DELTA_STOP: t->reason = d->reason; break;
	case DELTA_END: t->ends++; break;
	default: break;
	}
	return true;
}

static struct str next_part(struct str *rest, struct str all)
{
	struct str part;

	if (!str_split(rest, '\0', &part)) {
		*rest = all;
		if (!str_split(rest, '\0', &part))
			part = STR("");
	}
	return part;
}

static bool is_offered(const struct prompt *prompt, struct str name)
{
	for (size_t i = 0; i < prompt->tool_count; i++)
		if (str_eq(prompt->tools[i].name, name))
			return true;
	return false;
}

/* Answers the calls of a turn from the input; the messages grow by two. */
static void give_results(struct prompt *prompt, struct turn *t, struct str *rest, struct str all,
	uint8_t flags, struct arena *a)
{
	struct block *uses = arena_alloc(a, t->call_count, sizeof *uses);
	struct block *results = arena_alloc(a, t->call_count, sizeof *results);
	struct err e;

	for (size_t i = 0; i < t->call_count; i++) {
		uses[i] = t->calls[i];
		must(json_check(uses[i].input, &e) && is_offered(prompt, uses[i].name));
		results[i] = (struct block){.kind = BLOCK_TOOL_RESULT,
			.id = uses[i].id,
			.text = next_part(rest, all),
			.is_error = (flags & 64) && i % 2};
	}
	prompt->messages[prompt->message_count++] =
		(struct message){ROLE_ASSISTANT, uses, t->call_count};
	prompt->messages[prompt->message_count++] = (struct message){
		ROLE_USER, results, (flags & 128) ? t->call_count - 1 : t->call_count};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tool_spec tools[6];
	struct message messages[2 + 2 * ROUNDS_MAX];
	struct prompt prompt = {.tools = tools, .messages = messages, .max_output_tokens = 1000};
	struct arena a = {0};

	if (size == 0)
		return 0;
	for (size_t i = 0; i < 6; i++)
		if (!(data[0] & 1u << i))
			tools[prompt.tool_count++] = (struct tool_spec){.name = str_from(names[i])};
	struct str all = {(const char *)data + 1, size - 1}, rest = all;
	struct block task = {.kind = BLOCK_TEXT, .text = next_part(&rest, all)};
	messages[prompt.message_count++] = (struct message){ROLE_USER, &task, 1};
	for (int round = 0;; round++) {
		struct turn t = {.arena = &a};
		struct arena own = {0};
		offline_answer(&prompt, &own, hear, &t);
		arena_release(&own);
		must(t.ends == 1 && (t.call_count > 0) != t.has_text);
		must(t.reason == (t.call_count ? STOP_TOOL_USE : STOP_END));
		if (t.call_count == 0)
			break;
		must(round < ROUNDS_MAX);
		give_results(&prompt, &t, &rest, all, data[0], &a);
	}
	arena_release(&a);
	return 0;
}
