// SPDX-License-Identifier: MIT
/* read: lists of tasks as lines, words and objects a line. */
#include "base/json.h"
#include "base/option.h"
#include "batch/tasks_inside.h"
#include "batch/template.h"

void tasks_read_lines(struct tasks *t, struct str text)
{
	struct str rest = tasks_take(t, text, "line"), line;

	for (size_t number = 1; str_split(&rest, '\n', &line); number++) {
		struct task task = {.line = number, .prompt = str_trim(line)};
		if (task.prompt.n == 0 || task.prompt.p[0] == '#')
			continue;
		if (str_starts(task.prompt, STR("\\#")))
			task.prompt = str_skip(task.prompt, 1);
		if (!tasks_add(t, task))
			return;
	}
}

static struct str keep_text(struct tasks *t, const char *before, struct str text, const char *after)
{
	AUTO(buf) escaped = {.max = (size_t)1 << 30};

	buf_put_text(&escaped, before);
	template_put_text(&escaped, text);
	buf_put_text(&escaped, after);
	return tasks_take(t, buf_str(&escaped), "task");
}

void tasks_read_words(
	struct tasks *t, const struct str *words, size_t count, struct str piped, int64_t timeout_s)
{
	struct str context = {0};

	if (piped.n)
		context = keep_text(t, "<stdin>\n", piped, "\n</stdin>");
	for (size_t i = 0; i < count; i++) {
		struct task task = {.line = i + 1,
			.prompt = keep_text(t, "", words[i], ""),
			.context = context,
			.timeout_s = timeout_s};
		if (!tasks_add(t, task))
			return;
	}
}

void tasks_add_summary(struct tasks *t, struct str prompt)
{
	size_t count = t->items.n;
	struct task task = {.line = count ? t->items.p[count - 1].line + 1 : 1,
		.id = STR("summary"),
		.prompt = arena_copy(&t->arena, prompt),
		.is_after_all = true};

	(void)!tasks_add(t, task);
}

/* ---- variables ---- */

static int compare_vars(const void *left, const void *right)
{
	return str_cmp((*(const struct task_var *const *)left)->name,
		(*(const struct task_var *const *)right)->name);
}

/* The name that comes twice; absent when none does. */
static struct str name_twice(const struct task_var *vars, size_t count)
{
	const struct task_var **sorted = must_alloc(count + 1, sizeof *sorted);
	struct str twice = {0};

	for (size_t i = 0; i < count; i++)
		sorted[i] = &vars[i];
	if (count)
		qsort(sorted, count, sizeof *sorted, compare_vars);
	for (size_t i = 1; i < count && !twice.p; i++)
		if (str_eq(sorted[i - 1]->name, sorted[i]->name))
			twice = sorted[i]->name;
	free(sorted);
	return twice;
}

bool tasks_read_vars(
	struct tasks *t, struct str object, struct task_var **out, size_t *count, struct str *twice)
{
	struct str key, value;
	size_t n = 0;

	*count = json_count(object);
	*out = arena_alloc(&t->arena, *count + 1, sizeof **out);
	json_each (object, key, value) {
		bool is_text = json_type(value) == JSON_STRING;
		(*out)[n++] = (struct task_var){json_text(key, &t->arena),
			is_text ? json_text(value, &t->arena) : value, is_text};
	}
	*twice = name_twice(*out, *count);
	return !twice->p;
}

/* ---- objects ---- */

struct reading {
	struct tasks *tasks;
	struct task *task;
	const char *name; /* of the member at hand */
	struct str value;
};

static void wrong(struct reading *r, const char *expected)
{
	task_problem(r->tasks, r->task, "%s: expected %s", r->name, expected);
}

/* A text, not empty; absent when it is none. */
static struct str read_text(struct reading *r)
{
	struct str text = json_text(r->value, &r->tasks->arena);

	if (json_type(r->value) != JSON_STRING || str_trim(text).n == 0) {
		wrong(r, "a text that is not empty");
		return (struct str){0};
	}
	if (tasks_text_fault(text))
		wrong(r, "a text without NUL");
	return text;
}

/* An id may be a whole number, too. */
static bool is_id(struct str value, struct arena *a)
{
	int64_t number;

	return json_type(value) == JSON_NUMBER
		       ? str_int(value, &number)
		       : json_type(value) == JSON_STRING && str_trim(json_text(value, a)).n;
}

static struct str id_of(struct str value, struct arena *a)
{
	return json_type(value) == JSON_NUMBER ? value : str_trim(json_text(value, a));
}

static void read_id(struct reading *r)
{
	struct arena *a = &r->tasks->arena;

	if (!is_id(r->value, a)) {
		wrong(r, "a text that is not empty, or a whole number");
		return;
	}
	r->task->id = id_of(r->value, a);
	if (tasks_text_fault(r->task->id))
		wrong(r, "a text without NUL");
}

static void read_prompt(struct reading *r)
{
	r->task->prompt = read_text(r);
}

static void read_model(struct reading *r)
{
	r->task->model = read_text(r);
}

