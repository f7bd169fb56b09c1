// SPDX-License-Identifier: MIT
#include "usage/chunk.h"

#include <string.h>

#include "base/hash.h"

enum item_bit {
	ITEM_KEY = 1 << 0,
	ITEM_REPLACING = 1 << 1,
	ITEM_COST = 1 << 2,
	ITEM_TOOLS = 1 << 3,
	ITEM_RARE = 1 << 4, /* other, reasoning, web searches */
	ITEM_WRITES = 1 << 5,
	ITEM_OWN = 1 << 6, /* what the assistant itself counts: credits, messages */
};

/* ---- making ---- */

void chunk_maker_release(struct chunk_maker *maker)
{
	names_release(&maker->names);
	vec_release(&maker->contexts);
	vec_release(&maker->items);
	vec_release(&maker->tools);
	free(maker->slots);
	*maker = (struct chunk_maker){0};
}

void chunk_maker_begin(struct chunk_maker *maker, struct str source)
{
	maker->seed = hash_bytes(source);
	chunk_maker_forget(maker);
}

void chunk_maker_forget(struct chunk_maker *maker)
{
	names_clear(&maker->names);
	maker->contexts.n = maker->items.n = maker->tools.n = 0;
	maker->copies = 0;
	maker->last = 0;
	if (maker->slots)
		memset(maker->slots, 0, maker->slot_count * sizeof *maker->slots);
}

static uint64_t key_of(const struct chunk_maker *maker, struct str id)
{
	if (id.n == 0)
		return 0;
	uint64_t key = hash_bytes(id) ^ maker->seed;
	return key ? key : 1;
}

static uint32_t *slot_of(struct chunk_maker *maker, uint64_t key)
{
	size_t mask = maker->slot_count - 1, at = key & mask;

	while (maker->slots[at] && maker->items.p[maker->slots[at] - 1].key != key)
		at = (at + 1) & mask;
	return &maker->slots[at];
}

static void grow_slots(struct chunk_maker *maker)
{
	if (maker->slot_count > maker->items.n * 2)
		return;
	maker->slot_count = maker->slot_count ? maker->slot_count * 2 : 256;
	free(maker->slots);
	maker->slots = must_alloc(maker->slot_count, sizeof *maker->slots);
	for (size_t i = 0; i < maker->items.n; i++)
		if (maker->items.p[i].key)
			*slot_of(maker, maker->items.p[i].key) = (uint32_t)i + 1;
}

/* Whether the record has what the context has: most records have what the one before has. */
static bool has_context(const struct chunk_maker *maker, const struct chunk_context *c,
	const struct usage_record *r)
{
	const struct str *names = maker->names.all.p;

	return c->flags == r->flags && str_eq(names[c->session], r->session) &&
	       str_eq(names[c->model], r->model) && str_eq(names[c->branch], r->branch) &&
	       str_eq(names[c->project], r->project) && str_eq(names[c->agent], r->agent) &&
	       str_eq(names[c->provider], r->provider);
}

/* The last ones are looked at first: contexts come again soon or never. */
static uint32_t add_context(struct chunk_maker *maker, const struct chunk_context *context)
{
	for (size_t i = maker->contexts.n; i > 0; i--)
		if (memcmp(&maker->contexts.p[i - 1], context, sizeof *context) == 0)
			return (uint32_t)i - 1;
	vec_push(&maker->contexts, *context);
	return (uint32_t)maker->contexts.n - 1;
}

static uint32_t context_of(struct chunk_maker *maker, const struct usage_record *r)
{
	if (maker->contexts.n > 0 && has_context(maker, &maker->contexts.p[maker->last], r))
		return maker->last;
	struct names *names = &maker->names;
	struct chunk_context context = {
		.session = names_add(names, r->session),
		.project = names_add(names, r->project),
		.branch = names_add(names, r->branch),
		.agent = names_add(names, r->agent),
		.model = names_add(names, r->model),
		.provider = names_add(names, r->provider),
		.flags = r->flags,
	};

	maker->last = add_context(maker, &context);
	return maker->last;
}

