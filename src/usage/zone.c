// SPDX-License-Identifier: MIT
/*
 * zone: which zone is meant, and its offset at a time. A zone is a table of spans with one offset
 * each; what a rule says of the next decades is written out at the table's end, and the rule is
 * asked for what lies beyond. Nothing changes after usage_zone_new.
 */
#include "usage/zone.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "usage/zone_inside.h"

#define ZONE_DIRECTORY "/usr/share/zoneinfo"
#define ZONE_LINK      "/etc/localtime"

enum { NAME_MAX_BYTES = 100 };
/* The years that are written out: those in which transcripts are. */
enum { FIRST_YEAR = 1970, LAST_YEAR = 2060 };
/* A span is looked for among those of 48 days, where that is between 1970 and 2106. */
enum { BUCKET_BITS = 22, INDEX_BITS = 32, BUCKETS = 1 << (INDEX_BITS - BUCKET_BITS) };

static const int64_t day_s = 86'400;
/* 100,000,000 days to either side: what lies beyond is taken to be there. */
static const int64_t time_max_s = 8'640'000'000'000;

struct usage_zone {
	char *name;
	struct zone_table table;
	uint64_t mark;
	uint32_t index[BUCKETS + 1]; /* the span at the beginning of each bucket */
};

/* ---- the table ---- */

static void write_out_rule(struct zone_table *t)
{
	int64_t last = t->spans.p[t->spans.n - 1].start_s, end_s;
	int64_t from = date_day(FIRST_YEAR, 1, 1) * day_s, to = date_day(LAST_YEAR, 1, 1) * day_s;

	if (!t->has_rule)
		return;
	for (int64_t at = last > from ? last : from; at < to; at = end_s) {
		struct zone_span span = zone_rule_at(&t->rule, at, &end_s);
		int64_t start = span.start_s > last ? span.start_s : last;
		if (start > last && t->spans.p[t->spans.n - 1].offset_s != span.offset_s)
			vec_push(&t->spans, (struct zone_span){start, span.offset_s});
		if (end_s == INT64_MAX)
			return;
	}
}

/* Of what decides about days, however the zone is called. */
static uint64_t mark_of(const struct zone_table *t)
{
	const struct zone_rule *r = &t->rule;
	uint64_t hash = 1;

	for (size_t i = 0; i < t->spans.n; i++) {
		int64_t words[] = {(int64_t)hash, t->spans.p[i].start_s, t->spans.p[i].offset_s};
		hash = hash_bytes((struct str){(const char *)words, sizeof words});
	}
	/* A rule without summer says nothing that the last span does not. */
	if (!t->has_rule || !r->has_summer)
		return hash;
	int64_t words[] = {(int64_t)hash, r->offset_s, r->summer_offset_s, r->begin.kind,
		r->begin.day, r->begin.month, r->begin.week, r->begin.time_s, r->end.kind,
		r->end.day, r->end.month, r->end.week, r->end.time_s};
	return hash_bytes((struct str){(const char *)words, sizeof words});
}

static void fill_index(struct usage_zone *zone)
{
	const struct zone_table *t = &zone->table;
	uint32_t span = 0;

	for (int64_t i = 0; i <= BUCKETS; i++) {
		while (span + 1 < t->spans.n && t->spans.p[span + 1].start_s <= i << BUCKET_BITS)
			span++;
		zone->index[i] = span;
	}
}

static struct usage_zone *zone_of(struct zone_table *table, struct str name)
{
	struct usage_zone *zone = must_alloc(1, sizeof *zone);

	zone->name = must_alloc(name.n + 1, 1);
	memcpy(zone->name, name.p, name.n);
	zone->table = *table;
	write_out_rule(&zone->table);
	zone->mark = mark_of(&zone->table);
	fill_index(zone);
	return zone;
}

/* ---- by name ---- */

/* "America/Argentina/Buenos_Aires", "Etc/GMT+3": nothing that leads out of the directory. */
static bool is_file_name(struct str name)
{
	if (!name.n || name.n > NAME_MAX_BYTES || name.p[0] == '/')
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			       (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+';
		if (!is_word && c != '/')
			return false;
	}
	return true;
}

