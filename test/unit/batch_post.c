// SPDX-License-Identifier: MIT
/* Tasks by a provider's batches, with the scripted provider on the same loop: each is asked and
 * told once, whatever breaks. */
#include "posted.h"

/* ---- what goes well ---- */

static void every_wire_answers_all(void **)
{
	for (size_t i = 0; i < 3; i++) {
		struct stage s;
		open_stage(&s, models[i],
			"{\"batches\":{\"polls\":2},\"replies\":["
			"{\"times\":0,\"match\":{\"last_text_contains\":\"number 7.\",\"system_contains\":\"brief\"},"
			"\"reply\":{\"text\":\"seven\"}}," FINE "]}");
		begin_many(&s, 20);
		run_on(&s);
		assert_string_equal(s.error.text, "");
		for (int t = 0; t < 20; t++)
			assert_string_equal(buf_text(&s.texts[t]), t == 7 ? "seven" : "fine");
		assert_int_equal(s.sent, 1);
		assert_int_equal(s.troubles, 0);
		check_journal(&s);
		close_stage(&s);
	}
}

/* 100 input and 10 output tokens a task, at half of 5 and 25 USD a million. */
static void half_is_paid(void **)
{
	struct stage s;

	open_stage(&s, models[0], "{\"batches\":{\"polls\":0},\"replies\":[" FINE "]}");
	begin_many(&s, 4);
	run_on(&s);
	assert_int_equal(s.cost_nanousd, 4 * (100 * 5'000 + 10 * 25'000) / 2);
	close_stage(&s);
}

static void many_are_split(void **)
{
	struct stage s;

	open_stage(&s, models[0], "{\"replies\":[" FINE "]}");
	s.options.requests_max = 7;
	begin_many(&s, 30);
	run_on(&s);
	assert_string_equal(s.error.text, "");
	assert_int_equal(s.sent, 5);
	for (int t = 0; t < 30; t++)
		assert_int_equal(s.done[t], 1);
	check_journal(&s);
	close_stage(&s);

	open_stage(&s, models[1], "{\"replies\":[" FINE "]}");
	s.options.size_max_bytes = 1000;
	begin_many(&s, 30);
	run_on(&s);
	assert_string_equal(s.error.text, "");
	assert_true(s.sent > 3 && s.sent <= 30);
	for (int t = 0; t < 30; t++)
		assert_int_equal(s.done[t], 1);
	check_journal(&s);
	close_stage(&s);
}

static void what_needs_others_goes_in_waves(void **)
{
	struct stage s;

	open_stage(&s, models[0],
		"{\"replies\":["
		"{\"times\":0,\"match\":{\"last_text_contains\":\"first\"},\"reply\":{\"text\":\"ONE\"}},"
		"{\"times\":0,\"match\":{\"last_text_contains\":\"of ONE\"},\"reply\":{\"text\":\"TWO\"}},"
		"{\"times\":0,\"match\":{\"last_text_contains\":\"ONE and TWO\"},\"reply\":{\"text\":\"THREE\"}}," FINE
		"]}");
	begin(&s, "{\"id\":\"a\",\"prompt\":\"first\"}\n"
		  "{\"id\":\"b\",\"prompt\":\"of {{result:a}}\"}\n"
		  "{\"id\":\"c\",\"prompt\":\"{{result:a}} and {{result:b}}\"}\n"
		  "{\"id\":\"d\",\"prompt\":\"alone\"}\n");
	run_on(&s);
	assert_string_equal(s.error.text, "");
	assert_int_equal(s.sent, 3);
	assert_string_equal(buf_text(&s.texts[2]), "THREE");
	check_journal(&s);
	close_stage(&s);
}

/* ---- what fails ---- */