/* Of two records of one answer in a file: how much it was from the larger one, whose and when from
   the earlier one. */
static void join(struct chunk_maker *maker, struct chunk_item *into, const struct chunk_item *later)
{
	int64_t had = usage_tokens_total(&into->tokens), has = usage_tokens_total(&later->tokens);
	bool is_larger = later->is_replacing || has > had ||
			 (has == had && into->cost_reported_nanousd < later->cost_reported_nanousd);
	bool is_earlier = later->time_ms < into->time_ms;

	if (is_larger) {
		into->tokens = later->tokens;
		into->cost_reported_nanousd = later->cost_reported_nanousd;
	}
	into->is_replacing |= later->is_replacing;
	if (is_earlier)
		into->time_ms = later->time_ms;
	if (into->context == later->context || is_larger + is_earlier == 0)
		return;
	const struct chunk_context *whose =
		&maker->contexts.p[is_earlier ? later->context : into->context];
	const struct chunk_context *what =
		&maker->contexts.p[is_larger ? later->context : into->context];
	struct chunk_context context = *whose;
	context.model = what->model;
	context.provider = what->provider;
	context.flags = (whose->flags & ~USAGE_AMOUNT_FLAGS) | (what->flags & USAGE_AMOUNT_FLAGS);
	into->context = add_context(maker, &context);
}

/* The blocks of an answer come one after the other, so that its tools mostly stay together. Those
   of a block are behind those before it, however far away that was read. */
static void join_tools(struct chunk_maker *maker, struct chunk_item *into, size_t first)
{
	size_t more = maker->tools.n - first, had = into->tool_count;

	if (more > CHUNK_TOOLS_MAX - had) {
		more = CHUNK_TOOLS_MAX - had;
		maker->tools.n = first + more;
	}
	if (more == 0)
		return;
	if (had == 0)
		into->tool_first = (uint32_t)first;
	else if (into->tool_first + had != first) {
		for (size_t i = 0; i < had + more; i++) {
			uint32_t tool =
				maker->tools.p[i < had ? into->tool_first + i : first + i - had];
			vec_push(&maker->tools, tool);
		}
		into->tool_first = (uint32_t)(first + more);
	}
	into->tool_count += (uint32_t)more;
}

void chunk_maker_add(struct chunk_maker *maker, const struct usage_record *r)
{
	size_t first = maker->tools.n;
	struct chunk_item item = {
		.key = key_of(maker, r->id),
		.time_ms = r->time_ms,
		.context = context_of(maker, r),
		.is_replacing = r->is_replacing,
		.tokens = r->tokens,
		.cost_reported_nanousd = r->cost_reported_nanousd,
	};

	for (size_t i = 0; i < r->tool_count && i < CHUNK_TOOLS_MAX; i++)
		vec_push(&maker->tools, names_add(&maker->names, r->tools[i]));
	grow_slots(maker);
	uint32_t *slot = item.key ? slot_of(maker, item.key) : NULL;
	if (slot && *slot) {
		struct chunk_item *into = &maker->items.p[*slot - 1];
		join(maker, into, &item);
		join_tools(maker, into, first);
		maker->copies++;
		return;
	}
	item.tool_first = (uint32_t)first;
	item.tool_count = (uint32_t)(maker->tools.n - first);
	vec_push(&maker->items, item);
	if (slot)
		*slot = (uint32_t)maker->items.n;
}

static unsigned bits_of(const struct chunk_item *item)
{
	const struct usage_tokens *t = &item->tokens;

	return (item->key ? ITEM_KEY : 0) | (item->is_replacing ? ITEM_REPLACING : 0) |
	       (item->cost_reported_nanousd >= 0 ? ITEM_COST : 0) |
	       (item->tool_count ? ITEM_TOOLS : 0) |
	       (t->other || t->reasoning || t->web_searches ? ITEM_RARE : 0) |
	       (t->cache_write_1h || t->cache_write_5m ? ITEM_WRITES : 0) |
	       (t->nanocredits || t->messages ? ITEM_OWN : 0);
}

