// SPDX-License-Identifier: MIT
/*
 * batch_live: what a batch is doing, in some lines at the bottom of the terminal, drawn over and
 * over. The cursor always stands behind them, so that whatever ends the program leaves a terminal
 * that is right. Times and estimates are reckoned only when they are drawn.
 */
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "ui/batch_inside.h"

/* Drawn at most so often; without news once a second, as ages grow. */
enum { DRAW_MS = 100, TICK_MS = 1000 };
/* A program behind a pipe may write to the same terminal: it gets this time. */
enum { PIPE_MS = 250, PIPE_MAX_MS = 1000 };
enum { BAR_MAX_CELLS = 30, BAR_MIN_CELLS = 10, ID_CELLS = 28, LINES_MAX = 100 };
/* A provider may have a hundred thousand, of which nobody sees more than these. */
enum { WORKS_MAX = 1000 };

static const int64_t second = 1'000'000'000;

/* ---- the rate ---- */

static void rate_advance(struct batch_rate *r, int64_t now)
{
	int64_t slot = (now - r->begun) / (RATE_SLOT_S * second);

	if (slot - r->slot >= RATE_SLOTS)
		r->slot = slot - RATE_SLOTS;
	while (r->slot < slot)
		r->counts[++r->slot % RATE_SLOTS] = 0;
}

static void rate_add(struct batch_rate *r, int64_t now)
{
	if (!r->begun)
		r->begun = now;
	rate_advance(r, now);
	r->counts[r->slot % RATE_SLOTS]++;
}

/* Tasks a second in the last three minutes; 0: none has ended. */
static double rate_now(struct batch_rate *r, int64_t now)
{
	int64_t span = now - r->begun, sum = 0;
	int64_t longest = (RATE_SLOTS - 1) * RATE_SLOT_S * second + span % (RATE_SLOT_S * second);

	if (!r->begun)
		return 0;
	rate_advance(r, now);
	for (size_t i = 0; i < RATE_SLOTS; i++)
		sum += r->counts[i];
	span = span < longest ? span : longest;
	return (double)sum * 1e9 / (double)(span > second ? span : second);
}

/* ---- what the lines say ---- */

static void put_bar(struct buf *line, const struct batch_ui *b, size_t columns)
{
	size_t cells = columns > 90 ? BAR_MAX_CELLS : columns / 3;
	size_t total = b->tasks->items.n;
	size_t full = 0;

	if (cells < BAR_MIN_CELLS)
		return;
	full = (size_t)((double)b->ended_count / (double)total * (double)cells);
	buf_put_char(line, '[');
	for (size_t i = 0; i < cells; i++)
		buf_put_char(line, i < full ? '=' : i == full ? '>' : ' ');
	buf_put_text(line, "] ");
}

static void put_counts(struct buf *line, const struct batch_ui *b)
{
	const struct runner *r = b->runner;
	size_t failed = runner_count(r, TASK_FAILED), skipped = runner_count(r, TASK_SKIPPED);
	size_t paused = runner_count(r, TASK_PAUSED);
	size_t waiting = batch_unfinished(b), running = runner_count(r, TASK_RUNNING);

	running = running > b->works.n ? running : b->works.n;
	waiting = waiting > running ? waiting - running : 0;
	buf_printf(line, "%zu/%zu done, %zu running, %zu waiting", runner_count(r, TASK_DONE),
		b->tasks->items.n, running, waiting);
	if (paused)
		buf_printf(line, " (%zu to try again)", paused);
	if (failed)
		buf_printf(line, ", %zu failed", failed);
	if (skipped)
		buf_printf(line, ", %zu skipped", skipped);
}

static void put_pace(struct buf *line, struct batch_ui *b, int64_t now)
{
	double rate = rate_now(&b->rate, now);
	size_t left = batch_unfinished(b);

	if (rate > 0)
		buf_printf(line, "%.*f tasks/min, ", rate * 60 < 10 ? 1 : 0, rate * 60);
	batch_put_spent(line, runner_spent(b->runner));
	if (rate > 0 && left && !b->why_stopped.p) {
		buf_put_text(line, ", about ");
		batch_put_time(line, (int64_t)((double)left / rate + 0.5) * second);
		buf_put_text(line, " left");
	}
}

static void put_work(struct buf *line, const struct batch_ui *b, size_t i, int64_t now)
{
	const struct batch_work *w = &b->works.p[i];

	buf_put_text(line, "  ");
	view_put_cells(line, batch_task(b, w->task)->id, ID_CELLS);
	buf_put_text(line, "  ");
	batch_put_time(line, (now - w->since) / second * second);
	if (w->turn)
		buf_printf(line, "  turn %d", w->turn);
	if (*w->doing)
		buf_printf(line, "  %s", w->doing);
}

