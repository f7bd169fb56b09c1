// SPDX-License-Identifier: MIT
/* codex_limit: rate_limits of Codex's token_count. */
#ifndef USAGE_READER_CODEX_LIMIT_H
#define USAGE_READER_CODEX_LIMIT_H

#include "usage/reader.h"

/* Notes what the object says; anything else says nothing. */
void codex_limits_note(struct usage_file *file, struct str rate_limits, int64_t told_ms);

#endif
