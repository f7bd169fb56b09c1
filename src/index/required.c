// SPDX-License-Identifier: MIT
/*
 * A recursive descent over the pattern. Every part yields either all the strings it can match
 * (exact) or strings of which each match holds one (required), or nothing. Zero-width parts count
 * as the empty string: that allows more than the pattern does, which is the safe side.
 */
#include "index/required.h"

#include <ctype.h>

#include "base/vec.h"

enum {
	DEPTH_MAX = 60,
	TEXT_MAX = 48, /* bytes of one required string */
	CLASS_MAX = 6, /* members of a bracket expression that become strings */
	SCORE_ENOUGH = 64,
};

struct part {
	bool is_exact;
	size_t count;
	struct str texts[LITERALS_MAX];
};

struct parser {
	struct str pattern;
	size_t at;
	int depth;
	struct arena *arena;
	struct required *out;
	bool has_failed; /* syntax we do not know */
	bool has_width; /* a zero-width or choosing part: the pattern is not just text */
};

static const struct part part_nothing;

static struct part part_text(struct str s)
{
	return (struct part){.is_exact = true, .count = 1, .texts = {s}};
}

static bool more(const struct parser *p)
{
	return p->at < p->pattern.n && !p->has_failed;
}

static char peek(const struct parser *p, size_t ahead)
{
	return p->at + ahead < p->pattern.n ? p->pattern.p[p->at + ahead] : '\0';
}

static bool take(struct parser *p, const char *text)
{
	if (!str_starts(str_skip(p->pattern, p->at), str_from(text)))
		return false;
	p->at += strlen(text);
	return true;
}

static struct part give_up(struct parser *p)
{
	p->has_failed = true;
	return part_nothing;
}

/* ---- how useful a set of strings is ---- */

/* Bits of rarity of the commonest string, less what a set costs; 0: of no use. */
static unsigned score(const struct part *part)
{
	unsigned least = SCORE_ENOUGH;

	for (size_t i = 0; i < part->count; i++) {
		unsigned bits = 0;
		for (size_t k = 0; k < part->texts[i].n; k++)
			bits += byte_rarity[(uint8_t)part->texts[i].p[k]];
		least = bits < least ? bits : least;
	}
	if (part->count == 0 || least == 0)
		return 0;
	unsigned cost = part->count > 1 ? 2 + (unsigned)part->count / 2 : 0;
	return least > cost ? least - cost : 1;
}

static void keep_better(struct part *best, const struct part *other)
{
	if (score(other) > score(best))
		*best = *other;
	best->is_exact = false;
}

static bool put_text(struct part *part, struct str s)
{
	for (size_t i = 0; i < part->count; i++)
		if (str_eq(part->texts[i], s))
			return true;
	if (part->count == LITERALS_MAX)
		return false;
	part->texts[part->count++] = s;
	return true;
}

/* All of a followed by all of b, both exact. False when that is too much. */
static bool join(struct arena *arena, const struct part *a, const struct part *b, struct part *out)
{
	struct part joined = {.is_exact = true};

	if (a->count * b->count > LITERALS_MAX)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		for (size_t k = 0; k < b->count; k++) {
			struct str s = a->texts[i], t = b->texts[k];
			if (s.n + t.n > TEXT_MAX)
				return false;
			put_text(&joined, arena_printf(arena, "%.*s%.*s", STR_ARG(s), STR_ARG(t)));
		}
	}
	*out = joined;
	return true;
}

/* ---- atoms ---- */

static struct part literal_bytes(struct parser *p, const char *bytes, size_t n)
{
	char text[4];

	for (size_t i = 0; i < n; i++) {
		text[i] = bytes[i];
		if (!p->out->is_folded)
			continue;
		if ((uint8_t)text[i] >= 0x80)
			return part_nothing; /* its other case is not ours to know */
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] |= 0x20;
		p->out->has_fold_extra |= text[i] == 'k' || text[i] == 's';
	}
	/* Neither is in any line; and a line end found in a block is no match. */
	if (n == 0 || memchr(text, '\0', n) || memchr(text, '\n', n))
		return part_nothing;
	return part_text(arena_copy(p->arena, (struct str){text, n}));
}