/* Why there is less going on than there could be. */
static struct str reason(const struct batch_ui *b, const char **what)
{
	*what = b->why_stuck.p ? "stuck" : b->why_stopped.p ? "stopping" : "waiting";
	return b->why_stuck.p ? b->why_stuck : b->why_stopped.p ? b->why_stopped : b->why_waiting;
}

static void end_line(struct buf *out, struct buf *line, size_t columns)
{
	utf8_put_line(out, buf_str(line), columns);
	buf_put_char(out, '\n');
	buf_clear(line);
}

void batch_live_put(struct batch_ui *b, struct buf *out, size_t columns, size_t lines, int64_t now)
{
	AUTO(buf) line = {0};
	const char *what;
	struct str why = reason(b, &what);
	size_t room = lines;

	put_bar(&line, b, columns);
	put_counts(&line, b);
	end_line(out, &line, columns);
	if (--room == 0)
		return;
	put_pace(&line, b, now);
	end_line(out, &line, columns);
	if (--room && why.p) {
		buf_printf(&line, "%s: %.*s", what, STR_ARG(why));
		end_line(out, &line, columns);
		room--;
	}
	for (size_t i = 0; i < b->works.n && room; i++, room--) {
		if (room == 1 && b->works.n - i > 1)
			buf_printf(&line, "  and %zu more", b->works.n - i);
		else
			put_work(&line, b, i, now);
		end_line(out, &line, columns);
	}
}

/* ---- drawing ---- */

/* The rows that the lines take now: a terminal that became narrower has broken them. */
static size_t drawn_rows(const struct batch_ui *b, size_t columns)
{
	size_t rows = 0;

	vec_each (&b->drawn, cells)
		rows += *cells ? (*cells + columns - 1) / columns : 1;
	return rows;
}

/* Up to the first of them; beyond the top of the screen nothing can be reached. */
static void put_return(struct buf *out, const struct batch_ui *b, size_t columns, size_t rows)
{
	size_t up = drawn_rows(b, columns);

	up = up < rows ? up : rows - 1;
	buf_put_char(out, '\r');
	if (up)
		buf_printf(out, "\x1b[%zuA", up);
}

static void wipe(void *self)
{
	struct batch_ui *b = self;
	AUTO(buf) out = {0};
	size_t columns, rows;

	b->wiped_at = clock_ns();
	if (!b->drawn.n)
		return;
	view_screen(STDERR_FILENO, &columns, &rows);
	put_return(&out, b, columns, rows);
	/* Where all of the screen is erased at once, terminals keep it as history. */
	buf_put_text(&out, "\x1b[K\n\x1b[J\x1b[A");
	b->drawn.n = 0;
	view_write_stderr(b->ui, buf_str(&out));
	batch_live_touch(b);
}

/* Each line written over what was there, and cleared behind: the other way round it flickers. */
static void put_screen(struct buf *out, struct batch_ui *b, struct str lines)
{
	struct str line;

	b->drawn.n = 0;
	for (size_t i = 0; str_split(&lines, '\n', &line) && lines.p; i++) {
		buf_printf(out, "%s%.*s%s\x1b[K\n", view_colour(b->ui, i ? "\x1b[2m" : "\x1b[1m"),
			STR_ARG(line), view_colour(b->ui, "\x1b[0m"));
		vec_push(&b->drawn, (uint16_t)view_cells(line));
	}
	buf_put_text(out, "\x1b[J");
}

/* Whether what was written to stdout may still come to this terminal. */
static bool must_wait(const struct batch_ui *b, int64_t now)
{
	const struct ui *ui = b->ui;

	if (!file_wait_writable(STDERR_FILENO, 0))
		return true;
	if (ui->stdout_is_stored)
		return false;
	if (ui->is_mid_line || !ui->is_drained)
		return true;
	return !ui->stdout_is_terminal && b->wiped_at &&
	       now - b->wiped_at < PIPE_MS * (second / 1000) &&
	       now - b->drawn_at < PIPE_MAX_MS * (second / 1000);
}

static void draw_now(void *self);

static void draw_after(struct batch_ui *b, int64_t delay_ms)
{
	timer_cancel(b->draw);
	b->draw = loop_after(b->loop, delay_ms, draw_now, b);
	b->draw_is_soon = delay_ms < TICK_MS;
}

