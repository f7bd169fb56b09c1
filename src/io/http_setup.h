// SPDX-License-Identifier: MIT
/* http_setup: what a request is told of trust and proxies. For io/http and io/web. */
#ifndef IO_HTTP_SETUP_H
#define IO_HTTP_SETUP_H

#include "base/buf.h"
#include "io/curl_table.h"
#include "io/trust.h"

/* The certificates that are trusted, TLS 1.2 at least. */
void http_set_trust(
	const struct curl_table *curl, CURL *easy, struct str url, const struct http_trust *trust);
/* The proxy that the environment names for a URL; NULL: none, or its host goes without. */
const char *http_proxy_for(struct str url);
/* That proxy and no other. */
void http_set_proxy(const struct curl_table *curl, CURL *easy, struct str url);
/* What trust rests on, as text: two runs with the same one trust the same certificates. */
void http_put_trust(struct buf *out, const struct http_trust *trust);

#endif
