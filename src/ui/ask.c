// SPDX-License-Identifier: MIT
/*
 * ask: a person decides about one call. The question goes to stderr, the answer comes from the
 * terminal itself, as stdin may carry a text. What is shown is exactly what would be done: bytes
 * that a terminal would act on or hide stand there in words.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/utf8.h"
#include "ui/view.h"

enum { SHOWN_ROWS = 60, REPLY_MAX_BYTES = 4 << 10 };

struct question {
	struct ui *ui;
	const struct tool_run *run; /* to know it again only */
	struct watch *watch;
	int fd;
	struct buf text, name, reply;
	bool is_cut; /* there is more to show */
	bool is_prompting; /* the cursor stands behind the prompt */
};

enum { INDENT_CELLS = 2, TAB_CELLS = 8 };

/* How much of a line goes into one of the terminal. */
static size_t row_bytes(struct str line, size_t columns)
{
	size_t at = 0, cells = INDENT_CELLS, n;

	while (at < line.n) {
		uint32_t code_point = utf8_get(str_skip(line, at), &n);
		cells += code_point == '\t' ? TAB_CELLS - cells % TAB_CELLS
					    : (size_t)utf8_cells(code_point);
		if (cells > columns && at)
			break;
		at += n;
	}
	return at;
}

/*
 * Two spaces before every row of the terminal, so that none of it looks like one of ours: lines are
 * folded here and not by the terminal.
 */
static void show_text(struct question *q, size_t rows)
{
	AUTO(buf) exact = {0};
	AUTO(buf) shown = {0};
	size_t columns = view_columns(q->ui) - 1;
	struct str rest;

	utf8_put_exactly(&exact, buf_str(&q->text));
	rest = buf_str(&exact);
	for (size_t i = 0; i < rows && rest.n; i++) {
		struct str line = str_head(rest, str_find_char(rest, '\n', 0));
		size_t n = row_bytes(line, columns);
		buf_printf(&shown, "  %.*s\n", STR_ARG(str_head(line, n)));
		rest = str_skip(rest, n < line.n || n == rest.n ? n : n + 1);
	}
	q->is_cut = rest.n > 0;
	if (q->is_cut)
		buf_put_text(&shown, "  ...\n");
	view_note(q->ui, "%s", buf_text(&shown));
}

static void prompt(struct question *q)
{
	q->is_prompting = false;
	view_note(q->ui,
		"fettle: allow this %s? [y]es, [n]o (and why), [a]lways%s: ", buf_text(&q->name),
		q->is_cut ? ", [s]how all" : "");
	q->is_prompting = true;
}

bool ask_interrupt(struct ui *ui)
{
	struct question *q = ui->question;
	bool was_prompting = q && q->is_prompting;

	if (was_prompting)
		q->is_prompting = false;
	return was_prompting;
}

void ask_resume(struct ui *ui)
{
	prompt(ui->question);
}

static void end(struct question *q, enum answer answer, struct str why)
{
	struct ui *ui = q->ui;
	AUTO(buf) reason = {0};

	buf_put_str(&reason, why);
	ask_end(ui);
	ui->on_answer(ui->on_answer_self, answer, buf_str(&reason));
}

static void take_reply(struct question *q, struct str reply)
{
	struct str word = reply, rest;

	reply = str_trim(reply);
	str_split(&reply, ' ', &word);
	rest = reply.p ? str_trim(reply) : STR("");
	if (str_eq_nocase(word, STR("y")) || str_eq_nocase(word, STR("yes"))) {
		end(q, ANSWER_YES, STR(""));
	} else if (str_eq_nocase(word, STR("a")) || str_eq_nocase(word, STR("always"))) {
		end(q, ANSWER_ALWAYS, STR(""));
	} else if (str_eq_nocase(word, STR("n")) || str_eq_nocase(word, STR("no"))) {
		end(q, ANSWER_NO, rest);
	} else {
		if (q->is_cut && str_eq_nocase(word, STR("s")))
			show_text(q, SIZE_MAX);
		prompt(q);
	}
}

static void got_bytes(void *self)
{
	struct question *q = self;
	char bytes[512];
	ssize_t n = read(q->fd, bytes, sizeof bytes);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	/* The terminal has gone away, or Ctrl-D was pressed: nobody said yes. */
	if (n <= 0) {
		q->is_prompting = false;
		view_note(q->ui, "\n");
		end(q, ANSWER_NO, STR(""));
		return;
	}
	buf_put(&q->reply, bytes, (size_t)n);
	size_t line = str_find_char(buf_str(&q->reply), '\n', 0);
	if (line == SIZE_MAX && !q->reply.overflow)
		return;
	AUTO(buf) reply = {0};
	buf_put_str(&reply, str_head(buf_str(&q->reply), line));
	buf_clear(&q->reply);
	/* The terminal has echoed the newline, too. */
	q->is_prompting = false;
	take_reply(q, buf_str(&reply));
}

void ask_end(struct ui *ui)
{
	struct question *q = ui->question;

	if (!q)
		return;
	ui->question = NULL;
	if (q->is_prompting)
		view_write_stderr(ui, STR("\n"));
	watch_cancel(q->watch);
	file_close(&q->fd);
	buf_release(&q->text);
	buf_release(&q->name);
	buf_release(&q->reply);
	free(q);
}

void ask_settle(struct ui *ui, const struct tool_run *run)
{
	if (ui->question && ui->question->run == run)
		ask_end(ui);
}

static void no_terminal(void *self)
{
	struct ui *ui = self;

	ui->on_answer(ui->on_answer_self, ANSWER_NO, STR("there is no terminal to ask on"));
}

void ask_event(struct ui *ui, const struct agent_event *event)
{
	int fd = open("/dev/tty", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	progress_stop_spinner(ui);
	if (fd < 0) {
		loop_after(ui->loop, 0, no_terminal, ui);
		return;
	}
	struct question *q = must_alloc(1, sizeof *q);
	*q = (struct question){.ui = ui, .run = event->run, .fd = fd, .reply.max = REPLY_MAX_BYTES};
	buf_put_str(&q->text, event->text);
	utf8_put_line(&q->name, event->run->name, 64);
	ui->question = q;
	show_text(q, SHOWN_ROWS);
	prompt(q);
	/* What was typed before the question was there is no answer to it. */
	tcflush(fd, TCIFLUSH);
	q->watch = loop_watch(ui->loop, fd, got_bytes, q);
}
