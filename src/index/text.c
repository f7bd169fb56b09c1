// SPDX-License-Identifier: MIT
#include "index/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"

enum {
	PIECE_BYTES = 64 << 10,
	LINE_MAX_BYTES = 512 << 20,
	/*
	 * A regular file gives less than was asked for only at its end; file systems that do
	 * otherwise (FUSE) stop at the end of a block or anywhere. So less than was asked for is
	 * the end only after a line feed and inside of a block: it saves a system call a file.
	 */
	FULL_BYTES = 4 << 10,
	UTF16_BYTES = 8 << 10, /* at a time; three times that may come out */
};

void text_release(struct text *t)
{
	free(t->p);
	*t = (struct text){0};
}

void text_begin(struct text *t, int fd)
{
	char *p = t->p;
	size_t capacity = t->capacity;

	/* A file with enormous lines leaves no enormous buffer behind. */
	if (capacity != PIECE_BYTES) {
		free(p);
		capacity = PIECE_BYTES;
		p = must_resize(NULL, capacity, 1);
	}
	*t = (struct text){.p = p, .capacity = capacity, .fd = fd, .odd_byte = -1};
}

static size_t read_some(struct text *t, char *p, size_t room)
{
	ssize_t n;

	do
		n = read(t->fd, p, room);
	while (n < 0 && errno == EINTR);
	t->has_failed |= n < 0;
	t->bytes += n > 0 ? (size_t)n : 0;
	return n > 0 ? (size_t)n : 0;
}

static void put_character(struct text *t, uint32_t c)
{
	char *p = t->p + t->n;
	int extra = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};

	p[0] = (char)(leads[extra] | c >> (6 * extra));
	for (int i = 1; i <= extra; i++)
		p[i] = (char)(0x80 | (c >> (6 * (extra - i)) & 0x3f));
	t->n += (size_t)extra + 1;
}

enum { REPLACEMENT = 0xfffd };

static void put_unit(struct text *t, uint16_t unit)
{
	if (t->high_half) {
		uint32_t high = t->high_half;
		t->high_half = 0;
		if ((unit & 0xfc00) == 0xdc00) {
			put_character(t, 0x10000 + ((high & 0x3ff) << 10 | (unit & 0x3ff)));
			return;
		}
		put_character(t, REPLACEMENT);
	}
	if ((unit & 0xfc00) == 0xd800)
		t->high_half = unit;
	else
		put_character(t, (unit & 0xfc00) == 0xdc00 ? REPLACEMENT : unit);
}

static void put_utf16(struct text *t, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (t->odd_byte < 0) {
			t->odd_byte = p[i];
			continue;
		}
		uint16_t first = (uint16_t)t->odd_byte, second = p[i];
		t->odd_byte = -1;
		put_unit(t, t->encoding == TEXT_UTF16_LE ? (uint16_t)(first | second << 8)
							 : (uint16_t)(first << 8 | second));
	}
}

/* At least 3 x UTF16_BYTES + 8 bytes of room are there. */
static size_t read_utf16(struct text *t)
{
	uint8_t raw[UTF16_BYTES];
	size_t before = t->n;

	while (t->n == before) {
		size_t n = read_some(t, (char *)raw, sizeof raw);
		put_utf16(t, raw, n);
		if (n)
			continue;
		if (t->high_half || t->odd_byte >= 0)
			put_character(t, REPLACEMENT);
		t->high_half = 0;
		t->odd_byte = -1;
		break;
	}
	return t->n - before;
}

/* Looks at the first bytes for a byte order mark and drops it. */
static void begin(struct text *t)
{
	static const char marks[][4] = {"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"};
	size_t marked = 0, kind = 0;

	t->has_begun = true;
	for (; kind < 3; kind++) {
		marked = strlen(marks[kind]);
		if (t->n >= marked && memcmp(t->p, marks[kind], marked) == 0)
			break;
	}
	if (kind == 3)
		return;
	t->n -= marked;
	memmove(t->p, t->p + marked, t->n);
	if (kind == 0)
		return;
	t->encoding = kind == 1 ? TEXT_UTF16_LE : TEXT_UTF16_BE;
	char *raw = must_copy(t->p, t->n);
	size_t n = t->n;
	t->p = must_resize(t->p, t->capacity * 2, 1);
	t->capacity *= 2;
	t->n = 0;
	put_utf16(t, (const uint8_t *)raw, n);
	free(raw);
}

/* Reads once, more room made before; false when nothing came or it is not to be seen. */
static bool fill(struct text *t)
{
	size_t least = t->encoding == TEXT_BYTES ? 1 : 3 * UTF16_BYTES + 8, before = t->n, n;
	bool is_short = false;

	if (t->capacity - t->n < least) {
		if (t->capacity >= LINE_MAX_BYTES) {
			t->is_too_long = true;
			return false;
		}
		t->capacity *= 2;
		t->p = must_resize(t->p, t->capacity, 1);
	}
	if (t->encoding == TEXT_BYTES) {
		size_t room = t->capacity - t->n;
		n = read_some(t, t->p + t->n, room);
		t->n += n;
		is_short = n && n < room && n % FULL_BYTES != 0 && t->p[t->n - 1] == '\n';
	} else {
		n = read_utf16(t);
	}
	if (!t->has_begun)
		begin(t);
	if (memchr(t->p + before, '\0', t->n - before)) {
		t->is_binary = true;
		return false;
	}
	t->has_ended = n == 0 || (is_short && t->encoding == TEXT_BYTES);
	return true;
}

bool text_next(struct text *t, size_t keep, struct str *piece)
{
	if (t->has_ended || t->is_binary || t->is_too_long)
		return false;
	if (keep) {
		memmove(t->p, t->p + keep, t->n - keep);
		t->n -= keep;
		t->shown -= keep;
	}
	for (;;) {
		size_t before = t->n;
		if (!fill(t))
			return false;
		const char *feed = memrchr(t->p + before, '\n', t->n - before);
		size_t end = feed && !t->has_ended ? (size_t)(feed + 1 - t->p) : t->n;
		if (!feed && !t->has_ended)
			continue;
		*piece = (struct str){t->p + t->shown, end - t->shown};
		t->shown = end;
		if (piece->n == 0)
			return false;
		return true;
	}
}
