// SPDX-License-Identifier: MIT
/* usage_tool: what tools were called for, as a table, JSON and CSV. */
#include "base/money.h"
#include "ui/usage_inside.h"

static bool is_answer(const struct usage_tool_row *row)
{
	return row->name.n == 0;
}

struct str usage_tool_shown(const struct usage_tool_row *row)
{
	return is_answer(row) ? STR("(answer)") : row->name;
}

static void put_json_row(
	struct json_writer *w, const struct usage_look *look, const struct usage_tool_row *row)
{
	json_open(w, '{');
	json_key(w, "tool");
	if (is_answer(row))
		json_put_null(w);
	else
		json_put_str(w, row->name);
	json_key(w, "server");
	if (row->server.n)
		json_put_str(w, row->server);
	else
		json_put_null(w);
	json_member_int(w, "calls", row->calls);
	usage_put_sum_members(w, look, &row->sum);
	json_close(w, '}');
}

static void show_json(const struct usage_look *look, const struct usage_tools *tools)
{
	AUTO(buf) json = {0};
	struct json_writer w = {.buf = &json};

	json_open(&w, '{');
	json_key(&w, "tool");
	json_open(&w, '[');
	for (size_t i = 0; i < tools->count; i++)
		put_json_row(&w, look, &tools->list[i]);
	json_close(&w, ']');
	json_key(&w, "totals");
	json_open(&w, '{');
	json_member_int(&w, "calls", tools->calls);
	usage_put_sum_members(&w, look, &tools->total);
	json_close(&w, '}');
	json_close(&w, '}');
	usage_put_document(look, &json);
}

static void put_sum(struct grid *g, const struct usage_look *look, int64_t calls,
	const struct usage_sum *sum, uint8_t style)
{
	AUTO(buf) cost = {0};

	grid_put_count(g, calls, style);
	grid_put_count(g, sum->answers, style);
	grid_put_count(g, money_add(sum->tokens.output, sum->tokens.other), style);
	grid_put_count(g, usage_tokens_total(&sum->tokens), style);
	if (look->hides_cost)
		return;
	usage_put_cost(look, &cost, sum->cost_nanousd[look->mode], sum->unpriced[look->mode]);
	grid_put_own(g, buf_str(&cost), style);
}

static void show_table(const struct usage_look *look, const struct usage_tools *tools)
{
	const struct grid_column columns[] = {{"Tool", false, 0}, {"Server", false, 3},
		{"Calls", true, 2}, {"Answers", true, 4}, {"Output", true, 5},
		{"Total", true, !look->hides_cost}, {"Cost", true, 0}};
	struct grid g = {.columns = columns,
		.column_count = sizeof columns / sizeof *columns - look->hides_cost};

	for (size_t i = 0; i < tools->count; i++) {
		const struct usage_tool_row *row = &tools->list[i];
		grid_put(&g, usage_tool_shown(row), 0);
		grid_put(&g, row->server, STYLE_DIM);
		put_sum(&g, look, row->calls, &row->sum, 0);
	}
	grid_rule(&g);
	grid_put_own(&g, STR("Total"), STYLE_BOLD);
	grid_put_own(&g, STR(""), 0);
	put_sum(&g, look, tools->calls, &tools->total, STYLE_BOLD);
	struct grid_look shape = usage_grid_look(look);
	grid_write(&g, &shape, look->out);
	grid_release(&g);
}

static void show_csv(const struct usage_look *look, const struct usage_tools *tools)
{
	struct buf *out = look->out;

	buf_printf(out, "tool,server,calls,answers,output,total%s\r\n",
		look->hides_cost ? "" : ",cost_usd,unpriced_answers");
	for (size_t i = 0; i < tools->count; i++) {
		const struct usage_tool_row *row = &tools->list[i];
		usage_put_field(out, usage_tool_shown(row));
		buf_put_char(out, ',');
		usage_put_field(out, row->server);
		buf_printf(out, ",%lld,%lld,%lld,%lld", (long long)row->calls,
			(long long)row->sum.answers, (long long)row->sum.tokens.output,
			(long long)usage_tokens_total(&row->sum.tokens));
		usage_put_csv_cost(look, &row->sum);
		buf_put_text(out, "\r\n");
	}
}

void usage_show_tools(const struct usage_look *look, const struct usage_tools *tools)
{
	static void (*const forms[])(
		const struct usage_look *look, const struct usage_tools *tools) = {
		[USAGE_TABLE] = show_table,
		[USAGE_JSON] = show_json,
		[USAGE_CSV] = show_csv,
		[USAGE_CHART] = usage_chart_tools,
	};

	forms[look->form](look, tools);
}
