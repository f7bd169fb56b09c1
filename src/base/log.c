// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/utf8.h"

static bool enabled;

void log_enable(bool on)
{
	enabled = on;
}

void log_debug(const char *format, ...)
{
	char line[1024];
	va_list arguments;

	if (!enabled)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	AUTO(buf) shown = {0};
	utf8_put_line(&shown, str_from(line), sizeof line);
	fprintf(stderr, "debug %.3f %s\n", clock_ms(clock_ns() % 1'000'000'000'000),
		buf_text(&shown));
}
