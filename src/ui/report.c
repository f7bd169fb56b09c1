// SPDX-License-Identifier: MIT
/*
 * report: runs as JSON: one result object (json), or one object a line (stream-json) in the shape
 * that Claude Code's -p mode made common: system/init, assistant (one line a content block), user
 * (tool results), result. docs/result.schema.json and docs/stream.schema.json describe them.
 */
#include <string.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "ui/view.h"

/* What every object has. */
void report_put_ids(struct json_writer *w, const struct ui *ui)
{
	char uuid[UUID_TEXT];

	uuid_make(uuid);
	json_member_text(w, "session_id", ui->run.session_id);
	json_member_text(w, "uuid", uuid);
	if (ui->task_id.p) {
		json_member_str(w, "task_id", ui->task_id);
		json_member_int(w, "task_index", ui->task_index);
	}
}

void report_put_usage(struct json_writer *w, const struct usage *u)
{
	json_key(w, "usage");
	json_open(w, '{');
	json_member_int(w, "input_tokens", u->input > 0 ? u->input : 0);
	json_member_int(w, "output_tokens", u->output > 0 ? u->output : 0);
	json_member_int(w, "cache_read_input_tokens", u->cache_read > 0 ? u->cache_read : 0);
	json_member_int(w, "cache_creation_input_tokens", u->cache_write > 0 ? u->cache_write : 0);
	json_close(w, '}');
}

void report_put_cost(struct json_writer *w, int64_t cost_nanousd)
{
	json_key(w, "total_cost_usd");
	if (cost_nanousd < 0)
		json_put_null(w);
	else
		json_put_double(w, (double)cost_nanousd / 1e9, 9);
}

static const char *subtype(const struct agent_result *r)
{
	if (!r->error)
		return "success";
	switch (r->error->code) {
	case ERR_LIMIT:
		if (r->stop == STOP_CONTEXT)
			return "error_context_window";
		return r->stop == STOP_TOOL_USE ? "error_max_turns" : "error_max_output_tokens";
	case ERR_TIMEOUT: return "error_timeout";
	case ERR_CANCELLED: return "error_interrupted";
	case ERR_PROVIDER:
	case ERR_NETWORK: return "error_provider";
	default: return r->fault_count ? "error_schema" : "error_during_execution";
	}
}

