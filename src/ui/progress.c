// SPDX-License-Identifier: MIT
/*
 * progress: what happens, on stderr: one line a tool call and one at the end; on a terminal a
 * spinner while waiting. Nothing when quiet.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/mcp/mcp.h"
#include "base/clock.h"
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

const char *view_duration(int64_t ns, char out[16])
{
	double ms = clock_ms(ns);

	snprintf(out, 16, ms < 1000 ? "%.1f ms" : "%.1f s", ms < 1000 ? ms : ms / 1e3);
	return out;
}

static void spin(void *self);

static void draw_spinner(struct ui *ui)
{
	AUTO(buf) line = {0};
	AUTO(buf) shown = {0};
	double seconds = clock_ms(clock_ns() - ui->waiting_since) / 1e3;
	char step = "|/-\\"[ui->spin_step++ & 3];

	buf_printf(&shown, "%c %s %.1f s", step, ui->waiting_for, seconds);
	/* Written over the old one and then cleared behind it: the other way round it flickers. */
	buf_printf(&line, "\r%s", view_colour(ui, "\x1b[2m"));
	utf8_put_line(&line, buf_str(&shown), view_columns(ui) - 1);
	buf_printf(&line, "%s\x1b[K", view_colour(ui, "\x1b[0m"));
	view_write_stderr(ui, buf_str(&line));
	ui->spinner_shown = true;
}

static void spin(void *self)
{
	struct ui *ui = self;

	ui->spin = loop_after(ui->loop, SPIN_MS, spin, ui);
	if (!ui->is_mid_line && !ui->thinks_mid_line && !ui->question)
		draw_spinner(ui);
}

static const char waiting[] = "waiting for the model", running_tools[] = "running tools";

static void start_spinner(struct ui *ui, const char *what)
{
	if (ui->options.is_quiet || !ui->stderr_is_terminal || ui->is_dumb)
		return;
	/* Several tools of one turn are one wait. */
	if (!ui->spin || ui->waiting_for != what)
		ui->waiting_since = clock_ns();
	ui->waiting_for = what;
	if (!ui->spin)
		ui->spin = loop_after(ui->loop, SPIN_MS, spin, ui);
}

void progress_wipe(struct ui *ui)
{
	if (ui->spinner_shown)
		view_write_stderr(ui, STR("\r\x1b[K"));
	ui->spinner_shown = false;
}

