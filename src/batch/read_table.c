// SPDX-License-Identifier: MIT
/* read_table: tasks that are one template with many values: tables and files. */
#include <dirent.h>
#include <pthread.h>

#include "base/json.h"
#include "batch/csv.h"
#include "batch/tasks_inside.h"
#include "index/index.h"

/* ---- JSON ---- */

static size_t count_lines(const char *from, const char *to)
{
	size_t lines = 0;

	for (; from < to && (from = memchr(from, '\n', (size_t)(to - from))); from++)
		lines++;
	return lines;
}

static void read_item(struct tasks *t, struct str item, struct task *task)
{
	struct str twice;

	if (json_type(item) != JSON_OBJECT)
		task_problem(t, task, "expected an object");
	else if (!tasks_read_vars(t, item, &task->vars, &task->var_count, &twice))
		task_problem(t, task, "%.*s comes twice", STR_ARG(twice));
	/* Without its values there is nothing to say about the template. */
	if (task->is_bad)
		task->prompt = (struct str){0};
}

void tasks_read_array(struct tasks *t, struct str text, struct str template)
{
	struct str kept = tasks_take(t, text, "line"), key, item;
	const char *here = kept.p;
	size_t line = 1, offset, number = 0;
	struct err e;

	template = arena_copy(&t->arena, template);
	if (!json_check_at(kept, &offset, &e)) {
		tasks_problem(t, 1 + count_lines(kept.p, kept.p + offset), "no JSON: %s", e.text);
		return;
	}
	if (json_type(kept) != JSON_ARRAY) {
		tasks_problem(t, 1, "expected an array of objects");
		return;
	}
	json_each (kept, key, item) {
		line += count_lines(here, item.p);
		here = item.p;
		struct task task = {.line = line,
			.prompt = template,
			.id = arena_printf(&t->arena, "%zu", ++number)};
		read_item(t, item, &task);
		if (!tasks_add(t, task))
			return;
	}
}

/* ---- CSV ---- */

static bool check_header(struct tasks *t, const struct csv_record *header)
{
	size_t before = t->problems.n;

	if (header->fault)
		tasks_problem(t, header->line, "%s", header->fault);
	for (size_t i = 0; i < header->fields.n; i++) {
		struct str name = str_trim(header->fields.p[i]);
		if (name.n == 0 || tasks_text_fault(name))
			tasks_problem(t, header->line, "the header's name %zu is no name", i + 1);
		for (size_t k = 0; k < i; k++)
			if (str_eq(name, str_trim(header->fields.p[k])))
				tasks_problem(t, header->line, "the header's name %.*s comes twice",
					STR_ARG(name));
	}
	return t->problems.n == before;
}

static void fill_record(struct tasks *t, const struct csv_record *header,
	const struct csv_record *record, struct task *task)
{
	if (record->fault || record->fields.n != header->fields.n) {
		if (record->fault)
			task_problem(t, task, "%s", record->fault);
		else
			task_problem(t, task, "%zu fields, the header has %zu", record->fields.n,
				header->fields.n);
		task->prompt = (struct str){0};
		return;
	}
	task->var_count = header->fields.n;
	task->vars = arena_alloc(&t->arena, task->var_count, sizeof *task->vars);
	for (size_t i = 0; i < task->var_count; i++) {
		struct str name = str_trim(header->fields.p[i]), value = record->fields.p[i];
		const char *fault = tasks_text_fault(value);
		if (fault)
			task_problem(t, task, "%.*s: %s", STR_ARG(name), fault);
		task->vars[i] = (struct task_var){name, value, true};
	}
}

enum { CSV_FIELDS_MAX = 1000 };

void tasks_read_csv(struct tasks *t, struct str text, struct str template)
{
	AUTO(csv_record) header = {0};
	AUTO(csv_record) record = {0};
	struct csv csv = {tasks_take(t, text, "line"), .line = 1};

	template = arena_copy(&t->arena, template);
	if (!csv_next(&csv, &t->arena, &header))
		return;
	if (header.fields.n > CSV_FIELDS_MAX) {
		tasks_problem(t, header.line, "more than %d names", CSV_FIELDS_MAX);
		return;
	}
	if (!check_header(t, &header))
		return;
	for (size_t number = 1; csv_next(&csv, &t->arena, &record); number++) {
		struct task task = {.line = record.line,
			.prompt = template,
			.id = arena_printf(&t->arena, "%zu", number)};
		fill_record(t, &header, &record, &task);
		if (!tasks_add(t, task))
			return;
	}
}

void tasks_read_table(struct tasks *t, struct str name, struct str text, struct str template)
{
	if (str_ends(name, STR(".csv")))
		tasks_read_csv(t, text, template);
	else
		tasks_read_array(t, text, template);
}

/* ---- files ---- */

struct found_files {
	pthread_mutex_t lock;
	struct arena *arena;
	VEC(struct str) paths;
};

static bool visit(void *self, const struct scan_file *file)
{
	struct found_files *found = self;

	if (file->type != DT_REG)
		return true;
	pthread_mutex_lock(&found->lock);
	bool has_room = found->paths.n <= TASKS_MAX;
	if (has_room)
		vec_push(&found->paths, arena_copy(found->arena, file->path));
	pthread_mutex_unlock(&found->lock);
	return has_room;
}

static int compare_paths(const void *left, const void *right)
{
	return str_cmp(*(const struct str *)left, *(const struct str *)right);
}

static void add_file(struct tasks *t, struct str path, size_t number, struct str template)
{
	struct task task = {.line = number, .prompt = template, .id = path, .var_count = 1};
	const char *fault = tasks_text_fault(path);

	task.vars = arena_alloc(&t->arena, 1, sizeof *task.vars);
	task.vars[0] = (struct task_var){STR("file"), path, true};
	if (fault)
		task_problem(t, &task, "its path is %s", fault);
	(void)tasks_add(t, task);
}

bool tasks_read_files(struct tasks *t, const char *root, const char *start, const char *pattern,
	struct str template, struct err *e)
{
	const char *include[] = {
		str_starts(str_from(pattern), STR("./")) ? pattern + 2 : pattern, NULL};
	struct scan_options options = {.root = root, .start = start, .include = include};
	struct found_files found = {PTHREAD_MUTEX_INITIALIZER, &t->arena};
	struct scan_stats stats = {0};

	template = tasks_take(t, template, "file");
	if (!scan_tree(&options, visit, &found, &stats, e)) {
		vec_release(&found.paths);
		return false;
	}
	if (found.paths.n)
		qsort(found.paths.p, found.paths.n, sizeof *found.paths.p, compare_paths);
	for (size_t i = 0; i < found.paths.n && i <= TASKS_MAX; i++)
		add_file(t, found.paths.p[i], i + 1, template);
	vec_release(&found.paths);
	return true;
}
