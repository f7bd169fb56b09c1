// SPDX-License-Identifier: MIT
/*
 * batch_formats: a batch as text, as JSON (docs/batch.schema.json: one document; and
 * docs/batch-stream.schema.json: an object a line) and as a report.
 */
#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"
#include "ui/batch_inside.h"

enum { NAME_CELLS = 200, REASON_CELLS = 1000 };

const char *batch_state_name(enum task_state state)
{
	return state == TASK_DONE      ? "done"
	       : state == TASK_FAILED  ? "failed"
	       : state == TASK_SKIPPED ? "skipped"
				       : "unfinished";
}

/* ---- text ---- */

static void put_header(struct buf *out, struct batch_ui *b, uint32_t task)
{
	buf_put_text(out, "== ");
	utf8_put_line(out, batch_task(b, task)->id, NAME_CELLS);
	buf_put_text(out, " ==\n");
}

static void put_end_of_text(
	struct buf *out, struct batch_ui *b, uint32_t task, const struct task_outcome *o)
{
	buf_put_text(out, o->state == TASK_SKIPPED ? "SKIPPED " : "FAILED ");
	batch_put_reason(out, o->class, o->message, REASON_CELLS);
	buf_put_text(out, "\nrun alone: ");
	batch_put_alone(out, b->run, batch_task(b, task)->id);
	buf_put_char(out, '\n');
}

/* As it is; what is on a terminal is rendered, as a single answer is. */
static void put_answer(struct sink *s, struct str text)
{
	if (!s->path) {
		text_whole(s->ui, text);
		return;
	}
	sink_put(s, text);
	if (text.n && text.p[text.n - 1] != '\n')
		sink_put(s, STR("\n"));
}

static void text_task(struct batch_sink *s, uint32_t task, const struct task_outcome *o)
{
	bool is_alone = s->batch->tasks->items.n == 1;
	AUTO(buf) head = {0};

	if (!batch_state_is_end(o->state) || (is_alone && o->state != TASK_DONE))
		return;
	if (!is_alone)
		put_header(&head, s->batch, task);
	if (o->state != TASK_DONE || o->class.p)
		put_end_of_text(&head, s->batch, task, o);
	sink_put(&s->sink, buf_str(&head));
	if (o->state == TASK_DONE)
		put_answer(&s->sink, o->text);
	if (!is_alone)
		sink_put(&s->sink, STR("\n"));
}

/* ---- JSON ---- */

static void put_error(struct json_writer *w, const struct task_outcome *o)
{
	json_key(w, "error");
	if (!batch_state_is_end(o->state) || (o->state == TASK_DONE && !o->class.p)) {
		json_put_null(w);
		return;
	}
	json_open(w, '{');
	json_member_str(w, "class", o->class.n ? o->class : str_from(batch_state_name(o->state)));
	json_member_str(w, "message", o->message.p ? o->message : STR(""));
	json_close(w, '}');
}

static void put_structured(struct json_writer *w, const struct task_outcome *o)
{
	struct err e;

	json_key(w, "structured");
	if (o->state == TASK_DONE && json_check(o->text, &e))
		json_put_raw(w, str_trim(o->text));
	else
		json_put_null(w);
}

static void put_result(
	struct json_writer *w, const struct batch_ui *b, const struct task_outcome *o)
{
	json_key(w, "result");
	if (o->state == TASK_DONE && o->text.p)
		json_put_str(w, o->text);
	else
		json_put_null(w);
	if (b->options.has_schema)
		put_structured(w, o);
}

static void put_paths(struct json_writer *w, const struct batch_ui *b, uint32_t task)
{
	const struct batch_ui_options *o = &b->options;
	AUTO(buf) path = {0};

	if (b->options.directory && batch_put_file(b, task, &path))
		json_member_str(w, "output_file", buf_str(&path));
	buf_clear(&path);
	if (o->patch_file && o->patch_file(o->self, task, &path))
		json_member_str(w, "patch_file", buf_str(&path));
}

static void put_task(
	struct json_writer *w, struct batch_ui *b, uint32_t task, const struct task_outcome *o)
{
	const struct run_usage *u = &o->usage;

	json_member_str(w, "id", batch_task(b, task)->id);
	json_member_int(w, "index", task);
	json_member_text(w, "state", batch_state_name(o->state));
	put_result(w, b, o);
	put_error(w, o);
	json_member_int(w, "attempts", o->attempts);
	json_member_str(w, "model", u->model.p ? u->model : STR(""));
	json_member_int(w, "num_turns", u->turns);
	json_member_int(w, "num_tools", u->tool_calls);
	json_member_int(w, "duration_ms", u->duration_ms > 0 ? u->duration_ms : 0);
	report_put_cost(w, u->cost_nanousd);
	report_put_usage(w, &u->tokens);
	if (o->state == TASK_DONE)
		put_paths(w, b, task);
}

