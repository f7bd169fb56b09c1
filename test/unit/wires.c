// SPDX-License-Identifier: MIT
/* wires: the bytes of answers and requests, exactly: the newer wires, and the dialects of chat. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "llm/llm.h"

static void test_responses_stream_bytes(void **)
{
	static const struct delta deltas[] = {
		{DELTA_START, .id = STR("r7"), .model = STR("m")},
		{DELTA_THINKING, 0, .text = STR("hm")},
		{DELTA_SIGNATURE, 0, .text = STR("sig")},
		{DELTA_TEXT, 1, .text = STR("Hi ")},
		{DELTA_TEXT, 1, .text = STR("you")},
		{DELTA_TOOL_USE, 2, .id = STR("t1"), .name = STR("ls")},
		{DELTA_TOOL_INPUT, 2, .text = STR("{}")},
		{DELTA_USAGE, .usage = {5, 6, 7, -1, -1, 2, -1}},
		{DELTA_STOP, .reason = STOP_TOOL_USE},
		{DELTA_END},
	};
	static const char *const types[] = {"created", "in_progress", "output_item.added",
		"reasoning_summary_part.added", "reasoning_summary_text.delta",
		"reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done",
		"output_item.added", "content_part.added", "output_text.delta", "output_text.delta",
		"output_text.done", "content_part.done", "output_item.done", "output_item.added",
		"function_call_arguments.delta", "function_call_arguments.done", "output_item.done",
		"completed"};
	struct wire_writer w = {.wire = &wire_responses};
	AUTO(buf) out = {0};
	struct err e;

	for (size_t i = 0; i < sizeof deltas / sizeof deltas[0]; i++)
		wire_responses.put_delta(&w, &deltas[i], &out);
	wire_writer_release(&w);
	struct str rest = buf_str(&out), line, last = {0};
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		AUTO(buf) name = {0};
		buf_printf(&name, "event: response.%s", types[i]);
		assert_true(str_split(&rest, '\n', &line));
		assert_true(str_eq(line, buf_str(&name)));
		assert_true(str_split(&rest, '\n', &last));
		last = str_skip(last, 6);
		assert_true(json_check(last, &e));
		assert_int_equal(json_int_or(json_get(last, "sequence_number"), -1), (int64_t)i);
		assert_true(str_split(&rest, '\n', &line) && line.n == 0);
	}
	assert_int_equal(rest.n, 0);
	struct str expected = STR(
		"{\"id\":\"r7\",\"object\":\"response\",\"created_at\":0,\"status\":\"completed\","
		"\"model\":\"m\",\"output\":[{\"id\":\"rs_0\",\"type\":\"reasoning\",\"summary\":[{"
		"\"type\":\"summary_text\",\"text\":\"hm\"}],\"encrypted_content\":\"sig\"},{\"id\":"
		"\"msg_1\",\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\","
		"\"content\":[{\"type\":\"output_text\",\"text\":\"Hi you\",\"annotations\":[]}]},{"
		"\"id\":\"fc_2\",\"type\":\"function_call\",\"status\":\"completed\",\"call_id\":"
		"\"t1\",\"name\":\"ls\",\"arguments\":\"{}\"}],\"error\":null,"
		"\"incomplete_details\":null,\"usage\":{\"input_tokens\":12,\"input_tokens_details\":"
		"{\"cached_tokens\":7},\"output_tokens\":6,\"output_tokens_details\":"
		"{\"reasoning_tokens\":2},\"total_tokens\":18}}");
	assert_true(str_eq(json_get(last, "response"), expected));
}

static void test_ollama_stream_bytes(void **)
{
	static const struct delta deltas[] = {
		{DELTA_START, .id = STR("x"), .model = STR("m")},
		{DELTA_THINKING, 0, .text = STR("hm")},
		{DELTA_TOOL_USE, 1, .id = STR("t1"), .name = STR("ls")},
		{DELTA_TOOL_INPUT, 1, .text = STR("{\"a\"")},
		{DELTA_TOOL_INPUT, 1, .text = STR(":1}")},
		{DELTA_USAGE, .usage = {5, 6, 7, -1, -1, -1, -1}},
		{DELTA_STOP, .reason = STOP_TOOL_USE},
		{DELTA_END},
	};
	struct wire_writer w = {.wire = &wire_ollama};
	AUTO(buf) out = {0};

#define LINE \
	"{\"model\":\"m\",\"created_at\":\"1970-01-01T00:00:00Z\",\"message\":{\"role\":" \
	"\"assistant\",\"content\":\"\""
	for (size_t i = 0; i < sizeof deltas / sizeof deltas[0]; i++)
		wire_ollama.put_delta(&w, &deltas[i], &out);
	wire_writer_release(&w);
	assert_string_equal(buf_text(&out),
		LINE ",\"thinking\":\"hm\"},\"done\":false}\n" LINE
		     ",\"tool_calls\":[{\"id\":\"t1\",\"function\":{\"index\":0,\"name\":\"ls\","
		     "\"arguments\":{\"a\":1}}}]},\"done\":false}\n" LINE
		     "},\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":12,"
		     "\"eval_count\":6}\n");
}

/* ---- requests, byte by byte ---- */

