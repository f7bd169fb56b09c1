// SPDX-License-Identifier: MIT
/*
 * claude_line: what counts in a line of Claude Code, as it is written there. Most lines are like
 * one of those before, but for their values; a line that is walked leaves the way through it (a
 * track), and one like it is read by comparing what stands between the values.
 */
#ifndef USAGE_READER_CLAUDE_LINE_H
#define USAGE_READER_CLAUDE_LINE_H

#include "base/json_walk.h"

enum {
	CLAUDE_TOOLS_MAX = 64
}; /* of one line; a line has one block in all versions but the oldest */

/* What mostly is as in the line before. */
struct claude_setting {
	struct str session_id, cwd, branch, sidechain, model;
	struct str speed, geo, tier; /* of usage */
};

/* Counts of message.usage. */
struct claude_usage {
	struct str input, output, cache_read, cache_write, cache_5m, cache_1h, thinking, searches;
};

/* Values with their quotes; absent for what the line has not. */
struct claude_line {
	struct str whole;
	struct str timestamp, uuid, cost, message_id;
	struct claude_setting setting;
	struct claude_usage usage;
	struct str unwanted, usual; /* what nobody asks for */
	bool has_message, has_usage;
	size_t tool_count;
	struct str tools[CLAUDE_TOOLS_MAX];
};

struct usage_tracks;

/* tracks: this thread's; NULL: each line is walked. False: it is damaged. */
bool claude_line_read(struct str text, struct usage_tracks *tracks, struct claude_line *line);

#endif
