// SPDX-License-Identifier: MIT
/*
 * schema_format: what format asks of a text. Dates and times by RFC 3339, addresses by RFC 4291 and
 * dotted decimal, UUID by RFC 9562, JSON pointers by RFC 6901. email, hostname and uri are checked
 * for their shape only: what a full reading of their RFCs allows beyond that is refused, and no
 * name is looked up.
 */
#include <string.h>

#include "base/schema_inside.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Takes exactly so many digits off the front. */
static bool take_digits(struct str *rest, size_t count, int *value)
{
	*value = 0;
	if (rest->n < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!is_digit(rest->p[i]))
			return false;
		*value = *value * 10 + (rest->p[i] - '0');
	}
	*rest = str_skip(*rest, count);
	return true;
}

static bool take(struct str *rest, char c)
{
	if (!rest->n || *rest->p != c)
		return false;
	*rest = str_skip(*rest, 1);
	return true;
}

static int days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && is_leap);
}

static bool take_date(struct str *rest)
{
	int year, month, day;

	return take_digits(rest, 4, &year) && take(rest, '-') && take_digits(rest, 2, &month) &&
	       take(rest, '-') && take_digits(rest, 2, &day) && month >= 1 && month <= 12 &&
	       day >= 1 && day <= days_in(year, month);
}

static bool take_offset(struct str *rest, int *minutes)
{
	int hour, minute;

	*minutes = 0;
	if (take(rest, 'Z') || take(rest, 'z'))
		return true;
	bool is_ahead = rest->n && *rest->p == '+';
	if (!take(rest, '+') && !take(rest, '-'))
		return false;
	if (!take_digits(rest, 2, &hour) || !take(rest, ':') || !take_digits(rest, 2, &minute) ||
		hour > 23 || minute > 59)
		return false;
	*minutes = (is_ahead ? 1 : -1) * (hour * 60 + minute);
	return true;
}

static bool take_time(struct str *rest)
{
	enum { DAY_MINUTES = 24 * 60 };
	int hour, minute, second, offset;

	if (!take_digits(rest, 2, &hour) || !take(rest, ':') || !take_digits(rest, 2, &minute) ||
		!take(rest, ':') || !take_digits(rest, 2, &second) || hour > 23 || minute > 59 ||
		second > 60)
		return false;
	if (take(rest, '.')) {
		if (!rest->n || !is_digit(*rest->p))
			return false;
		while (rest->n && is_digit(*rest->p))
			*rest = str_skip(*rest, 1);
	}
	if (!take_offset(rest, &offset))
		return false;
	/* A leap second is the last one of a day in UTC. */
	int utc = (hour * 60 + minute - offset + 2 * DAY_MINUTES) % DAY_MINUTES;
	return second < 60 || utc == DAY_MINUTES - 1;
}

static bool is_date(struct str text)
{
	return take_date(&text) && !text.n;
}

static bool is_time(struct str text)
{
	return take_time(&text) && !text.n;
}

static bool is_date_time(struct str text)
{
	return take_date(&text) && (take(&text, 'T') || take(&text, 't')) && take_time(&text) &&
	       !text.n;
}

/* Numbers with units in this order; false when there is none. */
static bool take_amounts(struct str *rest, const char *units)
{
	bool has_any = false;

	while (rest->n && is_digit(*rest->p)) {
		while (rest->n && is_digit(*rest->p))
			*rest = str_skip(*rest, 1);
		const char *unit = rest->n && *rest->p ? strchr(units, *rest->p) : NULL;
		if (!unit)
			return false;
		units = unit + 1;
		*rest = str_skip(*rest, 1);
		has_any = true;
	}
	return has_any;
}

/* "P3Y6M4DT12H30M5S", "P4W" */
static bool is_duration(struct str text)
{
	if (!take(&text, 'P'))
		return false;
	if (str_ends(text, STR("W")))
		return take_amounts(&text, "W") && !text.n;
	bool has_time = text.n && *text.p == 'T';
	if (!has_time && !take_amounts(&text, "YMD"))
		return false;
	return !text.n || (take(&text, 'T') && take_amounts(&text, "HMS") && !text.n);
}

