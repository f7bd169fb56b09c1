// SPDX-License-Identifier: MIT
#include "call/pace.h"

#include <stdlib.h>

#include "base/must.h"

#define NS_PER_MS 1'000'000LL
/* How often others' buckets are looked at: for a call that ends, for anything else. */
#define POLL_NS     (50 * NS_PER_MS)
#define LOOK_NS     NS_PER_S
#define CLAIM_NS    (3 * NS_PER_S)
#define PATIENCE_NS (5 * NS_PER_S) /* then other processes let the first one go */
#define PERSON_NS   (500 * NS_PER_MS) /* the same when a person waits */

/* Those of one batch that wait, in their order. */
struct lane {
	struct lane *next;
	struct pace_ticket *first, *last;
	uint64_t batch;
};

/* A call that was over while the bucket could not be had. */
struct ended {
	struct ended *next;
	struct pace_limits limits;
	struct bucket_share share;
	struct pace_end end;
};

struct queue {
	struct queue *next;
	struct pace *pace;
	struct ended *ended;
	struct lane people; /* that is asked first */
	struct lane *first, *last; /* the batches; one that had its turn goes to the end */
	uint32_t calls; /* admitted, not ended */
	int64_t deadline_ns; /* the first of them, or before it */
	struct str name;
};

struct pace_ticket {
	struct pace_ticket *next, *previous; /* in its lane, or among the answers */
	struct queue *queue;
	struct lane *lane; /* NULL: it does not wait */
	struct pace_ask ask;
	int64_t asked_ns;
	struct bucket_verdict verdict; /* the last one */
	bool is_admitted, is_told;
	struct bucket_share share;
};

struct pace {
	struct pace_store store;
	struct queue *queues;
	struct lane answers; /* admitted, and not yet told */
};

struct pace *pace_new(const struct pace_store *store)
{
	struct pace *p = must_alloc(1, sizeof *p);

	p->store = *store;
	return p;
}

static struct ended *take_ended(struct queue *q)
{
	struct ended *x = q->ended;

	q->ended = x->next;
	return x;
}

void pace_free(struct pace *p)
{
	struct queue *next;

	for (struct queue *q = p ? p->queues : NULL; q; q = next) {
		next = q->next;
		must(!q->people.first && !q->first && !q->calls);
		while (q->ended)
			free(take_ended(q));
		free((void *)q->name.p);
		free(q);
	}
	free(p);
}

/* ---- lanes ---- */

static void append(struct lane *lane, struct pace_ticket *t)
{
	t->next = NULL;
	t->previous = lane->last;
	if (lane->last)
		lane->last->next = t;
	else
		lane->first = t;
	lane->last = t;
	t->lane = lane;
}

static void unlink_ticket(struct pace_ticket *t)
{
	struct lane *lane = t->lane;

	*(t->previous ? &t->previous->next : &lane->first) = t->next;
	*(t->next ? &t->next->previous : &lane->last) = t->previous;
	t->next = t->previous = NULL;
	t->lane = NULL;
}

static void append_lane(struct queue *q, struct lane *lane)
{
	lane->next = NULL;
	*(q->last ? &q->last->next : &q->first) = lane;
	q->last = lane;
}

static void unlink_lane(struct queue *q, struct lane *lane)
{
	struct lane *before = NULL;

	for (struct lane *l = q->first; l != lane; l = l->next)
		before = l;
	*(before ? &before->next : &q->first) = lane->next;
	if (q->last == lane)
		q->last = before;
}

static struct lane *lane_of(struct queue *q, const struct pace_ask *ask)
{
	if (ask->is_interactive)
		return &q->people;
	for (struct lane *l = q->first; l; l = l->next)
		if (l->batch == ask->batch)
			return l;
	struct lane *lane = must_alloc(1, sizeof *lane);
	lane->batch = ask->batch;
	append_lane(q, lane);
	return lane;
}

/* Out of the queue; a batch that had its turn is the last one now. */
static void leave(struct pace_ticket *t, bool had_turn)
{
	struct queue *q = t->queue;
	struct lane *lane = t->lane;

	unlink_ticket(t);
	if (lane == &q->people || lane == &q->pace->answers || (lane->first && !had_turn))
		return;
	unlink_lane(q, lane);
	if (lane->first)
		append_lane(q, lane);
	else
		free(lane);
}

static struct queue *queue_of(struct pace *p, struct str name)
{
	struct queue *q = p->queues;

	while (q && !str_eq(q->name, name))
		q = q->next;
	if (!q) {
		q = must_alloc(1, sizeof *q);
		q->pace = p;
		q->name = (struct str){must_copy(name.p ? name.p : "", name.n), name.n};
		q->deadline_ns = INT64_MAX;
		q->next = p->queues;
		p->queues = q;
	}
	return q;
}

