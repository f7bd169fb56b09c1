// SPDX-License-Identifier: MIT
#include "call/bucket.h"

enum {
	/* A limit that is whole again only later is one of an hour or a day, no rate. */
	MINUTE_RESET_MAX_MS = 90'000,
	ROOM_MAX_MS = 3'600'000,
	PAUSE_MAX_MS = 3'600'000,
	PAUSE_FIRST_MS = 500, /* where the provider names no time; doubled each time */
	PAUSE_DOUBLINGS_MAX = 6,
	RAISE = BUCKET_WHOLE / 100, /* a second with a success */
	SCALE_MIN = BUCKET_WHOLE / 64,
	GUESS_MIN = 60, /* one refusal of a few requests says little */
	GUESS_MAX = 1'000'000, /* beyond it there is no limit */
	TOKENS_OF_A_CALL_MAX = 1'000'000'000,
};
#define NS_PER_MS 1'000'000LL

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static bool is_same(const struct holder *a, const struct holder *b)
{
	return a->pid == b->pid && a->started == b->started;
}

bool bucket_is_sane(const struct bucket *b, int64_t now_ns)
{
	int64_t horizon_ns = now_ns + 2LL * ROOM_MAX_MS * NS_PER_MS;
	const int64_t times[] = {b->requests_room.until_ns, b->tokens_room.until_ns, b->pause_ns,
		b->lowered_ns, b->raised_ns, b->claimed_until_ns};
	const int64_t counts[] = {b->admitted, b->told_rpm, b->told_tpm, b->requests_room.left,
		b->requests_room.number, b->tokens_room.number, b->tokens_room.left, b->guessed_rpm,
		b->refusals};

	if (b->second < 0 || b->second > now_ns / NS_PER_S + 1)
		return false;
	for (int i = 0; i < BUCKET_RING; i++)
		if (b->tokens[i] < 0 || b->tokens[i] > BUCKET_TOKENS_MAX)
			return false;
	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		if (times[i] < 0 || times[i] > horizon_ns)
			return false;
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		if (counts[i] < 0 || counts[i] > BUCKET_TOKENS_MAX)
			return false;
	for (int i = 0; i < BUCKET_HOLDERS; i++)
		if (b->holders[i].pid < 0 || (b->holders[i].pid == 0 && b->holders[i].calls))
			return false;
	return b->scale >= 0 && b->scale <= BUCKET_WHOLE;
}

/* ---- the minute ---- */

static int64_t *tokens_of(struct bucket *b, int64_t second)
{
	return &b->tokens[second % BUCKET_RING];
}

/* The ring goes on to the present; a clock of another process may be a hair behind. */
static void advance(struct bucket *b, int64_t now_ns)
{
	int64_t now = now_ns / NS_PER_S;

	if (now - b->second >= BUCKET_RING)
		b->second = now - BUCKET_RING;
	while (b->second < now) {
		b->second++;
		*tokens_of(b, b->second) = 0;
		b->requests[b->second % BUCKET_RING] = 0;
	}
}

static int64_t counted(const struct bucket *b, bool is_tokens, int64_t second)
{
	return is_tokens ? b->tokens[second % BUCKET_RING] : b->requests[second % BUCKET_RING];
}

static int64_t oldest(const struct bucket *b)
{
	return larger(b->second - BUCKET_SECONDS + 1, 0);
}

static int64_t used(const struct bucket *b, bool is_tokens)
{
	int64_t sum = 0;

	for (int64_t s = oldest(b); s <= b->second; s++)
		sum += counted(b, is_tokens, s);
	return sum;
}

/* 0: now. Otherwise when so much will have left the minute that more fits below the limit. */
static int64_t fits_at(const struct bucket *b, bool is_tokens, int64_t limit, int64_t more)
{
	int64_t excess = used(b, is_tokens) + more - limit, second = oldest(b);

	if (!limit || excess <= 0)
		return 0;
	for (; second < b->second; second++) {
		excess -= counted(b, is_tokens, second);
		if (excess <= 0)
			break;
	}
	return (second + BUCKET_SECONDS) * NS_PER_S;
}

/* ---- limits ---- */

static int64_t limit_of(int64_t believed, bool is_said, int64_t told)
{
	if (!told)
		return believed;
	return is_said && believed ? smaller(believed, told) : told;
}

static int64_t scaled(const struct bucket *b, int64_t limit)
{
	return limit && b->scale ? larger(limit * b->scale / BUCKET_WHOLE, 1) : limit;
}

struct pace_limits bucket_limits(const struct bucket *b, const struct pace_limits *believed)
{
	int64_t rpm = limit_of(believed->rpm, believed->is_rpm_said, b->told_rpm);

