// SPDX-License-Identifier: MIT
/* price: what answers cost, worked out by hand from models.json of 2026-11-20. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "usage/price_inside.h"

static struct usage_prices *prices_of(const char *overrides)
{
	struct usage_prices *prices;
	struct err e;

	if (!usage_prices_new(str_from(overrides), &prices, &e))
		fail_msg("%s", e.text);
	return prices;
}

/* The name it is found as; NULL: unknown. */
static const char *found(struct usage_prices *prices, const char *provider, const char *model)
{
	static char text[100];
	struct str name, source;
	const struct usage_price *price =
		usage_prices_find(prices, str_from(provider), str_from(model));

	if (!price)
		return NULL;
	usage_price_source(price, &name, &source);
	snprintf(text, sizeof text, "%.*s (%.*s)", STR_ARG(name), STR_ARG(source));
	return text;
}

static const struct {
	const char *provider, *model, *is; /* NULL: unknown */
} names[] = {
	{"", "claude-opus-5", "claude-opus-5"},
	{"anthropic", "claude-opus-5", "claude-opus-5"},
	{"", "claude-opus-5[1m]", "claude-opus-5"},
	{"", "Claude-Opus-5[1M]", "claude-opus-5"},
	{"", " claude-opus-5 ", "claude-opus-5"},
	{"", "us.anthropic.claude-opus-5-v1:0", "claude-opus-5"},
	{"", "anthropic.claude-opus-5-v1", "claude-opus-5"},
	{"", "global.anthropic.claude-opus-4-5-20251101-v1:0", "claude-opus-4-5"},
	{"", "us-gov.anthropic.claude-3-5-haiku-20241022-v1:0:200k", "claude-3-5-haiku"},
	{"amazon-bedrock", "eu.anthropic.claude-sonnet-4-20250514-v1:0[1m]", "claude-sonnet-4"},
	{"",
		"arn:aws:bedrock:us-east-1:123456789012:inference-profile/"
		"us.anthropic.claude-opus-4-5-20251101-v1:0",
		"claude-opus-4-5"},
	{"", "anthropic/claude-sonnet-4.5", "claude-sonnet-4-5"},
	{"", "openrouter/anthropic/claude-sonnet-4.5", "claude-sonnet-4-5"},
	{"openrouter", "anthropic/claude-sonnet-4.5", "claude-sonnet-4-5"},
	{"openrouter", "openrouter/anthropic/claude-sonnet-4.5", "claude-sonnet-4-5"},
	{"", "claude-sonnet-4-5@20250929", "claude-sonnet-4-5"},
	{"google-vertex", "claude-sonnet-4-6@default", "claude-sonnet-4-6"},
	{"", "vertex_ai/claude-opus-4-5@20251101", "claude-opus-4-5"},
	{"github-copilot", "claude-opus-4.5", "claude-opus-4-5"},
	{"my-proxy", "claude-opus-4-5-20251101", "claude-opus-4-5"},
	{"", "claude-opus-4-5-thinking", "claude-opus-4-5"},
	{"", "claude-opus-4-20250514", "claude-opus-4"},
	{"", "claude-opus-4-1-20250805", "claude-opus-4-1"},
	{"", "claude-opus-4-0", "claude-opus-4"},
	{"", "claude-4-sonnet-20250514", "claude-sonnet-4"},
	{"", "claude-4.5-sonnet", "claude-sonnet-4-5"},
	{"", "claude-3-5-haiku-latest", "claude-3-5-haiku"},
	{"", "claude-haiku-3.5", "claude-3-5-haiku"},
	{"", "claude-3.7-sonnet", "claude-3-7-sonnet"},
	{"", "claude-3-opus-20240229", "claude-3-opus"},
	{"", "gpt-5.4", "gpt-5.4"},
	{"openai", "gpt-5.4", "gpt-5.4"},
	{"azure", "gpt-5.4", "gpt-5.4"},
	{"", "openai/gpt-5.4", "gpt-5.4"},
	{"", "gpt-5-4", "gpt-5.4"},
	{"", "gpt-5.4-mini", "gpt-5.4-mini"},
	{"", "gpt-5-2025-08-07", "gpt-5"},
	{"", "gpt-5-codex", "gpt-5-codex"},
	{"", "gpt-4o-2024-08-06", "gpt-4o"},
	{"", "gpt-4o-2024-05-13", "gpt-4o-2024-05-13"},
	{"", "models/gemini-2.5-pro", "gemini-2.5-pro"},
	{"gemini", "gemini-2.5-pro", "gemini-2.5-pro"},
	{"", "x-ai/grok-4.5", "grok-4.5"},
	{"", "glm-4.7", "glm-4.7"},
	{"zai-coding-plan", "glm-4.7", "glm-4.7"},
	{"", "z-ai/glm-4.7", "glm-4.7"},
	{"", "minimax-m3", "MiniMax-M3"},
	{"", "deepseek/deepseek-v4-pro", "deepseek-v4-pro"},
	{"groq", "openai/gpt-oss-120b", "openai/gpt-oss-120b"},
	{"", "groq/openai/gpt-oss-20b", "openai/gpt-oss-20b"},
	{"cerebras", "gpt-oss-120b", "gpt-oss-120b"},
	{"openrouter", "qwen/qwen3-coder", "qwen/qwen3-coder"},
	/* Other versions, other models, nobody's. */
	{"", "claude-opus-4-9", NULL},
	{"", "claude-opus-6", NULL},
	{"", "claude-opus-4-5-1", NULL},
	{"", "claude-opus-45", NULL},
	{"", "claude-opus", NULL},
	{"", "claude-opus-5-0-1", NULL},
	{"", "claude-opus-4-5-2025110", NULL},
	{"", "claude-opus-4-5-202511011", NULL},
	{"", "my-claude-opus-4-5", NULL},
	{"", "claude-opus-4-5-distilled", NULL},
	{"", "claude-opus-4-5-v", NULL},
	{"", "claude-3-5-opus", NULL},
	{"", "notanthropic.claude-opus-5", NULL},
	{"", "us1.anthropic.claude-opus-5", NULL},
	{"", "gpt-5.4-turbo", NULL},
	{"", "gpt-5.44", NULL},
	{"", "gpt-5.4-mini-high", NULL},
	{"", "gpt-54", NULL},
	{"", "gpt-4", NULL},
	{"", "gpt-5.3-codex-spark", NULL},
	{"", "ft:gpt-4o:me::1", NULL},
	{"", "gemini-2.5-pro-preview-05-06", NULL},
	{"", "glm-4.7:free", NULL},
	{"", "<synthetic>", NULL},
	{"", "unknown", NULL},
	{"", "", NULL},
	{"", "/", NULL},
	{"", "anthropic/", NULL},
	{"", "[1m]", NULL},
	{"", "-20250929", NULL},
	{"", "claude-", NULL},
	{"", "claude opus 5", NULL},
	{"", "anthropic/gpt-5.4", NULL}, /* it says another maker */
	/* Weights that anybody may sell, at any price, or run at none. */
	{"", "gpt-oss-120b", NULL},
	{"together", "glm-4.7", NULL},
	{"openrouter", "z-ai/glm-4.7", NULL},
	{"openai", "deepseek-v4-pro", NULL},
	{"ollama", "glm-4.7", NULL},
	{"ollama", "gpt-5.4", NULL},
	{"", "ollama/gpt-5.4", NULL},
	{"lmstudio", "qwen/qwen3-coder", NULL},
	{"", "qwen/qwen3-coder", NULL},
	{"", "qwen3:8b", NULL},
};