void batch_put_counts(
	struct json_writer *w, size_t total, size_t done, size_t failed, size_t skipped)
{
	json_key(w, "counts");
	json_open(w, '{');
	json_member_int(w, "total", (int64_t)total);
	json_member_int(w, "done", (int64_t)done);
	json_member_int(w, "failed", (int64_t)failed);
	json_member_int(w, "skipped", (int64_t)skipped);
	json_member_int(w, "unfinished", (int64_t)(total - done - failed - skipped));
	json_close(w, '}');
}

void batch_put_resume(struct json_writer *w, const char *run, size_t unfinished)
{
	AUTO(buf) command = {0};

	json_key(w, "resume");
	buf_printf(&command, "fettle batch --resume %s", run);
	if (unfinished)
		json_put_str(w, buf_str(&command));
	else
		json_put_null(w);
}

/* What is known at the end, as members of an object that is open. */
static void put_totals(struct json_writer *w, const struct batch_ui *b)
{
	const struct err *why = runner_stop_reason(b->runner);
	const struct run_usage *spent = runner_spent(b->runner);

	batch_put_counts(w, b->tasks->items.n, runner_count(b->runner, TASK_DONE),
		runner_count(b->runner, TASK_FAILED), runner_count(b->runner, TASK_SKIPPED));
	report_put_usage(w, &spent->tokens);
	report_put_cost(w, spent->cost_nanousd);
	json_member_int(w, "duration_ms", (b->over - b->started) / 1'000'000);
	json_key(w, "stopped");
	if (why) {
		json_open(w, '{');
		json_member_text(w, "code", err_code_name(why->code));
		json_member_text(w, "message", why->text);
		json_close(w, '}');
	} else {
		json_put_null(w);
	}
	batch_put_resume(w, b->run, batch_unfinished(b));
}

static void json_begin(struct batch_sink *s)
{
	AUTO(buf) out = {0};
	struct json_writer w = {.buf = &out};

	json_open(&w, '{');
	json_member_text(&w, "type", "batch");
	json_member_text(&w, "run", s->batch->run);
	json_key(&w, "tasks");
	json_open(&w, '[');
	buf_put_char(&out, '\n');
	sink_put(&s->sink, buf_str(&out));
}

/* Whole lines, as others may come between them on a terminal. */
static void json_task(struct batch_sink *s, uint32_t task, const struct task_outcome *o)
{
	AUTO(buf) out = {0};
	struct json_writer w = {.buf = &out};

	buf_put_text(&out, s->put ? "," : "");
	json_open(&w, '{');
	put_task(&w, s->batch, task, o);
	json_close(&w, '}');
	buf_put_char(&out, '\n');
	sink_put(&s->sink, buf_str(&out));
}

static void json_end(struct batch_sink *s)
{
	AUTO(buf) out = {0};
	struct json_writer w = {.buf = &out};

	json_close(&w, ']');
	put_totals(&w, s->batch);
	json_close(&w, '}');
	buf_put_char(&out, '\n');
	sink_put(&s->sink, buf_str(&out));
}

/* ---- stream-json ---- */

static void open_line(struct json_writer *w, const char *type)
{
	json_open(w, '{');
	json_member_text(w, "type", type);
}

static void close_line(struct batch_sink *s, struct json_writer *w)
{
	report_put_ids(w, s->sink.ui);
	json_close(w, '}');
	buf_put_char(w->buf, '\n');
	sink_put(&s->sink, buf_str(w->buf));
}

static void name_task(struct batch_sink *s, uint32_t task)
{
	s->sink.ui->task_id = batch_task(s->batch, task)->id;
	s->sink.ui->task_index = task;
}

static void stream_task(struct batch_sink *s, uint32_t task, const struct task_outcome *o)
{
	AUTO(buf) out = {0};
	struct json_writer w = {.buf = &out};

	name_task(s, task);
	open_line(&w, "task_result");
	put_task(&w, s->batch, task, o);
	close_line(s, &w);
}

static void stream_started(struct batch_sink *s, const struct runner_event *event)
{
	AUTO(buf) out = {0};
	struct json_writer w = {.buf = &out};

	open_line(&w, "task_started");
	json_member_int(&w, "attempt", event->attempt);
	close_line(s, &w);
}

static void stream_paused(struct batch_sink *s, const struct runner_event *event)
{
	AUTO(buf) out = {0};
	struct json_writer w = {.buf = &out};

	open_line(&w, "task_retry");
	json_member_int(&w, "attempt", event->attempt);
	json_member_text(&w, "class", event->class ? event->class : "");
	json_member_text(&w, "message", event->error ? event->error->text : "");
	json_member_int(&w, "retry_delay_ms", event->delay_ms);
	close_line(s, &w);
}

