// SPDX-License-Identifier: MIT
/*
 * pace: bench_pace DIRECTORY prints the CPU time of a turn that need not be waited for, with limits
 * of this process alone and with those that are shared in the directory. bench/pace.py asks it.
 */
#include <stdio.h>

#include "base/clock.h"
#include "call/pacer_inside.h"

enum { ROUNDS = 20'000, TRIES = 5 };

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

static void tell_costs(struct loop *loop, const char *directory)
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
}

int main(int argc, char **argv)
{
	struct err e = {.text = "usage: bench_pace DIRECTORY"};
	struct loop *loop = argc == 2 ? loop_new(&e) : NULL;

	if (!loop) {
		fprintf(stderr, "%s\n", e.text);
		return 2;
	}
	tell_costs(loop, argv[1]);
	loop_free(loop);
	return 0;
}
