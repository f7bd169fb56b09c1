// SPDX-License-Identifier: MIT
/* The offline model: reading requests, judging lines, and whole talks with canned results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "llm/offline_ask.h"

/* ---- words and requests ---- */

static enum ask ask_for(const char *task, struct request *out, struct arena *a)
{
	struct request all[REQUESTS_MAX];
	size_t n = offline_requests(str_from(task), all, a);

	assert_true(n > 0);
	*out = all[0];
	return out->ask;
}

static void test_words(void **state)
{
	struct arena a = {0};
	struct words w = offline_words(
		STR("Shwo `src/x y.c`, \"a b\" retry.c:10-20 *.py .ts foo_bar() RETRY_MAX 5kb lines 3-7?"),
		&a);

	assert_int_equal(w.n, 13);
	assert_int_equal(w.p[0].kind, WORD_PLAIN);
	assert_true(str_is(w.p[0].low, "show"));
	assert_int_equal(w.p[1].kind, WORD_QUOTED);
	assert_int_equal(w.p[2].kind, WORD_STOP);
	assert_true(str_is(w.p[3].text, "a b"));
	assert_int_equal(w.p[4].kind, WORD_PATH);
	assert_true(str_is(w.p[4].text, "retry.c"));
	assert_int_equal(w.p[4].first, 10);
	assert_int_equal(w.p[4].last, 20);
	assert_int_equal(w.p[5].kind, WORD_GLOB);
	assert_true(str_is(w.p[6].text, "*.ts"));
	assert_int_equal(w.p[7].kind, WORD_NAME);
	assert_true(str_is(w.p[7].text, "foo_bar"));
	assert_int_equal(w.p[8].kind, WORD_NAME);
	assert_int_equal(w.p[9].first, 5120);
	assert_int_equal(w.p[11].first, 3);
	assert_int_equal(w.p[11].last, 7);
	arena_release(&a);
	(void)state;
}

static void test_mistypes(void **state)
{
	static const char *const pairs[][2] = {{"fiels", "file"}, {"fucntions", "function"},
		{"serach", "search"}, {"waht", "what"}, {"user", "user"}, {"parcel", "parcel"},
		{"point", "point"}, {"currency", "currency"}};
	struct arena a = {0};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct words w = offline_words(str_from(pairs[i][0]), &a);
		assert_int_equal(w.n, 1);
		assert_string_equal(arena_text(&a, w.p[0].low), pairs[i][1]);
	}
	arena_release(&a);
	(void)state;
}

static void test_asks(void **state)
{
	static const struct {
		const char *task;
		enum ask ask;
	} rows[] = {
		{"go files", ASK_LIST},
		{"could you please list every yaml file under deploy/?", ASK_LIST},
		{"is there a Dockerfile?", ASK_LIST},
		{"how many rust files are there", ASK_COUNT},
		{"wc -l src/x.c", ASK_COUNT},
		{"loc", ASK_COUNT},
		{"lines per language", ASK_GROUPS},
		{"3 largest files", ASK_RANK},
		{"java files over 200 lines", ASK_RANK},
		{"most recently modified files", ASK_RANK},
		{"tail -n 5 notes.txt", ASK_SHOW},
		{"lines 4 to 9 of a/b.c", ASK_SHOW},
		{"what is this project about", ASK_LAYOUT},
		{"grep for 'malloc('", ASK_FIND},
		{"which files mention branch", ASK_FIND},
		{"open FIXMEs?", ASK_MARKS},
		{"where is parse_line defined", ASK_DEFINED},
		{"who calls parse_line", ASK_USED},
		{"where is parse_line tested", ASK_USED},
		{"what does struct token look like", ASK_BODY},
		{"value of LIMIT_MAX", ASK_BODY},
		{"classes in app/models.py", ASK_OUTLINE},
		{"which files include a.h", ASK_IMPORTS},
		{"which files define the cache rules", ASK_TOPIC},
		{"where do we handle timeouts", ASK_TOPIC},
		{"last 4 commits", ASK_LOG},
		{"who last changed a.c", ASK_LOG},
		{"uncommitted changes", ASK_STATUS},
		{"which branch is this", ASK_STATUS},
		{"what did the last commit change", ASK_COMMIT},
		{"git diff", ASK_DIFF},
		{"who are the contributors", ASK_AUTHORS},
		{"how do I build this", ASK_HOWTO},
		{"what can you do", ASK_HELP},
		{"", ASK_HELP},
		{"refactor the parser", ASK_CANNOT},
		{"why is this slow", ASK_CANNOT},
		{"is parse_line thread safe", ASK_CANNOT},
		{"commit my work", ASK_CANNOT},
		{"what is the capital of Norway", ASK_CANNOT},
	};
	struct request r;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct arena a = {0};
		if (ask_for(rows[i].task, &r, &a) != rows[i].ask)
			fail_msg("%s: %d instead of %d", rows[i].task, r.ask, rows[i].ask);
		arena_release(&a);
	}
	(void)state;
}

