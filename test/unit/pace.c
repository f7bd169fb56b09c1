// SPDX-License-Identifier: MIT
/* Who may ask a provider next: on a clock of our own, and between processes on the real one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/vec.h"
#include "call/pace.h"
#include "call/pace_share.h"
#include "call/pace_told.h"

#define MS       1'000'000LL
#define S        NS_PER_S
#define START_NS (1'000'000 * S)
#define NEVER    INT64_MAX

static const struct holder we = {.pid = 1};

/* ---- a provider on a clock of our own ---- */

enum { CALLS_MAX = 4'000 };

struct world;

struct asked {
	struct world *world;
	struct pace_ticket *ticket;
	int64_t tokens, actual, takes_ns;
	int64_t asked_ns, admitted_ns, ended_ns; /* 0: not yet */
	uint64_t batch;
	bool is_interactive, is_late, is_cancelled;
};

struct world {
	struct pace_home *home;
	struct pace *pace;
	struct pace_limits limits;
	int64_t now_ns;
	struct asked calls[CALLS_MAX];
	size_t n, order[CALLS_MAX], admitted;
	uint64_t chance;
};

static uint64_t chance(struct world *w)
{
	w->chance ^= w->chance << 13;
	w->chance ^= w->chance >> 7;
	w->chance ^= w->chance << 17;
	return w->chance;
}

static struct world *world_new(struct pace_limits limits, uint64_t seed)
{
	struct world *w = must_alloc(1, sizeof *w);

	w->home = pace_home_new();
	struct pace_store store = pace_home_store(w->home);
	w->pace = pace_new(&store);
	w->limits = limits;
	w->now_ns = START_NS;
	w->chance = seed * 0x9e3779b97f4a7c15ULL + 1;
	return w;
}

static void answer(void *self, const struct err *e)
{
	struct asked *a = self;

	if (e) {
		assert_int_equal(e->code, ERR_TIMEOUT);
		a->is_late = true;
		a->ticket = NULL;
		return;
	}
	assert_int_equal(a->admitted_ns, 0);
	assert_false(a->is_cancelled);
	a->admitted_ns = a->world->now_ns;
	a->world->order[a->world->admitted++] = (size_t)(a - a->world->calls);
}

static struct asked *ask(struct world *w, struct asked a, int64_t deadline_ns)
{
	struct asked *kept = &w->calls[w->n++];

	assert_true(w->n <= CALLS_MAX);
	*kept = a;
	kept->world = w;
	kept->asked_ns = w->now_ns;
	kept->ticket = pace_ask(w->pace,
		&(struct pace_ask){STR("p/m"), w->limits, a.tokens, a.batch, a.is_interactive,
			deadline_ns, answer, kept},
		w->now_ns);
	return kept;
}

static void finish(struct asked *a)
{
	struct pace_end end = {.is_success = true, .tokens = a->actual, .told = PACE_TOLD_NOTHING};

	pace_finish(a->ticket, &end, a->world->now_ns);
	a->ticket = NULL;
	a->ended_ns = a->world->now_ns;
}

/* Goes on to the next thing that happens, at most until then; false: nothing ever will. */
static bool go_on(struct world *w, int64_t until_ns)
{
	int64_t next_ns = pace_run(w->pace, w->now_ns);

	for (size_t i = 0; i < w->n; i++) {
		const struct asked *a = &w->calls[i];
		if (a->admitted_ns && !a->ended_ns && a->admitted_ns + a->takes_ns < next_ns)
			next_ns = a->admitted_ns + a->takes_ns;
	}
	if (next_ns == NEVER && until_ns == NEVER)
		return false;
	w->now_ns = next_ns < until_ns ? next_ns : until_ns;
	for (size_t i = 0; i < w->n; i++) {
		struct asked *a = &w->calls[i];
		if (a->admitted_ns && !a->ended_ns && a->admitted_ns + a->takes_ns <= w->now_ns)
			finish(a);
	}
	return true;
}

static void run_to(struct world *w, int64_t ns)
{
	while (w->now_ns < ns)
		go_on(w, ns);
	pace_run(w->pace, w->now_ns);
}

static void run_out(struct world *w)
{
	for (int turns = 0; go_on(w, NEVER); turns++)
		assert_true(turns < 100 * CALLS_MAX);
}

static void world_free(struct world *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->calls[i].ticket)
			pace_cancel(w->calls[i].ticket, w->now_ns);
	pace_free(w->pace);
	pace_home_free(w->home);
	free(w);
}

static struct bucket *bucket_in(struct world *w)
{
	return pace_home_lend(w->home, STR("p/m"));
}

