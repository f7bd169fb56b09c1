// SPDX-License-Identifier: MIT
/* catalog: prices and costs, worked out by hand from models.json of 2026-11-20. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/json.h"
#include "llm/llm.h"

static struct model model(const char *provider, const char *id)
{
	struct model m;

	if (!catalog_find(str_from(provider), str_from(id), &m))
		fail_msg("%s/%s is missing", provider, id);
	return m;
}

static void test_date(void **)
{
	assert_true(str_is(catalog_date(), "2026-11-20"));
}

static void test_fields(void **)
{
	struct model m = model("anthropic", "claude-haiku-5-5");

	assert_true(str_is(m.id, "claude-haiku-5-5") && str_is(m.provider, "anthropic"));
	assert_true(str_is(m.wire, "anthropic"));
	assert_int_equal(m.context_tokens, 1'000'000);
	assert_int_equal(m.max_output_tokens, 128'000);
	assert_true(m.has_price);
	assert_int_equal(m.price.input, 100'000); /* 0.1 USD per million: 1e-7 USD a token */
	assert_int_equal(m.price.output, 500'000);
	assert_int_equal(m.price.cache_read, 10'000);
	assert_int_equal(m.price.cache_write, 125'000);
	assert_int_equal(m.price.cache_write_1h, 200'000);
	assert_int_equal(m.tier_above_tokens, 100'000);
	assert_int_equal(m.tier.input, 500'000);
	assert_int_equal(m.tier.cache_write_1h, 1'000'000);
}

static void test_beside_tokens(void **)
{
	struct model m = model("openai", "gpt-5.5");

	assert_int_equal(m.fast_permille, 2'500);
	assert_int_equal(m.us_permille, 0);
	assert_int_equal(m.region_permille, 1'000);
	assert_int_equal(m.web_search_nanousd, -1);
	m = model("anthropic", "claude-sonnet-5-5");
	assert_int_equal(m.fast_permille, 0);
	assert_int_equal(m.us_permille, 1'100);
	assert_int_equal(m.region_permille, 1'100);
	assert_int_equal(m.web_search_nanousd, 10'000'000);
	assert_true(catalog_mark() != 0 && catalog_mark() == catalog_mark());
	assert_int_equal(catalog_price(STR("0.0036")), 3'600);
	assert_int_equal(catalog_price(STR("\"5\"")), -1);
	assert_int_equal(catalog_price(STR("-0.5")), -1);
}

static void test_odd_prices(void **)
{
	struct model m = model("xiaomi", "mimo-v2.6-pro");

	assert_int_equal(m.price.input, 435'000);
	assert_int_equal(m.price.cache_read, 3'600); /* 0.0036 */
	assert_int_equal(m.price.cache_write, 435'000); /* null: as input */
	assert_int_equal(m.price.cache_write_1h, 435'000);
	assert_int_equal(m.tier_above_tokens, 0);
	m = model("openai", "gpt-6-astra");
	assert_int_equal(m.price.cache_write, 12'500'000);
	assert_int_equal(m.price.cache_write_1h, 12'500'000);
	assert_true(str_is(m.wire, "openai"));
	m = model("openai", "text-embedding-3-small");
	assert_int_equal(m.price.input, 20'000);
	assert_int_equal(m.price.output, 0);
	assert_true(str_is(m.wire, ""));
}

static void test_same_id_at_two_providers(void **)
{
	assert_int_equal(model("groq", "openai/gpt-oss-120b").max_output_tokens, 65'536);
	assert_int_equal(model("cerebras", "gpt-oss-120b").price.input, 350'000);
}

static void test_dated_ids(void **)
{
	struct model m;

	assert_true(str_is(model("anthropic", "claude-haiku-4-5-20251001").id, "claude-haiku-4-5"));
	assert_true(str_is(model("openai", "gpt-4o-mini-2024-07-18").id, "gpt-4o-mini"));
	static const char *const strangers[] = {"claude-haiku-4-5-2025100",
		"claude-haiku-4-5-2025100x", "claude-haiku-4-5-latest", "claude", "", "-20251001",
		"gpt-4o-mini"};
	for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
		assert_false(catalog_find(STR("anthropic"), str_from(strangers[i]), &m));
}

static bool count(void *self, const struct model *m)
{
	assert_true(m->id.n && m->provider.n && m->has_price);
	return --*(int *)self > 0;
}

static void test_each(void **)
{
	int left = 1000;

	catalog_each(count, &left);
	assert_int_equal(1000 - left, 108);
	left = 3;
	catalog_each(count, &left);
	assert_int_equal(left, 0);
}

/* ---- the program's table and the file ---- */

struct comparison {
	struct str models, providers;
	size_t count;
};

static int64_t price_or(struct str object, const char *name, int64_t fallback)
{
	int64_t price = catalog_price(json_get(object, name));

	return price < 0 ? fallback : price;
}

static void assert_price(const struct price *price, struct str from)
{
	int64_t input = price_or(from, "input", -1), write = price_or(from, "cache_write", input);

	assert_int_equal(price->input, input);
	assert_int_equal(price->output, price_or(from, "output", -1));
	assert_int_equal(price->cache_read, price_or(from, "cache_read", input));
	assert_int_equal(price->cache_write, write);
	assert_int_equal(price->cache_write_1h, price_or(from, "cache_write_1h", write));
}

static bool compare(void *self, const struct model *m)
{
	struct comparison *c = self;
	struct arena none = {0};
	struct str from = json_at(c->models, c->count++);
	struct str tier = json_at(json_get(from, "tiers"), 0);
	struct str facts = json_get(c->providers, arena_text(&none, m->provider));
	struct model found;

	assert_true(str_eq(json_text(json_get(from, "id"), &none), m->id));
	assert_true(str_eq(json_text(json_get(from, "provider"), &none), m->provider));
	assert_int_equal(m->context_tokens, json_int_or(json_get(from, "context"), 0));
	assert_int_equal(m->max_output_tokens, json_int_or(json_get(from, "max_output"), 0));
	assert_true(m->is_blind == !json_bool_or(json_get(from, "vision"), true));
	assert_price(&m->price, from);
	assert_int_equal(
		m->tier_above_tokens, json_int_or(json_get(tier, "input_tokens_above"), 0));
	if (m->tier_above_tokens)
		assert_price(&m->tier, tier);
	assert_int_equal(m->fast_permille, price_or(from, "fast", 0) / 1000);
	assert_int_equal(m->region_permille, price_or(from, "bedrock_region", 1'000'000) / 1000);
	assert_int_equal(m->us_permille, price_or(facts, "us_inference", 0) / 1000);
	assert_int_equal(m->web_search_nanousd, price_or(facts, "web_search", -1));
	assert_true(catalog_find(m->provider, m->id, &found));
	assert_true(found.id.p == m->id.p);
	arena_release(&none);
	return true;
}

static void test_all_as_in_the_file(void **)
{
	AUTO(buf) file = {0};
	struct arena none = {0};
	struct str key, value;
	struct err e;

	assert_true(file_read(AT_FDCWD, "src/llm/models.json", 1 << 20, &file, &e));
	struct comparison c = {
		json_get(buf_str(&file), "models"), json_get(buf_str(&file), "providers"), 0};
	catalog_each(compare, &c);
	size_t count = 0;
	json_each (c.models, key, value)
		count++;
	assert_int_equal(c.count, count);
	assert_true(
		str_eq(catalog_date(), json_text(json_get(buf_str(&file), "generated"), &none)));
}

static const struct {
	const char *provider, *id;
	struct usage usage;
	int64_t nanousd;
} costs[] = {
	/* 1000 x 2 + 500 x 10 USD per million */
	{"anthropic", "claude-sonnet-5-5", {1000, 500, 0, 0, 0, 0, -1}, 7'000'000},
	{"anthropic", "claude-sonnet-5-5", {1000, 500, -1, -1, -1, -1, -1}, 7'000'000},
	/* read 10000 x 0.1, write 2000 x 2.5 + 1000 x 4 */
	{"anthropic", "claude-sonnet-5-5", {0, 0, 10'000, 3000, 1000, 0, -1}, 10'000'000},
	/* more hour writes than writes: a server's nonsense, all of them at the hour's price */
	{"anthropic", "claude-sonnet-5-5", {0, 0, 0, 1000, 5000, 0, -1}, 4'000'000},
	/* reasoning is part of output */
	{"anthropic", "claude-sonnet-5-5", {0, 100, 0, 0, 0, 90, -1}, 1'000'000},
	/* exactly at the threshold: 100000 x 0.1; one above: all at 0.5, output at 2.5 */
	{"anthropic", "claude-haiku-5-5", {100'000, 0, 0, 0, 0, 0, -1}, 10'000'000},
	{"anthropic", "claude-haiku-5-5", {100'001, 0, 0, 0, 0, 0, -1}, 50'000'500},
	{"anthropic", "claude-haiku-5-5", {60'000, 1000, 40'001, 0, 0, 0, -1}, 34'500'050},
	{"anthropic", "claude-haiku-5-5", {60'000, 1000, 20'000, 20'000, 0, 0, -1}, 9'200'000},
	/* one token of 0.0036 USD per million is 3.6 nano-dollars: rounded to the nearest */
	{"xiaomi", "mimo-v2.6-pro", {0, 0, 1, 0, 0, 0, -1}, 4},
	{"openai", "gpt-5.5", {300'000, 1000, 0, 0, 0, 0, -1}, 3'045'000'000},
	{"anthropic", "claude-sonnet-5-5", {0, 0, 0, 0, 0, 0, -1}, 0},
	/* what the provider says counts, even if it is nothing */
	{"anthropic", "claude-sonnet-5-5", {1000, 500, 0, 0, 0, 0, 1234}, 1234},
	{"anthropic", "claude-sonnet-5-5", {1000, 500, 0, 0, 0, 0, 0}, 0},
	{"anthropic", "claude-sonnet-5-5", {-1, -1, -1, -1, -1, -1, 77}, 77},
	{"anthropic", "claude-sonnet-5-5", {-1, 5, 0, 0, 0, 0, -1}, -1},
	{"anthropic", "claude-sonnet-5-5", {5, -1, 0, 0, 0, 0, -1}, -1},
	{"anthropic", "claude-sonnet-5-5", {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, 0, 0, -1},
		INT64_MAX},
};

static void test_costs(void **)
{
	for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
		struct model m = model(costs[i].provider, costs[i].id);
		assert_int_equal(catalog_cost_nanousd(&m, &costs[i].usage), costs[i].nanousd);
	}
	struct model unknown = {0};
	assert_int_equal(catalog_cost_nanousd(&unknown, &costs[0].usage), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_date),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_beside_tokens),
		cmocka_unit_test(test_odd_prices),
		cmocka_unit_test(test_same_id_at_two_providers),
		cmocka_unit_test(test_dated_ids),
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_all_as_in_the_file),
		cmocka_unit_test(test_costs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
