// SPDX-License-Identifier: MIT
/*
 * Most bytes of a transcript are in lines without usage. So the needles are looked for over many
 * lines at once, and only around a needle that was found the line's two ends.
 */
#include "usage/read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/json.h"
#include "base/must.h"

enum {
	/* Of a larger piece the kernel's part is less; more does not fit into second level caches.
	 */
	PIECE_BYTES = 1 << 20,
	SMALL_PIECE_BYTES = 128 << 10,
	HUGE_PAGE_BYTES = 2 << 20,
	LINE_MAX_BYTES = 256 << 20, /* the longest line or document that is held */
};

struct needle {
	struct str text;
	struct byte_pair pair;
	size_t first; /* where in the text the pair's first byte is */
	const char *found; /* not looked for in front of this */
};

struct usage_piece {
	const struct bytes *bytes;
	struct needle needles[USAGE_NEEDLES];
	size_t needle_count, overlap;
	int64_t base; /* offset in the file of what is at p */
	int64_t line_offset;
	size_t n, size;
	char *p; /* size bytes */
};

struct usage_piece *usage_piece_new(void)
{
	struct usage_piece *piece = must_alloc(1, sizeof *piece);

	piece->bytes = bytes_fastest();
	piece->size = SMALL_PIECE_BYTES;
	piece->p = must_alloc(piece->size, 1);
	return piece;
}

void usage_piece_fill(struct usage_piece *piece)
{
	free(piece->p);
	piece->size = PIECE_BYTES;
	piece->p = aligned_alloc(HUGE_PAGE_BYTES, HUGE_PAGE_BYTES);
	must(piece->p);
	(void)madvise(piece->p, HUGE_PAGE_BYTES, MADV_HUGEPAGE);
	(void)madvise(piece->p, PIECE_BYTES, MADV_POPULATE_WRITE);
}

void usage_piece_free(struct usage_piece *piece)
{
	if (piece)
		free(piece->p);
	free(piece);
}

int64_t usage_piece_offset(const struct usage_piece *piece)
{
	return piece->line_offset;
}

/* How often a byte comes in JSON that holds prose and code, against others: more is rarer. */
static int rarity(char c)
{
	if (c == '"')
		return 2;
	if (c == '_' || c == '.')
		return 6;
	return byte_rarity[(uint8_t)c];
}

static struct needle make_needle(struct str text)
{
	size_t first = 0, second = 1;

	for (size_t i = 1; i < text.n; i++)
		if (rarity(text.p[i]) > rarity(text.p[first]))
			first = i;
	second = first == 0 ? 1 : 0;
	for (size_t i = 0; i < text.n; i++)
		if (i != first && rarity(text.p[i]) > rarity(text.p[second]))
			second = i;
	if (second < first) {
		size_t swap = first;
		first = second;
		second = swap;
	}
	return (struct needle){.text = text,
		.pair = {(uint8_t)text.p[first], 0, (uint8_t)text.p[second], 0, second - first},
		.first = first};
}

static void set_needles(struct usage_piece *piece, const struct usage_reader *reader)
{
	piece->needle_count = piece->overlap = 0;
	while (piece->needle_count < USAGE_NEEDLES && reader->needles[piece->needle_count].p) {
		struct str text = reader->needles[piece->needle_count];
		piece->needles[piece->needle_count++] = make_needle(text);
		if (text.n - 1 > piece->overlap)
			piece->overlap = text.n - 1;
	}
	must(piece->overlap < piece->size / 2);
}

/* The needle's first place from p on, or end. */
static const char *find(
	const struct bytes *bytes, const struct needle *needle, const char *p, const char *end)
{
	size_t tail = needle->text.n - needle->first;

	for (p += needle->first; end - p >= (ptrdiff_t)tail; p++) {
		p = bytes->find_pair(p, end, &needle->pair);
		if (!p || end - p < (ptrdiff_t)tail)
			break;
		if (memcmp(p - needle->first, needle->text.p, needle->text.n) == 0)
			return p - needle->first;
	}
	return end;
}

