// SPDX-License-Identifier: MIT
/*
 * usage_salvage: an SQLite file with its log, as a damaged index may be. Two bytes say how much of
 * the rest is the log, which gets the checksums that it would have; a number of our format is made
 * that of this program. What is read of it is brought into an empty state.
 */
#include <stdint.h>
#include <string.h>

#include "usage/carry.h"
#include "usage/pieces_inside.h"

enum { LOG_HEAD = 32, FRAME_HEAD = 24, AT_VERSION = 60 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t get32(const char *p)
{
	const uint8_t *b = (const uint8_t *)p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void put32(char *p, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		p[i] = (char)(n >> (24 - 8 * i));
}

static void sum_bytes(uint32_t sum[2], const char *p, size_t n)
{
	for (size_t i = 0; i + 8 <= n; i += 8) {
		sum[0] += get32(p + i) + sum[1];
		sum[1] += get32(p + i + 4) + sum[0];
	}
}

static void put_sum(char *p, const uint32_t sum[2])
{
	put32(p, sum[0]);
	put32(p + 4, sum[1]);
}

/* https://www.sqlite.org/fileformat2.html#the_write_ahead_log */
static void fix_log(struct buf *log, size_t page_bytes)
{
	uint32_t sum[2] = {0};

	if (log->n < LOG_HEAD)
		return;
	put32(log->p, 0x377f0683);
	put32(log->p + 8, (uint32_t)page_bytes);
	sum_bytes(sum, log->p, 24);
	put_sum(log->p + 24, sum);
	for (size_t at = LOG_HEAD; at + FRAME_HEAD + page_bytes <= log->n;
		at += FRAME_HEAD + page_bytes) {
		memcpy(log->p + at + 8, log->p + 16, 8);
		sum_bytes(sum, log->p + at, 8);
		sum_bytes(sum, log->p + at + FRAME_HEAD, page_bytes);
		put_sum(log->p + at + 16, sum);
	}
}

static bool look_at_row(void *self, const struct ruin_row *row)
{
	size_t *sum = self;

	must(row->column_count <= RUIN_COLUMNS);
	for (size_t i = 0; i < row->column_count; i++)
		for (size_t k = 0; k < row->columns[i].bytes.n; k++)
			*sum += (uint8_t)row->columns[i].bytes.p[k];
	return true;
}

static void check_rows(const struct salvage *salvage)
{
	int64_t items = 0;
	uint32_t file = UINT32_MAX;

	vec_each (&salvage->rows, row) {
		items = row->file == file ? items : 0;
		file = row->file;
		if (row->is_stray)
			continue;
		items += row->items;
		must(row->items > 0 && file < salvage->known.files.n);
		must(salvage->files.p[file] != SALVAGE_NOTHING);
		must(items <= salvage->known.files.p[file].items);
	}
}

static void check_state(const struct state *state)
{
	const struct known *known = &state->known;
	uint32_t before = 0;

	vec_each (&state->pending, p) {
		must(p->file < known->files.n && p->file >= before);
		must(known->files.p[p->file].items > p->first_item);
		before = p->file;
	}
	vec_each (&known->files, file)
		must(file->dir < known->dirs.n);
	vec_each (&known->dirs, dir)
		must(dir->parent < known->dirs.n && dir->kind == KNOWN_ELSEWHERE);
}

static void carry(struct salvage *salvage)
{
	struct state state = {.origin = 1};
	struct carry carry = {.path = "/index", .origin = 2};
	struct usage_history losses = {0};

	for (int i = 0; i < 2; i++)
		carry_take(&state, salvage, &carry, &losses);
	check_rows(salvage);
	check_state(&state);
	must(losses.lost_answers >= 0 && losses.lost_pieces >= 0);
	state_release(&state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct salvage salvage = {0};
	struct buf file = {0}, log = {0};
	struct err e;

	if (size < 2)
		return 0;
	size_t n = (size_t)(data[0] | data[1] << 8), rest = size - 2, sum = 0;
	n = n < rest ? n : rest;
	buf_put(&file, data + 2, rest - n);
	buf_put(&log, data + 2 + rest - n, n);
	if (file.n >= AT_VERSION + 4 && get32(file.p + AT_VERSION) >> 16 == PIECE_VERSION >> 16)
		put32(file.p + AT_VERSION, PIECE_VERSION);
	ruin_begin(&salvage.ruin, buf_str(&file), STR(""));
	fix_log(&log, salvage.ruin.page_bytes);
	ruin_each(&salvage.ruin, true, look_at_row, &sum);
	ruin_each(&salvage.ruin, false, look_at_row, &sum);
	ruin_release(&salvage.ruin);
	if (salvage_take(&salvage, &file, &log, &e))
		carry(&salvage);
	salvage_release(&salvage);
	return 0;
}
