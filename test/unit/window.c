// SPDX-License-Identifier: MIT
/*
 * The context window: made-up conversations of many turns against windows of many sizes. The
 * provider is played by a tokenizer of its own that counts the bytes of the written request, so the
 * estimates of the window are never what it counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agent/summary.h"
#include "agent/tokens.h"
#include "agent/trim.h"
#include "agent/window.h"
#include "base/json.h"

enum { OUTPUT_MAX = 32'000 };

/* ---- chance ---- */

static uint64_t chance;

static uint64_t random_bits(void)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return chance;
}

static size_t below(size_t n)
{
	return n ? (size_t)(random_bits() >> 11) % n : 0;
}

static bool one_in(size_t n)
{
	return below(n) == 0;
}

/* ---- a conversation ---- */

struct talk {
	struct session session;
	struct prompt base;
	struct window window;
	struct tool_spec tools[2];
	const struct wire *wire;
	size_t calls;
	/* The provider: its tokens for 1000 bytes, of ASCII and of others. */
	int64_t plain_rate, other_rate;
	int64_t window_tokens; /* its real window */

	struct buf body, before;
	bool has_shrunk;
	int64_t asked, sent_output; /* tokens of the last request, and wanted by it */
	/* What came of it. */
	size_t hurt; /* late turns that were not kept whole */
	size_t requests, shrinks, summaries, overflows;
	uint64_t old_bytes, common_bytes; /* of requests that were no shrink */
	int64_t largest;
};

static struct str words(struct arena *a, size_t bytes)
{
	static const char *const some[] = {"static ", "int ", "window", "->", "tokens", " = ",
		"0;\n", "\t", "return ", "if (", ") {\n", "}\n", "/* why */ ", "\"text\"",
		"request ", "the ", "of ", "1234", "0x7f ", "Zeile ", "\xc3\xa9t\xc3\xa9 ",
		"\xe4\xb8\xad\xe6\x96\x87", "\xd0\xbf\xd1\x80\xd0\xb8 ", "src/agent/turn.c:12: "};
	size_t kinds = sizeof some / sizeof *some;
	AUTO(buf) b = {0};

	while (b.n < bytes)
		buf_put_text(&b, some[below(kinds)]);
	return arena_copy(a, buf_str(&b));
}

static void talk_start(struct talk *t, const struct wire *wire, size_t task_bytes)
{
	*t = (struct talk){.wire = wire, .plain_rate = 270, .other_rate = 350};
	t->tools[0] = (struct tool_spec){STR("grep"), STR("searches the files for a pattern"),
		STR("{\"type\":\"object\",\"properties\":{\"pattern\":{\"type\":\"string\"}}}")};
	t->tools[1] = (struct tool_spec){STR("view"), STR("shows a part of a file"),
		STR("{\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"}}}")};
	t->base = (struct prompt){.model = STR("m"),
		.system = words(&t->session.arena, 2000),
		.tools = t->tools,
		.tool_count = 2,
		.effort = STR(""),
		.stream = true};
	struct block blocks[] = {
		{.kind = BLOCK_TEXT, .text = STR("# Facts\ndate: 2026-11-21")},
		{.kind = BLOCK_TEXT, .text = words(&t->session.arena, task_bytes)},
	};
	session_add(&t->session, ROLE_USER, blocks, 2);
}

static void talk_window(struct talk *t, int64_t tokens, bool is_known)
{
	t->window_tokens = tokens;
	window_start(&t->window, &t->session, &t->base);
	window_set_limits(&t->window, tokens, is_known, OUTPUT_MAX);
}

static void talk_release(struct talk *t)
{
	window_release(&t->window);
	session_release(&t->session);
	buf_release(&t->body);
	buf_release(&t->before);
}

struct shape {
	size_t result_bytes, text_bytes;
	size_t calls_max;
	bool thinks;
};