static void check_body(const struct wire *wire, const char *dialect, const char *expected)
{
	struct block blocks[] = {
		{.kind = BLOCK_TEXT, .text = STR("go")},
		{.kind = BLOCK_THINKING, .text = STR("foreign"), .signature = STR("xyz")},
		{.kind = BLOCK_THINKING,
			.text = STR("s"),
			.extra = STR("{\"type\":\"reasoning\",\"id\":\"rs\"}")},
		{.kind = BLOCK_THINKING,
			.text = STR("d"),
			.signature = STR("reasoning_details"),
			.extra = STR("[{\"type\":\"reasoning.encrypted\"}]")},
		{.kind = BLOCK_TOOL_USE,
			.id = STR("a"),
			.name = STR("ls"),
			.input = STR("{}"),
			.extra = STR("{\"google\":1}")},
		{.kind = BLOCK_TOOL_RESULT, .id = STR("a"), .text = STR("x.c")},
	};
	struct message messages[] = {{ROLE_USER, &blocks[0], 1}, {ROLE_ASSISTANT, &blocks[1], 4},
		{ROLE_USER, &blocks[5], 1}};
	struct tool_spec tool = {STR("ls"), STR("Lists."), STR("")};
	struct prompt p = {.model = STR("m"),
		.system = STR("s"),
		.effort = STR("low"),
		.messages = messages,
		.message_count = 3,
		.max_output_tokens = 5,
		.stream = true,
		.tools = &tool,
		.tool_count = 1,
		.dialect = dialect_find(str_from(dialect))};
	AUTO(buf) body = {0};

	wire->put_request(&p, &body);
	assert_string_equal(buf_text(&body), expected);
}

#define CHAT_HEAD \
	",\"stream\":true,\"stream_options\":{\"include_usage\":true},\"tools\":[{\"type\":" \
	"\"function\",\"function\":{\"name\":\"ls\",\"description\":\"Lists.\",\"parameters\":" \
	"{\"type\":\"object\",\"properties\":{}}}}],\"messages\":[{\"role\":"
#define CHAT_USER \
	",\"content\":\"s\"},{\"role\":\"user\",\"content\":\"go\"},{\"role\":\"assistant\","
#define CHAT_CALL \
	"\"content\":null,\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\",\"function\":" \
	"{\"name\":\"ls\",\"arguments\":\"{}\"}"
#define CHAT_TAIL "}]},{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"x.c\"}]}"

