// SPDX-License-Identifier: MIT
/* document: runs as pages for people: a report in Markdown, and what changed as a diff. */
#include <string.h>

#include "base/utf8.h"
#include "ui/view.h"

enum { HEADING_CELLS = 100, REASON_CELLS = 200 };

void document_put_literal(struct buf *out, struct str text, size_t cells)
{
	AUTO(buf) line = {0};

	utf8_put_line(&line, text, cells);
	for (size_t i = 0; i < line.n; i++) {
		if (strchr("\\`*_[]<>|~#&", line.p[i]))
			buf_put_char(out, '\\');
		buf_put_char(out, line.p[i]);
	}
}

void document_begin(struct sink *s, struct str task)
{
	AUTO(buf) heading = {0};

	buf_put_text(&heading, s->tasks ? "\n# " : "# ");
	document_put_literal(&heading, str_trim(task), HEADING_CELLS);
	buf_put_text(&heading, "\n\n");
	sink_put(s, buf_str(&heading));
}

static void put_tool(struct buf *out, const struct tool_run *run)
{
	char bytes[16], time[16];

	buf_put_text(out, "- ");
	document_put_literal(out, run->name, HEADING_CELLS);
	if (run->target.n) {
		buf_put_char(out, ' ');
		document_put_literal(out, run->target, HEADING_CELLS);
	}
	buf_put_text(out, ": ");
	if (run->result.is_error)
		document_put_literal(out, buf_str(&run->result.text), REASON_CELLS);
	else
		buf_put_text(out, view_bytes((int64_t)run->result.text.n, bytes));
	buf_printf(out, ", %s\n", view_duration(run->ended - run->started, time));
}

static void put_usage(struct buf *out, const struct ui *ui, const struct agent_result *r)
{
	const struct route *route = r->route ? r->route : ui->run.route;
	char cost[32], time[16];

	document_put_literal(out, route->name, HEADING_CELLS);
	buf_printf(out, ": %d turn%s, ", r->turns, r->turns == 1 ? "" : "s");
	view_put_counts(out, r);
	buf_printf(out, ", %s, %s\n", view_cost(r->cost_nanousd, cost),
		view_duration(r->ended - r->started, time));
}

void document_event(struct sink *s, const struct agent_event *event)
{
	AUTO(buf) out = {0};
	const struct agent_result *r = event->result;

	if (event->kind != AGENT_DONE)
		return;
	buf_put_str(&out, r->text);
	if (out.n)
		buf_put_text(&out, out.p[out.n - 1] == '\n' ? "\n" : "\n\n");
	if (r->error) {
		buf_put_text(&out, "**Stopped:** ");
		document_put_literal(&out, str_from(r->error->text), sizeof r->error->text);
		buf_put_text(&out, "\n\n");
	}
	buf_put_text(&out, "---\n\n");
	for (size_t i = 0; i < r->tool_count; i++)
		put_tool(&out, &r->tools[i]);
	buf_put_text(&out, r->tool_count ? "\n" : "");
	put_usage(&out, s->ui, r);
	sink_put_shown(s, buf_str(&out));
}

void diff_event(struct sink *, const struct agent_event *)
{
}

void diff_end(struct sink *s)
{
	const struct ui_run *run = &s->ui->run;

	if (run->net_diff)
		sink_put_shown(s, run->net_diff(run->net_diff_self));
}
