// SPDX-License-Identifier: MIT
#include "ui/highlight.h"

#include <ctype.h>
#include <string.h>

#include "base/language.h"

enum { WORD_MAX_BYTES = 64, COMMENT = STYLE_DIM };

struct family {
	const char *names; /* of languages (base/language.h), and words for what is none there */
	const char *line_comments[3];
	const char *block_comment, *block_end;
	const char *strings[6]; /* what begins and ends them; longer ones first */
	const char *keywords; /* between spaces */
	bool is_nocase;
	bool has_words_with_marks; /* # begins a comment at the beginning of a word only */
	bool strings_go_on; /* also short ones, to the next line */
	bool is_diff; /* a line's first character says it all */
};

#define C_WORDS \
	" abstract as async await bool boolean break byte case catch char class const constexpr " \
	"continue default defer delete do double dyn else enum explicit export extends extern false " \
	"final finally float fn for foreach from func function go goto if impl implements import in " \
	"inline instanceof int interface internal is let long loop match mod move mut namespace new " \
	"nil null nullptr object operator override package private protected pub public range " \
	"readonly record ref register return select self short signed sizeof static string struct " \
	"super switch template this throw throws trait true try type typedef typename typeof union " \
	"unsafe unsigned use using val var virtual void volatile when where while with yield "

static const struct family families[] = {
	{" C C++ JavaScript TypeScript Go Java Kotlin Swift C# PHP Scala Zig Dart Protobuf CSS ",
		{"//"}, "/*", "*/", {"\"", "'", "`"}, C_WORDS},
	/* Its lifetimes have one quote only. */
	{" Rust ", {"//"}, "/*", "*/", {"\""}, C_WORDS},
	{" Python Elixir Ruby Perl R Make CMake Meson ", {"#"}, NULL, NULL,
		{"\"\"\"", "'''", "\"", "'"},
		" False None True and as assert async await begin break case class continue def del do "
		"elif else elsif end endif except false finally for foreach from function global if "
		"import in is lambda module my next nil not or pass raise require rescue return self "
		"sub then true try unless until use while with yield "},
	{" Shell Dockerfile console zsh ", {"#"}, NULL, NULL, {"\"", "'"},
		" case cd do done echo elif else esac exec exit export fi for function if in local "
		"return set shift sudo then trap unset until while ",
		.has_words_with_marks = true, .strings_go_on = true},
	{" JSON jsonc json5 ", {"//"}, "/*", "*/", {"\""}, " false null true "},
	{" YAML TOML INI ", {"#"}, NULL, NULL, {"\"\"\"", "'''", "\"", "'"},
		" false no null off on true yes ", .has_words_with_marks = true},
	{" SQL sqlite postgres mysql ", {"--"}, "/*", "*/", {"'", "\""},
		" add all alter and as asc begin between by cascade case check column commit constraint "
		"create cross database default delete desc distinct drop else end exists explain false "
		"foreign from full group having if in index inner insert into is join key left like "
		"limit not null offset on or order outer primary references returning right rollback "
		"select set table then transaction true union unique update using values view when "
		"where with ",
		.is_nocase = true},
	{" Lua Haskell ", {"--"}, NULL, NULL, {"\""},
		" and break case class data do else elseif end false for function if import in instance "
		"let local module nil not of or repeat return then true type until where while "},
	{" diff patch ", .is_diff = true},
};

static bool has_word(const char *words, struct str word)
{
	AUTO(buf) needle = {0};

	buf_put_char(&needle, ' ');
	buf_put_str(&needle, word);
	buf_put_char(&needle, ' ');
	return str_contains(str_from(words), buf_str(&needle));
}

/* The table's name for a word behind a fence: "py" is Python, "main.c" and "c" are C. */
static struct str language_name(struct str word)
{
	for (const struct language *l = languages; l->name; l++) {
		if (str_eq_nocase(word, str_from(l->name)))
			return str_from(l->name);
		for (size_t i = 0; i < 6 && l->words[i]; i++)
			if (str_eq_nocase(word, str_from(l->words[i])))
				return str_from(l->name);
	}
	AUTO(buf) path = {0};
	buf_put_text(&path, "a.");
	buf_put_str(&path, word);
	const struct language *l = language_of(buf_str(&path));
	return l ? str_from(l->name) : word;
}

void highlight_release(struct highlight *h)
{
	buf_release(&h->held);
}

