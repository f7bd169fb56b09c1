// SPDX-License-Identifier: MIT
/* The step that asks the budget before an attempt, and what is settled and written down after it.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/money.h"
#include "call/walk.h"

/* Of bytes of JSON, about; of an image, at most: it is as long as it is wide to a model. */
enum { BYTES_A_TOKEN = 4, IMAGE_TOKENS = 1'600 };
/* Who else spends from a budget does not tell when there is room. */
enum { POLL_MS = 100 };
/* Calls that run for so long are not waited for. */
#define WAIT_MAX_NS (15 * 60 * NS_PER_S)

/* ---- prices ---- */

int64_t call_cost_nanousd(const struct route *route, const struct usage *usage)
{
	if (!route->wire)
		return 0;
	/* Nobody bills what runs here, unless it has a price: then it is passed on. */
	if (!route->model.has_price && route->is_local && usage->reported_cost_nanousd < 0)
		return 0;
	return catalog_cost_nanousd(&route->model, usage);
}

bool route_has_price(const struct route *route)
{
	return call_cost_nanousd(route, &(struct usage){.reported_cost_nanousd = -1}) >= 0;
}

int64_t call_request_tokens(const struct prompt *p, size_t bytes)
{
	size_t images = 0;

	for (size_t i = 0; i < p->message_count; i++)
		for (size_t k = 0; k < p->messages[i].block_count; k++) {
			const struct block *b = &p->messages[i].blocks[k];
			if (b->kind != BLOCK_IMAGE || b->data.n > bytes)
				continue;
			bytes -= b->data.n;
			images++;
		}
	return (int64_t)(bytes / BYTES_A_TOKEN + images * IMAGE_TOKENS);
}

int64_t call_input_tokens(const struct call *call)
{
	return call_request_tokens(&call->prompt, call->request.n);
}

/* Input may be written to a cache, which costs more at some providers. */
static int64_t cost_of(const struct route *route, int64_t input, int64_t output)
{
	struct usage plain = {.input = input, .output = output, .reported_cost_nanousd = -1};
	struct usage cached = {.cache_write = input, .output = output, .reported_cost_nanousd = -1};
	int64_t a = call_cost_nanousd(route, &plain), b = call_cost_nanousd(route, &cached);

	return a > b ? a : b;
}

/* ---- before ---- */

static void refuse(struct call *call, const struct err *e)
{
	call->error = *e;
	call->trouble = (struct trouble){.code = ERR_BUDGET};
}

static void wake(void *self)
{
	struct call *call = self;

	timer_cancel(call->timer);
	call->timer = NULL;
	call_walk_soon(call);
}

/* False: nobody knows what it may cost, and somebody wants to. */
static bool estimate(struct call *call, struct err *e)
{
	const struct route *route = call->route;
	const char *limit = budget_cost_name(call->world.budget);

	if (!call->path)
		call->path = call->errand->put_request(call);
	call->input_tokens = call_input_tokens(call);
	int64_t output = budget_expects(call->world.budget, call->prompt.max_output_tokens);
	int64_t cost = cost_of(route, call->input_tokens, output);
	call->need = (struct spend){cost, money_add(call->input_tokens, output)};
	if (cost >= 0)
		return true;
	call->need.nanousd = 0;
	return !limit ||
	       err_set(e, ERR_BUDGET, "nobody knows what %.*s costs, so %s cannot be kept",
		       STR_ARG(route->name), limit);
}

/* From the first time on that it waited. */
static bool is_too_late(struct call *call, struct err *e)
{
	int64_t now_ns = clock_ns();

	if (!call->admit_until_ns) {
		call->admit_until_ns = now_ns + WAIT_MAX_NS;
		log_debug("other calls have reserved what is left of the budget: waiting for them");
	}
	return now_ns >= call->admit_until_ns &&
	       !err_set(e, ERR_BUDGET,
		       "what other calls have reserved left no room in the budget for too long");
}

static enum walk wait(struct call *call, bool polls)
{
	int64_t left_ms = (call->admit_until_ns - clock_ns()) / 1'000'000 + 1;

