// SPDX-License-Identifier: MIT
/* The lines of a file that are most like some others, for "not found" that saves a turn. */
#include <stdlib.h>
#include <string.h>

#include "agent/tool/likeness.h"
#include "agent/tool/plain.h"
#include "base/hash.h"
#include "base/utf8.h"

enum {
	SHOWN_LINES = 12,
	SHOWN_LINE_BYTES = 200,
	SOUGHT_LINES = 60,
	WEIGHT_MAX = 60,
	HIDDEN_TOLD = 8
};

/* Two neighbouring characters set one of 256 bits. */
struct pairs {
	uint64_t bits[4];
};

static struct pairs pairs_of(struct str line)
{
	struct pairs pairs = {0};

	line = str_trim(line);
	for (size_t i = 0; i + 1 < line.n && i < 2 * SHOWN_LINE_BYTES; i++) {
		unsigned a = (unsigned char)line.p[i], b = (unsigned char)line.p[i + 1];
		unsigned bit = (a * 31 + b * 17) & 255;
		pairs.bits[bit >> 6] |= (uint64_t)1 << (bit & 63);
	}
	return pairs;
}

/* Of the pairs in either, in percent. */
static int percent_common(const struct pairs *a, const struct pairs *b)
{
	int both = 0, either = 0;

	for (int i = 0; i < 4; i++) {
		both += __builtin_popcountll(a->bits[i] & b->bits[i]);
		either += __builtin_popcountll(a->bits[i] | b->bits[i]);
	}
	return either ? both * 100 / either : 0;
}

/* Hashes of the pattern's lines, sorted. */
struct words {
	uint64_t hashes[SOUGHT_LINES];
	size_t count;
};

static int compare_hashes(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static uint64_t hash_trimmed(struct str line)
{
	return hash_bytes(str_trim(line));
}

static struct words words_of(const struct lines *pattern)
{
	struct words words = {0};

	for (size_t i = 0; i < pattern->count && words.count < SOUGHT_LINES; i++)
		if (str_trim(pattern->items[i]).n)
			words.hashes[words.count++] = hash_trimmed(pattern->items[i]);
	qsort(words.hashes, words.count, sizeof *words.hashes, compare_hashes);
	return words;
}

/* A line that the pattern has counts as much as it is long, so that braces say little. */
static unsigned weight_of(const struct words *words, struct str line)
{
	struct str trimmed = str_trim(line);
	uint64_t hash = hash_trimmed(line);

	if (trimmed.n == 0 ||
		!bsearch(&hash, words->hashes, words->count, sizeof hash, compare_hashes))
		return 0;
	return trimmed.n < WEIGHT_MAX ? (unsigned)trimmed.n : WEIGHT_MAX;
}

/* The start of as many lines as the pattern has that hold most of its lines; SIZE_MAX: none. */
static size_t best_window(const struct lines *text, const struct lines *pattern)
{
	struct words words = words_of(pattern);
	size_t width = pattern->count, best = SIZE_MAX;
	unsigned sum = 0, most = 3; /* less is no more than a brace */

	for (size_t i = 0; i < text->count; i++) {
		sum += weight_of(&words, text->items[i]);
		if (i >= width)
			sum -= weight_of(&words, text->items[i - width]);
		if (sum <= most)
			continue;
		most = sum;
		best = i + 1 >= width ? i + 1 - width : 0;
	}
	return best;
}

/* The line most like the longest of the pattern, and the start that puts it where it is there. */
static size_t best_line(const struct lines *text, const struct lines *pattern)
{
	size_t longest = 0, best = SIZE_MAX;
	int most = 45; /* percent; less is chance */

	for (size_t i = 0; i < pattern->count; i++)
		if (str_trim(pattern->items[i]).n > str_trim(pattern->items[longest]).n)
			longest = i;
	struct pairs sought = pairs_of(pattern->items[longest]);
	for (size_t i = 0; i < text->count; i++) {
		struct pairs here = pairs_of(text->items[i]);
		int common = percent_common(&sought, &here);
		if (common <= most)
			continue;
		most = common;
		best = i < longest ? 0 : i - longest;
	}
	return best;
}

/* Where pattern is what a tool has shown of the text, in place of what cannot be shown; or none. */
static size_t shown_line(struct str text, struct str pattern)
{
	AUTO(buf) shown = {0};

	if (!str_contains(pattern, STR("\xef\xbf\xbd")))
		return SIZE_MAX;
	plain_put_text(&shown, text);
	size_t at = str_find(buf_str(&shown), pattern, 0);
	return at == SIZE_MAX ? SIZE_MAX : plain_newlines(str_head(buf_str(&shown), at));
}

/* What stands there instead, which has to be known to be matched. */
static void tell_hidden(struct buf *out, struct str line, size_t number)
{
	AUTO(buf) names = {0};
	struct str rest = line;
	uint32_t c;

	for (int i = 0; i < HIDDEN_TOLD && (c = plain_find_hidden(&rest)) != PLAIN_NONE; i++)
		buf_printf(&names, "%sU+%04X", i ? ", " : "", c);
	if (names.n)
		buf_printf(out,
			"[line %zu holds hidden characters, shown as \xef\xbf\xbd: %s; what is to "
			"match has to hold them, too]\n",
			number, buf_text(&names));
	else if (!utf8_is_valid(line))
		buf_printf(out, "[line %zu holds bytes that are no UTF-8, shown as \xef\xbf\xbd]\n",
			number);
}

static size_t best_start(
	struct str text, struct str pattern, const struct lines *all, const struct lines *sought)
{
	size_t start = SIZE_MAX;

	if (!sought->count || !all->count)
		return SIZE_MAX;
	start = shown_line(text, pattern);
	if (start == SIZE_MAX)
		start = best_window(all, sought);
	return start == SIZE_MAX ? best_line(all, sought) : start;
}

bool put_nearest(struct buf *out, struct str text, struct str pattern, struct arena *a)
{
	struct lines all = lines_of(text, a), sought = lines_of(pattern, a);
	size_t start = best_start(text, pattern, &all, &sought);

	if (start == SIZE_MAX)
		return false;
	size_t end = start + sought.count;
	if (end > start + SHOWN_LINES)
		end = start + SHOWN_LINES;
	for (size_t i = start; i < end && i < all.count; i++) {
		buf_printf(out, "%zu\t", i + 1);
		plain_put_line(out, str_head(all.items[i], SHOWN_LINE_BYTES));
		buf_put_char(out, '\n');
	}
	for (size_t i = start; i < end && i < all.count; i++)
		tell_hidden(out, all.items[i], i + 1);
	return true;
}
