// SPDX-License-Identifier: MIT
/* From text to words: what each looks like and what it can mean, mistypes allowed for. */
#include <ctype.h>

#include "llm/offline.h"

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static const char *const small_numbers[] = {"zero", "one", "two", "three", "four", "five", "six",
	"seven", "eight", "nine", "ten", "eleven", "twelve", NULL};

/* "10kb", "2MB". */
static bool read_unit(struct word *w, struct str unit)
{
	int64_t scale = str_eq_nocase(unit, STR("kb")) || str_eq_nocase(unit, STR("k"))   ? 1 << 10
			: str_eq_nocase(unit, STR("mb")) || str_eq_nocase(unit, STR("m")) ? 1 << 20
											  : 0;

	if (!scale || w->first > INT64_MAX / scale)
		return false;
	w->first *= scale;
	w->is_bytes = true;
	return true;
}

static bool read_number(struct word *w)
{
	struct str rest = w->text;

	for (int i = 2; small_numbers[i]; i++)
		if (str_eq_nocase(rest, str_from(small_numbers[i]))) {
			w->first = i;
			return true;
		}
	if (rest.n && (rest.p[0] == '-' || rest.p[0] == '#'))
		rest = str_skip(rest, 1);
	if (rest.n && (rest.p[0] == 'L' || rest.p[0] == 'l'))
		rest = str_skip(rest, 1);
	size_t digits = 0;
	while (digits < rest.n && isdigit((unsigned char)rest.p[digits]))
		digits++;
	if (digits == 0 || !str_int(str_head(rest, digits), &w->first))
		return false;
	rest = str_skip(rest, digits);
	if (read_unit(w, rest))
		return true;
	if (str_is(rest, "st") || str_is(rest, "nd") || str_is(rest, "rd") || str_is(rest, "th"))
		return true;
	while (rest.n && strchr("-.:,L", rest.p[0]))
		rest = str_skip(rest, 1);
	if (rest.n == 0)
		return true;
	if (rest.n > 3 && str_starts(rest, STR("\xe2\x80\x93"))) /* an en dash */
		rest = str_skip(rest, 3);
	return str_int(rest, &w->last);
}

struct str offline_base(struct str path)
{
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;

	return slash ? str_range(slash + 1, path.p + path.n) : path;
}

/* "retry.c:10-20" and "retry.c#L10" to the path and its lines. */
static void split_lines_off(struct word *w)
{
	for (size_t i = w->text.n; i-- > 1;) {
		char c = w->text.p[i];
		if (c != ':' && c != '#')
			continue;
		struct word number = {.text = str_skip(w->text, i + 1)};
		if (read_number(&number)) {
			w->first = number.first;
			w->last = number.last;
			w->text = str_head(w->text, i);
		}
		return;
	}
}

static struct str ending_of(struct str text)
{
	struct str base = offline_base(text);
	const char *dot = base.n ? memrchr(base.p, '.', base.n) : NULL;

	return dot ? str_skip(base, (size_t)(dot - base.p) + 1) : (struct str){0};
}

static bool is_file_ending(struct str text)
{
	static const char others[] =
		" png jpg jpeg gif svg ico webp pdf lock in log env gz zip patch "
		"o a so dat bin db tmp bak out map gitignore editorconfig example sample csv tsv ";
	struct str ending = ending_of(text);

	return ending.n && (language_of(text) || lexicon_lists(others, ending));
}

static bool looks_like_path(struct str text)
{
	static const char *const not_paths[] = {"and/or", "or/and", "e.g", "i.e", "etc", NULL};

	for (int i = 0; not_paths[i]; i++)
		if (str_eq_nocase(text, str_from(not_paths[i])))
			return false;
	if (str_find_char(text, '/', 0) != SIZE_MAX)
		return text.n > 1 && !str_starts(text, STR("//")) &&
		       str_find_char(text, '(', 0) == SIZE_MAX;
	return is_file_ending(text) && str_find_char(text, '(', 0) == SIZE_MAX;
}

static bool looks_like_name(struct str text)
{
	bool has_letter = false;
	size_t upper = 0, lower = 0, digits = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (i && isupper((unsigned char)c) && islower((unsigned char)text.p[i - 1]))
			return true;
		upper += isupper((unsigned char)c) != 0;
		lower += islower((unsigned char)c) != 0;
		digits += isdigit((unsigned char)c) != 0;
		has_letter |= isalpha((unsigned char)c) != 0;
		if (c == '_' && text.n > 1)
			return true;
		if (i && i + 1 < text.n && (c == '.' || c == ':') && is_name_byte(text.p[i - 1]) &&
			is_name_byte(text.p[i + 1]))
			return true;
		if (c == ':' && i + 2 < text.n && text.p[i + 1] == ':')
			return true;
	}
	return has_letter && ((upper >= 2 && !lower) || (digits && lower + upper));
}

/* ".py" is a kind of file, ".gitignore" is a file. */
static bool read_ending(struct word *w, struct arena *a)
{
	if (w->text.n < 2 || w->text.p[0] != '.' || w->text.n > 6 ||
		str_find_char(w->text, '/', 0) != SIZE_MAX ||
		str_find_char(w->text, '.', 1) != SIZE_MAX)
		return false;
	w->text = arena_printf(a, "*%.*s", STR_ARG(w->text));
	w->kind = WORD_GLOB;
	return true;
}

static bool has_one_of(struct str s, const char *set)
{
	for (size_t i = 0; i < s.n; i++)
		if (strchr(set, s.p[i]) && s.p[i])
			return true;
	return false;
}

