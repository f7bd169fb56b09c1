// SPDX-License-Identifier: MIT
#include "base/json_walk.h"

#include <string.h>

static void skip_space(struct json_walk *w)
{
	while (w->p < w->end && (*w->p == ' ' || *w->p == '\t' || *w->p == '\n' || *w->p == '\r'))
		w->p++;
}

static void fail(struct json_walk *w)
{
	w->is_bad = true;
	w->p = w->end;
}

/* Whether the quote is one of the text: an odd number of backslashes stands in front of it. */
static bool is_escaped(const char *start, const char *quote)
{
	const char *p = quote;

	while (p > start && p[-1] == '\\')
		p--;
	return (quote - p) & 1;
}

enum { NEAR = 24 };

/* From behind the opening quote to behind the closing one. */
static void skip_string(struct json_walk *w)
{
	const char *start = w->p, *near = w->end - w->p > NEAR ? w->p + NEAR : w->end;

	for (; w->p < near; w->p++) {
		if (*w->p == '"') {
			w->p++;
			return;
		}
		if (*w->p == '\\')
			break;
	}
	for (const char *p = w->p; (p = memchr(p, '"', (size_t)(w->end - p))); p++) {
		if (!is_escaped(start, p)) {
			w->p = p + 1;
			return;
		}
	}
	fail(w);
}

static void skip_container(struct json_walk *w)
{
	size_t depth = 0;

	while (w->p < w->end) {
		char c = *w->p++;
		if (c == '"')
			skip_string(w);
		else if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			return;
	}
	fail(w);
}

static void skip_scalar(struct json_walk *w)
{
	const char *start = w->p;

	while (w->p < w->end && *w->p != ',' && *w->p != '}' && *w->p != ']' && *w->p != ' ' &&
		*w->p != '\t' && *w->p != '\r' && *w->p != '\n' && *w->p != '"' && *w->p != ':')
		w->p++;
	if (w->p == start)
		fail(w);
}

bool json_walk_enter(struct json_walk *w, char bracket)
{
	skip_space(w);
	if (w->p == w->end || *w->p != bracket)
		return false;
	w->p++;
	return true;
}

/* Over the comma in front of the next part; false behind the last one. */
static bool next_part(struct json_walk *w, char bracket)
{
	skip_space(w);
	if (w->p < w->end && *w->p == ',') {
		w->p++;
		skip_space(w);
	}
	if (w->p == w->end) {
		fail(w);
		return false;
	}
	if (*w->p != bracket)
		return true;
	w->p++;
	return false;
}

bool json_walk_member(struct json_walk *w, struct str *key)
{
	if (!next_part(w, '}'))
		return false;
	if (*w->p != '"') {
		fail(w);
		return false;
	}
	const char *start = ++w->p;
	skip_string(w);
	if (w->is_bad)
		return false;
	*key = str_range(start, w->p - 1);
	skip_space(w);
	if (w->p == w->end || *w->p != ':') {
		fail(w);
		return false;
	}
	w->p++;
	return true;
}

bool json_walk_item(struct json_walk *w)
{
	return next_part(w, ']');
}

void json_walk_skip(struct json_walk *w)
{
	skip_space(w);
	if (w->p == w->end)
		fail(w);
	else if (*w->p == '"') {
		w->p++;
		skip_string(w);
	} else if (*w->p == '{' || *w->p == '[')
		skip_container(w);
	else
		skip_scalar(w);
}

struct str json_walk_value(struct json_walk *w)
{
	skip_space(w);
	const char *start = w->p;
	json_walk_skip(w);
	return w->is_bad ? (struct str){0} : str_range(start, w->p);
}

bool json_walk_ends(struct json_walk *w)
{
	skip_space(w);
	return !w->is_bad && w->p == w->end;
}