/* No 60 s have more, wherever they begin. */
static void check_minutes(const struct world *w)
{
	int64_t requests = 0, tokens = 0;

	for (size_t first = 0, last = 0; last < w->admitted; last++) {
		const struct asked *a = &w->calls[w->order[last]];
		for (; w->calls[w->order[first]].admitted_ns + 60 * S <= a->admitted_ns; first++) {
			requests--;
			tokens -= w->calls[w->order[first]].tokens;
		}
		requests++;
		tokens += a->tokens;
		if (w->limits.rpm)
			assert_true(requests <= w->limits.rpm);
		if (w->limits.tpm && a->tokens < w->limits.tpm)
			assert_true(tokens <= w->limits.tpm);
	}
}

static void check_concurrency(const struct world *w)
{
	for (size_t i = 0; i < w->admitted; i++) {
		const struct asked *a = &w->calls[w->order[i]];
		int64_t others = 0;
		for (size_t k = 0; k <= i; k++) {
			const struct asked *b = &w->calls[w->order[k]];
			others += !b->ended_ns || b->ended_ns > a->admitted_ns;
		}
		assert_true(others <= w->limits.concurrent);
	}
}

static void test_never_over_a_limit(void **)
{
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct world *w = world_new((struct pace_limits){}, seed);
		w->limits = (struct pace_limits){.rpm = 1 + (int64_t)(chance(w) % 200),
			.tpm = chance(w) % 2 ? 1'000 + (int64_t)(chance(w) % 50'000) : 0,
			.concurrent = 1 + (int64_t)(chance(w) % 20)};
		for (int i = 0; i < 400; i++) {
			int64_t most = w->limits.tpm ? w->limits.tpm / 4 : 1'000;
			int64_t tokens = (int64_t)(chance(w) % (uint64_t)most);
			ask(w,
				(struct asked){.tokens = tokens,
					.actual = -1,
					.takes_ns = (int64_t)(chance(w) % 20'000) * MS,
					.batch = chance(w) % 4},
				0);
			if (chance(w) % 3 == 0)
				run_to(w, w->now_ns + (int64_t)(chance(w) % 5'000) * MS);
		}
		run_out(w);
		assert_int_equal(w->admitted, 400);
		check_minutes(w);
		check_concurrency(w);
		world_free(w);
	}
}

static void test_the_rate_is_used(void **)
{
	struct world *w = world_new((struct pace_limits){.rpm = 600, .concurrent = 64}, 1);

	for (int i = 0; i < 3'600; i++)
		ask(w, (struct asked){.actual = -1, .takes_ns = 50 * MS}, 0);
	run_out(w);
	/* Six minutes' worth: the last of it begins when five minutes of 62 s have gone. */
	assert_true(w->now_ns - START_NS <= 5 * 62 * S + 5 * S);
	check_minutes(w);
	world_free(w);
}

static void test_batches_take_turns(void **)
{
	struct world *w = world_new((struct pace_limits){.concurrent = 1}, 1);
	size_t second = 0;

	for (int i = 0; i < 300; i++)
		ask(w, (struct asked){.actual = -1, .takes_ns = S, .batch = 7}, 0);
	run_to(w, w->now_ns + 5 * S);
	for (int i = 0; i < 10; i++)
		ask(w, (struct asked){.actual = -1, .takes_ns = S, .batch = 8}, 0);
	struct asked *person = ask(w,
		(struct asked){.actual = -1, .takes_ns = S, .batch = 7, .is_interactive = true}, 0);
	int64_t came_ns = w->now_ns;
	run_to(w, w->now_ns + 25 * S);
	for (size_t i = 0; i < w->n; i++)
		second += w->calls[i].batch == 8 && w->calls[i].admitted_ns;
	assert_int_equal(second, 10);
	assert_true(person->admitted_ns && person->admitted_ns <= came_ns + S);
	run_out(w);
	assert_int_equal(w->admitted, w->n);
	/* Within a batch, in its order. */
	for (size_t i = 1; i < w->n; i++)
		if (w->calls[i].batch == w->calls[i - 1].batch && !w->calls[i].is_interactive)
			assert_true(w->calls[i].admitted_ns > w->calls[i - 1].admitted_ns);
	world_free(w);
}

static void test_more_than_the_limit(void **)
{
	struct world *w = world_new((struct pace_limits){.tpm = 1'000, .concurrent = 10}, 1);

	for (int i = 0; i < 20; i++)
		ask(w, (struct asked){.tokens = 300, .actual = -1, .takes_ns = S}, 0);
	struct asked *big =
		ask(w, (struct asked){.tokens = 50'000, .actual = -1, .takes_ns = S}, 0);
	struct asked *after = ask(w, (struct asked){.tokens = 1, .actual = -1, .takes_ns = S}, 0);
	run_out(w);
	assert_true(big->admitted_ns);
	/* It has the minute for itself. */
	for (size_t i = 0; i < 20; i++)
		assert_true(big->admitted_ns - w->calls[i].admitted_ns >= 60 * S);
	assert_true(after->admitted_ns - big->admitted_ns >= 60 * S);
	world_free(w);
}

static int64_t tokens_in(struct world *w)
{
	int64_t sum = 0;

	for (int i = 0; i < BUCKET_RING; i++)
		sum += bucket_in(w)->tokens[i];
	return sum;
}

static void test_corrections_are_exact(void **)
{
	struct world *w = world_new((struct pace_limits){.tpm = 100'000, .concurrent = 100}, 9);
	int64_t sum = 0;

	for (int i = 0; i < 200; i++) {
		struct asked a = {.tokens = (int64_t)(chance(w) % 400),
			.actual = (int64_t)(chance(w) % 400),
			.takes_ns = (int64_t)(chance(w) % 1'000) * MS};
		sum += a.actual;
		ask(w, a, 0);
		run_to(w, w->now_ns + 50 * MS);
	}
	run_out(w);
	assert_int_equal(w->admitted, 200);
	assert_int_equal(tokens_in(w), sum);
	/* One that ends when its minute is over corrects nothing that it is not in. */
	struct asked *slow =
		ask(w, (struct asked){.tokens = 50'000, .actual = 7, .takes_ns = 100 * S}, 0);
	run_to(w, w->now_ns + 90 * S);
	assert_true(slow->admitted_ns);
	struct asked *next = ask(w, (struct asked){.tokens = 5, .actual = -1, .takes_ns = 0}, 0);
	run_to(w, slow->admitted_ns + 101 * S);
	assert_true(slow->ended_ns && next->ended_ns);
	assert_int_equal(tokens_in(w), 5);
	world_free(w);
}

static void test_too_much_used_holds_back(void **)
{
	struct world *w = world_new((struct pace_limits){.tpm = 1'000, .concurrent = 10}, 1);

	ask(w, (struct asked){.tokens = 10, .actual = 5'000, .takes_ns = S}, 0);
	run_to(w, w->now_ns + 2 * S);
	struct asked *next = ask(w, (struct asked){.tokens = 10, .actual = -1, .takes_ns = S}, 0);
	run_out(w);
	assert_true(
		next->admitted_ns - START_NS >= 60 * S && next->admitted_ns - START_NS <= 63 * S);
	world_free(w);
}

static void test_deadlines_and_cancels(void **)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct world *w = world_new((struct pace_limits){.rpm = 60, .concurrent = 3}, seed);
		size_t done = 0, late = 0, cancelled = 0;
		for (int i = 0; i < 300; i++) {
			int64_t deadline_ns =
				chance(w) % 2 ? w->now_ns + (int64_t)(chance(w) % 60) * S : 0;
			ask(w,
				(struct asked){.actual = -1,
					.takes_ns = (int64_t)(chance(w) % 3'000) * MS,
					.batch = chance(w) % 3,
					.is_interactive = chance(w) % 10 == 0},
				deadline_ns);
			struct asked *victim = &w->calls[chance(w) % w->n];
			if (chance(w) % 4 == 0 && victim->ticket) {
				pace_cancel(victim->ticket, w->now_ns);
				victim->ticket = NULL;
				victim->is_cancelled = true;
				victim->ended_ns = w->now_ns;
			}
			run_to(w, w->now_ns + (int64_t)(chance(w) % 1'000) * MS);
		}
		run_out(w);
		for (size_t i = 0; i < w->n; i++) {
			const struct asked *a = &w->calls[i];
			assert_null(a->ticket);
			assert_true(a->is_cancelled || a->is_late || a->ended_ns);
			done += a->admitted_ns != 0;
			late += a->is_late;
			cancelled += a->is_cancelled;
		}
		assert_true(done && late && cancelled);
		assert_int_equal(bucket_calls(bucket_in(w)), 0);
		check_minutes(w);
		world_free(w);
	}
}

/* ---- what the provider says ---- */

static struct asked *one(struct world *w)
{
	struct asked *a = ask(w, (struct asked){.actual = -1, .takes_ns = 1'000 * S}, 0);

	pace_run(w->pace, w->now_ns);
	return a;
}

static void end_with(struct asked *a, struct pace_end end)
{
	end.tokens = -1;
	pace_finish(a->ticket, &end, a->world->now_ns);
	a->ticket = NULL;
	a->ended_ns = a->world->now_ns;
}

static void test_headers_override(void **)
{
	struct pace_told less = {{5, 4, 1'000}, {-1, -1, -1}},
			 more = {{900, 4, 1'000}, {-1, -1, -1}},
			 daily = {{14'400, 14'000, 7'200'000}, {-1, -1, -1}};
	const struct pace_limits guessed = {.rpm = 10, .concurrent = 3},
				 said = {.rpm = 10, .concurrent = 3, .is_rpm_said = true};
	struct bucket b = {0};

	bucket_learn(&b, &(struct bucket_share){0}, &less, START_NS);
	assert_int_equal(bucket_limits(&b, &guessed).rpm, 5);
	assert_int_equal(bucket_limits(&b, &said).rpm, 5);
	bucket_learn(&b, &(struct bucket_share){0}, &more, START_NS);
	assert_int_equal(bucket_limits(&b, &guessed).rpm, 900);
	assert_int_equal(bucket_limits(&b, &said).rpm, 10);
	bucket_learn(&b, &(struct bucket_share){0}, &daily, START_NS);
	assert_int_equal(bucket_limits(&b, &guessed).rpm, 900);
}

static void test_what_is_left_is_without_later_calls(void **)
{
	const struct pace_limits limits = {.rpm = 600};
	const struct pace_told told = {{600, 590, 60'000}, {-1, -1, -1}, 5'000};
	struct bucket b = {0};
	struct bucket_share shares[10];

	for (int i = 0; i < 10; i++)
		shares[i] = bucket_take(&b, &limits, &we, 1, START_NS);
	/* Six came behind it; and that was said five seconds ago. */
	bucket_learn(&b, &shares[3], &told, START_NS);
	assert_int_equal(b.requests_room.left, 584);
	assert_int_equal(b.requests_room.until_ns, START_NS + 55 * S);
	b.requests_room = (struct room){0};
	bucket_learn(&b, &shares[9], &told, START_NS);
	assert_int_equal(b.requests_room.left, 590);
	/* Long ago: it is over by now. */
	struct pace_told stale = told;
	stale.age_ms = 60'000;
	b.requests_room = (struct room){0};
	bucket_learn(&b, &shares[9], &stale, START_NS);
	assert_int_equal(b.requests_room.until_ns, 0);
}

static void test_what_is_left_by_the_provider(void **)
{
	struct world *w = world_new((struct pace_limits){.concurrent = 100}, 1);
	struct asked *a = one(w);

	end_with(a, (struct pace_end){
			    .is_success = true, .told = {{100, 2, 30'000}, {1'000, 900, 30'000}}});
	struct asked *second = one(w), *third = one(w), *fourth = one(w);
	assert_true(second->admitted_ns && third->admitted_ns);
	assert_int_equal(fourth->admitted_ns, 0);
	run_to(w, w->now_ns + 29 * S);
	assert_int_equal(fourth->admitted_ns, 0);
	run_to(w, w->now_ns + 2 * S);
	assert_true(fourth->admitted_ns);
	/* An older answer that says there is more is overtaken. */
	end_with(third,
		(struct pace_end){.is_success = true, .told = {{100, 1, 50'000}, {-1, -1, -1}}});
	end_with(second,
		(struct pace_end){.is_success = true, .told = {{100, 90, 50'000}, {-1, -1, -1}}});
	assert_int_equal(one(w)->admitted_ns, 0);
	world_free(w);
}

static void test_a_refusal_halves(void **)
{
	struct world *w = world_new((struct pace_limits){.rpm = 100, .concurrent = 8}, 1);
	const struct pace_end refused = {.is_refused = true,
				      .asked_ms = 10'000,
				      .told = PACE_TOLD_NOTHING},
			      good = {.is_success = true, .told = PACE_TOLD_NOTHING};
	struct asked *a[8];

	for (int i = 0; i < 8; i++)
		a[i] = one(w);
	run_to(w, w->now_ns + S);
	/* All of what was under way is one refusal. */
	for (int i = 0; i < 8; i++)
		end_with(a[i], refused);
	assert_int_equal(bucket_limits(bucket_in(w), &w->limits).rpm, 50);
	assert_int_equal(bucket_limits(bucket_in(w), &w->limits).concurrent, 4);
	/* One pause for all, as long as it asks. */
	int64_t said_ns = w->now_ns;
	struct asked *next = one(w), *another = one(w);
	run_to(w, said_ns + 10 * S - MS);
	assert_true(!next->admitted_ns && !another->admitted_ns);
	run_to(w, said_ns + 10 * S);
	assert_true(next->admitted_ns && another->admitted_ns);
	end_with(next, refused);
	assert_int_equal(bucket_limits(bucket_in(w), &w->limits).rpm, 25);
	/* It comes back by a hundredth a second. */
	end_with(another, good);
	int64_t before = bucket_limits(bucket_in(w), &w->limits).rpm;
	for (int i = 0; i < 200; i++) {
		struct asked *x = one(w);
		run_to(w, w->now_ns + 10 * S);
		assert_true(x->admitted_ns);
		end_with(x, good);
		int64_t now = bucket_limits(bucket_in(w), &w->limits).rpm;
		assert_true(now >= before && now <= before + 1);
		before = now;
	}
	assert_int_equal(before, 100);
	assert_int_equal(bucket_limits(bucket_in(w), &w->limits).concurrent, 8);
	world_free(w);
}

static void test_a_limit_nobody_told(void **)
{
	struct world *w = world_new((struct pace_limits){.concurrent = 100}, 1);
	struct asked *a[60];

	for (int i = 0; i < 60; i++)
		a[i] = one(w);
	end_with(a[59], (struct pace_end){.is_refused = true, .told = PACE_TOLD_NOTHING});
	assert_int_equal(bucket_limits(bucket_in(w), &w->limits).rpm, 30);
	for (int i = 0; i < 59; i++)
		end_with(a[i], (struct pace_end){.is_success = true, .told = PACE_TOLD_NOTHING});
	assert_int_equal(one(w)->admitted_ns, 0);
	world_free(w);
}

/* A provider that takes so many in 60 s, tells it in headers or only by refusing. */
static void test_learns_a_limit(void **)
{
	for (int tells = 0; tells < 2; tells++) {
		struct world *w = world_new((struct pace_limits){.concurrent = 10}, 3);
		int64_t taken[CALLS_MAX];
		size_t n = 0, late_refusals = 0;
		for (int i = 0; i < 1'500 && w->now_ns < START_NS + 900 * S; i++) {
			struct asked *a = one(w);
			while (!a->admitted_ns)
				run_to(w, w->now_ns + 100 * MS);
			int64_t recent = 0;
			for (size_t k = n; k-- > 0 && taken[k] > w->now_ns - 60 * S;)
				recent++;
			struct pace_end end = {.is_success = recent < 120,
				.is_refused = recent >= 120,
				.told = PACE_TOLD_NOTHING};
			if (recent < 120)
				taken[n++] = w->now_ns;
			if (tells)
				end.told.requests = (struct pace_quota){120, 119 - recent, 60'000};
			late_refusals += end.is_refused && w->now_ns > START_NS + 60 * S;
			w->now_ns += 20 * MS;
			end_with(a, end);
		}
		double minutes = (double)(w->now_ns - START_NS) / (60.0 * (double)S);
		if (tells) {
			assert_int_equal(late_refusals, 0);
			assert_true((double)n / minutes >= 0.95 * 120);
		} else {
			assert_true((double)late_refusals < 3 * minutes);
			assert_true((double)n / minutes >= 0.5 * 120);
		}
		world_free(w);
	}
}

static struct pace_told told(const char *const *lines)
{
	struct pace_heard heard = {0};

	for (; *lines; lines += 2)
		pace_take_header(&heard, str_from(lines[0]), str_from(lines[1]));
	return pace_told_of(&heard, 1'779'104'530'000); /* 2026-05-18T11:42:10Z */
}

#define TOLD(...) told((const char *const[]){__VA_ARGS__, NULL})

static void test_headers(void **)
{
	static const struct {
		const char *reset;
		int64_t ms;
	} resets[] = {{"12ms", 12}, {"1s", 1'000}, {"6m0s", 360'000}, {"1h2m3.5s", 3'723'500},
		{"7.66s", 7'660}, {"59", 59'000}, {"0.5", 500}, {"1d", 86'400'000}, {"0s", -1},
		{"", -1}, {"s", -1}, {"1x", -1}, {"1s2", -1}, {"-1s", -1}, {"1.2.3s", 0},
		{"nan", -1}, {"2026-05-18T11:42:16Z", 7'000}, {"2026-05-18T11:42:16.25Z", 7'000},
		{"2026-05-18T13:42:16+02:00", 7'000}, {"2026-05-18T10:42:16-01:00", 7'000},
		{"2026-05-18T11:42:16", -1}, {"2026-05-18T11:42:16+2:00", -1},
		{"2026-05-18T11:42:16+-2:00", -1}, {"2020-05-18T11:42:16Z", -1},
		{"1779104540", 10'000}, {"1779104540000", 10'000}, {"1779104500", -1},
		{"999999999999999999999s", 366LL * 24 * 3600 * 1'000}};

	for (size_t i = 0; i < sizeof resets / sizeof *resets; i++) {
		struct pace_told t = TOLD("x-ratelimit-reset-requests", resets[i].reset);
		int64_t ms = resets[i].ms ? resets[i].ms : -1;
		if (t.requests.reset_ms != ms)
			fail_msg("%s: %lld ms", resets[i].reset, (long long)t.requests.reset_ms);
	}
	struct pace_told t = TOLD("anthropic-ratelimit-requests-limit", "50",
		"anthropic-ratelimit-requests-remaining", " 49 ",
		"anthropic-ratelimit-requests-reset", "2026-05-18T11:42:16Z",
		"anthropic-ratelimit-input-tokens-limit", "40000",
		"anthropic-ratelimit-input-tokens-remaining", "39000");
	assert_int_equal(t.requests.limit, 50);
	assert_int_equal(t.requests.left, 49);
	assert_int_equal(t.requests.reset_ms, 7'000);
	assert_int_equal(t.tokens.limit, 40'000);
	assert_int_equal(t.tokens.left, 39'000);
	assert_int_equal(t.tokens.reset_ms, -1);
	t = TOLD("x-ratelimit-limit-tokens", "9", "anthropic-ratelimit-input-tokens-limit", "5",
		"x-ratelimit-limit-requests", "-1", "x-ratelimit-remaining", "many");
	assert_int_equal(t.tokens.limit, 9);
	assert_int_equal(t.requests.limit, -1);
	assert_int_equal(t.requests.left, -1);
}

/* Whatever the numbers are, nothing overflows and nobody waits for more than an hour and a bit. */
static void test_headers_of_all_sizes(void **)
{
	static const int64_t numbers[] = {-1, 0, 1, 1'000, INT64_MAX};
	enum { N = sizeof numbers / sizeof *numbers };

	for (int i = 0; i < N * N * N; i++) {
		struct world *w = world_new((struct pace_limits){.tpm = 1'000, .concurrent = 1}, 1);
		struct pace_quota q = {numbers[i % N], numbers[i / N % N], numbers[i / N / N]};
		end_with(one(w),
			(struct pace_end){
				.is_refused = true, .asked_ms = q.reset_ms, .told = {q, q}});
		assert_true(bucket_is_sane(bucket_in(w), w->now_ns));
		struct asked *next =
			ask(w, (struct asked){.tokens = INT64_MAX, .actual = INT64_MAX}, 0);
		run_out(w);
		assert_true(next->ended_ns && next->admitted_ns <= START_NS + 3'700 * S);
		assert_true(bucket_is_sane(bucket_in(w), w->now_ns));
		world_free(w);
	}
}

/* ---- between processes ---- */

static char tree[64], share_directory[128];

static int share_setup(void **)
{
	snprintf(tree, sizeof tree, "/tmp/fettle-pace.XXXXXX");
	assert_non_null(mkdtemp(tree));
	snprintf(share_directory, sizeof share_directory, "%s/state", tree);
	return 0;
}

static const char *share_file(void)
{
	static char path[160];

	snprintf(path, sizeof path, "%s/%s", share_directory, PACE_SHARE_FILE);
	return path;
}

static int share_teardown(void **)
{
	unlink(share_file());
	rmdir(share_directory);
	return rmdir(tree);
}

struct process {
	struct pace_share *share;
	struct pace *pace;
	struct pace_limits limits;
	struct pace_ticket *tickets[64];
	size_t admitted;
};

static struct process process_open(struct pace_limits limits)
{
	struct process p = {.share = pace_share_new(share_directory), .limits = limits};
	struct pace_store store = pace_share_store(p.share);

	p.pace = pace_new(&store);
	return p;
}

static void count(void *self, const struct err *e)
{
	size_t *admitted = self;

	assert_null(e);
	++*admitted;
}

static struct pace_ticket *process_ask(struct process *p)
{
	return pace_ask(p->pace,
		&(struct pace_ask){.name = STR("p/m"),
			.limits = p->limits,
			.tokens = 10,
			.answer = count,
			.self = &p->admitted},
		clock_ns());
}

/* Until so many are admitted, or for so long. */
static void process_run(struct process *p, size_t admitted, int64_t ns)
{
	int64_t end_ns = clock_ns() + ns;

	while (pace_run(p->pace, clock_ns()), p->admitted < admitted && clock_ns() < end_ns)
		nanosleep(&(struct timespec){.tv_nsec = MS}, NULL);
}

static void process_close(struct process *p)
{
	pace_free(p->pace);
	pace_share_free(p->share);
}

static pid_t child(void (*work)(int fd), int *fd)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		work(ends[1]);
		_exit(0);
	}
	close(ends[1]);
	*fd = ends[0];
	return pid;
}

static void take_all(int fd)
{
	struct process p = process_open((struct pace_limits){.rpm = 50, .concurrent = 1'000});

	for (int i = 0; i < 60; i++)
		p.tickets[i] = process_ask(&p);
	process_run(&p, 60, 2 * S);
	unsigned char n = (unsigned char)p.admitted;
	if (write(fd, &n, 1) != 1)
		_exit(1);
}

static void test_processes_share_a_limit(void **)
{
	unsigned char n;
	size_t sum = 0;
	int fds[3], status;
	pid_t pids[3];

	for (int i = 0; i < 3; i++)
		pids[i] = child(take_all, &fds[i]);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(read(fds[i], &n, 1), 1);
		sum += n;
		close(fds[i]);
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
	}
	assert_int_equal(sum, 50);
}

static void hold_three(int fd)
{
	struct process p = process_open((struct pace_limits){.concurrent = 3});

	for (int i = 0; i < 3; i++)
		process_ask(&p);
	process_run(&p, 3, 60 * S);
	if (write(fd, "x", 1) != 1)
		_exit(1);
	pause();
}

static void test_a_killed_process_gives_back(void **)
{
	struct process p = process_open((struct pace_limits){.concurrent = 3});
	int fd, status;
	char byte;
	pid_t pid = child(hold_three, &fd);

	assert_int_equal(read(fd, &byte, 1), 1);
	struct pace_ticket *t = process_ask(&p);
	process_run(&p, 1, 300 * MS);
	assert_int_equal(p.admitted, 0);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	process_run(&p, 1, 60 * S);
	assert_int_equal(p.admitted, 1);
	pace_cancel(t, clock_ns());
	process_close(&p);
	close(fd);
}

static void come_and_go(int fd)
{
	struct process p = process_open((struct pace_limits){.concurrent = 2});

	if (write(fd, "x", 1) != 1)
		_exit(1);
	for (size_t n = 1;; n++) {
		struct pace_ticket *t = process_ask(&p);
		process_run(&p, n, 60 * S);
		pace_cancel(t, clock_ns());
	}
}

static void test_killed_at_any_moment(void **)
{
	struct process p = process_open((struct pace_limits){.concurrent = 2});
	int fd, status;
	char byte;

	for (int i = 0; i < 60; i++) {
		pid_t pid = child(come_and_go, &fd);
		assert_int_equal(read(fd, &byte, 1), 1);
		nanosleep(&(struct timespec){.tv_nsec = (long)(arc4random() % 3'000'000)}, NULL);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		close(fd);
	}
	struct pace_ticket *a = process_ask(&p), *b = process_ask(&p);
	process_run(&p, 2, 60 * S);
	assert_int_equal(p.admitted, 2);
	assert_null(pace_share_trouble(p.share));
	pace_cancel(a, clock_ns());
	pace_cancel(b, clock_ns());
	process_close(&p);
}

static void use_once(bool is_shared)
{
	struct process p = process_open((struct pace_limits){.rpm = 1'000'000, .concurrent = 3});
	struct pace_ticket *t = process_ask(&p);

	process_run(&p, 1, 60 * S);
	assert_int_equal(p.admitted, 1);
	assert_int_equal(pace_share_trouble(p.share) == NULL, is_shared);
	pace_cancel(t, clock_ns());
	process_close(&p);
}

static void test_damaged_files(void **)
{
	struct stat st;
	unsigned char bytes[4096];

	use_once(true);
	assert_int_equal(stat(share_file(), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	for (int i = 0; i < 100; i++) {
		int fd = open(share_file(), O_WRONLY);
		arc4random_buf(bytes, sizeof bytes);
		off_t at = (off_t)(arc4random() % (unsigned)st.st_size);
		assert_true(pwrite(fd, bytes, arc4random() % sizeof bytes, at) >= 0);
		if (i % 3 == 0)
			assert_int_equal(ftruncate(fd, at), 0);
		close(fd);
		use_once(true);
	}
}

static void test_files_that_are_not_ours_alone(void **)
{
	use_once(true);
	assert_int_equal(chmod(share_file(), 0644), 0);
	use_once(false);
	assert_int_equal(unlink(share_file()), 0);
	assert_int_equal(symlink("elsewhere", share_file()), 0);
	use_once(false);
	assert_int_equal(unlink(share_file()), 0);
	assert_int_equal(mkdir(share_file(), 0700), 0);
	use_once(false);
	assert_int_equal(rmdir(share_file()), 0);
	assert_int_equal(mkfifo(share_file(), 0600), 0);
	use_once(false);
	assert_int_equal(unlink(share_file()), 0);
	use_once(true);
}

static void test_a_removed_file_is_made_anew(void **)
{
	struct process p = process_open((struct pace_limits){.concurrent = 3});
	struct pace_ticket *t = process_ask(&p);
	int64_t end_ns = clock_ns() + 60 * S;

	process_run(&p, 1, 60 * S);
	assert_int_equal(unlink(share_file()), 0);
	while (access(share_file(), F_OK) < 0 && clock_ns() < end_ns) {
		pace_cancel(t, clock_ns());
		t = process_ask(&p);
		process_run(&p, p.admitted + 1, 60 * S);
	}
	assert_int_equal(access(share_file(), F_OK), 0);
	pace_cancel(t, clock_ns());
	process_close(&p);
}

/* Who has the lock and was stopped does not stop the others. */
static void test_a_lock_that_stays(void **)
{
	struct process p = process_open((struct pace_limits){.concurrent = 3});
	struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	use_once(true);
	AUTO_FD fd = open(share_file(), O_RDWR);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &range), 0);
	struct pace_ticket *t = process_ask(&p);
	process_run(&p, 1, 60 * S);
	assert_int_equal(p.admitted, 1);
	pace_cancel(t, clock_ns());
	process_close(&p);
}

/* More names than places: the oldest make room. */
static void test_many_names(void **)
{
	struct process p = process_open((struct pace_limits){.rpm = 1, .concurrent = 3});
	struct pace_store store = pace_share_store(p.share);
	char name[16];

	for (int i = 0; i < 200; i++) {
		int n = snprintf(name, sizeof name, "model %d", i);
		struct bucket *b = store.lend(
			store.self, (struct str){name, (size_t)n}, &(int64_t){clock_ns()});
		assert_non_null(b);
		assert_int_equal(b->told_rpm, 0);
		b->told_rpm = i + 1;
		store.back(store.self, b);
		b = store.lend(store.self, (struct str){name, (size_t)n}, &(int64_t){clock_ns()});
		assert_int_equal(b->told_rpm, i + 1);
		store.back(store.self, b);
	}
	process_close(&p);
}

/* One of another process that waits for a whole minute's tokens is let go first. */
static void test_a_claim(void **)
{
	const struct pace_limits limits = {.tpm = 1'000, .concurrent = 10};
	const struct holder other = {.pid = 2};
	struct bucket b = {0};

	bucket_claim(&b, &other, START_NS + 3 * S);
	assert_int_equal(bucket_judge(&b, &limits, &we, 1, START_NS).why, BUCKET_CLAIMED);
	assert_int_equal(bucket_judge(&b, &limits, &other, 1, START_NS).why, BUCKET_FREE);
	bucket_take(&b, &limits, &other, 1, START_NS);
	bucket_hold(&b, &other, 1);
	assert_int_equal(bucket_judge(&b, &limits, &we, 1, START_NS).why, BUCKET_FREE);
	bucket_claim(&b, &other, START_NS + 3 * S);
	assert_int_equal(bucket_judge(&b, &limits, &we, 1, START_NS + 3 * S).why, BUCKET_FREE);
}

static void test_more_processes_than_places(void **)
{
	const struct pace_limits limits = {.rpm = 1'000};
	struct bucket b = {0};

	for (int i = 1; i <= BUCKET_HOLDERS; i++) {
		struct holder who = {.pid = i + 1};
		assert_int_equal(bucket_judge(&b, &limits, &who, 1, START_NS).why, BUCKET_FREE);
		bucket_hold(&b, &who, 1);
	}
	assert_int_equal(bucket_judge(&b, &limits, &we, 1, START_NS).why, BUCKET_CONCURRENT);
	bucket_forget(&b, &(struct holder){.pid = 5});
	assert_int_equal(bucket_judge(&b, &limits, &we, 1, START_NS).why, BUCKET_FREE);
	/* The same id, started at another time, is somebody else. */
	bucket_forget(&b, &(struct holder){.pid = 6, .started = 9});
	assert_int_equal(bucket_calls(&b), BUCKET_HOLDERS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_over_a_limit),
		cmocka_unit_test(test_the_rate_is_used),
		cmocka_unit_test(test_batches_take_turns),
		cmocka_unit_test(test_more_than_the_limit),
		cmocka_unit_test(test_corrections_are_exact),
		cmocka_unit_test(test_too_much_used_holds_back),
		cmocka_unit_test(test_deadlines_and_cancels),
		cmocka_unit_test(test_headers_override),
		cmocka_unit_test(test_what_is_left_is_without_later_calls),
		cmocka_unit_test(test_what_is_left_by_the_provider),
		cmocka_unit_test(test_a_refusal_halves),
		cmocka_unit_test(test_a_limit_nobody_told),
		cmocka_unit_test(test_learns_a_limit),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_headers_of_all_sizes),
		cmocka_unit_test(test_a_claim),
		cmocka_unit_test(test_more_processes_than_places),
		cmocka_unit_test_setup_teardown(
			test_processes_share_a_limit, share_setup, share_teardown),
		cmocka_unit_test_setup_teardown(
			test_a_killed_process_gives_back, share_setup, share_teardown),
		cmocka_unit_test_setup_teardown(
			test_killed_at_any_moment, share_setup, share_teardown),
		cmocka_unit_test_setup_teardown(test_damaged_files, share_setup, share_teardown),
		cmocka_unit_test_setup_teardown(
			test_files_that_are_not_ours_alone, share_setup, share_teardown),
		cmocka_unit_test_setup_teardown(
			test_a_removed_file_is_made_anew, share_setup, share_teardown),
		cmocka_unit_test_setup_teardown(
			test_a_lock_that_stays, share_setup, share_teardown),
		cmocka_unit_test_setup_teardown(test_many_names, share_setup, share_teardown),
	};

	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
