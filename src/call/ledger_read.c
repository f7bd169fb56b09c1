// SPDX-License-Identifier: MIT
#include "call/ledger_read.h"

#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/money.h"

/* A line is far shorter, so that each piece holds a whole one. */
enum { PIECE_BYTES = 128 << 10 };
/* Calls that end at the same time in several processes are written in any order; clocks are set. */
enum { DISORDER_MS = 10 * 60 * 1'000 };

/* -1: no line of the ledger. */
static int64_t time_of(struct str line)
{
	if (!str_starts(line, STR("{\"time_ms\":")) || !str_ends(line, STR("}")))
		return -1;
	return json_int_or(json_get(line, "time_ms"), -1);
}

/* The first whole line behind that place, and when it was written; -1: there is none. */
static int64_t time_behind(int fd, int64_t at, struct buf *piece, int64_t *start)
{
	buf_clear(piece);
	ssize_t n = pread(fd, buf_reserve(piece, PIECE_BYTES), PIECE_BYTES, (off_t)at);
	struct str text = {piece->p, n > 0 ? (size_t)n : 0};

	for (size_t end = str_find_char(text, '\n', 0); end != SIZE_MAX;) {
		size_t next = str_find_char(text, '\n', end + 1);
		if (next == SIZE_MAX)
			return -1;
		int64_t time = time_of(str_range(text.p + end + 1, text.p + next));
		if (time >= 0) {
			*start = at + (int64_t)end + 1;
			return time;
		}
		end = next;
	}
	return -1;
}

int64_t ledger_find(int fd, int64_t size, int64_t from_ms)
{
	AUTO(buf) piece = {0};
	int64_t low = 0, high = size, start;

	while (high - low > PIECE_BYTES) {
		int64_t middle = low + (high - low) / 2;
		int64_t time = time_behind(fd, middle, &piece, &start);
		if (time < 0 || time >= from_ms - DISORDER_MS || start >= high)
			high = middle;
		else
			low = start;
	}
	return low;
}

static void add_line(struct str line, int64_t begin_ms, int64_t end_ms, int64_t *nanousd)
{
	static const struct str names[] = {STR("cost_nanousd"), STR("estimated_nanousd")};
	struct str values[2];
	int64_t time = time_of(line);

	if (time < begin_ms || time >= end_ms)
		return;
	json_pick(line, names, 2, values);
	for (size_t i = 0; i < 2; i++) {
		int64_t cost = json_int_or(values[i], 0);
		*nanousd = money_add(*nanousd, cost > 0 ? cost : 0);
	}
}

bool ledger_sum(int fd, int64_t *offset, int64_t begin_ms, int64_t end_ms, int64_t *nanousd)
{
	AUTO(buf) piece = {0};

	for (;;) {
		buf_clear(&piece);
		ssize_t n =
			pread(fd, buf_reserve(&piece, PIECE_BYTES), PIECE_BYTES, (off_t)*offset);
		if (n < 0)
			return false;
		struct str text = {piece.p, (size_t)n};
		size_t start = 0, end;
		while ((end = str_find_char(text, '\n', start)) != SIZE_MAX) {
			add_line(
				str_range(text.p + start, text.p + end), begin_ms, end_ms, nanousd);
			start = end + 1;
		}
		/* A piece without any line's end was not written by us. */
		if (!start && n == PIECE_BYTES)
			start = (size_t)n;
		*offset += (int64_t)start;
		if (n < PIECE_BYTES)
			return true;
	}
}
