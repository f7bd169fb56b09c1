// SPDX-License-Identifier: MIT
#include "base/str.h"

#include <limits.h>
#include <string.h>

struct str str_from(const char *text)
{
	return (struct str){text, text ? strlen(text) : 0};
}

struct str str_range(const char *p, const char *end)
{
	return (struct str){p, (size_t)(end - p)};
}

bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_is(struct str a, const char *text)
{
	return str_eq(a, str_from(text));
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;

	return order ? order : (a.n > b.n) - (a.n < b.n);
}

bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n &&
	       (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

struct str str_skip(struct str s, size_t n)
{
	if (n > s.n)
		n = s.n;
	return (struct str){s.p ? s.p + n : NULL, s.n - n};
}

struct str str_head(struct str s, size_t n)
{
	return (struct str){s.p, n < s.n ? n : s.n};
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
	while (s.n && is_space(s.p[0]))
		s = str_skip(s, 1);
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

size_t str_find(struct str s, struct str needle, size_t from)
{
	if (from > s.n)
		return SIZE_MAX;
	if (needle.n == 0)
		return from;
	const char *hit = s.p ? memmem(s.p + from, s.n - from, needle.p, needle.n) : NULL;
	return hit ? (size_t)(hit - s.p) : SIZE_MAX;
}

size_t str_find_char(struct str s, char c, size_t from)
{
	const char *hit = from < s.n ? memchr(s.p + from, c, s.n - from) : NULL;

	return hit ? (size_t)(hit - s.p) : SIZE_MAX;
}

bool str_contains(struct str s, struct str needle)
{
	return str_find(s, needle, 0) != SIZE_MAX;
}

bool str_split(struct str *rest, char separator, struct str *part)
{
	if (!rest->p)
		return false;
	size_t at = str_find_char(*rest, separator, 0);
	if (at == SIZE_MAX) {
		*part = *rest;
		*rest = (struct str){0};
	} else {
		*part = str_head(*rest, at);
		*rest = str_skip(*rest, at + 1);
	}
	return true;
}

bool str_int(struct str s, int64_t *value)
{
	bool negative = s.n && s.p[0] == '-';
	int64_t total = 0;

	if (negative)
		s = str_skip(s, 1);
	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int digit = s.p[i] - '0';
		if (digit < 0 || digit > 9 || __builtin_mul_overflow(total, 10, &total) ||
			__builtin_sub_overflow(total, digit, &total))
			return false;
	}
	/* Built as a negative number, because INT64_MIN has no positive twin. */
	if (!negative && total == INT64_MIN)
		return false;
	*value = negative ? total : -total;
	return true;
}

unsigned str_distance(struct str a, struct str b)
{
	unsigned rows[3][65];

	if (a.n > 64 || b.n > 64)
		return UINT_MAX;
	for (unsigned j = 0; j <= b.n; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= a.n; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3],
			 *before = rows[(i + 1) % 3];
		row[0] = i;
		for (unsigned j = 1; j <= b.n; j++) {
			unsigned best = above[j - 1] + (a.p[i - 1] != b.p[j - 1]);
			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] &&
				a.p[i - 2] == b.p[j - 1] && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[a.n % 3][b.n];
}
