// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/must.h"
#include "batch/queue_inside.h"

/* PUT > TOLD > gone. The body is kept for a server that forgets. */
struct item {
	struct item *next;
	struct str id, body;
	char *entry; /* of the result; NULL: none was told */
	bool is_on_its_way;
	char bytes[];
};

struct queue_owner {
	struct queue_link link;
	struct queue_owner_sink sink;
	struct item *items;
	size_t outstanding;
	struct buf last; /* the entry that was read last */
	struct timer *beat;
	bool is_beating; /* an answer is under way */
	void (*ended)(void *self);
	void *ended_self;
};

static void read_on(struct queue_owner *o);

static struct item **find(struct queue_owner *o, struct str id)
{
	struct item **at = &o->items;

	while (*at && !str_eq((*at)->id, id))
		at = &(*at)->next;
	return at;
}

static void remove_item(struct queue_owner *o, struct item **at)
{
	struct item *item = *at;

	*at = item->next;
	queue_forget(&o->link, item);
	free(item->entry);
	free(item);
}

/* ---- putting ---- */

static void was_put(void *self, const struct redis_value *)
{
	struct item *item = self;

	item->is_on_its_way = false;
}

static void put(struct queue_owner *o, struct item *item)
{
	const struct str words[] = {STR("put"), o->link.run, item->id, item->body};

	if (item->is_on_its_way)
		return;
	item->is_on_its_way = true;
	queue_do(&o->link, words, 4, was_put, item);
}

bool queue_put(struct queue_owner *o, struct str id, struct str body, struct err *e)
{
	if (!id.n || id.n > QUEUE_ID_MAX_BYTES || body.n > QUEUE_BODY_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "a task for the queue is larger than %d MB",
			QUEUE_BODY_MAX_BYTES >> 20);
	if (*find(o, id))
		return true;
	struct item *item = must_alloc(1, sizeof *item + id.n + body.n);
	memcpy(item->bytes, id.p, id.n);
	if (body.n)
		memcpy(item->bytes + id.n, body.p, body.n);
	item->id = (struct str){item->bytes, id.n};
	item->body = (struct str){item->bytes + id.n, body.n};
	item->next = o->items;
	o->items = item;
	o->outstanding++;
	put(o, item);
	return true;
}

static void put_all(struct queue_owner *o)
{
	for (struct item *item = o->items; item; item = item->next)
		if (!item->entry)
			put(o, item);
}

/* ---- being there ---- */

static void beat(void *self);

static void seen(void *self, const struct redis_value *value)
{
	struct queue_owner *o = self;

	o->is_beating = false;
	/* Workers have given up what was put, or the server has forgotten it. */
	if (value->integer)
		put_all(o);
}

static void say_seen(struct queue_owner *o)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%lld", (long long)o->link.times.owner_ms);
	const struct str words[] = {STR("seen"), o->link.run, {text, (size_t)n}};

	if (o->is_beating)
		return;
	o->is_beating = true;
	queue_do(&o->link, words, 3, seen, o);
}

static void beat(void *self)
{
	struct queue_owner *o = self;

	say_seen(o);
	o->beat = loop_after(o->link.loop, o->link.times.beat_ms, beat, o);
}

/* ---- results ---- */

static void settle_entry(struct queue_owner *o, struct str entry)
{
	const struct str words[] = {STR("settle"), o->link.run, entry};

	queue_do(&o->link, words, 3, NULL, NULL);
}

static void tell_result(struct queue_owner *o, struct str entry, const struct redis_value *fields)
{
	struct queue_result result = {.id = queue_field(fields, "id"),
		.body = queue_field(fields, "body"),
		.worker = queue_field(fields, "by"),
		.is_lost = str_is(queue_field(fields, "state"), "lost")};
	struct item *item = *find(o, result.id);

	if (!item) {
		settle_entry(o, entry);
		return;
	}
	/* Told, and not stored yet: it comes again after the connection broke. */
	if (item->entry)
		return;
	item->entry = must_copy(entry.p, entry.n);
	o->outstanding--;
	o->sink.result(o->sink.self, &result);
}

