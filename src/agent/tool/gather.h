// SPDX-License-Identifier: MIT
/* gather: the files of a scan as one array, with what a tool wants to know of each. */
#ifndef AGENT_TOOL_GATHER_H
#define AGENT_TOOL_GATHER_H

#include <sys/stat.h>

#include "base/arena.h"
#include "index/index.h"

enum gather_wants {
	GATHER_TIME = 1, /* modified_ns, of a link itself */
	GATHER_LINES = 2, /* lines and bytes; implies GATHER_TIME */
};

struct gather_file {
	struct str path; /* relative to the scan's start */
	int64_t modified_ns;
	uint64_t
		lines; /* newlines, plus one for a last line without; 0 in binary files and links */
	uint64_t bytes;
};

struct gather {
	struct gather_file *files;
	size_t count;
	struct scan_stats stats;
	size_t unreadable; /* files and directories that could not be opened or read */
	struct arena *arenas; /* one a worker: they hold the paths */
	int workers;
};

/*
 * pattern: only what this glob matches, absent for all. The files come in no order. False when the
 * start cannot be opened. Release it in the end.
 */
[[nodiscard]] bool gather_run(const struct scan_options *options, unsigned wants,
	struct str pattern, struct gather *out, struct err *e);
void gather_release(struct gather *g);
/* By path, as trees are printed: what lies below a directory stays together. */
void gather_sort(struct gather *g);
/* Fills lines, bytes and modified_ns from an open file. buffer has GATHER_BUFFER_BYTES. */
enum { GATHER_BUFFER_BYTES = 128 << 10 };
/* False when the file could not be read to its end. */
[[nodiscard]] bool gather_count(
	int fd, const struct stat *st, char *buffer, struct gather_file *file);

#endif
