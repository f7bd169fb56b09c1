// SPDX-License-Identifier: MIT
/* usage_turn: one conversation, turn by turn. */
#include "base/json.h"
#include "base/utf8.h"
#include "ui/usage_inside.h"
#include "usage/zone.h"

/* A longer conversation's turns are put together, so many side by side. */
enum { ROWS_MAX = 40, TEXT_CELLS = 300, FACT_INDENT = 11 };

/* ---- JSON: entries as ccusage has them ---- */

static void put_answer(
	struct json_writer *w, const struct usage_look *look, const struct usage_answer *answer)
{
	struct usage_part part = {.name = answer->model, .is_fast = answer->flags & USAGE_FAST};
	AUTO(buf) name = {0};

	usage_put_model(&name, look->view, &part);
	json_open(w, '{');
	usage_member_instant(w, "timestamp", answer->time_ms);
	json_member_str(w, "model", buf_str(&name));
	json_member_int(w, "inputTokens", answer->tokens.input);
	json_member_int(w, "outputTokens", answer->tokens.output);
	json_member_int(w, "cacheCreationTokens", usage_writes(&answer->tokens));
	json_member_int(w, "cacheReadTokens", answer->tokens.cache_read);
	if (!look->hides_cost && answer->cost_nanousd >= 0)
		usage_member_usd(w, "costUSD", answer->cost_nanousd);
	if (!look->hides_cost && answer->cost_nanousd < 0) {
		json_key(w, "costUSD");
		json_put_null(w);
	}
	if (answer->agent)
		json_member_str(w, "agent", usage_name(look->view, answer->agent));
	json_key(w, "tools");
	json_open(w, '[');
	for (size_t i = 0; i < answer->tool_count; i++)
		json_put_str(w, usage_name(look->view, answer->tools[i]));
	json_close(w, ']');
	json_close(w, '}');
}

static void put_tools(
	struct json_writer *w, const struct usage_look *look, const struct usage_turn *turn)
{
	json_key(w, "tools");
	json_open(w, '{');
	for (size_t i = 0; i < turn->tool_count; i++) {
		json_key_str(w, usage_name(look->view, turn->tools[i].name));
		json_put_int(w, turn->tools[i].calls);
	}
	json_close(w, '}');
}

static void put_cached(struct json_writer *w, const struct usage_tokens *tokens)
{
	int64_t permille = usage_cached_permille(tokens);

	json_key(w, "cacheHitRatio");
	if (permille < 0)
		json_put_null(w);
	else
		json_put_double(w, (double)permille / 1000, 3);
}

static void put_turn(
	struct json_writer *w, const struct usage_look *look, const struct usage_turn *turn)
{
	json_open(w, '{');
	usage_member_instant(w, "firstActivity", turn->first_ms);
	usage_member_instant(w, "lastActivity", turn->last_ms);
	usage_put_sum_members(w, look, &turn->sum);
	json_member_int(w, "agentAnswers", turn->agent_answers);
	put_cached(w, &turn->sum.tokens);
	put_tools(w, look, turn);
	json_close(w, '}');
}

static void show_json(
	const struct usage_look *look, struct str id, const struct usage_conversation *c)
{
	const struct usage_answer *first = c->answers;
	AUTO(buf) json = {0};
	struct json_writer w = {.buf = &json};

	json_open(&w, '{');
	json_member_str(&w, "sessionId", id);
	if (c->answer_count) {
		json_member_str(&w, "agent", usage_name(look->view, first->source));
		json_member_str(&w, "project", usage_name(look->view, first->project));
		json_member_str(&w, "branch", usage_name(look->view, first->branch));
	}
	usage_put_sum_members(&w, look, &c->whole.sum);
	put_cached(&w, &c->whole.sum.tokens);
	put_tools(&w, look, &c->whole);
	json_key(&w, "turns");
	json_open(&w, '[');
	for (size_t i = 0; i < c->turn_count; i++)
		put_turn(&w, look, &c->turns[i]);
	json_close(&w, ']');
	json_key(&w, "entries");
	json_open(&w, '[');
	for (size_t i = 0; i < c->answer_count; i++)
		put_answer(&w, look, &c->answers[i]);
	json_close(&w, ']');
	json_close(&w, '}');
	usage_put_document(look, &json);
}

