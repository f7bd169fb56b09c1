// SPDX-License-Identifier: MIT
/*
 * tasks: any text as a list of tasks; the first byte says which form it has. A finished list holds
 * together, and comes back from its own jsonl as it was.
 */
#include <stdint.h>

#include "base/utf8.h"
#include "batch/batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_needs(const struct tasks *t)
{
	vec_each (&t->items, task) {
		must(task->id.n && task->prompt.n && !task->is_bad);
		must(utf8_is_valid(task->prompt) && utf8_is_valid(task->id));
		for (size_t i = 0; i < task->need_count; i++)
			must(task->needs[i] < t->items.n && &t->items.p[task->needs[i]] != task);
	}
}

static bool no_result(void *, struct str id, struct buf *out)
{
	buf_put_str(out, id);
	return true;
}

static void fill_all(const struct tasks *t)
{
	struct err e;

	vec_each (&t->items, task) {
		AUTO(buf) out = {0};
		must(task_fill(task, task->prompt, no_result, NULL, &out, &e));
		must(task_fill(task, task->context, NULL, NULL, &out, &e));
		must(task_fill(task, task->output, NULL, NULL, &out, &e));
	}
}

static void check_return(const struct tasks *t)
{
	AUTO(tasks) again = {0};
	AUTO(buf) first = {0};
	AUTO(buf) second = {0};
	struct err e;

	tasks_put(&first, t);
	tasks_read_jsonl(&again, buf_str(&first));
	must(tasks_finish(&again, false, &e));
	must(again.items.n == t->items.n);
	tasks_put(&second, &again);
	must(str_eq(buf_str(&first), buf_str(&second)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	AUTO(tasks) t = {0};
	AUTO(buf) problems = {0};
	struct err e;

	if (size == 0)
		return 0;
	text = str_skip(text, 1);
	switch (data[0] % 4) {
	case 0: tasks_read_lines(&t, text); break;
	case 1: tasks_read_jsonl(&t, text); break;
	case 2: tasks_read_array(&t, text, STR("{{a}} {{json:b}} \\{{c}}")); break;
	default: tasks_read_csv(&t, text, STR("{{a}} {{json:b}} \\{{c}}"));
	}
	bool skips_bad = data[0] & 4;
	if (tasks_finish(&t, skips_bad, &e)) {
		must(skips_bad || !t.problems.n);
		check_needs(&t);
		fill_all(&t);
		check_return(&t);
	}
	tasks_put_problems(&problems, &t);
	return 0;
}
