// SPDX-License-Identifier: MIT
/*
 * protect: files that no tool may write, however it is asked: what other programs run or obey
 * without asking. Names are compared without regard to case, wherever in the workspace they are.
 */
#ifndef AGENT_PROTECT_H
#define AGENT_PROTECT_H

#include "base/err.h"
#include "base/str.h"

/* path is relative to the workspace's root; why (may be NULL) gets what kind of file it is. */
bool path_is_protected(struct str path, const char **why);
/*
 * Whether files in this directory, open for reading, must not be written because of what it is: a
 * repository's own directory under any name, or a file system of the kernel's (proc, sys).
 */
bool directory_is_protected(int directory_fd, const char **why);

#endif