	timer_cancel(call->timer);
	call->timer = NULL;
	call_walk_later(call, polls ? POLL_MS : left_ms);
	return WAIT;
}

enum walk step_admit(struct call *call)
{
	struct budget *budget = call->world.budget;
	struct err e;

	if (!budget || !call->route->wire || !call->errand->is_paced)
		return NEXT;
	if (!call->hold.is_waiting) {
		if (!estimate(call, &e)) {
			refuse(call, &e);
			return BACK;
		}
		call->hold.wake = wake;
		call->hold.self = call;
	}
	enum budget_word word = budget_ask(budget, &call->need, &call->hold, &e);
	if (word == BUDGET_GO) {
		call->admit_until_ns = 0;
		log_debug("reserved %lld nano-dollars and %lld tokens",
			(long long)call->need.nanousd, (long long)call->need.tokens);
		return NEXT;
	}
	if (word != BUDGET_NO && !is_too_late(call, &e))
		return wait(call, word == BUDGET_POLL);
	budget_settle(&call->hold, NULL, true);
	refuse(call, &e);
	return BACK;
}

/* ---- after ---- */

static bool is_known(const struct usage *u)
{
	return u->reported_cost_nanousd >= 0 || (u->input >= 0 && u->output >= 0);
}

/*
 * Input that was sent to somebody who kept silent is billed, as far as anybody knows; an answer
 * that broke off, or does not tell what it took, counts as what was expected of it.
 */
static struct spend guess(const struct call *call)
{
	const struct call_result *r = &call->result;
	bool is_stopped = call->is_cancelled || call->error.code == ERR_TIMEOUT;
	int64_t output = 0;

	bool is_success = r->http_status >= 200 && r->http_status < 300;
	if (is_success && (!call->error.code || call->reader.has_started))
		output = call->world.budget ? call->need.tokens - call->input_tokens : 0;
	else if ((r->http_status && !is_success) || !is_stopped || !r->times.sent)
		return (struct spend){0};
	int64_t input = call_input_tokens(call);
	int64_t cost = cost_of(call->route, input, output);
	return (struct spend){cost > 0 ? cost : 0, money_add(input, output)};
}

int64_t call_usage_tokens(const struct usage *u)
{
	const int64_t counts[] = {u->input, u->output, u->cache_read, u->cache_write};
	int64_t sum = 0;

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		sum = money_add(sum, counts[i] > 0 ? counts[i] : 0);
	return sum;
}

static bool write_down(struct call *call, int64_t cost, int64_t estimated)
{
	const struct call_result *r = &call->result;
	int64_t begun = r->times.begun ? r->times.begun : r->times.started;
	struct ledger_line line = {.time_ms = clock_wall_ms(),
		.who = call->world.who,
		.kind = call->errand->kind,
		.provider = call->route->provider,
		.model = call->route->model_id,
		.usage = r->usage,
		.cost_nanousd = cost,
		.estimated_nanousd = estimated,
		.duration_ms = (clock_ns() - begun) / 1'000'000,
		.outcome = call->error.code ? err_code_name(call->error.code) : "ok"};

	return ledger_add(call->world.ledger, &line);
}

void call_settle(struct call *call, bool is_end)
{
	const struct usage *u = &call->result.usage;
	struct spend spent = {0};
	bool is_kept = false, is_told = is_known(u);
	/* The attempt that is over; a call that waits for its next one has nothing to tell. */
	bool is_asked = call->result.times.asked;

	if (!call->route->wire || !call->errand->is_paced)
		return;
	int64_t cost = is_told ? call_cost_nanousd(call->route, u) : -1;
	if (is_told)
		spent = (struct spend){cost > 0 ? cost : 0, call_usage_tokens(u)};
	else if (is_asked)
		spent = guess(call);
	bool has_line = is_end ? call->result.attempts > 0 : is_told || spent.tokens;
	if (call->world.ledger && has_line)
		is_kept = write_down(call, cost, is_told || !spent.nanousd ? -1 : spent.nanousd);
	if (call->world.budget && u->output >= 0 && !call->error.code)
		budget_learn(call->world.budget, u->output);
	budget_settle(&call->hold, &spent, is_kept);
}