static void read_plain(struct word *w, bool is_shouting, struct arena *a)
{
	struct str low = offline_lower(w->text, a);
	size_t apostrophe = str_find_char(low, '\'', 0);

	w->kind = WORD_PLAIN;
	w->low = apostrophe != SIZE_MAX && apostrophe > 0 ? str_head(low, apostrophe) : low;
	if (apostrophe != SIZE_MAX && str_ends(low, STR("n't")) && apostrophe > 1)
		w->low = low;
	if (lexicon_look_up(w, a))
		return;
	if (looks_like_name(w->text) && !is_shouting) {
		w->kind = WORD_NAME;
		return;
	}
	lexicon_guess(w, a);
}

static void read_word(struct word *w, bool is_shouting, struct arena *a)
{
	if (has_one_of(w->text, "*{") || (has_one_of(w->text, "[") && has_one_of(w->text, "]/"))) {
		w->kind = WORD_GLOB;
	} else if (str_ends(w->text, STR("()"))) {
		w->kind = WORD_NAME;
		w->text = str_head(w->text, w->text.n - 2);
	} else if (read_number(w)) {
		w->kind = WORD_NUMBER;
	} else if (!read_ending(w, a)) {
		struct word whole = *w;
		split_lines_off(w);
		if (looks_like_path(w->text)) {
			w->kind = WORD_PATH;
		} else {
			*w = whole;
			read_plain(w, is_shouting, a);
		}
	}
	if (w->text.n == 0)
		w->kind = WORD_STOP;
}

/* Length of the quoted text's closing mark's position, 0 when there is no quotation here. */
static size_t quotation(struct str rest, size_t *mark_bytes, size_t *closing_bytes)
{
	static const struct {
		const char *opening, *closing;
	} marks[] = {{"```", "```"}, {"`", "`"}, {"\"", "\""}, {"'", "'"},
		{"\xe2\x80\x9c", "\xe2\x80\x9d"}, {"\xe2\x80\x98", "\xe2\x80\x99"},
		{"\xc2\xab", "\xc2\xbb"}};

	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		struct str opening = str_from(marks[i].opening),
			   closing = str_from(marks[i].closing);
		if (!str_starts(rest, opening))
			continue;
		for (size_t at = str_find(rest, closing, opening.n); at != SIZE_MAX;
			at = str_find(rest, closing, at + 1)) {
			char next = at + closing.n < rest.n ? rest.p[at + closing.n] : ' ';
			if (at == opening.n || (opening.p[0] == '\'' && is_name_byte(next)))
				continue;
			*mark_bytes = opening.n;
			*closing_bytes = closing.n;
			return at;
		}
	}
	return 0;
}

static bool is_shouted(struct str text)
{
	size_t upper = 0, lower = 0;

	for (size_t i = 0; i < text.n; i++) {
		upper += isupper((unsigned char)text.p[i]) != 0;
		lower += islower((unsigned char)text.p[i]) != 0;
	}
	return upper > 8 && upper > lower * 3;
}

struct reading {
	struct str rest;
	VEC(struct word) words;
	struct arena *a;
	bool is_shouting;
};

static void take_quoted(struct reading *r, size_t end, size_t mark, size_t closing)
{
	struct word w = {.kind = WORD_QUOTED,
		.text = str_trim(str_range(r->rest.p + mark, r->rest.p + end))};

	if (str_ends(w.text, STR("()")))
		w.text = str_head(w.text, w.text.n - 2);
	if (w.text.n)
		vec_push(&r->words, w);
	r->rest = str_skip(r->rest, end + closing);
}

static void take_word(struct reading *r)
{
	size_t n = 0;

	while (n < r->rest.n && !isspace((unsigned char)r->rest.p[n]) &&
		!strchr("\"`;", r->rest.p[n]))
		n++;
	struct str text = str_head(r->rest, n ? n : 1);
	size_t whole = text.n, stops = 0;

	while (text.n && strchr("?!.,;:)]'\"", text.p[text.n - 1]) && !str_ends(text, STR("()")) &&
		!str_is(text, "..") && !str_is(text, ".")) {
		text.n--;
		stops++;
	}
	while (text.n > 1 && strchr("([", text.p[0])) {
		text = str_skip(text, 1);
	}
	if (text.n && text.p[0] != '\0') {
		struct word w = {.text = text};
		read_word(&w, r->is_shouting, r->a);
		vec_push(&r->words, w);
	}
	for (size_t i = whole - stops; i < whole; i++)
		if (strchr("?!.,;:", r->rest.p[i]))
			vec_push(&r->words,
				(struct word){.kind = WORD_STOP,
					.text = str_range(r->rest.p + i, r->rest.p + i + 1)});
	r->rest = str_skip(r->rest, whole);
}

struct words offline_words(struct str text, struct arena *a)
{
	struct reading r = {.rest = str_head(text, 8000), .a = a, .is_shouting = is_shouted(text)};

	while (r.rest.n) {
		size_t mark, closing, end;
		if (isspace((unsigned char)r.rest.p[0])) {
			if (r.rest.p[0] == '\n')
				vec_push(&r.words, (struct word){.kind = WORD_STOP,
							   .text = str_head(r.rest, 1)});
			r.rest = str_skip(r.rest, 1);
		} else if ((end = quotation(r.rest, &mark, &closing))) {
			take_quoted(&r, end, mark, closing);
		} else if (strchr("\"`;", r.rest.p[0])) {
			if (r.rest.p[0] == ';')
				vec_push(&r.words, (struct word){.kind = WORD_STOP,
							   .text = str_head(r.rest, 1)});
			r.rest = str_skip(r.rest, 1);
		} else {
			take_word(&r);
		}
	}
	struct words out = {arena_alloc(a, r.words.n + 1, sizeof *out.p), r.words.n};
	for (size_t i = 0; i < r.words.n; i++)
		out.p[i] = r.words.p[i];
	vec_release(&r.words);
	return out;
}
