// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <string.h>

#include "base/address.h"
#include "base/url.h"
#include "io/web.h"

/* Without brackets and the dot of the root. */
static struct str plain_host(struct str host)
{
	if (str_starts(host, STR("[")) && str_ends(host, STR("]")))
		host = str_skip(str_head(host, host.n - 1), 1);
	return str_ends(host, STR(".")) ? str_head(host, host.n - 1) : host;
}

static bool is_address(struct str host)
{
	char text[INET6_ADDRSTRLEN + 1] = "";
	struct in6_addr any;

	if (!host.n || host.n >= sizeof text)
		return false;
	memcpy(text, host.p, host.n);
	return inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1;
}

bool web_check_pattern(const char *pattern, struct err *e)
{
	struct str host = plain_host(str_from(pattern));
	bool is_good = host.n && host.n < 256;

	if (strcmp(pattern, "*") == 0)
		return true;
	if (str_starts(host, STR("*.")))
		host = str_skip(host, 2);
	is_good = is_good && host.n && host.p[0] != '.';
	for (size_t i = 0; i < host.n && !is_address(host); i++)
		is_good = is_good && (unsigned char)host.p[i] > ' ' &&
			  !strchr("/:*@?#[]\\", host.p[i]);
	return is_good ||
	       err_set(e, ERR_USAGE,
		       "%s is no host: a name, *.SUFFIX or *, without scheme and port", pattern);
}

static bool is_under(struct str host, struct str suffix)
{
	return host.n > suffix.n && !is_address(host) &&
	       str_eq_nocase(str_skip(host, host.n - suffix.n), suffix);
}

/* Names that only a private network knows; what they resolve to is judged besides. */
static bool is_local_name(struct str host)
{
	static const char *const names[] = {"localhost", "metadata", "metadata.goog"};
	static const char *const suffixes[] = {".localhost", ".internal", ".local", ".home.arpa"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_eq_nocase(host, str_from(names[i])))
			return true;
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
		if (is_under(host, str_from(suffixes[i])))
			return true;
	return false;
}

enum web_allowance web_allowance(const struct web_policy *policy, struct str host)
{
	bool is_public = policy->allows_any_public;

	host = plain_host(host);
	if (!host.n)
		return WEB_REFUSED;
	for (size_t i = 0; i < policy->allowed_count; i++) {
		struct str pattern = plain_host(str_from(policy->allowed_hosts[i]));
		if (strcmp(policy->allowed_hosts[i], "*") == 0)
			is_public = true;
		else if (str_starts(pattern, STR("*."))
				 ? pattern.n > 2 && is_under(host, str_skip(pattern, 1))
				 : str_eq_nocase(host, pattern))
			return WEB_ANYWHERE;
	}
	if (is_local_name(host) || (!is_public && !url_text_names(policy->named_in, host)))
		return WEB_REFUSED;
	return WEB_PUBLIC;
}

/* A machine that cannot list its interfaces is taken to have this one. */
static bool is_own(const struct sockaddr *address)
{
	struct ifaddrs *all;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return true;
	for (const struct ifaddrs *i = all; i && !found; i = i->ifa_next)
		found = i->ifa_addr && address_is_same(address, i->ifa_addr);
	freeifaddrs(all);
	return found;
}

bool web_address_is_allowed(const struct sockaddr *address, enum web_allowance allowance)
{
	enum address_kind kind = address_judge(address);

	if (kind == ADDRESS_OTHER || allowance == WEB_REFUSED)
		return false;
	return allowance == WEB_ANYWHERE || (kind == ADDRESS_PUBLIC && !is_own(address));
}
