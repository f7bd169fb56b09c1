// SPDX-License-Identifier: MIT
/* price: names are looked up in the settings' prices and in the catalogue, which is read once. */
#include "usage/price.h"

#include <string.h>

#include "base/hash.h"
#include "base/money.h"
#include "base/vec.h"
#include "usage/price_inside.h"

/* Changes with what is made of the same prices. */
enum { PRICE_RULES = 1 };
/* Names kept with their prices; more than that are looked up again. */
enum { MEMO_NAMES = 1024, MEMO_SLOTS = 2 * MEMO_NAMES };

struct entry {
	struct str provider, key;
	struct usage_price price, regional;
};

struct memo {
	struct str provider, model;
	const struct usage_price *price;
};

struct own_match {
	const struct own_price *own;
	const struct usage_price *known;
	struct usage_price price;
};

struct usage_prices {
	struct arena arena;
	uint64_t mark;
	const struct own_price *owns;
	size_t own_count;
	VEC(struct own_match *) own_matches;
	VEC(struct entry) entries; /* empty until a price is asked for */
	struct arena memo_arena;
	VEC(struct memo) memos;
	uint16_t memo_slots[MEMO_SLOTS]; /* places in memos, and one more; 0 free */
};

bool usage_prices_new(struct str overrides, struct usage_prices **out, struct err *e)
{
	struct usage_prices *prices = must_alloc(1, sizeof *prices);
	uint64_t parts[] = {catalog_mark(), overrides.p ? hash_bytes(overrides) : 0, PRICE_RULES};

	prices->mark = hash_bytes((struct str){(const char *)parts, sizeof parts});
	struct str kept = overrides.p ? arena_copy(&prices->arena, overrides) : overrides;
	if (!own_prices_read(kept, &prices->arena, &prices->owns, &prices->own_count, e)) {
		usage_prices_free(prices);
		return false;
	}
	*out = prices;
	return true;
}

void usage_prices_free(struct usage_prices *prices)
{
	if (!prices)
		return;
	vec_each (&prices->own_matches, match)
		free(*match);
	vec_release(&prices->own_matches);
	vec_release(&prices->entries);
	vec_release(&prices->memos);
	arena_release(&prices->memo_arena);
	arena_release(&prices->arena);
	free(prices);
}

uint64_t usage_prices_mark(const struct usage_prices *prices)
{
	return prices->mark;
}

/* ---- finding ---- */

static struct price times(const struct price *p, int64_t permille)
{
	return (struct price){p->input * permille / 1000, p->output * permille / 1000,
		p->cache_read * permille / 1000, p->cache_write * permille / 1000,
		p->cache_write_1h * permille / 1000};
}

static bool add_entry(void *self, const struct model *m)
{
	struct usage_prices *prices = self;
	struct entry e = {m->provider, price_key(m->id, &prices->arena),
		{m->price, m->tier, m->tier_above_tokens, m->fast_permille, m->us_permille,
			m->web_search_nanousd, m->id, STR("catalogue")}};

	if (!m->has_price)
		return true;
	e.regional = e.price;
	e.regional.price = times(&m->price, m->region_permille);
	e.regional.tier = times(&m->tier, m->region_permille);
	vec_push(&prices->entries, e);
	return true;
}

/* All that is sold under the very name, then what may be told by its maker's. */
static const struct entry *find_entry(
	const struct usage_prices *prices, const struct model_name *name)
{
	for (int form = 0; form < NAME_FORMS; form++)
		vec_each (&prices->entries, e)
			if (str_eq(e->provider, name->seller) && str_eq(e->key, name->rests[form]))
				return e;
	if (is_own_server(name->seller))
		return NULL;
	for (int form = 0; form < NAME_FORMS; form++)
		vec_each (&prices->entries, e) {
			bool is_made_by = !name->maker.n || str_eq(name->maker, e->provider);
			bool is_sold = !name->seller.n || str_eq(name->seller, e->provider) ||
				       is_sole_seller(e->provider);
			if (is_made_by && is_sold && is_maker(e->provider) &&
				str_eq(e->key, name->ids[form]))
				return e;
		}
	return NULL;
}

static const struct own_price *own_by_key(
	const struct usage_prices *prices, struct str seller, struct str key)
{
	for (size_t i = 0; i < prices->own_count; i++) {
		struct str own = prices->owns[i].key;
		if (!seller.n ? str_eq(own, key)
			      : own.n == seller.n + 1 + key.n && str_starts(own, seller) &&
					own.p[seller.n] == '/' && str_ends(own, key))
			return &prices->owns[i];
	}
	return NULL;
}

/* The seller's before the model's, the dated before the undated. */
static const struct own_price *find_own(
	const struct usage_prices *prices, const struct model_name *name, const struct entry *entry)
{
	const struct own_price *own = NULL;

	for (int form = 0; !own && form < NAME_FORMS && name->seller.n; form++)
		own = own_by_key(prices, name->seller, name->rests[form]);
	for (int form = 0; !own && form < NAME_FORMS; form++)
		own = own_by_key(prices, STR(""), name->ids[form]);
	if (!own && entry)
		own = own_by_key(prices, entry->provider, entry->key);
	return own ? own : entry ? own_by_key(prices, STR(""), entry->key) : NULL;
}

