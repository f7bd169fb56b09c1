// SPDX-License-Identifier: MIT
/*
 * late: libraries that are opened when they are first needed, so that commands which do not need
 * them start without them. A library stays open.
 */
#ifndef IO_LATE_H
#define IO_LATE_H

#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"

struct late {
	const char *library; /* "libcurl.so.4" */
	const char *package; /* that has it, on Debian */
	enum err_code code; /* of errors */
	int flags; /* of dlopen, besides RTLD_LOCAL */
	/* Fills the table with the functions of the library. */
	bool (*load)(void *table, void *library, struct err *e);
	pthread_mutex_t lock; /* zeroed is unlocked */
	bool is_open;
};

/* From any thread. True once the table is filled; until then each call tries. */
[[nodiscard]] bool late_open(struct late *late, void *table, struct err *e);

#endif
