// SPDX-License-Identifier: MIT
#include "base/json.h"

#include <string.h>

#include "base/utf8.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "string_stop counts from the low end");

/* High bits of the bytes of x that are below limit; above the lowest one they may be wrong. */
static uint64_t bytes_below(uint64_t x, unsigned char limit)
{
	const uint64_t ones = 0x0101010101010101;

	return (x - ones * limit) & ~x & ones * 0x80;
}

/* The first quote, backslash or control character, or end. Eight bytes a step. */
static const char *string_stop(const char *p, const char *end)
{
	const uint64_t ones = 0x0101010101010101;

	for (; end - p >= 8; p += 8) {
		uint64_t x;
		memcpy(&x, p, 8);
		uint64_t stops = bytes_below(x ^ ones * '"', 1) | bytes_below(x ^ ones * '\\', 1) |
				 bytes_below(x, 0x20);
		if (stops)
			return p + (__builtin_ctzll(stops) >> 3);
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	return p;
}

/* From behind the opening quote to behind the closing one, or end. */
static const char *skip_string(const char *p, const char *end)
{
	while ((p = string_stop(p, end)) < end) {
		if (*p == '"')
			return p + 1;
		if (*p++ == '\\' && p < end)
			p++;
	}
	return end;
}

static const char *skip_scalar(const char *p, const char *end)
{
	while (p < end && *p != ',' && *p != '}' && *p != ']' && *p != ':' && !is_space(*p))
		p++;
	return p;
}

/* From the first byte of a value to behind its last. Counts brackets; strings are jumped over. */
static const char *skip_value(const char *p, const char *end)
{
	size_t depth = 0;

	if (p == end)
		return end;
	if (*p == '"')
		return skip_string(p + 1, end);
	if (*p != '{' && *p != '[')
		return skip_scalar(p, end);
	while (p < end) {
		char c = *p++;
		if (c == '"')
			p = skip_string(p, end);
		else if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			return p;
	}
	return end;
}

size_t json_value_length(struct str text)
{
	if (!text.p)
		return 0;
	const char *end = text.p + text.n;
	const char *start = skip_space(text.p, end);
	const char *stop = skip_value(start, end);
	return stop == start ? 0 : (size_t)(stop - text.p);
}

/* Strict checking: one small function a token, each returns behind it or NULL. */

static const char *check_digits(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p == start ? NULL : p;
}

static const char *check_number(const char *p, const char *end)
{
	if (*p == '-')
		p++;
	if (p < end && *p == '0')
		p++;
	else if (!(p = check_digits(p, end)))
		return NULL;
	if (p < end && *p == '.' && !(p = check_digits(p + 1, end)))
		return NULL;
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		return check_digits(p, end);
	}
	return p;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool hex4(const char *p, const char *end, uint32_t *value)
{
	*value = 0;
	if (end - p < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		int digit = hex_value(p[i]);
		if (digit < 0)
			return false;
		*value = *value << 4 | (uint32_t)digit;
	}
	return true;
}

static const char *check_escape(const char *p, const char *end)
{
	uint32_t unit;

	if (p == end)
		return NULL;
	if (*p == 'u')
		return hex4(p + 1, end, &unit) ? p + 5 : NULL;
	return *p && strchr("\"\\/bfnrt", *p) ? p + 1 : NULL;
}

static const char *check_string(const char *p, const char *end)
{
	while ((p = string_stop(p, end)) < end) {
		if (*p == '"')
			return p + 1;
		if (*p != '\\' || !(p = check_escape(p + 1, end)))
			return NULL;
	}
	return NULL;
}

static const char *check_scalar(const char *p, const char *end)
{
	static const struct str words[] = {{"true", 4}, {"false", 5}, {"null", 4}};

	if (*p == '"')
		return check_string(p + 1, end);
	if (*p == '-' || (*p >= '0' && *p <= '9'))
		return check_number(p, end);
	for (size_t i = 0; i < 3; i++)
		if (str_starts(str_range(p, end), words[i]))
			return p + words[i].n;
	return NULL;
}

enum expect { EXPECT_VALUE, EXPECT_FIRST, EXPECT_KEY, EXPECT_FIRST_KEY, EXPECT_MORE };

struct checker {
	const char *p, *end;
	enum expect expect;
	int depth;
	char brackets[JSON_DEPTH_MAX];
};

static bool check_open(struct checker *c, char bracket)
{
	if (c->depth == JSON_DEPTH_MAX)
		return false;
	c->brackets[c->depth++] = bracket;
	c->expect = bracket == '{' ? EXPECT_FIRST_KEY : EXPECT_FIRST;
	c->p++;
	return true;
}

static bool check_close(struct checker *c)
{
	if (c->depth == 0 ||
		*c->p != c->brackets[c->depth - 1] + 2) /* '[' + 2 is ']', '{' + 2 '}' */
		return false;
	c->depth--;
	c->expect = EXPECT_MORE;
	c->p++;
	return true;
}

static bool check_key(struct checker *c)
{
	if (*c->p != '"')
		return false;
	const char *p = check_string(c->p + 1, c->end);
	if (!p)
		return false;
	c->p = skip_space(p, c->end);
	if (c->p == c->end || *c->p != ':')
		return false;
	c->p++;
	c->expect = EXPECT_VALUE;
	return true;
}

static bool check_token(struct checker *c)
{
	char next = *c->p;

	switch (c->expect) {
	case EXPECT_FIRST:
		if (next == ']')
			return check_close(c);
		[[fallthrough]];
	case EXPECT_VALUE:
		if (next == '{' || next == '[')
			return check_open(c, next);
		const char *p = check_scalar(c->p, c->end);
		if (!p)
			return false;
		c->p = p;
		c->expect = EXPECT_MORE;
		return true;
	case EXPECT_FIRST_KEY:
		if (next == '}')
			return check_close(c);
		[[fallthrough]];
	case EXPECT_KEY: return check_key(c);
	case EXPECT_MORE:
		if (next != ',')
			return check_close(c);
		if (c->depth == 0)
			return false;
		c->expect = c->brackets[c->depth - 1] == '{' ? EXPECT_KEY : EXPECT_VALUE;
		c->p++;
		return true;
	}
	return false;
}

bool json_check_at(struct str text, size_t *offset, struct err *e)
{
	size_t valid = utf8_valid_prefix(text);

	*offset = valid;
	if (valid != text.n)
		return err_set(e, ERR_PARSE, "invalid UTF-8 at byte %zu", valid);
	if (text.n == 0)
		return err_set(e, ERR_PARSE, "empty where JSON was expected");
	struct checker c = {.p = text.p, .end = text.p + text.n, .expect = EXPECT_VALUE};
	for (;;) {
		c.p = skip_space(c.p, c.end);
		if (c.p == c.end)
			break;
		*offset = (size_t)(c.p - text.p);
		if (!check_token(&c))
			return c.depth == JSON_DEPTH_MAX && (*c.p == '{' || *c.p == '[')
				       ? err_set(e, ERR_PARSE, "JSON nested deeper than %d levels",
						 JSON_DEPTH_MAX)
				       : err_set(e, ERR_PARSE, "invalid JSON at byte %zu",
						 (size_t)(c.p - text.p));
	}
	*offset = text.n;
	if (c.depth || c.expect != EXPECT_MORE)
		return err_set(e, ERR_PARSE, "JSON ends early, at byte %zu", text.n);
	return true;
}

bool json_check(struct str text, struct err *e)
{
	size_t offset;

	return json_check_at(text, &offset, e);
}

enum json_type json_type(struct str value)
{
	if (!value.n)
		return JSON_NONE;
	switch (value.p[0]) {
	case '{': return JSON_OBJECT;
	case '[': return JSON_ARRAY;
	case '"': return JSON_STRING;
	case 't':
	case 'f': return JSON_BOOL;
	case 'n': return JSON_NULL;
	default:
		return value.p[0] == '-' || (value.p[0] >= '0' && value.p[0] <= '9') ? JSON_NUMBER
										     : JSON_NONE;
	}
}

struct json_iter json_iter(struct str value)
{
	if (!value.p)
		return (struct json_iter){0};
	const char *end = value.p + value.n;
	const char *p = skip_space(value.p, end);
	if (p == end || (*p != '{' && *p != '['))
		return (struct json_iter){0};
	return (struct json_iter){p + 1, end, *p == '{'};
}

bool json_next(struct json_iter *it, struct str *key, struct str *value)
{
	const char *p = skip_space(it->p, it->end);

	if (p < it->end && *p == ',')
		p = skip_space(p + 1, it->end);
	if (p >= it->end || *p == '}' || *p == ']')
		return false;
	*key = (struct str){0};
	if (it->is_object) {
		const char *stop = skip_value(p, it->end);
		*key = str_range(p, stop);
		p = skip_space(stop, it->end);
		if (p < it->end && *p == ':')
			p++;
		p = skip_space(p, it->end);
	}
	const char *stop = skip_value(p, it->end);
	if (stop == p) /* no progress: unchecked text */
		return false;
	*value = str_range(p, stop);
	it->p = stop;
	return true;
}

bool json_text_is(struct str value, const char *text)
{
	size_t n = strlen(text);

	if (value.n < 2 || value.p[0] != '"')
		return false;
	struct str inner = {value.p + 1, value.n - 2};
	if (str_find_char(inner, '\\', 0) == SIZE_MAX)
		return inner.n == n && memcmp(inner.p, text, n) == 0;
	struct arena a = {0};
	bool same = str_eq(json_text(value, &a), (struct str){text, n});
	arena_release(&a);
	return same;
}

bool json_key_is(struct str raw_key, const char *name)
{
	return json_text_is(raw_key, name);
}

struct str json_get(struct str object, const char *name)
{
	struct str key, value, found = {0};

	if (json_type(object) != JSON_OBJECT)
		return found;
	json_each (object, key, value)
		if (json_key_is(key, name))
			found = value;
	return found;
}

static size_t pick_index(struct str raw_key, const struct str *names, size_t count)
{
	struct str inner = str_range(raw_key.p + 1, raw_key.p + raw_key.n - 1);

	for (size_t i = 0; i < count; i++)
		if (inner.n == names[i].n && memcmp(inner.p, names[i].p, inner.n) == 0)
			return i;
	if (str_find_char(inner, '\\', 0) != SIZE_MAX)
		for (size_t i = 0; i < count; i++)
			if (json_key_is(raw_key, names[i].p))
				return i;
	return SIZE_MAX;
}

void json_pick(struct str object, const struct str *names, size_t count, struct str *out)
{
	struct str key, value;

	for (size_t i = 0; i < count; i++)
		out[i] = (struct str){0};
	if (json_type(object) != JSON_OBJECT)
		return;
	json_each (object, key, value) {
		size_t i = key.n >= 2 && key.p[0] == '"' ? pick_index(key, names, count) : SIZE_MAX;
		if (i != SIZE_MAX)
			out[i] = value;
	}
}

struct str json_at(struct str array, size_t index)
{
	struct str key, value;

	if (json_type(array) == JSON_ARRAY)
		json_each (array, key, value)
			if (index-- == 0)
				return value;
	return (struct str){0};
}

size_t json_count(struct str container)
{
	struct str key, value;
	size_t n = 0;

	json_each (container, key, value)
		n++;
	return n;
}

static struct str pointer_step(struct str value, struct str token)
{
	int64_t index;

	if (json_type(value) == JSON_ARRAY) {
		if (!str_int(token, &index))
			return (struct str){0};
		if (index < 0)
			index += (int64_t)json_count(value);
		return index < 0 ? (struct str){0} : json_at(value, (size_t)index);
	}
	char name[256];
	size_t n = 0;
	for (size_t i = 0; i < token.n && n + 1 < sizeof name; i++) {
		char c = token.p[i];
		if (c == '~' && i + 1 < token.n)
			c = token.p[++i] == '1' ? '/' : '~';
		name[n++] = c;
	}
	name[n] = '\0';
	return json_get(value, name);
}

struct str json_pointer(struct str value, struct str pointer)
{
	struct str token;

	value = str_trim(value);
	if (pointer.n == 0)
		return value;
	pointer = str_skip(pointer, 1);
	while (value.n && str_split(&pointer, '/', &token))
		value = pointer_step(value, token);
	return value;
}

static uint32_t unescape_unicode(const char **p, const char *end)
{
	uint32_t high, low;

	if (!hex4(*p, end, &high)) {
		*p = end;
		return 0xfffd;
	}
	*p += 4;
	if (high >= 0xd800 && high <= 0xdbff && end - *p >= 6 && (*p)[0] == '\\' &&
		(*p)[1] == 'u' && hex4(*p + 2, end, &low) && low >= 0xdc00 && low <= 0xdfff) {
		*p += 6;
		return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	}
	return high;
}

/* From behind the backslash; *to moves on. */
static const char *unescape_one(char **to, const char *p, const char *end)
{
	static const char from[] = "bfnrt", plain[] = "\b\f\n\r\t";

	if (p == end)
		return end;
	char c = *p++;
	if (c == 'u')
		*to += utf8_encode(unescape_unicode(&p, end), *to);
	else
		*(*to)++ = c && strchr(from, c) ? plain[strchr(from, c) - from] : c;
	return p;
}

struct str json_text(struct str value, struct arena *a)
{
	if (value.n < 2 || value.p[0] != '"')
		return (struct str){0};
	struct str inner = {value.p + 1, value.n - 2};
	if (str_find_char(inner, '\\', 0) == SIZE_MAX)
		return inner;
	/* No escape is shorter than what it stands for, but for a cut \u at the end. */
	char *text = arena_alloc(a, inner.n + 4, 1), *to = text;
	const char *p = inner.p, *end = inner.p + inner.n;
	while (p < end) {
		const char *slash = memchr(p, '\\', (size_t)(end - p));
		size_t n = (size_t)((slash ? slash : end) - p);
		memcpy(to, p, n);
		to += n;
		p = slash ? unescape_one(&to, slash + 1, end) : end;
	}
	return str_range(text, to);
}

bool json_double(struct str value, double *out)
{
	char copy[64];

	if (json_type(value) != JSON_NUMBER || value.n >= sizeof copy)
		return false;
	memcpy(copy, value.p, value.n);
	copy[value.n] = '\0';
	*out = strtod(copy, NULL);
	return true;
}

bool json_int(struct str value, int64_t *out)
{
	double number;

	if (json_type(value) != JSON_NUMBER)
		return false;
	if (str_int(value, out))
		return true;
	/* Written with a point or exponent; exact only below 2^53. */
	if (!json_double(value, &number) || number < -9007199254740992.0 ||
		number > 9007199254740992.0 || number != (double)(int64_t)number)
		return false;
	*out = (int64_t)number;
	return true;
}

int64_t json_int_or(struct str value, int64_t fallback)
{
	int64_t number;

	return json_int(value, &number) ? number : fallback;
}

bool json_bool_or(struct str value, bool fallback)
{
	return json_type(value) == JSON_BOOL ? value.p[0] == 't' : fallback;
}

static void separate(struct json_writer *w)
{
	if (w->comma)
		buf_put_char(w->buf, ',');
	w->comma = true;
}

void json_open(struct json_writer *w, char bracket)
{
	separate(w);
	buf_put_char(w->buf, bracket);
	w->comma = false;
}

void json_close(struct json_writer *w, char bracket)
{
	buf_put_char(w->buf, bracket);
	w->comma = true;
}

void json_key_str(struct json_writer *w, struct str name)
{
	separate(w);
	json_quote(w->buf, name);
	buf_put_char(w->buf, ':');
	w->comma = false;
}

void json_key(struct json_writer *w, const char *name)
{
	json_key_str(w, str_from(name));
}

static bool plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f;
}