static void read_again(void *self)
{
	struct queue_owner *o = self;

	o->link.read_again = NULL;
	read_on(o);
}

static void was_read(void *self, const struct redis_value *value, const struct err *e)
{
	struct queue_owner *o = self;

	if (e) {
		/* What comes next may be another server, whose entries have other numbers. */
		buf_clear(&o->last);
		queue_tell(&o->link, e);
		if (e->code == ERR_NETWORK || e->code == ERR_TIMEOUT)
			read_on(o);
		else
			o->link.read_again =
				loop_after(o->link.loop, QUEUE_AGAIN_MS, read_again, o);
		/* It may have forgotten everything; nobody would miss what was put. */
		put_all(o);
		return;
	}
	const struct redis_value *entries = redis_item(redis_item(value, 0), 1);
	const struct redis_value *entry = redis_item(entries, 0);
	struct str id = redis_item(entry, 0)->text;
	if (id.n) {
		buf_clear(&o->last);
		buf_put_str(&o->last, id);
	}
	read_on(o);
	if (id.n)
		tell_result(o, id, redis_item(entry, 1));
}

/* One at a time: several large ones would be more than a reply may be. */
static void read_on(struct queue_owner *o)
{
	AUTO(arena) arena = {0};
	struct str stream = arena_printf(
		&arena, "%.*s:run:%.*s:results", STR_ARG(o->link.name), STR_ARG(o->link.run));
	const struct str words[] = {STR("XREAD"), STR("COUNT"), STR("1"), STR("BLOCK"),
		arena_printf(&arena, "%d", QUEUE_BLOCK_MS), STR("STREAMS"), stream,
		o->last.n ? buf_str(&o->last) : STR("0")};

	queue_read(&o->link, words, 8, was_read, o);
}

void queue_settle(struct queue_owner *o, struct str id)
{
	struct item **at = find(o, id);

	must(*at && (*at)->entry);
	settle_entry(o, str_from((*at)->entry));
	remove_item(o, at);
}

void queue_drop(struct queue_owner *o, struct str id)
{
	struct item **at = find(o, id);

	if (!*at)
		return;
	if ((*at)->entry) {
		queue_settle(o, id);
		return;
	}
	const struct str words[] = {STR("drop"), o->link.run, id};
	queue_do(&o->link, words, 3, NULL, NULL);
	o->outstanding--;
	remove_item(o, at);
}

/* ---- life ---- */

static void is_ended(void *self, const struct redis_value *)
{
	struct queue_owner *o = self;

	o->ended(o->ended_self);
}

void queue_end(struct queue_owner *o, void (*ended)(void *self), void *self)
{
	const struct str words[] = {STR("end"), o->link.run};

	while (o->items)
		queue_drop(o, o->items->id);
	timer_cancel(o->beat);
	o->beat = NULL;
	queue_forget(&o->link, o);
	redis_forget(o->link.reader, o);
	o->ended = ended;
	o->ended_self = self;
	queue_do(&o->link, words, 2, is_ended, o);
}

size_t queue_outstanding(const struct queue_owner *o)
{
	return o->outstanding;
}

struct queue_owner *queue_owner_new(struct loop *loop, const struct queue_place *place,
	struct str run, const struct queue_owner_sink *sink, struct err *e)
{
	struct queue_owner *o = must_alloc(1, sizeof *o);

	o->sink = *sink;
	o->link.told = sink->told;
	o->link.told_self = sink->self;
	if (!queue_is_name(run))
		err_set(e, ERR_USAGE,
			"the name of a run has up to 64 letters, digits, '-', '_', '.'");
	else if (queue_link_open(&o->link, loop, place, e)) {
		o->link.run = arena_copy(&o->link.arena, run);
		beat(o);
		read_on(o);
		return o;
	}
	queue_owner_free(o);
	return NULL;
}

void queue_owner_free(struct queue_owner *o)
{
	if (!o)
		return;
	timer_cancel(o->beat);
	while (o->items)
		remove_item(o, &o->items);
	queue_link_close(&o->link);
	buf_release(&o->last);
	free(o);
}
