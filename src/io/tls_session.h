// SPDX-License-Identifier: MIT
/*
 * tls_session: TLS sessions that the next run goes on with (RFC 8446, 2.2), kept in a directory of
 * the user's. libcurl 7.88 hands none out, so OpenSSL's own functions are used beside it, where it
 * is the one that libcurl has loaded; otherwise nothing is kept.
 *
 * A session stands for a certificate that was verified, so: only those of connections that were
 * verified and answered are kept; they belong to one host, port and set of trusted certificates
 * (their files' identities and times); each is used once, by whoever removes the file; none is used
 * beyond its ticket's lifetime, its certificate's, or a day after the certificate was last verified
 * in full. libcurl compares the certificate's name and the result of its verification again when it
 * is used. Files are 0600 in a directory of 0700, written beside and renamed; what is damaged,
 * foreign or readable for others is not used. Nothing here ever fails a request.
 */
#ifndef IO_TLS_SESSION_H
#define IO_TLS_SESSION_H

#include "base/str.h"
#include "io/curl_table.h"

struct tls_host;

struct tls_sessions {
	const char *directory; /* NULL: nothing is kept; stays the caller's */
	struct tls_host *hosts;
};

/* When no connection is left. */
void tls_sessions_release(struct tls_sessions *sessions);
/* name is "https://host:port", trust says what verification rests on. Lives with sessions. */
struct tls_host *tls_sessions_host(
	struct tls_sessions *sessions, struct str name, struct str trust);
/* Has the host's session used by the connections of easy, and new ones noted. */
void tls_host_watch(struct tls_host *host, const struct curl_table *curl, CURL *easy);
/* A request was answered: the newest session noted is worth keeping. */
void tls_host_keep(struct tls_host *host);

#endif