static void test_bodies(void **)
{
	check_body(&wire_openai, NULL,
		"{\"model\":\"m\",\"max_completion_tokens\":5" CHAT_HEAD
		"\"system\"" CHAT_USER CHAT_CALL CHAT_TAIL);
	check_body(&wire_openai, "openai",
		"{\"model\":\"m\",\"max_completion_tokens\":5,\"store\":false,"
		"\"reasoning_effort\":\"low\"" CHAT_HEAD
		"\"developer\"" CHAT_USER CHAT_CALL CHAT_TAIL);
	check_body(&wire_openai, "mistral",
		"{\"model\":\"m\",\"max_tokens\":5" CHAT_HEAD
		"\"system\"" CHAT_USER CHAT_CALL CHAT_TAIL);
	check_body(&wire_openai, "openrouter",
		"{\"model\":\"m\",\"max_completion_tokens\":5,\"reasoning_effort\":\"low\"" CHAT_HEAD
		"\"system\"" CHAT_USER
		"\"reasoning_details\":[{\"type\":\"reasoning.encrypted\"}]," CHAT_CALL CHAT_TAIL);
	check_body(&wire_openai, "gemini",
		"{\"model\":\"m\",\"max_completion_tokens\":5,\"reasoning_effort\":\"low\"" CHAT_HEAD
		"\"system\"" CHAT_USER CHAT_CALL ",\"extra_content\":{\"google\":1}" CHAT_TAIL);
	/* The first thought is its own, for all it knows; the others are not. */
	check_body(&wire_anthropic, NULL,
		"{\"model\":\"m\",\"max_tokens\":5,\"stream\":true,\"tools\":[{\"name\":\"ls\","
		"\"description\":\"Lists.\",\"input_schema\":{\"type\":\"object\","
		"\"properties\":{}}}],\"system\":[{\"type\":\"text\",\"text\":\"s\",\"cache_control\":"
		"{\"type\":\"ephemeral\"}}],\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":"
		"\"text\",\"text\":\"go\",\"cache_control\":{\"type\":\"ephemeral\"}}]},{\"role\":"
		"\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"foreign\","
		"\"signature\":\"xyz\"},{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"ls\","
		"\"input\":{}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
		"\"tool_use_id\":\"a\",\"content\":\"x.c\",\"cache_control\":{\"type\":"
		"\"ephemeral\"}}]}]}");
	check_body(&wire_responses, NULL,
		"{\"model\":\"m\",\"max_output_tokens\":5,\"store\":false,\"include\":["
		"\"reasoning.encrypted_content\"],\"reasoning\":{\"effort\":\"low\"},\"stream\":"
		"true,\"instructions\":\"s\",\"tools\":[{\"type\":\"function\",\"name\":\"ls\","
		"\"description\":\"Lists.\",\"parameters\":{\"type\":\"object\",\"properties\":"
		"{}},\"strict\":false}],\"input\":[{\"type\":\"message\",\"role\":\"user\","
		"\"content\":[{\"type\":\"input_text\",\"text\":\"go\"}]},{\"type\":\"reasoning\","
		"\"id\":\"rs\"},{\"type\":\"function_call\",\"call_id\":\"a\",\"name\":\"ls\","
		"\"arguments\":\"{}\"},{\"type\":\"function_call_output\",\"call_id\":\"a\","
		"\"output\":\"x.c\"}]}");
	check_body(&wire_ollama, NULL,
		"{\"model\":\"m\",\"stream\":true,\"think\":\"low\",\"truncate\":false,\"shift\":"
		"false,\"options\":{\"num_ctx\":8192,\"num_predict\":5},\"tools\":[{\"type\":"
		"\"function\",\"function\":{\"name\":\"ls\",\"description\":\"Lists.\","
		"\"parameters\":{\"type\":\"object\",\"properties\":{}}}}],\"messages\":[{\"role\":"
		"\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":\"go\"},{\"role\":"
		"\"assistant\",\"content\":\"\",\"tool_calls\":[{\"id\":\"a\",\"function\":{"
		"\"name\":\"ls\",\"arguments\":{}}}]},{\"role\":\"tool\",\"tool_name\":\"ls\","
		"\"tool_call_id\":\"a\",\"content\":\"x.c\"}]}");
}

/* ---- routing ---- */

