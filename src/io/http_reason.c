// SPDX-License-Identifier: MIT
#include "io/http_reason.h"

#include <string.h>

struct reason {
	CURLcode code;
	const char *word; /* that libcurl's or OpenSSL's words hold; NULL: any */
	const char *sentence;
	bool is_lasting;
	bool has_detail; /* their words are added */
};

/* The first that fits. */
static const struct reason reasons[] = {
	{CURLE_COULDNT_CONNECT, NULL,
		"connection refused or unreachable: is the server running, and is the port right?",
		false, false},
	{CURLE_COULDNT_RESOLVE_HOST, NULL,
		"host name not found: check how it is written, and this machine's DNS", false,
		false},
	{CURLE_COULDNT_RESOLVE_PROXY, NULL,
		"the proxy's host name is not found: check https_proxy, http_proxy and all_proxy",
		true, false},
	{CURLE_PROXY, NULL, "the proxy cannot be used: check https_proxy, http_proxy and all_proxy",
		false, true},
	{CURLE_GOT_NOTHING, NULL, "connection closed without an answer", false, false},
	{CURLE_PARTIAL_FILE, NULL, "connection closed in the middle of the answer", false, false},
	{CURLE_RECV_ERROR, "CONNECT tunnel failed, response 5",
		"the proxy does not reach the server: check https_proxy and no_proxy", false, true},
	{CURLE_RECV_ERROR, "CONNECT tunnel failed",
		"the proxy refuses to connect: check https_proxy (with a name and password where it "
		"wants them) and no_proxy",
		true, true},
	{CURLE_RECV_ERROR, "Proxy CONNECT aborted",
		"the proxy closed the connection: check https_proxy and no_proxy", false, false},
	{CURLE_RECV_ERROR, "chunked-encoding", "the answer is damaged", false, true},
	{CURLE_RECV_ERROR, NULL, "connection broke while the answer came", false, true},
	{CURLE_SEND_ERROR, NULL, "connection broke while the request was sent", false, true},
	{CURLE_UNSUPPORTED_PROTOCOL, "HTTP/0.9",
		"what listens there does not answer in HTTP: is the port right, or does the URL "
		"have to begin with https://?",
		true, false},
	{CURLE_UNSUPPORTED_PROTOCOL, "response code", "the answer makes no sense as HTTP", true,
		true},
	{CURLE_WEIRD_SERVER_REPLY, NULL, "the answer makes no sense as HTTP", false, true},
	{CURLE_SSL_CONNECT_ERROR, "wrong version number",
		"what listens there does not speak TLS: does the URL have to begin with http://?",
		true, false},
	{CURLE_SSL_CONNECT_ERROR, "packet length too long",
		"what listens there does not speak TLS: does the URL have to begin with http://?",
		true, false},
	{CURLE_SSL_CONNECT_ERROR, "unsupported protocol",
		"the server speaks only versions of TLS that are no longer safe; it has to offer "
		"TLS 1.2 or newer",
		true, false},
	{CURLE_SSL_CONNECT_ERROR, "protocol version",
		"the server speaks only versions of TLS that are no longer safe; it has to offer "
		"TLS 1.2 or newer",
		true, false},
	{CURLE_SSL_CONNECT_ERROR, "SSL_ERROR_SYSCALL",
		"connection closed in the middle of the TLS handshake", false, false},
	{CURLE_SSL_CONNECT_ERROR, "unexpected eof",
		"connection closed in the middle of the TLS handshake", false, false},
	{CURLE_SSL_CONNECT_ERROR, NULL, "the TLS handshake failed", false, true},
	{CURLE_SSL_CACERT_BADFILE, NULL,
		"the trusted certificates cannot be read: check --ca-file or SSL_CERT_FILE", true,
		true},
	/* What libcurl calls a line beyond its 100 KB; without memory it would not get here. */
	{CURLE_OUT_OF_MEMORY, NULL, "a line of the answer's head is too long", true, false},
	{CURLE_HTTP2, NULL, "the HTTP/2 connection broke", false, true},
	{CURLE_HTTP2_STREAM, NULL, "the HTTP/2 connection broke", false, true},
	{CURLE_URL_MALFORMAT, NULL, "the URL makes no sense", true, true},
	{CURLE_UNSUPPORTED_PROTOCOL, NULL, "the URL cannot be used", true, true},
	{CURLE_SSL_CERTPROBLEM, NULL, "the certificate cannot be used", true, true},
	{CURLE_SSL_INVALIDCERTSTATUS, NULL, "the server's certificate has been revoked", true,
		true},
	{CURLE_OK, NULL, NULL, false, false},
};

/* OpenSSL's x509_vfy.h, whose numbers are part of its interface. */
enum {
	CERTIFICATE_NOT_YET_VALID = 9,
	CERTIFICATE_EXPIRED = 10,
	SELF_SIGNED = 18,
	SELF_SIGNED_IN_CHAIN = 19,
	ISSUER_UNKNOWN = 20,
	LEAF_UNVERIFIED = 21,
	HOST_MISMATCH = 62,
};

static const char authority[] =
	"the server's certificate is signed by an authority that is not trusted here: if it "
	"should be, name its certificate with --ca-file FILE (is ca-certificates installed?)";
static const char other_host[] =
	"the server's certificate is for another host name: check the host in the URL";

static const struct {
	long result;
	const char *sentence;
} refusals[] = {
	{HOST_MISMATCH, other_host},
	{CERTIFICATE_EXPIRED, "the server's certificate has expired: it has to be renewed, unless "
			      "this machine's clock is wrong"},
	{CERTIFICATE_NOT_YET_VALID,
		"the server's certificate is not valid yet: check this machine's clock"},
	{SELF_SIGNED, "the server's certificate is self-signed and not trusted here: if it is "
		      "yours, name it with --ca-file FILE"},
	{SELF_SIGNED_IN_CHAIN, authority},
	{ISSUER_UNKNOWN, authority},
	{LEAF_UNVERIFIED, authority},
};

static bool explain_refusal(const struct http_failure *failure, struct err *e)
{
	/* The name is libcurl's own to check, and OpenSSL knows nothing of it. */
	if (strstr(failure->detail, "target host name")) {
		err_set(e, ERR_NETWORK, "%s", other_host);
		return true;
	}
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		if (refusals[i].result == failure->verify_result) {
			err_set(e, ERR_NETWORK, "%s", refusals[i].sentence);
			return true;
		}
	err_set(e, ERR_NETWORK, "the server's certificate is refused: %s", failure->detail);
	return true;
}

bool http_explain(const struct http_failure *failure, struct err *e)
{
	const char *detail = *failure->detail ? failure->detail : failure->general;
	const struct reason *r = reasons;

	if (failure->code == CURLE_PEER_FAILED_VERIFICATION)
		return explain_refusal(failure, e);
	while (r->sentence &&
		(r->code != failure->code || (r->word && !strstr(failure->detail, r->word))))
		r++;
	if (!r->sentence)
		err_set(e, ERR_NETWORK, "%s", detail);
	else if (r->has_detail)
		err_set(e, ERR_NETWORK, "%s (%s)", r->sentence, detail);
	else
		err_set(e, ERR_NETWORK, "%s", r->sentence);
	return r->is_lasting;
}