struct pace_ticket *pace_ask(struct pace *p, const struct pace_ask *ask, int64_t now_ns)
{
	struct pace_ticket *t = must_alloc(1, sizeof *t);
	struct queue *q = queue_of(p, ask->name);

	t->queue = q;
	t->ask = *ask;
	t->ask.name = q->name;
	t->asked_ns = now_ns;
	if (ask->deadline_ns && ask->deadline_ns < q->deadline_ns)
		q->deadline_ns = ask->deadline_ns;
	append(lane_of(q, ask), t);
	return t;
}

/* ---- admitting ---- */

static struct pace_ticket *head(struct queue *q)
{
	return q->people.first ? q->people.first : q->first ? q->first->first : NULL;
}

struct pace_wait pace_waits(const struct pace_ticket *t)
{
	static const struct {
		const char *reason, *why;
	} words[] = {
		[BUCKET_FREE] = {"queue", "others are before it"},
		[BUCKET_PAUSED] = {"pause", "a pause after a refusal"},
		[BUCKET_CLAIMED] = {"process", "another process has waited for longer"},
		[BUCKET_CONCURRENT] = {"concurrent", "calls at the same time"},
		[BUCKET_REQUESTS] = {"requests", "requests a minute"},
		[BUCKET_TOKENS] = {"tokens", "tokens a minute"},
	};
	const struct pace_ticket *first = head(t->queue);
	const struct bucket_verdict *verdict = first ? &first->verdict : &t->verdict;

	return (struct pace_wait){
		words[verdict->why].reason, words[verdict->why].why, verdict->at_ns};
}

bool pace_is_admitted(const struct pace_ticket *t)
{
	return t->is_admitted;
}

/* Answers one that will not go, which is gone then. Nothing else of the queue is held meanwhile. */
static void refuse(struct pace_ticket *t, const struct err *e)
{
	struct pace_ask ask = t->ask;

	leave(t, false);
	free(t);
	ask.answer(ask.self, e);
}

static void expire(struct pace_ticket *t, int64_t now_ns)
{
	struct err e = {0};

	err_set(&e, ERR_TIMEOUT, "not asked in %lld s, because of its limits (%s)",
		(long long)((now_ns - t->asked_ns) / NS_PER_S), pace_waits(t).why);
	refuse(t, &e);
}

static bool is_paused_too_long(const struct pace_ticket *t, int64_t now_ns)
{
	return t->verdict.why == BUCKET_PAUSED && t->ask.pause_max_ns &&
	       t->verdict.at_ns - now_ns > t->ask.pause_max_ns;
}

static void give_up_pause(struct pace_ticket *t, int64_t now_ns)
{
	struct err e = {0};

	err_set(&e, ERR_PROVIDER,
		"not asked: it has refused a call and is to be left alone for %lld s, the limit is "
		"%lld s",
		(long long)((t->verdict.at_ns - now_ns + NS_PER_S - 1) / NS_PER_S),
		(long long)(t->ask.pause_max_ns / NS_PER_S));
	refuse(t, &e);
}

static struct pace_ticket *late_in(struct lane *lane, int64_t now_ns, int64_t *deadline_ns)
{
	for (struct pace_ticket *t = lane->first; t; t = t->next) {
		if (!t->ask.deadline_ns)
			continue;
		if (t->ask.deadline_ns <= now_ns)
			return t;
		if (t->ask.deadline_ns < *deadline_ns)
			*deadline_ns = t->ask.deadline_ns;
	}
	return NULL;
}

/* One whose time is over; with none the queue knows its next deadline. */
static struct pace_ticket *late(struct queue *q, int64_t now_ns)
{
	int64_t deadline_ns = INT64_MAX;

	if (now_ns < q->deadline_ns)
		return NULL;
	struct pace_ticket *t = late_in(&q->people, now_ns, &deadline_ns);
	for (struct lane *l = q->first; l && !t; l = l->next)
		t = late_in(l, now_ns, &deadline_ns);
	if (!t)
		q->deadline_ns = deadline_ns;
	return t;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* A bucket that is lent, and how far the clock that it goes by is ahead of ours. */
struct lent {
	struct bucket *bucket;
	int64_t now_ns, ahead_ns; /* the bucket's */
};

static int64_t wait_for(const struct pace_store *store, const struct lent *lent,
	struct pace_ticket *t, const struct bucket_verdict *verdict)
{
	int64_t now_ns = lent->now_ns - lent->ahead_ns;
	int64_t at_ns = verdict->at_ns ? verdict->at_ns : INT64_MAX;
	bool is_of_others = verdict->why == BUCKET_CONCURRENT || verdict->why == BUCKET_CLAIMED;
	int64_t patience_ns = t->ask.is_interactive ? PERSON_NS : PATIENCE_NS;

