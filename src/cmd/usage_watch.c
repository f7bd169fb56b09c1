// SPDX-License-Identifier: MIT
/*
 * usage watch: what is going on, drawn again when it changed. What is new is looked for every few
 * seconds: with an index that takes some milliseconds.
 */
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

enum { INTERVAL_S = 2, SESSIONS_MAX = 200 };
static const int64_t day_ms = 86'400'000;

struct watching {
	struct usage_run *run;
	struct loop *loop;
	struct timer *next;
	struct watch *keys;
	struct full_screen screen;
	struct usage_now now;
	struct buf shown; /* what is on the screen, or the last line */
	int64_t interval_ms;
	bool is_full; /* a screen, not lines */
	bool is_done;
	int signal_number; /* that ended it */
	struct err *e;
	bool has_failed;
};

/* ---- the block that is on ---- */

struct gathering {
	struct usage_sieve sieve;
	uint32_t source; /* 0 any */
	enum usage_mode mode;
	VEC(struct usage_moment) moments;
};

static bool gather(void *self, const struct usage_entry *entry)
{
	struct gathering *g = self;

	if ((!g->source || entry->source == g->source) &&
		usage_sieve_passes(&g->sieve, entry->project, entry->model, entry->provider))
		vec_push(&g->moments, usage_moment_of(entry, g->mode));
	return true;
}

static bool make_blocks(struct watching *w, int64_t since_ms, struct usage_blocks *out)
{
	struct usage_run *u = w->run;
	struct gathering g = {.mode = u->query.mode};
	struct usage_block_rules rules = {.length_ms = (int64_t)USAGE_BLOCK_HOURS * 3'600'000,
		.now_ms = u->now_ms,
		.span_ms = USAGE_BLOCK_SPAN_MS};
	AUTO(arena) arena = {0};

	/* As the report of blocks does: other assistants' plans have none. */
	if (u->wish.sources.n == 0)
		g.source = usage_name_find(u->view, STR("claude"));
	usage_sieve_begin(&g.sieve, u->view, &u->query.filter, &arena);
	bool is_good = usage_each(u->view, since_ms, INT64_MAX, gather, &g, w->e);
	if (is_good)
		usage_blocks_make(g.moments.p, g.moments.n, &rules, out);
	vec_release(&g.moments);
	return is_good;
}

/* Where a block begins depends on those before it, up to five hours without any. */
static bool is_certain(const struct usage_blocks *blocks, int64_t since_ms)
{
	const int64_t length = (int64_t)USAGE_BLOCK_HOURS * 3'600'000;

	if (blocks->count == 0 || blocks->list[0].first_ms - since_ms > length)
		return true;
	for (size_t i = 0; i < blocks->count; i++)
		if (blocks->list[i].is_gap)
			return true;
	return false;
}

static bool find_blocks(struct watching *w)
{
	const struct usage_view *view = w->run->view;
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < view->cell_count; i++)
		first = view->cells[i].first_ms < first ? view->cells[i].first_ms : first;
	for (int64_t days = 2;; days *= 8) {
		int64_t since = days > 10000 ? INT64_MIN : w->run->now_ms - days * day_ms;
		if (!make_blocks(w, since, &w->now.blocks))
			return false;
		if (since <= first || is_certain(&w->now.blocks, since))
			return true;
		usage_blocks_release(&w->now.blocks);
	}
}

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

/* Only the first time says why there is no index: later there is a screen in the way. */
static bool open_view(struct watching *w)
{
	struct usage_run *u = w->run;
	struct usage_view *view;

	if (!u->view)
		return usage_run_open(u, w->e);
	if (!usage_open(&u->wish, &view, w->e))
		return false;
	usage_close(u->view);
	u->look.view = u->view = view;
	return true;
}

static bool look(struct watching *w)
{
	struct usage_run *u = w->run;
	struct usage_query query = u->query;

	u->now_ms = clock_wall_ms();
	u->today = usage_zone_day(u->zone, u->now_ms);
	if (!open_view(w))
		return false;
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
	return find_blocks(w);
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
	u->look.columns = columns;
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
	static const char *const alien[] = {"json", "csv", "since", "until", "last"};
	const struct usage_run *u = w->run;
	int64_t seconds;

	for (size_t i = 0; i < sizeof alien / sizeof *alien; i++)
		if (options_has(u->given, alien[i]))
			return err_set(w->e, ERR_USAGE, "usage watch has no --%s", alien[i]);
	if (u->wish.is_compat)
		return err_set(w->e, ERR_USAGE, "usage watch has no --compat");
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
	loop_run(w->loop, &w->is_done);
	if (w->has_failed)
		return EXIT_TASK_FAILED;
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
	watch_cancel(w.keys);
	loop_free(w.loop);
	forget(&w);
	buf_release(&w.shown);
	buf_clear(&u->out);
	return status;
}
