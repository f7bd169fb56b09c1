// SPDX-License-Identifier: MIT
/* What the user's settings say of prices: usage_prices. */
#include "base/json.h"
#include "usage/price_inside.h"

enum {
	OWN_MODELS = 1000,
	OWN_MEMBERS = 16,
	USD_MAX = 1'000'000, /* per million tokens: no price that anybody means is higher */
	FAST_MAX = 100,
	US_MAX = 10,
};

/* US dollars for a million tokens. */
static const char example[] = "{\"input\": 3, \"output\": 15}";

/* A member being read, for sentences. */
struct place {
	struct str model;
	const char *outer; /* "tier.", "" */
	struct str member;
};

__attribute__((format(printf, 3, 4))) static bool wrong(
	const struct place *at, struct err *e, const char *format, ...)
{
	AUTO(buf) text = {0};
	va_list arguments;

	va_start(arguments, format);
	buf_vprintf(&text, format, arguments);
	va_end(arguments);
	return err_set(e, ERR_USAGE, "usage_prices.%.*s%s%s%.*s: %s",
		STR_ARG(str_head(at->model, 100)), at->member.p || at->outer[0] ? "." : "",
		at->outer, STR_ARG(str_head(at->member, 60)), buf_text(&text));
}

/* 2.5 as 2,500,000, between the limits, which are whole. */
static bool read_amount(const struct place *at, struct str value, int64_t least, int64_t most,
	int64_t *out, struct err *e)
{
	int64_t amount = catalog_price(value);

	if (amount < 0)
		return wrong(at, e, "not a number such as 0.25");
	if (amount < least * 1'000'000 || amount > most * 1'000'000)
		return wrong(at, e, "not between %lld and %lld", (long long)least, (long long)most);
	*out = amount;
	return true;
}

