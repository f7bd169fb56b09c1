// SPDX-License-Identifier: MIT
#include "world.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/tool/tool.h"
#include "base/clock.h"
#include "base/file.h"

static void give_up(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

void world_open(struct world *w, const char *above)
{
	char path[sizeof w->directory + 8];
	struct err e;

	*w = (struct world){.memory = memory_new(STR(""))};
	snprintf(w->directory, sizeof w->directory, "%s/fettle-bench.XXXXXX", above);
	if (!mkdtemp(w->directory))
		give_up(w->directory);
	snprintf(path, sizeof path, "%s/ws", w->directory);
	if (mkdir(path, 0700) < 0 || !workspace_open(&w->workspace, path, &e))
		give_up(path);
}

static int remove_one(const char *path, const struct stat *, int, struct FTW *)
{
	return remove(path);
}

void world_close(struct world *w)
{
	memory_free(w->memory);
	workspace_release(&w->workspace);
	nftw(w->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void world_write(const struct world *w, const char *name, struct str text)
{
	AUTO(buf) path = {0};
	struct err e;

	buf_printf(&path, "%s/ws/%s", w->directory, name);
	if (!file_replace(buf_text(&path), text, &e))
		give_up(e.text);
}

void world_call(struct world *w, const char *name, struct str input)
{
	AUTO(arena) arena = {0};
	struct tool_result result = {0};
	struct tool_call call = {.workspace = &w->workspace,
		.name = str_from(name),
		.input = input,
		.arena = &arena,
		.hands = &w->hands,
		.memory = w->memory};

	int64_t start = clock_ns();
	tool_find(call.name)->run(&call, &result);
	int64_t spent = clock_ns() - start;
	if (result.is_error)
		give_up(buf_text(&result.text));
	buf_release(&result.text);
	world_note(w, spent);
}

void world_note(struct world *w, int64_t spent_ns)
{
	must(w->rounds < ROUNDS_MAX);
	w->spent[w->rounds++] = spent_ns;
}

static int compare(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return (a > b) - (a < b);
}

void world_tell(struct world *w, const char *what)
{
	qsort(w->spent, (size_t)w->rounds, sizeof *w->spent, compare);
	printf("%s: median %.2f ms, least %.2f ms, %d rounds\n", what,
		clock_ms(w->spent[w->rounds / 2]), clock_ms(w->spent[0]), w->rounds);
	w->rounds = 0;
}
