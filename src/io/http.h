// SPDX-License-Identifier: MIT
/*
 * http: client requests on the loop, through libcurl's multi interface. libcurl (and with it TLS)
 * is opened with the first request, not before: it costs milliseconds and megabytes. Connections
 * are kept and shared by all requests of one client; HTTP/2 is used where the server offers it by
 * ALPN: requests that come while the first connection to a host is being made wait for it, within
 * their deadlines, so that all of them share it. Redirects are not followed. No compression is
 * asked for. TLS 1.2 or newer, verified against the system's hashed certificate directory or what
 * SSL_CERT_DIR, SSL_CERT_FILE or the client's trust name. Proxies: http_proxy, https_proxy,
 * all_proxy, no_proxy and their upper-case forms; this machine's own addresses go without.
 */
#ifndef IO_HTTP_H
#define IO_HTTP_H

#include "base/err.h"
#include "base/str.h"
#include "io/loop.h"
#include "io/trust.h"

struct http_client;
struct http;

[[nodiscard]] struct http_client *http_client_new(struct loop *loop);
/*
 * Every request goes to this process's own httpd_new_inside, whatever host its URL names; nothing
 * leaves the machine. name stays until the client is freed.
 */
void http_client_stay_inside(struct http_client *client, const char *name);
void http_client_free(struct http_client *client); /* cancels what is under way */

/* Before the first request; the strings must stay. */
void http_client_trust(struct http_client *client, const struct http_trust *trust);

/*
 * More than any provider sends (an answer of a million tokens, one event each, has about 200 MB);
 * what goes on beyond is an error.
 */
enum { HTTP_HEAD_MAX_BYTES = 256 << 10, HTTP_BODY_MAX_BYTES = 256 << 20 };

struct http_header {
	const char *name; /* NULL ends a list */
	struct str value;
	bool is_secret; /* never logged */
};

struct http_limits {
	int64_t connect_ms; /* until connected */
	int64_t first_byte_ms; /* from the end of sending until the answer's head is in */
	int64_t idle_ms; /* between two pieces of the body */
};

struct http_request {
	const char *url;
	const struct http_header *headers;
	struct str body; /* sent by POST; must stay until the end. Absent: GET */
	bool is_once; /* on a connection of its own: libcurl sends nothing twice */
	size_t answer_max_bytes; /* of its body; 0: HTTP_BODY_MAX_BYTES */
	struct http_limits limits;
};

/* Monotonic clock, ns; 0: did not come to that. */
struct http_times {
	int64_t loading; /* libcurl was loaded from here on, until started; 0: it was there */
	int64_t started; /* behind the loading of libcurl */
	int64_t resolved, connected; /* the name, the address */
	int64_t secured; /* TLS is set up; 0 without it */
	int64_t sent, first_byte, ended;
	bool reused; /* on a connection that was already open */
	bool is_lasting; /* the error would be the same the next time: trust, URL, no libcurl */
};

struct http_sink {
	/* Once, when the status line and headers are in. */
	void (*head)(void *self, int status);
	/* One header of the answer; the name is in lower case. Before head. */
	void (*header)(void *self, struct str name, struct str value);
	void (*body)(void *self, struct str bytes);
	/* Exactly once, last. e is NULL when the answer is whole. The request is gone afterwards.
	 */
	void (*end)(void *self, const struct err *e, const struct http_times *times);
	void *self;
};

/* Starts it; end comes from the loop, never from within this call. */
struct http *http_start(struct http_client *client, const struct http_request *request,
	const struct http_sink *sink);
/* What is known so far of a request that has not ended. */
void http_look(struct http *http, struct http_times *times);
/* Closes the connection and frees the request; end is not called. NULL is nothing. */
void http_cancel(struct http *http);

#endif
