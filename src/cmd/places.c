// SPDX-License-Identifier: MIT
/* places: where files of the user's own are, by the XDG base directory specification. */
#include <stdlib.h>

#include "cmd/command.h"

/* A path that is not absolute is as if it were not set. */
static const char *absolute(const char *variable)
{
	const char *path = getenv(variable);

	return path && *path == '/' ? path : NULL;
}

static const char *place(struct arena *a, const char *variable, const char *below_home)
{
	const char *base = absolute(variable), *home = absolute("HOME");

	if (base)
		return arena_printf(a, "%s/fettle", base).p;
	return home ? arena_printf(a, "%s/%s/fettle", home, below_home).p : NULL;
}

const char *command_cache_directory(struct arena *a)
{
	return place(a, "XDG_CACHE_HOME", ".cache");
}

const char *command_state_directory(struct arena *a)
{
	return place(a, "XDG_STATE_HOME", ".local/state");
}