	return (struct pace_limits){
		.rpm = scaled(b, rpm ? rpm : b->guessed_rpm),
		.tpm = scaled(b, limit_of(believed->tpm, believed->is_tpm_said, b->told_tpm)),
		.concurrent = scaled(b, believed->concurrent),
	};
}

int64_t bucket_calls(const struct bucket *b)
{
	int64_t sum = 0;

	for (int i = 0; i < BUCKET_HOLDERS; i++)
		sum += b->holders[i].calls;
	return sum;
}

static struct holder *place_of(struct bucket *b, const struct holder *who)
{
	struct holder *empty = NULL;

	for (int i = 0; i < BUCKET_HOLDERS; i++) {
		if (b->holders[i].pid && is_same(&b->holders[i], who))
			return &b->holders[i];
		if (!b->holders[i].pid && !empty)
			empty = &b->holders[i];
	}
	return empty;
}

static bool has_room(const struct room *room, int64_t more, int64_t now_ns)
{
	return now_ns >= room->until_ns || room->left >= more;
}

/* More than the limit would never fit. */
static int64_t portion(const struct pace_limits *now, int64_t tokens)
{
	int64_t most = now->tpm ? now->tpm : TOKENS_OF_A_CALL_MAX;

	return smaller(larger(tokens, 0), most);
}

struct bucket_verdict bucket_judge(struct bucket *b, const struct pace_limits *believed,
	const struct holder *who, int64_t tokens, int64_t now_ns)
{
	struct pace_limits limits = bucket_limits(b, believed);
	const struct holder *place = place_of(b, who);

	advance(b, now_ns);
	tokens = portion(&limits, tokens);
	if (b->pause_ns > now_ns)
		return (struct bucket_verdict){BUCKET_PAUSED, b->pause_ns};
	if (b->claimed_until_ns > now_ns && !is_same(&b->claimed, who))
		return (struct bucket_verdict){BUCKET_CLAIMED, b->claimed_until_ns};
	if (!place || (limits.concurrent && bucket_calls(b) >= limits.concurrent))
		return (struct bucket_verdict){BUCKET_CONCURRENT, 0};
	if (!has_room(&b->requests_room, 1, now_ns))
		return (struct bucket_verdict){BUCKET_REQUESTS, b->requests_room.until_ns};
	if (!has_room(&b->tokens_room, tokens, now_ns))
		return (struct bucket_verdict){BUCKET_TOKENS, b->tokens_room.until_ns};
	int64_t requests_ns = fits_at(b, false, limits.rpm, 1);
	int64_t tokens_ns = fits_at(b, true, limits.tpm, tokens);
	if (tokens_ns && tokens_ns >= requests_ns)
		return (struct bucket_verdict){BUCKET_TOKENS, tokens_ns};
	return (struct bucket_verdict){requests_ns ? BUCKET_REQUESTS : BUCKET_FREE, requests_ns};
}

struct bucket_share bucket_take(struct bucket *b, const struct pace_limits *believed,
	const struct holder *who, int64_t tokens, int64_t now_ns)
{
	struct pace_limits limits = bucket_limits(b, believed);

	advance(b, now_ns);
	tokens = portion(&limits, tokens);
	b->requests[b->second % BUCKET_RING]++;
	*tokens_of(b, b->second) += tokens;
	b->requests_room.left = larger(b->requests_room.left - 1, 0);
	b->tokens_room.left = larger(b->tokens_room.left - tokens, 0);
	if (is_same(&b->claimed, who))
		b->claimed_until_ns = 0;
	return (struct bucket_share){b->second, tokens, now_ns, ++b->admitted};
}

void bucket_hold(struct bucket *b, const struct holder *who, uint32_t calls)
{
	struct holder *place = place_of(b, who);

	if (place)
		*place =
			calls ? (struct holder){who->pid, calls, who->started} : (struct holder){0};
}

void bucket_forget(struct bucket *b, const struct holder *who)
{
	struct holder *place = place_of(b, who);

	if (place && place->pid)
		*place = (struct holder){0};
	if (is_same(&b->claimed, who))
		b->claimed_until_ns = 0;
}

void bucket_settle(struct bucket *b, const struct bucket_share *share, int64_t tokens)
{
	int64_t *kept = tokens_of(b, share->second);

	/* What is older has left the minute, and its place may be another second's. */
	if (b->second - share->second >= BUCKET_SECONDS || share->second > b->second)
		return;
	*kept = larger(*kept + smaller(tokens, TOKENS_OF_A_CALL_MAX) - share->tokens, 0);
}

static bool has_second(const struct bucket *b, int64_t second)
{
	return second <= b->second && second > b->second - BUCKET_RING;
}

