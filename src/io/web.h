// SPDX-License-Identifier: MIT
/*
 * web: one answer from the web, for tools whose URLs a model or a server chose. Blocks; called on
 * worker threads, any number at once. libcurl is opened at first use.
 *
 * Only http and https, no credentials in URLs. A host must be allowed by the policy, at every
 * redirect anew, and its address must be a public one unless the policy names the host: the judge
 * sits where the socket is made, so the address judged is the address connected to. What the
 * environment names as proxy is used, and makes the connection itself: then the name is resolved
 * here only to be judged, the proxy may see another address, and a name that is not known here is
 * refused unless the policy names it. Redirects to another origin lose every header but accept,
 * accept-language and user-agent, and a body is not sent on. Compressed answers are unpacked within
 * the limit.
 */
#ifndef IO_WEB_H
#define IO_WEB_H

#include <stdatomic.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/err.h"
#include "io/http.h"
#include "io/trust.h"

/* Who may be asked. {0}: nobody. Hosts are written plainly, without port. */
struct web_policy {
	const char *const *allowed_hosts; /* "host", "*.suffix", or "*": any public one */
	size_t allowed_count;
	bool allows_any_public;
	const char *closed; /* why nobody is asked, whatever the rest says; NULL: it counts */
	struct str named_in; /* the user's own words: public hosts that they name are allowed */
};

enum web_allowance {
	WEB_REFUSED,
	WEB_PUBLIC, /* at public addresses */
	WEB_ANYWHERE, /* named by the policy, itself or by its suffix */
};

/* ERR_USAGE for what is no host, "*.suffix" or "*". */
[[nodiscard]] bool web_check_pattern(const char *pattern, struct err *e);
enum web_allowance web_allowance(const struct web_policy *policy, struct str host);
/* Whether a connection may go there. An address of this machine's interfaces is not public. */
bool web_address_is_allowed(const struct sockaddr *address, enum web_allowance allowance);

enum {
	WEB_BODY_MAX_BYTES = 5 << 20,
	WEB_TOTAL_MS = 30'000,
	WEB_REDIRECTS_MAX = 5,
	WEB_URL_MAX_BYTES = 8 << 10,
};

/* 0: the default, as above. */
struct web_limits {
	size_t body_bytes; /* unpacked */
	int64_t total_ms; /* with all redirects */
	int redirects; /* -1: none is followed, it is the answer */
};

struct web_answer {
	int status;
	struct buf url; /* that answered, behind the redirects */
	struct buf head; /* "name: value" lines */
	struct buf body; /* empty when on_body had it */
	bool is_stopped; /* on_body wanted no more */
};

struct web_request {
	const char *url;
	const char *method; /* NULL: GET, or POST with a body */
	const struct http_header *headers; /* NULL: none of one's own */
	struct str body; /* absent: none */
	struct web_limits limits;
	/*
	 * NULL, or a moment on the monotonic clock (ns) that others move while there is progress;
	 * limits.total_ms does not count then.
	 */
	const _Atomic int64_t *deadline_ns;
	const struct web_policy *policy;
	const atomic_bool *cancel; /* looked at every 20 ms; NULL: never set */
	struct http_trust trust;
	/* Each piece as it comes, with status and headers known; false: enough. NULL: it is kept.
	 */
	bool (*on_body)(void *self, const struct web_answer *answer, struct str bytes);
	void *self;
};

/*
 * True when there is an answer, whatever its status. ERR_DENIED: the policy refuses; ERR_USAGE: no
 * URL that can be fetched; ERR_LIMIT: too long, too many redirects; ERR_TIMEOUT, ERR_CANCELLED.
 */
[[nodiscard]] bool web_get(
	const struct web_request *request, struct web_answer *out, struct err *e);
void web_answer_release(struct web_answer *answer);
/* A header's first value, whatever the case of its name; absent when there is none. */
struct str web_header(const struct web_answer *answer, const char *name);

#endif
