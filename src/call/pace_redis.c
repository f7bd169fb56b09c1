// SPDX-License-Identifier: MIT
/*
 * A place is one bucket:
 *   IDLE --lend--> ASKED --reply--> HERE --lend--> LENT --back--> IDLE, given back
 *                    +--another has it: after a while once more
 * A lease that was lost, or a bucket of our own while the server was away: what it has counted is
 * carried into the bucket that comes next.
 */
#include "call/pace_redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/must.h"
#include "base/sha256.h"

enum {
	ANSWER_MS = 5'000, /* then the server counts as gone; a lease is twice as long */
	AGAIN_MS = 4, /* others have a bucket for about two round trips */
	BEAT_MS = 5'000, /* a quarter of what the script waits */
	LOOK_MS = 1'000, /* how often a server that is away is looked for */
	PLACES_MAX = 256,
};
#define NS_PER_MS 1'000'000LL
/* Changes with struct bucket, and differs where numbers have another order of bytes. */
#define MAGIC 0x31656361702d6672ULL

extern const char embed_pace_lua[];

struct packet {
	uint64_t magic, sum; /* of the bucket */
	struct bucket bucket;
};

_Static_assert(sizeof(struct packet) == 16 + sizeof(struct bucket), "no gaps");

struct place {
	struct place *next;
	struct pace_redis *owner;
	struct str name;
	char key[16 + SHA256_TEXT];
	enum { IDLE, ASKED, HERE, LENT } state;
	int64_t asked_ns;
	uint64_t lease;
	struct timer *again; /* another has it */
	struct bucket before,
		bucket; /* as it came or was when the server went; what became of it */
	struct bucket given_before, given; /* on its way back */
	struct bucket debt; /* only what was counted */
	bool owes;
	uint32_t calls; /* ours that are under way */
};

struct pace_redis {
	struct loop *loop;
	struct arena arena;
	struct redis_url url;
	struct redis *redis;
	struct redis_script script;
	struct pace_redis_sink sink;
	struct holder who;
	char who_text[32];
	struct place *places;
	size_t place_count;
	struct pace_home *home; /* of more names than places */
	int64_t ahead_ns; /* the server's clock to ours */
	struct timer *beat, *look;
	bool is_away;
	struct err trouble;
};

/* ---- words ---- */

static void put_holder(char out[32], const struct holder *h)
{
	snprintf(out, 32, "%x-%llx", (unsigned)h->pid, (unsigned long long)h->started);
}

typedef void answer_fn(void *self, const struct redis_value *value, const struct err *e);

static void send(struct pace_redis *p, struct place *place, const char *want, struct str bytes,
	answer_fn *answer, void *self)
{
	char lease[24];
	int n = snprintf(lease, sizeof lease, "%llx", place ? (unsigned long long)place->lease : 0);
	const struct str words[] = {place ? str_from(place->key) : STR("fettle:pace"),
		str_from(want), str_from(p->who_text), {lease, (size_t)n}, bytes};

	redis_send(p->redis, &(struct redis_ask){.script = &p->script,
				     .words = words,
				     .word_count = 5,
				     .timeout_ms = ANSWER_MS,
				     .answer = answer,
				     .self = self});
}

/* ---- away, and back ---- */

static void look(void *self);

static bool is_same(const struct holder *a, const struct holder *b)
{
	return a->pid == b->pid && a->started == b->started;
}

/* Without the others. */
static void own_bucket(struct bucket *b, const struct holder *who)
{
	for (int i = 0; i < BUCKET_HOLDERS; i++)
		if (!is_same(&b->holders[i], who))
			b->holders[i] = (struct holder){0};
	b->claimed_until_ns = 0;
}

static void own_place(struct pace_redis *p, struct place *place)
{
	timer_cancel(place->again);
	place->again = NULL;
	place->state = IDLE;
	own_bucket(&place->bucket, &p->who);
	place->before = place->bucket;
}

static void go_away(struct pace_redis *p, const struct err *e)
{
	if (p->is_away)
		return;
	p->is_away = true;
	p->trouble = *e;
	log_debug("limits are not shared: %s", e->text);
	for (struct place *place = p->places; place; place = place->next)
		own_place(p, place);
	p->look = loop_after(p->loop, LOOK_MS, look, p);
	if (p->sink.told)
		p->sink.told(p->sink.self, e);
	p->sink.wake(p->sink.self);
}

