// SPDX-License-Identifier: MIT
/* llm: what a wire writes it reads back as it was; requests of others; errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "deltas.h"

/* ---- a seeded source of nasty things ---- */

static uint64_t seed;

static unsigned below(unsigned limit)
{
	seed ^= seed << 13; /* xorshift64 */
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 11) % limit;
}

static struct str nasty(struct arena *a)
{
	static const struct str pieces[] = {STR("plain words"), STR("\"quoted\""),
		STR("back\\slash\\"), STR("\n\r\t"), STR("\x01\x1f\x7f"), STR("\0"),
		STR("\xf0\x9f\x8c\x8d emoji \xf0\x9f\x91\xa9"), STR("\xff\xfe"), STR("\xc3"),
		STR("\xed\xa0\x80"), STR("\xe2\x80\xa8"), STR("data: [DONE]\n\n"),
		STR("{\"type\":\"error\"}"), STR("</s>"), STR("\\u0000"), STR("\xef\xbb\xbf"),
		STR(":"), STR("\xf4\x90\x80\x80"), STR(" ")};
	AUTO(buf) b = {0};

	for (unsigned n = 1 + below(5); n > 0; n--)
		buf_put_str(&b, pieces[below(sizeof pieces / sizeof pieces[0])]);
	return arena_copy(a, buf_str(&b));
}

static struct str object(struct arena *a)
{
	AUTO(buf) b = {0};
	struct json_writer w = {.buf = &b};

	json_open(&w, '{');
	for (unsigned n = below(4); n > 0; n--) {
		json_key_str(&w, nasty(a));
		if (below(3) == 0) {
			json_open(&w, '[');
			json_put_int(&w, (int64_t)seed);
			json_put_null(&w);
			json_close(&w, ']');
		} else {
			json_put_str(&w, nasty(a));
		}
	}
	json_close(&w, '}');
	return arena_copy(a, buf_str(&b));
}

static struct str identifier(struct arena *a)
{
	return arena_printf(a, "id_%u", below(1'000'000));
}

/* A thought with what its wire wants back. */
static struct block random_thought(struct arena *a, const struct wire *wire, bool has_details)
{
	struct block b = {.kind = BLOCK_THINKING, .text = nasty(a)};
	AUTO(buf) extra = {0};
	struct json_writer w = {.buf = &extra};

	if (wire == &wire_anthropic) {
		b.signature = nasty(a);
		b.redacted = below(3) == 0;
		if (b.redacted || below(4) == 0)
			b.text = STR("");
	} else if (wire == &wire_ollama) {
		b.signature = STR("thinking");
	} else if (wire == &wire_openai && !has_details) {
		b.signature = STR("reasoning_content");
	} else {
		bool is_item = wire == &wire_responses;
		json_open(&w, is_item ? '{' : '[');
		if (is_item) {
			json_member_text(&w, "type", "reasoning");
			json_member_str(&w, "id", identifier(a));
			json_member_str(&w, "encrypted_content", nasty(a));
			json_key(&w, "summary");
			json_open(&w, '[');
		}
		json_open(&w, '{');
		json_member_text(&w, "type", is_item ? "summary_text" : "reasoning.text");
		json_member_str(&w, "text", b.text);
		json_close(&w, '}');
		if (is_item)
			json_close(&w, ']');
		json_close(&w, is_item ? '}' : ']');
		b.extra = arena_copy(a, buf_str(&extra));
		b.signature = is_item ? STR("") : STR("reasoning_details");
	}
	return b;
}

static struct block random_block(
	struct arena *a, enum block_kind kind, const struct prompt *p, const struct wire *wire)
{
	bool keeps_details = p->dialect && p->dialect->keeps_details;
	bool keeps_extra = p->dialect && p->dialect->keeps_extra_content;
	struct block b = {.kind = kind};

	if (kind == BLOCK_THINKING)
		return random_thought(a, wire, keeps_details);
	if (kind != BLOCK_TOOL_USE)
		b.text = nasty(a);
	if (kind == BLOCK_TOOL_USE || kind == BLOCK_TOOL_RESULT)
		b.id = identifier(a);
	if (kind == BLOCK_TOOL_USE) {
		b.name = identifier(a);
		b.input = object(a);
		if (keeps_extra && below(2))
			b.extra = object(a);
	}
	if (kind == BLOCK_TOOL_RESULT && wire == &wire_anthropic)
		b.is_error = below(2);
	if (kind == BLOCK_TOOL_RESULT && wire == &wire_ollama)
		b.name = identifier(a);
	if (kind == BLOCK_TOOL_RESULT && below(4) == 0)
		b.text = STR("");
	return b;
}

static void add(struct message *m, struct block b)
{
	m->blocks[m->block_count++] = b;
}

/*
 * As get_request gives it: roles in turn, results first; thoughts, text, calls where the wire has a
 * field for each, one text at most on ollama.
 */
static struct message random_message(
	struct arena *a, enum role role, const struct prompt *p, const struct wire *wire)
{
	unsigned first = below(4), second = below(3), thoughts = below(2);
	struct message m = {.role = role, .blocks = arena_alloc(a, 16, sizeof *m.blocks)};

	if (first + second == 0)
		second = 1;
	if (role == ROLE_USER) {
		for (unsigned i = 0; i < first; i++)
			add(&m, random_block(a, BLOCK_TOOL_RESULT, p, wire));
		for (unsigned i = 0; i < second; i++)
			add(&m, random_block(a, BLOCK_TEXT, p, wire));
	} else if (wire == &wire_openai || wire == &wire_ollama) {
		if (thoughts && first)
			add(&m, random_block(a, BLOCK_THINKING, p, wire));
		for (unsigned i = 0; i < second && (i == 0 || wire == &wire_openai); i++)
			add(&m, random_block(a, BLOCK_TEXT, p, wire));
		for (unsigned i = 0; i < first; i++)
			add(&m, random_block(a, BLOCK_TOOL_USE, p, wire));
	} else {
		for (unsigned i = 0; i < first + second; i++)
			add(&m, random_block(a, below(3), p, wire));
	}
	return m;
}

