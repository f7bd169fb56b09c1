// SPDX-License-Identifier: MIT
/* The zone database's compiled files: TZif, RFC 8536. Bytes in, a table out. */
#include <string.h>

#include "usage/zone_inside.h"

enum {
	HEAD_BYTES = 44,
	TYPE_BYTES = 6,
	TYPES_MAX = 256,
	OFFSET_MAX_S = 26 * 3600, /* RFC 8536 wants less than 25 hours to either side */
};

struct head {
	char version;
	uint32_t utc_marks, standard_marks, leaps, times, types, letters;
};

/* A block of data behind its head: 4 or 8 bytes a time. */
struct block {
	struct head head;
	const unsigned char *times, *kinds, *types;
	size_t time_bytes;
};

static uint32_t big_32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t big_time(const unsigned char *p, size_t bytes)
{
	if (bytes == 4)
		return (int32_t)big_32(p);
	return (int64_t)((uint64_t)big_32(p) << 32 | big_32(p + 4));
}

static bool read_head(struct str bytes, struct head *h)
{
	if (bytes.n < HEAD_BYTES || memcmp(bytes.p, "TZif", 4) != 0)
		return false;
	const unsigned char *p = (const unsigned char *)bytes.p;
	*h = (struct head){bytes.p[4], big_32(p + 20), big_32(p + 24), big_32(p + 28),
		big_32(p + 32), big_32(p + 36), big_32(p + 40)};
	return true;
}

/* Counts have 32 bits, so nothing overflows. */
static uint64_t size_of(const struct head *h, size_t time_bytes)
{
	return HEAD_BYTES + (uint64_t)h->times * (time_bytes + 1) +
	       (uint64_t)h->types * TYPE_BYTES + h->letters +
	       (uint64_t)h->leaps * (time_bytes + 4) + h->standard_marks + h->utc_marks;
}

/* Takes a block off the front. */
static bool take_block(struct str *bytes, size_t time_bytes, struct block *out)
{
	struct head h;

	if (!read_head(*bytes, &h) || size_of(&h, time_bytes) > bytes->n)
		return false;
	const unsigned char *p = (const unsigned char *)bytes->p + HEAD_BYTES;
	*out = (struct block){h, p, p + (size_t)h.times * time_bytes,
		p + (size_t)h.times * (time_bytes + 1), time_bytes};
	*bytes = str_skip(*bytes, size_of(&h, time_bytes));
	return true;
}

static void put_span(struct zone_table *table, int64_t start_s, int32_t offset_s)
{
	/* Changes of a zone's name only are none here. */
	if (!table->spans.n || table->spans.p[table->spans.n - 1].offset_s != offset_s)
		vec_push(&table->spans, (struct zone_span){start_s, offset_s});
}

static bool put_block(const struct block *b, struct zone_table *table)
{
	int32_t offsets[TYPES_MAX];
	int64_t before = INT64_MIN;

	if (b->head.types < 1 || b->head.types > TYPES_MAX)
		return false;
	for (uint32_t i = 0; i < b->head.types; i++) {
		offsets[i] = (int32_t)big_32(b->types + i * TYPE_BYTES);
		if (offsets[i] < -OFFSET_MAX_S || offsets[i] > OFFSET_MAX_S)
			return false;
	}
	put_span(table, INT64_MIN, offsets[0]);
	for (uint32_t i = 0; i < b->head.times; i++) {
		int64_t time = big_time(b->times + i * b->time_bytes, b->time_bytes);
		if (time <= before || b->kinds[i] >= b->head.types)
			return false;
		before = time;
		put_span(table, time, offsets[b->kinds[i]]);
	}
	return true;
}

/* "\nCET-1CEST,M3.5.0,M10.5.0/3\n"; nothing between: the last offset stays. */
static bool put_footer(struct str footer, struct zone_table *table)
{
	size_t end =
		footer.n > 1 && footer.p[0] == '\n' ? str_find_char(footer, '\n', 1) : SIZE_MAX;

	if (end == SIZE_MAX)
		return false;
	struct str text = {footer.p + 1, end - 1};
	table->has_rule = text.n > 0;
	return !text.n || zone_rule_read(text, &table->rule);
}

void zone_table_release(struct zone_table *table)
{
	vec_release(&table->spans);
	*table = (struct zone_table){0};
}

bool zone_table_read(struct str bytes, struct zone_table *table, struct err *e)
{
	struct block block;
	struct head h;
	bool is_new = read_head(bytes, &h) && h.version >= '2', is_good;

	is_good = take_block(&bytes, 4, &block) && (!is_new || take_block(&bytes, 8, &block));
	if (is_good && block.head.leaps)
		return err_set(e, ERR_PARSE, "it counts leap seconds, which no transcript does");
	is_good = is_good && put_block(&block, table) && (!is_new || put_footer(bytes, table));
	if (!is_good)
		zone_table_release(table);
	return is_good || err_set(e, ERR_PARSE, "it is no file of the zone database");
}
