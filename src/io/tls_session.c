// SPDX-License-Identifier: MIT
#include "io/tls_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/private.h"
#include "io/libssl.h"

/* A session with its certificate has 1 to 4 KB. */
enum { SESSION_MAX_BYTES = 64 << 10 };
/* How long a certificate counts as verified, whatever tickets follow one another. */
enum { VERIFIED_S = 24 * 3600 };

static const char magic[] = "fettle tls session 1";

struct tls_host {
	struct tls_host *next;
	const char *directory;
	char *key; /* one line: host, port, trust */
	char name[24]; /* of the file */
	const struct libssl *ssl;
	new_session_fn *previous; /* libcurl's own */
	int64_t verified_at; /* wall clock, s: the last full verification */
	struct buf noted; /* the newest session, as DER; empty: none */
	int64_t noted_until;
};

/* FNV-1a: against damage, not against malice; the directory is the user's own. */
static uint64_t sum_of(struct str bytes)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; i < bytes.n; i++)
		sum = (sum ^ (unsigned char)bytes.p[i]) * 0x100000001b3;
	return sum;
}

struct tls_host *tls_sessions_host(struct tls_sessions *sessions, struct str name, struct str trust)
{
	AUTO(buf) key = {0};

	buf_printf(&key, "%.*s%.*s", STR_ARG(name), STR_ARG(trust));
	if (!sessions->directory || str_contains(buf_str(&key), STR("\n")))
		return NULL;
	for (struct tls_host *host = sessions->hosts; host; host = host->next)
		if (str_is(buf_str(&key), host->key))
			return host;
	struct tls_host *host = must_alloc(1, sizeof *host);
	*host = (struct tls_host){.next = sessions->hosts,
		.directory = sessions->directory,
		.key = must_copy(key.p, key.n),
		.noted.max = SESSION_MAX_BYTES};
	snprintf(host->name, sizeof host->name, "%016llx",
		(unsigned long long)sum_of(buf_str(&key)));
	sessions->hosts = host;
	return host;
}

void tls_sessions_release(struct tls_sessions *sessions)
{
	while (sessions->hosts) {
		struct tls_host *host = sessions->hosts;
		sessions->hosts = host->next;
		if (host->noted.p)
			explicit_bzero(host->noted.p, host->noted.n);
		buf_release(&host->noted);
		free(host->key);
		free(host);
	}
}

/* ---- files ---- */

/* The file's bytes; the file is gone then, and nobody else has got them. */
static bool take_file(int directory, const char *name, struct buf *out)
{
	struct err e;
	bool is_good = private_read(directory, name, SESSION_MAX_BYTES, out, &e);

	return unlinkat(directory, name, 0) == 0 && is_good;
}

/*
 * Three lines and the session's DER: what it is, the key, and "VERIFIED UNTIL SUM" (seconds since
 * 1970, and the sum of what follows).
 */
static bool read_file(struct tls_host *host, struct str text, int64_t now, struct str *der)
{
	struct str line, part;
	int64_t times[2];

	if (!str_split(&text, '\n', &line) || !str_is(line, magic))
		return false;
	if (!str_split(&text, '\n', &line) || !str_is(line, host->key))
		return false;
	if (!str_split(&text, '\n', &line) || !text.p)
		return false;
	for (int i = 0; i < 2; i++)
		if (!str_split(&line, ' ', &part) || !str_int(part, &times[i]))
			return false;
	char sum[24];
	snprintf(sum, sizeof sum, "%016llx", (unsigned long long)sum_of(text));
	if (!line.p || !str_is(line, sum) || times[0] > now || times[1] <= now)
		return false;
	/* A time that was verified in the future, or too long ago, is none. */
	if (now - times[0] >= VERIFIED_S)
		return false;
	host->verified_at = times[0];
	*der = text;
	return true;
}

/* ---- sessions ---- */

static bool is_certificate_valid(const struct libssl *ssl, SSL_SESSION *session)
{
	const X509 *certificate = ssl->SSL_SESSION_get0_peer(session);

	return certificate && ssl->X509_cmp_current_time(ssl->X509_get0_notAfter(certificate)) > 0;
}

