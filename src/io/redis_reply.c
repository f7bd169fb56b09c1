// SPDX-License-Identifier: MIT
#include "io/redis_reply.h"

#include <stdlib.h>

#include "base/must.h"
#include "io/hiredis_table.h"

struct redis_reader {
	const struct hiredis_table *hiredis;
	redisReader *reader;
	struct arena arena; /* of the reply that is being read, or was read last */
	bool is_told;
};

const struct redis_value *redis_item(const struct redis_value *array, size_t index)
{
	static const struct redis_value nothing = {.type = REDIS_NIL};

	return array->type == REDIS_ARRAY && index < array->count ? &array->items[index] : &nothing;
}

/* ---- what hiredis calls for every value; NULL makes it give up ---- */

static struct redis_value *place(const redisReadTask *task)
{
	struct redis_reader *r = task->privdata;

	if (task->parent)
		return &((struct redis_value *)task->parent->obj)->items[task->idx];
	return arena_alloc(&r->arena, 1, sizeof(struct redis_value));
}

static void *create_text(const redisReadTask *task, char *p, size_t n)
{
	struct redis_reader *r = task->privdata;
	struct redis_value *v = place(task);

	v->type = task->type == REDIS_REPLY_ERROR    ? REDIS_ERROR
		  : task->type == REDIS_REPLY_STATUS ? REDIS_STATUS
						     : REDIS_TEXT;
	v->text = arena_copy(&r->arena, (struct str){p, n});
	return v;
}

static void *create_array(const redisReadTask *task, int count)
{
	struct redis_reader *r = task->privdata;

	if (count < 0 || count > REDIS_ITEMS_MAX ||
		arena_size_bytes(&r->arena) > 2UL * REDIS_REPLY_MAX_BYTES)
		return NULL;
	struct redis_value *v = place(task);
	v->type = REDIS_ARRAY;
	v->count = (size_t)count;
	v->items = arena_alloc(&r->arena, v->count + 1, sizeof *v->items);
	return v;
}

static void *create_integer(const redisReadTask *task, long long integer)
{
	struct redis_value *v = place(task);

	v->type = REDIS_INTEGER;
	v->integer = integer;
	return v;
}

static void *create_nil(const redisReadTask *task)
{
	struct redis_value *v = place(task);

	v->type = REDIS_NIL;
	return v;
}

static void leave_to_the_arena(void *)
{
}

/* ---- the reader ---- */

static void open_reader(struct redis_reader *r)
{
	static redisReplyObjectFunctions functions = {
		create_text, create_array, create_integer, create_nil, leave_to_the_arena};

	r->reader = r->hiredis->create(&functions);
	must(r->reader);
	r->reader->privdata = r;
}

struct redis_reader *redis_reader_new(struct err *e)
{
	const struct hiredis_table *hiredis = hiredis_table_open(e);

	if (!hiredis)
		return NULL;
	struct redis_reader *r = must_alloc(1, sizeof *r);
	r->hiredis = hiredis;
	open_reader(r);
	return r;
}

void redis_reader_free(struct redis_reader *r)
{
	if (!r)
		return;
	r->hiredis->free(r->reader);
	arena_release(&r->arena);
	free(r);
}

void redis_reader_clear(struct redis_reader *r)
{
	r->hiredis->free(r->reader);
	arena_release(&r->arena);
	r->is_told = false;
	open_reader(r);
}

static bool wrong(const struct redis_reader *r, struct err *e)
{
	return err_set(e, ERR_PARSE, "what answers is no Redis server, or says too much (%s)",
		r->reader->errstr);
}

bool redis_reader_feed(struct redis_reader *r, struct str bytes, struct err *e)
{
	if (r->reader->len - r->reader->pos + bytes.n > REDIS_REPLY_MAX_BYTES)
		return err_set(e, ERR_PARSE, "a reply of Redis is longer than %d MB",
			REDIS_REPLY_MAX_BYTES >> 20);
	return r->hiredis->feed(r->reader, bytes.p, bytes.n) == 0 || wrong(r, e);
}

bool redis_reader_next(struct redis_reader *r, const struct redis_value **out, struct err *e)
{
	void *reply = NULL;

	if (r->is_told)
		arena_clear(&r->arena);
	r->is_told = false;
	if (r->hiredis->get_reply(r->reader, &reply) != 0)
		return wrong(r, e);
	r->is_told = reply;
	*out = reply;
	return true;
}
