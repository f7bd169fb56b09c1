// SPDX-License-Identifier: MIT
/* What the model is told: the size of our own part, the order of the project's, and the session. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/session.h"
#include "base/file.h"
#include "base/json.h"

/* Chars / 4, of everything that is sent before the project's own words. */
enum { PROMPT_MAX_TOKENS = 1000 };

static void write_file(const char *path, struct str text)
{
	struct err e;
	AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0 && file_write_fd(fd, text, &e));
}

static int enter_tree(void **state)
{
	char *root = must_copy("/tmp/fettle-prompt-XXXXXX", 25);

	assert_non_null(mkdtemp(root));
	assert_int_equal(chdir(root), 0);
	*state = root;
	return 0;
}

static int leave_tree(void **state)
{
	AUTO(buf) command = {0};

	assert_int_equal(chdir("/"), 0);
	buf_printf(&command, "rm -rf '%s'", (char *)*state);
	assert_int_equal(system(buf_text(&command)), 0);
	free(*state);
	return 0;
}

static void load(struct workspace *w, struct agent_context *c)
{
	struct err e = {0};

	if (!workspace_open(w, NULL, &e))
		fail_msg("%s", e.text);
	*c = (struct agent_context){0};
	agent_context_load(c, w, &(struct hands){.permit.mode = PERMIT_READ}, NULL, 1'790'000'000);
}

static void release(struct workspace *w, struct agent_context *c)
{
	agent_context_release(c);
	workspace_release(w);
}

static void test_prompt_is_small(void **)
{
	struct workspace w = {0};
	struct agent_context c;
	struct err e;

	load(&w, &c);
	size_t characters = c.system.n;
	for (size_t i = 0; i < c.tool_count; i++) {
		characters += c.tools[i].name.n + c.tools[i].description.n + c.tools[i].schema.n;
		assert_true(c.tools[i].description.n > 0);
		if (!json_check(c.tools[i].schema, &e))
			fail_msg("%.*s: %s", STR_ARG(c.tools[i].name), e.text);
		assert_true(json_text_is(json_get(c.tools[i].schema, "type"), "object"));
	}
	print_message("system and %zu tools: %zu characters, %zu tokens\n", c.tool_count,
		characters, characters / 4);
	assert_true(c.tool_count >= 4);
	assert_true(characters / 4 <= PROMPT_MAX_TOKENS);
	release(&w, &c);
}

/* With the tools that change files; more, because descriptions that mislead cost turns. */
enum { EDITOR_MAX_TOKENS = 1450 };

static bool offers(const struct agent_context *c, const char *name)
{
	return agent_context_has_tool(c, str_from(name));
}

static void assert_taste(const char *model, const struct wire *wire, bool patches)
{
	struct hands hands = {.permit.mode = PERMIT_EDIT};
	struct route route = {.model_id = str_from(model), .wire = wire};
	struct agent_context c = {0};
	struct workspace w = {0};
	struct err e;

	assert_true(workspace_open(&w, NULL, &e));
	agent_context_load(&c, &w, &hands, &route, 1'790'000'000);
	assert_true(offers(&c, "write") && offers(&c, "view"));
	assert_int_equal(offers(&c, "apply_patch"), patches);
	assert_int_equal(offers(&c, "edit"), !patches);
	assert_int_equal(offers(&c, "multiedit"), !patches);
	size_t characters = c.system.n;
	for (size_t i = 0; i < c.tool_count; i++)
		characters += c.tools[i].name.n + c.tools[i].description.n + c.tools[i].schema.n;
	print_message("%s: %zu tools, %zu tokens\n", model, c.tool_count, characters / 4);
	assert_true(characters / 4 <= EDITOR_MAX_TOKENS);
	release(&w, &c);
}

static void test_models_get_what_they_know(void **)
{
	assert_taste("gpt-5.1", &wire_responses, true);
	assert_taste("openai/gpt-5-mini", &wire_openai, true);
	assert_taste("gpt-5", &wire_anthropic, false);
	assert_taste("codex-mini-latest", &wire_responses, true);
	assert_taste("gpt-4o", &wire_openai, false);
	assert_taste("qwen3-coder", &wire_openai, false);
	assert_taste("claude-sonnet-5-5", &wire_anthropic, false);
	assert_taste("offline", NULL, false);
}

static void test_instructions_root_first(void **)
{
	struct workspace w = {0};
	struct agent_context c;

	assert_int_equal(mkdir(".git", 0755), 0);
	write_file(".git/HEAD", STR("ref: refs/heads/topic/x\n"));
	assert_int_equal(mkdir("sub", 0755) + mkdir("sub/deep", 0755), 0);
	write_file("AGENTS.md", STR("root agents\n"));
	write_file("CLAUDE.md", STR("root claude\n"));
	write_file("sub/AGENTS.md", STR("sub agents\n"));
	assert_int_equal(symlink("AGENTS.md", "sub/CLAUDE.md"), 0);
	write_file("sub/deep/CLAUDE.md", STR("deep claude \xff\n"));
	write_file("unrelated.md", STR("nothing\n"));
	assert_int_equal(chdir("sub/deep"), 0);
	load(&w, &c);
	const char *expected[] = {"# Instructions from AGENTS.md\nroot agents", "root claude",
		"# Instructions from sub/AGENTS.md\nsub agents", "deep claude \xef\xbf\xbd"};
	size_t at = 0;
	for (size_t i = 0; i < 4; i++) {
		at = str_find(c.system, str_from(expected[i]), at);
		if (at == SIZE_MAX)
			fail_msg("not there or not in order: %s", expected[i]);
	}
	/* The link is the same file: once is enough. */
	assert_int_equal(
		str_find(c.system, STR("sub agents"), str_find(c.system, STR("sub agents"), 0) + 1),
		SIZE_MAX);
	assert_false(str_contains(c.system, STR("nothing")));
	assert_true(str_contains(c.facts, STR("git branch: topic/x")));
	assert_true(str_contains(c.facts, STR("date: 2026-09-")));
	assert_false(str_contains(c.system, STR("2026-")));
	release(&w, &c);
}

static void test_instructions_are_capped(void **state)
{
	struct workspace w = {0};
	struct agent_context c;
	AUTO(buf) big = {0};

	assert_int_equal(chdir(*state), 0);
	for (int i = 0; i < 40'000; i++)
		buf_put_text(&big, "\xc3\xa9");
	write_file("AGENTS.md", buf_str(&big));
	load(&w, &c);
	assert_true(c.system.n < INSTRUCTIONS_MAX_BYTES + 4096);
	assert_true(str_contains(c.system, STR("[cut here: too long]")));
	assert_true(str_contains(c.notice, STR("AGENTS.md is cut")));
	release(&w, &c);
}

static void test_odd_instruction_files(void **state)
{
	struct workspace w = {0};
	struct agent_context c;

	assert_int_equal(chdir(*state), 0);
	unlink("AGENTS.md");
	unlink("CLAUDE.md");
	assert_int_equal(mkfifo("AGENTS.md", 0644), 0);
	assert_int_equal(symlink("/etc/passwd", "CLAUDE.md"), 0);
	load(&w, &c);
	assert_false(str_contains(c.system, STR("# Instructions from")));
	assert_false(str_contains(c.system, STR("root:")));
	release(&w, &c);
}

/* ---- session ---- */

static void feed(struct session *s, struct delta d)
{
	session_take_delta(s, &d);
}

static void test_session_builds_blocks(void **)
{
	struct session s = {0};
	struct arena a = {0};

	feed(&s, (struct delta){.kind = DELTA_THINKING, .text = STR("hm")});
	feed(&s, (struct delta){.kind = DELTA_SIGNATURE, .text = STR("sig1")});
	feed(&s, (struct delta){.kind = DELTA_BLOCK_STOP});
	feed(&s, (struct delta){.kind = DELTA_THINKING, .text = STR("more")});
	feed(&s, (struct delta){.kind = DELTA_SIGNATURE, .text = STR("sig2")});
	feed(&s, (struct delta){.kind = DELTA_REDACTED, .text = STR("secret")});
	feed(&s, (struct delta){.kind = DELTA_TEXT, .text = STR("He")});
	feed(&s, (struct delta){.kind = DELTA_TEXT, .text = STR("llo")});
	feed(&s, (struct delta){
			 .kind = DELTA_TOOL_USE, .index = 4, .id = STR("a"), .name = STR("view")});
	feed(&s, (struct delta){
			 .kind = DELTA_TOOL_USE, .index = 5, .id = STR("b"), .name = STR("ls")});
	feed(&s, (struct delta){.kind = DELTA_TOOL_INPUT, .index = 4, .text = STR("{\"path\":")});
	feed(&s, (struct delta){.kind = DELTA_TOOL_INPUT, .index = 5, .text = STR("")});
	feed(&s, (struct delta){.kind = DELTA_TOOL_INPUT, .index = 4, .text = STR("\"x\"}")});
	feed(&s, (struct delta){.kind = DELTA_TOOL_INPUT, .index = 9, .text = STR("lost")});
	const struct message *m = session_end_answer(&s);
	assert_non_null(m);
	assert_int_equal(m->block_count, 6);
	assert_true(str_is(m->blocks[0].signature, "sig1") && str_is(m->blocks[0].text, "hm"));
	assert_true(str_is(m->blocks[1].signature, "sig2"));
	assert_true(m->blocks[2].redacted && str_is(m->blocks[2].signature, "secret"));
	assert_true(str_is(m->blocks[3].text, "Hello"));
	assert_true(str_is(m->blocks[4].input, "{\"path\":\"x\"}"));
	assert_true(str_is(m->blocks[5].input, "{}"));
	assert_true(str_is(session_text(m, &a), "Hello"));
	arena_release(&a);
	session_release(&s);
}

static void test_session_damaged_input(void **)
{
	struct session s = {0};
	struct err e;

	feed(&s, (struct delta){
			 .kind = DELTA_TOOL_USE, .index = 0, .id = STR("a"), .name = STR("view")});
	feed(&s, (struct delta){
			 .kind = DELTA_TOOL_INPUT, .index = 0, .text = STR("{\"path\": \"x")});
	const struct message *m = session_end_answer(&s);
	assert_true(m->blocks[0].is_error);
	assert_true(json_check(m->blocks[0].input, &e));
	assert_int_equal(json_type(m->blocks[0].input), JSON_OBJECT);
	session_release(&s);
}

static void test_session_empty_answer(void **)
{
	struct session s = {0};

	feed(&s, (struct delta){.kind = DELTA_TEXT, .text = STR("")});
	assert_null(session_end_answer(&s));
	assert_int_equal(s.messages.n, 0);
	session_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prompt_is_small),
		cmocka_unit_test(test_models_get_what_they_know),
		cmocka_unit_test(test_instructions_root_first),
		cmocka_unit_test(test_instructions_are_capped),
		cmocka_unit_test(test_odd_instruction_files),
		cmocka_unit_test(test_session_builds_blocks),
		cmocka_unit_test(test_session_damaged_input),
		cmocka_unit_test(test_session_empty_answer),
	};

	return cmocka_run_group_tests_name("prompt", tests, enter_tree, leave_tree);
}
