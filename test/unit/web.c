// SPDX-License-Identifier: MIT
/* Who may be fetched from: addresses, host names, and what a text names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "base/address.h"
#include "base/url.h"
#include "io/web.h"

static struct sockaddr_storage address_of(const char *text)
{
	struct sockaddr_storage out = {0};
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
		memcpy(&out, &four, sizeof four);
	else if (inet_pton(AF_INET6, text, &six.sin6_addr) == 1)
		memcpy(&out, &six, sizeof six);
	else
		fail_msg("%s is no address", text);
	return out;
}

static enum address_kind judge(const char *text)
{
	struct sockaddr_storage address = address_of(text);

	return address_judge((struct sockaddr *)&address);
}

/* Both edges of each range, and what lies beside them. */
static const struct {
	const char *text;
	enum address_kind kind;
} addresses[] = {
	{"0.0.0.0", ADDRESS_UNSPECIFIED},
	{"0.255.255.255", ADDRESS_UNSPECIFIED},
	{"1.0.0.0", ADDRESS_PUBLIC},
	{"9.255.255.255", ADDRESS_PUBLIC},
	{"10.0.0.0", ADDRESS_PRIVATE},
	{"10.255.255.255", ADDRESS_PRIVATE},
	{"11.0.0.0", ADDRESS_PUBLIC},
	{"100.63.255.255", ADDRESS_PUBLIC},
	{"100.64.0.0", ADDRESS_SHARED},
	{"100.100.100.199", ADDRESS_SHARED},
	{"100.100.100.200", ADDRESS_METADATA},
	{"100.127.255.255", ADDRESS_SHARED},
	{"100.128.0.0", ADDRESS_PUBLIC},
	{"126.255.255.255", ADDRESS_PUBLIC},
	{"127.0.0.0", ADDRESS_LOOPBACK},
	{"127.0.0.1", ADDRESS_LOOPBACK},
	{"127.255.255.255", ADDRESS_LOOPBACK},
	{"128.0.0.0", ADDRESS_PUBLIC},
	{"168.63.129.15", ADDRESS_PUBLIC},
	{"168.63.129.16", ADDRESS_METADATA},
	{"168.63.129.17", ADDRESS_PUBLIC},
	{"169.253.255.255", ADDRESS_PUBLIC},
	{"169.254.0.0", ADDRESS_LINK_LOCAL},
	{"169.254.169.253", ADDRESS_LINK_LOCAL},
	{"169.254.169.254", ADDRESS_METADATA},
	{"169.254.170.2", ADDRESS_METADATA},
	{"169.254.255.255", ADDRESS_LINK_LOCAL},
	{"169.255.0.0", ADDRESS_PUBLIC},
	{"172.15.255.255", ADDRESS_PUBLIC},
	{"172.16.0.0", ADDRESS_PRIVATE},
	{"172.31.255.255", ADDRESS_PRIVATE},
	{"172.32.0.0", ADDRESS_PUBLIC},
	{"191.255.255.255", ADDRESS_PUBLIC},
	{"192.0.0.0", ADDRESS_RESERVED},
	{"192.0.0.192", ADDRESS_METADATA},
	{"192.0.0.255", ADDRESS_RESERVED},
	{"192.0.1.0", ADDRESS_PUBLIC},
	{"192.0.2.0", ADDRESS_RESERVED},
	{"192.0.2.255", ADDRESS_RESERVED},
	{"192.0.3.0", ADDRESS_PUBLIC},
	{"192.88.98.255", ADDRESS_PUBLIC},
	{"192.88.99.0", ADDRESS_RESERVED},
	{"192.88.100.0", ADDRESS_PUBLIC},
	{"192.167.255.255", ADDRESS_PUBLIC},
	{"192.168.0.0", ADDRESS_PRIVATE},
	{"192.168.255.255", ADDRESS_PRIVATE},
	{"192.169.0.0", ADDRESS_PUBLIC},
	{"198.17.255.255", ADDRESS_PUBLIC},
	{"198.18.0.0", ADDRESS_RESERVED},
	{"198.19.255.255", ADDRESS_RESERVED},
	{"198.20.0.0", ADDRESS_PUBLIC},
	{"198.51.99.255", ADDRESS_PUBLIC},
	{"198.51.100.0", ADDRESS_RESERVED},
	{"198.51.101.0", ADDRESS_PUBLIC},
	{"203.0.112.255", ADDRESS_PUBLIC},
	{"203.0.113.255", ADDRESS_RESERVED},
	{"203.0.114.0", ADDRESS_PUBLIC},
	{"223.255.255.255", ADDRESS_PUBLIC},
	{"224.0.0.0", ADDRESS_MULTICAST},
	{"239.255.255.255", ADDRESS_MULTICAST},
	{"240.0.0.0", ADDRESS_RESERVED},
	{"255.255.255.255", ADDRESS_RESERVED},
	{"::", ADDRESS_UNSPECIFIED},
	{"::1", ADDRESS_LOOPBACK},
	{"::2", ADDRESS_UNSPECIFIED}, /* carries 0.0.0.2 */
	{"::7f00:1", ADDRESS_LOOPBACK},
	{"::808:808", ADDRESS_PUBLIC},
	{"::1:0:0", ADDRESS_RESERVED},
	{"::ffff:127.0.0.1", ADDRESS_LOOPBACK},
	{"::ffff:10.1.2.3", ADDRESS_PRIVATE},
	{"::ffff:169.254.169.254", ADDRESS_METADATA},
	{"::ffff:8.8.8.8", ADDRESS_PUBLIC},
	{"::fffe:8.8.8.8", ADDRESS_RESERVED},
	{"::ffff:0:127.0.0.1", ADDRESS_LOOPBACK},
	{"::ffff:0:8.8.8.8", ADDRESS_PUBLIC},
	{"64:ff9b::192.168.0.1", ADDRESS_PRIVATE},
	{"64:ff9b::8.8.8.8", ADDRESS_PUBLIC},
	{"64:ff9b:1::8.8.8.8", ADDRESS_RESERVED},
	{"64:ff9b::1:808:808", ADDRESS_RESERVED},
	{"100::1", ADDRESS_RESERVED},
	{"1fff:ffff::", ADDRESS_RESERVED},
	{"2000::", ADDRESS_PUBLIC},
	{"2001:0:0808:0808::f7f7:f7f7", ADDRESS_PUBLIC}, /* client 8.8.8.8 */
	{"2001:0:7f00:1::f7f7:f7f7", ADDRESS_LOOPBACK},
	{"2001:0:0808:0808::80ff:fffe", ADDRESS_LOOPBACK}, /* client 127.0.0.1 */
	{"2001:1::", ADDRESS_RESERVED},
	{"2001:1ff:ffff::", ADDRESS_RESERVED},
	{"2001:200::", ADDRESS_PUBLIC},
	{"2001:4860:4860::8888", ADDRESS_PUBLIC},
	{"2001:db7:ffff::", ADDRESS_PUBLIC},
	{"2001:db8::", ADDRESS_RESERVED},
	{"2001:db8:ffff::ffff", ADDRESS_RESERVED},
	{"2001:db9::", ADDRESS_PUBLIC},
	{"2002:7f00:1::", ADDRESS_LOOPBACK},
	{"2002:a9fe:a9fe::1", ADDRESS_METADATA},
	{"2002:808:808::1", ADDRESS_PUBLIC},
	{"2003::", ADDRESS_PUBLIC},
	{"3ffe::", ADDRESS_PUBLIC},
	{"3fff::", ADDRESS_RESERVED},
	{"3fff:fff:ffff::", ADDRESS_RESERVED},
	{"3fff:1000::", ADDRESS_PUBLIC},
	{"4000::", ADDRESS_RESERVED},
	{"5f00::1", ADDRESS_RESERVED},
	{"fbff:ffff::", ADDRESS_RESERVED},
	{"fc00::", ADDRESS_PRIVATE},
	{"fd00:ec1:ffff::", ADDRESS_PRIVATE},
	{"fd00:ec2::254", ADDRESS_METADATA},
	{"fd00:ec2:ffff::ffff", ADDRESS_METADATA},
	{"fd00:ec3::", ADDRESS_PRIVATE},
	{"fdff:ffff::", ADDRESS_PRIVATE},
	{"fe00::", ADDRESS_RESERVED},
	{"fe80::", ADDRESS_LINK_LOCAL},
	{"febf:ffff::1", ADDRESS_LINK_LOCAL},
	{"fec0::", ADDRESS_PRIVATE},
	{"feff:ffff::", ADDRESS_PRIVATE},
	{"ff00::", ADDRESS_MULTICAST},
	{"ff02::1", ADDRESS_MULTICAST},
};

