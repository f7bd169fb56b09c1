// SPDX-License-Identifier: MIT
/* trust: what --ca-file and --insecure mean, for every command that asks providers. */
#include <stdlib.h>

#include "base/xdg.h"
#include "call/call.h"
#include "cmd/command.h"

static const char *get_environment(const char *name)
{
	return getenv(name);
}

bool command_trust(const struct options *given, const struct route *route, struct arena *a,
	struct http_trust *out, struct err *e)
{
	struct http_trust trust = {.ca_file = options_value(given, "ca-file"),
		.is_insecure = options_has(given, "insecure"),
		.session_directory = xdg_directory(XDG_CACHE, "tls", get_environment, a)};

	if (trust.ca_file && !trust_check_file(trust.ca_file, e))
		return false;
	for (; trust.is_insecure && route; route = route->fallback)
		if (route->url && !url_is_loopback(str_from(route->url)))
			return err_set(e, ERR_USAGE,
				"option --insecure: %s is not on this machine: whoever sits "
				"between could read the key; trust its certificate with --ca-file FILE",
				route->url);
	*out = trust;
	return true;
}
