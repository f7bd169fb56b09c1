// SPDX-License-Identifier: MIT
/* price, inside: what price.c, price_name.c and price_own.c share. Nobody else includes it. */
#ifndef USAGE_PRICE_INSIDE_H
#define USAGE_PRICE_INSIDE_H

#include "base/arena.h"
#include "llm/llm.h"
#include "usage/price.h"

struct usage_price {
	struct price price, tier;
	int64_t tier_above_tokens; /* 0 none */
	int64_t fast_permille, us_permille; /* 0 unknown */
	int64_t web_search_nanousd; /* -1 unknown */
	struct str model; /* for people */
	struct str source;
};

/* ---- names: price_name.c ---- */

/* A name as written, and without the date behind it. */
enum { NAME_FORMS = 2 };

struct model_name {
	struct str seller; /* who was asked, "" the maker itself */
	struct str maker; /* the name says who made it; "" it does not */
	struct str rest; /* behind the seller's name */
	struct str rests[NAME_FORMS], ids[NAME_FORMS]; /* in the form of price_key */
	bool is_regional; /* in a region of Amazon Bedrock, not "global." */
};

/* False for what is no model's name. Strings live as long as a. */
[[nodiscard]] bool model_name_read(
	struct str provider, struct str model, struct arena *a, struct model_name *out);
/*
 * The same for all spellings of one model: "us.anthropic.claude-opus-4-5-v1:0" and
 * "Claude-Opus-4.5[1m]" are "claude-opus-4-5"; versions that differ stay different. What is in
 * front of slashes stays, in lower case.
 */
struct str price_key(struct str id, struct arena *a);
/* The catalogue's name for a provider: "z-ai" is "zai"; others stay, in lower case. */
struct str provider_key(struct str provider, struct arena *a);
/* Whether the provider has made the models that it sells. */
bool is_maker(struct str provider);
/* A maker who sells at the same list price everywhere: nobody else runs the models. */
bool is_sole_seller(struct str maker);
/* Servers of the user's own. */
bool is_own_server(struct str seller);

/* ---- what settings say: price_own.c ---- */

enum { OWN_INPUT, OWN_OUTPUT, OWN_WRITE, OWN_WRITE_1H, OWN_READ, OWN_PRICES };

struct own_tier {
	int64_t above_tokens; /* 0 not said */
	int64_t prices[OWN_PRICES]; /* as in struct price; -1 not said */
};

struct own_price {
	struct str name; /* as people wrote it */
	struct str key;
	struct own_tier base, tier;
	bool has_no_tier; /* said, as null */
	int64_t fast_permille, us_permille, web_search_nanousd; /* -1 not said */
};

/* Of a JSON object, absent for none. ERR_USAGE names the member. */
[[nodiscard]] bool own_prices_read(struct str overrides, struct arena *a,
	const struct own_price **out, size_t *count, struct err *e);
/* known: the catalogue's price for it, NULL for none. */
struct usage_price own_price_over(const struct own_price *own, const struct usage_price *known);

#endif
