// SPDX-License-Identifier: MIT
/* pattern: a regular expression against one whole text, as ECMA-262 reads it; by PCRE2. */
#include "base/must.h"
#include "index/index.h"
#include "index/pcre.h"

enum { MATCH_LIMIT = 1'000'000 }; /* PCRE2's count of backtracks: some ten milliseconds at worst */

struct pattern {
	pcre2_code *code;
	struct pcre_match match;
};

/*
 * What differs from Perl: $ is the very end, \u00e9 and \u{e9} are characters, [] matches nothing,
 * [^] anything, a group that did not take part refers to the empty text; \d and \w are ASCII.
 */
struct pattern *pattern_new(struct str text, struct err *e)
{
	pcre2_code *code = pcre_compile(text, PCRE2_NEWLINE_ANYCRLF,
		PCRE2_UTF | PCRE2_ALT_BSUX | PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF,
		PCRE2_EXTRA_ALT_BSUX, e);
	struct pattern *p;

	if (!code)
		return NULL;
	p = must_alloc(1, sizeof *p);
	*p = (struct pattern){code, pcre_match_new(MATCH_LIMIT)};
	return p;
}

bool pattern_matches(struct pattern *p, struct str text, bool *gave_up)
{
	PCRE2_SPTR start = (PCRE2_SPTR)(text.p ? text.p : "");
	int code = pcre2_match(p->code, start, text.n, 0, 0, p->match.data, p->match.context);

	if (code < 0 && code != PCRE2_ERROR_NOMATCH)
		*gave_up = true;
	return code >= 0;
}

void pattern_free(struct pattern *p)
{
	if (!p)
		return;
	pcre_match_release(&p->match);
	pcre2_code_free(p->code);
	free(p);
}

static void *new_for_schema(struct str text, struct err *e)
{
	return pattern_new(text, e);
}

static bool matches_for_schema(void *pattern, struct str text, bool *gave_up)
{
	return pattern_matches(pattern, text, gave_up);
}

static void free_for_schema(void *pattern)
{
	pattern_free(pattern);
}

const struct schema_patterns pattern_functions = {
	new_for_schema, matches_for_schema, free_for_schema};
