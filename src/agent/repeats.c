// SPDX-License-Identifier: MIT
#include "agent/repeats.h"

static void release_calls(struct repeated *calls, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_release(&calls[i].call);
	free(calls);
}

void repeats_release(struct repeats *r)
{
	release_calls(r->last.p, r->last.n);
	*r = (struct repeats){0};
}

/* JSON without the white space between its tokens. */
static void put_compact(struct buf *b, struct str json)
{
	bool in_text = false;

	for (size_t i = 0; i < json.n; i++) {
		char c = json.p[i];
		if (in_text && c == '\\' && i + 1 < json.n)
			buf_put_char(b, json.p[i++]);
		else if (c == '"')
			in_text = !in_text;
		else if (!in_text && (c == ' ' || c == '\n' || c == '\r' || c == '\t'))
			continue;
		buf_put_char(b, json.p[i]);
	}
}

static int turns_before(const struct repeats *r, const struct buf *call)
{
	vec_each (&r->last, one)
		if (str_eq(buf_str(&one->call), buf_str(call)))
			return one->turns;
	return 0;
}

int repeats_count(struct repeats *r, const struct message *message)
{
	struct repeats now = {0};
	int longest = 0;

	for (size_t i = 0; i < message->block_count; i++) {
		const struct block *block = &message->blocks[i];
		if (block->kind != BLOCK_TOOL_USE)
			continue;
		struct repeated one = {0};
		buf_printf(&one.call, "%.*s ", STR_ARG(block->name));
		put_compact(&one.call, block->input);
		one.turns = turns_before(r, &one.call) + 1;
		longest = one.turns > longest ? one.turns : longest;
		vec_push(&now.last, one);
	}
	repeats_release(r);
	*r = now;
	return longest;
}
