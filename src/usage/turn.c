// SPDX-License-Identifier: MIT
#include "usage/turn.h"

#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "base/vec.h"

struct reading {
	const struct usage_query *query;
	struct arena *arena;
	VEC(struct usage_answer) answers;
};

static bool wants(void *self, struct usage_entry *like)
{
	const struct reading *r = self;

	return like->session == r->query->filter.session;
}

static bool visit(void *self, const struct usage_entry *entry)
{
	struct reading *r = self;
	uint32_t *tools = NULL;

	if (entry->tool_count) {
		tools = arena_alloc(r->arena, entry->tool_count, sizeof *tools);
		memcpy(tools, entry->tools, entry->tool_count * sizeof *tools);
	}
	vec_push(&r->answers, (struct usage_answer){.time_ms = entry->time_ms,
				      .model = entry->model,
				      .agent = entry->agent,
				      .source = entry->source,
				      .branch = entry->branch,
				      .project = entry->project,
				      .flags = entry->flags,
				      .tokens = entry->tokens,
				      .cost_nanousd = usage_entry_cost(entry, r->query->mode),
				      .tools = tools,
				      .tool_count = entry->tool_count});
	return true;
}

/* Those at the same moment: what has fewer tokens came first, so that the order is always one. */
static int compare(const void *a, const void *b)
{
	const struct usage_answer *x = a, *y = b;

	if (x->time_ms != y->time_ms)
		return x->time_ms < y->time_ms ? -1 : 1;
	int64_t m = usage_tokens_total(&x->tokens), n = usage_tokens_total(&y->tokens);
	return (m > n) - (m < n);
}

/* ---- turns ---- */

struct tool_list {
	VEC(struct usage_tool_count) list;
};

static void add_tool(struct tool_list *tools, uint32_t name, int64_t calls)
{
	vec_each (&tools->list, tool)
		if (tool->name == name) {
			tool->calls += calls;
			return;
		}
	vec_push(&tools->list, (struct usage_tool_count){name, calls});
}

static void give_tools(struct usage_turn *turn, struct tool_list *tools, struct arena *arena)
{
	struct usage_tool_count *list = arena_alloc(arena, tools->list.n, sizeof *list);

	if (tools->list.n)
		memcpy(list, tools->list.p, tools->list.n * sizeof *list);
	turn->tools = list;
	turn->tool_count = tools->list.n;
	vec_release(&tools->list);
}

static void add_answer(
	struct usage_turn *turn, const struct usage_answer *answer, enum usage_mode mode)
{
	struct usage_sum sum = {.tokens = answer->tokens, .answers = 1};

	if (answer->cost_nanousd >= 0)
		sum.cost_nanousd[mode] = answer->cost_nanousd;
	else
		sum.unpriced[mode] = usage_tokens_total(&answer->tokens) > 0;
	usage_sum_add(&turn->sum, &sum);
	turn->agent_answers += (answer->flags & USAGE_SIDECHAIN) != 0;
	turn->calls += (int64_t)answer->tool_count;
	turn->last_ms = answer->time_ms;
	turn->end++;
}

static struct usage_turn make_turn(
	struct usage_conversation *c, size_t first, size_t end, enum usage_mode mode)
{
	struct usage_turn turn = {
		.first = first, .end = first, .first_ms = c->answers[first].time_ms};
	struct tool_list tools = {0};

	for (size_t i = first; i < end; i++) {
		add_answer(&turn, &c->answers[i], mode);
		for (size_t k = 0; k < c->answers[i].tool_count; k++)
			add_tool(&tools, c->answers[i].tools[k], 1);
	}
	give_tools(&turn, &tools, &c->arena);
	return turn;
}

static bool ends_turn(const struct usage_answer *answer)
{
	return answer->tool_count == 0 && !(answer->flags & USAGE_SIDECHAIN);
}

static void make_turns(struct usage_conversation *c, enum usage_mode mode)
{
	VEC(struct usage_turn) turns = {0};
	size_t first = 0;

	for (size_t i = 0; i < c->answer_count; i++)
		if (ends_turn(&c->answers[i]) || i + 1 == c->answer_count) {
			vec_push(&turns, make_turn(c, first, i + 1, mode));
			first = i + 1;
		}
	c->turn_count = turns.n;
	c->turns = arena_alloc(&c->arena, turns.n, sizeof *c->turns);
	if (turns.n)
		memcpy(c->turns, turns.p, turns.n * sizeof *c->turns);
	c->whole = usage_turns_join(c->turns, c->turn_count, &c->arena);
	vec_release(&turns);
}