/* The first needle from p on. */
static const char *find_any(struct usage_piece *piece, const char *p, const char *end)
{
	const char *nearest = end;

	for (size_t i = 0; i < piece->needle_count; i++) {
		struct needle *needle = &piece->needles[i];
		if (needle->found < p)
			needle->found = find(piece->bytes, needle, p, end);
		if (needle->found < nearest)
			nearest = needle->found;
	}
	return nearest;
}

static void forget_found(struct usage_piece *piece)
{
	for (size_t i = 0; i < piece->needle_count; i++)
		piece->needles[i].found = NULL;
}

static void give_line(const struct usage_reader *reader, struct usage_file *file,
	struct usage_piece *piece, struct str line, int64_t offset)
{
	piece->line_offset = offset;
	if (offset == 0 && !file->is_compat && str_starts(line, STR("\xef\xbb\xbf")))
		line = str_skip(line, 3);
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	reader->line(file, line);
}

/* Gives each line of whole lines that has a needle. */
static void give_lines(const struct usage_reader *reader, struct usage_file *file,
	struct usage_piece *piece, const char *p, const char *end)
{
	forget_found(piece);
	while (p < end) {
		const char *hit = find_any(piece, p, end);
		if (hit == end)
			return;
		const char *start = memrchr(p, '\n', (size_t)(hit - p));
		const char *stop = memchr(hit, '\n', (size_t)(end - hit));
		start = start ? start + 1 : p;
		stop = stop ? stop : end;
		give_line(reader, file, piece, str_range(start, stop),
			piece->base + (start - piece->p));
		p = stop + 1;
	}
}

