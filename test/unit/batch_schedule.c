// SPDX-License-Identifier: MIT
/* Which task starts next: needs, order, failures. */
#include "tree.h"

#include "batch/schedule.h"

static struct err failure;

/* A list from "id:need,need" words. */
static void list_of(struct tasks *t, const char *const *words)
{
	AUTO(buf) text = {0};

	for (; *words; words++) {
		struct str rest = str_from(*words), id, need;
		assert_true(str_split(&rest, ':', &id));
		buf_printf(&text, "{\"id\":\"%.*s\",\"prompt\":\"p\",\"needs\":[", STR_ARG(id));
		for (bool comma = false; rest.n && str_split(&rest, ',', &need); comma = true)
			buf_printf(&text, "%s\"%.*s\"", comma ? "," : "", STR_ARG(need));
		buf_put_text(&text, "]}\n");
	}
	tasks_read_jsonl(t, buf_str(&text));
	assert_true(tasks_finish(t, false, &failure));
}

static uint32_t next(struct schedule *s)
{
	uint32_t task;

	return schedule_next(s, &task) ? task : UINT32_MAX;
}

static void order_is_that_of_the_list(void **)
{
	AUTO(tasks) t = {0};
	list_of(&t, (const char *const[]){"a:d", "b:", "c:b", "d:", "e:", NULL});
	struct schedule *s = schedule_new(&t, &(struct schedule_options){0}, NULL);

	assert_int_equal(next(s), 1);
	assert_int_equal(next(s), 3);
	schedule_done(s, 3);
	assert_int_equal(next(s), 0);
	assert_int_equal(next(s), 4);
	assert_int_equal(next(s), UINT32_MAX);
	assert_false(schedule_is_over(s));
	schedule_done(s, 1);
	assert_int_equal(next(s), 2);
	schedule_done(s, 0);
	schedule_done(s, 2);
	schedule_done(s, 4);
	assert_true(schedule_is_over(s));
	assert_int_equal(schedule_count(s, TASK_DONE), 5);
	schedule_free(s);
}

static void failures_skip_who_needs_them(void **)
{
	AUTO(tasks) t = {0};
	list_of(&t, (const char *const[]){"a:b", "b:c,d", "c:", "d:", NULL});
	struct schedule *s = schedule_new(&t, &(struct schedule_options){.max_retries = 1}, NULL);
	uint32_t task, because;

	assert_int_equal(next(s), 2);
	assert_int_equal(schedule_failed(s, 2, FAILURE_PASSING), VERDICT_AGAIN);
	assert_int_equal(next(s), 3);
	assert_int_equal(next(s), UINT32_MAX);
	schedule_again(s, 2);
	assert_int_equal(next(s), 2);
	assert_int_equal(schedule_attempts(s, 2), 2);
	assert_false(schedule_take_skipped(s, &task, &because));
	assert_int_equal(schedule_failed(s, 2, FAILURE_PASSING), VERDICT_FAILED);
	assert_true(schedule_take_skipped(s, &task, &because));
	assert_true(task == 1 && because == 2);
	assert_true(schedule_take_skipped(s, &task, &because));
	assert_true(task == 0 && because == 1);
	assert_false(schedule_take_skipped(s, &task, &because));
	schedule_done(s, 3);
	assert_true(schedule_is_over(s));
	schedule_free(s);
}

