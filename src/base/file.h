// SPDX-License-Identifier: MIT
/* file: whole files in, whole files out. Paths are NUL-terminated; dir_fd as in openat(2). */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"
#include <sys/types.h>

#include "base/err.h"

/*
 * Appends the regular file's bytes. Directories, FIFOs, devices and sockets are refused without
 * blocking (ERR_DENIED), as are files over max_bytes (ERR_LIMIT).
 */
[[nodiscard]] bool file_read(
	int dir_fd, const char *path, size_t max_bytes, struct buf *out, struct err *e);
/*
 * To the end of an open descriptor of any kind, a pipe too; it stays open. name is for the sentence
 * only.
 */
[[nodiscard]] bool file_read_fd(
	int fd, const char *name, size_t max_bytes, struct buf *out, struct err *e);
/* Opens for reading without following a FIFO into a wait; -1 and e on failure. */
[[nodiscard]] int file_open_regular(int dir_fd, const char *path, struct err *e);
/* All of it, through short writes and interruptions. */
[[nodiscard]] bool file_write_fd(int fd, struct str bytes, struct err *e);
/*
 * Puts bytes where path says, all or nothing: into a new file beside it, which then takes its
 * place. Links are followed; an existing file keeps its mode. What is no regular file is refused
 * (ERR_DENIED).
 */
[[nodiscard]] bool file_replace(const char *path, struct str bytes, struct err *e);
/*
 * The same piece by piece, for what is too large to be kept: until the end the place has what it
 * had. {0} is a valid start.
 */
struct beside {
	struct buf name, path, temporary; /* as it was given, where that leads to; temporary is
					     empty before the beginning and behind the end */
	int fd;
};
[[nodiscard]] bool beside_begin(struct beside *r, const char *path, struct err *e);
[[nodiscard]] bool beside_put(struct beside *r, struct str bytes, struct err *e);
[[nodiscard]] bool beside_end(struct beside *r, struct err *e);
void beside_release(struct beside *r); /* what has no end has not been */
/*
 * All or nothing, too, in an open directory: name has no slash, and a link of that name is itself
 * replaced. Does not wait for the disk: after a crash of the system the file may be empty.
 */
[[nodiscard]] bool file_replace_at(
	int dir_fd, const char *name, struct str bytes, mode_t mode, struct err *e);
/* Whether file_replace could begin now, tried out; leaves nothing behind. */
[[nodiscard]] bool file_can_replace(const char *path, struct err *e);
/*
 * What goes without waiting: the number of bytes written, 0 when nothing does now, -1 and e on
 * failure. Pipes, terminals and sockets take small pieces only when they are ready; files take all.
 */
[[nodiscard]] ssize_t file_write_ready(int fd, struct str bytes, struct err *e);
/* Waits until fd takes bytes, at most timeout_ms; a signal ends the wait, too. */
bool file_wait_writable(int fd, int timeout_ms);
void file_close(int *fd); /* for cleanup: closes when >= 0 and sets -1 */
#define AUTO_FD __attribute__((cleanup(file_close))) int

#endif
