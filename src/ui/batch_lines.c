// SPDX-License-Identifier: MIT
/* batch_lines: what stands on stderr for good: an end a line, failures, and the summary. */
#include <ctype.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "ui/batch_inside.h"

enum { ID_CELLS = 60, REASON_CELLS = 300, FAILED_SHOWN = 20 };

void batch_put_time(struct buf *out, int64_t ns)
{
	int64_t s = ns / 1'000'000'000;

	if (s < 10)
		buf_printf(out, "%.1f s", clock_ms(ns > 0 ? ns : 0) / 1e3);
	else if (s < 120)
		buf_printf(out, "%lld s", (long long)s);
	else if (s < 3600)
		buf_printf(out, "%lld min %lld s", (long long)s / 60, (long long)s % 60);
	else
		buf_printf(out, "%lld h %lld min", (long long)s / 3600, (long long)s % 3600 / 60);
}

static int64_t output_tokens(const struct usage *u)
{
	return u->output > 0 ? u->output : 0;
}

void batch_put_spent(struct buf *out, const struct run_usage *spent)
{
	char in[16], back[16], cost[32];

	buf_printf(out, "%s tokens in, %s out, %s",
		view_count(view_input_tokens(&spent->tokens), in),
		view_count(output_tokens(&spent->tokens), back),
		view_cost(spent->cost_nanousd, cost));
}

/* As a word of a shell. */
static void put_word(struct buf *out, struct str word)
{
	bool is_plain = word.n > 0 && word.p[0] != '-' && word.p[0] != '~';

	for (size_t i = 0; i < word.n; i++)
		is_plain &= isalnum((unsigned char)word.p[i]) || strchr("_-./:@%+,=~", word.p[i]);
	if (is_plain) {
		buf_put_str(out, word);
		return;
	}
	buf_put_char(out, '\'');
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] == '\'')
			buf_put_text(out, "'\\''");
		else
			buf_put_char(out, word.p[i]);
	buf_put_char(out, '\'');
}

void batch_put_alone(struct buf *out, const char *run, struct str id)
{
	AUTO(buf) command = {0};

	/* One word with '=', as an id may begin like an option. */
	buf_printf(&command, "fettle batch --resume %s --only%s", run,
		str_starts(id, STR("-")) ? "=" : " ");
	put_word(&command, id);
	utf8_put_exactly(out, buf_str(&command));
}

void batch_put_reason(struct buf *out, struct str class, struct str message, size_t cells)
{
	AUTO(buf) whole = {0};

	if (class.n)
		buf_printf(&whole, "%.*s: ", STR_ARG(class));
	buf_put_str(&whole, message);
	utf8_put_line(out, buf_str(&whole), cells);
}

/* ---- one task ---- */

static void put_end(struct buf *line, const struct task_outcome *o)
{
	const struct run_usage *u = &o->usage;
	char tokens[16], cost[32];

	if (o->state != TASK_DONE) {
		buf_put_text(line, o->state == TASK_SKIPPED ? " skipped: " : " FAILED ");
		batch_put_reason(line, o->class, o->message, REASON_CELLS);
		return;
	}
	buf_put_text(line, " done ");
	batch_put_time(line, u->duration_ms * 1'000'000);
	buf_printf(line, ", %s tokens, %s",
		view_count(view_input_tokens(&u->tokens) + output_tokens(&u->tokens), tokens),
		view_cost(u->cost_nanousd, cost));
}

/* Where the view counts those that are done, only the others have a line of their own. */
static void show_end(struct batch_ui *b, const struct runner_event *event)
{
	enum task_state state = event->outcome->state;
	AUTO(buf) line = {0};

	if (state == TASK_DONE ? b->has_live || b->options.is_quiet
			       : state == TASK_SKIPPED && b->options.is_quiet)
		return;
	buf_printf(&line, "fettle: [%zu/%zu] ", b->ended_count, b->tasks->items.n);
	utf8_put_line(&line, batch_task(b, event->task)->id, ID_CELLS);
	put_end(&line, event->outcome);
	view_note(b->ui, "%s%s%s\n",
		view_colour(b->ui, state == TASK_FAILED    ? "\x1b[31m"
				   : state == TASK_SKIPPED ? "\x1b[33m"
							   : "\x1b[2m"),
		buf_text(&line), view_colour(b->ui, "\x1b[0m"));
}

