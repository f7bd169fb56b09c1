// SPDX-License-Identifier: MIT
/* Tasks by a provider's batches, with the scripted provider on the same loop: each is asked and
 * told once, whatever breaks. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/json.h"
#include "batch/post.h"
#include "cmd/mock.h"
#include "tree.h"

enum { TASKS_MOST = 200 };

struct stage {
	struct loop *loop;
	struct http_client *http;
	struct mock *mock;
	struct call_world world;
	struct arena arena;
	struct route route;
	struct tasks tasks;
	struct run_past past;
	struct journal_writer *journal;
	struct schedule *schedule;
	struct schedule_options rules;
	struct post_options options;
	struct post *post;
	char run[RUN_NAME_BYTES];
	char url[64];
	int log_fd;
	/* What came of it. */
	bool is_done;
	struct err error;
	size_t under_way;
	int done[TASKS_MOST], failed[TASKS_MOST], final[TASKS_MOST], skipped[TASKS_MOST];
	bool is_held[TASKS_MOST]; /* admitted, and neither told nor given back */
	int asked, released, started[TASKS_MOST];
	enum post_word (*decide)(struct stage *s, uint32_t task); /* NULL: all may go */
	struct buf texts[TASKS_MOST];
	char class[TASKS_MOST][20];
	int64_t cost_nanousd;
	int sent, found, ended, troubles;
	void (*on_news)(struct stage *s, const struct post_news *news);
	/* At the callback of this number it is stopped, or cancelled; 0 never. */
	int stops_at, cancels_at, finishes_at, calls;
};

static void count_call(struct stage *s)
{
	s->calls++;
	if (s->calls == s->stops_at)
		post_stop(s->post);
	if (s->calls == s->cancels_at)
		post_cancel(s->post);
	if (s->calls == s->finishes_at)
		post_finish(s->post);
}

static const char *no_environment(const char *)
{
	return NULL;
}

static void route_to(struct stage *s, const char *model)
{
	struct route_wish wish = {model, s->url, no_environment, NULL};
	struct err e = {0};

	if (!route_choose(&wish, &s->arena, &s->route, &e))
		fail_msg("%s", e.text);
}