static void owe(struct place *place, const struct bucket *before, const struct bucket *after,
	int64_t now_ns)
{
	bucket_carry(&place->debt, before, after, now_ns);
	place->owes = true;
}

static int64_t there(const struct pace_redis *p)
{
	return clock_ns() + p->ahead_ns;
}

static void set_clock(struct pace_redis *p, const struct redis_value *reply)
{
	int64_t s, us;

	/* The script gives what TIME gave it: numbers as texts. */
	if (str_int(redis_item(reply, 1)->text, &s) && str_int(redis_item(reply, 2)->text, &us) &&
		s >= 0 && s < INT64_MAX / NS_PER_S - 1 && us >= 0 && us < 1'000'000)
		p->ahead_ns = s * NS_PER_S + us * 1'000 - clock_ns();
}

static void looked(void *self, const struct redis_value *value, const struct err *e)
{
	struct pace_redis *p = self;

	if (e) {
		p->trouble = *e;
		p->look = loop_after(p->loop, LOOK_MS, look, p);
		return;
	}
	for (struct place *place = p->places; place; place = place->next)
		owe(place, &place->before, &place->bucket, there(p));
	set_clock(p, value);
	p->is_away = false;
	log_debug("limits are shared again");
	if (p->sink.told)
		p->sink.told(p->sink.self, NULL);
	p->sink.wake(p->sink.self);
}

static void look(void *self)
{
	struct pace_redis *p = self;

	p->look = NULL;
	send(p, NULL, "look", STR(""), looked, p);
}

/* ---- lending ---- */

static void given(void *self, const struct redis_value *value, const struct err *e)
{
	struct place *place = self;
	struct pace_redis *p = place->owner;

	if (!e && redis_item(value, 0)->integer == 1)
		return;
	/* Where it is not known whether it came, it counts twice rather than not. */
	owe(place, &place->given_before, &place->given, there(p));
	if (e)
		go_away(p, e);
}

static void give_back(struct place *place, bool is_changed)
{
	struct packet packet = {.magic = MAGIC};
	struct str bytes = STR("");

	place->state = IDLE;
	place->given_before = place->before;
	place->given = place->bucket;
	if (is_changed) {
		packet.bucket = place->bucket;
		bytes = (struct str){(const char *)&packet.bucket, sizeof packet.bucket};
		packet.sum = hash_bytes(bytes);
		bytes = (struct str){(const char *)&packet, sizeof packet};
	} else {
		place->given = place->before;
	}
	send(place->owner, place, "give", bytes, given, place);
}

static bool is_alive(const struct redis_value *reply, const char *who)
{
	for (size_t i = 4; i < reply->count; i++)
		if (str_is(redis_item(reply, i)->text, who))
			return true;
	return false;
}

static void read_bucket(struct place *place, const struct redis_value *reply)
{
	struct str bytes = redis_item(reply, 3)->text;
	struct bucket *b = &place->bucket;
	int64_t now_ns = there(place->owner);
	struct packet packet;
	char who[32];

	/* A server that has forgotten everything: what we know is better than nothing. */
	if (!bytes.n) {
		own_bucket(b, &place->owner->who);
		place->owes = false;
		place->debt = (struct bucket){0};
		return;
	}
	*b = (struct bucket){0};
	if (bytes.n == sizeof packet) {
		memcpy(&packet, bytes.p, sizeof packet);
		struct str counted = {(const char *)&packet.bucket, sizeof packet.bucket};
		if (packet.magic == MAGIC && packet.sum == hash_bytes(counted) &&
			bucket_is_sane(&packet.bucket, now_ns))
			*b = packet.bucket;
	}
	for (int i = 0; i < BUCKET_HOLDERS; i++) {
		struct holder h = b->holders[i];
		put_holder(who, &h);
		if (h.pid && !is_alive(reply, who))
			bucket_forget(b, &h);
	}
}

static void ask_for(void *self);

static void asked(void *self, const struct redis_value *value, const struct err *e)
{
	struct place *place = self;
	struct pace_redis *p = place->owner;
	static const struct bucket nothing;

	if (e) {
		go_away(p, e);
		return;
	}
	if (place->state != ASKED)
		return;
	if (redis_item(value, 0)->integer != 1) {
		place->again = loop_after(
			p->loop, AGAIN_MS + arc4random_uniform(AGAIN_MS), ask_for, place);
		return;
	}
	set_clock(p, value);
	read_bucket(place, value);
	place->before = place->bucket;
	place->state = HERE;
	if (place->owes)
		bucket_carry(&place->bucket, &nothing, &place->debt, there(p));
	/* The lease is counted from before the answer was on its way. */
	if (clock_ns() - place->asked_ns < ANSWER_MS * NS_PER_MS)
		p->sink.wake(p->sink.self);
	/* Nobody wants it any more. */
	if (place->state == HERE)
		give_back(place, false);
}