static void settings_decide_on_failures(void **)
{
	static const struct {
		struct schedule_options options;
		enum failure failure;
		enum verdict verdict;
		bool goes_on;
	} rows[] = {
		{{ON_ERROR_RETRY, 3}, FAILURE_PASSING, VERDICT_AGAIN, true},
		{{ON_ERROR_RETRY, 0}, FAILURE_PASSING, VERDICT_FAILED, true},
		{{ON_ERROR_RETRY, 3}, FAILURE_LASTING, VERDICT_FAILED, true},
		{{ON_ERROR_RETRY, 3}, FAILURE_COMMON, VERDICT_STOP, false},
		{{ON_ERROR_SKIP, 3}, FAILURE_PASSING, VERDICT_FAILED, true},
		{{ON_ERROR_SKIP, 3}, FAILURE_COMMON, VERDICT_STOP, false},
		{{ON_ERROR_ABORT, 3}, FAILURE_PASSING, VERDICT_ABORT, false},
		{{ON_ERROR_RETRY, 3, true}, FAILURE_PASSING, VERDICT_AGAIN, true},
		{{ON_ERROR_RETRY, 3, true}, FAILURE_LASTING, VERDICT_STOP, false},
		{{ON_ERROR_SKIP, 3, true}, FAILURE_PASSING, VERDICT_STOP, false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		AUTO(tasks) t = {0};
		list_of(&t, (const char *const[]){"a:", "b:", "c:", NULL});
		struct schedule *s = schedule_new(&t, &rows[i].options, NULL);
		assert_int_equal(next(s), 0);
		assert_int_equal(next(s), 1);
		assert_int_equal(schedule_failed(s, 0, rows[i].failure), rows[i].verdict);
		assert_int_equal(next(s), rows[i].goes_on ? 2 : UINT32_MAX);
		schedule_continue(s);
		assert_false(!rows[i].goes_on && next(s) != UINT32_MAX);
		assert_false(schedule_is_over(s));
		schedule_done(s, 1);
		assert_int_equal(schedule_is_over(s), !rows[i].goes_on);
		schedule_free(s);
	}
}

static void a_stop_is_no_end(void **)
{
	AUTO(tasks) t = {0};
	list_of(&t, (const char *const[]){"a:", "b:", NULL});
	struct schedule *s = schedule_new(&t, &(struct schedule_options){0}, NULL);

	assert_int_equal(next(s), 0);
	schedule_stop(s);
	assert_int_equal(next(s), UINT32_MAX);
	assert_false(schedule_is_over(s));
	schedule_again(s, 0);
	assert_true(schedule_is_over(s));
	schedule_continue(s);
	assert_int_equal(next(s), 0);
	schedule_free(s);
}

static void earlier_ends_count(void **)
{
	AUTO(tasks) t = {0};
	list_of(&t, (const char *const[]){"a:", "b:a", "c:b", "d:a", "e:d", NULL});
	enum task_state earlier[] = {TASK_DONE, TASK_FAILED, TASK_SKIPPED, TASK_RUNNING, TASK_DONE};
	struct schedule *s = schedule_new(&t, &(struct schedule_options){0}, earlier);
	uint32_t task, because;

	assert_true(schedule_take_skipped(s, &task, &because));
	assert_true(task == 2 && because == 1);
	assert_int_equal(next(s), 3);
	assert_int_equal(next(s), UINT32_MAX);
	schedule_done(s, 3);
	assert_true(schedule_is_over(s));
	assert_int_equal(schedule_count(s, TASK_DONE), 3);
	schedule_free(s);
}

static void after_all_means_after_failures_too(void **)
{
	AUTO(tasks) t = {0};

	tasks_read_jsonl(&t, STR("{\"id\":\"a\",\"prompt\":\"p\"}\n"
				 "{\"id\":\"sum\",\"prompt\":\"p\",\"after_all\":true}\n"
				 "{\"id\":\"b\",\"prompt\":\"{{result:a}}\"}\n"));
	assert_true(tasks_finish(&t, false, &failure));
	struct schedule *s = schedule_new(&t, &(struct schedule_options){0}, NULL);
	assert_int_equal(next(s), 0);
	assert_int_equal(next(s), UINT32_MAX);
	assert_int_equal(schedule_failed(s, 0, FAILURE_LASTING), VERDICT_FAILED);
	assert_int_equal(next(s), 1);
	assert_false(schedule_is_over(s));
	schedule_done(s, 1);
	assert_true(schedule_is_over(s));
	schedule_free(s);
	const enum task_state earlier[] = {TASK_DONE, TASK_WAITING, TASK_DONE};
	s = schedule_new(&t, &(struct schedule_options){0}, earlier);
	assert_int_equal(next(s), 1);
	schedule_free(s);
}

static void nobody_needs_what_comes_after_all(void **)
{
	AUTO(tasks) t = {0};
	AUTO(buf) problems = {0};

	tasks_read_jsonl(
		&t, STR("{\"id\":\"a\",\"prompt\":\"{{result:sum}}\"}\n"
			"{\"id\":\"sum\",\"prompt\":\"p\",\"after_all\":true}\n"
			"{\"id\":\"b\",\"prompt\":\"p\"}\n"
			"{\"id\":\"all\",\"prompt\":\"p\",\"after_all\":true,\"needs\":[\"b\"]}\n"
			"{\"id\":\"c\",\"prompt\":\"p\",\"after_all\":1}\n"));
	assert_false(tasks_finish(&t, false, &failure));
	tasks_put_problems(&problems, &t);
	assert_string_equal(buf_text(&problems),
		"line 1: sum comes after all others: it needs none, and none needs it\n"
		"line 4: all comes after all others: it needs none, and none needs it\n"
		"line 5: after_all: expected true or false\n");
}

struct runner {
	struct tasks tasks;
	struct schedule *s;
	uint32_t running[8], paused[200];
	size_t running_count, paused_count, parallel, ends;
};

static void end_one(struct runner *r)
{
	size_t at = tree_random(r->running_count);
	uint32_t task = r->running[at];

	r->running[at] = r->running[--r->running_count];
	r->ends++;
	switch (tree_random(8)) {
	case 0:
		if (schedule_failed(r->s, task, FAILURE_PASSING) == VERDICT_AGAIN)
			r->paused[r->paused_count++] = task;
		break;
	case 1: (void)schedule_failed(r->s, task, FAILURE_LASTING); break;
	default: schedule_done(r->s, task);
	}
}

static void start_one(struct runner *r, uint32_t task)
{
	const struct task *t = &r->tasks.items.p[task];

	for (size_t i = 0; i < t->need_count; i++)
		assert_int_equal(schedule_state(r->s, t->needs[i]), TASK_DONE);
	/* Nothing before it in the list could have started. */
	for (uint32_t i = 0; i < task; i++)
		assert_int_not_equal(schedule_state(r->s, i), TASK_READY);
	r->running[r->running_count++] = task;
}

/* Whatever the graph and the failures: it ends, and every task has one end. */
static void random_runs_end(void **)
{
	enum { ROUNDS = 400 };

	for (int round = 0; round < ROUNDS; round++) {
		struct runner r = {.parallel = 1 + tree_random(8)};
		size_t count = 1 + tree_random(60), skipped = 0;
		struct schedule_options options = {.max_retries = (int)tree_random(3)};
		AUTO(buf) text = {0};
		uint32_t task, because;

		for (size_t i = 0; i < count; i++) {
			buf_printf(&text, "{\"id\":%zu,\"prompt\":\"p\",\"needs\":[", i * 7 % 61);
			for (size_t k = i ? tree_random(3) : 0; k; k--)
				buf_printf(&text, "%zu%s", (size_t)tree_random(i) * 7 % 61,
					k > 1 ? "," : "");
			buf_put_text(&text, "]}\n");
		}
		for (size_t i = tree_random(3); i; i--, count++)
			buf_printf(&text,
				"{\"id\":\"all%zu\",\"prompt\":\"p\",\"after_all\":true}\n", i);
		tasks_read_jsonl(&r.tasks, buf_str(&text));
		assert_true(tasks_finish(&r.tasks, false, &failure));
		r.s = schedule_new(&r.tasks, &options, NULL);
		while (!schedule_is_over(r.s)) {
			if (r.paused_count && tree_random(2))
				schedule_again(r.s, r.paused[--r.paused_count]);
			if (r.running_count < r.parallel && schedule_next(r.s, &task))
				start_one(&r, task);
			else if (r.running_count)
				end_one(&r);
		}
		for (; schedule_take_skipped(r.s, &task, &because); skipped++)
			assert_int_not_equal(schedule_state(r.s, because), TASK_DONE);
		assert_int_equal(schedule_count(r.s, TASK_SKIPPED), skipped);
		assert_int_equal(
			schedule_count(r.s, TASK_DONE) + schedule_count(r.s, TASK_FAILED) + skipped,
			count);
		schedule_free(r.s);
		tasks_release(&r.tasks);
	}
}

/* What a provider has since an earlier session is neither started nor lost. */
static void adopted_tasks_are_running(void **)
{
	static const uint32_t under_way[] = {3, 0, 2, 4};
	AUTO(tasks) t = {0};
	list_of(&t, (const char *const[]){"a:", "b:", "c:", "d:", "e:a", "f:", NULL});
	enum task_state earlier[6] = {[2] = TASK_DONE};
	struct schedule *s =
		schedule_new(&t, &(struct schedule_options){.max_retries = 1}, earlier);

	schedule_adopt(s, under_way, 4);
	assert_int_equal(schedule_count(s, TASK_RUNNING), 2);
	assert_int_equal(schedule_state(s, 2), TASK_DONE);
	assert_int_equal(schedule_state(s, 4), TASK_WAITING);
	assert_int_equal(next(s), 1);
	assert_int_equal(next(s), 5);
	assert_int_equal(next(s), UINT32_MAX);
	assert_false(schedule_is_over(s));
	schedule_done(s, 0);
	assert_int_equal(next(s), 4);
	assert_int_equal(schedule_failed(s, 3, FAILURE_PASSING), VERDICT_AGAIN);
	schedule_again(s, 3);
	assert_int_equal(next(s), 3);
	/* Its attempt of the earlier session counts. */
	assert_int_equal(schedule_failed(s, 3, FAILURE_PASSING), VERDICT_FAILED);
	schedule_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_is_that_of_the_list),
		cmocka_unit_test(failures_skip_who_needs_them),
		cmocka_unit_test(settings_decide_on_failures),
		cmocka_unit_test(a_stop_is_no_end),
		cmocka_unit_test(earlier_ends_count),
		cmocka_unit_test(after_all_means_after_failures_too),
		cmocka_unit_test(nobody_needs_what_comes_after_all),
		cmocka_unit_test(adopted_tasks_are_running),
		cmocka_unit_test(random_runs_end),
	};

	return cmocka_run_group_tests(tests, tree_setup, tree_teardown);
}