static bool read_factor(
	const struct place *at, struct str value, int64_t most, int64_t *permille, struct err *e)
{
	int64_t amount = 0;

	if (!read_amount(at, value, 1, most, &amount, e))
		return false;
	if (amount % 1'000)
		return wrong(at, e, "more than three places behind the point");
	*permille = amount / 1'000;
	return true;
}

static const char *const price_members[OWN_PRICES] = {
	[OWN_INPUT] = "input",
	[OWN_OUTPUT] = "output",
	[OWN_WRITE] = "cache_write_5m",
	[OWN_WRITE_1H] = "cache_write_1h",
	[OWN_READ] = "cache_read",
};

static int price_member(struct str name)
{
	for (int i = 0; i < OWN_PRICES; i++)
		if (str_is(name, price_members[i]))
			return i;
	return -1;
}

static bool wrong_member(const struct place *at, bool is_tier, struct err *e)
{
	AUTO(buf) names = {0};

	for (int i = 0; i < OWN_PRICES; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", price_members[i]);
	return wrong(at, e, "unknown member; there are %s, %s", buf_text(&names),
		is_tier ? "above" : "tier, fast, us_inference, web_search");
}

static bool check_whole(const struct own_tier *t, struct place *at, struct err *e)
{
	for (int i = OWN_INPUT; i <= OWN_OUTPUT; i++)
		if (t->prices[i] < 0) {
			at->member = str_from(price_members[i]);
			return wrong(at, e, "is missing: US dollars for a million tokens");
		}
	return true;
}

static void clear(struct own_tier *t)
{
	*t = (struct own_tier){0};
	for (int i = 0; i < OWN_PRICES; i++)
		t->prices[i] = -1;
}

static bool read_above(const struct place *at, struct str value, struct own_tier *t, struct err *e)
{
	if (!json_int(value, &t->above_tokens) || t->above_tokens < 1)
		return wrong(at, e, "not a number of tokens such as 200000");
	return true;
}

static bool read_tier(struct place at, struct str object, struct own_tier *t, struct err *e)
{
	struct arena none = {0};
	struct str key, value;

	at.outer = "tier.";
	json_each (object, key, value) {
		at.member = json_text(key, &none);
		int price = price_member(at.member);
		bool is_above = json_key_is(key, "above");
		if (price < 0 && !is_above)
			return wrong_member(&at, true, e);
		if (is_above ? !read_above(&at, value, t, e)
			     : !read_amount(&at, value, 0, USD_MAX, &t->prices[price], e))
			return false;
	}
	at.member = STR("above");
	if (!t->above_tokens)
		return wrong(&at, e, "is missing: the number of tokens above which it holds");
	return check_whole(t, &at, e);
}

static bool read_member(
	const struct place *at, struct str value, struct own_price *own, struct err *e)
{
	int price = price_member(at->member);

	if (price >= 0)
		return read_amount(at, value, 0, USD_MAX, &own->base.prices[price], e);
	if (str_is(at->member, "fast"))
		return read_factor(at, value, FAST_MAX, &own->fast_permille, e);
	if (str_is(at->member, "us_inference"))
		return read_factor(at, value, US_MAX, &own->us_permille, e);
	if (str_is(at->member, "web_search")) /* USD per 1,000 are as many micro-dollars each */
		return read_amount(at, value, 0, USD_MAX, &own->web_search_nanousd, e);
	if (!str_is(at->member, "tier"))
		return wrong_member(at, false, e);
	own->has_no_tier = json_type(value) == JSON_NULL;
	if (!own->has_no_tier && json_type(value) != JSON_OBJECT)
		return wrong(at, e, "neither null nor an object such as %s",
			"{\"above\": 200000, \"input\": 6, \"output\": 22.5}");
	return own->has_no_tier || read_tier(*at, value, &own->tier, e);
}

static bool read_own(
	struct str name, struct str object, struct arena *a, struct own_price *own, struct err *e)
{
	struct place at = {name, "", {0}};
	struct str key, value;

	*own = (struct own_price){
		.name = name, .fast_permille = -1, .us_permille = -1, .web_search_nanousd = -1};
	clear(&own->base);
	clear(&own->tier);
	if (json_type(object) != JSON_OBJECT)
		return wrong(&at, e, "not an object such as %s", example);
	size_t slash = str_find_char(name, '/', 0);
	own->key = price_key(slash == SIZE_MAX ? name : str_skip(name, slash + 1), a);
	if (slash != SIZE_MAX)
		own->key = arena_printf(a, "%.*s/%.*s",
			STR_ARG(provider_key(str_head(name, slash), a)), STR_ARG(own->key));
	if (!own->key.n)
		return wrong(&at, e, "no model is called so");
	json_each (object, key, value) {
		at.member = json_text(key, a);
		if (!read_member(&at, value, own, e))
			return false;
	}
	return check_whole(&own->base, &at, e);
}

bool own_prices_read(struct str overrides, struct arena *a, const struct own_price **out,
	size_t *count, struct err *e)
{
	size_t n = 0, most = json_count(overrides);
	struct str key, value;

	if (!overrides.p) {
		*out = NULL;
		*count = 0;
		return true;
	}
	if (json_type(overrides) != JSON_OBJECT)
		return err_set(e, ERR_USAGE, "usage_prices: not an object such as {\"MODEL\": %s}",
			example);
	if (most > OWN_MODELS)
		return err_set(e, ERR_USAGE, "usage_prices: more than %d models", OWN_MODELS);
	struct own_price *all = arena_alloc(a, most + 1, sizeof *all);
	json_each (overrides, key, value) {
		if (!read_own(arena_copy(a, json_text(key, a)), value, a, &all[n], e))
			return false;
		for (size_t i = 0; i < n; i++)
			if (str_eq(all[i].key, all[n].key))
				return err_set(e, ERR_USAGE, "usage_prices.%.*s: is %.*s, too",
					STR_ARG(str_head(all[n].name, 100)),
					STR_ARG(str_head(all[i].name, 100)));
		n++;
	}
	*out = all;
	*count = n;
	return true;
}

/* ---- over the catalogue's ---- */

static int64_t said_or(int64_t said, int64_t otherwise)
{
	return said < 0 ? otherwise : said;
}

/* As in the catalogue, what nobody says is not billed separately. */
static struct price over(const struct own_tier *t, const struct price *known)
{
	const int64_t *p = t->prices;
	int64_t write = said_or(p[OWN_WRITE], known ? known->cache_write : p[OWN_INPUT]);

	return (struct price){
		.input = p[OWN_INPUT],
		.output = p[OWN_OUTPUT],
		.cache_write = write,
		.cache_write_1h = said_or(p[OWN_WRITE_1H], known ? known->cache_write_1h : write),
		.cache_read = said_or(p[OWN_READ], known ? known->cache_read : p[OWN_INPUT]),
	};
}

struct usage_price own_price_over(const struct own_price *own, const struct usage_price *known)
{
	struct usage_price result = {.web_search_nanousd = -1};
	const struct price *tier = known && known->tier_above_tokens ? &known->tier : NULL;

	if (known)
		result = *known;
	result.price = over(&own->base, known ? &known->price : NULL);
	if (own->has_no_tier)
		result.tier_above_tokens = 0;
	if (own->tier.above_tokens) {
		result.tier_above_tokens = own->tier.above_tokens;
		result.tier = over(&own->tier, tier);
	}
	result.fast_permille = said_or(own->fast_permille, result.fast_permille);
	result.us_permille = said_or(own->us_permille, result.us_permille);
	result.web_search_nanousd = said_or(own->web_search_nanousd, result.web_search_nanousd);
	result.model = own->name;
	result.source = STR("settings");
	return result;
}