static void test_addresses(void **)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX};

	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
		if (judge(addresses[i].text) != addresses[i].kind)
			fail_msg("%s is %s", addresses[i].text,
				address_kind_name(judge(addresses[i].text)));
	assert_int_equal(address_judge((struct sockaddr *)&local), ADDRESS_OTHER);
}

static void test_same_address(void **)
{
	struct sockaddr_storage four = address_of("1.2.3.4"), mapped = address_of("::ffff:1.2.3.4"),
				other = address_of("1.2.3.5"), compatible = address_of("::1.2.3.4");

	assert_true(address_is_same((struct sockaddr *)&four, (struct sockaddr *)&mapped));
	assert_false(address_is_same((struct sockaddr *)&four, (struct sockaddr *)&other));
	assert_false(address_is_same((struct sockaddr *)&four, (struct sockaddr *)&compatible));
}

static bool is_allowed(const char *address, enum web_allowance allowance)
{
	struct sockaddr_storage to = address_of(address);

	return web_address_is_allowed((struct sockaddr *)&to, allowance);
}

/* A name that resolves to something else the second time meets the same judge. */
static void test_judge_at_the_socket(void **)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX};

	assert_true(is_allowed("93.184.216.34", WEB_PUBLIC));
	assert_true(is_allowed("2606:2800:220:1::1", WEB_PUBLIC));
	assert_false(is_allowed("127.0.0.1", WEB_PUBLIC));
	assert_false(is_allowed("10.0.0.1", WEB_PUBLIC));
	assert_false(is_allowed("169.254.169.254", WEB_PUBLIC));
	assert_false(is_allowed("::ffff:192.168.1.1", WEB_PUBLIC));
	assert_true(is_allowed("127.0.0.1", WEB_ANYWHERE));
	assert_false(is_allowed("93.184.216.34", WEB_REFUSED));
	assert_false(web_address_is_allowed((struct sockaddr *)&local, WEB_ANYWHERE));
}

