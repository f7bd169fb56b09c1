// SPDX-License-Identifier: MIT
/*
 * redis_url: where a Redis server is.
 *   redis://[[user]:password@]host[:port][/db]        an IPv6 address stands in brackets
 *   unix:///path[?db=N]   redis+unix://[[user]:password@]/path[?db=N]
 * The password stays here: redis_url_put leaves it out, and no sentence has any of the URL's text.
 */
#ifndef IO_REDIS_URL_H
#define IO_REDIS_URL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { REDIS_PORT = 6379, REDIS_DB_MAX = 1'000'000 };

struct redis_url {
	const char *host; /* NULL: path */
	const char *path; /* of a socket */
	int port;
	struct str user, password; /* absent: none */
	int64_t db;
};

/* The strings live in the arena. ERR_USAGE. */
[[nodiscard]] bool redis_url_read(
	struct str text, struct arena *a, struct redis_url *out, struct err *e);
/* For people: "redis://host:6379/2". */
void redis_url_put(struct buf *out, const struct redis_url *url);

#endif