static void failures_are_told_apart(void **)
{
	for (size_t i = 0; i < 3; i++) {
		struct stage s;
		open_stage(&s, models[i],
			"{\"batches\":{\"polls\":0},\"replies\":["
			"{\"times\":1,\"match\":{\"last_text_contains\":\"late\"},\"reply\":{\"expired\":true}},"
			"{\"times\":1,\"match\":{\"last_text_contains\":\"busy\"},\"reply\":{\"status\":529}},"
			"{\"times\":0,\"match\":{\"last_text_contains\":\"bad\"},\"reply\":{\"status\":400}},"
			"{\"times\":0,\"match\":{\"last_text_contains\":\"long\"},"
			"\"reply\":{\"text\":\"cut\",\"stop\":\"max_tokens\"}},"
			"{\"times\":0,\"match\":{\"last_text_contains\":\"garbled\"},\"reply\":{\"raw\":\"{]\"}}," FINE
			"]}");
		begin(&s,
			"{\"id\":\"a\",\"prompt\":\"late\"}\n{\"id\":\"b\",\"prompt\":\"busy\"}\n"
			"{\"id\":\"c\",\"prompt\":\"bad\"}\n{\"id\":\"d\",\"prompt\":\"long\"}\n"
			"{\"id\":\"e\",\"prompt\":\"garbled\"}\n{\"id\":\"f\",\"prompt\":\"good\"}\n"
			"{\"id\":\"g\",\"prompt\":\"after\",\"needs\":[\"c\"]}\n"
			"{\"id\":\"h\",\"prompt\":\"unaskable\"}\n");
		run_on(&s);
		assert_string_equal(s.error.text, "");
		static const struct {
			int done, failed, skipped;
			const char *class;
		} wanted[] = {{1, 1, 0, "timeout"}, {1, 1, 0, "server"}, {0, 1, 0, "validation"},
			{0, 1, 0, "task"}, {0, 3, 0, "server"}, {1, 0, 0, ""}, {0, 0, 1, ""},
			{0, 1, 0, "validation"}};
		for (int t = 0; t < 8; t++) {
			assert_int_equal(s.done[t], wanted[t].done);
			assert_int_equal(s.failed[t], wanted[t].failed);
			assert_int_equal(s.skipped[t], wanted[t].skipped);
			assert_string_equal(s.class[t], wanted[t].class);
		}
		assert_true(s.troubles >= 3); /* the broken line, each time */
		check_journal(&s);
		close_stage(&s);
	}
}

static void a_refused_batch_stops_all(void **)
{
	struct stage s;

	open_stage(&s, models[0],
		"{\"replies\":[{\"times\":0,\"match\":{\"path\":\"/v1/messages/batches\"},"
		"\"reply\":{\"status\":400,\"error\":{\"message\":\"no such model\"}}}]}");
	s.options.requests_max = 2;
	begin_many(&s, 6);
	run_on(&s);
	assert_string_equal(s.error.text, "");
	assert_string_equal(s.class[0], "validation");
	assert_int_equal(s.failed[0] + s.failed[1], 2);
	assert_int_equal(s.failed[2] + s.failed[5], 0);
	assert_int_equal(count_asked(&s, "POST", "/batches"), 1);
	check_journal(&s);
	close_stage(&s);

	open_stage(&s, models[1],
		"{\"replies\":[{\"times\":0,\"match\":{\"path\":\"/v1/files\"},"
		"\"reply\":{\"status\":404}}]}");
	begin_many(&s, 2);
	run_on(&s);
	assert_string_equal(s.class[0], "validation");
	assert_int_equal(count_asked(&s, "POST", "/files"), 1);
	check_journal(&s);
	close_stage(&s);

	open_stage(&s, models[0],
		"{\"replies\":[{\"times\":0,\"match\":{\"path\":\"/v1/messages/batches\"},"
		"\"reply\":{\"status\":401}}]}");
	begin_many(&s, 2);
	run_on(&s);
	assert_int_equal(s.error.code, ERR_PROVIDER);
	assert_int_equal(s.failed[0], 0);
	close_stage(&s);
}

static void a_batch_that_fails_whole_is_tried_again(void **)
{
	struct stage s;

	open_stage(
		&s, models[1], "{\"batches\":{\"fail\":\"too many tokens wait\"},\"replies\":[]}");
	s.rules.max_retries = 1;
	begin_many(&s, 2);
	run_on(&s);
	assert_int_equal(s.sent, 2);
	assert_int_equal(s.failed[1], 2);
	assert_string_equal(s.class[1], "server");
	check_journal(&s);
	close_stage(&s);
}

