// SPDX-License-Identifier: MIT
#include "io/trust.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"

/* A bundle of all public authorities has 220 KB. */
enum { CA_FILE_MAX_BYTES = 16 << 20 };

bool trust_check_file(const char *ca_file, struct err *e)
{
	AUTO(buf) text = {0};

	if (!file_read(AT_FDCWD, ca_file, CA_FILE_MAX_BYTES, &text, e)) {
		e->code = ERR_USAGE;
		return err_context(e, "option --ca-file");
	}
	if (!str_contains(buf_str(&text), STR("-----BEGIN CERTIFICATE-----")) &&
		!str_contains(buf_str(&text), STR("-----BEGIN TRUSTED CERTIFICATE-----")))
		return err_set(e, ERR_USAGE,
			"option --ca-file: %s has no certificate in it (PEM is wanted: -----BEGIN "
			"CERTIFICATE-----)",
			ca_file);
	return true;
}

struct str url_host(struct str url)
{
	size_t scheme = str_find(url, STR("://"), 0), end = 0, at;
	struct str rest = str_skip(url, scheme == SIZE_MAX ? 0 : scheme + 3);

	while (end < rest.n && !strchr("/?#\\", rest.p[end]))
		end++;
	rest = str_head(rest, end);
	while ((at = str_find_char(rest, '@', 0)) != SIZE_MAX)
		rest = str_skip(rest, at + 1);
	if (rest.n && rest.p[0] == '[')
		return str_head(str_skip(rest, 1), str_find_char(str_skip(rest, 1), ']', 0));
	return str_head(rest, str_find_char(rest, ':', 0));
}

bool url_is_loopback(struct str url)
{
	struct str host = url_host(url);
	char text[INET6_ADDRSTRLEN + 1] = "";
	struct in6_addr six;
	struct in_addr four;

	if (host.n >= sizeof text)
		return false;
	memcpy(text, host.p, host.n);
	if (str_eq_nocase(host, STR("localhost")))
		return true;
	if (inet_pton(AF_INET, text, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, text, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}