static bool is_label(struct str label)
{
	if (!label.n || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
		return false;
	for (size_t i = 0; i < label.n; i++)
		if (!is_letter(label.p[i]) && !is_digit(label.p[i]) && label.p[i] != '-')
			return false;
	return true;
}

static bool is_hostname(struct str text)
{
	struct str label;

	if (!text.n || text.n > 253)
		return false;
	while (str_split(&text, '.', &label))
		if (!is_label(label))
			return false;
	return true;
}

static bool is_ipv4(struct str text)
{
	struct str part;
	int count = 0;
	int64_t number;

	while (str_split(&text, '.', &part)) {
		count++;
		if (!part.n || part.n > 3 || (part.n > 1 && part.p[0] == '0') ||
			!is_digit(part.p[0]) || !str_int(part, &number) || number > 255)
			return false;
	}
	return count == 4;
}

static bool is_group(struct str group)
{
	if (!group.n || group.n > 4)
		return false;
	for (size_t i = 0; i < group.n; i++)
		if (!is_hex(group.p[i]))
			return false;
	return true;
}

/* Groups of 16 bits between colons; -1 when they are none. The last may be an IPv4 address. */
static int count_groups(struct str text, bool is_end)
{
	struct str group;
	int count = 0;

	if (!text.n)
		return 0;
	while (str_split(&text, ':', &group)) {
		if (is_end && !text.p && is_ipv4(group))
			return count + 2;
		if (!is_group(group))
			return -1;
		count++;
	}
	return count;
}

static bool is_ipv6(struct str text)
{
	size_t gap = str_find(text, STR("::"), 0);

	if (gap == SIZE_MAX)
		return count_groups(text, true) == 8;
	int before = count_groups(str_head(text, gap), false);
	int behind = count_groups(str_skip(text, gap + 2), true);
	return before >= 0 && behind >= 0 && before + behind <= 7;
}

static bool is_email(struct str text)
{
	size_t at = str_find_char(text, '@', 0);
	struct str part, local = str_head(text, at);

	if (at == SIZE_MAX || !local.n || local.n > 64 || !is_hostname(str_skip(text, at + 1)))
		return false;
	while (str_split(&local, '.', &part)) {
		if (!part.n)
			return false;
		for (size_t i = 0; i < part.n; i++)
			if (!is_letter(part.p[i]) && !is_digit(part.p[i]) &&
				(!part.p[i] || !strchr("!#$%&'*+-/=?^_`{|}~", part.p[i])))
				return false;
	}
	return true;
}

/* The characters of RFC 3986, with whole percent escapes. */
static bool has_uri_characters(struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c == '%' &&
			(i + 2 >= text.n || !is_hex(text.p[i + 1]) || !is_hex(text.p[i + 2])))
			return false;
		if (c != '%' && !is_letter(c) && !is_digit(c) &&
			(!c || !strchr("-._~:/?#[]@!$&'()*+,;=", c)))
			return false;
	}
	return true;
}

static bool is_uri(struct str text)
{
	size_t colon = str_find_char(text, ':', 0);

	if (colon == SIZE_MAX || colon == 0 || !is_letter(text.p[0]) || !has_uri_characters(text))
		return false;
	for (size_t i = 1; i < colon; i++)
		if (!is_letter(text.p[i]) && !is_digit(text.p[i]) && !strchr("+-.", text.p[i]))
			return false;
	return true;
}

static bool is_uuid(struct str text)
{
	if (text.n != 36)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (is_dash ? text.p[i] != '-' : !is_hex(text.p[i]))
			return false;
	}
	return true;
}

static bool is_json_pointer(struct str text)
{
	if (text.n && text.p[0] != '/')
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '~' &&
			(i + 1 == text.n || (text.p[i + 1] != '0' && text.p[i + 1] != '1')))
			return false;
	return true;
}

static const struct {
	const char *name;
	bool (*is_format)(struct str text);
} formats[] = {
	{"date-time", is_date_time},
	{"date", is_date},
	{"time", is_time},
	{"duration", is_duration},
	{"email", is_email},
	{"hostname", is_hostname},
	{"ipv4", is_ipv4},
	{"ipv6", is_ipv6},
	{"uri", is_uri},
	{"uri-reference", has_uri_characters},
	{"uuid", is_uuid},
	{"json-pointer", is_json_pointer},
};

bool (*schema_format(struct str name))(struct str text)
{
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (str_is(name, formats[i].name))
			return formats[i].is_format;
	return NULL;
}