static void test_own_addresses_are_not_public(void **)
{
	struct ifaddrs *all;

	assert_int_equal(getifaddrs(&all), 0);
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		if (!i->ifa_addr || address_judge(i->ifa_addr) == ADDRESS_OTHER)
			continue;
		assert_false(web_address_is_allowed(i->ifa_addr, WEB_PUBLIC));
		assert_true(web_address_is_allowed(i->ifa_addr, WEB_ANYWHERE));
	}
	freeifaddrs(all);
}

static void test_hosts(void **)
{
	static const char *const patterns[] = {
		"docs.example", "*.corp.example", "[::1]", "10.0.0.1", "*."};
	static const char *const star[] = {"*"};
	static const struct {
		const char *host;
		enum web_allowance allowance;
	} hosts[] = {
		{"docs.example", WEB_ANYWHERE},
		{"DOCS.Example.", WEB_ANYWHERE},
		{"a.docs.example", WEB_REFUSED},
		{"xdocs.example", WEB_REFUSED},
		{"a.corp.example", WEB_ANYWHERE},
		{"a.b.CORP.example", WEB_ANYWHERE},
		{"corp.example", WEB_REFUSED},
		{"xcorp.example", WEB_REFUSED},
		{"::1", WEB_ANYWHERE},
		{"[::1]", WEB_ANYWHERE},
		{"10.0.0.1", WEB_ANYWHERE},
		{"110.0.0.1", WEB_REFUSED},
		{"", WEB_REFUSED},
		{".", WEB_REFUSED},
		{"named.example", WEB_PUBLIC},
		{"localhost", WEB_REFUSED},
		{"other.example", WEB_REFUSED},
	};
	struct web_policy policy = {.allowed_hosts = patterns,
		.allowed_count = sizeof patterns / sizeof *patterns,
		.named_in = STR("see https://named.example/x and http://localhost:80")};
	struct web_policy any = {.allows_any_public = true};
	struct web_policy stars = {.allowed_hosts = star, .allowed_count = 1};

	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
		if (web_allowance(&policy, str_from(hosts[i].host)) != hosts[i].allowance)
			fail_msg("%s", hosts[i].host);
	assert_int_equal(web_allowance(&any, STR("x.example")), WEB_PUBLIC);
	assert_int_equal(web_allowance(&stars, STR("x.example")), WEB_PUBLIC);
	assert_int_equal(web_allowance(&any, STR("localhost")), WEB_REFUSED);
	assert_int_equal(web_allowance(&any, STR("a.localhost.")), WEB_REFUSED);
	assert_int_equal(web_allowance(&stars, STR("metadata.google.internal")), WEB_REFUSED);
	assert_int_equal(web_allowance(&(struct web_policy){0}, STR("x.example")), WEB_REFUSED);
}

static void test_patterns(void **)
{
	static const char *const good[] = {"a", "a.example", "*.a.example", "*", "10.0.0.1", "::1",
		"[::1]", "a.example.", "m\xc3\xbcnchen.example"};
	static const char *const bad[] = {"", ".", "*.", "**", "a*", "*a", "*.*", "http://a",
		"a:80", "a/b", "u@a", " a", "[::1", "*..a", "[a]:1"};
	struct err e;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (!web_check_pattern(good[i], &e))
			fail_msg("%s", e.text);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (web_check_pattern(bad[i], &e) || e.code != ERR_USAGE)
			fail_msg("%s is taken", bad[i]);
}

