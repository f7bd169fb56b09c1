// SPDX-License-Identifier: MIT
/* shell_output: what one command says: taken from a pipe, kept in a file, shown by its ends. */
#ifndef AGENT_SHELL_OUTPUT_H
#define AGENT_SHELL_OUTPUT_H

#include "base/buf.h"
#include "base/err.h"

struct output {
	int pipe_fd; /* -1 at its end */
	int file_fd; /* our own: the name may be taken away or replaced by commands */
	char name[48]; /* in the directory */
	uint64_t kept_bytes, lost_bytes; /* beyond SHELL_FILE_MAX_BYTES, or what the disk refused */
	uint64_t shown_bytes; /* of the kept: told already */
	bool has_left_out; /* so the file is needed */
};

/* A new file in the directory, and a pipe; writer is for the child. */
[[nodiscard]] bool output_open(
	struct output *o, const char *directory, int number, int *writer, struct err *e);
/* Takes what is there without waiting. */
void output_take(struct output *o);
/* What has not been shown, as text; seen is the directory as commands know it. */
void output_show(struct output *o, const char *seen, struct buf *out);
/* The file goes unless something was left out of what was shown. */
void output_close(struct output *o, const char *directory);

#endif