static void put_item(const struct chunk_maker *maker, const struct chunk_item *item,
	int64_t *time_ms, struct buf *out)
{
	const struct usage_tokens *t = &item->tokens;
	unsigned bits = bits_of(item);

	pack_number(out, bits);
	pack_number(out, item->context);
	pack_signed(out, (int64_t)((uint64_t)item->time_ms - (uint64_t)*time_ms));
	*time_ms = item->time_ms;
	if (bits & ITEM_KEY)
		pack_fixed(out, item->key);
	pack_number(out, (uint64_t)t->input);
	pack_number(out, (uint64_t)t->output);
	pack_number(out, (uint64_t)t->cache_read);
	if (bits & ITEM_WRITES) {
		pack_number(out, (uint64_t)t->cache_write_5m);
		pack_number(out, (uint64_t)t->cache_write_1h);
	}
	if (bits & ITEM_RARE) {
		pack_number(out, (uint64_t)t->other);
		pack_number(out, (uint64_t)t->reasoning);
		pack_number(out, (uint64_t)t->web_searches);
	}
	if (bits & ITEM_OWN) {
		pack_number(out, (uint64_t)t->nanocredits);
		pack_number(out, (uint64_t)t->messages);
	}
	if (bits & ITEM_COST)
		pack_number(out, (uint64_t)item->cost_reported_nanousd);
	if (bits & ITEM_TOOLS) {
		pack_number(out, item->tool_count);
		for (size_t i = 0; i < item->tool_count; i++)
			pack_number(out, maker->tools.p[item->tool_first + i]);
	}
}

static void put_context(const struct chunk_context *c, struct buf *out)
{
	pack_number(out, c->session);
	pack_number(out, c->project);
	pack_number(out, c->branch);
	pack_number(out, c->agent);
	pack_number(out, c->model);
	pack_number(out, c->provider);
	pack_number(out, c->flags);
}

void chunk_maker_put(const struct chunk_maker *maker, size_t from, size_t to, struct buf *out,
	int64_t *first_ms, int64_t *last_ms)
{
	AUTO(buf) bytes = {0};
	int64_t time_ms = 0;

	pack_number(&bytes, maker->names.all.n);
	names_put(&maker->names, 0, &bytes);
	pack_number(&bytes, maker->contexts.n);
	for (size_t i = 0; i < maker->contexts.n; i++)
		put_context(&maker->contexts.p[i], &bytes);
	pack_number(&bytes, to - from);
	*first_ms = INT64_MAX;
	*last_ms = INT64_MIN;
	for (size_t i = from; i < to; i++) {
		int64_t ms = maker->items.p[i].time_ms;
		*first_ms = ms < *first_ms ? ms : *first_ms;
		*last_ms = ms > *last_ms ? ms : *last_ms;
		put_item(maker, &maker->items.p[i], &time_ms, &bytes);
	}
	pack_fixed(&bytes, hash_bytes(buf_str(&bytes)));
	must(!bytes.overflow);
	pack_text(out, buf_str(&bytes));
}

/* ---- taking ---- */

void chunk_release(struct chunk *chunk)
{
	vec_release(&chunk->contexts);
	vec_release(&chunk->items);
	vec_release(&chunk->tools);
}

/* A count from bytes that may be damaged. */
static inline int64_t take_count(struct unpack *u)
{
	uint64_t count = unpack_number(u);

	u->is_bad |= count > INT64_MAX;
	return u->is_bad ? 0 : (int64_t)count;
}

struct local_names {
	uint32_t *common;
	size_t n;
	size_t contexts; /* the first of this chunk */
};

static uint32_t take_name(struct unpack *u, const struct local_names *local)
{
	uint64_t number = unpack_number(u);

	u->is_bad |= number >= local->n;
	return u->is_bad ? 0 : local->common[number];
}

static void take_tools(struct chunk *chunk, struct chunk_item *item, struct unpack *u,
	const struct local_names *local)
{
	item->tool_first = (uint32_t)chunk->tools.n;
	item->tool_count = (uint32_t)unpack_count(u);
	for (size_t i = 0; i < item->tool_count; i++)
		vec_push(&chunk->tools, take_name(u, local));
}

