// SPDX-License-Identifier: MIT
/* The format: one event a line; "X" is a span, "i" a moment, "M" a name. Times are in us. */
#include "ui/trace.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/vec.h"

/* About 200,000 spans; what comes later is counted only. */
enum { TRACE_MAX_BYTES = 64 << 20 };
enum { NAME_MAX_CELLS = 80, REQUEST_ID_MAX_BYTES = 200 };
enum { ROW_RUN = 1, ROW_TOOLS };

/* A tool call of the turn that runs; told when the turn's tools are all back. */
struct tool_span {
	const struct tool_run *run; /* to know it again only */
	int64_t asked, started, ended;
	char name[NAME_MAX_CELLS * 4 + 1];
	size_t bytes;
	bool is_error;
	const struct sub_run *sub; /* NULL: none was at work */
	int row;
};

struct trace {
	char *path;
	struct buf out;
	int64_t zero; /* monotonic clock, ns: what ts counts from */
	int64_t dropped;
	const char *session_id;
	int task, turn;
	int64_t asked; /* when the model call began */
	int64_t wait_from; /* when the last attempt failed; 0: none did */
	struct call_retry wait; /* its numbers and its reason */
	VEC(struct tool_span) tools;
	int rows; /* of tools, named so far */
};

struct span {
	struct str name;
	const char *category;
	int row;
	int64_t from, to; /* to 0: a moment */
};

/* ---- one event ---- */

/* Exactly: with doubles a span may end a little behind the one that it is within. */
static void member_us(struct json_writer *w, const char *name, int64_t ns)
{
	char number[32];

	ns = ns > 0 ? ns : 0;
	snprintf(number, sizeof number, "%lld.%03d", (long long)(ns / 1000), (int)(ns % 1000));
	json_key(w, name);
	json_put_raw(w, str_from(number));
}

static void open_event(struct trace *t, struct json_writer *w, const char *phase, struct str name)
{
	buf_put_text(&t->out, t->out.n ? ",\n" : "");
	json_open(w, '{');
	json_member_str(w, "name", name);
	json_member_text(w, "ph", phase);
	json_member_int(w, "pid", getpid());
}

static void close_event(struct json_writer *w)
{
	json_close(w, '}');
	json_close(w, '}');
}

/* Up to its args, which the caller fills before close_event. False: there is no more room. */
static bool open_span(struct trace *t, struct json_writer *w, struct span span)
{
	*w = (struct json_writer){.buf = &t->out};
	if (t->out.n > TRACE_MAX_BYTES) {
		t->dropped++;
		return false;
	}
	open_event(t, w, span.to ? "X" : "i", span.name);
	json_member_text(w, "cat", span.category);
	json_member_int(w, "tid", span.row);
	member_us(w, "ts", span.from - t->zero);
	if (span.to)
		member_us(w, "dur", span.to > span.from ? span.to - span.from : 0);
	else
		json_member_text(w, "s", "t");
	json_key(w, "args");
	json_open(w, '{');
	return true;
}

/* A span about which there is nothing to say. */
static void put_plain(
	struct trace *t, const char *name, const char *category, int64_t from, int64_t to)
{
	struct json_writer w;

	if (open_span(t, &w, (struct span){str_from(name), category, ROW_RUN, from, to}))
		close_event(&w);
}

/* Names a thing of the viewer's: "process_name", "thread_name". */
static void put_name(struct trace *t, const char *what, int row, const char *name)
{
	struct json_writer w = {.buf = &t->out};

	open_event(t, &w, "M", str_from(what));
	json_member_int(&w, "tid", row);
	json_key(&w, "args");
	json_open(&w, '{');
	json_member_text(&w, "name", name);
	close_event(&w);
}

static void member_known(struct json_writer *w, const char *name, int64_t number)
{
	if (number >= 0)
		json_member_int(w, name, number);
}

static void member_cost(struct json_writer *w, int64_t nanousd)
{
	if (nanousd < 0)
		return;
	json_key(w, "cost_usd");
	json_put_double(w, (double)nanousd / 1e9, 9);
}

static void put_usage(struct json_writer *w, const struct usage *u)
{
	member_known(w, "input_tokens", u->input);
	member_known(w, "output_tokens", u->output);
	member_known(w, "cache_read_tokens", u->cache_read);
	member_known(w, "cache_write_tokens", u->cache_write);
	member_known(w, "reasoning_tokens", u->reasoning);
}

