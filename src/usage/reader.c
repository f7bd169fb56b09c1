// SPDX-License-Identifier: MIT
#include "usage/reader.h"

#include <string.h>

#include "base/json.h"
#include "base/json_walk.h"
#include "base/money.h"

const struct usage_reader *usage_reader_find(struct str name)
{
	for (const struct usage_reader *const *reader = usage_readers; *reader; reader++)
		if (str_is(name, (*reader)->name))
			return *reader;
	return NULL;
}

/* ---- places ---- */

/* "~/x" with HOME in front; absent where it is not absolute then. */
static struct str expanded(struct usage_places *places, struct str path, const char *tail)
{
	if (path.n > 0 && path.p[0] == '/')
		return arena_printf(places->arena, "%.*s%s", STR_ARG(path), tail);
	if (!places->home || path.n == 0 || path.p[0] != '~' || (path.n > 1 && path.p[1] != '/'))
		return (struct str){0};
	return arena_printf(
		places->arena, "%s%.*s%s", places->home, STR_ARG(str_skip(path, 1)), tail);
}

static void add(struct usage_places *places, struct str path, const char *tail, unsigned note)
{
	struct str whole = expanded(places, path, tail);

	if (whole.p)
		places->add(places, whole, note);
}

const char *usage_places_get(const struct usage_places *places, const char *name)
{
	return places->is_usual && strncmp(name, "XDG_", 4) != 0 ? NULL : places->environment(name);
}

bool usage_places_variable(
	struct usage_places *places, const char *variable, const char *tail, unsigned note)
{
	struct str rest = str_from(usage_places_get(places, variable)), path;

	if (str_trim(rest).n == 0)
		return false;
	while (str_split(&rest, ',', &path)) {
		path = str_trim(path);
		while (path.n > 1 && path.p[path.n - 1] == '/')
			path.n--;
		if (path.n > 0)
			add(places, path, tail, note);
	}
	return true;
}

void usage_places_add(struct usage_places *places, const char *path, unsigned note)
{
	add(places, str_from(path), "", note);
}

void usage_places_xdg(struct usage_places *places, const char *variable, const char *below_home,
	const char *tail, unsigned note)
{
	struct str base = str_from(usage_places_get(places, variable));

	if (base.n > 0 && base.p[0] == '/')
		add(places, base, tail, note);
	else
		add(places, arena_printf(places->arena, "~/%s", below_home), tail, note);
}

/* ---- files ---- */

void usage_remember(struct usage_file *file, int text, struct str value)
{
	if (!str_eq(file->memory.texts[text], value))
		file->memory.texts[text] = arena_copy(file->arena, value);
}

/* No answer has so many, and sums of fewer do not overflow. */
static bool is_possible(const struct usage_tokens *t)
{
	static const int64_t limit = 1'000'000'000'000;

	return usage_tokens_total(t) <= limit && t->reasoning <= limit &&
	       t->web_searches <= limit && t->messages <= limit;
}

void usage_take(struct usage_file *file, const struct usage_record *record)
{
	if (!is_possible(&record->tokens)) {
		usage_complain(file, "more tokens than an answer can have");
		return;
	}
	file->take(file->self, file, record);
}

void usage_complain(struct usage_file *file, const char *why)
{
	file->complain(file->self, file, why);
}

/* ---- values ---- */

enum { TIME_LIMIT_YEAR = 9999, MS_PER_S = 1000, S_PER_DAY = 86400 };

static bool digits(struct str *text, size_t count, int *value)
{
	if (text->n < count)
		return false;
	*value = 0;
	for (size_t i = 0; i < count; i++) {
		unsigned digit = (unsigned)text->p[i] - '0';
		if (digit > 9)
			return false;
		*value = *value * 10 + (int)digit;
	}
	*text = str_skip(*text, count);
	return true;
}

