// SPDX-License-Identifier: MIT
#include "usage/limit.h"

#include <string.h>

#include "base/must.h"

enum { TOLD_MS, USED_PERMYRIAD, WINDOW_MINUTES, RESETS_MS, NUMBERS };
enum { MINUTE_MS = 60'000, MINUTES_MAX = 366 * 24 * 60, USED_MAX = 1'000'000 };
static const int64_t time_max_ms = 253'402'300'800'000; /* the year 10000 */

_Static_assert(USAGE_NUMBERS - USAGE_OWN_NUMBERS >= USAGE_LIMIT_PLACES * NUMBERS,
	"a file's memory has room for its limits");

static int first_number(int place)
{
	must(place >= 0 && place < USAGE_LIMIT_PLACES);
	return USAGE_OWN_NUMBERS + place * NUMBERS;
}

static bool is_possible(const struct usage_limit *limit)
{
	return limit->told_ms > 0 && limit->told_ms < time_max_ms && limit->used_permyriad >= 0 &&
	       limit->used_permyriad <= USED_MAX && limit->window_minutes >= 0 &&
	       limit->window_minutes <= MINUTES_MAX && limit->resets_ms >= 0;
}

/* Codex rounded the lengths of windows down for a while: 299 minutes, 10079. */
static int64_t whole_hours(int64_t minutes)
{
	return minutes % 60 == 59 ? minutes + 1 : minutes;
}

void usage_limit_note(struct usage_file *file, int place, const struct usage_limit *limit)
{
	int64_t *numbers = file->memory.numbers + first_number(place);
	struct usage_limit told = *limit;

	if (told.window_minutes < 0 || told.window_minutes > MINUTES_MAX)
		told.window_minutes = 0;
	if (!is_possible(&told) || told.told_ms < numbers[TOLD_MS])
		return;
	if (told.resets_ms > told.told_ms + (int64_t)MINUTES_MAX * MINUTE_MS)
		told.resets_ms = 0;
	if (told.window_minutes == 0 && told.resets_ms == 0)
		return;
	numbers[TOLD_MS] = told.told_ms;
	numbers[USED_PERMYRIAD] = told.used_permyriad;
	numbers[WINDOW_MINUTES] = whole_hours(told.window_minutes);
	numbers[RESETS_MS] = told.resets_ms;
}

bool usage_limit_of(const struct usage_memory *memory, int place, struct usage_limit *limit)
{
	const int64_t *numbers = memory->numbers + first_number(place);

	struct usage_limit told = {.told_ms = numbers[TOLD_MS],
		.used_permyriad = numbers[USED_PERMYRIAD],
		.window_minutes = numbers[WINDOW_MINUTES],
		.resets_ms = numbers[RESETS_MS]};

	if (!is_possible(&told))
		return false;
	*limit = told;
	return true;
}

void usage_limits_join(struct usage_memory *into, const struct usage_memory *from)
{
	for (int place = 0; place < USAGE_LIMIT_PLACES; place++) {
		int64_t *own = into->numbers + first_number(place);
		const int64_t *other = from->numbers + first_number(place);
		if (other[TOLD_MS] > own[TOLD_MS])
			memcpy(own, other, NUMBERS * sizeof *own);
	}
}

bool usage_limits_are_there(const struct usage_memory *memory)
{
	struct usage_limit limit;
	bool are_there = false;

	for (int place = 0; place < USAGE_LIMIT_PLACES; place++)
		are_there |= usage_limit_of(memory, place, &limit);
	return are_there;
}

bool usage_limit_is_over(const struct usage_limit *limit, int64_t now_ms)
{
	int64_t end_ms = limit->resets_ms ? limit->resets_ms
					  : limit->told_ms + limit->window_minutes * MINUTE_MS;

	return end_ms <= now_ms;
}
