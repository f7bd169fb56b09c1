// SPDX-License-Identifier: MIT
/* batches_spend: what the requests of batches may take, and took, at the price of batches. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/money.h"
#include "base/must.h"
#include "call/batches.h"
#include "call/walk.h"

struct batches_hold {
	struct call_world world;
	const struct route *route;
	struct budget_hold hold;
	struct spend need;
};

int64_t batches_cost_nanousd(const struct route *route, const struct usage *usage)
{
	int64_t cost = call_cost_nanousd(route, usage);

	return cost > 0 ? catalog_batch_cost_nanousd(&route->model, usage) : cost;
}

/* Input may be written to a cache, which costs more at some providers. */
static struct spend estimate(const struct call_world *world, const struct route *route,
	const struct prompt *prompt, size_t size_bytes)
{
	int64_t input = call_request_tokens(prompt, size_bytes);
	int64_t output = budget_expects(world->budget, prompt->max_output_tokens);
	struct usage plain = {.input = input, .output = output, .reported_cost_nanousd = -1};
	struct usage cached = {.cache_write = input, .output = output, .reported_cost_nanousd = -1};
	int64_t a = batches_cost_nanousd(route, &plain), b = batches_cost_nanousd(route, &cached);

	return (struct spend){a > b ? a : b, money_add(input, output)};
}

static enum batches_word ask(struct batches_hold *h, struct err *e)
{
	const char *limit = budget_cost_name(h->world.budget);

	if (h->need.nanousd < 0 && limit) {
		err_set(e, ERR_BUDGET, "nobody knows what %.*s costs, so %s cannot be kept",
			STR_ARG(h->route->name), limit);
		return BATCHES_NO;
	}
	if (h->need.nanousd < 0)
		h->need.nanousd = 0;
	switch (budget_ask(h->world.budget, &h->need, &h->hold, e)) {
	case BUDGET_GO: return BATCHES_GO;
	case BUDGET_NO: return BATCHES_NO;
	case BUDGET_WAIT:
	case BUDGET_POLL: break;
	}
	budget_settle(&h->hold, NULL, true);
	return BATCHES_LATER;
}

enum batches_word batches_reserve(const struct call_world *world, const struct route *route,
	const struct prompt *prompt, size_t size_bytes, struct batches_hold **out, struct err *e)
{
	struct batches_hold *h = must_alloc(1, sizeof *h);
	enum batches_word word = BATCHES_GO;

	*h = (struct batches_hold){.world = *world, .route = route};
	if (world->budget && prompt)
		h->need = estimate(world, route, prompt, size_bytes);
	if (world->budget)
		word = ask(h, e);
	if (word == BATCHES_GO)
		*out = h;
	else
		free(h);
	return word;
}

static bool write_down(const struct batches_hold *h, const struct batches_spent *s, int64_t cost,
	int64_t estimated)
{
	struct ledger_line line = {.time_ms = clock_wall_ms(),
		.who = h->world.who,
		.kind = "batch",
		.provider = h->route->provider,
		.model = h->route->model_id,
		.usage = s->usage,
		.cost_nanousd = cost,
		.estimated_nanousd = estimated,
		.duration_ms = s->duration_ms,
		.outcome = s->outcome};

	return ledger_add(h->world.ledger, &line);
}

static void settle(struct batches_hold *h, const struct batches_spent *s)
{
	const struct usage *u = &s->usage;
	bool is_told = u->reported_cost_nanousd >= 0 || (u->input >= 0 && u->output >= 0);
	int64_t cost = is_told ? batches_cost_nanousd(h->route, u) : -1;
	struct spend spent = {0};
	bool is_kept = false;

	if (is_told)
		spent = (struct spend){cost > 0 ? cost : 0, call_usage_tokens(u)};
	else if (s->may_be_billed)
		spent = h->need;
	if (h->world.ledger && (is_told || s->may_be_billed))
		is_kept = write_down(h, s, cost, is_told || !spent.nanousd ? -1 : spent.nanousd);
	if (!h->world.budget)
		return;
	if (u->output >= 0)
		budget_learn(h->world.budget, u->output);
	budget_settle(&h->hold, &spent, is_kept);
}

void batches_settle(struct batches_hold *hold, const struct batches_spent *spent)
{
	if (spent)
		settle(hold, spent);
	else if (hold->world.budget)
		budget_settle(&hold->hold, NULL, true);
	free(hold);
}
