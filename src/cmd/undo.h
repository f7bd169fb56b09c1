// SPDX-License-Identifier: MIT
/* undo: what the files of the command share. Private to them. */
#ifndef CMD_UNDO_H
#define CMD_UNDO_H

#include "agent/agent.h"
#include "agent/undo.h"
#include "base/uuid.h"
#include "cmd/command.h"

struct undo {
	struct arena arena;
	struct options given;
	struct workspace workspace;
	struct buf out; /* for stdout */
	char own_id[UUID_TEXT];
	bool has_json, is_dry_run, is_partial, is_quiet;
};

/* The status. */
int undo_show_list(struct undo *u, const char *directory, struct err *e);

#endif
