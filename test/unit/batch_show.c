// SPDX-License-Identifier: MIT
/*
 * Plays a batch for a person's eyes: batch_show [FORMAT [TASKS [MS [DIRECTORY]]]]. Tasks run four
 * at a time, MS each; every seventh fails. Ctrl-C ends it as the command does.
 */
#include <setjmp.h>
#include <signal.h>

#include "fake_runner.h"
#include "io/loop.h"

enum { PARALLEL = 4 };

struct show {
	struct loop *loop;
	struct runner runner;
	struct batch_ui *ui;
	uint32_t next, ended;
	int64_t ms;
	const char *answer;
	bool is_stopped, is_over;
};

struct at_work {
	struct show *show;
	uint32_t task;
};

static void start_next(struct show *s);

static void end_one(void *self)
{
	struct at_work *w = self;
	struct show *s = w->show;

	if (s->is_stopped) {
		s->runner.states[w->task] = TASK_WAITING;
		fake_tell(&s->runner,
			(struct runner_event){.kind = RUNNER_GIVEN_BACK, .task = w->task});
	} else if (w->task % 7 == 6) {
		fake_end(&s->runner, w->task, TASK_FAILED, "429 too many requests");
	} else {
		fake_end(&s->runner, w->task, TASK_DONE, s->answer);
	}
	s->ended++;
	free(w);
	start_next(s);
	if (s->ended == s->next && !s->is_over) {
		s->is_over = true;
		fake_over(&s->runner);
	}
}

static void start_next(struct show *s)
{
	struct tool_run run = {.name = STR("bash"), .target = STR("make -j4 check \xe6\xbc\xa2")};

	while (!s->is_stopped && s->next < s->runner.tasks.items.n &&
		s->next - s->ended < PARALLEL) {
		struct at_work *w = must_alloc(1, sizeof *w);
		*w = (struct at_work){s, s->next};
		fake_start(&s->runner, s->next);
		fake_agent(
			&s->runner, s->next, (struct agent_event){.kind = AGENT_ASKS, .turn = 1});
		fake_agent(
			&s->runner, s->next, (struct agent_event){.kind = AGENT_TOOL, .run = &run});
		loop_after(s->loop, s->ms, end_one, w);
		s->next++;
	}
}

static void interrupted(void *self, int)
{
	struct show *s = self;

	if (s->is_stopped)
		return;
	s->is_stopped = true;
	err_set(&s->runner.stop, ERR_CANCELLED, "interrupted");
	fake_tell(&s->runner,
		(struct runner_event){.kind = RUNNER_STOPPED, .error = &s->runner.stop});
}

static const char *environment(const char *name)
{
	return getenv(name);
}

static int64_t number(char **words, int count, int at, int64_t otherwise)
{
	int64_t n;

	return count > at && str_int(str_from(words[at]), &n) ? n : otherwise;
}

int main(int count, char **words)
{
	AUTO(buf) list = {0};
	struct err e;
	struct show s = {.loop = loop_new(&e),
		.ms = number(words, count, 3, 300),
		.answer = "An **answer** of some words.\n\n- one\n- two\n"};
	struct batch_ui_options options = {
		.format = format_find(str_from(count > 1 ? words[1] : "text")),
		.directory = count > 4 ? words[4] : NULL,
		.environment = environment};

	for (int64_t i = number(words, count, 2, 40); i > 0; i--)
		buf_put_text(&list, "{\"prompt\": \"p\"}\n");
	if (!s.loop || !options.format || !loop_on_signal(s.loop, SIGINT, interrupted, &s, &e))
		return 2;
	fake_new(&s.runner, buf_str(&list));
	s.ui = s.runner.ui = batch_ui_new(s.loop, &options, &s.runner.tasks, "20261121-aaaa");
	batch_ui_begin(s.ui, &s.runner);
	start_next(&s);
	loop_run(s.loop, batch_ui_done(s.ui));
	bool is_good = batch_ui_end(s.ui, &e);
	batch_ui_free(s.ui);
	loop_free(s.loop);
	fake_release(&s.runner);
	return is_good ? 0 : 1;
}