void bucket_carry(
	struct bucket *b, const struct bucket *before, const struct bucket *after, int64_t now_ns)
{
	advance(b, now_ns);
	for (int64_t s = oldest(b); s <= b->second; s++) {
		size_t i = (size_t)(s % BUCKET_RING);
		bool is_known = has_second(before, s);
		if (!has_second(after, s))
			continue;
		int64_t requests =
			(int64_t)after->requests[i] - (is_known ? before->requests[i] : 0);
		int64_t tokens = after->tokens[i] - (is_known ? before->tokens[i] : 0);
		b->requests[i] += (uint32_t)larger(requests, 0);
		b->admitted += larger(requests, 0);
		b->tokens[i] = smaller(b->tokens[i] + larger(tokens, 0), BUCKET_TOKENS_MAX);
	}
}

void bucket_claim(struct bucket *b, const struct holder *who, int64_t until_ns)
{
	b->claimed = *who;
	b->claimed_until_ns = until_ns;
}

/* ---- what the provider says ---- */

static void pause_until(struct bucket *b, int64_t asked_ms, int64_t now_ns)
{
	int64_t doublings = smaller(b->refusals - 1, PAUSE_DOUBLINGS_MAX);
	int64_t wait_ms = asked_ms > 0 ? smaller(asked_ms, PAUSE_MAX_MS)
				       : (int64_t)PAUSE_FIRST_MS << doublings;

	b->pause_ns = larger(b->pause_ns, now_ns + wait_ms * NS_PER_MS);
}

void bucket_refused(struct bucket *b, const struct pace_limits *believed,
	const struct bucket_share *share, int64_t asked_ms, int64_t now_ns)
{
	struct pace_limits whole = bucket_limits(b, believed);
	bool is_news = !b->lowered_ns || share->admitted_ns > b->lowered_ns;

	advance(b, now_ns);
	b->refusals += is_news;
	b->refusals = larger(b->refusals, 1);
	pause_until(b, asked_ms, now_ns);
	if (!is_news)
		return;
	if (!whole.rpm)
		b->guessed_rpm = larger(used(b, false), GUESS_MIN);
	b->scale = larger((b->scale ? b->scale : BUCKET_WHOLE) / 2, SCALE_MIN);
	b->lowered_ns = b->raised_ns = now_ns;
}

void bucket_succeeded(struct bucket *b, const struct pace_limits *believed, int64_t now_ns)
{
	b->refusals = 0;
	if ((!b->scale && !b->guessed_rpm) || now_ns - b->raised_ns < NS_PER_S)
		return;
	b->raised_ns = now_ns;
	if (b->scale) {
		b->scale = smaller(b->scale + RAISE, BUCKET_WHOLE);
		b->scale = b->scale == BUCKET_WHOLE ? 0 : b->scale;
		return;
	}
	/* The guess was of a short while: it grows until it is refused again. */
	b->guessed_rpm += larger(b->guessed_rpm * RAISE / BUCKET_WHOLE, 1);
	if (b->guessed_rpm > GUESS_MAX || bucket_limits(b, believed).rpm != b->guessed_rpm)
		b->guessed_rpm = 0;
}

/* Answers overtake one another: of two the one to the later call knows more. */
static void learn_room(struct room *room, const struct pace_quota *told, int64_t age_ms,
	int64_t number, int64_t more, int64_t now_ns)
{
	int64_t reset_ms = smaller(told->reset_ms, ROOM_MAX_MS) - age_ms;
	int64_t left = larger(smaller(told->left, BUCKET_TOKENS_MAX) - more, 0);

	if (told->left < 0 || reset_ms <= 0 || (number < room->number && now_ns < room->until_ns))
		return;
	*room = (struct room){left, now_ns + reset_ms * NS_PER_MS, number};
}

static void learn_limit(int64_t *told_limit, const struct pace_quota *told)
{
	if (told->limit > 0 && told->limit <= BUCKET_TOKENS_MAX &&
		told->reset_ms <= MINUTE_RESET_MAX_MS)
		*told_limit = told->limit;
}

void bucket_learn(struct bucket *b, const struct bucket_share *share, const struct pace_told *told,
	int64_t now_ns)
{
	/* Those that came after it may not be in what it counted. */
	int64_t later = larger(b->admitted - share->number, 0);

	learn_limit(&b->told_rpm, &told->requests);
	learn_limit(&b->told_tpm, &told->tokens);
	learn_room(&b->requests_room, &told->requests, told->age_ms, share->number, later, now_ns);
	learn_room(&b->tokens_room, &told->tokens, told->age_ms, share->number, 0, now_ns);
}
