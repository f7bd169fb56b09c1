// SPDX-License-Identifier: MIT
/*
 * Markdown in pieces shows what it shows whole, and no control character gets through. The first
 * three bytes: the terminal's columns and rows, and how long the pieces are.
 */
#include <stdint.h>

#include "../unit/screen.h"
#include "ui/markdown.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void show(size_t columns, size_t rows, struct str source, size_t step, struct buf *text)
{
	AUTO(screen) screen = {.columns = columns, .height = rows};
	AUTO(buf) out = {0};
	struct markdown *m = markdown_new(true);

	markdown_resize(m, columns, rows);
	for (; source.n; source = str_skip(source, step))
		markdown_put(m, str_head(source, step), &out);
	markdown_end(m, &out);
	markdown_free(m);
	screen_write(&screen, buf_str(&out));
	screen_text(&screen, true, text);
	must(!screen.mistake);
	must(!screen.is_synchronized && !*screen.style);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(buf) whole = {0};
	AUTO(buf) pieces = {0};

	if (size < 3)
		return 0;
	struct str source = {(const char *)data + 3, size - 3};
	size_t columns = 2 + data[0] % 128, rows = 1 + data[1] % 64;
	show(columns, rows, source, SIZE_MAX, &whole);
	show(columns, rows, source, 1 + data[2] % 64, &pieces);
	must(str_eq(buf_str(&whole), buf_str(&pieces)));
	return 0;
}