static void test_parts(void **state)
{
	struct arena a = {0};
	struct request r[REQUESTS_MAX];

	assert_int_equal(
		offline_requests(STR("where is f_x defined, who calls it; last commit"), r, &a), 3);
	assert_true(str_is(r[1].names.p[0], "f_x"));
	assert_int_equal(r[2].ask, ASK_LOG);
	assert_int_equal(offline_requests(STR("todos and fixmes in src and web"), r, &a), 1);
	assert_int_equal(r[0].scope.places.n, 2);
	assert_int_equal(offline_requests(STR("I am new here. Which files use f_x?"), r, &a), 1);
	assert_int_equal(r[0].ask, ASK_USED);
	arena_release(&a);
	(void)state;
}

/* ---- lines ---- */

static void test_definitions(void **state)
{
	static const struct {
		const char *path, *line, *name, *noun;
		bool is_declaration;
	} rows[] = {
		{"a.c", "static int parse(const char *p)", "parse", "function", false},
		{"a.c", "[[nodiscard]] bool parse(struct x *a,", "parse", "function", false},
		{"a.h", "int parse(const char *p);", "parse", "function", true},
		{"a.c", "\treturn parse(p);", NULL, NULL, false},
		{"a.c", "\tparse(p);", NULL, NULL, false},
		{"a.c", "if (parse(p)) {", NULL, NULL, false},
		{"a.h", "#define LIMIT 3", "LIMIT", "macro", false},
		{"a.h", "#define A_H", NULL, NULL, false},
		{"a.h", "struct token {", "token", "struct", false},
		{"a.h", "struct token;", "token", "struct", true},
		{"a.h", "typedef struct token token_t;", "token_t", "typedef", false},
		{"a.c", "static const int table[] = {", "table", "constant", false},
		{"a.h", "extern int level;", "level", "variable", true},
		{"a.h", "\tTOKEN_END,", "TOKEN_END", "enumerator", false},
		{"a.cpp", "void Parser::next() {", "next", "function", false},
		{"a.py", "    async def fetch(self):", "fetch", "function", false},
		{"a.py", "class Row(Base):", "Row", "class", false},
		{"a.py", "LIMIT = 3", "LIMIT", "variable", false},
		{"a.py", "    x = 3", NULL, NULL, false},
		{"a.ts", "export default async function load() {", "load", "function", false},
		{"a.ts", "export interface Row {", "Row", "interface", false},
		{"a.js", "const limit = 3;", "limit", "constant", false},
		{"a.js", "\trender(row) {", "render", "method", false},
		{"a.js", "\tif (row) {", NULL, NULL, false},
		{"a.go", "func (p *Parser) Next() Token {", "Next", "function", false},
		{"a.go", "type Token struct {", "Token", "type", false},
		{"a.rs", "pub(crate) const fn next<T>(t: T) {", "next", "function", false},
		{"a.rs", "pub enum Kind {", "Kind", "enum", false},
		{"a.java", "    public static int parse(String s) {", "parse", "function", false},
		{"a.sh", "copy_files() {", "copy_files", "function", false},
		{"Makefile", "test: all", "test", "target", false},
		{"Makefile", "CC ?= cc", "CC", "variable", false},
		{"a.json", "  \"port\": 80,", "port", "key", false},
		{"a.toml", "[tool.x]", "tool.x", "section", false},
		{"a.md", "## Building it", "Building it", "heading", false},
		{"a.c", "// int parse(int a)", NULL, NULL, false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct definition d;
		bool is_found = symbol_defined(str_from(rows[i].path), str_from(rows[i].line), &d);
		if (is_found != (rows[i].name != NULL))
			fail_msg("%s: %s", rows[i].path, rows[i].line);
		if (!is_found)
			continue;
		if (!str_is(d.name, rows[i].name) || strcmp(d.noun, rows[i].noun) != 0 ||
			d.is_declaration != rows[i].is_declaration)
			fail_msg("%s: %.*s is a %s", rows[i].line, STR_ARG(d.name), d.noun);
	}
	(void)state;
}

/* ---- talks ---- */

struct talk {
	struct arena arena;
	struct buf text, calls;
	struct block uses[CALLS_MAX];
	size_t use_count, ends;
	struct usage usage;
	enum stop_reason reason;
};

static bool hear(void *self, const struct delta *d)
{
	struct talk *t = self;

	if (d->kind == DELTA_TEXT)
		buf_put_str(&t->text, d->text);
	if (d->kind == DELTA_TOOL_USE)
		t->uses[t->use_count++] = (struct block){.kind = BLOCK_TOOL_USE,
			.id = arena_copy(&t->arena, d->id),
			.name = arena_copy(&t->arena, d->name)};
	if (d->kind == DELTA_TOOL_INPUT) {
		struct block *use = &t->uses[t->use_count - 1];
		use->input = arena_copy(&t->arena, d->text);
		buf_printf(&t->calls, "%.*s %.*s\n", STR_ARG(use->name), STR_ARG(d->text));
	}
	if (d->kind == DELTA_USAGE)
		t->usage = d->usage;
	if (d->kind == DELTA_STOP)
		t->reason = d->reason;
	t->ends += d->kind == DELTA_END;
	return true;
}

struct canned {
	const char *tool, *result; /* by tool and by a part of the input */
	const char *part;
	bool is_error;
};

static const struct tool_spec all_tools[] = {{.name = {"view", 4}}, {.name = {"ls", 2}},
	{.name = {"glob", 4}}, {.name = {"grep", 4}}, {.name = {"count", 5}}, {.name = {"git", 3}}};

static struct block result_of(const struct block *use, const struct canned *canned)
{
	for (; canned->tool; canned++)
		if (str_is(use->name, canned->tool) &&
			str_contains(use->input, str_from(canned->part ? canned->part : "")))
			return (struct block){.kind = BLOCK_TOOL_RESULT,
				.id = use->id,
				.text = str_from(canned->result),
				.is_error = canned->is_error};
	return (struct block){
		.kind = BLOCK_TOOL_RESULT, .id = use->id, .text = STR("[no matches]")};
}

/* Talks until there is an answer; returns the number of rounds. */
static int talk(struct talk *t, struct block *task, size_t blocks, size_t tools,
	const struct canned *canned)
{
	struct message messages[10] = {{ROLE_USER, task, blocks}};
	struct prompt prompt = {.tools = (struct tool_spec *)all_tools,
		.tool_count = tools,
		.messages = messages,
		.message_count = 1,
		.max_output_tokens = 1000};

	for (int round = 0;; round++) {
		t->use_count = t->ends = 0;
		offline_answer(&prompt, &t->arena, hear, t);
		assert_int_equal(t->ends, 1);
		assert_int_equal(t->usage.input, 0);
		assert_int_equal(t->usage.output, 0);
		assert_int_equal(t->reason, t->use_count ? STOP_TOOL_USE : STOP_END);
		if (t->use_count == 0)
			return round;
		assert_true(round < ROUNDS_MAX);
		struct block *uses = arena_alloc(&t->arena, t->use_count, sizeof *uses);
		struct block *results = arena_alloc(&t->arena, t->use_count, sizeof *results);
		for (size_t i = 0; i < t->use_count; i++) {
			uses[i] = t->uses[i];
			/* As a gateway might: the same value in other bytes. */
			uses[i].input =
				arena_printf(&t->arena, " %.*s ", STR_ARG(t->uses[i].input));
			results[t->use_count - 1 - i] = result_of(&uses[i], canned);
		}
		messages[prompt.message_count++] =
			(struct message){ROLE_ASSISTANT, uses, t->use_count};
		messages[prompt.message_count++] =
			(struct message){ROLE_USER, results, t->use_count};
	}
}

static void talk_release(struct talk *t)
{
	buf_release(&t->text);
	buf_release(&t->calls);
	arena_release(&t->arena);
}

static struct block text_block(const char *text)
{
	return (struct block){.kind = BLOCK_TEXT, .text = str_from(text)};
}

static void assert_said(const struct talk *t, const char *text)
{
	if (!str_contains(buf_str(&t->text), str_from(text)))
		fail_msg("\"%s\" is missing in:\n%s", text, buf_text(&t->text));
}

static void test_flagship(void **state)
{
	static const struct canned canned[] = {
		{"grep",
			"src/retry.c:3:#define RETRY_MAX 5\nsrc/retry.c:9:int retry_delay(int n)\n"
			"src/main.c:4:\tretry_delay(1);\n[3 matching lines in 2 files]",
			NULL, false},
		{"glob", "src/retry.c\n[1 files]", NULL, false},
		{"count",
			"src/retry.c\t30\t700\t2026-01-01 10:00\nsrc/main.c\t12\t90\t2026-01-01 10:00\n"
			"[2 files, 42 lines, 790 bytes]",
			NULL, false},
		{0},
	};
	struct block task = text_block(
		"which files define the retry rules, and how many lines of C are there?");
	struct talk t = {0};

	assert_int_equal(talk(&t, &task, 1, 6, canned), 1);
	assert_said(&t, "src/retry.c:3 (macro)");
	assert_said(&t, "src/retry.c:9 (function)");
	assert_said(&t, "42 lines");
	talk_release(&t);
	(void)state;
}

static void test_callers(void **state)
{
	static const struct canned canned[] = {
		{"grep",
			"a.h:1:int f_x(void);\na.c:1:int f_x(void)\na.c:7:\tf_x();\na.md:2:f_x is\n"
			"[4 matching lines in 3 files]",
			NULL, false},
		{"view",
			"1\tint f_x(void)\n2\t{\n3\t}\n4\t\n5\tint main(void)\n6\t{\n7\t\tf_x();\n",
			NULL, false},
		{0},
	};
	struct block task = text_block("who calls f_x");
	struct talk t = {0};

	assert_int_equal(talk(&t, &task, 1, 6, canned), 2);
	assert_said(&t, "1 call of `f_x`");
	assert_said(&t, "a.c:7 in `main` (line 5)");
	talk_release(&t);
	(void)state;
}

static void test_marks(void **state)
{
	static const struct canned canned[] = {
		{"grep",
			"README.md:2:It is not a todo list.\na.c:5:// TODO: more\na.c:9:puts(\"TODO\");\n"
			"b.py:1:# todo: less\n[4 matching lines in 3 files]",
			NULL, false},
		{0},
	};
	struct block task = text_block("any todos?");
	struct talk t = {0};

	assert_int_equal(talk(&t, &task, 1, 6, canned), 1);
	assert_said(&t, "2 TODO comments");
	assert_said(&t, "a.c:5");
	assert_said(&t, "b.py:1");
	assert_null(strstr(buf_text(&t.text), "README"));
	assert_null(strstr(buf_text(&t.text), "a.c:9"));
	talk_release(&t);
	(void)state;
}

/* Nothing found, an error, a cut result: each is told as it is. */
static void test_truth(void **state)
{
	static const struct canned nothing[] = {
		{"glob", "[no files match *.py]", NULL, false}, {0}};
	static const struct canned error[] = {
		{"view", "a.c: binary file, 9 bytes", NULL, true}, {0}};
	static const struct canned cut[] = {
		{"grep",
			"a.c:1:x_y\n[first 1 of 99 matching lines in 7 files; narrow the pattern or path]",
			NULL, false},
		{0}};
	struct block list = text_block("python files"), show = text_block("show ./a.c"),
		     find = text_block("grep for x_y");
	struct talk t = {0}, u = {0}, v = {0}, w = {0};

	talk(&t, &list, 1, 6, nothing);
	assert_said(&t, "no Python files");
	talk(&u, &show, 1, 6, error);
	assert_said(&u, "a.c: binary file, 9 bytes");
	talk(&v, &find, 1, 6, cut);
	assert_said(&v, "99 lines of 7 files");
	assert_said(&v, "Only the first 1");
	assert_int_equal(talk(&w, &list, 1, 0, nothing), 0);
	assert_said(&w, "`glob` is not offered");
	talk_release(&t);
	talk_release(&u);
	talk_release(&v);
	talk_release(&w);
	(void)state;
}

static void test_cannot(void **state)
{
	static const struct canned canned[] = {
		{"grep", "a.c:12:int f_x(void)\n[1 matching lines in 1 files]", NULL, false}, {0}};
	struct block task = text_block("explain f_x");
	struct talk t = {0};

	talk(&t, &task, 1, 6, canned);
	assert_said(&t, "cannot");
	assert_said(&t, "ANTHROPIC_API_KEY");
	assert_said(&t, "--model");
	assert_said(&t, "a.c:12");
	talk_release(&t);
	(void)state;
}

/* Context blocks are no request, wherever they stand. */
static void test_context(void **state)
{
	static const struct canned canned[] = {{"git", "branch trunk\n[clean]", NULL, false}, {0}};
	struct block blocks[] = {text_block("# Instructions from AGENTS.md\nrefactor everything"),
		text_block("which branch is this?"), text_block("# Facts\nlast 3 commits")};
	struct talk t = {0};

	assert_int_equal(talk(&t, blocks, 3, 6, canned), 1);
	assert_said(&t, "trunk");
	assert_string_equal(buf_text(&t.calls), "git {\"show\":\"status\"}\n");
	talk_release(&t);
	(void)state;
}

/* A second request in the same session: the first one's calls are none of its own. */
static void test_session(void **state)
{
	struct block first = text_block("which branch is this?"), second = text_block("git status");
	struct block use = {.kind = BLOCK_TOOL_USE,
		.id = STR("call_1"),
		.name = STR("git"),
		.input = STR("{\"show\":\"status\"}")};
	struct block result = {
		.kind = BLOCK_TOOL_RESULT, .id = STR("call_1"), .text = STR("branch old\n[clean]")};
	struct block said = text_block("The branch is old.");
	struct message messages[] = {{ROLE_USER, &first, 1}, {ROLE_ASSISTANT, &use, 1},
		{ROLE_USER, &result, 1}, {ROLE_ASSISTANT, &said, 1}, {ROLE_USER, &second, 1}};
	struct prompt prompt = {.tools = (struct tool_spec *)all_tools,
		.tool_count = 6,
		.messages = messages,
		.message_count = 5,
		.max_output_tokens = 1000};
	struct talk t = {0};

	offline_answer(&prompt, &t.arena, hear, &t);
	assert_int_equal(t.use_count, 1);
	assert_true(str_is(t.uses[0].id, "call_2"));
	talk_release(&t);
	(void)state;
}

static bool stop_at_once(void *self, const struct delta *d)
{
	(void)d;
	++*(int *)self;
	return false;
}

static void test_stop(void **state)
{
	struct block task = text_block("hello");
	struct message message = {ROLE_USER, &task, 1};
	struct prompt prompt = {
		.messages = &message, .message_count = 1, .max_output_tokens = 1000};
	struct arena a = {0};
	int heard = 0;

	offline_answer(&prompt, &a, stop_at_once, &heard);
	assert_int_equal(heard, 1);
	arena_release(&a);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_mistypes),
		cmocka_unit_test(test_asks),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_definitions),
		cmocka_unit_test(test_flagship),
		cmocka_unit_test(test_callers),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_truth),
		cmocka_unit_test(test_cannot),
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
