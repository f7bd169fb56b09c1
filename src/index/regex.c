// SPDX-License-Identifier: MIT
#include "index/regex.h"

#include <pthread.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/must.h"
#include "index/dialect.h"
#include "index/hyperscan.h"
#include "index/literal.h"
#include "index/pcre.h"
#include "index/required.h"

enum {
	/* PCRE2's count of backtracks for one line: a few milliseconds at worst. */
	MATCH_LIMIT = 200'000,
	MATCH_LIMIT_HARD_FILE = 10'000, /* after so many lines of a file: */
	HARD_LINES = 8,
	JIT_STACK_BYTES = 1 << 20,
	/* Required strings that are commoner than this propose nearly every line. */
	RARITY_ENOUGH = 9,
	/* Fewer characters that match alone are not worth looking at every byte of a line. */
	ALONE_MIN = 20,
	/* After so many proposed lines in a row, the next ones are matched without a finder. */
	STREAK_MAX = 32,
	PLAIN_LINES = 512,
};

enum finder { FIND_EVERY_LINE, FIND_LITERALS, FIND_HYPERSCAN };

/*
 * For lines where PCRE2 gives up backtracking: an automaton does not backtrack. Compiled by the
 * first thread that needs it.
 */
struct judge {
	pthread_mutex_t lock;
	struct str pattern; /* absent: there is none for this pattern */
	bool ignore_case, has_tried;
	struct hyperscan *hyperscan; /* NULL: not compiled, or refused */
};

struct regex {
	struct arena arena;
	struct judge *judge;
	enum finder finder;
	bool is_certain; /* what the finder finds is a match */
	bool matches_all; /* the empty pattern */
	bool proposes_high; /* lines beyond ASCII are proposed whatever the finder says */
	struct literals literals;
	struct hyperscan *hyperscan;
	pcre2_code *unicode, *ascii; /* ascii NULL: not known to be equal on ASCII */
	bool has_jit;
	/* ASCII characters that are a match by themselves, wherever they stand. */
	bool matches_alone[128];
	bool has_alone;
	const struct bytes *bytes;
};

struct matcher {
	const struct regex *regex;
	struct pcre_match match;
	pcre2_jit_stack *stack;
	struct hyperscan_scratch *scratch;
	struct hyperscan_scratch *judge_scratch; /* NULL until it is needed */
	uint64_t limited_lines;
	unsigned limited_in_file;
};

/* ---- compiling ---- */

static pcre2_code *compile(struct str pattern, uint32_t options, struct err *e)
{
	return pcre_compile(pattern, PCRE2_NEWLINE_LF, options, 0, e);
}

/* "(?:^|\W)pattern(?:\W|$)": what is beside a word has to be a character, no broken bytes. */
static struct str as_word(struct arena *a, struct str pattern, bool whole_word)
{
	if (!whole_word)
		return pattern;
	return arena_printf(a, "(?:^|\\W)(?:%.*s)(?:\\W|$)", STR_ARG(pattern));
}

static bool is_ascii(struct str s)
{
	return !bytes_plain.find_high(s.p, s.p + s.n);
}

static bool compile_both(
	struct regex *r, struct str pattern, const struct regex_options *o, struct err *e)
{
	uint32_t unicode = PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF;
	uint32_t caseless = o->ignore_case ? PCRE2_CASELESS : 0;
	AUTO(buf) spelled = {0};
	struct err ignored;

	/* As it was written, so that the offset of a mistake is the writer's. */
	pcre2_code *check = compile(pattern, unicode | caseless, e);
	if (!check)
		return false;
	struct str word = as_word(&r->arena, pattern, o->whole_word);
	dialect_put(&spelled, word);
	r->unicode = compile(buf_str(&spelled), unicode | caseless, &ignored);
	if (!r->unicode && !o->whole_word) {
		/* Too large once it is spelled out. */
		r->unicode = check;
		check = NULL;
	}
	pcre2_code_free(check);
	if (!r->unicode)
		return err_set(e, ERR_PARSE, "bad pattern: it cannot be searched as a whole word");
	if (is_ascii(pattern))
		r->ascii = compile(word, caseless, &ignored);
	r->has_jit = pcre2_jit_compile(r->unicode, PCRE2_JIT_COMPLETE) == 0 &&
		     (!r->ascii || pcre2_jit_compile(r->ascii, PCRE2_JIT_COMPLETE) == 0);
	return true;
}

