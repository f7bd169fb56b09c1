// SPDX-License-Identifier: MIT
/*
 * Which lines count, and for what, was found by giving ccusage 20.0.24 one line at a time: a line
 * is dropped where a member that it knows has another type, comes twice, or is null.
 */
#include <string.h>

#include "base/json.h"
#include "base/money.h"
#include "base/utf8.h"
#include "usage/compat_inside.h"

/* ---- what is looked at before the line is read ---- */

static const struct str never_null[] = {STR("id"), STR("cwd"), STR("model"), STR("speed"),
	STR("costUSD"), STR("version"), STR("sessionId"), STR("requestId"),
	STR("isApiErrorMessage"), STR("cache_read_input_tokens"),
	STR("cache_creation_input_tokens")};

enum { NEVER_NULL = sizeof never_null / sizeof *never_null };

/* The line up to a null: whether that is the value of one of these. */
static bool names_one(struct str before)
{
	before = str_trim(before);
	if (!str_ends(before, STR(":")))
		return false;
	before = str_trim(str_head(before, before.n - 1));
	if (!str_ends(before, STR("\"")))
		return false;
	before.n--;
	for (size_t i = 0; i < NEVER_NULL; i++)
		if (str_ends(before, never_null[i]) && before.n > never_null[i].n &&
			before.p[before.n - never_null[i].n - 1] == '"')
			return true;
	return false;
}

static bool has_null(struct str line)
{
	for (size_t at = 0; (at = str_find(line, STR("null"), at)) != SIZE_MAX; at += 4) {
		size_t from = at > 64 ? at - 64 : 0;
		if (names_one(str_range(line.p + from, line.p + at)))
			return true;
	}
	return false;
}

static bool hex4(struct str text, size_t at, unsigned *value)
{
	*value = 0;
	if (text.n < at + 4)
		return false;
	for (size_t i = at; i < at + 4; i++) {
		unsigned c = (uint8_t)text.p[i] | 0x20u;
		*value = *value * 16 + (c >= 'a' ? c - 'a' + 10 : c - ('0' | 0x20u));
	}
	return true;
}

/* Of a checked text: an escape of half a character. */
static bool has_lone_surrogate(struct str line)
{
	unsigned first, second;

	if (!str_contains(line, STR("\\ud")) && !str_contains(line, STR("\\uD")))
		return false;
	for (size_t at = 0; (at = str_find_char(line, '\\', at)) != SIZE_MAX; at += 2) {
		if (line.p[at + 1] != 'u' || !hex4(line, at + 2, &first))
			continue;
		if (first >= 0xdc00 && first < 0xe000)
			return true;
		if (first < 0xd800 || first >= 0xe000)
			continue;
		if (line.n < at + 12 || line.p[at + 6] != '\\' || line.p[at + 7] != 'u' ||
			!hex4(line, at + 8, &second) || second < 0xdc00 || second >= 0xe000)
			return true;
		at += 10;
	}
	return false;
}

/* Sessions take text that is no UTF-8 where nobody looks at it; days do not. */
static bool is_json(struct str line, bool is_by_day, struct arena *a)
{
	struct err ignored;

	if (json_check(line, &ignored))
		return !is_by_day || !has_lone_surrogate(line);
	if (is_by_day || utf8_is_valid(line))
		return false;
	struct str copy = arena_copy(a, line);
	char *bytes = (char *)copy.p;
	for (size_t i = 0; i < copy.n; i++)
		if ((uint8_t)bytes[i] >= 0x80)
			bytes[i] = '?';
	return json_check(copy, &ignored);
}

/* ---- values ---- */

struct field {
	const char *name; /* NULL: nobody asks for it */
	struct str value; /* absent: it is not there */
};

/* False when one of them comes twice. */
static bool pick(struct str object, struct field *fields, size_t count)
{
	struct str key, value;

	json_each (object, key, value) {
		for (size_t i = 0; i < count; i++) {
			if (!fields[i].name || !json_key_is(key, fields[i].name))
				continue;
			if (fields[i].value.p)
				return false;
			fields[i].value = value;
		}
	}
	return true;
}

/* A count is digits only, below 2^64; what does not fit is the largest. */
static bool read_count(struct str value, int64_t *count)
{
	uint64_t n = 0;

	if (value.n == 0 || value.n > 20)
		return false;
	for (size_t i = 0; i < value.n; i++) {
		unsigned digit = (unsigned)(uint8_t)value.p[i] - '0';
		if (digit > 9 || __builtin_mul_overflow(n, 10u, &n) ||
			__builtin_add_overflow(n, digit, &n))
			return false;
	}
	*count = n > INT64_MAX ? INT64_MAX : (int64_t)n;
	return true;
}

