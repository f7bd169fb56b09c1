// SPDX-License-Identifier: MIT
/* trust: whose certificates a client accepts. */
#ifndef IO_TRUST_H
#define IO_TRUST_H

#include "base/err.h"
#include "base/str.h"

/* {0}: the system's authorities. */
struct http_trust {
	const char *ca_file; /* PEM; instead of the system's authorities */
	bool is_insecure; /* nothing is verified, on this machine's own addresses only */
	const char *session_directory; /* where TLS sessions are kept for the next run; NULL: not */
};

/* ERR_USAGE when the file cannot be read or has no certificate in it. */
[[nodiscard]] bool trust_check_file(const char *ca_file, struct err *e);
/* The host of a URL, without brackets, name and port. */
struct str url_host(struct str url);
/* 127.0.0.0/8, ::1 or localhost, written plainly. */
bool url_is_loopback(struct str url);

#endif
