// SPDX-License-Identifier: MIT
/*
 * store: contents by their digest, below one directory that all runs of a user share. Every process
 * that is at work on it holds its lock shared; what is old is swept out by one that holds it alone,
 * so that nothing goes which somebody counts on. Not for several threads at once.
 */
#ifndef AGENT_KEEP_STORE_H
#define AGENT_KEEP_STORE_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"

struct store {
	int fd, objects_fd; /* directories */
	int lock_fd, size_fd;
	int64_t added_bytes; /* by us, not yet in the size file */
	uint64_t generation; /* changes whenever something is swept out */
	bool has_no_clones; /* the file system shares no blocks between files */
	struct buf scratch;
};

/* directory/undo, made when make is set. False and ERR_NOT_FOUND when it is not there. */
[[nodiscard]] bool store_open(struct store *s, const char *directory, bool make, struct err *e);
void store_close(struct store *s);

/* ---- for a sweep (agent/keep/sweep.c) ---- */

int64_t store_size(struct store *s); /* of all objects, with ours */
/* Nobody else is at work, and nobody begins until the store is closed. */
[[nodiscard]] bool store_lock_alone(struct store *s);
void store_set_size(struct store *s, int64_t bytes); /* something was swept out */

/* ---- objects ---- */

/*
 * Keeps bytes of this digest; is_safe: they are on the disk, not only with the kernel, when it
 * returns, also where they had been kept without that.
 */
[[nodiscard]] bool store_put(struct store *s, struct str bytes, bool is_safe,
	const struct sha256 *digest, struct err *e);
/* Keeps an open file of at most max_bytes from its start; size is what it held. */
[[nodiscard]] bool store_take(struct store *s, int fd, size_t max_bytes, struct sha256 *digest,
	int64_t *size_bytes, struct err *e);
/* Has what is kept already reach the disk. */
[[nodiscard]] bool store_make_safe(struct store *s, const struct sha256 *digest, struct err *e);
/* Appends the contents. ERR_NOT_FOUND, or ERR_PARSE when they are damaged. */
[[nodiscard]] bool store_get(
	struct store *s, const struct sha256 *digest, struct buf *out, struct err *e);
bool store_has(struct store *s, const struct sha256 *digest);

/* Beside, then renamed; 0600. is_safe as above. For the store's own small files. */
[[nodiscard]] bool store_write(
	int directory_fd, const char *name, struct str bytes, bool is_safe, struct err *e);
/* Creates the directory (0700) when it is not there, and opens it; -1 and e on failure. */
[[nodiscard]] int store_directory(int at, const char *name, bool make, struct err *e);

#endif
