// SPDX-License-Identifier: MIT
/*
 * track: the way through a line of JSON that was walked, as runs of bytes with a value behind each.
 * The same runs around other values lead a walk to the same places.
 */
#ifndef USAGE_READER_TRACK_H
#define USAGE_READER_TRACK_H

#include <stdint.h>

#include "base/str.h"

enum { TRACK_RUNS = 48, TRACK_KEPT = 16, TRACK_BYTES = 2048, TRACKS = 8 };

enum track_value {
	TRACK_ANY,
	TRACK_FLAT, /* no object or array: the walk would have gone into it */
	TRACK_CONTENT, /* walked each time */
	TRACK_END, /* none: behind the line's last run */
};

struct track {
	struct {
		uint16_t n; /* bytes in front of the value */
		uint16_t to; /* offset in what is read */
		uint8_t kept; /* so many of the kept values are in the run */
		enum track_value value;
	} runs[TRACK_RUNS];
	struct {
		uint16_t back; /* from the run's end */
		uint16_t n, to;
	} kept[TRACK_KEPT]; /* values that mostly stay the same, and so are part of a run */
	uint8_t run_count, kept_count; /* 0 runs: no track */
	uint16_t n; /* bytes of text */
	char text[TRACK_BYTES];
};

/* {0} is a valid start. */
struct usage_tracks {
	struct track all[TRACKS];
	unsigned count, last; /* that led to a line's end */
};

#endif
