// SPDX-License-Identifier: MIT
/*
 * edit: one edit in a 1 MB file, and 1,000 edits in one call, through the tools as the agent calls
 * them. Every write is waited for until the disk has it, so the directory counts.
 *
 *   bench_edit [DIRECTORY]      /tmp without it
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/hands.h"
#include "agent/tool/tool.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"

enum { ROUNDS = 51, LINES = 25'000, EDITS = 1000 };

struct bench {
	struct workspace workspace;
	struct hands hands;
	struct memory *memory;
	char path[256];
	struct buf text; /* of the file, before */
};

static int compare(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return (a > b) - (a < b);
}

static void write_file(const struct bench *b)
{
	struct err e;

	must(file_replace(b->path, buf_str(&b->text), &e));
}

static int64_t call_once(struct bench *b, const char *name, struct str input)
{
	AUTO(arena) arena = {0};
	struct tool_result result = {0};
	struct tool_call call = {.workspace = &b->workspace,
		.input = input,
		.arena = &arena,
		.hands = &b->hands,
		.memory = b->memory};

	int64_t start = clock_ns();
	tool_find(str_from(name))->run(&call, &result);
	int64_t spent = clock_ns() - start;
	if (result.is_error)
		fprintf(stderr, "bench_edit: %s\n", buf_text(&result.text));
	must(!result.is_error);
	buf_release(&result.text);
	return spent;
}

static void measure(struct bench *b, const char *what, const char *name, struct str input)
{
	static int64_t spent[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		write_file(b);
		seen_forget(b->memory->seen, STR("file.txt"));
		spent[i] = call_once(b, name, input);
	}
	qsort(spent, ROUNDS, sizeof *spent, compare);
	printf("%s: median %.2f ms, least %.2f ms, %d rounds\n", what, clock_ms(spent[ROUNDS / 2]),
		clock_ms(spent[0]), ROUNDS);
}

static void put_edit(struct json_writer *w, int line)
{
	char old[64], new[64];

	snprintf(old, sizeof old, "line %06d of the file", line);
	snprintf(new, sizeof new, "line %06d of the changed file", line);
	json_open(w, '{');
	json_member_text(w, "path", "file.txt");
	json_member_text(w, "old_string", old);
	json_member_text(w, "new_string", new);
	json_close(w, '}');
}

/* Edits of lines all over the file, from its end to its beginning. */
static void put_edits(struct buf *out, int lines)
{
	struct json_writer w = {.buf = out};

	json_open(&w, '{');
	json_key(&w, "edits");
	json_open(&w, '[');
	for (int i = EDITS; i-- > 0;)
		put_edit(&w, i * (lines / EDITS) + 1);
	json_close(&w, ']');
	json_close(&w, '}');
}

static void run(struct bench *b, int lines, const char *one, const char *many)
{
	AUTO(buf) input = {0};
	struct json_writer w = {.buf = &input};

	buf_clear(&b->text);
	for (int i = 1; i <= lines; i++)
		buf_printf(&b->text, "line %06d of the file, with some words\n", i);
	put_edit(&w, lines / 2);
	measure(b, one, "edit", buf_str(&input));
	buf_clear(&input);
	put_edits(&input, lines);
	measure(b, many, "multiedit", buf_str(&input));
}

int main(int count, char **words)
{
	struct bench b = {0};
	char directory[200];
	struct err e;

	snprintf(
		directory, sizeof directory, "%s/bench_edit.XXXXXX", count > 1 ? words[1] : "/tmp");
	if (!mkdtemp(directory) || !workspace_open(&b.workspace, directory, &e)) {
		fprintf(stderr, "bench_edit: %s: cannot be used\n", directory);
		return 1;
	}
	b.memory = memory_new(STR(""));
	snprintf(b.path, sizeof b.path, "%s/file.txt", directory);
	run(&b, LINES, "an edit in a file of 1.1 MB", "1,000 edits in it");
	run(&b, EDITS, "an edit in a file of 44 KB", "1,000 edits in it");
	memory_free(b.memory);
	buf_release(&b.text);
	workspace_release(&b.workspace);
	unlink(b.path);
	rmdir(directory);
	return 0;
}