static void show_pause(struct batch_ui *b, const struct runner_event *event)
{
	AUTO(buf) line = {0};
	struct str why = str_from(event->error ? event->error->text : "");

	if (!b->options.is_verbose || b->options.is_quiet)
		return;
	utf8_put_line(&line, batch_task(b, event->task)->id, ID_CELLS);
	buf_printf(&line, " attempt %d: ", event->attempt);
	batch_put_reason(&line, str_from(event->class), why, REASON_CELLS);
	buf_put_text(&line, event->delay_ms ? "; again in " : "; again with a later batch");
	if (event->delay_ms)
		batch_put_time(&line, event->delay_ms * 1'000'000);
	view_note(b->ui, "%sfettle: %s%s\n", view_colour(b->ui, "\x1b[33m"), buf_text(&line),
		view_colour(b->ui, "\x1b[0m"));
}

void batch_ui_note(struct batch_ui *b, struct str sentence)
{
	AUTO(buf) line = {0};

	if (b->options.is_quiet)
		return;
	utf8_put_line(&line, sentence, REASON_CELLS);
	view_note(b->ui, "fettle: %s\n", buf_text(&line));
}

static void keep_text(struct str *kept, const struct err *e)
{
	free((char *)kept->p);
	*kept = e ? str_from(must_copy(e->text, strlen(e->text))) : (struct str){0};
}

void batch_line(struct batch_ui *b, const struct runner_event *event)
{
	switch (event->kind) {
	case RUNNER_ENDED: show_end(b, event); break;
	case RUNNER_PAUSED: show_pause(b, event); break;
	case RUNNER_STUCK:
	case RUNNER_UNSTUCK:
		keep_text(&b->why_stuck, event->error);
		if (event->error)
			ui_error(b->ui, event->error);
		else if (!b->options.is_quiet)
			view_note(b->ui, "fettle: the journal takes lines again\n");
		break;
	case RUNNER_STOPPED:
		keep_text(&b->why_stopped, event->error);
		if (event->error)
			ui_error(b->ui, event->error);
		break;
	default: break;
	}
}

/* ---- the end ---- */

static void put_failed(struct batch_ui *b, struct buf *out, uint32_t task)
{
	struct task_outcome o;

	batch_outcome(b, task, &b->scratch, &o);
	buf_put_text(out, "  ");
	utf8_put_line(out, batch_task(b, task)->id, ID_CELLS);
	buf_put_text(out, ": ");
	utf8_put_line(out, o.class, ID_CELLS);
	buf_printf(out, ", %d attempt%s; alone: ", o.attempts, o.attempts == 1 ? "" : "s");
	batch_put_alone(out, b->run, batch_task(b, task)->id);
	buf_put_char(out, '\n');
	arena_clear(&b->scratch);
}

static void put_all_failed(struct batch_ui *b, struct buf *out)
{
	size_t count = runner_count(b->runner, TASK_FAILED), shown = 0;

	for (uint32_t i = 0; i < b->tasks->items.n && shown < FAILED_SHOWN && shown < count; i++) {
		if (runner_state(b->runner, i) != TASK_FAILED)
			continue;
		put_failed(b, out, i);
		shown++;
	}
	if (count > shown)
		buf_printf(out, "  and %zu more that failed\n", count - shown);
}

void batch_summary(struct batch_ui *b)
{
	size_t skipped = runner_count(b->runner, TASK_SKIPPED), left = batch_unfinished(b);
	AUTO(buf) out = {0};

	if (b->options.is_quiet)
		return;
	buf_printf(&out, "batch %s: %zu done", b->run, runner_count(b->runner, TASK_DONE));
	buf_printf(&out, ", %zu failed", runner_count(b->runner, TASK_FAILED));
	if (skipped)
		buf_printf(&out, ", %zu skipped", skipped);
	if (left)
		buf_printf(&out, ", %zu unfinished", left);
	buf_printf(&out, " of %zu in ", b->tasks->items.n);
	batch_put_time(&out, (b->over ? b->over : clock_ns()) - b->started);
	buf_put_text(&out, "; ");
	batch_put_spent(&out, runner_spent(b->runner));
	buf_put_char(&out, '\n');
	put_all_failed(b, &out);
	if (left)
		buf_printf(&out, "to go on: fettle batch --resume %s\n", b->run);
	view_note(b->ui, "%s", buf_text(&out));
}
