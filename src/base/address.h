// SPDX-License-Identifier: MIT
/*
 * address: which addresses are the public internet, and which are this machine, its network or
 * nobody's. Ranges: IANA's special-purpose registries (RFC 6890) and the addresses at which clouds
 * answer with a machine's credentials.
 */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

enum address_kind {
	ADDRESS_PUBLIC,
	ADDRESS_UNSPECIFIED, /* 0.0.0.0/8, ::; connects to this machine */
	ADDRESS_LOOPBACK,
	ADDRESS_PRIVATE,
	ADDRESS_LINK_LOCAL,
	ADDRESS_SHARED, /* a carrier's network, RFC 6598 */
	ADDRESS_METADATA, /* a cloud's own service */
	ADDRESS_MULTICAST,
	ADDRESS_RESERVED, /* for documentation, tests, protocols, or not given out */
	ADDRESS_OTHER, /* neither IPv4 nor IPv6 */
};

/* IPv6 addresses that carry an IPv4 address are judged by that one. */
enum address_kind address_judge(const struct sockaddr *address);
const char *address_kind_name(enum address_kind kind); /* "a loopback address" */
/* The same host, whatever the port; an IPv4 address in IPv6 is the IPv4 address. */
bool address_is_same(const struct sockaddr *a, const struct sockaddr *b);

#endif