/* Anchors and boundaries look at what stands beside a character. */
static bool looks_around(struct str pattern)
{
	for (size_t i = 0; i < pattern.n; i++) {
		char c = pattern.p[i];
		if (c == '$' || (c == '^' && !(i > 0 && pattern.p[i - 1] == '[')))
			return true;
		if (c == '\\' && ++i < pattern.n && memchr("bBAzZGK<>", pattern.p[i], 9))
			return true;
	}
	return false;
}

/* For patterns such as \w that nearly every line matches at its first letters. */
static void find_alone(struct regex *r, struct str pattern, const struct required *required)
{
	int count = 0;

	if (!r->ascii || !required->is_simple || looks_around(pattern))
		return;
	struct pcre_match match = pcre_match_new(MATCH_LIMIT);
	for (int c = 0; c < 128; c++) {
		char text = (char)c;
		r->matches_alone[c] = c != '\n' && pcre2_match(r->ascii, (PCRE2_SPTR)&text, 1, 0, 0,
							   match.data, match.context) >= 0;
		count += r->matches_alone[c];
	}
	pcre_match_release(&match);
	r->has_alone = count >= ALONE_MIN;
}

static void choose_finder(struct regex *r, struct str pattern, const struct required *required,
	const struct regex_options *o)
{
	bool has_common = required->count && required->rarity_bits < RARITY_ENOUGH;

	if (o->no_finder)
		return;
	if (required->count) {
		literals_init(&r->literals, required->texts, required->count, required->is_folded,
			r->bytes);
		r->finder = FIND_LITERALS;
		r->is_certain = required->is_whole && !o->whole_word;
		r->proposes_high = required->has_fold_extra;
	}
	if (r->is_certain || (required->count && !has_common) || !required->is_simple ||
		required->has_text_anchor || !r->ascii || o->no_hyperscan)
		return;
	/* It knows bytes only: right for ASCII, and the other lines are all proposed. */
	r->hyperscan = hyperscan_new(pattern, o->ignore_case);
	if (r->hyperscan) {
		r->finder = FIND_HYPERSCAN;
		r->proposes_high = true;
	}
}

static bool prepare(
	struct regex *r, struct str pattern, const struct regex_options *o, struct err *e)
{
	AUTO(buf) quoted = {0};

	r->bytes = bytes_fastest();
	r->matches_all = pattern.n == 0;
	if (memchr(pattern.p, '\n', pattern.n))
		return err_set(e, ERR_PARSE,
			"bad pattern: it holds a line break, and lines are "
			"searched one by one");
	if (memchr(pattern.p, '\0', pattern.n))
		return err_set(
			e, ERR_PARSE, "bad pattern: it holds a NUL byte, and no line has one");
	if (r->matches_all)
		return true;
	if (o->is_literal)
		dialect_quote(&quoted, pattern);
	pattern = arena_copy(&r->arena, o->is_literal ? buf_str(&quoted) : pattern);
	struct required required = required_find(pattern, o->ignore_case, &r->arena);
	if (required.has_line_end)
		return err_set(e, ERR_PARSE,
			"bad pattern: it needs a line break (\\n), and lines are "
			"searched one by one");
	/* Plain text is looked for as bytes, valid or not. */
	bool is_bytes = o->is_literal && required.is_whole && !required.is_folded && !o->whole_word;
	if (!is_bytes && !compile_both(r, pattern, o, e))
		return false;
	if (!o->whole_word && !is_bytes)
		find_alone(r, pattern, &required);
	/* Where nearly every line matches, a finder only costs. */
	if (!r->has_alone)
		choose_finder(r, pattern, &required, o);
	if (r->ascii && required.is_simple && !required.has_text_anchor && !o->no_hyperscan)
		r->judge->pattern = as_word(&r->arena, pattern, o->whole_word);
	r->judge->ignore_case = o->ignore_case;
	return true;
}

