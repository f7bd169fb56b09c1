// SPDX-License-Identifier: MIT
/*
 * pace: how well calls keep to a limit, and what asking for a turn costs.
 *
 *   bench_pace ask URL DIRECTORY SECONDS AT_ONCE RPM
 *
 * asks the server at URL as often as it may, so many calls at once; RPM 0: nobody says a limit.
 * DIRECTORY is where several of these share what they may. Prints, a line a second, how many calls
 * were answered and how many refused.
 *
 *   bench_pace cost DIRECTORY
 *
 * prints the CPU time of a turn that need not be waited for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "call/pacer_inside.h"

enum { AT_ONCE_MAX = 256, SECONDS_MAX = 3'600, ROUNDS = 20'000, TRIES = 5 };
enum { RETRIES = 1'000'000, WAIT_MAX_MS = 60'000 };

/* ---- asking as often as one may ---- */

struct asker;

struct asking {
	struct loop *loop;
	struct call_world world;
	struct route route;
	struct arena arena;
	struct asker *askers;
	size_t at_once, ended;
	int64_t begun_ns, seconds;
	int answered[SECONDS_MAX], refused[SECONDS_MAX];
	bool is_late, is_done;
};

struct asker {
	struct asking *asking;
	struct call *call;
};

static const char *no_environment(const char *)
{
	return NULL;
}

static int64_t second_of(const struct asking *a)
{
	int64_t second = (clock_ns() - a->begun_ns) / NS_PER_S;

	return second < a->seconds ? second : a->seconds - 1;
}

static void got_delta(void *, const struct delta *)
{
}

static void got_retry(void *self, const struct call_retry *retry)
{
	struct asker *asker = self;

	if (retry->http_status == 429)
		asker->asking->refused[second_of(asker->asking)]++;
}

static void ask(struct asker *asker);

static void got_end(void *self, const struct call_result *result)
{
	struct asker *asker = self;
	struct asking *a = asker->asking;

	asker->call = NULL;
	if (!result->error)
		a->answered[second_of(a)]++;
	else if (!a->is_late)
		fprintf(stderr, "%s\n", result->error->text);
	if (!a->is_late && !result->error) {
		ask(asker);
		return;
	}
	a->is_done = ++a->ended == a->at_once;
}

static void ask(struct asker *asker)
{
	static struct block hello = {.kind = BLOCK_TEXT, .text = STR("hello")};
	static struct message message = {.role = ROLE_USER, .blocks = &hello, .block_count = 1};
	static const struct prompt prompt = {.system = STR(""),
		.messages = &message,
		.message_count = 1,
		.max_output_tokens = 100,
		.stream = true};
	struct call_sink sink = {got_delta, got_retry, got_end, asker};

	asker->call = call_start(&asker->asking->world, &asker->asking->route, &prompt, &sink);
}

static void time_is_over(void *self)
{
	struct asking *a = self;

	a->is_late = true;
	for (size_t i = 0; i < a->at_once; i++)
		call_cancel(a->askers[i].call);
}

static bool choose(struct asking *a, const char *url, struct err *e)
{
	struct route_wish wish = {
		.model = "openai/x", .base_url = url, .environment = no_environment};

	return route_choose(&wish, &a->arena, &a->route, e);
}

static int ask_all(struct asking *a, char **words, struct err *e)
{
	const struct rate_wish wish = {.rpm = atoll(words[4])};

	a->seconds = atoll(words[2]) < SECONDS_MAX ? atoll(words[2]) : SECONDS_MAX;
	a->at_once = (size_t)atoll(words[3]);
	if (a->seconds < 1 || a->at_once < 1 || a->at_once > AT_ONCE_MAX || !choose(a, words[0], e))
		return 2;
	a->askers = must_alloc(a->at_once, sizeof *a->askers);
	a->world = (struct call_world){.loop = a->loop,
		.http = http_client_new(a->loop),
		.retry = {RETRIES, WAIT_MAX_MS},
		.pacer = pacer_new(a->loop, words[1], &wish, 1)};
	a->begun_ns = clock_ns();
	(void)!loop_after(a->loop, a->seconds * 1'000, time_is_over, a);
	for (size_t i = 0; i < a->at_once; i++) {
		a->askers[i].asking = a;
		ask(&a->askers[i]);
	}
	loop_run(a->loop, &a->is_done);
	for (int64_t i = 0; i < a->seconds; i++)
		printf("%d %d\n", a->answered[i], a->refused[i]);
	pacer_free(a->world.pacer);
	http_client_free(a->world.http);
	free(a->askers);
	arena_release(&a->arena);
	return 0;
}

/* ---- what a turn costs ---- */

struct rounds {
	struct loop *loop;
	struct call_world world;
	struct route route;
	int left;
	bool is_done;
};

static void go(void *, const struct err *)
{
}

static void next_round(void *self)
{
	struct rounds *r = self;
	static const struct pace_end end = {
		.is_success = true, .tokens = 900, .told = {{-1, -1, -1}, {-1, -1, -1}}};

	if (r->world.pacer)
		pacer_finish(r->world.pacer, pacer_ask(&r->world, &r->route, 1'000, go, r), &end);
	if (--r->left)
		(void)!loop_after(r->loop, 0, next_round, r);
	else
		r->is_done = true;
}

/* CPU time of a round, in ns; the best of some tries. */
static int64_t measure(struct rounds *r)
{
	int64_t best = INT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		int64_t begun_ns = clock_cpu_ns();
		r->left = ROUNDS;
		r->is_done = false;
		(void)!loop_after(r->loop, 0, next_round, r);
		loop_run(r->loop, &r->is_done);
		int64_t took_ns = (clock_cpu_ns() - begun_ns) / ROUNDS;
		best = took_ns < best ? took_ns : best;
	}
	return best;
}

static void tell_cost(struct rounds *r, const char *what, const char *directory, int64_t floor_ns)
{
	r->world.pacer = pacer_new(r->loop, directory, NULL, 0);
	printf("  %-58s %19.2f us\n", what, (double)(measure(r) - floor_ns) / 1e3);
	pacer_free(r->world.pacer);
	r->world.pacer = NULL;
}

static int tell_costs(struct loop *loop, const char *directory)
{
	struct rounds r = {.loop = loop,
		.world.is_interactive = true,
		.route = {.provider = STR("p"),
			.name = STR("p/m"),
			.url = "http://127.0.0.1/",
			.is_local = true}};
	int64_t floor_ns = measure(&r);

	tell_cost(&r, "a turn, in this process alone", NULL, floor_ns);
	tell_cost(&r, "a turn, shared with other processes (<= 50 us)", directory, floor_ns);
	return 0;
}

int main(int argc, char **argv)
{
	static struct asking asking;
	struct err e = {.text = "usage: bench_pace ask URL DIRECTORY SECONDS AT_ONCE RPM, or "
				"bench_pace cost DIRECTORY"};
	int status = 2;

	asking.loop = loop_new(&e);
	if (asking.loop && argc == 7 && strcmp(argv[1], "ask") == 0)
		status = ask_all(&asking, argv + 2, &e);
	else if (asking.loop && argc == 3 && strcmp(argv[1], "cost") == 0)
		status = tell_costs(asking.loop, argv[2]);
	if (status)
		fprintf(stderr, "%s\n", e.text);
	loop_free(asking.loop);
	return status;
}
