// SPDX-License-Identifier: MIT
/* The agent's tools in a workspace made for the purpose: every format, every refusal. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/hands.h"
#include "agent/tool/gather.h"
#include "agent/tool/plain.h"
#include "agent/tool/tool.h"
#include "base/file.h"
#include "base/json.h"
#include "io/child.h"

/* ---- the world: TOP holds "out" (outside) and "ws" (the workspace) ---- */

struct world {
	char top[64];
	struct workspace workspace;
	struct buf text; /* of the last call */
	bool is_error;
};

static struct world world;

__attribute__((format(printf, 1, 2))) static const char *at(const char *format, ...)
{
	static char path[4][PATH_MAX];
	static int turn;
	va_list arguments;
	char *here = path[turn = (turn + 1) % 4];
	int n = snprintf(here, PATH_MAX, "%s/", world.top);

	va_start(arguments, format);
	vsnprintf(here + n, (size_t)(PATH_MAX - n), format, arguments);
	va_end(arguments);
	return here;
}

static void make_bytes(const char *path, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
	close(fd);
}

static void make_file(const char *path, const char *text)
{
	make_bytes(path, text, strlen(text));
}

static void set_time(const char *path, time_t seconds)
{
	struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};

	assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void shell(const char *command)
{
	assert_int_equal(system(command), 0);
}

static void call_raw(const char *name, struct str input, const atomic_bool *cancel)
{
	const struct tool *tool = tool_find(str_from(name));
	AUTO(arena) arena = {0};
	struct tool_result result = {0};
	struct err e;

	assert_non_null(tool);
	assert_true(json_check(input, &e));
	struct hands hands = {0};
	struct memory *memory = memory_new(STR(""));
	struct tool_call call = {.workspace = &world.workspace,
		.input = input,
		.cancel = cancel,
		.arena = &arena,
		.hands = &hands,
		.memory = memory,
		.name = str_from(name)};
	tool->run(&call, &result);
	memory_free(memory);
	buf_release(&world.text);
	world.text = result.text;
	world.is_error = result.is_error;
	assert_false(world.text.overflow);
}

/* "'" stands for '"' in the input. */
static void call(const char *name, const char *input)
{
	AUTO(buf) json = {0};

	buf_put_text(&json, input);
	for (size_t i = 0; i < json.n; i++)
		if (json.p[i] == '\'')
			json.p[i] = '"';
	call_raw(name, buf_str(&json), NULL);
}

static void expect(const char *name, const char *input, const char *text)
{
	call(name, input);
	assert_string_equal(buf_text(&world.text), text);
	assert_false(world.is_error);
}

static void expect_error(const char *name, const char *input, const char *part)
{
	call(name, input);
	if (!world.is_error || !strstr(buf_text(&world.text), part))
		fail_msg("%s %s: %s", name, input, buf_text(&world.text));
}

static void expect_part(const char *name, const char *input, const char *part)
{
	call(name, input);
	if (world.is_error || !strstr(buf_text(&world.text), part))
		fail_msg("%s %s: %s", name, input, buf_text(&world.text));
}

