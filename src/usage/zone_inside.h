// SPDX-License-Identifier: MIT
/* zone, inside: what zone.c and its parsers share. Nobody else includes it but tests. */
#ifndef USAGE_ZONE_INSIDE_H
#define USAGE_ZONE_INSIDE_H

#include "base/vec.h"
#include "usage/zone.h"

/* When a POSIX rule changes the offset, each year. */
enum day_kind {
	DAY_JULIAN, /* Jn: 1 to 365, February 29 is never counted */
	DAY_ZERO, /* n: 0 to 365 */
	DAY_WEEK, /* Mm.w.d */
};

struct zone_date {
	enum day_kind kind;
	int day; /* of the year, or the weekday, 0 Sunday */
	int month, week; /* week 5: the last */
	int time_s; /* of the wall clock before the change; may lie outside of the day */
};

/* "CET-1CEST,M3.5.0,M10.5.0/3" */
struct zone_rule {
	int32_t offset_s, summer_offset_s; /* east of UTC */
	bool has_summer;
	struct zone_date begin, end; /* of summer */
};

/* From start_s on the offset holds. */
struct zone_span {
	int64_t start_s; /* since 1970, UTC */
	int32_t offset_s;
};

struct zone_table {
	VEC(struct zone_span) spans; /* at least one; the first begins with time itself */
	struct zone_rule rule; /* what comes behind the last */
	bool has_rule;
	bool is_rule_only; /* the rule holds before the second span, too */
};

enum { ZONE_FILE_MAX_BYTES = 1 << 20 };

void zone_table_release(struct zone_table *table);
/* TZif (RFC 8536), any version; table is empty. ERR_PARSE. */
[[nodiscard]] bool zone_table_read(struct str bytes, struct zone_table *table, struct err *e);
/* POSIX TZ with RFC 8536's longer times. False: it is none. */
[[nodiscard]] bool zone_rule_read(struct str text, struct zone_rule *rule);
/*
 * The rule's last change at or before time_s, and the next one behind it; INT64_MIN and INT64_MAX
 * where there is none.
 */
struct zone_span zone_rule_at(const struct zone_rule *rule, int64_t time_s, int64_t *end_s);

/* The proleptic Gregorian calendar, days since 1970-01-01. */
struct date {
	int64_t year;
	int month, day; /* from 1 */
};

struct date date_of(int64_t day);
int64_t date_day(int64_t year, int month, int day_of_month);

static inline int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

#endif
