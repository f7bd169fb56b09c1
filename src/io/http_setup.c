// SPDX-License-Identifier: MIT
#include "io/http_setup.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/*
 * The hashed directory takes 0.2 ms where parsing the bundle takes 15 ms. A bundle that the user
 * names in the environment and that is not the system's own is honoured all the same.
 */
static const char *trusted_file(const struct http_trust *trust)
{
	const char *file = trust->ca_file ? trust->ca_file : setting("SSL_CERT_FILE");

	return file && strcmp(file, "/etc/ssl/certs/ca-certificates.crt") != 0 ? file : NULL;
}

static const char *trusted_directory(const struct http_trust *trust)
{
	if (trust->ca_file)
		return NULL;
	return setting("SSL_CERT_DIR") ? setting("SSL_CERT_DIR") : "/etc/ssl/certs";
}

void http_set_trust(
	const struct curl_table *curl, CURL *easy, struct str url, const struct http_trust *trust)
{
	/* Callers refuse other hosts with a sentence; here they are verified whatever was said. */
	bool is_open = trust->is_insecure && url_is_loopback(url);

	curl->curl_easy_setopt(easy, CURLOPT_CAINFO, trusted_file(trust));
	curl->curl_easy_setopt(easy, CURLOPT_CAPATH, trusted_directory(trust));
	curl->curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, is_open ? 0L : 1L);
	curl->curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, is_open ? 0L : 2L);
	curl->curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

/* The list that goes without a proxy: a proxy cannot reach this machine's own servers. */
static void set_exceptions(const struct curl_table *curl, CURL *easy)
{
	const char *given = getenv("no_proxy") ? getenv("no_proxy") : getenv("NO_PROXY");
	AUTO(buf) list = {0};

	buf_printf(&list, "localhost,127.0.0.1,127.0.0.0/8,::1%s%s", given && *given ? "," : "",
		given ? given : "");
	/* "*" alone means every host; in a list it would not. */
	curl->curl_easy_setopt(
		easy, CURLOPT_NOPROXY, given && strcmp(given, "*") == 0 ? given : buf_text(&list));
}

void http_set_proxy(const struct curl_table *curl, CURL *easy, struct str url)
{
	/*
	 * libcurl reads the other variables itself, but HTTP_PROXY never: a CGI program gets it
	 * from a header of whoever asks. Where there is no CGI it means what it says.
	 */
	if (str_starts(url, STR("http://")) && !setting("http_proxy") && setting("HTTP_PROXY") &&
		!getenv("REQUEST_METHOD"))
		curl->curl_easy_setopt(easy, CURLOPT_PROXY, setting("HTTP_PROXY"));
	/* The answer to CONNECT is not the answer. */
	curl->curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	set_exceptions(curl, easy);
}

static void put_place(struct buf *out, const char *path)
{
	struct stat st;

	if (!path)
		return;
	buf_printf(out, " %s", path);
	if (stat(path, &st) == 0)
		buf_printf(out, "@%llu.%lld.%ld.%lld", (unsigned long long)st.st_ino,
			(long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (long long)st.st_size);
}

void http_put_trust(struct buf *out, const struct http_trust *trust)
{
	put_place(out, trusted_file(trust));
	put_place(out, trusted_directory(trust));
}
