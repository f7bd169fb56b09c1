// SPDX-License-Identifier: MIT
#include "io/http_setup.h"

#include <arpa/inet.h>
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

/* An address and how many of its bits count. */
struct network {
	uint8_t bytes[16];
	int family;
	int64_t bits;
};

/* inet_aton takes "127.1", too, as the resolver does. */
static bool read_network(struct str text, struct network *out)
{
	size_t slash = str_find_char(text, '/', 0);
	struct str address = str_head(text, slash);
	char plain[INET6_ADDRSTRLEN + 1] = "";

	if (address.n >= sizeof plain)
		return false;
	memcpy(plain, address.p ? address.p : "", address.n);
	*out = (struct network){0};
	if (inet_aton(plain, (struct in_addr *)out->bytes))
		out->family = AF_INET;
	else if (inet_pton(AF_INET6, plain, out->bytes) == 1)
		out->family = AF_INET6;
	else
		return false;
	int most = out->family == AF_INET ? 32 : 128;
	out->bits = most;
	return slash == SIZE_MAX || (str_int(str_skip(text, slash + 1), &out->bits) &&
					    out->bits >= 0 && out->bits <= most);
}

static bool is_within(const struct network *host, const struct network *network)
{
	int64_t whole = network->bits / 8, rest = network->bits % 8;

	return host->family == network->family &&
	       memcmp(host->bytes, network->bytes, (size_t)whole) == 0 &&
	       (!rest || (host->bytes[whole] ^ network->bytes[whole]) >> (8 - rest) == 0);
}

static struct str without_dots(struct str name)
{
	while (str_starts(name, STR(".")))
		name = str_skip(name, 1);
	while (str_ends(name, STR(".")))
		name.n--;
	return name;
}

/* One word of the list: a network for an address, a name or its ending for a name. */
static bool is_exception(struct str host, struct str word)
{
	struct network address, network;

	if (read_network(host, &address))
		return read_network(word, &network) && is_within(&address, &network);
	host = without_dots(host);
	word = without_dots(str_starts(word, STR("*.")) ? str_skip(word, 1) : word);
	if (!word.n || host.n < word.n)
		return false;
	struct str end = str_skip(host, host.n - word.n);
	return str_eq_nocase(end, word) && (end.p == host.p || end.p[-1] == '.');
}

/* A proxy cannot reach this machine's own servers. */
static bool goes_without(struct str host)
{
	const char *given = getenv("no_proxy") ? getenv("no_proxy") : getenv("NO_PROXY");
	AUTO(buf) list = {0};
	struct str rest, word;

	if (given && strcmp(given, "*") == 0)
		return true;
	buf_printf(&list, "localhost,127.0.0.0/8,::1,%s", given ? given : "");
	for (size_t i = 0; i < list.n; i++)
		if (list.p[i] == ' ' || list.p[i] == '\t')
			list.p[i] = ',';
	rest = buf_str(&list);
	while (str_split(&rest, ',', &word))
		if (is_exception(host, word))
			return true;
	return false;
}

/*
 * HTTP_PROXY does not count in a CGI program, which gets it from a header of whoever asks. Set but
 * empty means none.
 */
static const char *proxy_variable(bool is_https)
{
	const char *value = getenv(is_https ? "https_proxy" : "http_proxy");

	if (!value && (is_https || !getenv("REQUEST_METHOD")))
		value = getenv(is_https ? "HTTPS_PROXY" : "HTTP_PROXY");
	if (!value)
		value = getenv("all_proxy");
	return value ? value : getenv("ALL_PROXY");
}

const char *http_proxy_for(struct str url)
{
	bool is_https = str_eq_nocase(str_head(url, 8), STR("https://"));
	const char *proxy = proxy_variable(is_https);

	return proxy && *proxy && !goes_without(url_host(url)) ? proxy : NULL;
}

void http_set_proxy(const struct curl_table *curl, CURL *easy, struct str url)
{
	const char *proxy = http_proxy_for(url);

	/* Both are decided here: libcurl is not to look at the environment a second time. */
	curl->curl_easy_setopt(easy, CURLOPT_PROXY, proxy ? proxy : "");
	curl->curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
	/* The answer to CONNECT is not the answer. */
	curl->curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
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