static void put_tools(struct json_writer *w, const struct agent_result *r)
{
	json_key(w, "tools");
	json_open(w, '[');
	for (size_t i = 0; i < r->tool_count; i++) {
		const struct tool_run *run = &r->tools[i];
		json_open(w, '{');
		json_member_str(w, "id", run->id);
		json_member_str(w, "name", run->name);
		json_key(w, "duration_ms");
		json_put_double(w, clock_ms(run->ended - run->started), 3);
		json_member_bool(w, "is_error", run->result.is_error);
		json_member_bool(w, "is_denied", run->is_denied);
		json_member_int(w, "bytes", (int64_t)run->result.text.n);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_window(struct json_writer *w, const struct agent_result *r)
{
	const struct window_counts *c = &r->window;

	json_key(w, "window");
	json_open(w, '{');
	json_member_int(w, "context_tokens", r->window_tokens);
	json_member_int(w, "shrinks", (int64_t)c->shrinks);
	json_member_int(w, "overflows", (int64_t)c->overflows);
	json_member_int(w, "results_set_aside", (int64_t)c->results);
	json_member_int(w, "turns_summarised", (int64_t)c->turns_summarised);
	json_member_int(w, "turns_dropped", (int64_t)c->turns_dropped);
	json_close(w, '}');
}

static void put_errors(struct json_writer *w, const struct agent_result *r)
{
	json_key(w, "errors");
	json_open(w, '[');
	if (r->error) {
		json_open(w, '{');
		json_member_text(w, "code", err_code_name(r->error->code));
		json_member_text(w, "message", r->error->text);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_structured(struct json_writer *w, const struct agent_result *r)
{
	json_key(w, "structured");
	json_put_raw(w, r->structured.p ? r->structured : STR("null"));
	json_key(w, "schema_errors");
	json_open(w, '[');
	for (size_t i = 0; i < r->fault_count; i++) {
		json_open(w, '{');
		json_member_str(w, "path", r->faults[i].path);
		json_member_str(w, "message", r->faults[i].message);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_result(struct sink *s, const struct agent_result *r)
{
	struct ui *ui = s->ui;
	AUTO(buf) b = {0};
	struct json_writer w = {.buf = &b};

	json_open(&w, '{');
	json_member_text(&w, "type", "result");
	json_member_text(&w, "subtype", subtype(r));
	json_member_bool(&w, "is_error", r->error);
	json_member_str(&w, "result", r->text);
	if (ui->options.has_schema)
		put_structured(&w, r);
	const struct route *route = r->route ? r->route : ui->run.route;
	json_member_str(&w, "model", r->turns ? route->name : STR(""));
	json_member_str(&w, "provider", route->provider);
	json_member_text(&w, "stop_reason", stop_reason_name(r->stop));
	json_member_int(&w, "num_turns", r->turns);
	json_key(&w, "duration_ms");
	json_put_double(&w, clock_ms(r->ended - r->started), 3);
	json_key(&w, "duration_api_ms");
	json_put_double(&w, clock_ms(r->provider_ns), 3);
	report_put_cost(&w, r->cost_nanousd);
	report_put_usage(&w, &r->usage);
	put_tools(&w, r);
	put_window(&w, r);
	changes_put_json(&w, ui->run.keep);
	timings_put_json(&w, ui, r);
	report_put_ids(&w, ui);
	put_errors(&w, r);
	json_close(&w, '}');
	buf_put_char(&b, '\n');
	sink_put(s, buf_str(&b));
}

void json_event(struct sink *s, const struct agent_event *event)
{
	if (event->kind == AGENT_DONE)
		put_result(s, event->result);
}

void stream_json_begin(struct sink *s, struct str)
{
	AUTO(buf) b = {0};
	struct json_writer w = {.buf = &b};
	const struct ui *ui = s->ui;
	const struct ui_run *run = &ui->run;

	json_open(&w, '{');
	json_member_text(&w, "type", "system");
	json_member_text(&w, "subtype", "init");
	AUTO(buf) directory = {0};
	buf_printf(&directory, "%s%s%s", run->workspace->root, run->workspace->inside[0] ? "/" : "",
		run->workspace->inside);
	json_member_str(&w, "cwd", buf_str(&directory));
	report_put_ids(&w, ui);
	json_key(&w, "tools");
	json_open(&w, '[');
	for (size_t i = 0; i < run->context->tool_count; i++)
		json_put_str(&w, run->context->tools[i].name);
	json_close(&w, ']');
	json_member_str(&w, "model", run->route->name);
	json_member_str(&w, "provider", run->route->provider);
	json_member_text(&w, "why", run->route->why);
	json_member_text(&w, "fettle_version", FETTLE_VERSION);
	json_close(&w, '}');
	buf_put_char(&b, '\n');
	sink_put(s, buf_str(&b));
}

static void put_block(struct json_writer *w, const struct block *block)
{
	static const char *const names[] = {
		[BLOCK_TEXT] = "text",
		[BLOCK_THINKING] = "thinking",
		[BLOCK_TOOL_USE] = "tool_use",
		[BLOCK_TOOL_RESULT] = "tool_result",
		[BLOCK_IMAGE] = "image",
	};

	json_open(w, '{');
	json_member_text(w, "type", names[block->kind]);
	switch (block->kind) {
	case BLOCK_TEXT: json_member_str(w, "text", block->text); break;
	case BLOCK_THINKING: json_member_str(w, "thinking", block->text); break;
	case BLOCK_IMAGE: json_member_str(w, "media_type", block->media_type); break;
	case BLOCK_TOOL_USE:
		json_member_str(w, "id", block->id);
		json_member_str(w, "name", block->name);
		json_key(w, "input");
		json_put_raw(w, block->input);
		break;
	case BLOCK_TOOL_RESULT:
		json_member_str(w, "tool_use_id", block->id);
		json_member_str(w, "content", block->text);
		if (block->is_error)
			json_member_bool(w, "is_error", true);
		break;
	}
	json_close(w, '}');
}

/* {"type": "assistant"|"user", "message": {..., "content": [blocks from .. to]}} */
static void put_message(struct sink *s, const struct message *m, size_t from, size_t to,
	const struct call_result *call)
{
	AUTO(buf) b = {0};
	struct json_writer w = {.buf = &b};
	const char *role = m->role == ROLE_ASSISTANT ? "assistant" : "user";

	json_open(&w, '{');
	json_member_text(&w, "type", role);
	json_key(&w, "message");
	json_open(&w, '{');
	json_member_text(&w, "role", role);
	if (call) {
		json_member_str(&w, "model", call->route->model_id);
		json_member_text(&w, "stop_reason", stop_reason_name(call->stop));
	}
	json_key(&w, "content");
	json_open(&w, '[');
	for (size_t i = from; i < to; i++)
		put_block(&w, &m->blocks[i]);
	json_close(&w, ']');
	if (call)
		report_put_usage(&w, &call->usage);
	json_close(&w, '}');
	json_key(&w, "parent_tool_use_id");
	json_put_null(&w);
	report_put_ids(&w, s->ui);
	json_close(&w, '}');
	buf_put_char(&b, '\n');
	sink_put(s, buf_str(&b));
}

static void put_delta(struct sink *s, const char *type, const char *field, struct str text)
{
	AUTO(buf) b = {0};
	struct json_writer w = {.buf = &b};

	json_open(&w, '{');
	json_member_text(&w, "type", "stream_event");
	json_key(&w, "event");
	json_open(&w, '{');
	json_member_text(&w, "type", "content_block_delta");
	json_key(&w, "delta");
	json_open(&w, '{');
	json_member_text(&w, "type", type);
	json_member_str(&w, field, text);
	json_close(&w, '}');
	json_close(&w, '}');
	report_put_ids(&w, s->ui);
	json_close(&w, '}');
	buf_put_char(&b, '\n');
	sink_put(s, buf_str(&b));
}

static void put_retry(struct sink *s, const struct call_retry *retry)
{
	AUTO(buf) b = {0};
	struct json_writer w = {.buf = &b};
	bool is_same = retry->next == retry->route;

	json_open(&w, '{');
	json_member_text(&w, "type", "system");
	json_member_text(&w, "subtype", is_same ? "api_retry" : "model_fallback");
	if (is_same) {
		json_member_int(&w, "attempt", retry->attempt);
		json_member_int(&w, "max_retries", retry->retries_max);
		json_member_int(&w, "retry_delay_ms", retry->delay_ms);
	} else {
		json_member_str(&w, "from", retry->route->name);
		json_member_str(&w, "to", retry->next->name);
	}
	json_key(&w, "error_status");
	if (retry->http_status)
		json_put_int(&w, retry->http_status);
	else
		json_put_null(&w);
	json_member_text(&w, "error", retry->reason);
	json_member_text(&w, "message", retry->error->text);
	report_put_ids(&w, s->ui);
	json_close(&w, '}');
	buf_put_char(&b, '\n');
	sink_put(s, buf_str(&b));
}

static void put_wait(struct sink *s, const struct call_wait *wait)
{
	AUTO(buf) b = {0};
	struct json_writer w = {.buf = &b};

	json_open(&w, '{');
	json_member_text(&w, "type", "system");
	json_member_text(&w, "subtype", "api_wait");
	json_member_str(&w, "model", wait->route->name);
	json_member_str(&w, "provider", wait->route->provider);
	json_member_text(&w, "reason", wait->reason);
	json_member_text(&w, "message", wait->why);
	json_key(&w, "wait_ms");
	if (wait->wait_ms >= 0)
		json_put_int(&w, wait->wait_ms);
	else
		json_put_null(&w);
	report_put_ids(&w, s->ui);
	json_close(&w, '}');
	buf_put_char(&b, '\n');
	sink_put(s, buf_str(&b));
}

/* The subtype and the first three members are those of Claude Code. */
static void put_window_change(struct sink *s, const struct window_change *c)
{
	AUTO(buf) b = {0};
	struct json_writer w = {.buf = &b};

	json_open(&w, '{');
	json_member_text(&w, "type", "system");
	json_member_text(&w, "subtype", "compact_boundary");
	json_key(&w, "compact_metadata");
	json_open(&w, '{');
	json_member_text(&w, "trigger", "auto");
	json_member_int(&w, "pre_tokens", c->tokens_before);
	json_member_int(&w, "post_tokens", c->tokens_after);
	json_member_bool(&w, "overflow", c->is_overflow);
	json_member_int(&w, "results_set_aside", (int64_t)c->results);
	json_member_int(&w, "turns_summarised", c->is_summarised ? (int64_t)c->turns : 0);
	json_member_int(&w, "turns_dropped", c->is_summarised ? 0 : (int64_t)c->turns);
	if (c->error)
		json_member_text(&w, "error", c->error->text);
	json_close(&w, '}');
	report_put_ids(&w, s->ui);
	json_close(&w, '}');
	buf_put_char(&b, '\n');
	sink_put(s, buf_str(&b));
}

void stream_json_event(struct sink *s, const struct agent_event *event)
{
	switch (event->kind) {
	case AGENT_RETRY:
	case AGENT_FALLBACK: put_retry(s, event->retry); break;
	case AGENT_WAITS: put_wait(s, event->wait); break;
	case AGENT_TEXT:
		if (s->ui->options.shows_partial)
			put_delta(s, "text_delta", "text", event->text);
		break;
	case AGENT_THINKS:
		if (s->ui->options.shows_partial)
			put_delta(s, "thinking_delta", "thinking", event->text);
		break;
	case AGENT_ANSWERED:
		for (size_t i = 0; event->message && i < event->message->block_count; i++)
			put_message(s, event->message, i, i + 1, event->call);
		break;
	case AGENT_RESULTS:
	case AGENT_CORRECTION:
		put_message(s, event->message, 0, event->message->block_count, NULL);
		break;
	case AGENT_WINDOW: put_window_change(s, event->window); break;
	case AGENT_DONE: put_result(s, event->result); break;
	default: break;
	}
}
