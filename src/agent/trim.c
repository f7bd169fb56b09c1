// SPDX-License-Identifier: MIT
#include "agent/trim.h"

#include <string.h>

#include "agent/tokens.h"
#include "base/buf.h"
#include "base/utf8.h"

/* Below this a cut result says nothing; what does not fit even so is not ours to mend. */
enum { CUT_MIN_TOKENS = 64, CUT_MARK_TOKENS = 40 };

/* Bytes from which on a text is more than two placeholders, whatever it is; and up to which it is
 * not. */
enum { LARGE_BYTES = PLACEHOLDER_TOKENS * 20, SMALL_BYTES = PLACEHOLDER_TOKENS * 2 };

bool trim_is_worth(const struct block *b)
{
	return b->kind == BLOCK_TOOL_RESULT && b->text.n > SMALL_BYTES &&
	       (b->text.n >= LARGE_BYTES || tokens_of_text(b->text) > PLACEHOLDER_TOKENS * 2);
}

static struct block *copy_blocks(struct message *m, struct arena *a)
{
	struct block *blocks = arena_alloc(a, m->block_count, sizeof *blocks);

	if (m->block_count)
		memcpy(blocks, m->blocks, m->block_count * sizeof *blocks);
	m->blocks = blocks;
	return blocks;
}

static size_t count_lines(struct str text)
{
	size_t n = text.n && text.p[text.n - 1] != '\n';

	for (size_t at = 0; (at = str_find_char(text, '\n', at)) != SIZE_MAX; at++)
		n++;
	return n;
}

static struct str placeholder_of(const struct block *b, struct arena *a)
{
	AUTO(buf) text = {0};
	size_t lines = count_lines(b->text);

	buf_put_text(&text, "[result of ");
	utf8_put_line(&text, b->name.n ? b->name : STR("a tool"), 32);
	buf_put_text(&text, " removed to save room: ");
	buf_put_count(&text, (int64_t)lines);
	buf_printf(&text, " line%s; call it again if needed]", lines == 1 ? "" : "s");
	return arena_copy(a, buf_str(&text));
}

struct message trim_to_placeholders(const struct message *m, struct arena *a)
{
	struct message out = *m;
	struct block *blocks = copy_blocks(&out, a);

	for (size_t i = 0; i < out.block_count; i++)
		if (trim_is_worth(&blocks[i]))
			blocks[i].text = placeholder_of(&blocks[i], a);
	return out;
}

/*
 * The size to which the largest have to be cut: those below an even share of what is left leave
 * more to the others.
 */
static int64_t even_share(const int64_t *sizes, size_t n, int64_t room)
{
	int64_t share = 0;

	for (;;) {
		int64_t left = room;
		size_t larger = 0;
		for (size_t i = 0; i < n; i++) {
			if (sizes[i] > share)
				larger++;
			else
				left -= sizes[i];
		}
		int64_t next = larger ? left / (int64_t)larger : share;
		if (next <= share)
			return share;
		share = next;
	}
}

static struct str cut(struct str text, int64_t size, int64_t most, struct arena *a)
{
	int64_t want = most > CUT_MARK_TOKENS * 2 ? most - CUT_MARK_TOKENS : most / 2;
	struct str head = utf8_head(text, (size_t)((double)text.n * (double)want / (double)size));
	AUTO(buf) out = {0};

	/* The beginning may be denser than the whole. */
	while (head.n && tokens_of_text(head) > want)
		head = utf8_head(text, head.n - head.n / 8 - 1);
	size_t line = head.n;
	while (line && head.p[line - 1] != '\n')
		line--;
	if (line > head.n / 2)
		head.n = line;
	buf_put_str(&out, head);
	buf_printf(&out, "%s[cut here to fit the context window: ",
		head.n && head.p[head.n - 1] != '\n' ? "\n" : "");
	buf_put_count(&out, (int64_t)(text.n - head.n));
	buf_put_text(&out, " of ");
	buf_put_count(&out, (int64_t)text.n);
	buf_put_text(&out, " bytes left out; ask for a smaller part]");
	return arena_copy(a, buf_str(&out));
}

struct message trim_results(const struct message *m, int64_t room, struct arena *a)
{
	struct message out = *m;
	int64_t *sizes = arena_alloc(a, m->block_count, sizeof *sizes), sum = 0;

	for (size_t i = 0; i < m->block_count; i++) {
		if (m->blocks[i].kind == BLOCK_TOOL_RESULT)
			sizes[i] = tokens_of_text(m->blocks[i].text);
		sum += sizes[i];
	}
	if (sum <= room)
		return out;
	int64_t share = even_share(sizes, m->block_count, room);
	if (share < CUT_MIN_TOKENS)
		share = CUT_MIN_TOKENS;
	struct block *blocks = copy_blocks(&out, a);
	for (size_t i = 0; i < out.block_count; i++)
		if (sizes[i] > share)
			blocks[i].text = cut(blocks[i].text, sizes[i], share, a);
	return out;
}