static void draw_now(void *self)
{
	struct batch_ui *b = self;
	AUTO(buf) lines = {0};
	AUTO(buf) out = {0};
	size_t columns, rows;
	int64_t now = clock_ns();

	b->draw = NULL;
	if (must_wait(b, now)) {
		draw_after(b, DRAW_MS);
		return;
	}
	view_screen(STDERR_FILENO, &columns, &rows);
	/* The last cell stays free: some terminals wrap when it is written. */
	if (rows > 2 && columns > 10) {
		size_t most = rows / 2 < LINES_MAX ? rows / 2 : LINES_MAX;
		batch_live_put(b, &lines, columns - 1, most, now);
		buf_put_text(&out, "\x1b[?2026h");
		put_return(&out, b, columns, rows);
		put_screen(&out, b, buf_str(&lines));
		buf_put_text(&out, "\x1b[?2026l");
		view_write_stderr(b->ui, buf_str(&out));
	}
	b->drawn_at = now;
	draw_after(b, TICK_MS);
}

void batch_live_touch(struct batch_ui *b)
{
	int64_t ms = (clock_ns() - b->drawn_at) / (second / 1000);

	if (b->has_live && !(b->draw && b->draw_is_soon))
		draw_after(b, ms < DRAW_MS ? DRAW_MS - ms : 0);
}

/* ---- events ---- */

static void begin_work(struct batch_ui *b, uint32_t task, int64_t now)
{
	struct batch_seen *seen = &b->seen[task];

	if (!b->rate.begun)
		b->rate.begun = now;
	if (seen->is_running || b->works.n == WORKS_MAX)
		return;
	seen->is_running = true;
	seen->work = (uint32_t)b->works.n;
	vec_push(&b->works, (struct batch_work){.task = task, .since = now});
}

/* The others keep their order, the oldest first: there are as many as run at a time. */
static void end_work(struct batch_ui *b, uint32_t task)
{
	struct batch_seen *seen = &b->seen[task];

	if (!seen->is_running)
		return;
	seen->is_running = false;
	for (size_t i = seen->work; i + 1 < b->works.n; i++) {
		b->works.p[i] = b->works.p[i + 1];
		b->seen[b->works.p[i].task].work = (uint32_t)i;
	}
	b->works.n--;
}

/* As much as there is room for, as it may be shown. */
static void set_doing(struct batch_work *w, struct str name, struct str target)
{
	AUTO(buf) text = {0};

	utf8_put_line(&text, name, 20);
	buf_put_text(&text, target.n ? " " : "");
	utf8_put_line(&text, target, 50);
	struct str shown = utf8_head(buf_str(&text), sizeof w->doing - 1);
	snprintf(w->doing, sizeof w->doing, "%.*s", STR_ARG(shown));
}

static void take_agent(struct batch_ui *b, const struct runner_event *event)
{
	const struct agent_event *a = event->agent;
	struct batch_seen *seen = &b->seen[event->task];
	struct batch_work *w = seen->is_running ? &b->works.p[seen->work] : NULL;

	if (!w || a->kind == AGENT_TEXT || a->kind == AGENT_THINKS)
		return;
	switch (a->kind) {
	case AGENT_ASKS:
		w->turn = a->turn;
		w->doing[0] = '\0';
		break;
	case AGENT_RETRY:
	case AGENT_FALLBACK:
		set_doing(w, STR("again after:"), str_from(a->retry->error->text));
		break;
	case AGENT_ANSWERED: w->doing[0] = '\0'; break;
	case AGENT_TOOL:
		w->tools++;
		set_doing(w, a->run->name, a->run->target);
		break;
	case AGENT_TOOL_DONE:
		if (w->tools > 0 && --w->tools == 0)
			w->doing[0] = '\0';
		break;
	default: return;
	}
	batch_live_touch(b);
}

void batch_live_event(struct batch_ui *b, const struct runner_event *event)
{
	if (!b->has_live)
		return;
	switch (event->kind) {
	case RUNNER_AGENT: take_agent(b, event); return;
	case RUNNER_STARTED: begin_work(b, event->task, clock_ns()); break;
	case RUNNER_ENDED:
		if (event->outcome->state != TASK_SKIPPED)
			rate_add(&b->rate, clock_ns());
		[[fallthrough]];
	case RUNNER_PAUSED:
	case RUNNER_GIVEN_BACK: end_work(b, event->task); break;
	case RUNNER_OVER: batch_live_end(b); return;
	default: break;
	}
	batch_live_touch(b);
}

void batch_live_begin(struct batch_ui *b)
{
	b->has_live = b->ui->stderr_is_terminal && !b->ui->is_dumb && !b->options.is_quiet;
	b->live.wipe = wipe;
	b->ui->live = &b->live;
	batch_live_touch(b);
}

void batch_live_end(struct batch_ui *b)
{
	timer_cancel(b->draw);
	b->draw = NULL;
	b->has_live = false;
	if (b->drawn.n)
		wipe(b);
}
