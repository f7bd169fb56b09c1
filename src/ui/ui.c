// SPDX-License-Identifier: MIT
#include "ui/ui.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/must.h"
#include "base/utf8.h"
#include "ui/view.h"

enum { FLUSH_AT_BYTES = 16 << 10, STALLED_MS = 10, STDERR_PATIENCE_MS = 1000 };

static const char *set_value(const char *(*environment)(const char *name), const char *name)
{
	const char *value = environment(name);

	return value && *value ? value : NULL;
}

bool view_wants_colour(const char *(*environment)(const char *name), bool is_terminal, bool is_dumb)
{
	const char *force = set_value(environment, "FORCE_COLOR");

	if (set_value(environment, "NO_COLOR"))
		return false;
	if (force)
		return strcmp(force, "0") != 0 && strcmp(force, "false") != 0;
	return is_terminal && !is_dumb;
}

static bool wants_colour(const struct ui *ui, bool is_terminal)
{
	return view_wants_colour(ui->options.environment, is_terminal, ui->is_dumb);
}

/* Only what comes as it is said, for a person, on a terminal that can go back in its line. */
static bool wants_markdown(const struct ui *ui)
{
	const struct ui_options *o = &ui->options;

	return ui->stdout_is_terminal && !ui->is_dumb && !o->is_plain && !o->has_schema &&
	       o->format->event == text_event;
}

struct ui *ui_new(struct loop *loop, const struct ui_options *options, const struct ui_run *run)
{
	struct ui *ui = must_alloc(1, sizeof *ui);
	const char *term = options->environment("TERM");
	struct stat st;

	*ui = (struct ui){.loop = loop, .options = *options, .run = *run, .is_drained = true};
	ui->stdout_is_terminal = isatty(STDOUT_FILENO);
	ui->stderr_is_terminal = isatty(STDERR_FILENO);
	ui->is_dumb = !term || !*term || strcmp(term, "dumb") == 0;
	ui->has_colour = wants_colour(ui, ui->stderr_is_terminal);
	if (wants_markdown(ui))
		ui->markdown = markdown_new(wants_colour(ui, true));
	ui->stdout_is_stored = fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode);
	vec_push(&ui->sinks, (struct sink){.ui = ui, .format = options->format});
	for (size_t i = 0; i < options->output_count; i++)
		vec_push(&ui->sinks, (struct sink){.ui = ui,
					     .format = options->outputs[i].format,
					     .path = options->outputs[i].path});
	return ui;
}

void ui_on_answer(
	struct ui *ui, void (*call)(void *self, enum answer answer, struct str why), void *self)
{
	ui->on_answer = call;
	ui->on_answer_self = self;
}

bool ui_free(struct ui *ui, struct err *e)
{
	ask_end(ui);
	progress_stop_spinner(ui);
	timer_cancel(ui->hold_timer);
	view_flush(ui);
	timer_cancel(ui->flush);
	struct err output_error = ui->output_error;
	buf_release(&ui->out);
	buf_release(&ui->held);
	visible_release(&ui->visible);
	markdown_free(ui->markdown);
	vec_each (&ui->sinks, s) {
		buf_release(&s->out);
		buf_release(&s->said);
	}
	vec_release(&ui->sinks);
	free(ui);
	if (output_error.code)
		*e = output_error;
	return !output_error.code;
}

void ui_on_output_error(struct ui *ui, void (*call)(void *self, const struct err *e), void *self)
{
	ui->on_output_error = call;
	ui->output_error_self = self;
}

void ui_begin_task(struct ui *ui, struct str task)
{
	ui->said_something = ui->is_mid_line = ui->holds = false;
	buf_clear(&ui->held);
	visible_end(&ui->visible);
	vec_each (&ui->sinks, s) {
		if (s->format->begin)
			s->format->begin(s, task);
		s->tasks++;
	}
}

void ui_event(void *self, const struct agent_event *event)
{
	struct ui *ui = self;

	if (event->kind == AGENT_TOOL)
		ask_settle(ui, event->run);
	progress_event(ui, event);
	vec_each (&ui->sinks, s)
		s->format->event(s, event);
	if (event->kind == AGENT_QUESTION)
		ask_event(ui, event);
	if (event->kind == AGENT_DONE) {
		ask_end(ui);
		view_flush(ui);
		progress_end(ui, event->result);
		if (ui->options.shows_timings)
			timings_show(ui, event->result);
	}
}

void ui_end_run(struct ui *ui)
{
	vec_each (&ui->sinks, s)
		if (s->format->end)
			s->format->end(s);
}

const bool *ui_drained(const struct ui *ui)
{
	return &ui->is_drained;
}

void ui_abandon_output(struct ui *ui)
{
	timer_cancel(ui->flush);
	ui->flush = NULL;
	buf_clear(&ui->out);
	ui->sent = 0;
	ui->is_drained = true;
	if (ui->live)
		ui->live->drained(ui->live->self);
}

static void fail_output(struct ui *ui, const struct err *e)
{
	bool reader_is_gone = errno == EPIPE;

	ui->output_error = *e;
	err_context(&ui->output_error, "stdout");
	/* A reader that has gone away is no fault: "fettle ... | head" is quiet. */
	if (reader_is_gone)
		ui->output_error.code = ERR_CANCELLED;
	ui_abandon_output(ui);
	if (ui->on_output_error)
		ui->on_output_error(ui->output_error_self, &ui->output_error);
}