static void test_routing(void **)
{
	static const struct {
		const char *dialect, *routing;
		bool is_sent;
	} cases[] = {
		{"openrouter", "{\"order\":[\"a\"],\"allow_fallbacks\":false}", true},
		{"openrouter", " {\"sort\":\"price\"}\n", true},
		{"openrouter", "", false},
		{"openrouter", "[1]", false},
		{"openrouter", "{\"sort\":", false},
		{"openrouter", "{}}", false},
		{"openai", "{\"sort\":\"price\"}", false},
		{NULL, "{\"sort\":\"price\"}", false},
	};
	struct block block = {.kind = BLOCK_TEXT, .text = STR("go")};
	struct message message = {ROLE_USER, &block, 1};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(buf) body = {0};
		AUTO(arena) a = {0};
		struct prompt back, p = {.model = STR("m"),
					    .messages = &message,
					    .message_count = 1,
					    .max_output_tokens = 5,
					    .routing = str_from(cases[i].routing),
					    .dialect = dialect_find(str_from(cases[i].dialect))};
		struct err e;
		wire_openai.put_request(&p, &body);
		assert_true(json_check(buf_str(&body), &e));
		assert_true(wire_openai.get_request(buf_str(&body), &a, &back, &e));
		assert_true(str_eq(back.routing,
			cases[i].is_sent ? str_trim(str_from(cases[i].routing)) : STR("")));
	}
}

/* ---- images ---- */

/* The first bytes of a PNG and of a GIF, as base64. */
#define PNG "iVBORw0KGgo="
#define GIF "R0lGODlhAQABAAAAADs="

static const struct {
	const struct wire *wire;
	const char *part; /* how the request holds the images and the words */
} image_parts[] = {
	{&wire_anthropic,
		"{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"look\"},{\"type\":"
		"\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":"
		"\"" PNG "\"}},{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":"
		"\"image/gif\",\"data\":\"" GIF "\"}},{\"type\":\"text\",\"text\":\"what?\","
		"\"cache_control\":{\"type\":\"ephemeral\"}}]}"},
	{&wire_openai,
		"{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"look\"},{\"type\":"
		"\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64," PNG
		"\"}},{\"type\":"
		"\"image_url\",\"image_url\":{\"url\":\"data:image/gif;base64," GIF
		"\"}},{\"type\":"
		"\"text\",\"text\":\"what?\"}]}"},
	{&wire_responses,
		"{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\","
		"\"text\":\"look\"},{\"type\":\"input_image\",\"detail\":\"auto\",\"image_url\":"
		"\"data:image/png;base64," PNG "\"},{\"type\":\"input_image\",\"detail\":\"auto\","
		"\"image_url\":\"data:image/gif;base64," GIF
		"\"},{\"type\":\"input_text\",\"text\":"
		"\"what?\"}]}"},
	{&wire_ollama,
		"{\"role\":\"user\",\"content\":\"look\"},{\"role\":\"user\",\"images\":[\"" PNG
		"\",\"" GIF "\"],\"content\":\"what?\"}"},
};

static void test_images(void **)
{
	static struct block blocks[] = {
		{.kind = BLOCK_TEXT, .text = STR("look")},
		{.kind = BLOCK_IMAGE, .media_type = STR("image/png"), .data = STR(PNG)},
		{.kind = BLOCK_IMAGE, .media_type = STR("image/gif"), .data = STR(GIF)},
		{.kind = BLOCK_TEXT, .text = STR("what?")},
	};
	struct message message = {ROLE_USER, blocks, 4};
	struct prompt p = {.model = STR("m"),
		.messages = &message,
		.message_count = 1,
		.max_output_tokens = 5};

	for (size_t i = 0; i < sizeof image_parts / sizeof *image_parts; i++) {
		AUTO(buf) body = {0};
		AUTO(arena) a = {0};
		struct prompt back;
		struct err e;
		const struct wire *wire = image_parts[i].wire;
		wire->put_request(&p, &body);
		if (!str_contains(buf_str(&body), str_from(image_parts[i].part)))
			fail_msg("%s", buf_text(&body));
		assert_true(wire->get_request(buf_str(&body), &a, &back, &e));
		assert_int_equal(back.message_count, 1);
		assert_int_equal(back.messages[0].block_count, 4);
		for (size_t k = 0; k < 4; k++) {
			const struct block *b = &back.messages[0].blocks[k];
			assert_int_equal(b->kind, blocks[k].kind);
			assert_true(str_eq(b->text, blocks[k].text));
			assert_true(str_eq(b->media_type, blocks[k].media_type));
			assert_true(str_eq(b->data, blocks[k].data));
		}
	}
}

