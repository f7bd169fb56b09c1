// SPDX-License-Identifier: MIT
/* http_setup: what a request is told of trust and proxies. For io/http only. */
#ifndef IO_HTTP_SETUP_H
#define IO_HTTP_SETUP_H

#include "base/buf.h"
#include "io/curl_table.h"
#include "io/trust.h"

/* The certificates that are trusted, TLS 1.2 at least. */
void http_set_trust(
	const struct curl_table *curl, CURL *easy, struct str url, const struct http_trust *trust);
/* Proxies from the environment, and the hosts that go without. */
void http_set_proxy(const struct curl_table *curl, CURL *easy, struct str url);
/* What trust rests on, as text: two runs with the same one trust the same certificates. */
void http_put_trust(struct buf *out, const struct http_trust *trust);

#endif
