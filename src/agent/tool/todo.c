// SPDX-License-Identifier: MIT
/*
 * todo: the model's own plan. It lives in the conversation, where the model wrote it; what is
 * checked here is its form, and progress shows it.
 */
#include "agent/tool/todo.h"

#include "base/json.h"
#include "base/utf8.h"

extern const char embed_todo_md[];

static void run(const struct tool_call *call, struct tool_result *out);

const struct tool tool_todo = {
	.name = "todo",
	.document = embed_todo_md,
	.run = run,
};

static const struct {
	const char *name, *other;
} names[] = {
	[TODO_PENDING] = {"pending", "todo"},
	[TODO_IN_PROGRESS] = {"in_progress", "in-progress"},
	[TODO_COMPLETED] = {"completed", "done"},
};

static bool read_status(struct str text, enum todo_status *out)
{
	for (int i = TODO_PENDING; i <= TODO_COMPLETED; i++) {
		if (!str_is(text, names[i].name) && !str_is(text, names[i].other))
			continue;
		*out = (enum todo_status)i;
		return true;
	}
	return false;
}

static bool read_step(struct str item, struct arena *a, struct todo_step *out, struct err *e)
{
	static const char *const keys[] = {"content", "step", "text", NULL};
	struct str status = json_text(json_get(item, "status"), a), text = {0};

	if (json_type(item) != JSON_OBJECT)
		return err_set(e, ERR_PARSE, "a step is an object with content and status");
	for (const char *const *key = keys; *key && !text.p; key++)
		text = json_text(json_get(item, *key), a);
	if (!text.p || !str_trim(text).n)
		return err_set(e, ERR_PARSE, "a step without content");
	out->content = str_trim(text);
	return read_status(status, &out->status) ||
	       err_set(e, ERR_PARSE, "status %.*s: use pending, in_progress or completed",
		       STR_ARG(status));
}

bool todo_read(struct str input, struct arena *a, struct todo *out, struct err *e)
{
	struct str list = json_get(input, "todos"), key, item;
	struct todo made = {.steps = arena_alloc(a, TODO_STEPS_MAX, sizeof *made.steps)};

	if (!list.p)
		list = json_get(input, "plan");
	if (json_type(list) != JSON_ARRAY)
		return err_set(e, ERR_PARSE, "\"todos\" is a list of steps");
	json_each (list, key, item) {
		if (made.count == TODO_STEPS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d steps", TODO_STEPS_MAX);
		if (!read_step(item, a, &made.steps[made.count], e))
			return false;
		made.done += made.steps[made.count++].status == TODO_COMPLETED;
	}
	*out = made;
	return true;
}

static void run(const struct tool_call *call, struct tool_result *out)
{
	struct todo todo;
	struct err e;

	if (!todo_read(call->input, call->arena, &todo, &e))
		tool_fail(out, "%s", e.text);
	else
		buf_printf(&out->text, "%zu of %zu steps done\n", todo.done, todo.count);
}