static void put_escaped(struct buf *b, unsigned char c)
{
	static const char from[] = "\b\f\n\r\t\"\\", to[] = "bfnrt\"\\";
	const char *at = strchr(from, c);

	if (c && at) {
		buf_put_char(b, '\\');
		buf_put_char(b, to[at - from]);
	} else {
		buf_printf(b, "\\u%04x", c);
	}
}

/* text is valid UTF-8. */
static void quote_valid(struct buf *b, struct str text)
{
	size_t i = 0;

	while (i < text.n) {
		size_t start = i;
		while (i < text.n && plain((unsigned char)text.p[i]))
			i++;
		buf_put(b, text.p + start, i - start);
		if (i < text.n)
			put_escaped(b, (unsigned char)text.p[i++]);
	}
}

void json_quote(struct buf *b, struct str text)
{
	buf_put_char(b, '"');
	if (utf8_is_valid(text)) {
		quote_valid(b, text);
	} else {
		AUTO(buf) repaired = {0};
		utf8_put_repaired(&repaired, text);
		quote_valid(b, buf_str(&repaired));
	}
	buf_put_char(b, '"');
}

void json_put_str(struct json_writer *w, struct str text)
{
	separate(w);
	json_quote(w->buf, text);
}

void json_put_text(struct json_writer *w, const char *text)
{
	json_put_str(w, str_from(text));
}

