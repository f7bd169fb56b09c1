// SPDX-License-Identifier: MIT
#include "usage/tool.h"

#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "base/vec.h"
#include "usage/zone.h"

bool usage_tool_split(struct str name, struct str *server, struct str *tool)
{
	struct str rest = str_skip(name, strlen("mcp__"));
	size_t end = str_starts(name, STR("mcp__")) ? str_find(rest, STR("__"), 1) : SIZE_MAX;

	if (end == SIZE_MAX || end + 2 >= rest.n)
		return false;
	*server = str_head(rest, end);
	*tool = str_skip(rest, end + 2);
	return true;
}

struct counting {
	struct usage_view *view;
	const struct usage_query *query;
	struct usage_sieve sieve;
};

struct row {
	uint32_t name;
	struct usage_tool_row row;
};

/* What one thread counts. */
struct hand {
	enum usage_mode mode;
	VEC(struct row) rows;
	VEC(uint32_t) row_of; /* by name: number + 1 */
	struct usage_sum total;
	int64_t calls;
};

static struct usage_tool_row *row_of(struct hand *h, uint32_t name)
{
	while (h->row_of.n <= name)
		vec_push(&h->row_of, 0);
	if (!h->row_of.p[name]) {
		vec_push(&h->rows, (struct row){.name = name});
		h->row_of.p[name] = (uint32_t)h->rows.n;
	}
	return &h->rows.p[h->row_of.p[name] - 1].row;
}

static void release_hand(struct hand *h)
{
	vec_release(&h->rows);
	vec_release(&h->row_of);
}

/* The part of the first call and those of the others are different by less than count. */
static int64_t share(int64_t whole, size_t count, bool is_first)
{
	int64_t part = whole / (int64_t)count;

	return is_first ? whole - part * ((int64_t)count - 1) : part;
}

static struct usage_tokens share_tokens(const struct usage_tokens *t, size_t count, bool is_first)
{
	return (struct usage_tokens){.input = share(t->input, count, is_first),
		.output = share(t->output, count, is_first),
		.cache_write_5m = share(t->cache_write_5m, count, is_first),
		.cache_write_1h = share(t->cache_write_1h, count, is_first),
		.cache_read = share(t->cache_read, count, is_first),
		.other = share(t->other, count, is_first),
		.reasoning = share(t->reasoning, count, is_first),
		.web_searches = share(t->web_searches, count, is_first)};
}

static bool was_before(const struct usage_entry *entry, size_t call)
{
	for (size_t i = 0; i < call; i++)
		if (entry->tools[i] == entry->tools[call])
			return true;
	return false;
}

static void add_call(struct hand *h, const struct usage_entry *entry, size_t call, int64_t cost)
{
	size_t count = entry->tool_count ? entry->tool_count : 1;
	struct usage_tool_row *row = row_of(h, entry->tool_count ? entry->tools[call] : 0);
	struct usage_tokens tokens =
		count == 1 ? entry->tokens : share_tokens(&entry->tokens, count, call == 0);
	bool is_new = !was_before(entry, call);

	usage_tokens_add(&row->sum.tokens, &tokens);
	row->calls += entry->tool_count > 0;
	row->sum.answers += is_new;
	if (cost >= 0)
		row->sum.cost_nanousd[h->mode] =
			money_add(row->sum.cost_nanousd[h->mode], share(cost, count, call == 0));
	else if (is_new && usage_tokens_total(&entry->tokens) > 0)
		row->sum.unpriced[h->mode]++;
}

static bool wants(void *self, struct usage_entry *like)
{
	struct counting *c = self;
	uint32_t session = c->query->filter.session;

	return (!session || session == like->session) &&
	       usage_sieve_passes(&c->sieve, like->project, like->model, like->flags & USAGE_FAST,
		       like->provider);
}

static bool visit(void *self, const struct usage_entry *entry)
{
	struct hand *h = self;
	int64_t cost = usage_entry_cost(entry, h->mode);
	size_t calls = entry->tool_count ? entry->tool_count : 1;

	for (size_t i = 0; i < calls; i++)
		add_call(h, entry, i, cost);
	usage_tokens_add(&h->total.tokens, &entry->tokens);
	h->total.answers++;
	h->calls += (int64_t)entry->tool_count;
	if (cost >= 0)
		h->total.cost_nanousd[h->mode] = money_add(h->total.cost_nanousd[h->mode], cost);
	else if (usage_tokens_total(&entry->tokens) > 0)
		h->total.unpriced[h->mode]++;
	return true;
}

