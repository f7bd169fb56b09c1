// SPDX-License-Identifier: MIT
/*
 * tools: any arguments to any reading tool, in a workspace full of links that lead out of it. What
 * lies outside must never be seen. First byte: the tool; the rest: its arguments, or a path.
 */
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/hands.h"
#include "agent/tool/tool.h"
#include "base/json.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct workspace workspace;
static char top[] = "/tmp/fuzz_tools.XXXXXX";

static void make_file(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", top, name);
	FILE *file = fopen(path, "w");
	must(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void make_link(const char *to, const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", top, name);
	must(symlink(to, path) == 0);
}

static void remove_all(void)
{
	char command[64];

	snprintf(command, sizeof command, "rm -rf %s", top);
	must(system(command) == 0);
}

static void make_world(void)
{
	static const char *const directories[] = {"out", "ws", "ws/a", "ws/a/b", NULL};
	char path[128];
	struct err e;

	must(mkdtemp(top));
	atexit(remove_all);
	for (int i = 0; directories[i]; i++) {
		snprintf(path, sizeof path, "%s/%s", top, directories[i]);
		must(mkdir(path, 0700) == 0);
	}
	make_file("out/f", "OUTSIDE\n");
	make_file("ws/f", "int x;\r\n\xff\xfe\n\tz");
	make_file("ws/a/b/g.c", "int main(void)\n{\n}\n");
	make_file("ws/.gitignore", "*.o\n");
	make_link("../out", "ws/o");
	make_link("../../out/f", "ws/a/o");
	make_link("/proc/self/root", "ws/p");
	make_link("/etc/passwd", "ws/e");
	make_link("a", "ws/l");
	make_link("..", "ws/a/u");
	make_link("../../..", "ws/a/b/u");
	make_link("s", "ws/s");
	snprintf(path, sizeof path, "%s/ws", top);
	must(workspace_open(&workspace, path, &e));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"view", "ls", "glob", "grep", "count"};
	AUTO(arena) arena = {0};
	AUTO(buf) json = {0};
	struct tool_result result = {0};
	struct err e;

	if (!workspace.root)
		make_world();
	if (size == 0)
		return 0;
	struct str input = {(const char *)data + 1, size - 1};
	if (!json_check(input, &e) || json_type(input) != JSON_OBJECT) {
		struct json_writer w = {.buf = &json};
		json_open(&w, '{');
		json_member_str(&w, "path", input);
		json_member_str(&w, "pattern", data[0] & 64 ? STR("I") : input);
		json_member_int(&w, "offset", data[0] & 32 ? 2 : 1);
		json_close(&w, '}');
		input = buf_str(&json);
	}
	struct hands hands = {0};
	struct tool_call call = {
		.workspace = &workspace, .input = input, .arena = &arena, .hands = &hands};
	tool_find(str_from(names[data[0] % 5]))->run(&call, &result);
	must(result.text.n && !result.text.overflow && utf8_is_valid(buf_str(&result.text)));
	/* Sentences quote their arguments. */
	must(result.is_error || !str_contains(buf_str(&result.text), STR("1\tOUTSIDE")));
	must(result.is_error || !str_contains(buf_str(&result.text), STR("1\troot:x:")));
	buf_release(&result.text);
	return 0;
}
