// SPDX-License-Identifier: MIT
/* xdg: where the user's own files are (XDG Base Directory Specification). */
#ifndef BASE_XDG_H
#define BASE_XDG_H

#include "base/arena.h"

enum xdg { XDG_CONFIG, XDG_CACHE, XDG_STATE };

/*
 * The directory "fettle/name" of that kind, "fettle" itself for an empty name. A variable that is
 * not absolute is as if it were not set; NULL when neither it nor HOME is.
 */
const char *xdg_directory(enum xdg kind, const char *name,
	const char *(*environment)(const char *name), struct arena *a);

#endif
