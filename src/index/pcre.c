// SPDX-License-Identifier: MIT
#include "index/pcre.h"

#include "base/must.h"

enum { HEAP_LIMIT_KB = 16 << 10, NEST_LIMIT = 200 };

pcre2_code *pcre_compile(
	struct str pattern, uint32_t newline, uint32_t options, uint32_t extra, struct err *e)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	char reason[200];
	size_t offset;
	int error;

	must(context);
	pcre2_set_newline(context, newline);
	pcre2_set_parens_nest_limit(context, NEST_LIMIT);
	pcre2_set_compile_extra_options(context, extra);
	options |= PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C;
	pcre2_code *code =
		pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, options, &error, &offset, context);
	pcre2_compile_context_free(context);
	if (!code) {
		pcre2_get_error_message(error, (PCRE2_UCHAR *)reason, sizeof reason);
		err_set(e, ERR_PARSE, "bad pattern: %s at offset %zu", reason, offset);
	}
	return code;
}

struct pcre_match pcre_match_new(uint32_t backtracks)
{
	struct pcre_match m = {pcre2_match_data_create(1, NULL), pcre2_match_context_create(NULL)};

	must(m.data && m.context);
	pcre2_set_match_limit(m.context, backtracks);
	pcre2_set_heap_limit(m.context, HEAP_LIMIT_KB);
	return m;
}

void pcre_match_release(struct pcre_match *m)
{
	pcre2_match_context_free(m->context);
	pcre2_match_data_free(m->data);
	*m = (struct pcre_match){0};
}
