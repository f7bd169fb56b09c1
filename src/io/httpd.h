// SPDX-License-Identifier: MIT
/*
 * httpd: a small HTTP/1.1 server on the loopback address, for one program on the same machine to
 * talk to. Whole requests in; answers go out at once or piece by piece. All on the loop's thread.
 *
 * A request belongs to the server. It is valid from the call of on_request until one of: httpd_end,
 * httpd_reply, httpd_cut, or the call of gone (the client left or the server is being freed).
 */
#ifndef IO_HTTPD_H
#define IO_HTTPD_H

#include "base/err.h"
#include "base/str.h"
#include "io/loop.h"

enum {
	HTTPD_BODY_MAX_BYTES = 64 << 20,
	HTTPD_HEAD_MAX_BYTES = 256 << 10,
	HTTPD_CONNECTIONS_MAX = 256, /* further ones get 503 */
	HTTPD_IDLE_S = 600, /* a connection on which nothing moves is closed */
};

struct httpd;
struct httpd_request;

/* port 0 takes a free one. NULL and e when the port cannot be had. */
[[nodiscard]] struct httpd *httpd_new(struct loop *loop, int port,
	void (*on_request)(void *self, struct httpd_request *request), void *self, struct err *e);
/*
 * The same for this process alone, on a socket without a port: http_client_stay_inside takes name.
 */
[[nodiscard]] struct httpd *httpd_new_inside(struct loop *loop,
	void (*on_request)(void *self, struct httpd_request *request), void *self, struct err *e);
const char *httpd_name(const struct httpd *httpd);
/* Closes every connection; gone is called for requests that are still open. NULL is nothing. */
void httpd_free(struct httpd *httpd);
int httpd_port(const struct httpd *httpd);

/* ---- what came; the strings live as long as the request ---- */

const char *httpd_method(const struct httpd_request *request);
struct str httpd_target(const struct httpd_request *request); /* path and query as they came */
struct str httpd_body(const struct httpd_request *request);
struct str httpd_header(const struct httpd_request *request, const char *name); /* or absent */
/* In the order of arrival, names as they came. */
void httpd_each_header(const struct httpd_request *request,
	void (*visit)(void *self, struct str name, struct str value), void *self);
/* 1 for the server's first connection; equal numbers mean that it was used again. */
uint64_t httpd_connection(const struct httpd_request *request);

/* ---- what goes back ---- */

/* Called at most once, when the request ends by itself; the request must not be used any more. */
void httpd_on_gone(struct httpd_request *request, void (*gone)(void *self), void *self);
/* Before httpd_start or httpd_reply. A value with a line end in it is left out. */
void httpd_put_header(struct httpd_request *request, const char *name, const char *value);
void httpd_reply(struct httpd_request *request, int status, const char *type, struct str body);
/* The head of a piecewise answer. body_bytes is its length, -1 when not known (chunked). */
void httpd_start(struct httpd_request *request, int status, const char *type, int64_t body_bytes);
/* bytes are copied, n > 0. written (may be NULL) is called when the kernel has taken them all. */
void httpd_write(
	struct httpd_request *request, struct str bytes, void (*written)(void *self), void *self);
void httpd_end(struct httpd_request *request);
/* Closes the connection once what was written is out, the answer whole or not. */
void httpd_cut(struct httpd_request *request);

#endif
