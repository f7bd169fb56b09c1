// SPDX-License-Identifier: MIT
/*
 * regex: the first line is a pattern, the rest a text; the text's length tells the options. Every
 * way to search has to find the lines that PCRE2 by itself finds, with Unicode, line by line.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>

#include "base/buf.h"
#include "index/dialect.h"
#include "index/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES_MAX = 4096, MATCH_LIMIT = 20'000 };

struct oracle {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
};

static bool oracle_new(struct oracle *o, struct str pattern, const struct regex_options *how)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	AUTO(buf) quoted = {0};
	AUTO(buf) word = {0};
	AUTO(buf) spelled = {0};
	size_t offset;
	int code;

	if (how->is_literal) {
		dialect_quote(&quoted, pattern);
		pattern = buf_str(&quoted);
	}
	if (how->whole_word) {
		buf_put_text(&word, "(?:^|\\W)(?:");
		buf_put_str(&word, pattern);
		buf_put_text(&word, ")(?:\\W|$)");
		pattern = buf_str(&word);
	}
	dialect_put(&spelled, pattern);
	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	o->code = pcre2_compile((PCRE2_SPTR)buf_text(&spelled), spelled.n,
		PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY |
			PCRE2_NEVER_BACKSLASH_C | (how->ignore_case ? PCRE2_CASELESS : 0),
		&code, &offset, context);
	pcre2_compile_context_free(context);
	if (!o->code)
		return false;
	/* At the end of a line of broken bytes the interpreter of 10.42 misses empty matches. */
	(void)pcre2_jit_compile(o->code, PCRE2_JIT_COMPLETE);
	o->data = pcre2_match_data_create(1, NULL);
	o->context = pcre2_match_context_create(NULL);
	pcre2_set_match_limit(o->context, MATCH_LIMIT);
	pcre2_set_heap_limit(o->context, 16 << 10);
	return true;
}

static void oracle_free(struct oracle *o)
{
	pcre2_code_free(o->code);
	pcre2_match_data_free(o->data);
	pcre2_match_context_free(o->context);
}

/* False when PCRE2 gave up on a line: the ways may differ then. */
static bool oracle_find(const struct oracle *o, struct str text, bool matches[LINES_MAX])
{
	struct str line;

	/* The end of the text's last line is no line. */
	if (str_ends(text, STR("\n")))
		text.n--;
	for (size_t i = 0; i < LINES_MAX && str_split(&text, '\n', &line); i++) {
		int result =
			pcre2_match(o->code, (PCRE2_SPTR)line.p, line.n, 0, 0, o->data, o->context);
		if (result < 0 && result != PCRE2_ERROR_NOMATCH)
			return false;
		matches[i] = result >= 0;
	}
	return true;
}

static void compare(
	struct str pattern, struct str text, const struct regex_options *how, const bool *matches)
{
	struct err e;
	struct regex *regex = regex_new(pattern, how, &e);

	if (!regex)
		return;
	struct matcher *matcher = matcher_new(regex);
	struct regex_walk walk = {.text = text, .at = text.p};
	struct str line;
	size_t number = 0;
	const char *at = text.p, *end = text.p + text.n;
	bool is_there = regex_next(matcher, &walk, &line);
	while (at < end && number < LINES_MAX) {
		const char *feed = memchr(at, '\n', (size_t)(end - at));
		bool is_match = is_there && line.p == at;
		if (matcher_limited_lines(matcher))
			break;
		if (is_match != matches[number]) {
			fprintf(stderr, "line %zu: %s says %d, PCRE2 %d\n", number + 1,
				regex_finder(regex), is_match, matches[number]);
			abort();
		}
		if (is_match)
			is_there = regex_next(matcher, &walk, &line);
		at = feed ? feed + 1 : end;
		number++;
	}
	matcher_free(matcher);
	regex_free(regex);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool matches[LINES_MAX];
	struct str text = {(const char *)data, size}, pattern;
	struct oracle oracle = {0};

	if (!str_split(&text, '\n', &pattern) || !text.p || pattern.n == 0)
		return 0;
	struct regex_options how = {
		.ignore_case = text.n & 1, .whole_word = text.n & 2, .is_literal = text.n & 4};
	if (memchr(pattern.p, '\0', pattern.n) || !oracle_new(&oracle, pattern, &how))
		return 0;
	if (oracle_find(&oracle, text, matches)) {
		compare(pattern, text, &how, matches);
		how.no_hyperscan = true;
		compare(pattern, text, &how, matches);
		how.no_finder = true;
		compare(pattern, text, &how, matches);
	}
	oracle_free(&oracle);
	return 0;
}
