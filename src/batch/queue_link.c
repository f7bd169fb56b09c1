// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"
#include "batch/queue_inside.h"
#include "io/hiredis_table.h"

extern const char embed_queue_lua[];

const struct queue_times queue_times_usual = {
	.beat_ms = 5'000, .dead_ms = 30'000, .owner_ms = 60'000, .deliveries_max = 3};

enum { WORDS_MAX = 12 };

/* One thing to be done, kept until it is. */
struct queue_op {
	struct queue_op *next, *previous;
	struct queue_link *link;
	struct timer *again;
	queue_answer_fn *answer;
	void *self;
	size_t count;
	struct str words[WORDS_MAX];
	char bytes[];
};

bool queue_is_name(struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    (c && strchr("-_.", c))))
			return false;
	}
	return text.n && text.n <= 64;
}

static struct str name_of(const struct queue_place *place)
{
	return place->name.p ? place->name : STR("default");
}

static bool read_place(
	const struct queue_place *place, struct arena *a, struct redis_url *url, struct err *e)
{
	if (!queue_is_name(name_of(place)))
		return err_set(e, ERR_USAGE,
			"the name of a queue has up to 64 letters, digits, '-', '_' and '.'");
	if (!redis_url_read(place->url, a, url, e))
		return false;
	if (!url->password.n && place->password.n)
		url->password = arena_copy(a, place->password);
	return true;
}

bool queue_place_check(const struct queue_place *place, struct err *e)
{
	AUTO(arena) arena = {0};
	struct redis_url url;

	return read_place(place, &arena, &url, e) && hiredis_table_open(e);
}

void queue_place_put(struct buf *out, const struct queue_place *place)
{
	AUTO(arena) arena = {0};
	struct redis_url url;
	struct err e;

	if (read_place(place, &arena, &url, &e))
		redis_url_put(out, &url);
	buf_printf(out, " (queue %.*s)", STR_ARG(name_of(place)));
}

bool queue_link_open(
	struct queue_link *l, struct loop *loop, const struct queue_place *place, struct err *e)
{
	struct str name = name_of(place);

	l->loop = loop;
	l->times = place->times;
	if (!read_place(place, &l->arena, &l->url, e))
		return false;
	/* Braces: a cluster keeps all of a queue on one machine. */
	l->name = arena_printf(&l->arena, "fettle:queue:{%.*s}", STR_ARG(name));
	l->script = redis_script_of(embed_queue_lua);
	l->redis = redis_new(loop, &l->url, e);
	l->reader = l->redis ? redis_new(loop, &l->url, e) : NULL;
	return l->reader;
}

static void free_op(struct queue_op *op)
{
	struct queue_link *l = op->link;

	timer_cancel(op->again);
	*(op->previous ? &op->previous->next : &l->ops) = op->next;
	if (op->next)
		op->next->previous = op->previous;
	free(op);
}

void queue_link_close(struct queue_link *l)
{
	redis_free(l->reader);
	redis_free(l->redis);
	timer_cancel(l->read_again);
	while (l->ops)
		free_op(l->ops);
	arena_release(&l->arena);
}

void queue_tell(struct queue_link *l, const struct err *e)
{
	if (l->is_away == (e != NULL))
		return;
	l->is_away = e;
	l->back_ns = clock_ns();
	if (l->told)
		l->told(l->told_self, e);
}

static void send_op(void *self);

static void answered(void *self, const struct redis_value *value, const struct err *e)
{
	struct queue_op *op = self;
	struct queue_link *l = op->link;

	if (!e) {
		queue_answer_fn *answer = op->answer;
		void *to = op->self;
		free_op(op);
		queue_tell(l, NULL);
		if (answer)
			answer(to, value);
		return;
	}
	/* A connection that cannot be made waits by itself; what refuses would do so at once. */
	if (e->code == ERR_NETWORK || e->code == ERR_TIMEOUT)
		send_op(op);
	else
		op->again = loop_after(l->loop, QUEUE_AGAIN_MS, send_op, op);
	queue_tell(l, e);
}

static void send_op(void *self)
{
	struct queue_op *op = self;

	op->again = NULL;
	redis_send(op->link->redis, &(struct redis_ask){.script = &op->link->script,
					    .words = op->words,
					    .word_count = op->count,
					    .timeout_ms = QUEUE_ANSWER_MS,
					    .answer = answered,
					    .self = op});
}

void queue_do(struct queue_link *l, const struct str *words, size_t count, queue_answer_fn *answer,
	void *self)
{
	size_t size = 0, at = 0;

	must(count < WORDS_MAX);
	for (size_t i = 0; i < count; i++)
		size += words[i].n;
	struct queue_op *op = must_alloc(1, sizeof *op + size);
	*op = (struct queue_op){
		.link = l, .answer = answer, .self = self, .count = count + 1, .next = l->ops};
	op->words[0] = l->name;
	for (size_t i = 0; i < count; i++) {
		op->words[i + 1] = (struct str){op->bytes + at, words[i].n};
		if (words[i].n)
			memcpy(op->bytes + at, words[i].p, words[i].n);
		at += words[i].n;
	}
	if (l->ops)
		l->ops->previous = op;
	l->ops = op;
	send_op(op);
}

void queue_forget(struct queue_link *l, const void *self)
{
	for (struct queue_op *op = l->ops; op; op = op->next)
		if (op->self == self)
			op->answer = NULL;
}

void queue_read(struct queue_link *l, const struct str *words, size_t count,
	void (*answer)(void *self, const struct redis_value *value, const struct err *e),
	void *self)
{
	redis_send(l->reader, &(struct redis_ask){.words = words,
				      .word_count = count,
				      .timeout_ms = QUEUE_BLOCK_MS + QUEUE_ANSWER_MS,
				      .answer = answer,
				      .self = self});
}

struct str queue_field(const struct redis_value *fields, const char *name)
{
	for (size_t i = 0; fields->type == REDIS_ARRAY && i + 1 < fields->count; i += 2)
		if (str_is(fields->items[i].text, name))
			return fields->items[i + 1].text;
	return (struct str){0};
}