/* A schema where the wire and the dialect send it. */
static void random_form(struct prompt *p, const struct wire *wire)
{
	static const char *const schemas[] = {
		"{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"a\":{\"$ref\":"
		"\"#/$defs/b\"}},\"required\":[\"a\"],\"$defs\":{\"b\":{\"type\":\"string\"}}}",
		"{\"type\":\"object\",\"additionalProperties\":false}",
	};
	bool is_sent = wire != &wire_openai;

	if (p->dialect)
		is_sent = p->dialect->answer_form == FORM_SCHEMA ||
			  (p->dialect->answer_form == FORM_SCHEMA_ALONE && !p->tool_count);
	if (wire == &wire_ollama)
		is_sent = !p->tool_count;
	if (!is_sent || below(2))
		return;
	p->schema = str_from(schemas[below(2)]);
	if (wire == &wire_openai || wire == &wire_responses)
		p->schema_name = STR("bugs_1");
}

static struct prompt random_prompt(struct arena *a, const struct wire *wire)
{
	static const char *const dialects[] = {NULL, "openai", "openrouter", "gemini", "mistral"};
	struct prompt p = {
		.model = identifier(a),
		.system = below(3) ? nasty(a) : STR(""),
		.effort = STR(""),
		.tools = arena_alloc(a, 4, sizeof *p.tools),
		.tool_count = below(4),
		.messages = arena_alloc(a, 8, sizeof *p.messages),
		.message_count = 1 + below(7),
		.max_output_tokens = 1 + below(100'000),
		.stream = below(2),
	};