static size_t add_thoughts(struct talk *t, struct block *blocks)
{
	struct arena *a = &t->session.arena;

	blocks[0] = (struct block){.kind = BLOCK_THINKING,
		.text = one_in(3) ? STR("") : words(a, below(200)),
		.signature = arena_printf(a, "sig%zu", t->calls)};
	blocks[1] = (struct block){.kind = BLOCK_THINKING,
		.text = STR(""),
		.signature = arena_printf(a, "opaque%zu", t->calls),
		.redacted = true};
	return one_in(4) ? 2 : 1;
}

static void add_turn(struct talk *t, const struct shape *shape)
{
	struct arena *a = &t->session.arena;
	struct block said[40], results[32];
	size_t n = 0, calls = 1 + below(shape->calls_max), bytes = below(shape->result_bytes * 2);

	if (shape->thinks && !one_in(4))
		n += add_thoughts(t, said);
	if (one_in(2))
		said[n++] = (struct block){
			.kind = BLOCK_TEXT, .text = words(a, below(shape->text_bytes))};
	for (size_t i = 0; i < calls; i++) {
		struct str id = arena_printf(a, "call_%zu", ++t->calls);
		struct str name = one_in(2) ? STR("grep") : STR("view");
		said[n++] = (struct block){.kind = BLOCK_TOOL_USE,
			.id = id,
			.name = name,
			.input = arena_printf(a, "{\"path\":\"src/file%zu.c\"}", below(100))};
		results[i] = (struct block){.kind = BLOCK_TOOL_RESULT,
			.id = id,
			.name = name,
			.text = one_in(9) ? STR("[no output]") : words(a, bytes / calls),
			.is_error = one_in(7)};
	}
	session_add(&t->session, ROLE_ASSISTANT, said, n);
	session_add(&t->session, ROLE_USER, results, calls);
}

/* ---- the provider ---- */

static int64_t count_tokens(const struct talk *t, struct str body)
{
	int64_t plain = 0;

	for (size_t i = 0; i < body.n; i++)
		plain += (signed char)body.p[i] >= 0;
	return (plain * t->plain_rate + ((int64_t)body.n - plain) * t->other_rate) / 1000;
}

static struct prompt prompt_of(const struct talk *t)
{
	struct prompt p = t->base;

	p.messages = t->window.view.p;
	p.message_count = t->window.view.n;
	p.max_output_tokens = t->window.output_tokens;
	return p;
}

static size_t common(struct str a, struct str b)
{
	size_t n = 0, most = a.n < b.n ? a.n : b.n;

	while (n + 256 <= most && memcmp(a.p + n, b.p + n, 256) == 0)
		n += 256;
	while (n < most && a.p[n] == b.p[n])
		n++;
	return n;
}

/* ---- what has to hold ---- */

static bool is_call(const struct block *b)
{
	return b->kind == BLOCK_TOOL_USE;
}

/* Every call has its result in the message behind it, in order, and no result is without a call. */
static void check_pairs(const struct prompt *p)
{
	assert_int_equal(p->messages[0].role, ROLE_USER);
	for (size_t i = 0; i < p->message_count; i++) {
		const struct message *m = &p->messages[i], *next = m + 1;
		size_t at = 0;
		if (i > 0)
			assert_int_not_equal(m->role, m[-1].role);
		assert_true(m->block_count > 0);
		for (size_t k = 0; i == 0 && k < m->block_count; k++)
			assert_int_equal(m->blocks[k].kind, BLOCK_TEXT);
		if (m->role != ROLE_ASSISTANT)
			continue;
		for (size_t k = 0; k < m->block_count; k++) {
			assert_int_not_equal(m->blocks[k].kind, BLOCK_TOOL_RESULT);
			if (!is_call(&m->blocks[k]))
				continue;
			assert_true(i + 1 < p->message_count && at < next->block_count);
			assert_int_equal(next->blocks[at].kind, BLOCK_TOOL_RESULT);
			assert_true(str_eq(next->blocks[at].id, m->blocks[k].id));
			at++;
		}
		if (i + 1 < p->message_count)
			for (; at < next->block_count; at++)
				assert_int_not_equal(next->blocks[at].kind, BLOCK_TOOL_RESULT);
	}
}

