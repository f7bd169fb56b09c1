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

enum { FLUSH_AT_BYTES = 16 << 10 };

const struct format formats[] = {
	{"text", "the answer as plain text, while it comes", NULL, text_event},
	{"json", "one object when the task is done (docs/result.schema.json)", NULL, json_event},
	{"stream-json", "one object a line while it happens (docs/stream.schema.json)",
		stream_json_begin, stream_json_event},
	{0},
};

const struct format *format_find(const char *name)
{
	for (const struct format *f = formats; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

static const char *set_value(const struct ui_options *o, const char *name)
{
	const char *value = o->environment(name);

	return value && *value ? value : NULL;
}

static bool wants_colour(const struct ui *ui)
{
	const char *force = set_value(&ui->options, "FORCE_COLOR");

	if (set_value(&ui->options, "NO_COLOR"))
		return false;
	if (force)
		return strcmp(force, "0") != 0 && strcmp(force, "false") != 0;
	return ui->stderr_is_terminal && !ui->is_dumb;
}

struct ui *ui_new(struct loop *loop, const struct ui_options *options, const struct ui_run *run)
{
	struct ui *ui = must_alloc(1, sizeof *ui);
	const char *term = options->environment("TERM");
	struct stat st;

	*ui = (struct ui){.loop = loop, .options = *options, .run = *run};
	ui->stdout_is_terminal = isatty(STDOUT_FILENO);
	ui->stderr_is_terminal = isatty(STDERR_FILENO);
	ui->is_dumb = !term || !*term || strcmp(term, "dumb") == 0;
	ui->has_colour = wants_colour(ui);
	ui->stdout_is_stored = fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode);
	return ui;
}

bool ui_free(struct ui *ui, struct err *e)
{
	progress_stop_spinner(ui);
	view_flush(ui);
	struct err output_error = ui->output_error;
	buf_release(&ui->out);
	buf_release(&ui->held);
	buf_release(&ui->escape);
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

void ui_begin_task(struct ui *ui)
{
	ui->said_something = ui->is_mid_line = ui->holds = false;
	buf_clear(&ui->held);
	buf_clear(&ui->escape);
	if (ui->options.format->begin)
		ui->options.format->begin(ui);
}

void ui_event(void *self, const struct agent_event *event)
{
	struct ui *ui = self;

	progress_event(ui, event);
	ui->options.format->event(ui, event);
	if (event->kind == AGENT_DONE) {
		view_flush(ui);
		progress_end(ui, event->result);
		if (ui->options.shows_timings)
			timings_show(ui, event->result);
	}
}

void view_flush(struct ui *ui)
{
	struct err e;

	timer_cancel(ui->flush);
	ui->flush = NULL;
	if (!ui->out.n)
		return;
	/* A pipe may end on the same terminal: "fettle ... | tee file". */
	if (!ui->stdout_is_stored)
		progress_stop_spinner(ui);
	if (ui->stdout_is_terminal)
		progress_end_thinking(ui);
	if (!ui->output_error.code && !file_write_fd(STDOUT_FILENO, buf_str(&ui->out), &e)) {
		ui->output_error = e;
		err_context(&ui->output_error, "stdout");
		/* A reader that has gone away is no fault: "fettle ... | head" is quiet. */
		if (errno == EPIPE)
			ui->output_error.code = ERR_CANCELLED;
		if (ui->on_output_error)
			ui->on_output_error(ui->output_error_self, &ui->output_error);
	}
	buf_clear(&ui->out);
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
	if (ui->out.n >= FLUSH_AT_BYTES)
		view_flush(ui);
	else if (ui->out.n && !ui->flush)
		ui->flush = loop_after(ui->loop, 0, flush_now, ui);
}

void view_begin_line(struct ui *ui, struct buf *out)
{
	progress_wipe(ui);
	if (!ui->stdout_is_terminal || !ui->stderr_is_terminal)
		return;
	view_flush(ui);
	if (ui->is_mid_line)
		buf_put_char(out, '\n');
	ui->is_mid_line = false;
}

void view_note(struct ui *ui, const char *format, ...)
{
	AUTO(buf) line = {0};
	va_list arguments;
	struct err e;

	view_begin_line(ui, &line);
	if (ui->thinks_mid_line)
		buf_put_char(&line, '\n');
	ui->thinks_mid_line = false;
	va_start(arguments, format);
	buf_vprintf(&line, format, arguments);
	va_end(arguments);
	/* A stderr that takes nothing is no reason to stop. */
	if (!file_write_fd(STDERR_FILENO, buf_str(&line), &e))
		return;
}

size_t view_columns(const struct ui *ui)
{
	struct winsize size;
	bool is_known = ui->stderr_is_terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 &&
			size.ws_col >= 20;

	return is_known ? size.ws_col : 80;
}

size_t view_cells(struct str text)
{
	size_t cells = 0, length;

	for (; text.n; text = str_skip(text, length))
		cells += (size_t)utf8_cells(utf8_get(text, &length));
	return cells;
}

void view_put_cells(struct buf *line, struct str text, size_t cells)
{
	size_t start = line->n;

	utf8_put_line(line, text, cells);
	size_t used = view_cells(str_skip(buf_str(line), start));
	buf_printf(line, "%*s", (int)(used < cells ? cells - used : 0), "");
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