static void make_tree(void)
{
	static const char *const directories[] = {
		"out", "ws", "ws/src", "ws/src/deep", "ws/docs", "ws/build", "ws/.hidden", NULL};

	for (int i = 0; directories[i]; i++)
		assert_int_equal(mkdir(at("%s", directories[i]), 0700), 0);
	make_file(at("out/secret.txt"), "secret\n");
	make_file(at("ws/.gitignore"), "/build/\n*.o\n");
	make_file(at("ws/README.md"), "# Title\n\nText\n");
	make_file(at("ws/Makefile"), "all:\n\tcc x.c");
	make_file(at("ws/src/main.c"), "int main(void)\n{\n\treturn retry();\n}\n");
	make_file(at("ws/src/retry.c"),
		"int retry(void)\n{\n\treturn 1;\n}\n\n// Retry later\nint x;\n");
	make_file(at("ws/src/retry.h"), "int retry(void);\n");
	make_file(at("ws/src/main.o"), "x");
	make_file(at("ws/src/deep/a.py"), "def retry():\n    pass\n");
	make_file(at("ws/docs/guide.md"), "See retry.\n");
	make_file(at("ws/build/out.c"), "int retry;\n");
	make_file(at("ws/.hidden/h.c"), "int retry;\n");
	set_time(at("ws/README.md"), 1'000'000'000);
	set_time(at("ws/Makefile"), 1'000'000'060);
	set_time(at("ws/src/main.c"), 1'000'000'300);
	set_time(at("ws/src/retry.c"), 1'000'000'200);
	set_time(at("ws/src/retry.h"), 1'000'000'200);
	set_time(at("ws/src/deep/a.py"), 1'000'000'100);
	set_time(at("ws/docs/guide.md"), 1'000'000'050);
}

static int enter(void **)
{
	struct err e;

	snprintf(world.top, sizeof world.top, "/tmp/unit_tools.XXXXXX");
	assert_non_null(mkdtemp(world.top));
	setenv("TZ", "UTC", 1);
	tzset();
	make_tree();
	assert_true(workspace_open(&world.workspace, at("ws"), &e));
	return 0;
}

static int leave(void **)
{
	char command[256];

	workspace_release(&world.workspace);
	buf_release(&world.text);
	snprintf(command, sizeof command, "chmod -R u+rwX %s; rm -rf %s", world.top, world.top);
	shell(command);
	return 0;
}

/* Opens the workspace anew, from a directory below TOP. */
static void reopen(const char *directory)
{
	struct err e;

	workspace_release(&world.workspace);
	assert_true(workspace_open(&world.workspace, at("%s", directory), &e));
}

/* ---- the table ---- */

static void test_table(void **)
{
	size_t total = 0, all = 0;
	struct err e;

	for (const struct tool *const *t = tools; *t; t++) {
		struct str description = tool_description(*t), schema = tool_schema(*t);
		assert_true(description.n > 10);
		assert_true(json_check(schema, &e));
		assert_true(json_text_is(json_get(schema, "type"), "object"));
		assert_ptr_equal(tool_find(str_from((*t)->name)), *t);
		assert_true(json_pointer(schema, STR("/properties")).p);
		all += description.n + schema.n;
		if (*t != &tool_skill && *t != &tool_diagnostics && (*t)->needs == TOOL_READS)
			total += description.n + schema.n;
	}
	/* Sent with every request: those that only read, and at most. */
	assert_true(total <= 3200);
	assert_true(all <= 9000);
	assert_null(tool_find(STR("viewer")));
	assert_null(tool_find(STR("")));
}

static void test_arguments(void **)
{
	AUTO(arena) a = {0};
	struct tool_call c = {.arena = &a};

	c.input =
		STR("{\"file_path\":\"x\",\"limit\":\"7\",\"-i\":\"TRUE\",\"word\":0,\"path\":null,"
		    "\"offset\":5.0,\"context\":\"many\",\"literal\":\"maybe\",\"glob\":7}");
	assert_true(str_is(tool_argument(&c, "path", STR("f")), "x"));
	assert_int_equal(tool_argument_int(&c, "limit", 1), 7);
	assert_int_equal(tool_argument_int(&c, "offset", 1), 5);
	assert_int_equal(tool_argument_int(&c, "context", 3), 3);
	assert_true(tool_argument_bool(&c, "ignore_case", false));
	assert_false(tool_argument_bool(&c, "word", true));
	assert_true(tool_argument_bool(&c, "literal", true));
	assert_true(str_is(tool_argument(&c, "glob", STR("f")), "f"));
	assert_true(str_is(tool_argument(&c, "pattern", STR("f")), "f"));
	c.input = STR("{\"path\":\"own\",\"filePath\":\"other\",\"limit\":99999999999999999999}");
	assert_true(str_is(tool_argument(&c, "path", STR("f")), "own"));
	assert_int_equal(tool_argument_int(&c, "limit", 1), 1);
}

/* ---- view ---- */

static void test_view(void **)
{
	expect("view", "{'path':'src/main.c'}",
		"1\tint main(void)\n2\t{\n3\t\treturn retry();\n4\t}\n");
	expect("view", "{'file_path':'./src//../src/main.c','offset':'2','limit':2}",
		"2\t{\n3\t\treturn retry();\n[lines 2-3 of 4; view with offset 4 for more]\n");
	expect("view", "{'path':'Makefile'}", "1\tall:\n2\t\tcc x.c\n");
	expect("view", "{'path':'Makefile','offset':2}", "2\t\tcc x.c\n");
	expect("view", "{'path':'Makefile','limit':1}",
		"1\tall:\n[lines 1-1 of 2; view with offset 2 for more]\n");
	expect_error("view", "{'path':'src/main.c','offset':5}",
		"src/main.c has 4 lines: offset 5 is past the end");
	expect_error("view", "{'path':'src/main.c','offset':9223372036854775807}", "has 4 lines");
	expect("view", "{'path':'src/retry.h','offset':-3,'limit':-1}", "1\tint retry(void);\n");
	make_file(at("ws/empty"), "");
	expect("view", "{'path':'empty'}", "[empty file]\n");
	expect("view", "{'path':'empty','offset':9}", "[empty file]\n");
	make_file(at("ws/newline"), "\n");
	expect("view", "{'path':'newline'}", "1\t\n");
	AUTO(buf) absolute = {0};
	buf_printf(&absolute, "{'path':'%s'}", at("ws/src/retry.h"));
	expect("view", absolute.p, "1\tint retry(void);\n");
}

static void test_view_text(void **)
{
	make_file(at("ws/crlf"), "a\r\nb\rc\r\n\r\nd\r\n");
	expect("view", "{'path':'crlf'}",
		"1\ta\n2\tb\xef\xbf\xbd"
		"c\n3\t\n4\td\n");
	make_file(at("ws/bad"), "x\xff\xc3(\xe2\x82\ny\x1b[31mz\tq\n\xc3\xa9\n");
	expect("view", "{'path':'bad'}",
		"1\tx\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\n2\ty\xef\xbf\xbd["
		"31mz\tq\n3\t\xc3\xa9\n");
	make_bytes(at("ws/binary"), "ab\0cd\n", 6);
	expect_error("view", "{'path':'binary'}", "binary: binary file, 6 bytes");
}

static void test_view_long_lines(void **)
{
	AUTO(buf) text = {0};

	/* Character at the cut: byte 1999 begins a two-byte one. */
	for (int i = 0; i < 1999; i++)
		buf_put_char(&text, 'a');
	buf_put_text(&text, "\xc3\xa9"
			    "bc\nnext\n");
	make_file(at("ws/long"), text.p);
	call("view", "{'path':'long'}");
	struct str line =
		str_head(buf_str(&world.text), str_find_char(buf_str(&world.text), '\n', 0));
	assert_int_equal(line.n, 2 + 1999 + strlen(" [cut, 2003 bytes]"));
	assert_true(str_ends(line, STR("aaa [cut, 2003 bytes]")));
	assert_true(str_ends(buf_str(&world.text), STR("\n2\tnext\n")));

	buf_clear(&text);
	for (int i = 0; i < 2000; i++)
		buf_put_char(&text, 'a');
	buf_put_text(&text, "\r\n");
	make_file(at("ws/exact"), text.p);
	call("view", "{'path':'exact'}");
	assert_int_equal(world.text.n, 2 + 2000 + 1);

	buf_clear(&text);
	memset(buf_reserve(&text, 10 << 20), 'x', 10 << 20);
	text.n = 10 << 20;
	make_bytes(at("ws/huge_line"), text.p, text.n);
	call("view", "{'path':'huge_line'}");
	assert_true(str_ends(buf_str(&world.text), STR("x [cut, 10485760 bytes]\n")));
	assert_true(world.text.n < 2100);
}

static void test_view_limits(void **)
{
	AUTO(buf) text = {0};

	for (int i = 1; i <= 100'000; i++)
		buf_printf(&text, "%d\n", i);
	make_file(at("ws/many"), text.p);
	call("view", "{'path':'many','limit':5000}");
	assert_true(str_ends(buf_str(&world.text),
		STR("2000\t2000\n[lines 1-2000 of 100000; view with offset 2001 for more]\n")));
	expect("view", "{'path':'many','offset':77777,'limit':1}",
		"77777\t77777\n[lines 77777-77777 of 100000; view with offset 77778 for more]\n");
	expect("view", "{'path':'many','offset':99999}", "99999\t99999\n100000\t100000\n");
	buf_clear(&text);
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "%0*d\n", 500, i);
	make_file(at("ws/wide"), text.p);
	call("view", "{'path':'wide'}");
	assert_true(world.text.n <= (50 << 10) + 80);
	assert_true(
		str_ends(buf_str(&world.text), STR(" of 1000; view with offset 102 for more]\n")));
}

/* Every split of the file over chunks must show the same. */
static void test_view_chunk_borders(void **)
{
	AUTO(buf) text = {0};
	char input[64], expected[256];

	for (int i = 1; text.n < 300'000; i++)
		buf_printf(&text, "%d %.*s\r\n", i, i % 97,
			"................................................................"
			".................................");
	make_file(at("ws/borders"), text.p);
	for (int i = 1; i < 4000; i += 37) {
		snprintf(input, sizeof input, "{'path':'borders','offset':%d,'limit':1}", i);
		snprintf(expected, sizeof expected, "%d\t%d %.*s\n[lines %d-%d of ", i, i, i % 97,
			"................................................................"
			".................................",
			i, i);
		expect_part("view", input, expected);
	}
}

static void test_view_huge(void **)
{
	int fd = open(at("ws/sparse"), O_WRONLY | O_CREAT, 0600);
	AUTO(buf) head = {0};

	/* 1 GB, mostly a hole: NUL bytes, but not in the first 8 kB. */
	for (int i = 0; i < 10'000; i++)
		buf_put_text(&head, "line\n");
	assert_int_equal(write(fd, head.p, head.n), (ssize_t)head.n);
	assert_int_equal(ftruncate(fd, 1 << 30), 0);
	close(fd);
	expect("view", "{'path':'sparse','offset':3,'limit':1}",
		"3\tline\n[lines 3-3 of 10001; view with offset 4 for more]\n");
	atomic_bool cancel = true;
	call_raw("view", STR("{\"path\":\"sparse\"}"), &cancel);
	assert_true(world.is_error);
}

static void test_view_missing(void **)
{
	expect_error("view", "{'path':'main.c'}",
		"main.c: no such file or directory; did you mean: src/main.c");
	expect_error("view", "{'path':'src/retri.c'}", "did you mean: src/retry.c");
	expect_error("view", "{'path':'lib/A.py'}", "did you mean: src/deep/a.py");
	expect_error("ls", "{'path':'dosc'}", "did you mean: docs");
	expect_error("ls", "{'path':'lib/deep'}", "did you mean: src/deep");
	expect_error("view", "{'path':'src/main.c/x'}", "no such file or directory");
	expect_error("view", "{'path':'no/such/zzzzz'}", "no such file or directory");
	assert_null(strstr(buf_text(&world.text), "did you mean"));
	expect_error("view", "{}", "\"path\" is required");
	expect_error("view", "{'path':''}", "\"path\" is required");
	expect_error("view", "{'path':5}", "\"path\" is required");
	expect_error("view", "{'path':'src'}", "src: a directory; use ls");
	expect_error("view", "{'path':'a\\u0000b'}", "NUL byte");
	expect_error("view", "{'path':'x\\u001b[2Jy\\n'}", "x\xef\xbf\xbd[2Jy");
}

/* ---- leaving the workspace ---- */

static void make_links(void)
{
	assert_int_equal(symlink("../out/secret.txt", at("ws/relative")), 0);
	assert_int_equal(symlink(at("out/secret.txt"), at("ws/absolute")), 0);
	assert_int_equal(symlink("../out", at("ws/parent")), 0);
	assert_int_equal(symlink("/proc/self/root", at("ws/magic")), 0);
	assert_int_equal(symlink("/proc/self/cwd", at("ws/cwd")), 0);
	assert_int_equal(symlink("/dev/zero", at("ws/zero")), 0);
	assert_int_equal(symlink("loop", at("ws/loop")), 0);
	assert_int_equal(symlink("gone", at("ws/dangling")), 0);
	assert_int_equal(symlink("src/main.c", at("ws/inside")), 0);
	assert_int_equal(symlink(at("ws/src/main.c"), at("ws/inside_absolute")), 0);
	assert_int_equal(symlink(at("ws/src"), at("ws/inside_directory")), 0);
	assert_int_equal(symlink("../ws/src", at("ws/around")), 0);
}

static void check_links(void)
{
	static const char *const refused[] = {"relative", "absolute", "parent/secret.txt", "parent",
		"magic/etc/passwd", "magic", "zero", "loop", "inside/../../out/secret.txt",
		"src/../../out/secret.txt", "../out/secret.txt", "..", "../ws2", "/etc/passwd", "/",
		"/proc/self/root/etc/passwd", "src/../../../../../../etc/passwd", "//etc//passwd",
		NULL};
	static const char *const opened[] = {"inside", "inside_absolute", "inside_directory/main.c",
		"around/main.c", "parent/../src/main.c", &"../ws/src/main.c"[3], NULL};
	char input[256];

	for (int i = 0; refused[i]; i++) {
		snprintf(input, sizeof input, "{'path':'%s'}", refused[i]);
		expect_error("view", input, "outside of the workspace");
		expect_error("ls", input, "outside of the workspace");
	}
	expect_error("view", "{'path':'dangling'}", "no such file");
	for (int i = 0; i < 4; i++) {
		snprintf(input, sizeof input, "{'path':'%s'}", opened[i]);
		expect_part("view", input, "1\tint main(void)\n");
	}
	/* By its words this is src/main.c, whatever "parent" is. */
	expect_part("view", "{'path':'parent/../src/main.c'}", "1\tint main(void)\n");
	expect_error("view", "{'path':'../ws/src/main.c'}", "outside of the workspace");
}

static void test_links(void **)
{
	make_links();
	check_links();
	expect_part("ls", "{'path':'inside_directory'}", "main.c\n");
	expect("glob", "{'pattern':'*.py','path':'inside_directory'}",
		"src/deep/a.py\n[1 files]\n");
	expect_error("grep", "{'pattern':'secret','path':'parent'}", "outside of the workspace");
	expect_error("count", "{'path':'parent'}", "outside of the workspace");
	expect_error("glob", "{'pattern':'*','path':'parent'}", "outside of the workspace");
	/* Found by walking, links are not followed. */
	expect_part("grep", "{'pattern':'secret'}", "[no matches in ");
}

/* As on a kernel without openat2: the same answers. */
static void test_links_without_openat2(void **)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
	int status = 0;

	make_links();
	pid_t pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
			prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
			_exit(77);
		check_links();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_special_files(void **)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", at("ws/socket"));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(mkfifo(at("ws/fifo"), 0600), 0);
	expect_error("view", "{'path':'fifo'}", "a FIFO, not a regular file");
	expect_error("grep", "{'pattern':'x','path':'fifo'}", "a FIFO, not a regular file");
	expect_error("count", "{'path':'fifo'}", "a FIFO, not a regular file");
	expect_error("view", "{'path':'socket'}", "a socket, not a regular file");
	if (mknod(at("ws/null"), S_IFCHR | 0600, makedev(1, 3)) == 0)
		expect_error("view", "{'path':'null'}", "not");
	close(fd);
	expect_part("count", "{}", " files, ");
	if (geteuid() == 0)
		return;
	make_file(at("ws/closed"), "x");
	assert_int_equal(chmod(at("ws/closed"), 0), 0);
	expect_error("view", "{'path':'closed'}", "Permission denied");
}

static void test_workspace(void **)
{
	AUTO(arena) a = {0};
	struct workspace *w = &world.workspace;
	struct str out;
	struct err e;

	assert_false(w->has_git);
	assert_string_equal(w->root, at("ws"));
	assert_string_equal(w->inside, "");
	assert_int_equal(mkdir(at("ws/.git"), 0700), 0);
	reopen("ws/src/deep");
	assert_false(w->has_git);
	make_file(at("ws/.git/HEAD"), "ref: refs/heads/main\n");
	reopen("ws/src/deep");
	assert_true(w->has_git);
	assert_string_equal(w->root, at("ws"));
	assert_string_equal(w->inside, "src/deep");
	assert_true(workspace_relative(w, STR("../x/./y"), &a, &out, &e));
	assert_true(str_is(out, "src/x/y"));
	assert_true(workspace_relative(w, STR("../.."), &a, &out, &e));
	assert_true(str_is(out, ""));
	assert_true(workspace_relative(w, STR(""), &a, &out, &e));
	assert_true(str_is(out, "src/deep"));
	assert_true(workspace_relative(w, str_from(at("ws")), &a, &out, &e));
	assert_true(str_is(out, ""));
	assert_false(workspace_relative(w, STR("../../.."), &a, &out, &e));
	assert_int_equal(e.code, ERR_DENIED);
	/* Whole names, not beginnings of names. */
	assert_false(workspace_relative(w, str_from(at("ws2/x")), &a, &out, &e));
	assert_true(str_is(workspace_show(w, STR("src/deep/a"), &a), "a"));
	assert_true(str_is(workspace_show(w, STR("src/deep"), &a), "."));
	assert_true(str_is(workspace_show(w, STR("src/x"), &a), "../x"));
	assert_true(str_is(workspace_show(w, STR("src"), &a), ".."));
	assert_true(str_is(workspace_show(w, STR("src/deeper"), &a), "../deeper"));
	assert_true(str_is(workspace_show(w, STR(""), &a), "../.."));
	assert_true(str_is(workspace_show(w, STR("README.md"), &a), "../../README.md"));
	expect("glob", "{'pattern':'*.md','path':'../..'}",
		"../../docs/guide.md\n../../README.md\n[2 files]\n");
	expect_part("view", "{'path':'a.py'}", "1\tdef retry():");
	struct workspace other;
	assert_false(workspace_open(&other, at("nowhere"), &e));
	/* The user's own way through a link above the workspace. */
	assert_int_equal(symlink("ws", at("alias")), 0);
	assert_true(workspace_relative(w, str_from(at("alias/docs/guide.md")), &a, &out, &e));
	assert_true(str_is(out, "docs/guide.md"));
}

/* ---- ls, glob ---- */

static void test_ls(void **)
{
	expect("ls", "{}",
		"docs/ (1 files)\n  guide.md\nsrc/ (4 files)\n  deep/ (1 files)\n  main.c\n  "
		"retry.c\n"
		"  retry.h\nMakefile\nREADME.md\n[7 files, 3 directories]\n");
	expect("ls", "{'depth':1}",
		"docs/ (1 files)\nsrc/ (4 files)\nMakefile\nREADME.md\n[7 files, 3 directories]\n");
	expect("ls", "{'path':'src','depth':'9'}",
		"deep/ (1 files)\n  a.py\nmain.c\nretry.c\nretry.h\n[4 files, 1 directories]\n");
	assert_int_equal(mkdir(at("ws/nothing"), 0700), 0);
	expect("ls", "{'path':'nothing'}", "[0 files, 0 directories]\n");
	expect_error("ls", "{'path':'Makefile'}", "use view");
	make_file(at("ws/docs/a\nb\x1b.md"), "");
	expect_part("ls", "{'path':'docs'}",
		"a\xef\xbf\xbd"
		"b\xef\xbf\xbd.md\nguide.md\n[2 files");
}

static void test_ls_many(void **)
{
	char command[256];

	snprintf(command, sizeof command,
		"cd %s/ws && mkdir d-1 d && for i in $(seq 600); do : >d/$i; done", world.top);
	shell(command);
	make_file(at("ws/d-1/x"), "");
	call("ls", "{}");
	/* One level less shows the whole. */
	assert_string_equal(buf_text(&world.text),
		"d/ (600 files)\nd-1/ (1 files)\ndocs/ (1 files)\nsrc/ (4 "
		"files)\nMakefile\nREADME.md\n"
		"[606 more entries; ls a directory below]\n[608 files, 5 directories]\n");
	call("ls", "{'path':'d'}");
	assert_true(str_ends(buf_str(&world.text),
		STR("\n[100 more entries; ls a directory below]\n[600 files, 0 directories]\n")));
	call("glob", "{'pattern':'d/*'}");
	assert_true(str_ends(buf_str(&world.text), STR("\n[100 of 600 files, newest first]\n")));
}

static void test_glob(void **)
{
	expect("glob", "{'pattern':'*.c'}", "src/main.c\nsrc/retry.c\n[2 files]\n");
	expect("glob", "{'pattern':'./src/**/*.{h,py}'}",
		"src/retry.h\nsrc/deep/a.py\n[2 files]\n");
	expect("glob", "{'pattern':'retry.*','path':'src'}",
		"src/retry.c\nsrc/retry.h\n[2 files]\n");
	expect("glob", "{'pattern':'*.rs'}", "[no files match *.rs]\n");
	expect("glob", "{'pattern':'.hidden/**'}", ".hidden/h.c\n[1 files]\n");
	expect_error("glob", "{}", "\"pattern\" is required");
	expect_error("glob", "{'pattern':'*','path':'Makefile'}", "a file, not a directory");
	AUTO(buf) absolute = {0};
	buf_printf(&absolute, "{'pattern':'%s/**/*.py'}", at("ws/src"));
	expect("glob", absolute.p, "src/deep/a.py\n[1 files]\n");
}

/* ---- grep ---- */

static void test_grep(void **)
{
	expect("grep", "{'pattern':'retry\\\\('}",
		"src/deep/a.py:1:def retry():\nsrc/main.c:3:\treturn retry();\n"
		"src/retry.c:1:int retry(void)\nsrc/retry.h:1:int retry(void);\n"
		"[4 matching lines in 4 files]\n");
	expect("grep", "{'query':'retry(','literal':'true','glob':'*.c,*.{py,md}'}",
		"src/deep/a.py:1:def retry():\nsrc/main.c:3:\treturn retry();\n"
		"src/retry.c:1:int retry(void)\n[3 matching lines in 3 files]\n");
	expect("grep", "{'pattern':'retry','path':'src/retry.c','-i':true}",
		"src/retry.c:1:int retry(void)\nsrc/retry.c:6:// Retry later\n"
		"[2 matching lines in 1 files]\n");
	expect("grep", "{'pattern':'retry','path':'src/retry.c','ignore_case':true,'context':1}",
		"src/retry.c:1:int retry(void)\nsrc/retry.c-2-{\n--\nsrc/retry.c-5-\n"
		"src/retry.c:6:// Retry later\nsrc/retry.c-7-int x;\n[2 matching lines in 1 "
		"files]\n");
	expect("grep", "{'pattern':'retry','limit':1}",
		"docs/guide.md:1:See retry.\n"
		"[first 1 of 5 matching lines in 5 files; narrow the pattern or path]\n");
	expect("grep", "{'pattern':'retry','output_mode':'files_with_matches','path':'src'}",
		"src/deep/a.py\nsrc/main.c\nsrc/retry.c\nsrc/retry.h\n[4 files]\n");
	expect("grep", "{'pattern':'retry','mode':'files','limit':2}",
		"docs/guide.md\nsrc/deep/a.py\n[first 2 of 5 files; narrow the pattern or path]\n");
	expect("grep", "{'pattern':'[Rr]etry','mode':'count','path':'src'}",
		"src/retry.c:2\nsrc/deep/a.py:1\nsrc/main.c:1\nsrc/retry.h:1\n"
		"[5 matching lines in 4 files]\n");
	expect("grep", "{'pattern':'ret','word':true}", "[no matches in 7 files searched]\n");
	expect("grep", "{'pattern':'zzz','path':'src'}", "[no matches in 4 files searched]\n");
}

static void test_grep_edges(void **)
{
	AUTO(buf) text = {0};

	expect_error("grep", "{}", "\"pattern\" is required");
	expect_error("grep", "{'pattern':'a(b'}", "at offset 3 (literal searches plain text)");
	expect_error("grep", "{'pattern':'x','mode':'lines only'}", "use content, files or count");
	expect_error("grep", "{'pattern':'x','path':'nope'}", "no such file");
	make_bytes(at("ws/binary"), "retry\0\n", 7);
	expect_error("grep", "{'pattern':'retry','path':'binary'}", "binary: binary file, 7 bytes");
	buf_put_text(&text, "needle ");
	for (int i = 0; i < 5000; i++)
		buf_put_char(&text, 'y');
	buf_put_text(&text, "\nneedle \xff\x1b\r\n");
	make_file(at("ws/cols"), text.p);
	call("grep", "{'pattern':'needle'}");
	struct str out = buf_str(&world.text);
	size_t end = str_find_char(out, '\n', 0);
	assert_int_equal(end, strlen("cols:1:") + 500 + strlen(" [cut]"));
	assert_non_null(strstr(out.p, "\ncols:2:needle \xef\xbf\xbd\xef\xbf\xbd"));
	assert_int_equal(mkdir(at("ws/ign"), 0700), 0);
	make_file(at("ws/ign/.gitignore"), "*\n");
	make_file(at("ws/ign/x.c"), "retry\n");
	expect_part("grep", "{'pattern':'retry','path':'ign'}", " entries ignored]\n");
	expect_part("grep", "{'pattern':'.*','limit':99999}", " matching lines in ");
	expect_error(
		"grep", "{'pattern':'nothing\\u0000here'}", "bad pattern: it holds a NUL byte");
}

/* ---- count ---- */

static void test_count(void **)
{
	expect("count", "{}",
		"C\t3\t12\t107\nMarkdown\t2\t4\t25\nMake\t1\t2\t12\nPython\t1\t2\t22\n"
		"[7 files, 20 lines, 166 bytes]\n");
	expect("count", "{'by':'directory'}",
		"src/\t4\t14\t129\n./\t2\t5\t26\ndocs/\t1\t1\t11\n[7 files, 20 lines, 166 "
		"bytes]\n");
	expect("count", "{'by':'file','limit':2,'sort':'newest'}",
		"src/main.c\t4\t36\t2001-09-09 01:51\nsrc/retry.c\t7\t54\t2001-09-09 01:50\n"
		"[2 of 7 shown; 7 files, 20 lines, 166 bytes]\n");
	expect("count", "{'by':'file','path':'src/deep'}",
		"src/deep/a.py\t2\t22\t2001-09-09 01:48\n[1 files, 2 lines, 22 bytes]\n");
	expect("count", "{'by':'file','path':'Makefile'}",
		"Makefile\t2\t12\t2001-09-09 01:47\n[1 files, 2 lines, 12 bytes]\n");
	expect("count", "{'by':'directory','path':'src','sort':'name'}",
		"./\t3\t12\t107\nsrc/deep/\t1\t2\t22\n[4 files, 14 lines, 129 bytes]\n");
	expect("count", "{'glob':'*.md','by':'file','sort':'size'}",
		"README.md\t3\t14\t2001-09-09 01:46\ndocs/guide.md\t1\t11\t2001-09-09 01:47\n"
		"[2 files, 4 lines, 25 bytes]\n");
	expect("count", "{'glob':'*.rs'}", "[0 files, 0 lines, 0 bytes]\n");
	expect_error("count", "{'by':'author'}", "use language, directory or file");
	expect_error("count", "{'sort':'age'}", "use lines, size, newest or name");
	make_bytes(at("ws/blob.bin"), "a\n\0\nb", 5);
	make_file(at("ws/docs/none"), "");
	expect_part("count", "{'limit':1}", "[1 of 5 shown; 9 files, 20 lines, 171 bytes]\n");
	expect_part("count", "{}", "\nOther\t2\t0\t5\n");
}

static void test_newlines(void **)
{
	AUTO(buf) text = {0};

	for (int i = 0; i < 20'000; i++) {
		size_t expected = 0;
		if (i % 7 == 0)
			buf_put_char(&text, '\n');
		else
			buf_put_char(&text, (char)i);
		if (i % 501)
			continue;
		for (size_t k = 0; k < text.n; k++)
			expected += text.p[k] == '\n';
		assert_int_equal(plain_newlines(buf_str(&text)), expected);
	}
	buf_clear(&text);
	memset(buf_reserve(&text, 9'999), '\n', 9'999);
	text.n = 9'999;
	assert_int_equal(plain_newlines(buf_str(&text)), 9'999);
}

/* ---- git ---- */

static void git(const char *arguments)
{
	char command[2048];

	snprintf(command, sizeof command,
		"cd %s/ws && GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_DATE='2024-02-03T10:00:00Z' "
		"GIT_COMMITTER_DATE='2024-02-03T10:00:00Z' git -c user.name='Ann Bee' "
		"-c user.email=a@b -c init.defaultBranch=main %s >/dev/null 2>&1",
		world.top, arguments);
	shell(command);
}

static bool has_git(void)
{
	AUTO(buf) path = {0};

	return child_find("git", &path);
}

static void test_git(void **)
{
	if (!has_git())
		skip();
	expect_error("git", "{'show':'log'}", "is not a git repository");
	git("init");
	reopen("ws");
	expect_error("git", "{'show':'log'}", "no commits yet");
	expect_error("git", "{'show':'diff'}", "no commits yet");
	expect_error("git", "{'show':'commit'}", "no commits yet");
	expect_part("git", "{'show':'status'}", "branch main\n?? .gitignore\n");
	git("add .");
	git("commit -m 'First: tab\there'");
	expect("git", "{'show':'status'}", "branch main\n[clean]\n");
	make_file(at("ws/README.md"), "# Other\n\nText\n");
	make_file(at("ws/new\xc3\xa9"), "x");
	git("mv src/retry.h src/again.h");
	expect("git", "{'show':'status'}",
		"branch main\n M README.md\nR  src/retry.h -> src/again.h\n?? new\xc3\xa9\n");
	expect("git", "{'show':'status','path':'src'}",
		"branch main\nR  src/retry.h -> src/again.h\n");
	expect_part("git", "{'show':'diff','path':'README.md'}",
		"--- a/README.md\n+++ b/README.md\n@@ -1,3 +1,3 @@\n-# Title\n+# Other\n");
	expect("git", "{'show':'diff','path':'Makefile'}", "[no changes]\n");
	git("add .");
	git("commit -m 'Second'");
	call("git", "{'show':'log'}");
	assert_true(
		str_ends(buf_str(&world.text), STR("\t2024-02-03\tAnn Bee\tFirst: tab\there\n")));
	assert_non_null(strstr(world.text.p, "\t2024-02-03\tAnn Bee\tSecond\n"));
	call("git", "{'show':'log','limit':1}");
	assert_null(strstr(world.text.p, "First"));
	call("git", "{'show':'log','path':'Makefile'}");
	assert_null(strstr(world.text.p, "Second"));
	expect("git", "{'show':'log','path':'never'}", "[no commits]\n");
	expect_part("git", "{'show':'commit'}", "author Ann Bee\ndate 2024-02-03\n\nSecond\n");
	expect_part("git", "{'show':'commit','revision':'HEAD~1'}", "First: tab");
	expect_part("git", "{'show':'diff','revision':'HEAD~1..HEAD'}", "+# Other\n");
	expect_part("git", "{'show':'blame','path':'README.md','limit':1}", "# Other\n");
	git("checkout --detach");
	expect_part("git", "{'show':'status'}", "detached ");
}

static void test_git_refusals(void **)
{
	if (!has_git())
		skip();
	git("init");
	git("add .");
	git("commit -m one");
	reopen("ws");
	expect_error("git", "{'show':'push'}", "use log, status, diff, commit or blame");
	expect_error("git", "{}", "use log, status");
	expect_error("git", "{'show':'log','revision':'--output=/tmp/x'}", "is refused");
	expect_error("git", "{'show':'log','revision':'HEAD --output=x'}", "is refused");
	expect_error("git", "{'show':'log','revision':'HEAD\\u0000'}", "is refused");
	expect_error("git", "{'show':'log','revision':'nosuch'}", "git: bad revision 'nosuch'");
	expect_error("git", "{'show':'log','path':'../out'}", "outside of the workspace");
	expect_error("git", "{'show':'blame'}", "\"path\" is required");
	expect_error("git", "{'show':'commit','revision':'HEAD:README.md'}", "git: ");
	expect("git", "{'show':'log','path':':(exclude)README.md'}", "[no commits]\n");
	AUTO(buf) big = {0};
	for (int i = 0; i < 20'000; i++)
		buf_printf(&big, "line %d\n", i);
	make_file(at("ws/README.md"), big.p);
	call("git", "{'show':'diff'}");
	assert_non_null(strstr(world.text.p, "\n[cut: the first "));
	assert_true(world.text.n < 30'200);
	setenv("PATH", at("out"), 1);
	expect_error("git", "{'show':'log'}", "git is not installed");
	setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
}

/* A repository that names programs in its configuration: none of them may run. */
static void test_git_hostile(void **)
{
	char path[128];

	if (!has_git())
		skip();
	make_file(at("ws/.gitattributes"),
		"*.md filter=evil diff=evil\n*.c diff=text\n*.h filter=a=b.c\n");
	git("init");
	git("add .");
	git("commit -m one");
	snprintf(path, sizeof path, "%s/evil", world.top);
	AUTO(buf) script = {0};
	buf_printf(&script, "#!/bin/sh\necho \"$0 $*\" >>%s/ran\ncat\n", world.top);
	make_file(path, script.p);
	assert_int_equal(chmod(path, 0700), 0);
	static const char *const keys[] = {"core.fsmonitor", "core.pager", "diff.external",
		"filter.evil.clean", "filter.evil.process", "filter.evil.smudge",
		"diff.evil.command", "diff.evil.textconv", "diff.text.textconv", "gpg.program",
		"core.sshCommand", "filter.a=b.c.clean", "credential.helper", "core.editor",
		"core.askPass", NULL};
	AUTO(buf) set = {0};
	for (int i = 0; keys[i]; i++) {
		buf_clear(&set);
		buf_printf(&set, "config '%s' %s", keys[i], path);
		git(set.p);
	}
	git("config filter.evil.required true");
	git("config log.showSignature true");
	git("config color.ui always");
	reopen("ws");
	make_file(at("ws/README.md"), "# Changed\n");
	make_file(at("ws/src/main.c"), "int changed;\n");
	make_file(at("ws/src/retry.h"), "int changed_too;\n");
	make_file(at("ws/docs/guide.md"), "See retry.\n");
	expect_part("git", "{'show':'status'}", " M README.md\n");
	expect_part("git", "{'show':'diff'}", "+# Changed\n");
	assert_non_null(strstr(world.text.p, "+int changed_too;\n"));
	expect_part("git", "{'show':'log'}", "\tone\n");
	expect_part("git", "{'show':'commit'}", "\none\n");
	expect_part("git", "{'show':'blame','path':'README.md'}", "# Title");
	assert_int_equal(access(at("ran"), F_OK), -1);
	assert_int_equal(access(at("ws/.git/index.lock"), F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, enter, leave)

/* "paths" or "!paths" for one that writes, "*" for one that is alone. */
static struct tool_touch touch(struct arena *a, const char *text)
{
	struct workspace w = {.root = "/ws", .inside = ""};
	struct tool_call call = {.workspace = &w, .arena = a};
	struct tool_touch t = {.is_alone = text[0] == '*', .writes = text[0] == '!'};
	struct str rest = str_from(text + (t.is_alone || t.writes)), path;

	while (str_split(&rest, ' ', &path))
		tool_touch_add(&t, &call, path);
	return t;
}

static void calls_of_one_path_keep_their_order(void **)
{
	static const struct {
		const char *a, *b;
		bool conflicts;
	} rows[] = {
		{"a", "a", false},
		{"!a", "a", true},
		{"!a", "!a", true},
		{"!a", "!b", false},
		{"!a", "ab", false},
		{"!dir/a", "dir", true},
		{"!dir/a", ".", true},
		{"!dir/../a", "./a", true},
		{"!a", "../outside", false},
		{"!a b c", "c", true},
		{"*", "a", true},
		{"*", "*", true},
		{"!1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", "x", true},
		{"!1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", "x", false},
	};
	AUTO(arena) a = {0};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct tool_touch one = touch(&a, rows[i].a), other = touch(&a, rows[i].b);
		if (tool_touches(&one, &other) != rows[i].conflicts ||
			tool_touches(&other, &one) != rows[i].conflicts)
			fail_msg("%s and %s", rows[i].a, rows[i].b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(calls_of_one_path_keep_their_order),
		cmocka_unit_test(test_newlines),
		TEST(view),
		TEST(view_text),
		TEST(view_long_lines),
		TEST(view_limits),
		TEST(view_chunk_borders),
		TEST(view_huge),
		TEST(view_missing),
		TEST(links),
		TEST(links_without_openat2),
		TEST(special_files),
		TEST(workspace),
		TEST(ls),
		TEST(ls_many),
		TEST(glob),
		TEST(grep),
		TEST(grep_edges),
		TEST(count),
		TEST(git),
		TEST(git_refusals),
		TEST(git_hostile),
	};

	return cmocka_run_group_tests_name("tools", tests, NULL, NULL);
}
