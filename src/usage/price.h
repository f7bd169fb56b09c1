// SPDX-License-Identifier: MIT
/* price: what an answer costs by list price. A price that nobody knows is never guessed. */
#ifndef USAGE_PRICE_H
#define USAGE_PRICE_H

#include "base/buf.h"
#include "base/err.h"
#include "usage/record.h"

struct usage_prices;
struct usage_price; /* of one model */

/* overrides: a checked JSON object of settings, absent for none; docs/prices.md has its form.
 * ERR_USAGE. */
[[nodiscard]] bool usage_prices_new(struct str overrides, struct usage_prices **out, struct err *e);
void usage_prices_free(struct usage_prices *prices);
/* Changes whenever any price may have changed; cheap: nothing is looked up for it. */
uint64_t usage_prices_mark(const struct usage_prices *prices);
/*
 * By the name a transcript has: "us.anthropic.claude-opus-5-v1:0", "claude-opus-5[1m]" and
 * "anthropic/claude-opus-5" are the same model, in a region the first. provider: "" for the model's
 * own. NULL: unknown. Lives as long as prices. Not safe from several threads.
 */
const struct usage_price *usage_prices_find(
	struct usage_prices *prices, struct str provider, struct str model);
/* Nano-dollars; -1 when it is unknown. price NULL: unknown, but 0 for an answer without tokens. */
int64_t usage_price_cost(
	const struct usage_price *price, const struct usage_tokens *tokens, unsigned flags);
/* For doctor: the model it was found as and where the price is from ("catalogue", "settings"). */
void usage_price_source(const struct usage_price *price, struct str *model, struct str *source);

#endif
