// SPDX-License-Identifier: MIT
#include <stdarg.h>

#include "base/json.h"
#include "base/utf8.h"
#include "batch/tasks_inside.h"
#include "batch/template.h"

void tasks_release(struct tasks *t)
{
	vec_release(&t->items);
	vec_release(&t->problems);
	arena_release(&t->arena);
	*t = (struct tasks){0};
}

static void add_problem(struct tasks *t, size_t line, const char *format, va_list arguments)
{
	AUTO(buf) text = {.max = 4 << 10};

	buf_vprintf(&text, format, arguments);
	if (text.overflow)
		buf_put_text(&text, "its names are too long to show");
	vec_push(&t->problems, (struct task_problem){line, arena_copy(&t->arena, buf_str(&text))});
}

void tasks_problem(struct tasks *t, size_t line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_problem(t, line, format, arguments);
	va_end(arguments);
}

void task_problem(struct tasks *t, struct task *task, const char *format, ...)
{
	va_list arguments;

	task->is_bad = true;
	va_start(arguments, format);
	add_problem(t, task->line, format, arguments);
	va_end(arguments);
}

bool tasks_add(struct tasks *t, struct task task)
{
	if (t->items.n == TASKS_MAX) {
		tasks_problem(t, task.line, "more than %d tasks", TASKS_MAX);
		return false;
	}
	if (!task.id.p)
		task.id = arena_printf(&t->arena, "%zu", task.line);
	vec_push(&t->items, task);
	return true;
}

struct str tasks_take(struct tasks *t, struct str text, const char *unit)
{
	t->unit = unit;
	return arena_copy(&t->arena, utf8_without_mark(text));
}

const char *tasks_text_fault(struct str text)
{
	if (!utf8_is_valid(text))
		return "not UTF-8";
	return text.n && memchr(text.p, '\0', text.n) ? "not text: there is a NUL in it" : NULL;
}

/* ---- what templates ask for ---- */

static const struct task_var *find_var(const struct task *task, struct str name)
{
	for (size_t i = 0; i < task->var_count; i++)
		if (str_eq(task->vars[i].name, name))
			return &task->vars[i];
	return NULL;
}

static void check_template(struct tasks *t, struct task *task, const char *member,
	struct str template, bool has_results)
{
	struct template_part part;

	while (template_next(&template, &part)) {
		if (part.kind == TEMPLATE_RESULT && !has_results)
			task_problem(t, task, "%s: {{result:%.*s}}: answers go into prompts only",
				member, STR_ARG(part.text));
		if (part.kind == TEMPLATE_VARIABLE && !find_var(task, part.text))
			task_problem(t, task,
				"%s: {{%.*s}} has no value; for the braces themselves write "
				"\\{{",
				member, STR_ARG(part.text));
	}
}

static void check_templates(struct tasks *t, struct task *task)
{
	const char *fault = tasks_text_fault(task->prompt);

	if (str_trim(task->prompt).n == 0)
		fault = "empty";
	else if (task->prompt.n > TASK_TEXT_MAX_BYTES)
		fault = "longer than 32 MB";
	if (fault && !task->is_bad)
		task_problem(t, task, "the prompt is %s", fault);
	check_template(t, task, "prompt", task->prompt, true);
	check_template(t, task, "context", task->context, false);
	check_template(t, task, "output", task->output, false);
	for (size_t i = 0; i < task->file_count; i++)
		check_template(t, task, "files", task->files[i], false);
}

static void put_value(struct buf *out, const struct task_var *var, bool as_json)
{
	if (as_json && var->is_text)
		json_quote(out, var->value);
	else
		buf_put_str(out, var->value);
}

static bool put_result(const struct template_part *part, task_result_fn *result, void *self,
	struct buf *out, struct err *e)
{
	AUTO(buf) text = {0};

	if (!result || !result(self, part->text, &text))
		return err_set(e, ERR_NOT_FOUND, "task %.*s has no result", STR_ARG(part->text));
	if (part->as_json)
		json_quote(out, buf_str(&text));
	else
		buf_put_str(out, buf_str(&text));
	return true;
}

bool task_fill(const struct task *task, struct str template, task_result_fn *result, void *self,
	struct buf *out, struct err *e)
{
	struct template_part part;

	while (template_next(&template, &part)) {
		const struct task_var *var = find_var(task, part.text);
		if (part.kind == TEMPLATE_TEXT)
			buf_put_str(out, part.text);
		else if (part.kind == TEMPLATE_VARIABLE && var)
			put_value(out, var, part.as_json);
		else if (part.kind == TEMPLATE_VARIABLE)
			return err_set(
				e, ERR_NOT_FOUND, "{{%.*s}} has no value", STR_ARG(part.text));
		else if (!put_result(&part, result, self, out, e))
			return false;
	}
	return !out->overflow ||
	       err_set(e, ERR_LIMIT, "task %.*s: too long a text", STR_ARG(task->id));
}

/* ---- outputs ---- */

struct output {
	struct str path;
	uint32_t task;
};