/* The question stands behind results, as a message of its own that the wires join to them. */
static void check_calls_answered(const struct prompt *p)
{
	struct prompt before = *p;

	before.message_count--;
	assert_int_equal(p->messages[before.message_count].role, ROLE_USER);
	check_pairs(&before);
}

/* Answers that are still there are the session's own, with their thoughts and signatures. */
static void check_answers(const struct talk *t)
{
	const struct window *w = &t->window;
	const struct message *all = t->session.messages.p;
	size_t first = t->session.messages.n - (w->view.n - 1);

	for (size_t i = 1; i < w->view.n; i++) {
		const struct message *m = &w->view.p[i], *own = &all[first + i - 1];
		assert_int_equal(m->role, own->role);
		assert_int_equal(m->block_count, own->block_count);
		if (m->role == ROLE_ASSISTANT)
			assert_ptr_equal(m->blocks, own->blocks);
		for (size_t k = 0; k < m->block_count; k++) {
			assert_true(str_eq(m->blocks[k].id, own->blocks[k].id));
			assert_int_equal(m->blocks[k].is_error, own->blocks[k].is_error);
		}
	}
	/* The task is whole. */
	for (size_t k = 0; k < all[0].block_count; k++)
		assert_true(str_eq(w->view.p[0].blocks[k].text, all[0].blocks[k].text));
}

/* The last turn was not seen by the model yet: it may be cut, but is no placeholder. */
static void check_last(const struct talk *t)
{
	const struct message *last = &t->window.view.p[t->window.view.n - 1];

	for (size_t i = 0; i < last->block_count; i++)
		assert_false(str_contains(last->blocks[i].text, STR("removed to save room")));
}

/* Turns of the last three, but for the very last, that have a placeholder. */
static size_t count_hurt(const struct talk *t)
{
	const struct window *w = &t->window;
	size_t hurt = 0, from = w->view.n > 6 ? w->view.n - 6 : 1;

	for (size_t i = from; i < w->view.n; i++)
		for (size_t k = 0; k < w->view.p[i].block_count; k++)
			if (str_contains(
				    w->view.p[i].blocks[k].text, STR("removed to save room"))) {
				hurt++;
				break;
			}
	return hurt;
}

static void check_body(const struct talk *t)
{
	struct arena a = {0};
	struct prompt read;
	struct err e;

	if (t->wire == &wire_anthropic) {
		if (!wire_anthropic.get_request(buf_str(&t->body), &a, &read, &e))
			fail_msg("%s", e.text);
		check_pairs(&read);
	} else {
		assert_true(json_check(buf_str(&t->body), &e));
	}
	arena_release(&a);
}

/* Up to the question itself it is what the provider has in its cache. */
static void check_question(const struct talk *t, const struct prompt *question)
{
	struct prompt p = *question;
	AUTO(buf) body = {0};
	AUTO(buf) last = {0};

	if (p.message_count == 1)
		return;
	check_calls_answered(&p);
	p.max_output_tokens = t->sent_output;
	/* The marks of the anthropic wire move. */
	if (t->wire == &wire_anthropic)
		return;
	t->wire->put_request(&p, &body);
	p.system = STR("");
	p.tool_count = 0;
	p.message_count = 1;
	p.messages += question->message_count - 1;
	t->wire->put_request(&p, &last);
	assert_true(common(buf_str(&body), buf_str(&t->body)) + last.n > body.n);
}

/* ---- going on with it ---- */