/* ---- answers that are lost ---- */

/* The batch was made, and its name did not come back. */
static void a_lost_answer_is_looked_for(void **)
{
	static const char *const paths[] = {"/v1/messages/batches", "/v1/batches", "/v1/batches"};

	for (size_t i = 0; i < 3; i++) {
		AUTO(buf) script = {0};
		struct stage s;
		buf_printf(&script,
			"{\"replies\":[{\"match\":{\"path\":\"%s\"},"
			"\"reply\":{\"cut_after_bytes\":0}}," FINE "]}",
			paths[i]);
		open_stage(&s, models[i], buf_text(&script));
		begin_many(&s, 5);
		run_on(&s);
		assert_string_equal(s.error.text, "");
		assert_int_equal(count_asked(&s, "POST", "/batches"), 1);
		assert_int_equal(s.found, 1);
		for (int t = 0; t < 5; t++)
			assert_int_equal(s.done[t], 1);
		check_journal(&s);
		close_stage(&s);
	}
}

/* It was never made: after looking for it, it is sent once more. */
static void a_lost_question_is_sent_again(void **)
{
	static const char *const faults[] = {"{\"close_before_head\":true}", "{\"status\":502}"};

	for (size_t i = 0; i < 6; i++) {
		AUTO(buf) script = {0};
		struct stage s;
		buf_printf(&script,
			"{\"replies\":[{\"match\":{\"path\":\"%s\"},\"reply\":%s}," FINE "]}",
			i < 2 ? "/v1/messages/batches" : "/v1/batches", faults[i % 2]);
		open_stage(&s, models[i / 2], buf_text(&script));
		begin_many(&s, 5);
		run_on(&s);
		assert_string_equal(s.error.text, "");
		assert_int_equal(count_asked(&s, "POST", "/batches"), 2);
		assert_int_equal(count_asked(&s, "GET", "/batches?limit=100"), 3);
		check_journal(&s);
		close_stage(&s);
	}
}

static void limits_of_the_provider_are_waited_for(void **)
{
	struct stage s;

	open_stage(&s, models[0],
		"{\"replies\":[{\"times\":4,\"match\":{\"path\":\"/v1/messages/batches\"},"
		"\"reply\":{\"status\":429,\"headers\":{\"retry-after-ms\":\"1\"}}}," FINE "]}");
	begin_many(&s, 3);
	run_on(&s);
	assert_string_equal(s.error.text, "");
	assert_int_equal(s.done[0] + s.done[1] + s.done[2], 3);
	assert_int_equal(count_asked(&s, "POST", "/batches"), 5);
	check_journal(&s);
	close_stage(&s);
}

static void got_foreign(void *self, const struct call_result *result, const struct batches_answer *)
{
	assert_null(result->error);
	*(bool *)self = true;
}

/* Somebody else's batch has the same size: its results show that it is not ours. */
static void a_strangers_batch_is_not_ours(void **)
{
	static const char requests[] =
		"{\"requests\":[{\"custom_id\":\"theirs\",\"params\":{\"model\":\"m\",\"max_tokens\":9,"
		"\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}}]}";
	bool is_there = false;
	struct batches_question foreign = {.kind = BATCHES_CREATE, .body = str_from(requests)};
	struct batches_sink foreign_sink = {.end = got_foreign, .self = &is_there};
	struct stage s;

	open_stage(&s, models[0],
		"{\"replies\":[{\"match\":{\"path\":\"/v1/messages/batches\","
		"\"json\":{\"/requests/0/params/messages/0/content\":{\"contains\":\"number\"}}},"
		"\"reply\":{\"close_before_head\":true}}," FINE "]}");
	(void)!batches_start(&s.world, &s.route, &foreign, &foreign_sink);
	loop_run(s.loop, &is_there);
	begin_many(&s, 1);
	run_on(&s);
	assert_string_equal(s.error.text, "");
	assert_int_equal(s.done[0], 1);
	assert_int_equal(s.failed[0], 0);
	assert_int_equal(s.found, 1);
	assert_int_equal(s.sent, 1);
	assert_int_equal(count_asked(&s, "POST", "/batches"), 3);
	check_journal(&s);
	close_stage(&s);
}

