// SPDX-License-Identifier: MIT
#include "ui/inline.h"

#include <string.h>

/* Marks of source bytes that are no style: not shown; a space in its place. */
enum { HIDDEN = COLOUR_MASK, AS_SPACE = COLOUR_MASK | 1 };

/* A run of delimiters that may begin something; its last ones are used first. */
struct opener {
	size_t at, count;
	char c;
};

struct bracket {
	size_t from, at; /* with the ! of an image; the bracket itself */
};

struct span {
	size_t from, end;
};

struct scan {
	struct str source;
	bool is_whole;
	char before;
	struct buf marks; /* a style a byte */
	VEC(struct opener) openers;
	VEC(struct bracket) brackets;
	VEC(struct span) spans;
	size_t certain;
};

static void scan_release(struct scan *s)
{
	buf_release(&s->marks);
	vec_release(&s->openers);
	vec_release(&s->brackets);
	vec_release(&s->spans);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* ASCII only: other scripts set their marks next to letters, and are still emphasised. */
static bool is_punctuation(char c)
{
	return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
	       (c >= '{' && c <= '~');
}

static void wait_from(struct scan *s, size_t at)
{
	if (!s->is_whole && at < s->certain)
		s->certain = at;
}

/* What begins at from can still go on to its end. */
static bool is_open(const struct scan *s, size_t from)
{
	return !s->is_whole && s->source.n - from <= SPAN_MAX_BYTES;
}

static void mark(struct scan *s, size_t from, size_t end, uint8_t value)
{
	memset(s->marks.p + from, value, end - from);
}

static void add_style(struct scan *s, size_t from, size_t end, uint8_t style)
{
	for (size_t i = from; i < end; i++)
		if (((uint8_t)s->marks.p[i] & COLOUR_MASK) != HIDDEN)
			s->marks.p[i] |= (char)style;
}

/* Longer ones count as several: a whole one means nothing, so that what is open is bounded. */
enum { RUN_MAX_BYTES = 64 };

static size_t run_length(struct str source, size_t at)
{
	size_t end = at + 1;

	while (end < source.n && end - at < RUN_MAX_BYTES && source.p[end] == source.p[at])
		end++;
	return end - at;
}

static size_t take_escape(struct scan *s, size_t at)
{
	if (at + 1 == s->source.n) {
		wait_from(s, at);
		return at + 1;
	}
	if (!is_punctuation(s->source.p[at + 1]))
		return at + 1;
	mark(s, at, at + 1, HIDDEN);
	return at + 2;
}

/* ---- code ---- */

/* The run of as many backticks that ends the code, or SIZE_MAX. */
static size_t find_backticks(const struct scan *s, size_t at, size_t count)
{
	size_t end = s->source.n < at + SPAN_MAX_BYTES ? s->source.n : at + SPAN_MAX_BYTES, n;

	for (size_t i = at + count; i < end; i += n) {
		i = str_find_char(s->source, '`', i);
		if (i >= end)
			break;
		n = run_length(s->source, i);
		/* At the end of what is there it may become longer. */
		if (n == count && (i + n < s->source.n || s->is_whole))
			return i;
	}
	return SIZE_MAX;
}

static size_t take_code(struct scan *s, size_t at)
{
	size_t count = run_length(s->source, at), close = find_backticks(s, at, count);
	size_t from = at + count;

	if (count == RUN_MAX_BYTES)
		return from;
	if (close == SIZE_MAX) {
		if (is_open(s, at))
			wait_from(s, at);
		return from;
	}
	const char *text = s->source.p;
	bool is_padded = close - from > 2 && text[from] == ' ' && text[close - 1] == ' ';
	mark(s, at, from + is_padded, HIDDEN);
	mark(s, from + is_padded, close - is_padded, COLOUR_CYAN);
	mark(s, close - is_padded, close + count, HIDDEN);
	vec_push(&s->spans, (struct span){at, close + count});
	return close + count;
}

/* ---- emphasis ---- */

/* Which of the open runs a closing one at at belongs to; SIZE_MAX none. */
static size_t find_opener(const struct scan *s, char c, size_t at)
{
	for (size_t i = s->openers.n; i-- > 0;) {
		const struct opener *o = &s->openers.p[i];
		if (at - o->at >= SPAN_MAX_BYTES)
			return SIZE_MAX;
		if (o->c == c)
			return i;
	}
	return SIZE_MAX;
}

/* Closes what the run closes; *at and *count become what is left of it. */
static void close_runs(struct scan *s, char c, size_t *at, size_t *count)
{
	size_t found;

	while (*count && (found = find_opener(s, c, *at)) != SIZE_MAX) {
		struct opener *o = &s->openers.p[found];
		size_t used = o->count >= 2 && *count >= 2 ? 2 : 1, from = o->at + o->count - used;
		uint8_t style = c == '~' ? STYLE_STRIKE : used == 2 ? STYLE_BOLD : STYLE_ITALIC;
		mark(s, from, from + used, HIDDEN);
		add_style(s, from + used, *at, style);
		mark(s, *at, *at + used, HIDDEN);
		vec_push(&s->spans, (struct span){from, *at + used});
		o->count -= used;
		*at += used;
		*count -= used;
		s->openers.n = found + (o->count > 0);
	}
}

static size_t take_run(struct scan *s, size_t at)
{
	char c = s->source.p[at];
	size_t count = run_length(s->source, at), end = at + count;
	char before = at ? s->source.p[at - 1] : s->before;
	char after = end < s->source.n ? s->source.p[end] : ' ';
	bool is_left = !is_space(after) &&
		       (!is_punctuation(after) || is_space(before) || is_punctuation(before));
	bool is_right = !is_space(before) &&
			(!is_punctuation(before) || is_space(after) || is_punctuation(after));
	bool opens = is_left, closes = is_right;

	if (count == RUN_MAX_BYTES)
		return end;
	/* What it does depends on what comes. */
	if (end == s->source.n && !s->is_whole) {
		wait_from(s, at);
		mark(s, at, end, HIDDEN);
		return end;
	}
	if (c == '~' && count != 2)
		return end;
	if (c == '_') {
		opens = is_left && (!is_right || is_punctuation(before));
		closes = is_right && (!is_left || is_punctuation(after));
	}
	if (closes)
		close_runs(s, c, &at, &count);
	if (opens && count)
		vec_push(&s->openers, (struct opener){at, count, c});
	return end;
}

/* ---- links ---- */

/* The parenthesis that ends what begins behind from, or SIZE_MAX. */
static size_t find_parenthesis(struct str source, size_t from, size_t end)
{
	size_t depth = 1;

	for (size_t i = from; i < end; i++) {
		if (source.p[i] == '\\')
			i++;
		else if (source.p[i] == '(')
			depth++;
		else if (source.p[i] == ')' && --depth == 0)
			return i;
	}
	return SIZE_MAX;
}

/* "[text](address)" is shown as "text (address)"; once where both are the same. */
static void show_link(struct scan *s, const struct bracket *b, size_t middle, size_t end)
{
	struct str text = str_range(s->source.p + b->at + 1, s->source.p + middle);
	struct str address = str_range(s->source.p + middle + 2, s->source.p + end);

	mark(s, b->from, b->at + 1, HIDDEN);
	add_style(s, b->at + 1, middle, STYLE_UNDERLINE);
	if (!address.n || address.p[0] == '#' || str_eq(text, address)) {
		mark(s, middle, end + 1, HIDDEN);
	} else {
		mark(s, middle, middle + 1, AS_SPACE);
		mark(s, middle + 1, end + 1, STYLE_DIM);
	}
	vec_push(&s->spans, (struct span){b->from, end + 1});
}

static size_t take_bracket(struct scan *s, size_t at)
{
	struct str source = s->source;

	if (!s->brackets.n)
		return at + 1;
	struct bracket b = s->brackets.p[s->brackets.n - 1];
	if (at + 1 == source.n && is_open(s, b.from)) {
		wait_from(s, b.from);
		return at + 1;
	}
	s->brackets.n--;
	/* That it is over, too, holds only where all between them is certain. */
	vec_push(&s->spans, (struct span){b.from, at + 1});
	if (at - b.from > SPAN_MAX_BYTES || at + 1 >= source.n || source.p[at + 1] != '(')
		return at + 1;
	size_t limit = b.from + SPAN_MAX_BYTES + 1;
	size_t end = find_parenthesis(source, at + 2, source.n < limit ? source.n : limit);
	if (end == SIZE_MAX) {
		if (is_open(s, b.from))
			wait_from(s, b.from);
		return at + 1;
	}
	show_link(s, &b, at, end);
	return end + 1;
}

static size_t take_open_bracket(struct scan *s, size_t at)
{
	bool is_image = at && s->source.p[at - 1] == '!';

	vec_push(&s->brackets, (struct bracket){at - is_image, at});
	return at + 1;
}

/* ---- the whole ---- */

static size_t take(struct scan *s, size_t at)
{
	switch (s->source.p[at]) {
	case '\\': return take_escape(s, at);
	case '`': return take_code(s, at);
	case '*':
	case '_':
	case '~': return take_run(s, at);
	case '[': return take_open_bracket(s, at);
	case ']': return take_bracket(s, at);
	case '!':
		if (at + 1 == s->source.n)
			wait_from(s, at);
		return at + 1;
	default: return at + 1;
	}
}

/* What is open, and what lies across its beginning, can still change. */
static void find_certain(struct scan *s)
{
	bool has_changed = true;

	vec_each (&s->openers, o)
		if (is_open(s, o->at))
			wait_from(s, o->at);
	vec_each (&s->brackets, b)
		if (is_open(s, b->from))
			wait_from(s, b->from);
	while (has_changed) {
		has_changed = false;
		vec_each (&s->spans, span)
			if (span->from < s->certain && s->certain < span->end) {
				s->certain = span->from;
				has_changed = true;
			}
	}
}

static size_t put_shown(struct styled *out, const struct scan *s, size_t end, uint8_t style)
{
	size_t start = out->text.n, to;

	for (size_t at = 0; at < end; at = to) {
		uint8_t value = (uint8_t)s->marks.p[at];
		to = at + 1;
		while (to < end && (uint8_t)s->marks.p[to] == value)
			to++;
		if (value == AS_SPACE)
			styled_put(out, STR(" "), style);
		else if (value != HIDDEN)
			styled_put(
				out, str_range(s->source.p + at, s->source.p + to), style | value);
	}
	/* A tab has no width of its own. */
	for (size_t i = start; i < out->text.n; i++)
		if (out->text.p[i] == '\t')
			out->text.p[i] = ' ';
	return out->text.n - start;
}

struct inline_certain inline_put(
	struct styled *out, struct str source, char before, bool is_whole, uint8_t style)
{
	AUTO(scan)
	s = {.source = source, .is_whole = is_whole, .before = before, .certain = source.n};
	size_t start = out->text.n;

	if (!source.n || !buf_reserve(&s.marks, source.n))
		return (struct inline_certain){0};
	memset(s.marks.p, 0, source.n);
	for (size_t at = 0; at < source.n;)
		at = take(&s, at);
	find_certain(&s);
	size_t shown = put_shown(out, &s, s.certain, style);
	styled_cut(out, start);
	put_shown(out, &s, source.n, style);
	return (struct inline_certain){s.certain, shown};
}
