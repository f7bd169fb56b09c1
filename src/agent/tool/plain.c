// SPDX-License-Identifier: MIT
#include "agent/tool/plain.h"

#include <string.h>

#include "base/utf8.h"

static void put_without_controls(struct buf *b, struct str s, char kept)
{
	while (s.n) {
		size_t n = 0;
		while (n < s.n && ((unsigned char)s.p[n] >= 0x20 || s.p[n] == kept))
			n++;
		utf8_put_repaired(b, str_head(s, n));
		s = str_skip(s, n);
		if (s.n == 0)
			break;
		utf8_put(b, 0xfffd);
		s = str_skip(s, 1);
	}
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
