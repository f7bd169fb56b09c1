// SPDX-License-Identifier: MIT
#include "usage/limit.h"

#include <string.h>

#include "base/must.h"
#include "usage/pack.h"

enum { TOLD_MS, USED_PERMYRIAD, WINDOW_MINUTES, RESETS_MS, NUMBERS };
enum { TEXT_RESETS = USAGE_OWN_TEXTS };
enum { MINUTE_MS = 60'000, HOUR_MS = 3'600'000, MINUTES_MAX = 366 * 24 * 60, USED_MAX = 1'000'000 };
static const int64_t time_max_ms = 253'402'300'800'000; /* the year 10000 */

_Static_assert(USAGE_OWN_TEXTS < USAGE_TEXTS, "a file's memory has room for its resets");
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

/* Without what cannot be; false: it does not tell when it is over. */
static bool make_possible(struct usage_limit *told)
{
	if (told->window_minutes < 0 || told->window_minutes > MINUTES_MAX)
		told->window_minutes = 0;
	if (!is_possible(told))
		return false;
	if (told->resets_ms > told->told_ms + (int64_t)MINUTES_MAX * MINUTE_MS)
		told->resets_ms = 0;
	return told->window_minutes != 0 || told->resets_ms != 0;
}

void usage_limit_note(struct usage_file *file, int place, const struct usage_limit *limit)
{
	int64_t *numbers = file->memory.numbers + first_number(place);
	struct usage_limit told = *limit;

	if (!make_possible(&told) || told.told_ms < numbers[TOLD_MS])
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

/* ---- limits that were reached ---- */

static void put_resets(const struct usage_reset *resets, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		pack_signed(out, resets[i].told_ms);
		pack_signed(out, resets[i].resets_ms);
	}
}

size_t usage_resets_of(
	const struct usage_memory *memory, struct usage_reset resets[USAGE_RESETS_MAX])
{
	struct str bytes = memory->texts[TEXT_RESETS];
	struct unpack u = {bytes.p, bytes.p + bytes.n};
	size_t count = 0;

	while (u.p < u.end && count < USAGE_RESETS_MAX) {
		struct usage_reset reset = {.told_ms = unpack_signed(&u)};
		reset.resets_ms = unpack_signed(&u);
		struct usage_limit like = {.told_ms = reset.told_ms, .resets_ms = reset.resets_ms};
		if (!u.is_bad && make_possible(&like) && like.resets_ms)
			resets[count++] = reset;
	}
	return count;
}

/* Blocks begin with an hour: two reports of one hour are about one block. */
static size_t add_reset(struct usage_reset *resets, size_t count, const struct usage_reset *told)
{
	for (size_t i = 0; i < count; i++) {
		if (resets[i].resets_ms != told->resets_ms ||
			resets[i].told_ms / HOUR_MS != told->told_ms / HOUR_MS)
			continue;
		if (told->told_ms < resets[i].told_ms)
			resets[i].told_ms = told->told_ms;
		return count;
	}
	if (count == USAGE_RESETS_MAX)
		memmove(resets, resets + 1, --count * sizeof *resets);
	resets[count] = *told;
	return count + 1;
}

void usage_limit_reached(struct usage_file *file, int place, const struct usage_limit *limit)
{
	struct usage_reset resets[USAGE_RESETS_MAX];
	struct usage_limit told = *limit;
	AUTO(buf) bytes = {0};

	usage_limit_note(file, place, limit);
	if (!make_possible(&told) || told.resets_ms == 0)
		return;
	size_t count = usage_resets_of(&file->memory, resets);
	count = add_reset(resets, count,
		&(struct usage_reset){.told_ms = told.told_ms, .resets_ms = told.resets_ms});
	put_resets(resets, count, &bytes);
	usage_remember(file, TEXT_RESETS, buf_str(&bytes));
}

static void join_resets(
	struct usage_memory *into, const struct usage_memory *from, struct arena *arena)
{
	struct usage_reset own[USAGE_RESETS_MAX], others[USAGE_RESETS_MAX];
	size_t own_count = usage_resets_of(into, own), count = usage_resets_of(from, others);
	AUTO(buf) bytes = {0};

	if (count == 0)
		return;
	for (size_t i = 0; i < count; i++)
		own_count = add_reset(own, own_count, &others[i]);
	put_resets(own, own_count, &bytes);
	into->texts[TEXT_RESETS] = arena_copy(arena, buf_str(&bytes));
}

/* ---- of a whole memory ---- */

void usage_limits_join(
	struct usage_memory *into, const struct usage_memory *from, struct arena *arena)
{
	join_resets(into, from, arena);
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