static bool take_char(struct str *text, char a, char b)
{
	if (text->n == 0 || (text->p[0] != a && text->p[0] != b))
		return false;
	*text = str_skip(*text, 1);
	return true;
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar (Hinnant, "days_from_civil"). */
static int64_t days_from_civil(int year, int month, int day)
{
	int y = month <= 2 ? year - 1 : year;
	int era = (y >= 0 ? y : y - 399) / 400;
	int year_of_era = y - era * 400;
	int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return (int64_t)era * 146'097 + day_of_era - 719'468;
}

static bool read_date(struct str *text, int64_t *days)
{
	static const uint8_t lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year, month, day;

	if (!digits(text, 4, &year) || !take_char(text, '-', '-') || !digits(text, 2, &month) ||
		!take_char(text, '-', '-') || !digits(text, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > lengths[month - 1])
		return false;
	*days = days_from_civil(year, month, day);
	return true;
}

/* "10:00:00.123" to ms; a leap second is the second behind it. */
static bool read_clock(struct str *text, int64_t *ms)
{
	int hour, minute, second = 0, millis = 0, scale = 100;

	if (!digits(text, 2, &hour) || !take_char(text, ':', ':') || !digits(text, 2, &minute))
		return false;
	if (take_char(text, ':', ':') && !digits(text, 2, &second))
		return false;
	if (hour > 24 || minute > 59 || second > 60)
		return false;
	if (take_char(text, '.', ',')) {
		for (int digit; digits(text, 1, &digit); scale /= 10)
			millis += digit * scale;
	}
	*ms = ((int64_t)hour * 3600 + minute * 60 + second) * MS_PER_S + millis;
	return true;
}

static bool read_offset(struct str *text, int64_t *ms)
{
	int hour, minute = 0;

	*ms = 0;
	if (text->n == 0 || take_char(text, 'Z', 'z'))
		return true;
	int sign = text->p[0] == '-' ? -1 : 1;
	if (!take_char(text, '+', '-') || !digits(text, 2, &hour))
		return false;
	(void)take_char(text, ':', ':');
	if (text->n > 0 && !digits(text, 2, &minute))
		return false;
	*ms = sign * ((int64_t)hour * 3600 + minute * 60) * MS_PER_S;
	return true;
}

/* Two digits, each known to be at most 9. */
static bool two(const char *p, int *value)
{
	unsigned tens = (unsigned)p[0] - '0', ones = (unsigned)p[1] - '0';

	*value = (int)(tens * 10 + ones);
	return tens <= 9 && ones <= 9;
}

/* "2026-11-20T10:00:00.123Z", as nearly all of them are; false: the long way tells. */
static bool plain_time(struct str t, int64_t *time_ms)
{
	int century, year, month, day, hour, minute, second, tenth, rest;

	if (t.n != 24 || t.p[4] != '-' || t.p[7] != '-' || t.p[10] != 'T' || t.p[13] != ':' ||
		t.p[16] != ':' || t.p[19] != '.' || t.p[23] != 'Z')
		return false;
	tenth = t.p[20] - '0';
	if (!two(t.p, &century) || !two(t.p + 2, &year) || !two(t.p + 5, &month) ||
		!two(t.p + 8, &day) || !two(t.p + 11, &hour) || !two(t.p + 14, &minute) ||
		!two(t.p + 17, &second) || !two(t.p + 21, &rest) || tenth < 0 || tenth > 9)
		return false;
	if (month < 1 || month > 12 || day < 1 || day > 28 || hour > 23 || minute > 59 ||
		second > 59)
		return false;
	*time_ms = (days_from_civil(century * 100 + year, month, day) * S_PER_DAY + hour * 3600 +
			   minute * 60 + second) *
			   MS_PER_S +
		   tenth * 100 + rest;
	return true;
}

bool usage_time(struct str text, int64_t *time_ms)
{
	int64_t days, clock = 0, offset = 0;

	if (plain_time(text, time_ms))
		return true;
	text = str_trim(text);
	if (!read_date(&text, &days))
		return false;
	if (text.n > 0 && ((!take_char(&text, 'T', 't') && !take_char(&text, ' ', ' ')) ||
				  !read_clock(&text, &clock)))
		return false;
	text = str_trim(text);
	if (!read_offset(&text, &offset) || text.n > 0)
		return false;
	*time_ms = days * S_PER_DAY * MS_PER_S + clock - offset;
	return true;
}

/* The unit is told by the size: no time between 1973 and 5138 has two readings. */
static bool time_of_number(double number, int64_t *time_ms)
{
	static const double limits[] = {1e11, 1e14, 1e17, 1e20}; /* s, ms, us, ns */
	static const double to_ms[] = {1e3, 1, 1e-3, 1e-6};

	for (int i = 0; i < 4; i++) {
		if (number > 0 && number < limits[i]) {
			*time_ms = (int64_t)(number * to_ms[i]);
			return true;
		}
	}
	return false;
}

/* What is between the quotes; the escapes that stand in numbers and times are none. */
static struct str unquoted(struct str value)
{
	if (value.n < 2 || value.p[0] != '"')
		return value;
	return (struct str){value.p + 1, value.n - 2};
}

/* Whether all of it is a number: a date begins with one. */
static bool is_number(struct str text)
{
	struct err ignored;

	return json_type(text) == JSON_NUMBER && json_check(text, &ignored);
}

bool usage_json_time(struct str value, int64_t *time_ms)
{
	struct str text = str_trim(unquoted(value));
	double number;

	if (usage_time(text, time_ms))
		return true;
	return is_number(text) && json_double(text, &number) && time_of_number(number, time_ms);
}

/* Up to 15 digits and nothing else, as nearly all counts are. */
static bool plain_digits(struct str text, int64_t *count)
{
	int64_t sum = 0;

	if (text.n == 0 || text.n > 15)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		unsigned digit = (unsigned)text.p[i] - '0';
		if (digit > 9)
			return false;
		sum = sum * 10 + (int64_t)digit;
	}
	*count = sum;
	return true;
}

int64_t usage_json_count(struct str value)
{
	int64_t count;
	double number;

	if (plain_digits(value, &count))
		return count;
	struct str text = str_trim(unquoted(value));
	if (!is_number(text) || text.p[0] == '-')
		return 0;
	if (json_int(text, &count))
		return count;
	if (!json_double(text, &number)) /* longer than any number that somebody means */
		return INT64_MAX;
	return number < 9.2e18 ? (int64_t)number : INT64_MAX;
}

bool usage_json_is_count(struct str value)
{
	struct str text = str_trim(unquoted(value));

	return is_number(text) && text.p[0] != '-';
}

struct str usage_file_stem(const struct usage_file *file)
{
	struct str path = file->path;
	const char *slash = memrchr(path.p, '/', path.n);
	struct str name = slash ? str_range(slash + 1, path.p + path.n) : path;

	return str_ends(name, STR(".jsonl")) ? str_head(name, name.n - STR(".jsonl").n) : name;
}

bool usage_line_is_whole(struct usage_file *file, struct str line)
{
	struct json_walk w = json_walk_begin(line);

	if (!w.is_bad && json_type(line) == JSON_OBJECT) {
		json_walk_skip(&w);
		if (json_walk_ends(&w))
			return true;
	}
	usage_complain(file, "a damaged line");
	return false;
}

int64_t usage_json_cost(struct str value)
{
	if (!value.p)
		return -1;
	struct str text = str_trim(unquoted(value));
	double number;

	if (!is_number(text) || !json_double(text, &number) || !(number >= 0) ||
		number > (double)MONEY_MAX_USD)
		return -1;
	return (int64_t)(number * (double)NANO_PER_USD + 0.5);
}

void usage_fill_total(struct usage_tokens *tokens, int64_t total)
{
	int64_t known = usage_tokens_total(tokens);

	if (total > known)
		tokens->other = money_add(tokens->other, total - known);
}
