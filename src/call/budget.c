// SPDX-License-Identifier: MIT
#include "call/budget_inside.h"

#include <stdlib.h>

#include "base/money.h"
#include "base/must.h"

struct budget {
	struct budget *parent;
	struct budget_limits limits;
	struct budget_store store; /* of the topmost; settle NULL: none */
	struct spend spent, reserved;
	bool is_refused; /* a call, and none went since */
	/* Of the topmost only. */
	struct budget_hold *first, *last; /* that wait, in their order */
	int64_t longest; /* answer of late, in tokens; 0 none came yet */
};

struct budget *budget_new(struct budget *parent, const struct budget_limits *limits)
{
	struct budget *b = must_alloc(1, sizeof *b);

	*b = (struct budget){.parent = parent, .limits = *limits};
	return b;
}

struct budget *budget_new_shared(const struct budget_store *store)
{
	struct budget *b = budget_new(NULL, &(struct budget_limits){.most = {-1, -1}});

	b->store = *store;
	return b;
}

void budget_free(struct budget *b)
{
	if (!b)
		return;
	must(!b->first && !b->reserved.nanousd && !b->reserved.tokens);
	free(b);
}

static struct budget *top(const struct budget *b)
{
	while (b->parent)
		b = b->parent;
	return (struct budget *)b;
}

struct spend budget_spent(const struct budget *b)
{
	return b->spent;
}

