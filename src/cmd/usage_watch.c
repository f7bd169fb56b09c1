// SPDX-License-Identifier: MIT
/*
 * usage watch: what is going on, drawn again when it changed. What is new is looked for every few
 * seconds: with an index that takes some milliseconds.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "cmd/usage.h"
#include "io/loop.h"
#include "ui/full_screen.h"

enum { INTERVAL_S = 2, READER_MS = 1000, SESSIONS_MAX = 200 };

struct watching {
	struct usage_run *run;
	struct loop *loop;
	struct timer *next, *glance; /* at the reader of lines: whether it is there */
	struct watch *keys;
	struct full_screen screen;
	struct usage_now now;
	int64_t minute;
	uint64_t mark; /* of what now was worked out from */
	struct buf shown; /* what is on the screen, or the last line */
	int64_t interval_ms;
	bool is_full; /* a screen, not lines */
	bool is_done;
	int signal_number; /* that ended it */
	struct err *e;
	bool has_failed;
};

/* ---- what is going on ---- */

static int by_last(const void *a, const void *b)
{
	const struct usage_row *x = a, *y = b;

	return x->last_ms > y->last_ms ? -1 : x->last_ms < y->last_ms;
}

static void forget(struct watching *w)
{
	usage_rows_release(&w->now.today);
	usage_rows_release(&w->now.sessions);
	usage_blocks_release(&w->now.blocks);
	w->now = (struct usage_now){0};
}

static uint64_t mark_of(const struct usage_view *view, enum usage_mode mode)
{
	const struct usage_limits *limits = usage_limits(view);
	uint64_t mark = view->cell_count;

	for (size_t i = 0; i < view->cell_count; i++) {
		const struct usage_cell *cell = &view->cells[i];
		mark = mark * 31 + (uint64_t)cell->sum.answers;
		mark = mark * 31 + (uint64_t)usage_tokens_total(&cell->sum.tokens);
		mark = mark * 31 + (uint64_t)cell->sum.cost_nanousd[mode];
		mark = mark * 31 + (uint64_t)cell->last_ms;
	}
	for (size_t i = 0; i < limits->count; i++)
		mark = mark * 31 + (uint64_t)limits->list[i].told_ms;
	return mark;
}

/*
 * *is_new: there is something to work out. What depends on time changes once a minute. Only the
 * first time says why there is no index: later there is a screen in the way.
 */
static bool open_view(struct watching *w, bool *is_new)
{
	struct usage_run *u = w->run;
	int64_t minute = u->now_ms / 60'000;
	struct usage_view *view;

	*is_new = true;
	if (!u->view) {
		if (!usage_run_open(u, w->e))
			return false;
	} else {
		if (!usage_open(&u->wish, &view, w->e))
			return false;
		*is_new = minute != w->minute || mark_of(view, u->query.mode) != w->mark;
		usage_close(*is_new ? u->view : view);
		if (*is_new)
			u->look.view = u->view = view;
	}
	w->minute = minute;
	w->mark = mark_of(u->view, u->query.mode);
	return true;
}

static bool look(struct watching *w)
{
	struct usage_run *u = w->run;
	struct usage_query query = u->query;
	bool is_new;

	u->now_ms = clock_wall_ms();
	u->today = usage_zone_day(u->zone, u->now_ms);
	if (!open_view(w, &is_new))
		return false;
	if (!is_new)
		return true;
	forget(w);
	w->now.now_ms = u->now_ms;
	query.is_by_project = false;
	query.by = USAGE_BY_SESSION;
	query.limit = SESSIONS_MAX;
	usage_group(u->view, &query, &w->now.sessions);
	if (w->now.sessions.count > 1)
		qsort(w->now.sessions.list, w->now.sessions.count, sizeof *w->now.sessions.list,
			by_last);
	query.by = USAGE_BY_DAY;
	query.limit = 0;
	query.filter.since = query.filter.until = u->today;
	usage_group(u->view, &query, &w->now.today);
	/* As the report of blocks does: other assistants' plans have none. */
	if (u->wish.sources.n == 0) {
		uint32_t claude = usage_name_find(u->view, STR("claude"));
		u->blocks_of = claude ? claude : UINT32_MAX;
	}
	return usage_run_make_blocks(u, usage_run_active_from(u), &w->now.blocks, w->e);
}

/* ---- showing it ---- */

static void keep_shown(struct watching *w, const struct buf *text)
{
	buf_clear(&w->shown);
	buf_put_str(&w->shown, buf_str(text));
}

static void show_screen(struct watching *w)
{
	struct usage_run *u = w->run;
	size_t columns, rows;

	full_screen_size(&columns, &rows);
	/* The last cell stays free: what is cleared behind a full line would be its end. */
	u->look.columns = columns > 1 ? columns - 1 : columns;
	buf_clear(&u->out);
	usage_show_now(&u->look, &w->now, rows);
	if (!str_eq(buf_str(&u->out), buf_str(&w->shown)) &&
		full_screen_draw(&w->screen, buf_str(&u->out)))
		keep_shown(w, &u->out);
	buf_clear(&u->out);
}