static void take_item(
	struct chunk *chunk, struct unpack *u, int64_t *time_ms, const struct local_names *local)
{
	vec_push(&chunk->items, (struct chunk_item){.cost_reported_nanousd = -1});
	struct chunk_item *item = &chunk->items.p[chunk->items.n - 1];
	struct usage_tokens *t = &item->tokens;
	uint64_t bits = unpack_number(u), context = local->contexts + unpack_number(u);

	u->is_bad |= context < local->contexts || context >= chunk->contexts.n;
	item->context = (uint32_t)context;
	*time_ms = (int64_t)((uint64_t)*time_ms + (uint64_t)unpack_signed(u));
	item->time_ms = *time_ms;
	item->is_replacing = bits & ITEM_REPLACING;
	if (bits & ITEM_KEY)
		item->key = unpack_fixed(u);
	t->input = take_count(u);
	t->output = take_count(u);
	t->cache_read = take_count(u);
	if (bits & ITEM_WRITES) {
		t->cache_write_5m = take_count(u);
		t->cache_write_1h = take_count(u);
	}
	if (bits & ITEM_RARE) {
		t->other = take_count(u);
		t->reasoning = take_count(u);
		t->web_searches = take_count(u);
	}
	if (bits & ITEM_OWN) {
		t->nanocredits = take_count(u);
		t->messages = take_count(u);
	}
	if (bits & ITEM_COST)
		item->cost_reported_nanousd = take_count(u);
	if (bits & ITEM_TOOLS)
		take_tools(chunk, item, u, local);
}

static struct chunk_context take_context(struct unpack *u, const struct local_names *local)
{
	struct chunk_context context;

	context.session = take_name(u, local);
	context.project = take_name(u, local);
	context.branch = take_name(u, local);
	context.agent = take_name(u, local);
	context.model = take_name(u, local);
	context.provider = take_name(u, local);
	context.flags = (uint32_t)unpack_number(u);
	return context;
}

static void take_names(struct unpack *u, struct names *names, struct local_names *local)
{
	local->n = unpack_count(u);
	local->common = must_alloc(local->n + 1, sizeof *local->common);
	for (size_t i = 0; i < local->n; i++)
		local->common[i] = names_add(names, unpack_text(u));
}

void chunk_clear(struct chunk *chunk)
{
	chunk->contexts.n = chunk->items.n = chunk->tools.n = 0;
}

/* What SQLite does not notice: that a byte of a row changed. */
static bool take_hash(struct str *bytes)
{
	uint64_t hash;

	if (bytes->n < sizeof hash)
		return false;
	bytes->n -= sizeof hash;
	memcpy(&hash, bytes->p + bytes->n, sizeof hash);
	return hash == hash_bytes(*bytes);
}

static bool take_one(struct chunk *chunk, struct str bytes, struct names *names)
{
	struct local_names local = {.contexts = chunk->contexts.n};
	int64_t time_ms = 0;

	if (!take_hash(&bytes))
		return false;
	struct unpack u = {bytes.p, bytes.p + bytes.n};
	take_names(&u, names, &local);
	for (size_t i = unpack_count(&u); i > 0 && !u.is_bad; i--)
		vec_push(&chunk->contexts, take_context(&u, &local));
	for (size_t i = unpack_count(&u); i > 0 && !u.is_bad; i--)
		take_item(chunk, &u, &time_ms, &local);
	free(local.common);
	return !u.is_bad && u.p == u.end;
}

bool chunk_take(struct chunk *chunk, struct str bytes, struct names *names, struct err *e)
{
	struct unpack u = {bytes.p, bytes.p + bytes.n};

	while (u.p < u.end) {
		struct str one = unpack_text(&u);
		if (u.is_bad || !take_one(chunk, one, names))
			return err_set(e, ERR_PARSE, "answers that cannot be unpacked");
	}
	return true;
}