void progress_stop_spinner(struct ui *ui)
{
	progress_wipe(ui);
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

/* Widths of a tool's line in cells: "  NAME TARGET", and what follows where there is room. */
enum { NAME_CELLS = 6, NAME_WIDE_CELLS = 16, NAME_MAX_CELLS = 30 };
enum { TARGET_MAX_CELLS = 44, SIZES_CELLS = 24, TIME_CELLS = 10, WIDE_CELLS = 64 };

/* The end of it in so many cells, from the beginning of a character. */
static struct str tail_of_cells(struct str text, size_t cells)
{
	size_t at = text.n;

	while (at > 0) {
		size_t before = at - 1;
		while (before > 0 && ((unsigned char)text.p[before] & 0xc0) == 0x80)
			before--;
		if (view_cells(str_skip(text, before)) > cells)
			break;
		at = before;
	}
	return str_skip(text, at);
}

/* "server/tool" of an MCP server's tool. */
static void put_plain_name(struct buf *out, struct str name)
{
	struct str rest = str_skip(name, strlen(MCP_PREFIX));
	size_t end = str_starts(name, STR(MCP_PREFIX)) ? str_find(rest, STR("__"), 1) : SIZE_MAX;

	if (end == SIZE_MAX) {
		utf8_put_line(out, name, name.n);
		return;
	}
	utf8_put_line(out, str_head(rest, end), name.n);
	buf_put_char(out, '/');
	utf8_put_line(out, str_skip(rest, end + 2), name.n);
}

/* What the model calls its tool may be anything. Of a long name both ends are shown. */
static void put_name(struct buf *line, const struct tool_run *run)
{
	AUTO(buf) name = {0};

	put_plain_name(&name, run->name);
	size_t cells = view_cells(buf_str(&name));
	buf_put_text(line, "  ");
	if (cells > NAME_MAX_CELLS) {
		utf8_put_line(line, buf_str(&name), NAME_MAX_CELLS / 2);
		buf_put_str(line, tail_of_cells(buf_str(&name), NAME_MAX_CELLS / 2));
	} else {
		size_t column = cells > NAME_CELLS ? NAME_WIDE_CELLS : NAME_CELLS;
		view_put_cells(line, buf_str(&name), cells > column ? cells : column);
	}
	buf_put_char(line, ' ');
}

static int64_t known(int64_t tokens)
{
	return tokens > 0 ? tokens : 0;
}

int64_t view_input_tokens(const struct usage *u)
{
	return known(u->input) + known(u->cache_read) + known(u->cache_write);
}

/* In so many cells as SIZES_CELLS: "  12 turns   123k tokens", or lines and bytes. */
static void put_sizes(struct buf *line, const struct tool_result *result)
{
	const struct sub_run *sub = result->sub;
	size_t lines = count_lines(buf_str(&result->text));
	char amount[16];

	if (sub)
		buf_printf(line, " %3d turn%s %6s tokens", sub->turns, sub->turns == 1 ? " " : "s",
			view_count(
				view_input_tokens(&sub->usage) + known(sub->usage.output), amount));
	else
		buf_printf(line, " %6zu line%s %10s", lines, lines == 1 ? " " : "s",
			view_bytes((int64_t)result->text.n, amount));
}

/* "  view   src/main.c                      12 lines    1.2 KB    0.3 ms" */
static void put_success(struct buf *line, const struct tool_run *run, size_t columns)
{
	size_t used = view_cells(buf_str(line)) + TIME_CELLS;
	char time[16];

	if (columns >= WIDE_CELLS)
		used += SIZES_CELLS;
	size_t room = columns > used ? columns - used : 0;
	view_put_cells(line, run->target, room < TARGET_MAX_CELLS ? room : TARGET_MAX_CELLS);
	if (columns >= WIDE_CELLS)
		put_sizes(line, &run->result);
	buf_printf(line, "%*s", TIME_CELLS, view_duration(run->ended - run->started, time));
}

/* Most reasons begin with the path that they are about; it is shown already. */
static struct str without_target(struct str reason, struct str target)
{
	if (str_ends(target, STR("...")))
		target.n -= 3;
	size_t colon = str_find(reason, STR(": "), target.n);

	return target.n && str_starts(reason, target) && colon != SIZE_MAX
		       ? str_skip(reason, colon + 2)
		       : reason;
}

/* "  view   src/man.c  no such file or directory" */
static void put_failure(struct buf *line, const struct tool_run *run, size_t columns)
{
	size_t used = view_cells(buf_str(line)), room = columns > used ? columns - used : 0;
	size_t target = view_cells(run->target);

	if (target) {
		view_put_cells(line, run->target, target < room / 2 ? target : room / 2);
		buf_put_text(line, "  ");
	}
	used = view_cells(buf_str(line));
	utf8_put_line(line, without_target(buf_str(&run->result.text), run->target),
		columns > used ? columns - used : 0);
}

static void show_tool(struct ui *ui, const struct tool_run *run)
{
	AUTO(buf) line = {0};
	bool is_error = run->result.is_error;
	/* The last cell stays free: some terminals wrap when it is written. */
	size_t columns = view_columns(ui) - 1;

	put_name(&line, run);
	if (is_error)
		put_failure(&line, run, columns);
	else
		put_success(&line, run, columns);
	view_note(ui, "%s%s%s\n", view_colour(ui, is_error ? "\x1b[31m" : "\x1b[2m"),
		buf_text(&line), view_colour(ui, "\x1b[0m"));
}

/* The plan as it stands: what is done, what is at hand, what waits. */
static void show_todo(struct ui *ui, const struct tool_run *run)
{
	static const char *const marks[] = {"[ ]", "[>]", "[x]"};
	AUTO(arena) a = {0};
	struct todo todo;
	struct err e;
	size_t columns = view_columns(ui) - 1;

	if (run->result.is_error || !todo_read(run->input, &a, &todo, &e)) {
		show_tool(ui, run);
		return;
	}
	for (size_t i = 0; i < todo.count; i++) {
		AUTO(buf) line = {0};
		enum todo_status status = todo.steps[i].status;
		buf_printf(&line, "  %s ", marks[status]);
		utf8_put_line(&line, todo.steps[i].content, columns > 8 ? columns - 6 : 2);
		view_note(ui, "%s%s%s\n",
			view_colour(ui, status == TODO_IN_PROGRESS ? "\x1b[1m" : "\x1b[2m"),
			buf_text(&line), view_colour(ui, "\x1b[0m"));
	}
}

static void show_thinking(struct ui *ui, struct str text)
{
	AUTO(buf) shown = {0};

	view_begin_line(ui, &shown);
	buf_put_text(&shown, view_colour(ui, "\x1b[2m"));
	utf8_put_shown(&shown, text);
	ui->thinks_mid_line = text.p[text.n - 1] != '\n';
	buf_put_text(&shown, view_colour(ui, "\x1b[0m"));
	view_write_stderr(ui, buf_str(&shown));
}

void progress_end_thinking(struct ui *ui)
{
	if (ui->thinks_mid_line && ui->stderr_is_terminal) {
		view_write_stderr(ui, STR("\n"));
		ui->thinks_mid_line = false;
	}
}

void view_put_counts(struct buf *line, const struct agent_result *r)
{
	const struct usage *u = &r->usage;
	int64_t input = view_input_tokens(u);
	char in[16], out[16];

	buf_printf(line, "%zu tool call%s, %s tokens in, %s out", r->tool_count,
		r->tool_count == 1 ? "" : "s", u->input < 0 ? "?" : view_count(input, in),
		u->output < 0 ? "?" : view_count(u->output, out));
}

static void show_end(struct ui *ui, const struct agent_result *r)
{
	AUTO(buf) line = {0};
	AUTO(buf) counts = {0};
	char cost[32], time[16];

	buf_printf(&line, "%s: %d turn%s, ", r->error ? "stopped" : "done", r->turns,
		r->turns == 1 ? "" : "s");
	view_put_counts(&counts, r);
	buf_put_text(&counts, ", ");
	view_cost(r->cost_nanousd, cost);
	view_duration(r->ended - r->started, time);
	/* In a narrow terminal the cost and the time are what is left. */
	if (line.n + counts.n + strlen(cost) + strlen(time) + 2 < view_columns(ui))
		buf_put_str(&line, buf_str(&counts));
	buf_printf(&line, "%s, %s", cost, time);
	view_flush(ui);
	view_note(ui, "%s%s%s\n", view_colour(ui, "\x1b[2m"), buf_text(&line),
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

static void show_wait(struct ui *ui, const struct call_wait *wait)
{
	AUTO(buf) line = {0};

	buf_put_text(&line, "waiting for ");
	utf8_put_line(&line, wait->route->name, 80);
	buf_printf(&line, ": %s", wait->why);
	if (wait->wait_ms >= 0)
		buf_printf(&line, ", %.1f s", (double)wait->wait_ms / 1e3);
	view_note(ui, "  %s%s%s\n", view_colour(ui, "\x1b[33m"), buf_text(&line),
		view_colour(ui, "\x1b[0m"));
}

static void show_correction(struct ui *ui, struct str why)
{
	AUTO(buf) line = {0};

	utf8_put_line(&line, why, 200);
	view_note(ui, "  %sthe answer does not fit the schema, asking again: %s%s\n",
		view_colour(ui, "\x1b[33m"), buf_text(&line), view_colour(ui, "\x1b[0m"));
}

/* An estimate is not shown to the last digit. */
static int64_t about(int64_t tokens)
{
	int64_t unit = tokens >= 10'000 ? 1'000 : tokens >= 1'000 ? 100 : 10;

	return (tokens + unit / 2) / unit * unit;
}

static void show_window(struct ui *ui, const struct window_change *c)
{
	AUTO(buf) line = {0};

	if (c->is_overflow)
		buf_put_text(&line, "the request was too long for the model; ");
	if (c->results) {
		buf_printf(&line, "%zu old result%s set aside (about ", c->results,
			c->results == 1 ? "" : "s");
		buf_put_count(&line, about(c->result_tokens));
		buf_put_text(&line, " tokens)");
	}
	if (c->turns)
		buf_printf(&line, "%s%zu turn%s %s", c->results ? ", " : "", c->turns,
			c->turns == 1 ? "" : "s", c->is_summarised ? "summarised" : "dropped");
	if (c->error) {
		buf_put_text(&line, " without a summary: ");
		utf8_put_line(&line, str_from(c->error->text), sizeof c->error->text);
	}
	view_note(ui, "  %swindow: %s%s\n", view_colour(ui, "\x1b[33m"), buf_text(&line),
		view_colour(ui, "\x1b[0m"));
}

void progress_event(struct ui *ui, const struct agent_event *event)
{
	if (event->kind == AGENT_THINKS && ui->options.shows_thinking)
		show_thinking(ui, event->text);
	if (ui->options.is_quiet)
		return;
	switch (event->kind) {
	case AGENT_ASKS: start_spinner(ui, waiting); break;
	case AGENT_WAITS: show_wait(ui, event->wait); break;
	case AGENT_RETRY:
	case AGENT_FALLBACK:
		show_retry(ui, event->retry);
		start_spinner(ui, "trying again");
		break;
	case AGENT_TEXT:
		/* An answer in a schema is waited for to its end. */
		if (ui->stdout_is_terminal && !ui->options.has_schema)
			progress_stop_spinner(ui);
		break;
	case AGENT_ANSWERED: progress_stop_spinner(ui); break;
	case AGENT_CORRECTION: show_correction(ui, event->text); break;
	case AGENT_TOOL: start_spinner(ui, running_tools); break;
	case AGENT_TOOL_DONE:
		if (str_is(event->run->name, "todo"))
			show_todo(ui, event->run);
		else
			show_tool(ui, event->run);
		break;
	case AGENT_WINDOW: show_window(ui, event->window); break;
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
