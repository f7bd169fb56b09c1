// SPDX-License-Identifier: MIT
/* pattern: a regular expression against one whole text, as ECMA-262 reads it; by PCRE2. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/must.h"
#include "index/index.h"

enum {
	MATCH_LIMIT = 1'000'000, /* PCRE2's count of backtracks: some ten milliseconds at worst */
	HEAP_LIMIT_KB = 16 << 10,
	NEST_LIMIT = 200,
};

struct pattern {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
};

/*
 * What differs from Perl: $ is the very end, \u00e9 and \u{e9} are characters, [] matches nothing
 * and
 * [^] anything, a group that did not take part refers to the empty text; \d and \w are ASCII.
 */
static pcre2_code *compile(struct str text, int *error, size_t *offset)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_BSUX |
			   PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF |
			   PCRE2_NEVER_BACKSLASH_C;

	must(context);
	pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
	pcre2_set_parens_nest_limit(context, NEST_LIMIT);
	pcre2_set_compile_extra_options(context, PCRE2_EXTRA_ALT_BSUX);
	pcre2_code *code =
		pcre2_compile((PCRE2_SPTR)text.p, text.n, options, error, offset, context);
	pcre2_compile_context_free(context);
	return code;
}

struct pattern *pattern_new(struct str text, struct err *e)
{
	char reason[200];
	size_t offset;
	int error;
	pcre2_code *code = compile(text, &error, &offset);

	if (!code) {
		pcre2_get_error_message(error, (PCRE2_UCHAR *)reason, sizeof reason);
		err_set(e, ERR_PARSE, "bad pattern: %s at offset %zu", reason, offset);
		return NULL;
	}
	struct pattern *p = must_alloc(1, sizeof *p);
	p->code = code;
	p->data = pcre2_match_data_create(1, NULL);
	p->context = pcre2_match_context_create(NULL);
	must(p->data && p->context);
	pcre2_set_match_limit(p->context, MATCH_LIMIT);
	pcre2_set_heap_limit(p->context, HEAP_LIMIT_KB);
	return p;
}

bool pattern_matches(struct pattern *p, struct str text, bool *gave_up)
{
	PCRE2_SPTR start = (PCRE2_SPTR)(text.p ? text.p : "");
	int code = pcre2_match(p->code, start, text.n, 0, 0, p->data, p->context);

	if (code < 0 && code != PCRE2_ERROR_NOMATCH)
		*gave_up = true;
	return code >= 0;
}

void pattern_free(struct pattern *p)
{
	if (!p)
		return;
	pcre2_match_context_free(p->context);
	pcre2_match_data_free(p->data);
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
