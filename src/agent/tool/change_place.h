// SPDX-License-Identifier: MIT
/* change_place: where a changed file is, for change.c and change_write.c only. */
#ifndef AGENT_TOOL_CHANGE_PLACE_H
#define AGENT_TOOL_CHANGE_PLACE_H

#include <sys/stat.h>

#include "agent/tool/change.h"

enum { TEMPORARY_BYTES = 40 };

enum change_step {
	STEP_NONE,
	STEP_READY, /* the new bytes are in the file beside it */
	STEP_EXCHANGED, /* the two have changed places */
	STEP_OVERWRITTEN, /* where the file system cannot do that */
	STEP_MADE, /* where nothing was */
	STEP_ASIDE, /* the old file has the temporary name, and nothing has its own */
};

struct change_place {
	int directory_fd; /* the last directory on the way that was there */
	struct str directory; /* its path beneath the root */
	struct str missing; /* "a/b/": directories that have to be made in it */
	const char *name; /* of the file, in the last of them */
	struct stat st; /* of the file that was read */
	/* When it is written: */
	int parent_fd; /* that name is in */
	char temporary[TEMPORARY_BYTES]; /* "" none */
	enum change_step step;
};

#endif