static int64_t left(int64_t most, int64_t spent, int64_t reserved)
{
	int64_t taken = money_add(spent, reserved);

	if (most < 0)
		return INT64_MAX;
	return taken < most ? most - taken : 0;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

struct spend budget_left(const struct budget *b)
{
	struct spend out = {INT64_MAX, INT64_MAX};

	for (; b; b = b->parent) {
		const struct spend *most = &b->limits.most;
		out.nanousd = least(
			out.nanousd, left(most->nanousd, b->spent.nanousd, b->reserved.nanousd));
		out.tokens =
			least(out.tokens, left(most->tokens, b->spent.tokens, b->reserved.tokens));
	}
	return out;
}

static bool is_spent(int64_t most, int64_t spent)
{
	return most > 0 && spent >= most;
}

bool budget_is_used_up(const struct budget *b)
{
	for (; b; b = b->parent)
		if (b->is_refused || is_spent(b->limits.most.nanousd, b->spent.nanousd) ||
			is_spent(b->limits.most.tokens, b->spent.tokens))
			return true;
	return false;
}

bool budget_has_refused(const struct budget *b)
{
	return b->is_refused;
}

const char *budget_cost_name(const struct budget *b)
{
	for (; b; b = b->parent) {
		if (b->limits.most.nanousd >= 0)
			return b->limits.cost_name;
		if (b->store.reserve)
			return "daily_budget";
	}
	return NULL;
}

/* ---- may it go? ---- */

enum budget_word budget_judge(int64_t most, int64_t spent, int64_t reserved, int64_t need)
{
	if (most < 0 || need <= 0)
		return BUDGET_GO;
	if (need > left(most, spent, 0))
		return BUDGET_NO;
	return need > left(most, spent, reserved) ? BUDGET_WAIT : BUDGET_GO;
}

static void explain_cost(const struct budget *b, int64_t need, struct err *e)
{
	AUTO(buf) most = {0};
	AUTO(buf) spent = {0};
	AUTO(buf) wanted = {0};

	money_put(&most, b->limits.most.nanousd);
	money_put(&spent, b->spent.nanousd);
	money_put(&wanted, need);
	err_set(e, ERR_BUDGET,
		"%s of %s allows no further call: %s is spent, and it may cost about %s",
		b->limits.cost_name, buf_text(&most), buf_text(&spent), buf_text(&wanted));
}

/* Of one budget alone. e with NO. */
static enum budget_word judge(const struct budget *b, const struct spend *need, struct err *e)
{
	const struct spend *most = &b->limits.most;
	enum budget_word cost, tokens;

	cost = budget_judge(most->nanousd, b->spent.nanousd, b->reserved.nanousd, need->nanousd);
	if (cost == BUDGET_NO) {
		explain_cost(b, need->nanousd, e);
		return cost;
	}
	tokens = budget_judge(most->tokens, b->spent.tokens, b->reserved.tokens, need->tokens);
	if (tokens == BUDGET_NO)
		err_set(e, ERR_BUDGET,
			"%s of %lld allows no further call: %lld are used, and it may take about %lld",
			b->limits.tokens_name, (long long)most->tokens, (long long)b->spent.tokens,
			(long long)need->tokens);
	return tokens == BUDGET_GO ? cost : tokens;
}

/* Of the whole chain but for the store: NO before WAIT. *by: who says NO. */
static enum budget_word judge_all(
	struct budget *b, const struct spend *need, struct budget **by, struct err *e)
{
	enum budget_word word = BUDGET_GO;

	for (; b; b = b->parent) {
		enum budget_word one = judge(b, need, e);
		if (one == BUDGET_NO) {
			*by = b;
			return one;
		}
		if (one == BUDGET_WAIT)
			word = one;
	}
	return word;
}

static void wait_in_line(struct budget *root, struct budget_hold *hold)
{
	if (hold->is_waiting)
		return;
	hold->is_waiting = true;
	hold->next = NULL;
	hold->previous = root->last;
	if (root->last)
		root->last->next = hold;
	else
		root->first = hold;
	root->last = hold;
}

static void leave_line(struct budget *root, struct budget_hold *hold)
{
	if (!hold->is_waiting)
		return;
	hold->is_waiting = false;
	if (hold->previous)
		hold->previous->next = hold->next;
	else
		root->first = hold->next;
	if (hold->next)
		hold->next->previous = hold->previous;
	else
		root->last = hold->previous;
}

static void add(struct spend *sum, const struct spend *more)
{
	sum->nanousd = money_add(sum->nanousd, more->nanousd);
	sum->tokens = money_add(sum->tokens, more->tokens);
}

static void reserve(struct budget *b, const struct spend *need)
{
	for (; b; b = b->parent) {
		add(&b->reserved, need);
		b->is_refused = false;
	}
}

/* Beyond all sense, and far from overflowing however many calls there are. */
static struct spend sensible(const struct spend *need)
{
	const int64_t most = INT64_MAX >> 16;

	return (struct spend){need->nanousd < 0 ? 0 : least(need->nanousd, most),
		need->tokens < 0 ? 0 : least(need->tokens, most)};
}

enum budget_word budget_ask(
	struct budget *b, const struct spend *need, struct budget_hold *hold, struct err *e)
{
	struct budget *root = top(b), *by = root;
	struct spend sane = sensible(need);

	must(!hold->budget || hold->is_waiting);
	enum budget_word word = judge_all(b, &sane, &by, e);
	if (word == BUDGET_GO && root->store.reserve)
		word = root->store.reserve(root->store.self, sane.nanousd, e);
	if (word == BUDGET_WAIT || word == BUDGET_POLL) {
		hold->budget = b;
		hold->need = sane;
		wait_in_line(root, hold);
		return word;
	}
	leave_line(root, hold);
	hold->budget = NULL;
	if (word == BUDGET_NO) {
		by->is_refused = true;
		return word;
	}
	hold->budget = b;
	hold->need = sane;
	reserve(b, &sane);
	return word;
}

/* Those that would wait on are left in peace. */
static void wake_waiting(struct budget *root)
{
	struct budget_hold *next;
	struct budget *by;
	struct err e;

	for (struct budget_hold *h = root->first; h; h = next) {
		next = h->next;
		if (judge_all(h->budget, &h->need, &by, &e) != BUDGET_WAIT)
			h->wake(h->self);
	}
}

void budget_settle(struct budget_hold *hold, const struct spend *spent, bool is_kept)
{
	const struct spend nothing = {0}, taken = spent ? sensible(spent) : nothing;
	struct budget *root;

	if (!hold->budget)
		return;
	root = top(hold->budget);
	if (hold->is_waiting) {
		leave_line(root, hold);
		hold->budget = NULL;
		return;
	}
	for (struct budget *b = hold->budget; b; b = b->parent) {
		must(b->reserved.nanousd >= hold->need.nanousd &&
			b->reserved.tokens >= hold->need.tokens);
		b->reserved.nanousd -= hold->need.nanousd;
		b->reserved.tokens -= hold->need.tokens;
		add(&b->spent, &taken);
	}
	if (root->store.settle)
		root->store.settle(root->store.self, hold->need.nanousd, taken.nanousd, is_kept);
	hold->budget = NULL;
	wake_waiting(root);
}

/* ---- how long answers are ---- */

int64_t budget_expects(const struct budget *b, int64_t most)
{
	int64_t longest = top(b)->longest, expected = BUDGET_FIRST_TOKENS;

	if (longest)
		expected = longest + longest / 4;
	if (expected < BUDGET_LEAST_TOKENS)
		expected = BUDGET_LEAST_TOKENS;
	return expected < most ? expected : most;
}

/* The longest one counts less with every answer after it. */
void budget_learn(struct budget *b, int64_t tokens)
{
	struct budget *root = top(b);
	int64_t faded = root->longest - root->longest / 16;

	if (tokens > INT64_MAX / 4)
		tokens = INT64_MAX / 4;
	root->longest = tokens > faded ? tokens : faded;
}
