// SPDX-License-Identifier: MIT
/*
 * tasks: a list of 100,000 tasks read and checked, and a journal of as many resumed, each task with
 * its start and a result of 200 bytes.
 *
 *   bench_tasks [DIRECTORY]      /tmp without it
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "batch/journal.h"

enum { TASKS = 100'000, ROUNDS = 9, RESULT_BYTES = 200 };

static int compare(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return (a > b) - (a < b);
}

static void tell(const char *name, int64_t *spent)
{
	qsort(spent, ROUNDS, sizeof *spent, compare);
	printf("%-28s %7.1f ms of CPU (%.1f to %.1f)\n", name, clock_ms(spent[ROUNDS / 2]),
		clock_ms(spent[0]), clock_ms(spent[ROUNDS - 1]));
}

static void put_lines(struct buf *text)
{
	for (int i = 0; i < TASKS; i++)
		buf_printf(text, "explain what function number %d does, and why\n", i);
}

static void put_objects(struct buf *text)
{
	for (int i = 0; i < TASKS; i++) {
		buf_printf(text,
			"{\"id\":\"task-%d\",\"prompt\":\"document {{file}} in {{lang}}\",", i);
		buf_printf(text, "\"vars\":{\"file\":\"src/file-%d.c\",\"lang\":\"C\"},", i);
		buf_put_text(text, "\"timeout\":60,\"needs\":[");
		if (i)
			buf_printf(text, "\"task-%d\"", i / 2);
		buf_put_text(text, "]}\n");
	}
}

static void put_records(struct buf *text)
{
	buf_put_text(text, "file,lang\n");
	for (int i = 0; i < TASKS; i++)
		buf_printf(text, "src/file-%d.c,\"C, \"\"new\"\"\"\n", i);
}

static void read_csv(struct tasks *t, struct str text)
{
	tasks_read_csv(t, text, STR("document {{file}} in {{lang}}"));
}

static const struct list {
	const char *name;
	void (*put)(struct buf *text);
	void (*read)(struct tasks *t, struct str text);
} lists[] = {
	{"100,000 lines", put_lines, tasks_read_lines},
	{"100,000 objects, with needs", put_objects, tasks_read_jsonl},
	{"100,000 records of CSV", put_records, read_csv},
};

static void bench_list(const struct list *list)
{
	AUTO(buf) text = {0};
	int64_t spent[ROUNDS];
	struct err e;

	list->put(&text);
	for (int i = 0; i < ROUNDS; i++) {
		AUTO(tasks) t = {0};
		int64_t start = clock_cpu_ns();
		list->read(&t, buf_str(&text));
		must(tasks_finish(&t, false, &e) && t.items.n == TASKS);
		spent[i] = clock_cpu_ns() - start;
	}
	tell(list->name, spent);
}

static void write_journal(struct journal_writer *j)
{
	char result[RESULT_BYTES];
	struct run_usage usage = {{1000, 200, 0, 0, 0, 100, -1}, 12'345};
	struct err e;

	memset(result, 'r', sizeof result);
	int64_t start = clock_ns();
	for (uint32_t i = 0; i < TASKS; i++) {
		journal_note_started(j, i, 1);
		journal_note_done(j, i, 1, &usage, (struct str){result, sizeof result});
		if (i % 64 == 63)
			must(journal_commit(j, &e));
	}
	must(journal_commit(j, &e));
	printf("%-28s %7.1f ms\n", "writing it, 64 a commit", clock_ms(clock_ns() - start));
}

static void bench_journal(const char *directory)
{
	AUTO(tasks) t = {0};
	AUTO(buf) text = {0};
	char run[RUN_NAME_BYTES];
	int64_t spent[ROUNDS];
	struct err e;

	put_lines(&text);
	tasks_read_lines(&t, buf_str(&text));
	must(tasks_finish(&t, false, &e));
	struct journal_writer *j = journal_begin(directory, &t, STR("{}"), &e);
	must(j);
	snprintf(run, sizeof run, "%s", journal_run(j));
	write_journal(j);
	journal_free(j);
	for (int i = 0; i < ROUNDS; i++) {
		AUTO(tasks) list = {0};
		AUTO(run_past) past = {0};
		int64_t start = clock_cpu_ns();
		j = journal_resume(directory, run, &list, &past, &e);
		spent[i] = clock_cpu_ns() - start;
		must(j && past.counts[TASK_DONE] == TASKS);
		journal_free(j);
	}
	tell("resuming 100,000 tasks", spent);
}

int main(int count, char **words)
{
	char directory[200], command[300];

	snprintf(directory, sizeof directory, "%.150s/fettle-bench.XXXXXX",
		count > 1 ? words[1] : "/tmp");
	must(mkdtemp(directory));
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		bench_list(&lists[i]);
	bench_journal(directory);
	snprintf(command, sizeof command, "rm -rf %s", directory);
	return system(command) != 0;
}
