// SPDX-License-Identifier: MIT
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_release(struct buf *b)
{
	free(b->p);
	*b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->overflow = false;
	if (b->p)
		b->p[0] = '\0';
}

void buf_put_spaces(struct buf *b, size_t n)
{
	char *p = buf_reserve(b, n);

	if (!p)
		return;
	memset(p, ' ', n);
	b->n += n;
	b->p[b->n] = '\0';
}

void buf_put_count(struct buf *b, int64_t n)
{
	char digits[24];
	int length = snprintf(digits, sizeof digits, "%lld", (long long)n), start = n < 0;

	for (int i = 0; i < length; i++) {
		if (i > start && (length - i) % 3 == 0)
			buf_put_char(b, ',');
		buf_put_char(b, digits[i]);
	}
}

char *buf_reserve(struct buf *b, size_t n)
{
	size_t max = b->max ? b->max : BUF_MAX_DEFAULT;
	size_t need;

	if (b->overflow || __builtin_add_overflow(b->n, n, &need) || need > max) {
		b->overflow = true;
		return NULL;
	}
	if (need + 1 > b->capacity) {
		size_t capacity = b->capacity * 2 > 64 ? b->capacity * 2 : 64;
		if (capacity < need + 1)
			capacity = need + 1;
		b->p = must_resize(b->p, capacity, 1);
		b->capacity = capacity;
	}
	return b->p + b->n;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
	char *at = buf_reserve(b, n);

	if (!at)
		return;
	if (n)
		memcpy(at, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void buf_put_str(struct buf *b, struct str s)
{
	buf_put(b, s.p, s.n);
}

void buf_put_text(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

void buf_put_char(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *format, va_list arguments)
{
	va_list again;

	va_copy(again, arguments);
	int n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	must(n >= 0);
	char *at = buf_reserve(b, (size_t)n);
	if (!at)
		return;
	vsnprintf(at, (size_t)n + 1, format, arguments);
	b->n += (size_t)n;
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	buf_vprintf(b, format, arguments);
	va_end(arguments);
}

void buf_drop_front(struct buf *b, size_t n)
{
	if (n > b->n)
		n = b->n;
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
	b->p[b->n] = '\0';
}

void buf_cut(struct buf *b, size_t n)
{
	if (n >= b->n)
		return;
	b->n = n;
	b->p[n] = '\0';
}

struct str buf_str(const struct buf *b)
{
	return (struct str){b->p ? b->p : "", b->n};
}

const char *buf_text(const struct buf *b)
{
	return b->p ? b->p : "";
}