void json_put_int(struct json_writer *w, int64_t number)
{
	separate(w);
	buf_printf(w->buf, "%lld", (long long)number);
}

void json_put_double(struct json_writer *w, double number, int decimals)
{
	separate(w);
	buf_printf(w->buf, "%.*f", decimals, number);
}

void json_put_bool(struct json_writer *w, bool truth)
{
	separate(w);
	buf_put_text(w->buf, truth ? "true" : "false");
}

void json_put_null(struct json_writer *w)
{
	separate(w);
	buf_put_text(w->buf, "null");
}

void json_put_raw(struct json_writer *w, struct str value)
{
	separate(w);
	buf_put_str(w->buf, value);
}

void json_member_str(struct json_writer *w, const char *name, struct str text)
{
	json_key(w, name);
	json_put_str(w, text);
}

void json_member_text(struct json_writer *w, const char *name, const char *text)
{
	json_member_str(w, name, str_from(text));
}

void json_member_int(struct json_writer *w, const char *name, int64_t number)
{
	json_key(w, name);
	json_put_int(w, number);
}

void json_member_bool(struct json_writer *w, const char *name, bool truth)
{
	json_key(w, name);
	json_put_bool(w, truth);
}

void json_put_compact(struct buf *b, struct str value)
{
	const char *p = value.p, *end = value.p + value.n;

	while ((p = skip_space(p, end)) < end) {
		const char *stop = *p == '"' ? skip_string(p + 1, end) : p + 1;
		while (*p != '"' && stop < end && !is_space(*stop) && *stop != '"')
			stop++;
		buf_put_str(b, str_range(p, stop));
		p = stop;
	}
}

