// SPDX-License-Identifier: MIT
/*
 * progress: what happens, on stderr: one line a tool call and one at the end; on a terminal a
 * spinner while waiting. Nothing when quiet.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/utf8.h"
#include "ui/view.h"

enum { SPIN_MS = 100 };

const char *view_count(int64_t n, char out[16])
{
	static const char *const units[] = {"", "k", "M", "G"};
	double value = (double)n;
	int unit = 0;

	while (value >= 1000 && unit < 3) {
		value /= 1000;
		unit++;
	}
	snprintf(out, 16, unit && value < 10 ? "%.1f%s" : "%.0f%s", value, units[unit]);
	return out;
}

const char *view_bytes(int64_t n, char out[16])
{
	if (n < 1000)
		snprintf(out, 16, "%d B", (int)n);
	else if (n < 1000 * 1000)
		snprintf(out, 16, "%.1f KB", (double)n / 1e3);
	else
		snprintf(out, 16, "%.1f MB", (double)n / 1e6);
	return out;
}

const char *view_cost(int64_t nanousd, char out[32])
{
	double usd = (double)nanousd / 1e9;

	if (nanousd < 0)
		snprintf(out, 32, "cost unknown");
	else if (nanousd == 0)
		snprintf(out, 32, "$0");
	else
		snprintf(out, 32, usd < 0.01 ? "$%.6f" : "$%.4f", usd);
	return out;
}

static void write_error_stream(struct str bytes)
{
	struct err e;

	if (!file_write_fd(STDERR_FILENO, bytes, &e))
		return;
}

static void spin(void *self);

static void draw_spinner(struct ui *ui)
{
	AUTO(buf) line = {0};
	double seconds = clock_ms(clock_ns() - ui->waiting_since) / 1e3;

	buf_printf(&line, "\r\x1b[K%s%c %s %.1f s%s", view_colour(ui, "\x1b[2m"),
		"|/-\\"[ui->spin_step++ & 3], ui -> waiting_for, seconds,
		view_colour(ui, "\x1b[0m"));
	write_error_stream(buf_str(&line));
	ui->spinner_shown = true;
}

static void spin(void *self)
{
	struct ui *ui = self;

	ui->spin = loop_after(ui->loop, SPIN_MS, spin, ui);
	if (!ui->is_mid_line && !ui->thinks_mid_line)
		draw_spinner(ui);
}

static void start_spinner(struct ui *ui, const char *what)
{
	if (ui->options.is_quiet || !ui->stderr_is_terminal || ui->is_dumb)
		return;
	ui->waiting_for = what;
	ui->waiting_since = clock_ns();
	if (!ui->spin)
		ui->spin = loop_after(ui->loop, SPIN_MS, spin, ui);
}

static void wipe(struct ui *ui)
{
	if (ui->spinner_shown)
		write_error_stream(STR("\r\x1b[K"));
	ui->spinner_shown = false;
}

void progress_stop_spinner(struct ui *ui)
{
	wipe(ui);
	timer_cancel(ui->spin);
	ui->spin = NULL;
}

static size_t count_lines(struct str text)
{
	size_t n = 0;

	for (size_t at = 0; (at = str_find_char(text, '\n', at)) != SIZE_MAX; at++)
		n++;
	return n;
}

/*  view   src/main.c                      12 lines  1.2 KB   0.3 ms */
static void show_tool(struct ui *ui, const struct tool_run *run)
{
	AUTO(buf) target = {0};
	AUTO(buf) reason = {0};
	char bytes[16];
	struct str text = buf_str(&run->result.text);
	double ms = clock_ms(run->ended - run->started);

	utf8_put_line(&target, run->target, 44);
	if (run->result.is_error) {
		utf8_put_line(&reason, text, 100);
		view_note(ui, "  %s%-6.*s %-32s %s%s  %.1f ms\n", view_colour(ui, "\x1b[31m"),
			STR_ARG(run->name), buf_text(&target), buf_text(&reason),
			view_colour(ui, "\x1b[0m"), ms);
		return;
	}
	view_note(ui, "  %s%-6.*s %-32s %5zu lines  %8s  %6.1f ms%s\n", view_colour(ui, "\x1b[2m"),
		STR_ARG(run->name), buf_text(&target), count_lines(text),
		view_bytes((int64_t)text.n, bytes), ms, view_colour(ui, "\x1b[0m"));
}