static void view_wipe(struct ui *ui)
{
	if (ui->live)
		ui->live->wipe(ui->live->self);
}

static void flush_now(void *self);

/* Never waits: what stdout does not take now is tried again soon, so that signals are heard. */
void view_flush(struct ui *ui)
{
	struct err e;

	timer_cancel(ui->flush);
	ui->flush = NULL;
	if (ui->output_error.code)
		ui_abandon_output(ui);
	if (ui->is_drained)
		return;
	/* A pipe may end on the same terminal: "fettle ... | tee file". */
	if (!ui->stdout_is_stored) {
		progress_stop_spinner(ui);
		view_wipe(ui);
	}
	if (ui->stdout_is_terminal)
		progress_end_thinking(ui);
	ssize_t n = file_write_ready(STDOUT_FILENO, str_skip(buf_str(&ui->out), ui->sent), &e);
	if (n < 0) {
		fail_output(ui, &e);
		return;
	}
	ui->sent += (size_t)n;
	if (ui->sent == ui->out.n)
		ui_abandon_output(ui);
	else
		ui->flush = loop_after(ui->loop, n ? 0 : STALLED_MS, flush_now, ui);
}

static void flush_now(void *self)
{
	struct ui *ui = self;

	ui->flush = NULL;
	view_flush(ui);
}

void view_put(struct ui *ui, struct str bytes)
{
	buf_put_str(&ui->out, bytes);
	ui->is_drained = ui->out.n == ui->sent;
	/* While stdout stalls, the timer alone tries again. */
	if (ui->out.n - ui->sent >= FLUSH_AT_BYTES && ui->sent == 0)
		view_flush(ui);
	else if (!ui->is_drained && !ui->flush)
		ui->flush = loop_after(ui->loop, 0, flush_now, ui);
}

/* A stderr that fails or stalls is no reason to stop, nor to wait for long. */
void view_write_stderr(struct ui *ui, struct str bytes)
{
	bool has_waited = false;
	struct err e;

	while (bytes.n && !ui->stderr_is_stuck) {
		ssize_t n = file_write_ready(STDERR_FILENO, bytes, &e);
		if (n == 0 && !has_waited)
			has_waited = file_wait_writable(STDERR_FILENO, STDERR_PATIENCE_MS);
		else
			has_waited = false;
		ui->stderr_is_stuck = n < 0 || (n == 0 && !has_waited);
		bytes = str_skip(bytes, n > 0 ? (size_t)n : 0);
	}
}

void view_begin_line(struct ui *ui, struct buf *out)
{
	progress_wipe(ui);
	view_wipe(ui);
	if (!ui->stdout_is_terminal || !ui->stderr_is_terminal)
		return;
	text_pause(ui);
	view_flush(ui);
	if (ui->is_mid_line)
		buf_put_char(out, '\n');
	ui->is_mid_line = false;
}

void view_note(struct ui *ui, const char *format, ...)
{
	AUTO(buf) line = {0};
	va_list arguments;
	bool interrupts = ask_interrupt(ui);

	view_begin_line(ui, &line);
	if (ui->thinks_mid_line || interrupts)
		buf_put_char(&line, '\n');
	ui->thinks_mid_line = false;
	va_start(arguments, format);
	buf_vprintf(&line, format, arguments);
	va_end(arguments);
	view_write_stderr(ui, buf_str(&line));
	if (interrupts)
		ask_resume(ui);
}

void view_screen(int fd, size_t *columns, size_t *rows)
{
	struct winsize size = {0};
	bool is_known = ioctl(fd, TIOCGWINSZ, &size) == 0;

	*columns = is_known && size.ws_col > 1 ? size.ws_col : 80;
	*rows = is_known && size.ws_row ? size.ws_row : 24;
}

size_t view_columns(const struct ui *ui)
{
	size_t columns = 80, rows;

	if (ui->stderr_is_terminal)
		view_screen(STDERR_FILENO, &columns, &rows);
	return columns >= 20 ? columns : 80;
}

size_t view_cells(struct str text)
{
	size_t cells = 0, length;

	if (utf8_is_plain(text))
		return text.n;
	for (; text.n; text = str_skip(text, length))
		cells += (size_t)utf8_cells(utf8_get(text, &length));
	return cells;
}

void view_put_cells(struct buf *line, struct str text, size_t cells)
{
	size_t start = line->n;

	utf8_put_line(line, text, cells);
	size_t used = view_cells(str_skip(buf_str(line), start));
	buf_put_spaces(line, used < cells ? cells - used : 0);
}

const char *view_colour(const struct ui *ui, const char *code)
{
	return ui->has_colour ? code : "";
}

void ui_error(struct ui *ui, const struct err *e)
{
	AUTO(buf) shown = {0};

	utf8_put_line(&shown, str_from(e->text), sizeof e->text);
	view_note(ui, "%sfettle: %s%s\n", view_colour(ui, "\x1b[31m"), buf_text(&shown),
		view_colour(ui, "\x1b[0m"));
}