/* ---- a table ---- */

/* "Bash 3, Read" */
static void put_tool_names(
	struct grid *g, const struct usage_look *look, const struct usage_turn *turn)
{
	AUTO(buf) text = {0};

	for (size_t i = 0; i < turn->tool_count; i++) {
		struct str name = usage_name(look->view, turn->tools[i].name), server, tool;
		buf_put_text(&text, text.n ? ", " : "");
		if (usage_tool_split(name, &server, &tool))
			buf_printf(&text, "%.*s/%.*s", STR_ARG(server), STR_ARG(tool));
		else
			buf_put_str(&text, name);
		if (turn->tools[i].calls > 1)
			buf_printf(&text, " %lld", (long long)turn->tools[i].calls);
	}
	grid_put(g, buf_str(&text), STYLE_DIM);
}

static void put_permille(struct grid *g, int64_t permille, uint8_t style)
{
	AUTO(buf) text = {0};

	if (permille < 0)
		buf_put_char(&text, '-');
	else
		buf_printf(&text, "%lld%%", (long long)(permille + 5) / 10);
	grid_put_own(g, buf_str(&text), style);
}

static void put_cost(
	struct grid *g, const struct usage_look *look, const struct usage_sum *sum, uint8_t style)
{
	AUTO(buf) cost = {0};

	usage_put_cost(look, &cost, sum->cost_nanousd[look->mode], sum->unpriced[look->mode]);
	if (!look->hides_cost)
		grid_put_own(g, buf_str(&cost), style);
}

static void put_numbers(struct grid *g, const struct usage_look *look,
	const struct usage_turn *turn, const struct usage_sum *so_far, uint8_t style)
{
	const struct usage_tokens *t = &turn->sum.tokens;

	grid_put_count(g, turn->sum.answers, style);
	put_tool_names(g, look, turn);
	grid_put_count(g, t->input, style);
	grid_put_count(g, t->output, style);
	grid_put_count(g, usage_writes(t), style);
	grid_put_count(g, t->cache_read, style);
	put_permille(g, usage_cached_permille(t), style);
	put_cost(g, look, &turn->sum, style);
	put_cost(g, look, so_far, STYLE_DIM);
}

static void put_line(struct grid *g, const struct usage_look *look, size_t first, size_t count,
	const struct usage_turn *turn, const struct usage_sum *so_far)
{
	AUTO(buf) text = {0};

	buf_printf(&text, "%zu", first + 1);
	if (count > 1)
		buf_printf(&text, "-%zu", first + count);
	grid_put_own(g, buf_str(&text), 0);
	buf_clear(&text);
	usage_zone_put(look->view->zone, turn->first_ms, "%Y-%m-%d %H:%M:%S", &text);
	grid_put_own(g, buf_str(&text), 0);
	put_numbers(g, look, turn, so_far, 0);
}

static void put_turns(
	struct grid *g, const struct usage_look *look, const struct usage_conversation *c)
{
	size_t together = (c->turn_count + ROWS_MAX - 1) / ROWS_MAX;
	struct usage_sum so_far = {0};
	AUTO(arena) arena = {0};

	for (size_t i = 0; i < c->turn_count; i += together) {
		size_t count = c->turn_count - i < together ? c->turn_count - i : together;
		struct usage_turn turn = usage_turns_join(&c->turns[i], count, &arena);
		usage_sum_add(&so_far, &turn.sum);
		put_line(g, look, i, count, &turn, &so_far);
	}
	grid_rule(g);
	grid_put_own(g, STR("Total"), STYLE_BOLD);
	grid_put_own(g, STR(""), 0);
	put_numbers(g, look, &c->whole, &so_far, STYLE_BOLD);
}

static void put_fact(const struct usage_look *look, const char *name, struct str value)
{
	AUTO(buf) line = {0};

	if (value.n == 0)
		return;
	buf_printf(&line, "%-11s", name);
	utf8_put_line(&line, value, TEXT_CELLS);
	usage_put_prose(look, buf_str(&line), FACT_INDENT);
}

