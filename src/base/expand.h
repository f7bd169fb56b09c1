// SPDX-License-Identifier: MIT
/*
 * expand: variables in texts of settings. "${NAME}" is the variable, "${NAME:-word}" word where it
 * is not set or empty, "$${" stands for "${"; what a variable holds is not looked at again.
 */
#ifndef BASE_EXPAND_H
#define BASE_EXPAND_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Appends text with its variables. ERR_PARSE for a "${" that names none, ERR_NOT_FOUND for one that
 * is not set and has no word. has_variable is set when some of it came from the environment, and
 * left alone else.
 */
[[nodiscard]] bool expand_put(struct buf *out, struct str text,
	const char *(*environment)(const char *name), bool *has_variable, struct err *e);

#endif