/* One character as it stands: one to four bytes. */
static struct part take_character(struct parser *p)
{
	size_t from = p->at++;

	while (p->at < p->pattern.n && p->at - from < 4 &&
		((uint8_t)p->pattern.p[p->at] & 0xc0) == 0x80 &&
		(uint8_t)p->pattern.p[from] >= 0xc0)
		p->at++;
	return literal_bytes(p, p->pattern.p + from, p->at - from);
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9'                     ? c - '0'
	       : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
							: -1;
}

/* Behind "\": a letter or sign that stands for one ASCII character; -1 when it does not. */
static int escaped_character(struct parser *p)
{
	static const char letters[] = "tnrfae", values[] = "\t\n\r\f\a\x1b";
	char c = peek(p, 0);
	const char *letter = c ? strchr(letters, c) : NULL;

	if (letter) {
		p->at++;
		return values[letter - letters];
	}
	if (c == 'x' && hex_value(peek(p, 1)) >= 0 && hex_value(peek(p, 2)) >= 0) {
		int value = hex_value(peek(p, 1)) * 16 + hex_value(peek(p, 2));
		if (value >= 0x80)
			return -1;
		p->at += 3;
		return value;
	}
	bool is_sign = c > ' ' && c < 0x7f && !(c >= '0' && c <= '9') &&
		       !((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
	if (!is_sign && c != ' ')
		return -1;
	p->at++;
	return c;
}

static struct part take_property(struct parser *p)
{
	p->at++;
	if (!take(p, "{")) {
		p->at++;
		return part_nothing;
	}
	size_t end = str_find_char(p->pattern, '}', p->at);
	if (end == SIZE_MAX)
		return give_up(p);
	p->at = end + 1;
	return part_nothing;
}

/* \Q...\E; at is behind \Q. What follows it repeats the last character only: no strings then. */
static struct part take_quoted(struct parser *p)
{
	size_t end = str_find(p->pattern, STR("\\E"), p->at);
	struct part whole = part_text(STR(""));

	if (end == SIZE_MAX)
		end = p->pattern.n;
	while (p->at < end) {
		struct part one = take_character(p);
		if (!whole.is_exact || !one.is_exact || !join(p->arena, &whole, &one, &whole))
			whole = part_nothing;
	}
	p->at = end + 2 < p->pattern.n ? end + 2 : p->pattern.n;
	if (more(p) && strchr("*+?{", peek(p, 0)))
		return give_up(p);
	return whole;
}

static struct part take_escape(struct parser *p)
{
	p->at++;
	char c = peek(p, 0), text;

	if (c && strchr("AZzG", c))
		p->out->has_text_anchor = true;
	if (c && strchr("AZzGbB", c)) {
		p->at++;
		p->has_width = true;
		return part_text(STR(""));
	}
	if (c && strchr("dDwWsShHvVNRX", c)) {
		p->at++;
		if (c == 'N' && peek(p, 0) == '{')
			return give_up(p);
		return part_nothing;
	}
	if (c == 'p' || c == 'P')
		return take_property(p);
	if (c == 'Q') {
		p->at++;
		return take_quoted(p);
	}
	int value = escaped_character(p);
	if (value < 0)
		return give_up(p);
	text = (char)value;
	p->out->has_line_end |= text == '\n';
	return literal_bytes(p, &text, 1);
}

/* One member of a bracket expression or the start of a range; -1 for what is no ASCII character. */
static int class_member(struct parser *p)
{
	if (peek(p, 0) == '[' && peek(p, 1) && strchr(":.=", peek(p, 1))) {
		size_t end = str_find(p->pattern, STR(":]"), p->at + 2);
		/* "[:" alone is two plain signs; which it is, is not worth telling. */
		bool is_name = end != SIZE_MAX && peek(p, 1) == ':';
		for (size_t i = p->at + 2; is_name && i < end; i++)
			is_name = p->pattern.p[i] == '^' || islower((unsigned char)p->pattern.p[i]);
		if (!is_name)
			p->has_failed = true;
		else
			p->at = end + 2;
		return -1;
	}
	char c = peek(p, 0);
	if (c != '\\') {
		(void)take_character(p);
		return (uint8_t)c < 0x80 ? c : -1;
	}
	p->at++;
	c = peek(p, 0);
	if (c == 'p' || c == 'P') {
		take_property(p);
		return -1;
	}
	if (c && strchr("dDwWsShHvVb", c)) {
		p->at++;
		return -1;
	}
	int value = escaped_character(p);
	if (value < 0)
		p->has_failed = true;
	return value;
}

/* "[...]"; at is behind '['. */
static struct part take_class(struct parser *p)
{
	struct part members = {.is_exact = true};
	bool is_open = take(p, "^");

	for (size_t first = p->at; more(p) && (peek(p, 0) != ']' || p->at == first);) {
		int low = class_member(p), high = low;
		if (peek(p, 0) == '-' && peek(p, 1) != ']' && peek(p, 1)) {
			p->at++;
			high = class_member(p);
		}
		is_open |= low < 0 || high < low || high - low >= CLASS_MAX;
		for (int c = low; c <= high && !is_open; c++) {
			char text = (char)c;
			struct part one = literal_bytes(p, &text, 1);
			is_open |= !one.is_exact || members.count >= CLASS_MAX ||
				   !put_text(&members, one.texts[0]);
		}
	}
	if (!take(p, "]"))
		return give_up(p);
	return is_open ? part_nothing : members;
}

static struct part take_choice(struct parser *p);

/* "(...)"; at is behind '('. */
static struct part take_group(struct parser *p)
{
	static const char *const opens[] = {"?:", "?>", "?=", "?!", "?<=", "?<!"};
	bool is_width = true;

	if (peek(p, 0) == '*' || ++p->depth > DEPTH_MAX)
		return give_up(p);
	if (peek(p, 0) == '?') {
		size_t i = 0, count = sizeof opens / sizeof *opens;
		while (i < count && !take(p, opens[i]))
			i++;
		is_width = i < 2 || i == count;
		if (i == count) {
			/* (?<name> (?P<name> (?'name' */
			bool is_named = take(p, "?<") || take(p, "?P<") || take(p, "?'");
			char last = is_named && p->pattern.p[p->at - 1] == '\'' ? '\'' : '>';
			size_t end = str_find_char(p->pattern, last, p->at);
			if (!is_named || end == SIZE_MAX)
				return give_up(p);
			p->at = end + 1;
		}
	}
	struct part inner = take_choice(p);
	if (!take(p, ")"))
		return give_up(p);
	p->depth--;
	if (is_width)
		return inner;
	p->has_width = true;
	return part_text(STR(""));
}

static struct part take_atom(struct parser *p)
{
	switch (peek(p, 0)) {
	case '\\': return take_escape(p);
	case '[': p->at++; return take_class(p);
	case '(': p->at++; return take_group(p);
	case '.': p->at++; return part_nothing;
	case '^':
	case '$':
		p->at++;
		p->has_width = true;
		return part_text(STR(""));
	default: return take_character(p);
	}
}

/* ---- repetition, sequence, choice ---- */

/* "{n}", "{n,}", "{n,m}" as PCRE2 10.42 reads them; anything else in braces is text. */
static bool take_counts(struct parser *p, unsigned *least, unsigned *most)
{
	size_t at = p->at + 1;
	unsigned numbers[2] = {0, UINT32_MAX};
	bool has_digit = false;
	int which = 0;

	for (; at < p->pattern.n && p->pattern.p[at] != '}'; at++) {
		char c = p->pattern.p[at];
		if (c == ',' && which == 0 && has_digit) {
			which = 1;
		} else if (c >= '0' && c <= '9') {
			unsigned old =
				which == 1 && p->pattern.p[at - 1] == ',' ? 0 : numbers[which];
			numbers[which] = old * 10 + (unsigned)(c - '0');
			has_digit = true;
		} else {
			return false;
		}
	}
	if (at == p->pattern.n || !has_digit)
		return false;
	p->at = at + 1;
	*least = numbers[0];
	*most = which ? numbers[1] : numbers[0];
	return true;
}

static bool take_repeat(struct parser *p, unsigned *least, unsigned *most)
{
	*least = *most = 1;
	if (take(p, "*")) {
		*least = 0;
		*most = UINT32_MAX;
	} else if (take(p, "+")) {
		*most = UINT32_MAX;
	} else if (take(p, "?")) {
		*least = 0;
	} else if (peek(p, 0) != '{' || !take_counts(p, least, most)) {
		return false;
	}
	if (!take(p, "?"))
		(void)take(p, "+");
	return true;
}

static struct part repeat(struct parser *p, struct part one, unsigned least, unsigned most)
{
	struct part all = part_text(STR(""));

	if (least == 0 && most == 1 && one.is_exact && put_text(&one, STR("")))
		return one;
	if (least == 0)
		return part_nothing;
	if (!one.is_exact)
		return one;
	unsigned done = 0;
	while (done < least && done < TEXT_MAX && join(p->arena, &all, &one, &all))
		done++;
	all.is_exact = done == least && most == least;
	return done ? all : part_nothing;
}

static struct part take_item(struct parser *p)
{
	struct part one = take_atom(p);
	unsigned least, most;

	while (more(p) && take_repeat(p, &least, &most)) {
		p->has_width = true;
		one = repeat(p, one, least, most);
	}
	return one;
}

static struct part take_sequence(struct parser *p)
{
	struct part run = part_text(STR("")), best = part_nothing;
	bool is_exact = true;

	while (more(p) && peek(p, 0) != '|' && peek(p, 0) != ')') {
		struct part item = take_item(p);
		if (item.is_exact && join(p->arena, &run, &item, &run))
			continue;
		is_exact = false;
		keep_better(&best, &run);
		if (!item.is_exact)
			keep_better(&best, &item);
		run = item.is_exact ? item : part_text(STR(""));
	}
	if (is_exact)
		return run;
	keep_better(&best, &run);
	return best;
}

static struct part take_choice(struct parser *p)
{
	struct part all = take_sequence(p);

	while (more(p) && take(p, "|")) {
		struct part next = take_sequence(p);
		p->has_width = true;
		bool is_known = all.count && next.count;
		for (size_t i = 0; i < next.count && is_known; i++)
			is_known = put_text(&all, next.texts[i]);
		all.is_exact &= next.is_exact;
		if (!is_known)
			all = part_nothing;
	}
	return all;
}

/* (?i) in front; other letters only where they change nothing for single lines. */
static void take_flags(struct parser *p)
{
	size_t at = 2;

	if (!str_starts(p->pattern, STR("(?")))
		return;
	while (peek(p, at) && strchr("ism", peek(p, at)))
		at++;
	if (peek(p, at) != ')' || at == 2)
		return;
	for (size_t i = 2; i < at; i++)
		p->out->is_folded |= peek(p, i) == 'i';
	p->at = at + 1;
	p->has_width = true;
}

struct required required_find(struct str pattern, bool ignore_case, struct arena *a)
{
	struct required r = {.is_folded = ignore_case};
	struct parser p = {.pattern = pattern, .arena = a, .out = &r};

	take_flags(&p);
	struct part all = take_choice(&p);
	if (p.has_failed || p.at != pattern.n)
		return (struct required){0};
	r.is_simple = true;
	r.rarity_bits = score(&all);
	if (r.rarity_bits == 0)
		return r;
	r.is_whole = all.is_exact && !p.has_width;
	for (size_t i = 0; i < all.count; i++)
		r.texts[r.count++] = all.texts[i];
	return r;
}
