// SPDX-License-Identifier: MIT
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#include "base/must.h"

static int64_t read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

int64_t clock_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_wall_s(void)
{
	return read_clock(CLOCK_REALTIME) / 1'000'000'000;
}

int64_t clock_wall_ms(void)
{
	return read_clock(CLOCK_REALTIME) / 1'000'000;
}

int64_t clock_cpu_ns(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

double clock_ms(int64_t ns)
{
	return (double)ns / 1e6;
}

size_t clock_put(char *out, size_t size, const char *format, const struct tm *t)
{
	char padded[64];
	size_t n = 0;

	for (; *format && n + 4 < sizeof padded; format++) {
		padded[n++] = *format;
		if (format[0] != '%' || !format[1])
			continue;
		if (format[1] == 'Y') {
			padded[n++] = '0';
			padded[n++] = '4';
		}
		padded[n++] = *++format;
	}
	must(!*format);
	padded[n] = '\0';
	return strftime(out, size, padded, t);
}

void clock_date(int64_t wall_s, char out[11])
{
	time_t seconds = (time_t)wall_s;
	struct tm t;

	localtime_r(&seconds, &t);
	if (clock_put(out, 11, "%Y-%m-%d", &t) == 0)
		out[0] = '\0';
}

void clock_text(int64_t wall_ms, bool is_local, const char *format, char out[CLOCK_TEXT])
{
	time_t seconds = (time_t)(wall_ms / 1000 - (wall_ms % 1000 < 0));
	struct tm t;

	if (!(is_local ? localtime_r(&seconds, &t) : gmtime_r(&seconds, &t)) ||
		clock_put(out, CLOCK_TEXT, format, &t) == 0)
		out[0] = '\0';
}