static SSL_SESSION *load(struct tls_host *host)
{
	const struct libssl *ssl = host->ssl;
	AUTO(buf) text = {0};
	struct str der;
	struct err e;
	AUTO_FD directory = private_open(host->directory, false, &e);

	if (directory < 0 || !take_file(directory, host->name, &text) ||
		!read_file(host, buf_str(&text), clock_wall_s(), &der))
		return NULL;
	const unsigned char *at = (const unsigned char *)der.p;
	SSL_SESSION *session = ssl->d2i_SSL_SESSION(NULL, &at, (long)der.n);
	explicit_bzero(text.p, text.n);
	ssl->ERR_clear_error();
	if (session && is_certificate_valid(ssl, session) && ssl->SSL_SESSION_is_resumable(session))
		return session;
	ssl->SSL_SESSION_free(session);
	return NULL;
}

static struct tls_host *host_of(const SSL *ssl)
{
	const struct libssl *table = libssl_open();

	return table->SSL_CTX_get_ex_data(table->SSL_get_SSL_CTX(ssl), table->ex_index);
}

/* At the very beginning, unless libcurl has a session of this run. */
static void on_info(const SSL *ssl, int where, int)
{
	struct tls_host *host = where == LIBSSL_HANDSHAKE_START ? host_of(ssl) : NULL;

	if (!host || host->ssl->SSL_get_session(ssl))
		return;
	SSL_SESSION *session = load(host);
	if (!session)
		return;
	/* The callback's type says const; the connection is not. */
	if (host->ssl->SSL_set_session((SSL *)ssl, session))
		log_debug("TLS session of an earlier run is offered");
	host->ssl->ERR_clear_error();
	host->ssl->SSL_SESSION_free(session);
}

static void note(struct tls_host *host, SSL *connection, SSL_SESSION *session)
{
	const struct libssl *ssl = host->ssl;
	int n = ssl->i2d_SSL_SESSION(session, NULL);

	if (!(ssl->SSL_get_verify_mode(connection) & LIBSSL_VERIFY_PEER) ||
		ssl->SSL_get_verify_result(connection) != 0 ||
		!ssl->SSL_SESSION_is_resumable(session) || !is_certificate_valid(ssl, session))
		return;
	if (!ssl->SSL_session_reused(connection))
		host->verified_at = clock_wall_s();
	buf_clear(&host->noted);
	unsigned char *out = n > 0 ? (unsigned char *)buf_reserve(&host->noted, (size_t)n) : NULL;
	if (!out || ssl->i2d_SSL_SESSION(session, &out) != n)
		return;
	host->noted.n += (size_t)n;
	int64_t until = ssl->SSL_SESSION_get_time(session) + ssl->SSL_SESSION_get_timeout(session);
	int64_t latest = host->verified_at + VERIFIED_S;
	host->noted_until = until < latest ? until : latest;
}

static int on_new_session(SSL *connection, SSL_SESSION *session)
{
	struct tls_host *host = host_of(connection);

	if (!host)
		return 0;
	note(host, connection, session);
	return host->previous ? host->previous(connection, session) : 0;
}

static CURLcode attach(CURL *, void *context, void *self)
{
	const struct libssl *ssl = libssl_open();
	struct tls_host *host = self;

	if (!ssl || !ssl->SSL_CTX_set_ex_data(context, ssl->ex_index, host))
		return CURLE_OK;
	host->ssl = ssl;
	host->previous = ssl->SSL_CTX_sess_get_new_cb(context);
	ssl->SSL_CTX_sess_set_new_cb(context, on_new_session);
	ssl->SSL_CTX_set_info_callback(context, on_info);
	return CURLE_OK;
}

void tls_host_watch(struct tls_host *host, const struct curl_table *curl, CURL *easy)
{
	/* Refused where libcurl has another TLS library. */
	curl->curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, attach);
	curl->curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, host);
}

void tls_host_keep(struct tls_host *host)
{
	AUTO(buf) text = {.max = SESSION_MAX_BYTES};
	struct err e;

	if (!host || !host->noted.n)
		return;
	buf_printf(&text, "%s\n%s\n%lld %lld %016llx\n", magic, host->key,
		(long long)host->verified_at, (long long)host->noted_until,
		(unsigned long long)sum_of(buf_str(&host->noted)));
	buf_put_str(&text, buf_str(&host->noted));
	AUTO_FD directory = private_open(host->directory, true, &e);
	if (directory >= 0 && !text.overflow &&
		!private_write(directory, host->name, buf_str(&text), &e))
		log_debug("tls session: %s", e.text);
	explicit_bzero(text.p, text.n);
	explicit_bzero(host->noted.p, host->noted.n);
	buf_clear(&host->noted);
}
