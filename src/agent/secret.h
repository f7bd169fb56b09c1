// SPDX-License-Identifier: MIT
/*
 * secret: files that hold keys, and keys in what tools say. Files are known by name and place: env
 * files, private keys, credential stores. Keys are known by their published prefixes and lengths,
 * and by value where fettle itself uses them. Neither is complete: this keeps accidents from
 * happening, the sandbox and the permission keep what is meant.
 */
#ifndef AGENT_SECRET_H
#define AGENT_SECRET_H

#include "agent/own.h"
#include "base/buf.h"

struct secret_rules {
	const struct str *readable; /* globs of such files that may be read after all */
	size_t readable_count;
	const struct str *values; /* masked wherever they come, whatever they look like */
	size_t value_count;
	const struct str *own; /* directories of fettle's own: own.h */
	size_t own_count;
};

/* Values shorter than this are too likely to be words. */
enum { SECRET_VALUE_MIN_BYTES = 8 };

/* path: relative to the workspace, without links. */
bool secret_is_path(const struct secret_rules *rules, struct str path);
/* Puts "****" where a key is, behind the prefix that tells its kind; returns how many. */
size_t secret_mask(const struct secret_rules *rules, struct buf *text);

#endif
