// SPDX-License-Identifier: MIT
/* budget_inside: what the walk asks of a budget. Private to the room. */
#ifndef CALL_BUDGET_INSIDE_H
#define CALL_BUDGET_INSIDE_H

#include "base/err.h"
#include "call/budget.h"

/* What an answer is believed to take before one has come; and at least, after that. */
enum { BUDGET_FIRST_TOKENS = 2'000, BUDGET_LEAST_TOKENS = 500 };

enum budget_word {
	BUDGET_GO,
	BUDGET_WAIT, /* a call of this process may leave room: wake is called */
	BUDGET_POLL, /* somebody else may, who does not tell: ask again */
	BUDGET_NO,
};

/* A budget that more than this process spends from, above all others. */
struct budget_store {
	/* GO reserves. e with NO. */
	enum budget_word (*reserve)(void *self, int64_t nanousd, struct err *e);
	/* What was reserved is free again; is_kept: what was spent is told elsewhere. */
	void (*settle)(void *self, int64_t reserved, int64_t spent, bool is_kept);
	void *self;
};

/* What a call has reserved, or waits for. {0} is a valid start: nothing. */
struct budget_hold {
	struct budget *budget; /* NULL: nothing */
	struct spend need;
	bool is_waiting;
	struct budget_hold *previous, *next; /* of those that wait */
	void (*wake)(void *self);
	void *self;
};

/* Of one limit, without POLL; most -1: none. */
enum budget_word budget_judge(int64_t most, int64_t spent, int64_t reserved, int64_t need);
struct budget *budget_new_shared(const struct budget_store *store);
/*
 * Reserves need for a hold that has nothing; GO or NO decide, with the others the hold waits, and
 * is asked for again from its wake or later. e with NO.
 */
enum budget_word budget_ask(
	struct budget *budget, const struct spend *need, struct budget_hold *hold, struct err *e);
/*
 * The attempt is over and took so much; nothing when it was not billed. Whatever the hold's state
 * is: it has nothing afterwards. is_kept: the ledger has what was spent. Wakes who fits now.
 */
void budget_settle(struct budget_hold *hold, const struct spend *spent, bool is_kept);
/* How many tokens the next answer may have, by those of this process so far; at most most. */
int64_t budget_expects(const struct budget *budget, int64_t most);
/* An answer had so many tokens. */
void budget_learn(struct budget *budget, int64_t tokens);

#endif