static void new_line(struct buf *b, int depth)
{
	buf_put_char(b, '\n');
	for (int i = 0; i < depth; i++)
		buf_put_text(b, "  ");
}

void json_put_pretty(struct buf *b, struct str value)
{
	const char *p = value.p, *end = value.p + value.n;
	int depth = 0;

	while ((p = skip_space(p, end)) < end) {
		const char *next = skip_space(p + 1, end);
		bool is_opening = *p == '{' || *p == '[', is_closing = *p == '}' || *p == ']';
		if (*p == '"') {
			const char *stop = skip_value(p, end);
			buf_put_str(b, str_range(p, stop));
			p = stop;
			continue;
		}
		if (is_opening && next < end && (*next == '}' || *next == ']')) {
			buf_put_char(b, *p);
			buf_put_char(b, *next);
			p = next + 1;
			continue;
		}
		depth += is_opening - is_closing;
		if (is_closing)
			new_line(b, depth);
		buf_put_char(b, *p);
		if (*p == ':')
			buf_put_char(b, ' ');
		else if (is_opening || *p == ',')
			new_line(b, depth);
		p++;
	}
}

static bool is_shown(char c)
{
	return (c >= ' ' && c <= '~') || c == '\n' || c == '\t';
}

void json_put_visible(struct buf *b, struct str value)
{
	while (value.n) {
		size_t n = 0;
		while (n < value.n && is_shown(value.p[n]))
			n++;
		buf_put(b, value.p, n);
		value = str_skip(value, n);
		if (value.n == 0)
			break;
		uint32_t c = utf8_get(value, &n);
		if (!utf8_is_hidden(c))
			buf_put(b, value.p, n);
		else if (c < 0x10000)
			buf_printf(b, "\\u%04x", c);
		else
			buf_printf(b, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
				0xdc00 + (c & 0x3ff));
		value = str_skip(value, n);
	}
}
