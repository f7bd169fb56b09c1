// SPDX-License-Identifier: MIT
#include "usage/reader/codex_limit.h"

#include "base/json.h"
#include "usage/limit.h"

enum { PERCENT_MAX = 10'000, SECONDS_MAX = 366 * 86'400 };

/* When the window begins anew; 0 unknown. Older versions tell how long that is from now. */
static int64_t read_reset(struct str at, struct str in_seconds, int64_t told_ms)
{
	int64_t seconds = usage_json_count(in_seconds), time_ms;

	if (usage_json_time(at, &time_ms))
		return time_ms;
	return usage_json_is_count(in_seconds) && seconds <= SECONDS_MAX ? told_ms + seconds * 1000
									 : 0;
}

static void note_window(struct usage_file *file, int place, struct str window, int64_t told_ms)
{
	static const struct str names[] = {STR("used_percent"), STR("window_minutes"),
		STR("resets_at"), STR("resets_in_seconds")};
	struct str v[4];
	double percent;

	if (json_type(window) != JSON_OBJECT)
		return;
	json_pick(window, names, 4, v);
	if (!json_double(v[0], &percent) || !(percent >= 0 && percent <= PERCENT_MAX))
		return;
	usage_limit_note(file, place,
		&(struct usage_limit){.told_ms = told_ms,
			.used_permyriad = (int64_t)(percent * 100 + 0.5),
			.window_minutes = usage_json_count(v[1]),
			.resets_ms = read_reset(v[2], v[3], told_ms)});
}

/* Some models have limits of their own beside those of the plan, with another name. */
void codex_limits_note(struct usage_file *file, struct str rate_limits, int64_t told_ms)
{
	static const struct str names[] = {STR("limit_id"), STR("primary"), STR("secondary")};
	struct str v[3];

	if (json_type(rate_limits) != JSON_OBJECT)
		return;
	json_pick(rate_limits, names, 3, v);
	if (json_type(v[0]) == JSON_STRING && !json_text_is(v[0], "codex"))
		return;
	note_window(file, 0, v[1], told_ms);
	note_window(file, 1, v[2], told_ms);
}
