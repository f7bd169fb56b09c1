// SPDX-License-Identifier: MIT
/* view: 100 lines near the end of a 1 MB file, through the tool as the agent calls it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/hands.h"
#include "agent/tool/tool.h"
#include "base/clock.h"
#include "base/file.h"

enum { ROUNDS = 301, LINES = 25'000 };

static int compare(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return (a > b) - (a < b);
}

static int64_t view_once(const struct workspace *workspace, struct str input)
{
	AUTO(arena) arena = {0};
	struct tool_result result = {0};
	struct hands hands = {0};
	struct tool_call call = {
		.workspace = workspace, .input = input, .arena = &arena, .hands = &hands};

	int64_t start = clock_ns();
	tool_find(STR("view"))->run(&call, &result);
	int64_t spent = clock_ns() - start;
	must(!result.is_error && str_starts(buf_str(&result.text), STR("24801\t")));
	buf_release(&result.text);
	return spent;
}

static bool make_file(const char *directory, struct err *e)
{
	AUTO(buf) text = {0};
	char path[128];

	for (int i = 1; i <= LINES; i++)
		buf_printf(&text, "line %06d of the file, with some words\n", i);
	snprintf(path, sizeof path, "%s/file.txt", directory);
	FILE *file = fopen(path, "w");
	if (!file)
		return err_errno(e, "%s", path);
	must(fwrite(text.p, 1, text.n, file) == text.n && fclose(file) == 0);
	printf("file: %zu bytes, %d lines\n", text.n, LINES);
	return true;
}

int main(void)
{
	char directory[] = "/tmp/bench_view.XXXXXX", path[128];
	static int64_t spent[ROUNDS];
	struct workspace workspace;
	struct err e;

	if (!mkdtemp(directory) || !make_file(directory, &e) ||
		!workspace_open(&workspace, directory, &e)) {
		fprintf(stderr, "bench_view: %s\n", e.text);
		return 1;
	}
	for (int i = 0; i < ROUNDS; i++)
		spent[i] = view_once(
			&workspace, STR("{\"path\":\"file.txt\",\"offset\":24801,\"limit\":100}"));
	qsort(spent, ROUNDS, sizeof *spent, compare);
	printf("view: median %.3f ms, 99th percentile %.3f ms, %d rounds\n",
		clock_ms(spent[ROUNDS / 2]), clock_ms(spent[ROUNDS * 99 / 100]), ROUNDS);
	workspace_release(&workspace);
	snprintf(path, sizeof path, "%s/file.txt", directory);
	unlink(path);
	rmdir(directory);
	return 0;
}