/* No text behind it, and none at all: the image is a message of its own. */
static void test_image_alone(void **)
{
	struct block block = {
		.kind = BLOCK_IMAGE, .media_type = STR("image/png"), .data = STR(PNG)};
	struct message message = {ROLE_USER, &block, 1};
	struct prompt p = {.model = STR("m"),
		.messages = &message,
		.message_count = 1,
		.max_output_tokens = 5};

	for (const struct wire *const *wire = wires; *wire; wire++) {
		AUTO(buf) body = {0};
		AUTO(arena) a = {0};
		struct prompt back;
		struct err e;
		(*wire)->put_request(&p, &body);
		assert_true((*wire)->get_request(buf_str(&body), &a, &back, &e));
		assert_int_equal(back.message_count, 1);
		assert_int_equal(back.messages[0].block_count, 1);
		assert_int_equal(back.messages[0].blocks[0].kind, BLOCK_IMAGE);
	}
}

static void test_images_that_are_none(void **)
{
	static const struct {
		const struct wire *wire;
		const char *body;
	} cases[] = {
		{&wire_anthropic,
			"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":"
			"\"image\",\"source\":{\"type\":\"url\",\"url\":\"https://h/x.png\"}},{\"type\":"
			"\"image\",\"source\":7},{\"type\":\"image\",\"source\":{\"type\":\"base64\"}},"
			"{\"type\":\"text\",\"text\":\"t\"}]}]}"},
		{&wire_openai,
			"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":"
			"\"image_url\",\"image_url\":{\"url\":\"https://h/x.png\"}},{\"image_url\":{"
			"\"url\":\"data:;base64,AAAA\"}},{\"image_url\":{\"url\":\"data:a;base64,\"}},"
			"{\"image_url\":5},{\"type\":\"text\",\"text\":\"t\"}]},{\"role\":"
			"\"assistant\",\"content\":[{\"image_url\":{\"url\":\"data:a;base64,AA==\"}}]}]}"},
		{&wire_ollama,
			"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"t\","
			"\"images\":[\"\",5,\"AAAA\",\"!\"]}]}"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(arena) a = {0};
		struct prompt back;
		struct err e;
		assert_true(cases[i].wire->get_request(str_from(cases[i].body), &a, &back, &e));
		assert_int_equal(back.message_count, 1);
		assert_int_equal(back.messages[0].block_count, 1);
		assert_true(str_is(back.messages[0].blocks[0].text, "t"));
	}
}

static void test_image_types(void **)
{
	static const struct {
		struct str bytes;
		const char *type;
	} cases[] = {
		{STR("\x89PNG\r\n\x1a\n\0\0"), "image/png"},
		{STR("\xff\xd8\xff\xe0"), "image/jpeg"},
		{STR("GIF89a.."), "image/gif"},
		{STR("GIF87a"), "image/gif"},
		{STR("RIFF\1\2\3\4WEBPVP8 "), "image/webp"},
		{STR("RIFF\1\2\3\4WAVE"), NULL},
		{STR("\x89PNG\r\n"), NULL},
		{STR("GIF88a"), NULL},
		{STR("RIFF"), NULL},
		{STR("%PDF-1.7"), NULL},
		{STR("<svg xmlns="), NULL},
		{STR("BM"), NULL},
		{STR(""), NULL},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *type = image_type(cases[i].bytes);
		if (cases[i].type)
			assert_string_equal(type, cases[i].type);
		else
			assert_null(type);
	}
}

/* ---- whole answers ---- */

/* Pieces of two calls come mixed, thoughts and texts in turns: as a stream may have them. */
static void test_whole_answers(void **)
{
	const struct delta deltas[] = {
		{DELTA_START, .id = STR("i"), .model = STR("m")},
		{DELTA_REDACTED, 0, STR("secret")},
		{DELTA_THINKING, 1, STR("a")},
		{DELTA_SIGNATURE, 1, STR("sig")},
		{DELTA_TEXT, 2, STR("b")},
		{DELTA_TEXT, 2, STR("c")},
		{DELTA_TEXT, 3, STR("d")},
		{DELTA_TOOL_USE, 4, .id = STR("x"), .name = STR("f")},
		{DELTA_TOOL_USE, 5, .id = STR("y"), .name = STR("g")},
		{DELTA_TOOL_INPUT, 4, STR("{\"p\"")},
		{DELTA_TOOL_INPUT, 5, STR("{cut")},
		{DELTA_TOOL_INPUT, 4, STR(":1}")},
		{DELTA_TOOL_INPUT, 9, STR("nobody's")},
		{DELTA_STOP, .reason = STOP_TOOL_USE},
	};
	static const struct {
		const struct wire *wire;
		const char *body;
	} wanted[] = {
		{&wire_anthropic,
			"{\"id\":\"i\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\","
			"\"content\":[{\"type\":\"redacted_thinking\",\"data\":\"secret\"},"
			"{\"type\":\"thinking\",\"thinking\":\"a\",\"signature\":\"sig\"},"
			"{\"type\":\"text\",\"text\":\"bc\"},{\"type\":\"text\",\"text\":\"d\"},"
			"{\"type\":\"tool_use\",\"id\":\"x\",\"name\":\"f\",\"input\":{\"p\":1}},"
			"{\"type\":\"tool_use\",\"id\":\"y\",\"name\":\"g\",\"input\":"
			"{\"unparsed\":\"{cut\"}}],\"stop_reason\":\"tool_use\","
			"\"stop_sequence\":null,"
			"\"usage\":{\"input_tokens\":0,\"output_tokens\":0}}"},
		{&wire_openai,
			"{\"id\":\"i\",\"object\":\"chat.completion\",\"created\":0,\"model\":\"m\","
			"\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
			"\"content\":\"bcd\",\"refusal\":null,\"reasoning_content\":\"a\","
			"\"tool_calls\":[{\"id\":\"x\",\"type\":\"function\",\"function\":"
			"{\"name\":\"f\",\"arguments\":\"{\\\"p\\\":1}\"}},"
			"{\"id\":\"y\",\"type\":\"function\",\"function\":"
			"{\"name\":\"g\",\"arguments\":\"{cut\"}}]},\"logprobs\":null,"
			"\"finish_reason\":\"tool_calls\"}]}"},
		{&wire_ollama,
			"{\"model\":\"m\",\"created_at\":\"1970-01-01T00:00:00Z\",\"message\":"
			"{\"role\":\"assistant\",\"content\":\"bcd\",\"thinking\":\"a\","
			"\"tool_calls\":[{\"id\":\"x\",\"function\":{\"index\":0,\"name\":\"f\","
			"\"arguments\":{\"p\":1}}},{\"id\":\"y\",\"function\":{\"index\":1,"
			"\"name\":\"g\",\"arguments\":{\"unparsed\":\"{cut\"}}}]},"
			"\"done\":true,\"done_reason\":\"stop\"}"},
	};
	struct whole_answer answer = {0};

	for (size_t i = 0; i < sizeof deltas / sizeof deltas[0]; i++)
		whole_answer_take(&answer, &deltas[i]);
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
		AUTO(buf) body = {0};

		wanted[i].wire->put_answer(&answer, &body);
		assert_string_equal(buf_text(&body), wanted[i].body);
	}
	whole_answer_release(&answer);
}

