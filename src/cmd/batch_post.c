// SPDX-License-Identifier: MIT
/* batch: --batch-api: what does not go with it, and what is said of batches that are under way. */
#include <stdio.h>
#include <string.h>

#include "cmd/batch.h"

/* Time to think again after the first interrupt. */
enum { GRACE_MS = 3'000, POLL_MAX_S = 3600 };

/* Typed for this run, and without a meaning for one question that a provider answers some day. */
static const struct {
	const char *option, *why;
} strangers[] = {
	{"fallback", "a batch lies with one provider"},
	{"isolate", "tasks have no tools, and change nothing"},
	{"queue", "the provider works on the tasks"},
	{"image", "images do not go into batches"},
	{"task-timeout", "the provider has a day"},
};

static bool check_options(const struct batch *b, struct err *e)
{
	for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
		if (options_has(&b->typed, strangers[i].option))
			return err_set(e, ERR_USAGE, "--%s does not go with --batch-api: %s",
				strangers[i].option, strangers[i].why);
	return true;
}

static bool check_task(struct batch *b, const struct task *task, struct err *e)
{
	const struct route *own = task->model.p ? batch_route(b, task->model, e) : &b->run.route;

	if (!own)
		return false;
	if (!str_eq(own->name, b->run.route.name))
		return err_set(e, ERR_USAGE,
			"%s %zu has a model of its own, %.*s: with --batch-api all tasks have the "
			"same",
			b->tasks.unit, task->line, STR_ARG(own->name));
	return !task->timeout_s || err_set(e, ERR_USAGE,
					   "%s %zu has a timeout, which does not go with "
					   "--batch-api: the provider has a day",
					   b->tasks.unit, task->line);
}

static bool read_poll(struct batch *b, struct err *e)
{
	int64_t poll_s;

	if (!options_int(&b->run.given, "batch-poll", 1, 0, &poll_s, e))
		return false;
	if (poll_s > POLL_MAX_S)
		return err_set(
			e, ERR_USAGE, "option --batch-poll: more than %d seconds", POLL_MAX_S);
	b->post.poll_first_ms = b->post.poll_max_ms = poll_s * 1'000;
	return true;
}

static bool check_only(const struct batch *b, struct err *e)
{
	if (!b->options.only || !b->past.parcels.n)
		return true;
	return err_set(e, ERR_USAGE,
		"tasks of this run are in %zu batch%s with %.*s: --only could send one of them a "
		"second time; fettle batch --resume %s collects them first",
		b->past.parcels.n, b->past.parcels.n == 1 ? "" : "es",
		STR_ARG(b->past.parcels.p[0].provider), b->name);
}

bool batch_check_post(struct batch *b, struct err *e)
{
	/* Whatever is typed now: what a provider has must not be sent to another one. */
	b->is_posted = options_has(&b->run.given, "batch-api") || b->past.parcels.n;
	if (!b->is_posted)
		return !options_has(&b->typed, "batch-poll") ||
		       err_set(e, ERR_USAGE, "--batch-poll needs --batch-api");
	if (!check_only(b, e) || !check_options(b, e) || !read_poll(b, e))
		return false;
	if (!batches_are_there(&b->run.route, e))
		return err_context(e, "--batch-api");
	vec_each (&b->tasks.items, task)
		if (!check_task(b, task, e))
			return false;
	return true;
}

void batch_drop_tools(struct batch *b)
{
	static const struct str none[1];
	struct err e;

	must(agent_context_keep_tools(&b->run.context, none, 0, &e));
}

/* ---- what is under way ---- */

static void say(struct batch *b, const struct post_news *news, const char *what)
{
	AUTO(buf) text = {0};

	buf_printf(&text, "batch %.*s is %s %.*s: %zu request%s", STR_ARG(news->batch), what,
		STR_ARG(b->run.route.provider), news->requests, news->requests == 1 ? "" : "s");
	batch_ui_note(b->ui, buf_str(&text));
}

static void say_trouble(struct batch *b, const struct post_news *news)
{
	AUTO(buf) text = {0};

	if (news->batch.n)
		buf_printf(&text, "batch %.*s: ", STR_ARG(news->batch));
	buf_put_text(&text, news->trouble);
	batch_ui_note(b->ui, buf_str(&text));
}

static void show_wait(struct batch *b, const struct post_news *news)
{
	AUTO(buf) text = {0};

	buf_printf(&text, "for batch %.*s", STR_ARG(news->batch));
	if (news->finished >= 0)
		buf_printf(&text, ": %lld of %zu requests finished", (long long)news->finished,
			news->requests);
	batch_ui_wait(b->ui, buf_str(&text));
}

static void on_news(void *self, const struct post_news *news)
{
	struct batch *b = self;

	switch (news->kind) {
	case POST_SENT:
		say(b, news, "handed in with");
		show_wait(b, news);
		break;
	case POST_FOUND_AGAIN:
		say(b, news, "found again with");
		show_wait(b, news);
		break;
	case POST_UNDER_WAY: show_wait(b, news); break;
	case POST_ENDED: batch_ui_wait(b->ui, (struct str){0}); break;
	case POST_TROUBLE: say_trouble(b, news); break;
	}
}

void batch_fill_post(struct batch *b)
{
	if (!b->is_posted)
		return;
	b->post.news = on_news;
	b->options.post = &b->post;
}

void batch_tell_under_way(struct batch *b)
{
	size_t count = runner_under_way(b->runner);
	AUTO(buf) text = {0};

	if (!count)
		return;
	buf_printf(&text,
		"%zu batch%s with %.*s, which goes on with %s; to collect what comes of %s: fettle "
		"batch --resume %s",
		count, count == 1 ? " is left" : "es are left", STR_ARG(b->run.route.provider),
		count == 1 ? "it" : "them", count == 1 ? "it" : "them", b->name);
	batch_ui_note(b->ui, buf_str(&text));
}

/* ---- signals ---- */

static void leave(void *self)
{
	struct batch *b = self;

	b->grace = NULL;
	runner_cancel(b->runner, runner_stop_reason(b->runner));
}

void batch_interrupt_post(struct batch *b, bool is_first)
{
	struct err why;

	err_set(&why, ERR_CANCELLED, "interrupted");
	timer_cancel(b->grace);
	b->grace = NULL;
	if (is_first) {
		runner_stop(b->runner, &why);
		batch_ui_note(b->ui,
			STR("what is under way stays with the provider; Ctrl-C within 3 seconds "
			    "cancels it there"));
		b->grace = loop_after(b->run.loop, GRACE_MS, leave, b);
	} else {
		runner_call_off(b->runner, &why);
		batch_ui_note(b->ui,
			STR("the provider is told to cancel; what it has answered is collected"));
	}
}
