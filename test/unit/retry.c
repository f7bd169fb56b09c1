// SPDX-License-Identifier: MIT
/* What is done after a failed attempt: headers, delays, and the decision as a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "call/retry.h"

/* Sat, 21 Nov 2026 12:00:00 GMT */
enum { NOW_S = 1'795'262'400 };
#define YEAR_MS (366 * 24 * 3600 * 1'000LL)

struct header_case {
	const char *after_ms, *after, *date; /* NULL: no such header */
	int64_t asked_ms;
};

static const struct header_case headers[] = {
	{NULL, NULL, NULL, 0},
	{NULL, "1", NULL, 1'000},
	{NULL, " 2 ", NULL, 2'000},
	{NULL, "0", NULL, 0},
	{NULL, "0.5", NULL, 500},
	{NULL, "1.0001", NULL, 1'001},
	{NULL, "-1", NULL, 0},
	{NULL, "+1", NULL, 0},
	{NULL, "", NULL, 0},
	{NULL, ".", NULL, 0},
	{NULL, "1e3", NULL, 0},
	{NULL, "0x10", NULL, 0},
	{NULL, "nan", NULL, 0},
	{NULL, "inf", NULL, 0},
	{NULL, "1.2.3", NULL, 0},
	{NULL, "1 s", NULL, 0},
	{NULL, "999999999999999999999999999999999999", NULL, YEAR_MS},
	{NULL, "9223372036854775807", NULL, YEAR_MS},
	{"300.5", "9", NULL, 301},
	{"0.0000000001", NULL, NULL, 1},
	{"999999999999999999999999999999999999", NULL, NULL, YEAR_MS},
	{"NaN", "9", NULL, 9'000},
	{"-5", "9", NULL, 9'000},
	{"0", "9", NULL, 9'000},
	{NULL, "Sat, 21 Nov 2026 12:00:30 GMT", NULL, 30'000},
	{NULL, "Saturday, 21-Nov-26 12:00:30 GMT", NULL, 30'000},
	{NULL, "Sat Nov 21 12:00:30 2026", NULL, 30'000},
	{NULL, "Sat, 21 Nov 2026 12:00:00 GMT", NULL, 0},
	{NULL, "Sat, 21 Nov 2026 11:59:59 GMT", NULL, 0},
	{NULL, "Thu, 01 Jan 1970 00:00:00 GMT", NULL, 0},
	{NULL, "Fri, 01 Jan 1900 00:00:00 GMT", NULL, 0},
	{NULL, "Sat, 21 Nov 9999 12:00:30 GMT", NULL, YEAR_MS},
	{NULL, "Sat, 21 Nov 2026 12:00:30 GMT trailing", NULL, 0},
	{NULL, "Sat, 21 Nov 2026 12:00:30 +0100", NULL, 0},
	{NULL, "Sat, 99 Nov 2026 12:00:30 GMT", NULL, 0},
	{NULL, "tomorrow", NULL, 0},
	{NULL,
		"Sat, 21 Nov 2026 12:00:30 GMT                                                   "
		"    GMT",
		NULL, 0},
	/* The server's clock counts where it is told. */
	{NULL, "Sat, 21 Nov 2026 13:00:30 GMT", "Sat, 21 Nov 2026 13:00:00 GMT", 30'000},
	{NULL, "Sat, 21 Nov 2026 12:00:30 GMT", "Sat, 21 Nov 2026 13:00:00 GMT", 0},
	{NULL, "Sat, 21 Nov 2026 12:00:30 GMT", "rubbish", 30'000},
};

static void take(struct retry_hints *hints, const char *name, const char *value)
{
	if (value)
		retry_take_header(hints, str_from(name), str_from(value));
}

static void test_headers(void **)
{
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		const struct header_case *c = &headers[i];
		struct retry_hints hints = {0};

		take(&hints, "retry-after", c->after);
		take(&hints, "retry-after-ms", c->after_ms);
		take(&hints, "date", c->date);
		int64_t asked_ms = retry_asked_ms(&hints, NOW_S);
		if (asked_ms != c->asked_ms)
			fail_msg("case %zu: %lld ms", i, (long long)asked_ms);
	}
}

static void test_should_retry(void **)
{
	static const struct {
		const char *value;
		bool has_verdict, verdict;
	} cases[] = {{"true", true, true}, {"false", true, false}, {"TRUE", true, true},
		{" False ", true, false}, {"", false, false}, {"1", false, false},
		{"yes", false, false}, {"truee", false, false}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct retry_hints hints = {0};
		take(&hints, "x-should-retry", cases[i].value);
		assert_int_equal(hints.has_verdict, cases[i].has_verdict);
		if (hints.has_verdict)
			assert_int_equal(hints.verdict, cases[i].verdict);
	}
}

static void test_header_bytes(void **)
{
	struct retry_hints hints = {0};

	retry_take_header(&hints, STR("retry-after"), STR("1\0002"));
	retry_take_header(&hints, STR("retry-after"), STR("Sat, 21 Nov 2026 12:00:30 GMT\0x"));
	retry_take_header(&hints, STR("retry-after"), (struct str){0});
	retry_take_header(&hints, STR(""), STR("5"));
	retry_take_header(&hints, STR("retry-after-"), STR("5"));
	assert_int_equal(retry_asked_ms(&hints, NOW_S), 0);
	/* The last one counts. */
	take(&hints, "retry-after", "7");
	take(&hints, "retry-after", "Sat, 21 Nov 2026 12:00:09 GMT");
	assert_int_equal(retry_asked_ms(&hints, NOW_S), 9'000);
}

static void test_backoff(void **)
{
	static const int64_t ceilings[] = {500, 1'000, 2'000, 4'000, 8'000, 8'000, 8'000};
	uint32_t seed = 1;

	for (int retries = 0; retries < 7; retries++) {
		int64_t ceiling = ceilings[retries], sum = 0, least = INT64_MAX, most = 0;
		for (int i = 0; i < 20'000; i++) {
			/* Numerical Recipes' quick generator: the same on every run. */
			seed = seed * 1'664'525 + 1'013'904'223;
			int64_t ms = retry_backoff_ms(retries, seed);
			sum += ms;
			least = ms < least ? ms : least;
			most = ms > most ? ms : most;
		}
		assert_in_range(least, 0, ceiling / 100);
		assert_in_range(most, ceiling - ceiling / 100, ceiling);
		assert_in_range(sum / 20'000, ceiling * 48 / 100, ceiling * 52 / 100);
	}
	assert_int_equal(retry_backoff_ms(0, 0), 0);
	assert_int_equal(retry_backoff_ms(0, UINT32_MAX), 500);
	assert_int_equal(retry_backoff_ms(1'000'000, UINT32_MAX), 8'000);
}

struct decision {
	const char *what;
	int status;
	const char *type;
	enum err_code code;
	bool is_retryable;
	const char *should_retry, *after;
	int retries;
	bool is_shown, is_overflow;
	enum retry_verdict verdict;
	int64_t delay_ms, asked_ms; /* delay with the greatest chance */
	const char *reason;
};

/* With three retries and 60 s. */
static const struct decision decisions[] = {
	{"busy", 429, "rate_limit_error", ERR_PROVIDER, true, NULL, NULL, 0, false, false,
		RETRY_AGAIN, 500, 0, "rate_limit"},
	{"third retry", 429, "", ERR_PROVIDER, true, NULL, NULL, 2, false, false, RETRY_AGAIN,
		2'000, 0, "rate_limit"},
	{"used up", 429, "", ERR_PROVIDER, true, NULL, NULL, 3, false, false, RETRY_ELSEWHERE, 0, 0,
		"rate_limit"},
	{"overload", 529, "overloaded_error", ERR_PROVIDER, true, NULL, NULL, 0, false, false,
		RETRY_AGAIN, 500, 0, "overloaded"},
	{"timeout told", 408, "", ERR_PROVIDER, true, NULL, NULL, 0, false, false, RETRY_AGAIN, 500,
		0, "invalid_request"},
	{"server", 503, "", ERR_PROVIDER, true, NULL, "7", 0, false, false, RETRY_AGAIN, 7'000, 0,
		"server_error"},
	{"at the limit", 503, "", ERR_PROVIDER, true, NULL, "60", 0, false, false, RETRY_AGAIN,
		60'000, 0, "server_error"},
	{"beyond it", 503, "", ERR_PROVIDER, true, NULL, "60.001", 0, false, false, RETRY_ELSEWHERE,
		0, 60'001, "server_error"},
	{"header says no", 500, "", ERR_PROVIDER, true, "false", NULL, 0, false, false,
		RETRY_ELSEWHERE, 0, 0, "server_error"},
	{"header says yes", 400, "", ERR_PROVIDER, false, "true", NULL, 0, false, false,
		RETRY_AGAIN, 500, 0, "invalid_request"},
	{"yes, but used up", 400, "", ERR_PROVIDER, false, "true", NULL, 3, false, false,
		RETRY_NEVER, 0, 0, "invalid_request"},
	{"yes, but shown", 503, "", ERR_PROVIDER, true, "true", "1", 0, true, false, RETRY_NEVER, 0,
		0, "server_error"},
	{"key", 401, "authentication_error", ERR_PROVIDER, false, NULL, "1", 0, false, false,
		RETRY_ELSEWHERE, 0, 0, "authentication_failed"},
	{"quota", 429, "insufficient_quota", ERR_PROVIDER, false, NULL, "1", 0, false, false,
		RETRY_ELSEWHERE, 0, 0, "billing_error"},
	{"quota in a stream", 0, "insufficient_quota", ERR_PROVIDER, false, NULL, NULL, 0, false,
		false, RETRY_ELSEWHERE, 0, 0, "billing_error"},
	{"model", 404, "model_not_found", ERR_PROVIDER, false, NULL, NULL, 0, false, false,
		RETRY_ELSEWHERE, 0, 0, "model_not_found"},
	{"model as 400", 400, "model_not_found", ERR_PROVIDER, false, NULL, NULL, 0, false, false,
		RETRY_ELSEWHERE, 0, 0, "model_not_found"},
	{"redirect", 302, "", ERR_PROVIDER, false, NULL, NULL, 0, false, false, RETRY_ELSEWHERE, 0,
		0, "server_error"},
	{"wrong request", 400, "invalid_request_error", ERR_PROVIDER, false, NULL, NULL, 0, false,
		false, RETRY_NEVER, 0, 0, "invalid_request"},
	{"wrong in a stream", 0, "invalid_request_error", ERR_PROVIDER, false, NULL, NULL, 0, false,
		false, RETRY_NEVER, 0, 0, "invalid_request"},
	{"overflow", 400, "context_length_exceeded", ERR_PROVIDER, false, NULL, NULL, 0, false,
		true, RETRY_NEVER, 0, 0, "context_window"},
	{"overflow, 413", 413, "request_too_large", ERR_PROVIDER, false, NULL, NULL, 0, false, true,
		RETRY_NEVER, 0, 0, "context_window"},
	{"overload in a stream", 0, "overloaded_error", ERR_PROVIDER, true, NULL, NULL, 1, false,
		false, RETRY_AGAIN, 1'000, 0, "overloaded"},
	{"the same, shown", 0, "overloaded_error", ERR_PROVIDER, true, NULL, NULL, 0, true, false,
		RETRY_NEVER, 0, 0, "overloaded"},
	{"refused connection", 0, "", ERR_NETWORK, true, NULL, NULL, 0, false, false, RETRY_AGAIN,
		500, 0, "network"},
	{"untrusted server", 0, "", ERR_NETWORK, false, NULL, NULL, 0, false, false,
		RETRY_ELSEWHERE, 0, 0, "network"},
	{"silent server", 0, "", ERR_TIMEOUT, false, NULL, NULL, 0, false, false, RETRY_ELSEWHERE,
		0, 0, "timeout"},
	{"silent later", 0, "", ERR_TIMEOUT, false, NULL, NULL, 0, true, false, RETRY_NEVER, 0, 0,
		"timeout"},
};

static void test_decisions(void **)
{
	const struct retry_limits limits = {3, 60'000};

	for (size_t i = 0; i < sizeof decisions / sizeof *decisions; i++) {
		const struct decision *d = &decisions[i];
		struct trouble trouble = {
			d->status, str_from(d->type), d->code, d->is_retryable, d->is_overflow};
		struct retry_hints hints = {0};
		struct attempt attempt = {&trouble, &hints, d->retries, d->is_shown};

		take(&hints, "x-should-retry", d->should_retry);
		take(&hints, "retry-after", d->after);
		struct retry_choice c = retry_choose(&attempt, &limits, NOW_S, UINT32_MAX);
		if (c.verdict != d->verdict || c.delay_ms != d->delay_ms ||
			c.asked_ms != d->asked_ms)
			fail_msg("%s: verdict %d, delay %lld ms, asked %lld ms", d->what, c.verdict,
				(long long)c.delay_ms, (long long)c.asked_ms);
		assert_string_equal(retry_reason(&trouble), d->reason);
	}
}

static void test_never_without_retries(void **)
{
	const struct retry_limits none = {0};
	struct trouble trouble = {.code = ERR_NETWORK, .is_retryable = true};
	struct retry_hints hints = {0};
	struct attempt attempt = {&trouble, &hints, 0, false};

	assert_int_equal(retry_choose(&attempt, &none, NOW_S, UINT32_MAX).verdict, RETRY_ELSEWHERE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_should_retry),
		cmocka_unit_test(test_header_bytes),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_decisions),
		cmocka_unit_test(test_never_without_retries),
	};

	return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
