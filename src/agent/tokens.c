// SPDX-License-Identifier: MIT
#include "agent/tokens.h"

/* Shares of a token, in 64ths, that one byte stands for. */
enum {
	UNIT = 64,
	LOWER = 15,
	UPPER = 22,
	DIGIT = 28,
	SPACE = 10,
	BREAK = 26, /* a line's end, with the indentation behind it */
	MARK = 48, /* punctuation */
	CONTROL = 64,
	TAIL = 8, /* continuation bytes */
	HEAD_2 = 18, /* Latin with accents, Greek, Cyrillic, Hebrew, Arabic: some 2.5 letters a
			token */
	HEAD_3 = 44, /* CJK and most others: about a token a character */
	HEAD_4 = 104, /* emoji: two */
};

static const unsigned char weights[256] = {
	[0x00 ... 0x08] = CONTROL,
	['\t'] = SPACE,
	['\n'] = BREAK,
	[0x0b ... 0x0c] = CONTROL,
	['\r'] = SPACE,
	[0x0e ... 0x1f] = CONTROL,
	[' '] = SPACE,
	[0x21 ... 0x2f] = MARK,
	['0' ... '9'] = DIGIT,
	[0x3a ... 0x40] = MARK,
	['A' ... 'Z'] = UPPER,
	[0x5b ... 0x60] = MARK,
	['a' ... 'z'] = LOWER,
	[0x7b ... 0x7e] = MARK,
	[0x7f] = CONTROL,
	[0x80 ... 0xbf] = TAIL,
	[0xc0 ... 0xdf] = HEAD_2,
	[0xe0 ... 0xef] = HEAD_3,
	[0xf0 ... 0xff] = HEAD_4,
};

/* What JSON and the provider's template put around things, in tokens. */
enum { AROUND_MESSAGE = 4, AROUND_BLOCK = 8, AROUND_CALL = 16, AROUND_TOOL = 24 };
/* Of an image: it goes by its pixels, which its bytes say little of. */
enum { IMAGE_MIN_TOKENS = 100, IMAGE_MAX_TOKENS = 1600, IMAGE_BYTES = 64 };
/* Opaque bytes (signatures, encrypted thoughts) a token. */
enum { OPAQUE_BYTES = 6 };

int64_t tokens_of_text(struct str text)
{
	/* Four sums at once: the additions do not wait for each other. */
	uint64_t sum[4] = {0};
	size_t i = 0;

	for (; i + 4 <= text.n; i += 4) {
		const unsigned char *p = (const unsigned char *)text.p + i;
		sum[0] += weights[p[0]];
		sum[1] += weights[p[1]];
		sum[2] += weights[p[2]];
		sum[3] += weights[p[3]];
	}
	for (; i < text.n; i++)
		sum[0] += weights[(unsigned char)text.p[i]];
	return (int64_t)((sum[0] + sum[1] + sum[2] + sum[3] + UNIT - 1) / UNIT);
}

static int64_t tokens_of_image(struct str data)
{
	int64_t tokens = IMAGE_MIN_TOKENS + (int64_t)(data.n / IMAGE_BYTES);

	return tokens < IMAGE_MAX_TOKENS ? tokens : IMAGE_MAX_TOKENS;
}

int64_t tokens_of_block(const struct block *b)
{
	switch (b->kind) {
	case BLOCK_TEXT: return AROUND_BLOCK + tokens_of_text(b->text);
	case BLOCK_THINKING:
		return AROUND_BLOCK + tokens_of_text(b->text) +
		       (int64_t)((b->signature.n + b->extra.n) / OPAQUE_BYTES);
	case BLOCK_TOOL_USE:
		return AROUND_CALL + tokens_of_text(b->name) + tokens_of_text(b->input) +
		       (int64_t)((b->id.n + b->extra.n) / OPAQUE_BYTES);
	case BLOCK_IMAGE: return AROUND_BLOCK + tokens_of_image(b->data);
	case BLOCK_TOOL_RESULT: break;
	}
	return AROUND_CALL + tokens_of_text(b->text) + (int64_t)(b->id.n / OPAQUE_BYTES);
}

int64_t tokens_of_message(const struct message *m)
{
	int64_t sum = AROUND_MESSAGE;

	for (size_t i = 0; i < m->block_count; i++)
		sum += tokens_of_block(&m->blocks[i]);
	return sum;
}

int64_t tokens_of_tool(const struct tool_spec *tool)
{
	return AROUND_TOOL + tokens_of_text(tool->name) + tokens_of_text(tool->description) +
	       tokens_of_text(tool->schema);
}
