// SPDX-License-Identifier: MIT
/* usage_limit: what providers told of a plan's limits, in words and as JSON. */
#include "ui/usage_inside.h"
#include "usage/zone.h"

enum { MINUTE_MS = 60'000, HOUR = 60, DAY = 24 * HOUR, WEEK = 7 * DAY, ALL_PERMYRIAD = 10'000 };
enum { INDENT = 4 };

/* Of another day with the day. */
static void put_time(
	struct buf *out, const struct usage_look *look, int64_t time_ms, int64_t now_ms)
{
	const struct usage_zone *zone = look->view->zone;
	bool is_today = usage_zone_day(zone, time_ms) == usage_zone_day(zone, now_ms);

	usage_zone_put(zone, time_ms, is_today ? "%H:%M" : "%Y-%m-%d %H:%M", out);
}

static void put_percent(struct buf *out, int64_t permyriad)
{
	int64_t tenths = (permyriad + 5) / 10;

	buf_printf(out, "%lld", (long long)(tenths / 10));
	if (tenths % 10)
		buf_printf(out, ".%lld", (long long)(tenths % 10));
	buf_put_char(out, '%');
}

static void put_window(struct buf *out, int64_t minutes)
{
	if (minutes == 0)
		buf_put_text(out, "limit");
	else if (minutes == WEEK)
		buf_put_text(out, "week");
	else if (minutes % DAY == 0)
		buf_printf(out, "%lld-day window", (long long)(minutes / DAY));
	else if (minutes % HOUR == 0)
		buf_printf(out, "%lld-hour window", (long long)(minutes / HOUR));
	else
		buf_printf(out, "%lld-minute window", (long long)minutes);
}

static void put_limit(struct buf *out, const struct usage_look *look,
	const struct usage_limit *limit, int64_t now_ms)
{
	if (limit->window_minutes == 0 && limit->used_permyriad >= ALL_PERMYRIAD) {
		buf_put_text(out, "the limit is reached");
	} else {
		put_percent(out, limit->used_permyriad);
		buf_put_text(out, " of the ");
		put_window(out, limit->window_minutes);
		buf_put_text(out, " used");
	}
	if (limit->resets_ms) {
		buf_put_text(out, ", until ");
		put_time(out, look, limit->resets_ms, now_ms);
	}
}

/* What one assistant was told within a minute goes into one line. */
static bool is_same_line(const struct usage_limit *a, const struct usage_limit *b)
{
	return a->source == b->source && a->told_ms / MINUTE_MS == b->told_ms / MINUTE_MS;
}

bool usage_limit_line(const struct usage_look *look, int64_t now_ms, size_t *at, struct buf *out)
{
	const struct usage_limits *limits = usage_limits(look->view);
	const struct usage_limit *before = NULL;

	for (; *at < limits->count; ++*at) {
		const struct usage_limit *limit = &limits->list[*at];
		if (usage_limit_is_over(limit, now_ms))
			continue;
		if (before && !is_same_line(before, limit))
			return true;
		if (before) {
			buf_put_text(out, "; ");
		} else {
			buf_printf(out, "%s says (",
				usage_reader_find(look->view->names[limit->source])->title);
			put_time(out, look, limit->told_ms, now_ms);
			buf_put_text(out, "): ");
		}
		put_limit(out, look, limit, now_ms);
		before = limit;
	}
	return before != NULL;
}

void usage_put_limits(const struct usage_look *look, int64_t now_ms, const char *heading)
{
	AUTO(buf) line = {0};
	AUTO(buf) shown = {0};

	for (size_t at = 0; usage_limit_line(look, now_ms, &at, &line); buf_clear(&line)) {
		if (heading) {
			buf_put_char(look->out, '\n');
			usage_put_prose(look, str_from(heading), 0);
		}
		heading = NULL;
		buf_clear(&shown);
		buf_printf(&shown, "  %s", buf_text(&line));
		usage_put_prose(look, buf_str(&shown), INDENT);
	}
}

static void put_json(
	struct json_writer *w, const struct usage_view *view, const struct usage_limit *limit)
{
	json_open(w, '{');
	json_member_str(w, "source", view->names[limit->source]);
	if (limit->window_minutes)
		json_member_int(w, "windowMinutes", limit->window_minutes);
	json_key(w, "usedPercent");
	json_put_double(w, (double)limit->used_permyriad / 100, 2);
	if (limit->resets_ms)
		usage_member_instant(w, "resetsAt", limit->resets_ms);
	usage_member_instant(w, "toldAt", limit->told_ms);
	json_close(w, '}');
}

void usage_member_limits(struct json_writer *w, const struct usage_look *look, int64_t now_ms)
{
	const struct usage_limits *limits = usage_limits(look->view);
	bool has_any = false;

	for (size_t i = 0; i < limits->count; i++) {
		if (usage_limit_is_over(&limits->list[i], now_ms))
			continue;
		if (!has_any) {
			json_key(w, "rateLimits");
			json_open(w, '[');
			has_any = true;
		}
		put_json(w, look->view, &limits->list[i]);
	}
	if (has_any)
		json_close(w, ']');
}