static void put_head(
	const struct usage_look *look, struct str id, const struct usage_conversation *c)
{
	const struct usage_answer *first = c->answers;
	AUTO(buf) text = {0};

	put_fact(look, "session", id);
	if (c->answer_count == 0)
		return;
	put_fact(look, "assistant", usage_name(look->view, first->source));
	usage_put_path(&text, look, usage_name(look->view, first->project));
	put_fact(look, "project", buf_str(&text));
	put_fact(look, "branch", usage_name(look->view, first->branch));
	buf_clear(&text);
	usage_zone_put(look->view->zone, c->whole.first_ms, "%Y-%m-%d %H:%M", &text);
	buf_put_text(&text, " to ");
	usage_zone_put(look->view->zone, c->whole.last_ms, "%Y-%m-%d %H:%M", &text);
	put_fact(look, "time", buf_str(&text));
	buf_clear(&text);
	buf_put_count(&text, (int64_t)c->turn_count);
	buf_put_text(&text, c->turn_count == 1 ? " turn, " : " turns, ");
	buf_put_count(&text, c->whole.sum.answers);
	buf_put_text(&text, c->whole.sum.answers == 1 ? " answer" : " answers");
	if (c->whole.agent_answers) {
		buf_put_text(&text, " (");
		buf_put_count(&text, c->whole.agent_answers);
		buf_put_text(&text, " of agents)");
	}
	buf_put_text(&text, ", ");
	buf_put_count(&text, c->whole.calls);
	buf_put_text(&text, c->whole.calls == 1 ? " tool call" : " tool calls");
	put_fact(look, "work", buf_str(&text));
	buf_put_char(look->out, '\n');
}

static void show_table(
	const struct usage_look *look, struct str id, const struct usage_conversation *c)
{
	const struct grid_column columns[] = {{"Turn", false, 0, true}, {"Begins", false, 2, true},
		{"Answers", true, 3}, {"Tools", false, 3}, {"Input", true, 2},
		{"Output", true, look->hides_cost ? 0 : 2}, {"Cache write", true, 5},
		{"Cache read", true, 4}, {"Cached", true, 2}, {"Cost", true, 0},
		{"So far", true, 1}};
	struct grid g = {.columns = columns,
		.column_count = sizeof columns / sizeof *columns - (look->hides_cost ? 2 : 0)};

	put_head(look, id, c);
	put_turns(&g, look, c);
	struct grid_look shape = usage_grid_look(look);
	grid_write(&g, &shape, look->out);
	grid_release(&g);
}

/* ---- CSV: an answer a line ---- */

static void show_csv(const struct usage_look *look, const struct usage_conversation *c)
{
	AUTO(buf) name = {0};
	struct buf *out = look->out;

	buf_printf(out,
		"time,model,agent,calls,input,output,cache_write_5m,cache_write_1h,"
		"cache_read,other%s\r\n",
		look->hides_cost ? "" : ",cost_usd");
	for (size_t i = 0; i < c->answer_count; i++) {
		const struct usage_answer *a = &c->answers[i];
		const struct usage_tokens *t = &a->tokens;
		struct usage_part part = {.name = a->model, .is_fast = a->flags & USAGE_FAST};
		const int64_t numbers[] = {(int64_t)a->tool_count, t->input, t->output,
			t->cache_write_5m, t->cache_write_1h, t->cache_read, t->other};
		usage_put_instant(out, a->time_ms);
		buf_clear(&name);
		usage_put_model(&name, look->view, &part);
		buf_put_char(out, ',');
		usage_put_field(out, buf_str(&name));
		buf_put_char(out, ',');
		usage_put_field(out, usage_name(look->view, a->agent));
		for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
			buf_printf(out, ",%lld", (long long)numbers[k]);
		if (!look->hides_cost) {
			buf_put_char(out, ',');
			if (a->cost_nanousd >= 0)
				usage_put_usd(out, a->cost_nanousd);
		}
		buf_put_text(out, "\r\n");
	}
}

void usage_show_conversation(
	const struct usage_look *look, struct str id, const struct usage_conversation *conversation)
{
	if (look->form == USAGE_JSON)
		show_json(look, id, conversation);
	else if (look->form == USAGE_CSV)
		show_csv(look, conversation);
	else
		show_table(look, id, conversation);
}