static void results_that_break_off_are_read_again(void **)
{
	struct stage s;

	open_stage(&s, models[0],
		"{\"batches\":{\"polls\":0},\"replies\":[{\"times\":5,"
		"\"match\":{\"path\":\"/v1/messages/batches/msgbatch_mock_1/results\"},"
		"\"reply\":{\"cut_after_bytes\":1500}}," FINE "]}");
	begin_many(&s, 20);
	run_on(&s);
	assert_string_equal(s.error.text, "");
	for (int t = 0; t < 20; t++)
		assert_int_equal(s.done[t], 1);
	assert_int_equal(count_asked(&s, "GET", "/results"), 6);
	check_journal(&s);
	close_stage(&s);
}

/* Reading stops and begins anew, and each time there is one more. */
static void a_slow_disk_is_waited_for(void **)
{
	for (size_t i = 0; i < 2; i++) {
		struct stage s;
		open_stage(&s, models[i], "{\"batches\":{\"polls\":0},\"replies\":[" FINE "]}");
		s.options.waiting_max_bytes = 1;
		begin_many(&s, 6);
		run_on(&s);
		assert_string_equal(s.error.text, "");
		for (int t = 0; t < 6; t++)
			assert_int_equal(s.done[t], 1);
		assert_int_equal(s.sent, 1);
		assert_true(count_asked(&s, "GET", i ? "/content" : "/results") > 1);
		check_journal(&s);
		close_stage(&s);
	}
}

/* ---- stops ---- */

static void stop_when_sent(struct stage *s, const struct post_news *news)
{
	if (news->kind == POST_UNDER_WAY)
		post_stop(s->post);
}

static void cancel_when_sent(struct stage *s, const struct post_news *news)
{
	if (news->kind == POST_UNDER_WAY)
		post_cancel(s->post);
}

static void a_resume_collects_what_is_under_way(void **)
{
	for (size_t i = 0; i < 3; i++) {
		struct stage s;
		open_stage(&s, models[i], "{\"batches\":{\"polls\":2},\"replies\":[" FINE "]}");
		s.options.requests_max = 4;
		s.on_news = stop_when_sent;
		begin_many(&s, 10);
		run_on(&s);
		assert_int_equal(s.error.code, ERR_CANCELLED);
		assert_true(s.under_way >= 1);
		s.on_news = NULL;
		resume(&s);
		run_on(&s);
		assert_string_equal(s.error.text, "");
		assert_int_equal(count_asked(&s, "POST", "/batches"), 3);
		for (int t = 0; t < 10; t++)
			assert_int_equal(s.done[t], 1);
		check_journal(&s);
		close_stage(&s);
	}
}

static void another_provider_cannot_collect(void **)
{
	struct stage s;

	open_stage(&s, models[0], "{\"batches\":{\"polls\":9},\"replies\":[" FINE "]}");
	s.on_news = stop_when_sent;
	begin_many(&s, 3);
	run_on(&s);
	assert_int_equal(s.error.code, ERR_CANCELLED);
	route_to(&s, models[1]);
	resume(&s);
	run_on(&s);
	assert_int_equal(s.error.code, ERR_USAGE);
	assert_int_equal(s.under_way, 1);
	assert_int_equal(count_asked(&s, "POST", "/batches"), 1);
	close_stage(&s);
}

static void a_cancel_ends_the_batch_there(void **)
{
	for (size_t i = 0; i < 3; i++) {
		struct stage s;
		open_stage(
			&s, models[i], "{\"batches\":{\"polls\":1000000},\"replies\":[" FINE "]}");
		s.options.requests_max = 4;
		s.on_news = cancel_when_sent;
		begin_many(&s, 10);
		run_on(&s);
		assert_string_equal(s.error.text, "");
		assert_int_equal(s.under_way, 0);
		assert_true(count_asked(&s, "POST", "/cancel") >= 1);
		assert_string_equal(s.class[0], "cancelled");
		assert_int_equal(s.done[0], 0);
		check_journal(&s);
		close_stage(&s);
	}
}