struct regex *regex_new(struct str pattern, const struct regex_options *options, struct err *e)
{
	struct regex *r = must_alloc(1, sizeof *r);

	r->judge = must_alloc(1, sizeof *r->judge);
	pthread_mutex_init(&r->judge->lock, NULL);
	pattern.p = pattern.p ? pattern.p : "";
	if (prepare(r, pattern, options, e))
		return r;
	regex_free(r);
	return NULL;
}

void regex_free(struct regex *r)
{
	if (!r)
		return;
	hyperscan_free(r->hyperscan);
	hyperscan_free(r->judge->hyperscan);
	pthread_mutex_destroy(&r->judge->lock);
	free(r->judge);
	pcre2_code_free(r->unicode);
	pcre2_code_free(r->ascii);
	arena_release(&r->arena);
	free(r);
}

const char *regex_finder(const struct regex *r)
{
	static const char *const names[] = {
		[FIND_EVERY_LINE] = "every line",
		[FIND_LITERALS] = "literals",
		[FIND_HYPERSCAN] = "hyperscan",
	};

	return names[r->finder];
}

struct matcher *matcher_new(const struct regex *r)
{
	struct matcher *m = must_alloc(1, sizeof *m);

	m->regex = r;
	m->match = pcre_match_new(MATCH_LIMIT);
	if (r->has_jit)
		m->stack = pcre2_jit_stack_create(32 << 10, JIT_STACK_BYTES, NULL);
	if (m->stack)
		pcre2_jit_stack_assign(m->match.context, NULL, m->stack);
	if (r->hyperscan)
		m->scratch = hyperscan_scratch_new(r->hyperscan);
	return m;
}

void matcher_free(struct matcher *m)
{
	if (!m)
		return;
	if (m->scratch)
		hyperscan_scratch_free(m->regex->hyperscan, m->scratch);
	if (m->judge_scratch)
		hyperscan_scratch_free(m->regex->judge->hyperscan, m->judge_scratch);
	pcre2_jit_stack_free(m->stack);
	pcre_match_release(&m->match);
	free(m);
}

void matcher_begin(struct matcher *m)
{
	pcre2_set_match_limit(m->match.context, MATCH_LIMIT);
	m->limited_in_file = 0;
}

uint64_t matcher_limited_lines(const struct matcher *m)
{
	return m->limited_lines;
}

/* ---- deciding ---- */

static void count_limited(struct matcher *m)
{
	m->limited_lines++;
	if (++m->limited_in_file == HARD_LINES)
		pcre2_set_match_limit(m->match.context, MATCH_LIMIT_HARD_FILE);
}

static struct hyperscan *judge_of(struct judge *j)
{
	pthread_mutex_lock(&j->lock);
	if (j->pattern.p && !j->has_tried) {
		j->has_tried = true;
		j->hyperscan = hyperscan_new(j->pattern, j->ignore_case);
		if (j->hyperscan && !hyperscan_is_exact(j->hyperscan)) {
			hyperscan_free(j->hyperscan);
			j->hyperscan = NULL;
		}
	}
	struct hyperscan *h = j->hyperscan;
	pthread_mutex_unlock(&j->lock);
	return h;
}

/* Whether the line matches, by the automaton; false when nobody can tell, which is counted. */
static bool judge_line(struct matcher *m, struct str line, bool line_is_ascii)
{
	const struct hyperscan *h = line_is_ascii ? judge_of(m->regex->judge) : NULL;

	if (h && !m->judge_scratch)
		m->judge_scratch = hyperscan_scratch_new(h);
	if (h && m->judge_scratch)
		return hyperscan_find(h, m->judge_scratch, line.p, line.p + line.n) != NULL;
	count_limited(m);
	return false;
}