/* The answer that is no stream is the one that the last event of a stream repeats. */
static void test_whole_responses(void **)
{
	const struct delta deltas[] = {
		{DELTA_START, .id = STR("i"), .model = STR("m")},
		{DELTA_THINKING, 0, STR("a")},
		{DELTA_SIGNATURE, 0, STR("sig")},
		{DELTA_TEXT, 1, STR("b")},
		{DELTA_TOOL_USE, 2, .id = STR("x"), .name = STR("f")},
		{DELTA_TOOL_INPUT, 2, STR("{}")},
		{DELTA_USAGE, .usage = {12, 7, 3, -1, -1, 2, -1}},
		{DELTA_STOP, .reason = STOP_MAX},
		{DELTA_END},
	};
	struct wire_writer w = {.wire = &wire_responses};
	struct whole_answer answer = {0};
	AUTO(buf) stream = {0};
	AUTO(buf) body = {0};

	for (size_t i = 0; i < sizeof deltas / sizeof deltas[0]; i++) {
		whole_answer_take(&answer, &deltas[i]);
		wire_responses.put_delta(&w, &deltas[i], &stream);
	}
	wire_responses.put_answer(&answer, &body);
	assert_non_null(strstr(buf_text(&body), "\"status\":\"incomplete\""));
	buf_put_text(&body, "}\n\n");
	assert_true(str_ends(buf_str(&stream), buf_str(&body)));
	wire_writer_release(&w);
	whole_answer_release(&answer);
}

