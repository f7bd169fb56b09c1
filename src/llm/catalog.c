// SPDX-License-Identifier: MIT
/* catalog: prices and limits out of models.json, read where it lies whenever somebody asks. */
#include "base/hash.h"
#include "base/json.h"
#include "llm/llm.h"

extern const char embed_models_json[];

static struct str catalog(void)
{
	return str_from(embed_models_json);
}

struct str catalog_date(void)
{
	struct arena none = {0}; /* a date has no escapes: nothing is copied */

	return json_text(json_get(catalog(), "generated"), &none);
}

uint64_t catalog_mark(void)
{
	return hash_bytes(catalog());
}

/*
 * USD per million tokens as decimal text to pico-dollars per token, which is the same times a
 * million: six places, a half rounds up. -1 for what is no such number.
 */
int64_t catalog_price(struct str text)
{
	struct str rest = text, whole, places = {0};
	int64_t price;

	if (json_type(text) != JSON_NUMBER || text.p[0] == '-' || !str_split(&rest, '.', &whole))
		return -1;
	places = rest;
	if (!str_int(whole, &price) || price < 0 ||
		__builtin_mul_overflow(price, 1'000'000, &price))
		return -1;
	int64_t unit = 100'000;
	for (size_t i = 0; i < places.n; i++, unit /= 10) {
		int digit = places.p[i] - '0';
		if (digit < 0 || digit > 9)
			return -1;
		price += i < 6 ? unit * digit : i == 6 && digit >= 5;
	}
	return price;
}

enum { INPUT, OUTPUT, READ, WRITE, WRITE_1H, ABOVE, PRICE_FIELDS };

static const struct str price_names[PRICE_FIELDS] = {
	[INPUT] = STR("input"),
	[OUTPUT] = STR("output"),
	[READ] = STR("cache_read"),
	[WRITE] = STR("cache_write"),
	[WRITE_1H] = STR("cache_write_1h"),
	[ABOVE] = STR("input_tokens_above"),
};

static int64_t price_or(struct str text, int64_t fallback)
{
	int64_t price = catalog_price(text);

	return price < 0 ? fallback : price;
}

/* A null price is "not billed separately": as input, or as the ordinary write. */
static bool get_price(const struct str *m, struct price *out)
{
	out->input = catalog_price(m[INPUT]);
	out->output = catalog_price(m[OUTPUT]);
	out->cache_read = price_or(m[READ], out->input);
	out->cache_write = price_or(m[WRITE], out->input);
	out->cache_write_1h = price_or(m[WRITE_1H], out->cache_write);
	return out->input >= 0 && out->output >= 0;
}

static struct str wire_of(struct str api)
{
	static const struct {
		const char *api;
		struct str wire;
	} wires_of[] = {
		{"anthropic", STR("anthropic")}, {"openai-chat", STR("openai")},
		{"openai-responses", STR("openai")}, /* they take Chat Completions too */
		{"gemini", STR("openai")}, /* by its compatible endpoint */
	};

	for (size_t i = 0; i < sizeof wires_of / sizeof wires_of[0]; i++)
		if (json_text_is(api, wires_of[i].api))
			return wires_of[i].wire;
	return STR("");
}

/* Beside the tokens: 2.5 is 2,500 permille, and 10 USD per 1,000 searches are 10,000,000 each. */
static void get_extras(struct str value, struct str providers, struct model *model)
{
	struct arena none = {0};
	struct str key, facts;

	model->fast_permille = price_or(json_get(value, "fast"), 0) / 1'000;
	model->region_permille = price_or(json_get(value, "bedrock_region"), 1'000'000) / 1'000;
	model->web_search_nanousd = -1;
	json_each (providers, key, facts)
		if (str_eq(json_text(key, &none), model->provider)) {
			model->us_permille = price_or(json_get(facts, "us_inference"), 0) / 1'000;
			model->web_search_nanousd = price_or(json_get(facts, "web_search"), -1);
		}
}