static bool read_more(int fd, struct usage_piece *piece, size_t *got, struct err *e)
{
	ssize_t n;

	do {
		n = pread(fd, piece->p + piece->n, piece->size - piece->n,
			(off_t)(piece->base + (int64_t)piece->n));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(e, "reading");
	piece->n += (size_t)n;
	*got = (size_t)n;
	return true;
}

static void drop_front(struct usage_piece *piece, size_t n)
{
	piece->n -= n;
	piece->base += (int64_t)n;
	memmove(piece->p, piece->p + n, piece->n);
}

/* Whether a line that has no end yet can only be followed by its end. */
static bool is_whole(struct str line, int64_t offset)
{
	struct err ignored;

	if (offset == 0 && str_starts(line, STR("\xef\xbb\xbf")))
		line = str_skip(line, 3);
	return line.n > 0 && line.p[line.n - 1] == '}' && json_check(line, &ignored);
}

/* Bytes [*end, to) of a line that is longer than a piece. What has no end counts as in give_last.
 */
static bool give_long_line(const struct usage_reader *reader, struct usage_file *file,
	struct usage_piece *piece, int fd, bool has_end, int64_t to, int64_t *end, struct err *e)
{
	int64_t from = *end;

	piece->line_offset = from;
	if (to - from > LINE_MAX_BYTES) {
		usage_complain(file, "a line of more than 256 MB");
		return true;
	}
	size_t size = (size_t)(to - from), n = 0;
	char *line = must_alloc(size, 1);
	while (n < size) {
		ssize_t got = pread(fd, line + n, size - n, (off_t)(from + (int64_t)n));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	if (n == size && (has_end || is_whole((struct str){line, size}, from))) {
		give_line(reader, file, piece, (struct str){line, size}, from);
		*end = to;
	}
	free(line);
	return n == size || err_set(e, ERR_IO, "the file became shorter while it was read");
}

/* The piece is full and has no line's end: looks on, keeping nothing, until there is one. */
static bool read_long_line(const struct usage_reader *reader, struct usage_file *file,
	struct usage_piece *piece, int fd, bool *has_end, int64_t *end, struct err *e)
{
	int64_t from = piece->base;
	bool is_wanted = false;
	size_t got = 1;

	for (;;) {
		char *stop = memchr(piece->p, '\n', piece->n);
		const char *limit = stop ? stop : piece->p + piece->n;
		forget_found(piece);
		is_wanted = is_wanted || find_any(piece, piece->p, limit) < limit;
		if (stop || got == 0) {
			int64_t to = piece->base + (limit - piece->p);
			*has_end = stop != NULL;
			*end = from;
			drop_front(piece, (size_t)(limit - piece->p) + (stop ? 1 : 0));
			if (is_wanted && !give_long_line(reader, file, piece, fd, stop, to, end, e))
				return false;
			*end = stop ? to + 1 : *end;
			return true;
		}
		if (piece->n > piece->overlap)
			drop_front(piece, piece->n - piece->overlap);
		if (!read_more(fd, piece, &got, e))
			return false;
	}
}

/*
 * A last line without an end counts only where it is whole, and then never again: what comes behind
 * it can only be its end.
 */
static void give_last(const struct usage_reader *reader, struct usage_file *file,
	struct usage_piece *piece, int64_t *end)
{
	struct str line = {piece->p, piece->n};

	forget_found(piece);
	if (line.n == 0 || find_any(piece, line.p, line.p + line.n) == line.p + line.n)
		return;
	if (is_whole(line, piece->base)) {
		give_line(reader, file, piece, line, piece->base);
		*end = piece->base + (int64_t)line.n;
	}
}

static bool read_lines(const struct usage_reader *reader, struct usage_file *file,
	struct usage_piece *piece, int fd, int64_t *end, struct err *e)
{
	set_needles(piece, reader);
	piece->n = 0;
	for (size_t got = 1; got > 0;) {
		if (!read_more(fd, piece, &got, e))
			return false;
		const char *last = memrchr(piece->p, '\n', piece->n);
		if (last) {
			give_lines(reader, file, piece, piece->p, last + 1);
			drop_front(piece, (size_t)(last + 1 - piece->p));
			*end = piece->base;
		} else if (piece->n == piece->size) {
			bool has_end = true;
			if (!read_long_line(reader, file, piece, fd, &has_end, end, e))
				return false;
			if (!has_end)
				return true;
		}
	}
	give_last(reader, file, piece, end);
	return true;
}

static bool read_document(const struct usage_reader *reader, struct usage_file *file,
	struct usage_piece *piece, const char *path, int64_t *end, struct err *e)
{
	AUTO(buf) text = {.max = LINE_MAX_BYTES};

	piece->line_offset = -1;
	if (!file_read(AT_FDCWD, path, LINE_MAX_BYTES, &text, e))
		return false;
	struct str whole = buf_str(&text);
	if (str_starts(whole, STR("\xef\xbb\xbf")))
		whole = str_skip(whole, 3);
	*end = (int64_t)text.n;
	reader->document(file, whole);
	return true;
}

bool usage_reads_lines(const struct usage_reader *reader, struct str path)
{
	if (reader->line && !reader->document && !reader->database)
		return true;
	return reader->line && str_ends(path, STR(".jsonl"));
}

bool usage_read(const struct usage_reader *reader, struct usage_file *file,
	struct usage_piece *piece, int64_t from, int64_t *end, struct err *e)
{
	const char *path = arena_text(file->arena, file->path);

	*end = from;
	if (reader->database && (!reader->document || str_ends(file->path, STR(".db")))) {
		piece->line_offset = -1;
		return reader->database(file, e);
	}
	if (!usage_reads_lines(reader, file->path))
		return read_document(reader, file, piece, path, end, e);
	AUTO_FD fd = file_open_regular(AT_FDCWD, path, e);
	if (fd < 0)
		return false;
	piece->base = from;
	return read_lines(reader, file, piece, fd, end, e);
}
