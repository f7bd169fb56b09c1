// SPDX-License-Identifier: MIT
/* Days as numbers since 1970-01-01, and the calendar. */
#include "usage/zone_inside.h"

enum {
	DAYS_400_YEARS = 146'097,
	DAYS_100_YEARS = 36'524,
	DAYS_4_YEARS = 1'461,
	MARCH_0000 = -719'468, /* 0000-03-01 */
};

/* Years begin with March here, so that the leap day is their last. */
struct date date_of(int64_t day)
{
	int64_t since = day - MARCH_0000, era = floor_div(since, DAYS_400_YEARS);
	int rest = (int)(since - era * DAYS_400_YEARS);
	int century = rest / DAYS_100_YEARS;
	century -= century == 4; /* the leap day that ends the 400 years */
	rest -= century * DAYS_100_YEARS;
	int leap = rest / DAYS_4_YEARS;
	rest -= leap * DAYS_4_YEARS;
	int single = rest / 365;
	single -= single == 4;
	rest -= single * 365;
	/* 31 30 31 30 31 days from March and from August on: 153 in five months. */
	int month = (5 * rest + 2) / 153;
	int64_t year = era * 400 + century * 100 + leap * 4 + single;

	return (struct date){year + (month >= 10), month < 10 ? month + 3 : month - 9,
		rest - (153 * month + 2) / 5 + 1};
}

int64_t date_day(int64_t year, int month, int day_of_month)
{
	int from_march = month > 2 ? month - 3 : month + 9;
	int64_t y = year - (month <= 2), era = floor_div(y, 400), rest = y - era * 400;

	return MARCH_0000 + era * DAYS_400_YEARS + rest * 365 + rest / 4 - rest / 100 +
	       (153 * from_march + 2) / 5 + day_of_month - 1;
}

int32_t day_of(int year, int month, int day_of_month)
{
	return (int32_t)date_day(year, month, day_of_month);
}

void day_put(int32_t day, struct buf *out)
{
	struct date date = date_of(day);

	buf_printf(out, "%04lld-%02d-%02d", (long long)date.year, date.month, date.day);
}

void day_month_put(int32_t day, struct buf *out)
{
	struct date date = date_of(day);

	buf_printf(out, "%04lld-%02d", (long long)date.year, date.month);
}

int32_t day_month_start(int32_t day)
{
	return day - date_of(day).day + 1;
}

/* 1970-01-01 was a Thursday. */
int day_weekday(int32_t day)
{
	int64_t since = (int64_t)day + 4;

	return (int)(since - floor_div(since, 7) * 7);
}

int32_t day_week_start(int32_t day, int first_weekday)
{
	return day - (day_weekday(day) - first_weekday + 7) % 7;
}

static bool digits(struct str text, size_t at, size_t count, int *value)
{
	int number = 0;

	for (size_t i = at; i < at + count; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		number = number * 10 + text.p[i] - '0';
	}
	*value = number;
	return true;
}

bool day_parse(struct str text, int32_t *day)
{
	bool has_hyphens = text.n == 10;
	int year, month, of_month;

	if (text.n != 8 && (!has_hyphens || text.p[4] != '-' || text.p[7] != '-'))
		return false;
	if (!digits(text, 0, 4, &year) || !digits(text, 4 + has_hyphens, 2, &month) ||
		!digits(text, 6 + 2 * has_hyphens, 2, &of_month) || month < 1 || month > 12)
		return false;
	int64_t number = date_day(year, month, of_month);
	struct date back = date_of(number);
	if (of_month < 1 || back.month != month || back.day != of_month)
		return false;
	*day = (int32_t)number;
	return true;
}
