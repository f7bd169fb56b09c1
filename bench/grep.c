// SPDX-License-Identifier: MIT
/*
 * bench_grep ROOT START PATTERN [-F] [-i] [-w] [-c] [-l] [-n ROUNDS] [-j THREADS] [--print]
 * bench_grep ROOT START --files [-n ROUNDS] [--print]
 *
 * Searches or lists in process, once to warm up and ROUNDS times to measure, and prints the median
 * in ms, then counts. --print shows path:line (path with -l, path:count with -c) once instead.
 */
#include <string.h>

#include "base/clock.h"
#include "index/index.h"

enum { ROUNDS_MAX = 999, WORKERS_MAX = 64 };

struct bench {
	struct grep_options options;
	struct buf lists[WORKERS_MAX];
	int rounds;
	bool files, print;
};

static bool list_file(void *self, const struct scan_file *file)
{
	struct bench *b = self;

	if (file->type != 8 /* DT_REG */)
		return true;
	buf_put_str(&b->lists[file->worker], file->path);
	buf_put_char(&b->lists[file->worker], '\n');
	return true;
}

static bool run_once(struct bench *b, struct grep_result *r, struct err *e)
{
	if (!b->files)
		return grep_run(&b->options, r, e);
	for (int i = 0; i < WORKERS_MAX; i++)
		buf_clear(&b->lists[i]);
	*r = (struct grep_result){0};
	return scan_tree(&b->options.scan, list_file, b, &r->scan, e);
}

static void print_lines(const struct grep_file *file, enum grep_mode mode)
{
	if (mode == GREP_FILES)
		printf("%s\n", file->path.p);
	if (mode == GREP_COUNT)
		printf("%s:%llu\n", file->path.p, (unsigned long long)file->matches);
	for (size_t i = 0; i < file->line_count; i++)
		if (file->lines[i].is_match)
			printf("%s:%u\n", file->path.p, file->lines[i].number);
}

static void print(const struct bench *b, const struct grep_result *r)
{
	for (int i = 0; b->files && i < WORKERS_MAX; i++)
		fputs(buf_text(&b->lists[i]), stdout);
	for (size_t i = 0; i < r->file_count; i++)
		print_lines(&r->files[i], b->options.mode);
}

static bool read_flags(struct bench *b, int count, char **words)
{
	for (int i = 0; i < count; i++) {
		const char *next = i + 1 < count ? words[i + 1] : "";
		if (!strcmp(words[i], "-F"))
			b->options.is_literal = true;
		else if (!strcmp(words[i], "-i"))
			b->options.ignore_case = true;
		else if (!strcmp(words[i], "-w"))
			b->options.whole_word = true;
		else if (!strcmp(words[i], "-c"))
			b->options.mode = GREP_COUNT;
		else if (!strcmp(words[i], "-l"))
			b->options.mode = GREP_FILES;
		else if (!strcmp(words[i], "--print"))
			b->print = true;
		else if (!strcmp(words[i], "-n") && i++ < count)
			b->rounds = (int)strtol(next, NULL, 10);
		else if (!strcmp(words[i], "-j") && i++ < count)
			b->options.scan.threads = (int)strtol(next, NULL, 10);
		else
			return false;
	}
	return b->rounds >= 1 && b->rounds <= ROUNDS_MAX;
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int main(int count, char **words)
{
	static struct bench b = {.rounds = 5};
	int64_t times[ROUNDS_MAX];
	struct grep_result r;
	struct err e;

	if (count < 4 || !read_flags(&b, count - 4, words + 4)) {
		fputs("usage: bench_grep ROOT START PATTERN|--files [flags]\n", stderr);
		return 2;
	}
	b.files = !strcmp(words[3], "--files");
	b.options.pattern = str_from(words[3]);
	b.options.scan.root = words[1];
	b.options.scan.start = words[2];
	for (int i = -1; i < (b.print ? 0 : b.rounds); i++) {
		int64_t start = clock_ns();
		if (!run_once(&b, &r, &e)) {
			fprintf(stderr, "%s\n", e.text);
			return 2;
		}
		if (i >= 0)
			times[i] = clock_ns() - start;
		if (b.print)
			print(&b, &r);
		if (i < b.rounds - 1)
			grep_result_release(&r);
	}
	if (b.print)
		return 0;
	qsort(times, (size_t)b.rounds, sizeof *times, by_time);
	printf("%.3f ms, %zu files listed, %llu searched, %llu bytes, %llu binary, %llu limited, "
	       "%llu lines in %llu files\n",
		clock_ms(times[b.rounds / 2]), r.scan.files, (unsigned long long)r.searched_files,
		(unsigned long long)r.searched_bytes, (unsigned long long)r.binary_files,
		(unsigned long long)r.limited_lines, (unsigned long long)r.total_matches,
		(unsigned long long)r.total_files);
	grep_result_release(&r);
	return 0;
}
