// SPDX-License-Identifier: MIT
/* Language servers: what goes over the wire, and one (lsp_peer.py) that misbehaves. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/hands.h"
#include "agent/lsp/words.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"

/* ---- words ---- */

static void test_uris(void **)
{
	AUTO(buf) uri = {0};
	struct arena a = {0};

	lsp_put_uri(&uri, STR("/a b/\xc3\xa9#?%.c"));
	assert_string_equal(buf_text(&uri), "file:///a%20b/%C3%A9%23%3F%25.c");
	assert_true(str_is(lsp_uri_path(buf_str(&uri), &a), "/a b/\xc3\xa9#?%.c"));
	assert_true(str_is(lsp_uri_path(STR("file:///%41%4a%zz%4"), &a), "/AJ%zz%4"));
	assert_true(str_is(lsp_uri_path(STR("file:///\xc3\xa9"), &a), "/\xc3\xa9"));
	assert_false(lsp_uri_path(STR("file://host/x"), &a).p);
	assert_false(lsp_uri_path(STR("http:///x"), &a).p);
	assert_false(lsp_uri_path(STR(""), &a).p);
	arena_release(&a);
}

static void test_columns(void **)
{
	struct str text = STR("one\r\ntwo\rthree\n\nlast"), line = STR("\xc3\xa9\xf0\x9f\x98\x80x");

	assert_true(str_is(lsp_line(text, 0), "one"));
	assert_true(str_is(lsp_line(text, 1), "two"));
	assert_true(str_is(lsp_line(text, 2), "three"));
	assert_true(str_is(lsp_line(text, 3), ""));
	assert_true(str_is(lsp_line(text, 4), "last"));
	assert_true(str_is(lsp_line(text, 5), ""));
	assert_true(str_is(lsp_line(STR(""), 1'000'000'000), ""));
	/* e acute: 2 bytes, 1 unit; the face: 4 bytes, 2 units; x is the third character. */
	assert_int_equal(lsp_column(line, 6, LSP_UTF8), 3);
	assert_int_equal(lsp_column(line, 3, LSP_UTF16), 3);
	assert_int_equal(lsp_column(line, 2, LSP_UTF32), 3);
	assert_int_equal(lsp_column(line, 2, LSP_UTF16), 2);
	assert_int_equal(lsp_column(line, 1, LSP_UTF8), 1);
	assert_int_equal(lsp_column(line, 0, LSP_UTF16), 1);
	assert_int_equal(lsp_column(line, 1'000'000, LSP_UTF16), 4);
	assert_int_equal(lsp_column(STR("\xff\xff"), 2, LSP_UTF8), 3);
}

static void test_languages(void **)
{
	struct arena a = {0};

	assert_true(str_is(lsp_language_id(STR("a/b.c"), &a), "c"));
	assert_true(str_is(lsp_language_id(STR("b.cc"), &a), "cpp"));
	assert_true(str_is(lsp_language_id(STR("b.tsx"), &a), "typescriptreact"));
	assert_true(str_is(lsp_language_id(STR("b.py"), &a), "python"));
	assert_true(str_is(lsp_language_id(STR("b.none"), &a), "plaintext"));
	arena_release(&a);
}

/* ---- servers ---- */

struct world {
	char directory[64];
	struct workspace workspace;
	struct arena arena;
	struct lsp_options options;
	struct lsp_program program;
	struct str command[3];
	struct hands hands;
	struct memory *memory;
	atomic_bool cancel;
	struct tool_call call;
};

static struct str ending = STR(".x");

static void write_file(struct world *w, const char *name, const char *text)
{
	AUTO(buf) path = {0};
	struct err e;

	buf_printf(&path, "%s/%s", w->directory, name);
	assert_true(file_replace(buf_text(&path), str_from(text), &e));
}

static void copy_peer(struct world *w)
{
	AUTO(buf) text = {0};
	struct err e;

	assert_true(file_read(AT_FDCWD, TEST_UNIT "/lsp_peer.py", 1 << 20, &text, &e));
	write_file(w, "peer.py", buf_text(&text));
}

static void open_world(struct world *w, const char *word, enum lsp_mode mode, int64_t wait_ms)
{
	struct err e;

	*w = (struct world){.directory = "/tmp/fettle-lsp-XXXXXX"};
	assert_non_null(mkdtemp(w->directory));
	assert_true(workspace_open(&w->workspace, w->directory, &e));
	w->command[0] = STR("/usr/bin/python3");
	/* Servers see a /tmp of their own, and the workspace. */
	copy_peer(w);
	w->command[1] = arena_printf(&w->arena, "%s/peer.py", w->directory);
	w->command[2] = str_from(word);
	w->program = (struct lsp_program){.name = STR("peer"),
		.command = w->command,
		.command_count = 3,
		.endings = &ending,
		.ending_count = 1};
	w->options = (struct lsp_options){.workspace = &w->workspace,
		.fence = {.workspace = &w->workspace,
			.secrets = &w->hands.secrets,
			.is_readonly = true},
		.mode = mode,
		.wait_ms = wait_ms,
		.programs = &w->program,
		.program_count = 1};
	w->hands.permit.mode = PERMIT_ALL;
	w->hands.lsp = lsp_new(&w->options);
	w->memory = memory_new(STR("task"));
	w->call = (struct tool_call){.workspace = &w->workspace,
		.input = STR("{}"),
		.cancel = &w->cancel,
		.arena = &w->arena,
		.hands = &w->hands,
		.memory = w->memory};
}

static void close_world(struct world *w)
{
	AUTO(buf) command = {0};
	int64_t began = clock_ns();

	lsp_free(w->hands.lsp);
	assert_true(clock_ns() - began < 60'000'000'000);
	memory_free(w->memory);
	workspace_release(&w->workspace);
	arena_release(&w->arena);
	buf_printf(&command, "rm -rf %s", w->directory);
	assert_int_equal(system(buf_text(&command)), 0);
}

static struct lsp_file file_named(const char *name)
{
	return (struct lsp_file){str_from(name), str_from(name)};
}

static void expect(struct world *w, const char *name, bool is_known, const char *text)
{
	AUTO(buf) out = {0};
	struct lsp_file file = file_named(name);
	bool known = lsp_put_diagnostics(&w->call, &file, 1, &out);

	assert_string_equal(buf_text(&out), text);
	assert_int_equal(known, is_known);
}

static void expect_after_edit(struct world *w, const char *name, const char *text)
{
	AUTO(buf) out = {0};
	struct lsp_file file = file_named(name);

	lsp_after_edit(&w->call, &file, 1, &out);
	assert_string_equal(buf_text(&out), text);
}

#define CLEAN "a.x: no errors and no warnings\n"

static void test_a_file_is_fixed_and_broken(void **)
{
	static const char *const words[] = {
		"good", "utf8", "unversioned", "pull", "old", "busy", "asks"};
	static struct world w;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		print_message("# %s\n", words[i]);
		open_world(&w, words[i], LSP_ON, 60'000);
		write_file(&w, "a.x", "fine\n\xc3\xa9\xf0\x9f\x98\x80 BAD and WARN\n");
		expect(&w, "a.x", true,
			"a.x:2:4: error: BAD is here [peer 7]\n"
			"a.x:2:12: warning: WARN is here [peer 7]\n");
		write_file(&w, "a.x", "fine\n");
		expect_after_edit(&w, "a.x", "");
		expect(&w, "a.x", true, CLEAN);
		write_file(&w, "a.x", "WARN\nBAD\nBAD\n");
		expect_after_edit(&w, "a.x",
			"a.x:2:1: error: BAD is here [peer 7]\n"
			"a.x:3:1: error: BAD is here [peer 7]\n");
		expect_after_edit(&w, "a.x",
			"a.x:2:1: error: BAD is here [peer 7]\n"
			"a.x:3:1: error: BAD is here [peer 7]\n");
		close_world(&w);
	}
}

static void test_failures(void **)
{
	static const struct {
		const char *word, *sentence;
	} all[] = {
		{"dies", "peer: it ended with exit status 3: usage: something cannot load this"},
		{"dies-later", "peer: it ended with exit status 4: lost in the text"},
		{"refuses", "peer: initialize: no licence (-32603)"},
		{"garbage", "peer: \"Welcome to the server\" where a Content-Length was expected"},
	};
	static struct world w;

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		AUTO(buf) text = {0};
		open_world(&w, all[i].word, LSP_ON, 60'000);
		write_file(&w, "a.x", "BAD\n");
		/* Told once after edits, and always to who asks for it. */
		buf_printf(&text, "[no diagnostics: %s]\n", all[i].sentence);
		expect_after_edit(&w, "a.x", buf_text(&text));
		expect_after_edit(&w, "a.x", "");
		buf_clear(&text);
		buf_printf(&text, "a.x: nothing is known: %s\n", all[i].sentence);
		expect(&w, "a.x", false, buf_text(&text));
		close_world(&w);
	}
}

/* It is told so, three times, and then not waited for. */
static void test_one_that_says_nothing(void **)
{
	static struct world w;

	open_world(&w, "silent", LSP_ON, 300);
	write_file(&w, "a.x", "BAD\n");
	expect(&w, "a.x", false, "a.x: nothing is known: peer has not answered yet\n");
	for (int i = 0; i < 3; i++)
		expect_after_edit(&w, "a.x", "[diagnostics: peer has not answered yet]\n");
	int64_t began = clock_ns();
	for (int i = 0; i < 1000; i++)
		expect_after_edit(&w, "a.x", "");
	assert_true(clock_ns() - began < 100'000'000'000);
	close_world(&w);
}

static void test_one_that_does_not_start(void **)
{
	static struct world w;

	open_world(&w, "silent-start", LSP_AUTO, 60'000);
	write_file(&w, "a.x", "BAD\n");
	int64_t began = clock_ns();
	expect_after_edit(&w, "a.x", "[diagnostics: peer is still starting]\n");
	assert_in_range(clock_ns() - began, 1'900'000'000, 15'000'000'000);
	/* Stopping does not wait for it, either. */
	began = clock_ns();
	close_world(&w);
	assert_true(clock_ns() - began < 15'000'000'000);
}

static void *cancel_soon(void *flag)
{
	usleep(100'000);
	atomic_store((atomic_bool *)flag, true);
	return NULL;
}

static void test_cancel(void **)
{
	static const char *const words[] = {"silent-start", "silent"};
	static struct world w;
	pthread_t thread;

	for (size_t i = 0; i < 2; i++) {
		open_world(&w, words[i], LSP_ON, 60'000);
		write_file(&w, "a.x", "BAD\n");
		assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &w.cancel), 0);
		int64_t began = clock_ns();
		expect(&w, "a.x", false, "a.x: nothing is known: stopped\n");
		assert_true(clock_ns() - began < 15'000'000'000);
		pthread_join(thread, NULL);
		close_world(&w);
	}
}

static void test_hostile_words(void **)
{
	static struct world w;
	AUTO(buf) out = {0};
	struct lsp_file file = file_named("a.x");

	open_world(&w, "hostile", LSP_ON, 60'000);
	write_file(&w, "a.x", "one\ntwo\n");
	assert_true(lsp_put_diagnostics(&w.call, &file, 1, &out));
	assert_true(str_starts(buf_str(&out), STR("a.x:1:1: error: ")));
	assert_true(str_ends(buf_str(&out), STR("more in a.x]\n")));
	assert_null(strchr(buf_text(&out), '\x1b'));
	assert_null(strstr(buf_text(&out), "\xe2\x80\xae"));
	size_t lines = 0;
	for (size_t i = 0; i < out.n; i++)
		lines += out.p[i] == '\n';
	assert_int_equal(lines, 101);
	close_world(&w);
}

static void test_files_that_are_not_for_it(void **)
{
	static struct world w;

	open_world(&w, "good", LSP_ON, 60'000);
	write_file(&w, "a.none", "BAD\n");
	expect(&w, "a.none", false,
		"a.none: nothing is known: no language server is known for files of this kind\n");
	expect_after_edit(&w, "a.none", "");
	expect(&w, "gone.x", false,
		"gone.x: nothing is known: gone.x: No such file or directory\n");
	w.hands.is_dry_run = true;
	write_file(&w, "a.x", "BAD\n");
	expect_after_edit(&w, "a.x", "");
	close_world(&w);
	open_world(&w, "good", LSP_ON, 60'000);
	w.command[0] = STR("no-such-language-server");
	write_file(&w, "a.x", "BAD\n");
	expect_after_edit(&w, "a.x", "");
	expect(&w, "a.x", false, "a.x: nothing is known: peer is not installed\n");
	close_world(&w);
}

/* One word for all files of an edit; a file that cannot be shown is not the server's fault. */
static void test_edits_of_several_files(void **)
{
	static struct world w;
	struct lsp_file files[4];
	char names[4][16];
	AUTO(buf) out = {0};
	AUTO(buf) huge = {0};

	open_world(&w, "silent", LSP_ON, 300);
	for (int i = 0; i < 4; i++) {
		snprintf(names[i], sizeof names[i], "%d.x", i);
		write_file(&w, names[i], "BAD\n");
		files[i] = file_named(names[i]);
	}
	lsp_after_edit(&w.call, files, 4, &out);
	buf_clear(&out);
	lsp_after_edit(&w.call, files, 4, &out);
	assert_true(str_starts(buf_str(&out), STR("[diagnostics: peer ")));
	assert_int_equal(str_find_char(buf_str(&out), '\n', 0), out.n - 1);
	close_world(&w);
	open_world(&w, "good", LSP_ON, 60'000);
	while (huge.n < 3 << 20)
		buf_put_text(&huge, "nothing\n");
	write_file(&w, "huge.x", buf_text(&huge));
	expect_after_edit(&w, "huge.x", "");
	write_file(&w, "a.x", "BAD\n");
	expect_after_edit(&w, "a.x", "a.x:1:1: error: BAD is here [peer 7]\n");
	close_world(&w);
}

static void test_edited_files(void **)
{
	static struct world w;
	size_t count;

	open_world(&w, "good", LSP_ON, 60'000);
	assert_null(lsp_edited_files(&w.call, &count));
	assert_int_equal(count, 0);
	write_file(&w, "a.x", "BAD\n");
	write_file(&w, "b.x", "fine\n");
	expect_after_edit(&w, "b.x", "");
	expect_after_edit(&w, "a.x", "a.x:1:1: error: BAD is here [peer 7]\n");
	expect_after_edit(&w, "b.x", "");
	struct lsp_file *files = lsp_edited_files(&w.call, &count);
	assert_int_equal(count, 2);
	AUTO(buf) out = {0};
	assert_true(lsp_put_diagnostics(&w.call, files, count, &out));
	assert_string_equal(buf_text(&out),
		"b.x: no errors and no warnings\na.x:1:1: error: BAD is here [peer 7]\n");
	close_world(&w);
}

struct asker {
	struct world *world;
	pthread_t thread;
	int number, wrong;
};

static void *ask_often(void *self)
{
	struct asker *asker = self;
	struct tool_call call = asker->world->call;
	struct arena arena = {0};
	char name[16], start[40];

	call.arena = &arena;
	snprintf(name, sizeof name, "f%d.x", asker->number);
	snprintf(start, sizeof start, "%s:1:1: error: pid ", name);
	for (int i = 0; i < 20; i++) {
		AUTO(buf) out = {0};
		struct lsp_file file = file_named(name);
		asker->wrong += !lsp_put_diagnostics(&call, &file, 1, &out) ||
				!str_starts(buf_str(&out), str_from(start));
	}
	arena_release(&arena);
	return NULL;
}

/* More files than a server is shown at once, from several threads, by one process. */
static void test_many_files_one_server(void **)
{
	static struct world w;
	struct asker askers[4];
	AUTO(buf) out = {0};
	struct lsp_file files[80];
	char names[80][16];

	open_world(&w, "pid", LSP_ON, 60'000);
	for (int i = 0; i < 80; i++) {
		snprintf(names[i], sizeof names[i], "f%d.x", i);
		write_file(&w, names[i], "fine\n");
		files[i] = file_named(names[i]);
	}
	for (int i = 0; i < 4; i++) {
		askers[i] = (struct asker){.world = &w, .number = i};
		assert_int_equal(pthread_create(&askers[i].thread, NULL, ask_often, &askers[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(askers[i].thread, NULL);
		assert_int_equal(askers[i].wrong, 0);
	}
	assert_true(lsp_put_diagnostics(&w.call, files, 40, &out));
	assert_true(lsp_put_diagnostics(&w.call, files + 40, 40, &out));
	struct str rest = buf_str(&out), line, pid = {0};
	size_t lines = 0;
	while (str_split(&rest, '\n', &line) && line.n) {
		struct str tail = str_skip(line, str_find(line, STR("pid "), 0) + 4);
		struct str number = str_head(tail, str_find_char(tail, ' ', 0));
		assert_true(!pid.p || str_eq(pid, number));
		pid = number;
		lines++;
	}
	assert_int_equal(lines, 80);
	close_world(&w);
}

static void test_programs(void **)
{
	static struct world w;
	struct lsp_program off[] = {{.name = STR("clangd"), .is_off = true},
		{.name = STR("gopls"), .is_off = true}, {.name = STR("pyright"), .is_off = true},
		{.name = STR("rust-analyzer"), .is_off = true},
		{.name = STR("typescript-language-server"), .is_off = true},
		{.name = STR("empty")}};
	struct lsp_options options = {.programs = off, .program_count = 6};

	assert_false(lsp_has_program(&options));
	open_world(&w, "good", LSP_ON, 1000);
	assert_true(lsp_has_program(&w.options));
	w.command[0] = STR("./python3");
	options = (struct lsp_options){.programs = &w.program, .program_count = 1};
	setenv("PATH", "relative:/nowhere", 1);
	assert_false(lsp_has_program(&options));
	setenv("PATH", "/usr/bin:/bin", 1);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uris),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_languages),
		cmocka_unit_test(test_a_file_is_fixed_and_broken),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_one_that_says_nothing),
		cmocka_unit_test(test_one_that_does_not_start),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_hostile_words),
		cmocka_unit_test(test_files_that_are_not_for_it),
		cmocka_unit_test(test_edits_of_several_files),
		cmocka_unit_test(test_edited_files),
		cmocka_unit_test(test_many_files_one_server),
		cmocka_unit_test(test_programs),
	};

	return cmocka_run_group_tests_name("lsp", tests, NULL, NULL);
}
