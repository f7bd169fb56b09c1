// SPDX-License-Identifier: MIT
/* posted: a run whose tasks go through a provider's batches, with the scripted provider on the same
 * loop. */
#ifndef TEST_POSTED_H
#define TEST_POSTED_H

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

#endif