/* ---- the form of answers ---- */

#define CLOSED "\"type\":\"object\",\"additionalProperties\":false,"
#define NAMED  "\"name\":\"answer\",\"schema\":"

/* What of the body begins with the name: up to the members that follow in every request. */
static void check_form(const struct wire *wire, const char *dialect, bool has_tool,
	bool wants_answer, const char *schema, const char *expected)
{
	struct block block = {.kind = BLOCK_TEXT, .text = STR("go")};
	struct message message = {ROLE_USER, &block, 1};
	struct tool_spec tool = {STR("ls"), STR("Lists."), STR("")};
	struct prompt p = {.model = STR("m"),
		.schema = str_from(schema),
		.wants_answer = wants_answer,
		.messages = &message,
		.message_count = 1,
		.max_output_tokens = 5,
		.tools = &tool,
		.tool_count = has_tool,
		.dialect = dialect_find(str_from(dialect))};
	static const char *const names[] = {"response_format", "text", "output_config", "format"};
	AUTO(buf) body = {0};
	AUTO(buf) got = {0};
	struct err e;

	wire->put_request(&p, &body);
	assert_true(json_check(buf_str(&body), &e));
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		buf_put_str(&got, json_get(buf_str(&body), names[i]));
	if (json_get(buf_str(&body), "tools").p)
		buf_put_text(&got, " tools");
	assert_string_equal(buf_text(&got), expected);
}

static void test_form_by_dialect(void **)
{
	static const char schema[] = "{" CLOSED "\"properties\":{}}";
	static const char chat[] = "{\"type\":\"json_schema\",\"json_schema\":{" NAMED "{" CLOSED
				   "\"properties\":{}},\"strict\":true}}";
	static const char chat_tools[] = "{\"type\":\"json_schema\",\"json_schema\":{" NAMED
					 "{" CLOSED "\"properties\":{}},\"strict\":true}} tools";
	static const char object[] = "{\"type\":\"json_object\"}";
	static const struct {
		const char *dialect, *with_tools, *answer_now, *without_tools;
	} rows[] = {
		{"openai", chat_tools, chat_tools, chat},
		{"openrouter", " tools", " tools", ""},
		{"gemini", " tools", chat, chat},
		{"llamacpp", " tools", chat, chat},
		{"vllm", " tools", chat, chat},
		{"lmstudio", " tools", chat, chat},
		{"deepseek", " tools", object, object},
		{"groq", " tools", " tools", ""},
		{"mistral", " tools", " tools", ""},
		{"none", " tools", " tools", ""},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *dialect = rows[i].dialect;
		check_form(&wire_openai, dialect, true, false, schema, rows[i].with_tools);
		check_form(&wire_openai, dialect, true, true, schema, rows[i].answer_now);
		check_form(&wire_openai, dialect, false, false, schema, rows[i].without_tools);
		check_form(&wire_openai, dialect, true, true, NULL, " tools");
	}
	check_form(&wire_ollama, NULL, true, false, schema, " tools");
	check_form(&wire_ollama, NULL, true, true, schema, schema);
	check_form(
		&wire_ollama, NULL, false, false, "{\"type\":\"array\"}", "{\"type\":\"array\"}");
	check_form(&wire_openai, "openai", true, true, "{\"type\":\"array\"}", " tools");
	check_form(&wire_responses, NULL, true, false, "{\"anyOf\":[{\"type\":\"object\"}]}",
		" tools");
	check_form(&wire_anthropic, NULL, true, true, schema,
		"{\"format\":{\"type\":\"json_schema\",\"schema\":{" CLOSED
		"\"properties\":{}}}} tools");
}

