// SPDX-License-Identifier: MIT
#include "agent/tool/html_out.h"

#include <string.h>

void html_out_release(struct html_out *o)
{
	buf_release(&o->opening);
	buf_release(&o->prefix);
	buf_release(&o->marker);
}

void html_out_break(struct html_out *o, unsigned breaks)
{
	if (o->inlines) {
		o->wants_space = true;
		return;
	}
	o->wants_space = false;
	if (o->breaks < breaks)
		o->breaks = breaks;
}

static void put_trimmed(struct buf *out, struct str prefix)
{
	while (prefix.n && prefix.p[prefix.n - 1] == ' ')
		prefix.n--;
	buf_put_str(out, prefix);
}

static void put_prefix(struct html_out *o)
{
	if (!o->marker.n) {
		buf_put_str(o->text, buf_str(&o->prefix));
		return;
	}
	buf_put_str(o->text, str_head(buf_str(&o->prefix), o->marker_at));
	buf_put_str(o->text, buf_str(&o->marker));
	buf_clear(&o->marker);
}

/* Whatever waits goes before the next character. */
static void flush(struct html_out *o)
{
	bool is_first = o->text->n == 0;

	if (o->breaks || is_first || o->marker.n) {
		if (!is_first)
			buf_put_char(o->text, '\n');
		if (o->breaks > 1 && !is_first) {
			put_trimmed(o->text, str_head(buf_str(&o->prefix), o->least));
			buf_put_char(o->text, '\n');
		}
		put_prefix(o);
		o->breaks = 0;
		o->least = o->prefix.n;
	} else if (o->wants_space && !is_first) {
		buf_put_char(o->text, ' ');
	}
	o->wants_space = false;
	buf_put_str(o->text, buf_str(&o->opening));
	buf_clear(&o->opening);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void put_word(struct html_out *o, struct str word)
{
	flush(o);
	if (!o->is_in_cell || !o->is_markdown) {
		buf_put_str(o->text, word);
		return;
	}
	for (size_t i = 0; i < word.n; i++) {
		if (word.p[i] == '|')
			buf_put_char(o->text, '\\');
		buf_put_char(o->text, word.p[i]);
	}
}

void html_out_text(struct html_out *o, struct str text)
{
	size_t n;

	for (; text.n; text = str_skip(text, n)) {
		n = 0;
		while (n < text.n && is_space(text.p[n]))
			n++;
		/* A space at a line's start is none. */
		if (n) {
			o->wants_space = o->wants_space || !o->breaks || o->inlines;
			continue;
		}
		while (n < text.n && !is_space(text.p[n]))
			n++;
		put_word(o, str_head(text, n));
	}
}

void html_out_raw(struct html_out *o, struct str text)
{
	flush(o);
	buf_put_str(o->text, text);
}

void html_out_open(struct html_out *o, const char *mark)
{
	buf_put_text(&o->opening, mark);
}

bool html_out_close(struct html_out *o, const char *mark)
{
	if (!o->opening.n)
		return true;
	must(str_ends(buf_str(&o->opening), str_from(mark)));
	buf_cut(&o->opening, o->opening.n - strlen(mark));
	return false;
}

void html_out_push(struct html_out *o, const char *first, const char *rest)
{
	must(strlen(first) == strlen(rest));
	if (o->depth++ >= HTML_OUT_DEPTH_MAX)
		return;
	o->levels[o->depth - 1] = o->prefix.n;
	if (o->inlines)
		return;
	if (o->marker.n || strcmp(first, rest) != 0) {
		if (!o->marker.n)
			o->marker_at = o->prefix.n;
		buf_put_text(&o->marker, first);
	}
	buf_put_text(&o->prefix, rest);
}

void html_out_pop(struct html_out *o)
{
	must(o->depth);
	if (o->depth-- > HTML_OUT_DEPTH_MAX)
		return;
	size_t before = o->levels[o->depth];
	if (o->marker.n)
		buf_cut(&o->marker, before > o->marker_at ? before - o->marker_at : 0);
	buf_cut(&o->prefix, before);
	o->least = o->least < before ? o->least : before;
}

/* The longest run of backticks in code. */
static size_t longest_ticks(struct str code)
{
	size_t longest = 0, run = 0;

	for (size_t i = 0; i < code.n; i++) {
		run = code.p[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest;
}

static void put_ticks(struct html_out *o, size_t n)
{
	while (o->is_markdown && n--)
		buf_put_char(o->text, '`');
}

void html_out_code(struct html_out *o, struct str code)
{
	AUTO(buf) words = {.max = o->text->max};
	struct html_out line = {.text = &words, .inlines = 1};

	html_out_text(&line, code);
	html_out_release(&line);
	if (!words.n)
		return;
	bool has_tick = words.p[0] == '`' || words.p[words.n - 1] == '`';
	size_t ticks = longest_ticks(buf_str(&words)) + 1;
	flush(o);
	put_ticks(o, ticks);
	if (has_tick && o->is_markdown)
		buf_put_char(o->text, ' ');
	put_word(o, buf_str(&words));
	if (has_tick && o->is_markdown)
		buf_put_char(o->text, ' ');
	put_ticks(o, ticks);
	if (code.n && is_space(code.p[code.n - 1]))
		o->wants_space = true;
}

void html_out_block(struct html_out *o, struct str code, struct str language)
{
	size_t ticks = longest_ticks(code) + 1;
	struct str line;

	ticks = ticks < 3 ? 3 : ticks;
	while (code.n && code.p[0] == '\n')
		code = str_skip(code, 1);
	while (code.n && is_space(code.p[code.n - 1]))
		code.n--;
	if (!code.n)
		return;
	if (o->inlines) {
		html_out_code(o, code);
		return;
	}
	html_out_break(o, 2);
	if (o->is_markdown) {
		flush(o);
		put_ticks(o, ticks);
		buf_put_str(o->text, language);
		html_out_break(o, 1);
	}
	while (str_split(&code, '\n', &line) && !o->text->overflow) {
		flush(o);
		buf_put_str(o->text, line);
		html_out_break(o, 1);
	}
	if (o->is_markdown) {
		flush(o);
		put_ticks(o, ticks);
	}
	html_out_break(o, 2);
}