	if (wire == &wire_openai)
		p.dialect = dialect_find(str_from(dialects[below(5)]));
	random_form(&p, wire);
	if (wire == &wire_ollama)
		p.context_tokens = 1 + below(100'000);
	if (wire == &wire_ollama || wire == &wire_responses || (p.dialect && p.dialect->has_effort))
		p.effort = below(2) ? STR("high") : below(2) ? STR("none") : STR("");
	for (size_t i = 0; i < p.tool_count; i++)
		p.tools[i] = (struct tool_spec){identifier(a), nasty(a), object(a)};
	for (size_t i = 0; i < p.message_count; i++)
		p.messages[i] = random_message(a, i % 2 ? ROLE_ASSISTANT : ROLE_USER, &p, wire);
	return p;
}

static void write_prompt(const struct prompt *p, struct buf *out)
{
	buf_printf(
		out, "%.*s %lld %d", STR_ARG(p->model), (long long)p->max_output_tokens, p->stream);
	if (p->context_tokens)
		buf_printf(out, " context %lld", (long long)p->context_tokens);
	if (p->effort.n)
		buf_printf(out, " effort %.*s", STR_ARG(p->effort));
	if (p->schema.n)
		buf_printf(out, " schema %.*s %.*s", STR_ARG(p->schema_name), STR_ARG(p->schema));
	buf_put_char(out, '\n');
	deltas_member(out, p->system);
	for (size_t i = 0; i < p->tool_count; i++) {
		buf_put_text(out, "\ntool");
		deltas_member(out, p->tools[i].name);
		deltas_member(out, p->tools[i].description);
		deltas_member(out, p->tools[i].schema);
	}
	for (size_t i = 0; i < p->message_count; i++) {
		const struct message *m = &p->messages[i];
		buf_printf(out, "\nrole %d", m->role);
		for (size_t j = 0; j < m->block_count; j++) {
			const struct block *b = &m->blocks[j];
			buf_printf(out, "\n  %d %d %d", b->kind, b->is_error, b->redacted);
			deltas_member(out, b->text);
			deltas_member(out, b->id);
			deltas_member(out, b->name);
			deltas_member(out, b->input);
			deltas_member(out, b->signature);
			if (b->extra.n)
				deltas_member(out, b->extra);
		}
	}
}

static void test_requests_come_back(void **)
{
	seed = 1;
	for (int round = 0; round < 2000; round++)
		for (const struct wire *const *wire = wires; *wire; wire++) {
			AUTO(arena) a = {0};
			AUTO(buf) body = {0};
			AUTO(buf) before = {0};
			AUTO(buf) after = {0};
			struct prompt got, p = random_prompt(&a, *wire);
			struct err e = {0};
			(*wire)->put_request(&p, &body);
			assert_true(json_check(buf_str(&body), &e));
			assert_true((*wire)->get_request(buf_str(&body), &a, &got, &e));
			write_prompt(&p, &before);
			write_prompt(&got, &after);
			assert_string_equal(buf_text(&before), buf_text(&after));
		}
}

/* ---- equal prefixes, cache marks ---- */

static void drop_marks(struct buf *body)
{
	struct str mark = STR(",\"cache_control\":{\"type\":\"ephemeral\"}");
	AUTO(buf) rest = {0};
	struct str s = buf_str(body);

	while (s.n) {
		size_t at = str_find(s, mark, 0);
		buf_put_str(&rest, str_head(s, at));
		s = at == SIZE_MAX ? STR("") : str_skip(s, at + mark.n);
	}
	buf_clear(body);
	buf_put_str(body, buf_str(&rest));
}

static size_t count_of(struct str s, struct str word)
{
	size_t n = 0;

	for (size_t at = 0; (at = str_find(s, word, at)) != SIZE_MAX; at += word.n)
		n++;
	return n;
}

static void test_longer_talk_keeps_the_prefix(void **)
{
	seed = 7;
	for (int round = 0; round < 300; round++)
		for (const struct wire *const *wire = wires; *wire; wire++) {
			AUTO(arena) a = {0};
			AUTO(buf) shorter = {0};
			AUTO(buf) longer = {0};
			struct prompt p = random_prompt(&a, *wire);
			(*wire)->put_request(&p, &longer);
			assert_true(count_of(buf_str(&longer), STR("\"cache_control\"")) <= 4);
			p.message_count = 1 + below((unsigned)p.message_count);
			(*wire)->put_request(&p, &shorter);
			drop_marks(&longer);
			drop_marks(&shorter);
			buf_cut(&shorter, shorter.n - 2); /* ]} */
			assert_true(str_starts(buf_str(&longer), buf_str(&shorter)));
		}
}

static void test_marks_are_where_the_last_request_had_them(void **)
{
	struct block blocks[] = {
		{.kind = BLOCK_TEXT, .text = STR("question")},
		{.kind = BLOCK_TOOL_USE, .id = STR("a"), .name = STR("ls"), .input = STR("{}")},
		{.kind = BLOCK_TOOL_RESULT, .id = STR("a"), .text = STR("x.c")},
	};
	struct message messages[] = {{ROLE_USER, &blocks[0], 1}, {ROLE_ASSISTANT, &blocks[1], 1},
		{ROLE_USER, &blocks[2], 1}};
	struct prompt p = {.model = STR("m"),
		.system = STR("s"),
		.messages = messages,
		.message_count = 3,
		.max_output_tokens = 5,
		.stream = true};
	AUTO(buf) body = {0};

	wire_anthropic.put_request(&p, &body);
	assert_string_equal(buf_text(&body),
		"{\"model\":\"m\",\"max_tokens\":5,\"stream\":true,\"system\":[{\"type\":\"text\","
		"\"text\":\"s\",\"cache_control\":{\"type\":\"ephemeral\"}}],\"messages\":[{\"role\":"
		"\"user\",\"content\":[{\"type\":\"text\",\"text\":\"question\",\"cache_control\":"
		"{\"type\":\"ephemeral\"}}]},{\"role\":\"assistant\",\"content\":[{\"type\":"
		"\"tool_use\",\"id\":\"a\",\"name\":\"ls\",\"input\":{}}]},{\"role\":\"user\","
		"\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"a\",\"content\":\"x.c\","
		"\"cache_control\":{\"type\":\"ephemeral\"}}]}]}");
}

static void test_openai_body(void **)
{
	struct block blocks[] = {
		{.kind = BLOCK_TEXT, .text = STR("go")},
		{.kind = BLOCK_TEXT, .text = STR("")},
		{.kind = BLOCK_TOOL_USE,
			.id = STR("a"),
			.name = STR("ls"),
			.input = STR("{\"p\":")},
		{.kind = BLOCK_TOOL_RESULT, .id = STR("a"), .text = STR("x.c")},
	};
	struct message messages[] = {{ROLE_USER, &blocks[0], 2}, {ROLE_ASSISTANT, &blocks[2], 1},
		{ROLE_USER, &blocks[3], 1}};
	struct tool_spec tool = {STR("ls"), STR("Lists."), STR("")};
	struct prompt p = {.model = STR("m"),
		.system = STR("s"),
		.messages = messages,
		.message_count = 3,
		.max_output_tokens = 5,
		.stream = true,
		.tools = &tool,
		.tool_count = 1};
	AUTO(buf) body = {0};

	wire_openai.put_request(&p, &body);
	assert_string_equal(buf_text(&body),
		"{\"model\":\"m\",\"max_completion_tokens\":5,\"stream\":true,\"stream_options\":"
		"{\"include_usage\":true},\"tools\":[{\"type\":\"function\",\"function\":{\"name\":"
		"\"ls\",\"description\":\"Lists.\",\"parameters\":{\"type\":\"object\","
		"\"properties\":{}}}}],\"messages\":[{\"role\":\"system\",\"content\":\"s\"},"
		"{\"role\":\"user\",\"content\":\"go\"},{\"role\":\"assistant\",\"content\":null,"
		"\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"ls\","
		"\"arguments\":\"{\\\"unparsed\\\":\\\"{\\\\\\\"p\\\\\\\":\\\"}\"}}]},{\"role\":"
		"\"tool\",\"tool_call_id\":\"a\",\"content\":\"x.c\"}]}");
}

static void test_results_go_first_and_empty_text_stays_home(void **)
{
	struct block blocks[] = {
		{.kind = BLOCK_TEXT, .text = STR("and now")},
		{.kind = BLOCK_TEXT, .text = STR("")},
		{.kind = BLOCK_TOOL_RESULT, .id = STR("a"), .text = STR("1")},
		{.kind = BLOCK_TOOL_RESULT, .id = STR("b"), .text = STR(""), .is_error = true},
	};
	struct message messages[] = {{ROLE_USER, &blocks[0], 2}, {ROLE_USER, &blocks[2], 1},
		{ROLE_ASSISTANT, &blocks[1], 1}, {ROLE_ASSISTANT, NULL, 0},
		{ROLE_USER, &blocks[3], 1}};
	struct prompt p = {.model = STR("m"),
		.messages = messages,
		.message_count = 3,
		.max_output_tokens = 5};
	AUTO(buf) body = {0};

	wire_anthropic.put_request(&p, &body);
	assert_string_equal(buf_text(&body),
		"{\"model\":\"m\",\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":"
		"[{\"type\":\"tool_result\",\"tool_use_id\":\"a\",\"content\":\"1\"},{\"type\":"
		"\"text\",\"text\":\"and now\",\"cache_control\":{\"type\":\"ephemeral\"}}]}]}");
	p.message_count = 0;
	buf_clear(&body);
	wire_anthropic.put_request(&p, &body);
	assert_string_equal(buf_text(&body), "{\"model\":\"m\",\"max_tokens\":5,\"messages\":[]}");
}

/* ---- answers ---- */

struct answer {
	struct arena *a;
	struct buf blocks[64]; /* kind, names, then the text */
	struct usage usage;
	enum stop_reason reason;
	bool has_ended, with_signature;
	struct str id, model;
};

static void answer_release(struct answer *x)
{
	for (size_t i = 0; i < 64; i++)
		buf_release(&x->blocks[i]);
}

static bool fold(void *self, const struct delta *d)
{
	struct answer *x = self;
	struct buf *b = &x->blocks[d->index];

	assert_in_range(d->index, 0, 63);
	switch (d->kind) {
	case DELTA_START:
		x->id = arena_copy(x->a, d->id);
		x->model = arena_copy(x->a, d->model);
		break;
	case DELTA_SIGNATURE:
		if (!x->with_signature)
			break;
		[[fallthrough]];
	case DELTA_TEXT:
	case DELTA_THINKING:
	case DELTA_REDACTED:
		if (!b->n || d->kind == DELTA_SIGNATURE)
			buf_printf(b, "%d:", d->kind);
		utf8_put_repaired(b, d->text);
		break;
	case DELTA_TOOL_USE:
		buf_printf(b, "call %.*s %.*s:", STR_ARG(d->id), STR_ARG(d->name));
		break;
	case DELTA_TOOL_INPUT: buf_put_str(b, d->text); break;
	case DELTA_USAGE: x->usage = d->usage.output > 0 ? d->usage : x->usage; break;
	case DELTA_STOP: x->reason = d->reason; break;
	case DELTA_END: x->has_ended = true; break;
	case DELTA_EXTRA: break;
	case DELTA_BLOCK_STOP: break;
	case DELTA_ERROR: fail_msg("%.*s", STR_ARG(d->error.message));
	}
	return true;
}

struct tee {
	const struct wire *wire;
	struct wire_writer writer;
	struct answer *expected;
	struct buf bytes;
};

static void say(struct tee *t, struct delta d)
{
	fold(t->expected, &d);
	t->wire->put_delta(&t->writer, &d, &t->bytes);
}

static void say_call(struct tee *t, struct arena *a, int index)
{
	struct str input = object(a);
	size_t cut = below((unsigned)input.n);

	/* A cut inside a character would be repaired away. */
	while (cut && ((unsigned char)input.p[cut] & 0xc0) == 0x80)
		cut--;
	say(t, (struct delta){DELTA_TOOL_USE, index, .id = arena_printf(a, "call_%d", index),
		       .name = identifier(a)});
	say(t, (struct delta){DELTA_TOOL_INPUT, index, .text = str_head(input, cut)});
	say(t, (struct delta){DELTA_TOOL_INPUT, index, .text = str_skip(input, cut)});
}

static void say_block(struct tee *t, struct arena *a, int index, bool *has_calls)
{
	static unsigned last;
	unsigned kind = below(t->wire == &wire_anthropic ? 4 : 3);
	bool has_ends = t->wire == &wire_anthropic || t->wire == &wire_responses;

	/* Without ends of blocks two alike in a row would be one. */
	if (!has_ends && index && kind == last)
		kind = 0;
	last = kind;
	if (kind == 0) {
		*has_calls = true;
		say_call(t, a, index);
	} else if (kind == 3) {
		say(t, (struct delta){DELTA_REDACTED, index, .text = nasty(a)});
	} else {
		enum delta_kind pieces = kind == 1 ? DELTA_TEXT : DELTA_THINKING;
		for (unsigned n = 1 + below(3); n > 0; n--)
			say(t, (struct delta){pieces, index, .text = nasty(a)});
		if (kind == 2 && t->wire == &wire_anthropic)
			say(t, (struct delta){DELTA_SIGNATURE, index, .text = nasty(a)});
	}
	if (below(2))
		say(t, (struct delta){DELTA_BLOCK_STOP, index});
}

static void check_answer(const struct wire *wire)
{
	AUTO(arena) a = {0};
	AUTO(answer) expected = {.a = &a, .with_signature = wire == &wire_anthropic};
	AUTO(answer) got = {.a = &a, .with_signature = wire == &wire_anthropic};
	struct tee t = {.wire = wire, .writer = {.wire = wire}, .expected = &expected};
	struct wire_reader r = {.wire = wire};
	struct err e = {0};
	bool has_calls = false;

	say(&t, (struct delta){DELTA_START, .id = identifier(&a), .model = identifier(&a)});
	int blocks = (int)below(8);
	for (int i = 0; i < blocks; i++)
		say_block(&t, &a, i, &has_calls);
	struct usage u = {
		below(1000), 1 + below(1000), below(1000), below(1000), -1, below(50), -1};
	if (wire == &wire_ollama)
		u.cache_read = u.cache_write = u.reasoning = -1;
	say(&t, (struct delta){DELTA_USAGE, .usage = u});
	say(&t, (struct delta){DELTA_STOP, .reason = has_calls ? STOP_TOOL_USE : STOP_MAX});
	say(&t, (struct delta){DELTA_END});
	assert_true(wire_feed(&r, buf_str(&t.bytes), fold, &got, &e));
	assert_true(wire_end(&r, fold, &got, &e));
	for (size_t i = 0; i < 64; i++)
		assert_true(str_eq(buf_str(&expected.blocks[i]), buf_str(&got.blocks[i])));
	assert_true(got.has_ended);
	assert_int_equal(got.reason, expected.reason);
	assert_memory_equal(&r.usage, &u, sizeof u);
	assert_true(str_eq(got.id, wire == &wire_ollama ? STR("") : expected.id));
	assert_true(str_eq(got.model, expected.model));
	wire_reader_release(&r);
	wire_writer_release(&t.writer);
	buf_release(&t.bytes);
}

static void test_answers_come_back(void **)
{
	seed = 3;
	for (int round = 0; round < 2000; round++)
		for (const struct wire *const *wire = wires; *wire; wire++)
			check_answer(*wire);
}

static void test_anthropic_stream_bytes(void **)
{
	static const struct delta deltas[] = {
		{DELTA_START, .id = STR("msg_7"), .model = STR("m")},
		{DELTA_TEXT, 0, .text = STR("Hi")},
		{DELTA_TOOL_USE, 1, .id = STR("t1"), .name = STR("ls")},
		{DELTA_TOOL_INPUT, 1, .text = STR("{}")},
		{DELTA_USAGE, .usage = {5, 6, 7, -1, -1, -1, -1}},
		{DELTA_STOP, .reason = STOP_TOOL_USE},
		{DELTA_END},
	};
	struct wire_writer w = {.wire = &wire_anthropic};
	AUTO(buf) out = {0};

	for (size_t i = 0; i < sizeof deltas / sizeof deltas[0]; i++)
		wire_anthropic.put_delta(&w, &deltas[i], &out);
	assert_string_equal(buf_text(&out),
		"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":"
		"\"msg_7\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":"
		"[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":0,"
		"\"output_tokens\":0}}}\n\n"
		"event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
		"\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
		"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
		"\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\n"
		"event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
		"event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,"
		"\"content_block\":{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"ls\",\"input\":"
		"{}}}\n\n"
		"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,"
		"\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}}\n\n"
		"event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n"
		"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
		"\"tool_use\",\"stop_sequence\":null},\"usage\":{\"input_tokens\":5,"
		"\"cache_read_input_tokens\":7,\"output_tokens\":6}}\n\n"
		"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
}

static void test_openai_stream_bytes(void **)
{
	static const struct delta deltas[] = {
		{DELTA_START, .id = STR("c7"), .model = STR("m")},
		{DELTA_TOOL_USE, 4, .id = STR("t1"), .name = STR("ls")},
		{DELTA_TOOL_INPUT, 4, .text = STR("{}")},
		{DELTA_STOP, .reason = STOP_TOOL_USE},
		{DELTA_USAGE, .usage = {5, 6, 7, -1, -1, -1, -1}},
		{DELTA_END},
	};
	struct wire_writer w = {.wire = &wire_openai};
	AUTO(buf) out = {0};

#define HEAD \
	"data: {\"id\":\"c7\",\"object\":\"chat.completion.chunk\",\"created\":0,\"model\":\"m\"," \
	"\"choices\":["
#define CHOICE HEAD "{\"index\":0,\"delta\":{"
	for (size_t i = 0; i < sizeof deltas / sizeof deltas[0]; i++)
		wire_openai.put_delta(&w, &deltas[i], &out);
	assert_string_equal(buf_text(&out), CHOICE
		"\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n" CHOICE
		"\"tool_calls\":[{\"index\":0,\"id\":\"t1\",\"type\":\"function\","
		"\"function\":{\"name\":\"ls\",\"arguments\":\"\"}}]},\"finish_reason\":null}]}\n\n" CHOICE
		"\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{}\"}}]},"
		"\"finish_reason\":null}]}\n\n" CHOICE
		"},\"finish_reason\":\"tool_calls\"}]}\n\n" HEAD
		"],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":6,\"total_tokens\":18,"
		"\"prompt_tokens_details\":{\"cached_tokens\":7}}}\n\ndata: [DONE]\n\n");
}

/* ---- what others send ---- */

static const struct {
	const struct wire *wire;
	const char *body, *prompt;
} foreign[] = {
	{&wire_anthropic,
		"\n{\"model\":\"m\",\"system\":[{\"type\":\"text\",\"text\":\"one\"},{\"text\":\"two\"}],"
		"\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"system\",\"content\":"
		"\"note\"},{\"role\":\"user\",\"content\":[{\"type\":\"image\",\"source\":{}},{\"type\":"
		"\"strange\",\"text\":\"kept\"},{\"type\":\"tool_result\",\"tool_use_id\":\"t\",\"content\":"
		"[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"image\"},{\"type\":\"text\",\"text\":\"b\"}]"
		"}]}],\"tools\":[{\"type\":\"web_search\"},{\"name\":\"t\"}]}",
		"m 4096 0\n \"one\\ntwo\"\ntool \"t\" \"\" \"{\\\"type\\\":\\\"object\\\","
		"\\\"properties\\\":{}}\"\nrole 0\n  0 0 0 \"hi\" \"\" \"\" \"\" \"\"\n"
		"  0 0 0 \"note\" \"\" \"\" \"\" \"\"\n  0 0 0 \"kept\" \"\" \"\" \"\" \"\"\n"
		"  3 0 0 \"a\\nb\" \"t\" \"\" \"\" \"\""},
	{&wire_openai,
		"{\"model\":\"m\",\"max_tokens\":7,\"stream\":true,\"messages\":[{\"role\":\"developer\","
		"\"content\":\"one\"},{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":"
		"\"two\"}]},{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"},{\"type\":\"text\","
		"\"text\":\"hi\"}]},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c\","
		"\"function\":{\"name\":\"ls\",\"arguments\":\"\"}},{\"id\":\"d\",\"function\":{\"name\":"
		"\"ls\",\"arguments\":{\"a\":1}}}]},{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":"
		"\"x\"},{\"role\":\"system\",\"content\":\"late\"}]}",
		"m 7 1\n \"one\\n\\ntwo\"\nrole 0\n  0 0 0 \"hi\" \"\" \"\" \"\" \"\"\nrole 1\n"
		"  2 0 0 \"\" \"c\" \"ls\" \"{}\" \"\"\n  2 0 0 \"\" \"d\" \"ls\" \"{\\\"a\\\":1}\" \"\"\n"
		"role 0\n  3 0 0 \"x\" \"c\" \"\" \"\" \"\"\n  0 0 0 \"late\" \"\" \"\" \"\" \"\""},
	{&wire_anthropic,
		"{\"model\":\"m\",\"messages\":[1,null,\"x\",{},{\"role\":3,\"content\":{}}]}",
		"m 4096 0\n \"\""},
	{&wire_openai,
		"{\"model\":\"m\",\"messages\":[1,null,\"x\",{},{\"role\":3,\"content\":{}}]}",
		"m 4096 0\n \"\""},
	{&wire_responses,
		"{\"model\": \"m\", \"instructions\": \"sys\", \"max_output_tokens\": 9, \"stream\""
		": true, \"store\": false, \"include\": [\"reasoning.encrypted_content\"], \"r"
		"easoning\": {\"effort\": \"high\"}, \"tools\": [{\"type\": \"function\", \"name\": "
		"\"ls\", \"description\": \"d\", \"parameters\": {\"type\": \"object\"}, \"strict\": "
		"false}, {\"type\": \"web_search\"}, {\"type\": \"custom\", \"name\": \"apply\", \"f"
		"ormat\": {\"type\": \"text\"}}], \"input\": [{\"role\": \"developer\", \"content\":"
		" \"dev\"}, {\"type\": \"message\", \"role\": \"user\", \"content\": [{\"type\": \"inp"
		"ut_text\", \"text\": \"a\"}, {\"type\": \"input_image\", \"image_url\": \"x\"}, {\"t"
		"ype\": \"input_text\", \"text\": \"b\"}]}, {\"type\": \"reasoning\", \"id\": \"rs\", "
		"\"summary\": [{\"type\": \"summary_text\", \"text\": \"s\"}, {\"type\": \"summary_t"
		"ext\", \"text\": \"t\"}], \"encrypted_content\": \"E\"}, {\"role\": \"assistant\", "
		"\"content\": [{\"type\": \"output_text\", \"text\": \"o\"}]}, {\"type\": \"function"
		"_call\", \"call_id\": \"c\", \"name\": \"ls\", \"arguments\": \"{\\\"a\\\":1}\", \"id\": "
		"\"fc\", \"status\": \"completed\"}, {\"type\": \"custom_tool_call\", \"call_id\": "
		"\"d\", \"name\": \"apply\", \"input\": \"*** x\"}, {\"type\": \"function_call_outpu"
		"t\", \"call_id\": \"c\", \"output\": [{\"type\": \"input_text\", \"text\": \"r\"}]}, "
		"{\"type\": \"custom_tool_call_output\", \"call_id\": \"d\", \"output\": \"r\"}, {\""
		"type\": \"item_reference\", \"id\": \"x\"}, {\"role\": \"system\", \"content\": \"la"
		"te\"}]}",
		"m 9 1 effort high\n"
		" \"sys\\n\\ndev\"\n"
		"tool \"ls\" \"d\" \"{\\\"type\\\": \\\"object\\\"}\"\n"
		"tool \"apply\" \"\" \"{\\\"type\\\":\\\"object\\\",\\\"properties\\\":{}}\"\n"
		"role 0\n"
		"  0 0 0 \"a\" \"\" \"\" \"\" \"\"\n"
		"  0 0 0 \"b\" \"\" \"\" \"\" \"\"\n"
		"role 1\n"
		"  1 0 0 \"s\\n\\nt\" \"\" \"\" \"\" \"\" \"{\\\"type\\\": \\\"reasoning\\\", \\\"id\\\": \\\"rs\\\", \\\"summary\\\": [{\\\"type\\\": \\\"summary_text\\\", \\\"text\\\": \\\"s\\\"}, {\\\"type\\\": \\\"summary_text\\\", \\\"text\\\": \\\"t\\\"}], \\\"encrypted_content\\\": \\\"E\\\"}\"\n"
		"  0 0 0 \"o\" \"\" \"\" \"\" \"\"\n"
		"  2 0 0 \"\" \"c\" \"ls\" \"{\\\"a\\\":1}\" \"\"\n"
		"  2 0 0 \"\" \"d\" \"apply\" \"{\\\"input\\\":\\\"*** x\\\"}\" \"\"\n"
		"role 0\n"
		"  3 0 0 \"r\" \"c\" \"\" \"\" \"\"\n"
		"  3 0 0 \"r\" \"d\" \"\" \"\" \"\"\n"
		"  0 0 0 \"late\" \"\" \"\" \"\" \"\""},
	{&wire_responses, "{\"model\":\"m\",\"input\":\"hello\"}",
		"m 4096 0\n \"\"\nrole 0\n  0 0 0 \"hello\" \"\" \"\" \"\" \"\""},
	{&wire_ollama,
		"{\"model\": \"m\", \"options\": {\"num_ctx\": 4096, \"num_predict\": 7}, \"think\""
		": true, \"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"ls\", \"par"
		"ameters\": {}}}], \"messages\": [{\"role\": \"system\", \"content\": \"s\"}, {\"ro"
		"le\": \"user\", \"content\": \"u\", \"images\": [\"AA==\"]}, {\"role\": \"assistant\""
		", \"content\": \"\", \"thinking\": \"t\", \"tool_calls\": [{\"function\": {\"name\":"
		" \"ls\", \"arguments\": {\"a\": 1}}}, {\"function\": {\"name\": \"ls\", \"arguments"
		"\": {}}}]}, {\"role\": \"tool\", \"tool_name\": \"ls\", \"content\": \"r1\"}, {\"rol"
		"e\": \"tool\", \"tool_name\": \"ls\", \"content\": \"r2\"}, {\"role\": \"user\", \"con"
		"tent\": \"more\"}]}",
		"m 7 1 context 4096 effort medium\n"
		" \"s\"\n"
		"tool \"ls\" \"\" \"{}\"\n"
		"role 0\n"
		"  0 0 0 \"u\" \"\" \"\" \"\" \"\"\n"
		"role 1\n"
		"  1 0 0 \"t\" \"\" \"\" \"\" \"thinking\"\n"
		"  2 0 0 \"\" \"call_2\" \"ls\" \"{\\\"a\\\": 1}\" \"\"\n"
		"  2 0 0 \"\" \"call_3\" \"ls\" \"{}\" \"\"\n"
		"role 0\n"
		"  3 0 0 \"r1\" \"call_2\" \"ls\" \"\" \"\"\n"
		"  3 0 0 \"r2\" \"call_3\" \"ls\" \"\" \"\"\n"
		"  0 0 0 \"more\" \"\" \"\" \"\" \"\""},
	{&wire_ollama,
		"{\"model\":\"m\",\"messages\":[1,null,\"x\",{},{\"role\":3,\"content\":{}}]}",
		"m 4096 1\n \"\""},
	{&wire_responses,
		"{\"model\":\"m\",\"input\":[1,null,\"x\",{},{\"role\":3,\"content\":{}}]}",
		"m 4096 0\n \"\""},
	{&wire_responses, "{\"model\":\"m\",\"input\":7}", NULL},
	{&wire_responses, "{\"model\":\"m\",\"messages\":[]}", NULL},
	{&wire_ollama, "{\"model\":\"m\",\"messages\":\"hi\"}", NULL},
	{&wire_anthropic, "{\"model\":\"m\",\"messages\":[", NULL},
	{&wire_anthropic, "{\"messages\":[]}", NULL},
	{&wire_openai, "{\"model\":\"m\",\"messages\":{}}", NULL},
	{&wire_openai, "[]", NULL},
	{&wire_openai, "", NULL},
};

static void test_foreign_requests(void **)
{
	for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
		AUTO(arena) a = {0};
		AUTO(buf) got = {0};
		struct prompt p;
		struct err e = {0};
		bool is_read = foreign[i].wire->get_request(str_from(foreign[i].body), &a, &p, &e);
		assert_int_equal(is_read, foreign[i].prompt != NULL);
		assert_int_equal(e.code, is_read ? ERR_NONE : ERR_PARSE);
		if (!is_read)
			continue;
		write_prompt(&p, &got);
		assert_string_equal(buf_text(&got), foreign[i].prompt);
	}
}

/* ---- errors ---- */

static const struct {
	int status;
	const char *body, *type, *message;
	bool is_retryable, is_overflow;
} errors[] = {
	{400,
		"{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":"
		"\"prompt is too long: 200001 tokens > 200000 maximum\"}}",
		"invalid_request_error", "prompt is too long: 200001 tokens > 200000 maximum",
		false, true},
	{401, "{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",\"message\":\"bad key\"}}",
		"authentication_error", "bad key", false, false},
	{413, "{\"type\":\"error\",\"error\":{\"type\":\"request_too_large\",\"message\":\"big\"}}",
		"request_too_large", "big", false, true},
	{429, "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"slow\"}}",
		"rate_limit_error", "slow", true, false},
	{429, "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"too fast\"}}",
		"invalid_request_error", "too fast", true, false},
	{400, "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"no\"}}",
		"invalid_request_error", "no", false, false},
	{429,
		"{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"limit\","
		"\"details\":{\"error_code\":\"enforced_spend_limit_reached\"}}}",
		"rate_limit_error", "limit", false, false},
	{429,
		"{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":"
		"\"tokens of the context window per minute\"}}",
		"rate_limit_error", "tokens of the context window per minute", true, false},
	{529, "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
		"overloaded_error", "Overloaded", true, false},
	{400,
		"{\"error\":{\"message\":\"This model's maximum context length is 8192 tokens.\",\"type\":"
		"\"invalid_request_error\",\"param\":\"messages\",\"code\":\"context_length_exceeded\"}}",
		"context_length_exceeded", "This model's maximum context length is 8192 tokens.",
		false, true},
	{404,
		"{\"error\":{\"message\":\"no such model\",\"type\":\"invalid_request_error\",\"param\":"
		"null,\"code\":\"model_not_found\"}}",
		"model_not_found", "no such model", false, false},
	{429,
		"{\"error\":{\"message\":\"quota\",\"type\":\"insufficient_quota\",\"param\":null,"
		"\"code\":\"insufficient_quota\"}}",
		"insufficient_quota", "quota", false, false},
	{429, "{\"error\":{\"message\":\"wait\",\"type\":\"requests\",\"code\":\"rate_limit_exceeded\"}}",
		"rate_limit_exceeded", "wait", true, false},
	{500, "{\"error\":{\"message\":\"oops\",\"type\":\"server_error\",\"code\":null}}",
		"server_error", "oops", true, false},
	{400,
		"{\"error\":{\"code\":400,\"message\":\"the request exceeds the available context size\","
		"\"type\":\"exceed_context_size_error\",\"n_prompt_tokens\":9,\"n_ctx\":8}}",
		"exceed_context_size_error", "the request exceeds the available context size",
		false, true},
	{503, "{\"error\":{\"code\":503,\"message\":\"Loading model\",\"type\":\"unavailable_error\"}}",
		"unavailable_error", "Loading model", true, false},
	{502,
		"{\"error\":{\"code\":502,\"message\":\"down\",\"metadata\":{\"error_type\":"
		"\"provider_unavailable\"}}}",
		"provider_unavailable", "down", true, false},
	{400, "[{\"error\":{\"code\":400,\"message\":\"bad\",\"status\":\"INVALID_ARGUMENT\"}}]",
		"INVALID_ARGUMENT", "bad", false, false},
	{400, "{\"object\":\"error\",\"message\":\"nope\",\"type\":\"BadRequestError\",\"code\":400}",
		"BadRequestError", "nope", false, false},
	{422, "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"field required\"}]}", "",
		"field required", false, false},
	{404, "{\"error\":\"model 'x' not found\"}", "", "model 'x' not found", false, false},
	{408, "{\"message\":\"a\\nb\\u001b[31mc\\u0007\"}", "", "a bc", true, false},
	{502, "<html>\n<head><TITLE>502 Bad\nGateway</TITLE></head></html>", "",
		"HTTP 502 with a web page titled \"502 Bad Gateway\"", true, false},
	{403, "<!DOCTYPE html><p>no", "", "HTTP 403 with a web page instead of an answer", false,
		false},
	{500, "upstream\tconnect error\x1b[2J\n", "", "HTTP 500: upstream connect error", true,
		false},
	{504, "", "", "HTTP 504 with an empty body", true, false},
	{500, "{\"strange\":1}", "", "HTTP 500: {\"strange\":1}", true, false},
	{418, "{\"error\":{}}", "", "HTTP 418: {\"error\":{}}", false, false},
	{409, "null", "", "HTTP 409: null", true, false},
};

static void test_errors(void **)
{
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		for (const struct wire *const *wire = wires; *wire; wire++) {
			AUTO(arena) a = {0};
			struct llm_error got;
			(*wire)->get_error(errors[i].status, str_from(errors[i].body), &a, &got);
			assert_int_equal(got.status, errors[i].status);
			assert_string_equal(arena_text(&a, got.type), errors[i].type);
			assert_string_equal(arena_text(&a, got.message), errors[i].message);
			assert_int_equal(got.is_retryable, errors[i].is_retryable);
			assert_int_equal(got.is_overflow, errors[i].is_overflow);
		}
}

/* How large the window is by the words of a refusal; 0 where they do not say. */
static void test_stated_windows(void **)
{
	static const struct {
		const char *message;
		int64_t tokens;
	} said[] = {
		{"prompt is too long: 210000 tokens > 200000 maximum", 200'000},
		{"This model's maximum context length is 8192 tokens. However, you requested 9216 "
		 "tokens (8000 in the messages, 1216 in the completion).",
			8192},
		{"request (9,001 tokens) exceeds the available context size (4,096 tokens), try "
		 "increasing it",
			4096},
		{"Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in "
		 "300000 tokens: the context window is full",
			272'000},
		{"The input token count (1200000) exceeds the maximum number of tokens allowed "
		 "(1048576): context length",
			1'048'576},
		{"Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
			32'768},
		{"The input token count (1200000) exceeds the maximum number of tokens allowed "
		 "(1048576).",
			1'048'576},
		{"input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease "
		 "input length or `max_tokens` and try again",
			200'000},
		{"This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
			131'072},
		{"the input length exceeds the context length", 0},
		{"Please reduce the length of the messages", 0},
		{"the context length is unknown", 0},
		{"the context length is 7 tokens", 0},
		{"the context length is 99999999999999999999999999 tokens", 0},
		{" maximum context length", 0},
	};

	for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
		AUTO(arena) a = {0};
		AUTO(buf) body = {0};
		struct llm_error got, error = {.type = STR("context_length_exceeded"),
					      .message = str_from(said[i].message)};
		wire_openai.put_error(&error, &body);
		wire_openai.get_error(400, buf_str(&body), &a, &got);
		assert_true(got.is_overflow);
		if (got.context_tokens != said[i].tokens)
			fail_msg("%s: %lld", said[i].message, (long long)got.context_tokens);
		/* Without a type of their own, or JSON around them, the words are all there is. */
		buf_clear(&body);
		error.type = STR("invalid_request_error");
		wire_openai.put_error(&error, &body);
		wire_openai.get_error(400, buf_str(&body), &a, &got);
		assert_true(got.is_overflow);
		wire_openai.get_error(400, str_from(said[i].message), &a, &got);
		assert_true(got.is_overflow);
		assert_int_equal(got.context_tokens, said[i].tokens);
	}
	AUTO(arena) a = {0};
	struct llm_error got;
	wire_openai.get_error(400,
		STR("{\"error\":{\"code\":400,\"message\":\"the request exceeds the available context "
		    "size\",\"type\":\"exceed_context_size_error\",\"n_prompt_tokens\":9000,\"n_ctx\":"
		    "4096}}"),
		&a, &got);
	assert_int_equal(got.context_tokens, 4096);
	wire_openai.get_error(400, STR("{\"error\":\"8192 apples, limit is 4000\"}"), &a, &got);
	assert_false(got.is_overflow);
	assert_int_equal(got.context_tokens, 0);
}

static void test_errors_come_back(void **)
{
	struct llm_error error = {
		.type = STR("rate_limit_exceeded"), .message = STR("a \"b\" \\c")};

	for (const struct wire *const *wire = wires; *wire; wire++) {
		AUTO(arena) a = {0};
		AUTO(buf) body = {0};
		struct llm_error got;
		struct err e;
		(*wire)->put_error(&error, &body);
		assert_true(json_check(buf_str(&body), &e));
		(*wire)->get_error(429, buf_str(&body), &a, &got);
		assert_true(str_eq(got.type, *wire == &wire_ollama ? STR("") : error.type));
		assert_true(str_eq(got.message, error.message));
		assert_true(got.is_retryable);
	}
}

static void test_long_errors_are_cut(void **)
{
	AUTO(arena) a = {0};
	AUTO(buf) body = {0};
	struct llm_error got;

	for (int i = 0; i < 100'000; i++)
		buf_put_text(&body, "\xc3\xa4");
	wire_openai.get_error(500, buf_str(&body), &a, &got);
	assert_true(got.message.n < 500 && utf8_is_valid(got.message));
}

static void test_wires_are_found(void **)
{
	assert_ptr_equal(wire_find(STR("anthropic")), &wire_anthropic);
	assert_ptr_equal(wire_find(STR("openai")), &wire_openai);
	assert_ptr_equal(wire_find(STR("ollama")), &wire_ollama);
	assert_ptr_equal(wire_find(STR("responses")), &wire_responses);
	assert_null(wire_find(STR("anthropi")));
	assert_null(wire_find((struct str){0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests_come_back),
		cmocka_unit_test(test_longer_talk_keeps_the_prefix),
		cmocka_unit_test(test_marks_are_where_the_last_request_had_them),
		cmocka_unit_test(test_openai_body),
		cmocka_unit_test(test_results_go_first_and_empty_text_stays_home),
		cmocka_unit_test(test_answers_come_back),
		cmocka_unit_test(test_anthropic_stream_bytes),
		cmocka_unit_test(test_openai_stream_bytes),
		cmocka_unit_test(test_foreign_requests),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_stated_windows),
		cmocka_unit_test(test_errors_come_back),
		cmocka_unit_test(test_long_errors_are_cut),
		cmocka_unit_test(test_wires_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
