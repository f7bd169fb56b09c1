// SPDX-License-Identifier: MIT
/* Rules of POSIX's TZ: "EST5EDT,M3.2.0,M11.1.0", "<+0330>-3:30", "CET-1CEST,M3.5.0,M10.5.0/3". */
#include "usage/zone_inside.h"

enum { HOUR_S = 3600, DAY_S = 86'400 };

struct scan {
	const char *p, *end;
};

static bool is_at(const struct scan *s, char c)
{
	return s->p < s->end && *s->p == c;
}

static bool take(struct scan *s, char c)
{
	if (!is_at(s, c))
		return false;
	s->p++;
	return true;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool take_number(struct scan *s, int most, int *out)
{
	int number = 0;
	const char *from = s->p;

	for (; s->p < s->end && is_digit(*s->p); s->p++) {
		number = number * 10 + *s->p - '0';
		if (number > most)
			return false;
	}
	*out = number;
	return s->p > from;
}

/* Three letters at least, or anything of letters, digits and signs between < and >. */
static bool take_name(struct scan *s)
{
	bool is_quoted = take(s, '<');
	const char *from = s->p;

	while (s->p < s->end &&
		(is_letter(*s->p) ||
			(is_quoted && (is_digit(*s->p) || *s->p == '+' || *s->p == '-'))))
		s->p++;
	return s->p - from >= 3 && (!is_quoted || take(s, '>'));
}

/* "[+-]hh[:mm[:ss]]" */
static bool take_time(struct scan *s, int most_hours, int *out_s)
{
	bool is_negative = is_at(s, '-');
	int hours, minutes = 0, seconds = 0;

	if (is_negative || is_at(s, '+'))
		s->p++;
	if (!take_number(s, most_hours, &hours))
		return false;
	if (take(s, ':') && !take_number(s, 59, &minutes))
		return false;
	if (take(s, ':') && !take_number(s, 59, &seconds))
		return false;
	int time = hours * HOUR_S + minutes * 60 + seconds;
	*out_s = is_negative ? -time : time;
	return true;
}

static bool take_date(struct scan *s, struct zone_date *d)
{
	d->time_s = 2 * HOUR_S;
	if (take(s, 'M')) {
		d->kind = DAY_WEEK;
		if (!take_number(s, 12, &d->month) || d->month < 1 || !take(s, '.') ||
			!take_number(s, 5, &d->week) || d->week < 1 || !take(s, '.') ||
			!take_number(s, 6, &d->day))
			return false;
	} else {
		d->kind = take(s, 'J') ? DAY_JULIAN : DAY_ZERO;
		if (!take_number(s, 365, &d->day) || (d->kind == DAY_JULIAN && d->day < 1))
			return false;
	}
	return !take(s, '/') || take_time(s, 167, &d->time_s);
}

bool zone_rule_read(struct str text, struct zone_rule *rule)
{
	/* POSIX leaves open what a rule without dates means; this is what systems take it for. */
	static const struct zone_date march = {DAY_WEEK, 0, 3, 2, 2 * HOUR_S},
				      november = {DAY_WEEK, 0, 11, 1, 2 * HOUR_S};
	struct scan s = {text.p, text.p + text.n};
	struct zone_rule r = {.begin = march, .end = november};
	int offset;

	if (!text.n || !take_name(&s) || !take_time(&s, 24, &offset))
		return false;
	r.offset_s = -offset; /* POSIX counts to the west */
	if (s.p == s.end) {
		*rule = r;
		return true;
	}
	r.has_summer = true;
	r.summer_offset_s = r.offset_s + HOUR_S;
	if (!take_name(&s))
		return false;
	if (s.p < s.end && !is_at(&s, ',')) {
		if (!take_time(&s, 24, &offset))
			return false;
		r.summer_offset_s = -offset;
	}
	if (s.p < s.end && (!take(&s, ',') || !take_date(&s, &r.begin) || !take(&s, ',') ||
				   !take_date(&s, &r.end)))
		return false;
	if (s.p != s.end)
		return false;
	*rule = r;
	return true;
}

/* ---- when it changes ---- */

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t day_in(const struct zone_date *d, int64_t year)
{
	int64_t first = date_day(year, 1, 1);

	if (d->kind == DAY_ZERO)
		return first + d->day;
	if (d->kind == DAY_JULIAN)
		return first + d->day - 1 + (is_leap(year) && d->day >= 60);
	int64_t month = date_day(year, d->month, 1);
	int64_t next = d->month == 12 ? date_day(year + 1, 1, 1) : date_day(year, d->month + 1, 1);
	int64_t weekday = (month + 4) - floor_div(month + 4, 7) * 7;
	int64_t day = month + (d->day - weekday + 7) % 7 + 7 * (d->week - 1);
	while (day >= next)
		day -= 7;
	return day;
}

struct zone_span zone_rule_at(const struct zone_rule *rule, int64_t time_s, int64_t *end_s)
{
	struct zone_span found = {INT64_MIN, rule->offset_s};
	int64_t year = date_of(floor_div(time_s, DAY_S)).year;

	*end_s = INT64_MAX;
	if (!rule->has_summer)
		return found;
	/* Times of a change may lie a week outside of their day, so also in another year. */
	for (int64_t y = year - 2; y <= year + 2; y++) {
		struct zone_span begin = {
			day_in(&rule->begin, y) * DAY_S + rule->begin.time_s - rule->offset_s,
			rule->summer_offset_s};
		struct zone_span end = {
			day_in(&rule->end, y) * DAY_S + rule->end.time_s - rule->summer_offset_s,
			rule->offset_s};
		bool is_north = begin.start_s < end.start_s;
		struct zone_span both[] = {is_north ? begin : end, is_north ? end : begin};
		for (int i = 0; i < 2; i++) {
			if (both[i].start_s <= time_s)
				found = both[i];
			else if (both[i].start_s < *end_s)
				*end_s = both[i].start_s;
		}
	}
	return found;
}
