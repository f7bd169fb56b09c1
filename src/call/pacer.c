// SPDX-License-Identifier: MIT
#include "call/pacer_inside.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/must.h"
#include "base/sha256.h"
#include "call/pace_share.h"

/* A provider that lets nobody through for so long is not waited for. */
#define WAIT_MAX_NS (15 * 60 * NS_PER_S)
#define NS_PER_MS   1'000'000LL

struct pacer {
	struct loop *loop;
	struct timer *timer;
	struct pace_share *share; /* NULL: home */
	struct pace_home *home;
	struct pace *pace;
	const struct rate_wish *wishes;
	size_t wish_count;
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
	pace_share_free(p->share);
	pace_home_free(p->home);
	free(p);
}

static bool is_free_model(const struct route *r)
{
	const struct price *price = &r->model.price;

	return str_ends(r->model_id, STR(":free")) ||
	       (r->is_in_catalog && r->model.has_price && !price->input && !price->output);
}

struct pace_limits pacer_limits(const struct pacer *p, const struct route *route)
{
	/* Nobody meters what runs here. */
	struct pace_limits limits = {
		.rpm = !route->is_local && is_free_model(route) ? PACER_FREE_RPM : 0,
		.tpm = route->is_local ? 0 : PACER_TPM,
		.concurrent = PACER_CONCURRENT};

	for (size_t i = 0; i < p->wish_count; i++) {
		const struct rate_wish *w = &p->wishes[i];
		if (!str_eq(w->provider, route->provider))
			continue;
		limits.rpm = w->rpm ? w->rpm : limits.rpm;
		limits.tpm = w->tpm ? w->tpm : limits.tpm;
		limits.concurrent = w->concurrent ? w->concurrent : limits.concurrent;
		limits.is_rpm_said = w->rpm;
		limits.is_tpm_said = w->tpm;
		break;
	}
	return limits;
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

struct pace_ticket *pacer_ask(struct pacer *p, const struct route *route, int64_t tokens,
	void (*answer)(void *self, const struct err *e), void *self)
{
	AUTO(buf) name = {0};
	int64_t now_ns = clock_ns();

	put_name(&name, route);
	struct pace_ticket *t = pace_ask(p->pace,
		&(struct pace_ask){.name = buf_str(&name),
			.limits = pacer_limits(p, route),
			.tokens = tokens,
			.is_interactive = true,
			.deadline_ns = now_ns + WAIT_MAX_NS,
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
