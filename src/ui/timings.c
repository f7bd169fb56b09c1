// SPDX-License-Identifier: MIT
/* timings: where the time went, from exec to the result; ours apart from the provider's. */
#include "base/clock.h"
#include "base/utf8.h"
#include "ui/view.h"

struct spans {
	int64_t total, provider, paced, tools, own;
};

static struct spans measure(const struct ui *ui, const struct agent_result *r)
{
	const struct ui_times *t = ui->run.times;
	struct spans s = {.provider = r->provider_ns, .paced = r->paced_ns, .tools = r->tools_ns};

	s.total = t->exec_ns + (r->ended - t->main_at);
	s.own = s.total - s.provider - s.paced - s.tools;
	return s;
}

static double since(int64_t from, int64_t to)
{
	return from && to > from ? clock_ms(to - from) : 0;
}

/* Failed attempts, and what was between them. */
static double before(const struct call_result *call)
{
	double all = since(call->times.begun, call->times.started);
	double paced = clock_ms(call->paced_all_ns);

	return call->attempts > 1 && all > paced ? all - paced : 0;
}

static int64_t first_set(int64_t a, int64_t b)
{
	return a ? a : b;
}

static void row(struct ui *ui, const char *name, double ms)
{
	view_note(ui, "  %-28s %10.3f ms\n", name, ms);
}

static void show_call(
	struct ui *ui, const char *whose, size_t index, const struct call_result *call)
{
	const struct call_times *t = &call->times;

	view_note(ui, "  %scall %zu: %zu bytes sent, %zu received%s\n", whose, index + 1,
		call->request_bytes, call->response_bytes, t->reused ? ", connection reused" : "");
	if (call->attempts > 1)
		row(ui, "  failed attempts, waits", before(call));
	if (call->paced_all_ns)
		row(ui, "  pacing", clock_ms(call->paced_all_ns));
	row(ui, "  connect", since(t->started, t->connected));
	row(ui, "  request sent", since(first_set(t->connected, t->started), t->sent));
	row(ui, "  first byte", since(t->sent, t->first_byte));
	row(ui, "  first token", since(t->first_byte, t->first_token));
	row(ui, "  stream", since(first_set(t->first_token, t->first_byte), t->ended));
}

static void show_tool(struct ui *ui, const struct tool_run *run)
{
	const struct sub_run *sub = run->result.sub;
	AUTO(buf) name = {0};

	buf_put_text(&name, "tool ");
	utf8_put_line(&name, run->name, 23);
	row(ui, buf_text(&name), since(run->started, run->ended));
	for (size_t i = 0; sub && i < sub->call_count; i++)
		show_call(ui, "task ", i, &sub->calls[i]);
}

void timings_show(struct ui *ui, const struct agent_result *r)
{
	const struct ui_times *t = ui->run.times;
	struct spans s = measure(ui, r);

	view_note(ui, "timings\n");
	row(ui, "exec to main (CPU)", clock_ms(t->exec_ns));
	row(ui, "config", since(t->main_at, t->tasks_at));
	row(ui, "context", since(t->tasks_at, t->context_at));
	for (size_t i = 0; i < r->call_count; i++)
		show_call(ui, "", i, &r->calls[i]);
	for (size_t i = 0; i < r->tool_count; i++)
		show_tool(ui, &r->tools[i]);
	row(ui, "total", clock_ms(s.total));
	row(ui, "of it the provider's", clock_ms(s.provider));
	if (s.paced)
		row(ui, "of it pacing", clock_ms(s.paced));
	row(ui, "of it tools'", clock_ms(s.tools));
	row(ui, "of it our own", clock_ms(s.own));
	row(ui, "CPU in all", clock_ms(clock_cpu_ns()));
}

static void member(struct json_writer *w, const char *name, double ms)
{
	json_key(w, name);
	json_put_double(w, ms, 3);
}

/* task: the tool call for which a sub-agent made it; absent: none did. */
static void put_call(struct json_writer *w, const struct call_result *call, struct str task)
{
	const struct call_times *t = &call->times;

	json_open(w, '{');
	json_member_int(w, "attempts", call->attempts);
	member(w, "before_ms", before(call));
	member(w, "paced_ms", clock_ms(call->paced_all_ns));
	member(w, "connect_ms", since(t->started, t->connected));
	member(w, "request_sent_ms", since(first_set(t->connected, t->started), t->sent));
	member(w, "first_byte_ms", since(t->sent, t->first_byte));
	member(w, "first_token_ms", since(t->first_byte, t->first_token));
	member(w, "stream_ms", since(first_set(t->first_token, t->first_byte), t->ended));
	member(w, "total_ms", since(t->begun, t->ended));
	json_member_int(w, "request_bytes", (int64_t)call->request_bytes);
	json_member_int(w, "response_bytes", (int64_t)call->response_bytes);
	json_member_bool(w, "connection_reused", t->reused);
	if (task.p)
		json_member_str(w, "task", task);
	json_close(w, '}');
}

static void put_calls(struct json_writer *w, const struct agent_result *r)
{
	json_key(w, "calls");
	json_open(w, '[');
	for (size_t i = 0; i < r->call_count; i++)
		put_call(w, &r->calls[i], (struct str){0});
	for (size_t i = 0; i < r->tool_count; i++) {
		const struct sub_run *sub = r->tools[i].result.sub;
		for (size_t k = 0; sub && k < sub->call_count; k++)
			put_call(w, &sub->calls[k], r->tools[i].id);
	}
	json_close(w, ']');
}

void timings_put_json(struct json_writer *w, const struct ui *ui, const struct agent_result *r)
{
	const struct ui_times *t = ui->run.times;
	struct spans s = measure(ui, r);

	json_key(w, "timings");
	json_open(w, '{');
	member(w, "exec_to_main_ms", clock_ms(t->exec_ns));
	member(w, "config_ms", since(t->main_at, t->tasks_at));
	member(w, "context_ms", since(t->tasks_at, t->context_at));
	put_calls(w, r);
	member(w, "provider_ms", clock_ms(s.provider));
	member(w, "paced_ms", clock_ms(s.paced));
	member(w, "tools_ms", clock_ms(s.tools));
	member(w, "own_ms", clock_ms(s.own));
	member(w, "total_ms", clock_ms(s.total));
	member(w, "cpu_ms", clock_ms(clock_cpu_ns()));
	json_close(w, '}');
}
