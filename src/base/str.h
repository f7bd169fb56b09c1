// SPDX-License-Identifier: MIT
/*
 * str: a view of bytes owned by somebody else. Never NUL-terminated by contract, never freed.
 * {0} is the absent string: p is NULL. An empty but present string has p set and n == 0.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	const char *p;
	size_t n;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
/* For printf: "%.*s" with STR_ARG(s). Longer than INT_MAX is cut. */
#define STR_ARG(s) (int)((s).n > 0x7fffffff ? 0x7fffffff : (s).n), (s).p ? (s).p : ""

struct str str_from(const char *text); /* NULL gives the absent string */
struct str str_range(const char *p, const char *end);
bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *text);
bool str_eq_nocase(struct str a, struct str b); /* ASCII letters only */
int str_cmp(struct str a, struct str b); /* bytewise, shorter first */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
struct str str_skip(struct str s, size_t n); /* without the first n bytes; empty past the end */
struct str str_head(struct str s, size_t n); /* at most the first n bytes */
struct str str_trim(struct str s); /* without ASCII white space at both ends */
/* Position of needle in s at or after from, or SIZE_MAX. */
size_t str_find(struct str s, struct str needle, size_t from);
size_t str_find_char(struct str s, char c, size_t from);
bool str_contains(struct str s, struct str needle);
/*
 * Takes the part before the separator off the front of *rest and returns it; the separator is
 * dropped. Returns false when *rest is used up (p NULL). "a,,b" yields "a", "", "b".
 */
bool str_split(struct str *rest, char separator, struct str *part);
/* Whole text as a decimal integer; false when it is anything else or out of range. */
[[nodiscard]] bool str_int(struct str s, int64_t *value);
/*
 * Edits from a to b: insert, delete, replace or swap two neighbours (optimal string alignment), for
 * "did you mean". Words over 64 bytes are UINT_MAX apart.
 */
unsigned str_distance(struct str a, struct str b);

#endif