static bool read_optional_count(struct str value, int64_t *count)
{
	*count = 0;
	return !value.p || read_count(value, count);
}

static bool is_null_or_absent(struct str value)
{
	return !value.p || json_type(value) == JSON_NULL;
}

/* Absent for null, too; false for other types and for "". */
static bool read_text(struct str value, struct arena *a, struct str *text)
{
	*text = (struct str){0};
	if (is_null_or_absent(value))
		return true;
	if (json_type(value) != JSON_STRING || !utf8_is_valid(value))
		return false;
	*text = json_text(value, a);
	return text->n > 0;
}

static bool read_bool(struct str value, bool *truth)
{
	if (is_null_or_absent(value))
		return true;
	*truth = json_bool_or(value, false);
	return json_type(value) == JSON_BOOL;
}

/* "2.1.205-beta" */
static bool is_version(struct str text)
{
	for (int part = 0; part < 3; part++) {
		size_t n = 0;
		while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
			n++;
		if (n == 0 || (part < 2 && (n == text.n || text.p[n] != '.')))
			return false;
		text = str_skip(text, n + 1);
	}
	return true;
}

/* d: a digit */
static bool is_shaped(struct str text, const char *shape)
{
	if (text.n != strlen(shape))
		return false;
	for (size_t i = 0; i < text.n; i++) {
		bool is_digit = text.p[i] >= '0' && text.p[i] <= '9';
		if (shape[i] == 'd' ? !is_digit : text.p[i] != shape[i])
			return false;
	}
	return true;
}

static int two(struct str text, size_t at)
{
	return (text.p[at] - '0') * 10 + text.p[at + 1] - '0';
}

static bool is_date(struct str text)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = two(text, 0) * 100 + two(text, 2), month = two(text, 5), day = two(text, 8);
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (month < 1 || month > 12 || day < 1)
		return false;
	return day <= lengths[month - 1] + (month == 2 && is_leap);
}

/* Seconds with three digits behind them or none, and Z or an offset with a colon. */
static bool read_time(struct str value, struct arena *a, int64_t *time_ms)
{
	struct str text;

	if (json_type(value) != JSON_STRING || !read_text(value, a, &text) || text.n < 20)
		return false;
	size_t clock_n = text.p[19] == '.' ? 23 : 19;
	struct str clock = str_head(text, clock_n), zone = str_skip(text, clock_n);
	if (!is_shaped(clock, clock_n == 19 ? "dddd-dd-ddTdd:dd:dd" : "dddd-dd-ddTdd:dd:dd.ddd"))
		return false;
	if (!str_is(zone, "Z") && !is_shaped(zone, "+dd:dd") && !is_shaped(zone, "-dd:dd"))
		return false;
	if (zone.n > 1 && (two(zone, 1) > 23 || two(zone, 4) > 59))
		return false;
	return is_date(clock) && two(clock, 11) < 24 && two(clock, 14) < 60 &&
	       two(clock, 17) < 60 && usage_time(text, time_ms);
}

/* ---- the line ---- */

/* The split replaces the flat number wherever it is there, even when it is empty. */
static bool read_writes(struct str split, int64_t flat, struct usage_tokens *tokens)
{
	struct field f[] = {
		{.name = "ephemeral_5m_input_tokens"}, {.name = "ephemeral_1h_input_tokens"}};

	if (is_null_or_absent(split)) {
		tokens->cache_write_5m = flat;
		return true;
	}
	if (json_type(split) == JSON_ARRAY)
		return json_count(split) == 0;
	return json_type(split) == JSON_OBJECT && pick(split, f, 2) &&
	       read_optional_count(f[0].value, &tokens->cache_write_5m) &&
	       read_optional_count(f[1].value, &tokens->cache_write_1h);
}