	if (!store->is_shared)
		return at_ns;
	if (verdict->why != BUCKET_CLAIMED && now_ns - t->asked_ns >= patience_ns)
		bucket_claim(lent->bucket, &store->who, lent->now_ns + CLAIM_NS);
	return sooner(at_ns, now_ns + (is_of_others ? POLL_NS : LOOK_NS));
}

static void admit(struct queue *q, const struct lent *lent, struct pace_ticket *t)
{
	const struct holder *who = &q->pace->store.who;

	t->share = bucket_take(lent->bucket, &t->ask.limits, who, t->ask.tokens, lent->now_ns);
	t->is_admitted = true;
	q->calls++;
	bucket_hold(lent->bucket, who, q->calls);
	leave(t, true);
	append(&q->pace->answers, t);
}

static void note_end(struct queue *q, const struct lent *lent, const struct ended *x)
{
	struct bucket *b = lent->bucket;

	if (x->end.is_refused)
		bucket_refused(b, &x->limits, &x->share, x->end.asked_ms, lent->now_ns);
	else if (x->end.is_success)
		bucket_succeeded(b, &x->limits, lent->now_ns);
	bucket_learn(b, &x->share, &x->end.told, lent->now_ns);
	if (x->end.tokens >= 0)
		bucket_settle(b, &x->share, x->end.tokens);
	bucket_hold(b, &q->pace->store.who, q->calls);
}

/* False: it cannot be had now. */
static bool lend(struct queue *q, int64_t now_ns, struct lent *out)
{
	const struct pace_store *store = &q->pace->store;
	int64_t there_ns = now_ns;
	struct bucket *b = store->lend(store->self, q->name, &there_ns);

	*out = (struct lent){b, there_ns, there_ns - now_ns};
	return b;
}

static void note_ends(struct queue *q, const struct lent *lent)
{
	while (q->ended) {
		struct ended *x = take_ended(q);
		note_end(q, lent, x);
		free(x);
	}
}

/* Returns when the queue's first may go; INT64_MAX: when something has ended, or it is empty. */
static int64_t serve(struct queue *q, int64_t now_ns)
{
	const struct pace_store *store = &q->pace->store;
	struct pace_ticket *t = head(q);
	int64_t at_ns = INT64_MAX;
	struct lent lent;

	if (!t && !q->ended)
		return at_ns;
	if (!lend(q, now_ns, &lent))
		return now_ns + POLL_NS;
	note_ends(q, &lent);
	for (; t; t = head(q)) {
		struct bucket_verdict verdict = bucket_judge(
			lent.bucket, &t->ask.limits, &store->who, t->ask.tokens, lent.now_ns);
		if (verdict.why != BUCKET_FREE) {
			/* By our own clock. */
			verdict.at_ns -= verdict.at_ns ? lent.ahead_ns : 0;
			t->verdict = verdict;
			at_ns = wait_for(store, &lent, t, &verdict);
			break;
		}
		admit(q, &lent, t);
	}
	store->back(store->self, lent.bucket);
	if (!t || !is_paused_too_long(t, now_ns))
		return at_ns;
	give_up_pause(t, now_ns);
	return now_ns;
}

int64_t pace_run(struct pace *p, int64_t now_ns)
{
	struct pace_ticket *t;
	int64_t at_ns = INT64_MAX;

	for (struct queue *q = p->queues; q; q = q->next) {
		while ((t = late(q, now_ns)))
			expire(t, now_ns);
		at_ns = sooner(at_ns, serve(q, now_ns));
		at_ns = sooner(at_ns, head(q) ? q->deadline_ns : INT64_MAX);
	}
	while ((t = p->answers.first)) {
		unlink_ticket(t);
		t->is_told = true;
		t->ask.answer(t->ask.self, NULL);
	}
	return at_ns;
}

/* ---- ends ---- */

void pace_finish(struct pace_ticket *t, const struct pace_end *end, int64_t now_ns)
{
	if (!t)
		return;
	struct queue *q = t->queue;
	const struct pace_store *store = &q->pace->store;
	struct ended now = {.limits = t->ask.limits, .share = t->share, .end = *end};
	struct lent lent;

	must(t->is_admitted && t->is_told);
	free(t);
	q->calls--;
	if (!lend(q, now_ns, &lent)) {
		struct ended *later = must_alloc(1, sizeof *later);
		now.next = q->ended;
		*later = now;
		q->ended = later;
		return;
	}
	note_ends(q, &lent);
	note_end(q, &lent, &now);
	store->back(store->self, lent.bucket);
}

void pace_cancel(struct pace_ticket *t, int64_t now_ns)
{
	static const struct pace_end unknown = {.tokens = -1, .told = {{-1, -1, -1}, {-1, -1, -1}}};

	if (!t)
		return;
	if (!t->is_admitted) {
		leave(t, false);
		free(t);
		return;
	}
	if (!t->is_told)
		unlink_ticket(t);
	t->is_told = true;
	pace_finish(t, &unknown, now_ns);
}
