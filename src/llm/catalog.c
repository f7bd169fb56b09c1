// SPDX-License-Identifier: MIT
/* catalog: prices and limits out of the rows that models.json was made into. */
#include "base/json.h"
#include "llm/catalog_table.h"

struct str catalog_date(void)
{
	return str_from(catalog_table_date);
}

uint64_t catalog_mark(void)
{
	return catalog_table_mark;
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

static struct model model_of(const struct catalog_row *row)
{
	return (struct model){.id = str_from(row->id),
		.provider = str_from(row->provider),
		.wire = str_from(row->wire),
		.context_tokens = row->context_tokens,
		.max_output_tokens = row->max_output_tokens,
		.price = row->price,
		.is_blind = row->is_blind,
		.has_price = row->has_price,
		.tier = row->tier,
		.tier_above_tokens = row->tier_above_tokens,
		.fast_permille = row->fast_permille,
		.us_permille = row->us_permille,
		.region_permille = row->region_permille,
		.web_search_nanousd = row->web_search_nanousd};
}

void catalog_each(bool (*visit)(void *self, const struct model *m), void *self)
{
	for (size_t i = 0; i < catalog_row_count; i++) {
		struct model model = model_of(&catalog_rows[i]);
		if (!visit(self, &model))
			return;
	}
}

static bool find(struct str provider, struct str id, struct model *out)
{
	size_t from = 0, to = catalog_row_count;

	while (from < to) {
		size_t middle = (from + to) / 2;
		const struct catalog_row *row = &catalog_rows[catalog_by_name[middle]];
		int order = str_cmp(provider, str_from(row->provider));
		order = order ? order : str_cmp(id, str_from(row->id));
		if (!order) {
			*out = model_of(row);
			return true;
		}
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
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