static int compare_outputs(const void *left, const void *right)
{
	const struct output *a = left, *b = right;
	int order = str_cmp(a->path, b->path);

	return order ? order : (a->task > b->task) - (a->task < b->task);
}

/* Of two tasks that write to one place, one answer would be lost. */
static void check_outputs(struct tasks *t)
{
	VEC(struct output) outputs = {0};
	AUTO(buf) path = {0};
	struct err e;

	for (uint32_t i = 0; i < t->items.n; i++) {
		struct task *task = &t->items.p[i];
		buf_clear(&path);
		if (!task->output.p || task->is_bad)
			continue;
		if (!task_put_output(task, &path, &e)) {
			task_problem(t, task, "%s", e.text);
			continue;
		}
		vec_push(&outputs, (struct output){arena_copy(&t->arena, buf_str(&path)), i});
	}
	if (outputs.n)
		qsort(outputs.p, outputs.n, sizeof *outputs.p, compare_outputs);
	for (size_t i = 1; i < outputs.n; i++) {
		struct task *first = &t->items.p[outputs.p[i - 1].task];
		if (str_eq(outputs.p[i - 1].path, outputs.p[i].path))
			task_problem(t, &t->items.p[outputs.p[i].task],
				"output: %.*s is that of %s %zu, too", STR_ARG(outputs.p[i].path),
				t->unit, first->line);
	}
	vec_release(&outputs);
}

/* ---- the end of reading ---- */

static int compare_problems(const void *left, const void *right)
{
	const struct task_problem *a = left, *b = right;

	return a->line != b->line ? (a->line > b->line) - (a->line < b->line)
				  : str_cmp(a->text, b->text);
}

/* Without the bad ones; needs are positions, and move. */
static void drop_bad(struct tasks *t)
{
	uint32_t *moved = must_alloc(t->items.n + 1, sizeof *moved);
	size_t kept = 0;

	for (size_t i = 0; i < t->items.n; i++) {
		moved[i] = (uint32_t)kept;
		if (!t->items.p[i].is_bad)
			t->items.p[kept++] = t->items.p[i];
	}
	t->items.n = kept;
	vec_each (&t->items, task)
		for (size_t i = 0; i < task->need_count; i++)
			task->needs[i] = moved[task->needs[i]];
	free(moved);
}

bool tasks_finish(struct tasks *t, bool skips_bad, struct err *e)
{
	vec_each (&t->items, task)
		check_templates(t, task);
	check_outputs(t);
	needs_resolve(t, skips_bad);
	if (t->problems.n)
		qsort(t->problems.p, t->problems.n, sizeof *t->problems.p, compare_problems);
	drop_bad(t);
	if (t->problems.n && (!skips_bad || !t->items.n)) {
		const struct task_problem *first = &t->problems.p[0];
		return err_set(e, ERR_USAGE,
			"%zu problem%s in the list of tasks; the first: %s %zu: %.*s",
			t->problems.n, t->problems.n == 1 ? "" : "s", t->unit, first->line,
			STR_ARG(first->text));
	}
	return t->items.n || err_set(e, ERR_USAGE, "there is no task in the list");
}

void tasks_put_problems(struct buf *out, const struct tasks *t)
{
	vec_each (&t->problems, problem)
		buf_printf(out, "%s %zu: %.*s\n", t->unit, problem->line, STR_ARG(problem->text));
}

/* ---- a list as text ---- */

static void put_list(struct json_writer *w, const char *name, const struct str *items, size_t count)
{
	if (!count)
		return;
	json_key(w, name);
	json_open(w, '[');
	for (size_t i = 0; i < count; i++)
		json_put_str(w, items[i]);
	json_close(w, ']');
}

static void put_vars(struct json_writer *w, const struct task *task)
{
	if (!task->var_count)
		return;
	json_key(w, "vars");
	json_open(w, '{');
	for (size_t i = 0; i < task->var_count; i++) {
		json_key_str(w, task->vars[i].name);
		if (task->vars[i].is_text)
			json_put_str(w, task->vars[i].value);
		else
			json_put_raw(w, task->vars[i].value);
	}
	json_close(w, '}');
}

static void put_member(struct json_writer *w, const char *name, struct str text)
{
	if (text.p)
		json_member_str(w, name, text);
}

void task_put(struct buf *out, const struct task *task)
{
	struct json_writer w = {.buf = out};

	json_open(&w, '{');
	json_member_str(&w, "id", task->id);
	json_member_str(&w, "prompt", task->prompt);
	put_vars(&w, task);
	put_member(&w, "model", task->model);
	if (task->timeout_s)
		json_member_int(&w, "timeout", task->timeout_s);
	put_member(&w, "context", task->context);
	put_list(&w, "files", task->files, task->file_count);
	put_list(&w, "needs", task->need_ids, task->need_id_count);
	put_member(&w, "output", task->output);
	if (task->is_after_all)
		json_member_bool(&w, "after_all", true);
	json_close(&w, '}');
	buf_put_char(out, '\n');
}

void tasks_put(struct buf *out, const struct tasks *t)
{
	vec_each (&t->items, task)
		task_put(out, task);
}