static void add_hand(struct hand *h, const struct hand *more)
{
	vec_each (&more->rows, other) {
		struct usage_tool_row *row = row_of(h, other->name);
		row->calls += other->row.calls;
		usage_sum_add(&row->sum, &other->row.sum);
	}
	usage_sum_add(&h->total, &more->total);
	h->calls += more->calls;
}

/* ---- order ---- */

/* A server counts with all of its tools. */
struct ranked {
	struct usage_tool_row row;
	struct usage_sum *group;
	struct str group_name;
};

static int compare_cost(const struct usage_sum *a, const struct usage_sum *b, enum usage_mode mode)
{
	int64_t x = a->cost_nanousd[mode], y = b->cost_nanousd[mode];

	if (x == y) {
		x = usage_tokens_total(&a->tokens);
		y = usage_tokens_total(&b->tokens);
	}
	return (x < y) - (x > y);
}

static int compare(const void *a, const void *b, void *self)
{
	const struct ranked *x = a, *y = b;
	const struct usage_query *q = self;
	int by_group = compare_cost(x->group, y->group, q->mode);

	if (q->order == USAGE_ORDER_UP)
		by_group = -by_group;
	if (!by_group)
		by_group = str_cmp(x->group_name, y->group_name);
	if (by_group)
		return by_group;
	int by_cost = compare_cost(&x->row.sum, &y->row.sum, q->mode);
	return by_cost ? by_cost : str_cmp(x->row.name, y->row.name);
}

static void put_in_order(const struct counting *c, const struct hand *h, struct usage_tools *out)
{
	size_t count = h->rows.n;
	struct ranked *ranked = must_alloc(count + 1, sizeof *ranked);
	struct usage_sum *groups = must_alloc(count + 1, sizeof *groups);

	for (size_t i = 0; i < count; i++) {
		struct usage_tool_row *row = &ranked[i].row;
		*row = h->rows.p[i].row;
		row->name = usage_name(c->view, h->rows.p[i].name);
		ranked[i].group_name = row->name;
		ranked[i].group = &groups[i];
		if (usage_tool_split(row->name, &row->server, &row->name))
			ranked[i].group_name = row->server;
		for (size_t k = 0; row->server.n && k < i; k++)
			if (str_eq(ranked[k].row.server, row->server)) {
				ranked[i].group = ranked[k].group;
				break;
			}
		usage_sum_add(ranked[i].group, &row->sum);
	}
	qsort_r(ranked, count, sizeof *ranked, compare, (void *)c->query);
	out->count = count;
	out->list = arena_alloc(&out->arena, count, sizeof *out->list);
	for (size_t i = 0; i < count; i++)
		out->list[i] = ranked[i].row;
	free(ranked);
	free(groups);
}

bool usage_tools_count(struct usage_view *view, const struct usage_query *query,
	struct usage_tools *out, struct err *e)
{
	struct usage_tools tools = {0};
	struct counting c = {.view = view, .query = query};
	struct hand hands[USAGE_HANDS_MAX] = {0};
	struct usage_visitor visitor = {
		.wants = wants, .self = &c, .visit = visit, .hand_count = USAGE_HANDS_MAX};
	const struct usage_filter *f = &query->filter;
	int64_t since =
		f->since == INT32_MIN ? INT64_MIN : usage_zone_start_ms(view->zone, f->since);
	int64_t until =
		f->until == INT32_MAX ? INT64_MAX : usage_zone_start_ms(view->zone, f->until + 1);

	for (size_t i = 0; i < USAGE_HANDS_MAX; i++) {
		hands[i].mode = query->mode;
		visitor.hands[i] = &hands[i];
	}
	usage_sieve_begin(&c.sieve, view, f, &tools.arena);
	bool is_whole = usage_visit(view, since, until, &visitor, e);
	for (size_t i = 1; i < USAGE_HANDS_MAX; i++)
		add_hand(&hands[0], &hands[i]);
	if (is_whole) {
		put_in_order(&c, &hands[0], &tools);
		tools.total = hands[0].total;
		tools.calls = hands[0].calls;
		tools.order = query->order;
		*out = tools;
	} else {
		arena_release(&tools.arena);
	}
	for (size_t i = 0; i < USAGE_HANDS_MAX; i++)
		release_hand(&hands[i]);
	return is_whole;
}

void usage_tools_release(struct usage_tools *tools)
{
	arena_release(&tools->arena);
	*tools = (struct usage_tools){0};
}