static void show_thinking(struct ui *ui, struct str text)
{
	AUTO(buf) shown = {0};

	wipe(ui);
	buf_put_text(&shown, view_colour(ui, "\x1b[2m"));
	utf8_put_shown(&shown, text);
	ui->thinks_mid_line = text.p[text.n - 1] != '\n';
	buf_put_text(&shown, view_colour(ui, "\x1b[0m"));
	write_error_stream(buf_str(&shown));
}

static void show_end(struct ui *ui, const struct agent_result *r)
{
	char in[16], out[16], cost[32];
	int64_t input = (r->usage.input > 0 ? r->usage.input : 0) +
			(r->usage.cache_read > 0 ? r->usage.cache_read : 0) +
			(r->usage.cache_write > 0 ? r->usage.cache_write : 0);

	view_flush(ui);
	view_note(ui, "%s%s: %d turn%s, %zu tool call%s, %s tokens in, %s out, %s, %.1f ms%s\n",
		view_colour(ui, "\x1b[2m"), r->error ? "stopped" : "done", r->turns,
		r->turns == 1 ? "" : "s", r->tool_count, r->tool_count == 1 ? "" : "s",
		r->usage.input < 0 ? "?" : view_count(input, in),
		r->usage.output < 0 ? "?" : view_count(r->usage.output, out),
		view_cost(r->cost_nanousd, cost), clock_ms(r->ended - r->started),
		view_colour(ui, "\x1b[0m"));
}

static void show_retry(struct ui *ui, const struct call_retry *retry)
{
	AUTO(buf) why = {0};

	utf8_put_line(&why, str_from(retry->error->text), sizeof retry->error->text);
	if (retry->next == retry->route)
		view_note(ui, "  %sretry %d of %d in %.1f s: %s%s\n", view_colour(ui, "\x1b[33m"),
			retry->attempt, retry->retries_max, (double)retry->delay_ms / 1e3,
			buf_text(&why), view_colour(ui, "\x1b[0m"));
	else
		view_note(ui, "  %s%s; going on with %.*s%s%s\n", view_colour(ui, "\x1b[33m"),
			buf_text(&why), STR_ARG(retry->next->name),
			retry->next->wire ? "" : ", which is no language model",
			view_colour(ui, "\x1b[0m"));
}

void progress_event(struct ui *ui, const struct agent_event *event)
{
	if (event->kind == AGENT_THINKS && ui->options.shows_thinking)
		show_thinking(ui, event->text);
	if (ui->options.is_quiet)
		return;
	switch (event->kind) {
	case AGENT_ASKS: start_spinner(ui, "waiting for the model"); break;
	case AGENT_RETRY:
	case AGENT_FALLBACK:
		show_retry(ui, event->retry);
		start_spinner(ui, "trying again");
		break;
	case AGENT_TEXT:
		if (ui->stdout_is_terminal)
			progress_stop_spinner(ui);
		break;
	case AGENT_ANSWERED: progress_stop_spinner(ui); break;
	case AGENT_TOOL: start_spinner(ui, "running tools"); break;
	case AGENT_TOOL_DONE: show_tool(ui, event->run); break;
	case AGENT_DONE: progress_stop_spinner(ui); break;
	default: break;
	}
}

/* The last line comes behind the answer, so the format's own event has to be through. */
void progress_end(struct ui *ui, const struct agent_result *result)
{
	if (!ui->options.is_quiet)
		show_end(ui, result);
}
