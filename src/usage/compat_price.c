// SPDX-License-Identifier: MIT
/*
 * What ccusage 20.0.24 charges without a network, measured on 2026-11-21 by giving it transcripts
 * with one kind of token each. US dollars per 1,000,000 tokens.
 */
#include "base/money.h"
#include "usage/compat_inside.h"

enum { US = 1, EU = 2, JP = 4, AU = 8, ALL = US | EU | JP | AU };

struct usd {
	double input, output, cache_write, cache_read;
};

/* Prices above a limit, as multiples. */
struct over {
	int64_t limit;
	bool is_by_field; /* of each kind of token, only those above the limit; else all of them,
			     when input and cache together are above it */
	struct usd times;
};

struct compat_rate {
	const char *model;
	struct usd usd;
	double fast; /* times; 0: fast costs nothing more */
	const struct over *over;
	unsigned regions; /* Bedrock's, where it costs a tenth more */
};

static const struct over by_field = {200'000, true, {2, 1.5, 2, 2}};
static const struct over gpt_6 = {272'000, false, {2, 1.5, 2, 2}};
static const struct over gpt_5 = {272'000, false, {2, 1.5, 1, 2}};
static const struct over gpt_5_pro = {272'000, false, {2, 1.5, 1, 1}};
static const struct over gemini = {200'000, false, {2, 1.5, 1, 2}};
static const struct over grok = {200'000, false, {2, 2, 1, 2}};
static const struct over grok_4_3 = {200'000, false, {2, 2, 1, 3.2}};
static const struct over minimax = {512'000, false, {2, 2, 1, 2}};

static const struct compat_rate rates[] = {
	{"claude-fable-5-1", {10, 50, 12.5, 0.25}, .regions = US | EU},
	{"claude-fable-5", {10, 50, 12.5, 1}, .regions = US | EU},
	{"claude-mythos-5", {10, 50, 12.5, 1}},
	{"claude-opus-5", {5, 25, 6.25, 0.5}, .fast = 2, .regions = ALL},
	{"claude-opus-4-8", {5, 25, 6.25, 0.5}, .fast = 2, .regions = ALL},
	{"claude-opus-4-7", {5, 25, 6.25, 0.5}, .fast = 6, .regions = ALL},
	{"claude-opus-4-6", {5, 25, 6.25, 0.5}, .fast = 6, .regions = US | EU | AU},
	{"claude-opus-4-5", {5, 25, 6.25, 0.5}, .regions = US},
	{"claude-opus-4-1", {15, 75, 18.75, 1.5}},
	{"claude-opus-4", {15, 75, 18.75, 1.5}},
	{"claude-sonnet-5", {2, 10, 2.5, 0.2}, .regions = ALL},
	{"claude-sonnet-4-6", {3, 15, 3.75, 0.3}, .regions = ALL},
	{"claude-sonnet-4-5", {3, 15, 3.75, 0.3}, .over = &by_field, .regions = ALL},
	{"claude-sonnet-4", {3, 15, 3.75, 0.3}, .over = &by_field},
	{"claude-haiku-4-5", {1, 5, 1.25, 0.1}, .regions = ALL},
	{"claude-3-7-sonnet", {3, 15, 3.75, 0.3}},
	{"claude-3-5-sonnet", {3, 15, 3.75, 0.3}},
	{"claude-3-5-haiku-20241022", {0.8, 4, 1, 0.08}},
	{"claude-3-opus", {15, 75, 18.75, 1.5}},
	{"claude-3-haiku", {0.25, 1.25, 0.3, 0.03}},
	{"gpt-6-astra", {10, 50, 12.5, 1}, .fast = 2, .over = &gpt_6},
	{"gpt-5.6-sol", {4, 20, 5, 0.4}, .fast = 2, .over = &gpt_6},
	{"gpt-5.6-terra", {2, 12, 2.5, 0.2}, .fast = 2, .over = &gpt_6},
	{"gpt-5.6-luna", {0.2, 1.2, 0.25, 0.02}, .fast = 2, .over = &gpt_6},
	{"gpt-5.5", {5, 30, 6.25, 0.5}, .fast = 2.5, .over = &gpt_5},
	{"gpt-5.4", {2.5, 15, 3.125, 0.25}, .fast = 2, .over = &gpt_5},
	{"gpt-5.4-mini", {0.75, 4.5, 0.9375, 0.075}},
	{"gpt-5.4-nano", {0.2, 1.25, 0.25, 0.02}},
	{"gpt-5.3-codex", {1.75, 14, 2.1875, 0.175}, .fast = 2},
	{"gpt-5.2", {1.75, 14, 1.75, 0.175}},
	{"gpt-5.1", {1.25, 10, 1.5625, 0.125}},
	{"gpt-5", {1.25, 10, 1.5625, 0.125}},
	{"gpt-5-mini", {0.25, 2, 0.3125, 0.025}},
	{"gpt-5-nano", {0.05, 0.4, 0.0625, 0.005}},
	{"gpt-4.1", {2, 8, 2.5, 0.5}},
	{"gpt-4.1-mini", {0.4, 1.6, 0.5, 0.1}},
	{"gpt-4o", {2.5, 10, 3.125, 1.25}},
	{"gpt-4o-mini", {0.15, 0.6, 0.1875, 0.075}},
	{"o3", {0.55, 2.2, 0.6875, 0.275}},
	{"o4-mini", {0.55, 2.2, 0.6875, 0.1375}},
	{"gemini-3.8-flash", {0.75, 3.75, 0.9375, 0.075}},
	{"gemini-3.6-flash", {0.75, 3.75, 0.9375, 0.075}},
	{"gemini-3.5-flash", {1.5, 9, 1.875, 0.15}},
	{"gemini-3.5-flash-lite", {0.3, 2.5, 0.375, 0.03}},
	{"gemini-3.1-pro-preview", {2, 12, 2.5, 0.2}, .over = &gemini},
	{"gemini-3.1-flash-lite", {0.25, 1.5, 0.3125, 0.025}},
	{"gemini-2.5-pro", {1.25, 10, 1.5625, 0.125}, .over = &gemini},
	{"gemini-2.5-flash", {0.3, 2.5, 0.375, 0.03}},
	{"gemini-2.5-flash-lite", {0.1, 0.4, 0.125, 0.01}},
	{"grok-4.5", {2, 6, 2.5, 0.3}, .over = &grok},
	{"grok-4.3", {1.25, 2.5, 1.25, 0.125}, .over = &grok_4_3},
	{"deepseek-v4-pro", {0.435, 0.87, 0.435, 0.003625}},
	{"deepseek-flash", {0.15, 0.6, 0.1875, 0.003}},
	{"kimi-k3", {3, 15, 3.75, 0.3}},
	{"kimi-k2.7-code", {0.95, 4, 1.1875, 0.19}},
	{"glm-5.3", {1.4, 4.4, 0, 0.26}},
	{"glm-5.3-flash", {0.15, 0.5, 0, 0.03}},
	{"glm-5.2", {1.4, 4.4, 0, 0.28}},
	{"glm-4.7", {0.6, 2.2, 0, 0.11}},
	{"MiniMax-M3", {0.3, 1.2, 0.375, 0.06}, .over = &minimax},
	{"devstral-2512", {0.4, 2, 0.5, 0.04}},
	{"codestral-2508", {0.368, 1.103, 0.46, 0.037}},
	{"muse-spark-1.3", {1.25, 4.25, 1.5625, 0.15}},
	{"openai/gpt-oss-120b", {0.15, 0.6, 0.1875, 0.015}},
	{"openai/gpt-oss-20b", {0.03, 0.13, 0.0375, 0.03}},
	{"gpt-oss-120b", {0.15, 0.6, 0.1875, 0.015}},
	{"qwen/qwen3-coder", {0.13, 0.5, 0.1625, 0.065}},
	{"qwen/qwen3-coder-next", {0.15, 0.8, 0.1875, 0.075}},
	{"qwen/qwen3.8-27b", {0.5, 3, 0.625, 0.1}},
	{"qwen/qwen3.8-max-0902", {2, 6, 2.5, 0.25}},
	{"text-embedding-3-small", {0.025, 0, 0.03125, 0.0025}},
	{"text-embedding-3-large", {0.163, 0, 0.20375, 0.0163}},
	{"text-embedding-ada-002", {0.1, 0, 0.125, 0.01}},
	{"gpt-5.4-pro", {30, 180, 37.5, 3}, .over = &gpt_5_pro},
	{"gpt-5.1-codex", {1.25, 10, 1.25, 0.125}},
	{"gpt-5.1-codex-max", {1.25, 10, 1.5625, 0.125}},
	{"gpt-5.1-codex-mini", {0.25, 2, 0.3125, 0.025}},
	{"gpt-5.2-codex", {1.75, 14, 1.75, 0.175}},
	{"gpt-5-codex", {1.25, 10, 1.5625, 0.125}},
	{"gpt-5-pro", {15, 120, 18.75, 1.5}},
	{"o3-pro", {20, 80, 25, 2}},
	{"kimi-k2", {0.57, 2.3, 0.7125, 0.5}},
	{"kimi-k2.6", {0.95, 4, 1.1875, 0.16}},
	{"kimi-k2.5", {0.6, 3, 0.75, 0.1}},
	{"kimi-k2-0905-preview", {0.632, 2.53, 0.79, 0.0632}},
	{"kimi-k2-thinking", {0.6, 2.5, 0.75, 0.3}},
	{"qwen3-coder", {0.22, 0.95, 0.275, 0.022}},
	{"qwen3-coder-plus", {1, 5, 1.25, 0.1}},
	{"qwen3-max", {1.2, 6, 1.5, 0.12}},
	{"deepseek-chat", {0.1, 0.425, 0.125, 0.05}},
	{"deepseek-reasoner", {0.56, 1.68, 0.7, 0.07}},
	{"deepseek-v3.2", {0.62, 1.85, 0.775, 0.062}},
	{"glm-4.5", {0.6, 2.2, 0, 0.11}},
	{"glm-4.6", {0.6, 2.2, 0, 0.11}},
	{"glm-5", {1, 3.2, 0, 0.2}},
	{"gemini-3-pro-preview", {2, 12, 2.5, 0.2}},
	{"gemini-3-flash-preview", {0.5, 3, 0.625, 0.05}},
	{"gemini-2.0-flash", {0.052, 0.21, 0.065, 0.0052}},
	{"grok-code-fast-1", {0.2, 1.5, 0.25, 0.02}},
	{"grok-4", {3, 15, 3.75, 0.75}},
	{"minimax-m2", {0.3, 1.2, 0.375, 0.03}},
	{"MiniMax-M2.1", {0.3, 1.2, 0.375, 0.03}},
};

enum { RATES = sizeof rates / sizeof *rates };

/* ---- by name ---- */

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Digits behind a separator make another version, but eight of them are a date. */
static bool is_other_version(struct str found, struct str rest)
{
	size_t n = 0;

	if (found.p[found.n - 1] < '0' || found.p[found.n - 1] > '9' || rest.n < 2 ||
		(rest.p[0] != '-' && rest.p[0] != '.'))
		return false;
	rest = str_skip(rest, 1);
	while (n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9')
		n++;
	return n > 0 && n != 8;
}

/* part stands in whole, between what is no letter and no digit. */
static bool contains(struct str whole, struct str part)
{
	for (size_t at = 0; (at = str_find(whole, part, at)) != SIZE_MAX; at++) {
		struct str rest = str_skip(whole, at + part.n);
		if ((at == 0 || !is_word(whole.p[at - 1])) &&
			(rest.n == 0 || !is_word(rest.p[0])) && !is_other_version(part, rest))
			return true;
	}
	return false;
}

static const struct compat_rate *find_exact(struct str model)
{
	for (size_t i = 0; i < RATES; i++)
		if (str_is(model, rates[i].model))
			return &rates[i];
	return NULL;
}

/* The longest name that is in the model's, or that the model's is in. */
static const struct compat_rate *find_near(struct str model)
{
	const struct compat_rate *best = NULL;
	size_t best_n = 0;

	for (size_t i = 0; i < RATES; i++) {
		struct str name = str_from(rates[i].model);
		if (name.n > best_n && (contains(model, name) || contains(name, model))) {
			best = &rates[i];
			best_n = name.n;
		}
	}
	return best;
}

static bool is_regional(struct str model, unsigned regions)
{
	static const struct {
		struct str name;
		unsigned bit;
	} all[] = {{STR("us.anthropic"), US}, {STR("eu.anthropic"), EU}, {STR("jp.anthropic"), JP},
		{STR("au.anthropic"), AU}};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if ((regions & all[i].bit) && contains(model, all[i].name))
			return true;
	return false;
}

enum { NAME_BYTES = 256 };

struct compat_price compat_price_find(struct str model)
{
	char plain[NAME_BYTES];

	if (model.n == 0 || model.n > NAME_BYTES)
		return (struct compat_price){0};
	for (size_t i = 0; i < model.n; i++)
		plain[i] = (char)(model.p[i] == '.' || model.p[i] == '@' ? '-' : model.p[i]);
	const struct compat_rate *rate = find_exact(model);
	rate = rate ? rate : find_near(model);
	rate = rate ? rate : find_near((struct str){plain, model.n});
	return (struct compat_price){rate, rate && is_regional(model, rate->regions)};
}

/* ---- what an answer costs ---- */

/* Nano-dollars with a fraction: a dollar per million is 1,000 nano-dollars per token. */
static double part(const struct over *over, bool is_over, int64_t tokens, double usd, double times)
{
	double count = (double)tokens, above = 0;

	if (over && over->is_by_field)
		above = tokens > over->limit ? (double)(tokens - over->limit) : 0;
	else if (is_over)
		above = count;
	return ((count - above) + above * times) * usd * 1000;
}

/* A half to even, as llrint() does; libm would be one more library at each start. */
static int64_t nearest(double value)
{
	const double whole_above = 0x1p52; /* no fractions from here on */

	return (int64_t)(value < whole_above ? value + whole_above - whole_above : value);
}

int64_t compat_price_cost(
	const struct compat_price *price, const struct usage_tokens *tokens, bool is_fast)
{
	if (!price->rate)
		return usage_tokens_total(tokens) == 0 ? 0 : -1;
	const struct compat_rate *r = price->rate;
	static const struct over none = {0, false, {1, 1, 1, 1}};
	const struct usd *times = r->over ? &r->over->times : &none.times;
	int64_t context = money_add(money_add(tokens->input, tokens->cache_read),
		money_add(tokens->cache_write_5m, tokens->cache_write_1h));
	bool is_over = r->over && !r->over->is_by_field && context > r->over->limit;
	double nano = part(r->over, is_over, tokens->input, r->usd.input, times->input);
	nano += part(r->over, is_over, money_add(tokens->output, tokens->other), r->usd.output,
		times->output);
	nano += part(
		r->over, is_over, tokens->cache_write_5m, r->usd.cache_write, times->cache_write);
	/* Writes for an hour cost twice the input's price, whatever the model. */
	nano += part(r->over, is_over, tokens->cache_write_1h, r->usd.input * 2, times->input);
	nano += part(r->over, is_over, tokens->cache_read, r->usd.cache_read, times->cache_read);
	if (is_fast && r->fast > 0)
		nano *= r->fast;
	if (price->is_regional)
		nano *= 1.1;
	double most = (double)(MONEY_MAX_USD * NANO_PER_USD);
	return nano < most ? nearest(nano) : MONEY_MAX_USD * NANO_PER_USD;
}