static void show_line(struct watching *w)
{
	AUTO(buf) line = {0};
	AUTO(buf) time = {0};

	usage_put_now(&w->run->look, &w->now, &line);
	if (str_eq(buf_str(&line), buf_str(&w->shown)))
		return;
	keep_shown(w, &line);
	usage_zone_put(w->run->zone, w->now.now_ms, "%Y-%m-%d %H:%M:%S", &time);
	if (printf("%s  %s\n", buf_text(&time), buf_text(&line)) < 0 || fflush(stdout) != 0)
		w->is_done = true;
}

static void show(struct watching *w)
{
	if (w->is_full)
		show_screen(w);
	else
		show_line(w);
}

static void begin_screen(struct watching *w);

static void tick(void *self)
{
	struct watching *w = self;

	w->next = NULL;
	if (!look(w)) {
		w->has_failed = w->is_done = true;
		return;
	}
	if (w->is_full && !w->screen.is_on)
		begin_screen(w);
	show(w);
	w->next = loop_after(w->loop, w->interval_ms, tick, w);
}

/* Who read the lines may go away while nothing changes. */
static void look_for_reader(void *self)
{
	struct watching *w = self;
	struct pollfd out = {.fd = STDOUT_FILENO};

	w->glance = NULL;
	if (poll(&out, 1, 0) > 0 && out.revents & (POLLERR | POLLHUP | POLLNVAL))
		w->is_done = true;
	else
		w->glance = loop_after(w->loop, READER_MS, look_for_reader, w);
}

/* ---- keys and signals ---- */

static void on_keys(void *self)
{
	struct watching *w = self;
	char keys[64];
	ssize_t n = read(STDIN_FILENO, keys, sizeof keys);

	/* 0: the terminal has gone away. */
	if (n <= 0 || memchr(keys, 'q', (size_t)n) || memchr(keys, 'Q', (size_t)n))
		w->is_done = true;
}

static void begin_screen(struct watching *w)
{
	struct err ignored;

	buf_clear(&w->shown);
	if (!full_screen_begin(&w->screen, &ignored))
		w->is_done = true;
	else if (w->screen.has_keys && !w->keys)
		w->keys = loop_watch(w->loop, STDIN_FILENO, on_keys, w);
}

static void on_end(void *self, int number)
{
	struct watching *w = self;

	w->signal_number = number;
	w->is_done = true;
}

static void on_resize(void *self, int)
{
	struct watching *w = self;

	buf_clear(&w->shown);
	if (w->now.now_ms)
		show(w);
}

/* The shell gets its screen back while we are stopped. */
static void on_stop(void *self, int)
{
	struct watching *w = self;

	full_screen_end(&w->screen);
	(void)raise(SIGSTOP);
	begin_screen(w);
	on_resize(w, 0);
}

static bool take_signals(struct watching *w)
{
	if (!loop_on_signal(w->loop, SIGINT, on_end, w, w->e) ||
		!loop_on_signal(w->loop, SIGTERM, on_end, w, w->e))
		return false;
	return !w->is_full || (loop_on_signal(w->loop, SIGHUP, on_end, w, w->e) &&
				      loop_on_signal(w->loop, SIGWINCH, on_resize, w, w->e) &&
				      loop_on_signal(w->loop, SIGTSTP, on_stop, w, w->e));
}

/* ---- the report ---- */

static bool read_words(struct watching *w)
{
	const struct usage_run *u = w->run;
	int64_t seconds;

	if (!options_int(u->given, "interval", 1, INTERVAL_S, &seconds, w->e))
		return false;
	w->interval_ms = (seconds < 86400 ? seconds : 86400) * 1000;
	return true;
}

static const char *get_environment(const char *name)
{
	return getenv(name);
}

static int run(struct watching *w)
{
	w->loop = loop_new(w->e);
	if (!w->loop || !take_signals(w))
		return EXIT_TASK_FAILED;
	tick(w);
	if (!w->is_full)
		look_for_reader(w);
	loop_run(w->loop, &w->is_done);
	if (w->has_failed)
		return w->e->code == ERR_USAGE ? EXIT_USAGE : EXIT_TASK_FAILED;
	return w->signal_number == SIGINT    ? EXIT_INTERRUPTED
	       : w->signal_number == SIGTERM ? EXIT_TERMINATED
					     : EXIT_DONE;
}

int usage_run_watch(struct usage_run *u, struct err *e)
{
	struct watching w = {.run = u, .e = e};

	if (!read_words(&w))
		return EXIT_USAGE;
	w.is_full = full_screen_is_possible(get_environment);
	int status = run(&w);
	full_screen_end(&w.screen);
	timer_cancel(w.next);
	timer_cancel(w.glance);
	watch_cancel(w.keys);
	loop_free(w.loop);
	forget(&w);
	buf_release(&w.shown);
	buf_clear(&u->out);
	return status;
}
