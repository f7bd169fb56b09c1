// SPDX-License-Identifier: MIT
/* zone: local days of an IANA time zone. Days are numbers since 1970-01-01. */
#ifndef USAGE_ZONE_H
#define USAGE_ZONE_H

#include "base/buf.h"
#include "base/err.h"

struct usage_zone;

/* name: "Europe/Berlin", "UTC"; NULL: the system's (TZ, /etc/localtime). ERR_USAGE: no such zone.
 */
[[nodiscard]] bool usage_zone_new(const char *name, const char *(*environment)(const char *name),
	struct usage_zone **out, struct err *e);
void usage_zone_free(struct usage_zone *zone);
/* The same for zones with the same days; from its rules, not from its name. */
uint64_t usage_zone_mark(const struct usage_zone *zone);
const char *usage_zone_name(const struct usage_zone *zone);
int32_t usage_zone_day(const struct usage_zone *zone,
	int64_t time_ms); /* fast for times near each other; safe from several threads */
int64_t usage_zone_start_ms(const struct usage_zone *zone, int32_t day); /* first moment of it */
/* Seconds east of UTC then. */
int32_t usage_zone_offset_s(const struct usage_zone *zone, int64_t time_ms);
/* "2026-11-21 14:05:09" in the zone; format as strftime's without %z %Z. */
void usage_zone_put(
	const struct usage_zone *zone, int64_t time_ms, const char *format, struct buf *out);

void day_put(int32_t day, struct buf *out); /* "2026-11-21" */
void day_month_put(int32_t day, struct buf *out); /* "2026-11" */
int32_t day_month_start(int32_t day);
int32_t day_week_start(int32_t day, int first_weekday); /* 0 Sunday .. 6 */
int day_weekday(int32_t day); /* 0 Sunday .. 6 */
int32_t day_of(int year, int month, int day_of_month);
/* "2026-11-21", "20261121". */
[[nodiscard]] bool day_parse(struct str text, int32_t *day);

#endif
