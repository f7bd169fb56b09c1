// SPDX-License-Identifier: MIT
/* text: the answer on stdout, as it comes. */
#include <unistd.h>

#include "base/utf8.h"
#include "ui/view.h"

static void put(struct ui *ui, struct str text)
{
	if (!text.n)
		return;
	ui->said_something = true;
	ui->is_mid_line = text.p[text.n - 1] != '\n';
	view_put(ui, text);
}

/* What the renderer holds back has no effect on the cursor. */
static void put_rendered(struct ui *ui, const struct buf *rendered)
{
	put(ui, buf_str(rendered));
	ui->is_mid_line = markdown_is_mid_line(ui->markdown);
}

static void say(struct ui *ui, struct str text)
{
	AUTO(buf) shown = {0};
	size_t columns, rows;

	if (ui->markdown) {
		view_screen(STDOUT_FILENO, &columns, &rows);
		markdown_resize(ui->markdown, columns, rows);
		markdown_put(ui->markdown, text, &shown);
		if (shown.n)
			put_rendered(ui, &shown);
	} else if (ui->stdout_is_terminal) {
		visible_put(&ui->visible, &shown, text);
		put(ui, buf_str(&shown));
	} else {
		/* A pipe gets the bytes as they are. */
		put(ui, text);
	}
}

void text_pause(struct ui *ui)
{
	AUTO(buf) shown = {0};

	if (!ui->markdown)
		return;
	markdown_end(ui->markdown, &shown);
	if (shown.n)
		put_rendered(ui, &shown);
}

static void release_held(struct ui *ui)
{
	ui->holds = false;
	timer_cancel(ui->hold_timer);
	ui->hold_timer = NULL;
	say(ui, buf_str(&ui->held));
	buf_clear(&ui->held);
}

static void begin_turn(struct ui *ui)
{
	visible_end(&ui->visible);
	text_pause(ui);
	/* What was said beside calls that were refused is no answer. */
	if (ui->options.has_schema)
		buf_clear(&ui->held);
	/* What an earlier turn said stays apart from this one's. */
	if (ui->said_something)
		put(ui, ui->is_mid_line ? STR("\n\n") : STR("\n"));
	ui->holds = !ui->stdout_is_terminal;
}

static void held_long_enough(void *self)
{
	struct ui *ui = self;

	ui->hold_timer = NULL;
	release_held(ui);
}

static void take_text(struct ui *ui, struct str text)
{
	if (ui->options.has_schema) {
		buf_put_str(&ui->held, text);
		return;
	}
	if (!ui->holds) {
		say(ui, text);
		return;
	}
	buf_put_str(&ui->held, text);
	if (ui->held.n > REMARK_MAX_BYTES || str_find_char(text, '\n', 0) != SIZE_MAX)
		release_held(ui);
	else if (!ui->hold_timer)
		ui->hold_timer = loop_after(ui->loop, REMARK_MAX_MS, held_long_enough, ui);
}

static void remark(struct ui *ui)
{
	AUTO(buf) line = {0};

	if (ui->held.n && !ui->options.is_quiet) {
		utf8_put_line(&line, str_trim(buf_str(&ui->held)), REMARK_MAX_BYTES);
		view_note(ui, "  %s\n", buf_text(&line));
	}
	buf_clear(&ui->held);
	release_held(ui);
}

/* What does not fit the schema, or is cut, is for people. */
static void finish_structured(struct ui *ui, const struct agent_result *result)
{
	AUTO(buf) shown = {0};

	if (result->structured.p) {
		say(ui, result->text);
	} else if (ui->held.n) {
		utf8_put_shown(&shown, str_trim(buf_str(&ui->held)));
		view_note(ui, "%s\n", buf_text(&shown));
	}
	buf_clear(&ui->held);
}

static void finish(struct ui *ui, const struct agent_result *result)
{
	if (ui->options.has_schema)
		finish_structured(ui, result);
	release_held(ui);
	visible_end(&ui->visible);
	text_pause(ui);
	if (ui->is_mid_line)
		put(ui, STR("\n"));
}

void text_whole(struct ui *ui, struct str text)
{
	say(ui, text);
	visible_end(&ui->visible);
	text_pause(ui);
	if (ui->is_mid_line)
		put(ui, STR("\n"));
}

static void finish_file(struct sink *s, const struct agent_result *result)
{
	struct str text = buf_str(&s->said);

	if (s->ui->options.has_schema)
		text = result->structured.p ? result->text : (struct str){0};
	sink_put(s, text);
	if (text.n && text.p[text.n - 1] != '\n')
		sink_put(s, STR("\n"));
	buf_clear(&s->said);
}

/* A file has time: it gets the last turn whole, and none that went on to a tool call. */
static void write_file(struct sink *s, const struct agent_event *event)
{
	switch (event->kind) {
	case AGENT_TEXT: buf_put_str(&s->said, event->text); break;
	case AGENT_ASKS:
	case AGENT_TOOL: buf_clear(&s->said); break;
	case AGENT_DONE: finish_file(s, event->result); break;
	default: break;
	}
}

void text_event(struct sink *s, const struct agent_event *event)
{
	struct ui *ui = s->ui;

	if (s->path) {
		write_file(s, event);
		return;
	}
	switch (event->kind) {
	case AGENT_ASKS: begin_turn(ui); break;
	case AGENT_TEXT: take_text(ui, event->text); break;
	case AGENT_ANSWERED: text_pause(ui); break;
	case AGENT_TOOL: remark(ui); break;
	case AGENT_CORRECTION: buf_clear(&ui->held); break;
	case AGENT_DONE: finish(ui, event->result); break;
	default: break;
	}
}