/* One for each pair: names that are forgotten and looked up again make no new ones. */
static const struct usage_price *own_match(
	struct usage_prices *prices, const struct own_price *own, const struct usage_price *known)
{
	vec_each (&prices->own_matches, match)
		if ((*match)->own == own && (*match)->known == known)
			return &(*match)->price;
	struct own_match *match = must_alloc(1, sizeof *match);
	*match = (struct own_match){own, known, own_price_over(own, known)};
	vec_push(&prices->own_matches, match);
	return &match->price;
}

static const struct usage_price *look_up(
	struct usage_prices *prices, struct str provider, struct str model)
{
	AUTO(arena) a = {0};
	struct model_name name;

	if (!model_name_read(provider, model, &a, &name))
		return NULL;
	if (!prices->entries.n)
		catalog_each(add_entry, prices);
	const struct entry *entry = find_entry(prices, &name);
	const struct usage_price *known = !entry             ? NULL
					  : name.is_regional ? &entry->regional
							     : &entry->price;
	const struct own_price *own = find_own(prices, &name, entry);
	return own ? own_match(prices, own, known) : known;
}

static uint16_t *memo_slot(struct usage_prices *prices, struct str provider, struct str model)
{
	uint64_t hash = hash_bytes(model) ^ hash_bytes(provider) << 1;

	for (size_t i = hash % MEMO_SLOTS;; i = (i + 1) % MEMO_SLOTS) {
		uint16_t *slot = &prices->memo_slots[i];
		if (!*slot)
			return slot;
		const struct memo *memo = &prices->memos.p[*slot - 1];
		if (str_eq(memo->model, model) && str_eq(memo->provider, provider))
			return slot;
	}
}

const struct usage_price *usage_prices_find(
	struct usage_prices *prices, struct str provider, struct str model)
{
	if (!model.n)
		return NULL;
	uint16_t *slot = memo_slot(prices, provider, model);
	if (*slot)
		return prices->memos.p[*slot - 1].price;
	if (prices->memos.n >= MEMO_NAMES) {
		memset(prices->memo_slots, 0, sizeof prices->memo_slots);
		arena_clear(&prices->memo_arena);
		prices->memos.n = 0;
		slot = memo_slot(prices, provider, model);
	}
	struct memo memo = {arena_copy(&prices->memo_arena, provider),
		arena_copy(&prices->memo_arena, model), look_up(prices, provider, model)};
	vec_push(&prices->memos, memo);
	*slot = (uint16_t)prices->memos.n;
	return memo.price;
}

/* ---- what an answer costs ---- */

/*
 * A tier is for the whole request once all that went in is above its limit. Pico-dollars: below
 * 6 times 2^63 times the highest price, so far from the end of the type.
 */
static __int128 token_cost_pico(const struct usage_price *price, const struct usage_tokens *t)
{
	__int128 sent = (__int128)t->input + t->cache_write_5m + t->cache_write_1h + t->cache_read;
	bool is_tier = price->tier_above_tokens && sent > price->tier_above_tokens;
	const struct price *p = is_tier ? &price->tier : &price->price;

	return (__int128)t->input * p->input + ((__int128)t->output + t->other) * p->output +
	       (__int128)t->cache_write_5m * p->cache_write +
	       (__int128)t->cache_write_1h * p->cache_write_1h +
	       (__int128)t->cache_read * p->cache_read;
}

/* Exact until the one rounding of an answer, to the nearest nano-dollar, a half up. */
int64_t usage_price_cost(
	const struct usage_price *price, const struct usage_tokens *tokens, unsigned flags)
{
	/* More than any sum that is told, whatever it is multiplied by. */
	const __int128 most = (__int128)1'000'000'000'000 * 1'000'000'000'000;
	bool is_fast = flags & USAGE_FAST, is_us = flags & USAGE_US;

	if (!usage_tokens_total(tokens) && !tokens->web_searches)
		return 0;
	if (!price || (is_fast && !price->fast_permille) || (is_us && !price->us_permille) ||
		(tokens->web_searches && price->web_search_nanousd < 0))
		return -1;
	__int128 cost = token_cost_pico(price, tokens), unit = 1'000;
	cost = cost > most ? most : cost;
	if (is_fast) {
		cost *= price->fast_permille;
		unit *= 1'000;
	}
	if (is_us) {
		cost *= price->us_permille;
		unit *= 1'000;
	}
	if (flags & USAGE_BATCH)
		unit *= 2;
	/* Nearly always: dividing twice as many bits takes several times as long. */
	bool is_short = cost < INT64_MAX / 2 && unit < INT64_MAX / 2;
	__int128 nano = is_short ? ((int64_t)cost + (int64_t)unit / 2) / (int64_t)unit
				 : (cost + unit / 2) / unit;
	if (tokens->web_searches)
		nano += (__int128)tokens->web_searches * price->web_search_nanousd;
	return nano > INT64_MAX ? INT64_MAX : (int64_t)nano;
}

void usage_price_source(const struct usage_price *price, struct str *model, struct str *source)
{
	*model = price->model;
	*source = price->source;
}
