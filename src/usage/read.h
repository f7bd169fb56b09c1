// SPDX-License-Identifier: MIT
/* read: a reader's way through one file, in pieces of 128 KB or 1 MB; a file of lines is never in
 * memory.
 */
#ifndef USAGE_READ_H
#define USAGE_READ_H

#include "usage/reader.h"

struct usage_piece; /* a buffer to read into, one for each thread */

struct usage_piece *usage_piece_new(void);
/* For who will read much: a larger one, and all its memory at once, as one huge page where there is
   one. */
void usage_piece_fill(struct usage_piece *piece);
void usage_piece_free(struct usage_piece *piece); /* NULL is nothing */

/*
 * Reads what is behind the offset from, for lines: whole lines, and a last one without an end where
 * it is whole JSON; *end is then behind the last line that was read whole and had an end. Documents
 * and databases are read whole, from is 0. ERR_IO: it cannot be read (any more); what was taken
 * before is to be dropped.
 */
[[nodiscard]] bool usage_read(const struct usage_reader *reader, struct usage_file *file,
	struct usage_piece *piece, int64_t from, int64_t *end, struct err *e);
/* Whether a file of the reader is read by lines, so that its beginning need not be read again. */
bool usage_reads_lines(const struct usage_reader *reader, struct str path);
/* Byte offset of the line at hand, for complaints; -1 for documents and databases. */
int64_t usage_piece_offset(const struct usage_piece *piece);

#endif
