// SPDX-License-Identifier: MIT
#include "cmd/mock_limit.h"

#include <stdio.h>
#include <time.h>

#include "cmd/mock_read.h"

enum { COUNT_MAX = 1'000'000, TOKENS_MAX = 1'000'000'000, WINDOW_MAX_S = 3'600, WINDOW_S = 60 };
#define NS_PER_MS 1'000'000LL
#define NS_PER_S  1'000'000'000LL

static bool read_style(struct reading *r, struct str value, void *target, struct err *e)
{
	enum mock_limit_style *style = target;
	struct str text;

	if (!reading_text(r, value, &text, e))
		return false;
	*style = str_is(text, "anthropic") ? STYLE_ANTHROPIC
		 : str_is(text, "openai")  ? STYLE_OPENAI
					   : STYLE_OF_WIRE;
	return *style != STYLE_OF_WIRE || reading_wrong(r, e, "must be one of anthropic, openai");
}

static bool read_retry_after(struct reading *r, struct str value, void *target, struct err *e)
{
	if (!reading_type(r, value, JSON_BOOL, e))
		return false;
	*(bool *)target = !json_bool_or(value, true);
	return true;
}

bool mock_limit_read(struct reading *r, struct str value, void *target, struct err *e)
{
	static const struct key keys[] = {
		{"rpm", KEY_INT, offsetof(struct mock_limit, rpm), 1, COUNT_MAX},
		{"tpm", KEY_INT, offsetof(struct mock_limit, tpm), 1, TOKENS_MAX},
		{"concurrent", KEY_INT, offsetof(struct mock_limit, concurrent), 1, COUNT_MAX},
		{"window_s", KEY_INT, offsetof(struct mock_limit, window_s), 1, WINDOW_MAX_S},
		{"headers", KEY_BOOL, offsetof(struct mock_limit, has_headers)},
		{"retry_after", KEY_READ, offsetof(struct mock_limit, keeps_silent),
			.read = read_retry_after},
		{"style", KEY_READ, offsetof(struct mock_limit, style), .read = read_style},
		{0},
	};
	struct mock_limit *l = target;

	l->is_there = true;
	l->window_s = WINDOW_S;
	return reading_object(r, value, keys, l, e);
}

void mock_limit_release(struct mock_limit *l)
{
	vec_release(&l->taken);
}

static void forget_old(struct mock_limit *l, int64_t now_ns)
{
	size_t kept = 0;

	while (l->first < l->taken.n &&
		now_ns - l->taken.p[l->first].at_ns >= l->window_s * NS_PER_S)
		l->first++;
	if (l->first * 2 <= l->taken.n)
		return;
	for (size_t i = l->first; i < l->taken.n; i++)
		l->taken.p[kept++] = l->taken.p[i];
	l->taken.n = kept;
	l->first = 0;
}

static int64_t requests_of(const struct mock_limit *l)
{
	return (int64_t)(l->taken.n - l->first);
}

static int64_t tokens_of(const struct mock_limit *l)
{
	int64_t sum = 0;

	for (size_t i = l->first; i < l->taken.n; i++)
		sum += l->taken.p[i].tokens;
	return sum;
}

const char *mock_limit_take(struct mock_limit *l, int64_t now_ns)
{
	forget_old(l, now_ns);
	if (l->concurrent && l->under_way >= l->concurrent)
		return "requests at the same time";
	if (l->rpm && requests_of(l) >= l->rpm)
		return "requests";
	if (l->tpm && tokens_of(l) >= l->tpm)
		return "tokens";
	vec_push(&l->taken, (struct mock_taken){now_ns, 0});
	l->under_way++;
	return NULL;
}

void mock_limit_spend(struct mock_limit *l, int64_t tokens)
{
	l->taken.p[l->taken.n - 1].tokens = tokens;
}

void mock_limit_leave(struct mock_limit *l)
{
	l->under_way--;
}

/* Until the one at this place leaves the window. */
static int64_t leaves_in_ms(const struct mock_limit *l, size_t at, int64_t now_ns)
{
	int64_t left_ns = l->taken.p[at].at_ns + l->window_s * NS_PER_S - now_ns;

	return left_ns > 0 ? (left_ns + NS_PER_MS - 1) / NS_PER_MS : 0;
}

int64_t mock_limit_wait_ms(const struct mock_limit *l, int64_t now_ns)
{
	return l->first < l->taken.n ? leaves_in_ms(l, l->first, now_ns) : 0;
}

/* ---- headers ---- */

struct headers {
	bool is_anthropic;
	int64_t reset_ms, wall_ms;
	void (*visit)(void *self, const char *name, const char *value);
	void *self;
};

static void tell(const struct headers *h, const char *what, const char *part, const char *value)
{
	char name[64];

	if (h->is_anthropic)
		snprintf(name, sizeof name, "anthropic-ratelimit-%s-%s", what, part);
	else
		snprintf(name, sizeof name, "x-ratelimit-%s-%s", part, what);
	h->visit(h->self, name, value);
}

static void tell_reset(const struct headers *h, const char *what)
{
	char value[64];
	time_t at_s = (time_t)((h->wall_ms + h->reset_ms + 999) / 1'000);
	struct tm t;

	if (!h->is_anthropic)
		snprintf(value, sizeof value, "%lldms", (long long)h->reset_ms);
	else if (!gmtime_r(&at_s, &t) || !strftime(value, sizeof value, "%Y-%m-%dT%H:%M:%SZ", &t))
		return;
	tell(h, what, "reset", value);
}

static void tell_quota(const struct headers *h, const char *what, int64_t limit, int64_t used)
{
	char value[32];

	if (!limit)
		return;
	snprintf(value, sizeof value, "%lld", (long long)limit);
	tell(h, what, "limit", value);
	snprintf(value, sizeof value, "%lld", (long long)(limit > used ? limit - used : 0));
	tell(h, what, "remaining", value);
	tell_reset(h, what);
}

void mock_limit_each_header(const struct mock_limit *l, bool is_anthropic, int64_t now_ns,
	int64_t wall_ms, void (*visit)(void *self, const char *name, const char *value), void *self)
{
	struct headers h = {.is_anthropic = l->style ? l->style == STYLE_ANTHROPIC : is_anthropic,
		.wall_ms = wall_ms,
		.visit = visit,
		.self = self};

	if (!l->has_headers)
		return;
	/* All is as in the beginning when the newest has left. */
	if (l->first < l->taken.n)
		h.reset_ms = leaves_in_ms(l, l->taken.n - 1, now_ns);
	tell_quota(&h, "requests", l->rpm, requests_of(l));
	tell_quota(&h, "tokens", l->tpm, tokens_of(l));
}