void highlight_begin(struct highlight *h, struct str language)
{
	struct buf held = h->held;
	struct str name = language_name(language);

	buf_clear(&held);
	*h = (struct highlight){.held = held};
	for (size_t i = 0; name.n && i < sizeof families / sizeof *families; i++)
		if (has_word(families[i].names, name))
			h->family = &families[i];
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Whether the rest begins with the mark; *may_follow when it could with more of it. */
static bool begins(struct str rest, const char *mark, bool *may_follow)
{
	struct str m = str_from(mark);

	if (rest.n < m.n && str_starts(m, rest))
		*may_follow = true;
	return str_starts(rest, m);
}

static void out(struct highlight *h, struct str text, uint8_t style, const struct pen *pen)
{
	pen_write(pen, text, style);
	h->before = text.p[text.n - 1];
}

static bool is_keyword(const struct family *f, struct str word)
{
	AUTO(buf) lower = {0};

	buf_put_str(&lower, word);
	for (size_t i = 0; f->is_nocase && i < lower.n; i++)
		lower.p[i] = (char)tolower((unsigned char)lower.p[i]);
	return has_word(f->keywords, buf_str(&lower));
}

/* Up to the end of what is open, or of the text. 0: more of it has to come. */
static size_t take_open(struct highlight *h, struct str rest, bool is_whole, const struct pen *pen)
{
	struct str until = str_from(h->until);
	size_t i = 0;
	bool may_follow = false;

	for (; i < rest.n; i++) {
		if (until.n && begins(str_skip(rest, i), h->until, &may_follow)) {
			i += until.n;
			h->until = NULL;
			break;
		}
		if (may_follow && !is_whole)
			break;
		if (rest.p[i] != '\\' || h->style == COMMENT)
			continue;
		if (i + 1 == rest.n && !is_whole)
			break;
		i += i + 1 < rest.n;
	}
	if (i)
		out(h, str_head(rest, i), h->style, pen);
	return i;
}

static size_t open_with(struct highlight *h, struct str rest, size_t mark, const char *until,
	uint8_t style, const struct pen *pen)
{
	h->until = until;
	h->style = style;
	out(h, str_head(rest, mark), style, pen);
	return mark;
}

/* A comment or a string that begins here. 0: none; *waits: one may, with more of the text. */
static size_t take_opening(struct highlight *h, struct str rest, bool *waits, const struct pen *pen)
{
	const struct family *f = h->family;
	bool is_apart = !f->has_words_with_marks || !h->before || h->before == ' ' ||
			h->before == '\t' || h->before == ';';

	for (size_t i = 0; i < 3 && f->line_comments[i] && is_apart; i++)
		if (begins(rest, f->line_comments[i], waits)) {
			h->is_line_only = true;
			return open_with(h, rest, strlen(f->line_comments[i]), "", COMMENT, pen);
		}
	if (f->block_comment && begins(rest, f->block_comment, waits)) {
		h->is_line_only = false;
		return open_with(h, rest, strlen(f->block_comment), f->block_end, COMMENT, pen);
	}
	for (size_t i = 0; i < 6 && f->strings[i]; i++) {
		const char *quote = f->strings[i];
		if (!begins(rest, quote, waits))
			continue;
		if (*waits)
			return 0;
		h->is_line_only = !(quote[1] || quote[0] == '`' || f->strings_go_on);
		return open_with(h, rest, strlen(quote), quote, COLOUR_GREEN, pen);
	}
	return 0;
}

/* A word, a number, or one other character. 0: the word may go on. */
static size_t take_plain(struct highlight *h, struct str rest, bool is_whole, const struct pen *pen)
{
	bool is_number = isdigit((unsigned char)rest.p[0]);
	size_t n = 1;

	if (!is_word(rest.p[0])) {
		out(h, str_head(rest, 1), 0, pen);
		return 1;
	}
	while (n < rest.n && n < WORD_MAX_BYTES &&
		(is_word(rest.p[n]) || (is_number && rest.p[n] == '.')))
		n++;
	/* A long word is no keyword, whatever its parts look like. */
	if (h->is_mid_word || n == WORD_MAX_BYTES) {
		h->is_mid_word = n == WORD_MAX_BYTES || n == rest.n;
		out(h, str_head(rest, n), 0, pen);
		return n;
	}
	if (n == rest.n && !is_whole)
		return 0;
	struct str word = str_head(rest, n);
	out(h, word, is_number ? COLOUR_CYAN : is_keyword(h->family, word) ? COLOUR_BLUE : 0, pen);
	return n;
}

static size_t take(struct highlight *h, struct str rest, bool is_whole, const struct pen *pen)
{
	bool waits = false;
	size_t n;

	if (h->until)
		return take_open(h, rest, is_whole, pen);
	if (!is_word(rest.p[0])) {
		h->is_mid_word = false;
		n = take_opening(h, rest, &waits, pen);
		if (n)
			return n;
		if (waits && !is_whole)
			return 0;
		/* Nothing more will come: what is there may still be a shorter one. */
	}
	return take_plain(h, rest, is_whole, pen);
}

static void write_held(struct highlight *h, bool is_whole, const struct pen *pen)
{
	size_t done = 0, n = 1;

	for (; done < h->held.n && n; done += n)
		n = take(h, str_skip(buf_str(&h->held), done), is_whole, pen);
	buf_drop_front(&h->held, done);
}

static uint8_t diff_style(char first)
{
	switch (first) {
	case '+': return COLOUR_GREEN;
	case '-': return COLOUR_RED;
	case '@': return COLOUR_CYAN;
	default: return 0;
	}
}

void highlight_put(struct highlight *h, struct str text, const struct pen *pen)
{
	if (!text.n)
		return;
	if (!h->family) {
		pen_write(pen, text, 0);
	} else if (h->family->is_diff) {
		if (!h->is_line_begun)
			h->style = diff_style(text.p[0]);
		pen_write(pen, text, h->style);
	} else {
		buf_put_str(&h->held, text);
		write_held(h, false, pen);
	}
	h->is_line_begun = true;
}

void highlight_end_line(struct highlight *h, const struct pen *pen)
{
	if (h->held.n)
		write_held(h, true, pen);
	if (h->is_line_only)
		h->until = NULL;
	h->is_mid_word = h->is_line_begun = false;
	h->before = '\0';
}
