// SPDX-License-Identifier: MIT
#include "agent/tool/plain.h"

#include <string.h>

#include "base/utf8.h"

/* First bytes of what may be hidden: controls, and characters that begin like hidden ones. */
static const bool stops[256] = {[0 ... 0x1f] = true,
	[0x7f] = true,
	[0xc2] = true, /* U+0080 to U+00BF */
	[0xe2] = true, /* U+2000 to U+2FFF */
	[0xf3] = true}; /* U+C0000 to U+FFFFF */

static bool is_hidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || (c >= 0xe0000 && c <= 0xe007f);
}

/* Up to the first hidden character that is not kept; *length is that one's. */
static size_t plain_prefix(struct str s, char kept, size_t *length)
{
	size_t n = 0;

	for (;; n++) {
		while (n < s.n && (!stops[(unsigned char)s.p[n]] || s.p[n] == kept))
			n++;
		if (n == s.n || is_hidden(utf8_get(str_skip(s, n), length)))
			return n;
	}
}

static void put_without_controls(struct buf *b, struct str s, char kept)
{
	size_t length;

	while (s.n) {
		size_t n = plain_prefix(s, kept, &length);
		utf8_put_repaired(b, str_head(s, n));
		s = str_skip(s, n);
		if (s.n == 0)
			break;
		utf8_put(b, 0xfffd);
		s = str_skip(s, length);
	}
}

uint32_t plain_find_hidden(struct str *s)
{
	size_t length;
	size_t n = plain_prefix(*s, '\t', &length);

	*s = str_skip(*s, n);
	if (s->n == 0)
		return PLAIN_NONE;
	uint32_t c = utf8_get(*s, &length);
	*s = str_skip(*s, length);
	return c;
}

void plain_put_line(struct buf *b, struct str line)
{
	put_without_controls(b, line, '\t');
}

void plain_put_field(struct buf *b, struct str field)
{
	put_without_controls(b, field, ' ');
}

void plain_put_text(struct buf *b, struct str text)
{
	struct str line;

	while (text.n) {
		bool ends = str_split(&text, '\n', &line) && text.p;
		if (ends && line.n && line.p[line.n - 1] == '\r')
			line.n--;
		plain_put_line(b, line);
		if (ends)
			buf_put_char(b, '\n');
	}
}

/* The bytes of the escape sequence that s begins with; it ends with s at the latest. */
static size_t escape_bytes(struct str s)
{
	size_t n = 2;

	if (s.n < 2)
		return s.n;
	if (s.p[1] == '[') {
		/* Parameters and intermediates, then one final byte. */
		while (n < s.n && s.p[n] >= 0x20 && s.p[n] < 0x40)
			n++;
		return n < s.n && s.p[n] >= 0x40 && s.p[n] < 0x7f ? n + 1 : n;
	}
	if (strchr("]P_^X", s.p[1])) {
		/* A string, up to BEL or ESC \; one that never ends is its introduction alone. */
		for (; n < s.n; n++) {
			if (s.p[n] == '\a')
				return n + 1;
			if (s.p[n] == 0x1b && n + 1 < s.n && s.p[n + 1] == '\\')
				return n + 2;
			if (s.p[n] == '\n')
				return 2;
		}
		return 2;
	}
	while (n <= s.n && s.p[n - 1] >= 0x20 && s.p[n - 1] < 0x30)
		n++;
	return n < s.n ? n : s.n;
}

static void drop_character(struct buf *b)
{
	size_t n = b->n;

	while (n > 0 && ((unsigned char)b->p[n - 1] & 0xc0) == 0x80)
		n--;
	buf_cut(b, n > 0 ? n - 1 : 0);
}

void plain_put_screen(struct buf *b, struct str bytes)
{
	AUTO(buf) line = {0};
	bool is_over = false; /* the next character begins the line anew */

	for (size_t i = 0; i < bytes.n; i++) {
		char c = bytes.p[i];
		if (c == 0x1b) {
			i += escape_bytes(str_skip(bytes, i)) - 1;
		} else if (c == '\r') {
			is_over = true;
		} else if (c == '\b') {
			drop_character(&line);
		} else if (c == '\n') {
			plain_put_line(b, buf_str(&line));
			buf_put_char(b, '\n');
			buf_clear(&line);
			is_over = false;
		} else if (c != '\a') {
			if (is_over)
				buf_clear(&line);
			is_over = false;
			buf_put_char(&line, c);
		}
	}
	plain_put_line(b, buf_str(&line));
}

typedef uint8_t lanes __attribute__((vector_size(16)));

size_t plain_newlines(struct str bytes)
{
	size_t total = 0;

	while (bytes.n >= sizeof(lanes)) {
		/* A lane counts to 255 before it must be emptied. */
		size_t rounds = bytes.n / sizeof(lanes) < 255 ? bytes.n / sizeof(lanes) : 255;
		lanes count = {0}, here;
		for (size_t i = 0; i < rounds; i++) {
			memcpy(&here, bytes.p + i * sizeof here, sizeof here);
			count -= (lanes)(here == '\n');
		}
		for (size_t i = 0; i < sizeof count; i++)
			total += count[i];
		bytes = str_skip(bytes, rounds * sizeof here);
	}
	for (size_t i = 0; i < bytes.n; i++)
		total += bytes.p[i] == '\n';
	return total;
}

bool plain_is_binary(struct str head)
{
	head = str_head(head, PLAIN_BINARY_BYTES);
	return head.n && memchr(head.p, '\0', head.n);
}
