// SPDX-License-Identifier: MIT
/* Commands: which plainly read, what their output looks like, what of the environment they see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/fence.h"
#include "agent/tool/command.h"
#include "agent/tool/plain.h"

static void test_readers(void **)
{
	static const char *const reading[] = {"ls", "ls -la src", "cat a 'b c' \"d\"", "pwd",
		"git status", "git log --oneline -5", "grep -rn 'x;y|z' . | head -5 | wc -l",
		"find . -name '*.c' -type f", "rg foo src", "echo hello", " true ",
		"sort a | head"};
	static const char *const writing[] = {"", "rm a", "ls > a", "cat a >> b", "ls; rm a",
		"ls && rm a", "ls || rm a", "ls & rm a", "ls | tee a", "ls\nrm a", "echo $(rm a)",
		"echo `rm a`", "echo \"$(rm a)\"", "cat <(rm a)", "find . -delete",
		"find . -exec rm {} +", "find . -fprint a", "find . '-delete'", "find . -d\\elete",
		"git commit", "git", "git -c x=y status", "git diff --output=a", "sort -o a b",
		"sort a -oa", "X=1 ls", "'rm' a", "\"ls\" a", "/bin/ls", "ls 'unended", "| ls",
		"ls |", "ls | | ls", "rg --pre=sh x", "tail -f a", "xargs rm", "env rm a",
		"date -s now", "if true", "{ ls", "(ls)", "ls # x", "! ls", "sudo ls", "ls ${X:=a}",
		"cat a\\\n>b"};

	for (size_t i = 0; i < sizeof reading / sizeof *reading; i++)
		if (!command_only_reads(str_from(reading[i])))
			fail_msg("%s", reading[i]);
	for (size_t i = 0; i < sizeof writing / sizeof *writing; i++)
		if (command_only_reads(str_from(writing[i])))
			fail_msg("%s", writing[i]);
}

static void test_screen(void **)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"plain\n", "plain\n"},
		{"\033[1;31mred\033[0m\n", "red\n"},
		{"\033[?25l\033[2K\033[1Gx", "x"},
		{"10%\r50%\r100%\n", "100%\n"},
		{"line\r\n", "line\n"},
		{"a\rb", "b"},
		{"a\r", "a"},
		{"abc\b\bd", "ad"},
		{"\b\bx", "x"},
		{"\xc3\xa9\bx", "x"},
		{"\033]0;title\007text", "text"},
		{"\033]8;;http://x\033\\link\033]8;;\033\\", "link"},
		{"\033]52;c;unended\nnext", "52;c;unended\nnext"},
		{"\033(Bx\033=y\033", "xy"},
		{"\033[", ""},
		{"\033", ""},
		{"bell\a!", "bell!"},
		{"nul\001", "nul\xef\xbf\xbd"},
		{"tab\t.", "tab\t."},
		{"\xff", "\xef\xbf\xbd"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(buf) out = {0};
		plain_put_screen(&out, str_from(cases[i].in));
		assert_string_equal(buf_text(&out), cases[i].out);
	}
}

static void test_environment(void **)
{
	static const struct str passed[] = {{"MY_TOKEN", 8}};
	static const struct secret_rules secrets = {0};
	const struct fence_options o = {.secrets = &secrets, .passed = passed, .passed_count = 1};
	static const struct {
		const char *name, *value;
		bool is_withheld;
	} cases[] = {
		{"PATH", "/bin", false},
		{"HOME", "/root", false},
		{"CC", "gcc", false},
		{"ANTHROPIC_API_KEY", "x", true},
		{"github_token", "x", true},
		{"MyPassWord", "x", true},
		{"AWS_REGION", "x", true},
		{"LD_PRELOAD", "x", true},
		{"BASH_ENV", "x", true},
		{"SSH_AUTH_SOCK", "/tmp/x", true},
		{"DATABASE_URL", "postgres://user:of-great-length@host/db", true},
		{"PLAIN", "sk-ant-api03-abcdefghij0123456789", true},
		{"MY_TOKEN", "sk-ant-api03-abcdefghij0123456789", false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (fence_withholds(&o, str_from(cases[i].name), str_from(cases[i].value)) !=
			cases[i].is_withheld)
			fail_msg("%s=%s", cases[i].name, cases[i].value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readers),
		cmocka_unit_test(test_screen),
		cmocka_unit_test(test_environment),
	};

	return cmocka_run_group_tests_name("shell", tests, NULL, NULL);
}
