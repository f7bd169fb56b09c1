// SPDX-License-Identifier: MIT
#include "base/address.h"

#include <netinet/in.h>
#include <string.h>

#include "base/must.h"

struct four_range {
	uint8_t start[4];
	unsigned bits;
	enum address_kind kind;
};

/* The first that fits. */
static const struct four_range fours[] = {
	{{169, 254, 169, 254}, 32, ADDRESS_METADATA},
	{{169, 254, 170, 2}, 32, ADDRESS_METADATA}, /* of containers */
	{{100, 100, 100, 200}, 32, ADDRESS_METADATA},
	{{168, 63, 129, 16}, 32, ADDRESS_METADATA},
	{{192, 0, 0, 192}, 32, ADDRESS_METADATA},
	{{0}, 8, ADDRESS_UNSPECIFIED},
	{{10}, 8, ADDRESS_PRIVATE},
	{{100, 64}, 10, ADDRESS_SHARED},
	{{127}, 8, ADDRESS_LOOPBACK},
	{{169, 254}, 16, ADDRESS_LINK_LOCAL},
	{{172, 16}, 12, ADDRESS_PRIVATE},
	{{192, 0, 0}, 24, ADDRESS_RESERVED},
	{{192, 0, 2}, 24, ADDRESS_RESERVED},
	{{192, 88, 99}, 24, ADDRESS_RESERVED},
	{{192, 168}, 16, ADDRESS_PRIVATE},
	{{198, 18}, 15, ADDRESS_RESERVED},
	{{198, 51, 100}, 24, ADDRESS_RESERVED},
	{{203, 0, 113}, 24, ADDRESS_RESERVED},
	{{224}, 4, ADDRESS_MULTICAST},
	{{240}, 4, ADDRESS_RESERVED},
};

/* Where an IPv6 range keeps an IPv4 address. */
enum carried { CARRIES_NONE, CARRIES_LAST, CARRIES_SECOND, CARRIES_TEREDO };

struct six_range {
	uint8_t start[16];
	unsigned bits;
	enum address_kind kind;
	enum carried carried;
};

/* The first that fits. Public is only what lies in 2000::/3, the one range that is given out. */
static const struct six_range sixes[] = {
	{{0}, 128, ADDRESS_UNSPECIFIED},
	{{[15] = 1}, 128, ADDRESS_LOOPBACK},
	{{[10] = 0xff, 0xff}, 96, .carried = CARRIES_LAST}, /* mapped */
	{{[8] = 0xff, 0xff}, 96, .carried = CARRIES_LAST}, /* translated, RFC 2765 */
	{{0}, 96, .carried = CARRIES_LAST}, /* compatible */
	{{0, 0x64, 0xff, 0x9b}, 96, .carried = CARRIES_LAST}, /* NAT64 */
	{{0x20, 0x01}, 32, .carried = CARRIES_TEREDO},
	{{0x20, 0x02}, 16, .carried = CARRIES_SECOND}, /* 6to4 */
	{{0x20, 0x01, 0x0d, 0xb8}, 32, ADDRESS_RESERVED},
	{{0x20, 0x01}, 23, ADDRESS_RESERVED},
	{{0x3f, 0xff}, 20, ADDRESS_RESERVED},
	{{0x20}, 3, ADDRESS_PUBLIC},
	{{0xfd, 0x00, 0x0e, 0xc2}, 32, ADDRESS_METADATA},
	{{0xfc}, 7, ADDRESS_PRIVATE},
	{{0xfe, 0xc0}, 10, ADDRESS_PRIVATE},
	{{0xfe, 0x80}, 10, ADDRESS_LINK_LOCAL},
	{{0xff}, 8, ADDRESS_MULTICAST},
};

static const char *const names[] = {
	[ADDRESS_PUBLIC] = "a public address",
	[ADDRESS_UNSPECIFIED] = "an address of this machine",
	[ADDRESS_LOOPBACK] = "a loopback address",
	[ADDRESS_PRIVATE] = "a private address",
	[ADDRESS_LINK_LOCAL] = "a link-local address",
	[ADDRESS_SHARED] = "an address of a carrier's network",
	[ADDRESS_METADATA] = "a cloud's metadata address",
	[ADDRESS_MULTICAST] = "a multicast address",
	[ADDRESS_RESERVED] = "a reserved address",
	[ADDRESS_OTHER] = "no internet address",
};

static bool starts_with(const uint8_t *bytes, const uint8_t *start, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return memcmp(bytes, start, whole) == 0 &&
	       (!rest || (bytes[whole] ^ start[whole]) >> (8 - rest) == 0);
}

static enum address_kind judge_four(const uint8_t *bytes)
{
	for (size_t i = 0; i < sizeof fours / sizeof *fours; i++)
		if (starts_with(bytes, fours[i].start, fours[i].bits))
			return fours[i].kind;
	return ADDRESS_PUBLIC;
}

/* RFC 4380: the server's address, and the client's with every bit turned. */
static enum address_kind judge_teredo(const uint8_t *bytes)
{
	uint8_t client[4];
	enum address_kind server = judge_four(bytes + 4);

	for (int i = 0; i < 4; i++)
		client[i] = (uint8_t)~bytes[12 + i];
	return server == ADDRESS_PUBLIC ? judge_four(client) : server;
}

static enum address_kind judge_six(const uint8_t *bytes)
{
	for (size_t i = 0; i < sizeof sixes / sizeof *sixes; i++) {
		if (!starts_with(bytes, sixes[i].start, sixes[i].bits))
			continue;
		switch (sixes[i].carried) {
		case CARRIES_NONE: return sixes[i].kind;
		case CARRIES_LAST: return judge_four(bytes + 12);
		case CARRIES_SECOND: return judge_four(bytes + 2);
		case CARRIES_TEREDO: return judge_teredo(bytes);
		}
	}
	return ADDRESS_RESERVED;
}

enum address_kind address_judge(const struct sockaddr *address)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	if (address->sa_family == AF_INET) {
		memcpy(&four, address, sizeof four);
		return judge_four((const uint8_t *)&four.sin_addr);
	}
	if (address->sa_family != AF_INET6)
		return ADDRESS_OTHER;
	memcpy(&six, address, sizeof six);
	return judge_six(six.sin6_addr.s6_addr);
}

const char *address_kind_name(enum address_kind kind)
{
	must(kind < sizeof names / sizeof *names);
	return names[kind];
}

/* As 16 bytes of IPv6; false for other families. */
static bool as_six(const struct sockaddr *address, uint8_t out[16])
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	if (address->sa_family == AF_INET) {
		memcpy(&four, address, sizeof four);
		memset(out, 0, 10);
		out[10] = out[11] = 0xff;
		memcpy(out + 12, &four.sin_addr, 4);
		return true;
	}
	if (address->sa_family != AF_INET6)
		return false;
	memcpy(&six, address, sizeof six);
	memcpy(out, &six.sin6_addr, 16);
	return true;
}

bool address_is_same(const struct sockaddr *a, const struct sockaddr *b)
{
	uint8_t left[16], right[16];

	return as_six(a, left) && as_six(b, right) && memcmp(left, right, 16) == 0;
}
