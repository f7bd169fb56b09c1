// SPDX-License-Identifier: MIT
#include "batch/remote.h"

#include "base/json.h"
#include "batch/journal_inside.h"

enum { TURNS_MAX = 1'000'000 };

static const char *const failures[] = {
	[FAILURE_PASSING] = "passing", [FAILURE_LASTING] = "lasting", [FAILURE_COMMON] = "common"};

static struct json_writer begin(struct buf *out)
{
	struct json_writer w = {.buf = out};

	json_open(&w, '{');
	json_member_int(&w, "version", 1);
	return w;
}

static void put_text(struct json_writer *w, const char *name, struct str text)
{
	if (text.n)
		json_member_str(w, name, text);
}

void remote_put_task(struct buf *out, const struct remote_task *task)
{
	struct json_writer w = begin(out);

	put_text(&w, "id", task->id);
	put_text(&w, "prompt", task->prompt);
	put_text(&w, "preamble", task->preamble);
	put_text(&w, "context", task->context);
	put_text(&w, "model", task->model);
	if (task->has_own_model)
		json_member_bool(&w, "own_model", true);
	if (task->timeout_s)
		json_member_int(&w, "timeout", task->timeout_s);
	json_member_int(&w, "max_turns", task->max_turns);
	json_close(&w, '}');
}

void remote_put_result(struct buf *out, const struct runner_result *result)
{
	struct json_writer w = begin(out);

	json_member_bool(&w, "done", result->is_done);
	if (result->is_done) {
		json_member_str(&w, "result", result->text);
	} else {
		json_member_text(&w, "class", result->class);
		json_member_text(&w, "failure", failures[result->failure]);
		json_member_str(&w, "message", result->message);
	}
	run_usage_put(&w, &result->usage);
	json_close(&w, '}');
}

/* ---- reading ---- */

static bool check(struct str bytes, const char *what, struct err *e)
{
	if (!json_check(bytes, e))
		return err_context(e, "%s", what);
	if (json_type(bytes) != JSON_OBJECT || json_int_or(json_get(bytes, "version"), 0) != 1)
		return err_set(e, ERR_PARSE, "%s: none of this version", what);
	return true;
}

static struct str text_of(struct str bytes, const char *name, struct arena *a)
{
	struct str value = json_get(bytes, name);

	return json_type(value) == JSON_STRING ? json_text(value, a) : STR("");
}

/* 0 to most; whatever else is there, as if it were not. */
static int64_t int_of(struct str bytes, const char *name, int64_t most)
{
	int64_t n = json_int_or(json_get(bytes, name), 0);

	return n > 0 && n <= most ? n : 0;
}

bool remote_read_task(struct str bytes, struct arena *a, struct remote_task *out, struct err *e)
{
	if (!check(bytes, "a task", e))
		return false;
	*out = (struct remote_task){.id = text_of(bytes, "id", a),
		.prompt = text_of(bytes, "prompt", a),
		.preamble = text_of(bytes, "preamble", a),
		.context = text_of(bytes, "context", a),
		.model = text_of(bytes, "model", a),
		.has_own_model = json_bool_or(json_get(bytes, "own_model"), false),
		.timeout_s = int_of(bytes, "timeout", TASK_TIMEOUT_MAX_S),
		.max_turns = (int)int_of(bytes, "max_turns", TURNS_MAX)};
	if (str_trim(out->prompt).n == 0)
		return err_set(e, ERR_PARSE, "a task: it has no prompt");
	return true;
}

static enum failure failure_of(struct str name)
{
	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
		if (str_is(name, failures[i]))
			return (enum failure)i;
	return FAILURE_LASTING;
}

bool remote_read_result(struct str bytes, struct arena *a, struct runner_result *out, struct err *e)
{
	if (!check(bytes, "a result", e))
		return false;
	*out = (struct runner_result){.is_done = json_bool_or(json_get(bytes, "done"), false),
		.text = text_of(bytes, "result", a),
		.class = task_class_find(text_of(bytes, "class", a)),
		.failure = failure_of(text_of(bytes, "failure", a)),
		.message = text_of(bytes, "message", a)};
	run_usage_read(bytes, a, &out->usage);
	return true;
}
