// SPDX-License-Identifier: MIT
/*
 * openai_calls: which call a piece of tool_calls belongs to. By the rules the index tells; servers
 * leave it out, give all calls the same, repeat ids and names in every piece or give none at all.
 */
#include <string.h>

#include "llm/inside.h"

enum { INDEX, ID, FUNCTION, NAME, ARGUMENTS, EXTRA, ITEM_FIELDS };

static const struct str item_names[ITEM_FIELDS] = {
	[INDEX] = STR("index"),
	[ID] = STR("id"),
	[FUNCTION] = STR("function"),
	[NAME] = STR("name"),
	[ARGUMENTS] = STR("arguments"),
	[EXTRA] = STR("extra_content"),
};

struct piece {
	int64_t index; /* -1 none */
	size_t position; /* in the chunk's array */
	struct str id, name, input;
	struct str extra; /* an object, or absent */
};

static struct piece read_piece(struct str item, size_t position, struct arena *a)
{
	struct str m[ITEM_FIELDS], inner[ITEM_FIELDS];

	json_pick(item, item_names, ITEM_FIELDS, m);
	json_pick(m[FUNCTION], item_names, ITEM_FIELDS, inner);
	if (json_type(m[FUNCTION]) != JSON_OBJECT) /* the old function_call has no shell */
		memcpy(inner, m, sizeof inner);
	struct str arguments = inner[ARGUMENTS];
	return (struct piece){
		.index = usage_count(m[INDEX]),
		.position = position,
		.id = json_text(m[ID], a),
		.name = json_text(inner[NAME], a),
		/* An object instead of its text: Ollama and others. */
		.input = json_type(arguments) == JSON_OBJECT ? arguments : json_text(arguments, a),
		.extra = json_type(m[EXTRA]) == JSON_OBJECT ? m[EXTRA] : (struct str){0},
	};
}

static struct known_call *newest(struct wire_reader *r)
{
	return r->calls.n ? &r->calls.p[r->calls.n - 1] : NULL;
}

static struct known_call *by_index(struct wire_reader *r, int64_t index)
{
	for (size_t i = r->calls.n; i > 0; i--)
		if (r->calls.p[i - 1].index == index)
			return &r->calls.p[i - 1];
	return NULL;
}

static struct known_call *by_wire_id(struct wire_reader *r, struct str id)
{
	for (size_t i = r->calls.n; i > 0; i--)
		if (str_eq(r->calls.p[i - 1].wire_id, id))
			return &r->calls.p[i - 1];
	return NULL;
}

static bool is_taken(const struct wire_reader *r, struct str id)
{
	vec_each (&r->calls, call)
		if (str_eq(call->id, id))
			return true;
	return false;
}

/* A name with another id, another name, or a name with more input after the whole of it. */
static bool begins_another(const struct known_call *call, const struct piece *piece)
{
	if (!piece->name.n)
		return false;
	if (piece->id.n && call->wire_id.n)
		return !str_eq(piece->id, call->wire_id);
	if (piece->index < 0 && piece->position > 0)
		return true;
	if (call->name.n && !str_eq(piece->name, call->name))
		return true;
	return call->is_complete && piece->input.n;
}

static struct known_call *known(struct wire_reader *r, const struct piece *piece)
{
	struct known_call *call = NULL;

	if (piece->index >= 0)
		call = by_index(r, piece->index);
	else if (piece->id.n)
		call = by_wire_id(r, piece->id);
	if (!call && piece->index < 0 && (!piece->id.n || !piece->name.n))
		call = newest(r);
	return call && begins_another(call, piece) ? NULL : call;
}

static struct known_call *add(struct wire_reader *r, const struct piece *piece)
{
	struct known_call call = {
		.index = piece->index,
		.block = r->block_count++,
	};

	r->open_block = call.block;
	r->open_kind = BLOCK_TOOL_USE;
	vec_push(&r->calls, call);
	return newest(r);
}

static bool announce(const struct outlet *o, struct known_call *call)
{
	struct wire_reader *r = o->r;

	if (call->is_announced)
		return true;
	call->is_announced = true;
	/* Results find their call by id alone: two calls cannot share one. */
	struct str id = call->wire_id;
	for (size_t n = r->calls.n - 1; !id.n || is_taken(r, id); n += r->calls.n)
		id = arena_printf(&r->kept, "call_%zu", n);
	call->id = id;
	struct delta delta = {
		.kind = DELTA_TOOL_USE,
		.index = call->block,
		.id = call->id,
		.name = call->name.p ? call->name : STR(""),
	};
	return outlet_put(o, &delta);
}

/* Follows the input's JSON to see where it is whole. */
static void follow(struct known_call *call, struct str input)
{
	for (size_t i = 0; i < input.n; i++) {
		char c = input.p[i];
		if (call->after_escape)
			call->after_escape = false;
		else if (call->in_string && c == '\\')
			call->after_escape = true;
		else if (c == '"')
			call->in_string = !call->in_string;
		else if (!call->in_string && (c == '{' || c == '['))
			call->depth++;
		else if (!call->in_string && (c == '}' || c == ']'))
			call->is_complete |= --call->depth == 0;
	}
}

static bool take(const struct outlet *o, const struct piece *piece)
{
	struct wire_reader *r = o->r;
	struct known_call *call = known(r, piece);

	if (!call && r->calls.n == ANSWER_CALLS_MAX)
		return outlet_damaged(o, "too many calls in one answer");
	if (!call)
		call = add(r, piece);
	if (!call->wire_id.n && piece->id.n)
		call->wire_id = arena_copy(&r->kept, piece->id);
	if (!call->name.n && piece->name.n)
		call->name = arena_copy(&r->kept, piece->name);
	if ((call->name.n || piece->input.n) && !announce(o, call))
		return false;
	if (call->is_announced && !outlet_text(o, DELTA_EXTRA, call->block, piece->extra))
		return false;
	follow(call, piece->input);
	return outlet_text(o, DELTA_TOOL_INPUT, call->block, piece->input);
}

bool openai_take_call(const struct outlet *o, struct str item, size_t position)
{
	struct piece piece = read_piece(item, position, &o->r->arena);

	return take(o, &piece);
}

bool openai_take_calls(const struct outlet *o, struct str items)
{
	struct str key, item;
	size_t position = 0;

	if (json_type(items) != JSON_ARRAY)
		return true;
	json_each (items, key, item)
		if (!o->r->has_failed && !openai_take_call(o, item, position++))
			return false;
	return true;
}