/* ---- a model call ---- */

struct phase {
	const char *name;
	int64_t end; /* 0: it did not come to its end, or there was no such phase */
};

enum { PHASE_CONNECT = 3, PHASE_TLS, PHASE_TOKEN = 7, PHASE_STREAM, PHASES };

static void list_phases(const struct call_times *c, struct phase out[PHASES])
{
	struct phase list[PHASES] = {
		{"write request", c->loading ? c->loading : c->started},
		{"load libcurl", c->loading ? c->started : 0},
		{"resolve name", c->resolved},
		[PHASE_CONNECT] = {"connect", c->connected},
		[PHASE_TLS] = {"TLS", c->secured},
		{"send request", c->sent},
		{"wait for first byte", c->first_byte},
		[PHASE_TOKEN] = {"wait for first token", c->first_token},
		[PHASE_STREAM] = {"stream", 0},
	};

	for (size_t i = 0; i < PHASES; i++)
		out[i] = list[i];
}

/* The phase that was under way when the attempt ended. */
static const char *last_phase(
	const struct call_result *call, const struct phase *phases, size_t reached, bool is_failed)
{
	bool is_secure = str_starts(str_from(call->route->url), STR("https:"));

	/* libcurl tells when it was connected only behind the TLS handshake. */
	if (reached == PHASE_CONNECT && is_secure)
		return "connect, TLS";
	if (reached == PHASE_TLS && !is_secure)
		reached++;
	if (reached == PHASE_TOKEN && call->http_status >= 300)
		return "error answer";
	if (reached == PHASE_TOKEN && !is_failed)
		return "stream";
	return phases[reached].name;
}

/*
 * libcurl's moments count from a start of its own, so that one may lie a little before ours: each
 * phase begins where the one before it ended.
 */
static void put_phases(struct trace *t, const struct call_result *call, bool is_failed)
{
	struct phase phases[PHASES];
	int64_t from = call->times.asked, end = call->times.ended;
	size_t reached = 0;

	list_phases(&call->times, phases);
	for (size_t i = 0; i < PHASES; i++)
		reached = phases[i].end ? i + 1 : reached;
	for (size_t i = 0; i < reached; i++) {
		int64_t to = phases[i].end < end ? phases[i].end : end;
		if (to <= from)
			continue;
		put_plain(t, phases[i].name, "network", from, to);
		from = to;
	}
	if (end > from)
		put_plain(t, last_phase(call, phases, reached, is_failed), "network", from, end);
}

static void put_wait(struct trace *t, int64_t until)
{
	struct span span = {STR("wait for retry"), "retry", ROW_RUN, t->wait_from, until};
	struct json_writer w;

	if (t->wait_from && open_span(t, &w, span)) {
		json_member_int(&w, "retry", t->wait.attempt);
		json_member_int(&w, "retries_max", t->wait.retries_max);
		json_member_int(&w, "delay_ms", t->wait.delay_ms);
		json_member_text(&w, "reason", t->wait.reason);
		close_event(&w);
	}
	t->wait_from = 0;
}

static void put_answer(struct json_writer *w, const struct call_result *call)
{
	struct str id = call->request_id, key = call->route->key;

	json_member_str(w, "model", call->route->name);
	if (call->http_status)
		json_member_int(w, "status", call->http_status);
	/* A server may send back whatever it got. */
	if (id.n && (!key.n || !str_contains(id, key)))
		json_member_str(w, "request_id", utf8_head(id, REQUEST_ID_MAX_BYTES));
	json_member_int(w, "request_bytes", (int64_t)call->request_bytes);
	json_member_int(w, "response_bytes", (int64_t)call->response_bytes);
}

static void put_attempt(struct trace *t, const struct call_result *call, const struct err *error)
{
	const struct call_times *times = &call->times;
	struct span span = {STR("attempt"), "network", ROW_RUN, times->asked, times->ended};
	struct json_writer w;

	int64_t asked = times->asked ? times->asked : times->ended;

	put_wait(t, times->queued ? times->queued : asked);
	if (times->queued)
		put_plain(t, "pacing", "pace", times->queued, asked);
	/* The call was cancelled before it was made, or made again. */
	if (!times->asked)
		return;
	if (open_span(t, &w, span)) {
		json_member_int(&w, "attempt", call->attempts);
		put_answer(&w, call);
		json_member_bool(&w, "connection_reused", times->reused);
		if (error)
			json_member_text(&w, "error", err_code_name(error->code));
		close_event(&w);
	}
	if (call->route->wire)
		put_phases(t, call, error);
}