static void open_stage(struct stage *s, const char *model, const char *script)
{
	struct err e = {0};
	int port = 0;

	*s = (struct stage){.rules = {.max_retries = 2}};
	tree_new();
	s->log_fd = memfd_create("log", MFD_CLOEXEC);
	s->loop = loop_new(&e);
	s->http = http_client_new(s->loop);
	if (!mock_start(s->loop, str_from(script), "script", 0, s->log_fd, &s->mock, &port, &e))
		fail_msg("%s", e.text);
	snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", port);
	s->world = (struct call_world){s->loop, s->http, {2, 1'000}, NULL};
	route_to(s, model);
	s->options = (struct post_options){.poll_first_ms = 1, .poll_max_ms = 8};
}

static void close_run(struct stage *s)
{
	schedule_free(s->schedule);
	journal_free(s->journal);
	tasks_release(&s->tasks);
	run_past_release(&s->past);
	s->schedule = NULL;
	s->journal = NULL;
}

static void close_stage(struct stage *s)
{
	close_run(s);
	http_client_free(s->http);
	mock_free(s->mock);
	loop_free(s->loop);
	arena_release(&s->arena);
	close(s->log_fd);
	for (size_t i = 0; i < TASKS_MOST; i++)
		buf_release(&s->texts[i]);
}

/* ---- the driver's other side ---- */

static struct block question;
static struct message message = {ROLE_USER, &question, 1};

static bool find_result(void *self, struct str id, struct buf *out)
{
	struct stage *s = self;

	for (size_t i = 0; i < s->tasks.items.n; i++)
		if (str_eq(s->tasks.items.p[i].id, id))
			buf_put_str(out, buf_str(&s->texts[i]));
	return true;
}

static bool give_prompt(void *self, uint32_t task, struct prompt *out, struct err *e)
{
	struct stage *s = self;
	AUTO(buf) text = {0};

	count_call(s);
	if (str_is(s->tasks.items.p[task].prompt, "unaskable"))
		return err_set(e, ERR_NOT_FOUND, "no such file");
	assert_true(task_fill(
		&s->tasks.items.p[task], s->tasks.items.p[task].prompt, find_result, s, &text, e));
	question = (struct block){BLOCK_TEXT, .text = arena_copy(&s->arena, buf_str(&text))};
	*out = (struct prompt){.messages = &message,
		.message_count = 1,
		.system = STR("be brief"),
		.max_output_tokens = 100,
		.stream = true};
	return true;
}

/* What is told stands in the journal, there. */
static void check_line(
	struct stage *s, const char *word, uint32_t task, const struct post_line *line)
{
	struct err e = {0};
	char start[40], found[40] = {0};
	AUTO_FD fd = journal_open(tree_root, s->run, &e);

	snprintf(start, sizeof start, "{\"%s\":%u,", word, (unsigned)task);
	assert_true(line->length > strlen(start));
	assert_int_equal(pread(fd, found, strlen(start), (off_t)line->offset), strlen(start));
	assert_string_equal(found, start);
	assert_int_equal(pread(fd, found, 2, (off_t)(line->offset + line->length - 1)), 2);
	assert_memory_equal(found, "}\n", 2);
}

static enum post_word take_request(
	void *self, uint32_t task, const struct prompt *prompt, size_t size_bytes, struct err *e)
{
	struct stage *s = self;

	count_call(s);
	s->asked++;
	assert_true(prompt->message_count == 1 && size_bytes > 20);
	assert_false(s->is_held[task]);
	enum post_word word = s->decide ? s->decide(s, task) : POST_GO;
	if (word == POST_NEVER)
		err_set(e, ERR_BUDGET, "too dear");
	s->is_held[task] = word == POST_GO;
	return word;
}

static void take_back(void *self, uint32_t task)
{
	struct stage *s = self;

	s->released++;
	s->is_held[task] = false;
}

static void take_start(void *self, uint32_t task, int attempt)
{
	struct stage *s = self;

	count_call(s);
	assert_true(attempt > 0);
	s->started[task]++;
}

static void take_outcome(void *self, uint32_t task, const struct post_outcome *outcome)
{
	struct stage *s = self;

	count_call(s);
	check_line(s, outcome->is_done ? "done" : "failed", task, &outcome->line);
	s->is_held[task] = false;
	s->done[task] += outcome->is_done;
	s->failed[task] += !outcome->is_done;
	s->final[task] += outcome->is_final;
	if (outcome->usage.cost_nanousd > 0)
		s->cost_nanousd += outcome->usage.cost_nanousd;
	if (outcome->is_done)
		buf_put_str(&s->texts[task], outcome->result);
	else
		snprintf(s->class[task], sizeof s->class[task], "%s", outcome->class);
}

static void take_skipped(void *self, uint32_t task, uint32_t, const struct post_line *line)
{
	check_line(self, "skipped", task, line);
	((struct stage *)self)->skipped[task]++;
}

static void take_news(void *self, const struct post_news *news)
{
	struct stage *s = self;

	s->sent += news->kind == POST_SENT;
	s->found += news->kind == POST_FOUND_AGAIN;
	s->ended += news->kind == POST_ENDED;
	s->troubles += news->kind == POST_TROUBLE;
	count_call(s);
	if (s->on_news)
		s->on_news(s, news);
}

static void take_end(void *self, const struct err *e, size_t under_way)
{
	struct stage *s = self;

	assert_false(s->is_done);
	s->is_done = true;
	s->post = NULL;
	s->under_way = under_way;
	if (e)
		s->error = *e;
}

static const struct post_sink sink = {.prompt = give_prompt,
	.outcome = take_outcome,
	.skipped = take_skipped,
	.news = take_news,
	.end = take_end,
	.admit = take_request,
	.released = take_back,
	.started = take_start};

/* ---- runs ---- */

static void start(struct stage *s, const struct run_past *past)
{
	enum task_state earlier[TASKS_MOST] = {0};
	struct post_sink own = sink;

	for (size_t i = 0; past && i < past->head.task_count; i++)
		earlier[i] = past->tasks[i].state;
	own.self = s;
	s->schedule = schedule_new(&s->tasks, &s->rules, past ? earlier : NULL);
	s->options.world = &s->world;
	s->options.route = &s->route;
	s->options.journal = s->journal;
	s->options.schedule = s->schedule;
	s->options.past = past;
	s->options.task_count = s->tasks.items.n;
	memset(s->is_held, 0, sizeof s->is_held);
	s->is_done = false;
	s->error = (struct err){0};
	s->post = post_start(&s->options, &own);
}

static void begin(struct stage *s, const char *jsonl)
{
	struct err e = {0};

	tasks_read_jsonl(&s->tasks, str_from(jsonl));
	if (!tasks_finish(&s->tasks, false, &e))
		fail_msg("%s", e.text);
	s->journal = journal_begin(tree_root, &s->tasks, STR("{}"), &e);
	if (!s->journal)
		fail_msg("%s", e.text);
	snprintf(s->run, sizeof s->run, "%s", journal_run(s->journal));
	start(s, NULL);
}

static void begin_many(struct stage *s, int count)
{
	AUTO(buf) list = {0};

	for (int i = 0; i < count; i++)
		buf_printf(&list, "{\"prompt\":\"number %d.\"}\n", i);
	begin(s, buf_text(&list));
}

static void resume(struct stage *s)
{
	struct err e = {0};

	close_run(s);
	s->journal = journal_resume(tree_root, s->run, &s->tasks, &s->past, &e);
	if (!s->journal)
		fail_msg("%s", e.text);
	start(s, &s->past);
}

static void run_on(struct stage *s)
{
	loop_run(s->loop, &s->is_done);
}

/* What the journal knows is what was told, and no batch is left in it. */
static void check_journal(struct stage *s)
{
	AUTO(run_past) past = {0};
	struct err e = {0};

	if (!journal_look(tree_root, s->run, NULL, &past, &e))
		fail_msg("%s", e.text);
	assert_int_equal(past.bad_lines + past.doubled, 0);
	assert_int_equal(past.parcels.n, 0);
	for (size_t i = 0; i < past.head.task_count; i++) {
		assert_true(s->done[i] <= 1 && s->final[i] <= 1);
		assert_int_equal(s->done[i], past.tasks[i].state == TASK_DONE);
	}
}

/* How often something was asked for by a path that ends so. */
static int count_asked(struct stage *s, const char *method, const char *ending)
{
	AUTO(buf) log = {0};
	AUTO(buf) words = {0};
	struct err e;
	struct str rest, line;
	int count = 0;

	lseek(s->log_fd, 0, SEEK_SET);
	assert_true(file_read_fd(s->log_fd, "log", (size_t)1 << 30, &log, &e));
	buf_printf(&words, "\"method\":\"%s\",\"path\":\"", method);
	rest = buf_str(&log);
	while (str_split(&rest, '\n', &line)) {
		size_t at = str_find(line, buf_str(&words), 0);
		if (at == SIZE_MAX)
			continue;
		struct str path = str_skip(line, at + words.n);
		path = str_head(path, str_find_char(path, '"', 0));
		count += str_ends(path, str_from(ending));
	}
	return count;
}

#define FINE "{\"times\":0,\"reply\":{\"text\":\"fine\"}}"

static const char *const models[] = {
	"anthropic/claude-opus-5", "openai/gpt-5.4", "responses/gpt-5.4"};

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

/* ---- what may go ---- */

static int count_held(const struct stage *s)
{
	int count = 0;

	for (size_t i = 0; i < s->tasks.items.n; i++)
		count += s->is_held[i];
	return count;
}

/* There is room for three at a time. */
static enum post_word three_at_a_time(struct stage *s, uint32_t)
{
	return count_held(s) < 3 ? POST_GO : POST_LATER;
}

static void what_does_not_fit_goes_later(void **)
{
	struct stage s;

	open_stage(&s, models[1], "{\"batches\":{\"polls\":1},\"replies\":[" FINE "]}");
	s.decide = three_at_a_time;
	begin_many(&s, 8);
	run_on(&s);
	assert_string_equal(s.error.text, "");
	for (int t = 0; t < 8; t++) {
		assert_int_equal(s.done[t], 1);
		assert_int_equal(s.started[t], 1);
	}
	assert_int_equal(s.sent, 3);
	assert_int_equal(count_held(&s), 0);
	check_journal(&s);
	close_stage(&s);
}

static enum post_word enough_at_four(struct stage *, uint32_t task)
{
	return task == 1 ? POST_NEVER : task < 4 ? POST_GO : POST_ENOUGH;
}

static void what_never_fits_ends_it(void **)
{
	struct stage s;

	open_stage(&s, models[0], "{\"batches\":{\"polls\":1},\"replies\":[" FINE "]}");
	s.decide = enough_at_four;
	begin_many(&s, 8);
	run_on(&s);
	assert_string_equal(s.error.text, "");
	for (int t = 0; t < 8; t++)
		assert_int_equal(s.done[t], t < 4 && t != 1);
	assert_string_equal(s.class[1], "budget");
	assert_int_equal(s.asked, 5);
	assert_int_equal(s.sent, 1);
	assert_int_equal(count_held(&s), 0);
	check_journal(&s);
	s.decide = NULL;
	resume(&s);
	run_on(&s);
	for (int t = 4; t < 8; t++)
		assert_int_equal(s.done[t], 1);
	close_stage(&s);
}

/* Nothing more goes out, what is there is collected, and what was admitted for more is given back.
 */
static void a_finish_at_every_moment(void **)
{
	for (int at = 1;; at++) {
		struct stage s;
		open_stage(
			&s, models[at % 3], "{\"batches\":{\"polls\":2},\"replies\":[" FINE "]}");
		s.options.requests_max = 4;
		s.finishes_at = at;
		begin_many(&s, 10);
		run_on(&s);
		bool was_reached = s.calls >= at;
		assert_string_equal(s.error.text, "");
		assert_int_equal(s.under_way, 0);
		assert_int_equal(count_held(&s), 0);
		check_journal(&s);
		s.finishes_at = 0;
		resume(&s);
		run_on(&s);
		for (int t = 0; t < 10; t++)
			assert_int_equal(s.done[t], 1);
		close_stage(&s);
		if (!was_reached)
			return;
	}
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
		cmocka_unit_test(what_does_not_fit_goes_later),
		cmocka_unit_test(what_never_fits_ends_it),
		cmocka_unit_test(a_finish_at_every_moment),
		cmocka_unit_test(kills_send_and_pay_nothing_twice),
	};

	return cmocka_run_group_tests(tests, tree_setup, tree_teardown);
}