static void stream_event(struct batch_sink *s, const struct runner_event *event)
{
	if (event->kind != RUNNER_STARTED && event->kind != RUNNER_AGENT &&
		event->kind != RUNNER_PAUSED)
		return;
	name_task(s, event->task);
	if (event->kind == RUNNER_STARTED)
		stream_started(s, event);
	else if (event->kind == RUNNER_PAUSED)
		stream_paused(s, event);
	else if (event->agent->kind != AGENT_DONE)
		stream_json_event(&s->sink, event->agent);
}

static void stream_end(struct batch_sink *s)
{
	AUTO(buf) out = {0};
	struct json_writer w = {.buf = &out};

	s->sink.ui->task_id = (struct str){0};
	open_line(&w, "batch_result");
	json_member_text(&w, "run", s->batch->run);
	put_totals(&w, s->batch);
	close_line(s, &w);
}

/* ---- markdown ---- */

static void document_begin_batch(struct batch_sink *s)
{
	const struct batch_ui *b = s->batch;
	AUTO(buf) out = {0};

	buf_printf(&out, "# Batch %s\n\n", b->run);
	buf_put_text(&out, "| task | state | attempts | time | tokens in | out | cost |\n"
			   "|:-----|:------|---------:|-----:|----------:|----:|-----:|\n");
	sink_put(&s->sink, buf_str(&out));
}

static void document_row(struct batch_sink *s, uint32_t task, const struct task_outcome *o)
{
	const struct run_usage *u = &o->usage;
	AUTO(buf) out = {0};
	char in[16], back[16], cost[32];

	buf_put_text(&out, "| ");
	document_put_literal(&out, batch_task(s->batch, task)->id, NAME_CELLS);
	buf_printf(&out, " | %s | %d | ", batch_state_name(o->state), o->attempts);
	batch_put_time(&out, u->duration_ms * 1'000'000);
	buf_printf(&out, " | %s | %s | %s |\n", view_count(view_input_tokens(&u->tokens), in),
		view_count(u->tokens.output > 0 ? u->tokens.output : 0, back),
		view_cost(u->cost_nanousd, cost));
	sink_put_shown(&s->sink, buf_str(&out));
}

static void put_document_totals(struct buf *out, const struct batch_ui *b)
{
	const struct err *why = runner_stop_reason(b->runner);

	buf_printf(out, "\n%zu tasks: %zu done, %zu failed, %zu skipped, %zu unfinished; ",
		b->tasks->items.n, runner_count(b->runner, TASK_DONE),
		runner_count(b->runner, TASK_FAILED), runner_count(b->runner, TASK_SKIPPED),
		batch_unfinished(b));
	batch_put_spent(out, runner_spent(b->runner));
	buf_put_text(out, "; ");
	batch_put_time(out, b->over - b->started);
	buf_put_char(out, '\n');
	if (!why)
		return;
	buf_put_text(out, "\n**Stopped:** ");
	document_put_literal(out, str_from(why->text), sizeof why->text);
	buf_put_char(out, '\n');
}

static void document_task(struct batch_sink *s, uint32_t task, const struct task_outcome *o)
{
	AUTO(buf) out = {0};

	if (s->put == 0)
		put_document_totals(&out, s->batch);
	buf_put_text(&out, "\n## ");
	document_put_literal(&out, batch_task(s->batch, task)->id, NAME_CELLS);
	buf_put_text(&out, "\n\n");
	if (o->state == TASK_DONE && !o->class.p) {
		buf_put_str(&out, o->text);
		buf_put_text(&out, o->text.n && o->text.p[o->text.n - 1] != '\n' ? "\n" : "");
	} else if (batch_state_is_end(o->state)) {
		AUTO(buf) why = {0};
		batch_put_reason(&why, o->class, o->message, REASON_CELLS);
		buf_put_text(&out, o->state == TASK_SKIPPED ? "**Skipped:** " : "**Failed:** ");
		document_put_literal(&out, buf_str(&why), REASON_CELLS);
		buf_put_char(&out, '\n');
	} else {
		buf_put_text(&out, "**Unfinished**\n");
	}
	sink_put_shown(&s->sink, buf_str(&out));
}

/* ---- the table ---- */

static const struct batch_format table[] = {
	{"text", .task = text_task},
	{"json", .begin = json_begin, .task = json_task, .end = json_end},
	{"stream-json", .is_as_they_end = true, .task = stream_task, .event = stream_event,
		.end = stream_end},
	{"markdown", .is_for_the_end = true, .begin = document_begin_batch, .row = document_row,
		.task = document_task},
};

const struct batch_format *batch_format_of(const struct format *format)
{
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (str_is(str_from(format->name), table[i].name))
			return &table[i];
	return NULL;
}

bool batch_takes_format(const struct format *format, struct err *e)
{
	return batch_format_of(format) ||
	       err_set(e, ERR_USAGE,
		       "%s is a format of single runs; a batch has text, json, stream-json, markdown",
		       format->name);
}