/* Whatever was being done then: nothing is sent twice and nothing is lost. */
static void a_stop_at_every_moment(void **)
{
	int last = 1;

	for (int at = 1; at <= last; at++) {
		struct stage s;
		open_stage(
			&s, models[at % 3], "{\"batches\":{\"polls\":1},\"replies\":[" FINE "]}");
		s.options.requests_max = 4;
		s.stops_at = at;
		begin(&s,
			"{\"id\":\"a\",\"prompt\":\"number 0.\"}\n{\"id\":\"b\",\"prompt\":\"x\"}\n"
			"{\"id\":\"c\",\"prompt\":\"unaskable\"}\n{\"id\":\"d\",\"prompt\":\"x\"}\n"
			"{\"id\":\"e\",\"prompt\":\"x\"}\n{\"id\":\"f\",\"prompt\":\"x\"}\n"
			"{\"id\":\"g\",\"prompt\":\"of {{result:b}}\"}\n");
		run_on(&s);
		/* Behind the last callback there is nothing to be stopped. */
		last = s.error.code ? at + 1 : last;
		assert_true(!s.error.code || s.error.code == ERR_CANCELLED);
		resume(&s);
		run_on(&s);
		assert_string_equal(s.error.text, "");
		for (int t = 0; t < 7; t++)
			assert_int_equal(s.done[t], t != 2);
		assert_int_equal(s.failed[2], 1);
		assert_in_range(count_asked(&s, "POST", "/batches"), 3, 4);
		check_journal(&s);
		close_stage(&s);
	}
	assert_true(last > 20);
}

static void a_cancel_at_every_moment(void **)
{
	for (int at = 1; at <= 25; at++) {
		struct stage s;
		open_stage(
			&s, models[at % 3], "{\"batches\":{\"polls\":2},\"replies\":[" FINE "]}");
		s.options.requests_max = 4;
		s.cancels_at = at;
		begin_many(&s, 10);
		run_on(&s);
		assert_string_equal(s.error.text, "");
		assert_int_equal(s.under_way, 0);
		check_journal(&s);
		s.cancels_at = 0;
		resume(&s);
		run_on(&s);
		for (int t = 0; t < 10; t++)
			assert_int_equal(s.done[t], 1);
		check_journal(&s);
		close_stage(&s);
	}
}

/* ---- kill -9 ---- */

enum { SWEEP_TASKS = 24, SWEEP_KILLS = 60 };

struct seen {
	int done[SWEEP_TASKS];
	bool is_over;
};

static struct seen *seen;

static void see_outcome(void *self, uint32_t task, const struct post_outcome *outcome)
{
	take_outcome(self, task, outcome);
	seen->done[task] += outcome->is_done;
}

