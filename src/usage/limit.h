// SPDX-License-Identifier: MIT
/*
 * limit: how much of a plan's windows was used, as providers tell assistants and those note it
 * down. The newest of a file are kept in the last numbers of its memory, and in its last text when
 * limits were reached.
 */
#ifndef USAGE_LIMIT_H
#define USAGE_LIMIT_H

#include "usage/usage.h"

enum { USAGE_LIMIT_PLACES = 2, USAGE_RESETS_MAX = 64 };

/*
 * Remembers it as the file's at that place, unless what is there was told later. One that does not
 * tell when it is over is left out. The source need not be set.
 */
void usage_limit_note(struct usage_file *file, int place, const struct usage_limit *limit);
/*
 * The same of one that is reached; it is remembered that it was, too, once for the hour (UTC) and
 * the time when the window begins anew, of a file the last USAGE_RESETS_MAX.
 */
void usage_limit_reached(struct usage_file *file, int place, const struct usage_limit *limit);
/* What another machine's memory of the file has of limits, where it is newer, and all its resets.
 */
void usage_limits_join(
	struct usage_memory *into, const struct usage_memory *from, struct arena *arena);
bool usage_limits_are_there(const struct usage_memory *memory);
/* What a file's memory has at the place; false: nothing. */
[[nodiscard]] bool usage_limit_of(
	const struct usage_memory *memory, int place, struct usage_limit *limit);
/* When limits were reached, in no order, without the source; how many. */
size_t usage_resets_of(
	const struct usage_memory *memory, struct usage_reset resets[USAGE_RESETS_MAX]);

#endif
