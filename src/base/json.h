// SPDX-License-Identifier: MIT
/*
 * json: reading JSON in place and writing it (RFC 8259).
 *
 * A value is a struct str: a slice of the original text, nothing is copied or built. Check a text
 * once with json_check where it enters the program; the readers then take any value out of it.
 * Readers given unchecked text stay inside it and return something, but not something useful.
 * Nothing recurses: depth is bounded by json_check only for the sake of those who receive our JSON.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { JSON_DEPTH_MAX = 128 };

enum json_type {
	JSON_NONE, /* the absent string, or no JSON */
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

/*
 * True when text is exactly one JSON value (white space around it allowed), valid UTF-8, with
 * strings and escapes well formed and at most JSON_DEPTH_MAX levels. Lone surrogate escapes pass
 * (json_text turns them into U+FFFD). e is ERR_PARSE and names the byte offset.
 */
[[nodiscard]] bool json_check(struct str text, struct err *e);
/* The same; offset says where it is wrong, the text's length when it is right or ends early. */
[[nodiscard]] bool json_check_at(struct str text, size_t *offset, struct err *e);
/* Length of the first JSON value in text, white space before it included; 0 when there is none. */
size_t json_value_length(struct str text);

enum json_type json_type(struct str value);

struct json_iter {
	const char *p, *end;
	bool is_object;
};

/* Over the members of an object or the items of an array; over nothing for other values. */
struct json_iter json_iter(struct str value);
/* key is raw (with quotes and escapes), absent in arrays. */
bool json_next(struct json_iter *it, struct str *key, struct str *value);
#define json_each(container, key, value) \
	for (struct json_iter json_it_ = json_iter(container); \
		json_next(&json_it_, &(key), &(value));)

bool json_key_is(struct str raw_key, const char *name);
/* The member's value; the last one wins where a name comes twice; absent when there is none. */
struct str json_get(struct str object, const char *name);
/*
 * Takes the named members out in one pass: out[i] is what json_get(object, names[i]) would give.
 * names are STR("...") literals.
 */
void json_pick(struct str object, const struct str *names, size_t count, struct str *out);
struct str json_at(struct str array, size_t index);
size_t json_count(struct str container);
/* RFC 6901 pointer, "" is the value itself; array index "-1" counts from the end. */
struct str json_pointer(struct str value, struct str pointer);

/* Decoded text of a string value; no copy where nothing is escaped; absent for other types. */
struct str json_text(struct str value, struct arena *a);
bool json_text_is(struct str value, const char *text);
/* False when the value is no number, no integer, or out of range. "1e3" and "5.0" are integers. */
[[nodiscard]] bool json_int(struct str value, int64_t *out);
int64_t json_int_or(struct str value, int64_t fallback);
[[nodiscard]] bool json_double(struct str value, double *out);
bool json_bool_or(struct str value, bool fallback);

/* Writer: puts commas and colons itself. {.buf = &b} is a valid start. */
struct json_writer {
	struct buf *buf;
	bool comma;
};

void json_open(struct json_writer *w, char bracket); /* '{' or '[' */
void json_close(struct json_writer *w, char bracket);
void json_key(struct json_writer *w, const char *name);
void json_key_str(struct json_writer *w, struct str name);
void json_put_str(struct json_writer *w, struct str text); /* invalid UTF-8 becomes U+FFFD */
void json_put_text(struct json_writer *w, const char *text);
void json_put_int(struct json_writer *w, int64_t number);
void json_put_double(struct json_writer *w, double number, int decimals);
void json_put_bool(struct json_writer *w, bool truth);
void json_put_null(struct json_writer *w);
void json_put_raw(struct json_writer *w, struct str value); /* a checked value, as it is */

/* name and value in one call, for the common cases. */
void json_member_str(struct json_writer *w, const char *name, struct str text);
void json_member_text(struct json_writer *w, const char *name, const char *text);
void json_member_int(struct json_writer *w, const char *name, int64_t number);
void json_member_bool(struct json_writer *w, const char *name, bool truth);
/* Appends a checked value without the white space between its parts. */
void json_put_compact(struct buf *b, struct str value);
/* Appends a checked value over several lines, indented by two spaces a level. */
void json_put_pretty(struct buf *b, struct str value);
/* Appends a checked value as it is, but with \uXXXX for what utf8_is_hidden: of the same value. */
void json_put_visible(struct buf *b, struct str value);
/* Appends text as a JSON string, quotes included, without a writer. */
void json_quote(struct buf *b, struct str text);

#endif
