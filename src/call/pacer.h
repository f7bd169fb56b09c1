// SPDX-License-Identifier: MIT
/*
 * pacer: call/pace on the loop's clock: every call that is given one asks it before it is sent. For
 * the loop's thread. One a process, as what it holds is known by the process's id.
 */
#ifndef CALL_PACER_H
#define CALL_PACER_H

#include "call/call.h"

/* What somebody says about a provider, or one model of it. 0 does not say. */
struct rate_wish {
	struct str name; /* "provider" or "provider/model"; absent: about all */
	int64_t rpm, tpm, concurrent;
};

struct pacer;

/*
 * directory: where the buckets are shared with the user's other processes, an absolute path that is
 * made when it is not there; NULL: they are this process's own. The wishes stay as long as it; what
 * several say, the first one of them says.
 */
struct pacer *pacer_new(struct loop *loop, const char *directory, const struct rate_wish *wishes,
	size_t wish_count);
/*
 * The buckets are shared with all that ask the Redis server at this URL, in place of the directory.
 * Before the first call. ERR_USAGE: no such URL; ERR_NOT_FOUND: hiredis is not installed; nothing
 * has changed then. told (may be NULL): the server is away, and the limits are this process's own;
 * e NULL: it is back.
 */
[[nodiscard]] bool pacer_meet(struct pacer *pacer, const char *redis_url,
	void (*told)(void *self, const struct err *e), void *self, struct err *e);
/* So many calls at the same time, where nobody has said anything about the provider. */
void pacer_suppose(struct pacer *pacer, int64_t concurrent);
/* Why they are not shared just now; NULL: they are, or need not be. */
const char *pacer_trouble(const struct pacer *pacer);
void pacer_free(struct pacer *pacer); /* after the calls; NULL is nothing */

#endif