static void ask_for(void *self)
{
	struct place *place = self;

	place->again = NULL;
	place->state = ASKED;
	place->asked_ns = clock_ns();
	place->lease++;
	send(place->owner, place, "take", STR(""), asked, place);
}

static struct place *place_of(struct pace_redis *p, struct str name)
{
	struct place *place = p->places;
	struct sha256 key = sha256_of(name);

	while (place && !str_eq(place->name, name))
		place = place->next;
	if (place || p->place_count == PLACES_MAX)
		return place;
	place = must_alloc(1, sizeof *place);
	place->owner = p;
	place->name = arena_copy(&p->arena, name);
	memcpy(place->key, "fettle:pace:", 12);
	sha256_text(&key, place->key + 12);
	place->next = p->places;
	p->places = place;
	p->place_count++;
	return place;
}

static struct bucket *lend(void *self, struct str name, int64_t *now_ns)
{
	struct pace_redis *p = self;
	struct place *place = place_of(p, name);

	*now_ns += p->ahead_ns;
	if (!place)
		return pace_home_lend(p->home, name);
	if (p->is_away)
		return &place->bucket;
	if (place->state == IDLE)
		ask_for(place);
	if (place->state != HERE)
		return NULL;
	place->state = LENT;
	place->owes = false;
	place->debt = (struct bucket){0};
	return &place->bucket;
}

static uint32_t calls_of(const struct pace_redis *p, const struct bucket *b)
{
	for (int i = 0; i < BUCKET_HOLDERS; i++)
		if (is_same(&b->holders[i], &p->who))
			return b->holders[i].calls;
	return 0;
}

static void back(void *self, struct bucket *b)
{
	struct pace_redis *p = self;

	for (struct place *place = p->places; place; place = place->next) {
		if (&place->bucket != b)
			continue;
		place->calls = calls_of(p, b);
		if (place->state == LENT)
			give_back(place, true);
	}
}

/* ---- life ---- */

static void beat(void *self)
{
	struct pace_redis *p = self;

	for (struct place *place = p->places; place && !p->is_away; place = place->next)
		if (place->calls)
			send(p, place, "beat", STR(""), NULL, NULL);
	p->beat = loop_after(p->loop, BEAT_MS, beat, p);
}

struct pace_redis *pace_redis_new(
	struct loop *loop, struct str url, const struct pace_redis_sink *sink, struct err *e)
{
	struct pace_redis *p = must_alloc(1, sizeof *p);

	*p = (struct pace_redis){.loop = loop, .sink = *sink};
	if (redis_url_read(url, &p->arena, &p->url, e))
		p->redis = redis_new(loop, &p->url, e);
	if (!p->redis) {
		arena_release(&p->arena);
		free(p);
		return NULL;
	}
	p->script = redis_script_of(embed_pace_lua);
	p->home = pace_home_new();
	p->who.pid = 1 + (int32_t)arc4random_uniform(INT32_MAX - 1);
	arc4random_buf(&p->who.started, sizeof p->who.started);
	put_holder(p->who_text, &p->who);
	p->ahead_ns = clock_wall_ms() * NS_PER_MS - clock_ns();
	p->beat = loop_after(loop, BEAT_MS, beat, p);
	return p;
}

void pace_redis_free(struct pace_redis *p)
{
	struct place *next;

	if (!p)
		return;
	for (struct place *place = p->places; place && !p->is_away; place = place->next)
		send(p, place, "leave", STR(""), NULL, NULL);
	redis_free(p->redis);
	timer_cancel(p->beat);
	timer_cancel(p->look);
	for (struct place *place = p->places; place; place = next) {
		next = place->next;
		timer_cancel(place->again);
		free(place);
	}
	pace_home_free(p->home);
	arena_release(&p->arena);
	free(p);
}

struct pace_store pace_redis_store(struct pace_redis *p)
{
	return (struct pace_store){
		.lend = lend, .back = back, .self = p, .who = p->who, .is_shared = true};
}

const char *pace_redis_trouble(const struct pace_redis *p)
{
	return p->is_away ? p->trouble.text : NULL;
}