static void summarise(struct talk *t)
{
	struct summary s = {0};
	struct prompt p = prompt_of(t);
	AUTO(buf) body = {0};
	bool same = one_in(2);

	t->summaries++;
	if (summary_prepare(&s, &t->window, &p, same, t->window.tokens)) {
		t->wire->put_request(&s.prompt, &body);
		int64_t tokens = count_tokens(t, buf_str(&body));
		/* A wrong guess of the window goes for the question too. */
		if (tokens > t->window.tokens * 5 / 4)
			fail_msg("a question of %lld tokens", (long long)tokens);
		check_question(t, &s.prompt);
	}
	summary_release(&s);
	window_close_summary(
		&t->window, one_in(5) ? STR("") : words(&t->session.arena, below(30'000)));
}

/* One request; what came before it is counted as reused. */
static void ask(struct talk *t)
{
	struct err e = {0};
	bool has_shrunk = false;
	enum window_verdict verdict = window_fit(&t->window, &has_shrunk, &e);

	if (verdict == WINDOW_TOO_SMALL)
		fail_msg("%s", e.text);
	if (verdict == WINDOW_SUMMARISE)
		summarise(t);
	t->has_shrunk = has_shrunk || verdict == WINDOW_SUMMARISE;
	t->shrinks += t->has_shrunk;
	t->requests++;
	struct prompt p = prompt_of(t);
	check_pairs(&p);
	check_answers(t);
	check_last(t);
	t->hurt += count_hurt(t);
	buf_clear(&t->before);
	buf_put_str(&t->before, buf_str(&t->body));
	buf_clear(&t->body);
	t->wire->put_request(&p, &t->body);
	t->sent_output = p.max_output_tokens;
	check_body(t);
	t->asked = count_tokens(t, buf_str(&t->body));
	t->largest = t->asked > t->largest ? t->asked : t->largest;
	if (t->before.n && !t->has_shrunk) {
		t->old_bytes += t->before.n;
		t->common_bytes += common(buf_str(&t->before), buf_str(&t->body));
	}
}

static void answer(struct talk *t)
{
	struct usage u = USAGE_UNKNOWN;

	u.input = t->asked / 10;
	u.cache_read = t->asked - u.input;
	window_learn(&t->window, &u);
}

static void converse(struct talk *t, size_t turns, const struct shape *shape)
{
	for (size_t i = 0; i < turns; i++) {
		ask(t);
		if (t->asked + t->window.output_tokens > t->window_tokens)
			fail_msg("turn %zu: %lld tokens and %lld for the answer", i,
				(long long)t->asked, (long long)t->window.output_tokens);
		answer(t);
		add_turn(t, shape);
	}
}

static void report(const char *name, const struct talk *t)
{
	print_message(
		"%s: window %lld: %zu requests, largest %lld, %zu shrinks, %zu summaries, %zu "
		"turns hurt, %.2f %% of the bytes between shrinks reused\n",
		name, (long long)t->window_tokens, t->requests, (long long)t->largest, t->shrinks,
		t->summaries, t->hurt, 100.0 * (double)t->common_bytes / (double)t->old_bytes);
}

/* ---- tests ---- */

static void test_200_turns(void **)
{
	static const struct {
		int64_t window;
		struct shape shape;
		size_t task;
	} talks[] = {
		{8'192, {800, 200, 1, false}, 300},
		{8'192, {3'000, 200, 2, true}, 1'000},
		{16'000, {2'000, 500, 4, true}, 2'000},
		{32'768, {10'000, 500, 3, false}, 500},
		{64'000, {10'000, 1'000, 4, true}, 4'000},
		{100'000, {15'000, 1'000, 8, true}, 50'000},
	};
	const struct wire *some[] = {&wire_anthropic, &wire_openai, &wire_responses, &wire_ollama};

	for (size_t i = 0; i < sizeof talks / sizeof *talks; i++) {
		struct talk t;
		chance = 0x9e3779b97f4a7c15u + i;
		talk_start(&t, some[i % 4], talks[i].task);
		talk_window(&t, talks[i].window, true);
		converse(&t, 200, &talks[i].shape);
		report(t.wire->name, &t);
		assert_true(t.shrinks > 0);
		/* A shrink makes room for several turns. */
		assert_true(t.shrinks < t.requests / 2);
		assert_true(t.common_bytes * 10 >= t.old_bytes * 9);
		/* Where three turns are a small part of the window, they stay whole. */
		if (talks[i].window >= 64'000 || talks[i].shape.result_bytes < 1'000)
			assert_int_equal(t.hurt, 0);
		talk_release(&t);
	}
}

static void test_no_limit_changes_nothing(void **)
{
	struct shape shape = {5'000, 100, 3, true};
	struct talk t;

	chance = 7;
	talk_start(&t, &wire_openai, 100);
	window_start(&t.window, &t.session, &t.base);
	t.window.output_tokens = 1;
	t.window_tokens = INT64_MAX / 2;
	converse(&t, 50, &shape);
	assert_int_equal(t.window.view.n, t.session.messages.n - 2);
	assert_memory_equal(
		t.window.view.p, t.session.messages.p, t.window.view.n * sizeof *t.window.view.p);
	talk_release(&t);
}

static struct shape random_shape(int64_t tokens)
{
	return (struct shape){.result_bytes = 1 + below((size_t)tokens * (one_in(4) ? 8 : 1)),
		.text_bytes = 1 + below((size_t)tokens / 16),
		.calls_max = 1 + below(6),
		.thinks = one_in(2)};
}

/* Requests that the provider refuses; it names its window, or does not. */
static void converse_hard(struct talk *t, size_t turns, const struct shape *shape)
{
	for (size_t i = 0; i < turns; i++) {
		ask(t);
		for (int tries = 0; t->asked > t->window_tokens && tries < 8; tries++) {
			t->overflows++;
			if (!window_overflowed(&t->window, one_in(2) ? t->window_tokens : 0))
				break;
			int64_t before = t->asked;
			ask(t);
			if (t->asked >= before)
				fail_msg("no shorter after a refusal: %lld, %lld",
					(long long)before, (long long)t->asked);
		}
		answer(t);
		add_turn(t, shape);
	}
}

static void test_random_conversations(void **)
{
	const struct wire *some[] = {&wire_anthropic, &wire_openai, &wire_responses, &wire_ollama};
	struct talk all = {0};

	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct talk t;
		chance = seed * 0x2545f4914f6cdd1du;
		int64_t tokens = 2'000 + (int64_t)below(14'000);
		struct shape shape = random_shape(tokens);
		talk_start(&t, some[seed % 4], 1 + below((size_t)tokens / 2));
		t.plain_rate = 150 + (int64_t)below(350);
		t.other_rate = 200 + (int64_t)below(400);
		bool is_wrong = one_in(3);
		talk_window(&t, tokens, !is_wrong && one_in(2));
		if (is_wrong)
			window_set_limits(&t.window, tokens * 4, false, OUTPUT_MAX);
		converse_hard(&t, 40, &shape);
		all.requests += t.requests;
		all.overflows += t.overflows;
		all.shrinks += t.shrinks;
		all.summaries += t.summaries;
		talk_release(&t);
	}
	print_message("%zu requests, %zu refused, %zu shrinks, %zu summaries\n", all.requests,
		all.overflows, all.shrinks, all.summaries);
	assert_true(all.overflows > 0 && all.overflows < all.requests / 20);
}

static void test_task_too_large(void **)
{
	struct talk t;
	struct err e = {0};
	bool has_shrunk;

	chance = 3;
	talk_start(&t, &wire_anthropic, 100'000);
	talk_window(&t, 8'192, true);
	assert_int_equal(window_fit(&t.window, &has_shrunk, &e), WINDOW_TOO_SMALL);
	assert_int_equal(e.code, ERR_LIMIT);
	if (!strstr(e.text, "the task is about ") || !strstr(e.text, ","))
		fail_msg("%s", e.text);
	/* A guess of the size refuses nothing: the provider knows. */
	window_set_limits(&t.window, 8'192, false, OUTPUT_MAX);
	assert_int_equal(window_fit(&t.window, &has_shrunk, &e), WINDOW_FITS);
	assert_false(window_overflowed(&t.window, 8'192));
	talk_release(&t);
}

static void test_large_result_is_cut(void **)
{
	struct shape shape = {400'000, 10, 1, false};
	struct talk t;
	bool has_shrunk;
	struct err e;

	chance = 11;
	talk_start(&t, &wire_anthropic, 100);
	talk_window(&t, 16'000, true);
	struct block call = {
		.kind = BLOCK_TOOL_USE, .id = STR("a"), .name = STR("view"), .input = STR("{}")};
	struct block result = {.kind = BLOCK_TOOL_RESULT,
		.id = STR("a"),
		.name = STR("view"),
		.text = words(&t.session.arena, shape.result_bytes)};
	session_add(&t.session, ROLE_ASSISTANT, &call, 1);
	session_add(&t.session, ROLE_USER, &result, 1);
	assert_int_equal(window_fit(&t.window, &has_shrunk, &e), WINDOW_FITS);
	assert_false(has_shrunk);
	struct str text = t.window.view.p[2].blocks[0].text;
	assert_true(text.n < 60'000 && text.n > 10'000);
	assert_true(str_contains(text, STR("[cut here to fit the context window: ")));
	/* The session has all of it. */
	assert_int_equal(t.session.messages.p[2].blocks[0].text.n, result.text.n);
	talk_release(&t);
}

/* The bytes of one result are cut in any script without breaking a character. */
static void test_cut_is_fair(void **)
{
	struct arena a = {0};
	struct block results[] = {
		{.kind = BLOCK_TOOL_RESULT, .id = STR("a"), .text = STR("short")},
		{.kind = BLOCK_TOOL_RESULT, .id = STR("b")},
		{.kind = BLOCK_TOOL_RESULT, .id = STR("c")},
		{.kind = BLOCK_TEXT, .text = STR("and this")},
	};
	AUTO(buf) kanji = {0};

	for (int i = 0; i < 20'000; i++)
		buf_put_text(&kanji, "\xe6\x97\xa5");
	results[1].text = buf_str(&kanji);
	chance = 5;
	results[2].text = words(&a, 100'000);
	struct message all = {ROLE_USER, results, 4};
	struct message cut = trim_results(&all, 5'000, &a);
	assert_ptr_equal(cut.blocks[0].text.p, results[0].text.p);
	assert_ptr_equal(cut.blocks[3].text.p, results[3].text.p);
	int64_t b = tokens_of_text(cut.blocks[1].text), c = tokens_of_text(cut.blocks[2].text);
	assert_true(b + c <= 5'000 && b + c > 4'000);
	assert_true(b > 2'000 && c > 2'000);
	size_t head = str_find(cut.blocks[1].text, STR("\n[cut"), 0);
	assert_true(head != SIZE_MAX && head % 3 == 0);
	/* Room for all: the same blocks. */
	assert_ptr_equal(trim_results(&all, 1'000'000, &a).blocks, results);
	arena_release(&a);
}

static void test_placeholder_says_what_it_was(void **)
{
	struct arena a = {0};
	AUTO(buf) lines = {0};

	for (int i = 0; i < 4312; i++)
		buf_put_text(&lines, "a line of the result\n");
	struct block result = {.kind = BLOCK_TOOL_RESULT,
		.id = STR("x"),
		.name = STR("grep"),
		.text = buf_str(&lines),
		.is_error = true};
	struct message m = {ROLE_USER, &result, 1};
	struct message placeholder = trim_to_placeholders(&m, &a);
	assert_true(str_is(placeholder.blocks[0].text,
		"[result of grep removed to save room: 4,312 lines; call it again if needed]"));
	assert_true(placeholder.blocks[0].is_error && str_is(placeholder.blocks[0].id, "x"));
	assert_true(tokens_of_text(placeholder.blocks[0].text) <= PLACEHOLDER_TOKENS);
	result.text = STR("no match");
	assert_true(str_is(trim_to_placeholders(&m, &a).blocks[0].text, "no match"));
	arena_release(&a);
}

/* Reports that cannot be right are not believed. */
static void test_odd_reports(void **)
{
	struct usage odd[] = {{.input = 0}, {.input = 1}, {.input = -1, .cache_read = 9},
		{.input = INT64_MAX, .cache_read = INT64_MAX, .cache_write = INT64_MAX}};
	struct talk t;
	bool has_shrunk;
	struct err e;

	chance = 21;
	talk_start(&t, &wire_openai, 10'000);
	talk_window(&t, 32'000, true);
	assert_int_equal(window_fit(&t.window, &has_shrunk, &e), WINDOW_FITS);
	int64_t before = window_request_tokens(&t.window);
	for (size_t i = 0; i < 4; i++)
		window_learn(&t.window, &odd[i]);
	assert_int_equal(window_request_tokens(&t.window), before);
	struct usage right = {.input = before / 2, .cache_read = before, .cache_write = -1};
	window_learn(&t.window, &right);
	int64_t after = window_request_tokens(&t.window);
	assert_true(after >= before / 2 + before - 2 && after <= before / 2 + before);
	talk_release(&t);
}

/* A fallback with a smaller window, then one with a larger one, then one without any. */
static void test_other_model(void **)
{
	struct shape shape = {6'000, 200, 3, true};
	struct talk t;
	bool has_shrunk;
	struct err e;

	chance = 99;
	talk_start(&t, &wire_openai, 1'000);
	talk_window(&t, 200'000, true);
	converse(&t, 60, &shape);
	ask(&t);
	size_t whole = t.window.view.n;
	assert_int_equal(t.shrinks, 0);
	window_set_limits(&t.window, 16'000, true, 4'000);
	t.window_tokens = 16'000;
	ask(&t);
	assert_int_equal(t.shrinks, 1);
	assert_true(t.window.view.n < whole);
	assert_true(t.asked < 16'000);
	window_set_limits(&t.window, 100'000, true, 4'000);
	t.window_tokens = 100'000;
	ask(&t);
	assert_int_equal(t.shrinks, 1);
	window_set_limits(&t.window, 0, false, 4'000);
	assert_int_equal(window_fit(&t.window, &has_shrunk, &e), WINDOW_FITS);
	assert_int_equal(t.window.view.n, whole);
	assert_int_equal(t.window.view.p[0].block_count, t.session.messages.p[0].block_count);
	talk_release(&t);
}

static void test_estimate_of_scripts(void **)
{
	static const struct {
		const char *text;
		int64_t least, most;
	} texts[] = {
		{"", 0, 0},
		{"The quick brown fox jumps over the lazy dog.", 9, 14},
		{"\tfor (size_t i = 0; i < n; i++)\n\t\tsum += values[i];\n", 18, 30},
		{"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe6\x96\x87\xe7\xab\xa0", 4, 9},
		{"\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82 \xd0\xbc\xd0\xb8\xd1\x80", 3, 7},
		{"\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 2, 6},
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		int64_t n = tokens_of_text(str_from(texts[i].text));
		if (n < texts[i].least || n > texts[i].most)
			fail_msg("%s: %lld", texts[i].text, (long long)n);
	}
	assert_int_equal(tokens_of_text((struct str){0}), 0);
	/* Images by their bytes, up to what the largest take. */
	struct block icon = {.kind = BLOCK_IMAGE, .data = {"", 2'000}};
	struct block photo = {.kind = BLOCK_IMAGE, .data = {"", 20'000'000}};
	assert_true(tokens_of_block(&icon) > 100 && tokens_of_block(&icon) < 200);
	assert_true(tokens_of_block(&photo) > 1'000 && tokens_of_block(&photo) < 2'000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_200_turns),
		cmocka_unit_test(test_no_limit_changes_nothing),
		cmocka_unit_test(test_random_conversations),
		cmocka_unit_test(test_task_too_large),
		cmocka_unit_test(test_large_result_is_cut),
		cmocka_unit_test(test_cut_is_fair),
		cmocka_unit_test(test_placeholder_says_what_it_was),
		cmocka_unit_test(test_odd_reports),
		cmocka_unit_test(test_other_model),
		cmocka_unit_test(test_estimate_of_scripts),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
