// SPDX-License-Identifier: MIT
/*
 * private: the user's own small files, kept from one run to the next: 0600, in a directory of 0700.
 * What belongs to somebody else, others can reach, or is no plain file, is not there.
 */
#ifndef BASE_PRIVATE_H
#define BASE_PRIVATE_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Opens the directory, an absolute path; with makes also creates it and those above it. -1 and e
 * (ERR_NOT_FOUND when it is not there, ERR_DENIED when it is not the user's alone).
 */
[[nodiscard]] int private_open(const char *path, bool makes, struct err *e);
/* Appends the file's bytes; name has no slash. */
[[nodiscard]] bool private_read(
	int directory, const char *name, size_t max_bytes, struct buf *out, struct err *e);
/* Opens the file for reading and writing in place, and makes it when it is not there; -1 and e. */
[[nodiscard]] int private_open_file(int directory, const char *name, struct err *e);
/* Writes beside and renames: whoever reads sees the old or the new bytes. */
[[nodiscard]] bool private_write(int directory, const char *name, struct str bytes, struct err *e);
/* The same, and it is on the disk when this returns true; before that it may be empty there. */
[[nodiscard]] bool private_keep(int directory, const char *name, struct str bytes, struct err *e);

#endif
