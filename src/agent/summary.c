// SPDX-License-Identifier: MIT
#include "agent/summary.h"

#include <string.h>

#include "agent/tokens.h"
#include "base/utf8.h"

extern const char embed_summary_md[];

/* Reasoning counts as output, so an answer may take some more than the summary. */
enum { REASONING_TOKENS = 1024 };
/* Bytes of a result that are told in plain text; the next smaller where it does not fit. */
static const size_t result_heads[] = {2000, 400, 0};

void summary_release(struct summary *s)
{
	buf_release(&s->text);
	arena_release(&s->arena);
	*s = (struct summary){0};
}

/* The question, with the number of words in its place. */
static struct str question(struct summary *s, const struct window *w)
{
	struct str all = str_trim(str_from(embed_summary_md)), place = STR("{words}");
	size_t at = str_find(all, place, 0);
	/* English takes some 1.4 tokens a word, the paths and names in it more. */
	long long words = window_summary_tokens(w) / 2;

	must(at != SIZE_MAX);
	struct str rest = str_skip(all, at + place.n);
	return arena_printf(&s->arena, "%.*s%lld%.*s", (int)at, all.p, words, STR_ARG(rest));
}

static int64_t longest_answer(const struct window *w)
{
	int64_t tokens = window_summary_tokens(w) * 2 + REASONING_TOKENS;

	return tokens < w->output_tokens ? tokens : w->output_tokens;
}

static void add_block(struct summary *s, struct message *m, struct str text)
{
	m->role = ROLE_USER;
	m->block_count = 1;
	m->blocks = arena_alloc(&s->arena, 1, sizeof *m->blocks);
	m->blocks[0] = (struct block){.kind = BLOCK_TEXT, .text = text};
}

static int64_t prompt_tokens(const struct prompt *p)
{
	int64_t sum = tokens_of_text(p->system);

	for (size_t i = 0; i < p->tool_count; i++)
		sum += tokens_of_tool(&p->tools[i]);
	for (size_t i = 0; i < p->message_count; i++)
		sum += tokens_of_message(&p->messages[i]);
	return sum;
}

static bool fits(const struct summary *s, const struct window *w, int64_t window_tokens)
{
	__int128 tokens = (__int128)prompt_tokens(&s->prompt) * w->scale / WINDOW_SCALE_ONE;

	return !window_tokens || tokens + s->prompt.max_output_tokens <= window_tokens;
}

static void continue_conversation(
	struct summary *s, const struct window *w, const struct prompt *base)
{
	/* The task, and the turns that leave. */
	size_t n = 1 + w->next.keep_from - w->now.keep_from;
	struct message *messages = arena_alloc(&s->arena, n + 1, sizeof *messages);

	memcpy(messages, w->view.p, n * sizeof *messages);
	add_block(s, &messages[n], question(s, w));
	s->prompt = *base;
	s->prompt.messages = messages;
	s->prompt.message_count = n + 1;
	s->prompt.max_output_tokens = longest_answer(w);
}

static void tell_block(struct buf *out, const struct block *b, size_t head_bytes)
{
	struct str head = utf8_head(b->text, head_bytes);

	switch (b->kind) {
	case BLOCK_TEXT: buf_printf(out, "%.*s\n\n", STR_ARG(b->text)); break;
	case BLOCK_THINKING: break;
	case BLOCK_IMAGE: buf_put_text(out, "[an image]\n\n"); break;
	case BLOCK_TOOL_USE:
		buf_printf(out, "[call of %.*s: %.*s]\n\n", STR_ARG(b->name), STR_ARG(b->input));
		break;
	case BLOCK_TOOL_RESULT:
		buf_printf(out, "[%s of %.*s]\n%.*s%s\n\n", b->is_error ? "error" : "result",
			STR_ARG(b->name), STR_ARG(head), head.n < b->text.n ? " [...]" : "");
	}
}

static void tell_conversation(struct summary *s, const struct window *w, size_t head_bytes)
{
	const struct message *messages = w->session->messages.p;
	AUTO(buf) told = {0};

	buf_put_text(&told, "This is a conversation between a user and a coding assistant.\n\n");
	for (size_t i = 0; i < w->view.p[0].block_count; i++)
		tell_block(&told, &w->view.p[0].blocks[i], 0);
	for (size_t i = w->now.keep_from; i < w->next.keep_from; i++) {
		buf_printf(&told, "## %s\n\n",
			messages[i].role == ROLE_ASSISTANT ? "Assistant" : "Results and user");
		for (size_t k = 0; k < messages[i].block_count; k++)
			tell_block(&told, &messages[i].blocks[k], head_bytes);
	}
	buf_printf(&told, "## Your task\n\n%.*s\n", STR_ARG(question(s, w)));
	struct message *message = arena_alloc(&s->arena, 1, sizeof *message);
	add_block(s, message, arena_copy(&s->arena, buf_str(&told)));
	s->prompt = (struct prompt){.system = STR(""),
		.effort = STR(""),
		.messages = message,
		.message_count = 1,
		.max_output_tokens = longest_answer(w),
		.stream = true};
}

bool summary_prepare(struct summary *s, const struct window *w, const struct prompt *base,
	bool is_same_model, int64_t window_tokens)
{
	if (is_same_model) {
		continue_conversation(s, w, base);
		if (fits(s, w, window_tokens))
			return true;
	}
	for (size_t i = 0; i < sizeof result_heads / sizeof *result_heads; i++) {
		tell_conversation(s, w, result_heads[i]);
		if (fits(s, w, window_tokens))
			return true;
	}
	return false;
}

static void got_delta(void *self, const struct delta *delta)
{
	struct summary *s = self;

	if (delta->kind == DELTA_TEXT)
		buf_put_str(&s->text, delta->text);
}

static void got_retry(void *self, const struct call_retry *retry)
{
	struct summary *s = self;

	buf_clear(&s->text);
	s->sink.retry(s->sink.self, retry);
}

static void got_wait(void *self, const struct call_wait *wait)
{
	struct summary *s = self;

	s->sink.wait(s->sink.self, wait);
}

static void got_end(void *self, const struct call_result *result)
{
	struct summary *s = self;

	s->sink.end(s->sink.self, result);
}

struct call *summary_ask(struct summary *s, const struct call_world *world,
	const struct route *route, const struct call_sink *sink)
{
	struct call_sink own = {.delta = got_delta,
		.retry = got_retry,
		.end = got_end,
		.self = s,
		.wait = got_wait};

	s->sink = *sink;
	return call_start(world, route, &s->prompt, &own);
}
