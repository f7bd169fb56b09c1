// SPDX-License-Identifier: MIT
/*
 * json_walk: one pass over unchecked JSON, for texts too many to be looked at twice. Every byte is
 * passed once: enter what is wanted, skip what is not. A text that breaks off or breaks the rules
 * that matter for finding its parts makes the walk bad; it ends then, inside the text.
 *
 * The text is an object or array. Its last byte is its bracket, or the walk is bad at once: what
 * stands in front of that need not be asked whether the text ends there. So a value is taken, once,
 * where a member or item was announced, and nowhere else.
 *
 *   struct json_walk w = json_walk_begin(text);
 *   if (json_walk_enter(&w, '{'))
 *       while (json_walk_member(&w, &key))
 *           if (str_is(key, "model")) model = json_walk_value(&w); else json_walk_skip(&w);
 *   is_whole = json_walk_ends(&w);
 *
 * The steps are here to be inlined: a walk that stays in registers takes half the instructions.
 */
#ifndef BASE_JSON_WALK_H
#define BASE_JSON_WALK_H

#include <string.h>

#include "base/bytes.h"
#include "base/str.h"

struct json_walk {
	const char *p, *end;
	bool is_bad;
};

/* ---- what the steps are made of ---- */

extern const bool json_walk_ends_word[256]; /* numbers, true, false and null are words */

static inline bool json_walk_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What is rare is kept out of the walk. */
const char *json_walk_past_space(const char *p, const char *end) __attribute__((noinline));
/* From behind a string's opening quote to behind its closing one, however far; NULL: there is none.
 */
const char *json_walk_past_string(const char *start, const char *p, const char *end)
	__attribute__((noinline));
const char *json_walk_past_container(const char *p, const char *end) __attribute__((noinline));

static inline __attribute__((always_inline)) bool json_walk_fail(struct json_walk *w)
{
	w->is_bad = true;
	w->p = w->end;
	return false;
}

/* Nearly all lines have no space between their parts. */
static inline __attribute__((always_inline)) void json_walk_space(struct json_walk *w)
{
	if ((unsigned char)*w->p <= ' ')
		w->p = json_walk_past_space(w->p, w->end);
}

/* The same as json_walk_past_string, fast where it ends within 16 bytes without an escape. */
static inline __attribute__((always_inline)) const char *json_walk_string(
	const char *p, const char *end)
{
	if (end - p < 16)
		return json_walk_past_string(p, p, end);
	unsigned found = bytes_either(p, '"', '\\');
	const char *at = p + (found ? __builtin_ctz(found) : 16);
	return found && *at == '"' ? at + 1 : json_walk_past_string(p, at, end);
}

/* Over the comma in front of the next part; false behind the last one. */
static inline __attribute__((always_inline)) bool json_walk_next(struct json_walk *w, char bracket)
{
	if (w->p == w->end)
		return json_walk_fail(w);
	/* Behind a comma mostly stands what comes next. */
	if (w->p[0] == ',' && w->p[1] == '"') {
		w->p++;
		return true;
	}
	json_walk_space(w);
	if (*w->p == ',') {
		w->p++;
		json_walk_space(w);
	}
	if (*w->p != bracket)
		return true;
	w->p++;
	return false;
}

/* ---- the steps ---- */

static inline struct json_walk json_walk_begin(struct str text)
{
	struct json_walk w = {text.p, text.p + text.n, false};

	while (w.end > w.p && json_walk_is_space(w.end[-1]))
		w.end--;
	if (w.end == w.p || (w.end[-1] != '}' && w.end[-1] != ']'))
		(void)json_walk_fail(&w);
	return w;
}

/* Into the object '{' or array '[' that comes next; false: something else comes, still to be taken.
 */
static inline __attribute__((always_inline)) bool json_walk_enter(struct json_walk *w, char bracket)
{
	if (w->p == w->end)
		return false;
	json_walk_space(w);
	if (*w->p != bracket)
		return false;
	w->p++;
	return true;
}

/*
 * The next member's name without its quotes, as it is written; its value has to be taken then.
 * False behind the last one, having left the object.
 */
static inline __attribute__((always_inline)) bool json_walk_member(
	struct json_walk *w, struct str *key)
{
	if (!json_walk_next(w, '}'))
		return false;
	if (*w->p != '"')
		return json_walk_fail(w);
	const char *start = w->p + 1, *stop = json_walk_string(start, w->end);
	if (!stop)
		return json_walk_fail(w);
	*key = (struct str){start, (size_t)(stop - 1 - start)};
	w->p = stop;
	if (*stop != ':') {
		json_walk_space(w);
		if (*w->p != ':')
			return json_walk_fail(w);
	}
	w->p++;
	return true;
}

/* Whether there is one more item; false behind the last one, having left the array. */
static inline bool json_walk_item(struct json_walk *w)
{
	return json_walk_next(w, ']');
}

static inline __attribute__((always_inline)) void json_walk_skip(struct json_walk *w)
{
	json_walk_space(w);
	const char *p = w->p, *end = w->end;
	if (*p == '"') {
		p = json_walk_string(p + 1, end);
		if (p)
			w->p = p;
		else
			(void)json_walk_fail(w);
	} else if (*p == '{' || *p == '[') {
		p = json_walk_past_container(p, end);
		if (p)
			w->p = p;
		else
			(void)json_walk_fail(w);
	} else {
		while (!json_walk_ends_word[(unsigned char)*p])
			p++;
		if (p == w->p)
			(void)json_walk_fail(w);
		else
			w->p = p;
	}
}

/* The value as it is written, for the readers of json.h; some bytes of the text in a walk that is
   bad. */
static inline __attribute__((always_inline)) struct str json_walk_value(struct json_walk *w)
{
	json_walk_space(w);
	const char *start = w->p;
	json_walk_skip(w);
	return (struct str){start, (size_t)(w->p - start)};
}

/* Whether nothing is left of a text that was good. */
static inline bool json_walk_ends(struct json_walk *w)
{
	return !w->is_bad && w->p == w->end;
}

#endif
