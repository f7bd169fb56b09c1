// SPDX-License-Identifier: MIT
/* place: the file or directory that a tool's "path" argument names, opened inside the workspace. */
#ifndef AGENT_TOOL_PLACE_H
#define AGENT_TOOL_PLACE_H

#include <sys/stat.h>

#include "agent/tool/tool.h"
#include "index/index.h"

struct place {
	struct str written; /* as the model wrote it */
	struct str relative; /* to the root, without links; "" is the root */
	struct stat st;
	int fd;
};

/*
 * Opens what "path" names, or fallback (absent: the argument is required). On failure out holds the
 * sentence, with near names when there is no such file. FIFOs, devices and sockets are refused.
 */
[[nodiscard]] bool place_open(const struct tool_call *call, struct str fallback,
	struct place *place, struct tool_result *out);
void place_release(struct place *place);
bool place_is_directory(const struct place *place);

/* Options that scan the place's directory; globs come from the "glob" argument ("*.c,*.h"). */
struct scan_options place_scan(const struct tool_call *call, const struct place *place);
/* A path that a scan of the place gave, as seen from the working directory. */
struct str place_show(const struct tool_call *call, const struct place *place, struct str path);
/* A glob as models write it, without "./" and without the workspace's own path in front. */
struct str place_glob(const struct tool_call *call, struct str pattern);

/* "[N unreadable, left out]" and a line's end, unless it is none: what is missing is said. */
void place_put_unreadable(struct buf *out, uint64_t unreadable);

/* Up to three names like the missing one, ", " between them; "" when there is none. */
struct str near_names(const struct tool_call *call, struct str relative);

#endif