static bool read_table(const char *path, struct zone_table *table, struct err *e)
{
	AUTO(buf) bytes = {0};

	return (file_read(AT_FDCWD, path, ZONE_FILE_MAX_BYTES, &bytes, e) &&
		       zone_table_read(buf_str(&bytes), table, e)) ||
	       err_context(e, "%s", path);
}

static const char *zone_directory(const char *(*environment)(const char *name))
{
	const char *directory = environment ? environment("TZDIR") : NULL;

	return directory && directory[0] == '/' ? directory : ZONE_DIRECTORY;
}

/* Rules hold for all years, also for those that are not written out. */
static void table_of_rule(const struct zone_rule *rule, struct zone_table *table)
{
	*table = (struct zone_table){.rule = *rule, .has_rule = true, .is_rule_only = true};
	vec_push(&table->spans, (struct zone_span){INT64_MIN, rule->offset_s});
}

static bool no_zone(struct str name, const char *directory, struct err *e)
{
	if (access(directory, F_OK) != 0)
		return err_set(e, ERR_USAGE,
			"no time zone is called %.*s: %s is not there (package tzdata), so there is only UTC",
			STR_ARG(str_head(name, 60)), directory);
	return err_set(e, ERR_USAGE,
		"no time zone is called %.*s; they are called as Europe/Berlin",
		STR_ARG(str_head(name, 60)));
}

static bool by_name(struct str name, const char *directory, struct zone_table *table, struct err *e)
{
	AUTO(buf) path = {0};
	struct zone_rule rule;
	struct err failed = {0};

	if (is_file_name(name)) {
		buf_printf(&path, "%s/%.*s", directory, STR_ARG(name));
		if (read_table(buf_text(&path), table, &failed))
			return true;
	}
	if (str_eq_nocase(name, STR("UTC")) || str_eq_nocase(name, STR("GMT")))
		name = STR("UTC0");
	if (name.n <= NAME_MAX_BYTES && zone_rule_read(name, &rule)) {
		table_of_rule(&rule, table);
		return true;
	}
	if (failed.code && failed.code != ERR_NOT_FOUND)
		return err_set(e, ERR_USAGE, "no time zone is called %.*s: %s",
			STR_ARG(str_head(name, 60)), failed.text);
	return no_zone(name, directory, e);
}

/* ---- the system's ---- */

/* "/usr/share/zoneinfo/Europe/Berlin" is "Europe/Berlin". */
static struct str name_in_path(struct str path)
{
	size_t at = str_find(path, STR("/zoneinfo/"), 0);

	return at == SIZE_MAX ? path : str_skip(path, at + sizeof "/zoneinfo/" - 1);
}

/* The name is what a link leads to. */
static bool by_path(const char *path, struct zone_table *table, struct buf *name, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof target);

	if (!read_table(path, table, e))
		return false;
	buf_put_str(name, name_in_path(n > 0 ? (struct str){target, (size_t)n} : str_from(path)));
	return true;
}

static bool by_system(const char *(*environment)(const char *name), struct zone_table *table,
	struct buf *name, struct err *e)
{
	const char *said = environment ? environment("TZ") : NULL;
	struct err failed = {0};

	if (!said) {
		if (by_path(ZONE_LINK, table, name, &failed))
			return true;
		said = "";
	}
	struct str zone = str_from(said);
	if (zone.n && zone.p[0] == ':')
		zone = str_skip(zone, 1);
	if (!zone.n)
		zone = STR("UTC");
	/* A path is as good as a name here: the user's own environment says it. */
	if (zone.p[0] == '/') {
		if (by_path(zone.p, table, name, e))
			return true;
		e->code = ERR_USAGE;
		return err_context(e, "TZ");
	}
	buf_put_str(name, zone);
	return by_name(zone, zone_directory(environment), table, e) || err_context(e, "TZ");
}

bool usage_zone_new(const char *name, const char *(*environment)(const char *name),
	struct usage_zone **out, struct err *e)
{
	struct zone_table table = {0};
	AUTO(buf) shown = {0};