/* The process that is killed; the provider is its parent. */
static void work(struct stage *parent)
{
	enum task_state earlier[SWEEP_TASKS];
	struct stage s = {.rules = {.max_retries = 2}, .route = parent->route};
	struct post_sink own = {.prompt = give_prompt,
		.outcome = see_outcome,
		.skipped = take_skipped,
		.news = take_news,
		.end = take_end,
		.self = &s};
	struct err e;

	s.loop = loop_new(&e);
	s.http = http_client_new(s.loop);
	s.world = (struct call_world){s.loop, s.http, {2, 1'000}, NULL};
	s.journal = journal_resume(tree_root, parent->run, &s.tasks, &s.past, &e);
	must(s.journal);
	snprintf(s.run, sizeof s.run, "%s", parent->run);
	for (int i = 0; i < SWEEP_TASKS; i++)
		earlier[i] = s.past.tasks[i].state;
	s.schedule = schedule_new(&s.tasks, &s.rules, earlier);
	s.options = (struct post_options){&s.world, &s.route, s.journal, s.schedule, &s.past,
		SWEEP_TASKS, .requests_max = 5, .poll_first_ms = 2, .poll_max_ms = 5};
	s.post = post_start(&s.options, &own);
	loop_run(s.loop, &s.is_done);
	must(!s.error.code);
	seen->is_over = true;
}

struct waiting {
	struct loop *loop;
	struct timer *death;
	pid_t child;
	int status;
	bool is_dead;
};

static void let_die(void *self)
{
	struct waiting *w = self;

	w->death = NULL;
	kill(w->child, SIGKILL);
}

static void see_child(void *self)
{
	struct waiting *w = self;

	w->is_dead = waitpid(w->child, &w->status, WNOHANG) == w->child;
	if (w->is_dead)
		timer_cancel(w->death);
	else
		loop_after(w->loop, 1, see_child, w);
}

/* Each batch the provider has was asked for once: tasks in all batches are the tasks. */
static void kills_send_and_pay_nothing_twice(void **)
{
	int kills = 0;

	seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(seen != MAP_FAILED);
	for (size_t round = 0; kills < SWEEP_KILLS; round++) {
		struct stage s;
		open_stage(&s, models[round % 3],
			"{\"batches\":{\"polls\":1},\"replies\":[{\"times\":0,"
			"\"reply\":{\"text\":\"fine\"}}]}");
		memset(seen, 0, sizeof *seen);
		AUTO(buf) list = {0};
		for (int i = 0; i < SWEEP_TASKS; i++)
			buf_printf(&list, "{\"prompt\":\"number %d.\"}\n", i);
		struct err e;
		tasks_read_jsonl(&s.tasks, buf_str(&list));
		assert_true(tasks_finish(&s.tasks, false, &e));
		s.journal = journal_begin(tree_root, &s.tasks, STR("{}"), &e);
		assert_non_null(s.journal);
		snprintf(s.run, sizeof s.run, "%s", journal_run(s.journal));
		close_run(&s);
		while (!seen->is_over) {
			struct waiting w = {.loop = s.loop};
			w.child = fork();
			assert_true(w.child >= 0);
			if (w.child == 0) {
				work(&s);
				_exit(0);
			}
			w.death = loop_after(s.loop, (int64_t)tree_random(120), let_die, &w);
			see_child(&w);
			loop_run(s.loop, &w.is_dead);
			if (WIFSIGNALED(w.status)) {
				assert_int_equal(WTERMSIG(w.status), SIGKILL);
				kills++;
			} else {
				assert_int_equal(WEXITSTATUS(w.status), 0);
			}
		}
		AUTO(run_past) past = {0};
		assert_true(journal_look(tree_root, s.run, NULL, &past, &e));
		assert_int_equal(past.counts[TASK_DONE], SWEEP_TASKS);
		assert_int_equal(past.doubled + past.bad_lines + past.parcels.n, 0);
		for (int i = 0; i < SWEEP_TASKS; i++)
			assert_true(seen->done[i] <= 1);
		/* 24 tasks, five to a batch. */
		assert_int_equal(count_asked(&s, "POST", "/batches"), 5);
		close_stage(&s);
	}
	munmap(seen, sizeof *seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_wire_answers_all),
		cmocka_unit_test(half_is_paid),
		cmocka_unit_test(many_are_split),
		cmocka_unit_test(what_needs_others_goes_in_waves),
		cmocka_unit_test(failures_are_told_apart),
		cmocka_unit_test(a_refused_batch_stops_all),
		cmocka_unit_test(a_batch_that_fails_whole_is_tried_again),
		cmocka_unit_test(a_lost_answer_is_looked_for),
		cmocka_unit_test(a_lost_question_is_sent_again),
		cmocka_unit_test(limits_of_the_provider_are_waited_for),
		cmocka_unit_test(a_strangers_batch_is_not_ours),
		cmocka_unit_test(results_that_break_off_are_read_again),
		cmocka_unit_test(a_slow_disk_is_waited_for),
		cmocka_unit_test(a_resume_collects_what_is_under_way),
		cmocka_unit_test(another_provider_cannot_collect),
		cmocka_unit_test(a_cancel_ends_the_batch_there),
		cmocka_unit_test(a_stop_at_every_moment),
		cmocka_unit_test(a_cancel_at_every_moment),
		cmocka_unit_test(kills_send_and_pay_nothing_twice),
	};

	return cmocka_run_group_tests(tests, tree_setup, tree_teardown);
}