static void put_fallback(struct trace *t, const struct call_retry *retry)
{
	struct span span = {STR("fallback"), "retry", ROW_RUN, retry->failed->times.ended, 0};
	struct json_writer w;

	if (!open_span(t, &w, span))
		return;
	json_member_str(&w, "from", retry->route->name);
	json_member_str(&w, "to", retry->next->name);
	json_member_text(&w, "reason", retry->reason);
	if (retry->http_status)
		json_member_int(&w, "status", retry->http_status);
	close_event(&w);
}

static void take_retry(struct trace *t, const struct agent_event *event)
{
	const struct call_retry *retry = event->retry;

	put_attempt(t, retry->failed, retry->error);
	if (event->kind == AGENT_FALLBACK) {
		put_fallback(t, retry);
		return;
	}
	t->wait = *retry;
	t->wait_from = retry->failed->times.ended;
}

/* As open_span; turn 0: it is not said which. */
static bool open_call(struct trace *t, struct json_writer *w, const struct call_result *call,
	int turn, int row, int64_t from)
{
	AUTO(buf) name = {0};

	buf_put_text(&name, "call ");
	utf8_put_line(&name, call->route->name, NAME_MAX_CELLS);
	if (!open_span(t, w, (struct span){buf_str(&name), "model", row, from, call->times.ended}))
		return false;
	if (turn)
		json_member_int(w, "turn", turn);
	json_member_int(w, "attempts", call->attempts);
	put_answer(w, call);
	put_usage(w, &call->usage);
	member_cost(w, call->cost_nanousd);
	json_member_text(w, "stop_reason", stop_reason_name(call->stop));
	return true;
}

static void put_call(struct trace *t, const struct agent_event *event)
{
	const struct call_result *call = event->call;
	struct json_writer w;

	put_attempt(t, call, call->error);
	if (!open_call(t, &w, call, event->turn, ROW_RUN, t->asked))
		return;
	if (call->error)
		json_member_text(&w, "error", err_code_name(call->error->code));
	close_event(&w);
}

/* Within the span of the tool call that they were made for. */
static void put_sub_calls(struct trace *t, const struct sub_run *sub, int row)
{
	struct json_writer w;

	for (size_t i = 0; sub && i < sub->call_count; i++)
		if (open_call(t, &w, &sub->calls[i], 0, row, sub->calls[i].times.begun))
			close_event(&w);
}

/* ---- tools ---- */

static void tool_starts(struct trace *t, const struct tool_run *run)
{
	vec_push(&t->tools, (struct tool_span){.run = run, .asked = clock_ns()});
}

static void tool_ends(struct trace *t, const struct tool_run *run)
{
	AUTO(buf) name = {0};

	/* Models make names up. */
	utf8_put_line(&name, run->name, NAME_MAX_CELLS);
	vec_each (&t->tools, tool) {
		if (tool->run != run)
			continue;
		snprintf(tool->name, sizeof tool->name, "%s", buf_text(&name));
		tool->started = run->started;
		tool->ended = run->ended;
		tool->bytes = run->result.text.n;
		tool->is_error = run->result.is_error;
		tool->sub = run->result.sub;
	}
}

static int by_start(const void *a, const void *b)
{
	const struct tool_span *x = a, *y = b;

	return (x->started > y->started) - (x->started < y->started);
}

/* The first row that is free again when the tool at this index starts; those before it are placed.
 */
static int free_row(const struct trace *t, size_t index)
{
	for (int row = ROW_TOOLS;; row++) {
		bool is_free = true;
		for (size_t i = 0; i < index && is_free; i++)
			is_free = t->tools.p[i].row != row ||
				  t->tools.p[i].ended <= t->tools.p[index].started;
		if (is_free)
			return row;
	}
}

