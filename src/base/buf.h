// SPDX-License-Identifier: MIT
/*
 * buf: bytes being built. Always NUL-terminated once something was put; grows on demand up to max.
 *
 * {0} is a valid start: empty, with BUF_MAX_DEFAULT as its maximum. A put that would pass the
 * maximum puts nothing and sets overflow, which sticks until buf_release; check it once at the end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>

#include "base/must.h"
#include "base/str.h"

#define BUF_MAX_DEFAULT ((size_t)256 << 20)

struct buf {
	char *p;
	size_t n;
	size_t capacity;
	size_t max; /* 0 means BUF_MAX_DEFAULT */
	bool overflow;
};

void buf_release(struct buf *b); /* leaves {0} with the same max */
void buf_clear(struct buf *b); /* keeps the memory, forgets bytes and overflow */
void buf_put(struct buf *b, const void *p, size_t n);
void buf_put_str(struct buf *b, struct str s);
void buf_put_text(struct buf *b, const char *text);
void buf_put_char(struct buf *b, char c);
void buf_put_spaces(struct buf *b, size_t n);
__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *b, const char *format, ...);
/* Digits in groups of three: "4,312". */
void buf_put_count(struct buf *b, int64_t n);
void buf_vprintf(struct buf *b, const char *format, va_list arguments);
/* Room for n more bytes, or NULL on overflow; the caller writes there, then adds to b->n. */
char *buf_reserve(struct buf *b, size_t n);
void buf_drop_front(struct buf *b, size_t n);
void buf_cut(struct buf *b, size_t n); /* keeps at most n bytes */
struct str buf_str(const struct buf *b);
/* NUL-terminated bytes; "" when nothing was put. */
const char *buf_text(const struct buf *b);

#endif
