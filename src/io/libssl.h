// SPDX-License-Identifier: MIT
/*
 * libssl: the functions of OpenSSL 3 that libcurl has no face for, found in the library that
 * libcurl has loaded already. Declared here as OpenSSL's manual pages have them, so that its
 * headers are not needed.
 */
#ifndef IO_LIBSSL_H
#define IO_LIBSSL_H

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;
typedef struct ssl_session_st SSL_SESSION;
typedef struct x509_st X509;
typedef struct asn1_string_st ASN1_TIME;
typedef int new_session_fn(SSL *ssl, SSL_SESSION *session);
typedef void ssl_info_fn(const SSL *ssl, int where, int result);

enum { LIBSSL_HANDSHAKE_START = 0x10, LIBSSL_VERIFY_PEER = 1, LIBSSL_EX_INDEX_SSL_CTX = 1 };

#define LIBSSL_FUNCTIONS(each) \
	each(int, CRYPTO_get_ex_new_index, (int, long, void *, void *, void *, void *)) each( \
		int, SSL_CTX_set_ex_data, (SSL_CTX *, int, void *)) each(void *, \
		SSL_CTX_get_ex_data, (const SSL_CTX *, int)) each(void, SSL_CTX_sess_set_new_cb, \
		(SSL_CTX *, new_session_fn *)) each(new_session_fn *, SSL_CTX_sess_get_new_cb, \
		(SSL_CTX *)) each(void, SSL_CTX_set_info_callback, \
		(SSL_CTX *, ssl_info_fn *)) each(SSL_CTX *, SSL_get_SSL_CTX, \
		(const SSL *)) each(SSL_SESSION *, SSL_get_session, (const SSL *)) each(int, \
		SSL_set_session, (SSL *, SSL_SESSION *)) each(int, SSL_session_reused, \
		(const SSL *)) each(long, SSL_get_verify_result, (const SSL *)) each(int, \
		SSL_get_verify_mode, (const SSL *)) each(int, i2d_SSL_SESSION, \
		(SSL_SESSION *, unsigned char **)) each(SSL_SESSION *, d2i_SSL_SESSION, \
		(SSL_SESSION **, const unsigned char **, long)) each(void, SSL_SESSION_free, \
		(SSL_SESSION *)) each(long, SSL_SESSION_get_time, (const SSL_SESSION *)) \
		each(long, SSL_SESSION_get_timeout, (const SSL_SESSION *)) \
			each(int, SSL_SESSION_is_resumable, (const SSL_SESSION *)) \
				each(X509 *, SSL_SESSION_get0_peer, (SSL_SESSION *)) each( \
					const ASN1_TIME *, X509_get0_notAfter, (const X509 *)) \
					each(int, X509_cmp_current_time, (const ASN1_TIME *)) \
						each(void, ERR_clear_error, (void))

struct libssl {
#define DECLARE(type, name, arguments) type(*name) arguments;
	LIBSSL_FUNCTIONS(DECLARE)
#undef DECLARE
	int ex_index; /* of our own data at an SSL_CTX */
};

/* NULL when libcurl does not use OpenSSL 3. */
const struct libssl *libssl_open(void);

#endif
