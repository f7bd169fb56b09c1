// SPDX-License-Identifier: MIT
#include "index/dialect.h"

#define WORD "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}"

static const struct {
	char letter;
	const char *outside, *inside; /* of brackets; NULL: as it is */
} escapes[] = {
	{'w', "[" WORD "]", WORD},
	{'W', "[^" WORD "]", NULL},
	{'b', "(?:(?<=[" WORD "])(?![" WORD "])|(?<![" WORD "])(?=[" WORD "]))", NULL},
	{'B', "(?:(?<=[" WORD "])(?=[" WORD "])|(?<![" WORD "])(?![" WORD "]))", NULL},
};

static const struct {
	const char *name, *members;
} classes[] = {
	{"[:alnum:]", "0-9A-Za-z"},
	{"[:alpha:]", "A-Za-z"},
	{"[:ascii:]", "\\x00-\\x7f"},
	{"[:blank:]", "\\t\\x20"},
	{"[:cntrl:]", "\\x00-\\x1f\\x7f"},
	{"[:digit:]", "0-9"},
	{"[:graph:]", "!-~"},
	{"[:lower:]", "a-z"},
	{"[:print:]", "\\x20-~"},
	{"[:punct:]", "!-/:-@\\[-`{-~"},
	{"[:space:]", "\\t\\n\\x0b\\f\\r\\x20"},
	{"[:upper:]", "A-Z"},
	{"[:word:]", "0-9A-Za-z_"},
	{"[:xdigit:]", "0-9A-Fa-f"},
};

/* At a backslash; the bytes that were dealt with. */
static size_t put_escape(struct buf *out, struct str rest, bool in_class)
{
	size_t end;

	if (rest.n < 2) {
		buf_put_str(out, rest);
		return rest.n;
	}
	if (rest.p[1] == 'Q') {
		end = str_find(rest, STR("\\E"), 2);
		end = end == SIZE_MAX ? rest.n : end + 2;
		buf_put_str(out, str_head(rest, end));
		return end;
	}
	for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
		const char *text = in_class ? escapes[i].inside : escapes[i].outside;
		if (rest.p[1] == escapes[i].letter && text) {
			buf_put_text(out, text);
			return 2;
		}
	}
	buf_put_str(out, str_head(rest, 2));
	return 2;
}

/* In brackets; the bytes that were dealt with. */
static size_t put_class(struct buf *out, struct str rest)
{
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
		struct str name = str_from(classes[i].name);
		if (str_starts(rest, name)) {
			buf_put_text(out, classes[i].members);
			return name.n;
		}
	}
	buf_put_char(out, rest.p[0]);
	return 1;
}

void dialect_put(struct buf *out, struct str pattern)
{
	size_t class_start = SIZE_MAX; /* where its first member may be; SIZE_MAX outside */

	for (size_t at = 0; at < pattern.n;) {
		struct str rest = str_skip(pattern, at);
		bool in_class = class_start != SIZE_MAX;
		if (rest.p[0] == '\\') {
			at += put_escape(out, rest, in_class);
			continue;
		}
		if (in_class && rest.p[0] == '[') {
			at += put_class(out, rest);
			continue;
		}
		if (!in_class && rest.p[0] == '[')
			class_start = at + 1 + str_starts(rest, STR("[^"));
		else if (in_class && rest.p[0] == ']' && at > class_start)
			class_start = SIZE_MAX;
		buf_put_char(out, rest.p[0]);
		at++;
	}
}

void dialect_quote(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		bool is_plain = (unsigned char)c >= 0x80 || c == '_' || c <= ' ' ||
				(c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
		if (!is_plain)
			buf_put_char(out, '\\');
		buf_put_char(out, c);
	}
}