static void read_context(struct reading *r)
{
	r->task->context = read_text(r);
}

static void read_output(struct reading *r)
{
	r->task->output = read_text(r);
}

static void read_vars(struct reading *r)
{
	struct str twice;

	if (json_type(r->value) != JSON_OBJECT)
		wrong(r, "an object");
	else if (!tasks_read_vars(r->tasks, r->value, &r->task->vars, &r->task->var_count, &twice))
		task_problem(r->tasks, r->task, "vars: %.*s comes twice", STR_ARG(twice));
}

static void read_timeout(struct reading *r)
{
	int64_t seconds;

	if (json_int(r->value, &seconds) && seconds >= 1 && seconds <= TASK_TIMEOUT_MAX_S)
		r->task->timeout_s = seconds;
	else
		wrong(r, "whole seconds, 1 to 604800");
}

static void read_files(struct reading *r)
{
	struct arena *a = &r->tasks->arena;
	struct task *task = r->task;
	struct str key, value;

	if (json_type(r->value) != JSON_ARRAY) {
		wrong(r, "a list of paths");
		return;
	}
	task->files = arena_alloc(a, json_count(r->value) + 1, sizeof *task->files);
	json_each (r->value, key, value) {
		struct str path = json_text(value, a);
		if (json_type(value) == JSON_STRING && path.n && !tasks_text_fault(path))
			task->files[task->file_count++] = path;
		else
			wrong(r, "a list of paths");
	}
}

static void read_needs(struct reading *r)
{
	struct arena *a = &r->tasks->arena;
	struct task *task = r->task;
	struct str key, value;

	if (json_type(r->value) != JSON_ARRAY) {
		wrong(r, "a list of ids");
		return;
	}
	task->need_ids = arena_alloc(a, json_count(r->value) + 1, sizeof *task->need_ids);
	json_each (r->value, key, value) {
		if (is_id(value, a))
			task->need_ids[task->need_id_count++] = id_of(value, a);
		else
			wrong(r, "a list of ids");
	}
}

static void read_after_all(struct reading *r)
{
	if (json_type(r->value) != JSON_BOOL)
		wrong(r, "true or false");
	else
		r->task->is_after_all = json_bool_or(r->value, false);
}

static const struct member {
	const char *name;
	void (*read)(struct reading *r);
} members[] = {
	{"id", read_id},
	{"prompt", read_prompt},
	{"vars", read_vars},
	{"model", read_model},
	{"timeout", read_timeout},
	{"context", read_context},
	{"files", read_files},
	{"needs", read_needs},
	{"output", read_output},
	{"after_all", read_after_all},
};
enum { MEMBERS = sizeof members / sizeof members[0] };

static size_t member_of(struct str raw_key)
{
	size_t i = 0;

	while (i < MEMBERS && !json_key_is(raw_key, members[i].name))
		i++;
	return i;
}

static void unknown_member(struct reading *r, struct str raw_key)
{
	const char *names[MEMBERS + 1] = {0};
	struct str name = json_text(raw_key, &r->tasks->arena);

	for (size_t i = 0; i < MEMBERS; i++)
		names[i] = members[i].name;
	const char *near = option_nearest(name, names);
	task_problem(r->tasks, r->task, "unknown member \"%.*s\"%s%s%s", STR_ARG(name),
		near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static void read_object(struct tasks *t, struct str object, struct task *task)
{
	struct reading r = {t, task};
	unsigned seen = 0;
	struct str key;

	json_each (object, key, r.value) {
		size_t i = member_of(key);
		if (i == MEMBERS) {
			unknown_member(&r, key);
			continue;
		}
		r.name = members[i].name;
		if (seen & 1u << i)
			task_problem(t, task, "%s comes twice", r.name);
		else
			members[i].read(&r);
		seen |= 1u << i;
	}
	if (!(seen & 1u << member_of(STR("\"prompt\""))))
		task_problem(t, task, "it has no prompt");
}

void tasks_read_jsonl(struct tasks *t, struct str text)
{
	struct str rest = tasks_take(t, text, "line"), line;
	struct err e;

	for (size_t number = 1; str_split(&rest, '\n', &line); number++) {
		struct task task = {.line = number};
		line = str_trim(line);
		if (line.n == 0)
			continue;
		if (!json_check(line, &e))
			task_problem(t, &task, "no JSON: %s", e.text);
		else if (json_type(line) != JSON_OBJECT)
			task_problem(t, &task, "expected an object");
		else
			read_object(t, line, &task);
		if (!tasks_add(t, task))
			return;
	}
}

void tasks_read(struct tasks *t, struct str name, struct str text)
{
	static const struct str endings[] = {STR(".jsonl"), STR(".ndjson"), STR(".json")};
	struct str head = str_trim(str_head(text, 1000));

	for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
		if (str_ends(name, endings[i])) {
			tasks_read_jsonl(t, text);
			return;
		}
	if (!str_ends(name, STR(".txt")) && str_starts(head, STR("{\"")))
		tasks_read_jsonl(t, text);
	else
		tasks_read_lines(t, text);
}
