// SPDX-License-Identifier: MIT
/* http_reason: why a request failed, in a sentence that names the cause and a way out. */
#ifndef IO_HTTP_REASON_H
#define IO_HTTP_REASON_H

#include <curl/curl.h>

#include "base/err.h"

struct http_failure {
	CURLcode code;
	const char *detail; /* libcurl's own words, "" none */
	long verify_result; /* OpenSSL's X509_V_*: why a certificate is refused; 0 not known */
	const char *general; /* libcurl's words for the code */
};

/* True when the same request would fail the same way the next time. */
bool http_explain(const struct http_failure *failure, struct err *e);

#endif
