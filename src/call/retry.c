// SPDX-License-Identifier: MIT
/* retry: headers, delays and the decision. */
#include "call/retry.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Longer waits are all the same: too long. A year, so that sums stay far from overflowing. */
enum { LONGEST_S = 366 * 24 * 3600 };

/* ---- headers ---- */

bool retry_read_thousandths(struct str text, int64_t longest, int64_t *out)
{
	int64_t value = 0, unit = 1'000;
	bool has_digit = false, has_point = false, has_rest = false;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c == '.' && !has_point) {
			has_point = true;
			continue;
		}
		if (c < '0' || c > '9')
			return false;
		has_digit = true;
		if (has_point) {
			unit /= 10;
			value += (c - '0') * unit;
			has_rest |= unit == 0 && c != '0';
		} else {
			value = value * 10 + (c - '0') * 1'000;
		}
		if (value > longest * 1'000)
			value = longest * 1'000;
	}
	value += has_rest;
	if (!has_digit || value <= 0)
		return false;
	*out = value;
	return true;
}

/* The three forms of RFC 9110, 5.6.7: always in UTC, the first is the usual one. 0: none of them.
 */
static int64_t read_date(struct str value)
{
	static const char *const forms[] = {
		"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"};
	char text[64];

	if (value.n >= sizeof text || memchr(value.p ? value.p : "", '\0', value.n))
		return 0;
	memcpy(text, value.p ? value.p : "", value.n);
	text[value.n] = '\0';
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct tm t = {0};
		const char *end = strptime(text, forms[i], &t);
		if (end && !*end) {
			time_t seconds = timegm(&t);
			return seconds > 0 ? seconds : 0;
		}
	}
	return 0;
}

static void take_after(struct retry_hints *hints, struct str value)
{
	hints->after_ms = hints->at_s = 0;
	if (!retry_read_thousandths(value, LONGEST_S, &hints->after_ms))
		hints->at_s = read_date(value);
}

void retry_take_header(struct retry_hints *hints, struct str name, struct str value)
{
	int64_t thousandths;

	value = str_trim(value);
	if (str_is(name, "retry-after-ms")) {
		hints->precise_ms = retry_read_thousandths(value, LONGEST_S * 1'000LL, &thousandths)
					    ? (thousandths + 999) / 1'000
					    : 0;
	} else if (str_is(name, "retry-after")) {
		take_after(hints, value);
	} else if (str_is(name, "date")) {
		hints->date_s = read_date(value);
	} else if (str_is(name, "x-should-retry")) {
		hints->verdict = str_eq_nocase(value, STR("true"));
		hints->has_verdict = hints->verdict || str_eq_nocase(value, STR("false"));
	}
}

int64_t retry_asked_ms(const struct retry_hints *hints, int64_t now_s)
{
	/* By the server's clock where it tells it: ours may be wrong. */
	int64_t now = hints->date_s ? hints->date_s : now_s;

	if (hints->precise_ms)
		return hints->precise_ms;
	if (hints->after_ms)
		return hints->after_ms;
	if (hints->at_s <= now)
		return 0;
	int64_t wait_s = hints->at_s - now;
	return (wait_s < LONGEST_S ? wait_s : LONGEST_S) * 1'000;
}

int64_t retry_backoff_ms(int retries, uint32_t chance)
{
	int64_t ceiling = RETRY_BASE_MS;

	for (int i = 0; i < retries && ceiling < RETRY_BACKOFF_MAX_MS; i++)
		ceiling *= 2;
	if (ceiling > RETRY_BACKOFF_MAX_MS)
		ceiling = RETRY_BACKOFF_MAX_MS;
	return (int64_t)((uint64_t)chance * (uint64_t)(ceiling + 1) >> 32);
}

/* ---- the decision ---- */

/* What is known of statuses and types: a word for it, and whether it is the route's fault. */
static const struct {
	int status;
	const char *type;
	const char *reason;
} reasons[] = {
	{529, "overloaded_error", "overloaded"},
	{0, "insufficient_quota", "billing_error"},
	{0, "billing_hard_limit_reached", "billing_error"},
	{0, "enforced_spend_limit_reached", "billing_error"},
	{0, "contract_spend_limit_reached", "billing_error"},
	{0, "usage_not_included", "billing_error"},
	{402, "billing_error", "billing_error"},
	{0, "payment_required", "billing_error"},
	{0, "authentication", "authentication_failed"},
	{0, "invalid_api_key", "authentication_failed"},
	{401, "authentication_error", "authentication_failed"},
	{403, "permission_error", "permission_denied"},
	{0, "permission_denied", "permission_denied"},
	{0, "model_not_found", "model_not_found"},
	{404, "not_found_error", "model_not_found"},
	{0, "not_found", "model_not_found"},
	{0, "rate_limit_exceeded", "rate_limit"},
	{429, "rate_limit_error", "rate_limit"},
};

static const char *known_reason(const struct trouble *t)
{
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (str_eq_nocase(t->type, str_from(reasons[i].type)))
			return reasons[i].reason;
	for (size_t i = 0; t->status && i < sizeof reasons / sizeof *reasons; i++)
		if (t->status == reasons[i].status)
			return reasons[i].reason;
	return NULL;
}

const char *retry_reason(const struct trouble *t)
{
	const char *known = known_reason(t);

	if (t->code == ERR_TIMEOUT)
		return "timeout";
	if (t->code == ERR_NETWORK)
		return "network";
	if (t->code == ERR_BUDGET)
		return "budget";
	if (t->is_overflow)
		return "context_window";
	if (known)
		return known;
	bool is_ours = t->status ? t->status >= 400 && t->status < 500 : !t->is_retryable;
	return is_ours ? "invalid_request" : "server_error";
}

/* Another key, model or server may well answer; a request that makes no sense stays one. */
static bool is_routes_fault(const struct trouble *t)
{
	if (t->is_overflow)
		return false;
	if (t->code == ERR_NETWORK || t->code == ERR_TIMEOUT || t->is_retryable || known_reason(t))
		return true;
	return t->status >= 300 && t->status != 400 && t->status != 413 && t->status != 422;
}

struct retry_choice retry_choose(const struct attempt *attempt, const struct retry_limits *limits,
	int64_t now_s, uint32_t chance)
{
	const struct trouble *t = attempt->trouble;
	const struct retry_hints *hints = attempt->hints;

	if (attempt->is_shown)
		return (struct retry_choice){.verdict = RETRY_NEVER};
	bool again = hints->has_verdict ? hints->verdict : t->is_retryable;
	if (!again)
		return (struct retry_choice){
			.verdict = is_routes_fault(t) ? RETRY_ELSEWHERE : RETRY_NEVER};
	int64_t asked_ms = retry_asked_ms(hints, now_s);
	if (asked_ms > limits->wait_max_ms)
		return (struct retry_choice){.verdict = RETRY_ELSEWHERE, .asked_ms = asked_ms};
	if (attempt->retries >= limits->retries_max)
		return (struct retry_choice){
			.verdict = is_routes_fault(t) ? RETRY_ELSEWHERE : RETRY_NEVER};
	return (struct retry_choice){.verdict = RETRY_AGAIN,
		.delay_ms = asked_ms ? asked_ms : retry_backoff_ms(attempt->retries, chance)};
}