static void test_names(void **)
{
	struct usage_prices *prices = prices_of(NULL);
	char wanted[100];

	/* Twice: looked up, and remembered. */
	for (int turn = 0; turn < 2; turn++)
		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
			const char *name = found(prices, names[i].provider, names[i].model);
			snprintf(wanted, sizeof wanted, "%s (catalogue)",
				names[i].is ? names[i].is : "");
			if (!names[i].is != !name || (name && strcmp(name, wanted) != 0))
				fail_msg("%s, %s: %s, not %s", names[i].provider, names[i].model,
					name ? name : "unknown", wanted);
		}
	usage_prices_free(prices);
}

static bool find_itself(void *self, const struct model *m)
{
	const struct usage_price *price = usage_prices_find(self, m->provider, m->id);
	struct str name, source;

	assert_non_null(price);
	usage_price_source(price, &name, &source);
	assert_true(str_eq(name, m->id));
	assert_int_equal(price->price.input, m->price.input);
	assert_int_equal(price->price.output, m->price.output);
	if (!is_maker(m->provider))
		return true;
	price = usage_prices_find(self, STR(""), m->id);
	assert_non_null(price);
	usage_price_source(price, &name, &source);
	assert_true(str_eq(name, m->id));
	return true;
}

/* No two models of the catalogue have one form. */
static void test_all_find_themselves(void **)
{
	struct usage_prices *prices = prices_of(NULL);

	catalog_each(find_itself, prices);
	usage_prices_free(prices);
}

