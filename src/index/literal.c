// SPDX-License-Identifier: MIT
#include "index/literal.h"

#include "base/must.h"

static bool is_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Sets the bit that tells 'A' from 'a'. */
static uint8_t fold_mask(const struct literals *l, uint8_t c)
{
	return l->is_folded && is_letter(c) ? 0x20 : 0;
}

static void choose_pair(struct literals *l)
{
	struct str s = l->texts[0];
	size_t best = 0, second = s.n - 1;

	for (size_t i = 0; i < s.n; i++)
		if (byte_rarity[(uint8_t)s.p[i]] > byte_rarity[(uint8_t)s.p[best]])
			best = i;
	if (second == best)
		second = 0;
	for (size_t i = 0; i < s.n; i++)
		if (i != best && s.p[i] != s.p[best] &&
			byte_rarity[(uint8_t)s.p[i]] > byte_rarity[(uint8_t)s.p[second]])
			second = i;
	size_t low = best < second ? best : second, high = best < second ? second : best;
	uint8_t a = (uint8_t)s.p[low], b = (uint8_t)s.p[high];
	l->pair = (struct byte_pair){a, fold_mask(l, a), b, fold_mask(l, b), high - low};
	l->pair_offset = low;
}

static void put_in_group(struct literals *l, size_t text, size_t group)
{
	uint8_t bit = (uint8_t)(1u << group);

	l->groups[group] |= 1u << text;
	for (size_t i = 0; i < l->set.depth; i++) {
		uint8_t c = (uint8_t)l->texts[text].p[i];
		l->set.low[i][c & 15] |= bit;
		l->set.high[i][c >> 4] |= bit;
		/* 'a' and 'A' differ in the high half only. */
		if (fold_mask(l, c))
			l->set.high[i][(c ^ 0x20) >> 4] |= bit;
	}
}

static void make_set(struct literals *l)
{
	l->set.depth = BYTE_SET_DEPTH;
	for (size_t i = 0; i < l->count; i++)
		if (l->texts[i].n < l->set.depth)
			l->set.depth = l->texts[i].n;
	for (size_t i = 0; i < l->count; i++)
		put_in_group(l, i, i % 8);
}

void literals_init(struct literals *l, const struct str *texts, size_t count, bool is_folded,
	const struct bytes *bytes)
{
	must(count >= 1 && count <= LITERALS_MAX);
	*l = (struct literals){.count = count, .is_folded = is_folded, .bytes = bytes};
	for (size_t i = 0; i < count; i++) {
		must(texts[i].n > 0);
		l->texts[i] = texts[i];
	}
	if (count == 1)
		choose_pair(l);
	else
		make_set(l);
}

/* p has n readable bytes. */
static bool is_at(const struct literals *l, size_t text, const char *p, size_t n)
{
	struct str s = l->texts[text];

	if (s.n > n)
		return false;
	if (!l->is_folded)
		return memcmp(p, s.p, s.n) == 0;
	for (size_t i = 0; i < s.n; i++)
		if (((uint8_t)p[i] | fold_mask(l, (uint8_t)s.p[i])) != (uint8_t)s.p[i])
			return false;
	return true;
}

static const char *find_one(const struct literals *l, const char *p, const char *end)
{
	size_t n = l->texts[0].n, behind = n - l->pair_offset - l->pair.distance - 1;

	if ((size_t)(end - p) < n)
		return NULL;
	p += l->pair_offset;
	while ((p = l->bytes->find_pair(p, end - behind, &l->pair))) {
		const char *start = p - l->pair_offset;
		if (is_at(l, 0, start, n))
			return start;
		p++;
	}
	return NULL;
}

static bool is_one_at(const struct literals *l, uint8_t groups, const char *p, const char *end)
{
	for (; groups; groups &= (uint8_t)(groups - 1))
		for (uint32_t texts = l->groups[__builtin_ctz(groups)]; texts; texts &= texts - 1)
			if (is_at(l, (size_t)__builtin_ctz(texts), p, (size_t)(end - p)))
				return true;
	return false;
}

const char *literals_find(const struct literals *l, const char *p, const char *end)
{
	uint8_t groups;

	if (l->count == 1)
		return find_one(l, p, end);
	while ((p = l->bytes->find_set(p, end, &l->set, &groups))) {
		if (is_one_at(l, groups, p, end))
			return p;
		p++;
	}
	return NULL;
}
