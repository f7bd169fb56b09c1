// SPDX-License-Identifier: MIT
/*
 * text: a file's lines, piece by piece through one buffer that is used again for the next file.
 *
 * A byte order mark is dropped; UTF-16 that begins with one becomes UTF-8. A NUL makes the file
 * binary: the piece that holds the first one and all after it are not shown. Pieces are cut as
 * ripgrep 13 cuts them (64 kB, at the last line end), so that both see the same part of such a
 * file.
 */
#ifndef INDEX_TEXT_H
#define INDEX_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum text_encoding { TEXT_BYTES, TEXT_UTF16_LE, TEXT_UTF16_BE };

struct text {
	char *p;
	size_t capacity;
	size_t n; /* bytes that are there */
	size_t shown; /* bytes that were part of a piece */
	int fd;
	enum text_encoding encoding;
	bool has_begun, has_ended, is_binary, has_failed;
	bool is_too_long; /* a line over the limit: what follows is not searched */
	uint16_t high_half; /* of a surrogate pair cut by a read */
	int odd_byte; /* of a UTF-16 unit cut by a read, or -1 */
	uint64_t bytes; /* read so far */
};

void text_release(struct text *t);
void text_begin(struct text *t, int fd); /* {0} before the first */
/*
 * The next piece: whole lines, or the last one without its line feed. Bytes before keep (an offset
 * into p, at most shown) are forgotten, the others move to the front. False at the end.
 */
[[nodiscard]] bool text_next(struct text *t, size_t keep, struct str *piece);

#endif
