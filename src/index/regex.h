// SPDX-License-Identifier: MIT
/*
 * regex: which lines of a text a pattern matches. Compiled once, read by all threads; each thread
 * has a matcher. A line is matched by itself, without its line feed: nothing crosses lines.
 *
 * Fast finders propose lines (required strings, Hyperscan), PCRE2 decides; only a pattern that is
 * plain text needs no decision. Lines of ASCII are decided in byte mode, which is equal for them,
 * others with Unicode's properties; bytes that are no UTF-8 match nothing but themselves as text.
 */
#ifndef INDEX_REGEX_H
#define INDEX_REGEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct regex;
struct matcher;

struct regex_options {
	bool is_literal, ignore_case, whole_word;
	bool no_finder; /* PCRE2 on every line; for comparison */
	bool no_hyperscan;
};

/* ERR_PARSE with the offset when PCRE2 does not take the pattern, or it needs several lines. */
[[nodiscard]] struct regex *regex_new(
	struct str pattern, const struct regex_options *options, struct err *e);
void regex_free(struct regex *r);
const char *regex_finder(const struct regex *r); /* how lines are proposed, for logs and tests */

[[nodiscard]] struct matcher *matcher_new(const struct regex *r);
void matcher_free(struct matcher *m);
/* Before each file: a file that is too hard gets less time for its later lines. */
void matcher_begin(struct matcher *m);
/* Lines that were given up on at PCRE2's limits, since matcher_new. */
uint64_t matcher_limited_lines(const struct matcher *m);

/* A walk over the matching lines of text, which begins at a line. {text, text.p} is its start. */
struct regex_walk {
	struct str text;
	const char *at;
	/* what the finders saw ahead: NULL unknown, the end of text: nothing more */
	const char *found, *high;
	unsigned streak, plain_lines;
};

/* The next matching line, without its line feed. */
bool regex_next(struct matcher *m, struct regex_walk *walk, struct str *line);

#endif
