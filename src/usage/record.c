// SPDX-License-Identifier: MIT
#include "usage/record.h"

#include "base/money.h"

int64_t usage_tokens_total(const struct usage_tokens *tokens)
{
	int64_t total = money_add(tokens->input, tokens->output);
	total = money_add(total, money_add(tokens->cache_write_5m, tokens->cache_write_1h));
	return money_add(total, money_add(tokens->cache_read, tokens->other));
}

void usage_tokens_add(struct usage_tokens *sum, const struct usage_tokens *more)
{
	sum->input = money_add(sum->input, more->input);
	sum->output = money_add(sum->output, more->output);
	sum->cache_write_5m = money_add(sum->cache_write_5m, more->cache_write_5m);
	sum->cache_write_1h = money_add(sum->cache_write_1h, more->cache_write_1h);
	sum->cache_read = money_add(sum->cache_read, more->cache_read);
	sum->other = money_add(sum->other, more->other);
	sum->reasoning = money_add(sum->reasoning, more->reasoning);
	sum->web_searches = money_add(sum->web_searches, more->web_searches);
	sum->nanocredits = money_add(sum->nanocredits, more->nanocredits);
	sum->messages = money_add(sum->messages, more->messages);
}
