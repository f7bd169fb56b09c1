// SPDX-License-Identifier: MIT
/* scan: opening what a scan starts from, shared with grep. */
#ifndef INDEX_SCAN_H
#define INDEX_SCAN_H

#include "base/err.h"

/*
 * Opens relative ("" is root itself) below root without leaving it, through ".." or a link; -1 and
 * e on failure.
 */
[[nodiscard]] int scan_open(const char *root, const char *relative, int flags, struct err *e);

#endif
