// SPDX-License-Identifier: MIT
/* zone: local days, against Python's zoneinfo and by hand. */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "usage/zone_inside.h"

static const char *said_tz, *said_tzdir;

static const char *environment(const char *name)
{
	return strcmp(name, "TZ") == 0 ? said_tz : strcmp(name, "TZDIR") == 0 ? said_tzdir : NULL;
}

static struct usage_zone *zone(const char *name)
{
	struct usage_zone *z;
	struct err e;

	if (!usage_zone_new(name, environment, &z, &e))
		fail_msg("%s: %s", name ? name : "system", e.text);
	return z;
}

static struct usage_zone *by_tz(const char *tz)
{
	said_tz = tz;
	struct usage_zone *z = zone(NULL);
	said_tz = NULL;
	return z;
}

static int64_t at(int year, int month, int day, int hour, int minute, int second)
{
	return (date_day(year, month, day) * 86'400 + hour * 3600 + minute * 60 + second) * 1000;
}

static const char *shown(const struct usage_zone *z, int64_t time_ms)
{
	static char text[64];
	AUTO(buf) b = {0};

	usage_zone_put(z, time_ms, "%Y-%m-%d %H:%M:%S", &b);
	snprintf(text, sizeof text, "%s", buf_text(&b));
	return text;
}

static void test_zoneinfo(void **)
{
	FILE *facts = popen("/usr/bin/python3 " TEST_UNIT "/zone_facts.py", "r");
	struct usage_zone *z = NULL;
	char name[64];
	long long second;
	int offset, count = 0;

	assert_non_null(facts);
	while (fscanf(facts, "%63s %lld %d", name, &second, &offset) == 3) {
		if (!z || strcmp(usage_zone_name(z), name) != 0) {
			usage_zone_free(z);
			z = zone(name);
		}
		if (usage_zone_offset_s(z, second * 1000) != offset)
			fail_msg("%s at %lld: %d, not %d", name, second,
				usage_zone_offset_s(z, second * 1000), offset);
		assert_int_equal(
			usage_zone_day(z, second * 1000 + 999), floor_div(second + offset, 86'400));
		count++;
	}
	usage_zone_free(z);
	assert_int_equal(pclose(facts), 0);
	assert_true(count > 70'000);
}

static void test_days_of_a_change(void **)
{
	struct usage_zone *z = zone("America/New_York");
	int32_t day = day_of(2026, 3, 8);

	/* 23 hours, then 25 */
	assert_int_equal(usage_zone_start_ms(z, day), at(2026, 3, 8, 5, 0, 0));
	assert_int_equal(usage_zone_start_ms(z, day + 1), at(2026, 3, 9, 4, 0, 0));
	assert_string_equal(shown(z, at(2026, 3, 8, 6, 59, 59)), "2026-03-08 01:59:59");
	assert_string_equal(shown(z, at(2026, 3, 8, 7, 0, 0)), "2026-03-08 03:00:00");
	day = day_of(2026, 11, 1);
	assert_int_equal(usage_zone_start_ms(z, day), at(2026, 11, 1, 4, 0, 0));
	assert_int_equal(usage_zone_start_ms(z, day + 1), at(2026, 11, 2, 5, 0, 0));
	assert_int_equal(usage_zone_day(z, at(2026, 11, 2, 4, 59, 59)), day);
	usage_zone_free(z);
	z = zone("Australia/Lord_Howe"); /* half an hour */
	assert_int_equal(usage_zone_offset_s(z, at(2026, 1, 1, 0, 0, 0)), 39'600);
	assert_int_equal(usage_zone_offset_s(z, at(2026, 7, 1, 0, 0, 0)), 37'800);
	usage_zone_free(z);
	z = zone("Pacific/Apia"); /* had no 2011-12-30 */
	day = day_of(2011, 12, 30);
	assert_int_equal(usage_zone_day(z, at(2011, 12, 30, 9, 59, 59)), day - 1);
	assert_int_equal(usage_zone_day(z, at(2011, 12, 30, 10, 0, 0)), day + 1);
	assert_int_equal(usage_zone_start_ms(z, day), at(2011, 12, 30, 10, 0, 0));
	assert_int_equal(usage_zone_start_ms(z, day + 1), at(2011, 12, 30, 10, 0, 0));
	usage_zone_free(z);
	z = zone("America/Sao_Paulo"); /* no midnight: 2018-11-04 began at 01:00 */
	assert_int_equal(usage_zone_start_ms(z, day_of(2018, 11, 4)), at(2018, 11, 4, 3, 0, 0));
	assert_string_equal(shown(z, at(2018, 11, 4, 3, 0, 0)), "2018-11-04 01:00:00");
	usage_zone_free(z);
	z = zone("Asia/Kathmandu");
	assert_int_equal(usage_zone_start_ms(z, day_of(2026, 11, 21)), at(2026, 11, 20, 18, 15, 0));
	usage_zone_free(z);
}

/* The first moment of a day is on it or, for a day left out, behind it; the moment before is not.
 */
static void test_starts(void **)
{
	static const char *const names[] = {"America/New_York", "Pacific/Apia", "Africa/Casablanca",
		"Antarctica/Troll", "America/Sao_Paulo", "UTC", "<+12>-12<+13>,M11.1.0,M1.2.1/147",
		"EST5EDT,0/0,J365/25", "America/St_Johns"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct usage_zone *z = zone(names[i]);
		int64_t before = INT64_MIN;
		for (int32_t day = -100'000;
			day<3'000'000; day += day> - 1000 && day < 60'000 ? 1 : 97) {
			int64_t start = usage_zone_start_ms(z, day);
			assert_true(usage_zone_day(z, start) >= day);
			assert_true(usage_zone_day(z, start - 1) < day);
			assert_true(start >= before);
			before = start;
		}
		usage_zone_free(z);
	}
}

static void test_far_times(void **)
{
	static const int64_t times[] = {INT64_MIN, INT64_MAX, -1, 0};
	struct usage_zone *z = zone("Europe/Berlin");
	int32_t before = INT32_MIN;

	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
		assert_in_range(usage_zone_day(z, times[i]) + 100'000'001, 0, 200'000'002);
	/* Beyond the years that are written out nothing jumps. */
	for (int64_t t = at(2058, 1, 1, 0, 0, 0); t < at(2063, 1, 1, 0, 0, 0); t += 3'600'000) {
		int32_t day = usage_zone_day(z, t);
		assert_true(before == INT32_MIN || day == before || day == before + 1);
		before = day;
	}
	assert_int_equal(usage_zone_offset_s(z, at(2500, 7, 1, 0, 0, 0)), 7200);
	assert_int_equal(usage_zone_offset_s(z, at(2500, 12, 1, 0, 0, 0)), 3600);
	/* a July */
	assert_int_equal(usage_zone_start_ms(z, INT32_MAX), INT32_MAX * 86'400'000LL - 7'200'000);
	usage_zone_free(z);
}

static void test_rules(void **)
{
	static const struct {
		const char *rule;
		int32_t winter_s, summer_s; /* January and July of 2026, and of 1950 and 9000 */
	} rules[] = {
		{"CET-1CEST,M3.5.0,M10.5.0/3", 3600, 7200},
		{"EST5EDT", -18'000, -14'400},
		{"XXX5YYY", -18'000, -14'400},
		{"UTC0", 0, 0},
		{"<+0545>-5:45", 20'700, 20'700},
		{"IST-1GMT0,M10.5.0,M3.5.0/1", 0, 3600},
		{"AEST-10AEDT,M10.1.0,M4.1.0/3", 39'600, 36'000},
		{"<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", -10'800, -7200},
		{"EST5EDT,0/0,J365/25", -14'400, -14'400},
		{"AAA-1BBB-3:30:15,J60,300", 3600, 12'615},
	};

	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		struct usage_zone *z = by_tz(rules[i].rule);
		for (int year = 1950; year < 9001; year += year < 2100 ? 1 : 230) {
			if (i == 1 && year < 2007)
				continue; /* a file has this name, and other rules for the past */
			assert_int_equal(usage_zone_offset_s(z, at(year, 1, 15, 0, 0, 0)),
				rules[i].winter_s);
			assert_int_equal(usage_zone_offset_s(z, at(year, 7, 15, 0, 0, 0)),
				rules[i].summer_s);
		}
		assert_string_equal(usage_zone_name(z), rules[i].rule);
		usage_zone_free(z);
	}
	static const char *const wrong[] = {"CET", "CE-1", "CET-", "CET-25", "CET-1CEST,M3.5.0",
		"CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0",
		"CET-1CEST,J0,J5", "CET-1CEST,1,366", "CET-1CEST,M3.5.0,M10.5.0x", "<+1-1", "",
		"CET-1CEST,M3.5.0/168,M10.5.0", "CET-1:60", "CET-99999999999999999999"};
	struct zone_rule rule;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (zone_rule_read(str_from(wrong[i]), &rule))
			fail_msg("%s is taken", wrong[i]);
	/* The day of the leap year counts without the J only. */
	struct usage_zone *z = by_tz("AAA0BBB,J60/0,J300");
	assert_int_equal(usage_zone_offset_s(z, at(2024, 2, 29, 12, 0, 0)), 0);
	assert_int_equal(usage_zone_offset_s(z, at(2024, 3, 1, 12, 0, 0)), 3600);
	usage_zone_free(z);
	z = by_tz("AAA0BBB,59/0,J300");
	assert_int_equal(usage_zone_offset_s(z, at(2024, 2, 29, 12, 0, 0)), 3600);
	usage_zone_free(z);
}

static void check_refused(const char *name, const char *tz, const char *word)
{
	struct usage_zone *z = NULL;
	struct err e;

	said_tz = tz;
	if (usage_zone_new(name, environment, &z, &e))
		fail_msg("%s is taken", name ? name : tz);
	said_tz = NULL;
	assert_null(z);
	assert_int_equal(e.code, ERR_USAGE);
	if (!strstr(e.text, word))
		fail_msg("%s: no %s in it", e.text, word);
}

static void test_names(void **)
{
	static const char *const wrong[] = {"", "Europe/Nowhere", "../zoneinfo/Europe/Berlin",
		"/usr/share/zoneinfo/Europe/Berlin", "Europe", "zone.tab",
		"Europe/../Europe/Berlin", "Europe/Ber\nlin", "tzdata.zi"};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		check_refused(wrong[i], NULL, "no time zone");
	check_refused(NULL, "Europe/Nowhere", "TZ: no time zone is called Europe/Nowhere");
	check_refused(NULL, "/etc/passwd", "TZ: /etc/passwd");
	check_refused(NULL, "/nowhere", "TZ: /nowhere");
	check_refused("leapseconds", NULL, "no time zone is called leapseconds");
	check_refused("right/Europe/Berlin", NULL, "no time zone is called right/Europe/Berlin");
	/* A name may be as long as it likes. */
	AUTO(buf) longest = {0};
	for (int i = 0; i < 10'000; i++)
		buf_put_char(&longest, 'A');
	check_refused(buf_text(&longest), NULL, "no time zone");

	struct usage_zone *berlin = zone("Europe/Berlin"), *same[4];
	same[0] = by_tz("Europe/Berlin");
	same[1] = by_tz(":Europe/Berlin");
	same[2] = by_tz("/usr/share/zoneinfo/Europe/Berlin");
	same[3] = by_tz(":/usr/share/zoneinfo/Europe/Berlin");
	for (int i = 0; i < 4; i++) {
		assert_string_equal(usage_zone_name(same[i]), "Europe/Berlin");
		assert_true(usage_zone_mark(same[i]) == usage_zone_mark(berlin));
		usage_zone_free(same[i]);
	}
	struct usage_zone *others[] = {zone("America/New_York"), zone("UTC"), by_tz(""),
		by_tz("CET-1CEST,M3.5.0,M10.5.0/3"), zone("Europe/Dublin")};
	for (int i = 0; i < 5; i++)
		assert_true(usage_zone_mark(others[i]) != usage_zone_mark(berlin));
	assert_true(usage_zone_mark(others[1]) == usage_zone_mark(others[2]));
	assert_string_equal(usage_zone_name(others[2]), "UTC");
	for (int i = 0; i < 5; i++)
		usage_zone_free(others[i]);
	usage_zone_free(berlin);
	usage_zone_free(zone(NULL)); /* whatever this machine says */
}

static void test_without_a_database(void **)
{
	said_tzdir = "/nowhere/zoneinfo";
	check_refused("Europe/Berlin", NULL, "package tzdata");
	check_refused(NULL, "Europe/Berlin", "package tzdata");
	struct usage_zone *z = zone("utc"), *rule = by_tz("CET-1CEST,M3.5.0,M10.5.0/3");
	assert_int_equal(usage_zone_offset_s(z, 0), 0);
	assert_int_equal(usage_zone_offset_s(rule, at(2026, 7, 1, 0, 0, 0)), 7200);
	said_tzdir = NULL;
	usage_zone_free(z);
	usage_zone_free(rule);
}

static void test_damaged_files(void **)
{
	AUTO(buf) bytes = {0};
	struct err e;

	assert_true(file_read(
		AT_FDCWD, "/usr/share/zoneinfo/Europe/Berlin", ZONE_FILE_MAX_BYTES, &bytes, &e));
	for (size_t n = 0; n < bytes.n; n++) {
		struct zone_table table = {0};
		assert_false(zone_table_read(str_head(buf_str(&bytes), n), &table, &e));
		assert_int_equal(e.code, ERR_PARSE);
		assert_null(table.spans.p);
	}
	/* Each byte is another: whatever is read, it has spans in order. */
	for (size_t i = 0; i < bytes.n; i++) {
		struct zone_table table = {0};
		bytes.p[i] ^= (char)0xa5;
		if (zone_table_read(buf_str(&bytes), &table, &e))
			for (size_t k = 1; k < table.spans.n; k++)
				assert_true(
					table.spans.p[k - 1].start_s < table.spans.p[k].start_s);
		bytes.p[i] ^= (char)0xa5;
		zone_table_release(&table);
	}
	/* The first version has 32 bits a time and no rule. */
	struct zone_table table = {0};
	static const char first[] = "TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0\4"
				    "\x80\0\0\1\1\0\0\0\0\0\0\0\0\x0e\x10\1\0ABC";
	assert_true(zone_table_read((struct str){first, sizeof first}, &table, &e));
	assert_int_equal(table.spans.n, 2);
	assert_int_equal(table.spans.p[1].start_s, INT32_MIN + 1);
	assert_int_equal(table.spans.p[1].offset_s, 3600);
	assert_false(table.has_rule);
	zone_table_release(&table);
	static const char leaps[] = "TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				    "\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\4"
				    "\0\0\0\0\0\0UTC\0\4\xb2\x58\0\0\0\0\1";
	assert_false(zone_table_read((struct str){leaps, sizeof leaps - 1}, &table, &e));
	assert_non_null(strstr(e.text, "leap seconds"));
	assert_null(table.spans.p);
}

/* ---- days ---- */

static void test_calendar(void **)
{
	/* Against counting. */
	int year = 1600, month = 1, of_month = 1;
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	for (int32_t day = (int32_t)date_day(1600, 1, 1); year < 2420; day++) {
		struct date date = date_of(day);
		assert_true(date.year == year && date.month == month && date.day == of_month);
		assert_int_equal(day_of(year, month, of_month), day);
		assert_int_equal(day_month_start(day), day - of_month + 1);
		bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
		if (of_month++ == lengths[month - 1] + (is_leap && month == 2)) {
			of_month = 1;
			year += month == 12;
			month = month % 12 + 1;
		}
	}
	for (int64_t day = INT32_MIN; day <= INT32_MAX; day += 99'991) {
		struct date date = date_of(day);
		assert_int_equal(date_day(date.year, date.month, date.day), day);
	}
}

static const char *day_text(int32_t day)
{
	static char text[32];
	AUTO(buf) b = {0};

	day_put(day, &b);
	snprintf(text, sizeof text, "%s", buf_text(&b));
	return text;
}

static void test_weeks_and_words(void **)
{
	int32_t saturday = day_of(2026, 11, 21), day = 7;
	AUTO(buf) month = {0};

	assert_int_equal(day_weekday(0), 4);
	assert_int_equal(day_weekday(-1), 3);
	assert_int_equal(day_weekday(saturday), 6);
	for (int first = 0; first < 7; first++)
		for (int32_t d = -1000; d < 1000; d++) {
			int32_t start = day_week_start(d, first);
			assert_int_equal(day_weekday(start), first);
			assert_true(start <= d && d - start < 7);
		}
	assert_string_equal(day_text(day_week_start(saturday, 0)), "2026-11-15");
	assert_string_equal(day_text(day_week_start(saturday, 1)), "2026-11-16");
	assert_string_equal(day_text(saturday), "2026-11-21");
	assert_string_equal(day_text(day_of(1, 1, 1)), "0001-01-01");
	day_month_put(saturday, &month);
	assert_string_equal(buf_text(&month), "2026-11");

	assert_true(day_parse(STR("2026-11-21"), &day) && day == saturday);
	day = 7;
	assert_true(day_parse(STR("20261121"), &day) && day == saturday);
	assert_true(day_parse(STR("2024-02-29"), &day));
	day = 7;
	static const char *const wrong[] = {"", "2026-11", "2026-11-31", "2026-02-29", "2026-00-10",
		"2026-13-01", "2026-11-00", "2026/11/21", "26-11-21", "2026-1-21", "202611211",
		"2026-11-2x", " 2026-11-21", "+0261121", "2026-11-21 "};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (day_parse(str_from(wrong[i]), &day))
			fail_msg("%s is taken", wrong[i]);
	assert_false(day_parse((struct str){0}, &day));
	assert_int_equal(day, 7);
}

static void test_put(void **)
{
	struct usage_zone *z = zone("Asia/Kathmandu");
	AUTO(buf) b = {0};

	usage_zone_put(z, at(2026, 11, 21, 14, 5, 9), "%a %j %y %H:%M", &b);
	assert_string_equal(buf_text(&b), "Sat 325 26 19:50");
	buf_clear(&b);
	usage_zone_put(z, at(1, 1, 1, 0, 0, 0), "%Y-%m-%d %%Y", &b);
	assert_string_equal(buf_text(&b), "0001-01-01 %Y");
	buf_clear(&b);
	usage_zone_put(z, INT64_MAX, "%Y", &b);
	assert_string_equal(buf_text(&b), "275760");
	buf_clear(&b);
	usage_zone_put(z, 0, "", &b);
	assert_int_equal(b.n, 0);
	usage_zone_free(z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zoneinfo),
		cmocka_unit_test(test_days_of_a_change),
		cmocka_unit_test(test_starts),
		cmocka_unit_test(test_far_times),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_without_a_database),
		cmocka_unit_test(test_damaged_files),
		cmocka_unit_test(test_calendar),
		cmocka_unit_test(test_weeks_and_words),
		cmocka_unit_test(test_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
