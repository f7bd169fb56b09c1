// SPDX-License-Identifier: MIT
/*
 * spending: what model calls may cost and where it is written down, for commands that make some:
 * the options of BUDGET_OPTIONS, the settings ledger and daily_budget.
 *
 *   spending_open, spending_check for each route, spending_give for the calls' world;
 *   spending_task for each task; spending_close, when all calls have ended
 */
#ifndef CMD_SPENDING_H
#define CMD_SPENDING_H

#include "call/budget.h"
#include "call/day.h"
#include "call/ledger.h"
#include "cmd/settings.h"

struct spending {
	struct ledger *ledger; /* NULL: nothing is written down */
	struct day *day; /* NULL: no daily budget */
	struct budget *budget; /* the run's; NULL: nothing is limited */
	struct budget_limits task_limits;
	struct ledger_who who; /* the run's; a task copies it and adds its own */
};

struct spending_wish {
	const struct options *given;
	struct settings *settings;
	const struct workspace *workspace;
	const char *(*environment)(const char *name);
	const char *run_id; /* also the session's, where tasks have none of their own */
	bool is_play; /* nobody bills anything: no ledger and no day */
};

/*
 * ERR_USAGE for what makes no sense. Strings live in the arena or as long as what the wish points
 * to. {0} is a valid start; close it in any case.
 */
[[nodiscard]] bool spending_open(
	struct spending *s, const struct spending_wish *wish, struct arena *a, struct err *e);
/*
 * ERR_USAGE when the cost is limited and the price of the route or one of its fallbacks is not
 * known. A route without a name is none.
 */
[[nodiscard]] bool spending_check(
	const struct spending *s, const struct route *route, struct err *e);
/* Sets what calls have to fit and where they are written down. s stays until they have ended. */
void spending_give(const struct spending *s, struct call_world *world);
/* A task's own budget below the run's, to be freed after its calls; NULL: nothing is limited. */
struct budget *spending_task(const struct spending *s);
/* After all calls, and the tasks' budgets. */
void spending_close(struct spending *s);

#endif
