// SPDX-License-Identifier: MIT
#include "cmd/spending.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/money.h"
#include "base/utf8.h"
#include "base/xdg.h"

static void tell_loss(void *, const struct err *e)
{
	AUTO(buf) shown = {0};

	utf8_put_line(&shown, str_from(e->text), sizeof e->text);
	fprintf(stderr, "fettle: the ledger is not written: %s\n", buf_text(&shown));
}

/* -1: not given. */
static bool read_cost(
	const struct options *given, const char *name, int64_t *nanousd, struct err *e)
{
	const char *value = options_value(given, name);

	*nanousd = -1;
	return !value || money_parse(str_from(value), nanousd, e) ||
	       err_context(e, "option --%s", name);
}

static bool read_limits(const struct options *given, const char *cost_option,
	const char *tokens_option, struct budget_limits *limits, struct err *e)
{
	return read_cost(given, cost_option, &limits->most.nanousd, e) &&
	       options_int(given, tokens_option, 1, -1, &limits->most.tokens, e);
}

static bool is_limited(const struct budget_limits *limits)
{
	return limits->most.nanousd >= 0 || limits->most.tokens >= 0;
}

/* -1: none. A day's budget is kept by what the ledger says. */
static bool read_day(struct settings *settings, bool has_ledger, int64_t *nanousd, struct err *e)
{
	struct setting daily = settings_get(settings, "daily_budget");

	*nanousd = -1;
	if (!daily.origin)
		return true;
	if (!money_parse(daily.text, nanousd, e))
		return err_context(e, "%s: daily_budget", daily.where);
	return has_ledger || err_set(e, ERR_USAGE,
				     "daily_budget (%s) needs the ledger: what was spent is not "
				     "known without it, and %s",
				     daily.where,
				     str_is(settings_get(settings, "ledger").text, "false")
					     ? "ledger is false"
					     : "there is no home directory");
}

static bool open_ledger(
	struct spending *s, const struct spending_wish *wish, struct arena *a, struct err *e)
{
	bool wants_ledger = !str_is(settings_get(wish->settings, "ledger").text, "false");
	const char *directory =
		wants_ledger ? xdg_directory(XDG_STATE, "ledger", wish->environment, a) : NULL;
	int64_t most_nanousd;
	bool is_branch;

	if (!read_day(wish->settings, directory, &most_nanousd, e))
		return false;
	if (!directory)
		return true;
	s->ledger = ledger_new(directory, tell_loss, NULL);
	s->who = (struct ledger_who){.run_id = str_from(wish->run_id),
		.session_id = str_from(wish->run_id),
		.project = str_from(wish->workspace->root),
		.branch = workspace_branch(wish->workspace, a, &is_branch)};
	if (!is_branch)
		s->who.branch = (struct str){0};
	if (most_nanousd >= 0)
		s->day = day_new(directory, most_nanousd, clock_wall_ms);
	return true;
}

bool spending_open(
	struct spending *s, const struct spending_wish *wish, struct arena *a, struct err *e)
{
	struct budget_limits run = {
		.cost_name = "the run's --max-cost", .tokens_name = "the run's --max-tokens"};

	s->task_limits = (struct budget_limits){.cost_name = "the task's --max-task-cost",
		.tokens_name = "the task's --max-task-tokens"};
	if (!read_limits(wish->given, "max-cost", "max-tokens", &run, e) ||
		!read_limits(wish->given, "max-task-cost", "max-task-tokens", &s->task_limits, e) ||
		(!wish->is_play && !open_ledger(s, wish, a, e)))
		return false;
	if (s->day || is_limited(&run) || is_limited(&s->task_limits))
		s->budget = budget_new(s->day ? day_budget(s->day) : NULL, &run);
	return true;
}

bool spending_check(const struct spending *s, const struct route *route, struct err *e)
{
	const char *limit = s->task_limits.most.nanousd >= 0 ? s->task_limits.cost_name
			    : s->budget                      ? budget_cost_name(s->budget)
							     : NULL;

	if (!limit || !route->name.n)
		return true;
	for (; route; route = route->fallback)
		if (!route_has_price(route))
			return err_set(e, ERR_USAGE,
				"nobody knows what %.*s costs, so %s cannot be kept: limit it by "
				"tokens (--max-tokens, --max-task-tokens), or use another model",
				STR_ARG(route->name), limit);
	return true;
}

void spending_give(const struct spending *s, struct call_world *world)
{
	world->budget = s->budget;
	world->ledger = s->ledger;
	world->who = &s->who;
}

struct budget *spending_task(const struct spending *s)
{
	return s->budget ? budget_new(s->budget, &s->task_limits) : NULL;
}

void spending_close(struct spending *s)
{
	budget_free(s->budget);
	day_free(s->day);
	ledger_free(s->ledger);
	*s = (struct spending){0};
}
