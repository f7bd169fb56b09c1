// SPDX-License-Identifier: MIT
/*
 * day: a budget for each day, of all processes of a user together. What was spent is read from the
 * ledger's files, from where the last reader stopped; how far that was, the sum, and what live
 * processes have reserved is in a small file beside them, "day". Days are local ones. What a
 * process that is gone had reserved is free again. Without the small file (it is not writable, or
 * its lock is held for seconds) other processes' reservations do not count, what they spent does.
 */
#ifndef CALL_DAY_H
#define CALL_DAY_H

#include "call/budget.h"

#define DAY_FILE "day"

struct day;

/* directory: the ledger's. Opens nothing before the first call. wall_ms: clock_wall_ms, or a
 * test's. */
struct day *day_new(const char *directory, int64_t most_nanousd, int64_t (*wall_ms)(void));
void day_free(struct day *day); /* after the budgets below it; NULL is nothing */
struct budget *day_budget(struct day *day); /* the one above all others; it is the day's */

#endif
