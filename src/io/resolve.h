// SPDX-License-Identifier: MIT
/* resolve: a host's addresses by the system's own resolver, which waits: on a thread of its own. */
#ifndef IO_RESOLVE_H
#define IO_RESOLVE_H

#include <netdb.h>

#include "base/err.h"
#include "io/loop.h"

struct resolve;

/*
 * The answer comes from the loop, once; the list is the caller's, for freeaddrinfo. e (ERR_NETWORK)
 * when there is none.
 */
struct resolve *resolve_start(struct loop *loop, const char *host, int port,
	void (*answer)(void *self, struct addrinfo *list, const struct err *e), void *self);
/* The answer does not come; waits for nothing. NULL is nothing. */
void resolve_cancel(struct resolve *resolve);

#endif
