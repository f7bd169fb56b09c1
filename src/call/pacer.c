// SPDX-License-Identifier: MIT
#include "call/pacer_inside.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/must.h"
#include "base/sha256.h"
#include "call/pace_redis.h"
#include "call/pace_share.h"

/* A provider that lets nobody through for so long is not waited for. */
#define WAIT_MAX_MS (15 * 60 * 1'000LL)
/* A pause that is soon over is waited for, whatever is asked for. */
#define PAUSE_ALWAYS_MS 1'000LL
#define NS_PER_MS       1'000'000LL

struct pacer {
	struct loop *loop;
	struct timer *timer;
	struct pace_share *share; /* NULL: home */
	struct pace_redis *redis; /* in place of both */
	void (*told)(void *self, const struct err *e);
	void *told_self;
	struct pace_home *home;
	struct pace *pace;
	const struct rate_wish *wishes;
	size_t wish_count;
	int64_t concurrent; /* supposed */
};

struct pacer *pacer_new(
	struct loop *loop, const char *directory, const struct rate_wish *wishes, size_t wish_count)
{
	struct pacer *p = must_alloc(1, sizeof *p);
	struct pace_store store;

	*p = (struct pacer){.loop = loop, .wishes = wishes, .wish_count = wish_count};
	if (directory) {
		p->share = pace_share_new(directory);
		store = pace_share_store(p->share);
	} else {
		p->home = pace_home_new();
		store = pace_home_store(p->home);
	}
	p->pace = pace_new(&store);
	return p;
}

void pacer_free(struct pacer *p)
{
	if (!p)
		return;
	timer_cancel(p->timer);
	pace_free(p->pace);
	pace_redis_free(p->redis);
	pace_share_free(p->share);
	pace_home_free(p->home);
	free(p);
}

static void run(struct pacer *p);

static void wake(void *self)
{
	run(self);
}

static void tell(void *self, const struct err *e)
{
	struct pacer *p = self;

	if (p->told)
		p->told(p->told_self, e);
}

bool pacer_meet(struct pacer *p, const char *redis_url,
	void (*told)(void *self, const struct err *e), void *self, struct err *e)
{
	p->told = told;
	p->told_self = self;
	p->redis = pace_redis_new(p->loop, str_from(redis_url),
		&(struct pace_redis_sink){.wake = wake, .told = tell, .self = p}, e);
	if (!p->redis)
		return false;
	struct pace_store store = pace_redis_store(p->redis);
	pace_free(p->pace);
	p->pace = pace_new(&store);
	return true;
}

const char *pacer_trouble(const struct pacer *p)
{
	return p->redis   ? pace_redis_trouble(p->redis)
	       : p->share ? pace_share_trouble(p->share)
			  : NULL;
}

void pacer_suppose(struct pacer *p, int64_t concurrent)
{
	p->concurrent = concurrent;
}

static bool is_free_model(const struct route *r)
{
	const struct price *price = &r->model.price;

	return str_ends(r->model_id, STR(":free")) ||
	       (r->is_in_catalog && r->model.has_price && !price->input && !price->output);
}

/* What the wishes say of the route; 0 nothing. */
static struct pace_limits said_of(const struct pacer *p, const struct route *route)
{
	struct pace_limits said = {0};

	for (size_t i = 0; i < p->wish_count; i++) {
		const struct rate_wish *w = &p->wishes[i];
		if (w->name.p && !str_eq(w->name, route->provider) && !str_eq(w->name, route->name))
			continue;
		said.rpm = said.rpm ? said.rpm : w->rpm;
		said.tpm = said.tpm ? said.tpm : w->tpm;
		said.concurrent = said.concurrent ? said.concurrent : w->concurrent;
	}
	said.is_rpm_said = said.rpm;
	said.is_tpm_said = said.tpm;
	return said;
}

struct pace_limits pacer_limits(
	const struct pacer *p, const struct route *route, bool is_interactive)
{
	struct pace_limits limits = said_of(p, route);

	/* Nobody meters what runs here. */
	if (route->is_local)
		return limits;
	if (!limits.rpm && is_free_model(route))
		limits.rpm = PACER_FREE_RPM;
	if (!limits.tpm && !is_interactive)
		limits.tpm = PACER_TPM;
	if (!limits.concurrent)
		limits.concurrent = p->concurrent ? p->concurrent : PACER_CONCURRENT;
	return limits;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The limits are those of a key at a server. Only digests get into the file. */
static void put_name(struct buf *name, const struct route *route)
{
	char key[SHA256_TEXT];
	struct sha256 digest = sha256_of(route->key);

	sha256_text(&digest, key);
	buf_printf(name, "%.*s at %s with %.8s", STR_ARG(route->name), route->url, key);
}

static void turn(void *self);

/* Whoever may go is told now, and the timer is set to when the next one may. */
static void run(struct pacer *p)
{
	int64_t now_ns = clock_ns(), at_ns = pace_run(p->pace, now_ns);

	timer_cancel(p->timer);
	p->timer = NULL;
	if (at_ns != INT64_MAX)
		p->timer = loop_after(p->loop,
			at_ns > now_ns ? (at_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS : 0, turn, p);
}

static void turn(void *self)
{
	struct pacer *p = self;

	p->timer = NULL;
	run(p);
}

struct pace_ticket *pacer_ask(const struct call_world *world, const struct route *route,
	int64_t tokens, void (*answer)(void *self, const struct err *e), void *self)
{
	struct pacer *p = world->pacer;
	AUTO(buf) name = {0};
	int64_t now_ns = clock_ns();
	int64_t pause_ms = larger(world->retry.wait_max_ms, world->turn_max_ms);
	int64_t most_ms = world->turn_max_ms ? world->turn_max_ms : WAIT_MAX_MS;

	put_name(&name, route);
	struct pace_ticket *t = pace_ask(p->pace,
		&(struct pace_ask){.name = buf_str(&name),
			.limits = pacer_limits(p, route, world->is_interactive),
			.tokens = tokens,
			.batch = world->batch,
			.is_interactive = world->is_interactive,
			.deadline_ns = now_ns + most_ms * NS_PER_MS,
			.pause_max_ns = larger(pause_ms, PAUSE_ALWAYS_MS) * NS_PER_MS,
			.answer = answer,
			.self = self},
		now_ns);
	run(p);
	return t;
}

void pacer_finish(struct pacer *p, struct pace_ticket *ticket, const struct pace_end *end)
{
	if (end)
		pace_finish(ticket, end, clock_ns());
	else
		pace_cancel(ticket, clock_ns());
	/* Not from within the end of a call. */
	timer_cancel(p->timer);
	p->timer = loop_after(p->loop, 0, turn, p);
}
