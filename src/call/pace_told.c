// SPDX-License-Identifier: MIT
#include "call/pace_told.h"

#include <string.h>
#include <time.h>

#include "call/retry.h"

enum {
	HOUR_S = 3600,
	LONGEST_RESET_S = 366 * 24 * HOUR_S,
	/* Numbers beyond are no durations but times: in s, in ms since 1970. */
	EARLIEST_TIME_S = 1'000'000'000,
};
#define EARLIEST_TIME_MS 100'000'000'000LL

enum part { LIMIT, LEFT, RESET };

static const struct {
	const char *name;
	size_t quota;
	enum part part;
} headers[] = {
#define QUOTA(member) offsetof(struct pace_heard, member)
	{"anthropic-ratelimit-requests-limit", QUOTA(requests), LIMIT},
	{"anthropic-ratelimit-requests-remaining", QUOTA(requests), LEFT},
	{"anthropic-ratelimit-requests-reset", QUOTA(requests), RESET},
	{"anthropic-ratelimit-tokens-limit", QUOTA(tokens), LIMIT},
	{"anthropic-ratelimit-tokens-remaining", QUOTA(tokens), LEFT},
	{"anthropic-ratelimit-tokens-reset", QUOTA(tokens), RESET},
	{"anthropic-ratelimit-input-tokens-limit", QUOTA(input_tokens), LIMIT},
	{"anthropic-ratelimit-input-tokens-remaining", QUOTA(input_tokens), LEFT},
	{"anthropic-ratelimit-input-tokens-reset", QUOTA(input_tokens), RESET},
	{"x-ratelimit-limit-requests", QUOTA(requests), LIMIT},
	{"x-ratelimit-remaining-requests", QUOTA(requests), LEFT},
	{"x-ratelimit-reset-requests", QUOTA(requests), RESET},
	{"x-ratelimit-limit-tokens", QUOTA(tokens), LIMIT},
	{"x-ratelimit-remaining-tokens", QUOTA(tokens), LEFT},
	{"x-ratelimit-reset-tokens", QUOTA(tokens), RESET},
	{"x-ratelimit-limit", QUOTA(requests), LIMIT},
	{"x-ratelimit-remaining", QUOTA(requests), LEFT},
	{"x-ratelimit-reset", QUOTA(requests), RESET},
#undef QUOTA
};

/* "2026-05-18T11:42:16.5Z", "...+02:00": ms since 1970, rounded up to a second; 0: none. */
static int64_t read_timestamp(struct str value)
{
	char text[48];
	struct tm t = {0};
	long hours = 0, minutes = 0;

	if (value.n >= sizeof text || memchr(value.p, '\0', value.n))
		return 0;
	memcpy(text, value.p, value.n);
	text[value.n] = '\0';
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &t);
	if (!rest)
		return 0;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	bool is_offset = *rest == '+' || *rest == '-';
	if (is_offset) {
		char *end;
		hours = strtol(rest + 1, &end, 10);
		if (end != rest + 3 || *end != ':')
			return 0;
		minutes = strtol(rest + 4, &end, 10);
		if (end != rest + 6 || *end || hours < 0 || hours > 23 || minutes < 0 ||
			minutes > 59)
			return 0;
	} else if (strcmp(rest, "Z") != 0) {
		return 0;
	}
	int64_t offset_s = (hours * 60 + minutes) * 60, seconds = timegm(&t);
	seconds -= is_offset && *rest == '-' ? -offset_s : offset_s;
	return seconds > 0 ? (seconds + 1) * 1'000 : 0;
}

/* The ms of a unit, and its length. */
static int64_t unit_ms(struct str text, size_t *n)
{
	static const struct {
		struct str name;
		int64_t ms;
	} units[] = {
		{{"ms", 2}, 1},
		{{"s", 1}, 1'000},
		{{"m", 1}, 60'000},
		{{"h", 1}, HOUR_S * 1'000},
		{{"d", 1}, 24 * HOUR_S * 1'000},
	};

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (str_starts(text, units[i].name)) {
			*n = units[i].name.n;
			return units[i].ms;
		}
	return 0;
}

/* "1h2m3.5s", "12ms", "0s"; -1: none. */
static int64_t read_duration(struct str text)
{
	int64_t sum = 0, thousandths;

	if (!text.n)
		return -1;
	while (text.n) {
		size_t n = 0, unit = 0;
		while (n < text.n && ((text.p[n] >= '0' && text.p[n] <= '9') || text.p[n] == '.'))
			n++;
		int64_t ms = unit_ms(str_skip(text, n), &unit);
		struct str number = str_head(text, n);
		if (!ms || !n)
			return -1;
		/* Zero is no number for it. */
		if (retry_read_thousandths(number, LONGEST_RESET_S, &thousandths))
			sum += (thousandths * ms + 999) / 1'000;
		if (sum > LONGEST_RESET_S * 1'000LL)
			sum = LONGEST_RESET_S * 1'000LL;
		text = str_skip(text, n + unit);
	}
	return sum;
}

static void take_reset(struct heard_quota *quota, struct str value)
{
	int64_t thousandths, duration_ms = read_duration(value);

	quota->reset_ms = quota->reset_at_ms = 0;
	if (duration_ms >= 0)
		quota->reset_ms = duration_ms;
	else if (!retry_read_thousandths(value, EARLIEST_TIME_MS * 100, &thousandths))
		quota->reset_at_ms = read_timestamp(value);
	else if (thousandths / 1'000 >= EARLIEST_TIME_MS)
		quota->reset_at_ms = thousandths / 1'000;
	else if (thousandths / 1'000 >= EARLIEST_TIME_S)
		quota->reset_at_ms = thousandths;
	else
		quota->reset_ms = thousandths;
}

void pace_take_header(struct pace_heard *heard, struct str name, struct str value)
{
	int64_t number;

	value = str_trim(value);
	for (size_t i = 0; value.n && i < sizeof headers / sizeof *headers; i++) {
		if (!str_is(name, headers[i].name))
			continue;
		struct heard_quota *quota = (void *)((char *)heard + headers[i].quota);
		bool is_count = str_int(value, &number) && number >= 0;
		if (headers[i].part == RESET) {
			take_reset(quota, value);
		} else if (is_count && headers[i].part == LIMIT) {
			quota->has_limit = true;
			quota->limit = number;
		} else if (is_count) {
			quota->has_left = true;
			quota->left = number;
		}
	}
}

static struct pace_quota quota_of(const struct heard_quota *heard, int64_t now_ms)
{
	struct pace_quota quota = {-1, -1, -1};

	if (heard->has_limit)
		quota.limit = heard->limit;
	if (heard->has_left)
		quota.left = heard->left;
	if (heard->reset_ms)
		quota.reset_ms = heard->reset_ms;
	else if (heard->reset_at_ms > now_ms)
		quota.reset_ms = heard->reset_at_ms - now_ms;
	return quota;
}

struct pace_told pace_told_of(const struct pace_heard *heard, int64_t now_ms)
{
	const struct heard_quota *tokens = &heard->tokens;

	if (!tokens->has_limit && !tokens->has_left)
		tokens = &heard->input_tokens;
	return (struct pace_told){quota_of(&heard->requests, now_ms), quota_of(tokens, now_ms)};
}