static bool line_matches(struct matcher *m, struct str line, bool line_is_ascii)
{
	const struct regex *r = m->regex;
	for (size_t i = 0; r->has_alone && i < line.n; i++)
		if ((unsigned char)line.p[i] < 128 && r->matches_alone[(unsigned char)line.p[i]])
			return true;
	const pcre2_code *code = line_is_ascii && r->ascii ? r->ascii : r->unicode;
	PCRE2_SPTR p = (PCRE2_SPTR)line.p;
	int result =
		r->has_jit ? pcre2_jit_match(code, p, line.n, 0, 0, m->match.data, m->match.context)
			   : pcre2_match(code, p, line.n, 0, 0, m->match.data, m->match.context);

	/* A pattern may begin with (*NO_JIT). */
	if (result == PCRE2_ERROR_JIT_BADOPTION)
		result = pcre2_match(
			code, p, line.n, 0, PCRE2_NO_JIT, m->match.data, m->match.context);
	if (result < 0 && result != PCRE2_ERROR_NOMATCH)
		return judge_line(m, line, line_is_ascii);
	return result >= 0;
}

/* ---- proposing ---- */

static const char *next_high(struct matcher *m, struct regex_walk *w)
{
	const char *end = w->text.p + w->text.n;

	if (!w->high || w->high < w->at) {
		w->high = m->regex->bytes->find_high(w->at, end);
		if (!w->high)
			w->high = end;
	}
	return w->high;
}

static const char *next_found(struct matcher *m, struct regex_walk *w)
{
	const struct regex *r = m->regex;
	const char *end = w->text.p + w->text.n;

	if (w->found && w->found >= w->at)
		return w->found;
	if (r->finder == FIND_LITERALS)
		w->found = literals_find(&r->literals, w->at, end);
	else
		w->found = hyperscan_find(r->hyperscan, m->scratch, w->at, end);
	if (!w->found)
		w->found = end;
	return w->found;
}

/* A place in the next line that may match; the end of the text when there is none. */
static const char *propose(struct matcher *m, struct regex_walk *w, bool *is_certain)
{
	const struct regex *r = m->regex;

	*is_certain = r->matches_all;
	if (r->finder == FIND_EVERY_LINE || (r->finder == FIND_HYPERSCAN && !m->scratch))
		return w->at;
	if (w->plain_lines) {
		w->plain_lines--;
		return w->at;
	}
	const char *found = next_found(m, w);
	const char *high = r->proposes_high ? next_high(m, w) : w->text.p + w->text.n;
	if (high < found)
		return high;
	*is_certain = r->is_certain;
	return found;
}

/* Finders cost more than they save where nearly every line is proposed. */
static void watch_streak(struct regex_walk *w, const char *line)
{
	w->streak = line == w->at ? w->streak + 1 : 0;
	if (w->streak == STREAK_MAX) {
		w->streak = 0;
		w->plain_lines = PLAIN_LINES;
	}
}

bool regex_next(struct matcher *m, struct regex_walk *w, struct str *line)
{
	const char *end = w->text.p + w->text.n;
	bool is_certain;

	while (w->at < end) {
		const char *hit = propose(m, w, &is_certain);
		if (hit >= end)
			break;
		const char *feed = memrchr(w->at, '\n', (size_t)(hit - w->at));
		const char *start = feed ? feed + 1 : w->at;
		feed = memchr(hit, '\n', (size_t)(end - hit));
		const char *stop = feed ? feed : end;
		*line = str_range(start, stop);
		if (is_certain) {
			w->at = feed ? feed + 1 : end;
			return true;
		}
		if (w->plain_lines == 0)
			watch_streak(w, start);
		w->at = start;
		bool is_ascii_line = next_high(m, w) >= stop;
		w->at = feed ? feed + 1 : end;
		if (line_matches(m, *line, is_ascii_line))
			return true;
	}
	w->at = end;
	return false;
}