static void test_many_names(void **)
{
	struct usage_prices *prices = prices_of("{\"own\": {\"input\": 1, \"output\": 2}}");
	char name[40];

	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof name, "nobody-%d", i);
		assert_null(found(prices, "", name));
		snprintf(name, sizeof name, "host-%d", i);
		assert_string_equal(
			found(prices, name, "claude-opus-5"), "claude-opus-5 (catalogue)");
		assert_string_equal(found(prices, name, "own"), "own (settings)");
	}
	AUTO(buf) longest = {0};
	for (int i = 0; i < 100'000; i++)
		buf_put_char(&longest, 'a');
	assert_null(usage_prices_find(prices, STR(""), buf_str(&longest)));
	assert_null(usage_prices_find(prices, buf_str(&longest), STR("claude-opus-5")));
	assert_null(usage_prices_find(prices, (struct str){0}, (struct str){0}));
	assert_null(usage_prices_find(prices, STR(""), STR("claude-opus-5\0x")));
	assert_non_null(usage_prices_find(prices, (struct str){0}, STR("claude-opus-5")));
	usage_prices_free(prices);
}

/* ---- costs ---- */

static const struct {
	const char *model;
	struct usage_tokens
		tokens; /* input, output, write 5m, 1h, read, other, reasoning, searches */
	unsigned flags;
	int64_t nanousd;
} costs[] = {
	/* 1000 x 5 + 500 x 25 + 2000 x 6.25 + 3000 x 10 + 10000 x 0.5, + 100 x 25 */
	{"claude-opus-5", {1000, 500, 2000, 3000, 10'000, 100, 400, 0}, 0, 67'500'000},
	{"claude-opus-5", {0}, 0, 0},
	{"claude-opus-5", {0}, USAGE_FAST | USAGE_US, 0},
	/* reasoning alone is no token */
	{"claude-opus-5", {.reasoning = 900}, 0, 0},
	{"claude-opus-5", {.output = 1000}, USAGE_FAST, 50'000'000},
	{"claude-opus-4-8", {.input = 1000}, USAGE_FAST, 10'000'000},
	{"claude-opus-4-6", {.input = 1000}, USAGE_FAST, 30'000'000},
	{"claude-opus-4-7", {.cache_read = 1000}, USAGE_FAST, 3'000'000},
	{"gpt-5.5", {.input = 1000}, USAGE_FAST, 12'500'000},
	{"gpt-5.4", {.input = 1000}, USAGE_FAST, 5'000'000},
	{"gpt-5.3-codex", {.input = 1000}, USAGE_FAST, 3'500'000},
	{"gpt-5.2", {.input = 1000}, USAGE_FAST, -1}, /* what that costs nobody knows */
	{"claude-opus-5", {.input = 1000}, USAGE_US, 5'500'000},
	{"gpt-5.5", {.input = 1000}, USAGE_US, -1},
	{"claude-opus-5", {.input = 1000}, USAGE_BATCH, 2'500'000},
	{"claude-opus-5", {.input = 1000}, USAGE_FAST | USAGE_US, 11'000'000},
	{"claude-opus-5", {.input = 1000}, USAGE_FAST | USAGE_US | USAGE_BATCH, 5'500'000},
	{"claude-opus-5", {.input = 1000}, USAGE_SIDECHAIN | USAGE_GUESSED_MODEL, 5'000'000},
	/* searches are 10 USD per 1000, whatever the tokens are multiplied by */
	{"claude-opus-5", {.web_searches = 3}, 0, 30'000'000},
	{"claude-opus-5", {.input = 1000, .web_searches = 1}, USAGE_US | USAGE_BATCH, 12'750'000},
	{"gpt-5.5", {.input = 1000, .web_searches = 1}, 0, -1},
	/* a tier is for the whole request: reads and writes count to it, output does not */
	{"claude-sonnet-4-5", {.input = 200'000, .output = 1'000'000}, 0, 15'600'000'000},
	{"claude-sonnet-4-5", {.input = 200'001}, 0, 1'200'006'000},
	{"claude-sonnet-4-5", {150'000, 1000, 0, 0, 100'000, 0, 0, 0}, 0, 982'500'000},
	{"claude-sonnet-4-5", {50'000, 0, 75'000, 75'000, 0, 0, 0, 0}, 0, 881'250'000},
	{"claude-sonnet-4-5", {50'000, 0, 75'000, 75'000, 1, 0, 0, 0}, 0, 1'762'500'600},
	{"claude-sonnet-4", {1, 0, 0, 0, 200'000, 10, 0, 0}, 0, 120'231'000},
	{"claude-sonnet-4-6", {.input = 900'000}, 0, 2'700'000'000},
	{"claude-opus-4-6", {.input = 900'000}, 0, 4'500'000'000},
	{"gpt-5.4", {.input = 272'000, .output = 1000}, 0, 695'000'000},
	{"gpt-5.4", {.input = 272'001, .output = 1000}, 0, 1'382'505'000},
	{"gpt-5.5", {.input = 1000, .cache_read = 272'000}, 0, 282'000'000},
	/* Amazon Bedrock's regions cost a tenth more, since 4.5 */
	{"us.anthropic.claude-opus-5-v1:0", {1000, 1000, 1000, 1000, 1000, 0, 0, 1}, 0,
		46'750'000 + 4'675'000 + 10'000'000},
	{"eu.anthropic.claude-sonnet-4-5-20250929-v1:0", {.input = 1'000'000}, 0, 6'600'000'000},
	{"apac.anthropic.claude-haiku-4-5[1m]", {.cache_read = 1000}, 0, 110'000},
	{"global.anthropic.claude-opus-5-v1:0", {.input = 1000}, 0, 5'000'000},
	{"anthropic.claude-opus-5-v1:0", {.input = 1000}, 0, 5'000'000},
	{"us.anthropic.claude-sonnet-4-20250514-v1:0", {.input = 1000}, 0, 3'000'000},
	{"us.anthropic.claude-opus-4-6-v1", {.input = 1000}, USAGE_FAST, 33'000'000},
	/* what writes cost where they are not billed by themselves */
	{"gpt-5.4", {.cache_write_5m = 1000, .cache_write_1h = 1000}, 0, 5'000'000},
	/* one rounding, a half up: 0.0036 a million is 3.6 nano-dollars a token */
	{"mimo-v2.6-pro", {.cache_read = 1}, 0, 4},
	{"mimo-v2.6-pro", {.cache_read = 10}, 0, 36},
	{"claude-haiku-5-5", {.cache_read = 1, .input = 1}, USAGE_BATCH, 55},
	{"claude-fable-5-1", {.cache_read = 1}, USAGE_US | USAGE_BATCH, 138}, /* 137.5 */
	{"gpt-4.1-nano", {.cache_read = 1}, USAGE_BATCH, 13}, /* 12.5 */
	{"claude-opus-5", {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, 0, 0},
		0, INT64_MAX},
	{"claude-opus-4-6",
		{INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX,
			INT64_MAX},
		USAGE_FAST | USAGE_US | USAGE_BATCH, INT64_MAX},
	{"nobody", {.input = 1}, 0, -1},
	{"nobody", {.web_searches = 1}, 0, -1},
	{"nobody", {.reasoning = 1}, USAGE_FAST, 0},
};

static void test_costs(void **)
{
	struct usage_prices *prices = prices_of(NULL);

	for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
		const struct usage_price *price =
			usage_prices_find(prices, STR(""), str_from(costs[i].model));
		int64_t cost = usage_price_cost(price, &costs[i].tokens, costs[i].flags);
		if (cost != costs[i].nanousd)
			fail_msg("%zu, %s: %lld, not %lld", i, costs[i].model, (long long)cost,
				(long long)costs[i].nanousd);
	}
	usage_prices_free(prices);
}

/* ---- settings ---- */

static int64_t cost_of(struct usage_prices *prices, const char *provider, const char *model,
	struct usage_tokens tokens, unsigned flags)
{
	return usage_price_cost(
		usage_prices_find(prices, str_from(provider), str_from(model)), &tokens, flags);
}

static void test_overrides(void **)
{
	struct usage_prices *prices = prices_of(
		"{\"claude-opus-5\": {\"input\": 4, \"output\": 20, \"cache_read\": 0.25},"
		" \"My-Model.2\": {\"input\": 0.5, \"output\": 1.5},"
		" \"full\": {\"input\": 1, \"output\": 2, \"cache_write_5m\": 3, \"cache_write_1h\": 4,"
		"   \"cache_read\": 5, \"fast\": 2.5, \"us_inference\": 1.25, \"web_search\": 5,"
		"   \"tier\": {\"above\": 100, \"input\": 10, \"output\": 20}},"
		" \"claude-sonnet-4-5\": {\"input\": 3, \"output\": 15, \"tier\": null},"
		" \"claude-sonnet-4\": {\"input\": 1, \"output\": 1},"
		" \"anthropic/claude-haiku-4.5\": {\"input\": 7, \"output\": 8},"
		" \"x-ai/grok-4.5\": {\"input\": 9, \"output\": 9},"
		" \"ollama/qwen3:8b\": {\"input\": 0, \"output\": 0},"
		" \"together/zai/glm-4.7\": {\"input\": 6, \"output\": 6}}");

	/* What it leaves out is the catalogue's, where the model is there. */
	assert_string_equal(
		found(prices, "", "us.anthropic.claude-opus-5-v1:0"), "claude-opus-5 (settings)");
	assert_int_equal(cost_of(prices, "", "claude-opus-5",
				 (struct usage_tokens){1000, 0, 1000, 1000, 1000, 0, 0, 1}, 0),
		4'000'000 + 6'250'000 + 10'000'000 + 250'000 + 10'000'000);
	assert_int_equal(cost_of(prices, "", "claude-opus-5", (struct usage_tokens){.output = 1000},
				 USAGE_FAST),
		40'000'000);
	/* Otherwise there is no other price. */
	assert_string_equal(found(prices, "anybody", "my-model.2"), "My-Model.2 (settings)");
	assert_int_equal(cost_of(prices, "", "my-model-2",
				 (struct usage_tokens){10, 10, 10, 10, 10, 10, 10, 0}, 0),
		10 * (500 * 4 + 1500 * 2));
	assert_int_equal(
		cost_of(prices, "", "my-model-2", (struct usage_tokens){.input = 1}, USAGE_FAST),
		-1);
	assert_int_equal(
		cost_of(prices, "", "full", (struct usage_tokens){10, 10, 10, 10, 10, 0, 0, 1}, 0),
		150'000 + 5'000'000);
	assert_int_equal(
		cost_of(prices, "", "full", (struct usage_tokens){91, 1, 10, 0, 0, 0, 0, 0},
			USAGE_FAST | USAGE_US),
		(91 * 10'000LL + 20'000 + 10 * 10'000) * 25 / 8);
	assert_int_equal(cost_of(prices, "", "claude-sonnet-4-5",
				 (struct usage_tokens){.input = 1'000'000, .cache_read = 10}, 0),
		3'000'003'000);
	assert_int_equal(cost_of(prices, "", "claude-sonnet-4",
				 (struct usage_tokens){.input = 1'000'000}, 0),
		6'000'000'000);
	/* With its maker, however the maker is written. */
	assert_int_equal(cost_of(prices, "", "claude-haiku-4-5-20251001",
				 (struct usage_tokens){.input = 1}, 0),
		7000);
	assert_int_equal(
		cost_of(prices, "xai", "grok-4.5", (struct usage_tokens){.input = 1}, 0), 9000);
	assert_int_equal(
		cost_of(prices, "", "grok-4.5", (struct usage_tokens){.input = 1}, 0), 9000);
	assert_int_equal(
		cost_of(prices, "ollama", "qwen3:8b", (struct usage_tokens){.input = 1}, 0), 0);
	assert_int_equal(cost_of(prices, "", "qwen3:8b", (struct usage_tokens){.input = 1}, 0), -1);
	assert_int_equal(
		cost_of(prices, "together", "zai/glm-4.7", (struct usage_tokens){.input = 1}, 0),
		6000);
	assert_int_equal(cost_of(prices, "", "glm-4.7", (struct usage_tokens){.input = 1}, 0), 600);
	/* Nobody else's prices have changed. */
	assert_string_equal(found(prices, "", "claude-opus-5-5"), "claude-opus-5-5 (catalogue)");
	assert_string_equal(found(prices, "", "claude-opus-4-5"), "claude-opus-4-5 (catalogue)");
	usage_prices_free(prices);
}

static void test_wrong_overrides(void **)
{
	static const struct {
		const char *text, *told;
	} wrong[] = {
		{"[]", "usage_prices: not an object"},
		{"{\"m\": 1}", "usage_prices.m: not an object"},
		{"{\"m\": {}}", "usage_prices.m.input: is missing"},
		{"{\"m\": {\"input\": 1}}", "usage_prices.m.output: is missing"},
		{"{\"m\": {\"input\": \"1\", \"output\": 1}}",
			"usage_prices.m.input: not a number such as 0.25"},
		{"{\"m\": {\"input\": -1, \"output\": 1}}", "usage_prices.m.input: not a number"},
		{"{\"m\": {\"input\": -0.5, \"output\": 1}}", "usage_prices.m.input: not a number"},
		{"{\"m\": {\"input\": 1e3, \"output\": 1}}", "usage_prices.m.input: not a number"},
		{"{\"m\": {\"input\": null, \"output\": 1}}", "usage_prices.m.input: not a number"},
		{"{\"m\": {\"input\": 1, \"output\": 1000001}}",
			"usage_prices.m.output: not between 0 and 1000000"},
		{"{\"m\": {\"input\": 99999999999999999999, \"output\": 1}}",
			"usage_prices.m.input: not a number"},
		{"{\"m\": {\"input\": 1, \"output\": 1, \"cache_write\": 1}}",
			"usage_prices.m.cache_write: unknown member"},
		{"{\"m\": {\"input\": 1, \"output\": 1, \"fast\": 0.5}}",
			"usage_prices.m.fast: not between 1 and 100"},
		{"{\"m\": {\"input\": 1, \"output\": 1, \"fast\": 1.0005}}",
			"usage_prices.m.fast: more than three places"},
		{"{\"m\": {\"input\": 1, \"output\": 1, \"us_inference\": 11}}",
			"usage_prices.m.us_inference: not between 1 and 10"},
		{"{\"m\": {\"input\": 1, \"output\": 1, \"web_search\": true}}",
			"usage_prices.m.web_search: not a number"},
		{"{\"m\": {\"input\": 1, \"output\": 1, \"tier\": 5}}",
			"usage_prices.m.tier: neither null nor an object"},
		{"{\"m\": {\"input\": 1, \"output\": 1, \"tier\": {}}}",
			"usage_prices.m.tier.above: is missing"},
		{"{\"m\": {\"input\": 1, \"output\": 1, \"tier\": {\"above\": 0}}}",
			"usage_prices.m.tier.above: not a number of tokens"},
		{"{\"m\": {\"input\": 1, \"output\": 1, \"tier\": {\"above\": 5, \"input\": 1}}}",
			"usage_prices.m.tier.output: is missing"},
		{"{\"m\": {\"input\": 1, \"output\": 1, \"tier\": {\"above\": 5, \"fast\": 1}}}",
			"usage_prices.m.tier.fast: unknown member"},
		{"{\"a.b\": {\"input\": 1, \"output\": 1}, \"A-B\": {\"input\": 2, \"output\": 1}}",
			"usage_prices.A-B: is a.b, too"},
		{"{\"\": {\"input\": 1, \"output\": 1}}", "usage_prices.: no model is called so"},
	};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct usage_prices *prices = NULL;
		struct err e = {0};
		if (usage_prices_new(str_from(wrong[i].text), &prices, &e))
			fail_msg("%s is taken", wrong[i].text);
		assert_null(prices);
		assert_int_equal(e.code, ERR_USAGE);
		if (strncmp(e.text, wrong[i].told, strlen(wrong[i].told)) != 0)
			fail_msg("%s: %s", wrong[i].text, e.text);
	}
}

static void test_mark(void **)
{
	struct usage_prices *all[] = {prices_of(NULL), prices_of(NULL),
		prices_of("{\"m\": {\"input\": 1, \"output\": 1}}"),
		prices_of("{\"m\": {\"input\": 1, \"output\": 2}}")};
	uint64_t marks[4];

	for (int i = 0; i < 4; i++) {
		marks[i] = usage_prices_mark(all[i]);
		found(all[i], "", "claude-opus-5");
		assert_true(usage_prices_mark(all[i]) == marks[i]);
		assert_null(found(all[i], "", "nobody"));
		usage_prices_free(all[i]);
	}
	assert_true(marks[0] == marks[1] && marks[0] != marks[2] && marks[2] != marks[3]);
	usage_prices_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_all_find_themselves),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_costs),
		cmocka_unit_test(test_overrides),
		cmocka_unit_test(test_wrong_overrides),
		cmocka_unit_test(test_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