static void put_tool(struct trace *t, const struct tool_span *tool)
{
	struct json_writer w;
	char name[32];

	for (; t->rows < tool->row - ROW_TOOLS + 1; t->rows++) {
		snprintf(name, sizeof name, "tools %d", t->rows + 1);
		put_name(t, "thread_name", ROW_TOOLS + t->rows, name);
	}
	if (!open_span(t, &w,
		    (struct span){
			    str_from(tool->name), "tool", tool->row, tool->started, tool->ended}))
		return;
	json_member_int(&w, "turn", t->turn);
	member_us(&w, "queued_us", tool->started - tool->asked);
	json_member_int(&w, "result_bytes", (int64_t)tool->bytes);
	json_member_bool(&w, "is_error", tool->is_error);
	close_event(&w);
	put_sub_calls(t, tool->sub, tool->row);
}

static void put_tools(struct trace *t)
{
	if (t->tools.n)
		qsort(t->tools.p, t->tools.n, sizeof *t->tools.p, by_start);
	for (size_t i = 0; i < t->tools.n; i++) {
		t->tools.p[i].row = free_row(t, i);
		put_tool(t, &t->tools.p[i]);
	}
	vec_release(&t->tools);
}

/* ---- the run ---- */

static void put_task(struct trace *t, const struct agent_result *r)
{
	struct json_writer w;
	char name[32];

	snprintf(name, sizeof name, "task %d", ++t->task);
	if (!open_span(t, &w, (struct span){str_from(name), "task", ROW_RUN, r->started, r->ended}))
		return;
	if (r->route)
		json_member_str(&w, "model", r->route->name);
	json_member_int(&w, "turns", r->turns);
	json_member_int(&w, "tools", (int64_t)r->tool_count);
	put_usage(&w, &r->usage);
	member_cost(&w, r->cost_nanousd);
	json_member_text(&w, "stop_reason", stop_reason_name(r->stop));
	if (r->error)
		json_member_text(&w, "error", err_code_name(r->error->code));
	close_event(&w);
}

void trace_event(struct trace *t, const struct agent_event *event)
{
	t->turn = event->turn;
	switch (event->kind) {
	case AGENT_ASKS: t->asked = clock_ns(); break;
	case AGENT_RETRY:
	case AGENT_FALLBACK: take_retry(t, event); break;
	case AGENT_ANSWERED: put_call(t, event); break;
	case AGENT_TOOL: tool_starts(t, event->run); break;
	case AGENT_TOOL_DONE: tool_ends(t, event->run); break;
	case AGENT_RESULTS: put_tools(t); break;
	case AGENT_DONE:
		put_tools(t);
		put_task(t, event->result);
		break;
	default: break;
	}
}

void trace_begin(struct trace *t, const struct ui_run *run)
{
	const struct ui_times *times = run->times;

	t->session_id = run->session_id;
	t->zero = times->main_at - times->exec_ns;
	put_name(t, "process_name", ROW_RUN, "fettle");
	put_name(t, "thread_name", ROW_RUN, "run");
	put_plain(t, "exec to main (CPU)", "start", t->zero, times->main_at);
	put_plain(t, "options", "start", times->main_at, times->parsed_at);
	put_plain(t, "workspace", "start", times->parsed_at, times->workspace_at);
	put_plain(t, "settings", "start", times->workspace_at, times->settings_at);
	put_plain(t, "choice of the model", "start", times->settings_at, times->chosen_at);
	put_plain(t, "tasks and stdin", "start", times->chosen_at, times->tasks_at);
	put_plain(t, "context", "start", times->tasks_at, times->context_at);
}

struct trace *trace_new(const char *path, struct err *e)
{
	if (!file_can_replace(path, e))
		return NULL;
	struct trace *t = must_alloc(1, sizeof *t);
	t->path = must_copy(path, strlen(path));
	return t;
}

bool trace_write(struct trace *t, struct err *e)
{
	AUTO(buf) whole = {0};
	struct json_writer w = {.buf = &whole};

	buf_put_text(&whole, "{\"traceEvents\":[\n");
	buf_put_str(&whole, buf_str(&t->out));
	buf_put_text(&whole, "\n],\"displayTimeUnit\":\"ms\",\"otherData\":");
	json_open(&w, '{');
	json_member_text(&w, "program", "fettle " FETTLE_VERSION);
	json_member_text(&w, "session_id", t->session_id);
	json_member_int(&w, "written_at_unix_s", clock_wall_s());
	json_member_int(&w, "dropped_events", t->dropped);
	json_close(&w, '}');
	buf_put_text(&whole, "}\n");
	return file_replace(t->path, buf_str(&whole), e);
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	buf_release(&t->out);
	vec_release(&t->tools);
	free(t->path);
	free(t);
}