struct usage_turn usage_turns_join(
	const struct usage_turn *turns, size_t count, struct arena *arena)
{
	struct usage_turn all = {0};
	struct tool_list tools = {0};

	for (size_t i = 0; i < count; i++) {
		if (i == 0) {
			all.first = turns[i].first;
			all.first_ms = turns[i].first_ms;
		}
		all.end = turns[i].end;
		all.last_ms = turns[i].last_ms;
		usage_sum_add(&all.sum, &turns[i].sum);
		all.agent_answers += turns[i].agent_answers;
		all.calls += turns[i].calls;
		for (size_t k = 0; k < turns[i].tool_count; k++)
			add_tool(&tools, turns[i].tools[k].name, turns[i].tools[k].calls);
	}
	give_tools(&all, &tools, arena);
	return all;
}

/* ---- one conversation ---- */

static void span_of(
	const struct usage_view *view, uint32_t session, int64_t *since_ms, int64_t *until_ms)
{
	*since_ms = INT64_MAX;
	*until_ms = INT64_MIN;
	for (size_t i = 0; i < view->cell_count; i++) {
		const struct usage_cell *cell = &view->cells[i];
		if (cell->session != session || cell->sum.answers == 0)
			continue;
		*since_ms = cell->first_ms < *since_ms ? cell->first_ms : *since_ms;
		*until_ms = cell->last_ms >= *until_ms ? cell->last_ms + 1 : *until_ms;
	}
}

bool usage_conversation_read(struct usage_view *view, const struct usage_query *query,
	struct usage_conversation *out, struct err *e)
{
	struct usage_conversation c = {0};
	struct reading r = {.query = query, .arena = &c.arena};
	struct usage_visitor visitor = {
		.wants = wants, .self = &r, .visit = visit, .hands = {&r}, .hand_count = 1};
	int64_t since, until;

	span_of(view, query->filter.session, &since, &until);
	bool is_whole = since >= until || usage_visit(view, since, until, &visitor, e);
	if (is_whole) {
		if (r.answers.n)
			qsort(r.answers.p, r.answers.n, sizeof *r.answers.p, compare);
		struct usage_answer *answers = arena_alloc(&c.arena, r.answers.n, sizeof *answers);
		if (r.answers.n)
			memcpy(answers, r.answers.p, r.answers.n * sizeof *answers);
		c.answers = answers;
		c.answer_count = r.answers.n;
		make_turns(&c, query->mode);
		*out = c;
	} else {
		arena_release(&c.arena);
	}
	vec_release(&r.answers);
	return is_whole;
}

void usage_conversation_release(struct usage_conversation *conversation)
{
	arena_release(&conversation->arena);
	*conversation = (struct usage_conversation){0};
}

int64_t usage_cached_permille(const struct usage_tokens *t)
{
	int64_t in = money_add(money_add(t->input, t->cache_read),
		money_add(t->cache_write_5m, t->cache_write_1h));

	return in > 0 ? (int64_t)((double)t->cache_read / (double)in * 1000 + 0.5) : -1;
}

/* ---- by the beginning of its id ---- */

bool usage_session_find(
	const struct usage_view *view, struct str text, uint32_t *session, struct err *e)
{
	uint32_t found = 0, other = 0;

	for (size_t i = 0; text.n && i < view->cell_count; i++) {
		uint32_t name = view->cells[i].session;
		struct str id = usage_name(view, name);
		if (!str_starts(id, text) || name == found || name == other ||
			view->cells[i].sum.answers == 0)
			continue;
		if (id.n == text.n) {
			*session = name;
			return true;
		}
		/* The first two of them by name, whatever order they were read in. */
		if (!found || str_cmp(id, usage_name(view, found)) < 0) {
			other = found;
			found = name;
		} else if (!other || str_cmp(id, usage_name(view, other)) < 0)
			other = name;
	}
	if (!found)
		return err_set(e, ERR_NOT_FOUND, "no conversation's id begins with %.*s",
			STR_ARG(str_head(text, 100)));
	if (other)
		return err_set(e, ERR_NOT_FOUND,
			"several conversations' ids begin with %.*s: %.*s, "
			"%.*s ...",
			STR_ARG(str_head(text, 100)), STR_ARG(usage_name(view, found)),
			STR_ARG(usage_name(view, other)));
	*session = found;
	return true;
}