	if (name)
		buf_put_text(&shown, name);
	if (name ? !by_name(str_from(name), zone_directory(environment), &table, e)
		 : !by_system(environment, &table, &shown, e))
		return false;
	*out = zone_of(&table, buf_str(&shown));
	return true;
}

void usage_zone_free(struct usage_zone *zone)
{
	if (!zone)
		return;
	zone_table_release(&zone->table);
	free(zone->name);
	free(zone);
}

uint64_t usage_zone_mark(const struct usage_zone *zone)
{
	return zone->mark;
}

const char *usage_zone_name(const struct usage_zone *zone)
{
	return zone->name;
}

/* ---- at a time ---- */

/* The span that time_s is in; *end_s is where it ends, INT64_MAX never. */
static struct zone_span span_at(const struct usage_zone *zone, int64_t time_s, int64_t *end_s)
{
	const struct zone_table *t = &zone->table;
	const struct zone_span *spans = t->spans.p;
	size_t low = 0, count = t->spans.n;

	if (!((uint64_t)time_s >> INDEX_BITS)) {
		const uint32_t *at = &zone->index[time_s >> BUCKET_BITS];
		low = at[0];
		count = at[1] - at[0] + 1;
	}
	/* The first begins before all times, or where its bucket does. */
	while (count > 1) {
		size_t half = count / 2;
		low = spans[low + half].start_s <= time_s ? low + half : low;
		count -= half;
	}
	bool is_last = low + 1 == t->spans.n;
	*end_s = is_last ? INT64_MAX : spans[low + 1].start_s;
	if (!(is_last || (t->is_rule_only && !low)) || !t->has_rule || !t->rule.has_summer)
		return spans[low];
	struct zone_span ruled = zone_rule_at(&t->rule, time_s, end_s);
	return ruled.start_s > spans[low].start_s ? ruled : spans[low];
}

static int64_t seconds_of(int64_t time_ms)
{
	int64_t time_s = floor_div(time_ms, 1000);

	return time_s > time_max_s ? time_max_s : time_s < -time_max_s ? -time_max_s : time_s;
}

int32_t usage_zone_offset_s(const struct usage_zone *zone, int64_t time_ms)
{
	int64_t end_s;

	return span_at(zone, seconds_of(time_ms), &end_s).offset_s;
}

int32_t usage_zone_day(const struct usage_zone *zone, int64_t time_ms)
{
	int64_t time_s = seconds_of(time_ms);

	return (int32_t)floor_div(time_s + usage_zone_offset_s(zone, time_ms), day_s);
}

/*
 * The first moment at which it is that day or a later one: some days have no midnight, and Samoa
 * left one out. Offsets are below 26 hours, so it is in a span that begins not long before.
 */
int64_t usage_zone_start_ms(const struct usage_zone *zone, int32_t day)
{
	int64_t local_s = day * day_s, at = local_s - 26 * 3600, end_s;

	for (;; at = end_s) {
		struct zone_span span = span_at(zone, at, &end_s);
		int64_t start = local_s - span.offset_s;
		if (start < end_s)
			return (start > at ? start : at) * 1000;
	}
}

void usage_zone_put(
	const struct usage_zone *zone, int64_t time_ms, const char *format, struct buf *out)
{
	int64_t time_s = seconds_of(time_ms);
	int32_t offset = usage_zone_offset_s(zone, time_ms);
	int64_t local = time_s + offset, day = floor_div(local, day_s);
	int of_day = (int)(local - day * day_s);
	struct date date = date_of(day);
	struct tm t = {.tm_year = (int)(date.year - 1900),
		.tm_mon = date.month - 1,
		.tm_mday = date.day,
		.tm_hour = of_day / 3600,
		.tm_min = of_day / 60 % 60,
		.tm_sec = of_day % 60,
		.tm_wday = day_weekday((int32_t)day),
		.tm_yday = (int)(day - date_day(date.year, 1, 1)),
		.tm_gmtoff = offset};
	char text[256];

	buf_put(out, text, clock_put(text, sizeof text, format, &t));
}
