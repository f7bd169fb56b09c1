// SPDX-License-Identifier: MIT
/*
 * chunk: the answers that one reading of one transcript found, packed: what the index keeps of it.
 * A chunk stands alone; its strings are in it, each once, and what consecutive answers have in
 * common (a context) is there once, too.
 */
#ifndef USAGE_CHUNK_H
#define USAGE_CHUNK_H

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"
#include "usage/names.h"
#include "usage/pack.h"
#include "usage/record.h"

/* Calls of one answer that are kept, the first ones: lines of two answers that take turns cost this
   much each. */
enum { CHUNK_TOOLS_MAX = 256 };

struct chunk_context {
	uint32_t session, project, branch, agent, model, provider; /* names */
	uint32_t flags; /* enum usage_flag */
};

struct chunk_item {
	uint64_t key; /* of source and id; 0: no id */
	int64_t time_ms;
	uint32_t context;
	bool is_replacing;
	struct usage_tokens tokens;
	int64_t cost_reported_nanousd;
	uint32_t tool_first, tool_count; /* in the chunk's tools */
};

/* Takes records and joins those of one answer. One for each thread; used again for each file. */
struct chunk_maker {
	uint64_t seed; /* of the source: ids of two sources are never the same */
	struct names names;
	VEC(struct chunk_context) contexts;
	uint32_t last; /* context */
	VEC(struct chunk_item) items;
	VEC(uint32_t) tools;
	uint32_t *slots; /* item + 1 by key */
	size_t slot_count;
	int64_t copies; /* records that were joined */
};

void chunk_maker_release(struct chunk_maker *maker);
void chunk_maker_begin(struct chunk_maker *maker, struct str source);
/* What was put; the source stays. */
void chunk_maker_forget(struct chunk_maker *maker);
void chunk_maker_add(struct chunk_maker *maker, const struct usage_record *record);
/* Of the items those in [from, to), which are some; their times are put out, too. */
void chunk_maker_put(const struct chunk_maker *maker, size_t from, size_t to, struct buf *out,
	int64_t *first_ms, int64_t *last_ms);

/* A chunk unpacked; names are those of a common table. */
struct chunk {
	VEC(struct chunk_context) contexts;
	VEC(struct chunk_item) items;
	VEC(uint32_t) tools;
};

void chunk_release(struct chunk *chunk);
void chunk_clear(struct chunk *chunk); /* keeps memory */
/* Appends what is in bytes: chunks one behind the other, as chunk_maker_put left them. */
[[nodiscard]] bool chunk_take(
	struct chunk *chunk, struct str bytes, struct names *names, struct err *e);

#endif