static void test_hosts_named_in_a_text(void **)
{
	static const struct {
		const char *text, *host;
		bool is_named;
	} texts[] = {
		{"what does https://a.example/x?y say", "a.example", true},
		{"HTTP://A.Example", "a.example", true},
		{"http://A.Example.", "a.example", true},
		{"(http://a.example)", "a.example", true},
		{"http://a.example:8080/x", "a.example", true},
		{"http://a.example", "example", false},
		{"http://a.example", "b.a.example", false},
		{"http://a.example.evil.example", "a.example", false},
		{"http://xa.example", "a.example", false},
		{"http://x/?u=a.example", "a.example", false},
		{"http://u@a.example", "a.example", false},
		{"http://u:p@a.example", "u", false},
		{"http://[2606:4700::1]/", "2606:4700::1", true},
		{"http://[2606:4700::1", "2606:4700::1", false},
		{"ftp://a.example", "a.example", false},
		{"read www.a.org, please", "www.a.org", true},
		{"mail joe@a.org", "a.org", false},
		{"a.org@b.org", "a.org", false},
		{"fix README.md and src/lib.rs", "readme.md", false},
		{"fix README.md and src/lib.rs", "lib.rs", false},
		{"http://", "", false},
		{"", "a.org", false},
		{".org", ".org", false},
		{"http://m\xc3\xbcnchen.example", "m\xc3\xbcnchen.example", true},
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (url_text_names(str_from(texts[i].text), str_from(texts[i].host)) !=
			texts[i].is_named)
			fail_msg("%s in %s", texts[i].host, texts[i].text);
}

/* RFC 3986, 5.4, all of them, but that a fragment of the base is never kept. */
static void test_references(void **)
{
	static const struct {
		const char *reference, *url;
	} references[] = {
		{"g:h", "g:h"},
		{"g", "http://a/b/c/g"},
		{"./g", "http://a/b/c/g"},
		{"g/", "http://a/b/c/g/"},
		{"/g", "http://a/g"},
		{"//g", "http://g"},
		{"?y", "http://a/b/c/d;p?y"},
		{"g?y", "http://a/b/c/g?y"},
		{"#s", "http://a/b/c/d;p?q#s"},
		{"g#s", "http://a/b/c/g#s"},
		{"g?y#s", "http://a/b/c/g?y#s"},
		{";x", "http://a/b/c/;x"},
		{"g;x", "http://a/b/c/g;x"},
		{"g;x?y#s", "http://a/b/c/g;x?y#s"},
		{"", "http://a/b/c/d;p?q"},
		{".", "http://a/b/c/"},
		{"./", "http://a/b/c/"},
		{"..", "http://a/b/"},
		{"../", "http://a/b/"},
		{"../g", "http://a/b/g"},
		{"../..", "http://a/"},
		{"../../", "http://a/"},
		{"../../g", "http://a/g"},
		{"../../../g", "http://a/g"},
		{"../../../../g", "http://a/g"},
		{"/./g", "http://a/g"},
		{"/../g", "http://a/g"},
		{"g.", "http://a/b/c/g."},
		{".g", "http://a/b/c/.g"},
		{"g..", "http://a/b/c/g.."},
		{"..g", "http://a/b/c/..g"},
		{"./../g", "http://a/b/g"},
		{"./g/.", "http://a/b/c/g/"},
		{"g/./h", "http://a/b/c/g/h"},
		{"g/../h", "http://a/b/c/h"},
		{"g;x=1/./y", "http://a/b/c/g;x=1/y"},
		{"g;x=1/../y", "http://a/b/c/y"},
		{"g?y/./x", "http://a/b/c/g?y/./x"},
		{"g?y/../x", "http://a/b/c/g?y/../x"},
		{"g#s/./x", "http://a/b/c/g#s/./x"},
		{"http:g", "http:g"},
		{" a b\t\n\"c ", "http://a/b/c/a%20b%22c"},
		{"//h/../x", "http://h/x"},
	};

	for (size_t i = 0; i < sizeof references / sizeof *references; i++) {
		AUTO(buf) out = {0};
		url_resolve(&out, STR("http://a/b/c/d;p?q#f"), str_from(references[i].reference));
		assert_string_equal(buf_text(&out), references[i].url);
	}
	AUTO(buf) bare = {0};
	url_resolve(&bare, STR("http://a"), STR("g"));
	assert_string_equal(buf_text(&bare), "http://a/g");
	AUTO(buf) small = {.max = 8};
	url_resolve(&small, STR("http://a/b"), STR("g"));
	assert_true(small.overflow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_same_address),
		cmocka_unit_test(test_judge_at_the_socket),
		cmocka_unit_test(test_own_addresses_are_not_public),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_hosts_named_in_a_text),
		cmocka_unit_test(test_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
