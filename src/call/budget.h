// SPDX-License-Identifier: MIT
/*
 * budget: how much calls may cost together. What a call will take is reserved before each attempt,
 * as an estimate, in its budget and in those above it; when the attempt is over, what it took is
 * counted in place of that. A call that does not fit waits while others under way may leave room,
 * and is refused (ERR_BUDGET) when they cannot. Calls that run are never stopped, so a budget is
 * passed by no more than the estimates of those under way were short.
 *
 * Pure: no clock, no file. Not for several threads.
 */
#ifndef CALL_BUDGET_H
#define CALL_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

/* Tokens of all kinds, those read from a cache too. */
struct spend {
	int64_t nanousd, tokens;
};

struct budget_limits {
	struct spend most; /* -1: no limit. Calls that cost nothing always fit the cost */
	const char *cost_name, *tokens_name; /* for sentences: "the run's --max-cost" */
};

struct budget;

/* parent: the budget above this one, which stays as long; NULL none. The names stay, too. */
struct budget *budget_new(struct budget *parent, const struct budget_limits *limits);
/* After its calls and the budgets below it. NULL is nothing. */
void budget_free(struct budget *budget);
/* The name of the nearest limit of cost, here or above; NULL none. */
const char *budget_cost_name(const struct budget *budget);
/* What calls took that are over. */
struct spend budget_spent(const struct budget *budget);
/*
 * What neither was spent nor is reserved, in this budget and those above it but for the day's,
 * which others spend from, too; INT64_MAX where nothing limits it, never below 0.
 */
struct spend budget_left(const struct budget *budget);
/*
 * Nothing more fits: a call was refused here or above, and none went since; or all is spent. Who
 * has further tasks need not begin them.
 */
bool budget_is_used_up(const struct budget *budget);
/* Whether the last call was refused by this budget, and not by one above it. */
bool budget_has_refused(const struct budget *budget);

#endif
