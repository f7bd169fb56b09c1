// SPDX-License-Identifier: MIT
/* usage_bar: lengths and heights as characters. */
#include "ui/usage_inside.h"

void usage_put_bar(struct buf *out, double part, size_t cells, bool is_ascii)
{
	static const char *const ends[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	const size_t steps = is_ascii ? 1 : sizeof ends / sizeof *ends;
	double whole = (double)(cells * steps);
	size_t length = part >= 1 ? cells * steps : part > 0 ? (size_t)(part * whole + 0.5) : 0;

	/* What is not nothing can be seen. */
	if (part > 0 && length == 0)
		length = 1;
	for (size_t i = 0; i < length / steps; i++)
		buf_put_text(out, is_ascii ? "#" : "█");
	buf_put_text(out, is_ascii ? "" : ends[length % steps]);
}

void usage_put_spark(struct buf *out, double part, bool is_ascii)
{
	static const char *const heights[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const plain[] = {".", ".", ":", "-", "=", "+", "*", "#"};
	size_t step = (size_t)((part > 1 ? 1 : part) * 7 + 0.5);

	buf_put_text(out, part <= 0 ? " " : is_ascii ? plain[step] : heights[step]);
}

double usage_part_of(int64_t value, int64_t most)
{
	return most > 0 && value > 0 ? (double)value / (double)most : 0;
}
