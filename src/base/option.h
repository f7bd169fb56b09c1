// SPDX-License-Identifier: MIT
/*
 * option: command-line words to options and operands, from tables. --name value, --name=value, -n
 * value, -nvalue, several letters in one word (-qv), "--" ends the options, "-" is an operand.
 */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct option {
	const char *name; /* without the dashes; NULL ends a table */
	char letter; /* 0: none */
	const char *value; /* what to call its value in --help; NULL: the option takes none */
	const char *brief; /* one line for --help and the man page */
	unsigned parts; /* bits of the command's parts that know it; 0: it is for all */
	const char *instead; /* it is refused, and not in the help: what there is in its place */
};

struct option_match {
	const struct option *option;
	const char *value; /* "" when it takes none */
};

struct options {
	struct option_match *matches;
	size_t match_count;
	const char **operands;
	size_t operand_count;
	size_t literal_from; /* index of the first operand behind "--"; operand_count when none */
};

/* ERR_USAGE names the word, and the nearest option for an unknown one. */
[[nodiscard]] bool options_parse(const struct option *table, int count, char *const *words,
	struct arena *a, struct options *out, struct err *e);
/* The last value given for the option, NULL when it was not given. */
const char *options_value(const struct options *options, const char *name);
/* The value given at the n-th time, from 0; NULL when it was not given so often. */
const char *options_nth(const struct options *options, const char *name, size_t n);
bool options_has(const struct options *options, const char *name);
/* As options_value, as an integer of at least minimum; fallback when absent. */
[[nodiscard]] bool options_int(const struct options *options, const char *name, int64_t minimum,
	int64_t fallback, int64_t *out, struct err *e);
/*
 * The candidate nearest to word by edit distance: at most 2 edits, or 1 for words up to four
 * letters. NULL when none is near. candidates is ended by NULL.
 */
const char *option_nearest(struct str word, const char *const *candidates);

#endif
