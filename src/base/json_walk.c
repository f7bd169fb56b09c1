// SPDX-License-Identifier: MIT
#include "base/json_walk.h"

#include <stdint.h>
#include <string.h>

static const char *past_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/* Nearly all lines have no space between their parts. */
static inline void skip_space(struct json_walk *w)
{
	if (w->p < w->end && (unsigned char)*w->p <= ' ')
		w->p = past_space(w->p, w->end);
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

typedef unsigned char sixteen __attribute__((vector_size(16)));

enum { NEAR_STEPS = 4 }; /* most strings end within these; memchr is for those that do not */

/* The next quote from p on, or NULL. */
static inline const char *find_quote(const char *p, const char *end)
{
	for (int i = 0; i < NEAR_STEPS && end - p >= 16; i++, p += 16) {
		sixteen bytes;
		uint64_t found[2];
		memcpy(&bytes, p, sizeof bytes);
		bytes = (sixteen)(bytes == '"');
		memcpy(found, &bytes, sizeof found);
		if (found[0])
			return p + __builtin_ctzll(found[0]) / 8;
		if (found[1])
			return p + 8 + __builtin_ctzll(found[1]) / 8;
	}
	return memchr(p, '"', (size_t)(end - p));
}

/* From behind the opening quote to behind the closing one. */
static inline void skip_string(struct json_walk *w)
{
	const char *start = w->p;

	for (const char *p = start; (p = find_quote(p, w->end)); p++) {
		if (p == start || p[-1] != '\\' || !is_escaped(start, p)) {
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