static bool read_usage(struct str usage, struct compat_line *out)
{
	enum { INPUT, OUTPUT, WRITE, READ, SPLIT, SPEED, FIELDS };
	struct field f[FIELDS] = {{.name = "input_tokens"}, {.name = "output_tokens"},
		{.name = "cache_creation_input_tokens"}, {.name = "cache_read_input_tokens"},
		{.name = "cache_creation"}, {.name = "speed"}};
	int64_t flat;

	if (json_type(usage) != JSON_OBJECT || !pick(usage, f, FIELDS))
		return false;
	out->has_speed = f[SPEED].value.p;
	out->is_fast = json_text_is(f[SPEED].value, "fast");
	if (out->has_speed && !out->is_fast && !json_text_is(f[SPEED].value, "standard"))
		return false;
	return read_count(f[INPUT].value, &out->tokens.input) &&
	       read_count(f[OUTPUT].value, &out->tokens.output) &&
	       read_optional_count(f[WRITE].value, &flat) &&
	       read_optional_count(f[READ].value, &out->tokens.cache_read) &&
	       read_writes(f[SPLIT].value, flat, &out->tokens);
}

/* A number, or nothing; what costs less than nothing counts as if nobody had said it. */
static bool read_cost(struct str value, int64_t *cost_nanousd)
{
	*cost_nanousd = -1;
	if (is_null_or_absent(value))
		return true;
	*cost_nanousd = usage_json_cost(value);
	return json_type(value) == JSON_NUMBER;
}

/* Wherever in the line that is said: the seconds behind the first bar after it. */
static int64_t read_reset(struct str line)
{
	static const struct str said = STR("Claude AI usage limit reached");
	size_t at = str_find(line, said, 0);
	int64_t ms = 0;

	if (at != SIZE_MAX)
		at = str_find_char(line, '|', at + said.n);
	for (at = at == SIZE_MAX ? line.n : at + 1; at < line.n; at++) {
		int digit = line.p[at] - '0';
		if (digit < 0 || digit > 9)
			break;
		if (__builtin_mul_overflow(ms, 10, &ms) ||
			__builtin_add_overflow(ms, digit * 1000, &ms))
			return 0;
	}
	return ms;
}

enum outcome { NOT_ONE, REFUSED, COUNTS };

/* Empty texts and wrong versions are refused only once all has its type. */
static enum outcome judge(struct str object, struct str outer_session, bool is_progress,
	bool is_by_day, struct arena *a, struct compat_line *out)
{
	enum { TIME, SESSION, REQUEST, MESSAGE, VERSION, COST, SIDE, ERROR, FIELDS };
	struct field f[FIELDS] = {{.name = "timestamp"}, {.name = "sessionId"},
		{.name = "requestId"}, {.name = "message"}, {.name = "version"},
		{.name = "costUSD"}, {.name = "isSidechain"}, {.name = "isApiErrorMessage"}};
	struct field m[] = {{.name = "id"}, {.name = "model"}, {.name = "usage"}};
	bool is_error = false;

	*out = (struct compat_line){0};
	if (is_progress)
		f[SESSION].name = f[VERSION].name = NULL;
	if (is_by_day)
		f[ERROR].name = NULL;
	if (!pick(object, f, FIELDS))
		return NOT_ONE;
	if (is_progress)
		f[SESSION].value = outer_session;
	if (json_type(f[MESSAGE].value) != JSON_OBJECT || !pick(f[MESSAGE].value, m, 3) ||
		!read_usage(m[2].value, out) || !read_bool(f[SIDE].value, &out->is_sidechain) ||
		!read_bool(f[ERROR].value, &is_error) ||
		!read_cost(f[COST].value, &out->cost_nanousd))
		return NOT_ONE;
	struct str version;
	if (!read_text(f[VERSION].value, a, &version) || (version.p && !is_version(version)) ||
		!read_text(f[SESSION].value, a, &out->session) ||
		!read_text(f[REQUEST].value, a, &out->request) ||
		!read_text(m[0].value, a, &out->id) || !read_text(m[1].value, a, &out->model) ||
		!read_time(f[TIME].value, a, &out->time_ms))
		return REFUSED;
	if (is_error)
		out->resets_ms = read_reset(object);
	return COUNTS;
}

bool compat_line_read(struct str line, bool with_progress, struct arena *a, struct compat_line *out)
{
	if (has_null(line) || !is_json(line, with_progress, a))
		return false;
	enum outcome own = judge(line, (struct str){0}, false, with_progress, a, out);
	if (own != NOT_ONE || !with_progress)
		return own == COUNTS;
	struct str noted = json_get(json_get(line, "data"), "message");
	return json_type(noted) == JSON_OBJECT &&
	       judge(noted, json_get(line, "sessionId"), true, true, a, out) == COUNTS;
}