/* providers: the catalogue's. */
static struct model read_model(struct str value, struct str providers)
{
	struct arena none = {0};
	struct str m[PRICE_FIELDS], tier[PRICE_FIELDS];
	struct model model = {
		.id = json_text(json_get(value, "id"), &none),
		.provider = json_text(json_get(value, "provider"), &none),
		.wire = wire_of(json_get(value, "api")),
		.context_tokens = json_int_or(json_get(value, "context"), 0),
		.max_output_tokens = json_int_or(json_get(value, "max_output"), 0),
		.is_blind = !json_bool_or(json_get(value, "vision"), true),
	};

	json_pick(value, price_names, PRICE_FIELDS, m);
	json_pick(json_at(json_get(value, "tiers"), 0), price_names, PRICE_FIELDS, tier);
	model.has_price = get_price(m, &model.price);
	if (get_price(tier, &model.tier))
		model.tier_above_tokens = json_int_or(tier[ABOVE], 0);
	get_extras(value, providers, &model);
	return model;
}

void catalog_each(bool (*visit)(void *self, const struct model *m), void *self)
{
	struct str key, value, models = json_get(catalog(), "models");
	struct str providers = json_get(catalog(), "providers");

	json_each (models, key, value) {
		struct model model = read_model(value, providers);
		if (!visit(self, &model))
			return;
	}
}

static bool is_named(struct str value, const char *name, struct str text)
{
	struct arena none = {0};

	return str_eq(json_text(json_get(value, name), &none), text);
}

static bool find(struct str provider, struct str id, struct model *out)
{
	struct str key, value, models = json_get(catalog(), "models");

	json_each (models, key, value)
		if (is_named(value, "id", id) && is_named(value, "provider", provider)) {
			*out = read_model(value, json_get(catalog(), "providers"));
			return true;
		}
	return false;
}

struct str catalog_undated(struct str id)
{
	static const char *const shapes[] = {"-########", "-####-##-##"};

	for (size_t s = 0; s < 2; s++) {
		struct str shape = str_from(shapes[s]);
		bool fits = id.n > shape.n;
		for (size_t i = 0; fits && i < shape.n; i++) {
			char c = id.p[id.n - shape.n + i];
			fits = shape.p[i] == '#' ? c >= '0' && c <= '9' : c == shape.p[i];
		}
		if (fits)
			return str_head(id, id.n - shape.n);
	}
	return id;
}

bool catalog_find(struct str provider, struct str id, struct model *out)
{
	if (find(provider, id, out))
		return true;
	struct str base = catalog_undated(id);
	return base.n != id.n && find(provider, base, out);
}

static __int128 known(int64_t count)
{
	return count > 0 ? count : 0;
}

/* A tier applies to all tokens of the request once its total input is above the threshold. */
static int64_t cost_nanousd(const struct model *m, const struct usage *u, int divisor)
{
	if (u->reported_cost_nanousd >= 0)
		return u->reported_cost_nanousd;
	if (!m->has_price || u->input < 0 || u->output < 0)
		return -1;
	__int128 read = known(u->cache_read), write = known(u->cache_write);
	__int128 hour = known(u->cache_write_1h) < write ? known(u->cache_write_1h) : write;
	__int128 total = u->input + read + write;
	bool is_tier = m->tier_above_tokens > 0 && total > m->tier_above_tokens;
	const struct price *p = is_tier ? &m->tier : &m->price;
	__int128 pico = (__int128)u->input * p->input + (__int128)u->output * p->output +
			read * p->cache_read + (write - hour) * p->cache_write +
			hour * p->cache_write_1h;
	__int128 unit = (__int128)1000 * divisor, nano = (pico + unit / 2) / unit;

	return nano > INT64_MAX ? INT64_MAX : (int64_t)nano;
}

int64_t catalog_cost_nanousd(const struct model *m, const struct usage *u)
{
	return cost_nanousd(m, u, 1);
}

int64_t catalog_batch_cost_nanousd(const struct model *m, const struct usage *u)
{
	return cost_nanousd(m, u, 2);
}