/* schema: whether OpenAI's strict mode and Anthropic take it. */
static void test_form_subsets(void **)
{
	static const struct {
		const char *schema;
		bool is_strict, is_closed;
	} rows[] = {
		{"{" CLOSED
		 "\"properties\":{\"a\":{\"type\":[\"string\",\"null\"]}},\"required\":[\"a\"]}",
			true, true},
		{"{" CLOSED "\"properties\":{\"a\":{\"enum\":[1]}},\"required\":[]}", false, true},
		{"{" CLOSED "\"properties\":{\"a\":{\"enum\":[1]}}}", false, true},
		{"{\"type\":\"object\",\"properties\":{}}", false, false},
		{"{\"type\":\"object\",\"additionalProperties\":true,\"properties\":{}}", false,
			false},
		{"{\"type\":\"object\",\"additionalProperties\":{},\"properties\":{}}", false,
			false},
		{"{" CLOSED "\"minProperties\":1}", false, false},
		{"{" CLOSED "\"properties\":{\"a\":{\"minLength\":1}},\"required\":[\"a\"]}", false,
			false},
		{"{" CLOSED
		 "\"properties\":{\"a\":{\"items\":{\"properties\":{}}}},\"required\":[\"a\"]}",
			false, false},
		{"{" CLOSED "\"properties\":{\"a\":{\"anyOf\":[{\"type\":[\"null\",\"object\"]}]}},"
		 "\"required\":[\"a\"]}",
			false, false},
		{"{" CLOSED "\"properties\":{\"a\":true},\"required\":[\"a\"]}", false, false},
		{"{" CLOSED "\"properties\":{\"a\":{\"$ref\":\"#\"}},\"required\":[\"a\"]}", true,
			false},
		{"{" CLOSED "\"properties\":{\"a\":{\"$ref\":\"#/$defs/b\"}},\"required\":[\"a\"],"
		 "\"$defs\":{\"b\":{\"items\":{\"$ref\":\"#/$defs/b\"}}}}",
			true, false},
		{"{" CLOSED "\"$defs\":{\"b\":{\"not\":{}}}}", false, false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		AUTO(buf) strict = {0};
		AUTO(buf) closed = {0};
		buf_printf(&strict,
			"{\"format\":{\"type\":\"json_schema\"," NAMED "%s,\"strict\":%s}}",
			rows[i].schema, rows[i].is_strict ? "true" : "false");
		check_form(&wire_responses, NULL, false, false, rows[i].schema, buf_text(&strict));
		buf_printf(&closed, "{\"format\":{\"type\":\"json_schema\",\"schema\":%s}}",
			rows[i].schema);
		check_form(&wire_anthropic, NULL, false, false, rows[i].schema,
			rows[i].is_closed ? buf_text(&closed) : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_responses_stream_bytes),
		cmocka_unit_test(test_ollama_stream_bytes),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_routing),
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_image_alone),
		cmocka_unit_test(test_images_that_are_none),
		cmocka_unit_test(test_image_types),
		cmocka_unit_test(test_whole_answers),
		cmocka_unit_test(test_whole_responses),
		cmocka_unit_test(test_form_by_dialect),
		cmocka_unit_test(test_form_subsets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
