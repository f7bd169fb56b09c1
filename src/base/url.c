// SPDX-License-Identifier: MIT
#include "base/url.h"

#include <string.h>

struct parts {
	struct str scheme, authority, path, query; /* absent when not there; path never is */
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* strchr alone would find the NUL. */
static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

struct str url_scheme(struct str url)
{
	size_t n = 0;

	while (n < url.n &&
		(is_letter(url.p[n]) || (n && (is_digit(url.p[n]) || is_one_of(url.p[n], "+-.")))))
		n++;
	return n && n < url.n && url.p[n] == ':' ? str_head(url, n) : (struct str){0};
}

/* The fragment stays with what has it last. */
static struct parts split(struct str url)
{
	struct parts parts = {.scheme = url_scheme(url)};
	size_t end = 0;

	if (parts.scheme.p)
		url = str_skip(url, parts.scheme.n + 1);
	if (str_starts(url, STR("//"))) {
		url = str_skip(url, 2);
		while (end < url.n && !is_one_of(url.p[end], "/?#"))
			end++;
		parts.authority = str_head(url, end);
		url = str_skip(url, end);
	}
	for (end = 0; end < url.n && url.p[end] != '?' && url.p[end] != '#'; end++)
		;
	parts.path = str_head(url, end);
	if (end < url.n)
		parts.query = str_skip(url, end);
	return parts;
}

/* Drops the last segment behind floor, its slash too. */
static void drop_segment(struct buf *out, size_t floor)
{
	while (out->n > floor && out->p[out->n - 1] != '/')
		buf_cut(out, out->n - 1);
	if (out->n > floor)
		buf_cut(out, out->n - 1);
}

/* RFC 3986, 5.2.4, a segment at a time. */
static void put_path(struct buf *out, struct str path)
{
	size_t floor = out->n;

	while (path.n) {
		size_t slash = str_find_char(path, '/', 1);
		struct str segment = str_head(path, slash);
		bool is_last = slash == SIZE_MAX;
		struct str name = str_skip(segment, segment.p[0] == '/');
		path = str_skip(path, segment.n);
		if (str_is(name, "..")) {
			drop_segment(out, floor);
		} else if (!str_is(name, ".")) {
			buf_put_str(out, segment);
			continue;
		}
		if (is_last)
			buf_put_char(out, '/');
	}
}

static void put_merged(struct buf *out, const struct parts *base, struct str path)
{
	AUTO(buf) merged = {.max = out->max};
	size_t n = base->path.n;

	while (n && base->path.p[n - 1] != '/')
		n--;
	buf_put_str(
		&merged, base->authority.p && !base->path.n ? STR("/") : str_head(base->path, n));
	buf_put_str(&merged, path);
	put_path(out, buf_str(&merged));
}

static void put_target(struct buf *out, const struct parts *base, const struct parts *to)
{
	buf_printf(out, "%.*s:", STR_ARG(base->scheme));
	struct str authority = to->authority.p ? to->authority : base->authority;
	if (authority.p)
		buf_printf(out, "//%.*s", STR_ARG(authority));
	if (to->authority.p || (to->path.n && to->path.p[0] == '/'))
		put_path(out, to->path);
	else if (to->path.n)
		put_merged(out, base, to->path);
	else
		buf_put_str(out, base->path);
	bool is_same = !to->authority.p && !to->path.n && !str_starts(to->query, STR("?"));
	if (is_same)
		buf_put_str(out, str_head(base->query, str_find_char(base->query, '#', 0)));
	buf_put_str(out, to->query);
}

static void put_clean(struct buf *out, struct str reference)
{
	for (size_t i = 0; i < reference.n; i++) {
		unsigned char c = (unsigned char)reference.p[i];
		if (c == '\t' || c == '\n' || c == '\r')
			continue;
		if (c <= ' ' || c == '<' || c == '>' || c == '"' || c == 0x7f)
			buf_printf(out, "%%%02X", c);
		else
			buf_put_char(out, (char)c);
	}
}

void url_resolve(struct buf *out, struct str base, struct str reference)
{
	AUTO(buf) clean = {.max = out->max};

	put_clean(&clean, str_trim(reference));
	struct parts to = split(buf_str(&clean)), from = split(base);
	if (to.scheme.p || !from.scheme.p)
		buf_put_str(out, buf_str(&clean));
	else
		put_target(out, &from, &to);
	/* Sticky: half a URL would be another one. */
	out->overflow |= clean.overflow;
}

static bool is_host_byte(char c)
{
	return is_letter(c) || is_digit(c) || is_one_of(c, "-._") || (c & 0x80);
}

static bool ends_nocase(struct str text, struct str end)
{
	return text.n >= end.n && str_eq_nocase(str_skip(text, text.n - end.n), end);
}

/* Not every ending: "README.md" and "lib.rs" are files first. */
static bool is_plainly_host(struct str word)
{
	static const char *const endings[] = {".com", ".org", ".net", ".edu", ".gov"};

	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (word.n > 4 && ends_nocase(word, str_from(endings[i])))
			return true;
	return false;
}

static struct str host_behind_scheme(struct str text)
{
	size_t n = 0;

	if (str_starts(text, STR("["))) {
		size_t end = str_find_char(text, ']', 0);
		return end == SIZE_MAX ? (struct str){0} : str_head(str_skip(text, 1), end - 1);
	}
	while (n < text.n && is_host_byte(text.p[n]))
		n++;
	return str_head(text, n);
}

/* What stands before "@" is a name there, and what is behind it a mail's host, or to be hidden. */
static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void url_unescape(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		int high = i + 2 < text.n && text.p[i] == '%' ? hex_digit(text.p[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text.p[i + 2]) : -1;
		if (low < 0) {
			buf_put_char(out, text.p[i]);
			continue;
		}
		buf_put_char(out, (char)(high << 4 | low));
		i += 2;
	}
}

static bool has_user(struct str authority)
{
	size_t n = 0;

	while (n < authority.n && (unsigned char)authority.p[n] > ' ' &&
		!is_one_of(authority.p[n], "/?#@"))
		n++;
	return n < authority.n && authority.p[n] == '@';
}

bool url_text_names(struct str text, struct str host)
{
	size_t at = 0;

	while (at < text.n) {
		struct str before = str_head(text, at), rest = str_skip(text, at);
		bool is_behind_scheme =
			ends_nocase(before, STR("https://")) || ends_nocase(before, STR("http://"));
		struct str word = host_behind_scheme(rest);
		size_t n = word.n;
		while (word.n && is_one_of(word.p[word.n - 1], ".-"))
			word.n--;
		if (word.n && str_eq_nocase(word, host) &&
			(is_behind_scheme || is_plainly_host(word)) && !has_user(rest) &&
			!str_ends(before, STR("@")))
			return true;
		at += n ? n : 1;
	}
	return false;
}
